"""Canaries: invented identifiers that occur nowhere else, to be sent in and then searched for.

    birds = Flock()
    birds.name("patient's last name")        # one more text to send, known under what it stands for
    birds.found_in(content)                  # what of it can be read in these bytes

A search also looks through what is only wrapped: Base64, hex (as PostgreSQL shows bytea), percent
and JSON escapes, gzip and zlib. What is encrypted stays silent.
"""

import base64
import binascii
import re
import secrets
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from urllib.parse import unquote_to_bytes

MARK = "zqx"
"""Begins every text but dates: three letters that no word and no code of ours has in a row."""

_CONSONANTS = "bcdfghjklmnpqrstvwxz"
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{12,}={0,2}")
_HEX = re.compile(rb"(?:[0-9A-Fa-f]{2}){8,}")
_ESCAPE = re.compile(rb"\\u([0-9A-Fa-f]{4})")
_WRAPPINGS_MAX = 3


@dataclass(slots=True)
class Flock:
    """All canaries of one run, by what they stand for."""

    meanings: dict[bytes, str] = field(default_factory=dict)
    _days: int = 0

    def name(self, meaning: str) -> str:
        """A word such as a name, a street's or a city's: letters only, `Zqx...`."""
        return self._add(meaning, "Zqx" + _letters(8))

    def number(self, meaning: str, *, end: str = "") -> str:
        """An identifier such as a member id: `ZQX...` in capitals and digits."""
        return self._add(meaning, f"ZQX{_letters(5).upper()}{secrets.randbelow(10**4):04d}{end}")

    def text(self, meaning: str) -> str:
        """A sentence as people write it into a field for remarks."""
        return f"spoke to {self._add(meaning, 'Zqx' + _letters(8))} about it"

    def birth_date(self, meaning: str) -> date:
        """A day of the thirties that no other canary has; known in the formats that are in use."""
        self._days += 1 + secrets.randbelow(300)
        day = date(1930, 1, 1) + timedelta(days=self._days)
        for shape in ("%Y-%m-%d", "%Y%m%d", "%m/%d/%Y", "%d.%m.%Y"):
            self.meanings[day.strftime(shape).encode()] = meaning
        return day

    def found_in(self, content: bytes) -> set[str]:
        """The meanings of all canaries that can be read in it, however it is wrapped."""
        return {meaning for seen in unwrapped(content) for meaning in self.plainly_in(seen)}

    def plainly_in(self, content: bytes) -> set[str]:
        """The meanings of those that stand there as they are, in capitals or not."""
        lowered = content.lower()
        texts = MARK.encode() in lowered
        return {
            meaning
            for needle, meaning in self.meanings.items()
            if (texts or not needle.startswith(MARK.encode())) and needle in lowered
        }

    def _add(self, meaning: str, text: str) -> str:
        self.meanings[text.lower().encode()] = meaning
        return text


def unwrapped(content: bytes, depth: int = 0) -> Iterator[bytes]:
    """The content, and whatever is wrapped in it."""
    yield content
    if depth < _WRAPPINGS_MAX:
        for inner in _inside(content):
            yield from unwrapped(inner, depth + 1)


def _inside(content: bytes) -> Iterator[bytes]:
    if b"%" in content and (plain := unquote_to_bytes(content)) != content:
        yield plain
    if b"\\u" in content:
        yield _ESCAPE.sub(lambda found: chr(int(found[1], 16)).encode("utf-8", "replace"), content)
    for found in _HEX.findall(content):
        yield bytes.fromhex(found.decode())
    for found in _BASE64.findall(content):
        yield from _from_base64(found)
    if content[:2] in {b"\x1f\x8b", b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda"}:
        yield from _decompressed(content)


def _from_base64(found: bytes) -> Iterator[bytes]:
    body = found.rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
    try:
        yield base64.b64decode(body + b"=" * (-len(body) % 4))
    except binascii.Error:
        return


def _decompressed(content: bytes) -> Iterator[bytes]:
    try:
        # 47: zlib or gzip, whichever the header says.
        yield zlib.decompressobj(47).decompress(content)
    except zlib.error:
        return


def _letters(count: int) -> str:
    return "".join(secrets.choice(_CONSONANTS) for _ in range(count))
