"""The professional claim out of its loops."""

from collections.abc import Iterable, Iterator
from typing import Any

from rcm_x12.claim import reader
from rcm_x12.claim.read_parts import (
    attachments_of,
    conditions_of,
    coverage_of,
    dates_of,
    fixed_format_of,
    location_in,
    prove_total,
    provider_in,
    rare,
    references_of,
)
from rcm_x12.claim.reader import Above, BatchReader, Dialect
from rcm_x12.claim.segments import CN1, CR1, HCP
from rcm_x12.claim.values import Diagnosis
from rcm_x12.claim_837p.reader_lines import line_of
from rcm_x12.claim_837p.segments import CR2
from rcm_x12.claim_837p.values import Batch, Claim
from rcm_x12.envelope import Reading
from rcm_x12.findings import Finding
from rcm_x12.framing import SetHead, frame
from rcm_x12.pieces import at, cents_at
from rcm_x12.values import Note
from rcm_x12.walker import Node, Walk

VERSIONS = frozenset({"005010X222A1", "005010X222", "005010X222A2"})
"""The adopted guide, and labels of its drafts that are in use; each is read as the adopted one."""

_NAMED = {
    "9F": "referral_number",
    "G1": "prior_authorization_number",
    "F8": "original_claim_number",
    "X4": "clia_number",
    "D9": "clearinghouse_trace_number",
    "EA": "medical_record_number",
}


def read(source: bytes | Iterable[bytes]) -> Reading[Batch]:
    """Every 837P of a file. Raises NotX12 when there is no interchange in it."""
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
    nte = node.first("NTE")
    codes = [
        (parts[0], at(parts, 1))
        for hi in node.every("HI")
        for parts in (one.split(walk.component) for one in hi[1:])
    ]
    claim = Claim(
        **_opening(clm, walk),
        **_providers(node, walk),
        **named,
        **above.fields,
        references=references,
        dates=dates_of(node, walk),
        attachments=attachments_of(node),
        patient_paid_cents=amounts.get("F5") or 0,
        note=Note(at(nte, 1), at(nte, 2)) if nte else None,
        transport=rare(node, walk, CR1),
        conditions=conditions_of(node),
        diagnoses=tuple(Diagnosis(code, kind) for kind, code in codes if kind in _DIAGNOSES),
        anesthesia_procedures=tuple(code for kind, code in codes if kind in {"BP", "BO"}),
        condition_codes=tuple(code for kind, code in codes if kind == "BG"),
        other_coverages=tuple(coverage_of(other, walk) for other in node.loops("2320")),
        lines=tuple(line_of(line, walk) for line in node.loops("2400")),
        contract=rare(node, walk, CN1),
        fixed_format=fixed_format_of(node),
        spinal_treatment=rare(node, walk, CR2),
        repricing=rare(node, walk, HCP),
    )
    total = sum(line.charge_cents for line in claim.lines)
    prove_total((claim.charge_cents, total), claim.control_number, node, walk)
    return claim


_DIAGNOSES = frozenset({"ABK", "ABF", "BK", "BF"})
_DIALECT = Dialect("005010X222A1", VERSIONS, _claim_of, Batch)


def _opening(clm: list[str], walk: Walk) -> dict[str, Any]:
    """CLM."""
    place = at(clm, 5).split(walk.component)
    causes = at(clm, 11).split(walk.component)
    return {
        "control_number": at(clm, 1),
        "charge_cents": cents_at(clm, 2, walk.reporter("CLM")) or 0,
        "place_of_service_code": place[0],
        "frequency_code": at(place, 2),
        "provider_signature_on_file": at(clm, 6) == "Y",
        "assignment_code": at(clm, 7),
        "benefits_assigned": at(clm, 8),
        "release_code": at(clm, 9),
        "patient_signature_source": at(clm, 10),
        "related_causes": tuple(cause for cause in causes[:3] if cause),
        "accident_state": at(causes, 3),
        "accident_country": at(causes, 4),
        "special_program_code": at(clm, 12),
        "delay_reason_code": at(clm, 20),
    }


def _providers(node: Node, walk: Walk) -> dict[str, Any]:
    """2310."""
    return {
        "rendering_provider": provider_in(node, walk, "2310B"),
        "service_facility": provider_in(node, walk, "2310C"),
        "supervising_provider": provider_in(node, walk, "2310D"),
        "referring_provider": provider_in(node, walk, "2310A", "DN"),
        "primary_care_provider": provider_in(node, walk, "2310A", "P3"),
        "pick_up": location_in(node, "2310E"),
        "drop_off": location_in(node, "2310F"),
    }
