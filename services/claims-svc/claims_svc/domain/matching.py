"""Which claim line a payment line belongs to: our own number first, then what it looks like."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from claims_svc.domain.claim import Claim, Line
from rcm.contracts.values import InstitutionalLine, LinePayment

Confidence = Literal["control_number", "exact", "without_modifiers", "charge_only", "none"]


@dataclass(frozen=True, slots=True)
class Match:
    """The line's number, or None when no line of the claim fits; and by which rung it was found."""

    line_number: int | None
    confidence: Confidence


NO_MATCH = Match(None, "none")


def match_lines(
    claim: Claim, payments: Sequence[LinePayment], *, sign: int = 1
) -> tuple[Match, ...]:
    """One match for each payment line. REF*6R decides where it came back; otherwise code,
    modifiers, date and charge, then less and less of them, each claim line at most once. `sign` is
    -1 for a reversal, whose charges are negated. A payment that fits no line is still the claim's.
    """
    taken = {number for line in payments if (number := _by_control_number(claim, line)) is not None}
    return tuple(_match(claim, line, taken, sign) for line in payments)


def _match(claim: Claim, payment: LinePayment, taken: set[int], sign: int) -> Match:
    number = _by_control_number(claim, payment)
    if number is not None:
        return Match(number, "control_number")
    free = [
        (position, line)
        for position, line in enumerate(claim.content.lines, 1)
        if position not in taken and line.charge_amount_cents == payment.charge_cents * sign
    ]
    rungs: tuple[tuple[Confidence, list[int]], ...] = (
        ("exact", [n for n, line in free if _looks_the_same(line, payment)]),
        ("without_modifiers", [n for n, line in free if _same_service(line, payment)]),
        ("charge_only", [n for n, _ in free] if len(free) == 1 else []),
    )
    for confidence, found in rungs:
        if found:
            taken.add(found[0])
            return Match(found[0], confidence)
    return NO_MATCH


def _by_control_number(claim: Claim, payment: LinePayment) -> int | None:
    returned, prefix = payment.line_control_number, claim.patient_control_number
    if returned is None or not returned.startswith(prefix):
        return None
    text = returned[len(prefix) :]
    if not text.isdecimal() or not 1 <= int(text) <= len(claim.content.lines):
        return None
    return int(text)


def _looks_the_same(line: Line, payment: LinePayment) -> bool:
    return _same_service(line, payment) and line.modifiers == payment.modifiers


def _same_service(line: Line, payment: LinePayment) -> bool:
    same_day = payment.date_of_service in (None, line.date_of_service)
    return same_day and _service(line) == payment.procedure_code


def _service(line: Line) -> str:
    """What SVC01 names: the procedure, or the revenue code of a line that has none."""
    if isinstance(line, InstitutionalLine) and not line.procedure_code:
        return line.revenue_code
    return line.procedure_code
