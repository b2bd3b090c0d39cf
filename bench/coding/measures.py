"""Mean average precision, recall, and the time that it takes."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from bench.coding.samples import Sample
from coding_svc.domain.suggestions import SuggestionBook, SuggestionSettings, suggest

DAY = date(2026, 5, 1)
EVERYTHING = SuggestionSettings(with_unasserted=True, limit=100)
"""CodiEsp codes every mention, also what is denied; a visit codes what is so."""
VISIT = SuggestionSettings(limit=25)
BILLABLE_SINCE = Callable[[str], bool]


@dataclass(frozen=True)
class Ranking:
    """Means over documents."""

    precision: float
    recall_25: float
    milliseconds: list[float]


def ranked(samples: Sequence[Sample], book: SuggestionBook, *, is_strict: bool) -> Ranking:
    """Against the codes of each. CodiEsp was coded by the release of 2018: unless strict, a code
    that has since been divided (R51 into R51.0 and R51.9) is met by any of its parts."""
    precisions, recalls, times = [], [], []
    for sample in samples:
        began = time.perf_counter()
        found = [each.code for each in suggest(sample.text, DAY, book, settings=EVERYTHING)]
        times.append((time.perf_counter() - began) * 1_000)
        hits = [_gold(code, sample.codes, book, is_strict=is_strict) for code in found]
        precisions.append(_average_precision(hits, len(sample.codes)))
        recalls.append(len({hit for hit in hits[:25] if hit}) / len(sample.codes))
    return Ranking(statistics.mean(precisions), statistics.mean(recalls), times)


def _gold(code: str, gold: frozenset[str], book: SuggestionBook, *, is_strict: bool) -> str | None:
    if code in gold:
        return code
    if not is_strict:
        for length in range(len(code) - 1, 2, -1):
            whole = code[:length]
            row = book.diagnoses.find(whole)
            if whole in gold and row is not None and not row.is_billable:
                return whole
    return None


def _average_precision(hits: Sequence[str | None], count: int) -> float:
    seen: set[str] = set()
    total = 0.0
    for rank, hit in enumerate(hits, start=1):
        if hit and hit not in seen:
            seen.add(hit)
            total += len(seen) / rank
    return total / count


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
