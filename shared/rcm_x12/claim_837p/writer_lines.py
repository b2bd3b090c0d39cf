"""Loop 2400: one service line with drug, providers and the decisions of other payers."""

from typing import Final

from rcm_x12.builder import CODE, composite, segment, text
from rcm_x12.claim.order import order
from rcm_x12.claim.segments import CN1, CR1, HCP
from rcm_x12.claim.write_parties import provider_loop
from rcm_x12.claim.write_parts import (
    adjudication,
    attachments,
    conditions,
    dates,
    drug,
    fixed_formats,
    locations,
    notes,
    references,
)
from rcm_x12.claim_837p.segments import CR3, FRM, MEA, PS1
from rcm_x12.claim_837p.values import Equipment, Form, Line
from rcm_x12.findings import WriteRefused
from rcm_x12.pieces import write_date, write_procedure, write_reference
from rcm_x12.scalars import amount_text, quantity_text
from rcm_x12.values import Reference

VERSION: Final = "005010X222A1"
LINE_CONTROL_NUMBER_MAX = 30


def line_segments(number: int, line: Line) -> list[str]:  # noqa: C901, PLR0912 - one if per part
    """One line in guide order."""
    out = [f"LX*{number}", _sv1(line)]
    if line.equipment is not None:
        out.append(_sv5(line.equipment))
    if line.attachments:
        out += attachments(line.attachments)
    if line.transport is not None:
        out.append(CR1.write(line.transport, "2400"))
    if line.equipment_need is not None:
        out.append(CR3.write(line.equipment_need, "2400"))
    if line.conditions:
        out += conditions(line.conditions)
    out.append(write_date("472", line.service_from, line.service_to))
    if line.dates:
        out += dates(line.dates, order(VERSION, "2400", "DTP"))
    if line.quantities or line.measurements or line.contract is not None:
        out += _measures(line)
    out += _references(line)
    for amount in line.amounts:
        out.append(f"AMT*{CODE[amount.qualifier]}*{amount_text(amount.cents)}")
    if line.notes or line.fixed_format or line.purchased_service or line.repricing:
        out += _remarks(line)
    if line.drug is not None:
        out += drug(line.drug)
    out += _providers(line)
    for decided in line.adjudications:
        if decided.procedure is None:
            raise WriteRefused("2430 SVD03", "it is required")
        out += adjudication(decided)
    for form in line.forms:
        out += _form(form)
    return out


def _measures(line: Line) -> list[str]:
    """QTY, MEA and CN1."""
    out = [f"QTY*{CODE[each.qualifier]}*{quantity_text(each.count)}" for each in line.quantities]
    out += [MEA.write(each, "2400") for each in line.measurements]
    if line.contract is not None:
        out.append(CN1.write(line.contract, "2400"))
    return out


def _remarks(line: Line) -> list[str]:
    """K3, NTE, PS1 and HCP."""
    out: list[str] = []
    if line.fixed_format:
        out += fixed_formats(line.fixed_format, "2400")
    if line.notes:
        out += notes(line.notes, "2400")
    if line.purchased_service is not None:
        out.append(PS1.write(line.purchased_service, "2400"))
    if line.repricing is not None:
        out.append(HCP.write(line.repricing, "2400"))
    return out


def _sv5(one: Equipment) -> str:
    return segment(
        "SV5",
        f"HC:{CODE[one.procedure_code]}",
        "DA",
        quantity_text(one.days),
        amount_text(one.rental_cents),
        amount_text(one.purchase_cents),
        CODE[one.frequency_code],
    )


def _form(form: Form) -> list[str]:
    """2440."""
    if not form.answers:
        raise WriteRefused("2440 FRM", "a form needs an answer")
    head = segment("LQ", CODE[form.code_list], text(form.code, "2440 LQ02", 30))
    return [head, *(FRM.write(answer, "2440") for answer in form.answers)]


class _Pointers(dict[tuple[int, ...], str]):
    """SV107 by its pointers; a claim has twelve diagnoses, and most lines point alike."""

    def __missing__(self, pointers: tuple[int, ...]) -> str:
        written = composite(*map(str, pointers))
        if len(self) < 10_000:
            self[pointers] = written
        return written


_POINTERS: Final = _Pointers()


def _sv1(line: Line) -> str:
    if line.quantity <= 0:
        raise WriteRefused("2400 SV104", "the quantity must be more than zero")
    start = (
        f"SV1*{write_procedure(line.procedure, '2400 SV101')}*{amount_text(line.charge_cents)}"
        f"*{CODE[line.units]}*{quantity_text(line.quantity)}*{CODE[line.place_of_service_code]}"
        f"**{_POINTERS[line.diagnosis_pointers]}"
    )
    if not (line.is_emergency or line.is_epsdt or line.is_family_planning or line.is_copay_exempt):
        return start
    return segment(
        start,
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
    given = [*(each for each in named if each.value), *line.references]
    return references(given, order(VERSION, "2400", "REF"), "2400")


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
