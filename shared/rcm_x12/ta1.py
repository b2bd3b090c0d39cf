"""TA1: the answer to an interchange as a whole, before any group of it is looked at."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from rcm_x12.builder import CODE, isa_only
from rcm_x12.check.report import Report
from rcm_x12.envelope import Envelope
from rcm_x12.findings import WriteRefused
from rcm_x12.pieces import moment_at
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
    """TA105: 000 fine, 001 ISA13 and IEA02 differ, 004 terminator, 021 count of groups, 022 control
    structure, 023 premature end, 024 content, 025 duplicate ISA13, 026 and 027 separators."""

    @property
    def is_accepted(self) -> bool:
        return self.code in {"A", "E"}


def write(envelope: Envelope, acknowledgments: Sequence[InterchangeAcknowledgment]) -> bytes:
    """An interchange that holds nothing but TA1s; it is never acknowledged itself."""
    return isa_only(envelope, [_segment(one) for one in acknowledgments])


def acknowledge(
    report: Report, *, duplicates: Collection[str] = (), always: bool = False
) -> tuple[InterchangeAcknowledgment, ...]:
    """A TA1 for each interchange that asked for one or is refused (for every one if `always`).

    `duplicates` are numbers (ISA13) that came before, which only the receiver's ledger knows. What
    holds nothing but acknowledgments is never acknowledged.
    """
    answers = []
    for each in report.interchanges:
        groups = {group.functional_id for group in each.groups}
        if groups == {"FA"} or (each.has_ta1 and not groups):
            continue
        told = [one for one in each.findings if one.severity != "info"]
        note = next((one.x12_code for one in told if one.severity == "error"), "")
        code = "R" if note else ("E" if told else "A")
        if not note and each.control_number in duplicates:
            code, note = "R", "025"
        if always or code == "R" or each.acknowledgment_requested:
            number = each.control_number if _NINE(each.control_number) else "0" * 9
            note = note or (told[0].x12_code if told else "000")
            answers.append(InterchangeAcknowledgment(number, each.created_at, code, note))
    return tuple(answers)


_NINE = re.compile(r"[0-9]{9}", re.ASCII).fullmatch


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
    return InterchangeAcknowledgment(parts[1], moment_at(parts, 2), parts[4], parts[5])
