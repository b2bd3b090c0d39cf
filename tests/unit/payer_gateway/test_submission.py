"""Our words to X12 words, one change each; and that what we write can be read back."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from payer_gateway.domain import batch
from payer_gateway.domain.breaker import pause_s
from payer_gateway.domain.parties import Unsendable
from payer_gateway.domain.partner import Numbers, Terms, TradingPartner
from payer_gateway.domain.professional import professional_claim
from rcm.contracts.claims import ClaimReady
from rcm.contracts.values import (
    ClaimLine,
    ClaimReference,
    Coverage,
    Member,
    Persons,
    Provider,
)
from rcm.ids import derived_id
from rcm.testing.samples import SAMPLES, build, sample
from rcm_x12 import claim_837p
from rcm_x12.findings import WriteRefused

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
PARTNER = TradingPartner(
    SAMPLES,
    derived_id(SAMPLES, "partner"),
    "Clearing house",
    "SUB001",
    "Northside Clinic",
    "Billing office",
    "3125550100",
    "RCV001",
    "Clearing House",
    "https://partner.test",
)
CLINIC = build(Provider, first_name="", name="Northside Clinic", npi="1234567893")
DOCTOR = build(Provider, first_name="Ann", name="Able", npi="1245319599")


def ready(**changes: Any) -> ClaimReady:
    plain = {
        "frequency_code": "1",
        "replaces": None,
        "coverage": build(Coverage, relationship="self"),
        "other_coverages": (),
        "billing_provider": CLINIC,
        "rendering_provider": None,
        "service_facility": None,
    }
    return sample(ClaimReady, **(plain | changes))


PERSONS: Persons = build(Persons)


def translated(persons: Persons = PERSONS, **changes: Any) -> claim_837p.Claim:
    return professional_claim(ready(**changes), persons)


def test_a_patient_who_is_the_subscriber_stands_in_2000b_alone() -> None:
    claim = translated()
    assert claim.dependent is None
    assert claim.subscriber.person.last_name == PERSONS.patient.last_name
    assert claim.subscriber.member_id == PERSONS.members[0].member_id


@pytest.mark.parametrize(
    ("relationship", "code"), [("spouse", "01"), ("child", "19"), ("other", "G8")]
)
def test_a_dependent_gets_a_loop_of_their_own(relationship: str, code: str) -> None:
    claim = translated(coverage=build(Coverage, relationship=relationship))
    assert claim.dependent is not None
    assert claim.dependent.relationship_code == code
    assert claim.dependent.person.last_name == PERSONS.patient.last_name


@pytest.mark.parametrize(
    ("changes", "attribute", "value"),
    [
        ({"provider_accepts_assignment": False}, "assignment_code", "C"),
        ({"benefits_assigned_to_provider": False}, "benefits_assigned", "N"),
        ({"patient_authorized_release": False}, "release_code", "I"),
        ({"rendering_provider": DOCTOR}, "rendering_provider.npi", "1245319599"),
        ({"rendering_provider": CLINIC}, "rendering_provider", None),
        ({"service_facility": CLINIC}, "service_facility", None),
        ({"referral_number": None}, "referral_number", ""),
        (
            {
                "frequency_code": "7",
                "replaces": ClaimReference(claim_id=SAMPLES, payer_claim_number="ICN1"),
            },
            "original_claim_number",
            "ICN1",
        ),
    ],
)
def test_each_fact_has_its_place(changes: dict[str, Any], attribute: str, value: object) -> None:
    found: Any = translated(**changes)
    for name in attribute.split("."):
        found = getattr(found, name)
    assert found == value


def test_lines_count_pointers_from_one_and_repeat_no_place_of_service() -> None:
    same, other = build(ClaimLine), build(ClaimLine, place_of_service_code="22")
    claim = translated(lines=(same, other))
    assert [line.diagnosis_pointers for line in claim.lines] == [(1,), (1,)]
    assert [line.place_of_service_code for line in claim.lines] == ["", "22"]
    assert claim.lines[0].control_number == same.line_control_number


@pytest.mark.parametrize(
    ("changes", "persons", "place"),
    [
        ({}, PERSONS.model_copy(update={"members": ()}), "2010BA NM109"),
        (
            {"coverage": build(Coverage, relationship="child")},
            PERSONS.model_copy(
                update={"members": (Member(rank="primary", member_id="W1", subscriber=None),)}
            ),
            "2010BA NM1",
        ),
        ({"billing_provider": build(Provider, address=None)}, PERSONS, "2010AA N3"),
        ({"billing_provider": build(Provider, tax_id=None)}, PERSONS, "2010AA REF"),
        ({"frequency_code": "8"}, PERSONS, "2300 REF*F8"),
    ],
)
def test_what_is_missing_is_named_by_its_place(
    changes: dict[str, Any], persons: Persons, place: str
) -> None:
    with pytest.raises(Unsendable) as refusal:
        professional_claim(ready(**changes), persons)
    assert refusal.value.place == place


def claims(count: int) -> dict[UUID, claim_837p.Claim]:
    return {
        derived_id(SAMPLES, number): translated(patient_control_number=f"C{number}")
        for number in range(count)
    }


def test_the_same_claims_and_numbers_give_the_same_bytes() -> None:
    numbers = Numbers(interchange=7, group=7)
    first = batch.write(PARTNER, numbers, claims(3), at=AT)
    assert first == batch.write(PARTNER, numbers, claims(3), at=AT)
    assert b"*000000007*" in first.content


@pytest.mark.parametrize(("per_set", "sets"), [(1, 5), (2, 3), (5, 1), (5_000, 1)])
def test_every_claim_is_placed_where_the_file_has_it(per_set: int, sets: int) -> None:
    partner = TradingPartner(
        **{name: getattr(PARTNER, name) for name in PARTNER.__slots__ if name != "terms"},
        terms=Terms(claims_per_set=per_set),
    )
    given = claims(5)
    written = batch.write(partner, Numbers(interchange=1, group=1), given, at=AT)
    reading = claim_837p.read(written.content)
    assert (written.set_count, len(reading.sets)) == (sets, sets)
    found = {
        (claim.control_number, each.control_number, each.content.reference)
        for each in reading.sets
        for claim in each.content.claims
    }
    placed = {
        (given[place.submission_id].control_number, place.set_control_number, place.batch_reference)
        for place in written.places
    }
    assert found == placed
    assert written.charge_cents == sum(claim.charge_cents for claim in given.values())


def test_a_bad_claim_is_found_among_good_ones() -> None:
    good = claims(3)
    bad = derived_id(SAMPLES, "bad")
    mixed = {**good, bad: translated(patient_control_number="C*9")}
    with pytest.raises(WriteRefused):
        batch.write(PARTNER, Numbers(interchange=1, group=1), mixed, at=AT)
    found = batch.sort_out(PARTNER, mixed, at=AT)
    assert set(found.writable) == set(good)
    assert set(found.refused) == {bad}
    assert "C*9" not in found.refused[bad]


def test_numbers_make_names_that_never_repeat() -> None:
    names = {Numbers(interchange=n, group=n).file_name(PARTNER, "837P") for n in range(1, 200)}
    assert len(names) == 199
    assert len(Numbers(interchange=999_999_999, group=1).batch_reference(9999)) <= 30


@pytest.mark.parametrize(("failures", "pause"), [(0, 1), (1, 2), (5, 32), (9, 300), (99, 300)])
def test_a_failing_partner_is_left_alone_longer_and_longer(failures: int, pause: int) -> None:
    assert pause_s(Terms(breaker_failures=100), failures) == pause
