"""Add-on codes: services that are only ever given beside a primary one."""

from collections.abc import Iterator
from datetime import date

from coding_svc.domain.edits import pairs, units
from coding_svc.domain.edits.case import Case, numbered
from coding_svc.domain.edits.registry import Hit, edit
from coding_svc.domain.encounter import CodedLine

SOURCE = "NCCI add-on code edits; NCCI policy manual I.R"
LISTED, ANY, LISTED_OR_CONTRACTOR = 1, 2, 3
GLOBAL_ADD_ON = "ZZZ"


def _denied(case: Case) -> set[int]:
    """Lines that a pair or a unit limit denies: they carry no add-on."""
    return pairs.denied(case) | units.denied(case)


def _carriers(case: Case, number: int, line: CodedLine) -> set[str]:
    """Payable services of the line's day, of this claim or billed apart by the same provider."""
    denied = _denied(case)
    here = {
        other.procedure_code
        for at, other in numbered(case.coding.lines)
        if at != number and at not in denied and other.date_of_service == line.date_of_service
    }
    return here | {
        past.procedure_code
        for past in case.history
        if past.is_same_provider and past.date_of_service == line.date_of_service
    }


def _is_add_on(case: Case, code: str, day: date) -> bool:
    """By an edit in force, or where there is none by the fee schedule's ZZZ."""
    add_ons, fees = case.books.add_ons, case.books.fees
    if add_ons and add_ons.add_on(code, day):
        return True
    fee = fees.fee(code) if fees else None
    return fee is not None and fee.global_days == GLOBAL_ADD_ON


@edit("P130", "error", source=SOURCE, carc="107")
def an_add_on_has_its_primary(case: Case) -> Iterator[Hit]:
    """Type 1: one of the listed primaries, same day, itself payable."""
    book = case.books.add_ons
    if book is None:
        return
    for number, line in numbered(case.coding.lines):
        found = book.add_on(line.procedure_code, line.date_of_service)
        if found is None or found.type != LISTED:
            continue
        if not found.primaries & _carriers(case, number, line):
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
        others = _primaries(case, number, line)
        if others and not found.primaries & others:
            yield Hit(
                f"whether {line.procedure_code} goes with its primary is the contractor's word",
                lines=(number,),
                release=book.release,
            )


@edit("P132", "error", source=SOURCE, carc="107")
def an_add_on_is_never_alone(case: Case) -> Iterator[Hit]:
    """An add-on is not payable without a payable service on its day that is none itself (types 2
    and 3, and ZZZ)."""
    add_ons, fees = case.books.add_ons, case.books.fees
    if add_ons is None and fees is None:
        return
    for number, line in numbered(case.coding.lines):
        found = add_ons.add_on(line.procedure_code, line.date_of_service) if add_ons else None
        if found and found.type == LISTED:
            continue
        if _is_add_on(case, line.procedure_code, line.date_of_service) and not _primaries(
            case, number, line
        ):
            source = add_ons if found else fees
            yield Hit(
                f"{line.procedure_code} is an add-on and stands alone",
                lines=(number,),
                release=source.release if source else None,
            )


def _primaries(case: Case, number: int, line: CodedLine) -> set[str]:
    """What carries the line's day and is no add-on itself."""
    return {
        code
        for code in _carriers(case, number, line)
        if not _is_add_on(case, code, line.date_of_service)
    }
