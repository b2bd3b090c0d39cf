"""What the demo does with visit notes: a coder's decisions as a table, and what is told of them."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from rich.console import Console

from coding_svc.domain.desk.templates import templates
from coding_svc.domain.desk.wording import Question, breaches
from coding_svc.domain.edits import edits
from coding_svc.domain.visits import families, level_of
from payer_twin.scenarios import SCENARIOS, published
from rcm_local.demo import catalogue, coder, notes, notes_summary
from rcm_local.demo.clinic import Clinic
from rcm_local.demo.coder import Ask, Hold, Take, decide, objections, resequenced
from rcm_local.demo.note_file import Note
from rcm_local.demo.notes import Outcome, seated
from rcm_local.demo.tour import planned_visits

TABLE = {"items": [published(one) for one in SCENARIOS]}


def suggested(code: str, score: float = 0.98, **changes: Any) -> dict[str, Any]:
    return {
        "code": code, "score": score, "system": "icd10cm", "assertion": "present",
        "method": "lexicon", "is_complete": True, "asks": [],
    } | changes  # fmt: skip


def open_(code: str, kind: str) -> dict[str, Any]:
    links = [{"kind": "link", "text": "", "choices": []}]
    asks = [*links, {"kind": kind, "text": "", "choices": []}]
    return suggested(code, is_complete=False, asks=asks)


def drug(code: str) -> dict[str, Any]:
    return suggested(code, 0.72, method="guideline")


@pytest.mark.parametrize(
    ("suggestions", "level", "decision"),
    [
        ([suggested("I10")], "99213", ["I10"]),
        ([suggested("I10"), suggested("E119", 0.8)], "99213", ["I10", "E119"]),
        # what is less sure is left to a person, and does not stop what is sure
        ([suggested("I10"), suggested("B20", 0.66)], "99213", ["I10"]),
        # a drug is coded beside its illness, and not without it
        ([suggested("E119"), drug("Z7984")], "99213", ["E119", "Z7984"]),
        ([suggested("M25561"), drug("Z7984")], "99213", ["M25561"]),
        ([suggested("I10"), drug("Z7902")], "99213", ["I10", "Z7902"]),
        # twelve fit a claim
        ([suggested(f"M{n}") for n in range(15)], "99213", [f"M{n}" for n in range(12)]),
        # services are the charge's, not the diagnoses'
        ([suggested("I10"), suggested("G0108", system="hcpcs")], "99213", ["I10"]),
        ([suggested("I10", assertion="uncertain")], "99213", "no_sure_diagnosis"),
        ([suggested("I10", 0.79)], "99213", "no_sure_diagnosis"),
        ([], "99213", "no_sure_diagnosis"),
        ([suggested("I10")], None, "no_visit_level"),
        ([open_("S39012A", "encounter")], "99213", "encounter_phase"),
        ([open_("M25569", "side")], "99213", "laterality"),
        ([open_("D729", "type")], "99213", "open_question"),
        # a claim without what brought the patient would be incomplete, so the question comes first
        ([suggested("I10"), open_("S39012A", "encounter")], None, "encounter_phase"),
        # what is asked beside a code does not change it
        ([suggested("E119", asks=[{"kind": "additional"}])], "99213", ["E119"]),
    ],
)
def test_what_a_coder_decides(
    suggestions: Sequence[dict[str, Any]], level: str | None, decision: list[str] | str
) -> None:
    match decide(suggestions, level):
        case Take(taken):
            assert [each["code"] for each in taken] == decision
        case Ask(template=template):
            assert template == decision
        case Hold(reason_code=reason):
            assert reason == decision


def test_a_held_chart_names_its_surest_suggestion() -> None:
    held = decide([suggested("M79604", 0.53), suggested("M545", 0.5)], "99213")
    assert isinstance(held, Hold)
    assert held.surest == "M79604"


@pytest.mark.parametrize(("edit", "after"), [("D132", ["I10", "Z940"]), ("D131", ["Z940", "I10"])])
def test_a_status_that_may_not_be_first_goes_last(edit: str, after: list[str]) -> None:
    check = {"stops": [], "findings": [{"edit": edit, "severity": "error"}]}
    assert resequenced(["Z940", "I10"], check) == after


def test_objections_are_errors_and_stops_in_words() -> None:
    findings = [
        {"edit": "D131", "severity": "error", "message": "I10 and R030 exclude each other"},
        {"edit": "D110", "severity": "warning", "message": "is unspecified"},
    ]
    check = {"stops": [{"code": "C107", "message": "points at no diagnosis"}], "findings": findings}
    assert objections(check) == [
        "stop C107 forbids it: points at no diagnosis",
        "edit D131 forbids it: I10 and R030 exclude each other",
    ]


def test_the_script_knows_what_the_desk_knows() -> None:
    assert set(edits()) >= coder.NEVER_FIRST_EDITS
    assert coder.VISIT_FAMILY in families()


def test_every_level_of_a_visit_has_a_price() -> None:
    from coding_svc.domain.visits import VisitFacts  # noqa: PLC0415

    levels = {
        level_of(coder.VISIT_FAMILY, VisitFacts(minutes=minutes)).code for minutes in range(10, 90)
    }
    assert levels <= set(catalogue.FEES_CENTS)
    assert len(levels) == 4


@pytest.mark.parametrize("kind", ["side", "encounter", "type"])
def test_a_physician_is_asked_in_words_that_may_be_sent(kind: str) -> None:
    ask = decide([open_("M25569", kind)], "99213")
    assert isinstance(ask, Ask)
    template = templates()[ask.template]
    asked = Question(ask.question or template.question, notes.indicators("knee pain"),
                     template.options, template.may_be_yes_no)  # fmt: skip
    assert breaches(asked) == []


def test_a_note_is_of_a_patient_whom_it_fits() -> None:
    visits = planned_visits(Clinic(), TABLE, run=0, today=date(2026, 3, 2))
    told = [("24-year-old male", "M"), ("61-year-old female", "F"), ("she said", "F")] * 20
    read = [Note(str(at), text) for at, (text, _) in enumerate(told)]
    found = seated(read, visits)
    assert [each["patient"]["sex"] for each in found] == [sex for _, sex in told]
    people = [each["patient"]["external_id"] for each in found]
    assert len(set(people)) == len(people)
    assert seated(read, visits) == found


OUTCOMES = [
    Outcome("n1", "released", (), ("I10",), "99214"),
    Outcome("n2", "coded", ("a suggestion is not sure enough",), ("E119", "Z7984"), "99213"),
    Outcome("n3", "queried", ("the side of the body is not documented",), ("M25569",)),
    Outcome("n4", "held", ("edit D131 forbids it: I10 and R030 exclude each other",), ("I10",)),
]


def shown(thing: object) -> str:
    console = Console(width=120, highlight=False)
    with console.capture() as captured:
        console.print(thing)
    return captured.get()


def test_the_table_tells_each_note_and_why() -> None:
    told = shown(notes_summary.notes_table(OUTCOMES))
    for words in ("n1", "I10", "99214", "E119 Z7984", "M25569?", "exclude each other"):
        assert words in told
    assert "not sure enough" not in told


def test_the_sums_add_up_to_all_notes() -> None:
    told = shown(notes_summary.sums_table(OUTCOMES))
    counts = {
        words[0]: words[1]
        for words in (re_row.rsplit(maxsplit=1) for re_row in told.splitlines() if re_row.strip())
    }
    by_heading = {name.strip(): int(count) for name, count in counts.items() if count.isdigit()}
    assert by_heading == {
        "released by rule": 1,
        "coded by the script": 1,
        "no rule: a suggestion is not sure enough": 1,
        "physician asked": 1,
        "the side of the body is not documented": 1,
        "held for a coder": 1,
        "edit D131 forbids it": 1,
        "all": 4,
    }


def test_a_long_file_is_told_by_its_beginning() -> None:
    many = [Outcome(f"note-{n}", "held", ("x",)) for n in range(150)]
    told = shown(notes_summary.notes_table(many))
    assert "the first 100 of 150" in told
    assert "note-99" in told
    assert "note-100" not in told


def test_only_what_is_billed_counts_as_billed() -> None:
    assert notes_summary.codes_lines(OUTCOMES) == (
        "Diagnoses billed most: E119 (1), I10 (1), Z7984 (1).\n"
        "Levels of visits, by the elements of each note: 99213 (1), 99214 (1)."
    )


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("asks:side", "the side of the body is not documented"),
        ("edit:D110", "edit D110 speaks (ICD-10-CM guidelines I.B.18: unspecified codes)"),
        ("unsure", "a suggestion is not sure enough"),
        ("a_new_reason", "a_new_reason"),
    ],
)
def test_why_no_rule_let_it_go(reason: str, words: str) -> None:
    citations = {code: each.source for code, each in edits().items()}
    assert coder.why_not_released([reason], citations) == [words]
