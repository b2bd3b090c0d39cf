"""Every claim edit: a clean claim passes, one change makes exactly its finding appear."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from claims_world import World

from claims_svc.domain.claim import Claim
from claims_svc.domain.edits import Subject, blocks, edits, scrub
from claims_svc.domain.edits.registry import edit
from rcm.contracts.values import Coverage, Diagnosis, PriorDecision, PriorLine
from rcm.testing.claims import (
    CLINIC,
    DAY,
    MOMENT,
    PRIMARY,
    SECONDARY,
    STAY,
    VISIT,
    bill_coded,
    cas,
    persons,
    revenue,
    service,
)

CLEAN: Claim = World.of(service("99213", 10_000), service("36415", 5_000)).claim
TODAY = MOMENT.date()


def content(**changes: Any) -> Callable[[Subject], Subject]:
    """The subject with its claim's content changed."""

    def change(subject: Subject) -> Subject:
        changed = replace(subject.claim.content, **changes)
        return replace(subject, claim=replace(subject.claim, content=changed))

    return change


def claim(**changes: Any) -> Callable[[Subject], Subject]:
    return lambda subject: replace(subject, claim=replace(subject.claim, **changes))


def facts(**changes: Any) -> Callable[[Subject], Subject]:
    return lambda subject: replace(subject, **changes)


LINE, OTHER = CLEAN.content.lines
PRINCIPAL = Diagnosis(code="E119", code_type="ABK")
TWICE = Diagnosis(code="E119", code_type="ABF")
DEPENDENT = PRIMARY.model_copy(update={"relationship": "child"})
DECIDED = replace(CLEAN, status="adjudicated", payer_claim_number="ICN1")

MEDICARE = SECONDARY.model_copy(update={"filing_code": "MB"})
LINE_1 = PriorLine(
    line_number=1,
    procedure_code="99213",
    paid_cents=4_000,
    adjustments=cas(("CO", "45", 3_000), ("PR", "1", 3_000)),
)
LINE_2 = PriorLine(
    line_number=2, procedure_code="36415", paid_cents=3_000, adjustments=cas(("CO", "45", 2_000))
)
PRIOR = PriorDecision(rank="primary", decided_on=DAY, paid_cents=7_000, lines=(LINE_1, LINE_2))
SHIFTED = PRIOR.model_copy(
    update={
        "lines": (
            LINE_1.model_copy(update={"paid_cents": 4_001}),
            LINE_2.model_copy(update={"paid_cents": 2_999}),
        )
    }
)


def told(*prior: PriorDecision, second: Coverage = SECONDARY) -> Callable[[Subject], Subject]:
    """The claim on its way to a second payer, with what the first one decided."""

    def change(subject: Subject) -> Subject:
        passed = claim(billed_rank="secondary", persons=persons("primary", "secondary"))
        covered = content(coverages=(PRIMARY, second))
        return facts(prior=prior)(covered(passed(subject)))

    return change


