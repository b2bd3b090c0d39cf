"""The checker beside pyx12 on the same 837P file in the same run: claims a second and a ratio.

`python -m bench.x12_check` prints it; pyx12 is given its maps before the clock starts.
"""

import gc
import io
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache

import pyx12.map_if
import pyx12.params
import pyx12.x12n_document

from rcm_x12 import claim_837p as x12
from rcm_x12.check import check_file
from rcm_x12.envelope import Envelope
from rcm_x12.values import Address, Contact, Procedure

CLAIMS = 4000
"""Ours; pyx12 is given a tenth of them, since it takes as long for those."""
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


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds of the better of two runs."""
    found = []
    for _ in range(2):
        gc.collect()
        start = time.process_time()
        work()
        found.append(time.process_time() - start)
    return min(found)


def pyx12_clean(content: bytes) -> bool:
    """pyx12's own verdict, with its maps kept between files."""
    text = io.StringIO(content.decode("ascii"))
    return bool(pyx12.x12n_document.x12n_document(pyx12.params.params(), text, None, None))


def measure() -> dict[str, float]:
    """Claims a second of both, their ratio, and the checker's peak memory in megabytes."""
    pyx12.map_if.load_map_file = cache(pyx12.map_if.load_map_file)
    ours, theirs = claim_file(CLAIMS), claim_file(CLAIMS // 10)
    assert check_file(ours).findings == ()
    assert pyx12_clean(claim_file(1))
    check_s = seconds(lambda: check_file(ours))
    pyx12_s = seconds(lambda: pyx12_clean(theirs))
    tracemalloc.start()
    check_file(ours[i : i + 65536] for i in range(0, len(ours), 65536))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    check_rate, pyx12_rate = CLAIMS / check_s, CLAIMS / 10 / pyx12_s
    return {
        "check claims/s": check_rate,
        "pyx12 claims/s": pyx12_rate,
        "ratio": check_rate / pyx12_rate,
        "check peak MB": peak / 1e6,
    }


def main() -> None:
    found = measure()
    for name, value in found.items():
        print(f"{name:18} {value:12,.1f}")
    verdict = "met" if found["ratio"] >= GOAL else "missed"
    print(f"goal: {GOAL} times pyx12, {verdict}")


if __name__ == "__main__":
    main()
