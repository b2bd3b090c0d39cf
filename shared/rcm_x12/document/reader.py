"""Bytes to a document. Nothing is dropped, mended or judged."""

import re

from rcm_x12.document.values import Document, Group, Interchange, Segment, SetDocument
from rcm_x12.findings import NotX12
from rcm_x12.tokenizer import Separators, separators_at

_WHITE = "\r\n\t \x00\x1a"
_LEAD = re.compile("[\ufeff\r\n\t \x00\x1a]*")
_ISA_CHARACTERS = 106


def read(content: bytes) -> Document:
    """The whole file. Raises NotX12 when it does not begin with an interchange."""
    text, encoding = _text(content)
    found: list[Interchange] = []
    place = 0
    while place < len(text):
        lead = _LEAD.match(text, place)
        start = lead.end() if lead else place
        if not text.startswith("ISA", start):
            break
        try:
            # The head is looked at as bytes; its separators are found alike in both encodings.
            head = text[start : start + 4 * _ISA_CHARACTERS].encode("latin-1", "replace")
            separators = separators_at(head, 1, [])
        except NotX12:
            if found:
                break
            raise
        end = _end(text, start, separators.terminator)
        found.append(_interchange(text[place:start], text[start:end], separators))
        place = end
    if not found:
        raise NotX12("the first segment is not ISA" if text else "there is no interchange in it")
    return Document(tuple(found), text[place:], encoding)


def _text(content: bytes) -> tuple[str, str]:
    try:
        return content.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return content.decode("latin-1"), "latin-1"


def _end(text: str, start: int, terminator: str) -> int:
    """Behind the terminator of IEA; before the next ISA where there is none; or the file's end."""
    sign = re.escape(terminator)
    ends = re.compile(
        f"{sign}\\s{{0,64}}(?:(?P<end>IEA)[^{sign}]*{sign}?|ISA[^A-Za-z0-9\\s])"
    ).search(text, start)
    if ends is None:
        return len(text)
    return ends.end() if ends["end"] else ends.start() + 1


def _interchange(preamble: str, text: str, separators: Separators) -> Interchange:
    pieces = text.split(separators.terminator)
    is_terminated = not pieces[-1]
    if is_terminated:
        pieces.pop()
    segments = [_segment(piece, separators.element) for piece in pieces]
    return Interchange(separators, _parts(segments), preamble, is_terminated)


def _segment(piece: str, element: str) -> Segment:
    body = piece.lstrip(_WHITE)
    before = piece[: len(piece) - len(body)]
    bare = body.rstrip("\r\n")
    after = body[len(bare) :]
    return Segment(tuple(bare.split(element)) if bare else (), before, after)


def _parts(segments: list[Segment]) -> tuple[Segment | Group | SetDocument, ...]:
    """The envelopes as they nest; what lacks its end runs to the next beginning."""
    tree = _Tree()
    for segment in segments:
        tree.take(segment)
    tree.close_group()
    return tuple(tree.outer)


class _Tree:
    def __init__(self) -> None:
        self.outer: list[Segment | Group | SetDocument] = []
        self._group: list[Segment | SetDocument] | None = None
        self._set: list[Segment] | None = None

    def take(self, segment: Segment) -> None:
        match segment.id:
            case "GS":
                self.close_group()
                self._group = [segment]
            case "ST":
                self._close_set()
                self._set = [segment]
            case "SE" if self._set is not None:
                self._set.append(segment)
                self._close_set()
            case "GE":
                self._close_set()
                self._put(segment)
                self.close_group()
            case "IEA":
                self.close_group()
                self.outer.append(segment)
            case _ if self._set is not None:
                self._set.append(segment)
            case _:
                self._put(segment)

    def close_group(self) -> None:
        self._close_set()
        if self._group is not None:
            self.outer.append(Group(tuple(self._group)))
            self._group = None

    def _close_set(self) -> None:
        if self._set is not None:
            self._put(SetDocument(tuple(self._set)))
            self._set = None

    def _put(self, part: Segment | SetDocument) -> None:
        if self._group is not None:
            self._group.append(part)
        else:
            self.outer.append(part)
