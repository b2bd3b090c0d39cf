"""Claims that use all of their guides, and Hypothesis strategies that leave some of it out."""

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

import x12_world as world
from hypothesis import strategies as st

from rcm_x12 import claim_837i, claim_837p
from rcm_x12.claim_837i import Occurrence, OccurrenceSpan, PerformedProcedure, ValueCode
from rcm_x12.claim_837p import (
    Answer,
    Attachment,
    Condition,
    Contract,
    Dependent,
    Diagnosis,
    Drug,
    Equipment,
    EquipmentNeed,
    Form,
    LineAdjudication,
    Location,
    Measurement,
    Organization,
    OtherCoverage,
    OtherPayerProvider,
    Payer,
    Provider,
    PurchasedService,
    Repricing,
    SpinalTreatment,
    Transport,
)
from rcm_x12.values import (
    Adjustment,
    Amount,
    Contact,
    InpatientRemarks,
    Note,
    OutpatientRemarks,
    Procedure,
    QualifiedDate,
    Quantity,
    Reference,
)

T = TypeVar("T")
DAY = world.DAY
DOCTOR = Provider("HALL", "1245319599", is_person=True, first_name="ANN", middle_name="B")
OLD_NUMBERS = (Reference("0B", "ST1"), Reference("G2", "PN1"))
NUMBERED = replace(DOCTOR, references=OLD_NUMBERS)
"""With numbers of the days before the NPI."""
OWNED = replace(DOCTOR, references=(Reference("G2", "PN1", "FIRST1"),))
"""On a line a number may be another payer's."""
PLACE = Provider(
    "EAST HOSPITAL",
    "1245319599",
    address=world.ADDRESS,
    references=(Reference("G2", "PN1"),),
    contact=Contact("DESK", "2175550111", "12"),
)
REPRICING = Repricing(
    "03", 9000, 1000, "ORG1", Decimal("1.5"), "APG1", 100, rejection_code="T1", compliance_code="1"
)
CONTRACT = Contract("01", 5000, Decimal("12.5"), "C1", Decimal(2), "V1")
CUTS = (
    Adjustment("CO", "45", 3000),
    Adjustment("PR", "1", 2000),
    Adjustment("PR", "3", 1000, Decimal("1.5")),
)
OTHER_PERSON = replace(world.PERSON, birth_date=None, sex="")
FIRST = OtherCoverage(
    rank="P",
    relationship_code="18",
    person=OTHER_PERSON,
    member_id="M777",
    payer=Payer(
        "FIRST PAYER",
        "FIRST1",
        address=world.ADDRESS,
        references=tuple(Reference(code, "1") for code in ("2U", "G1", "9F", "T4", "F8")),
    ),
    group_number="G1",
    insurance_type_code="12",
    adjustments=CUTS,
    paid_cents=4000,
    non_covered_cents=100,
    remaining_liability_cents=3000,
    patient_signature_source="P",
    remarks=OutpatientRemarks(("MA01",), Decimal("0.5"), 100, 200, 300),
    adjudicated_on=DAY,
    references=(Reference("SY", "123456789"),),
    providers=(
        OtherPayerProvider("DN", OLD_NUMBERS),
        OtherPayerProvider("P3", OLD_NUMBERS),
        OtherPayerProvider("82", OLD_NUMBERS),
        OtherPayerProvider("77", OLD_NUMBERS, is_person=False),
        OtherPayerProvider("DQ", OLD_NUMBERS),
        OtherPayerProvider("85", (Reference("G2", "PN1"),), is_person=False),
    ),
)
DECIDED = LineAdjudication(
    payer_id="FIRST1",
    paid_cents=4000,
    procedure=Procedure("99213", modifiers=("25",), description="A VISIT"),
    quantity=Decimal(1),
    bundled_line=1,
    adjustments=CUTS,
    adjudicated_on=DAY,
    remaining_liability_cents=3000,
)
LINE = replace(
    world.LINE,
    procedure=Procedure("99213", modifiers=("25", "59"), description="A LONG VISIT"),
    service_to=date(2026, 2, 3),
    place_of_service_code="12",
    is_emergency=True,
    is_epsdt=True,
    is_family_planning=True,
    is_copay_exempt=True,
    equipment=Equipment("E0100", Decimal(30), 1000, 9000, "4"),
    attachments=(Attachment("CT", "AD"), Attachment("OZ", "EL", "ATT1")),
    transport=Transport("A", Decimal(12), Decimal(160), "ROUND", "STRETCHER"),
    equipment_need=EquipmentNeed("I", Decimal(12)),
    conditions=(
        Condition("07", applies=True, codes=("01", "06")),
        Condition("70", applies=False, codes=("65",)),
        Condition("09", applies=True, codes=("38",)),
    ),
    dates=(
        QualifiedDate("471", DAY),
        QualifiedDate("607", DAY),
        QualifiedDate("463", DAY),
        QualifiedDate("461", DAY),
        QualifiedDate("304", DAY),
        QualifiedDate("738", DAY),
        QualifiedDate("011", DAY),
        QualifiedDate("455", DAY),
        QualifiedDate("454", DAY),
    ),
    quantities=(Quantity("PT", Decimal(2)), Quantity("FL", Decimal(1))),
    measurements=(Measurement("TR", "R1", Decimal("10.5")), Measurement("OG", "HT", Decimal(64))),
    contract=CONTRACT,
    prior_authorization_number="PA1",
    referral_number="RF1",
    references=(
        Reference("9B", "1"),
        Reference("9D", "2"),
        Reference("G1", "PA2", "FIRST1"),
        Reference("EW", "M1"),
        Reference("X4", "12D4567890"),
        Reference("F4", "12D4567891"),
        Reference("BT", "B1"),
        Reference("9F", "RF2", "FIRST1"),
    ),
    amounts=(Amount("T", 100), Amount("F4", 250)),
    fixed_format=("STATE DATA",),
    notes=(Note("ADD", "A NOTE"), Note("TPO", "FOR OTHERS")),
    purchased_service=PurchasedService("PN1", 700),
    repricing=replace(
        REPRICING,
        procedure_qualifier="HC",
        procedure_code="99212",
        units="UN",
        quantity=Decimal(1),
    ),
    drug=Drug("00011122233", Decimal("2.5"), "ML", Reference("XZ", "RX1")),
    rendering_provider=replace(OWNED, taxonomy_code="207Q00000X"),
    purchased_service_provider=Provider("", "1003000126", references=(Reference("G2", "PN1"),)),
    service_facility=replace(PLACE, contact=None),
    supervising_provider=OWNED,
    ordering_provider=replace(OWNED, address=world.ADDRESS, contact=Contact("X", "2175550100")),
    referring_provider=OWNED,
    primary_care_provider=OWNED,
    pick_up=Location(world.ADDRESS),
    drop_off=Location(world.ADDRESS, "EAST HOSPITAL"),
    adjudications=(DECIDED,),
    forms=(
        Form(
            "UT",
            "484.03",
            (
                Answer("1A", text="56"),
                Answer("2", yes_no="Y"),
                Answer("3", on=DAY),
                Answer("4", percent=Decimal("12.5")),
            ),
        ),
    ),
)
CLAIM = replace(
    world.CLAIM,
    subscriber=replace(
        world.SUBSCRIBER,
        rank="S",
        group_number="G1",
        insurance_type_code="12",
        person=replace(
            world.PERSON,
            suffix="JR",
            death_date=DAY,
            weight_pounds=Decimal("120.5"),
            is_pregnant=True,
            contact=Contact("ROBIN ROE", "2175550100"),
        ),
        references=(Reference("SY", "123456789"), Reference("Y4", "PC1")),
    ),
    payer=replace(
        world.PAYER,
        address=world.ADDRESS,
        references=(Reference("2U", "1"), Reference("G2", "PN1")),
    ),
    billing_provider=replace(
        world.BILLING,
        references=(Reference("0B", "ST1"), Reference("1G", "U1")),
        contact=Contact(
            "DESK",
            "2175550100",
            fax="2175550101",
            numbers=(("FX", "2175550101"), ("TE", "2175550100")),
        ),
        second_contact=Contact("NIGHT", email="NIGHT@CLINIC.EXAMPLE"),
    ),
    currency_code="USD",
    pay_to_address=world.ADDRESS,
    pay_to_is_person=True,
    pay_to_plan=Payer(
        "THE PLAN",
        "PLAN1",
        address=world.ADDRESS,
        references=(Reference("2U", "1"), Reference("EI", "123456789")),
    ),
    frequency_code="7",
    original_claim_number="ICN1",
    patient_signature_source="P",
    related_causes=("AA", "EM"),
    accident_state="IL",
    special_program_code="02",
    delay_reason_code="11",
    dates=tuple(
        QualifiedDate(code, DAY)
        for code in (
            *("431", "454", "304", "453", "439", "484", "455", "471"),
            *("360", "297", "296", "435", "096", "090", "091", "444", "050"),
        )
    ),
    attachments=(Attachment("OZ", "EL", "ATT1"), Attachment("B4", "AA")),
    contract=CONTRACT,
    patient_paid_cents=1050,
    prior_authorization_number="PA1",
    referral_number="RF1",
    clia_number="12D4567890",
    medical_record_number="MRN1",
    clearinghouse_trace_number="CH1",
    references=tuple(
        Reference(code, "1") for code in ("4N", "F5", "EW", "9A", "9C", "LX", "P4", "1J")
    ),
    fixed_format=("STATE DATA", "MORE"),
    note=Note("ADD", "SEEN TWICE"),
    transport=Transport("A", Decimal(12), Decimal(160)),
    spinal_treatment=SpinalTreatment("A", "BACK", "PAIN"),
    conditions=(
        Condition("07", applies=True, codes=("01", "06")),
        Condition("E1", applies=True, codes=("L1",)),
        Condition("75", applies=True, codes=("IH",)),
        Condition("ZZ", applies=False, codes=("NU",)),
    ),
    anesthesia_procedures=("00100", "00102"),
    condition_codes=tuple(f"{code:02d}" for code in range(1, 15)),
    repricing=REPRICING,
    referring_provider=NUMBERED,
    primary_care_provider=NUMBERED,
    rendering_provider=replace(NUMBERED, taxonomy_code="207Q00000X"),
    service_facility=PLACE,
    supervising_provider=NUMBERED,
    pick_up=Location(world.ADDRESS),
    drop_off=Location(world.ADDRESS, "EAST HOSPITAL"),
    other_coverages=(FIRST, replace(FIRST, rank="T", payer=Payer("THIRD PAYER", "THIRD1"))),
    lines=(LINE, replace(world.LINE, charge_cents=5000)),
)
"""Not a sensible bill, but all that the guide of the 837P can say."""

