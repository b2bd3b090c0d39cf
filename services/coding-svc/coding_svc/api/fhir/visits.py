"""A visit for each Encounter of a Bundle."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from coding_svc.api.fhir import people, services
from coding_svc.api.fhir.bundle import Bundle, Json, Read, Resource
from coding_svc.domain.desk.intake import Visit
from coding_svc.domain.encounter import Coding
from rcm.contracts.values import Persons, Provider

# HL7's classes of encounters: our kind, CMS's place of service, and whether it is inpatient.
CLASSES: Mapping[str, tuple[str, str, bool]] = {
    "AMB": ("office", "11", False),
    "VR": ("telehealth", "10", False),
    "HH": ("home", "12", False),
    "EMER": ("emergency", "23", False),
    "OBSENC": ("observation", "22", False),
    "SS": ("short_stay", "22", False),
    "IMP": ("inpatient", "21", True),
    "ACUTE": ("inpatient", "21", True),
    "NONAC": ("inpatient", "21", True),
}
CONTEXT = {
    "Condition": "encounter", "Procedure": "encounter", "ChargeItem": "context",
}  # fmt: skip
NEVER_WAS = {"planned", "cancelled", "entered-in-error"}
"""An Encounter of these has nothing to code."""
TYPES_OF_PERFORMER = {"PPRF", "ATND"}


def read_bundle(body: Json) -> Read:
    """Every visit of a Bundle; with findings when anything of it has to be mended."""
    read = Read()
    bundle = Bundle(body, read)
    encounters = bundle.of("Encounter")
    if not encounters and not read.findings:
        read.refuse("/entry", "has no Encounter")
    own = _shared_out(bundle, encounters)
    for encounter in encounters:
        if encounter.body.get("status") in NEVER_WAS:
            read.leave_out(f"{encounter.place}/status", "says that it did not take place")
            continue
        visit = _visit(bundle, encounter, own[encounter])
        if visit is not None:
            read.visits.append((encounter.place, visit))
    return read


def _shared_out(bundle: Bundle, encounters: list[Resource]) -> dict[Resource, list[Resource]]:
    """Which resource belongs to which Encounter. Without a reference it belongs to the only one."""
    own: dict[Resource, list[Resource]] = {each: [] for each in encounters}
    for resource in bundle.resources:
        if resource.kind in CONTEXT:
            reference = resource.body.get(CONTEXT[resource.kind])
        elif resource.kind == "DocumentReference":
            context: Json = resource.body.get("context") or {}
            reference = next(iter(context.get("encounter") or []), None)
        else:
            continue
        encounter = bundle.target(reference)
        if encounter is None and len(encounters) == 1 and not reference:
            encounter = encounters[0]
        if encounter in own:
            own[encounter].append(resource)
        elif not reference:
            bundle.read.refuse(resource.place, "names none of the Bundle's Encounters")
    return own


def _visit(bundle: Bundle, encounter: Resource, own: list[Resource]) -> Visit | None:
    body = encounter.body
    patient = bundle.target(body.get("subject"))
    if patient is None or patient.kind != "Patient":
        if not (body.get("subject") or {}).get("reference"):
            bundle.read.refuse(f"{encounter.place}/subject", "is required")
        return None
    first, last = _days(bundle, encounter)
    kind = CLASSES.get(str((body.get("class") or {}).get("code")))
    if kind is None:
        bundle.read.refuse(f"{encounter.place}/class/code", "is not a class that is known here")
    billing = _billing(bundle, encounter)
    rendering = _rendering(bundle, encounter)
    person = people.person_of(bundle, patient)
    coverages, members = people.coverages_of(bundle, patient)
    number = _number(body)
    if not number:
        bundle.read.refuse(f"{encounter.place}/identifier", "is required")
    if first is None or kind is None or billing is None or person is None or not number:
        return None
    ranked = [
        found
        for each in sorted(body.get("diagnosis") or [], key=lambda each: each.get("rank") or 99)
        if (found := bundle.target(each.get("condition"))) is not None
    ]
    coding = Coding(
        date_of_service=first,
        end_date_of_service=last if last != first else None,
        place_of_service_code=kind[1],
        billing_provider=billing,
        rendering_provider=rendering,
        coverages=tuple(coverages),
        diagnoses=services.diagnoses_of(bundle, own, ranked),
        lines=services.lines_of(bundle, own, first),
    )
    return Visit(
        external_id=number,
        patient_external_id=people.patient_number(patient),
        coding=coding,
        persons=Persons(patient=person, members=tuple(members)),
        kind=kind[0],
        is_inpatient=kind[2],
        documents=services.documents_of(bundle, own),
    )


def _days(bundle: Bundle, encounter: Resource) -> tuple[date | None, date | None]:
    period: Json = encounter.body.get("period") or {}
    start, end = str(period.get("start") or "")[:10], str(period.get("end") or "")[:10]
    if len(start) != 10:
        bundle.read.refuse(f"{encounter.place}/period/start", "is required, to the day")
        return None, None
    first = date.fromisoformat(start)
    return first, date.fromisoformat(end) if len(end) == 10 else first


def _billing(bundle: Bundle, encounter: Resource) -> Provider | None:
    reference = encounter.body.get("serviceProvider")
    found = bundle.target(reference)
    if found is None:
        if not (reference or {}).get("reference"):
            place = f"{encounter.place}/serviceProvider"
            bundle.read.refuse(place, "is required: who bills the visit")
        return None
    return people.provider_of(bundle, found)


def _rendering(bundle: Bundle, encounter: Resource) -> Provider | None:
    """The primary performer or attending, else the first practitioner."""

    def is_performer(each: Json) -> bool:
        types: list[Any] = [code for kind in each.get("type") or [] for code in kind["coding"]]
        return any(code.get("code") in TYPES_OF_PERFORMER for code in types)

    taking_part = sorted(
        encounter.body.get("participant") or [], key=lambda each: not is_performer(each)
    )
    for each in taking_part:
        found = bundle.target(each.get("individual"))
        if found is not None and found.kind in ("Practitioner", "PractitionerRole"):
            return people.provider_of(bundle, found)
    return None


def _number(body: Json) -> str:
    """The sender's own number of the visit."""
    found = [each["value"] for each in body.get("identifier") or [] if each.get("value")]
    return str(found[0] if found else body.get("id", ""))[:80]
