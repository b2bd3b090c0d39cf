"""Right, left, both: what a diagnosis says of the side, and what the line's modifiers say."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

from coding_svc.domain.codes import Diagnoses, DiagnosisCode
from coding_svc.domain.edits.case import Case, numbered
from coding_svc.domain.edits.registry import Hit, edit

TITLES_KEPT = 20_000
Side = Literal["right", "left", "bilateral", "unspecified", ""]

# Eyelids, fingers, toes, coronary arteries and RT/LT: the side that a modifier names (CMS).
RIGHT = frozenset({"RT", "E3", "E4", "F5", "F6", "F7", "F8", "F9", "T5", "T6", "T7", "T8", "T9"})
LEFT = frozenset({"LT", "E1", "E2", "FA", "F1", "F2", "F3", "F4", "TA", "T1", "T2", "T3", "T4"})


@lru_cache(TITLES_KEPT)
def side_of(title: str) -> Side:
    """The side that a title names, if it names one."""
    words = f" {title.lower().replace(',', ' ')} "
    if " bilateral " in words or " both " in words:
        return "bilateral"
    if " right " in words and " left " not in words:
        return "right"
    if " left " in words and " right " not in words:
        return "left"
    if " unspecified " in words:
        return "unspecified"
    return ""


def _twin(book: Diagnoses, found: DiagnosisCode, side: Side) -> DiagnosisCode | None:
    """The code that says the same of another side."""
    for each in book.children(found.parent):
        if each.is_billable and side_of(each.title) == side:
            return each
    return None


@edit("D111", "warning", source="ICD-10-CM guidelines I.B.13: laterality", overridable=True)
def the_side_is_told(case: Case) -> Iterator[Hit]:
    """Where there are codes for the right and the left, the side is asked for."""
    book = case.books.diagnoses
    for position, found in case.known_diagnoses():
        if not book or side_of(found.title) != "unspecified":
            continue
        right, left = _twin(book, found, "right"), _twin(book, found, "left")
        if right and left:
            yield Hit(
                f"{found.code} does not tell the side",
                diagnoses=(position,),
                fix=f"{right.code} (right), {left.code} (left)",
                release=book.release,
            )


@edit("D112", "warning", source="ICD-10-CM guidelines I.B.13: laterality")
def both_sides_are_one_code(case: Case) -> Iterator[Hit]:
    """The same condition on the right and on the left has a bilateral code where there is one."""
    book = case.books.diagnoses
    if book is None:
        return
    known = list(case.known_diagnoses())
    for position, found in known:
        if side_of(found.title) != "right":
            continue
        left, both = _twin(book, found, "left"), _twin(book, found, "bilateral")
        match = [at for at, other in known if left and other.code == left.code]
        if match and both:
            yield Hit(
                f"{found.code} and its left counterpart have a bilateral code",
                diagnoses=(position, match[0]),
                fix=both.code,
                release=book.release,
            )


@edit(
    "D113",
    "warning",
    source="NCCI policy manual I.E: anatomic modifiers",
    carc="4",
    overridable=True,
)
def the_line_is_on_the_diagnosed_side(case: Case) -> Iterator[Hit]:
    """A line's modifier names the side that one of its diagnoses names."""
    book = case.books.diagnoses
    if book is None:
        return
    for number, line in numbered(case.coding.lines):
        wanted = {
            side for side, marks in (("right", RIGHT), ("left", LEFT)) if marks & {*line.modifiers}
        }
        if len(wanted) != 1:
            continue
        rows = [book.find(each.code) for each in case.pointed(line)]
        sides = {side_of(row.title) for row in rows if row} & {"right", "left", "bilateral"}
        if sides and not sides & {*wanted, "bilateral"}:
            yield Hit(
                "the modifier names the other side than the line's diagnoses",
                lines=(number,),
                release=book.release,
            )
