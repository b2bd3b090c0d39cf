"""What a reader or checker has to say about a file: exact place, stable code, plain sentence."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Trigger:
    """What made a situational rule ask for something: the place that CTX of a 999 names."""

    segment_id: str
    set_position: int
    loop: str = ""
    element: int = 0
    component: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """One observation. It never quotes a value of the file, so it may be logged and shown.

    `position` counts segments of the file from 1 (its first ISA); `set_position` counts from the
    ST of the transaction set (ST is 1) and is 0 outside one, which is what a 999 reports.
    """

    code: str
    severity: Severity
    message: str
    segment_id: str = ""
    position: int = 0
    set_position: int = 0
    loop: str = ""
    element: int = 0
    component: int = 0
    repetition: int = 0
    data_element: str = ""
    """The element's number in the standard's dictionary."""
    reference: str = ""
    """A claim's control number (CLM01, CLP01) when one is near: it carries no identity."""
    snip: int = 0
    """WEDI SNIP type 1-7 of the test that failed; 0 when a reader, not the checker, found it."""
    x12_code: str = ""
    """What an acknowledgment says of it: TA105, AK905, IK502, IK304 or IK403, by its level."""
    trigger: Trigger | None = None

    def __str__(self) -> str:
        place = f"segment {self.position}"
        if self.segment_id:
            name = f"{self.segment_id}{self.element:02d}" if self.element else self.segment_id
            place += f", {name}"
            if self.component:
                place += f"-{self.component}"
        if self.loop:
            place += f" (loop {self.loop})"
        return f"{place}: {self.message}"


class X12Error(ValueError):
    """Base of everything this package raises."""


class NotX12(X12Error):  # noqa: N818 - it says what the bytes are
    """The bytes do not start with an interchange at all."""


class WriteRefused(X12Error):  # noqa: N818 - it says what happened
    """The values would make a file that breaks its guide; `place` names the loop and element."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"{place}: {reason}")
        self.place = place
        self.reason = reason
