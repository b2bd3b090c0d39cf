"""Acknowledgments to a 999 file."""

from collections.abc import Iterable, Iterator, Sequence

from rcm_x12.ack_999.values import (
    BAD_VALUE_MAX,
    UNIT_MAX,
    Acknowledgment,
    Context,
    ElementError,
    SegmentError,
    SetResponse,
)
from rcm_x12.builder import CODE, as_sent, composite, interchange, needed, segment
from rcm_x12.envelope import Envelope
from rcm_x12.findings import WriteRefused
from rcm_x12.layout import guide

VERSION = "005010X231A1"
_CODES_MAX = 5


def write(envelope: Envelope, acknowledgments: Sequence[Acknowledgment]) -> bytes:
    """One interchange with one group, one ST per received group.

    A 999 is never acknowledged, so ISA14 must be off. Raises WriteRefused.
    """
    if envelope.acknowledgment_requested:
        raise WriteRefused("ISA14", "a 999 asks for no acknowledgment")
    return interchange(envelope, guide(VERSION), [list(_body(one)) for one in acknowledgments])


def _body(ack: Acknowledgment) -> Iterator[str]:
    functional_id, number = CODE[ack.functional_id], CODE[ack.group_control_number]
    yield segment("AK1", functional_id, number, _code(ack.version))
    for response in ack.sets:
        yield from _response(response)
    counts = (ack.included_count, ack.received_count, ack.accepted_count)
    yield segment("AK9", CODE[ack.code], *map(str, counts), *_few(ack.error_codes))


def _response(response: SetResponse) -> Iterator[str]:
    number = needed(response.control_number, "2000 AK202", 9)
    yield segment("AK2", CODE[response.set_id], number, _code_of_version(response.version))
    for error in response.errors:
        yield from _segment_error(error)
    yield segment("IK5", CODE[response.code], *_few(response.error_codes))


def _code_of_version(version: str) -> str:
    return needed(version, "2000 AK203", 35) if version else ""


def _code(value: str) -> str:
    """One that may be left out."""
    return CODE[value] if value else ""


def _few(codes: Sequence[str]) -> Iterable[str]:
    return [CODE[code] for code in codes[:_CODES_MAX]]


def _segment_error(error: SegmentError) -> Iterator[str]:
    place = (CODE[error.segment_id], str(error.position), _code(error.loop))
    yield segment("IK3", *place, CODE[error.code])
    for context in error.contexts:
        yield _context(context)
    for each in error.elements:
        yield _element_error(each)
        for context in each.contexts:
            yield _context(context)


def _element_error(error: ElementError) -> str:
    place = composite(str(error.element), str(error.component or ""), str(error.repetition or ""))
    return segment(
        "IK4",
        place,
        _code(error.data_element),
        CODE[error.code],
        as_sent(error.bad_value, BAD_VALUE_MAX),
    )


def _context(context: Context) -> str:
    name = composite(needed(context.name, "CTX01", UNIT_MAX), as_sent(context.value, UNIT_MAX))
    element = composite(str(context.element or ""), str(context.component or ""))
    place = str(context.segment_position or "")
    return segment("CTX", name, CODE[context.segment_id], place, _code(context.loop), element)
