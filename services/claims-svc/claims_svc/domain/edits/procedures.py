"""P: service lines."""

from collections.abc import Iterator

from claims_svc.domain.claim import service_code
from claims_svc.domain.edits.registry import Flaw, Subject, edit
from rcm.contracts.values import ServiceLine

# 76 and 77 repeat a service on purpose, 91 a test; 59 and XE to XU say that it is a distinct one.
REPEAT_MODIFIERS = frozenset({"76", "77", "91", "59", "XE", "XP", "XS", "XU"})


@edit("P001")
def has_a_line(subject: Subject) -> Iterator[Flaw]:
    """2400: a claim bills at least one service."""
    if not subject.claim.content.lines:
        yield Flaw("no service line", "/lines")


@edit("P002")
def lines_have_a_price(subject: Subject) -> Iterator[Flaw]:
    """SV102, SV203: every line is charged, by the coding or by a fee schedule."""
    for number, line in subject.lines:
        if line.charge_amount_cents is None:
            place = f"/lines/{number - 1}/charge_amount_cents"
            yield Flaw("no fee schedule prices this service on its date", place, number)


@edit("P003")
def something_is_charged(subject: Subject) -> Iterator[Flaw]:
    """CLM02: a claim of zero asks for nothing."""
    lines = subject.claim.content.lines
    if lines and all(line.charge_amount_cents == 0 for line in lines):
        yield Flaw("the claim charges nothing", "/lines")


@edit("P004")
def pointers_point_at_diagnoses(subject: Subject) -> Iterator[Flaw]:
    """SV107: a line's pointers are positions of the claim's diagnoses, each once."""
    count = len(subject.claim.content.diagnoses)
    for number, line in subject.lines:
        if not isinstance(line, ServiceLine):
            continue
        place = f"/lines/{number - 1}/diagnosis_pointers"
        if any(pointer >= count for pointer in line.diagnosis_pointers):
            yield Flaw("points at a diagnosis that the claim does not have", place, number)
        if len(set(line.diagnosis_pointers)) != len(line.diagnosis_pointers):
            yield Flaw("points at one diagnosis twice", place, number)


@edit("P005")
def modifiers_are_distinct(subject: Subject) -> Iterator[Flaw]:
    """SV101: a modifier is given once on a line."""
    for number, line in subject.lines:
        if len(set(line.modifiers)) != len(line.modifiers):
            yield Flaw("a modifier is given twice", f"/lines/{number - 1}/modifiers", number)


@edit("P006")
def not_billed_already(subject: Subject) -> Iterator[Flaw]:
    """The same service for the same patient, day and provider on another live claim is a duplicate,
    unless a modifier says that it was repeated or distinct."""
    for number, line in subject.lines:
        repeated = REPEAT_MODIFIERS.intersection(line.modifiers)
        if service_code(line) in subject.billed_elsewhere and not repeated:
            place = f"/lines/{number - 1}/procedure_code"
            yield Flaw("another claim bills this service for this day", place, number)


@edit("P007")
def lines_are_not_repeated(subject: Subject) -> Iterator[Flaw]:
    """The same code, modifiers and day on two lines is one line with more units. Revenue without a
    procedure may repeat: rooms at two rates."""
    seen: set[tuple[object, ...]] = set()
    for number, line in subject.lines:
        key = (service_code(line), line.modifiers, line.date_of_service)
        repeated = REPEAT_MODIFIERS.intersection(line.modifiers)
        if key in seen and line.procedure_code and not repeated:
            place = f"/lines/{number - 1}/procedure_code"
            yield Flaw("repeats an earlier line of this claim", place, number)
        seen.add(key)
