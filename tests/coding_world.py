"""Releases for tests: ICD-10-CM as NCHS publishes it, and small made-up tables in CMS's layouts.

The real list comes with a package; everything licensed is made up, codes included, and goes
through the same loaders as the published files.
"""

import tempfile
from collections.abc import Iterable
from datetime import date, timedelta
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from coding_svc.codebook.catalogue import Catalogue
from coding_svc.codebook.library import Library
from coding_svc.codebook.shelf import Shelf
from coding_svc.codebook.staging import stage
from coding_svc.domain.codes import Books
from coding_svc.domain.release import Release
from coding_svc.domain.suggestions import SuggestionBook

BEGIN = date(2019, 1, 1)
FISCAL_YEAR = date(2025, 10, 1)
ENDED = ("M722", "D691", "I420")
"""Three of the codes that fiscal year 2027 deleted."""
PTP = """\
11111 22222 20200101 * 0
11111 33333 20200101 * 1
11111 44444 20200101 20251231 1
11111 44444 20260401 * 0
55555 11111 20200101 * 1
11111 66666 20200101 * 9"""
MUE = """\
10001,2,1 Line Edit,made up
10002,2,2 Date of Service Edit: Policy,made up
10003,2,3 Date of Service Edit: Clinical,made up"""
ADD_ONS = """\
30001,,11111,,2013001,,1,
30001,,33333,,2013001,,1,
30002,,CCCCC,,2013001,,2,
30003,,11111,,2013001,,3,
30003,,CCCCC,,2013001,,3,
30004,,11111,,2013001,2025365,1,
30005,,10002,,2013001,,1,"""
FEE_HEAD = (
    "HCPCS,MOD,DESCRIPTION,STATUS CODE,NOT USED FOR MEDICARE PAYMENT,WORK RVU,NON-FAC PE RVU,"
    "NON-FAC NA INDICATOR,FACILITY PE RVU,FACILITY NA INDICATOR,MP RVU,NON-FAC TOTAL,"
    "FACILITY TOTAL,"
    "PCTC IND,GLOB DAYS,PRE OP,INTRA OP,POST OP,MULT PROC,BILAT SURG,ASST SURG,CO-SURG,TEAM SURG,"
    "ENDO BASE,CONV FACTOR"
)
FACTOR = "33.4009"


def fee(
    code: str,
    *,
    modifier: str = "",
    status: str = "A",
    work: str = "1.00",
    practice: tuple[str, str] = ("1.00", "0.50"),
    component: str = "0",
    days: str = "XXX",
    parts: tuple[str, str, str] = ("0.10", "0.70", "0.20"),
    multiple: str = "0",
    bilateral: str = "0",
    assistant: str = "0",
    co_surgeon: str = "0",
    team: str = "0",
) -> str:
    """A row of the fee schedule file."""
    nonfacility, facility = practice
    return (
        f"{code},{modifier},,{status},,{work},{nonfacility},,{facility},,0.10,0,0,{component},{days},"
        f"{','.join(parts)},{multiple},{bilateral},{assistant},{co_surgeon},{team},,{FACTOR}"
    )


FEES = [
    fee("40000", days="000"), fee("40010", days="010"), fee("40090", days="090"),
    fee("40091", days="090"), fee("77777"), fee("99213"), fee("30009", days="ZZZ"),
    fee("50001", component="1"), fee("50002", component="2"), fee("50003", component="3"),
    fee("50004", component="4"), fee("50005"), fee("50006", component="6"),
    fee("50010"), fee("50011", bilateral="1"), fee("50012", bilateral="2"),
    fee("50013", bilateral="3"), fee("50019", bilateral="9"),
    fee("50020"), fee("50021", assistant="1"), fee("50022", assistant="2"),
    fee("50029", assistant="9"), fee("50030"), fee("50031", co_surgeon="1"),
    fee("50032", co_surgeon="2"), fee("50039", co_surgeon="9"), fee("50040"),
    fee("50041", team="1"), fee("50042", team="2"),
    fee("60001"), fee("60003", status="B"), fee("60004", status="N"), fee("60005", status="I"),
    fee("60006"), fee("70001", work="10.00", multiple="2"), fee("70002", work="5.00", multiple="2"),
    fee("70003", work="2.00", multiple="2", bilateral="1"),
]  # fmt: skip
ARTICLES = {
    "article.csv": "article_id,article_version,title,article_eff_date,article_end_date\n"
    "50001,3,Made up,2020-01-01 00:00:00,\n",
    "article_x_hcpc_code.csv": "article_id,article_version,hcpc_code_id,hcpc_code_group\n"
    "50001,3,60001,1\n",
    "article_x_icd10_covered.csv": "article_id,article_version,icd10_code_id,icd10_covered_group\n"
    "50001,3,E11.9,1\n50001,3,I10,2\n",
    "article_x_icd10_noncovered.csv": "article_id,article_version,icd10_code_id,"
    "icd10_noncovered_group\n50001,3,R53.83,1\n",
    "article_x_contractor.csv": "article_id,article_version,contractor_id\n50001,3,00001\n",
}


