"""Files become releases whole or not at all: each fault is named with its place."""

import gzip
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from coding_world import FEE_HEAD, fee, hcpcs_record, icd10cm_shelf
from openpyxl import Workbook
from pydantic import TypeAdapter

from coding_svc.codebook.catalogue import Catalogue
from coding_svc.codebook.faults import LoadRefused
from coding_svc.codebook.kinds import kinds
from coding_svc.codebook.library import Library
from coding_svc.codebook.shelf import Shelf, in_force
from coding_svc.codebook.staging import stage
from coding_svc.domain.code_patterns import CodePattern, patterns_of
from coding_svc.domain.release import Release
from coding_svc.domain.stops import ICD_10_CM
from rcm.contracts.values import DiagnosisCode

FROM = date(2026, 10, 1)
PTP, MUE = "ncci-ptp-practitioner", "mue-practitioner"
PTP_HEAD = "Column 1\tColumn 2\t*=in existence\tEffective Date\tDeletion Date\tModifier\tRationale"
PTP_ROW = "11111\t22222\t \t20200101\t*\t1\tx"
MUE_HEAD = (
    "HCPCS/CPT Code,Practitioner Services MUE Values,MUE Adjudication Indicator,MUE Rationale"
)
GPCI_HEAD = "MAC,State,Locality Number,Locality Name,PW GPCI,PE GPCI,MP GPCI"
AOC_HEAD = (
    "AOC,AOC_DEL_DT,PRIMARY_CODE,PRIMARY_CODE_DEL_DT,AOC_EDIT_EFF_DT,AOC_EDIT_DEL_DT,AOC_EDIT_TYPE,"
    "SPECIAL_INSTRUCTION_NOTES"
)


def load(kind: str, path: Path, tmp_path: Path, **options: str) -> Release:
    shelf = tmp_path / "shelf"
    return stage(kind, [path], label="r1", effective_from=FROM, shelf=shelf, options=options)


FAULTS = [
    (PTP, [PTP_HEAD, PTP_ROW.replace("\t1\tx", "\t2\tx")], "row 2, column Modifier"),
    (PTP, [PTP_HEAD, PTP_ROW.replace("20200101", "2020-1-1")], "row 2, column Eff"),
    (PTP, [PTP_HEAD, PTP_ROW.replace("22222", "2222")], "row 2, column Column 1 or 2"),
    (PTP, ["no header here", PTP_ROW], "no header with the column"),
    (PTP, [PTP_HEAD], "gives 0 rows"),
    (MUE, [MUE_HEAD, "10001,two,1 Line Edit,x"], "is not a whole number"),
    (MUE, [MUE_HEAD, "10001,2,4 What,x"], "row 2, column MUE Adjudication"),
    (MUE, [MUE_HEAD, "1000,2,1 Line Edit,x"], "is not a code of five characters"),
    (MUE, ["This page is a disclaimer, no more"], "no header with the column"),
    ("add-on", [AOC_HEAD, "30001,,11111,,2013400,,1,"], "is not a date of the form YYYYDDD"),
    ("add-on", [AOC_HEAD, "30001,,11111,,2013001,,9,"], "column AOC_EDIT_TYPE"),
    ("pfs", [FEE_HEAD, fee("40000", work="1.234")], "has more than 2 decimals"),
    ("pfs", [FEE_HEAD, fee("40000", modifier="99")], "26, TC, 53 or empty"),
    ("pfs", [FEE_HEAD, fee("40000").replace("33.4009", "0.10")], "columns may have moved"),
    ("hcpcs", [hcpcs_record("99213", "made up")] * 2, "is no HCPCS II code"),
    ("hcpcs", [hcpcs_record("D0120", "made up")] * 2, "is no HCPCS II code"),
    ("hcpcs", [hcpcs_record("A0001", "made up")], "gives 1 rows"),
    ("nucc", ["Code,Grouping,Classification,Specialization", "1,a,b,c"], "is not a taxonomy code"),
    ("chargemaster", ["code,description,price", "99213,Visit,12.345"], "more than 2 decimals"),
    ("gpci", [GPCI_HEAD, "10112,A,00,x,1,1,1"],
     "is not a state"),
    ("icd10cm", ["A00"], "the tabular list (XML) and the list of codes"),
    ("icd10pcs", ["not a line"], "is not a line of the order file"),
    ("nppes", ["NPI,Entity Type Code", "1234567893,1"], "gives 0 rows"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "lines", "reason"), FAULTS)
def test_a_file_with_a_fault_is_refused_whole(
    tmp_path: Path, kind: str, lines: list[str], reason: str
) -> None:
    name = "file.csv" if kind == "nppes" else "file.txt"
    path = tmp_path / name
    path.write_text("\r\n".join(lines) + "\r\n", encoding="latin-1")
    with pytest.raises(LoadRefused) as refused:
        load(kind, path, tmp_path)
    assert reason in str(refused.value)
    assert list((tmp_path / "shelf").iterdir()) == []


