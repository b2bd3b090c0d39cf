"""837P writing beside its floor: the same segments of the same claims by bare joins.

The floor takes the same values out of the same claims and joins them: no folding, no check of a
character, a length or a sum, no optional part. Ours and the floor alternate in one run, so that
both meet the same machine; only the ratio counts.
"""

import gc
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from rich.console import Console
from rich.table import Table

from rcm_x12 import claim_837p
from rcm_x12.claim_837p import (
    Batch,
    Claim,
    Diagnosis,
    Line,
    Organization,
    Payer,
    Person,
    Provider,
    Subscriber,
)
from rcm_x12.envelope import Envelope
from rcm_x12.findings import Finding
from rcm_x12.values import Address, Contact, Procedure

CLAIMS, PER_SET, ROUNDS = 10_000, 5_000, 8
GOAL_PER_SECOND = 20_000
_MOMENT = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
_ENVELOPE = Envelope("CLINIC", "PAYER", "000000001", "1", _MOMENT, usage="T")
_ADDRESS = Address("1 MAIN ST", "SPRINGFIELD", "IL", "627010001")
_CLINIC = Provider(
    "SPRINGFIELD CLINIC",
    "1234567893",
    taxonomy_code="207Q00000X",
    tax_id="123456789",
    address=_ADDRESS,
)
_LINE = Line(Procedure("99213", modifiers=("25",)), 10000, Decimal(1), (1, 2), date(2026, 2, 1))


def normal_claims(count: int) -> list[Claim]:
    """Two lines, two diagnoses, a patient of their own each."""
    person = Person("ROE", "ROBIN", birth_date=date(1980, 1, 2), sex="F", address=_ADDRESS)
    diagnoses = (Diagnosis("E119", "ABK"), Diagnosis("I10"))
    return [
        Claim(
            control_number=f"C{number:08d}",
            charge_cents=20000,
            place_of_service_code="11",
            billing_provider=_CLINIC,
            subscriber=Subscriber(person, f"M{number:08d}"),
            payer=Payer("THE PAYER", "PAYER1"),
            diagnoses=diagnoses,
            lines=tuple(replace(_LINE, control_number=f"{number}-{line}") for line in (1, 2)),
        )
        for number in range(count)
    ]


def floor(claims: list[Claim]) -> bytes:
    """Bare joins of what varies."""
    parts: list[str] = []
    for level, claim in enumerate(claims, 2):
        held = claim.subscriber
        who, where = held.person, held.person.address or _ADDRESS
        parts += (
            f"HL*{level}*1*22*0",
            "*".join(("SBR", held.rank, "18", "", "", "", "", "", "", held.filing_code)),
            "*".join(("NM1", "IL", "1", who.last_name, who.first_name, "", "", "", "MI"))
            + f"*{held.member_id}",
            f"N3*{where.line_1}",
            "*".join(("N4", where.city, where.state, where.postal_code)),
            f"DMG*D8*{who.birth_date:%Y%m%d}*{who.sex}",
            "*".join(("NM1*PR*2", claim.payer.name, "", "", "", "", "PI", claim.payer.id)),
            f"CLM*{claim.control_number}*{claim.charge_cents // 100}***11:B:1*Y*A*Y*Y",
            "HI*" + "*".join(f"{one.code_type}:{one.code}" for one in claim.diagnoses),
        )
        for number, line in enumerate(claim.lines, 1):
            code = ":".join(("HC", line.procedure.code, *line.procedure.modifiers))
            pointers = ":".join(map(str, line.diagnosis_pointers))
            parts += (
                f"LX*{number}",
                f"SV1*{code}*{line.charge_cents // 100}*UN*{line.quantity}***{pointers}",
                f"DTP*472*D8*{line.service_from:%Y%m%d}",
                f"REF*6R*{line.control_number}",
            )
    return "~".join(parts).encode("ascii")


def measure(console: Console) -> None:
    """Prints claims a second of ours and of the floor, and the ratio."""
    claims = normal_claims(CLAIMS)
    submitter = Organization("SPRINGFIELD CLINIC", "CLINIC", Contact("DESK", "2175550100"))
    receiver = Organization("THE PAYER", "PAYER")
    batches = [
        Batch(f"B{at}", _MOMENT, submitter, receiver, tuple(claims[at : at + PER_SET]))
        for at in range(0, CLAIMS, PER_SET)
    ]
    content = claim_837p.write(_ENVELOPE, batches)
    findings: list[Finding] = []
    best = {"floor": 0.0, "write": 0.0, "stream": 0.0}
    for _ in range(ROUNDS):
        rates = {
            "floor": _rate(lambda: floor(claims)),
            "write": _rate(lambda: claim_837p.write(_ENVELOPE, batches)),
            "stream": _rate(lambda: sum(1 for _ in claim_837p.stream(content, findings))),
        }
        best = {name: max(best[name], rate) for name, rate in rates.items()}
    table = Table("837P, two lines a claim", "claims/s of CPU", "to the floor", "goal")
    table.add_row("bare joins (floor)", f"{best['floor']:,.0f}", "1.00", "")
    ratio = best["write"] / best["floor"]
    table.add_row("write", f"{best['write']:,.0f}", f"{ratio:.2f}", f"{GOAL_PER_SECOND:,}")
    table.add_row("read, streamed and checked", f"{best['stream']:,.0f}", "", "")
    console.print(table)


def _rate(work: Callable[[], object]) -> float:
    gc.collect()
    gc.disable()
    try:
        started = time.process_time()
        work()
        return CLAIMS / (time.process_time() - started)
    finally:
        gc.enable()


if __name__ == "__main__":
    measure(Console(width=100))
