"""The institutional claim out of its loops."""

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from rcm_x12.claim import reader
from rcm_x12.claim.read_parts import (
    adjudication_of,
    amounts_of,
    attachments_of,
    conditions_of,
    coverage_of,
    date_in,
    dates_of,
    drug_of,
    fixed_format_of,
    notes_of,
    prove_total,
    provider_in,
    rare,
    references_of,
)
from rcm_x12.claim.reader import Above, BatchReader, Dialect
from rcm_x12.claim.segments import CN1, HCP
from rcm_x12.claim_837i.codes import codes_of
from rcm_x12.claim_837i.values import Batch, Claim, Line
from rcm_x12.envelope import Reading
from rcm_x12.findings import Finding
from rcm_x12.framing import SetHead, frame
from rcm_x12.pieces import at, cents_at, quantity_at, read_procedure
from rcm_x12.walker import Node, Walk

VERSIONS = frozenset({"005010X223A2", "005010X223", "005010X223A1", "005010X223A3"})
"""The adopted guide, and labels of its drafts that are in use; each is read as the adopted one."""

_NAMED = {
    "9F": "referral_number",
    "G1": "prior_authorization_number",
    "F8": "original_claim_number",
    "D9": "clearinghouse_trace_number",
    "EA": "medical_record_number",
}
_OWN_DATES = frozenset({"096", "434", "435"})
_NO_DATE = date(1900, 1, 1)
"""Stands in where a required date is missing; the finding says so."""


def read(source: bytes | Iterable[bytes]) -> Reading[Batch]:
    """Every 837I of a file. Raises NotX12 when there is no interchange in it."""
    return frame(source, _open)


def stream(source: bytes | Iterable[bytes], findings: list[Finding]) -> Iterator[Claim]:
    """Every claim as soon as it is complete, in constant memory.

    Findings are added as the set that they stand in closes. Raises NotX12 as `read` does.
    """
    return reader.stream(source, _DIALECT, findings)


def _open(head: SetHead) -> BatchReader[Claim, Batch] | None:
    if head.set_id != "837" or head.version not in VERSIONS:
        return None
    return BatchReader(head, _DIALECT)


def _claim_of(node: Node, above: Above, walk: Walk) -> Claim | None:
    """One claim; None when the loop has no CLM."""
    clm = node.first("CLM")
    if clm is None:
        return None
    named, references = references_of(node, walk, _NAMED)
    amounts = {at(amt, 1): cents_at(amt, 2, walk.reporter("AMT")) for amt in node.every("AMT")}
    claim = Claim(
        **_opening(clm, walk),
        **_stay(node, walk),
        **_providers(node, walk),
        **{"diagnoses": (), **codes_of(node, walk)},
        **named,
        **above.fields,
        dates=dates_of(node, walk, without=_OWN_DATES),
        attachments=attachments_of(node),
        contract=rare(node, walk, CN1),
        patient_due_cents=amounts.get("F3"),
        references=references,
        fixed_format=fixed_format_of(node),
        notes=notes_of(node),
        conditions=conditions_of(node),
        repricing=rare(node, walk, HCP),
        other_coverages=tuple(coverage_of(other, walk) for other in node.loops("2320")),
        lines=tuple(_line_of(line, walk) for line in node.loops("2400")),
    )
    total = sum(line.charge_cents for line in claim.lines)
    prove_total((claim.charge_cents, total), claim.control_number, node, walk)
    return claim


_DIALECT = Dialect("005010X223A2", VERSIONS, _claim_of, Batch)


def _opening(clm: list[str], walk: Walk) -> dict[str, Any]:
    """CLM."""
    place = at(clm, 5).split(walk.component)
    return {
        "control_number": at(clm, 1),
        "charge_cents": cents_at(clm, 2, walk.reporter("CLM")) or 0,
        "type_of_bill": place[0] + at(place, 2),
        "assignment_code": at(clm, 7),
        "benefits_assigned": at(clm, 8),
        "release_code": at(clm, 9),
        "delay_reason_code": at(clm, 20),
    }


def _stay(node: Node, walk: Walk) -> dict[str, Any]:
    """The statement's dates, admission, discharge and CL1."""
    statement = date_in(node, walk, "434")
    discharge = next((dtp for dtp in node.every("DTP") if at(dtp, 1) == "096"), [])
    first = statement.on if statement else _NO_DATE
    cl1 = node.first("CL1") or []
    return {
        "statement_from": first,
        "statement_to": statement.until or first if statement else first,
        "admission": date_in(node, walk, "435"),
        "discharge_time": at(discharge, 3),
        "admission_type_code": at(cl1, 1),
        "admission_source_code": at(cl1, 2),
        "patient_status_code": at(cl1, 3),
    }


def _providers(node: Node, walk: Walk) -> dict[str, Any]:
    """2310."""
    return {
        "attending_provider": provider_in(node, walk, "2310A"),
        "operating_physician": provider_in(node, walk, "2310B"),
        "other_operating_physician": provider_in(node, walk, "2310C"),
        "rendering_provider": provider_in(node, walk, "2310D"),
        "service_facility": provider_in(node, walk, "2310E"),
        "referring_provider": provider_in(node, walk, "2310F"),
    }


def _line_of(node: Node, walk: Walk) -> Line:
    """One line; what is missing is empty and a finding."""
    sv2 = node.first("SV2") or []
    report = walk.reporter("SV2", "2400")
    named, references = references_of(node, walk, {"6R": "control_number"})
    when = date_in(node, walk, "472")
    return Line(
        revenue_code=at(sv2, 1),
        procedure=read_procedure(at(sv2, 2), walk.component) if at(sv2, 2) else None,
        charge_cents=cents_at(sv2, 3, report) or 0,
        units=at(sv2, 4),
        quantity=quantity_at(sv2, 5, report) or Decimal(0),
        non_covered_cents=cents_at(sv2, 7, report),
        service_from=when.on if when else None,
        service_to=when.until if when else None,
        references=references,
        attachments=attachments_of(node),
        amounts=amounts_of(node, walk),
        notes=notes_of(node),
        repricing=rare(node, walk, HCP),
        drug=drug_of(node.loop("2410"), walk),
        operating_physician=provider_in(node, walk, "2420A"),
        other_operating_physician=provider_in(node, walk, "2420B"),
        rendering_provider=provider_in(node, walk, "2420C"),
        referring_provider=provider_in(node, walk, "2420D"),
        adjudications=tuple(adjudication_of(each, walk) for each in node.loops("2430")),
        **named,
    )
