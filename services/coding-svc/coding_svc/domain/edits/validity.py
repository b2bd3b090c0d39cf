"""Diagnoses that exist, may be billed, and say enough."""

from collections.abc import Iterator

from coding_svc.domain.codes import Diagnoses, DiagnosisCode
from coding_svc.domain.edits.case import Case
from coding_svc.domain.edits.registry import Hit, edit

FIXES_SHOWN = 5


@edit("D100", "info", source="45 CFR 162.1002: the code set in force on the date of service")
def a_release_covers_the_day(case: Case) -> Iterator[Hit]:
    """Without a release for the date of service no diagnosis is judged."""
    if case.books.diagnoses is None and case.coding.diagnoses:
        yield Hit("no ICD-10-CM release covers this date of service, so no diagnosis was judged")


@edit("D101", "error", source="ICD-10-CM tabular list", carc="146")
def diagnoses_exist(case: Case) -> Iterator[Hit]:
    """A diagnosis is a code of ICD-10-CM."""
    book = case.books.diagnoses
    for position, diagnosis in enumerate(case.coding.diagnoses, start=1):
        if book and book.find(diagnosis.code) is None and not _stem(book, diagnosis.code):
            is_later = case.day > book.last_day
            yield Hit(
                f"{diagnosis.code} is not a code of ICD-10-CM"
                + (" as of the release's fiscal year, which has ended" if is_later else ""),
                diagnoses=(position,),
                fix="load the release of the date of service" if is_later else "",
                release=book.release,
                severity="warning" if is_later else None,
            )


@edit(
    "D102", "error", source="ICD-10-CM guidelines I.B.2: highest number of characters", carc="146"
)
def diagnoses_are_complete(case: Case) -> Iterator[Hit]:
    """A header is not billed; one of its codes is."""
    book = case.books.diagnoses
    for position, found in case.known_diagnoses():
        if book and not found.is_billable and not _wants_seventh(book, found):
            yield Hit(
                f"{found.code} is a header that cannot be billed",
                diagnoses=(position,),
                fix=_billable_below(book, found.code),
                release=book.release,
            )


@edit("D103", "error", source="ICD-10-CM guidelines I.A.5: seventh characters", carc="146")
def seventh_characters_are_there(case: Case) -> Iterator[Hit]:
    """A code that needs a seventh character has one of its own, after placeholders X."""
    book = case.books.diagnoses
    if book is None:
        return
    for position, diagnosis in enumerate(case.coding.diagnoses, start=1):
        found = book.find(diagnosis.code)
        stem = found if found and _wants_seventh(book, found) else None
        if stem is None and found is None:
            stem = _stem(book, diagnosis.code)
        if stem is not None:
            yield Hit(
                f"{diagnosis.code} needs one of its seventh characters",
                diagnoses=(position,),
                fix=_billable_below(book, stem.code),
                release=book.release,
            )


@edit("D104", "error", source="ICD-10-CM addenda: codes end with a fiscal year", carc="146")
def diagnoses_are_in_force(case: Case) -> Iterator[Hit]:
    """A code that has ended is not used for a later day."""
    book = case.books.diagnoses
    for position, found in case.known_diagnoses():
        if book and found.valid_to and case.day > found.valid_to:
            yield Hit(
                f"{found.code} ended on {found.valid_to.isoformat()}",
                diagnoses=(position,),
                release=book.release,
            )


@edit("D110", "warning", source="ICD-10-CM guidelines I.B.18: unspecified codes", overridable=True)
def diagnoses_are_specific(case: Case) -> Iterator[Hit]:
    """An unspecified code is used when the record says no more; where siblings say more, ask."""
    book = case.books.diagnoses
    for position, found in case.known_diagnoses():
        if not book or not found.is_billable or "unspecified" not in found.title.lower():
            continue
        said = _unspecified(found)
        better = [each for each in _near(book, found) if _unspecified(each) < said]
        if better:
            yield Hit(
                f"{found.code} is unspecified and there are codes that say more",
                diagnoses=(position,),
                fix=", ".join(each.code for each in better[:FIXES_SHOWN]),
                release=book.release,
            )


def _unspecified(found: DiagnosisCode) -> int:
    return found.title.lower().count("unspecified")


def _near(book: Diagnoses, found: DiagnosisCode) -> Iterator[DiagnosisCode]:
    """Codes beside this one, then those beside the one above it."""
    parent = book.find(found.parent)
    for above in (found.parent, parent.parent if parent else ""):
        for each in book.children(above) if above else ():
            if each.code not in {found.code, found.parent}:
                yield each


def _wants_seventh(book: Diagnoses, found: DiagnosisCode) -> bool:
    """Whether the code is the stem of codes that differ in their seventh character only."""
    if found.is_billable or not found.seventh_of:
        return False
    below = book.children(found.code)
    return bool(below) and all(each.seventh_of and len(each.code) == 7 for each in below)


def _stem(book: Diagnoses, code: str) -> DiagnosisCode | None:
    """The code that an impossible one was made of: X's and a seventh character taken off."""
    for length in range(len(code) - 1, 2, -1):
        found = book.find(code[:length])
        if found:
            tail = code[length:]
            is_padded = len(code) <= 7 and set(tail[:-1]) <= {"X"} and len(tail) >= 1
            return found if is_padded and _wants_seventh(book, found) else None
    return None


def _billable_below(book: Diagnoses, code: str) -> str:
    below = book.billable_below(code, FIXES_SHOWN + 1)
    return ", ".join(below[:FIXES_SHOWN]) + (" …" if len(below) > FIXES_SHOWN else "")
