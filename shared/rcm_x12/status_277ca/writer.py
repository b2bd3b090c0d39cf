"""Claim acknowledgments to a 277CA file. HL numbers are derived."""

from collections.abc import Iterator, Sequence
from datetime import date

from rcm_x12.builder import CODE, composite, interchange, needed, segment, text
from rcm_x12.envelope import Envelope
from rcm_x12.layout import guide
from rcm_x12.pieces import (
    write_date,
    write_name,
    write_procedure,
    write_reference,
    write_references,
)
from rcm_x12.scalars import amount_text, date_text, quantity_text
from rcm_x12.status_277ca.values import (
    ClaimAcknowledgment,
    ClaimStatus,
    ProviderStatus,
    ServiceStatus,
    Status,
    StatusCode,
    Totals,
)

VERSION = "005010X214"


def write(envelope: Envelope, acknowledgments: Sequence[ClaimAcknowledgment]) -> bytes:
    """One interchange with one group, one ST per answered batch. Raises WriteRefused."""
    return interchange(envelope, guide(VERSION), [list(_body(one)) for one in acknowledgments])


def _body(ack: ClaimAcknowledgment) -> Iterator[str]:
    at = ack.created_at
    reference = needed(ack.reference, "BHT03", 50)
    yield f"BHT*0085*08*{reference}*{at:%Y%m%d}*{at:%H%M}*TH"
    yield "HL*1**20*1"
    yield write_name(CODE[ack.source_entity_code], ack.source, "2100A")
    yield f"TRN*1*{needed(ack.source_trace_number, '2200A TRN02', 50)}"
    yield write_date("050", ack.received_on)
    yield write_date("009", ack.processed_on)
    yield f"HL*2*1*21*{1 if ack.providers else 0}"
    yield write_name("41", ack.receiver, "2100B")
    yield f"TRN*2*{needed(ack.batch_reference, '2200B TRN02', 50)}"
    for status in ack.statuses:
        yield _status(status)
    yield from _totals(ack.totals, ("90", "AA"))
    number = 2
    for provider in ack.providers:
        number += 1
        level = number
        yield from _provider(level, provider)
        for claim in provider.claims:
            number += 1
            yield from _claim((number, level), claim)


def _provider(number: int, provider: ProviderStatus) -> Iterator[str]:
    yield f"HL*{number}*2*19*{1 if provider.claims else 0}"
    yield write_name("85", provider.provider, "2100C")
    if not (provider.trace_number or provider.statuses):
        return
    yield f"TRN*1*{text(provider.trace_number, '2200C TRN02', 50) or '0'}"
    for status in provider.statuses:
        yield _status(status)
    yield from write_references(provider.references, "2200C")
    yield from _totals(provider.totals, ("QA", "QC"))


def _claim(numbers: tuple[int, int], claim: ClaimStatus) -> Iterator[str]:
    number, parent = numbers
    yield f"HL*{number}*{parent}*PT"
    yield write_name("QC", claim.patient, "2100D")
    yield f"TRN*2*{needed(claim.control_number, '2200D TRN02', 50)}"
    for status in claim.statuses:
        yield _status(status)
    for qualifier, value in (
        ("1K", claim.payer_claim_number),
        ("D9", claim.clearinghouse_trace_number),
        ("BLT", claim.bill_type),
    ):
        if value:
            yield write_reference(qualifier, value, "2200D")
    yield from _service_dates(claim.service_from, claim.service_to)
    for service in claim.services:
        yield from _service(service)


def _service_dates(start: date | None, end: date | None) -> Iterator[str]:
    if start is not None:
        yield write_date("472", start, None if end == start else end)


def _service(service: ServiceStatus) -> Iterator[str]:
    yield segment(
        "SVC",
        write_procedure(service.procedure, "2220D SVC01"),
        amount_text(service.charge_cents),
        "",
        text(service.revenue_code, "2220D SVC04", 48),
        "",
        "",
        "" if service.quantity is None else quantity_text(service.quantity),
    )
    for status in service.statuses:
        yield _status(status)
    for qualifier, value in (
        ("FJ", service.line_control_number),
        ("XZ", service.prescription_number),
    ):
        if value:
            yield write_reference(qualifier, value, "2220D")
    yield from _service_dates(service.service_from, service.service_to)


def _status(status: Status) -> str:
    codes = [_composite(code) for code in status.codes[:3]]
    first, *more = [*codes, "", ""][:3] if codes else ["", "", ""]
    amount = "" if status.amount_cents is None else amount_text(status.amount_cents)
    return segment(
        "STC",
        first,
        date_text(status.effective_on) if status.effective_on else "",
        CODE[status.action_code],
        amount,
        "",
        "",
        "",
        "",
        "",
        *more,
        text(status.message, "STC12", 264),
    )


def _composite(code: StatusCode) -> str:
    return composite(CODE[code.category_code], CODE[code.status_code], CODE[code.entity_code])


def _totals(totals: Totals, counted: tuple[str, str]) -> Iterator[str]:
    for qualifier, count in zip(
        counted, (totals.accepted_count, totals.rejected_count), strict=True
    ):
        if count is not None:
            yield f"QTY*{qualifier}*{count}"
    for qualifier, value in (("YU", totals.accepted_cents), ("YY", totals.rejected_cents)):
        if value is not None:
            yield f"AMT*{qualifier}*{amount_text(value)}"
