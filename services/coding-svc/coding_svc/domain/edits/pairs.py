"""NCCI procedure-to-procedure edits: which services are part of others."""

from collections.abc import Iterator, Mapping
from datetime import date
from itertools import combinations, product

from coding_svc.domain.edits.case import Case, PastService, numbered, once_a_case
from coding_svc.domain.edits.registry import Hit, edit
from coding_svc.domain.encounter import CodedLine

ANATOMIC = frozenset(
    {"E1", "E2", "E3", "E4", "FA", "F1", "F2", "F3", "F4", "F5", "F6", "F7", "F8", "F9", "TA", "T1",
     "T2", "T3", "T4", "T5", "T6", "T7", "T8", "T9", "LT", "RT", "LC", "LD", "RC", "LM", "RI"}
)  # fmt: skip
SEPARATE = frozenset({"59", "XE", "XP", "XS", "XU"})
ASSOCIATED = ANATOMIC | SEPARATE | {"24", "25", "57", "58", "78", "79", "27", "91"}
"""NCCI PTP-associated modifiers; 22, 76 and 77 are not among them."""
NEVER, ALLOWED, DELETED = 0, 1, 9
SOURCE = "NCCI policy manual I.E; PTP edits of the quarter"


@once_a_case
def _conflicts(case: Case) -> Iterator[tuple[int, CodedLine, int, CodedLine, int]]:
    """Column 1 line, column 2 line and the indicator of each pair in force. Pairs are of one day;
    a claim has one rendering provider, so all its lines are looked at."""
    for day, (lines, _) in _days(case).items():
        indicators = _indicators(case, day)
        for (first, one), (second, other) in combinations(lines, 2) if indicators else ():
            for at, comprehensive, below, component in (
                (first, one, second, other),
                (second, other, first, one),
            ):
                found = indicators.get((comprehensive.procedure_code, component.procedure_code))
                if found is not None:
                    yield at, comprehensive, below, component, found


@once_a_case
def _past_conflicts(case: Case) -> Iterator[tuple[int, CodedLine, PastService, int, bool]]:
    """Lines that conflict with a service of the same provider that was billed apart for the day,
    the indicator, and whether the line is the column 2 one."""
    for day, (lines, billed) in _days(case).items():
        indicators = _indicators(case, day)
        for (number, line), past in product(lines, billed) if indicators else ():
            for is_below, pair in (
                (True, (past.procedure_code, line.procedure_code)),
                (False, (line.procedure_code, past.procedure_code)),
            ):
                found = indicators.get(pair)
                if found is not None:
                    yield number, line, past, found, is_below


def _days(case: Case) -> dict[date, tuple[list[tuple[int, CodedLine]], list[PastService]]]:
    """Lines by their day, and what the same provider billed apart for it."""
    days: dict[date, tuple[list[tuple[int, CodedLine]], list[PastService]]] = {}
    for number, line in numbered(case.coding.lines):
        days.setdefault(line.date_of_service, ([], []))[0].append((number, line))
    for past in case.history:
        if past.is_same_provider and past.date_of_service in days:
            days[past.date_of_service][1].append(past)
    return days


def _indicators(case: Case, day: date) -> Mapping[tuple[str, str], int]:
    """The indicators of the day's pairs, less those that were deleted as if they never were."""
    book = case.books.pairs.get(case.setting)
    if book is None:
        return {}
    lines, billed = _days(case)[day]
    codes = {line.procedure_code for _, line in lines} | {past.procedure_code for past in billed}
    found = book.indicators(frozenset(codes), day)
    return {pair: indicator for pair, indicator in found.items() if indicator != DELETED}


def _is_bypassed(one: CodedLine | PastService, other: CodedLine | PastService) -> bool:
    """A modifier on either code bypasses, since 2019-07-01."""
    return bool(ASSOCIATED & {*one.modifiers, *other.modifiers})


def denied(case: Case) -> set[int]:
    """Lines that a pair denies."""
    here = {
        below
        for _, comprehensive, below, component, indicator in _conflicts(case)
        if indicator == NEVER or not _is_bypassed(comprehensive, component)
    }
    return here | {
        number
        for number, line, past, indicator, is_below in _past_conflicts(case)
        if is_below and (indicator == NEVER or not _is_bypassed(line, past))
    }


@edit("P110", "error", source=SOURCE, carc="236")
def never_together(case: Case) -> Iterator[Hit]:
    """Indicator 0: the column 2 service is never paid beside column 1; no modifier helps."""
    for at, comprehensive, below, component, indicator in _conflicts(case):
        if indicator == NEVER:
            yield Hit(
                f"{component.procedure_code} is never paid beside {comprehensive.procedure_code}",
                lines=(below, at),
                fix=f"remove line {below}",
                release=case.books.pairs[case.setting].release,
            )


@edit("P111", "error", source=SOURCE, carc="236")
def together_only_with_a_modifier(case: Case) -> Iterator[Hit]:
    """Indicator 1: column 2 is paid only where a modifier says that it was a separate service."""
    for at, comprehensive, below, component, indicator in _conflicts(case):
        if indicator == ALLOWED and not _is_bypassed(comprehensive, component):
            yield Hit(
                f"{component.procedure_code} is part of {comprehensive.procedure_code}",
                lines=(below, at),
                fix="if the record shows a separate service, an anatomic modifier or XE, XS, XP or "
                f"XU on line {below}; else remove it",
                release=case.books.pairs[case.setting].release,
            )


@edit("P113", "error", source=SOURCE, carc="236")
def together_with_what_was_billed(case: Case) -> Iterator[Hit]:
    """The claims of a provider for a patient's day are one: a pair is one across them too. Where
    the line is the comprehensive one, the other claim is the one to correct."""
    for number, line, past, indicator, is_below in _past_conflicts(case):
        if indicator == ALLOWED and _is_bypassed(line, past):
            continue
        words = ("is part of", "billed already") if is_below else ("includes", "billed apart")
        yield Hit(
            f"{line.procedure_code} {words[0]} {past.procedure_code}, {words[1]} for this day",
            lines=(number,),
            fix=f"remove line {number}" if is_below else "correct the other claim",
            release=case.books.pairs[case.setting].release,
            severity=None if is_below else "warning",
        )


@edit("P112", "info", source=SOURCE)
def a_bypass_needs_its_record(case: Case) -> Iterator[Hit]:
    """A pair that a modifier bypasses is paid on the record's word: it is looked for."""
    for at, comprehensive, below, component, indicator in _conflicts(case):
        if indicator == ALLOWED and _is_bypassed(comprehensive, component):
            same_site = ANATOMIC & {*comprehensive.modifiers} & {*component.modifiers}
            yield Hit(
                "both lines name the same site"
                if same_site
                else "the modifier says a separate service: the record must show it",
                lines=(below, at),
                release=case.books.pairs[case.setting].release,
                severity="warning" if same_site else None,
            )
