"""The reassociation trace (TRN) as banks pass it on: `TRN*1*trace*company*...` with an end mark."""

import re
from dataclasses import dataclass

# Banks keep the payer's segment inside their own text; the end mark is a backslash or a tilde.
_TRN = re.compile(r"TRN\*1\*([^*~\\]{1,50})\*([^*~\\ ]{1,10})(?:\*[^~\\]*)?(?:[~\\]|$)")


@dataclass(frozen=True, slots=True)
class Trace:
    """TRN02 and TRN03."""

    number: str
    company_id: str


def trace_in(text: str) -> Trace | None:
    """The first TRN segment in a text, or None."""
    found = _TRN.search(text.strip())
    return Trace(found[1].strip(), found[2].strip()) if found else None