BILL_LINE = claim_837i.Line(
    revenue_code="0300",
    charge_cents=10000,
    quantity=Decimal(1),
    procedure=Procedure("85025"),
    non_covered_cents=500,
    service_from=DAY,
    service_to=date(2026, 2, 3),
    control_number="L-1",
    references=(Reference("9B", "1"), Reference("9D", "2")),
    attachments=(Attachment("OZ", "EL", "ATT1"),),
    amounts=(Amount("GT", 100), Amount("N8", 250)),
    notes=(Note("TPO", "FOR OTHERS"),),
    repricing=replace(REPRICING, revenue_code="0301", units="DA", quantity=Decimal(2)),
    drug=Drug("00011122233", Decimal("2.5"), "ML", Reference("XZ", "RX1")),
    operating_physician=OWNED,
    other_operating_physician=OWNED,
    rendering_provider=OWNED,
    referring_provider=OWNED,
    adjudications=(replace(DECIDED, revenue_code="0300"),),
)
BILL = claim_837i.Claim(
    control_number="I0001",
    charge_cents=15000,
    type_of_bill="117",
    billing_provider=replace(
        world.BILLING,
        contact=Contact("DESK", "2175550100"),
        second_contact=Contact("NIGHT", email="NIGHT@CLINIC.EXAMPLE"),
    ),
    subscriber=replace(
        world.SUBSCRIBER,
        rank="S",
        group_number="G1",
        references=(Reference("SY", "123456789"), Reference("Y4", "PC1")),
    ),
    payer=replace(world.PAYER, references=(Reference("2U", "1"), Reference("G2", "PN1"))),
    statement_from=DAY,
    statement_to=DAY,
    diagnoses=(
        Diagnosis("I2510", "ABK", "Y"),
        Diagnosis("R079", "ABJ"),
        Diagnosis("R079", "APR"),
        Diagnosis("R51", "APR"),
        Diagnosis("V0001XA", "ABN", "N"),
        *(Diagnosis(f"M54{code}", "ABF", "U") for code in range(10, 23)),
    ),
    lines=(
        BILL_LINE,
        claim_837i.Line("0120", 5000, Decimal(2), units="DA"),
    ),
    original_claim_number="ICN1",
    delay_reason_code="11",
    admission=QualifiedDate("435", DAY, None, "0900"),
    discharge_time="1130",
    dates=(QualifiedDate("050", DAY),),
    admission_type_code="1",
    admission_source_code="7",
    patient_status_code="01",
    attachments=(Attachment("OZ", "EL", "ATT1"),),
    contract=CONTRACT,
    patient_due_cents=0,
    prior_authorization_number="PA1",
    referral_number="RF1",
    medical_record_number="MRN1",
    clearinghouse_trace_number="CH1",
    references=tuple(
        Reference(code, "1") for code in ("4N", "9A", "9C", "LX", "LX", "LU", "P4", "G4")
    ),
    fixed_format=("STATE DATA",),
    notes=(Note("ALG", "NUTS"), Note("DCP", "GO HOME"), Note("ADD", "A NOTE")),
    conditions=(Condition("ZZ", applies=True, codes=("AV",)),),
    drg_code="470",
    procedures=(
        PerformedProcedure("0SR9019", DAY, "BBR"),
        *(PerformedProcedure(f"0SR90{code}", DAY) for code in range(10, 23)),
    ),
    occurrence_spans=(OccurrenceSpan("70", DAY, date(2026, 2, 3)),),
    occurrences=(Occurrence("11", DAY), Occurrence("12", DAY)),
    value_codes=(ValueCode("80", 300), ValueCode("A1", 12345)),
    condition_codes=("09", "C1"),
    treatment_codes=("A01",),
    repricing=REPRICING,
    attending_provider=replace(NUMBERED, taxonomy_code="207Q00000X"),
    operating_physician=NUMBERED,
    other_operating_physician=NUMBERED,
    rendering_provider=NUMBERED,
    service_facility=replace(PLACE, contact=None),
    referring_provider=NUMBERED,
    other_coverages=(
        replace(
            FIRST,
            insurance_type_code="",
            patient_signature_source="",
            inpatient_remarks=InpatientRemarks(("3", "", "", "100", "MA01")),
            providers=tuple(
                OtherPayerProvider(code, OLD_NUMBERS, is_person=code not in {"77", "85"})
                for code in ("71", "72", "ZZ", "77", "82", "DN")
            ),
        ),
    ),
    pay_to_address=world.ADDRESS,
    pay_to_plan=CLAIM.pay_to_plan,
    currency_code="USD",
)
"""Not a sensible bill either, but all that the guide of the 837I can say."""

