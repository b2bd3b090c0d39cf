"""Interchanges and groups under the checker: what ISA and GS say, and what they hold."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from rcm_x12.check.catalogue import STRUCTURE
from rcm_x12.check.engine import dressed
from rcm_x12.check.guides import declared
from rcm_x12.check.report import Checked, CheckedSet, Group, Interchange
from rcm_x12.findings import Finding, Severity
from rcm_x12.framing import FINDINGS_MAX as ENVELOPE_FINDINGS_MAX
from rcm_x12.framing import Framer, Receiver, SetHead
from rcm_x12.pieces import at
from rcm_x12.scalars import EPOCH, moment_of

_FUNCTIONS: Final = {
    "837": "HC",
    "835": "HP",
    "270": "HS",
    "271": "HB",
    "276": "HR",
    "277": "HN",
    "999": "FA",
}
"""GS01 by ST01."""
_QUALIFIERS: Final = frozenset(["01", "14", "20", "27", "28", "29", "30", "33", "ZZ"])
"""ISA05 and ISA07 that the HIPAA guides allow."""
_KEPT_NUMBERS_MAX: Final = 100_000
_CHARACTERS_MAX: Final = 100
FINDINGS_MAX: Final = 10_000
"""Of one file; its sets have a limit of their own."""


@dataclass(slots=True)
class _GroupDraft:
    gs: list[str]
    declared: int = 0
    sets: list[CheckedSet] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


@dataclass(slots=True)
class _InterchangeDraft:
    isa: list[str]
    groups: list[Group] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    numbers: set[str] = field(default_factory=set)
    has_ta1: bool = False
    content: int = 0


class CheckFramer(Framer[Checked]):
    """A framer that remembers interchanges and groups, and asks more of them."""

    def __init__(self, open_set: Callable[[SetHead], Receiver[Checked] | None]) -> None:
        super().__init__(open_set)
        self.interchanges: list[Interchange] = []
        self._outer: _InterchangeDraft | None = None
        self._inner: _GroupDraft | None = None
        self._seen: set[tuple[str, str]] = set()
        self._kept = 0
        self._characters = 0
        """Elements of the set at hand with a character that none may hold."""
        self.omitted = 0
        self.has_errors = False

    def _note_ta1(self) -> None:
        if self._outer is not None:
            self._outer.has_ta1 = True

    def finish(self) -> None:
        super().finish()
        self._settle_interchange()

    def _say(
        self, code: str, message: str, severity: Severity = "error", *, name: str = ""
    ) -> None:
        before = len(self.findings)
        super()._say(code, message, severity, name=name)
        entry = STRUCTURE[code]
        for index in range(before, len(self.findings)):
            self.findings[index] = dressed(self.findings[index], None)
            if entry.level == "interchange" and self._outer is not None:
                self._outer.findings.append(self.findings[index])
            elif self._inner is not None:
                self._inner.findings.append(self.findings[index])

    def _fault(self, code: str, name: str) -> None:
        entry = STRUCTURE[code]
        self._say(code, entry.sentence, entry.severity, name=name)

    def _open_interchange(self, isa: list[str]) -> None:
        super()._open_interchange(isa)
        self._settle_interchange()
        self._outer = _InterchangeDraft(isa)
        for code in _isa_faults(isa):
            self._fault(code, "ISA")
        key = (at(isa, 6), at(isa, 13))
        if key in self._seen:
            self._fault("ISA-repeated", "ISA")
        if len(self._seen) < _KEPT_NUMBERS_MAX:
            self._seen.add(key)

    def _open_group(self, gs: list[str]) -> None:
        self._settle_group()
        self._inner = _GroupDraft(gs)
        super()._open_group(gs)
        for code in _gs_faults(gs) if len(gs) > 1 else ():
            self._fault(code, "GS")
        if self._outer is not None:
            if at(gs, 6) in self._outer.numbers:
                self._fault("GS-repeated", "GS")
            if len(self._outer.numbers) < _KEPT_NUMBERS_MAX:
                self._outer.numbers.add(at(gs, 6))

    def _open_set(self, st: list[str]) -> None:
        super()._open_set(st)
        self._characters = 0
        layout, is_adopted = declared(self._head.version, at(st, 1)) if self._head else (None, True)
        if layout is None:
            self._fault_in_set("ST-unsupported")
        elif not is_adopted:
            self._fault_in_set("GS-label")
        number, version = at(st, 2), at(st, 3)
        if not 4 <= len(number) <= 9:
            self._fault_in_set("ST-number")
        label = at(self._inner.gs, 8) if self._inner is not None else ""
        if version != label and (version or at(st, 1) != "835"):
            self._fault_in_set("ST-version")
        expected = _FUNCTIONS.get(at(st, 1))
        if self._inner is not None and expected and at(self._inner.gs, 1) != expected:
            self._fault("GS-set", "GS")

    def _fault_in_set(self, code: str) -> None:
        entry = STRUCTURE[code]
        if self._receiver is not None:
            place = ("ST", self._position, 1)
            found = Finding(code, entry.severity, entry.sentence, *place)
            self._receiver.findings.append(found)

    def character(self, segment: list[str], position: int, elements: list[int]) -> None:
        """These elements hold what none may hold; so many of one set are told, the rest counted."""
        entry = STRUCTURE["character"]
        self._position = position
        if self._receiver is None:
            self._fault(entry.code, known_id(segment))
            return
        at = position - self._set_start + 1
        for element in elements:
            self._characters += 1
            if self._characters > _CHARACTERS_MAX:
                self.omitted += 1
                continue
            place = (known_id(segment), position, at, "", element)
            found = Finding(entry.code, entry.severity, entry.sentence, *place)
            self._receiver.findings.append(found)

    def _close_group(self, ge: list[str]) -> None:
        super()._close_group(ge)
        if self._inner is not None:
            self._inner.declared = int(at(ge, 1)) if _COUNT(at(ge, 1)) else 0
        self._settle_group()

    def _close_set(self, se: list[str] | None) -> None:
        super()._close_set(se)
        if self.sets and self._inner is not None:
            self._inner.sets.append(self._within_limit(self.sets.pop()))

    def _within_limit(self, one: CheckedSet) -> CheckedSet:
        """The set with as many findings as the file still has room for, and an error if it has."""
        self.omitted += one.content.omitted
        self.has_errors = self.has_errors or one.is_blocked or one.content.has_errors
        room = max(FINDINGS_MAX - self._kept, 0)
        if len(one.findings) > room:
            first_error = [found for found in one.findings if found.severity == "error"][:1]
            kept = one.findings[:room] or tuple(first_error)
            self.omitted += len(one.findings) - len(kept)
            one = replace(one, findings=kept)
        self._kept += len(one.findings)
        return one

    def _close_interchange(self, iea: list[str]) -> None:
        super()._close_interchange(iea)
        outer = self._outer
        if outer is not None and not outer.groups and self._inner is None and not outer.has_ta1:
            self._fault("interchange-empty", "ISA")
        self._settle_interchange()

    def _settle_group(self) -> None:
        draft, self._inner = self._inner, None
        if draft is None or self._outer is None:
            return
        gs = draft.gs
        place = (at(gs, 1), at(gs, 6), at(gs, 8))
        group = Group(*place, draft.declared, tuple(draft.sets), tuple(draft.findings))
        self._outer.groups.append(group)

    def _settle_interchange(self) -> None:
        self._settle_group()
        draft, self._outer = self._outer, None
        if draft is None:
            return
        isa = draft.isa
        try:
            # Some senders write a year of four digits; a TA1 repeats two.
            created = moment_of(at(isa, 9)[-6:], at(isa, 10))
        except ValueError:
            created = EPOCH
        self.interchanges.append(
            Interchange(
                at(isa, 13),
                created,
                at(isa, 6).strip(),
                at(isa, 8).strip(),
                at(isa, 15),
                at(isa, 14) == "1",
                tuple(draft.groups),
                tuple(draft.findings),
                draft.has_ta1,
            )
        )

    def adopt(self, findings: list[Finding]) -> None:
        """Take what the tokenizer found since, as being about the interchange at hand."""
        while findings:
            found = replace(findings.pop(0), snip=0)
            found = dressed(found, None)
            self.has_errors = self.has_errors or found.severity == "error"
            if len(self.findings) >= ENVELOPE_FINDINGS_MAX:
                self.omitted += 1
                continue
            self.findings.append(found)
            if self._outer is not None:
                self._outer.findings.append(found)


def known_id(segment: list[str]) -> str:
    """The segment's id, unless it could be something else."""
    name = segment[0]
    return name if name.isascii() and name.isalnum() and len(name) <= 3 else "?"


