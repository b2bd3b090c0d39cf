"""Modifiers against the policy indicators of the fee schedule, and against each other."""

from collections.abc import Iterator

from coding_svc.domain.codes import Fee
from coding_svc.domain.edits.case import Case, numbered
from coding_svc.domain.edits.global_days import is_visit
from coding_svc.domain.edits.pairs import SEPARATE
from coding_svc.domain.edits.registry import Hit, edit
from coding_svc.domain.encounter import CodedLine

FEES = "Medicare physician fee schedule: policy indicators"
NCCI = "NCCI policy manual I.E: modifiers"
# PC/TC indicators (fee schedule): 1 has both parts, 6 only a professional one, the rest no split.
SPLIT, PROFESSIONAL_ONLY_PART = "1", "6"
ALREADY = {"2": "professional", "3": "technical", "4": "global"}
X_MODIFIERS = SEPARATE - {"59"}


def _priced(case: Case) -> Iterator[tuple[int, CodedLine, Fee]]:
    fees = case.books.fees
    for number, line in numbered(case.coding.lines):
        fee = fees.fee(line.procedure_code) if fees else None
        if fee:
            yield number, line, fee


def _hit(case: Case, number: int, message: str, fix: str = "") -> Hit:
    fees = case.books.fees
    return Hit(message, lines=(number,), fix=fix, release=fees.release if fees else None)


@edit("M101", "error", source=FEES, carc="4")
def a_component_can_be_split(case: Case) -> Iterator[Hit]:
    """26 and TC go with services that have both parts (PC/TC 1; 26 also with 6)."""
    for number, line, fee in _priced(case):
        for modifier in {"26", "TC"} & {*line.modifiers}:
            allowed = fee.component == SPLIT or (
                modifier == "26" and fee.component == PROFESSIONAL_ONLY_PART
            )
            if not allowed:
                already = ALREADY.get(fee.component, "undivided")
                yield _hit(case, number, f"{modifier} on a service that is {already} already",
                           f"remove {modifier}")  # fmt: skip


@edit("M102", "error", source=FEES, carc="5")
def the_technical_part_is_the_facilitys(case: Case) -> Iterator[Hit]:
    """TC is not paid to a practitioner for a patient in a facility."""
    for number, line, fee in _priced(case):
        if "TC" in line.modifiers and fee.component == SPLIT and case.is_facility(line):
            yield _hit(case, number, "the technical component in a facility is the facility's")


@edit("M103", "error", source=FEES, carc="4")
def one_component_a_line(case: Case) -> Iterator[Hit]:
    """26 and TC together are the whole service, which has neither."""
    for number, line in numbered(case.coding.lines):
        if {"26", "TC"} <= {*line.modifiers}:
            yield _hit(case, number, "26 and TC on one line", "bill the service without either")


@edit("M104", "error", source=FEES, carc="4")
def bilateral_is_allowed(case: Case) -> Iterator[Hit]:
    """50 goes with services that can be done on both sides and are priced for one (BILAT 1, 3)."""
    reasons = {
        "0": "cannot be bilateral",
        "2": "is priced for both sides already",
        "9": "has no sides",
    }
    for number, line, fee in _priced(case):
        if "50" in line.modifiers and fee.bilateral in reasons:
            yield _hit(case, number, f"{line.procedure_code} {reasons[fee.bilateral]}", "remove 50")


@edit("M105", "error", source=NCCI, carc="4")
def one_side_a_line(case: Case) -> Iterator[Hit]:
    """A line is of the right, the left or both sides (50), not of two at once."""
    for number, line in numbered(case.coding.lines):
        sides = {"RT", "LT", "50"} & {*line.modifiers}
        if len(sides) > 1:
            yield _hit(case, number, "RT, LT and 50 do not stand together",
                       "50 for both sides, or a line for each")  # fmt: skip


@edit("M106", "error", source=FEES, carc="54")
def an_assistant_is_allowed(case: Case) -> Iterator[Hit]:
    """80, 81, 82 and AS go with surgeries that pay an assistant (ASST 2, or 0 with the record)."""
    for number, line, fee in _priced(case):
        if not {"80", "81", "82", "AS"} & {*line.modifiers}:
            continue
        if fee.assistant in {"1", "9"}:
            yield _hit(case, number, f"{line.procedure_code} pays no assistant at surgery")


