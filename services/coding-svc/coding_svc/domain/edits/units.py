"""Medically unlikely edits: how many units of a service one patient has on a day."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from coding_svc.domain.codes import UnitLimit, UnitLimits
from coding_svc.domain.edits.case import Case, numbered
from coding_svc.domain.edits.registry import Hit, edit
from coding_svc.domain.encounter import CodedLine

BY_LINE, ABSOLUTE, CLINICAL = 1, 2, 3
DAYS_MAX = 366
SOURCE = "NCCI policy manual I.V: medically unlikely edits"


@edit("P120", "error", source=SOURCE, carc="151")
def a_line_keeps_its_limit(case: Case) -> Iterator[Hit]:
    """Indicator 1: each line is judged alone, and an excess denies the whole line."""
    book = case.books.unit_limits.get(case.setting)
    for number, line in numbered(case.coding.lines):
        limit = book.limit(line.procedure_code) if book else None
        if book and limit and limit.adjudication == BY_LINE and _a_day(line) > limit.units:
            yield Hit(
                f"more than {limit.units} units of {line.procedure_code} on one line",
                lines=(number,),
                fix="units over the limit go on a line of their own with 76, 77, 91, an anatomic "
                "modifier or 59, if the record shows them",
                release=book.release,
            )


@edit("P121", "error", source=SOURCE, carc="151")
def a_day_keeps_its_absolute_limit(case: Case) -> Iterator[Hit]:
    """Indicator 2: the units of a day, all lines and claims together; nothing overrides it."""
    yield from _over_a_day(case, ABSOLUTE, "correct the units: no modifier and no appeal helps")


@edit("P122", "error", source=SOURCE, carc="151", overridable=True)
def a_day_keeps_its_clinical_limit(case: Case) -> Iterator[Hit]:
    """Indicator 3: the units of a day, lines and claims together; payable on documented need."""
    yield from _over_a_day(case, CLINICAL, "bill what is documented as necessary, ready to appeal")


def _over_a_day(case: Case, adjudication: int, fix: str) -> Iterator[Hit]:
    book = case.books.unit_limits.get(case.setting)
    if book is None:
        return
    over: dict[tuple[str, tuple[int, ...]], int] = {}
    for (code, day), lines in _days(case, book, adjudication).items():
        limit = book.limit(code)
        before = sum(
            (past.quantity for past in case.history
             if past.procedure_code == code and past.date_of_service == day
             and past.is_same_provider),
            Decimal(0),
        )  # fmt: skip
        units = before + sum((_a_day(line) for _, line in lines), Decimal(0))
        if limit and units > limit.units:
            numbers = tuple(number for number, _ in lines)
            over.setdefault((code, numbers), limit.units)
    # The same lines may be over the limit on each of their days: that is said once.
    for (code, numbers), most in over.items():
        yield Hit(
            f"more than {most} units of {code} on one day",
            lines=numbers,
            fix=fix,
            release=book.release,
        )


def _days(
    case: Case, book: UnitLimits, adjudication: int
) -> dict[tuple[str, date], list[tuple[int, CodedLine]]]:
    days: dict[tuple[str, date], list[tuple[int, CodedLine]]] = defaultdict(list)
    for number, line in numbered(case.coding.lines):
        limit: UnitLimit | None = book.limit(line.procedure_code)
        if limit and limit.adjudication == adjudication:
            for offset in range(_span(line)):
                day = line.date_of_service + timedelta(days=offset)
                days[line.procedure_code, day].append((number, line))
    return days


def denied(case: Case) -> set[int]:
    """Lines that a unit limit denies, whole as they are."""
    return {
        number
        for rule in (a_line_keeps_its_limit, a_day_keeps_its_absolute_limit,
                     a_day_keeps_its_clinical_limit)
        for hit in rule(case)
        for number in hit.lines
    }  # fmt: skip


def _span(line: CodedLine) -> int:
    """Days that a line covers; a claim's worth at most, whatever was entered."""
    last = line.end_date_of_service or line.date_of_service
    return min(max(1, (last - line.date_of_service).days + 1), DAYS_MAX)


def _a_day(line: CodedLine) -> Decimal:
    """Units a day of a line; 50 is one unit on each side, billed as one. A line over several days
    is divided by them and rounded."""
    days = _span(line)
    if days == 1:
        return line.quantity
    return (line.quantity / days).quantize(Decimal(1), ROUND_HALF_UP)