CASES = [
    pytest.param(lambda subject: subject, [], id="clean"),
    pytest.param(content(lines=()), ["P001"], id="no line"),
    pytest.param(content(lines=(LINE, service("36415", None))), ["P002"], id="no price"),
    pytest.param(content(lines=(service("99213", 0),)), ["P003"], id="charges nothing"),
    pytest.param(
        content(lines=(LINE, OTHER.model_copy(update={"diagnosis_pointers": (3,)}))),
        ["P004"],
        id="pointer to nowhere",
    ),
    pytest.param(
        content(lines=(LINE, OTHER.model_copy(update={"diagnosis_pointers": (0, 0)}))),
        ["P004"],
        id="pointer twice",
    ),
    pytest.param(
        content(lines=(LINE, OTHER.model_copy(update={"modifiers": ("25", "25")}))),
        ["P005"],
        id="modifier twice",
    ),
    pytest.param(facts(billed_elsewhere=frozenset({"36415"})), ["P006"], id="billed already"),
    pytest.param(
        lambda subject: facts(billed_elsewhere=frozenset({"36415"}))(
            content(lines=(LINE, OTHER.model_copy(update={"modifiers": ("91",)})))(subject)
        ),
        [],
        id="repeated on purpose",
    ),
    pytest.param(content(lines=(LINE, LINE)), ["P007"], id="line twice"),
    pytest.param(content(diagnoses=(TWICE,)), ["D001"], id="no principal"),
    pytest.param(content(diagnoses=(PRINCIPAL, TWICE)), ["D002"], id="diagnosis twice"),
    pytest.param(
        content(diagnoses=(Diagnosis(code="W010XXA", code_type="ABK"),)),
        ["D003"],
        id="external cause first",
    ),
    pytest.param(
        content(billing_provider=CLINIC.model_copy(update={"npi": "1234567890"})),
        ["N001"],
        id="wrong check digit",
    ),
    pytest.param(
        content(billing_provider=CLINIC.model_copy(update={"address": None})),
        ["N002"],
        id="no billing address",
    ),
    pytest.param(
        content(billing_provider=CLINIC.model_copy(update={"tax_id": None})),
        ["N003"],
        id="no tax id",
    ),
    pytest.param(
        content(service_facility=CLINIC.model_copy(update={"address": None})),
        ["N004"],
        id="no facility address",
    ),
    pytest.param(content(coverages=()), ["C001"], id="no coverage"),
    pytest.param(
        lambda subject: claim(persons=persons("primary", "secondary"))(
            content(coverages=(SECONDARY, PRIMARY))(subject)
        ),
        ["C002"],
        id="ranks out of order",
    ),
    pytest.param(content(coverages=(PRIMARY, SECONDARY)), ["C003"], id="no member"),
    pytest.param(content(coverages=(DEPENDENT,)), ["C004"], id="no subscriber"),
    pytest.param(content(patient_authorized_release=False), ["C005"], id="no release"),
    pytest.param(facts(today=DAY - timedelta(days=1)), ["T001"] * 3, id="in the future"),
    pytest.param(
        content(lines=(LINE, OTHER.model_copy(update={"end_date_of_service": date(2026, 3, 1)}))),
        ["T002"],
        id="ends before it begins",
    ),
    pytest.param(content(date_of_service=date(1970, 1, 1)), ["T003"], id="before birth"),
    pytest.param(claim(filing_deadline=TODAY - timedelta(days=1)), ["T101"], id="too late"),
    pytest.param(
        lambda subject: facts(original=DECIDED)(
            claim(frequency_code="8", filing_deadline=TODAY - timedelta(days=1))(subject)
        ),
        [],
        id="too late, but it gives money back",
    ),
    pytest.param(claim(filing_deadline=TODAY + timedelta(days=30)), ["T102"], id="nearly late"),
    pytest.param(claim(filing_deadline=TODAY + timedelta(days=31)), [], id="in time"),
    pytest.param(claim(frequency_code="7"), ["L001", "L002"], id="replaces nothing"),
    pytest.param(
        lambda subject: facts(original=replace(DECIDED, payer_claim_number=None))(
            claim(frequency_code="8")(subject)
        ),
        ["L002"],
        id="no payer number",
    ),
    pytest.param(
        lambda subject: facts(original=replace(DECIDED, status="submitted"))(
            claim(frequency_code="7")(subject)
        ),
        ["L001"],
        id="not decided",
    ),
    pytest.param(
        lambda subject: facts(original=DECIDED)(claim(frequency_code="7")(subject)),
        [],
        id="replaces a decided claim",
    ),
    pytest.param(told(PRIOR), [], id="second payer"),
    pytest.param(told(), ["B001"], id="first payer silent"),
    pytest.param(told(PRIOR.model_copy(update={"paid_cents": 6_999})), ["B002"], id="cent missing"),
    pytest.param(
        told(PRIOR.model_copy(update={"lines": (LINE_1, LINE_1)})),
        ["B002", "B003"],
        id="line decided twice",
    ),
    pytest.param(told(SHIFTED), ["B003", "B003"], id="a cent of one line at the other"),
    pytest.param(told(PRIOR, second=MEDICARE), ["B004"], id="Medicare second"),
    pytest.param(
        told(PRIOR, second=MEDICARE.model_copy(update={"insurance_type_code": "12"})),
        [],
        id="Medicare second for a reason",
    ),
    pytest.param(
        lambda subject: claim(persons=persons("primary", "secondary"))(
            content(coverages=(PRIMARY, MEDICARE))(subject)
        ),
        ["B104"],
        id="Medicare later",
    ),
    pytest.param(
        lambda subject: claim(frequency_code="7")(told(PRIOR)(subject)),
        [],
        id="replacement for a second payer",
    ),
]


