"""The codes that a note of the tabular list names: `(K50-K52)`, `(S06.3-)`, `(M1A.-, M10.-)`.

A pattern covers a code when the code's beginning lies between two prefixes, and its tail fits what
the note adds in words ("with fifth or sixth character 1-4", "with .51-.52").
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

# A letter, a digit, a letter or digit; since 2026 also QA0, so the second may be an A.
_CODE = r"[A-Z](?:[0-9][0-9A-Z]|A[0-9])(?:\.[0-9A-Z]{1,4})?"
_SPAN = re.compile(
    rf"(?P<low>{_CODE})\.?-*(?:\s*-?\s*(?<=-)\s*(?P<high>{_CODE})\.?-*|"
    rf"\s*-\s*(?P<high2>{_CODE})\.?-*)?"
)
_PLACES = {"fourth": 4, "fifth": 5, "sixth": 6, "six": 6, "seventh": 7}
_PLACE = r"(?:[4-7]th|fourth|fifth|sixth|six|seventh)"
# A value, values joined by commas, "or" and "and", and ranges of one character.
_VALUE = r"[0-9A-Z](?:-[0-9A-Z])?(?![0-9A-Za-z])"
_WITH_CHARACTER = re.compile(
    rf"with (?P<places>{_PLACE}(?: or {_PLACE})?|final)[ -]characters?,? (?:of )?\.?"
    rf"(?P<values>{_VALUE}(?:(?:, |,? or |,? and ){_VALUE})*)"
)
_WITH_TAIL = re.compile(
    r"with (?:final characters )?"
    r"(?P<tails>\.[0-9A-Z]{1,4}(?:\s*-\s*\.[0-9A-Z]{1,4}|-?(?:(?:,|\.| or) ?\.[0-9A-Z]{1,4})*))"
)
_WITH_ENDING = re.compile(
    r"with (?:final characters|fifth to sixth characters) -?(?P<ending>[0-9A-Z]{1,4})(?![a-z])"
)


@dataclass(frozen=True, slots=True)
class CodePattern:
    """Codes whose beginning lies between `low` and `high`, both without dots."""

    low: str
    high: str
    places: tuple[int, ...] = ()
    """Characters (from 1); the last that a code has must be one of `characters`."""
    characters: str = ""
    tails: tuple[tuple[str, str], ...] = ()
    """What follows the third character lies within one of these ranges of prefixes."""
    ending: str = ""
    is_open: bool = False
    """The note narrows it in words that no rule reads; it then only hints."""

    def covers(self, code: str) -> bool:
        """Whether a code (no dot) is one of those that the note names."""
        if not self.low <= code[: len(self.low)] or not code[: len(self.high)] <= self.high:
            return False
        if len(code) < len(self.low) and len(code) < len(self.high):
            return False
        if self.places:
            place = max((at for at in self.places if at <= len(code)), default=0)
            if not place or code[place - 1] not in self.characters:
                return False
        if self.tails and not any(_within(code[3:], *each) for each in self.tails):
            return False
        return code.endswith(self.ending)


def _within(tail: str, low: str, high: str) -> bool:
    return low <= tail[: len(low)] and tail[: len(high)] <= high and len(tail) >= len(low)


def patterns_of(note: str) -> tuple[CodePattern, ...]:
    """Every pattern of a note's text; empty when it names no code."""
    spans = list(_SPAN.finditer(note))
    found: list[CodePattern] = []
    # What is said after the last code of a bracket is said of every code in it.
    for span in spans:
        closing = note.find(")", span.end())
        rest = note[span.end() : closing if closing >= 0 else len(note)]
        low = span["low"].replace(".", "")
        high = (span["high"] or span["high2"] or span["low"]).replace(".", "")
        found.append(_narrowed(low, high, rest if "(" not in rest else ""))
    return tuple(_distinct(found))


def _narrowed(low: str, high: str, rest: str) -> CodePattern:
    if character := _WITH_CHARACTER.search(rest):
        words = re.findall(_PLACE, character["places"])
        # The "final" character of a note stands before the 7th, which tells the encounter.
        places = tuple(_PLACES.get(word) or int(word[0]) for word in words) or (5, 6)
        characters = "".join(_characters(character["values"]))
        return CodePattern(low, high, places=places, characters=characters)
    if tail := _WITH_TAIL.search(rest):
        return CodePattern(low, high, tails=_tails(tail["tails"]))
    if ending := _WITH_ENDING.search(rest):
        return CodePattern(low, high, ending=ending["ending"])
    return CodePattern(low, high, is_open=" with " in f" {rest}")


def _characters(values: str) -> Iterator[str]:
    for low, high in re.findall(r"(?<![A-Za-z])([0-9A-Z])(?:-([0-9A-Z]))?(?![a-z])", values):
        yield from (chr(at) for at in range(ord(low), ord(high or low) + 1))


def _tails(text: str) -> tuple[tuple[str, str], ...]:
    found = re.findall(r"[0-9A-Z]+", text)
    if re.search(r"-\s*\.", text):
        return ((found[0], found[1]),)
    return tuple((each, each) for each in found)


def _distinct(found: list[CodePattern]) -> Iterator[CodePattern]:
    yield from dict.fromkeys(found)
