"""2110 to a benefit."""

from rcm_x12.eligibility_271.benefits import Benefit, Delivery, Entity, Rejection
from rcm_x12.eligibility_pieces import (
    nm1_of,
    read_dates,
    read_identifications,
    read_industry,
    read_pointers,
    read_role,
)
from rcm_x12.pieces import (
    Report,
    at,
    cents_at,
    quantity_at,
    read_address,
    read_contact,
    read_name,
    read_procedure,
)
from rcm_x12.scalars import share_ppm
from rcm_x12.walker import Node, Walk


def read_rejections(node: Node) -> tuple[Rejection, ...]:
    return tuple(Rejection(at(aaa, 3), at(aaa, 4), at(aaa, 1) == "Y") for aaa in node.every("AAA"))


def read_benefit(node: Node, walk: Walk) -> Benefit:
    eb = node.first("EB") or []
    report = walk.reporter("EB", node.name)
    below = node.name[-1]
    return Benefit(
        at(eb, 1),
        at(eb, 2),
        tuple(code for code in at(eb, 3).split(walk.repetition) if code),
        at(eb, 4),
        at(eb, 5),
        at(eb, 6),
        cents_at(eb, 7, report),
        _share_at(eb, 8, report),
        at(eb, 9),
        quantity_at(eb, 10, report),
        at(eb, 11),
        at(eb, 12),
        read_procedure(at(eb, 13), walk.component) if at(eb, 13) else None,
        read_pointers(at(eb, 14), walk.component),
        tuple(_delivery(hsd, walk.reporter("HSD")) for hsd in node.every("HSD")),
        read_identifications(node),
        read_dates(node, walk.reporter("DTP", node.name)),
        read_rejections(node),
        tuple(at(msg, 1) for msg in node.every("MSG")),
        tuple(read_industry(each.first("III") or []) for each in node.loops(f"2115{below}")),
        tuple(_entity(each) for each in node.loops(f"2120{below}")),
    )


def _share_at(eb: list[str], place: int, report: Report) -> int | None:
    text = at(eb, place)
    if not text:
        return None
    try:
        return share_ppm(text)
    except ValueError as error:
        report("share", str(error), place)
        return None


def _delivery(hsd: list[str], report: Report) -> Delivery:
    count = quantity_at(hsd, 6, report)
    return Delivery(
        at(hsd, 1),
        quantity_at(hsd, 2, report),
        at(hsd, 3),
        quantity_at(hsd, 4, report),
        at(hsd, 5),
        None if count is None else int(count),
        at(hsd, 7),
        at(hsd, 8),
    )


def _entity(node: Node) -> Entity:
    nm1 = nm1_of(node)
    return Entity(
        at(nm1, 1),
        read_name(nm1),
        at(nm1, 10),
        read_address(node.first("N3"), node.first("N4")),
        tuple(read_contact(per) for per in node.every("PER")),
        read_role(node),
    )
