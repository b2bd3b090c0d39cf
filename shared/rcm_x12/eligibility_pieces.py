"""Segments and loops that 270 and 271 share, each written and read side by side."""

from collections.abc import Iterable, Iterator

from rcm_x12.builder import CODE, needed, segment, text
from rcm_x12.eligibility import (
    Diagnosis,
    Identification,
    Industry,
    Member,
    ProviderRole,
    Receiver,
    Relationship,
    Source,
    Trace,
)
from rcm_x12.findings import WriteRefused
from rcm_x12.pieces import (
    Report,
    at,
    date_at,
    quantity_at,
    read_address,
    read_date,
    read_name,
    write_address,
    write_date,
    write_name,
)
from rcm_x12.scalars import date_text
from rcm_x12.values import QualifiedDate
from rcm_x12.walker import Node, Walk

_DIAGNOSES_MAX = 8
_POINTERS_MAX = 4


def nm1_of(node: Node | None) -> list[str]:
    return (node.first("NM1") if node else None) or []


def write_trace(trace: Trace, place: str) -> str:
    """TRN."""
    return segment(
        "TRN",
        "2" if trace.is_answered else "1",
        needed(trace.number, f"{place} TRN02", 50),
        needed(trace.originator_id, f"{place} TRN03", 10),
        text(trace.originator_detail, f"{place} TRN04", 50),
    )


def read_traces(node: Node) -> tuple[Trace, ...]:
    return tuple(
        Trace(at(trn, 2), at(trn, 3), at(trn, 4), at(trn, 1) == "2") for trn in node.every("TRN")
    )


def write_role(role: ProviderRole, place: str) -> str:
    """PRV."""
    number = text(role.id, f"{place} PRV03", 50)
    return segment("PRV", CODE[role.role_code], CODE[role.qualifier], number)


def read_role(node: Node) -> ProviderRole | None:
    prv = node.first("PRV")
    return ProviderRole(at(prv, 1), at(prv, 2), at(prv, 3)) if prv else None


def write_dates(dates: tuple[QualifiedDate, ...]) -> Iterator[str]:
    return (write_date(one.qualifier, one.on, one.until) for one in dates)


def read_dates(node: Node, report: Report) -> tuple[QualifiedDate, ...]:
    read = (read_date(dtp, report) for dtp in node.every("DTP"))
    return tuple(one for one in read if one is not None)


def write_identifications(several: Iterable[Identification], place: str) -> Iterator[str]:
    """REF."""
    for one in several:
        number = needed(one.value, f"{place} REF02", 50)
        words = text(one.description, f"{place} REF03", 80)
        yield segment("REF", CODE[one.qualifier], number, words)


def read_identifications(node: Node) -> tuple[Identification, ...]:
    return tuple(Identification(at(ref, 1), at(ref, 2), at(ref, 3)) for ref in node.every("REF"))


def write_industry(one: Industry, place: str) -> str:
    """III."""
    number = text(one.code, f"{place} III02", 30)
    words = text(one.text, f"{place} III04", 264)
    return segment("III", CODE[one.qualifier], number, CODE[one.category], words)


def read_industry(iii: list[str]) -> Industry:
    return Industry(at(iii, 1), at(iii, 2), at(iii, 3), at(iii, 4))


def write_pointers(pointers: tuple[int, ...], place: str) -> str:
    """The composite that points at diagnoses of the HI above, from 1."""
    if len(pointers) > _POINTERS_MAX:
        raise WriteRefused(place, "it has four pointers at most")
    return ":".join(map(str, pointers))


def read_pointers(composite: str, component: str) -> tuple[int, ...]:
    return tuple(
        int(part) for part in composite.split(component) if part.isdecimal() and len(part) < 3
    )


def write_source(source: Source) -> str:
    return write_name(CODE[source.entity_code], source.name, "2100A")


def read_source(node: Node) -> Source:
    nm1 = nm1_of(node.loop("2100A"))
    return Source(read_name(nm1), at(nm1, 1))


def write_receiver(receiver: Receiver) -> Iterator[str]:
    """NM1, REF, N3 and N4 of 2100B; its PRV comes last, behind what an answer rejects."""
    yield write_name(CODE[receiver.entity_code], receiver.name, "2100B")
    yield from write_identifications(receiver.references, "2100B")
    if receiver.address:
        yield from write_address(receiver.address, "2100B")


def read_receiver(node: Node) -> Receiver:
    named = node.loop("2100B")
    nm1 = nm1_of(named)
    if named is None:
        return Receiver(read_name(nm1), "")
    return Receiver(
        read_name(nm1),
        at(nm1, 1),
        read_identifications(named),
        read_address(named.first("N3"), named.first("N4")),
        read_role(named),
    )


def write_identity(member: Member, *, entity_code: str, place: str) -> Iterator[str]:
    """NM1, REF, N3 and N4 of 2100C or 2100D."""
    yield write_name(entity_code, member.name, place)
    yield from write_identifications(member.references, place)
    if member.address:
        yield from write_address(member.address, place)


def write_person(member: Member, *, is_subscriber: bool, place: str) -> Iterator[str]:
    """PRV to DTP of 2100C or 2100D."""
    if member.role:
        yield write_role(member.role, place)
    if member.birth_date is not None:
        yield segment("DMG", "D8", date_text(member.birth_date), CODE[member.sex])
    elif member.sex:
        yield segment("DMG", "", "", CODE[member.sex])
    if member.relationship:
        yield _write_relationship(member.relationship, is_subscriber=is_subscriber)
    if len(member.diagnoses) > _DIAGNOSES_MAX:
        raise WriteRefused(f"{place} HI", "it holds eight diagnoses at most")
    if member.diagnoses:
        pairs = (f"{CODE[one.code_type]}:{CODE[one.code]}" for one in member.diagnoses)
        yield segment("HI", *pairs)
    yield from write_dates(member.dates)


def _write_relationship(one: Relationship, *, is_subscriber: bool) -> str:
    changed = ("001", "25") if one.is_changed else ("", "")
    rank = "" if one.birth_rank is None else str(one.birth_rank)
    indicator = "Y" if is_subscriber else "N"
    return segment("INS", indicator, CODE[one.code], *changed, *[""] * 12, rank)


def read_member(node: Node | None, walk: Walk) -> Member:
    """A 2100C or 2100D as far as it goes."""
    if node is None:
        return Member(read_name(()))
    dmg, hi = node.first("DMG") or (), node.first("HI") or ()
    pairs = (one.split(walk.component) for one in hi[1:] if one)
    return Member(
        name=read_name(nm1_of(node)),
        birth_date=date_at(dmg, 2, walk.reporter("DMG", node.name)),
        sex=at(dmg, 3),
        address=read_address(node.first("N3"), node.first("N4")),
        references=read_identifications(node),
        role=read_role(node),
        relationship=_read_relationship(node, walk),
        diagnoses=tuple(Diagnosis(at(pair, 1), pair[0]) for pair in pairs),
        dates=read_dates(node, walk.reporter("DTP", node.name)),
    )


def _read_relationship(node: Node, walk: Walk) -> Relationship | None:
    ins = node.first("INS")
    if ins is None:
        return None
    rank = quantity_at(ins, 17, walk.reporter("INS", node.name))
    return Relationship(at(ins, 2), None if rank is None else int(rank), at(ins, 3) == "001")
