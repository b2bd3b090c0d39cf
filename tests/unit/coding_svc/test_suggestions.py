"""From a note to codes: every rule as a row, on the tabular list as NCHS publishes it."""

from dataclasses import replace
from datetime import date

import pytest
from coding_world import suggestion_book

from coding_svc.domain.suggestions import Suggestion, SuggestionSettings, suggest
from coding_svc.domain.suggestions.phrases import bags_of, lexicon

DAY = date(2026, 5, 14)
INPATIENT = SuggestionSettings(is_inpatient=True)


def suggested(text: str, on: date = DAY, **settings: object) -> dict[str, Suggestion]:
    chosen = replace(SuggestionSettings(), **settings)  # type: ignore[arg-type]
    return {each.code: each for each in suggest(text, on, suggestion_book(on), settings=chosen)}


def assessed(problems: str) -> str:
    return "ASSESSMENT\n" + "\n".join(f"\u2022 {each.strip()}" for each in problems.split("/"))


# Problems of an assessment, and all codes that follow, the surest first.
CODES = [
    ("Hypertension", "I10"),
    ("Type 2 diabetes mellitus", "E119"),
    ("Diabetes", "E119"),
    ("Migraines", "G43909"),
    ("Elevated blood pressure", "R030"),
    ("Hypertension / Elevated blood pressure", "I10"),
    ("Asthma", "J45909"),
    ("COPD", "J449"),
    ("Chronic kidney disease stage 3a", "N1831"),
    ("GERD", "K219"),
    ("Nephrolithiasis", "N200"),
    ("Acne vulgaris", "L700"),
    # the side
    ("Pain in the right knee", "M25561"),
    ("Left knee pain", "M25562"),
    ("Knee pain", "M25569"),
    ("Carpal tunnel syndrome, bilateral", "G5603"),
    ("Bilateral lateral epicondylitis", "M7711 M7712"),
    ("Left leg pain", "M79605"),
    ("Right knee osteoarthritis", "M1711"),
    ("Pain in right lower quadrant", "R1031"),
    ("Right bundle branch block", "I4510"),
    ("Left bundle branch block", "I447"),
    # 7th characters
    ("Acute lumbar strain", "S39012A"),
    ("Left ankle sprain", "S93402A"),
    ("Sequela of left ankle sprain", "S93402S"),
    # combinations (guidelines I.C.9.a, I.A.15)
    ("Hypertension / Heart failure", "I110 I509"),
    ("Hypertension / CKD stage 4", "I129 N184"),
    ("Hypertension / ESRD", "I120 N186"),
    ("Hypertension / Heart failure / CKD stage 4", "I130 I509 N184"),
    ("Type 2 diabetes / CKD stage 4", "E1122 N184"),
    ("Type 2 diabetes / Polyneuropathy", "E1142"),
    ("Type 1 diabetes / Hyperglycemia", "E1065"),
    ("Coronary artery disease / Unstable angina", "I25110"),
    ("COPD / Pneumonia", "J440 J189"),
    # symptoms that belong to a diagnosis (I.B.5)
    ("Kidney stone / Flank pain", "N200"),
    ("Pneumonia / Cough", "J189"),
    ("Migraine / Cough", "G43909 R059"),
    # what is over, and what runs in the family (I.C.21.c.4)
    ("History of breast cancer", "Z853"),
    ("History of hypertension", "I10"),
    ("Family history of breast cancer", "Z803"),
    ("Status post CABG", "Z951"),
    ("History of skin rash", ""),
    # what is not so, or not sure (IV.H)
    ("No asthma", ""),
    ("Possible pneumonia", ""),
    ("Return if fever recurs", ""),
]


@pytest.mark.parametrize(("problems", "codes"), CODES)
def test_an_assessment_becomes_these_codes(problems: str, codes: str) -> None:
    assert sorted(suggested(assessed(problems))) == sorted(codes.split())


def test_an_inpatient_s_probable_diagnosis_is_coded() -> None:
    assert [*suggested(assessed("Probable pneumonia"), is_inpatient=True)] == ["J189"]


def test_what_is_not_asserted_is_shown_only_on_demand_and_marked() -> None:
    shown = suggested(assessed("Hypertension / No asthma"), with_unasserted=True)
    assert {code: each.assertion for code, each in shown.items()} == {
        "I10": "present",
        "J45909": "negated",
    }
    assert shown["J45909"].score < shown["I10"].score


@pytest.mark.parametrize(
    ("problems", "code", "asks"),
    [
        ("Knee pain", "M25569", {"side": ("M25561", "M25562")}),
        ("Ankle sprain", "S93409A", {"side": ("S93401", "S93402")}),
        ("Right knee pain", "M25561", {}),
    ],
)
def test_what_the_note_does_not_say_is_asked(
    problems: str, code: str, asks: dict[str, tuple[str, ...]]
) -> None:
    found = suggested(assessed(problems))[code]
    told = {each.kind: each.choices for each in found.asks if each.kind == "side"}
    assert told == asks
    assert found.is_complete == (not asks)


def test_evidence_points_at_the_words() -> None:
    text = "HPI: She has migraines.\n" + assessed("Migraine")
    found = suggested(text)["G43909"]
    assert [text[span.start : span.end] for span in found.evidence] == ["Migraine", "migraines"]
    assert found.release.kind == "icd10cm"


def test_an_etiology_comes_before_its_manifestation() -> None:
    found = suggest(assessed("Hypertension / Heart failure"), DAY, suggestion_book(DAY))
    assert [each.code for each in found] == ["I110", "I509"]
    assert "code_first" in {reason.name for reason in found[1].reasons}


def test_a_drug_is_coded_where_a_diagnosis_asks_for_it() -> None:
    text = "MEDICATIONS\nMetformin 500 mg\n" + assessed("Type 2 diabetes")
    assert {*suggested(text)} == {"E119", "Z7984"}
    assert {*suggested(text.replace("Type 2 diabetes", "Migraine"))} == {"G43909"}
    assert {*suggested(text.replace("Metformin", "Stop metformin"))} == {"E119"}


def test_one_side_told_elsewhere_is_taken_and_said() -> None:
    text = "CHIEF COMPLAINT\nLeft shoulder\n" + assessed("Adhesive capsulitis")
    found = suggested(text)["M7502"]
    assert "side_elsewhere" in {reason.name for reason in found.reasons}


def test_a_code_that_ended_is_not_suggested_after_its_last_day() -> None:
    note = assessed("Plantar fasciitis")
    assert [*suggested(note, date(2026, 9, 30))] == ["M722"]
    assert "M722" not in suggested(note, date(2026, 10, 1))


def test_the_same_note_gives_the_same_suggestions() -> None:
    text = assessed(" / ".join(problems for problems, _ in CODES[:20]))
    once = suggest(text, DAY, suggestion_book(DAY))
    assert once == suggest(text, DAY, suggestion_book(DAY))


def test_every_code_of_the_lexicon_is_in_the_book() -> None:
    book = suggestion_book(DAY).diagnoses
    codes = {code for codes in lexicon().values() for code in codes}
    assert [code for code in sorted(codes) if book.find(code) is None] == []


@pytest.mark.parametrize(
    ("title", "bag"),
    [
        ("Pain in right knee", "knee pain"),
        ("Migraine, unspecified, not intractable, without status migrainosus", "migraine"),
        ("Essential (primary) hypertension", "hypertension"),
        ("Malignant neoplasm of unspecified part of lung", "lung malignant neoplasm"),
    ],
)  # fmt: skip
def test_a_title_is_found_by_its_short_forms(title: str, bag: str) -> None:
    assert bag in {found for found, _ in bags_of(title)}
