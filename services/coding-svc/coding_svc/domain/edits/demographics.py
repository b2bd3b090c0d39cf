"""Age and sex. The age groups are those of the Medicare Code Editor. Its sex edit has been off
since 2024-10-01, so sex is a warning and never a stop."""

from collections.abc import Iterator

from coding_svc.domain.edits.case import Case
from coding_svc.domain.edits.registry import Hit, edit

# Families whose codes belong to an age group or a sex as a whole (chapters 15 and 16 of the tabular
# list, and blocks that name an organ of one sex).
NEWBORN = ("P0", "P1", "P2", "P3", "P5", "P6", "P7", "P8", "Z38")
MATERNITY = ("O", "Z33", "Z34", "Z36", "Z37", "Z39", "Z3A")
MATERNITY_AGES = range(9, 65)
PEDIATRIC = ("Z0012", "Z6851", "Z6852", "Z6853", "Z6854")
PEDIATRIC_AGES = range(18)
ADULT = ("F03", "I7021", "N400", "N401", "N402", "N403", "E0865", "Z0000", "Z0001", "F0390")
ADULT_AGES = range(15, 125)
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


@edit("D160", "error", source=MCE, carc="9")
def a_newborn_code_is_for_a_newborn(case: Case) -> Iterator[Hit]:
    """Perinatal codes of birth belong to age 0; later the condition has other codes."""
    yield from _of_age(case, NEWBORN, range(1), "newborns (age 0)")


@edit("D161", "error", source=MCE, carc="9")
def a_maternity_code_is_for_its_ages(case: Case) -> Iterator[Hit]:
    """Pregnancy, childbirth and the puerperium: ages 9 to 64."""
    yield from _of_age(case, MATERNITY, MATERNITY_AGES, "ages 9 to 64")


@edit("D162", "error", source=MCE, carc="9")
def a_pediatric_code_is_for_a_child(case: Case) -> Iterator[Hit]:
    """Pediatric codes: ages 0 to 17."""
    yield from _of_age(case, PEDIATRIC, PEDIATRIC_AGES, "ages 0 to 17")


@edit("D163", "error", source=MCE, carc="9")
def an_adult_code_is_for_an_adult(case: Case) -> Iterator[Hit]:
    """Adult codes: ages 15 to 124."""
    yield from _of_age(case, ADULT, ADULT_AGES, "ages 15 to 124")


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


def _of_age(case: Case, families: tuple[str, ...], ages: range, words: str) -> Iterator[Hit]:
    if case.patient is None:
        return
    age, book = case.patient.age_years(case.day), case.books.diagnoses
    for position, found in case.known_diagnoses():
        if found.code.startswith(families) and age not in ages:
            yield Hit(
                f"{found.code} is a code for {words}",
                diagnoses=(position,),
                release=book.release if book else None,
            )
