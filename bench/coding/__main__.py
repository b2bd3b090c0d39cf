"""`python -m bench.coding`: the evaluation of suggestions, lexical and semantic side by side."""

import time
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

from bench.coding import samples
from bench.coding.labels import Label, labels
from bench.coding.measures import DAY, VISIT, percentile, ranked
from bench.coding.samples import Sample
from coding_svc.codebook import starter
from coding_svc.codebook.catalogue import Catalogue
from coding_svc.domain.suggestions import SuggestionBook, suggest
from coding_svc.domain.suggestions.phrases import lexicon
from coding_svc.semantic import build_vectors, open_searcher

SHELF = samples.ROOT / ".local" / "codes-eval"
TOP = 10
Books = Mapping[str, SuggestionBook]


def main() -> None:
    console = Console(width=112)
    if not samples.are_there():
        console.print(f"There are no sample notes at {samples.SAMPLES}; nothing was evaluated.")
        return
    books = _books(console)
    _cases(console, books)
    _visits(console, books)
    _searches(console, books)


def _books(console: Console) -> Books:
    starter.put(SHELF)
    found = {"lexical": Catalogue(SHELF).suggestion_book((), DAY)}
    if build_vectors(SHELF, told=lambda text: console.print(f"[dim]{text}[/]")):
        found["semantic"] = Catalogue(SHELF, likeness=open_searcher).suggestion_book((), DAY)
    else:
        console.print("The extra \\[semantic] is not installed (make semantic): lexical only.")
    return {name: book for name, book in found.items() if book is not None}


def _cases(console: Console, books: Books) -> None:
    all_ = samples.cases()
    table = Table("CodiEsp, development set", "notes", *(f"{name} MAP" for name in books),
                  *(f"{name} R@25" for name in books), title="Cases, every mention")  # fmt: skip
    chosen = [
        ("odd places, never tuned on", samples.reported(all_), False),
        ("the same, codes as of 2018 only", samples.reported(all_), True),
        ("all", all_, False),
    ]
    for name, some, is_strict in chosen:
        found = [ranked(some, book, is_strict=is_strict) for book in books.values()]
        table.add_row(
            name, str(len(some)),
            *(f"{each.precision:.3f}" for each in found),
            *(f"{each.recall_25:.3f}" for each in found),
        )  # fmt: skip
    console.print(table)


def _visits(console: Console, books: Books) -> None:
    known = labels()
    notes = {each.note_id: each for each in samples.visits()}
    ids = list(dict.fromkeys(each.note_id for each in known))
    table = Table("note", *(f"{name}: must" for name in books), "missed",
                  *(f"{name}: must not" for name in books), "shown",
                  title=f"Visits, first {TOP} suggestions")  # fmt: skip
    totals = {name: [0, 0, 0, 0] for name in books}
    for note_id in ids:
        _visit(table, notes[note_id], [each for each in known if each.note_id == note_id], books,
               totals)  # fmt: skip
    table.add_section()
    table.add_row(
        "all",
        *(f"{met}/{must}" for met, must, _, _ in totals.values()), "",
        *(f"{shown} of {forbidden}" for _, _, shown, forbidden in totals.values()), "",
    )  # fmt: skip
    console.print(table)
    for name, book in books.items():
        _speed(console, name, [notes[each] for each in ids], book)


def _visit(
    table: Table,
    note: Sample,
    told: Sequence[Label],
    books: Books,
    totals: dict[str, list[int]],
) -> None:
    musts = [each for each in told if each.is_must]
    nots = [each for each in told if not each.is_must]
    met, missed, shown, shown_codes = [], set(), [], set()
    for name, book in books.items():
        first = [each.code for each in suggest(note.text, DAY, book, settings=VISIT)][:TOP]
        good = [each for each in musts if each.is_met_by(first)]
        bad = [each for each in nots if not each.is_met_by(first)]
        met.append(f"{len(good)}/{len(musts)}")
        shown.append(str(len(bad)))
        missed |= {each.codes[0] for each in musts if each not in good}
        shown_codes |= {each.codes[0] for each in bad}
        for place, count in enumerate((len(good), len(musts), len(bad), len(nots))):
            totals[name][place] += count
    table.add_row(
        note.note_id, *met, " ".join(sorted(missed)), *shown, " ".join(sorted(shown_codes))
    )


def _speed(console: Console, name: str, notes: Sequence[Sample], book: SuggestionBook) -> None:
    times = []
    for note in notes:
        began = time.perf_counter()
        suggest(note.text, DAY, book, settings=VISIT)
        times.append((time.perf_counter() - began) * 1_000)
    size = sum(len(note.text) for note in notes) // len(notes)
    console.print(
        f"{name}: a note of {size:,} characters on average in {percentile(times, 0.5):.0f} ms "
        f"(p95 {percentile(times, 0.95):.0f} ms)"
    )


def _searches(console: Console, books: Books) -> None:
    phrases = sorted(lexicon())[::5]
    for name, book in books.items():
        times = []
        for phrase in phrases:
            began = time.perf_counter()
            book.searcher.search([phrase], 20)
            times.append((time.perf_counter() - began) * 1_000)
        console.print(
            f"{name}: {len(phrases)} searches, p50 {percentile(times, 0.5):.1f} ms, "
            f"p95 {percentile(times, 0.95):.1f} ms"
        )


if __name__ == "__main__":
    main()
