"""Loop 2400: one service line with drug, providers and the decisions of other payers."""

from collections.abc import Iterator

from rcm_x12.builder import CODE, composite, needed, segment
from rcm_x12.claim_837p.order import LINE_DATES, LINE_REFERENCES
from rcm_x12.claim_837p.values import Drug, Line, LineAdjudication
from rcm_x12.claim_837p.writer_parties import provider_loop
from rcm_x12.claim_837p.writer_parts import (
    attachments,
    conditions,
    dates,
    locations,
    references,
    transport,
)
from rcm_x12.findings import WriteRefused
from rcm_x12.pieces import write_adjustments, write_date, write_procedure, write_reference
from rcm_x12.scalars import amount_text, date_text, quantity_text
from rcm_x12.values import Reference

LINE_CONTROL_NUMBER_MAX = 30


def line_segments(number: int, line: Line) -> list[str]:
    """One line in guide order."""
    out = [f"LX*{number}", _sv1(line)]
    if line.attachments:
        out += attachments(line.attachments)
    if line.transport is not None:
        out.append(transport(line.transport))
    if line.conditions:
        out += conditions(line.conditions)
    out.append(write_date("472", line.service_from, line.service_to))
    if line.dates:
        out += dates(line.dates, LINE_DATES)
    out += [f"QTY*{CODE[each.qualifier]}*{quantity_text(each.count)}" for each in line.quantities]
    out += _references(line)
    out += [f"AMT*{CODE[each.qualifier]}*{amount_text(each.cents)}" for each in line.amounts]
    for note in line.notes:
        out.append(segment("NTE", CODE[note.code], needed(note.text, "2400 NTE02", 80)))
    if line.drug is not None:
        out += _drug(line.drug)
    out += _providers(line)
    for decided in line.adjudications:
        out += _adjudication(decided)
    return out


def _sv1(line: Line) -> str:
    if line.quantity <= 0:
        raise WriteRefused("2400 SV104", "the quantity must be more than zero")
    return segment(
        "SV1",
        write_procedure(line.procedure, "2400 SV101"),
        amount_text(line.charge_cents),
        CODE[line.units],
        quantity_text(line.quantity),
        CODE[line.place_of_service_code],
        "",
        composite(*map(str, line.diagnosis_pointers)),
        "",
        "Y" if line.is_emergency else "",
        "",
        "Y" if line.is_epsdt else "",
        "Y" if line.is_family_planning else "",
        "",
        "",
        "0" if line.is_copay_exempt else "",
    )


def _references(line: Line) -> list[str]:
    number = line.control_number
    if not (line.references or line.prior_authorization_number or line.referral_number):
        if not number:
            return []
        return [write_reference("6R", number, "2400", LINE_CONTROL_NUMBER_MAX)]
    named = (
        Reference("G1", line.prior_authorization_number),
        Reference("6R", number),
        Reference("9F", line.referral_number),
    )
    given = [*line.references, *(each for each in named if each.value)]
    return references(given, LINE_REFERENCES, "2400")


def _drug(drug: Drug) -> Iterator[str]:
    """2410."""
    yield f"LIN**N4*{needed(drug.ndc, '2410 LIN03', 11)}"
    yield segment("CTP", "", "", "", quantity_text(drug.quantity), CODE[drug.unit])
    if drug.prescription is not None:
        yield write_reference(drug.prescription.qualifier, drug.prescription.value, "2410")


def _providers(line: Line) -> list[str]:
    out: list[str] = []
    for code, provider, loop in (
        ("82", line.rendering_provider, "2420A"),
        ("QB", line.purchased_service_provider, "2420B"),
        ("77", line.service_facility, "2420C"),
        ("DQ", line.supervising_provider, "2420D"),
        ("DK", line.ordering_provider, "2420E"),
        ("DN", line.referring_provider, "2420F"),
        ("P3", line.primary_care_provider, "2420F"),
    ):
        if provider is not None:
            out += provider_loop(code, provider, loop)
    if line.pick_up or line.drop_off:
        out += locations(line.pick_up, line.drop_off, "2420G", "2420H")
    return out


def _adjudication(other: LineAdjudication) -> Iterator[str]:
    """2430."""
    yield segment(
        "SVD",
        needed(other.payer_id, "2430 SVD01"),
        amount_text(other.paid_cents),
        write_procedure(other.procedure, "2430 SVD03"),
        "",
        quantity_text(other.quantity),
        "" if other.bundled_line is None else str(other.bundled_line),
    )
    yield from write_adjustments(other.adjustments)
    if other.adjudicated_on is not None:
        yield f"DTP*573*D8*{date_text(other.adjudicated_on)}"
    if other.remaining_liability_cents is not None:
        yield f"AMT*EAF*{amount_text(other.remaining_liability_cents)}"
