"""Responses to a 277 file. HL numbers are derived."""

from collections.abc import Iterator, Sequence

from rcm_x12.builder import CODE, composite, interchange, needed, segment, text
from rcm_x12.claim_status import DEPENDENT, SELF, write_names, write_service_dates
from rcm_x12.envelope import Envelope
from rcm_x12.findings import WriteRefused
from rcm_x12.layout import guide
from rcm_x12.levels import Levels
from rcm_x12.pieces import write_contact, write_name, write_procedure, write_reference
from rcm_x12.scalars import amount_text, date_text, quantity_text
from rcm_x12.status_277.values import (
    ClaimStatus,
    Response,
    ResponseProvider,
    ResponseReceiver,
    ResponseSource,
    ServiceStatus,
    Status,
    StatusCode,
    Subscriber,
)

VERSION = "005010X212"


def write(envelope: Envelope, responses: Sequence[Response]) -> bytes:
    """One interchange with one group, one ST per response. Raises WriteRefused."""
    layout = guide(VERSION, "277")
    return interchange(envelope, layout, [list(_body(one)) for one in responses])


def _body(response: Response) -> Iterator[str]:
    at = response.created_at
    yield f"BHT*0010*08*{needed(response.reference, 'BHT03', 50)}*{at:%Y%m%d}*{at:%H%M}*DG"
    levels = Levels()
    for source in response.sources:
        yield from _source(levels, source)


def _source(levels: Levels, one: ResponseSource) -> Iterator[str]:
    number, hl = levels.open(0, "20", has_child=True)
    yield hl
    yield write_name("PR", one.payer, "2100A")
    if one.contact:
        yield write_contact("IC", one.contact, "2100A")
    for receiver in one.receivers:
        yield from _receiver(levels, number, receiver)


def _receiver(levels: Levels, parent: int, one: ResponseReceiver) -> Iterator[str]:
    number, hl = levels.open(parent, "21", has_child=bool(one.providers))
    yield hl
    yield write_name("41", one.submitter, "2100B")
    if one.statuses:
        yield f"TRN*2*{needed(one.trace_number, '2200B TRN02', 50)}"
        yield from map(_status, one.statuses)
    for provider in one.providers:
        yield from _provider(levels, number, provider)


def _provider(levels: Levels, parent: int, one: ResponseProvider) -> Iterator[str]:
    number, hl = levels.open(parent, "19", has_child=bool(one.subscribers))
    yield hl
    yield from write_names("1P", one.names, "2100C", 2)
    if one.statuses:
        yield f"TRN*1*{text(one.trace_number, '2200C TRN02', 50) or '0'}"
        yield from map(_status, one.statuses)
    for subscriber in one.subscribers:
        yield from _subscriber(levels, number, subscriber)


def _subscriber(levels: Levels, parent: int, one: Subscriber) -> Iterator[str]:
    number, hl = levels.open(parent, "22", has_child=bool(one.dependents))
    yield hl
    yield write_name(SELF, one.person.name, "2100D")
    for claim in one.claims:
        yield from _claim(claim, "D")
    for dependent in one.dependents:
        _, below = levels.open(number, "23", has_child=None)
        yield below
        yield write_name(DEPENDENT, dependent.person.name, "2100E")
        for claim in dependent.claims:
            yield from _claim(claim, "E")


def _claim(one: ClaimStatus, level: str) -> Iterator[str]:
    place = f"2200{level}"
    yield f"TRN*2*{needed(one.trace_number, f'{place} TRN02', 50)}"
    if not one.statuses:
        raise WriteRefused(f"{place} STC", "a claim needs a status")
    yield from map(_status, one.statuses)
    for qualifier, value in (
        ("1K", one.payer_claim_number),
        ("BLT", one.bill_type),
        ("EJ", one.patient_account_number),
        ("XZ", one.prescription_number),
        ("VV", one.voucher_number),
        ("D9", one.clearinghouse_trace_number),
    ):
        if value:
            yield write_reference(qualifier, value, place)
    yield from write_service_dates(one.service_from, one.service_to)
    for service in one.services:
        yield from _service(service, f"2220{level}")


def _service(one: ServiceStatus, place: str) -> Iterator[str]:
    yield segment(
        "SVC",
        write_procedure(one.procedure, f"{place} SVC01"),
        amount_text(one.charge_cents),
        amount_text(one.paid_cents),
        CODE[one.revenue_code],
        "",
        "",
        quantity_text(one.quantity),
    )
    if not one.statuses:
        raise WriteRefused(f"{place} STC", "a line needs a status")
    yield from map(_status, one.statuses)
    if one.line_control_number:
        yield write_reference("FJ", one.line_control_number, place)
    yield from write_service_dates(one.service_from, one.service_to)


def _status(one: Status) -> str:
    """STC."""
    if not 0 < len(one.codes) <= 3:
        raise WriteRefused("STC", "it holds one to three codes")
    first, *others = map(_code, one.codes)
    return segment(
        "STC",
        first,
        date_text(one.effective_on),
        "",
        "" if one.charge_cents is None else amount_text(one.charge_cents),
        "" if one.paid_cents is None else amount_text(one.paid_cents),
        "" if one.adjudicated_on is None else date_text(one.adjudicated_on),
        "",
        "" if one.paid_on is None else date_text(one.paid_on),
        text(one.payment_number, "STC09", 16),
        *others,
    )


def _code(one: StatusCode) -> str:
    category = needed(CODE[one.category_code], "STC01-1")
    status = needed(CODE[one.status_code], "STC01-2")
    return composite(category, status, CODE[one.entity_code], CODE[one.code_list])