def plain(path: Path, content: str) -> Path:
    path.write_text(content)
    return path


def gzipped(path: Path, content: str) -> Path:
    target = path.with_name(path.name + ".gz")
    target.write_bytes(gzip.compress(content.encode()))
    return target


def zipped(path: Path, content: str) -> Path:
    target = path.with_suffix(".zip")
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("read me.pdf", "no table")
        archive.writestr(path.name, content)
    return target


def latin_1(path: Path, content: str) -> Path:
    path.write_bytes(content.replace("x", "\xe9").encode("latin-1"))
    return path


def utf_16(path: Path, content: str) -> Path:
    path.write_text(content, encoding="utf-16")
    return path


def spreadsheet(path: Path, content: str) -> Path:
    book = Workbook()
    for line in content.splitlines():
        book.active.append(line.split(","))
    target = path.with_suffix(".xlsx")
    book.save(target)
    return target


@pytest.mark.parametrize("form", [plain, gzipped, zipped, latin_1, utf_16, spreadsheet])
def test_a_file_is_taken_in_every_form_that_it_is_published_in(
    tmp_path: Path, form: Callable[[Path, str], Path]
) -> None:
    content = (
        f"copyright page\nmore of it\n{MUE_HEAD}\n10001,2,3 Clinical,x\n10002,1,1 Line Edit,x\n"
    )
    release = load(MUE, form(tmp_path / "mue.csv", content), tmp_path)
    books = Library(Shelf(tmp_path / "shelf")).books([release], FROM)
    limit = books.unit_limits["practitioner"].limit("10001")
    assert limit is not None
    assert (limit.units, limit.adjudication, release.row_count) == (2, 3, 2)


def test_a_heading_may_be_stacked_and_columns_may_move(tmp_path: Path) -> None:
    lines = [
        "MUE Adjudication,HCPCS/CPT,Practitioner Services",
        " Indicator, Code, MUE Values",
        "3 Clinical,10001,2",
    ]
    path = plain(tmp_path / "mue.csv", "\n".join(lines) + "\n")
    assert load(MUE, path, tmp_path).row_count == 1


def test_binary_junk_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_bytes(bytes(range(256)) * 50)
    with pytest.raises(LoadRefused, match="is not a text file"):
        load(MUE, path, tmp_path)


def test_an_unknown_kind_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(LoadRefused, match="there are add-on, carc"):
        load("mud", plain(tmp_path / "a.txt", "x"), tmp_path)


def test_the_same_file_is_the_same_release(tmp_path: Path) -> None:
    path = plain(tmp_path / "mue.csv", f"{MUE_HEAD}\n10001,2,3 Clinical,x\n")
    first, again = (
        load(MUE, path, tmp_path),
        load(MUE, path, tmp_path),
    )
    assert first.release_id == again.release_id
    assert len(Shelf(tmp_path / "shelf").releases()) == 1


def test_a_release_answers_from_its_day_until_the_next_begins(tmp_path: Path) -> None:
    path = plain(tmp_path / "mue.csv", f"{MUE_HEAD}\n10001,2,3 Clinical,x\n")
    shelf = tmp_path / "shelf"
    old, new = (
        stage("mue-dme", [path], label=label, effective_from=day, shelf=shelf)
        for label, day in (("q3", date(2026, 7, 1)), ("q4", date(2026, 10, 1)))
    )
    days = [date(2026, 6, 30), date(2026, 7, 1), date(2026, 9, 30), date(2026, 10, 1)]
    assert [in_force([new, old], day) for day in days] == [None, old, old, new]


def test_nppes_keeps_the_providers_of_a_state(tmp_path: Path) -> None:
    head = [
        "NPI", "Entity Type Code", "Provider Organization Name (Legal Business Name)",
        "Provider Last Name (Legal Name)", "Provider First Name",
        "Provider First Line Business Practice Location Address",
        "Provider Business Practice Location Address City Name",
        "Provider Business Practice Location Address State Name",
        "Provider Business Practice Location Address Postal Code", "Provider Enumeration Date",
        "Last Update Date", "NPI Deactivation Date", "NPI Reactivation Date",
        "Healthcare Provider Taxonomy Code_1", "Healthcare Provider Primary Taxonomy Switch_1",
    ]  # fmt: skip
    rows = [
        [npi, "2", "Made up", "", "", "1 St", "Town", state, "12345", "01/02/2010",
         "01/02/2020", "",
         "", "207Q00000X", "Y"]
        for npi, state in (("1234567893", "NY"), ("1245319599", "NJ"))
    ]  # fmt: skip
    text = "\n".join(",".join(f'"{cell}"' for cell in row) for row in [head, *rows])
    path = plain(tmp_path / "npidata_pfile_20260101.csv", text)
    assert load("nppes", path, tmp_path, states="NJ").row_count == 1


