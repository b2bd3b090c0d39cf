"""Whether a text is a note at all: said exactly, before any rule looks at it."""

import re
from dataclasses import dataclass

NOTE_CHARACTERS_MAX = 400_000
"""Two hundred times an ordinary visit note, and read in seconds; a longer one is a whole chart, and
is brought document by document."""
LINE_CHARACTERS_MAX = 20_000
"""A longer line is a picture or an archive written as text, which no person typed."""
JUNK_FORGIVEN, JUNK_SHARE = 3, 0.005
# Control characters other than tab, line feed, form feed and carriage return, the sign for a byte
# that was no text, and lone surrogates.
_JUNK = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ufffd\ud800-\udfff]")
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class NoteFinding:
    """Why a text cannot be read as a note. Quotes nothing of it."""

    code: str
    message: str


class NoteUnreadable(Exception):  # noqa: N818 - it says what the text is
    """A caller gave a text that is no note; ask `unreadable` first."""

    def __init__(self, finding: NoteFinding) -> None:
        super().__init__(f"{finding.code}: {finding.message}")
        self.finding = finding


def unreadable(text: str) -> NoteFinding | None:
    """The first reason why a text is no note; None when it is one."""
    if len(text) > NOTE_CHARACTERS_MAX:
        return NoteFinding(
            "note_too_long",
            f"has {len(text)} characters; at most {NOTE_CHARACTERS_MAX} are read as one note",
        )
    if not text.strip():
        return NoteFinding("note_empty", "has no text")
    junk = _JUNK.search(text)
    if junk and len(_JUNK.findall(text)) > max(JUNK_FORGIVEN, len(text) * JUNK_SHARE):
        return NoteFinding(
            "note_not_text",
            f"holds binary data: the first control character is at {junk.start()}",
        )
    long = next((at for at, line in _lines(text) if len(line) > LINE_CHARACTERS_MAX), None)
    if long is not None:
        return NoteFinding(
            "note_line_too_long",
            f"line {long} has more than {LINE_CHARACTERS_MAX} characters without a break",
        )
    if not _LETTER.search(text):
        return NoteFinding("note_without_words", "has no letters")
    return None


def _lines(text: str) -> enumerate[str]:
    return enumerate(text.split("\n"), start=1)
