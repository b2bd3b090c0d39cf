"""Global surgical packages: what a surgery's payment includes before and after it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from coding_svc.domain.codes import Fee
from coding_svc.domain.edits.case import Case, PastService, numbered, once_a_case
from coding_svc.domain.edits.registry import Hit, edit
from coding_svc.domain.encounter import CodedLine

SOURCE = "Medicare claims processing manual ch. 12 §40: global surgery"
MINOR, TEN, MAJOR = "000", "010", "090"
VISITS = (("99202", "99215"), ("99221", "99239"), ("99281", "99285"), ("92002", "92014"),
          ("99241", "99255"), ("99304", "99318"), ("99341", "99350"))  # fmt: skip
RETURN, STAGED, UNRELATED = "78", "58", "79"
# A return to the operating room begins no new period (§40.4); assistants have no care afterwards.
WITHOUT_PERIOD = frozenset({RETURN, "80", "81", "82", "AS"})
SURGERY_ONLY = "54"
"""Somebody else has the care afterwards: only the day of the surgery is covered."""


@dataclass(frozen=True, slots=True)
class _Surgery:
    """A surgery of this claim or of an earlier one, and the days that it covers."""

    code: str
    day: date
    global_days: str
    line: int = 0

    def covers(self, day: date) -> bool:
        before = timedelta(days=1 if self.global_days == MAJOR else 0)
        after = {MINOR: 0, TEN: 10, MAJOR: 90}[self.global_days]
        return self.day - before <= day <= self.day + timedelta(days=after)


def is_visit(code: str) -> bool:
    """Whether a code is an evaluation and management visit."""
    return any(low <= code <= high for low, high in VISITS)


def _surgeries(case: Case) -> Iterator[_Surgery]:
    fees = case.books.fees
    if fees is None:
        return
    services: list[tuple[int, CodedLine | PastService]] = [*numbered(case.coding.lines)]
    services += [(0, each) for each in case.history if each.is_same_provider]
    for at, service in services:
        code, modifiers = service.procedure_code, {*service.modifiers}
        fee: Fee | None = fees.fee(code)
        is_surgery = fee is not None and fee.global_days in {MINOR, TEN, MAJOR}
        if fee and is_surgery and not is_visit(code) and not WITHOUT_PERIOD & modifiers:
            days = MINOR if SURGERY_ONLY in modifiers else fee.global_days
            yield _Surgery(code, service.date_of_service, days, at)


@once_a_case
def _visits(case: Case) -> Iterator[tuple[int, CodedLine, _Surgery]]:
    surgeries = list(_surgeries(case))
    for number, line in numbered(case.coding.lines):
        if not is_visit(line.procedure_code):
            continue
        for surgery in surgeries:
            if surgery.covers(line.date_of_service):
                yield number, line, surgery


@edit("G101", "error", source=SOURCE, carc="97")
def a_visit_on_the_day_of_a_minor_procedure(case: Case) -> Iterator[Hit]:
    """A visit on the day of a procedure with 0 or 10 global days is part of it, unless it was
    significant and separate (25)."""
    for number, line, surgery in _visits(case):
        same_day = line.date_of_service == surgery.day
        if same_day and surgery.global_days != MAJOR and not {"25", "57"} & {*line.modifiers}:
            yield _hit(case, number, surgery, "25 if the visit was significant and separate")


@edit("G102", "error", source=SOURCE, carc="97")
def a_visit_around_a_major_procedure(case: Case) -> Iterator[Hit]:
    """A visit on the day of a 90-day surgery or the day before is part of it, unless the decision
    for surgery was made in it (57)."""
    for number, line, surgery in _visits(case):
        near = line.date_of_service in {surgery.day, surgery.day - timedelta(days=1)}
        if surgery.global_days == MAJOR and near and not {"57", "25"} & {*line.modifiers}:
            yield _hit(case, number, surgery, "57 if the decision for surgery was made in it")


@edit("G103", "error", source=SOURCE, carc="97")
def a_visit_after_a_procedure(case: Case) -> Iterator[Hit]:
    """A visit in the days after a procedure that its payment covers, unless unrelated (24)."""
    for number, line, surgery in _visits(case):
        if line.date_of_service > surgery.day and "24" not in line.modifiers:
            yield _hit(case, number, surgery, "24 if the visit was for something unrelated")


@edit("G104", "error", source=SOURCE, carc="97")
def a_procedure_after_a_procedure(case: Case) -> Iterator[Hit]:
    """A procedure in another's global days says what it is: staged (58), an unplanned return (78)
    or unrelated (79)."""
    surgeries = list(_surgeries(case))
    fees = case.books.fees
    for number, line in numbered(case.coding.lines):
        fee = fees.fee(line.procedure_code) if fees else None
        is_surgery = fee is not None and fee.global_days in {MINOR, TEN, MAJOR}
        if not is_surgery or is_visit(line.procedure_code):
            continue
        for surgery in surgeries:
            inside = surgery.day < line.date_of_service and surgery.covers(line.date_of_service)
            if inside and not {STAGED, RETURN, UNRELATED} & {*line.modifiers}:
                yield _hit(case, number, surgery, "58 staged, 78 unplanned return, 79 unrelated")


@edit("G105", "warning", source=SOURCE, carc="4", overridable=True)
def a_decision_for_surgery_is_for_a_major_one(case: Case) -> Iterator[Hit]:
    """57 goes with a surgery of 90 global days; a visit beside a smaller one carries 25."""
    for number, line, surgery in _visits(case):
        if (
            "57" in line.modifiers
            and surgery.global_days != MAJOR
            and line.date_of_service == surgery.day
        ):
            yield _hit(case, number, surgery, "25")


def _hit(case: Case, number: int, surgery: _Surgery, fix: str) -> Hit:
    fees = case.books.fees
    days = surgery.global_days.lstrip("0") or "0"
    lines = (number, surgery.line) if surgery.line else (number,)
    return Hit(
        f"lies in the {days} global days of {surgery.code}",
        lines=lines,
        fix=fix,
        release=fees.release if fees else None,
    )
