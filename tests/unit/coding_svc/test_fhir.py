"""A FHIR Bundle becomes a visit, or findings that name each place and quote nothing."""

from decimal import Decimal
from typing import Any

import pytest
from fhir_world import NOTE, bundle, concept, place

from coding_svc.api.fhir import read_bundle

ELSEWHERE = {"reference": "Patient/nobody"}


def test_a_bundle_becomes_a_visit() -> None:
    read = read_bundle(bundle())
    assert (read.findings, read.left_out) == ([], [])
    [(at, visit)] = read.visits
    coding = visit.coding
    assert (at, visit.external_id, visit.kind) == (place("encounter"), "fhir-visit-1", "office")
    assert [(found.code, found.code_type) for found in coding.diagnoses] == [
        ("I10", "ABK"),
        ("E119", "ABF"),
    ]
    assert [(line.procedure_code, line.charge_amount_cents) for line in coding.lines] == [
        ("99213", 12_550),
        ("36415", None),
    ]
    assert coding.lines[0].quantity == Decimal(1)
    assert (coding.billing_provider.npi, coding.coverages[0].payer_id) == ("1234567893", "DEMO1")
    assert coding.rendering_provider is not None
    assert coding.rendering_provider.name == "Quinby"
    assert visit.persons.members[0].member_id == "WCANARY01"
    assert visit.persons.patient.middle_name == "Bea"
    assert [found.text for found in visit.documents] == [NOTE]


@pytest.mark.parametrize(
    ("changes", "pointer", "reason"),
    [
        ({"encounter": {"subject": ELSEWHERE}}, place("encounter") + "/subject/reference", "leads"),
        ({"coverage": {"payor": [{"reference": "Organization/9"}]}},
         place("coverage") + "/payor/0/reference", "leads"),
        ({"charge": {"context": {"reference": "Encounter/9"}}},
         place("charge") + "/context/reference", "leads"),
        ({"note": {"context": {"encounter": [{"reference": "Encounter/9"}]}}},
         place("note") + "/context/encounter/0/reference", "leads"),
        ({"doctor": None}, place("encounter") + "/participant/0/individual/reference", "leads"),
        ({"patient": {"birthDate": None}}, place("patient") + "/birthDate", "is required"),
        ({"patient": {"address": []}}, place("patient") + "/address/0", "is required"),
        ({"clinic": {"identifier": []}}, place("clinic") + "/identifier", "is required"),
        ({"coverage": {"subscriberId": None}}, place("coverage") + "/subscriberId", "is required"),
        ({"encounter": {"class": {"code": "PRENC"}}}, place("encounter") + "/class/code", "known"),
        ({"encounter": {"period": {}}}, place("encounter") + "/period/start", "is required"),
        ({"encounter": {"Canarybird": 1}}, place("encounter") + "/?", "not a field"),
        ({"patient": {"id": "e1", "resourceType": "Encounter"}}, place("patient") + "/class",
         "is required"),
        ({"charge": {"priceOverride": {"value": 1.234}}},
         place("charge") + "/priceOverride/value", "whole cents"),
        ({"charge": {"quantity": {"value": 0}}}, place("charge") + "/quantity/value", "units"),
        ({"charge": {"code": concept("http://www.ama-assn.org/go/cpt", "Canarybird, Ada")}},
         place("charge") + "/code", "shaped"),
        ({"condition": {"code": concept("http://hl7.org/fhir/sid/icd-10-cm", "Canarybird, Ada")}},
         place("condition") + "/code", "shaped"),
        ({"note": {"content": [{"attachment": {"data": "AAEC/w=="}}]}},
         place("note") + "/content/0/attachment/data", "UTF-8"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_by_its_place(
    changes: dict[str, Any], pointer: str, reason: str
) -> None:
    made = bundle()
    for name, change in changes.items():
        if change is None:
            made["entry"] = [e for e in made["entry"] if e["resource"].get("id") != name]
            continue
        at = int(place(name).split("/")[2])
        merged = made["entry"][at]["resource"] | change
        made["entry"][at]["resource"] = {k: v for k, v in merged.items() if v is not None}
    found = {each.pointer: each.reason for each in read_bundle(made).findings}
    assert pointer in found, found
    assert reason in found[pointer]
    assert "Canarybird" not in str(found)


@pytest.mark.parametrize(
    ("changes", "pointer", "reason"),
    [
        ({"condition": {"code": concept("http://snomed.info/sct", "44054006")}},
         place("condition") + "/code", "ICD-10-CM"),
        ({"note": {"content": [{"attachment": {"url": "https://ehr.example/1"}}]}},
         place("note") + "/content/0/attachment", "elsewhere"),
        ({"charge": {"status": "not-billable"}}, place("charge") + "/status", "billed"),
        ({"charge": {"status": "planned"}}, place("charge") + "/status", "billed"),
        ({"charge": {"status": "billed"}}, place("charge") + "/status", "billed"),
        ({"procedure": {"status": "preparation"}}, place("procedure") + "/status", "not done"),
        ({"procedure": {"status": "not-done"}}, place("procedure") + "/status", "not done"),
    ],
)  # fmt: skip
def test_what_is_not_needed_is_left_out_and_told(
    changes: dict[str, Any], pointer: str, reason: str
) -> None:
    read = read_bundle(bundle(**changes))
    assert read.findings == []
    assert len(read.visits) == 1
    [found] = read.left_out
    assert (found.pointer, reason in found.reason) == (pointer, True)


@pytest.mark.parametrize("status", ["planned", "cancelled", "entered-in-error"])
def test_a_visit_that_did_not_take_place_is_left_out(status: str) -> None:
    read = read_bundle(bundle(encounter={"status": status}))
    assert (read.visits, read.findings) == ([], [])
    assert [each.pointer for each in read.left_out] == [place("encounter") + "/status"]


@pytest.mark.parametrize("entries", [None, [], [7], [{}], [{"resource": {}}]])
def test_what_is_no_bundle_is_told(entries: Any) -> None:
    read = read_bundle({"resourceType": "Bundle", "entry": entries})
    assert read.visits == []
    assert read.findings


def test_another_resource_is_no_bundle() -> None:
    assert read_bundle({}).findings[0].pointer == "/resourceType"
