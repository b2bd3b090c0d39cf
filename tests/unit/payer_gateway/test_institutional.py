"""Institutional claims to their 837I: facts have places, and strangers find the file right."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest
import x12_world as world

from payer_gateway.domain import batch
from payer_gateway.domain.claims import READY, kind_of_event, translated
from payer_gateway.domain.outbound import judge
from payer_gateway.domain.parties import Unsendable
from payer_gateway.domain.partner import Numbers, TradingPartner
from payer_gateway.second_opinion import second_opinion
from rcm.contracts.base import Sealed, SealedBytes
from rcm.contracts.claims import ClaimReady, InstitutionalClaimReady
from rcm.contracts.values import (
    ClaimReference,
    Diagnosis,
    ExternalCause,
    InstitutionalClaimLine,
    Occurrence,
    OccurrenceSpan,
    PerformedProcedure,
    Persons,
    PriorDecision,
    PriorLine,
    ValueCode,
)
from rcm.ids import derived_id
from rcm.testing.claims import (
    CLINIC,
    DAY,
    DOCTOR,
    PRIMARY,
    SECONDARY,
    STAY,
    VISIT,
    cas,
    persons,
)
from rcm.testing.samples import SAMPLES, sample
from rcm_x12 import claim_837i

AT = datetime(2026, 3, 4, 9, 30, tzinfo=UTC)
PARTNER = TradingPartner(
    SAMPLES,
    derived_id(SAMPLES, "partner"),
    "Clearing house",
    "SUB001",
    "Demo Clinic",
    "Billing office",
    "3125550100",
    "RCV001",
    "Clearing House",
    "https://partner.test",
)
PERSONS: Persons = persons()
SURGEON = DOCTOR.model_copy(update={"npi": "1245319599", "name": "Keen"})
FULL = STAY.model_copy(
    update={
        "external_causes": (ExternalCause(code="W19XXXA", present_on_admission_indicator="Y"),),
        "procedures": (
            PerformedProcedure(code="0DTJ4ZZ", performed_on=DAY),
            PerformedProcedure(code="0DB64Z3", performed_on=DAY),
        ),
        "occurrences": (Occurrence(code="11", on=DAY),),
        "occurrence_spans": (OccurrenceSpan(code="74", first_on=DAY, last_on=DAY),),
        "value_codes": (ValueCode(code="80", amount_cents=300),),
        "condition_codes": ("09",),
        "drg_code": "638",
        "operating_physician": SURGEON,
        "referring_provider": SURGEON,
    }
)


def line(number: int, revenue: str, cents: int, code: str = "", **rest: Any) -> Any:
    return InstitutionalClaimLine(
        line_number=number,
        line_control_number=f"C1-{number}",
        revenue_code=revenue,
        procedure_code=code,
        charge_amount_cents=cents,
        date_of_service=DAY,
        **rest,
    )


def ready(**changes: Any) -> InstitutionalClaimReady:
    """A day in hospital, 1,200.00."""
    plain = {
        "patient_control_number": "C1",
        "frequency_code": "1",
        "replaces": None,
        "coverage": PRIMARY,
        "other_coverages": (),
        "charge_cents": 120_000,
        "date_of_service": DAY,
        "end_date_of_service": date(2026, 3, 3),
        "billing_provider": CLINIC,
        "rendering_provider": None,
        "service_facility": None,
        "diagnoses": (
            Diagnosis(code="E119", code_type="ABK", present_on_admission_indicator="Y"),
            Diagnosis(code="I10", code_type="ABF", present_on_admission_indicator="N"),
        ),
        "lines": (line(1, "0120", 100_000, units="DA"), line(2, "0250", 20_000)),
        "institutional": FULL,
        "prior_authorization_number": "PA1",
        "referral_number": None,
    }
    return sample(InstitutionalClaimReady, **(plain | changes))


def visit(**changes: Any) -> InstitutionalClaimReady:
    """A planned visit to the hospital's clinic."""
    plain = {
        "end_date_of_service": DAY,
        "charge_cents": 30_000,
        "lines": (
            line(1, "0510", 25_000, "99213", modifiers=("25",)),
            line(2, "0270", 5_000, non_covered_amount_cents=500),
        ),
        "institutional": VISIT,
    }
    return ready(**(plain | changes))


def written(*events: InstitutionalClaimReady) -> bytes:
    claims = {derived_id(SAMPLES, n): translated(each, PERSONS) for n, each in enumerate(events)}
    file = batch.write(PARTNER, Numbers(interchange=7, group=7), claims, at=AT)
    assert file.kind == "837I"
    return file.content


ORIGINAL = ClaimReference(claim_id=SAMPLES, payer_claim_number="ICN1")
REPLACEMENT = {"frequency_code": "7", "replaces": ORIGINAL}
FILES: dict[str, Sequence[InstitutionalClaimReady]] = {
    "a stay": (ready(),),
    "a stay with as little as may be": (ready(institutional=STAY),),
    "a visit": (visit(),),
    "a replacement": (ready(**REPLACEMENT),),
    "another gave the service": (
        visit(
            rendering_provider=SURGEON,
            service_facility=CLINIC.model_copy(update={"npi": "1003000126"}),
        ),
    ),
    "a void": (visit(frequency_code="8", replaces=ORIGINAL),),
    "several": (ready(), visit(patient_control_number="C2")),
}


