"""Patients, coverages and providers of a Bundle."""

from typing import Any, TypeVar

from pydantic import ValidationError

from coding_svc.api.fhir.bundle import Bundle, Json, Resource
from rcm.contracts.base import Value
from rcm.contracts.values import Address, Coverage, Member, Person, Provider

V = TypeVar("V", bound=Value)
NPI = "http://hl7.org/fhir/sid/us-npi"
NUCC = "http://nucc.org/provider-taxonomy"
EIN = ("urn:oid:2.16.840.1.113883.4.4", "http://hl7.org/fhir/sid/us-ein")
SEX = {"male": "M", "female": "F"}
RANKS = ("primary", "secondary", "tertiary")
RELATIONSHIPS = {"self": "self", "spouse": "spouse", "child": "child"}


def patient_number(patient: Resource) -> str:
    """The sender's own number of the patient: the first identifier, else the resource's id."""
    found = [each["value"] for each in patient.body.get("identifier") or [] if each.get("value")]
    return str(found[0] if found else patient.body.get("id", ""))[:80]


def person_of(bundle: Bundle, resource: Resource) -> Person | None:
    """Names, birth date, sex and address; None with findings when one of them is missing."""
    body = resource.body
    name: Json = next(iter(body.get("name") or []), {})
    given = [str(each) for each in name.get("given") or []]
    values: dict[str, Any] = {
        "last_name": name.get("family"),
        "first_name": (given or [""])[0][:35],
        "middle_name": " ".join(given[1:])[:25],
        "birth_date": body.get("birthDate"),
        "sex": SEX.get(str(body.get("gender")), "U"),
        "address": _address(body.get("address")),
    }
    return _made(
        Person, values, bundle, resource,
        last_name="name/0/family", birth_date="birthDate", address="address/0",
    )  # fmt: skip


def provider_of(bundle: Bundle, resource: Resource) -> Provider | None:
    """An organisation or a practitioner with its NPI; a role stands for its practitioner."""
    if resource.kind == "PractitionerRole":
        practitioner = bundle.target(resource.body.get("practitioner"))
        if practitioner is None:
            bundle.read.refuse(f"{resource.place}/practitioner", "is required")
            return None
        found = provider_of(bundle, practitioner)
        specialty = _taxonomy(resource.body.get("specialty"))
        return (
            found.model_copy(update={"taxonomy_code": specialty}) if found and specialty else found
        )
    body = resource.body
    values: dict[str, Any] = {
        "npi": _identifier(body, NPI),
        "tax_id": (_identifier(body, *EIN) or "").replace("-", "") or None,
        "address": _address(body.get("address")),
    }
    if resource.kind == "Organization":
        values["name"] = str(body.get("name") or "")[:60]
        values["taxonomy_code"] = _taxonomy(body.get("type"))
    else:
        name: Json = next(iter(body.get("name") or []), {})
        values["name"] = str(name.get("family") or "")[:60]
        values["first_name"] = str((name.get("given") or [""])[0])[:35]
        codes = [each.get("code") for each in body.get("qualification") or []]
        values["taxonomy_code"] = _taxonomy(codes)
    return _made(Provider, values, bundle, resource, npi="identifier")


def coverages_of(bundle: Bundle, patient: Resource) -> tuple[list[Coverage], list[Member]]:
    """The patient's active coverages in their order: at most three, as a claim takes."""
    own = [
        each
        for each in bundle.of("Coverage")
        if bundle.target(each.body.get("beneficiary")) is patient
        and each.body.get("status") == "active"
    ]
    own.sort(key=lambda each: each.body.get("order") or len(own))
    for extra in own[len(RANKS) :]:
        bundle.read.leave_out(extra.place, "is beyond the third coverage")
    coverages, members = [], []
    for rank, resource in zip(RANKS, own, strict=False):
        made = _coverage(bundle, resource, rank)
        if made is not None:
            coverages.append(made[0])
            members.append(made[1])
    return coverages, members


def _coverage(bundle: Bundle, resource: Resource, rank: str) -> tuple[Coverage, Member] | None:
    body = resource.body
    relation = next(
        (each.get("code") for each in (body.get("relationship") or {}).get("coding") or []), "self"
    )
    payor: Json = next(iter(body.get("payor") or []), {})
    payer = bundle.target(payor)
    shown: Json = payer.body if payer else payor
    payer_id = _identifier(shown) or (payor.get("identifier") or {}).get("value")
    values: dict[str, Any] = {
        "rank": rank,
        "payer_id": payer_id,
        "payer_name": str(shown.get("name") or shown.get("display") or payer_id or "")[:60],
        "relationship": RELATIONSHIPS.get(str(relation), "other"),
        "group_number": _class_value(body, "group"),
    }
    filing = [
        str(each.get("code"))
        for each in (body.get("type") or {}).get("coding") or []
        if len(str(each.get("code"))) == 2
    ]
    if filing:
        values["filing_code"] = filing[0]
    coverage = _made(Coverage, values, bundle, resource, payer_id="payor/0/identifier")
    subscriber = _subscriber(bundle, resource)
    member = _made(
        Member,
        {"rank": rank, "member_id": body.get("subscriberId"), "subscriber": subscriber},
        bundle, resource, member_id="subscriberId",
    )  # fmt: skip
    return None if coverage is None or member is None else (coverage, member)


def _subscriber(bundle: Bundle, resource: Resource) -> Person | None:
    """Who holds the coverage, where that is not the patient."""
    holder = bundle.target(resource.body.get("subscriber"))
    if holder is None or holder is bundle.target(resource.body.get("beneficiary")):
        return None
    return person_of(bundle, holder)


def _address(found: Any) -> dict[str, Any] | None:
    """The first address that could be written on a claim."""
    each: Json = next(iter(found or []), {})
    lines = [str(line)[:55] for line in each.get("line") or []]
    values = {
        "line_1": (lines or [""])[0],
        "line_2": (lines[1:2] or [""])[0],
        "city": str(each.get("city") or "")[:30],
        "state": each.get("state"),
        "postal_code": str(each.get("postalCode") or "").replace("-", ""),
    }
    try:
        Address.model_validate(values)
    except ValidationError:
        return None
    return values


def _identifier(body: Json, *systems: str) -> str | None:
    for each in body.get("identifier") or []:
        if each.get("value") and (not systems or each.get("system") in systems):
            return str(each["value"])
    return None


def _taxonomy(concepts: Any) -> str | None:
    for concept in concepts or []:
        for each in (concept or {}).get("coding") or []:
            if each.get("system") == NUCC:
                return str(each.get("code"))
    return None


def _class_value(body: Json, wanted: str) -> str | None:
    for each in body.get("class") or []:
        kinds = [coding.get("code") for coding in (each.get("type") or {}).get("coding") or []]
        if wanted in kinds and each.get("value"):
            return str(each["value"])
    return None


def _made(
    kind: type[V],
    values: dict[str, Any],
    bundle: Bundle,
    resource: Resource,
    **places: str,
) -> V | None:
    """The value, or a finding for each part that is missing or has no shape."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        names = {str(found["loc"][0]) for found in error.errors(include_input=False)}
        for name in sorted(names):
            is_missing = values.get(name) in (None, "")
            reason = "is required" if is_missing else "has not the shape that a claim needs"
            bundle.read.refuse(f"{resource.place}/{places.get(name, name)}", reason)
        return None
