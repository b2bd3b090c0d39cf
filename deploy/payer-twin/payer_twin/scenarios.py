"""The published outcome table: what a claim carries decides what the payer does with it.

A claim is matched from the top by the end of its member id, then by the cents of its charge, then
by its procedures; what matches nothing gets the default. Both keys use one two-digit number, so
`T20` at the end of a member id and a charge of 120.20 ask for the same scenario.
"""

from dataclasses import dataclass
from typing import Final, Literal

MEMBER_MARK: Final = "T"
"""Stands before the two digits at the end of a member id, so that no real-looking id collides."""


@dataclass(frozen=True, slots=True)
class Denial:
    """A CAS group and reason for the whole charge of a line, with remark codes."""

    group_code: str
    reason_code: str
    remark_codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rejection:
    """A 277CA status that keeps the claim out of adjudication."""

    category_code: str
    status_code: str
    entity_code: str = ""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One row of the table."""

    code: str
    summary: str
    number: int | None = None
    """The two digits that ask for it, in the member id or in the charge."""
    procedure_codes: tuple[str, ...] = ()
    """Asked for by any line with one of these."""
    contractual_percent: int = 20
    """Of each line's charge, CO-45."""
    deductible_cents: int = 0
    """PR-1, from the first line on, as far as the allowed amounts reach."""
    coinsurance_percent: int = 0
    """PR-2, of what the deductible leaves."""
    copay_cents: int = 0
    """PR-3, once a claim."""
    denial: Denial | None = None
    denied_lines: Literal["all", "last", "matched"] = "all"
    rejection: Rejection | None = None


NO_LIMIT_CENTS: Final = 100_000_000
"""More than any claim: a deductible that takes everything that is allowed."""

DEFAULT: Final = Scenario(
    "default", "paid in full but for the contractual 20 % (CO-45)", contractual_percent=20
)

SCENARIOS: Final[tuple[Scenario, ...]] = (
    Scenario("paid-in-full", "paid in full but for a contractual 25 % (CO-45)", 1, (), 25),
    Scenario(
        "deductible",
        "50.00 of the allowed amount to the deductible (PR-1)",
        2,
        deductible_cents=5000,
    ),
    Scenario(
        "coinsurance", "20 % of the allowed amount is coinsurance (PR-2)", 3, coinsurance_percent=20
    ),
    Scenario("copay", "a copay of 25.00 (PR-3)", 4, copay_cents=2500),
    Scenario(
        "deductible-and-coinsurance",
        "30.00 deductible (PR-1), then 20 % coinsurance (PR-2)",
        5,
        deductible_cents=3000,
        coinsurance_percent=20,
    ),
    Scenario(
        "zero-pay-deductible",
        "everything allowed goes to the deductible (PR-1); nothing is paid, nothing is denied",
        10,
        deductible_cents=NO_LIMIT_CENTS,
    ),
    Scenario(
        "denied-authorization", "denied, no authorization (CO-197)", 20, denial=Denial("CO", "197")
    ),
    Scenario(
        "denied-information",
        "denied, information is missing (CO-16 with remark N290)",
        21,
        denial=Denial("CO", "16", ("N290",)),
    ),
    Scenario("denied-late", "denied, filed too late (CO-29)", 22, denial=Denial("CO", "29")),
    Scenario(
        "denied-necessity",
        "denied, not medically necessary (CO-50 with remark N115)",
        23,
        denial=Denial("CO", "50", ("N115",)),
    ),
    Scenario(
        "line-denied",
        "the last line is denied (CO-197), all others are paid",
        24,
        denial=Denial("CO", "197"),
        denied_lines="last",
    ),
    Scenario(
        "rejected",
        "rejected by the 277CA (A7, subscriber not found); never adjudicated",
        30,
        rejection=Rejection("A7", "33", "IL"),
    ),
    Scenario(
        "bundled",
        "lines with 36416 or 99080 are part of others (CO-97 with remark M15), the rest is paid",
        procedure_codes=("36416", "99080"),
        denial=Denial("CO", "97", ("M15",)),
        denied_lines="matched",
    ),
)

_BY_NUMBER: Final = {one.number: one for one in SCENARIOS if one.number is not None}
_BY_PROCEDURE: Final = {code: one for one in SCENARIOS for code in one.procedure_codes}


def choose(member_id: str, charge_cents: int, procedure_codes: tuple[str, ...]) -> Scenario:
    """The scenario that these facts ask for."""
    mark, digits = member_id[-3:-2], member_id[-2:]
    if mark == MEMBER_MARK and digits.isdecimal():
        return _BY_NUMBER.get(int(digits), DEFAULT)
    if charge_cents % 100 in _BY_NUMBER:
        return _BY_NUMBER[charge_cents % 100]
    return next((_BY_PROCEDURE[code] for code in procedure_codes if code in _BY_PROCEDURE), DEFAULT)
