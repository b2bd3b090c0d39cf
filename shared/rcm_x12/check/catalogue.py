"""What the checker knows to say: one entry a code, for rules and for the structure alike.

An entry tells what a reference page prints and what an acknowledgment repeats, so neither keeps a
table of its own.
"""

from dataclasses import dataclass
from importlib.resources import files
from typing import Literal, get_args

from rcm_x12.findings import Severity

Level = Literal["interchange", "group", "set", "segment", "element", "content"]
"""Which acknowledgment speaks of it: TA1, AK9, IK5, IK3, IK4, or none (a 277CA's matter)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One code of a finding."""

    code: str
    snip: int
    """SNIP type: 1 standard, 2 guide, 3 balance, 4 situation, 5 code set, 6 service, 7 payer."""
    severity: Severity
    level: Level
    x12_code: str
    sentence: str
    source: str


_SOURCES = {
    "interchange": "X12.5, interchange control structure",
    "group": "X12.6, functional group",
    "set": "X12.6, transaction set",
    "syntax": "X12.6, application control structure",
    "guide": "the guide as declared in `rcm_x12/guides`",
}


def _structure() -> dict[str, Entry]:
    found = {}
    table = files("rcm_x12.check").joinpath("structure.txt").read_text(encoding="utf-8")
    for line in table.splitlines():
        if not line.startswith(";"):
            code, snip, severity, level, x12_code, sentence, source = line.split(" | ")
            found[code] = Entry(
                code,
                int(snip),
                _SEVERITIES[severity],
                _LEVELS[level],
                x12_code,
                sentence,
                _SOURCES.get(source, source),
            )
    return found


_SEVERITIES: dict[str, Severity] = {one: one for one in get_args(Severity)}
_LEVELS: dict[str, Level] = {one: one for one in get_args(Level)}
STRUCTURE: dict[str, Entry] = _structure()
"""Everything that the tokenizer, the framing, the walker and the elements can find."""

READERS: dict[str, tuple[Level, str]] = {
    "amount": ("element", "6"),
    "quantity": ("element", "6"),
    "date": ("element", "8"),
}
"""Level and code of what only a reader says."""
