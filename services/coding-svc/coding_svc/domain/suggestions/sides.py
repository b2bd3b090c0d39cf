"""The side of a mention: the word nearest to it in its clause, or the only side of a note."""

from collections import Counter
from collections.abc import Iterable

from coding_svc.domain.edits.laterality import Side, side_of
from coding_svc.domain.notes.assertion import Reading

SIDES: dict[str, Side] = {
    "right": "right", "left": "left", "bilateral": "bilateral", "bilaterally": "bilateral",
    "both": "bilateral", "rt": "right", "lt": "left", "r": "right", "l": "left",
}  # fmt: skip
WORDS_BEFORE, WORDS_AFTER = 5, 5
# "Right" is also what is correct, what is at once, and what comes next.
_NO_SIDE_BEFORE = frozenset({"now", "away", "handed", "hand-dominant", "ventricular"})


def side_near(reading: Reading, first: int, last: int) -> tuple[Side, int | None]:
    """The side told within, before or after the words `first` up to `last`, and the word that tells
    it where that is not one of them."""
    within = _told(reading, range(first, last))
    if within:
        return within, None
    # Nearest first; a clause's end, which a comma is not, ends the search.
    before = range(first - 1, max(-1, first - 1 - WORDS_BEFORE), -1)
    after = range(last, min(len(reading.words), last + WORDS_AFTER))
    for places, breaks_at in ((before, 1), (after, 0)):
        for at in places:
            if at + breaks_at in reading.breaks:
                break
            if side := _told(reading, (at,)):
                return side, at
    return "", None


def _told(reading: Reading, places: Iterable[int]) -> Side:
    found: set[Side] = set()
    for at in places:
        side = SIDES.get(reading.words[at].text, "")
        if side and not _is_no_side(reading, at):
            found.add(side)
    if found == {"right", "left"}:
        return "bilateral"
    return found.pop() if len(found) == 1 else ""


def _is_no_side(reading: Reading, at: int) -> bool:
    word = reading.words[at].text
    if word in {"r", "l"}:
        # A letter alone is a side only before a word, and R/L stands for "right over left".
        return at + 1 >= len(reading.words) or len(reading.words[at + 1].text) < 3
    return at + 1 < len(reading.words) and reading.words[at + 1].text in _NO_SIDE_BEFORE


def only_side(readings: Iterable[Reading]) -> Side:
    """The side of a note that tells just one; nothing for a note of both."""
    counted: Counter[Side] = Counter()
    for reading in readings:
        if reading.section in {"examination", "review_of_systems", "family_history"}:
            continue
        for at, word in enumerate(reading.words):
            if word.text in {"right", "left", "bilateral"} and not _is_no_side(reading, at):
                counted[SIDES[word.text]] += 1
    return next(iter(counted)) if len(counted) == 1 else ""


__all__ = ["SIDES", "Side", "only_side", "side_near", "side_of"]
