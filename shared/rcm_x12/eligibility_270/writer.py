"""Inquiries to a 270 file. HL numbers are derived."""

from collections.abc import Iterator, Sequence

from rcm_x12.builder import CODE, REPETITION, interchange, segment, text
from rcm_x12.eligibility_270.values import (
    Dependent,
    Inquiry,
    InquiryReceiver,
    InquirySource,
    Question,
    Subscriber,
)
from rcm_x12.eligibility_pieces import (
    write_identifications,
    write_identity,
    write_industry,
    write_person,
    write_pointers,
    write_receiver,
    write_role,
    write_source,
    write_trace,
)
from rcm_x12.envelope import Envelope
from rcm_x12.findings import WriteRefused
from rcm_x12.layout import guide
from rcm_x12.levels import Levels
from rcm_x12.pieces import write_date, write_procedure
from rcm_x12.scalars import amount_text

VERSION = "005010X279A1"


def write(envelope: Envelope, inquiries: Sequence[Inquiry]) -> bytes:
    """One interchange with one group, one ST per inquiry. Raises WriteRefused."""
    layout = guide(VERSION, "270")
    return interchange(envelope, layout, [list(_body(one)) for one in inquiries])


def _body(inquiry: Inquiry) -> Iterator[str]:
    at = inquiry.created_at
    yield segment(
        "BHT",
        "0022",
        CODE[inquiry.purpose_code],
        text(inquiry.reference, "BHT03", 50),
        f"{at:%Y%m%d}",
        f"{at:%H%M}",
        CODE[inquiry.transaction_type_code],
    )
    levels = Levels()
    for source in inquiry.sources:
        yield from _source(levels, source)


def _source(levels: Levels, one: InquirySource) -> Iterator[str]:
    number, hl = levels.open(0, "20", has_child=True)
    yield hl
    yield write_source(one.source)
    for receiver in one.receivers:
        yield from _receiver(levels, number, receiver)


def _receiver(levels: Levels, parent: int, one: InquiryReceiver) -> Iterator[str]:
    number, hl = levels.open(parent, "21", has_child=True)
    yield hl
    yield from write_receiver(one.receiver)
    if one.receiver.role:
        yield write_role(one.receiver.role, "2100B")
    for subscriber in one.subscribers:
        yield from _subscriber(levels, number, subscriber)


def _subscriber(levels: Levels, parent: int, one: Subscriber) -> Iterator[str]:
    number, hl = levels.open(parent, "22", has_child=bool(one.dependents))
    yield hl
    yield from (write_trace(trace, "2000C") for trace in one.traces)
    yield from write_identity(one.member, entity_code="IL", place="2100C")
    yield from write_person(one.member, is_subscriber=True, place="2100C")
    for question in one.questions:
        yield from _question(question, "2110C")
    for dependent in one.dependents:
        yield from _dependent(levels, number, dependent)


def _dependent(levels: Levels, parent: int, one: Dependent) -> Iterator[str]:
    _, hl = levels.open(parent, "23", has_child=False)
    yield hl
    yield from (write_trace(trace, "2000D") for trace in one.traces)
    yield from write_identity(one.member, entity_code="03", place="2100D")
    yield from write_person(one.member, is_subscriber=False, place="2100D")
    if not one.questions:
        raise WriteRefused("2110D", "a dependent is only sent to be asked about")
    for question in one.questions:
        yield from _question(question, "2110D")


def _question(one: Question, place: str) -> Iterator[str]:
    if not (one.service_type_codes or one.procedure):
        raise WriteRefused(f"{place} EQ", "it needs a service type or a procedure")
    yield segment(
        "EQ",
        REPETITION.join(CODE[code] for code in one.service_type_codes),
        write_procedure(one.procedure, f"{place} EQ02") if one.procedure else "",
        CODE[one.coverage_level_code],
        "",
        write_pointers(one.diagnosis_pointers, f"{place} EQ05"),
    )
    if one.spend_down_cents is not None:
        yield f"AMT*R*{amount_text(one.spend_down_cents)}"
    if one.spend_down_billed_cents is not None:
        yield f"AMT*PB*{amount_text(one.spend_down_billed_cents)}"
    yield from (write_industry(industry, place) for industry in one.industries)
    if one.reference:
        yield from write_identifications((one.reference,), place)
    if one.plan_date:
        yield write_date(one.plan_date.qualifier, one.plan_date.on, one.plan_date.until)
