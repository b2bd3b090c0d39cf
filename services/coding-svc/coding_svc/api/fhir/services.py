"""Diagnoses, services, charges and notes of a Bundle."""

import base64
import binascii
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from coding_svc.api.fhir.bundle import Bundle, Json, Resource, codings
from coding_svc.domain.desk.document import DocumentText
from coding_svc.domain.encounter import CodedDiagnosis, CodedLine
from coding_svc.domain.notes import unreadable

ICD10CM = ("http://hl7.org/fhir/sid/icd-10-cm", "http://hl7.org/fhir/sid/icd-10")
PROCEDURES = (
    "http://www.ama-assn.org/go/cpt",
    "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
    "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
    "urn:oid:2.16.840.1.113883.6.285",
)
# What is planned has not been done, and what was billed elsewhere is not billed again.
DONE, TO_BILL = {"completed", "unknown"}, {"billable", "unknown"}
LINES_MAX, DIAGNOSES_MAX, QUANTITY_MAX = 200, 50, Decimal("9999999.999")
SHAPE = re.compile(r"[0-9A-Z]{3,10}")
"""Whatever else stands where a code should be is not repeated in any finding."""


def diagnoses_of(bundle: Bundle, own: list[Resource], order: list[Resource]
                 ) -> tuple[CodedDiagnosis, ...]:  # fmt: skip
    """The codes of the visit's conditions: first those that the Encounter ranks, then the rest."""
    conditions = [each for each in own if each.kind == "Condition"]
    conditions.sort(key=lambda each: order.index(each) if each in order else len(order))
    codes: list[str] = []
    for each in conditions:
        found = codings(each.body.get("code"), *ICD10CM)
        status = next(iter(_codes(each.body.get("verificationStatus"))), "")
        if not found:
            bundle.read.leave_out(f"{each.place}/code", "has no code of ICD-10-CM")
        elif status != "confirmed" and status:
            bundle.read.leave_out(f"{each.place}/verificationStatus", "is not confirmed")
        elif not SHAPE.fullmatch(found[0]):
            bundle.read.refuse(f"{each.place}/code", "is not shaped like a code")
        elif found[0] not in codes:
            codes.append(found[0])
        if len(codes) > DIAGNOSES_MAX:
            bundle.read.refuse(each.place, f"is more than {DIAGNOSES_MAX} diagnoses")
            break
    return tuple(CodedDiagnosis(code, "ABF" if at else "ABK") for at, code in enumerate(codes))


def lines_of(bundle: Bundle, own: list[Resource], day: date) -> tuple[CodedLine, ...]:
    """The visit's charges, and those procedures that nobody charged."""
    lines = [line for each in own if each.kind == "ChargeItem"
             for line in _charge(bundle, each, day)]  # fmt: skip
    charged = {line.procedure_code for line in lines}
    for each in own:
        if each.kind != "Procedure":
            continue
        codes = codings(each.body.get("code"), *PROCEDURES)
        if each.body.get("status") not in DONE:
            bundle.read.leave_out(f"{each.place}/status", "says that it was not done")
        elif not codes:
            bundle.read.leave_out(f"{each.place}/code", "has no code of CPT or HCPCS")
        elif not SHAPE.fullmatch(codes[0]):
            bundle.read.refuse(f"{each.place}/code", "is not shaped like a code")
        elif codes[0] not in charged:
            lines.append(CodedLine(codes[0], _day(each.body, "performed", day)))
    if len(lines) > LINES_MAX:
        bundle.read.refuse("/entry", f"has more than {LINES_MAX} services of one visit")
    return tuple(lines)


def documents_of(bundle: Bundle, own: list[Resource]) -> tuple[DocumentText, ...]:
    """The visit's notes as text. An attachment that lies elsewhere is left out and told."""
    return tuple(
        document
        for each in own
        if each.kind == "DocumentReference" and each.body.get("status") == "current"
        for document in _texts(bundle, each)
    )


def _charge(bundle: Bundle, resource: Resource, day: date) -> Iterator[CodedLine]:
    body = resource.body
    codes = codings(body.get("code"), *PROCEDURES)
    quantity = _decimal((body.get("quantity") or {}).get("value"))
    if body.get("status") not in TO_BILL:
        bundle.read.leave_out(f"{resource.place}/status", "is not to be billed")
    elif not codes:
        bundle.read.leave_out(f"{resource.place}/code", "has no code of CPT or HCPCS")
    elif not SHAPE.fullmatch(codes[0]):
        bundle.read.refuse(f"{resource.place}/code", "is not shaped like a code")
    elif quantity is not None and not 0 < quantity <= QUANTITY_MAX:
        bundle.read.refuse(f"{resource.place}/quantity/value", "is no number of units")
    else:
        yield CodedLine(
            procedure_code=codes[0],
            date_of_service=_day(body, "occurrence", day),
            quantity=Decimal(1) if quantity is None else quantity,
            charge_amount_cents=_cents(bundle, resource),
        )


def _cents(bundle: Bundle, resource: Resource) -> int | None:
    price: Json = resource.body.get("priceOverride") or {}
    amount = _decimal(price.get("value"))
    place = f"{resource.place}/priceOverride"
    if amount is None:
        return None
    if price.get("currency", "USD") != "USD":
        bundle.read.refuse(f"{place}/currency", "is not USD")
        return None
    cents = amount * 100
    if cents != cents.to_integral_value() or cents <= 0:
        bundle.read.refuse(f"{place}/value", "is not a positive amount in whole cents")
        return None
    return int(cents)


def _texts(bundle: Bundle, resource: Resource) -> Iterator[DocumentText]:
    body = resource.body
    number = (body.get("masterIdentifier") or {}).get("value") or body.get("id") or resource.place
    for at, content in enumerate(body.get("content") or []):
        attachment: Json = content.get("attachment") or {}
        place = f"{resource.place}/content/{at}/attachment"
        kind = str(attachment.get("contentType", "text/plain")).split(";")[0]
        if "data" not in attachment:
            bundle.read.leave_out(place, "lies elsewhere; only `data` is read")
        elif kind != "text/plain":
            bundle.read.leave_out(f"{place}/contentType", "is not text/plain")
        elif (text := _text(attachment["data"])) is None:
            bundle.read.refuse(f"{place}/data", "is not text in UTF-8")
        elif (why := unreadable(text)) is not None:
            bundle.read.refuse(f"{place}/data", why.message)
        else:
            written = str(body.get("date") or "")[:10]
            yield DocumentText(
                external_id=f"{number}#{at}"[:200],
                kind="note",
                text=text,
                written_on=date.fromisoformat(written) if len(written) == 10 else None,
            )


def _text(data: Any) -> str | None:
    raw = data if isinstance(data, bytes) else str(data).encode()
    try:
        text = base64.b64decode(raw, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None
    return None if "\0" in text else text


def _day(body: Json, prefix: str, otherwise: date) -> date:
    period: Json = body.get(f"{prefix}Period") or {}
    found = str(body.get(f"{prefix}DateTime") or period.get("start") or "")[:10]
    return date.fromisoformat(found) if len(found) == 10 else otherwise


def _decimal(value: Any) -> Decimal | None:
    try:
        return None if value is None else Decimal(str(value))
    except InvalidOperation:
        return None


def _codes(concept: Any) -> list[str]:
    return [str(each.get("code", "")) for each in (concept or {}).get("coding") or []]
