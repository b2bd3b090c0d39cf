"""A claim of either guide as the payer looks at it: when, where, and what each line asks for."""

from dataclasses import replace
from datetime import date
from typing import Final

from rcm_x12 import claim_837i, claim_837p
from rcm_x12.values import Procedure

Claim = claim_837p.Claim | claim_837i.Claim
Line = claim_837p.Line | claim_837i.Line
Batch = claim_837p.Batch | claim_837i.Batch

_STAYS: Final = frozenset({"11", "18", "21", "41", "65", "66", "86"})
"""The first two digits of inpatient types of bill."""


def days(claim: Claim) -> tuple[date, date] | None:
    """First and last day of the services; None when the claim has no line with a day."""
    if isinstance(claim, claim_837i.Claim):
        return claim.statement_from, claim.statement_to
    if not claim.lines:
        return None
    return (
        min(line.service_from for line in claim.lines),
        max(line.service_to or line.service_from for line in claim.lines),
    )


def lines(claim: Claim) -> tuple[Line, ...]:
    return claim.lines


def facility_code(claim: Claim) -> str:
    """CLP08: the place of service, or the first two digits of the type of bill."""
    if isinstance(claim, claim_837i.Claim):
        return claim.facility_code
    return claim.place_of_service_code


def is_stay(claim: Claim) -> bool:
    """Whether remarks stand in an MIA instead of an MOA."""
    return isinstance(claim, claim_837i.Claim) and claim.facility_code in _STAYS


def code(line: Line) -> str:
    """The procedure code; empty for revenue without one."""
    return line.procedure.code if line.procedure else ""


def service(line: Line) -> Procedure:
    """SVC01: the procedure, or the revenue code of a line that has none."""
    if line.procedure is None:
        return Procedure(revenue_code(line), "NU")
    return replace(line.procedure, description="")


def revenue_code(line: Line) -> str:
    return line.revenue_code if isinstance(line, claim_837i.Line) else ""


def revenue_beside(line: Line) -> str:
    """SVC04: the revenue code, where SVC01 names a procedure."""
    return revenue_code(line) if line.procedure else ""
