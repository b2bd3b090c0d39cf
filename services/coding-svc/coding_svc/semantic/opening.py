"""What the rest of the service sees of the extra: a searcher, semantic where it can be."""

from collections.abc import Callable
from pathlib import Path

from coding_svc.codebook.likeness import LexicalSearcher
from coding_svc.codebook.shelf import Book, Shelf
from coding_svc.domain.suggestions.book import Searcher
from coding_svc.semantic.encoder import Encoder, is_installed
from coding_svc.semantic.searcher import SemanticSearcher
from coding_svc.semantic.vectors import build, opened, path_of


def open_searcher(book: Book, lexical: LexicalSearcher) -> Searcher:
    """The hybrid when the extra is installed and the release has vectors; else the lexical one."""
    if not is_installed():
        return lexical
    encoder = Encoder()
    vectors = opened(path_of(book, encoder))
    return SemanticSearcher(book, lexical, vectors, encoder) if vectors else lexical


def build_vectors(shelf: Path, *, told: Callable[[str], None]) -> bool:
    """Vectors for every release of ICD-10-CM on a shelf; False when the extra is not installed."""
    if not is_installed():
        return False
    encoder = Encoder()
    opened_shelf = Shelf(shelf)
    for release in opened_shelf.releases("icd10cm"):
        book = opened_shelf.book(release.release_id)
        build(
            book,
            encoder,
            path_of(book, encoder),
            told=lambda done, all_: told(f"{done:,} of {all_:,} titles and terms"),
        )
    return True
