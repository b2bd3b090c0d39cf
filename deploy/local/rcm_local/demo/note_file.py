"""The file of `rcm demo --notes`: visit notes as JSON lines, each with `id` and `text`.

Whatever is wrong with it is said before anything starts, line by line; what a note says is never
repeated."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from rcm_local.problems import LocalProblem

NOTES_MAX = 5_000
NUMBER_CHARACTERS_MAX = 200
"""What a document's `external_id` may have."""
TEXT_CHARACTERS_MAX = 400_000
"""What coding-svc reads as one note."""
PROBLEMS_SHOWN = 10
# No text has them: control characters other than tab, line feed, form feed and carriage return, the
# sign for a byte that was no text, and lone surrogates.
_JUNK = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ufffd\ud800-\udfff]")
_LETTER = re.compile(r"[^\W\d_]")
_AGE = re.compile(r"\b(\d{1,3})[- ]years?[- ]old\b", re.IGNORECASE)
_SHE = re.compile(r"\b(she|her|hers|female|woman|lady|girl)\b", re.IGNORECASE)
_HE = re.compile(r"\b(he|his|him|male|man|gentleman|boy)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Note:
    """One line of the file."""

    number: str
    text: str = field(repr=False)

    @property
    def age(self) -> int | None:
        """The patient's years, where the note tells them."""
        found = _AGE.search(self.text)
        return int(found[1]) if found else None

    @property
    def sex(self) -> Literal["F", "M", ""]:
        """As the note speaks of its patient most of the time."""
        hers, his = len(_SHE.findall(self.text)), len(_HE.findall(self.text))
        return "" if hers == his else "F" if hers > his else "M"


def read_notes(file: Path) -> list[Note]:
    """All notes of the file. Raises `LocalProblem` with a sentence for every line that is none."""
    found = [_read(line) for line in _lines(file)]
    problems = [
        f"line {number}: {read}"
        for number, read in enumerate(_distinct(found), 1)
        if isinstance(read, str)
    ]
    notes = [each for each in found if isinstance(each, Note)]
    if not problems and not notes:
        raise LocalProblem(f"{file} has no notes: it should have a line of JSON for each.")
    if not problems and len(notes) > NOTES_MAX:
        raise LocalProblem(f"{file} has {len(notes):,} notes; at most {NOTES_MAX:,} make a demo.")
    if problems:
        more = len(problems) - PROBLEMS_SHOWN
        shown = [*problems[:PROBLEMS_SHOWN], *([f"and {more} lines more"] if more > 0 else [])]
        raise LocalProblem("\n  ".join((f"{file} cannot be played:", *shown)))
    return notes


def _lines(file: Path) -> list[str]:
    """Only a line feed ends a line of JSON: other breaks may stand within a text."""
    try:
        return file.read_bytes().decode("utf-8-sig").split("\n")
    except FileNotFoundError:
        raise LocalProblem(f"{file} does not exist.") from None
    except IsADirectoryError:
        raise LocalProblem(f"{file} is a directory; a file of JSON lines is needed.") from None
    except UnicodeDecodeError as error:
        at = f"byte {error.start:,} is no UTF-8"
        raise LocalProblem(f"{file} is no text ({at}); a file of JSON lines is needed.") from None
    except OSError as error:
        raise LocalProblem(f"{file} cannot be read: {error.strerror}.") from None


def _read(line: str) -> Note | str | None:
    """The note of a line, or what is wrong with it; None for an empty line."""
    if not line.strip():
        return None
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return "is not JSON."
    if not isinstance(found, dict):
        return "is JSON, but not an object with id and text."
    number, text = found.get("id"), found.get("text")
    if isinstance(number, int) and not isinstance(number, bool):
        number = str(number)
    if not isinstance(number, str) or not number.strip():
        return "has no id, which should be a word or a number."
    if not isinstance(text, str):
        return "has no text, which should be the words of the note."
    return _wrong_with(number, text) or Note(number, text)


def _wrong_with(number: str, text: str) -> str:
    if len(number) > NUMBER_CHARACTERS_MAX or _JUNK.search(number):
        return f"its id is longer than {NUMBER_CHARACTERS_MAX} characters, or is no text."
    if not _LETTER.search(text):
        return "its text is empty or has no words."
    if junk := _JUNK.search(text):
        return f"its text is binary: character {junk.start() + 1:,} is none that a note has."
    if len(text) > TEXT_CHARACTERS_MAX:
        return f"its text has {len(text):,} characters; a note has at most {TEXT_CHARACTERS_MAX:,}."
    return ""


def _distinct(found: list[Note | str | None]) -> Iterator[Note | str | None]:
    """An id that was there before is a fault of the later line."""
    first: dict[str, int] = {}
    for at, each in enumerate(found, 1):
        known = first.setdefault(each.number, at) if isinstance(each, Note) else at
        yield each if known == at else f"has the id of line {known}."
