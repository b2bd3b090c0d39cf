"""837P: what is written can be read back, and two strangers agree that it is right."""

from dataclasses import replace
from decimal import Decimal

import pytest
import x12_world as world
from hypothesis import HealthCheck, given, settings
from x12sdk.io import X12ModelReader

from rcm_x12 import claim_837p
from rcm_x12.claim_837p import (
    Attachment,
    Claim,
    Condition,
    Dependent,
    Diagnosis,
    LineAdjudication,
    Location,
    OtherCoverage,
    Provider,
    Transport,
)
from rcm_x12.findings import WriteRefused
from rcm_x12.values import (
    Address,
    Adjustment,
    Amount,
    Contact,
    Note,
    OutpatientRemarks,
    Procedure,
    QualifiedDate,
    Reference,
)

SECONDARY = replace(
    world.CLAIM,
    subscriber=replace(world.SUBSCRIBER, rank="S"),
    other_coverages=(
        OtherCoverage(
            rank="P",
            relationship_code="18",
            person=replace(world.PERSON, birth_date=None, sex=""),
            member_id="M777",
            payer=claim_837p.Payer("FIRST PAYER", "FIRST1", references=(Reference("F8", "ICN9"),)),
            paid_cents=7000,
            remaining_liability_cents=3000,
            remarks=OutpatientRemarks(("MA01",)),
        ),
    ),
    lines=tuple(
        replace(
            line,
            adjudications=(
                LineAdjudication(
                    payer_id="FIRST1",
                    paid_cents=paid,
                    procedure=Procedure(line.procedure.code),
                    quantity=Decimal(1),
                    adjustments=cut,
                    adjudicated_on=world.DAY,
                ),
            ),
        )
        for line, paid, cut in zip(
            world.CLAIM.lines,
            (4000, 3000),
            (
                (
                    Adjustment("CO", "45", 3000),
                    Adjustment("PR", "1", 2000),
                    Adjustment("PR", "3", 1000),
                ),
                (Adjustment("CO", "45", 2000),),
            ),
            strict=True,
        )
    ),
)
CASES: dict[str, Claim] = {
    "plain": world.CLAIM,
    "dependent": replace(
        world.CLAIM,
        subscriber=replace(
            world.SUBSCRIBER, person=replace(world.PERSON, birth_date=None, sex="", address=None)
        ),
        dependent=Dependent(world.PERSON, "19"),
    ),
    "replacement": replace(world.CLAIM, frequency_code="7", original_claim_number="ICN1"),
    "void": replace(world.CLAIM, frequency_code="8", original_claim_number="ICN1"),
    "pay-to address": replace(
        world.CLAIM, pay_to_address=Address("PO BOX 1", "CAIRO", "IL", "62914")
    ),
    "all providers": replace(
        world.CLAIM,
        referring_provider=Provider("HALL", "1245319599", is_person=True, first_name="ANN"),
        rendering_provider=Provider(
            "WELBY", "1003000126", is_person=True, first_name="MARC", taxonomy_code="207Q00000X"
        ),
        service_facility=Provider(
            "EAST HOSPITAL", "1245319599", address=world.ADDRESS, contact=Contact("", "2175550111")
        ),
        supervising_provider=Provider("STONE", "1245319599", is_person=True, first_name="MAX"),
    ),
    "numbers": replace(
        world.CLAIM,
        prior_authorization_number="PA1",
        referral_number="RF1",
        clia_number="12D4567890",
        medical_record_number="MRN1",
        clearinghouse_trace_number="CH1",
        references=(Reference("4N", "1"),),
    ),
    "accident": replace(
        world.CLAIM,
        related_causes=("AA",),
        accident_state="IL",
        dates=(QualifiedDate("431", world.DAY), QualifiedDate("439", world.DAY)),
    ),
    "attachment, note and amount": replace(
        world.CLAIM,
        attachments=(Attachment("OZ", "EL", "ATT1"),),
        note=Note("ADD", "SEEN TWICE"),
        patient_paid_cents=1050,
    ),
    "ambulance": replace(
        world.CLAIM,
        place_of_service_code="41",
        transport=Transport("A", Decimal(12), Decimal(160)),
        conditions=(Condition("07", applies=True, codes=("01", "06")),),
        pick_up=Location(world.ADDRESS),
        drop_off=Location(world.ADDRESS, "EAST HOSPITAL"),
    ),
    "anesthesia": replace(
        world.CLAIM,
        anesthesia_procedures=("00100",),
        lines=(replace(world.LINE, units="MJ", quantity=Decimal(45), charge_cents=15000),),
    ),
    "tax on a line": replace(
        world.CLAIM,
        lines=(replace(world.LINE, charge_cents=15000, amounts=(Amount("T", 100),)),),
    ),
    "secondary payer": SECONDARY,
}


