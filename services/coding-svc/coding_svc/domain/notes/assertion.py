"""How surely something is said, of whom, and of when: triggers, their direction and their end.

After ConText (Harkema and others, 2009), with triggers of our own in `rules/triggers.txt`. A
trigger speaks of what follows or precedes it, up to the end of the sentence, a word that turns it
(`but`, `who`), or the number of words that it says. A section may say it without a word.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

from coding_svc.domain.notes.sections import SectionKind
from coding_svc.domain.notes.sentences import Sentence
from coding_svc.domain.notes.tables import lines
from coding_svc.domain.notes.words import Span, Word, words_of

Status = Literal["present", "negated", "uncertain", "hypothetical", "historical", "family"]
_Direction = Literal["after", "before", "both"]
_Kind = Literal[
    "negated", "uncertain", "hypothetical", "historical", "family", "affirmed", "pseudo", "stop"
]
# Where several speak of one mention, the first of these is what is true of it.
RULING: tuple[Status, ...] = ("family", "hypothetical", "negated", "uncertain", "historical")
BY_SECTION: dict[SectionKind, Status] = {"family_history": "family", "instructions": "hypothetical"}


@dataclass(frozen=True, slots=True)
class Assertion:
    """What a note says of a mention, and the characters that say it."""

    status: Status
    cue: Span | None = None


@dataclass(frozen=True, slots=True)
class _Trigger:
    words: tuple[str, ...]
    kind: _Kind
    direction: _Direction
    reach: int
    """Words; 0 for the whole sentence."""


@dataclass(frozen=True, slots=True)
class _Cue:
    """A trigger found in a sentence: words `first` up to `last`."""

    trigger: _Trigger
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Reading:
    """A sentence with its cues, ready to be asked about mentions."""

    words: tuple[Word, ...]
    cues: tuple[_Cue, ...]
    section: SectionKind
    breaks: frozenset[int]
    """Words before which a clause ends."""

    def of(self, first: int, last: int) -> Assertion:
        """What is said of the words `first` up to `last`."""
        found: dict[Status, Span] = {}
        for cue in self.cues:
            kind = cue.trigger.kind
            if kind in {"pseudo", "stop", "affirmed"} or not self._reaches(cue, first, last):
                continue
            span = Span(self.words[cue.first].span.start, self.words[cue.last - 1].span.end)
            found.setdefault(kind, span)  # type: ignore[arg-type]
        by_section = BY_SECTION.get(self.section)
        if by_section == "family" and "negated" not in found:
            return Assertion("family")
        for status in RULING:
            if status in found:
                return Assertion(status, found[status])
        return Assertion(by_section or "present")

    def _reaches(self, cue: _Cue, first: int, last: int) -> bool:
        trigger = cue.trigger
        if cue.first < last and first < cue.last:
            # A mention may hold its own trigger ("history of gout" names a status), which then has
            # no say; but one that begins before it has ("family history of gout").
            return cue.first < first and trigger.direction != "before"
        if first >= cue.last and trigger.direction != "before":
            between = range(cue.last, first)
            near = not trigger.reach or first - cue.last < trigger.reach
        elif last <= cue.first and trigger.direction != "after":
            between = range(last, cue.first)
            near = not trigger.reach or cue.first - last < trigger.reach
        else:
            return False
        return near and not self._ended(trigger, between)

    def _ended(self, trigger: _Trigger, between: range) -> bool:
        clause = range(between.start, between.stop + 1)
        if trigger.kind != "hypothetical" and any(at in self.breaks for at in clause):
            return True
        return any(
            other.trigger.kind in {"stop", "affirmed"}
            and other.first in between
            and other.trigger is not trigger
            for other in self.cues
        )


def reading_of(text: str, sentence: Sentence) -> Reading:
    """The words of a sentence and the triggers among them."""
    words = tuple(words_of(text, sentence.span.start, sentence.span.end))
    breaks = frozenset(
        at
        for at in range(1, len(words))
        if _BREAK.search(text, words[at - 1].span.end, words[at].span.start)
    )
    return Reading(words, tuple(_cues(words)), sentence.section, breaks)


_BREAK = re.compile(r"[;:\u2013\u2014]|\.\s")


def _cues(words: Sequence[Word]) -> Iterator[_Cue]:
    """The longest trigger at each place; a longer one hides those within it."""
    table = _triggers()
    at = 0
    while at < len(words):
        found = next(
            (
                each
                for each in table.get(words[at].text, ())
                if each.words == tuple(word.text for word in words[at : at + len(each.words)])
            ),
            None,
        )
        if found:
            yield _Cue(found, at, at + len(found.words))
        at += len(found.words) if found else 1


@lru_cache(1)
def _triggers() -> dict[str, tuple[_Trigger, ...]]:
    """By first word, the longest first."""
    table: dict[str, list[_Trigger]] = {}
    for line in lines(__package__, "triggers.txt"):
        kind, direction, reach, phrases = (each.strip() for each in line.split("|"))
        if kind not in get_args(_Kind) or direction not in get_args(_Direction):
            raise ValueError("triggers.txt: a line has no known kind and direction")
        for phrase in phrases.split(","):
            words = tuple(word.text for word in words_of(phrase.lower()))
            trigger = _Trigger(words, kind, direction, int(reach))  # type: ignore[arg-type]
            table.setdefault(words[0], []).append(trigger)
    return {
        word: tuple(sorted(found, key=lambda each: -len(each.words)))
        for word, found in table.items()
    }