_COUNT = re.compile(r"[0-9]{1,9}", re.ASCII).fullmatch
_NINE = re.compile(r"[0-9]{9}", re.ASCII).fullmatch


def _isa_faults(isa: list[str]) -> list[str]:
    """Codes of what is wrong with an ISA."""
    if len(isa) != 17:
        return ["ISA-elements"]
    tests = (
        ("ISA-authorization", isa[1] not in {"00", "03"}),
        ("ISA-security", isa[3] not in {"00", "01"}),
        ("ISA-sender-qualifier", isa[5] not in _QUALIFIERS),
        ("ISA-sender", not isa[6].strip()),
        ("ISA-receiver-qualifier", isa[7] not in _QUALIFIERS),
        ("ISA-receiver", not isa[8].strip()),
        ("ISA-version", isa[12] != "00501"),
        ("ISA-number", not _NINE(isa[13])),
        ("ISA-acknowledgment", isa[14] not in {"0", "1"}),
        ("ISA-usage", isa[15] not in {"P", "T"}),
    )
    return [code for code, wrong in tests if wrong]


def _gs_faults(gs: list[str]) -> list[str]:
    try:
        moment_of(at(gs, 4), at(gs, 5))
        dated = len(at(gs, 4)) == 8
    except ValueError:
        dated = False
    number = at(gs, 6)
    tests = (
        ("GS-sender", not at(gs, 2).strip() or not at(gs, 3).strip()),
        ("GS-date", not dated),
        ("GS-number", not _COUNT(number) or number.startswith("0")),
        ("GS-agency", at(gs, 7) != "X"),
    )
    return [code for code, wrong in tests if wrong]