@pytest.mark.parametrize("claim", CASES.values(), ids=CASES.keys())
def test_each_kind_of_claim_is_clean_to_us_and_to_two_strangers(claim: Claim) -> None:
    content = claim_837p.write(world.ENVELOPE, [world.batch(claim)])
    reading = claim_837p.read(content)
    assert reading.all_findings == ()
    assert reading.contents == (world.batch(claim),)
    assert world.pyx12_accepts(content)
    with X12ModelReader(content.decode()) as reader:
        assert len(list(reader.models())) == 1


@given(world.batches)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_reading_gives_back_what_was_written(batch: claim_837p.Batch) -> None:
    content = claim_837p.write(world.ENVELOPE, [batch, batch])
    reading = claim_837p.read(content)
    assert reading.all_findings == ()
    assert reading.contents == (batch, batch)
    assert {each.envelope for each in reading.sets} == {world.ENVELOPE}
    assert claim_837p.write(world.ENVELOPE, [batch, batch]) == content


@given(world.batches)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_is_written_is_clean_to_a_stranger(batch: claim_837p.Batch) -> None:
    assert world.pyx12_accepts(claim_837p.write(world.ENVELOPE, [batch]))


def test_neighbours_with_one_provider_and_subscriber_share_their_levels() -> None:
    other = replace(world.CLAIM, subscriber=replace(world.SUBSCRIBER, member_id="M2"))
    mixed = (world.CLAIM, other, replace(world.CLAIM, control_number="C0003"))
    apart = claim_837p.write(world.ENVELOPE, [world.batch(*mixed)])
    together = claim_837p.write(world.ENVELOPE, [world.batch(*claim_837p.in_hierarchy(mixed))])
    assert apart.count(b"~HL*") == 4
    assert together.count(b"~HL*") == 3
    assert [claim.control_number for claim in claim_837p.in_hierarchy(mixed)] == [
        "C0001",
        "C0003",
        "C0001",
    ]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"charge_cents": 1}, "2300 CLM02"),
        ({"control_number": "C" * 21}, "2300 CLM01"),
        ({"control_number": ""}, "2300 CLM01"),
        ({"frequency_code": "7"}, "2300 REF*F8"),
        ({"lines": ()}, "2300 CLM"),
        ({"diagnoses": ()}, "2400 SV107"),
        ({"diagnoses": (Diagnosis("E119"), Diagnosis("I10"))}, "2300 HI"),
        ({"diagnoses": (Diagnosis("E11.9", "ABK"), Diagnosis("I10"))}, "2300 HI"),
        ({"place_of_service_code": "1*1"}, "a code"),
        ({"billing_provider": replace(world.BILLING, address=None)}, "2010AA N3"),
        ({"billing_provider": replace(world.BILLING, tax_id="")}, "2010AA REF"),
        ({"billing_provider": replace(world.BILLING, name="A~B")}, "2010AA NM103"),
        (
            {"subscriber": replace(world.SUBSCRIBER, person=replace(world.PERSON, sex=""))},
            "2010BA DMG",
        ),
        ({"note": Note("ADD", "X" * 81)}, "2300 NTE02"),
    ],
)
def test_what_would_break_the_guide_is_refused_with_its_place(
    change: dict[str, object], place: str
) -> None:
    claim = replace(world.CLAIM, **change)  # type: ignore[arg-type]
    with pytest.raises(WriteRefused) as refused:
        claim_837p.write(world.ENVELOPE, [world.batch(claim)])
    assert refused.value.place == place


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Muñoz", b"MUNOZ"),
        ("Straße", b"STRASSE"),
        ("O\u2019Neil", b"O'NEIL"),
        ("  two  words ", b"TWO WORDS"),
    ],
)
def test_names_are_folded_to_what_x12_carries(name: str, written: bytes) -> None:
    person = replace(world.PERSON, last_name=name)
    claim = replace(world.CLAIM, subscriber=replace(world.SUBSCRIBER, person=person))
    content = claim_837p.write(world.ENVELOPE, [world.batch(claim)])
    assert b"NM1*IL*1*" + written + b"*" in content


