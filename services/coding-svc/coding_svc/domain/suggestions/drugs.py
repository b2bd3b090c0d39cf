"""Long-term drugs that a diagnosis asks a code for: told by their names in what is taken."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from coding_svc.domain.notes import Span
from coding_svc.domain.notes.assertion import Reading
from coding_svc.domain.notes.sentences import Sentence
from coding_svc.domain.notes.tables import lines, listed
from coding_svc.domain.suggestions.book import SuggestionBook
from coding_svc.domain.suggestions.suggestion import Reason, Suggestion

SCORE = 0.72
_NOT_TAKEN = frozenset({"negated", "hypothetical", "family"})
_STOPPED = frozenset({"discontinue", "discontinued", "stop", "stopped", "held", "off"})


def with_drugs(
    found: Sequence[Suggestion],
    readings: Sequence[tuple[Sentence, Reading]],
    codebook: SuggestionBook,
) -> list[Suggestion]:
    """The suggestions and the status codes of drugs whose diagnosis is among them."""
    codes = {each.code for each in found}
    added: dict[str, Suggestion] = {}
    for code, needed, source, span in _taken(readings):
        row = codebook.diagnoses.find(code)
        allowed = not needed or any(each.startswith(needed) for each in codes)
        if row is None or not row.is_billable or code in codes or code in added or not allowed:
            continue
        added[code] = Suggestion(
            code=code,
            system="icd10cm",
            title=row.title,
            evidence=(span,),
            assertion="present",
            method="guideline",
            score=SCORE,
            release=codebook.diagnoses.release,
            reasons=(Reason("drug", source),),
        )
    return [*found, *added.values()]


def _taken(
    readings: Sequence[tuple[Sentence, Reading]],
) -> Iterator[tuple[str, tuple[str, ...], str, Span]]:
    drugs = _drugs()
    for sentence, reading in readings:
        if sentence.section in {"allergies", "family_history"}:
            continue
        for at, word in enumerate(reading.words):
            rule = drugs.get(word.text)
            if rule is None or reading.of(at, at + 1).status in _NOT_TAKEN:
                continue
            if not any(other.text in _STOPPED for other in reading.words[max(0, at - 3) : at]):
                yield (*rule, word.span)


@lru_cache(1)
def _drugs() -> dict[str, tuple[str, tuple[str, ...], str]]:
    found: dict[str, tuple[str, tuple[str, ...], str]] = {}
    for line in lines(__package__, "drugs.txt"):
        rule, needed, source = (each.strip() for each in line.split("|"))
        names, _, code = rule.partition("=")
        beginnings = tuple(each.replace(".", "") for each in listed(needed))
        for name in listed(names):
            found[name] = (code.strip().replace(".", ""), beginnings, source)
    return found