CLEAN_STAY: Claim = World.from_coding(bill_coded()).claim


def bill(**changes: Any) -> Callable[[Subject], Subject]:
    """The subject's bill, a stay in hospital, changed."""
    return content(institutional=STAY.model_copy(update=changes))


BILLS = [
    pytest.param(lambda subject: subject, [], id="clean"),
    pytest.param(bill(admission_date=None), ["I001"], id="no admission"),
    pytest.param(bill(discharge_time=None), ["I002"], id="no discharge"),
    pytest.param(bill(discharge_time=None, patient_status_code="30"), [], id="still a patient"),
    pytest.param(bill(discharge_time=None, type_of_bill="112"), [], id="first of several"),
    pytest.param(bill(admitting_diagnosis_code=None), ["I003"], id="no admitting diagnosis"),
    pytest.param(
        content(institutional=VISIT.model_copy(update={"admission_type_code": "1"})),
        ["I004"],
        id="no reason for an unplanned visit",
    ),
    pytest.param(content(institutional=VISIT), [], id="a planned visit"),
    pytest.param(bill(attending_provider=None), ["I005"], id="nobody attended"),
    pytest.param(
        bill(attending_provider=CLINIC.model_copy(update={"npi": "1234567890"})),
        ["N001"],
        id="attending with a wrong check digit",
    ),
    pytest.param(
        content(end_date_of_service=DAY - timedelta(days=1)),
        ["I006"] * 3,
        id="a statement that ends before it begins",
    ),
    pytest.param(
        content(lines=(revenue("0120", 100, date_of_service=DAY - timedelta(days=1)),)),
        ["I006"],
        id="a line before the statement",
    ),
    pytest.param(content(lines=(revenue("0001", 120_000),)), ["I007"], id="the total as a line"),
    pytest.param(
        content(diagnoses=(PRINCIPAL,)), ["I008"], id="silent about what was there on admission"
    ),
    pytest.param(
        content(lines=(revenue("0120", 100), revenue("0120", 200))), [], id="rooms at two rates"
    ),
    pytest.param(
        content(lines=(revenue("0300", 100, "36415"), revenue("0300", 100, "36415"))),
        ["P007"],
        id="a procedure twice",
    ),
    pytest.param(
        facts(billed_elsewhere=frozenset({"0120:"})), ["P006"], id="the same room on another bill"
    ),
    pytest.param(
        lambda subject: facts(billed_elsewhere=frozenset({"99213"}))(
            content(institutional=VISIT, lines=(revenue("0510", 100, "99213"),))(subject)
        ),
        [],
        id="the doctor's own claim for the same visit",
    ),
]


@pytest.mark.parametrize(("change", "codes"), BILLS)
def test_scrub_of_a_bill(change: Callable[[Subject], Subject], codes: list[str]) -> None:
    found = scrub(change(Subject(CLEAN_STAY, TODAY)))
    assert [finding.code for finding in found] == codes


@pytest.mark.parametrize(("change", "codes"), CASES)
def test_scrub(change: Callable[[Subject], Subject], codes: list[str]) -> None:
    found = scrub(change(Subject(CLEAN, TODAY)))
    assert [finding.code for finding in found] == codes


def test_every_edit_has_a_case_and_a_sentence() -> None:
    covered = {code for case in (*CASES, *BILLS) for code in case.values[1]}
    untested = {"N005"}
    assert set(edits()) - covered == untested
    assert all(known.rule.__doc__ for known in edits().values())


def test_a_short_postal_code_warns_and_does_not_hold() -> None:
    address = CLINIC.address
    assert address is not None
    short = address.model_copy(update={"postal_code": "62701"})
    billing = CLINIC.model_copy(update={"address": short})
    found = scrub(content(billing_provider=billing)(Subject(CLEAN, TODAY)))
    assert [finding.code for finding in found] == ["N005"]
    assert not blocks(found)


def test_two_edits_with_one_code_fail_at_once() -> None:
    with pytest.raises(TypeError, match="P001"):
        edit("P001")(edits()["P001"].rule)
