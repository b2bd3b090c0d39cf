"""Which declared guide a set is checked by."""

from functools import lru_cache
from typing import Final

from rcm_x12.layout import Guide, guide

ADOPTED: Final = (
    "005010X222A1",
    "005010X223A2",
    "005010X221A1",
    "005010X279A1",
    "005010X212",
    "005010X214",
    "005010X231A1",
)
"""The labels that HIPAA adopted; others of the same guide differ by an errata letter only."""


@lru_cache(maxsize=256)
def declared(version: str, set_id: str) -> tuple[Guide | None, bool]:
    """The guide of a set, and whether its label is the adopted one."""
    for label in ADOPTED:
        if label[:10] == version[:10]:
            try:
                found = guide(label, set_id)
            except KeyError:
                return None, False
            return (found, label == version) if found.set_id == set_id else (None, False)
    return None, False
