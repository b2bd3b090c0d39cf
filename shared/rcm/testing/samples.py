"""One valid, deterministic sample of every event; a test changes one thing and says which."""

import types
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal, TypeVar, Union, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel

from rcm.contracts import values
from rcm.contracts.base import Event, Sealed
from rcm.ids import derived_id

E = TypeVar("E", bound=Event)

SAMPLES = UUID("5f0c1c36-0000-4000-8000-000000000000")
TENANT = UUID("7e57c0de-0000-4000-8000-000000000001")
MOMENT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
DAY = date(2026, 3, 2)

# Text whose shape a rule fixes, by field name. All invented; the NPI passes its check digit.
TEXT = {
    "npi": "1234567893",
    "provider_npi": "1234567893",
    "taxonomy_code": "207Q00000X",
    "tax_id": "123456789",
    "postal_code": "606010001",
    "state": "IL",
    "city": "Springfield",
    "code": "E119",
    "procedure_code": "99213",
    "revenue_code": "0510",
    "type_of_bill": "131",
    "admission_time": "0930",
    "discharge_time": "1130",
    "admission_type_code": "3",
    "admission_source_code": "1",
    "patient_status_code": "01",
    "admitting_diagnosis_code": "E119",
    "reason_for_visit_codes": "E119",
    "condition_codes": "09",
    "drg_code": "638",
    "modifiers": "25",
    "place_of_service_code": "11",
    "filing_code": "CI",
    "insurance_type_code": "12",
    "payer_id": "DEMO1",
    "crossover_payer_id": "DEMO2",
    "member_id": "W000000001",
    "reason_code": "45",
    "group_code": "CO",
    "claim_status_code": "1",
    "interchange_control_number": "000000001",
    "sha256": "0" * 64,
    "patient_control_number": "C0000001",
    "line_control_number": "C0000001-1",
}

# `code` is another list's in these.
CODES: Mapping[type[BaseModel], str] = {
    values.PerformedProcedure: "0DTJ4ZZ",
    values.Occurrence: "11",
    values.OccurrenceSpan: "74",
    values.ValueCode: "80",
}


def sample(event: type[E], **changes: object) -> E:
    """A full, valid event of this class with the given fields replaced."""
    found: E = build(event, **changes)
    return found


def build(model: type[E] | type[BaseModel], **changes: object) -> Any:
    """A full, valid value of any contract model."""
    fields: dict[str, object] = {
        name: _value(name, found.annotation, found.metadata)
        for name, found in model.model_fields.items()
    }
    if model in CODES:
        fields["code"] = CODES[model]
    if "tenant_id" in fields:
        fields["tenant_id"] = TENANT
    return model(**(fields | changes))


def _value(name: str, annotation: Any, metadata: list[Any]) -> object:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        inner = next(kind for kind in arguments if kind is not type(None))
        return _value(name, inner, metadata)
    if hasattr(annotation, "__metadata__"):
        return _value(name, annotation.__origin__, list(annotation.__metadata__))
    generic: dict[Any, Callable[[], object]] = {
        Literal: lambda: arguments[0],
        tuple: lambda: (_value(name, arguments[0], []),),
        Sealed: lambda: Sealed(value=build(arguments[0])),
    }
    if origin in generic:
        return generic[origin]()
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return build(annotation)
    return _plain(name, annotation)


def _plain(name: str, annotation: Any) -> object:
    plain: Mapping[Any, object] = {
        UUID: derived_id(SAMPLES, name),
        datetime: MOMENT,
        date: DAY,
        Decimal: Decimal("1.5"),
        bool: True,
        int: 0 if name == "diagnosis_pointers" else 1,
    }
    if annotation is int and name.endswith("_cents"):
        return 12_500
    if annotation is str:
        return TEXT.get(name, name.replace("_", " ").capitalize())
    return plain[annotation]
