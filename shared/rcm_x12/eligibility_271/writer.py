"""Responses to a 271 file. HL numbers are derived."""

from collections.abc import Iterator, Sequence

from rcm_x12.builder import CODE, interchange, needed, segment, text
from rcm_x12.eligibility_271.values import (
    Dependent,
    MilitaryService,
    Response,
    ResponseReceiver,
    ResponseSource,
    Subscriber,
)
from rcm_x12.eligibility_271.writer_benefits import write_benefit, write_rejections
from rcm_x12.eligibility_pieces import (
    write_identity,
    write_person,
    write_receiver,
    write_role,
    write_source,
    write_trace,
)
from rcm_x12.envelope import Envelope
from rcm_x12.layout import guide
from rcm_x12.levels import Levels
from rcm_x12.pieces import write_contact
from rcm_x12.scalars import date_text

VERSION = "005010X279A1"


def write(envelope: Envelope, responses: Sequence[Response]) -> bytes:
    """One interchange with one group, one ST per response. Raises WriteRefused."""
    layout = guide(VERSION, "271")
    return interchange(envelope, layout, [list(_body(one)) for one in responses])


def _body(response: Response) -> Iterator[str]:
    at = response.created_at
    yield segment(
        "BHT",
        "0022",
        CODE[response.purpose_code],
        text(response.reference, "BHT03", 50),
        f"{at:%Y%m%d}",
        f"{at:%H%M}",
        CODE[response.transaction_type_code],
    )
    levels = Levels()
    for source in response.sources:
        yield from _source(levels, source)


def _source(levels: Levels, one: ResponseSource) -> Iterator[str]:
    number, hl = levels.open(0, "20", has_child=bool(one.receivers))
    yield hl
    yield from write_rejections(one.rejections)
    yield write_source(one.source)
    yield from (write_contact("IC", contact, "2100A") for contact in one.contacts)
    yield from write_rejections(one.source_rejections)
    for receiver in one.receivers:
        yield from _receiver(levels, number, receiver)


def _receiver(levels: Levels, parent: int, one: ResponseReceiver) -> Iterator[str]:
    number, hl = levels.open(parent, "21", has_child=bool(one.subscribers))
    yield hl
    yield from write_receiver(one.receiver)
    yield from write_rejections(one.rejections)
    if one.receiver.role:
        yield write_role(one.receiver.role, "2100B")
    for subscriber in one.subscribers:
        yield from _subscriber(levels, number, subscriber)


def _subscriber(levels: Levels, parent: int, one: Subscriber) -> Iterator[str]:
    number, hl = levels.open(parent, "22", has_child=bool(one.dependents))
    yield hl
    yield from _patient(one, "C")
    for dependent in one.dependents:
        _, below = levels.open(number, "23", has_child=False)
        yield below
        yield from _patient(dependent, "D")


def _patient(one: Subscriber | Dependent, level: str) -> Iterator[str]:
    place, is_subscriber = f"2100{level}", level == "C"
    yield from (write_trace(trace, f"2000{level}") for trace in one.traces)
    entity_code = "IL" if is_subscriber else "03"
    yield from write_identity(one.member, entity_code=entity_code, place=place)
    yield from write_rejections(one.rejections)
    yield from write_person(one.member, is_subscriber=is_subscriber, place=place)
    if one.military:
        yield _military(one.military)
    for benefit in one.benefits:
        yield from write_benefit(benefit, f"2110{level}")


def _military(one: MilitaryService) -> str:
    served = ("", "")
    if one.served:
        start = date_text(one.served.on)
        until = one.served.until
        served = ("RD8", f"{start}-{date_text(until)}") if until else ("D8", start)
    return segment(
        "MPI",
        needed(one.information_code, "MPI01", 1),
        CODE[one.employment_code],
        CODE[one.branch_code],
        text(one.description, "MPI04", 80),
        CODE[one.rank_code],
        *served,
    )
