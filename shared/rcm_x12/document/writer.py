"""A document to bytes: what was read comes back to the byte."""

from rcm_x12.document.values import Document, Interchange, Segment
from rcm_x12.findings import WriteRefused


def write(document: Document) -> bytes:
    """The file. Raises WriteRefused when its text does not fit its encoding, or an element holds
    what ends an element or a segment: X12 has no escape, so it would be read as something else."""
    text = "".join(map(_interchange, document.interchanges)) + document.trailer
    if document.encoding not in {"utf-8", "latin-1"}:
        raise WriteRefused("encoding", "it must be utf-8 or latin-1")
    try:
        return text.encode(document.encoding)
    except UnicodeEncodeError:
        raise WriteRefused(
            "encoding", f"a character does not exist in {document.encoding}"
        ) from None


def _interchange(one: Interchange) -> str:
    element, terminator = one.separators.element, one.separators.terminator
    pieces = [_segment(segment, element, terminator) for segment in one.segments]
    return one.preamble + terminator.join(pieces) + (terminator if one.is_terminated else "")


def _segment(one: Segment, element: str, terminator: str) -> str:
    text = element.join(one.elements)
    if terminator in text or text.count(element) >= max(len(one.elements), 1):
        raise WriteRefused(one.id, "an element holds a separator of the file")
    return one.before + text + one.after
