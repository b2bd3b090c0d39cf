"""Segments that stand under a claim and under a line alike."""

from collections.abc import Iterable, Iterator

from rcm_x12.builder import CODE, segment, text
from rcm_x12.claim_837p.order import ranked
from rcm_x12.claim_837p.values import Attachment, Condition, Location, Transport
from rcm_x12.pieces import write_address, write_date, write_reference
from rcm_x12.scalars import quantity_text
from rcm_x12.values import QualifiedDate, Reference


def locations(pick_up: Location | None, drop_off: Location | None, *loops: str) -> Iterator[str]:
    if pick_up is not None:
        yield "NM1*PW*2"
        yield from write_address(pick_up.address, loops[0])
    if drop_off is not None:
        yield segment("NM1", "45", "2", text(drop_off.name, f"{loops[1]} NM103", 60))
        yield from write_address(drop_off.address, loops[1])


def dates(given: Iterable[QualifiedDate], order: dict[str, int]) -> list[str]:
    return [
        write_date(each.qualifier, each.on, each.until, each.time)
        for each in ranked(given, order, lambda one: one.qualifier)
    ]


def references(given: Iterable[Reference], order: dict[str, int], loop: str) -> list[str]:
    return [
        write_reference(each.qualifier, each.value, loop)
        for each in ranked(given, order, lambda one: one.qualifier)
    ]


def attachments(given: Iterable[Attachment]) -> Iterator[str]:
    for each in given:
        number = text(each.control_number, "PWK06", 50)
        qualifier = "AC" if number else ""
        yield segment(
            "PWK", CODE[each.report_type], CODE[each.transmission], "", "", qualifier, number
        )


def conditions(given: Iterable[Condition]) -> Iterator[str]:
    for each in given:
        codes = (CODE[code] for code in each.codes)
        yield segment("CRC", CODE[each.category], "Y" if each.applies else "N", *codes)


def transport(ride: Transport) -> str:
    """CR1."""
    weight = ride.patient_weight_pounds
    return segment(
        "CR1",
        "LB" if weight is not None else "",
        quantity_text(weight) if weight is not None else "",
        "",
        CODE[ride.reason_code],
        "DH",
        quantity_text(ride.distance_miles),
        "",
        "",
        text(ride.round_trip_purpose, "CR109", 80),
        text(ride.stretcher_purpose, "CR110", 80),
    )
