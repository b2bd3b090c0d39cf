"""Which diagnosis may come first."""

from collections.abc import Callable, Iterator

from coding_svc.domain.codes import DiagnosisCode
from coding_svc.domain.edits.case import Case
from coding_svc.domain.edits.code_editor import family
from coding_svc.domain.edits.registry import Hit, edit

EXTERNAL_CAUSES = ("V", "W", "X", "Y")
SYMPTOMS = "R"
# Status and history codes that are only ever secondary (guideline I.C.21.c.16 lists the Z codes
# that may be first; these families never are).
NEVER_FIRST = (
    "Z3A", "Z37", "Z15", "Z16", "Z17", "Z18", "Z19", "Z66", "Z67", "Z68", "Z72", "Z73", "Z74",
    "Z75", "Z77",
    *(f"Z{number}" for number in range(78, 100)),
)  # fmt: skip
UNDERDOSED_FROM, UNDERDOSED_TO, UNDERDOSING = "T36", "T50", "6"
"""Guideline I.C.19.e.5.c: poisonings by drugs, whose sixth or fifth character says underdosing."""


def is_manifestation(found: DiagnosisCode) -> bool:
    """By its title, or by the list of the Medicare Code Editor."""
    return found.is_manifestation or family("manifestation").has(found.code)


@edit("D120", "error", source="ICD-10-CM guidelines I.A.13; MCE manifestation list", carc="11")
def a_manifestation_is_not_first(case: Case) -> Iterator[Hit]:
    """A manifestation is never the first-listed or principal diagnosis."""
    yield from _first(case, is_manifestation, "is a manifestation and cannot be first")


@edit("D130", "error", source="ICD-10-CM guidelines I.C.20.a.6; MCE e-code as principal", carc="11")
def an_external_cause_is_not_first(case: Case) -> Iterator[Hit]:
    """A code of an external cause (V00-Y99) is never first."""
    yield from _first(
        case,
        lambda found: found.code.startswith(EXTERNAL_CAUSES),
        "is an external cause and cannot be first",
    )


@edit(
    "D132", "error", overridable=True, carc="11",
    source="ICD-10-CM guidelines I.C.19.e.5.c, I.C.21.c.3-4: supplementary codes",
)  # fmt: skip
def a_status_is_not_first(case: Case) -> Iterator[Hit]:
    """A status, a history or an underdosing is not first; it describes why a service was
    given. Payers take a few of them first for certain services, which a coder then says."""
    if case.is_inpatient and any(_first(case, _is_unacceptable, "")):
        return
    yield from _first(case, _is_supplementary, "describes another condition and cannot be first")


@edit("D133", "error", source="Medicare Code Editor: unacceptable principal diagnosis", carc="11")
def a_stay_has_an_acceptable_principal(case: Case) -> Iterator[Hit]:
    """Some codes never are the reason for a stay in a hospital, whatever else is coded."""
    if case.is_inpatient:
        yield from _first(case, _is_unacceptable, "is no reason for a stay and cannot be first")


@edit("D134", "warning", source="Medicare Code Editor: questionable admission", overridable=True)
def an_admission_is_not_questionable(case: Case) -> Iterator[Hit]:
    """A stay for some conditions alone is asked about."""
    if case.is_inpatient:
        questionable = family("questionable_admission")
        yield from _first(
            case, lambda found: questionable.has(found.code), "is seldom a reason for a stay"
        )


def _is_unacceptable(found: DiagnosisCode) -> bool:
    return family("unacceptable_principal").has(found.code)


def _is_supplementary(found: DiagnosisCode) -> bool:
    code = found.code
    is_drug = UNDERDOSED_FROM <= code[:3] <= UNDERDOSED_TO
    return code.startswith(NEVER_FIRST) or (is_drug and code[:6].endswith(UNDERDOSING)) or (
        is_drug and code[4:5] == UNDERDOSING and code[5:6] == "X"
    )  # fmt: skip


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
    if book and is_barred(row):
        yield Hit(
            f"{row.code} {what}",
            diagnoses=(1,),
            fix="list the condition that was treated first",
            release=book.release,
        )
