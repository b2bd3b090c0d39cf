"""The published outcome table: what a claim carries decides what the payer does with it.

A script that a tester has set comes first. Then a claim is matched by the end of its member id,
then by the cents of its charge, then by its procedures; what matches nothing gets the default. Both
keys use one two-digit number, so `T20` at the end of a member id and a charge of 120.20 ask for the
same scenario.
"""

from dataclasses import asdict
from typing import Any, Final

from payer_twin import table_answers, table_money, table_people
from payer_twin.plan import STEPS
from payer_twin.row import Scenario

MEMBER_MARK: Final = "T"
"""Stands before the two digits at the end of a member id, so that no real-looking id collides."""
DEFAULT: Final = Scenario(
    "default", "paid in full but for the contractual 20 % (CO-45)", "payment", None
)
SCENARIOS: Final[tuple[Scenario, ...]] = tuple(
    sorted(
        (*table_money.ROWS, *table_answers.ROWS, *table_people.ROWS),
        key=lambda row: row.number or 0,
    )
)
EVERYDAY: Final = frozenset(
    {
        "paid-in-full", "deductible", "coinsurance", "copay", "deductible-and-coinsurance",
        "zero-pay-deductible", "denied-authorization", "denied-information", "denied-late",
        "denied-necessity", "line-denied", "rejected", "bundled",
    }
)  # fmt: skip
"""Rows that concern one claim alone and answer it at once: what a demonstration may ask for."""
ORDER: Final = ("script", "member_id_suffix", "charge_cents_ending", "procedure_codes", "default")

BY_CODE: Final = {one.code: one for one in (*SCENARIOS, DEFAULT)}
_BY_NUMBER: Final = {one.number: one for one in SCENARIOS if one.number is not None}
_BY_PROCEDURE: Final = {code: one for one in SCENARIOS for code in one.procedure_codes}


def choose(member_id: str, charge_cents: int, procedure_codes: tuple[str, ...]) -> Scenario:
    """The scenario that these facts ask for."""
    row = by_member(member_id)
    if row is not None:
        return row
    if charge_cents % 100 in _BY_NUMBER:
        return _BY_NUMBER[charge_cents % 100]
    return next((_BY_PROCEDURE[code] for code in procedure_codes if code in _BY_PROCEDURE), DEFAULT)


def by_member(member_id: str) -> Scenario | None:
    """The row that the member id asks for; None when it asks for nothing."""
    mark, digits = member_id[-3:-2], member_id[-2:]
    if mark == MEMBER_MARK and digits.isascii() and digits.isdecimal():
        return _BY_NUMBER.get(int(digits), DEFAULT)
    return None


def published(scenario: Scenario) -> dict[str, Any]:
    """A row as the API shows it. `denial` and `rejection` say at a glance whether it refuses."""
    number = scenario.number
    found = asdict(scenario)
    found["steps"] = STEPS.dump_python(scenario.steps, mode="json", exclude_defaults=False)
    denial, rejection = scenario.denial, scenario.rejection
    return {
        **found,
        "member_id_suffix": None if number is None else f"{MEMBER_MARK}{number:02d}",
        "charge_cents_ending": None if number is None else f"{number:02d}",
        "is_everyday": scenario.code in EVERYDAY,
        "denial": asdict(denial) if denial else None,
        "rejection": asdict(rejection) if rejection else None,
    }
