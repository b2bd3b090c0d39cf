"""Breaks one sum of an 835 that balanced, as no writer of ours would."""

from typing import Literal

from rcm_x12.scalars import amount_text, cents

RAISED_CENTS = 100


def unbalanced(content: bytes, level: Literal["line", "claim", "transaction"]) -> bytes:
    """The first amount of the level is a dollar too high; the other levels still add up."""
    segments = content.decode("ascii").split("~")
    match level:
        case "line":
            _raise(segments, "SVC", 3)
        case "claim":
            _raise(segments, "CLP", 4)
            _raise(segments, "BPR", 2)
        case "transaction":
            _raise(segments, "BPR", 2)
    return "~".join(segments).encode("ascii")


def _raise(segments: list[str], name: str, element: int) -> None:
    for at, segment in enumerate(segments):
        parts = segment.split("*")
        if parts[0] == name:
            parts[element] = amount_text(cents(parts[element]) + RAISED_CENTS)
            segments[at] = "*".join(parts)
            return
