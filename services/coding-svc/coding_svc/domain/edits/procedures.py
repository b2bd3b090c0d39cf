"""HCPCS Level II codes and modifiers: that they exist on the day."""

from collections.abc import Iterator

from coding_svc.domain.edits.case import Case, numbered
from coding_svc.domain.edits.registry import Hit, edit

SOURCE = "HCPCS Level II quarterly update (CMS)"
# CPT's own modifiers and the anaesthesia status: not in the HCPCS file, and known by number only.
CPT_MODIFIERS = frozenset(
    {"22", "23", "24", "25", "26", "27", "32", "33", "47", "50", "51", "52", "53", "54", "55", "56",
     "57", "58", "59", "62", "63", "66", "73", "74", "76", "77", "78", "79", "80", "81", "82", "90",
     "91", "92", "93", "95", "96", "97", "99", "P1", "P2", "P3", "P4", "P5", "P6"}
)  # fmt: skip


def _is_level_2(code: str) -> bool:
    return code[:1].isalpha() and code[:1] <= "V" and not code[-1:].isalpha()


@edit("P101", "error", source=SOURCE, carc="181")
def procedures_exist(case: Case) -> Iterator[Hit]:
    """A HCPCS Level II code is one of the release. CPT codes are the tenant's to bring."""
    book = case.books.procedures
    for number, line in numbered(case.coding.lines):
        if book and _is_level_2(line.procedure_code) and book.find(line.procedure_code) is None:
            yield Hit(
                f"{line.procedure_code} is not a code of HCPCS Level II",
                lines=(number,),
                release=book.release,
            )


@edit("P102", "error", source=SOURCE, carc="181")
def procedures_are_in_force(case: Case) -> Iterator[Hit]:
    """A code is used from the day it was added until the day it ends."""
    book = case.books.procedures
    for number, line in numbered(case.coding.lines):
        found = book.find(line.procedure_code) if book else None
        if not book or not found:
            continue
        day = line.date_of_service
        if found.terminated and day > found.terminated:
            yield Hit(
                f"{found.code} ended on {found.terminated.isoformat()}",
                lines=(number,),
                release=book.release,
            )
        elif found.added and day < found.added:
            yield Hit(
                f"{found.code} begins on {found.added.isoformat()}",
                lines=(number,),
                release=book.release,
            )


@edit("P103", "error", source=SOURCE, carc="182")
def modifiers_exist(case: Case) -> Iterator[Hit]:
    """A modifier is one of CPT's or one of the HCPCS release, in force on the day."""
    book = case.books.procedures
    for number, line in numbered(case.coding.lines):
        for modifier in line.modifiers:
            found = book.find(modifier) if book else None
            is_known = modifier in CPT_MODIFIERS or (found is not None and found.is_modifier)
            ended = found is not None and found.terminated is not None and (
                line.date_of_service > found.terminated
            )  # fmt: skip
            if book and (not is_known or (ended and modifier not in CPT_MODIFIERS)):
                yield Hit(
                    f"{modifier} is no modifier in force on this day",
                    lines=(number,),
                    release=book.release,
                )