def hcpcs_record(code: str, title: str, *, added: str = "20200101", ended: str = "") -> str:
    """A record of the ANWEB file in its fixed places."""
    is_modifier = len(code) == 2
    line = (f"   {code}" if is_modifier else code) + "00100" + ("7" if is_modifier else "3")
    line += f"{title:<80}{title[:28]:<28}"
    line = f"{line:<268}{added:<8}{added:<8}{ended:<8}"
    return line + "N"


HCPCS = [
    hcpcs_record("A0001", "made up"),
    hcpcs_record("A0002", "made up", ended="20251231"),
    hcpcs_record("A0003", "made up", added="20260701"),
    hcpcs_record("A0428", "made up"),
    hcpcs_record("J1100", "made up"),
    hcpcs_record("RT", "right side"),
    hcpcs_record("QX", "made up", ended="20251231"),
    *(hcpcs_record(f"Q{number:04d}", "filler") for number in range(5_000)),
]


def icd10cm_files() -> list[Path]:
    """The tabular list and its list of codes, April 2026."""
    spec = find_spec("simple_icd_10_cm")  # importing it would parse the list for two seconds
    assert spec
    assert spec.origin
    data = Path(spec.origin).parent / "data"
    return [*data.glob("*tabular*.xml"), *data.glob("code-list*.txt")]


@cache
def icd10cm_shelf() -> Path:
    """A shelf with ICD-10-CM; building it takes seconds, so it is built once a session."""
    shelf = Path(tempfile.mkdtemp(prefix="rcm-shelf-"))
    with tempfile.TemporaryDirectory() as directory:
        ended = _file(Path(directory) / "ended.tsv", [f"{code}\t2026-09-30" for code in ENDED])
        published = [*icd10cm_files(), ended]
        stage("icd10cm", published, label="2026-04", effective_from=FISCAL_YEAR, shelf=shelf)
    return shelf


@cache
def library() -> tuple[Library, tuple[Release, ...]]:
    """Every table of the vectors."""
    shelf = icd10cm_shelf()
    with tempfile.TemporaryDirectory() as directory:
        for kind, paths in _published(Path(directory)).items():
            stage(kind, paths, label="made-up", effective_from=BEGIN, shelf=shelf)
    opened = Shelf(shelf)
    return Library(opened), tuple(opened.releases())


def books(on: date) -> Books:
    found, releases = library()
    return found.books(releases, on)


def _published(directory: Path) -> dict[str, list[Path]]:
    head = "Column 1\tColumn 2\t*=in existence\tEffective Date\tDeletion Date\tModifier\tRationale"
    pairs = ["\t".join([*r[:2], " ", *r[2:], "x"]) for r in map(str.split, PTP.splitlines())]
    articles = directory / "articles"
    articles.mkdir()
    for name, content in ARTICLES.items():
        (articles / name).write_text(content)
    return {
        "ncci-ptp-practitioner": [_file(directory / "ptp.txt", ["CPT only", head, *pairs])],
        "mue-practitioner": [
            _file(
                directory / "mue.csv",
                ["copyright,,,", "HCPCS/CPT Code,Practitioner Services MUE Values,"
                 "MUE Adjudication Indicator,MUE Rationale", *MUE.splitlines()],
            )
        ],
        "add-on": [
            _file(
                directory / "aoc.csv",
                ["AOC,AOC_DEL_DT,PRIMARY_CODE,PRIMARY_CODE_DEL_DT,AOC_EDIT_EFF_DT,AOC_EDIT_DEL_DT,"
                 "AOC_EDIT_TYPE,SPECIAL_INSTRUCTION_NOTES", *ADD_ONS.splitlines()],
            )
        ],
        "pfs": [_file(directory / "pprrvu.csv", ["title,,,"] * 3 + [FEE_HEAD, *FEES])],
        "mcd-articles": [articles],
        "hcpcs": [_file(directory / "anweb.txt", HCPCS)],
    }  # fmt: skip


def _file(path: Path, lines: Iterable[str]) -> Path:
    path.write_text("\r\n".join(lines) + "\r\n", encoding="latin-1")
    return path


def days_after(day: date, count: int) -> date:
    return day + timedelta(days=count)


@cache
def suggestion_book(on: date) -> SuggestionBook:
    """ICD-10-CM to suggest from."""
    shelf = icd10cm_shelf()
    releases = Shelf(shelf).releases("icd10cm")
    found = Catalogue(shelf).suggestion_book(releases, on)
    assert found is not None
    return found