@pytest.mark.parametrize("name", ["A*B", "A~B", "A:B", "A^B", "日本"])
def test_names_that_cannot_be_folded_are_refused_without_being_quoted(name: str) -> None:
    person = replace(world.PERSON, last_name=name)
    claim = replace(world.CLAIM, subscriber=replace(world.SUBSCRIBER, person=person))
    with pytest.raises(WriteRefused) as refused:
        claim_837p.write(world.ENVELOPE, [world.batch(claim)])
    assert name not in str(refused.value)


@pytest.mark.parametrize(
    ("old", "new", "code", "place"),
    [
        (b"CLM*C0001*150*", b"CLM*C0001*151*", "claim-total", "CLM02"),
        (b"*11:B:1*", b"*11:A:1*", "element-code", "CLM05"),
        (b"REF*EI*123456789~", b"", "segment-missing", "REF"),
        (b"~DMG*D8*19800102*F", b"~DMG*D8*19801302*F", "date", "DMG02"),
        (b"~SV1*HC:99213:25*100*", b"~SV1*HC:99213:25*1OO*", "element-character", "SV102"),
        (b"~SV1*HC:99213:25*100*", b"~SV1*HC:99213:25*100.001*", "amount", "SV102"),
        (b"~LX*1~", b"~ZZZ*1~LX*1~", "segment-unknown", "ZZZ"),
        (b"~LX*1~", b"~REF*QQ*1~LX*1~", "segment-unexpected", "REF"),
        (b"~HI*ABK:E119", b"~REF*G1*1~REF*G1*2~HI*ABK:E119", "segment-repeat", "REF"),
        (b"~HI*ABK:E119*ABF:I10", b"~HI*ABK:E119*ABF:I10~REF*G1*1", "segment-order", "REF"),
        (b"***1:2~", b"***1:2***~", "trailing-separator", "SV1"),
        (b"SBR*P*18***", b"SBR*P*18*G1**", "", ""),
        (
            b"~NM1*PR*2*PAYER TWIN*****PI*",
            b"~NM1*PR*2*PAYER TWIN******",
            "element-missing",
            "NM108",
        ),
    ],
)
def test_every_fault_is_found_at_its_place(old: bytes, new: bytes, code: str, place: str) -> None:
    content = claim_837p.write(world.ENVELOPE, [world.batch()])
    assert old in content
    found = claim_837p.read(content.replace(old, new)).sets[0].findings
    told = [f for f in found if f.code != "SE-count"]
    if not code:
        assert told == []
        return
    named = [
        (f.code, f"{f.segment_id}{f.element:02d}" if f.element else f.segment_id) for f in told
    ]
    assert (code, place) in named


def test_no_finding_quotes_a_value_of_the_file() -> None:
    content = claim_837p.write(world.ENVELOPE, [world.batch()])
    broken = content.replace(b"*150*", b"*ROBIN*").replace(b"19800102", b"SECRET99")
    told = " ".join(str(finding) for finding in claim_837p.read(broken).all_findings)
    assert "ROBIN" not in told
    assert "SECRET" not in told
    assert told
