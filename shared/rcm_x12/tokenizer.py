"""Bytes to segments: blocks of whole segments, whatever the sender did to separators and line ends.

X12 has no escape character, so cutting at the terminator is all there is to it. What varies is the
frame: a byte order mark, indentation, newline terminators, several interchanges with different
separators in one file, a last terminator that is missing. Memory holds one block at a time.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from rcm_x12.findings import Finding, NotX12

BLOCK_BYTES = 256 * 1024
SEGMENT_BYTES_MAX = 1024 * 1024
"""No guide comes near this; a longer run without a terminator is dropped and reported."""

_BOM = b"\xef\xbb\xbf"
_ISA_BYTES = 106
_ISA_ELEMENTS = 16
_WHITE = "\r\n\t \x00"
_BREAKS = frozenset("\r\n")
# A place where a body shows its component separator whatever ISA16 claims: first part of a
# composite whose qualifier always has two or three letters.
_COMPOSITE = r"{t}(?:SVC|SV1|STC|HI){e}[A-Z0-9]{{2,3}}([^A-Za-z0-9\s{e}{t}])"


@dataclass(frozen=True, slots=True)
class Separators:
    """The four characters that structure an interchange (ISA bytes 3, 104, 82 and 105)."""

    element: str = "*"
    component: str = ":"
    repetition: str = "^"
    terminator: str = "~"


@dataclass(frozen=True, slots=True)
class Block:
    """A run of whole segments of one interchange; `first` is the file's ordinal of the first.

    `text` has the segments without white space around them, terminators between them only.
    """

    separators: Separators
    text: str
    first: int
    count: int

    @property
    def segments(self) -> list[str]:
        return self.text.split(self.separators.terminator) if self.text else []


def blocks(source: bytes | Iterable[bytes], findings: list[Finding]) -> Iterator[Block]:
    """Every segment of every interchange, in blocks; oddities go to `findings`.

    Raises NotX12 when the source does not begin with an ISA segment.
    """
    cursor = _Cursor(source)
    position = 1
    while cursor.fill(_ISA_BYTES) and cursor.skip_noise():
        cursor.fill(_ISA_BYTES)
        if not cursor.buffer.startswith(b"ISA"):
            if position == 1:
                raise NotX12("the first segment is not ISA")
            findings.append(_finding("trailing-bytes", "bytes follow the last IEA", position))
            return
        separators = separators_at(cursor.buffer, position, findings)
        for run, count in _interchange(cursor, separators, findings, position):
            block = Block(separators, run, position, count)
            if run.startswith("ISA"):
                block = _trusted(block, findings)
                separators = block.separators
            yield block
            position += count
    if position == 1:
        raise NotX12("there is no interchange in it")


class _Cursor:
    """What has been read and not yet cut."""

    def __init__(self, source: bytes | Iterable[bytes]) -> None:
        self._chunks = _slices(source) if isinstance(source, bytes) else iter(source)
        self.buffer = b""
        self.more()
        self.buffer = self.buffer.removeprefix(_BOM)

    def more(self) -> bool:
        """Append the next chunk; False at the end of the source."""
        chunk = next(self._chunks, None)
        if chunk is None:
            return False
        self.buffer += chunk
        return True

    def fill(self, size: int) -> bool:
        """Have `size` bytes if there are so many; False when nothing at all is left."""
        while len(self.buffer) < size and self.more():
            pass
        return bool(self.buffer)

    def skip_noise(self) -> bool:
        """Drop white space and NULs between interchanges; False when only those were left."""
        self.buffer = self.buffer.lstrip(b" \t\r\n\x00\x1a")
        while not self.buffer and self.more():
            self.buffer = self.buffer.lstrip(b" \t\r\n\x00\x1a")
        return bool(self.buffer)


def _slices(source: bytes) -> Iterator[bytes]:
    for start in range(0, len(source), BLOCK_BYTES):
        yield source[start : start + BLOCK_BYTES]


def separators_at(head: bytes, position: int, findings: list[Finding]) -> Separators:
    """Separators by the fixed places of ISA, or by counting when its padding is off."""
    element = head[3:4]
    if not element:
        raise NotX12(f"the ISA at segment {position} is not whole")
    fields = head[:_ISA_BYTES].split(element)
    if len(fields) == _ISA_ELEMENTS + 1 and len(fields[-1]) == 2:
        component, terminator = fields[-1][:1], fields[-1][1:]
    else:
        fields = head.split(element, _ISA_ELEMENTS)
        if not element.strip() or len(fields) <= _ISA_ELEMENTS or len(fields[-1]) < 2:
            raise NotX12(f"the ISA at segment {position} is not whole")
        component, terminator = fields[-1][:1], fields[-1][1:2]
        findings.append(_finding("isa-length", "ISA is not 106 bytes long", position))
    # Before 00402 ISA11 named a standards body (U), and some senders never stopped.
    repetition = b"^" if fields[11][:1].isalnum() else fields[11][:1] or b"^"
    chars = [part.decode("latin-1") for part in (element, component, repetition, terminator)]
    if len(set(chars)) < len(chars) or any(char.isalnum() for char in chars):
        text = "a separator is a letter or digit, or is used twice"
        findings.append(_finding("separators", text, position, severity="error"))
    return Separators(*chars)


def _interchange(
    cursor: _Cursor, separators: Separators, findings: list[Finding], position: int
) -> Iterator[tuple[str, int]]:
    """Runs of segments and their count, up to and with IEA or to the end of the source."""
    terminator = separators.terminator.encode("latin-1")
    sign = re.escape(terminator)
    # What is buffered begins with a segment, which may be the IEA itself. The indentation is
    # bounded, since a run of line breaks would otherwise be tried from each of them.
    end = re.compile(rb"(?:\A|" + sign + rb")\s{0,64}IEA[^" + sign + rb"]*")
    while True:
        # Looked for from behind, which takes half as long and finds it at once where it is.
        found = end.search(cursor.buffer) if cursor.buffer.rfind(b"IEA") >= 0 else None
        closed = found is not None and found.end() < len(cursor.buffer)
        cut = found.end() if found and closed else cursor.buffer.rfind(terminator)
        if cut > 0:
            run = _text(cursor.buffer[:cut], separators)
            cursor.buffer = cursor.buffer[cut + 1 :]
            count = _count(run, separators)
            position += count
            yield run, count
        if closed:
            return
        if not _advance(cursor, terminator, findings, position):
            if cursor.buffer.strip():
                findings.append(_finding("terminator", "the last terminator is missing", position))
                run = _text(cursor.buffer, separators)
                yield run, _count(run, separators)
            cursor.buffer = b""
            return


def _count(run: str, separators: Separators) -> int:
    return run.count(separators.terminator) + 1 if run else 0


def _advance(cursor: _Cursor, terminator: bytes, findings: list[Finding], position: int) -> bool:
    """Read on; a run without terminator beyond all measure is dropped up to the next one."""
    if len(cursor.buffer) > SEGMENT_BYTES_MAX:
        text = f"a segment is longer than {SEGMENT_BYTES_MAX} bytes and was left out"
        findings.append(_finding("segment-too-long", text, position, severity="error"))
        while terminator not in cursor.buffer:
            cursor.buffer = b""
            if not cursor.more():
                return False
        cursor.buffer = cursor.buffer[cursor.buffer.index(terminator) + 1 :]
        return True
    return cursor.more()


def _text(run: bytes, separators: Separators) -> str:
    """Text of the segments. UTF-8 when it is UTF-8, else Latin-1, which loses nothing."""
    try:
        text = run.decode()
    except UnicodeDecodeError:
        text = run.decode("latin-1")
    terminator = separators.terminator
    if terminator in "\r\n":
        segments = (segment.strip(_WHITE) for segment in text.split(terminator))
        return terminator.join(segment for segment in segments if segment)
    noisy = "\n" in text or "\r" in text or text.rfind(terminator * 2) >= 0
    if noisy or terminator in (text[:1], text[-1:]):
        return terminator.join(filter(None, map(_bare, text.split(terminator))))
    return text


def _bare(segment: str) -> str:
    """The segment without line breaks and the indentation that goes with them.

    What stands around a segment decides alone, so that a file reads the same however it is cut.
    """
    bare = segment.lstrip(_WHITE)
    if _BREAKS.isdisjoint(segment[: len(segment) - len(bare)]):
        bare = segment
    cut = bare.rstrip(_WHITE)
    return bare if _BREAKS.isdisjoint(bare[len(cut) :]) else cut


def _trusted(block: Block, findings: list[Finding]) -> Block:
    """Some senders write one component separator into ISA16 and use another in the body."""
    separators = block.separators
    pattern = _COMPOSITE.format(e=re.escape(separators.element), t=re.escape(separators.terminator))
    shown = re.search(pattern, block.text)
    if shown is None or shown[1] == separators.component:
        return block
    end = block.text.find(separators.terminator, shown.start() + 1)
    if separators.component in block.text[shown.start() : end if end > 0 else None]:
        return block
    text = "the body does not use the component separator that ISA16 names"
    findings.append(_finding("component-separator", text, block.first))
    return replace(block, separators=replace(separators, component=shown[1]))


def _finding(code: str, message: str, position: int, *, severity: str = "warning") -> Finding:
    return Finding(code, "error" if severity == "error" else "warning", message, "ISA", position)