DEPENDENT = Dependent(
    replace(world.PERSON, contact=Contact("ROBIN ROE", "2175550100")),
    "19",
    (Reference("Y4", "PC1"), Reference("SY", "123456789")),
)
SUBMITTER = Organization(
    "ROE",
    "CLINIC",
    world.CONTACT,
    Contact("NIGHT", email="NIGHT@CLINIC.EXAMPLE"),
    is_person=True,
    first_name="ROBIN",
    middle_name="Q",
)
_KEPT_LINE = frozenset({"charge_cents", "quantity", "control_number", "diagnosis_pointers"})
_KEPT_CLAIM = frozenset({"charge_cents", "type_of_bill", "admission_type_code"})
BILLERS = (
    world.BILLING,
    replace(world.BILLING, name="WEST CLINIC", npi="1245319599"),
    CLAIM.billing_provider,
)


def bill(claim: claim_837i.Claim = BILL, **changes: Any) -> claim_837i.Batch:
    """One ST with this institutional claim."""
    told = world.batch()
    one = replace(claim, **changes)
    return claim_837i.Batch("B0001", world.MOMENT, told.submitter, told.receiver, (one,))


def _optional(full: Any, kept: frozenset[str]) -> dict[str, Any]:
    """The fields that may be left out, with what they are then."""
    found = {}
    for one in fields(full):
        has_default = one.default.__class__.__name__ != "_MISSING_TYPE"
        if has_default and one.name not in kept and getattr(full, one.name) != one.default:
            found[one.name] = one.default
    return found


