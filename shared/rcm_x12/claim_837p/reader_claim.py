"""Loop 2300 to a claim."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from rcm_x12.claim_837p.parties import Dependent, Payer, Provider, Subscriber
from rcm_x12.claim_837p.reader_lines import line_of
from rcm_x12.claim_837p.reader_parties import payer_of, person_of
from rcm_x12.claim_837p.reader_parts import (
    attachments_of,
    conditions_of,
    dates_of,
    location_in,
    provider_in,
    transport_of,
)
from rcm_x12.claim_837p.values import Claim, Diagnosis, OtherCoverage
from rcm_x12.findings import Finding
from rcm_x12.pieces import (
    at,
    cents_at,
    date_at,
    read_adjustments,
    read_outpatient_remarks,
    read_reference,
)
from rcm_x12.values import Address, Note
from rcm_x12.walker import Node, Walk

_NAMED = {
    "9F": "referral_number",
    "G1": "prior_authorization_number",
    "F8": "original_claim_number",
    "X4": "clia_number",
    "D9": "clearinghouse_trace_number",
    "EA": "medical_record_number",
}


@dataclass(frozen=True, slots=True)
class ClaimParts:
    """What stands above the claim."""

    provider: Provider
    pay_to_address: Address | None
    subscriber: Subscriber
    payer: Payer
    dependent: Dependent | None


def claim_of(node: Node, above: ClaimParts, walk: Walk) -> Claim | None:
    """One claim; None when the loop has no CLM."""
    clm = node.first("CLM")
    if clm is None:
        return None
    references = [read_reference(ref) for ref in node.every("REF")]
    named: dict[str, Any] = {
        _NAMED[one.qualifier]: one.value for one in references if one.qualifier in _NAMED
    }
    component = walk.component
    amounts = {at(amt, 1): cents_at(amt, 2, walk.reporter("AMT")) for amt in node.every("AMT")}
    nte, cr1 = node.first("NTE"), node.first("CR1")
    claim = Claim(
        **_opening(clm, walk),
        **_providers(node),
        **named,
        billing_provider=above.provider,
        pay_to_address=above.pay_to_address,
        subscriber=above.subscriber,
        payer=above.payer,
        dependent=above.dependent,
        references=tuple(one for one in references if one.qualifier not in _NAMED),
        dates=dates_of(node, walk),
        attachments=attachments_of(node),
        patient_paid_cents=amounts.get("F5") or 0,
        note=Note(at(nte, 1), at(nte, 2)) if nte else None,
        transport=transport_of(cr1, walk) if cr1 else None,
        conditions=conditions_of(node),
        diagnoses=_codes(node, component),
        anesthesia_procedures=_composites(node, component, frozenset({"BP", "BO"})),
        condition_codes=_composites(node, component, frozenset({"BG"})),
        other_coverages=tuple(_coverage(other, walk) for other in node.loops("2320")),
        lines=tuple(line_of(line, walk) for line in node.loops("2400")),
    )
    _prove(claim, node, walk)
    return claim


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


def _providers(node: Node) -> dict[str, Any]:
    """2310."""
    return {
        "rendering_provider": provider_in(node, "2310B"),
        "service_facility": provider_in(node, "2310C"),
        "supervising_provider": provider_in(node, "2310D"),
        "referring_provider": provider_in(node, "2310A", "DN"),
        "primary_care_provider": provider_in(node, "2310A", "P3"),
        "pick_up": location_in(node, "2310E"),
        "drop_off": location_in(node, "2310F"),
    }


def _prove(claim: Claim, node: Node, walk: Walk) -> None:
    """The sums that a reader of money must not take on trust."""
    if claim.charge_cents != sum(line.charge_cents for line in claim.lines):
        text = "CLM02 is not the sum of the lines"
        walk.findings.append(
            Finding(
                "claim-total",
                "error",
                text,
                "CLM",
                node.position + walk.offset,
                node.position,
                "2300",
                2,
                reference=claim.control_number,
            )
        )


def _codes(node: Node, component: str) -> tuple[Diagnosis, ...]:
    found = []
    for hi in node.every("HI"):
        for composite in hi[1:]:
            kind, _, code = composite.partition(component)
            if kind in {"ABK", "ABF", "BK", "BF"}:
                found.append(Diagnosis(code, kind))
    return tuple(found)


def _composites(node: Node, component: str, kinds: frozenset[str]) -> tuple[str, ...]:
    parts = (one.partition(component) for hi in node.every("HI") for one in hi[1:])
    return tuple(code for kind, _, code in parts if kind in kinds)


def _coverage(node: Node, walk: Walk) -> OtherCoverage:
    """2320 with 2330A and 2330B."""
    sbr, oi, moa = node.first("SBR") or [], node.first("OI") or [], node.first("MOA")
    amounts = {at(amt, 1): cents_at(amt, 2, walk.reporter("AMT")) for amt in node.every("AMT")}
    holder, payer = node.loop("2330A"), node.loop("2330B")
    decided = next((one for one in payer.every("DTP")), None) if payer else None
    report = walk.reporter("CAS")
    return OtherCoverage(
        rank=at(sbr, 1),
        relationship_code=at(sbr, 2),
        person=person_of(holder, None, walk),
        member_id=at((holder.first("NM1") if holder else None) or [], 9),
        payer=payer_of(payer),
        filing_code=at(sbr, 9),
        group_number=at(sbr, 3),
        group_name=at(sbr, 4),
        insurance_type_code=at(sbr, 5),
        adjustments=tuple(a for cas in node.every("CAS") for a in read_adjustments(cas, report)),
        paid_cents=amounts.get("D"),
        non_covered_cents=amounts.get("A8"),
        remaining_liability_cents=amounts.get("EAF"),
        benefits_assigned=at(oi, 3),
        patient_signature_source=at(oi, 4),
        release_code=at(oi, 6),
        remarks=read_outpatient_remarks(moa, walk.reporter("MOA")) if moa else None,
        adjudicated_on=_date(decided, walk),
    )


def _date(dtp: list[str] | None, walk: Walk) -> date | None:
    return date_at(dtp, 3, walk.reporter("DTP")) if dtp else None
