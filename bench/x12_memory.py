"""How much memory a file of 50 MB takes beside one of 25 MB: the same, since nothing is kept.

Amounts, dates and other things that recur are remembered up to a limit, which both files reach.
Each is read in a process of its own, from bytes that are made as they are read; what counts is the
peak of what the system (Linux) gave the process.
"""

import multiprocessing
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.x12_floors import remittance_chunks
from rcm_x12 import remittance_835
from rcm_x12.check import check_file
from rcm_x12.findings import Finding
from rcm_x12.remittance_835 import ClaimPayment, Trailer

SMALL, LARGE = 13, 26
"""Sets of 5,000 claims."""
GROWTH_MAX_MB = 8
"""A third of what is added; a reader that keeps things takes several times the bytes."""


def read(chunks: Iterable[bytes]) -> int:
    findings: list[Finding] = []
    claims = 0
    for item in remittance_835.stream(chunks, findings):
        claims += isinstance(item, ClaimPayment)
        assert not isinstance(item, Trailer) or item.is_balanced
    assert findings == []
    return claims


def check(chunks: Iterable[bytes]) -> int:
    report = check_file(chunks)
    assert not report.blocks
    return sum(one.content.claims for one in report.sets)


WORK: dict[str, Callable[[Iterable[bytes]], int]] = {"read and balance": read, "check": check}


def _peak(name: str, sets: int) -> tuple[float, float, int]:
    """Megabytes of peak memory, of the file, and its claims."""
    size = 0

    def measured() -> Iterator[bytes]:
        nonlocal size
        for chunk in remittance_chunks(sets):
            size += len(chunk)
            yield chunk

    claims = WORK[name](measured())
    # Not getrusage, whose peak a child inherits from its parent.
    status = Path("/proc/self/status").read_text()
    (peak_kb,) = re.findall(r"VmHWM:\s+(\d+)", status)
    return int(peak_kb) / 1000, size / 1e6, claims


def measure(console: Console) -> None:
    """Prints peaks of the small and the large file."""
    table = Table("835", "file", "claims", "peak memory")
    fresh = multiprocessing.get_context("spawn")
    for name in WORK:
        peaks = []
        for sets in (SMALL, LARGE):
            with fresh.Pool(1) as pool:
                peak_mb, size_mb, claims = pool.apply(_peak, (name, sets))
            peaks.append(peak_mb)
            table.add_row(name, f"{size_mb:.0f} MB", f"{claims:,}", f"{peak_mb:.0f} MB")
        verdict = "met" if peaks[1] - peaks[0] <= GROWTH_MAX_MB else "missed"
        table.add_row("", "", "grows by", f"{peaks[1] - peaks[0]:.0f} MB ({verdict})")
    console.print(table)
