"""Segments and loops that stand under a claim and under a line alike."""

from decimal import Decimal

from rcm_x12.claim_837p.parties import Provider
from rcm_x12.claim_837p.reader_parties import provider_of
from rcm_x12.claim_837p.values import Attachment, Condition, Location, Transport
from rcm_x12.pieces import at, quantity_at, read_address, read_date
from rcm_x12.values import QualifiedDate
from rcm_x12.walker import Node, Walk


def provider_in(node: Node, loop: str, entity_code: str = "") -> Provider | None:
    for each in node.loops(loop):
        if not entity_code or at(each.first("NM1") or [], 1) == entity_code:
            return provider_of(each)
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


def attachments_of(node: Node) -> tuple[Attachment, ...]:
    return tuple(Attachment(at(pwk, 1), at(pwk, 2), at(pwk, 6)) for pwk in node.every("PWK"))


def conditions_of(node: Node) -> tuple[Condition, ...]:
    return tuple(
        Condition(at(crc, 1), at(crc, 2) == "Y", tuple(code for code in crc[3:] if code))
        for crc in node.every("CRC")
    )


def transport_of(cr1: list[str], walk: Walk) -> Transport:
    report = walk.reporter("CR1")
    return Transport(
        at(cr1, 4),
        quantity_at(cr1, 6, report) or Decimal(0),
        quantity_at(cr1, 2, report),
        at(cr1, 9),
        at(cr1, 10),
    )