@st.composite
def some_of(draw: st.DrawFn, full: T, kept: frozenset[str]) -> T:
    """The full value without some of its optional parts."""
    optional = _optional(full, kept)
    left_out = draw(st.sets(st.sampled_from(sorted(optional))))
    return replace(full, **{name: optional[name] for name in left_out})  # type: ignore[type-var]


def _lines(full: T, most: int) -> st.SearchStrategy[tuple[T, ...]]:
    """A few lines with parts, or as many plain ones as a claim holds."""
    plain = replace(full, **_optional(full, _KEPT_LINE))  # type: ignore[type-var]
    one = st.builds(
        lambda line, cents: replace(line, charge_cents=cents),
        some_of(full, _KEPT_LINE),
        world.cents,
    )
    few = st.lists(one, min_size=1, max_size=2).map(tuple)
    return few | st.just((plain,) * most)


def _varied(full: T, line: Any, most: int, fix: Callable[[T], T]) -> st.SearchStrategy[T]:
    @st.composite
    def draw_one(draw: st.DrawFn) -> T:
        claim: Any = draw(some_of(full, _KEPT_CLAIM))
        lines = draw(_lines(line, most))
        dependent = draw(st.sampled_from([None, DEPENDENT, Dependent(world.PERSON, "01")]))
        subscriber = replace(
            draw(st.sampled_from([claim.subscriber, world.SUBSCRIBER])), member_id=draw(world.codes)
        )
        if dependent is not None:
            subscriber = replace(subscriber, person=draw(world.only_named))
        return fix(
            replace(
                claim,
                lines=lines,
                charge_cents=sum(one.charge_cents for one in lines),
                control_number=draw(world.codes),
                dependent=dependent,
                subscriber=subscriber,
                billing_provider=draw(st.sampled_from(BILLERS)),
            )
        )

    return draw_one()


def _sendable(claim: claim_837p.Claim) -> claim_837p.Claim:
    return replace(
        claim,
        original_claim_number="ICN1" if claim.frequency_code == "7" else "",
        accident_state="IL" if claim.related_causes else "",
        pay_to_is_person=True if claim.pay_to_address else None,
    )


def _sendable_bill(claim: claim_837i.Claim) -> claim_837i.Claim:
    biller = replace(claim.billing_provider, references=())
    dependent = claim.dependent
    if dependent is not None:
        dependent = replace(dependent, person=replace(dependent.person, contact=None))
    subscriber = replace(claim.subscriber, insurance_type_code="")
    lines = (replace(one, service_from=one.service_from or one.service_to) for one in claim.lines)
    return replace(
        claim,
        lines=tuple(lines),
        original_claim_number="ICN1",
        patient_status_code="01",
        billing_provider=biller,
        dependent=dependent,
        subscriber=subscriber,
    )


professional = _varied(CLAIM, LINE, 50, _sendable)
institutional = _varied(BILL, BILL_LINE, 60, _sendable_bill)
