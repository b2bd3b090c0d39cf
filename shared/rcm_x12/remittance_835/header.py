"""What stands around the claims of an 835: payment, trace, payer, payee and PLB."""

from collections.abc import Callable, Sequence
from datetime import date

from rcm_x12.pieces import (
    Report,
    at,
    cents_at,
    date_at,
    read_address,
    read_contact,
    read_reference,
)
from rcm_x12.remittance_835.values import (
    BankAccount,
    Header,
    Payee,
    Payer,
    ProviderAdjustment,
)

NO_DATE = date(1900, 1, 1)
"""Stands in where a required date is missing; the finding says so."""


def header_of(segments: Sequence[list[str]], report_on: Callable[[str], Report]) -> Header:
    """From the segments between ST and the first claim; `report_on` takes a segment id."""
    opening, payer, payee = _parts(segments)
    report = report_on("BPR")
    bpr = _first(opening, "BPR")
    trn = _first(opening, "TRN")
    if not bpr or not trn:
        report("segment-missing", "BPR and TRN are required", 0)
    effective = date_at(bpr, 16, report)
    if not at(bpr, 16):
        report("element-missing", "the guide requires this element", 16)
    amount = cents_at(bpr, 2, report)
    if not at(bpr, 2):
        report("element-missing", "the guide requires this element", 2)
    references = {at(ref, 1): at(ref, 2) for ref in opening if ref[0] == "REF"}
    return Header(
        payment_cents=(amount or 0) if at(bpr, 3) != "D" else -(amount or 0),
        payment_method=at(bpr, 4),
        effective_on=effective or NO_DATE,
        trace_number=at(trn, 2),
        originating_company_id=at(trn, 3),
        payer=_payer(payer),
        payee=_payee(payee),
        handling_code=at(bpr, 1),
        is_credit=at(bpr, 3) != "D",
        payment_format=at(bpr, 5),
        sender_account=_account(bpr, 6),
        sender_company_id=at(bpr, 10),
        sender_supplemental_id=at(bpr, 11),
        receiver_account=_account(bpr, 12),
        trace_supplement=at(trn, 4),
        produced_on=date_at(_first(opening, "DTM"), 2, report_on("DTM")),
        receiver_id=references.get("EV", ""),
        version_id=references.get("F2", ""),
    )


def _parts(
    segments: Sequence[list[str]],
) -> tuple[list[list[str]], list[list[str]], list[list[str]]]:
    """Header proper, 1000A and 1000B; each N1 opens the next part by its code."""
    parts: dict[str, list[list[str]]] = {"": [], "PR": [], "PE": []}
    into = parts[""]
    for segment in segments:
        if segment[0] == "N1":
            into = parts.get(at(segment, 1), into)
        into.append(segment)
    return parts[""], parts["PR"], parts["PE"]


def _first(segments: Sequence[list[str]], name: str) -> list[str]:
    return next((one for one in segments if one[0] == name), [])


def _account(bpr: list[str], place: int) -> BankAccount | None:
    parts = [at(bpr, place + i) for i in range(4)]
    return BankAccount(*parts) if any(parts) else None


def _payer(segments: list[list[str]]) -> Payer:
    n1 = _first(segments, "N1")
    contacts = {at(per, 1): per for per in reversed(segments) if per[0] == "PER"}
    business, technical, web = contacts.get("CX"), contacts.get("BL"), contacts.get("IC")
    return Payer(
        at(n1, 2),
        at(n1, 4),
        read_address(_first(segments, "N3") or None, _first(segments, "N4") or None),
        tuple(read_reference(ref) for ref in segments if ref[0] == "REF"),
        read_contact(business) if business else None,
        read_contact(technical) if technical else None,
        at(web or [], 4),
    )


def _payee(segments: list[list[str]]) -> Payee:
    n1 = _first(segments, "N1")
    return Payee(
        at(n1, 2),
        at(n1, 4),
        at(n1, 3),
        read_address(_first(segments, "N3") or None, _first(segments, "N4") or None),
        tuple(read_reference(ref) for ref in segments if ref[0] == "REF"),
    )


def provider_adjustments_of(
    plb: list[str], component: str, report: Report
) -> list[ProviderAdjustment]:
    """Up to six pairs of one PLB."""
    period = date_at(plb, 2, report) or NO_DATE
    found = []
    for place in range(3, len(plb), 2):
        reason, _, reference = plb[place].partition(component)
        if not reason and not at(plb, place + 1):
            continue
        amount = cents_at(plb, place + 1, report)
        if not at(plb, place + 1):
            report("element-missing", "a provider adjustment has no amount", place + 1)
        found.append(ProviderAdjustment(at(plb, 1), period, reason, amount or 0, reference))
    return found
