"""The values of a 999: one `Acknowledgment` is one ST and answers one received group."""

from dataclasses import dataclass, field
from typing import Final

UNIT_MAX: Final = 35
"""Characters of a unit's number in CTX01."""
BAD_VALUE_MAX: Final = 99
"""Characters of a copy in IK404."""


@dataclass(frozen=True, slots=True)
class Context:
    """CTX: what the error stands in (a claim id), or which situational rule asked for it."""

    name: str
    """`CLM01`, or `SITUATIONAL TRIGGER`."""
    value: str = field(default="", repr=False)
    segment_id: str = ""
    segment_position: int = 0
    loop: str = ""
    element: int = 0
    component: int = 0


@dataclass(frozen=True, slots=True)
class ElementError:
    """IK4."""

    element: int
    code: str
    """IK403: 1-10, 12, 13, I6, I9-I13."""
    component: int = 0
    repetition: int = 0
    data_element: str = ""
    """IK402: the element's number in the dictionary."""
    bad_value: str = field(default="", repr=False)
    """IK404: a copy of what was sent; may be a patient's. Not written when it cannot be sent."""
    contexts: tuple[Context, ...] = ()


@dataclass(frozen=True, slots=True)
class SegmentError:
    """IK3 and what hangs under it."""

    segment_id: str
    position: int
    """From the ST, which is 1."""
    code: str
    """IK304: 1-8, I4, I6-I9."""
    loop: str = ""
    """At most four characters: 2010AA goes out as 2010."""
    contexts: tuple[Context, ...] = ()
    elements: tuple[ElementError, ...] = ()


@dataclass(frozen=True, slots=True)
class SetResponse:
    """AK2 to IK5: the verdict on one transaction set."""

    set_id: str
    control_number: str
    code: str
    """IK501: A accepted, E accepted with errors; R, M, W and X all mean rejected."""
    version: str = ""
    errors: tuple[SegmentError, ...] = ()
    error_codes: tuple[str, ...] = ()
    """IK502-06, at most five."""

    @property
    def is_accepted(self) -> bool:
        return self.code in {"A", "E"}


@dataclass(frozen=True, slots=True)
class Acknowledgment:
    """One 999. An accept says that the file is well formed, not that any claim was taken."""

    functional_id: str
    """AK101: GS01 of the group that is answered."""
    group_control_number: str
    """AK102: its GS06."""
    version: str
    """AK103: its GS08."""
    code: str
    """AK901: A, E, P (some sets rejected), R; M, W and X mean rejected too."""
    included_count: int
    received_count: int
    accepted_count: int
    sets: tuple[SetResponse, ...] = ()
    error_codes: tuple[str, ...] = ()
    """AK905-09."""

    @property
    def is_accepted(self) -> bool:
        """Every set of the group may proceed."""
        return self.code in {"A", "E"}
