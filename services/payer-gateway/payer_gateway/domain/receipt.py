"""What we say back of a file that a partner sent: a TA1 of its envelope, a 999 of its groups.

Never of a 999 or a TA1 themselves, and not of an answer in real time, whose exchange is over.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from payer_gateway.domain.batch import envelope
from payer_gateway.domain.inbound import Inbound
from payer_gateway.domain.partner import Numbers, TradingPartner
from rcm_x12 import ack_999, ta1
from rcm_x12.envelope import Reading, TransactionSet

REAL_TIME_MARK = ".answer-"
"""Between the name of a question and the number of its attempt."""

# TA105 by what is wrong with the envelope; what is not here was read all the same.
NOTES: Mapping[str, str] = MappingProxyType(
    {"IEA-number": "001", "IEA-count": "021", "IEA-missing": "023", "GE-missing": "022"}
)
FINE = "000"


def is_real_time_answer(file_name: str) -> bool:
    return REAL_TIME_MARK in file_name


def groups_of(found: Inbound) -> tuple[ack_999.Acknowledgment, ...]:
    """A 999 for each group of what we read and may acknowledge."""
    return tuple(
        answer
        for sets in _answerable(found)
        for answer in ack_999.acknowledge(Reading(tuple(sets)))
    )


def _answerable(found: Inbound) -> Iterable[tuple[TransactionSet[Any], ...]]:
    yield found.statuses
    yield tuple(each.found for each in found.remittances)
    yield found.coverages
    yield found.claim_statuses


def verdicts_of(found: Inbound) -> tuple[ta1.InterchangeAcknowledgment, ...]:
    """A TA1 for each interchange whose ISA14 asks for one: accepted, since it was read, with what
    is wrong with its envelope."""
    notes = [NOTES[each.code] for each in found.findings if each.code in NOTES]
    asked = {
        each.envelope.interchange_control_number: each.envelope
        for sets in _answerable(found)
        for each in sets
        if each.envelope.acknowledgment_requested
    }
    return tuple(
        ta1.InterchangeAcknowledgment(
            number, one.created_at, "E" if notes else "A", notes[0] if notes else FINE
        )
        for number, one in asked.items()
    )


def write_999(
    partner: TradingPartner,
    numbers: Numbers,
    groups: tuple[ack_999.Acknowledgment, ...],
    *,
    at: datetime,
) -> bytes:
    return ack_999.write(envelope(partner, numbers, at), groups)


def write_ta1(
    partner: TradingPartner,
    numbers: Numbers,
    verdicts: tuple[ta1.InterchangeAcknowledgment, ...],
    *,
    at: datetime,
) -> bytes:
    return ta1.write(envelope(partner, numbers, at), verdicts)
