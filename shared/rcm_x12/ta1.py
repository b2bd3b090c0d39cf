"""TA1: the answer to an interchange as a whole, before any group of it is looked at."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class InterchangeAcknowledgment:
    """One TA1 segment."""

    control_number: str
    """TA101: ISA13 of the interchange that is answered."""
    interchange_at: datetime
    """TA102 and TA103: its ISA09 and ISA10."""
    code: str
    """TA104: A accepted, E accepted with errors, R rejected."""
    note_code: str = "000"
    """TA105: 000 fine, 001 ISA13 and IEA02 differ, 023 premature end, 025 duplicate ISA13."""

    @property
    def is_accepted(self) -> bool:
        return self.code in {"A", "E"}
