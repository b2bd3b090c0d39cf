"""Age and sex. The age groups and their codes are those of the Medicare Code Editor, which judges
Medicare's inpatients: for everybody else a coder may say why a code holds all the same. Its sex
edit has been off since 2024-10-01, so sex is a warning and never a stop."""

from collections.abc import Iterator

from coding_svc.domain.edits.case import Case
from coding_svc.domain.edits.code_editor import ListName, family
from coding_svc.domain.edits.registry import Hit, edit

MATERNITY_AGES = range(9, 65)
PEDIATRIC_AGES = range(18)
ADULT_AGES = range(15, 125)
# Families whose codes belong to one sex as a whole (blocks that name an organ, chapter 15).
MALE = (
    *(f"N{number}" for number in range(40, 54)),
    "C60", "C61", "C62", "C63", "D074", "D075", "D29", "D40", "Z125", "R972",
)  # fmt: skip
FEMALE = (
    *(f"N{number}" for number in range(70, 98)),
    *(f"C{number}" for number in range(51, 59)),
    "D06", "D070", "D071", "D072", "D25", "D26", "D27", "D28", "D39",
    "O", "Z124", "Z33", "Z34", "Z37", "Z39", "Z3A",
)  # fmt: skip
MCE = "Medicare Code Editor: age conflict"


@edit("D160", "error", source=MCE, carc="9", overridable=True)
def a_newborn_code_is_for_a_newborn(case: Case) -> Iterator[Hit]:
    """Birth and the newborn: age 0. A perinatal condition that lasts keeps its code for life."""
    yield from _of_age(case, "newborn", range(1), "newborns (age 0)")


@edit("D161", "error", source=MCE, carc="9", overridable=True)
def a_maternity_code_is_for_its_ages(case: Case) -> Iterator[Hit]:
    """Pregnancy, childbirth and the puerperium: ages 9 to 64."""
    yield from _of_age(case, "maternity", MATERNITY_AGES, "ages 9 to 64")


@edit("D162", "error", source=MCE, carc="9", overridable=True)
def a_pediatric_code_is_for_a_child(case: Case) -> Iterator[Hit]:
    """Pediatric codes: ages 0 to 17."""
    yield from _of_age(case, "pediatric", PEDIATRIC_AGES, "ages 0 to 17")


@edit("D163", "error", source=MCE, carc="9", overridable=True)
def an_adult_code_is_for_an_adult(case: Case) -> Iterator[Hit]:
    """Adult codes: ages 15 to 124."""
    yield from _of_age(case, "adult", ADULT_AGES, "ages 15 to 124")


@edit("D165", "warning", source="Medicare Code Editor: sex conflict (off since 2024-10-01)")
def a_code_fits_the_sex(case: Case) -> Iterator[Hit]:
    """Codes of one sex's organs beside the other sex are looked at again, and never refused."""
    if case.patient is None or case.patient.sex == "U":
        return
    barred = FEMALE if case.patient.sex == "M" else MALE
    book = case.books.diagnoses
    for position, found in case.known_diagnoses():
        if found.code.startswith(barred):
            yield Hit(
                f"{found.code} is usually a code of the other sex",
                diagnoses=(position,),
                release=book.release if book else None,
            )


def _of_age(case: Case, codes: ListName, ages: range, words: str) -> Iterator[Hit]:
    if case.patient is None:
        return
    age, book = case.patient.age_years(case.day), case.books.diagnoses
    listed = family(codes)
    for position, found in case.known_diagnoses():
        if age not in ages and listed.has(found.code):
            yield Hit(
                f"{found.code} is a code for {words}",
                diagnoses=(position,),
                release=book.release if book else None,
            )
