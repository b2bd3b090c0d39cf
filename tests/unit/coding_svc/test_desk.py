"""The desk's pure rules: what may happen to a chart, what criteria pick, what leaves by itself, how
a physician may be asked, what a review says."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from coding_svc.domain.changes import By
from coding_svc.domain.codes import ReleaseName
from coding_svc.domain.desk import query, review, verbs
from coding_svc.domain.desk.chart import TRANSITIONS, Chart, ChartStep, Stage, StageRefused
from coding_svc.domain.desk.criteria import Criteria, Facts, is_under
from coding_svc.domain.desk.proposal import Proposal, codes_after, decide
from coding_svc.domain.desk.review import Review, ReviewFinding, ReviewRefused
from coding_svc.domain.desk.rules import DeskRule, Effect, Release, Withheld, drawn, release
from coding_svc.domain.desk.templates import templates
from coding_svc.domain.desk.wording import Question, breaches, checks
from coding_svc.domain.encounter import CodedDiagnosis, CodedLine, Coding
from coding_svc.domain.notes import Span
from coding_svc.domain.suggestions import Ask, Suggestion
from rcm.ids import derived_id, new_id
from rcm.testing.claims import CLINIC, DAY
from rcm.testing.samples import TENANT

NOW = datetime(2026, 4, 1, 12, tzinfo=UTC)
BY = By("coder", NOW)
CODING = Coding(DAY, "11", CLINIC)
CHART = Chart(
    tenant_id=TENANT, encounter_id=new_id(), version=1, stage="to_code", kind="office",
    last_day=DAY, received_at=NOW, updated_at=NOW,
)  # fmt: skip
VERBS: dict[str, Any] = {
    "take": lambda c: verbs.take(c, by=BY),
    "assign": lambda c: verbs.assign(c, team="t", assigned_to="", by=BY),
    "code": lambda c: verbs.code(c, (), (), by=BY),
    "pend": lambda c: verbs.pend(c, "missing_note", None, words="", by=BY),
    "give_back": lambda c: verbs.give_back(c, words="", by=BY),
    "wait_for_answer": lambda c: verbs.wait_for_answer(c, "q", by=BY),
    "note_answer": lambda c: verbs.note_answer(c, "q", by=BY),
    "document": lambda c: verbs.document(c, "d", 1, by=BY),
    "note_decision": lambda c: verbs.note_decision(c, {}, by=BY),
    "send_to_review": lambda c: verbs.send_to_review(c, "r", "rule", by=BY),
    "send_back": lambda c: verbs.send_back(c, "r", by=BY),
    "finish": lambda c: verbs.finish(c, 1, by=BY),
    "reopen": lambda c: verbs.reopen(c, CODING, words="", by=BY),
    "void": lambda c: verbs.void(c, "entered_twice", by=BY),
}
# Where each verb leads from to_code, pended, queried, in_review, done and voided; "-" refuses.
LEADS = {
    "take": "to_code - - - - -",
    "assign": "to_code pended queried in_review - -",
    "code": "to_code - - - - -",
    "pend": "pended pended - - - -",
    "give_back": "- to_code to_code - - -",
    "wait_for_answer": "queried - queried - - -",
    "note_answer": "to_code pended to_code in_review done -",
    "document": "to_code pended queried in_review done -",
    "note_decision": "to_code - - - - -",
    "send_to_review": "in_review - - - - -",
    "send_back": "- - - to_code - -",
    "finish": "done - - done - -",
    "reopen": "- - - - to_code -",
    "void": "voided voided voided voided voided -",
}


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_from_every_stage(verb: str) -> None:
    stages: list[Stage] = list(TRANSITIONS)
    found = [VERBS[verb](replace(CHART, stage=stage)) for stage in stages]
    led = ["-" if isinstance(each, StageRefused) else each.chart.stage for each in found]
    assert " ".join(led) == LEADS[verb]
    for each in found:
        if isinstance(each, ChartStep):
            assert (each.chart.version, each.entry.version) == (2, 2)


def test_time_is_counted_while_somebody_works_and_not_over_night() -> None:
    taken = verbs.take(CHART, by=BY)
    assert isinstance(taken, ChartStep)
    for hours, seconds in ((1, 3_600), (14, 4 * 3_600)):
        later = By("coder", NOW + timedelta(hours=hours))
        pended = verbs.pend(taken.chart, "x", None, words="", by=later)
        assert isinstance(pended, ChartStep)
        assert (pended.chart.work_seconds, pended.chart.begun_at) == (seconds, None)


def test_a_thousand_dollars_wait_like_a_day() -> None:
    older, dearer = (
        replace(CHART, last_day=DAY - timedelta(days=2)),
        replace(CHART, expected_cents=300_000),
    )
    assert dearer.rank < older.rank < CHART.rank


NO = False
FACTS = Facts(
    "office", NO, "DEMO1", "MB", "1000000004", "11", "coder", 12_500, ("I10", "E119"),
    (CodedLine("99213", DAY, (0,), ("25",)), CodedLine("36415", DAY, (0,))),
)  # fmt: skip


@pytest.mark.parametrize(
    ("criteria", "matches"),
    [
        ({}, True),
        ({"kinds": ("inpatient", "office")}, True),
        ({"kinds": ("inpatient",)}, False),
        ({"payer_ids": ("DEMO2",)}, False),
        ({"filing_codes": ("MB",), "places": ("11",)}, True),
        ({"provider_npis": ("1",)}, False),
        ({"coders": ("coder",)}, True),
        ({"diagnosis_prefixes": ("E08-E13",)}, True),
        ({"diagnosis_prefixes": ("E08-E10",)}, False),
        ({"principal_prefixes": ("E11",)}, False),
        ({"without_diagnosis_prefixes": ("E11",)}, False),
        ({"only_diagnosis_prefixes": ("I", "E11")}, True),
        ({"only_diagnosis_prefixes": ("I",)}, False),
        ({"procedures": ("99212-99213",)}, True),
        ({"only_procedures": ("992",)}, False),
        ({"modifiers": ("25", "59")}, True),
        ({"modifiers": ("59",)}, False),
        ({"is_inpatient": True}, False),
        ({"min_cents": 12_500, "max_cents": 12_500}, True),
        ({"min_cents": 12_501}, False),
        ({"min_units": 2}, False),
        ({"min_diagnoses": 2}, True),
    ],
)
def test_all_criteria_that_are_given_must_hold(criteria: dict[str, Any], *, matches: bool) -> None:
    assert Criteria(**criteria).match(FACTS) is matches


@pytest.mark.parametrize(
    ("code", "pattern", "under"),
    [("E119", "E11", True), ("E119", "E08-E13", True), ("E149", "E08-E13", False),
     ("99214", "99213-99215", True), ("99216", "99213-99215", False), ("E11", "E119", False)],
)  # fmt: skip
def test_a_code_is_under_its_beginning_and_in_a_range(
    code: str, pattern: str, *, under: bool
) -> None:
    assert is_under(code, pattern) is under


def proposal(code: str = "I10", **changes: Any) -> Proposal:
    suggestion = Suggestion(
        code=code, system="icd10cm", title="", evidence=(Span(0, 3),), assertion="present",
        method="title", score=0.95, release=ReleaseName("icd10cm", "2026-04"),
    )  # fmt: skip
    found = replace(suggestion, **changes)
    number = derived_id(TENANT, code)
    return Proposal(TENANT, number, CHART.encounter_id, TENANT, 1, found, NOW)


RULE = DeskRule(
    "release", "hypertension", effect=Effect(families=("I10", "E11"), sample_permille=0)
)
CHARGED = replace(FACTS, lines=(CodedLine("99213", DAY),))
SIDE = Ask("side", "", ())


@pytest.mark.parametrize(
    ("rule", "facts", "proposals", "reasons"),
    [
        (RULE, CHARGED, [proposal()], ()),
        (replace(RULE, is_active=False), CHARGED, [proposal()], ("no_rule",)),
        (replace(RULE, criteria=Criteria(kinds=("x",))), CHARGED, [proposal()], ("no_rule",)),
        (RULE, replace(FACTS, lines=()), [proposal()], ("no_charges",)),
        (RULE, CHARGED, [], ("no_suggestion",)),
        (RULE, CHARGED, [proposal(assertion="negated")], ("no_suggestion",)),
        (RULE, CHARGED, [proposal(score=0.89)], ("unsure",)),
        (RULE, CHARGED, [proposal("J069")], ("family_not_released",)),
        (RULE, CHARGED, [proposal(asks=(SIDE,))], ("asks:side",)),
        (RULE, CHARGED, [proposal(f"E11{at}") for at in range(5)], ("too_many_diagnoses",)),
        (RULE, CHARGED, [proposal(), proposal("99213", system="hcpcs")], ("other_code_systems",)),
    ],
)
def test_what_a_rule_lets_go_and_why_not(
    rule: DeskRule, facts: Facts, proposals: list[Proposal], reasons: tuple[str, ...]
) -> None:
    found = release([rule], facts, proposals, CHART.encounter_id)
    assert (found.reasons if isinstance(found, Withheld) else ()) == reasons
    assert isinstance(found, Release) is not bool(reasons)


def test_a_sample_has_its_share_and_is_the_same_again() -> None:
    ids = [derived_id(TENANT, number) for number in range(2_000)]
    once = [drawn(each, "sample:x", 100) for each in ids]
    assert once == [drawn(each, "sample:x", 100) for each in ids]
    assert 150 <= sum(once) <= 250
    assert once != [drawn(each, "sample:y", 100) for each in ids]


def test_a_later_decision_replaces_an_earlier_one() -> None:
    chart = replace(CHART, diagnoses=(CodedDiagnosis("E119", "ABK"),),
                    lines=(CodedLine("99213", DAY, (0, 1)),))  # fmt: skip
    first = decide(proposal(), "accept", code="", reason="", by=BY)
    taken = codes_after(chart, proposal(), first, DAY)
    assert [each.code for each in taken.diagnoses] == ["E119", "I10"]
    chart = replace(chart, diagnoses=taken.diagnoses)
    edited = decide(first, "edit", code="I119", reason="specificity", by=BY)
    assert [each.code for each in codes_after(chart, first, edited, DAY).diagnoses] == [
        "E119", "I119",
    ]  # fmt: skip
    # A principal diagnosis that is edited stays principal, and the lines still point at it.
    alone = replace(chart, diagnoses=(CodedDiagnosis("I10", "ABK"), CodedDiagnosis("E119", "ABF")))
    stood_in = codes_after(alone, first, edited, DAY)
    assert [(each.code, each.code_type) for each in stood_in.diagnoses] == [
        ("I119", "ABK"), ("E119", "ABF"),
    ]  # fmt: skip
    assert stood_in.lines[0].diagnosis_pointers == (0, 1)
    rejected = codes_after(chart, first, decide(first, "reject", code="", reason="", by=BY), DAY)
    assert [each.code for each in rejected.diagnoses] == ["E119"]
    assert rejected.lines[0].diagnosis_pointers == (0,)
    # What was said of the other diagnoses stays said.
    on_admission = replace(chart.diagnoses[0], present_on_admission_indicator="N")
    stayed = replace(chart, diagnoses=(on_admission, *chart.diagnoses[1:]))
    refused = decide(first, "reject", code="", reason="", by=BY)
    assert codes_after(stayed, first, refused, DAY).diagnoses == (on_admission,)


ASKED = Question(
    "Which type of anemia do the indicators represent?",
    "Hemoglobin 7.9 after 900 mL blood loss.",
    ("Acute blood loss anemia", "Iron deficiency anemia", "Other", "Unable to determine"),
)


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({}, []),
        ({"options": ()}, []),
        ({"question": "Which type of anemia."}, ["Q001"]),
        ({"indicators": ""}, ["Q002"]),
        ({"question": "Which diagnosis brings the better DRG?"}, ["Q003"]),
        ({"options": (*ASKED.options, "Sepsis (an HCC)")}, ["Q003"]),
        ({"indicators": "Hemoglobin 7.9. Acute anemia would change the DRG."}, ["Q003"]),
        ({"indicators": "Hemoglobin 7.9. Please document acute anemia."}, ["Q004"]),
        ({"indicators": "HCC of the liver, segment 6; denial of alcohol use."}, []),
        ({"question": "Would you agree that this is sepsis?"}, ["Q004", "Q005"]),
        ({"question": "Please document acute anemia. Which is it?"}, ["Q004"]),
        ({"question": "Is this acute blood loss anemia?"}, ["Q005"]),
        ({"question": "Is this present on admission?", "may_be_yes_no": True}, []),
        ({"options": ("Sepsis", "Other", "Unable to determine")}, ["Q006"]),
        ({"options": ASKED.options[:2]}, ["Q007", "Q007"]),
        ({"options": ("Yes", "No", "Other", "Undetermined")}, ["Q005", "Q005"]),
    ],
)
def test_a_query_leaves_the_answer_to_the_physician(
    changes: dict[str, Any], codes: list[str]
) -> None:
    asked = replace(ASKED, **changes)
    assert [each.code for each in breaches(asked)] == codes
    # Control: with its rule off, a breach is not seen.
    assert breaches(asked, without=frozenset(codes)) == []


def test_every_rule_of_wording_has_a_case() -> None:
    assert set(checks()) == {f"Q00{number}" for number in range(1, 8)}


@pytest.mark.parametrize("code", templates())
def test_every_template_may_be_sent(code: str) -> None:
    assert breaches(templates()[code].asked("Findings of this record, with their dates.")) == []


QUERY = query.Query(
    TENANT, new_id(), CHART.encounter_id, 1, "draft", "anemia_type", "1000000004", ASKED, "coder",
    NOW,
)  # fmt: skip


@pytest.mark.parametrize(
    ("status", "verb", "leads"),
    [
        ("draft", "send", "sent"), ("sent", "send", "-"), ("closed", "send", "-"),
        ("draft", "answer", "-"), ("sent", "answer", "answered"), ("answered", "answer", "-"),
        ("draft", "withdrawn", "closed"), ("sent", "no_answer", "closed"),
        ("sent", "agreed", "-"), ("answered", "agreed", "closed"),
        ("answered", "withdrawn", "-"), ("closed", "agreed", "-"),
        ("draft", "rewrite", "draft"), ("sent", "rewrite", "-"),
    ],
)  # fmt: skip
def test_a_query_goes_one_way(status: Any, verb: str, leads: str) -> None:
    asked = replace(QUERY, status=status)
    found: Any
    if verb == "send":
        found = query.send(asked, by=BY)
    elif verb == "answer":
        found = query.answer(asked, "", 0, by=BY)
    elif verb == "rewrite":
        found = query.rewrite(asked, ASKED, by=BY)
    else:
        found = query.close(asked, verb, by=BY)  # type: ignore[arg-type]
    assert (found.status if isinstance(found, query.Query) else "-") == leads


def test_what_gives_the_answer_away_is_not_sent() -> None:
    leading = replace(QUERY, question=replace(ASKED, question="Is this sepsis?"))
    assert isinstance(query.send(leading, by=BY), query.NotCompliant)


def test_turnaround_is_from_sending_to_the_answer() -> None:
    sent = query.send(QUERY, by=BY)
    assert isinstance(sent, query.Query)
    answered = query.answer(sent, "", 0, by=By("doctor", NOW + timedelta(hours=2)))
    assert isinstance(answered, query.Query)
    assert (sent.turnaround_seconds, answered.turnaround_seconds) == (None, 7_200)


REVIEW = Review(TENANT, new_id(), CHART.encounter_id, 1, "audit", "coder", "", "", CODING, NOW)
WRONG = ReviewFinding("wrong", "major", "coder", "I10", "I119", 5_000)


def test_a_review_is_judged_rebutted_and_resolved() -> None:
    auditor = By("auditor", NOW)
    found = review.judge(REVIEW, [WRONG, WRONG], "see the note", by=auditor)
    assert isinstance(found, Review)
    assert (found.status, len(found.upheld), found.version) == ("disagreed", 2, 2)
    rebutted = review.rebut(found, "no", by=BY)
    assert isinstance(rebutted, Review)
    resolved = review.resolve(rebutted, frozenset({0}), "", by=auditor)
    assert isinstance(resolved, Review)
    assert (resolved.status, len(resolved.upheld)) == ("resolved", 1)
    assert [who for who, _ in resolved.words] == ["reviewer", "coder"]


@pytest.mark.parametrize(
    ("verb", "reason"),
    [
        (lambda: review.judge(REVIEW, [], "", by=BY), "own_coding"),
        (lambda: review.rebut(REVIEW, "", by=BY), "review_open"),
        (lambda: review.resolve(REVIEW, frozenset(), "", by=BY), "review_open"),
        (lambda: review.judge(replace(REVIEW, status="agreed"), [], "", by=By("x", NOW)),
         "review_agreed"),
    ],
)  # fmt: skip
def test_what_a_review_refuses(verb: Any, reason: str) -> None:
    assert verb() == ReviewRefused(reason)
