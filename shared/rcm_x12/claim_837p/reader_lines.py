"""Loop 2400 to a line."""

from datetime import date
from decimal import Decimal
from typing import Any

from rcm_x12.claim.read_parts import (
    adjudication_of,
    amounts_of,
    attachments_of,
    conditions_of,
    date_in,
    dates_of,
    drug_of,
    fixed_format_of,
    location_in,
    notes_of,
    provider_in,
    rare,
    references_of,
)
from rcm_x12.claim.segments import CN1, CR1, HCP
from rcm_x12.claim_837p.segments import CR3, FRM, MEA, PS1
from rcm_x12.claim_837p.values import Equipment, Form, Line
from rcm_x12.pieces import at, cents_at, quantity_at, read_procedure
from rcm_x12.values import Procedure, Quantity
from rcm_x12.walker import Node, Walk

_NAMED = {"6R": "control_number", "G1": "prior_authorization_number", "9F": "referral_number"}
_NO_DATE = date(1900, 1, 1)
"""Stands in where a required date is missing; the finding says so."""


def line_of(node: Node, walk: Walk) -> Line:
    """One line; what is missing is empty and a finding."""
    sv1 = node.first("SV1") or []
    report = walk.reporter("SV1", "2400")
    named, references = references_of(node, walk, _NAMED)
    when = date_in(node, walk, "472")
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
        references=references,
        dates=dates_of(node, walk, without=frozenset({"472"})),
        attachments=attachments_of(node),
        transport=rare(node, walk, CR1),
        conditions=conditions_of(node),
        quantities=tuple(_quantity(qty, walk) for qty in node.every("QTY")),
        amounts=amounts_of(node, walk),
        notes=notes_of(node),
        drug=drug_of(node.loop("2410"), walk),
        **_providers(node, walk),
        **_rare_parts(node, walk),
        adjudications=tuple(adjudication_of(each, walk) for each in node.loops("2430")),
        **named,
    )


def _rare_parts(node: Node, walk: Walk) -> dict[str, Any]:
    sv5 = node.first("SV5")
    report = walk.reporter("MEA", "2400")
    return {
        "equipment": _equipment(sv5, walk) if sv5 else None,
        "equipment_need": rare(node, walk, CR3),
        "measurements": tuple(MEA.read(mea, report) for mea in node.every("MEA")),
        "contract": rare(node, walk, CN1),
        "fixed_format": fixed_format_of(node),
        "purchased_service": rare(node, walk, PS1),
        "repricing": rare(node, walk, HCP),
        "forms": tuple(_form(form, walk) for form in node.loops("2440")),
    }


def _providers(node: Node, walk: Walk) -> dict[str, Any]:
    """2420."""
    return {
        "rendering_provider": provider_in(node, walk, "2420A"),
        "purchased_service_provider": provider_in(node, walk, "2420B"),
        "service_facility": provider_in(node, walk, "2420C"),
        "supervising_provider": provider_in(node, walk, "2420D"),
        "ordering_provider": provider_in(node, walk, "2420E"),
        "referring_provider": provider_in(node, walk, "2420F", "DN"),
        "primary_care_provider": provider_in(node, walk, "2420F", "P3"),
        "pick_up": location_in(node, "2420G"),
        "drop_off": location_in(node, "2420H"),
    }


def _quantity(qty: list[str], walk: Walk) -> Quantity:
    report = walk.reporter("QTY", "2400")
    return Quantity(at(qty, 1), quantity_at(qty, 2, report) or Decimal(0))


def _equipment(sv5: list[str], walk: Walk) -> Equipment:
    report = walk.reporter("SV5", "2400")
    return Equipment(
        procedure_code=at(sv5, 1).partition(walk.component)[2],
        days=quantity_at(sv5, 3, report) or Decimal(0),
        rental_cents=cents_at(sv5, 4, report) or 0,
        purchase_cents=cents_at(sv5, 5, report) or 0,
        frequency_code=at(sv5, 6),
    )


def _form(node: Node, walk: Walk) -> Form:
    lq, report = node.first("LQ") or [], walk.reporter("FRM", "2440")
    answers = tuple(FRM.read(frm, report) for frm in node.every("FRM"))
    return Form(at(lq, 1), at(lq, 2), answers)
