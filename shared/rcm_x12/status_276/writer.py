"""Inquiries to a 276 file. HL numbers are derived."""

from collections.abc import Iterator, Sequence

from rcm_x12.builder import CODE, interchange, needed, segment
from rcm_x12.claim_status import (
    DEPENDENT,
    SELF,
    Person,
    write_names,
    write_service_dates,
)
from rcm_x12.envelope import Envelope
from rcm_x12.findings import WriteRefused
from rcm_x12.layout import guide
from rcm_x12.levels import Levels
from rcm_x12.pieces import write_name, write_procedure, write_reference
from rcm_x12.scalars import amount_text, date_text, quantity_text
from rcm_x12.status_276.values import (
    ClaimInquiry,
    Inquiry,
    InquiryProvider,
    InquiryReceiver,
    ServiceInquiry,
    Subscriber,
)

VERSION = "005010X212"


def write(envelope: Envelope, inquiries: Sequence[Inquiry]) -> bytes:
    """One interchange with one group, one ST per inquiry. Raises WriteRefused."""
    layout = guide(VERSION, "276")
    return interchange(envelope, layout, [list(_body(one)) for one in inquiries])


def _body(inquiry: Inquiry) -> Iterator[str]:
    at = inquiry.created_at
    yield f"BHT*0010*13*{needed(inquiry.reference, 'BHT03', 50)}*{at:%Y%m%d}*{at:%H%M}"
    levels = Levels()
    for source in inquiry.sources:
        number, hl = levels.open(0, "20", has_child=True)
        yield hl
        yield write_name("PR", source.payer, "2100A")
        for receiver in source.receivers:
            yield from _receiver(levels, number, receiver)


def _receiver(levels: Levels, parent: int, one: InquiryReceiver) -> Iterator[str]:
    number, hl = levels.open(parent, "21", has_child=True)
    yield hl
    yield write_name("41", one.submitter, "2100B")
    for provider in one.providers:
        yield from _provider(levels, number, provider)


def _provider(levels: Levels, parent: int, one: InquiryProvider) -> Iterator[str]:
    number, hl = levels.open(parent, "19", has_child=True)
    yield hl
    yield from write_names("1P", one.names, "2100C", 2)
    for subscriber in one.subscribers:
        yield from _subscriber(levels, number, subscriber)


def _subscriber(levels: Levels, parent: int, one: Subscriber) -> Iterator[str]:
    number, hl = levels.open(parent, "22", has_child=bool(one.dependents))
    yield hl
    if one.claims and one.person.birth_date is None:
        raise WriteRefused("2000D DMG", "a patient needs a birth date")
    yield from _demographics(one.person)
    yield write_name(SELF, one.person.name, "2100D")
    for claim in one.claims:
        yield from _claim(claim, "D")
    for dependent in one.dependents:
        _, below = levels.open(number, "23", has_child=None)
        yield below
        if dependent.person.birth_date is None:
            raise WriteRefused("2000E DMG", "a patient needs a birth date")
        yield from _demographics(dependent.person)
        yield write_name(DEPENDENT, dependent.person.name, "2100E")
        for claim in dependent.claims:
            yield from _claim(claim, "E")


def _demographics(person: Person) -> Iterator[str]:
    if person.birth_date is not None:
        yield segment("DMG", "D8", date_text(person.birth_date), CODE[person.sex])


def _claim(one: ClaimInquiry, level: str) -> Iterator[str]:
    place = f"2200{level}"
    yield f"TRN*1*{needed(one.trace_number, f'{place} TRN02', 50)}"
    for qualifier, value in (
        ("1K", one.payer_claim_number),
        ("BLT", one.bill_type),
        ("LU", one.location_number),
        ("6P", one.group_number),
        ("EJ", one.patient_account_number),
        ("XZ", one.prescription_number),
        ("D9", one.clearinghouse_trace_number),
    ):
        if value:
            yield write_reference(qualifier, value, place)
    if one.charge_cents is not None:
        yield f"AMT*T3*{amount_text(one.charge_cents)}"
    yield from write_service_dates(one.service_from, one.service_to)
    for service in one.services:
        yield from _service(service, f"2210{level}")


def _service(one: ServiceInquiry, place: str) -> Iterator[str]:
    yield segment(
        "SVC",
        write_procedure(one.procedure, f"{place} SVC01"),
        amount_text(one.charge_cents),
        "",
        CODE[one.revenue_code],
        "",
        "",
        quantity_text(one.quantity),
    )
    if one.line_control_number:
        yield write_reference("FJ", one.line_control_number, place)
    yield from write_service_dates(one.service_from, one.service_to)
