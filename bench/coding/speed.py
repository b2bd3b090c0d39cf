"""`python -m bench.coding.speed`: edits over a catalogue as large as the real one, and starting.

The pairs are made up, 4.1 million as NCCI publishes them, in its own layout, and go through the
ordinary loader. Loading and judging each have a process of their own, whose memory (Linux) is told:
its peak, and apart from the pages of the release's file, which the kernel keeps as long as nobody
needs the room; encounters take their services from all codes alike, which is worse than a clinic's
habit.
"""

import json
import multiprocessing
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.coding.measures import DAY
from coding_svc.codebook import starter
from coding_svc.codebook.catalogue import Catalogue
from coding_svc.codebook.shelf import Shelf
from coding_svc.codebook.staging import stage
from coding_svc.domain.codes import Books
from coding_svc.domain.edits import Case, PastService, PatientFacts, check
from coding_svc.domain.encounter import CodedDiagnosis, CodedLine, Coding
from rcm.contracts.values import Coverage, Provider

PAIRS, CODES, PAIRS_A_CODE = 4_100_000, 9_000, 456
ENCOUNTERS, ROUNDS = 4_000, 3
BEGIN = date(2020, 1, 1)
GOALS = {"load": "< 30 s, < 200 MB", "edits": "2,000/s, < 200 MB", "start": "< 3 s"}
HEAD = "Column 1\tColumn 2\t*=in existence\tEffective Date\tDeletion Date\tModifier\tRationale"
STARTED = """
import sys, time
began = time.perf_counter()
from datetime import date
from pathlib import Path
from coding_svc.app import service
from coding_svc.codebook.catalogue import Catalogue
book = Catalogue(Path(sys.argv[1])).suggestion_book((), date.fromisoformat(sys.argv[2]))
assert service and book is not None
print(time.perf_counter() - began)
"""


def code(number: int) -> str:
    """One of the made-up procedure codes."""
    return f"{10_000 + number * 9:05d}"


def published_pairs(path: Path) -> None:
    """Each code is column 1 of as many others; a tenth of the pairs have ended."""
    chance = random.Random(15)  # noqa: S311 - the same file each time
    with path.open("w", encoding="latin-1") as out:
        out.write(f"CPT only\r\n{HEAD}\r\n")
        left = PAIRS
        for first in range(CODES):
            for second in sorted(chance.sample(range(CODES), min(PAIRS_A_CODE, left))):
                ended = "20231231" if chance.random() < 0.1 else "*"
                modifier = chance.choice("0119")
                out.write(
                    f"{code(first)}\t{code(second)}\t \t20200101\t{ended}\t{modifier}\tmade up\r\n"
                )
                left -= 1


def encounters(count: int, books: Books, seed: int) -> Iterator[Case]:
    """Three to five services and diagnoses, and six earlier services, two of them of that day."""
    chance = random.Random(seed)  # noqa: S311
    clinic = Provider(npi="1234567893", name="SPRINGFIELD CLINIC", taxonomy_code="207Q00000X")
    cover = Coverage(rank="primary", payer_id="PAYER1", payer_name="THE PAYER", filing_code="MB")
    assert books.diagnoses
    chapters = ("I1", "I5", "E1", "E7", "J0", "J4", "M5", "F3", "K2", "N3", "R0", "S83")
    diagnoses = [each for one in chapters for each in books.diagnoses.billable_below(one, 25)]
    for _ in range(count):
        held = chance.sample(diagnoses, chance.randint(3, 5))
        coding = Coding(
            date_of_service=DAY,
            place_of_service_code="11",
            billing_provider=clinic,
            coverages=(cover,),
            diagnoses=tuple(
                CodedDiagnosis(each, "ABF" if at else "ABK") for at, each in enumerate(held)
            ),
            lines=tuple(
                CodedLine(
                    code(chance.randrange(CODES)), DAY, (0, 1), (), charge_amount_cents=10_000
                )
                for _ in range(chance.randint(3, 5))
            ),
        )
        past = tuple(
            PastService(code(chance.randrange(CODES)), DAY - timedelta(days=max(0, at - 1) * 20))
            for at in range(6)
        )
        yield Case(coding, books, PatientFacts(date(1970, 1, 1), "F"), past)


def load(shelf: str, pairs: str) -> dict[str, float]:
    began = time.perf_counter()
    release = stage(
        "ncci-ptp-practitioner", [Path(pairs)], label="made-up", effective_from=BEGIN,
        shelf=Path(shelf),
    )  # fmt: skip
    return {
        "seconds": time.perf_counter() - began,
        "rows": release.row_count,
        "mb": _memory_mb("VmHWM"),
    }


def judge(shelf: str) -> dict[str, float]:
    catalogue = Catalogue(Path(shelf))
    books = catalogue.books(Shelf(Path(shelf)).releases("ncci-ptp-practitioner"), DAY)
    assert books.pairs
    assert books.diagnoses
    best, findings = 0.0, 0
    for seed in range(ROUNDS):
        cases = list(encounters(ENCOUNTERS, books, seed))
        began = time.process_time()
        findings = sum(len(check(each)) for each in cases)
        best = max(best, ENCOUNTERS / (time.process_time() - began))
    memory = {"mb": _memory_mb("RssAnon"), "mapped": _memory_mb("RssFile")}
    return memory | {"rate": best, "findings": findings / ENCOUNTERS}


def main() -> None:
    console = Console(width=110)
    with tempfile.TemporaryDirectory(prefix="rcm-bench-codes-") as directory:
        shelf, pairs = Path(directory) / "shelf", Path(directory) / "ptp.txt"
        starter.put(shelf)
        published_pairs(pairs)
        loaded = _apart(load, str(shelf), str(pairs))
        judged = _apart(judge, str(shelf))
        started_s = min(_started(shelf) for _ in range(ROUNDS))
    table = Table("coding", "measured", "goal")
    table.add_row(
        f"load {loaded['rows']:,.0f} NCCI pairs",
        f"{loaded['seconds']:.1f} s, peak {loaded['mb']:.0f} MB",
        GOALS["load"],
    )
    table.add_row(
        "all edits, encounters/s of CPU; memory, beside the file's pages",
        f"{judged['rate']:,.0f}/s, {judged['mb']:.0f} MB (+ {judged['mapped']:.0f} MB), "
        f"{judged['findings']:.1f} findings each",
        GOALS["edits"],
    )
    table.add_row(
        "import and open the catalogue, new process", f"{started_s:.2f} s", GOALS["start"]
    )
    console.print(table)


def _apart(work: Callable[..., dict[str, float]], *arguments: str) -> dict[str, float]:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)


def _started(shelf: Path) -> float:
    command: Sequence[str] = (sys.executable, "-c", STARTED, str(shelf), DAY.isoformat())
    return float(json.loads(subprocess.run(command, check=True, capture_output=True).stdout))  # noqa: S603


def _memory_mb(kind: str) -> float:
    found = re.search(rf"{kind}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) / 1024


if __name__ == "__main__":
    main()
