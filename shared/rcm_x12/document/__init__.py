"""Any X12 file of any set and version, without losing a byte.

read(content: bytes) -> Document           envelopes, groups, sets and segments, with all noise kept
write(document: Document) -> bytes         the very same bytes again
kind_of(version, set_id) -> Kind           what a set is, and whether it can be read to values
to_json(document) -> dict                  the JSON form, with loops and named fields where known
from_json(form) -> Document                and back; loops and named fields are for reading only
read_sets(source, findings) -> Iterator    each supported set as values, one at a time

The JSON form (`"x12": 1`) is stable. A segment is an array of its id and elements; one with noise
of its own is an object `{"segment": [...], "before": "...", "after": "..."}`. Segments stand in
`parts`, in file order, within loops, sets, groups and interchanges. `line_break` is the noise that
stands before each segment but the first.
"""

from rcm_x12.document.json_form import JsonInvalid, from_json, to_json
from rcm_x12.document.kinds import Kind, kind_of
from rcm_x12.document.loops import Loop, loops_of
from rcm_x12.document.reader import read
from rcm_x12.document.sets import READERS, RawSet, raw_sets, read_set, read_sets
from rcm_x12.document.values import Document, Group, Interchange, Segment, SetDocument
from rcm_x12.document.writer import write

__all__ = [
    "READERS",
    "Document",
    "Group",
    "Interchange",
    "JsonInvalid",
    "Kind",
    "Loop",
    "RawSet",
    "Segment",
    "SetDocument",
    "from_json",
    "kind_of",
    "loops_of",
    "raw_sets",
    "read",
    "read_set",
    "read_sets",
    "to_json",
    "write",
]
