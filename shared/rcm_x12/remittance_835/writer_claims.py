"""Loops 2100 and 2110 of an 835, in guide order."""

from collections.abc import Iterable
from decimal import Decimal

from rcm_x12.builder import CODE, needed, segment, text
from rcm_x12.findings import WriteRefused
from rcm_x12.pieces import (
    write_adjustments,
    write_contact,
    write_name,
    write_outpatient_remarks,
    write_procedure,
    write_reference,
    write_references,
)
from rcm_x12.remittance_835.values import ClaimPayment, ServicePayment
from rcm_x12.scalars import amount_text, date_text, quantity_text
from rcm_x12.values import Amount, Quantity

GROUPS = frozenset({"CO", "PR", "OA", "PI"})
"""CAS01 in 5010; CR went out with 4010."""
_NAME_ORDER = {"IL": 0, "74": 1, "82": 2, "TT": 3, "PR": 4, "GB": 5}


def claim_segments(claim: ClaimPayment) -> list[str]:
    """One claim with its lines."""
    _refuse_groups(claim)
    out = [_clp(claim)]
    out += write_adjustments(claim.adjustments)
    if claim.patient is None:
        raise WriteRefused("2100 NM1*QC", "a claim payment names its patient")
    out.append(write_name("QC", claim.patient, "2100"))
    for code, name in sorted(claim.names, key=lambda each: _NAME_ORDER.get(each[0], 9)):
        out.append(write_name(CODE[code], name, "2100"))
    if claim.inpatient_remarks is not None:
        elements = (text(one, "2100 MIA", 50) for one in claim.inpatient_remarks.elements)
        out.append(segment("MIA", *elements))
    if claim.outpatient_remarks is not None:
        out.append(write_outpatient_remarks(claim.outpatient_remarks))
    out += write_references(claim.references, "2100")
    for qualifier, day in (
        ("232", claim.service_from),
        ("233", claim.service_to),
        ("036", claim.coverage_expired_on),
        ("050", claim.received_on),
    ):
        if day is not None:
            out.append(f"DTM*{qualifier}*{date_text(day)}")
    if claim.contact is not None:
        out.append(write_contact("CX", claim.contact, "2100"))
    out += _amounts(claim.amounts)
    out += _quantities(claim.quantities)
    for line in claim.services:
        out += _service(line)
    return out


def _refuse_groups(claim: ClaimPayment) -> None:
    for level in (claim.adjustments, *(line.adjustments for line in claim.services)):
        if any(each.group_code not in GROUPS for each in level):
            raise WriteRefused("CAS01", "the group is not CO, PR, OA or PI")


def _clp(claim: ClaimPayment) -> str:
    share = claim.patient_responsibility_cents
    return segment(
        "CLP",
        needed(claim.control_number, "2100 CLP01", 38),
        CODE[claim.status_code],
        amount_text(claim.charge_cents),
        amount_text(claim.paid_cents),
        "" if share is None else amount_text(share),
        CODE[claim.filing_code],
        needed(claim.payer_claim_number, "2100 CLP07", 50),
        CODE[claim.facility_code],
        CODE[claim.frequency_code],
        "",
        CODE[claim.drg_code],
        _number(claim.drg_weight),
        _number(claim.discharge_fraction),
    )


def _service(line: ServicePayment) -> list[str]:
    submitted = line.submitted_procedure
    out = [
        segment(
            "SVC",
            write_procedure(line.procedure, "2110 SVC01"),
            amount_text(line.charge_cents),
            amount_text(line.paid_cents),
            CODE[line.revenue_code],
            _number(line.quantity),
            "" if submitted is None else write_procedure(submitted, "2110 SVC06"),
            _number(line.submitted_quantity),
        )
    ]
    if line.service_to is not None:
        if line.service_from is not None:
            out.append(f"DTM*150*{date_text(line.service_from)}")
        out.append(f"DTM*151*{date_text(line.service_to)}")
    elif line.service_from is not None:
        out.append(f"DTM*472*{date_text(line.service_from)}")
    out += write_adjustments(line.adjustments)
    if line.line_control_number:
        out.append(write_reference("6R", line.line_control_number, "2110"))
    out += write_references(line.references, "2110")
    out += _amounts(line.amounts)
    out += _quantities(line.quantities)
    out += [f"LQ*{CODE[each.qualifier]}*{CODE[each.code]}" for each in line.remarks]
    return out


def _number(value: Decimal | None) -> str:
    return "" if value is None else quantity_text(value)


def _amounts(amounts: Iterable[Amount]) -> list[str]:
    return [f"AMT*{CODE[each.qualifier]}*{amount_text(each.cents)}" for each in amounts]


def _quantities(quantities: Iterable[Quantity]) -> list[str]:
    return [f"QTY*{CODE[each.qualifier]}*{quantity_text(each.count)}" for each in quantities]
