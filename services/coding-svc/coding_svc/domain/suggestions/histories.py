"""What was, and what runs in the family: chronic conditions stay, the rest has codes of its own."""

from dataclasses import dataclass
from functools import lru_cache

from coding_svc.domain.notes.assertion import Status
from coding_svc.domain.notes.tables import listed, pairs
from coding_svc.domain.suggestions.suggestion import Reason


@dataclass(frozen=True, slots=True)
class History:
    """What a history is coded as."""

    code: str
    status: Status
    reason: Reason


def code_of_history(code: str, status: Status) -> History | None:
    """The code for a condition that the note tells of the past or of the family; None when the
    condition's own code and status stand."""
    if status == "historical":
        if is_chronic(code):
            reason = Reason("chronic", "a chronic condition in a history is still there (IV.I)")
            return History(code, "present", reason)
        if code.startswith("Z"):
            return History(code, "present", Reason("history", "a code of a history or status"))
        if found := _longest("personal", code):
            reason = Reason("personal_history", "over, so coded as a personal history (I.C.21.c.4)")
            return History(found, "present", reason)
    if status == "family" and (found := _longest("family", code)):
        reason = Reason("family_history", "the family's, so coded as a family history (I.C.21.c.4)")
        return History(found, "present", reason)
    return None


def _longest(kind: str, code: str) -> str | None:
    table = _maps()[kind]
    beginnings = (code[:length] for length in range(len(code), 0, -1))
    return next((table[each] for each in beginnings if each in table), None)


@lru_cache(1)
def _table() -> dict[str, tuple[str, ...]]:
    return {
        left: tuple(each.replace(".", "") for each in listed(right))
        for left, right in pairs(__package__, "histories.txt")
        if left == "chronic"
    }


@lru_cache(1)
def _maps() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {"personal": {}, "family": {}}
    for left, right in pairs(__package__, "histories.txt"):
        kind, _, beginnings = left.partition(" ")
        if kind in found:
            for each in listed(beginnings):
                found[kind][each.replace(".", "")] = right.replace(".", "")
    return found


def is_chronic(code: str) -> bool:
    """Whether a condition stays: what is told of it in a history is still true."""
    return code.startswith(_table()["chronic"])