@pytest.mark.parametrize(
    ("note", "covered", "left_out"),
    [
        ("(K50-K52)", ["K509", "K52"], ["K53", "K49"]),
        ("(S06.3-)", ["S0630", "S063X1A"], ["S064"]),
        ("(M1A.-, M10.-)", ["M1A00", "M109"], ["M11"]),
        ("(E08-E13 with .51-.52)", ["E1151", "E1352"], ["E1153", "E119"]),
        ("(I69. with final characters -23)", ["I69323"], ["I69322"]),
        ("(T36-T50 with fifth or sixth character 5)", ["T360X5A"], ["T360X1A"]),
        ("(S06.0X- with seventh character S)", ["S060X0S"], ["S060X0A"]),
        ("(F10-F19, with .17, .27, .97)", ["F1027"], ["F1021"]),
        ("diabetes (E08, E09 with final characters .00 or .01)", ["E0800", "E0901"], ["E0810"]),
        ("words without a code", [], ["A00"]),
    ],
)
def test_a_note_names_its_codes(note: str, covered: list[str], left_out: list[str]) -> None:
    found = patterns_of(note)
    assert [code for code in covered if not any(each.covers(code) for each in found)] == []
    assert [code for code in left_out if any(each.covers(code) for each in found)] == []


def test_a_note_that_narrows_in_words_only_hints() -> None:
    assert patterns_of("(S52.- with open fracture 7th character)") == (
        CodePattern("S52", "S52", is_open=True),
    )


def test_the_tabular_list_is_whole() -> None:
    """April 2026: 74,719 billable codes, and 5,407 Excludes1 notes of which 128 name no code."""
    shelf = Shelf(icd10cm_shelf())
    book = shelf.book(shelf.releases("icd10cm")[0].release_id)
    assert book.row("SELECT count(*) FROM code WHERE is_billable = 1") == (74_719,)
    notes = book.row(
        """SELECT count(*), count(*) FILTER (
                  WHERE note_id NOT IN (SELECT note_id FROM note_pattern))
             FROM note WHERE kind = 'excludes1'"""
    )
    assert notes == (5_407, 128)


def test_seventh_characters_make_no_code_that_the_list_has_not() -> None:
    """Control: every stem with every character of its table makes some that are no codes."""
    shelf = Shelf(icd10cm_shelf())
    book = shelf.book(shelf.releases("icd10cm")[0].release_id)
    rows = book.rows("SELECT code, is_billable, seventh_of FROM code")
    billable = {code for code, is_billable, _ in rows if is_billable}
    parents = {parent for (parent,) in book.rows("SELECT DISTINCT parent FROM code")}
    tables: dict[str, list[str]] = {}
    for holder, character in book.rows("SELECT holder, character FROM seventh_character"):
        tables.setdefault(holder, []).append(character)
    made = {code for code, _, seventh_of in rows if seventh_of and len(code) == 7}
    stems = {code[:6].rstrip("X"): holder for code, _, holder in rows if code in made}
    naive = {stem.ljust(6, "X") + each for stem, holder in stems.items() for each in tables[holder]}
    assert len(made) > 50_000
    assert made <= billable
    assert not made & parents
    assert len(naive - billable) > 0, "the table alone would do"


def test_every_billable_code_can_be_billed() -> None:
    """Its shape passes the hard stop and the event's contract: QA0 has a letter in second place."""
    shelf = Shelf(icd10cm_shelf())
    book = shelf.book(shelf.releases("icd10cm")[0].release_id)
    codes = [code for (code,) in book.rows("SELECT code FROM code WHERE is_billable = 1")]
    contract = TypeAdapter(DiagnosisCode).validate_python
    assert sum(code.startswith("QA0") for code in codes) == 13
    assert [code for code in codes if not ICD_10_CM.fullmatch(code)] == []
    assert [contract(code) for code in codes] == codes
    for wrong in ("QA", "QAB", "1A0", "I1", "I1000000", "i10"):
        assert not ICD_10_CM.fullmatch(wrong)


@pytest.mark.parametrize(
    ("text", "begins"), [("qa0.01", "QA001"), ("QA0", "QA0"), ("E11.6", "E116")]
)
def test_a_code_is_found_by_its_beginning(text: str, begins: str) -> None:
    shelf = icd10cm_shelf()
    found = Catalogue(shelf).search(
        Shelf(shelf).releases("icd10cm"), "icd10cm", text, on=date(2026, 5, 14), limit=5
    )
    assert found is not None
    assert [each.code for each in found[1]]
    assert all(each.code.startswith(begins) for each in found[1])


def test_every_kind_says_what_it_gives_and_what_to_bring() -> None:
    for kind in kinds().values():
        assert kind.capability
        assert kind.published_as
