"""Questions as they leave and answers as they come, through the codec's own readers and writers."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from payer_gateway.domain.coverage_x12 import coverage_answers
from payer_gateway.domain.eligibility import AskedPerson, EligibilityQuestion
from payer_gateway.domain.inquiry import Inquiry, InquiryStatus, trace_number
from payer_gateway.domain.lifecycle import SubmissionStatus
from payer_gateway.domain.parties import Unsendable
from payer_gateway.domain.partner import Numbers, TradingPartner
from payer_gateway.domain.questions import AboutClaim, AboutCoverage, write
from payer_gateway.domain.status_x12 import claim_reports
from payer_gateway.domain.submission import Submission
from rcm.contracts.claims import ClaimReady
from rcm.contracts.values import Coverage
from rcm.ids import derived_id
from rcm.testing.samples import SAMPLES, build, sample
from rcm_x12 import eligibility_270, eligibility_271, status_276, status_277
from rcm_x12.values import Name

AT = datetime(2026, 3, 4, 12, tzinfo=UTC)
PARTNER = TradingPartner(
    SAMPLES,
    SAMPLES,
    "House",
    "SUB001",
    "Northside Clinic",
    "Billing",
    "3125550100",
    "RCV001",
    "House",
    "https://house.test",
)
NUMBERS = Numbers(interchange=7, group=7)
PERSON = AskedPerson("Doe", "Jane", birth_date=date(1980, 2, 3), sex="F")


def inquiry(kind: Any) -> Inquiry:
    inquiry_id = derived_id(SAMPLES, kind)
    return Inquiry(
        SAMPLES,
        inquiry_id,
        kind,
        "request",
        "DEMO1",
        SAMPLES,
        "PAYER7",
        trace_number(inquiry_id),
        InquiryStatus.QUEUED,
        AT,
    )


def coverage(**changes: Any) -> AboutCoverage:
    fields = {
        "payer_name": "Demo payer",
        "provider_npi": "1234567893",
        "provider_name": "Northside Clinic",
        "service_date": date(2026, 3, 2),
        "service_type_codes": ("30", "98"),
        "member_id": "W1",
        "subscriber": PERSON,
    }
    return AboutCoverage(inquiry("270"), EligibilityQuestion(**(fields | changes)))


def submission(claim: ClaimReady) -> Submission:
    return Submission(
        SAMPLES,
        SAMPLES,
        claim.claim_id,
        SAMPLES,
        "",
        claim.patient_control_number,
        "DEMO1",
        claim.billing_provider.npi,
        "1",
        claim.charge_cents,
        SubmissionStatus.PAYER_ACCEPTED,
        None,
        None,
        None,
        "ICN1",
        None,
        AT,
        AT,
        AT,
    )


def about_claim(**changes: Any) -> AboutClaim:
    claim = sample(ClaimReady, **changes)
    return AboutClaim(inquiry("276"), submission(claim), claim, claim.person.value)


def test_a_coverage_is_asked_about_under_our_trace() -> None:
    asked = coverage()
    written = write(PARTNER, NUMBERS, [asked], at=AT)
    reading = eligibility_270.read(written.content)
    assert reading.all_findings == ()
    [found] = reading.contents
    [(subscriber, dependent)] = list(found.patients)
    assert dependent is None
    assert found.reference == asked.inquiry.trace_number
    assert subscriber.traces[0].number == asked.inquiry.trace_number
    assert len(subscriber.traces[0].originator_id) == 10
    assert subscriber.member.name.id == "W1"
    assert found.sources[0].source.name.id == "PAYER7"
    assert written.set_numbers == {asked.inquiry.inquiry_id: "0001"}
    assert write(PARTNER, NUMBERS, [asked], at=AT).content == written.content


def test_a_dependent_hangs_under_the_subscriber() -> None:
    child = replace(PERSON, first_name="Tim")
    asked = coverage(dependent=child, relationship_code="19", group_number="G7")
    reading = eligibility_270.read(write(PARTNER, NUMBERS, [asked], at=AT).content)
    assert reading.all_findings == ()
    [(subscriber, dependent)] = list(reading.contents[0].patients)
    assert dependent is not None
    assert dependent.traces[0].number == asked.inquiry.trace_number
    assert dependent.member.name.first_name == "TIM"
    assert not subscriber.traces
    assert [each.value for each in subscriber.member.references] == ["G7"]


def answered(**levels: Any) -> eligibility_271.Response:
    content = write(PARTNER, NUMBERS, [coverage()], at=AT).content
    [asked] = eligibility_270.read(content).contents
    [source] = asked.sources
    [receiver] = source.receivers
    [(subscriber, _)] = list(asked.patients)
    below = eligibility_271.Subscriber(
        subscriber.member,
        levels.get("benefits", ()),
        tuple(replace(trace, is_answered=True) for trace in subscriber.traces),
        levels.get("subscriber", ()),
    )
    asking = eligibility_271.ResponseReceiver(
        receiver.receiver,
        () if "provider" in levels else (below,),
        levels.get("provider", ()),
    )
    return eligibility_271.Response(
        asked.reference,
        AT,
        (
            eligibility_271.ResponseSource(
                source.source,
                () if "payer" in levels else (asking,),
                levels.get("payer", ()),
            ),
        ),
    )


@pytest.mark.parametrize("level", ["payer", "provider", "subscriber"])
def test_a_refusal_names_its_level(level: str) -> None:
    rejection = eligibility_271.Rejection("42", "R")
    [(trace, answer)] = coverage_answers(answered(**{level: (rejection,)}))
    assert trace == coverage().inquiry.trace_number
    assert [(each.level, each.code) for each in answer.errors] == [(level, "42")]
    assert answer.may_be_asked_again


def test_benefits_come_through_exactly() -> None:
    benefits = (
        eligibility_271.Benefit("1", service_type_codes=("30",), plan_name="GOLD"),
        eligibility_271.Benefit("A", service_type_codes=("98",), share_ppm=125_000, network="N"),
        eligibility_271.Benefit("C", period_code="29", amount_cents=41_250, authorization="Y"),
    )
    content = eligibility_271.write(_envelope(), [answered(benefits=benefits)])
    [(_, answer)] = coverage_answers(eligibility_271.read(content).contents[0])
    assert answer.coverage_status == "active"
    assert answer.benefits[1].share_ppm == 125_000
    assert answer.benefits[2].amount_cents == 41_250
    assert answer.benefits[2].authorization_required is True
    assert answer.member_id == "W1"
    assert "DOE" not in repr(answer)


def _envelope() -> Any:
    content = write(PARTNER, NUMBERS, [coverage()], at=AT).content
    return eligibility_270.read(content).sets[0].envelope


@pytest.mark.parametrize("relationship", ["self", "child"])
def test_a_claim_is_asked_about_as_it_was_sent(relationship: Any) -> None:
    asked = about_claim(coverage=build(Coverage, rank="primary", relationship=relationship))
    written = write(PARTNER, NUMBERS, [asked], at=AT)
    reading = status_276.read(written.content)
    assert reading.all_findings == ()
    [found] = reading.contents
    [claim] = found.claims
    assert claim.trace_number == asked.inquiry.trace_number
    assert claim.patient_account_number == asked.claim.patient_control_number
    assert (claim.payer_claim_number, claim.charge_cents) == ("ICN1", asked.claim.charge_cents)


def test_a_claim_without_its_member_cannot_be_asked_about() -> None:
    asked = about_claim()
    nobody = asked.persons.model_copy(update={"members": ()})
    with pytest.raises(Unsendable, match="NM109"):
        write(PARTNER, NUMBERS, [replace(asked, persons=nobody)], at=AT)


def told(*claims: status_277.ClaimStatus, **above: Any) -> status_277.Response:
    person = status_277.Person(Name("DOE", "JANE", id_qualifier="MI", id="W1"))
    provider = status_277.ResponseProvider(
        (Name("CLINIC", is_person=False, id_qualifier="XX", id="1234567893"),),
        (status_277.Subscriber(person, claims),) if claims else (),
    )
    house = Name("CLINIC", is_person=False, id_qualifier="46", id="SUB001")
    payer = Name("PLAN", is_person=False, id_qualifier="PI", id="P1")
    receiver = status_277.ResponseReceiver(house, (provider,) if claims else (), **above)
    return status_277.Response("R1", AT, (status_277.ResponseSource(payer, (receiver,)),))


def said(category: str, day: int, **money: Any) -> status_277.Status:
    return status_277.Status((status_277.StatusCode(category, "20"),), date(2026, 3, day), **money)


def test_of_several_statuses_the_newest_day_wins() -> None:
    claim = status_277.ClaimStatus(
        "T1", (said("F1", 9, paid_cents=100), said("P1", 2)), patient_account_number="C1"
    )
    [(trace, [found])] = claim_reports(told(claim))
    assert (trace, found.category_code, found.paid_cents) == ("T1", "F1", 100)
    assert (found.patient_control_number, found.others_count) == ("C1", 0)


def test_several_claims_of_one_question_stay_together() -> None:
    claims = [status_277.ClaimStatus("T1", (said("P1", 2),)) for _ in range(3)]
    [(_, found)] = claim_reports(told(*claims))
    assert [each.others_count for each in found] == [2, 2, 2]


def test_a_question_that_is_turned_away_as_a_whole_is_known_by_its_reference() -> None:
    response = told(statuses=(said("E1", 4),), trace_number="T9")
    [(trace, [found])] = claim_reports(response)
    assert (trace, found.category_code, found.may_pass) == ("T9", "E1", True)
