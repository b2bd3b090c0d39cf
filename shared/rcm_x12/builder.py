"""Values to bytes: one segment at a time, envelopes and counts around them.

Everything written is upper-cased, folded to plain letters and free of separators; what cannot be
folded is refused, since X12 has no escape character.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

from rcm_x12.envelope import Envelope
from rcm_x12.findings import WriteRefused
from rcm_x12.layout import Guide

TERMINATOR: Final = "~"
COMPONENT: Final = ":"
REPETITION: Final = "^"
# The extended set of the standard without the four separators and without the backquote.
PLAIN: Final = re.compile(r"[A-Z0-9\-./,&'()]+(?: [A-Z0-9\-./,&'()]+)*", re.ASCII).fullmatch
"""Whether a text can be sent as it is. Several values are asked at once, joined by blanks: an
empty one, or one that begins or ends with a blank, makes two in a row, which is not plain."""
_ALLOWED = re.compile(r"[A-Z0-9!\"&'()+,\-./;?=@ %_{}\[\]|<>#$]*", re.ASCII)
_CLEAN_MAX = 50_000
_UNFOLDED = str.maketrans(
    {"ß": "SS", "Ø": "O", "Æ": "AE", "Œ": "OE", "Ł": "L", "Đ": "D", "Þ": "TH"}
    | {"\u2018": "'", "\u2019": "'", "\u2013": "-", "\u2014": "-"}
)


class _Clean(dict[str, str]):
    """Text as it may be written. What needs folding repeats (names, places), so it is kept."""

    def __missing__(self, text: str) -> str:
        if PLAIN(text):
            return text
        folded = text.upper().translate(_UNFOLDED)
        if not folded.isascii():
            plain = unicodedata.normalize("NFKD", folded)
            folded = "".join(char for char in plain if not unicodedata.combining(char))
        folded = " ".join(folded.split())
        if not _ALLOWED.fullmatch(folded):
            raise ValueError("it holds a character that X12 cannot carry")
        if len(self) >= _CLEAN_MAX:
            self.clear()
        self[text] = folded
        return folded


class _Codes(dict[str, str]):
    """Codes and qualifiers that have been seen to hold nothing but letters and digits."""

    def __missing__(self, code: str) -> str:
        if not re.fullmatch(r"[A-Z0-9]{0,12}", code, re.ASCII):
            raise WriteRefused("a code", "it holds something else than capitals and digits")
        if len(self) < _CLEAN_MAX:
            self[code] = code
        return code


CLEAN: Final[dict[str, str]] = _Clean()
CODE: Final[dict[str, str]] = _Codes()
"""`CODE[value]` is the value; it raises WriteRefused when that could break a segment."""


def text(value: str, place: str, longest: int = 80) -> str:
    """Free text as an element. Raises WriteRefused when it cannot be sent or is too long."""
    if not value:
        return ""
    if len(value) <= longest and PLAIN(value):
        return value
    try:
        folded = CLEAN[value]
    except ValueError as error:
        raise WriteRefused(place, str(error)) from None
    if len(folded) > longest:
        raise WriteRefused(place, f"it is longer than {longest} characters")
    return folded


def needed(value: str, place: str, longest: int = 80) -> str:
    """Free text that must be there."""
    if not value:
        raise WriteRefused(place, "it is required")
    return text(value, place, longest)


_AS_SENT = re.compile(r"[A-Za-z0-9!\"&'()+,\-./;?=@ %_{}\[\]|<>#$`]+", re.ASCII).fullmatch


def as_sent(value: str, longest: int) -> str:
    """A copy of what another sent: to the letter, or nothing, since a folded one would be false."""
    fits = len(value) <= longest and value == value.strip()
    return value if fits and _AS_SENT(value) else ""


def segment(*elements: str) -> str:
    """Elements joined, without the empty ones at the end."""
    return "*".join(elements).rstrip("*")


def composite(*components: str) -> str:
    return COMPONENT.join(components).rstrip(COMPONENT)


def interchange(envelope: Envelope, guide: Guide, bodies: Sequence[Sequence[str]]) -> bytes:
    """One interchange with one group; each body holds the segments between an ST and its SE.

    ST02 counts from 0001. Raises WriteRefused for control numbers or ids the standard forbids.
    """
    parts = [_isa(envelope), _gs(envelope, guide)]
    version = "" if guide.set_id == "835" else guide.version
    for ordinal, body in enumerate(bodies, 1):
        number = f"{ordinal:04d}"
        parts.append(segment("ST", guide.set_id, number, version))
        parts.extend(body)
        parts.append(f"SE*{len(body) + 2}*{number}")
    parts.append(f"GE*{len(bodies)}*{envelope.group_control_number}")
    parts.append(f"IEA*1*{envelope.interchange_control_number}")
    return joined(parts)


def joined(segments: Iterable[str]) -> bytes:
    return (TERMINATOR.join(segments) + TERMINATOR).encode("ascii")


def isa_only(envelope: Envelope, segments: Sequence[str]) -> bytes:
    """An interchange without a group, which only a TA1 has."""
    number = envelope.interchange_control_number
    return joined([_isa(envelope), *segments, f"IEA*0*{number}"])


def _isa(envelope: Envelope) -> str:
    number = envelope.interchange_control_number
    if not re.fullmatch(r"[0-9]{9}", number, re.ASCII):
        raise WriteRefused("ISA13", "it must have nine digits")
    if envelope.usage not in {"P", "T"}:
        raise WriteRefused("ISA15", "it must be P or T")
    sender = needed(envelope.sender_id, "ISA06", 15)
    receiver = needed(envelope.receiver_id, "ISA08", 15)
    blank = " " * 10
    return "*".join(
        (
            "ISA",
            "00",
            blank,
            "00",
            blank,
            _two(envelope.sender_qualifier, "ISA05"),
            f"{sender:15}",
            _two(envelope.receiver_qualifier, "ISA07"),
            f"{receiver:15}",
            f"{envelope.created_at:%y%m%d}",
            f"{envelope.created_at:%H%M}",
            REPETITION,
            "00501",
            number,
            "1" if envelope.acknowledgment_requested else "0",
            envelope.usage,
            COMPONENT,
        )
    )


def _two(value: str, place: str) -> str:
    if len(value) != 2:
        raise WriteRefused(place, "it must have two characters")
    return text(value, place, 2)


def _gs(envelope: Envelope, guide: Guide) -> str:
    number = envelope.group_control_number
    if not re.fullmatch(r"[1-9][0-9]{0,8}", number, re.ASCII):
        raise WriteRefused("GS06", "it must be a number of at most nine digits, no leading zero")
    return segment(
        "GS",
        guide.functional_id,
        needed(envelope.application_sender or envelope.sender_id, "GS02", 15),
        needed(envelope.application_receiver or envelope.receiver_id, "GS03", 15),
        f"{envelope.created_at:%Y%m%d}",
        f"{envelope.created_at:%H%M}",
        number,
        "X",
        guide.version,
    )
