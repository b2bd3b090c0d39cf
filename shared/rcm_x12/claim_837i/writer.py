"""Batches of institutional claims to a file."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from rcm_x12.builder import CODE, interchange, needed, segment
from rcm_x12.claim.order import order, ranked
from rcm_x12.claim.segments import CN1, HCP
from rcm_x12.claim.write_parties import provider_loop
from rcm_x12.claim.write_parts import (
    adjudication,
    attachments,
    conditions,
    coverage,
    dates,
    drug,
    fixed_formats,
    notes,
    references,
)
from rcm_x12.claim.writer import batch_segments, in_hierarchy
from rcm_x12.claim_837i.codes import code_segments
from rcm_x12.claim_837i.values import Batch, Claim, Line
from rcm_x12.envelope import Envelope
from rcm_x12.findings import WriteRefused
from rcm_x12.layout import guide
from rcm_x12.pieces import write_date, write_procedure
from rcm_x12.scalars import amount_text, quantity_text
from rcm_x12.values import Reference

__all__ = ["VERSION", "in_hierarchy", "write"]

VERSION: Final = "005010X223A2"
LINES_MAX: Final = 999
CONTROL_NUMBER_MAX: Final = 20
_NOT_USED: Final = ("",) * 10
_BILL = re.compile(r"[0-9A-Z]{3}", re.ASCII)
_REVENUE = re.compile(r"[0-9]{4}", re.ASCII)
_TIME = re.compile(r"(?:[01][0-9]|2[0-3])[0-5][0-9]", re.ASCII)


def write(envelope: Envelope, batches: Sequence[Batch]) -> bytes:
    """One interchange with one group, one ST per batch, claims in the order given.

    Same values and control numbers give the same bytes. Raises WriteRefused, with loop and element,
    for what the guide forbids or what could not be read back.
    """
    bodies = [batch_segments(batch, claim_segments) for batch in batches]
    return interchange(envelope, guide(VERSION), bodies)


def claim_segments(claim: Claim) -> list[str]:
    """One claim in guide order."""
    _refuse_impossible(claim)
    out = [_clm(claim), *_stay(claim)]
    out += attachments(claim.attachments)
    if claim.contract is not None:
        out.append(CN1.write(claim.contract, "2300"))
    if claim.patient_due_cents is not None:
        out.append(f"AMT*F3*{amount_text(claim.patient_due_cents)}")
    out += references(_numbers(claim), order(VERSION, "2300", "REF"), "2300")
    out += fixed_formats(claim.fixed_format, "2300")
    kinds = order(VERSION, "2300", "NTE")
    out += notes(ranked(claim.notes, kinds, lambda one: one.code), "2300")
    out += conditions(claim.conditions)
    out += code_segments(claim)
    if claim.repricing is not None:
        out.append(HCP.write(claim.repricing, "2300"))
    out += _claim_providers(claim)
    for other in claim.other_coverages:
        out += coverage(other, VERSION)
    for number, line in enumerate(claim.lines, 1):
        out += _line_segments(number, line)
    return out


def _refuse_impossible(claim: Claim) -> None:
    """What no reader could take back; the rest is for the edits and the check."""
    if not 0 < len(claim.lines) <= LINES_MAX:
        raise WriteRefused("2300 CLM", f"a claim has 1 to {LINES_MAX} lines")
    if claim.charge_cents != sum(line.charge_cents for line in claim.lines):
        raise WriteRefused("2300 CLM02", "the charge is not the sum of the lines")
    if not _BILL.fullmatch(claim.type_of_bill):
        raise WriteRefused("2300 CLM05", "a type of bill has three characters")
    if claim.frequency_code in {"7", "8"} and not claim.original_claim_number:
        raise WriteRefused("2300 REF*F8", "frequency 7 and 8 need the payer's claim number")
    if claim.discharge_time and not _TIME.fullmatch(claim.discharge_time):
        raise WriteRefused("2300 DTP*096", "it is not a time as HHMM")


def _clm(claim: Claim) -> str:
    return segment(
        "CLM",
        needed(claim.control_number, "2300 CLM01", CONTROL_NUMBER_MAX),
        amount_text(claim.charge_cents),
        "",
        "",
        f"{claim.facility_code}:A:{claim.frequency_code}",
        "",
        CODE[claim.assignment_code],
        CODE[claim.benefits_assigned],
        CODE[claim.release_code],
        *_NOT_USED,
        CODE[claim.delay_reason_code],
    )


def _stay(claim: Claim) -> Iterator[str]:
    """DTP and CL1."""
    if claim.discharge_time:
        yield f"DTP*096*TM*{claim.discharge_time}"
    # A statement is a range even when it covers one day.
    yield write_date("434", claim.statement_from, claim.statement_to)
    if claim.admission is not None:
        if claim.admission.qualifier != "435" or claim.admission.until:
            raise WriteRefused("2300 DTP*435", "an admission is one day")
        yield write_date("435", claim.admission.on, None, claim.admission.time)
    yield from dates(claim.dates, order(VERSION, "2300", "DTP"))
    yield segment(
        "CL1",
        CODE[claim.admission_type_code],
        CODE[claim.admission_source_code],
        CODE[claim.patient_status_code] or needed("", "2300 CL103"),
    )


def _numbers(claim: Claim) -> list[Reference]:
    named = (
        ("9F", claim.referral_number),
        ("G1", claim.prior_authorization_number),
        ("F8", claim.original_claim_number),
        ("D9", claim.clearinghouse_trace_number),
        ("EA", claim.medical_record_number),
    )
    return [*(Reference(code, value) for code, value in named if value), *claim.references]


def _claim_providers(claim: Claim) -> Iterator[str]:
    """2310."""
    if claim.attending_provider is not None:
        yield from provider_loop("71", claim.attending_provider, "2310A", "AT")
    for code, provider, loop in (
        ("72", claim.operating_physician, "2310B"),
        ("ZZ", claim.other_operating_physician, "2310C"),
        ("82", claim.rendering_provider, "2310D"),
        ("77", claim.service_facility, "2310E"),
        ("DN", claim.referring_provider, "2310F"),
    ):
        if provider is not None:
            yield from provider_loop(code, provider, loop)


def _line_segments(number: int, line: Line) -> Iterator[str]:
    """2400 in guide order."""
    yield f"LX*{number}"
    yield _sv2(line)
    yield from attachments(line.attachments)
    if line.service_from is None and line.service_to is not None:
        raise WriteRefused("2400 DTP*472", "a service ends that never began")
    if line.service_from is not None:
        yield write_date("472", line.service_from, line.service_to)
    given = [Reference("6R", line.control_number)] if line.control_number else []
    given += line.references
    yield from references(given, order(VERSION, "2400", "REF"), "2400")
    for amount in line.amounts:
        yield f"AMT*{CODE[amount.qualifier]}*{amount_text(amount.cents)}"
    yield from notes(line.notes, "2400")
    if line.repricing is not None:
        yield HCP.write(line.repricing, "2400")
    if line.drug is not None:
        yield from drug(line.drug)
    for code, provider, loop in (
        ("72", line.operating_physician, "2420A"),
        ("ZZ", line.other_operating_physician, "2420B"),
        ("82", line.rendering_provider, "2420C"),
        ("DN", line.referring_provider, "2420D"),
    ):
        if provider is not None:
            yield from provider_loop(code, provider, loop)
    for decided in line.adjudications:
        if not decided.revenue_code:
            raise WriteRefused("2430 SVD04", "it is required")
        yield from adjudication(decided)


def _sv2(line: Line) -> str:
    if line.quantity <= 0:
        raise WriteRefused("2400 SV205", "the quantity must be more than zero")
    if not _REVENUE.fullmatch(line.revenue_code):
        raise WriteRefused("2400 SV201", "a revenue code has four digits")
    uncovered = line.non_covered_cents
    return segment(
        "SV2",
        line.revenue_code,
        write_procedure(line.procedure, "2400 SV202") if line.procedure else "",
        amount_text(line.charge_cents),
        CODE[line.units],
        quantity_text(line.quantity),
        "",
        "" if uncovered is None else amount_text(uncovered),
    )
