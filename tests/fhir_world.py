"""A FHIR R4 Bundle as a record system sends it, all of it invented; a test changes one thing."""

import base64
from typing import Any

Json = dict[str, Any]
NOTE = "ASSESSMENT\n\n1. Essential hypertension, well controlled.\n2. Type 2 diabetes mellitus.\n"
ADDRESS: Json = {
    "line": ["1 Canary Street"], "city": "Springfield", "state": "IL", "postalCode": "62701-0001",
}  # fmt: skip
ICD = "http://hl7.org/fhir/sid/icd-10-cm"
CPT = "http://www.ama-assn.org/go/cpt"
NPI = "http://hl7.org/fhir/sid/us-npi"


def concept(system: str, code: str) -> Json:
    return {"coding": [{"system": system, "code": code}]}


def resources() -> dict[str, Json]:
    """One visit's resources by a name of the test's own."""
    visit, patient = {"reference": "Encounter/e1"}, {"reference": "Patient/p1"}
    clinical = concept("http://terminology.hl7.org/CodeSystem/condition-clinical", "active")
    confirmed = concept("http://terminology.hl7.org/CodeSystem/condition-ver-status", "confirmed")
    return {
        "encounter": {
            "resourceType": "Encounter", "id": "e1", "status": "finished",
            "identifier": [{"system": "urn:visit", "value": "fhir-visit-1"}],
            "class": {"code": "AMB"}, "subject": patient,
            "period": {"start": "2026-03-02T09:00:00Z", "end": "2026-03-02T09:30:00Z"},
            "serviceProvider": {"reference": "Organization/clinic"},
            "participant": [{"individual": {"reference": "Practitioner/doctor"}}],
            "diagnosis": [{"condition": {"reference": "Condition/c2"}, "rank": 1}],
        },
        "patient": {
            "resourceType": "Patient", "id": "p1",
            "identifier": [{"system": "urn:mrn", "value": "mrn-1"}],
            "name": [{"family": "Canarybird", "given": ["Ada", "Bea"]}],
            "birthDate": "1980-05-17", "gender": "female", "address": [ADDRESS],
        },
        "coverage": {
            "resourceType": "Coverage", "id": "k1", "status": "active", "beneficiary": patient,
            "payor": [{"reference": "Organization/payer"}], "subscriberId": "WCANARY01",
            "relationship": concept("http://terminology.hl7.org/CodeSystem/subscriber-relationship",
                                    "self"),
        },
        "clinic": {
            "resourceType": "Organization", "id": "clinic", "name": "Demo Clinic",
            "identifier": [{"system": NPI, "value": "1234567893"}], "address": [ADDRESS],
        },
        "payer": {
            "resourceType": "Organization", "id": "payer", "name": "Demo Health",
            "identifier": [{"system": "urn:payer", "value": "DEMO1"}],
        },
        "doctor": {
            "resourceType": "Practitioner", "id": "doctor",
            "identifier": [{"system": NPI, "value": "1000000004"}],
            "name": [{"family": "Quinby", "given": ["Alma"]}],
        },
        "condition": {
            "resourceType": "Condition", "id": "c1", "subject": patient, "encounter": visit,
            "clinicalStatus": clinical, "verificationStatus": confirmed,
            "code": concept(ICD, "E11.9"),
        },
        "ranked": {
            "resourceType": "Condition", "id": "c2", "subject": patient, "encounter": visit,
            "clinicalStatus": clinical, "verificationStatus": confirmed,
            "code": concept(ICD, "I10"),
        },
        "procedure": {
            "resourceType": "Procedure", "id": "o1", "status": "completed", "subject": patient,
            "encounter": visit, "code": concept(CPT, "36415"),
            "performedDateTime": "2026-03-02T09:20:00Z",
        },
        "charge": {
            "resourceType": "ChargeItem", "id": "h1", "status": "billable", "subject": patient,
            "context": visit, "code": concept(CPT, "99213"),
            "priceOverride": {"value": 125.5, "currency": "USD"},
        },
        "note": {
            "resourceType": "DocumentReference", "id": "d1", "status": "current",
            "subject": patient, "context": {"encounter": [visit]}, "date": "2026-03-02T10:00:00Z",
            "content": [{"attachment": {
                "contentType": "text/plain", "data": base64.b64encode(NOTE.encode()).decode(),
            }}],
        },
    }  # fmt: skip


ORDER = list(resources())


def bundle(**changes: Json | None) -> Json:
    """The Bundle with resources changed, or left out where None is given."""
    made = resources()
    for name, change in changes.items():
        if change is None:
            del made[name]
        else:
            made[name] = made.get(name, {}) | change
    entries = [{"resource": each} for each in made.values()]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def place(name: str) -> str:
    """Where a resource stands in the unchanged Bundle."""
    return f"/entry/{ORDER.index(name)}/resource"
