"""TA1: the answer to an interchange as a whole, before any group of it is looked at."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from rcm_x12.builder import CODE, isa_only
from rcm_x12.envelope import Envelope
from rcm_x12.findings import WriteRefused
from rcm_x12.framing import EPOCH
from rcm_x12.scalars import moment_of
from rcm_x12.tokenizer import blocks


@dataclass(frozen=True, slots=True)
class InterchangeAcknowledgment:
    """One TA1 segment."""

    control_number: str
    """TA101: ISA13 of the interchange that is answered."""
    interchange_at: datetime
    """TA102 and TA103: its ISA09 and ISA10."""
    code: str
    """TA104: A accepted, E accepted with errors, R rejected."""
    note_code: str = "000"
    """TA105: 000 fine, 001 ISA13 and IEA02 differ, 023 premature end, 025 duplicate ISA13."""

    @property
    def is_accepted(self) -> bool:
        return self.code in {"A", "E"}


def write(envelope: Envelope, acknowledgments: Sequence[InterchangeAcknowledgment]) -> bytes:
    """An interchange that holds nothing but TA1s; it is never acknowledged itself."""
    return isa_only(envelope, [_segment(one) for one in acknowledgments])


def read(source: bytes | Iterable[bytes]) -> tuple[InterchangeAcknowledgment, ...]:
    """Every TA1 of a file, whether alone or before a group. Raises NotX12."""
    return tuple(
        _read(segment.split(block.separators.element))
        for block in blocks(source, [])
        for segment in block.segments
        if segment.startswith("TA1")
    )


def _segment(one: InterchangeAcknowledgment) -> str:
    if one.code not in {"A", "E", "R"}:
        raise WriteRefused("TA104", "it must be A, E or R")
    at = one.interchange_at
    number, note = CODE[one.control_number], CODE[one.note_code]
    return f"TA1*{number}*{at:%y%m%d}*{at:%H%M}*{one.code}*{note}"


def _read(ta1: list[str]) -> InterchangeAcknowledgment:
    parts = ta1 + [""] * (6 - len(ta1))
    try:
        at = moment_of(parts[2], parts[3])
    except ValueError:
        at = EPOCH
    return InterchangeAcknowledgment(parts[1], at, parts[4], parts[5])
