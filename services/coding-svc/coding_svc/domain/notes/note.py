"""A note, read: sections, sentences, and the readings of the sentences when they are asked for."""

from dataclasses import dataclass, field

from coding_svc.domain.notes.assertion import Reading, reading_of
from coding_svc.domain.notes.readable import NoteUnreadable, unreadable
from coding_svc.domain.notes.sections import Section, sections_of
from coding_svc.domain.notes.sentences import Sentence, sentences_of


@dataclass(frozen=True, slots=True)
class Note:
    """A text and what was found in it."""

    text: str = field(repr=False)
    sections: tuple[Section, ...]
    sentences: tuple[Sentence, ...]

    def reading(self, sentence: Sentence) -> Reading:
        """The words of a sentence and what they say of each other."""
        return reading_of(self.text, sentence)


def read_note(text: str) -> Note:
    """Raises `NoteUnreadable` for what is no note."""
    if (finding := unreadable(text)) is not None:
        raise NoteUnreadable(finding)
    sections = sections_of(text)
    return Note(text, sections, sentences_of(text, sections))
