"""Segments and loops that stand under a claim and under a line alike, of either guide."""

from decimal import Decimal
from typing import Any, TypeVar

from rcm_x12.claim.codec import Codec
from rcm_x12.claim.parties import Provider
from rcm_x12.claim.read_parties import payer_of, person_of, provider_of
from rcm_x12.claim.values import (
    Attachment,
    Condition,
    Drug,
    LineAdjudication,
    Location,
    OtherCoverage,
    OtherPayerProvider,
)
from rcm_x12.findings import Finding
from rcm_x12.pieces import (
    at,
    cents_at,
    date_at,
    quantity_at,
    read_address,
    read_adjustments,
    read_date,
    read_outpatient_remarks,
    read_procedure,
    read_reference,
)
from rcm_x12.values import Amount, InpatientRemarks, Note, QualifiedDate, Reference
from rcm_x12.walker import Node, Walk

T = TypeVar("T")


def provider_in(node: Node, walk: Walk, loop: str, entity_code: str = "") -> Provider | None:
    for each in node.loops(loop):
        if not entity_code or at(each.first("NM1") or [], 1) == entity_code:
            return provider_of(each, walk)
    return None


def location_in(node: Node, loop: str) -> Location | None:
    found = node.loop(loop)
    address = read_address(found.first("N3"), found.first("N4")) if found else None
    if found is None or address is None:
        return None
    return Location(address, at(found.first("NM1") or [], 3))


def dates_of(
    node: Node, walk: Walk, *, without: frozenset[str] = frozenset()
) -> tuple[QualifiedDate, ...]:
    read = (
        read_date(dtp, walk.reporter("DTP"))
        for dtp in node.every("DTP")
        if at(dtp, 1) not in without
    )
    return tuple(one for one in read if one is not None)


def date_in(node: Node, walk: Walk, qualifier: str) -> QualifiedDate | None:
    for dtp in node.every("DTP"):
        if at(dtp, 1) == qualifier:
            return read_date(dtp, walk.reporter("DTP"))
    return None


def references_of(
    node: Node, walk: Walk, names: dict[str, str]
) -> tuple[dict[str, Any], tuple[Reference, ...]]:
    """The first number of each qualifier in `names` by its field, and all others in order."""
    named: dict[str, Any] = {}
    others: list[Reference] = []
    seen: set[str] = set()
    for ref in node.every("REF"):
        one = read_reference(ref, walk.component)
        if one.qualifier in names and one.qualifier not in seen and not one.payer_id:
            named[names[one.qualifier]] = one.value
        else:
            others.append(one)
        seen.add(one.qualifier)
    return named, tuple(others)


def attachments_of(node: Node) -> tuple[Attachment, ...]:
    return tuple(Attachment(at(pwk, 1), at(pwk, 2), at(pwk, 6)) for pwk in node.every("PWK"))


def conditions_of(node: Node) -> tuple[Condition, ...]:
    return tuple(
        Condition(at(crc, 1), at(crc, 2) == "Y", tuple(code for code in crc[3:] if code))
        for crc in node.every("CRC")
    )


def fixed_format_of(node: Node) -> tuple[str, ...]:
    return tuple(at(k3, 1) for k3 in node.every("K3"))


def notes_of(node: Node) -> tuple[Note, ...]:
    return tuple(Note(at(nte, 1), at(nte, 2)) for nte in node.every("NTE"))


def amounts_of(node: Node, walk: Walk) -> tuple[Amount, ...]:
    report = walk.reporter("AMT", node.name)
    return tuple(Amount(at(amt, 1), cents_at(amt, 2, report) or 0) for amt in node.every("AMT"))


def rare(node: Node, walk: Walk, codec: Codec[T]) -> T | None:
    """The segment of a table, when it is there."""
    found = node.first(codec.segment_id)
    return codec.read(found, walk.reporter(codec.segment_id, node.name)) if found else None


def drug_of(node: Node | None, walk: Walk) -> Drug | None:
    """2410."""
    if node is None:
        return None
    lin, ctp, ref = node.first("LIN") or [], node.first("CTP") or [], node.first("REF")
    count = quantity_at(ctp, 4, walk.reporter("CTP", "2410"))
    prescription = read_reference(ref) if ref else None
    return Drug(at(lin, 3), count or Decimal(0), at(ctp, 5), prescription, at(lin, 2))


def adjudication_of(node: Node, walk: Walk) -> LineAdjudication:
    """2430."""
    svd, dtp = node.first("SVD") or [], node.first("DTP")
    report = walk.reporter("SVD", "2430")
    amount = next((one for one in node.every("AMT") if at(one, 1) == "EAF"), None)
    bundled = at(svd, 6)
    return LineAdjudication(
        payer_id=at(svd, 1),
        paid_cents=cents_at(svd, 2, report) or 0,
        procedure=read_procedure(at(svd, 3), walk.component) if at(svd, 3) else None,
        quantity=quantity_at(svd, 5, report) or Decimal(0),
        bundled_line=int(bundled) if bundled.isdecimal() else None,
        adjustments=tuple(a for cas in node.every("CAS") for a in read_adjustments(cas, report)),
        adjudicated_on=date_at(dtp, 3, report) if dtp else None,
        remaining_liability_cents=cents_at(amount, 2, report) if amount else None,
        revenue_code=at(svd, 4),
    )


def coverage_of(node: Node, walk: Walk) -> OtherCoverage:
    """2320 with everything in 2330."""
    sbr, oi, moa = node.first("SBR") or [], node.first("OI") or [], node.first("MOA")
    mia = node.first("MIA")
    amounts = {at(amt, 1): cents_at(amt, 2, walk.reporter("AMT")) for amt in node.every("AMT")}
    holder, payer = node.loop("2330A"), node.loop("2330B")
    nm1 = (holder.first("NM1") if holder else None) or []
    decided = payer.first("DTP") if payer else None
    report = walk.reporter("CAS")
    return OtherCoverage(
        rank=at(sbr, 1),
        relationship_code=at(sbr, 2),
        person=person_of(holder, None, walk),
        member_id=at(nm1, 9),
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
        adjudicated_on=date_at(decided, 3, walk.reporter("DTP")) if decided else None,
        inpatient_remarks=InpatientRemarks(tuple(mia[1:])) if mia else None,
        member_id_qualifier=at(nm1, 8) or "MI",
        references=tuple(map(read_reference, holder.every("REF"))) if holder else (),
        providers=tuple(_other_provider(one) for one in node.children if one.name > "2330B"),
    )


def _other_provider(node: Node) -> OtherPayerProvider:
    nm1 = node.first("NM1") or []
    references = tuple(read_reference(ref) for ref in node.every("REF"))
    return OtherPayerProvider(at(nm1, 1), references, at(nm1, 2) == "1")


def prove_total(charges: tuple[int, int], number: str, node: Node, walk: Walk) -> None:
    """CLM02 against its lines: a sum that a reader of money must not take on trust."""
    if charges[0] != charges[1]:
        walk.findings.append(
            Finding(
                "claim-total",
                "error",
                "CLM02 is not the sum of the lines",
                "CLM",
                node.position + walk.offset,
                node.position,
                "2300",
                2,
                reference=number,
            )
        )