@edit("M107", "error", source=FEES, carc="54")
def a_co_surgeon_is_allowed(case: Case) -> Iterator[Hit]:
    """62 goes with surgeries that two surgeons may share (CO-SURG 1, 2)."""
    for number, line, fee in _priced(case):
        if "62" in line.modifiers and fee.co_surgeon in {"0", "9"}:
            yield _hit(case, number, f"{line.procedure_code} pays no second surgeon", "remove 62")


@edit("M108", "error", source=FEES, carc="54")
def a_team_is_allowed(case: Case) -> Iterator[Hit]:
    """66 goes with surgeries that a team may do (TEAM 1, 2)."""
    for number, line, fee in _priced(case):
        if "66" in line.modifiers and fee.team in {"0", "9"}:
            yield _hit(case, number, f"{line.procedure_code} pays no team", "remove 66")


@edit("M109", "error", source=NCCI, carc="4")
def separate_is_said_once(case: Case) -> Iterator[Hit]:
    """XE, XS, XP and XU say what 59 says, more exactly: one of them stands in its place."""
    for number, line in numbered(case.coding.lines):
        if "59" in line.modifiers and X_MODIFIERS & {*line.modifiers}:
            yield _hit(case, number, "59 beside an X modifier", "remove 59")


@edit("M110", "error", source=NCCI, carc="4")
def separate_is_not_for_visits(case: Case) -> Iterator[Hit]:
    """59 and the X modifiers are for procedures; a separate visit carries 25."""
    for number, line in numbered(case.coding.lines):
        if is_visit(line.procedure_code) and SEPARATE & {*line.modifiers}:
            yield _hit(case, number, "59 or an X modifier on a visit", "25 if it was separate")


@edit("M111", "error", source=NCCI, carc="4")
def visit_modifiers_are_for_visits(case: Case) -> Iterator[Hit]:
    """24, 25 and 57 belong to evaluation and management services."""
    fees = case.books.fees
    for number, line in numbered(case.coding.lines):
        found = {"24", "25", "57"} & {*line.modifiers}
        fee = fees.fee(line.procedure_code) if fees else None
        # Services without global days include evaluations that are no visits by their number.
        is_procedure = fee is not None and fee.global_days in {"000", "010", "090"}
        if found and is_procedure and not is_visit(line.procedure_code):
            yield _hit(case, number, f"{min(found)} on a procedure")


@edit("M112", "warning", source=NCCI, carc="4", overridable=True)
def the_exact_word_is_used(case: Case) -> Iterator[Hit]:
    """Medicare wants XE, XS, XP or XU where one of them says what 59 leaves open."""
    for number, line in numbered(case.coding.lines):
        if case.is_medicare and "59" in line.modifiers and not X_MODIFIERS & {*line.modifiers}:
            yield _hit(case, number, "59 where an X modifier says more",
                       "XE another encounter, XS another structure, XP another practitioner, "
                       "XU unusual and not overlapping")  # fmt: skip


@edit("M113", "error", source=NCCI, carc="18")
def a_repeat_says_so(case: Case) -> Iterator[Hit]:
    """The same service twice on a day is a duplicate unless a modifier tells the two apart."""
    seen: dict[tuple[object, ...], int] = {}
    for number, line in numbered(case.coding.lines):
        key = (line.procedure_code, line.date_of_service, frozenset(line.modifiers))
        first = seen.setdefault(key, number)
        if first != number:
            yield Hit(
                f"line {number} repeats line {first}",
                lines=(number, first),
                fix="one line with more units, or 76, 77, 91 or an anatomic modifier",
            )


@edit("M114", "error", source=NCCI, carc="4")
def modifiers_are_distinct(case: Case) -> Iterator[Hit]:
    """A modifier stands once on a line."""
    for number, line in numbered(case.coding.lines):
        if len({*line.modifiers}) != len(line.modifiers):
            yield _hit(case, number, "a modifier stands twice on the line")


@edit("M115", "error", source="Medicare claims processing manual ch. 30: notices", carc="4")
def liability_is_said_once(case: Case) -> Iterator[Hit]:
    """GA (notice on file), GX (voluntary notice), GY (excluded) and GZ (expected denial, no
    notice) say who is liable: GZ excludes GA and GX, GA excludes GY."""
    barred = ({"GZ", "GA"}, {"GZ", "GX"}, {"GA", "GY"}, {"GY", "GZ"})
    for number, line in numbered(case.coding.lines):
        if any(pair <= {*line.modifiers} for pair in barred):
            yield _hit(case, number, "two modifiers say different things of who is liable")
