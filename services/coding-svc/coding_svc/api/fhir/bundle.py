"""The Bundle itself: which resources it has, whether each is sound, where each reference leads."""

import importlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from pydantic import ValidationError

from coding_svc.domain.desk.intake import Visit
from rcm.errors import Pointer

Json = Mapping[str, Any]
# What is read, and what else may be referred to. The models are imported when first needed:
# together they take two seconds, which a process that never sees FHIR should not wait for.
READ = (
    "Encounter", "Patient", "Coverage", "Condition", "Procedure", "ChargeItem",
    "DocumentReference", "Organization", "Practitioner", "PractitionerRole", "RelatedPerson",
    "Location",
)  # fmt: skip
ENTRIES_MAX = 2_000
FINDINGS_MAX = 100
# References that decide what is billed. Others (authors, parts, evidence) may lead elsewhere.
FOLLOWED = {
    "Encounter": ("subject", "serviceProvider", "participant.individual", "diagnosis.condition"),
    "Coverage": ("beneficiary", "payor"),
    "Condition": ("subject", "encounter"),
    "Procedure": ("subject", "encounter"),
    "ChargeItem": ("subject", "context"),
    "DocumentReference": ("subject", "context.encounter"),
    "PractitionerRole": ("practitioner", "organization"),
}
REASONS = {
    "missing": "is required",
    "extra_forbidden": "is not a field of this resource",
    "model_type": "is not an object",
    "list_type": "is not a list",
    "value_error": "breaks a rule of this field",
}


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource and the place where it stands."""

    kind: str
    place: str
    body: Json = field(repr=False)

    def __hash__(self) -> int:
        return hash(self.place)


@dataclass(slots=True)
class Read:
    """What came out of a Bundle: visits with their places, what forbids to take it, and what was
    left out without harm."""

    visits: list[tuple[str, Visit]] = field(default_factory=list)
    findings: list[Pointer] = field(default_factory=list)
    left_out: list[Pointer] = field(default_factory=list)

    def refuse(self, place: str, reason: str) -> None:
        """Something that has to be mended."""
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append(Pointer(place, reason))

    def leave_out(self, place: str, reason: str) -> None:
        """Something that is not needed."""
        if len(self.left_out) < FINDINGS_MAX:
            self.left_out.append(Pointer(place, reason))


class Bundle:
    """The sound resources of a Bundle, by kind and by reference."""

    def __init__(self, body: Json, read: Read) -> None:
        self.read = read
        self.resources: list[Resource] = []
        self._by_reference: dict[str, Resource] = {}
        for entry, place in _entries(body, read):
            self._take(entry, place)
        for resource in self.resources:
            for reference, at in _followed(resource):
                if self.target(reference) is None and not _is_contained(resource, reference):
                    read.refuse(f"{at}/reference", "leads to nothing in this Bundle")

    def of(self, kind: str) -> list[Resource]:
        """All of a kind, in the order of the Bundle."""
        return [each for each in self.resources if each.kind == kind]

    def target(self, reference: Json | None) -> Resource | None:
        """The resource that a reference leads to."""
        if not reference:
            return None
        text = str(reference.get("reference", ""))
        return self._by_reference.get(text) or self._by_reference.get(_short(text))

    def _take(self, entry: Json, place: str) -> None:
        body = entry.get("resource")
        at = f"{place}/resource"
        if not isinstance(body, dict) or not isinstance(body.get("resourceType"), str):
            self.read.refuse(at, "is not a resource")
            return
        kind = body["resourceType"]
        if kind not in READ:
            self.read.leave_out(at, "is of a type that is not read here")
            return
        if errors := list(_breaches(kind, body)):
            for pointer, reason in errors:
                self.read.refuse(at + pointer, reason)
            return
        resource = Resource(kind, at, body)
        self.resources.append(resource)
        for name in (entry.get("fullUrl"), f"{kind}/{body['id']}" if body.get("id") else None):
            if isinstance(name, str) and name in self._by_reference:
                self.read.refuse(at, "has the name of another resource of this Bundle")
            elif isinstance(name, str):
                self._by_reference[name] = resource


def codings(concept: Json | None, *systems: str) -> list[str]:
    """The codes of a concept in these systems, without dots."""
    found = (concept or {}).get("coding") or []
    return [
        str(each.get("code", "")).replace(".", "").upper()
        for each in found
        if each.get("system") in systems and each.get("code")
    ]


def _entries(body: Json, read: Read) -> Iterator[tuple[Json, str]]:
    if body.get("resourceType") != "Bundle":
        read.refuse("/resourceType", "is not Bundle")
        return
    entries = body.get("entry")
    if not isinstance(entries, list) or not 1 <= len(entries) <= ENTRIES_MAX:
        read.refuse("/entry", f"is not a list of 1 to {ENTRIES_MAX} entries")
        return
    for at, entry in enumerate(entries):
        if isinstance(entry, dict):
            yield entry, f"/entry/{at}"
        else:
            read.refuse(f"/entry/{at}", "is not an object")


def _breaches(kind: str, body: Json) -> Iterator[tuple[str, str]]:
    """Where a resource breaks FHIR's own rules."""
    try:
        _model(kind).model_validate(body)
    except ValidationError as error:
        for found in error.errors(include_url=False, include_input=False):
            yield (
                _pointer(found["loc"], found["type"]),
                REASONS.get(found["type"], "is not what FHIR allows here"),
            )
    except (ValueError, TypeError):
        yield "", "is not what FHIR allows here"


def _pointer(location: tuple[int | str, ...], kind: str) -> str:
    """The place in it. A name that FHIR does not have is the sender's own and is not repeated."""
    parts = [str(part) for part in location if isinstance(part, int) or part.isidentifier()]
    if kind == "extra_forbidden" and parts:
        parts[-1] = "?"
    return "".join(f"/{part}" for part in parts)


def _followed(resource: Resource) -> Iterator[tuple[Json, str]]:
    for path in FOLLOWED.get(resource.kind, ()):
        yield from _walk(resource.body, path.split("."), resource.place)


def _walk(value: Any, path: list[str], place: str) -> Iterator[tuple[Json, str]]:
    if isinstance(value, list):
        for at, each in enumerate(value):
            yield from _walk(each, path, f"{place}/{at}")
    elif isinstance(value, dict) and not path:
        if "reference" in value:
            yield value, place
    elif isinstance(value, dict) and path[0] in value:
        yield from _walk(value[path[0]], path[1:], f"{place}/{path[0]}")


def _is_contained(resource: Resource, reference: Json) -> bool:
    """A resource inside another one: sound when it is there. Its content is not read."""
    name = str(reference.get("reference", ""))
    inside = resource.body.get("contained") or []
    return name.startswith("#") and any(f"#{each.get('id')}" == name for each in inside)


def _short(reference: str) -> str:
    """`Patient/7` of `https://ehr.example/fhir/Patient/7/_history/2`."""
    parts = reference.split("/_history/", maxsplit=1)[0].rsplit("/", 2)
    return "/".join(parts[-2:])


@cache
def _model(kind: str) -> Any:
    module = importlib.import_module(f"fhir.resources.R4B.{kind.lower()}")
    return getattr(module, kind)
