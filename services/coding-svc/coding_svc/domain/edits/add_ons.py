"""Add-on codes: services that are only ever given beside a primary one."""

from collections.abc import Iterator

from coding_svc.domain.edits import pairs
from coding_svc.domain.edits.case import Case, numbered
from coding_svc.domain.edits.registry import Hit, edit

SOURCE = "NCCI add-on code edits; NCCI policy manual I.R"
LISTED, ANY, LISTED_OR_CONTRACTOR = 1, 2, 3
GLOBAL_ADD_ON = "ZZZ"


def _denied(case: Case) -> set[int]:
    """Lines that a bundling edit denies: they carry no add-on."""
    denied = set()
    for _, comprehensive, below, component, indicator in pairs._conflicts(case):  # noqa: SLF001
        if indicator == pairs.NEVER or not pairs._is_bypassed(comprehensive, component):  # noqa: SLF001
            denied.add(below)
    return denied


@edit("P130", "error", source=SOURCE, carc="107")
def an_add_on_has_its_primary(case: Case) -> Iterator[Hit]:
    """Type 1: one of the listed primaries, same day, itself payable."""
    book = case.books.add_ons
    if book is None:
        return
    denied = _denied(case)
    for number, line in numbered(case.coding.lines):
        found = book.add_on(line.procedure_code, line.date_of_service)
        if found is None or found.type != LISTED:
            continue
        carried = any(
            other.procedure_code in found.primaries
            and other.date_of_service == line.date_of_service
            and at not in denied
            for at, other in numbered(case.coding.lines)
        )
        if not carried:
            yield Hit(
                f"{line.procedure_code} is an add-on without a payable primary on its day",
                lines=(number,),
                fix=", ".join(sorted(found.primaries)[:6]),
                release=book.release,
            )


@edit("P131", "warning", source=SOURCE, carc="107", overridable=True)
def an_add_on_without_a_list_is_looked_at(case: Case) -> Iterator[Hit]:
    """Types 2 and 3: the contractor says which primaries it takes; a line that is none is shown."""
    book = case.books.add_ons
    if book is None:
        return
    for number, line in numbered(case.coding.lines):
        found = book.add_on(line.procedure_code, line.date_of_service)
        if found is None or found.type == LISTED:
            continue
        others = [
            other.procedure_code
            for at, other in numbered(case.coding.lines)
            if at != number and other.date_of_service == line.date_of_service
        ]
        listed = found.primaries & {*others}
        if others and not listed:
            yield Hit(
                f"whether {line.procedure_code} goes with its primary is the contractor's word",
                lines=(number,),
                release=book.release,
            )


@edit("P132", "error", source=SOURCE, carc="107")
def an_add_on_is_never_alone(case: Case) -> Iterator[Hit]:
    """An add-on is not payable without another service on its day (types 2 and 3, and ZZZ)."""
    add_ons, fees = case.books.add_ons, case.books.fees
    for number, line in numbered(case.coding.lines):
        found = add_ons.add_on(line.procedure_code, line.date_of_service) if add_ons else None
        fee = fees.fee(line.procedure_code) if fees else None
        is_add_on = (found and found.type != LISTED) or (
            found is None and fee is not None and fee.global_days == GLOBAL_ADD_ON
        )
        alone = not any(
            at != number and other.date_of_service == line.date_of_service
            for at, other in numbered(case.coding.lines)
        )
        if is_add_on and alone:
            source = add_ons if found else fees
            yield Hit(
                f"{line.procedure_code} is an add-on and stands alone",
                lines=(number,),
                release=source.release if source else None,
            )
