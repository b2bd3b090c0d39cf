"""Medical necessity: what Medicare's contractors cover, by their billing articles.

An article speaks of procedures and lists groups of diagnoses; groups are alternatives. No article
is no opinion, and never a promise of payment.
"""

from collections.abc import Iterator

from coding_svc.domain.codes import Article
from coding_svc.domain.edits.case import Case, numbered
from coding_svc.domain.edits.registry import Hit, edit
from coding_svc.domain.encounter import CodedLine

SOURCE = "Medicare coverage database: billing articles of the contractor"
NOTICE = frozenset({"GA", "GX", "GY", "GZ"})


def _judged(case: Case) -> Iterator[tuple[int, CodedLine, list[Article]]]:
    book = case.books.articles
    if book is None or not case.contractor or not case.is_medicare:
        return
    for number, line in numbered(case.coding.lines):
        found = book.articles(line.procedure_code, case.contractor, line.date_of_service)
        if found and not NOTICE & {*line.modifiers}:
            yield number, line, list(found)


def _codes(case: Case, line: CodedLine) -> set[str]:
    return {each.code for each in case.pointed(line)}


@edit("N101", "error", source=SOURCE, carc="50", overridable=True)
def a_covered_diagnosis_is_pointed_at(case: Case) -> Iterator[Hit]:
    """One of the line's diagnoses (four at most) is in a covered group of an article."""
    book = case.books.articles
    for number, line, articles in _judged(case):
        lists = [each for each in articles if each.covered]
        pointed = _codes(case, line)
        if not lists or any(pointed & group for each in lists for group in each.covered.values()):
            continue
        charted = {each.code for each in case.coding.diagnoses}
        others = sorted(
            {code for each in lists for group in each.covered.values() for code in group & charted}
        )
        yield Hit(
            f"no diagnosis of the line is covered for {line.procedure_code} by article "
            f"A{lists[0].article_id}",
            lines=(number,),
            fix=f"point at {', '.join(others)}" if others else "an ABN and GA, or GZ without one",
            release=book.release if book else None,
        )


@edit("N102", "error", source=SOURCE, carc="50", overridable=True)
def no_excluded_diagnosis_is_first(case: Case) -> Iterator[Hit]:
    """An article may list diagnoses that never support the service."""
    book = case.books.articles
    for number, line, articles in _judged(case):
        pointed = case.pointed(line)
        for article in articles:
            if pointed and pointed[0].code in article.noncovered:
                yield Hit(
                    f"the line's first diagnosis never supports {line.procedure_code} "
                    f"(article A{article.article_id})",
                    lines=(number,),
                    release=book.release if book else None,
                )
                break


@edit("N110", "info", source="Medicare physician fee schedule: status codes", carc="96")
def the_fee_schedule_pays_it(case: Case) -> Iterator[Hit]:
    """Status B and P are bundled into others; I, N and X are not on the fee schedule."""
    words = {
        "B": "is bundled and never paid apart", "P": "is bundled into other services",
        "N": "is not covered by Medicare", "I": "is not valid for Medicare",
        "X": "is not in the fee schedule by law",
    }  # fmt: skip
    fees = case.books.fees
    for number, line in numbered(case.coding.lines):
        fee = fees.fee(line.procedure_code) if fees and case.is_medicare else None
        if fee and fees and fee.status in words:
            yield Hit(
                f"{line.procedure_code} {words[fee.status]}", lines=(number,), release=fees.release
            )
