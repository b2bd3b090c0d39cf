"""837P and 837I in full: nothing that a guide can say is lost between reading and writing."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest
import x12_claims as full
import x12_world as world
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from x12sdk.io import X12ModelReader

from rcm_x12 import claim_837i, claim_837p
from rcm_x12.check import check_file
from rcm_x12.claim_837i import Diagnosis
from rcm_x12.envelope import Reading
from rcm_x12.findings import Finding, NotX12, WriteRefused
from rcm_x12.layout import Element, Loop, SegmentUse, guide
from rcm_x12.scalars import amount_text, cents
from rcm_x12.values import Reference

PROFESSIONAL = replace(world.batch(full.CLAIM), submitter=full.SUBMITTER)
WHOLE: dict[str, tuple[ModuleType, Any]] = {
    "837P": (claim_837p, PROFESSIONAL),
    "837P of a dependent": (
        claim_837p,
        world.batch(
            replace(
                full.CLAIM,
                dependent=full.DEPENDENT,
                subscriber=replace(world.SUBSCRIBER, person=full.OTHER_PERSON),
            )
        ),
    ),
    "837I": (claim_837i, full.bill()),
    "837I of a dependent": (
        claim_837i,
        full.bill(
            dependent=replace(full.DEPENDENT, person=world.PERSON),
            subscriber=replace(world.SUBSCRIBER, person=full.OTHER_PERSON),
        ),
    ),
}
QUICK = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize(("room", "batch"), WHOLE.values(), ids=WHOLE.keys())
def test_everything_comes_back_and_a_stranger_finds_no_fault(room: ModuleType, batch: Any) -> None:
    content = room.write(world.ENVELOPE, [batch])
    reading = room.read(content)
    assert reading.all_findings == ()
    assert reading.contents == (batch,)
    assert room.write(world.ENVELOPE, reading.contents) == content
    # pyx12 does not know the certificate of equipment, PWK*CT.
    assert world.pyx12_accepts(content.replace(b"~PWK*CT*AD", b"~PWK*OZ*BM"))


@pytest.mark.parametrize("whole", ["837P", "837I"])
def test_a_whole_claim_uses_every_segment_of_its_guide(whole: str) -> None:
    """Otherwise the tests above would not see what is lost."""
    room, batch = WHOLE[whole]
    version = {"837P": "005010X222A1", "837I": "005010X223A2"}[whole]
    other = WHOLE[f"{whole} of a dependent"]
    content = room.write(world.ENVELOPE, [batch]) + b"~" + room.write(world.ENVELOPE, [other[1]])
    sent = {tuple(one.split("*")[:2]) for one in content.decode().split("~")}
    ids = {one[0] for one in sent}
    missing = [
        f"{loop} {use.id} {sorted(use.key_codes)}"
        for loop, use in _uses(guide(version).root)
        if not any((use.id, code) in sent for code in use.key_codes)
        and (use.key_codes or use.id not in ids)
        and use.id != "HI"
    ]
    assert missing == []


def _uses(loop: Loop) -> Iterator[tuple[str, SegmentUse]]:
    for child in loop.children:
        if isinstance(child, Loop):
            yield from _uses(child)
        elif child.id not in {"HL", "LQ"}:
            yield loop.name, child


def test_an_inpatient_bill_is_clean_to_two_strangers_and_to_the_check() -> None:
    content = claim_837i.write(world.ENVELOPE, [full.bill(_sensible())])
    assert world.pyx12_accepts(content)
    with X12ModelReader(content.decode()) as reader:
        assert len(list(reader.models())) == 1
    found = {one.code for one in check_file(content).findings if one.severity == "error"}
    assert found == set()


def _sensible() -> claim_837i.Claim:
    """An inpatient bill as a hospital sends it."""
    line = claim_837i.Line("0120", 15000, full.BILL_LINE.quantity, units="DA")
    return replace(
        full.BILL,
        type_of_bill="111",
        original_claim_number="",
        statement_to=world.DAY + timedelta(days=2),
        lines=(line,),
        referral_number="",
        billing_provider=world.BILLING,
        subscriber=world.SUBSCRIBER,
        payer=world.PAYER,
        other_coverages=(),
        diagnoses=full.BILL.diagnoses[:2] + full.BILL.diagnoses[4:],
        pay_to_plan=None,
        currency_code="",
        occurrences=full.BILL.occurrences[:1],
        **dict.fromkeys(("contract", "repricing", "service_facility", "rendering_provider")),
        **dict.fromkeys(("dates", "conditions", "fixed_format", "references"), ()),
        **dict.fromkeys(("treatment_codes", "condition_codes", "value_codes", "procedures"), ()),
        **dict.fromkeys(("operating_physician", "other_operating_physician")),
        **dict.fromkeys(("referring_provider",)),
        occurrence_spans=(),
        notes=full.BILL.notes[:2],
        delay_reason_code="",
        attending_provider=full.DOCTOR,
    )


@given(st.lists(full.professional, min_size=1, max_size=2))
@QUICK
def test_any_part_of_an_837p_may_be_left_out(claims: list[claim_837p.Claim]) -> None:
    _same(claim_837p, replace(PROFESSIONAL, claims=tuple(claims)))


@given(st.lists(full.institutional, min_size=1, max_size=2))
@QUICK
def test_any_part_of_an_837i_may_be_left_out(claims: list[claim_837i.Claim]) -> None:
    _same(claim_837i, replace(full.bill(), claims=tuple(claims)))


@given(st.lists(full.institutional, min_size=1, max_size=2))
@QUICK
def test_whatever_bill_is_written_is_clean_to_a_stranger(claims: list[claim_837i.Claim]) -> None:
    content = claim_837i.write(world.ENVELOPE, [replace(full.bill(), claims=tuple(claims))])
    assert world.pyx12_accepts(content.replace(b"~PWK*CT*AD", b"~PWK*OZ*BM"))


def _same(room: ModuleType, batch: Any) -> None:
    content = room.write(world.ENVELOPE, [batch])
    reading = room.read(content)
    assert reading.all_findings == ()
    assert reading.contents == (batch,)
    assert room.write(world.ENVELOPE, reading.contents) == content


@pytest.mark.parametrize("whole", ["837P", "837I"])
def test_claims_can_be_read_one_by_one(whole: str) -> None:
    room, batch = WHOLE[whole]
    many = replace(batch, claims=batch.claims * 7)
    content = room.write(world.ENVELOPE, [many, many])
    findings: list[Finding] = []
    blocks = (content[at : at + 100] for at in range(0, len(content), 100))
    assert list(room.stream(blocks, findings)) == [*many.claims, *many.claims]
    assert findings == []
    broken = content.replace(b"GE*2*", b"GE*3*")
    assert len(list(room.stream(broken, findings))) == 14
    assert [one.code for one in findings] == ["GE-count"]
    with pytest.raises(NotX12):
        list(room.stream(b"NOTHING", findings))


_NO_REVENUE = replace(full.BILL_LINE, revenue_code="30")


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"charge_cents": 1}, "2300 CLM02"),
        ({"lines": ()}, "2300 CLM"),
        ({"type_of_bill": "11"}, "2300 CLM05"),
        ({"type_of_bill": "118", "original_claim_number": ""}, "2300 REF*F8"),
        ({"diagnoses": full.BILL.diagnoses[1:]}, "2300 HI"),
        ({"diagnoses": (*full.BILL.diagnoses, Diagnosis("I10", "ABJ"))}, "2300 HI"),
        ({"diagnoses": (*full.BILL.diagnoses, Diagnosis("I10", "XX"))}, "2300 HI"),
        ({"diagnoses": full.BILL.diagnoses[:1] + full.BILL.diagnoses[-1:] * 25}, "2300 HI"),
        ({"diagnoses": (Diagnosis("I10", "ABK"), Diagnosis("I10", "ABJ", "Y"))}, "2300 HI"),
        ({"condition_codes": ("A:1",)}, "a code"),
        ({"discharge_time": "2460"}, "2300 DTP*096"),
        ({"patient_status_code": ""}, "2300 CL103"),
        (
            {"lines": (replace(full.BILL_LINE, revenue_code="30", charge_cents=15000),)},
            "2400 SV201",
        ),
        ({"references": (Reference("4N", "A*B"),)}, "2300"),
        ({"fixed_format": ("X" * 81,)}, "2300 K301"),
        ({"pay_to_address": None, "pay_to_is_person": True}, "2010AB N3"),
    ],
)
def test_a_bill_that_could_not_be_read_back_is_refused_with_its_place(
    change: dict[str, Any], place: str
) -> None:
    with pytest.raises(WriteRefused) as refused:
        claim_837i.write(world.ENVELOPE, [full.bill(**change)])
    assert refused.value.place == place


@pytest.mark.parametrize("whole", ["837P", "837I"])
def test_a_set_holds_five_thousand_claims(whole: str) -> None:
    room, batch = WHOLE[whole]
    with pytest.raises(WriteRefused, match="5000"):
        room.write(world.ENVELOPE, [replace(batch, claims=batch.claims * 5001)])


SAMPLES = sorted(
    path for kind in ("837p", "837i") for path in (world.SAMPLES / "x12" / kind).glob("*.x12")
)
CLEAN = {
    "automobile_accident",
    "demo_drug_example10_1",
    "home_infusion_therapy_pharmacy_adjudicat",
    "home_infusion_therapy_pharmacy_adjudicat_9",
}


@pytest.mark.skipif(not SAMPLES, reason="the samples are not here")
@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_clean_file_of_others_is_the_same_when_written_again(path: Any) -> None:
    """But for spelling: capitals, needless zeros, and dashes in a tax id."""
    room = claim_837i if path.parent.name == "837i" else claim_837p
    content = path.read_bytes()
    reading: Reading[Any] = room.read(content)
    assert reading.sets
    if path.stem in CLEAN:
        assert not any(one.is_blocked for one in reading.sets)
    if any(one.is_blocked for one in reading.sets):
        return
    for each in reading.sets:
        again = room.write(each.envelope, [each.content])
        assert _spelled(again, each.version) == _spelled(content, each.version)


def _spelled(content: bytes, version: str) -> list[str]:
    """The segments between ST and SE, as this house spells them."""
    head = content[:106].decode()
    text = content.decode().replace("\r", "").replace("\n", "").upper()
    inside = re.search(r"ST\*837\*[^~]*~(.*?)~SE\*", text.replace(head[105], "~"))
    assert inside
    label = "005010X223A2" if version.startswith("005010X223") else "005010X222A1"
    amounts = {use.id: use.elements for _, use in _uses(guide(label).root)}
    return [
        _canonical(one.replace(head[104], ":").split("*"), amounts) for one in inside[1].split("~")
    ]


def _canonical(segment: list[str], known: dict[str, tuple[Element, ...]]) -> str:
    kinds = known.get(segment[0], ())
    for place, kind in enumerate(kinds, 1):
        if place < len(segment) and segment[place] and kind.type == "R":
            segment[place] = amount_text(cents(segment[place]))
    if segment[:2] == ["REF", "EI"]:
        segment[2] = segment[2].replace("-", "")
    return "*".join(segment)
