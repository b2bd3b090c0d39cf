"""The checker beside pyx12 on the same 837P file in the same run: claims a second and a ratio.

`python -m bench.x12 check` prints it; pyx12 is given its maps before the clock starts.
"""

import io
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache

import pyx12.map_if
import pyx12.params
import pyx12.x12n_document
from rich.console import Console
from rich.table import Table

from bench.x12_835 import seconds
from rcm_x12 import claim_837p as x12
from rcm_x12.check import check_file
from rcm_x12.envelope import Envelope
from rcm_x12.values import Address, Contact, Procedure

CLAIMS, ROUNDS = 4000, 3
SLOWER = 20
"""pyx12 is given so many times fewer claims, since it takes as long for those."""
GOAL = 10

_ADDRESS = Address("1 MAIN ST", "SPRINGFIELD", "IL", "627010001")
_PERSON = x12.Person("ROE", "ROBIN", birth_date=date(1980, 1, 2), sex="F", address=_ADDRESS)
_LINE = x12.Line(Procedure("99213", modifiers=("25",)), 10000, Decimal(1), (1, 2), date(2026, 2, 1))


def _claim(number: int) -> x12.Claim:
    """One claim of a patient of its own, two diagnoses, two lines."""
    person = replace(
        _PERSON,
        first_name=f"R{'ABCDEFGHIJ'[number % 10]}",
        birth_date=date(1980, 1, 1 + number % 28),
    )
    lines = tuple(
        replace(_LINE, procedure=Procedure(code), control_number=f"L{number}-{place}")
        for place, code in enumerate(("99213", "97110"), 1)
    )
    return x12.Claim(
        control_number=f"C{number:07d}",
        charge_cents=20000,
        place_of_service_code="11",
        billing_provider=x12.Provider("CLINIC", "1234567893", tax_id="123456789", address=_ADDRESS),
        subscriber=x12.Subscriber(person, f"M{number:07d}"),
        payer=x12.Payer("PAYER TWIN", "TWIN1"),
        diagnoses=(x12.Diagnosis("E119", "ABK"), x12.Diagnosis("I10")),
        lines=lines,
    )


def claim_file(claims: int) -> bytes:
    """An 837P of so many claims."""
    moment = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
    envelope = Envelope("CLINIC", "PAYERTWIN", "000000001", "1", moment, usage="T")
    sender = x12.Organization("CLINIC", "CLINIC", Contact("BILLING DESK", "2175550100"))
    batch = x12.Batch(
        "B1", moment, sender, x12.Organization("PAYER TWIN", "PAYERTWIN"),
        tuple(_claim(number) for number in range(claims)),
    )  # fmt: skip
    return x12.write(envelope, [batch])


def pyx12_clean(content: bytes) -> bool:
    """pyx12's own verdict, with its maps kept between files."""
    text = io.StringIO(content.decode("ascii"))
    return bool(pyx12.x12n_document.x12n_document(pyx12.params.params(), text, None, None))


def measure(console: Console) -> None:
    """Prints claims a second of both, in turns, and the ratio."""
    pyx12.map_if.load_map_file = cache(pyx12.map_if.load_map_file)
    ours, theirs = claim_file(CLAIMS), claim_file(CLAIMS // SLOWER)
    assert check_file(ours).findings == ()
    assert pyx12_clean(claim_file(1))
    mine = rival = 0.0
    for _ in range(ROUNDS):
        mine = max(mine, CLAIMS / seconds(lambda: check_file(ours)))
        rival = max(rival, CLAIMS / SLOWER / seconds(lambda: pyx12_clean(theirs)))
    table = Table("837P, two lines a claim", "claims/s of CPU", "to pyx12", "goal")
    table.add_row("pyx12, maps kept", f"{rival:,.0f}", "1.0", "")
    table.add_row("check", f"{mine:,.0f}", f"{mine / rival:.1f}", str(GOAL))
    console.print(table)


if __name__ == "__main__":
    measure(Console(width=100))
