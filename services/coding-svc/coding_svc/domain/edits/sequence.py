"""Which diagnosis may come first."""

from collections.abc import Callable, Iterator

from coding_svc.domain.codes import DiagnosisCode
from coding_svc.domain.edits.case import Case
from coding_svc.domain.edits.registry import Hit, edit

EXTERNAL_CAUSES = ("V", "W", "X", "Y")
SYMPTOMS = "R"
# Status and history codes that are only ever secondary (guideline I.C.21.c.16 lists the Z codes
# that may be first; these families never are).
NEVER_FIRST = (
    "Z15", "Z16", "Z17", "Z18", "Z19", "Z66", "Z67", "Z68", "Z72", "Z73", "Z74", "Z75", "Z77",
    *(f"Z{number}" for number in range(78, 100)),
)  # fmt: skip
# The exceptions in those families that may be first.
MAY_BE_FIRST = ("Z8501",)


@edit("D120", "error", source="ICD-10-CM guidelines I.A.13; MCE manifestation list", carc="11")
def a_manifestation_is_not_first(case: Case) -> Iterator[Hit]:
    """A manifestation is never the first-listed or principal diagnosis."""
    yield from _first(case, lambda found: found.is_manifestation, "is a manifestation")


@edit("D130", "error", source="ICD-10-CM guidelines I.C.20.a.6; MCE e-code as principal", carc="11")
def an_external_cause_is_not_first(case: Case) -> Iterator[Hit]:
    """A code of an external cause (V00-Y99) is never first."""
    yield from _first(
        case, lambda found: found.code.startswith(EXTERNAL_CAUSES), "is an external cause"
    )


@edit("D132", "error", source="ICD-10-CM guidelines I.C.21.c.3-4: status and history", carc="11")
def a_status_is_not_first(case: Case) -> Iterator[Hit]:
    """A code of a status or a history is never first; it describes why a service was given."""
    yield from _first(
        case, lambda found: found.code.startswith(NEVER_FIRST), "is a status or history code"
    )


@edit("D140", "info", source="ICD-10-CM guidelines II.A and IV.D: symptoms and signs")
def a_symptom_yields_to_its_diagnosis(case: Case) -> Iterator[Hit]:
    """A symptom is not first when a definitive diagnosis is coded that may explain it."""
    known = list(case.known_diagnoses())
    if not known or not known[0][1].code.startswith(SYMPTOMS) or known[0][0] != 1:
        return
    definitive = [
        position
        for position, found in known[1:]
        if not found.code.startswith((SYMPTOMS, "Z", *EXTERNAL_CAUSES))
    ]
    if definitive:
        book = case.books.diagnoses
        yield Hit(
            "a symptom is listed first although a definitive diagnosis is coded",
            diagnoses=(1, *definitive),
            fix="list the definitive diagnosis first, and the symptom only if it is not part of it",
            release=book.release if book else None,
        )


@edit("D141", "warning", source="ICD-10-CM guidelines I.C.20.a.4: place, activity, status")
def external_causes_have_an_injury(case: Case) -> Iterator[Hit]:
    """An external cause explains a condition that is coded: without an injury, poisoning or other
    condition it says nothing."""
    known = list(case.known_diagnoses())
    causes = [position for position, found in known if found.code.startswith(EXTERNAL_CAUSES)]
    if causes and len(causes) == len(case.coding.diagnoses):
        yield Hit("only external causes are coded", diagnoses=tuple(causes))


def _first(case: Case, is_barred: Callable[[DiagnosisCode], bool], what: str) -> Iterator[Hit]:
    found = next(iter(case.known_diagnoses()), None)
    if found is None or found[0] != 1:
        return
    row, book = found[1], case.books.diagnoses
    if book and is_barred(row) and not row.code.startswith(MAY_BE_FIRST):
        yield Hit(
            f"{row.code} {what} and cannot be first",
            diagnoses=(1,),
            fix="list the condition that was treated first",
            release=book.release,
        )
