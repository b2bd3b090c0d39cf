"""Mentions: the longest runs of words that are, in some order, a title, a term or a phrase."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from coding_svc.domain.notes.assertion import Reading
from coding_svc.domain.notes.words import Span, Word
from coding_svc.domain.suggestions.book import Entry, Phrases
from coding_svc.domain.suggestions.phrases import (
    anatomy,
    bag_of,
    empty_alone,
    lexicon,
    nonessential,
)
from coding_svc.domain.suggestions.sides import SIDES

CONTENT_WORDS_MAX = 8
GAP_WORDS_MAX = 3
"""Words that no title has, or that only bind, between two that belong together."""
OTHER_COST = 4
"""From here on the title says "other": it needs more than one word to be meant."""
EXTERNAL = ("V", "W", "X", "Y")


@dataclass(frozen=True, slots=True)
class Mention:
    """Words `first` up to `last` of a sentence that name a condition or a status."""

    first: int
    last: int
    span: Span
    stems: frozenset[str]
    entries: tuple[Entry, ...]
    source: Literal["lexicon", "title"]
    weight: int
    """Meaning words that matched."""


def mentions_of(reading: Reading, phrases: Phrases) -> tuple[Mention, ...]:
    """What a sentence names, without overlaps, in its order."""
    content = _content(reading, phrases)
    found = sorted(_matches(reading, content, phrases), key=_rank)
    taken: list[Mention] = []
    for each in found:
        if all(each.last <= other.first or other.last <= each.first for other in taken):
            taken.append(each)
    return tuple(sorted(taken, key=lambda each: each.first))


def _rank(mention: Mention) -> tuple[int, int, int, int]:
    """The most meaning first, then our own phrases, then the closest title, then place."""
    return (
        -mention.weight,
        mention.source != "lexicon",
        mention.entries[0].cost,
        mention.first,
    )


def _content(reading: Reading, phrases: Phrases) -> list[int]:
    """Words that some title or phrase has. The side is told apart, so it is not one of them."""
    return [
        at
        for at, word in enumerate(reading.words)
        if word.stems
        and word.text not in SIDES
        and any(phrases.knows(stem) or stem in _lexicon_words() for stem in word.stems)
    ]


def _matches(reading: Reading, content: Sequence[int], phrases: Phrases) -> Iterator[Mention]:
    for begin in range(len(content)):
        end = _reach(reading, content, begin)
        for stop in range(end, begin, -1):
            chosen = [reading.words[at] for at in content[begin:stop]]
            if (found := _look_up(chosen, phrases)) is None:
                continue
            entries, source, stems = found
            first, last = content[begin], content[stop - 1] + 1
            span = Span(reading.words[first].span.start, reading.words[last - 1].span.end)
            yield Mention(first, last, span, stems, entries, source, len(stems))
            break


def _reach(reading: Reading, content: Sequence[int], begin: int) -> int:
    """How far words may belong together: up to a clause's end, a wide gap or the most words."""
    stop = begin + 1
    while stop < len(content) and stop - begin < CONTENT_WORDS_MAX:
        before, after = content[stop - 1], content[stop]
        if after - before > GAP_WORDS_MAX + 1:
            break
        if any(at in reading.breaks for at in range(before + 1, after + 1)):
            break
        stop += 1
    return stop


def _look_up(
    chosen: Sequence[Word], phrases: Phrases
) -> tuple[tuple[Entry, ...], Literal["lexicon", "title"], frozenset[str]] | None:
    stems = frozenset(stem for word in chosen for stem in word.stems)
    core = stems - nonessential()
    for tried in (stems, core) if core and core != stems else (stems,):
        # What stands at the ends must belong to the phrase, or it is found without it.
        if not _may_stand(chosen, tried):
            continue
        bag = bag_of(tried)
        if codes := lexicon().get(bag):
            return tuple(Entry(code, 0) for code in codes), "lexicon", tried
        entries = tuple(each for each in phrases.entries(bag) if _means_it(each, tried))
        if entries:
            return entries, "title", tried
    return None


def _may_stand(chosen: Sequence[Word], tried: frozenset[str]) -> bool:
    ends = {*chosen[0].stems} & tried, {*chosen[-1].stems} & tried
    return all(ends) and not tried <= anatomy()


def _means_it(entry: Entry, stems: frozenset[str]) -> bool:
    """Whether so few words can mean this code."""
    if entry.code.startswith(EXTERNAL):
        return len(stems) >= 3 and entry.cost < OTHER_COST
    if len(stems) == 1:
        return entry.cost < OTHER_COST and not stems & empty_alone() and entry.code[0] != "Z"
    if stems <= anatomy() | empty_alone() and entry.code[0] == "Z":
        return False
    return entry.cost < OTHER_COST or len(stems) >= 2


@lru_cache(1)
def _lexicon_words() -> frozenset[str]:
    return frozenset(word for bag in lexicon() for word in bag.split())
