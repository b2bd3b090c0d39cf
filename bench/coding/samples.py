"""The public notes, where they are there."""

import gzip
import json
import os
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
SAMPLES = Path(os.environ.get("RCM_SAMPLES", ROOT.parent / "shared" / "samples"))
VISITS = SAMPLES / "notes" / "aci_bench_train.jsonl"
CASES = SAMPLES / "notes" / "codiesp_dev_en.jsonl.gz"


@dataclass(frozen=True)
class Sample:
    """A note; its text is never shown."""

    note_id: str
    text: str = field(repr=False)
    codes: frozenset[str] = frozenset()
    """Without dots, as the set's authors coded it."""


def are_there() -> bool:
    return VISITS.exists() and CASES.exists()


def visits() -> list[Sample]:
    with VISITS.open(encoding="utf-8") as lines:
        found = [json.loads(line) for line in lines]
    return sorted((Sample(each["id"], each["text"]) for each in found), key=lambda s: s.note_id)


def cases() -> list[Sample]:
    with gzip.open(CASES, "rt", encoding="utf-8") as lines:
        found = [json.loads(line) for line in lines]
    return sorted(
        (
            Sample(
                each["id"],
                each["text"],
                frozenset(code.replace(".", "").upper() for code in each["icd10cm"]),
            )
            for each in found
        ),
        key=lambda sample: sample.note_id,
    )


def reported(all_cases: list[Sample]) -> list[Sample]:
    """The odd places, which no rule was tuned on."""
    return all_cases[1::2]