@pytest.mark.parametrize("events", FILES.values(), ids=FILES)
def test_our_checker_and_a_stranger_find_the_file_clean(
    events: Sequence[InstitutionalClaimReady],
) -> None:
    content = written(*events)
    assert b"*X*005010X223A2~" in content
    assert judge(content, on=AT.date()).is_clean
    assert second_opinion(content) == ()
    assert world.pyx12_accepts(content)
    reading = claim_837i.read(content)
    assert reading.all_findings == ()
    assert len(reading.contents[0].claims) == len(events)


@pytest.mark.parametrize(
    ("event", "attribute", "value"),
    [
        (ready(), "type_of_bill", "111"),
        (ready(**REPLACEMENT), "type_of_bill", "117"),
        (ready(**REPLACEMENT), "original_claim_number", "ICN1"),
        (ready(), "statement_to", date(2026, 3, 3)),
        (ready(), "admission.time", "0930"),
        (ready(), "discharge_time", "1130"),
        (ready(), "patient_status_code", "01"),
        (ready(), "attending_provider.npi", DOCTOR.npi),
        (ready(), "referring_provider.taxonomy_code", ""),
        (ready(), "operating_physician.npi", SURGEON.npi),
        (ready(rendering_provider=DOCTOR), "rendering_provider", None),
        (ready(rendering_provider=SURGEON), "rendering_provider.npi", SURGEON.npi),
        (visit(), "admission", None),
        (ready(), "drg_code", "638"),
        (ready(), "condition_codes", ("09",)),
        (ready(), "prior_authorization_number", "PA1"),
    ],
)
def test_each_fact_has_its_place(
    event: InstitutionalClaimReady, attribute: str, value: object
) -> None:
    found: Any = translated(event, PERSONS)
    for name in attribute.split("."):
        found = getattr(found, name)
    assert found == value


def test_every_kind_of_diagnosis_and_procedure_is_told_apart() -> None:
    claim = translated(ready(), PERSONS)
    assert isinstance(claim, claim_837i.Claim)
    kinds = [(each.code_type, each.code, each.present_on_admission) for each in claim.diagnoses]
    assert kinds == [
        ("ABK", "E119", "Y"), ("ABF", "I10", "N"), ("ABJ", "R079", ""), ("ABN", "W19XXXA", "Y"),
    ]  # fmt: skip
    assert [each.code_type for each in claim.procedures] == ["BBR", "BBQ"]


@pytest.mark.parametrize(("event", "days"), [(ready(), [None, None]), (visit(), [DAY, DAY])])
def test_only_lines_of_a_visit_have_days(event: InstitutionalClaimReady, days: list[Any]) -> None:
    claim = translated(event, PERSONS)
    assert [each.service_from for each in claim.lines] == days


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"billing_provider": CLINIC.model_copy(update={"address": None})}, "2010AA N3"),
        ({"frequency_code": "8"}, "2300 REF*F8"),
    ],
)
def test_what_is_missing_is_named_by_its_place(changes: dict[str, Any], place: str) -> None:
    with pytest.raises(Unsendable) as refusal:
        translated(ready(**changes), PERSONS)
    assert refusal.value.place == place


@pytest.mark.parametrize(
    ("event", "kind"), [(ready(), "837I"), (sample(ClaimReady), "837P")], ids=["837I", "837P"]
)
def test_a_kept_event_is_read_back_as_its_own_kind(event: Any, kind: str) -> None:
    sealed = event.model_copy(update={"person": Sealed(sealed=SealedBytes("k", b"x"))})
    again = READY.validate_json(sealed.model_dump_json())
    assert (type(again), kind_of_event(again)) == (type(event), kind)


def test_a_second_payer_is_told_by_revenue_code_what_the_first_one_decided() -> None:
    """2430 SVD04 is the line's revenue code; SVD03 only where the payer decided on a procedure."""
    prior = PriorDecision(
        rank="primary",
        payer_claim_number="ICN1",
        decided_on=DAY,
        paid_cents=90_000,
        remark_codes=("MA18",),
        lines=(
            PriorLine(
                line_number=1,
                procedure_code="0120",
                paid_cents=80_000,
                adjustments=cas(("PR", "1", 20_000)),
                patient_cents=20_000,
            ),
            PriorLine(
                line_number=2,
                procedure_code="J1885",
                paid_cents=10_000,
                adjustments=cas(("CO", "45", 10_000)),
                patient_cents=0,
            ),
        ),
    )
    event = ready(coverage=SECONDARY, other_coverages=(PRIMARY,), prior_decisions=(prior,))
    claim = translated(event, persons("primary", "secondary"))
    written = batch.write(PARTNER, Numbers(1, 1), {SAMPLES: claim}, at=AT)
    assert judge(written.content, on=AT.date()).is_clean
    assert second_opinion(written.content) == ()
    segments = written.content.decode("ascii").split("~")
    assert [each for each in segments if each.startswith(("SVD*", "AMT*", "MOA*", "MIA*"))] == [
        "AMT*D*900",
        "SVD*P1*800**0120*1",
        "AMT*EAF*200",
        "SVD*P1*100*HC:J1885*0250*1",
        "AMT*EAF*0",
    ]
