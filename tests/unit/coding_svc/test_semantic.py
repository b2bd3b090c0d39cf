"""Search by meaning, on a part of the book; skipped where `[semantic]` is not installed."""

from datetime import date
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest
from coding_world import icd10cm_shelf

from coding_svc.codebook.catalogue import Catalogue
from coding_svc.codebook.likeness import LexicalSearcher, PhraseBook
from coding_svc.codebook.shelf import Book, Shelf
from coding_svc.semantic import open_searcher
from coding_svc.semantic.encoder import Encoder, is_installed
from coding_svc.semantic.searcher import SemanticSearcher
from coding_svc.semantic.vectors import TEXTS, build, opened

installed = pytest.mark.skipif(not is_installed(), reason="the extra [semantic] is not installed")
PART = f"SELECT * FROM ({TEXTS}) WHERE substr(code, 1, 2) IN ('N2', 'G4', 'L6', 'R0')"


@cache
def book() -> Book:
    shelf = Shelf(icd10cm_shelf())
    return shelf.book(shelf.releases("icd10cm")[0].release_id)


@cache
def lexical() -> LexicalSearcher:
    return LexicalSearcher(book(), counts=PhraseBook(book()).counts)


@cache
def semantic() -> SemanticSearcher:
    path = Path(mkdtemp(prefix="rcm-vectors-")) / "part.npz"
    encoder = Encoder()
    build(book(), encoder, path, query=PART)
    vectors = opened(path)
    assert vectors is not None
    return SemanticSearcher(book(), lexical(), vectors, encoder)


# Words that no title or term of the code has.
@pytest.mark.parametrize(
    ("phrase", "beginning"),
    [
        ("trouble falling asleep at night", "G470"),
        ("going bald", "L6"),
        ("loud breathing while asleep", "R06"),
        ("kidney stones", "N20"),
    ],
)
@installed
def test_meaning_finds_what_words_do_not(phrase: str, beginning: str) -> None:
    [found] = semantic().search([phrase], 5)
    assert any(each.code.startswith(beginning) for each in found)
    assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)


@installed
def test_several_phrases_are_answered_in_their_order() -> None:
    alone = [semantic().search([phrase], 3)[0] for phrase in ("migraine", "cough")]
    together = semantic().search(["migraine", "cough"], 3)
    # Padding moves the last digits of a vector, and nothing else.
    assert [[one.code for one in each] for each in together] == [
        [one.code for one in each] for each in alone
    ]


def test_without_vectors_the_search_is_lexical() -> None:
    assert open_searcher(book(), lexical()) is lexical()


@pytest.mark.parametrize(
    ("phrase", "code"),
    [
        ("calculus of kidney", "N200"),
        ("renal stones", "N200"),
        ("essential hypertension", "I10"),
        ("acute streptococcal tonsillitis", "J0300"),
        ("benign paroxysmal vertigo right ear", "H8111"),
        ("xyzzy", None),
        ("", None),
    ],
)
def test_words_find_the_nearest_title(phrase: str, code: str | None) -> None:
    [found] = lexical().search([phrase], 3)
    assert (found[0].code if found else None) == code


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("essential hypertension", "I10"),
        ("hypertens", "I10"),
        # No title has all of these words.
        ("renal stone", "N200"),
        ("bad kidney stones", "N200"),
    ],
)
def test_a_search_narrows_as_one_types_and_widens_where_nothing_fits(words: str, code: str) -> None:
    catalogue = Catalogue(icd10cm_shelf())
    on = date(2026, 5, 14)
    releases = Shelf(icd10cm_shelf()).releases("icd10cm")
    found = catalogue.search(releases, "icd10cm", words, on=on, limit=20)
    assert found is not None
    codes = [each.code for each in found[1]]
    assert code in codes
    assert len(codes) == len({*codes}) <= 20
