"""The demo's clinic: the same seed is the same clinic, and it asks for every outcome there is."""

from datetime import date, timedelta
from itertools import pairwise

import pytest

from payer_twin.scenarios import EVERYDAY, SCENARIOS, choose, published
from rcm.npi import npi_is_valid
from rcm_local.demo import catalogue, clinic
from rcm_local.demo.clinic import Clinic
from rcm_local.demo.practice import Body
from rcm_local.demo.tour import planned_visits

TODAY = date(2026, 3, 2)
TABLE = {"items": [published(one) for one in SCENARIOS]}


def planned(run: int = 0, today: date = TODAY, **size: int) -> list[Body]:
    return planned_visits(Clinic(**size), TABLE, run=run, today=today)


def outcome(body: Body) -> str:
    charge = sum(catalogue.FEES_CENTS[line["procedure_code"]] for line in body["lines"])
    codes = tuple(line["procedure_code"] for line in body["lines"])
    return choose(body["coverages"][0]["member_id"], charge, codes).code


def test_the_same_seed_is_the_same_clinic() -> None:
    assert planned() == planned()
    assert planned() != planned(seed=2)
    assert len({body["external_id"] for body in planned()}) == 600


def test_every_everyday_outcome_of_the_payers_table_is_asked_for() -> None:
    outcomes = {outcome(body) for body in planned()}
    assert outcomes == EVERYDAY | {"default"}


def test_most_claims_are_paid() -> None:
    refusals = {one.code for one in SCENARIOS if one.denial or one.rejection}
    refused = sum(outcome(body) in refusals for body in planned())
    assert 60 < refused < 200


def test_no_patient_is_seen_twice_on_a_day_in_many_demos_on_different_days() -> None:
    seen: set[tuple[str, str]] = set()
    for run in range(20):
        for body in planned(run, today=TODAY + timedelta(days=run % 3)):
            visit = (body["patient"]["external_id"], body["date_of_service"])
            assert visit not in seen
            seen.add(visit)


def test_visits_are_recent_and_in_the_past() -> None:
    days = {date.fromisoformat(body["date_of_service"]) for body in planned()}
    assert max(days) < TODAY
    assert min(days) >= TODAY - timedelta(days=clinic.RECENT_DAYS)


def test_every_service_has_a_price_and_every_diagnosis_one_place() -> None:
    for kind in catalogue.KINDS:
        assert {code for code, _ in kind.services} <= set(catalogue.FEES_CENTS)
        assert len(set(kind.diagnoses)) == len(kind.diagnoses)


@pytest.mark.parametrize("npi", [clinic.BILLING_NPI, *clinic.RENDERING_NPIS])
def test_provider_numbers_pass_their_check_digit(npi: str) -> None:
    assert npi_is_valid(npi)


def test_a_larger_clinic_has_more_people_with_other_member_ids() -> None:
    members = [body["coverages"][0]["member_id"] for body in planned(patients=50, encounters=50)]
    assert all(one != other for one, other in pairwise(members))
