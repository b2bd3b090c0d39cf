"""Diagnoses that exclude each other, or need each other."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import combinations

from coding_svc.domain.codes import Diagnoses, DiagnosisCode, Note
from coding_svc.domain.edits.case import Case
from coding_svc.domain.edits.registry import Hit, edit
from coding_svc.domain.edits.sequence import is_manifestation

HYPERTENSION = "I10"
# Heart failure, and the heart conditions that the guideline presumes hypertension to cause.
HEART = ("I50", "I514", "I515", "I516", "I517", "I5189", "I519")
KIDNEY_DISEASE = "N18"
# A release never changes, and a clinic's patients have the same conditions together.
PAIRS_KEPT = 50_000


@edit(
    "D131", "error", overridable=True, carc="11",
    source="ICD-10-CM guidelines I.A.12.a: Excludes1",
)  # fmt: skip
def excluded_codes_stay_apart(case: Case) -> Iterator[Hit]:
    """Two codes are not reported together when an Excludes1 note of one, of a code above it, of
    its block or of its chapter names the other. Unrelated conditions are the exception."""
    book = case.books.diagnoses
    if book is None:
        return
    for (first, one), (second, other) in combinations(case.known_diagnoses(), 2):
        if one.code == other.code:
            continue
        note = _naming(book, one.code, other.code) or _naming(book, other.code, one.code)
        if note:
            yield Hit(
                f"{one.code} and {other.code} exclude each other (Excludes1 at {note.holder})",
                diagnoses=(first, second),
                fix="keep one of them, or say why the conditions are unrelated",
                release=book.release,
            )


@lru_cache(PAIRS_KEPT)
def _naming(book: Diagnoses, one: str, other: str) -> Note | None:
    """A note that names a code above itself would exclude what it stands over: not meant."""
    for note in book.notes(one, "excludes1"):
        if note.names(other) and not note.names(one):
            return note
    return None


@edit(
    "D121", "error", overridable=True, carc="11",
    source="ICD-10-CM guidelines I.A.13: etiology and manifestation",
)  # fmt: skip
def manifestations_follow_their_cause(case: Case) -> Iterator[Hit]:
    """A manifestation code is reported after the condition that causes it. Where the note gives
    examples ("such as"), any condition before it may be the cause, and is only asked about."""
    book = case.books.diagnoses
    if book is None:
        return
    before: list[str] = []
    for position, found in case.known_diagnoses():
        notes = book.notes(found.code, "code_first") if is_manifestation(found) else ()
        named = [note for note in notes if note.patterns]
        if named and not any(note.names(code) for note in named for code in before):
            yield Hit(
                f"{found.code} is a manifestation; the condition that causes it comes before it",
                diagnoses=(position,),
                fix="; ".join(_codes(note) for note in named[:3]),
                release=book.release,
                severity="warning" if before and _gives_examples(notes) else None,
            )
        before.append(found.code)


def _gives_examples(notes: Sequence[Note]) -> bool:
    return any("such as" in note.text.lower() for note in notes)


@edit("D122", "warning", source="ICD-10-CM guidelines I.A.17: code first", overridable=True)
def code_first_notes_are_heeded(case: Case) -> Iterator[Hit]:
    """Where a code-first note names a code that is on the claim, that code comes first."""
    book = case.books.diagnoses
    if book is None:
        return
    known = list(case.known_diagnoses())
    for at, (position, found) in enumerate(known):
        if is_manifestation(found):
            continue
        notes = book.notes(found.code, "code_first")
        for later, other in known[at + 1 :]:
            if any(note.names(other.code) for note in notes):
                yield Hit(
                    f"{other.code} is to be listed before {found.code}",
                    diagnoses=(position, later),
                    fix="change their order",
                    release=book.release,
                )


@edit("D123", "info", source="ICD-10-CM guidelines I.A.17: use additional code")
def additional_codes_are_considered(case: Case) -> Iterator[Hit]:
    """A use-additional note at a code asks for a second one, if the record has it."""
    book = case.books.diagnoses
    if book is None:
        return
    known = list(case.known_diagnoses())
    for position, found in known:
        wanting = _unanswered(book, found, [other.code for _, other in known])
        if wanting:
            yield Hit(
                f"{found.code} asks for an additional code where it applies",
                diagnoses=(position,),
                fix="; ".join(_codes(note) for note in wanting[:3]),
                release=book.release,
            )


def _unanswered(book: Diagnoses, found: DiagnosisCode, codes: list[str]) -> list[Note]:
    """The notes of each holder are one list: one code of it answers them all."""
    lineage = _lineage(book, found)
    by_holder: dict[str, list[Note]] = {}
    for note in book.notes(found.code, "use_additional"):
        if note.patterns and note.holder in lineage:
            by_holder.setdefault(note.holder, []).append(note)
    return [
        note
        for notes in by_holder.values()
        if not any(note.names(code) for note in notes for code in codes)
        for note in notes
    ]


@edit(
    "D150", "error", overridable=True, carc="11",
    source="ICD-10-CM guidelines I.C.9.a: hypertension with heart or kidney disease",
)  # fmt: skip
def hypertension_is_combined(case: Case) -> Iterator[Hit]:
    """Hypertension with heart failure or disease is I11, with chronic kidney disease I12, with both
    I13: the link is presumed."""
    known = list(case.known_diagnoses())
    plain = [position for position, found in known if found.code == HYPERTENSION]
    heart = [position for position, found in known if found.code.startswith(HEART)]
    kidney = [position for position, found in known if found.code.startswith(KIDNEY_DISEASE)]
    if plain and (heart or kidney):
        combined = "I13" if heart and kidney else "I11" if heart else "I12"
        book = case.books.diagnoses
        yield Hit(
            f"hypertension here is coded as {combined}, unless the record says it is unrelated",
            diagnoses=(plain[0], *heart, *kidney),
            fix=combined,
            release=book.release if book else None,
        )


DIABETES = ("E08", "E09", "E10", "E11", "E13")
# What "with" presumes of diabetes (guideline I.A.15), by the beginning of the other code, and the
# characters that the diabetes code then has after its third.
WITH_DIABETES = {
    "N18": "22",
    "G629": "42",
    "L97": "621",
    "I739": "51",
    "H35": "319",
    "H409": "39",
    "K3184": "43",
    "M86": "69",
}


@edit("D151", "warning", source="ICD-10-CM guidelines I.A.15: with", overridable=True)
def diabetes_is_combined(case: Case) -> Iterator[Hit]:
    """Diabetes without complications beside a condition that the classification presumes it to
    cause is coded with that complication."""
    known = list(case.known_diagnoses())
    book = case.books.diagnoses
    for position, found in known:
        if not (found.code.startswith(DIABETES) and found.code[3:] == "9"):
            continue
        for other_position, other in known:
            ending = next(
                (tail for begin, tail in WITH_DIABETES.items() if other.code.startswith(begin)), ""
            )
            if ending:
                yield Hit(
                    f"{other.code} is presumed to be due to diabetes unless the record denies it",
                    diagnoses=(position, other_position),
                    fix=found.code[:3] + ending,
                    release=book.release if book else None,
                )


def _lineage(book: Diagnoses, found: DiagnosisCode) -> frozenset[str]:
    """The code and those above it; a note of a whole block is too general to ask by."""
    holders, at = set(), found.code
    while at and (row := book.find(at)):
        holders.add(at)
        at = row.parent
    return frozenset(holders)


def _codes(note: Note) -> str:
    """The codes that a note names, in its order."""
    spans = [
        each.low if each.low == each.high else f"{each.low}-{each.high}" for each in note.patterns
    ]
    return ", ".join(spans[:6])
