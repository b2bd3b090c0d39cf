"""Reading an 835 to claim objects with all three balances proven, beside a floor and other readers.

Two files are read: of a payer with a fee schedule, whose amounts recur as they do in life, and one
where each amount is by chance. Everyone gets the same bytes, in turns, in one process; slow readers
get fewer claims of the same kind. The time is the processor's, the best of the rounds.
"""

import gc
import io
import time
from collections.abc import Callable

import oxedi
import pyx12.x12file
from rich.console import Console
from rich.table import Table
from x12sdk.io import X12ModelReader, X12SegmentReader

from bench.x12_floors import bare_loop, cut, remittance_file
from rcm_x12 import remittance_835
from rcm_x12.findings import Finding

SETS, PER_SET, ROUNDS = 2, 5000, 20
CLAIMS = SETS * PER_SET
FEW, FEW_ROUNDS = 200, 3
"""For readers that take as long for these as others for all."""
GOAL_TO_LOOP = 0.65

Reader = tuple[str, int, Callable[[], object]]
"""Name, how many claims it is given, and the work."""


def ours(content: bytes) -> None:
    """Streamed as from a socket; the last item of each set says that it balances."""
    findings: list[Finding] = []
    count = sum(1 for _ in remittance_835.stream(cut(content), findings))
    assert count == CLAIMS + 2 * SETS
    assert findings == []


def readers(content: bytes, few: bytes) -> list[Reader]:
    text, few_text = content.decode(), few.decode()
    return [
        ("bare loop (floor)", CLAIMS, lambda: sum(1 for _ in bare_loop(cut(content)))),
        ("rcm_x12, claim objects, balanced", CLAIMS, lambda: ours(content)),
        ("oxedi 0.6 (Rust), whole parse", CLAIMS, lambda: oxedi.parse(content)),
        ("x12sdk 2.2, segments only", CLAIMS, lambda: _segments(text)),
        ("x12sdk 2.2, models", FEW, lambda: _models(few_text)),
        ("pyx12 4.0, segments only", FEW, lambda: sum(1 for _ in _pyx12(few_text))),
    ]


def _segments(text: str) -> None:
    with X12SegmentReader(text) as reader:
        assert sum(1 for _ in reader.segments()) > CLAIMS


def _models(text: str) -> None:
    with X12ModelReader(text) as reader:
        assert sum(1 for _ in reader.models()) == 1


def _pyx12(text: str) -> pyx12.x12file.X12Reader:
    return pyx12.x12file.X12Reader(io.StringIO(text))


def seconds(work: Callable[[], object]) -> float:
    """Of the processor, without the cycle collector, which a bulk load switches off."""
    gc.collect()
    gc.disable()
    try:
        started = time.process_time()
        work()
        return time.process_time() - started
    finally:
        gc.enable()


def rates(*, repeats: bool) -> dict[str, float]:
    """Claims a second of each reader."""
    content = remittance_file(SETS, PER_SET, repeats=repeats)
    several = readers(content, remittance_file(1, FEW, repeats=repeats))
    best = dict.fromkeys((name for name, _, _ in several), 0.0)
    for turn in range(ROUNDS):
        for name, claims, work in several:
            if claims == FEW and turn >= FEW_ROUNDS:
                continue
            best[name] = max(best[name], claims / seconds(work))
    return best


def measure(console: Console) -> None:
    """Prints claims a second and what they are to the floor."""
    fees, chance = rates(repeats=True), rates(repeats=False)
    table = Table("835, claims/s of CPU", "fee schedule", "to loop", "by chance", "to loop")
    names = list(fees)
    floor, mine, rival = names[:3]
    for name in names:
        row = (
            text
            for rate, base in ((fees[name], fees[floor]), (chance[name], chance[floor]))
            for text in (f"{rate:,.0f}", f"{rate / base:.2f}")
        )
        table.add_row(name, *row)
    console.print(table)
    for kind, found in (("fee schedule", fees), ("by chance", chance)):
        to_loop, to_rival = found[mine] / found[floor], found[mine] / found[rival]
        verdict = "met" if to_loop >= GOAL_TO_LOOP else "missed"
        console.print(
            f"{kind}: {to_loop:.2f} of the loop (goal {GOAL_TO_LOOP}, {verdict}), "
            f"{to_rival:.2f} times oxedi (goal 1)"
        )
