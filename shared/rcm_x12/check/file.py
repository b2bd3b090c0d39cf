"""The checker's door: bytes of a file in, a report out, in constant memory."""

import re
from collections.abc import Iterable
from datetime import date

from rcm_x12.check.codesets import CodeSets, shipped
from rcm_x12.check.companion import Companion
from rcm_x12.check.engine import SetChecker, dressed
from rcm_x12.check.frames import CheckFramer
from rcm_x12.check.guides import declared
from rcm_x12.check.report import Checked, Report
from rcm_x12.check.rules import RULES, Rule
from rcm_x12.findings import Finding
from rcm_x12.framing import FINDINGS_MAX, Receiver, SetHead
from rcm_x12.tokenizer import Block, blocks

# The extended character set of the standard, and whatever the interchange separates by.
_FOREIGN = re.compile(r"[^A-Za-z0-9 !\"&'()*+,\-./:;?=%~@\[\]_{}\\|<>#$^`]")


def check_file(
    source: bytes | Iterable[bytes],
    *,
    codes: CodeSets | None = None,
    companion: Companion | None = None,
    today: date | None = None,
    rules: Iterable[Rule] | None = None,
) -> Report:
    """Everything that is wrong with a file. Raises NotX12 when there is no interchange in it.

    `codes` are the external code sets (the shipped ones unless told otherwise), `companion` adds a
    payer's own rules, `today` bounds what may have happened (the day that GS04 names when absent),
    and `rules` takes the place of all registered ones.
    """
    chosen = tuple(RULES.values() if rules is None else rules)
    opener = _Opener(chosen, companion, shipped() if codes is None else codes, today)
    framer = CheckFramer(opener.open)
    odd: list[Finding] = []
    for block in blocks(source, odd):
        _feed(framer, block, odd)
    framer.adopt(odd)
    framer.finish()
    return _report(framer)


def _feed(framer: CheckFramer, block: Block, odd: list[Finding]) -> None:
    if not block.text.startswith("ISA"):
        framer.adopt(odd)
    if not odd and _is_clean(block):
        framer.take_block(block)
        return
    framer.separators = block.separators
    element = block.separators.element
    for position, text in enumerate(block.segments, block.first):
        segment = text.split(element)
        framer.take(segment, position)
        if odd:
            framer.adopt(odd)
        if _is_foreign(text, block):
            found = [place for place, one in enumerate(segment) if _is_foreign(one, block)]
            framer.character(segment, position, found)


def _is_clean(block: Block) -> bool:
    return not _is_foreign(block.text, block)


def _is_foreign(text: str, block: Block) -> bool:
    return _FOREIGN.search(_without_separators(text, block)) is not None


def _without_separators(text: str, block: Block) -> str:
    for char in (block.separators.element, block.separators.component):
        if _FOREIGN.match(char):
            text = text.replace(char, "*")
    for char in (block.separators.repetition, block.separators.terminator):
        if _FOREIGN.match(char):
            text = text.replace(char, "*")
    return text


def _report(framer: CheckFramer) -> Report:
    sets = [one for each in framer.interchanges for group in each.groups for one in group.sets]
    found = [*framer.findings, *(finding for one in sets for finding in one.findings)]
    found.sort(key=lambda finding: finding.position)
    is_full = len(framer.findings) >= FINDINGS_MAX
    errors = framer.has_errors or any(one.severity == "error" for one in framer.findings)
    interchanges = tuple(framer.interchanges)
    return Report(interchanges, tuple(found), framer.omitted, has_errors=errors or is_full)


class _Opener:
    """Makes the checker of each set."""

    def __init__(
        self,
        rules: tuple[Rule, ...],
        companion: Companion | None,
        codes: CodeSets,
        today: date | None,
    ) -> None:
        self._rules = rules + (companion.rules if companion is not None else ())
        self._codes = codes
        self._today = today

    def open(self, head: SetHead) -> Receiver[Checked]:
        layout, _ = declared(head.version, head.set_id)
        if layout is None:
            return _Unread()
        today = self._today or head.envelope.created_at.date()
        return SetChecker(head, layout, self._rules, self._codes, today=today)


class _Unread:
    """Counts the segments of a set whose guide is not declared."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self._segments = 2

    def feed(self, segment: list[str], position: int, set_position: int) -> None:
        del segment, position
        self._segments = set_position + 1

    def close(self) -> Checked:
        self.findings = [dressed(one, None) for one in self.findings]
        return Checked("", self._segments, has_errors=True)
