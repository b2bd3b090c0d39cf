"""Reading a note: its sections, its sentences, what is said in them and how surely.

Everything here is pure and works on offsets into the text as it was given: a reader of a suggestion
is shown the very characters that it rests on. Nothing here logs, and nothing quotes the note in an
error. What the rules know lies in `rules/` as tables that a coder can read.
"""

from coding_svc.domain.notes.assertion import Assertion, Status
from coding_svc.domain.notes.note import Note, read_note
from coding_svc.domain.notes.readable import NoteFinding, NoteUnreadable, unreadable
from coding_svc.domain.notes.sections import Section, SectionKind
from coding_svc.domain.notes.sentences import Sentence
from coding_svc.domain.notes.words import Span

__all__ = [
    "Assertion",
    "Note",
    "NoteFinding",
    "NoteUnreadable",
    "Section",
    "SectionKind",
    "Sentence",
    "Span",
    "Status",
    "read_note",
    "unreadable",
]
