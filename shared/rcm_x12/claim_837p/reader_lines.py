"""Loop 2400 to a line."""

from datetime import date
from decimal import Decimal
from typing import Any

from rcm_x12.claim_837p.reader_parts import (
    attachments_of,
    conditions_of,
    dates_of,
    location_in,
    provider_in,
    transport_of,
)
from rcm_x12.claim_837p.values import Drug, Line, LineAdjudication
from rcm_x12.pieces import (
    at,
    cents_at,
    date_at,
    quantity_at,
    read_adjustments,
    read_date,
    read_procedure,
    read_reference,
)
from rcm_x12.values import Amount, Note, Procedure, Quantity
from rcm_x12.walker import Node, Walk

_NAMED = {"6R": "control_number", "G1": "prior_authorization_number", "9F": "referral_number"}
_NO_DATE = date(1900, 1, 1)
"""Stands in where a required date is missing; the finding says so."""


def line_of(node: Node, walk: Walk) -> Line:
    """One line; what is missing is empty and a finding."""
    sv1 = node.first("SV1") or []
    report = walk.reporter("SV1", "2400")
    references = [read_reference(ref) for ref in node.every("REF")]
    named: dict[str, Any] = {}
    for one in references:
        if one.qualifier in _NAMED:
            named.setdefault(_NAMED[one.qualifier], one.value)
    kept = {(qualifier, named.get(name)) for qualifier, name in _NAMED.items()}
    service = next((dtp for dtp in node.every("DTP") if at(dtp, 1) == "472"), None)
    when = read_date(service, walk.reporter("DTP", "2400")) if service else None
    cr1 = node.first("CR1")
    pointers = at(sv1, 7).split(walk.component)
    return Line(
        procedure=read_procedure(at(sv1, 1), walk.component) if sv1 else Procedure(""),
        charge_cents=cents_at(sv1, 2, report) or 0,
        quantity=quantity_at(sv1, 4, report) or Decimal(0),
        diagnosis_pointers=tuple(int(one) for one in pointers if one.isdecimal()),
        service_from=when.on if when else _NO_DATE,
        service_to=when.until if when else None,
        units=at(sv1, 3),
        place_of_service_code=at(sv1, 5),
        is_emergency=at(sv1, 9) == "Y",
        is_epsdt=at(sv1, 11) == "Y",
        is_family_planning=at(sv1, 12) == "Y",
        is_copay_exempt=at(sv1, 15) == "0",
        references=tuple(one for one in references if (one.qualifier, one.value) not in kept),
        dates=dates_of(node, walk, without=frozenset({"472"})),
        attachments=attachments_of(node),
        transport=transport_of(cr1, walk) if cr1 else None,
        conditions=conditions_of(node),
        quantities=tuple(_quantity(qty, walk) for qty in node.every("QTY")),
        amounts=tuple(
            Amount(at(amt, 1), cents_at(amt, 2, walk.reporter("AMT", "2400")) or 0)
            for amt in node.every("AMT")
        ),
        notes=tuple(Note(at(nte, 1), at(nte, 2)) for nte in node.every("NTE")),
        drug=_drug(node.loop("2410"), walk),
        **_providers(node),
        adjudications=tuple(_adjudication(each, walk) for each in node.loops("2430")),
        **named,
    )


def _providers(node: Node) -> dict[str, Any]:
    """2420."""
    return {
        "rendering_provider": provider_in(node, "2420A"),
        "purchased_service_provider": provider_in(node, "2420B"),
        "service_facility": provider_in(node, "2420C"),
        "supervising_provider": provider_in(node, "2420D"),
        "ordering_provider": provider_in(node, "2420E"),
        "referring_provider": provider_in(node, "2420F", "DN"),
        "primary_care_provider": provider_in(node, "2420F", "P3"),
        "pick_up": location_in(node, "2420G"),
        "drop_off": location_in(node, "2420H"),
    }


def _quantity(qty: list[str], walk: Walk) -> Quantity:
    report = walk.reporter("QTY", "2400")
    return Quantity(at(qty, 1), quantity_at(qty, 2, report) or Decimal(0))


def _drug(node: Node | None, walk: Walk) -> Drug | None:
    if node is None:
        return None
    lin, ctp, ref = node.first("LIN") or [], node.first("CTP") or [], node.first("REF")
    count = quantity_at(ctp, 4, walk.reporter("CTP", "2410"))
    prescription = read_reference(ref) if ref else None
    return Drug(at(lin, 3), count or Decimal(0), at(ctp, 5), prescription)


def _adjudication(node: Node, walk: Walk) -> LineAdjudication:
    svd, dtp = node.first("SVD") or [], node.first("DTP")
    report = walk.reporter("SVD", "2430")
    amount = next((one for one in node.every("AMT") if at(one, 1) == "EAF"), None)
    bundled = at(svd, 6)
    return LineAdjudication(
        payer_id=at(svd, 1),
        paid_cents=cents_at(svd, 2, report) or 0,
        procedure=read_procedure(at(svd, 3), walk.component),
        quantity=quantity_at(svd, 5, report) or Decimal(0),
        bundled_line=int(bundled) if bundled.isdecimal() else None,
        adjustments=tuple(a for cas in node.every("CAS") for a in read_adjustments(cas, report)),
        adjudicated_on=date_at(dtp, 3, report) if dtp else None,
        remaining_liability_cents=cents_at(amount, 2, report) if amount else None,
    )
