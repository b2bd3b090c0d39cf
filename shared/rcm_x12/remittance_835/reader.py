"""An 835 file to remittances, streamed by claim and balanced at three levels on the way.

A bulk load that keeps every claim should switch the cycle collector off around it: keeping costs
more than reading, and nothing here makes cycles.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from rcm_x12.envelope import Reading, TransactionSet
from rcm_x12.findings import Finding
from rcm_x12.framing import Framer, SetHead
from rcm_x12.pieces import Report
from rcm_x12.remittance_835.balance import claim_findings, transaction_findings
from rcm_x12.remittance_835.claims import ClaimReader, Sums
from rcm_x12.remittance_835.header import header_of, provider_adjustments_of
from rcm_x12.remittance_835.parts import Ended
from rcm_x12.remittance_835.repair import repaired
from rcm_x12.remittance_835.values import (
    ClaimPayment,
    Header,
    ProviderAdjustment,
    Remittance,
    Trailer,
)
from rcm_x12.tokenizer import Block, blocks

VERSIONS: Final = frozenset({"005010X221A1", "005010X221"})
HEADER_SEGMENTS_MAX: Final = 1000
CLAIM_CHARACTERS_MAX: Final = 4_000_000
"""A claim longer than this is cut off where the block ends; 999 full lines stay below it."""

Item = Header | ClaimPayment | Trailer


def read(source: bytes | Iterable[bytes]) -> Reading[Remittance]:
    """Every 835 of a file. Raises NotX12 when there is no interchange in it.

    A set with an error (`is_blocked`) must not be posted; all that could be read of it is there.
    """
    opener = _Opener(keep=True)
    framer: Framer[Remittance | Trailer] = Framer(opener.open)
    for _ in _items(source, framer, opener):
        pass
    sets = tuple(one for one in framer.sets if isinstance(one.content, Remittance))
    return Reading(sets, tuple(framer.findings))  # type: ignore[arg-type]


def read_sets(
    source: bytes | Iterable[bytes], findings: list[Finding]
) -> Iterator[TransactionSet[Remittance]]:
    """What `read` gives, one set at a time: no more is kept than the set at hand. `findings` gets
    those of the envelopes. Raises NotX12."""
    opener = _Opener(keep=True)
    framer: Framer[Remittance | Trailer] = Framer(opener.open)
    framer.findings = findings
    for _ in _items(source, framer, opener):
        yield from _whole(framer)
    yield from _whole(framer)


def _whole(framer: "Framer[Remittance | Trailer]") -> Iterator[TransactionSet[Remittance]]:
    """Takes the sets that are complete out of the framer."""
    while framer.sets:
        one = framer.sets.pop(0)
        if isinstance(one.content, Remittance):
            yield one  # type: ignore[misc]


def stream(source: bytes | Iterable[bytes], findings: list[Finding]) -> Iterator[Item]:
    """Header, claims and trailer of every 835, in constant memory.

    `findings` grows as the file is read; those of a set are all there when its trailer comes, and
    the trailer says whether the set balances. Raises NotX12.
    """
    opener = _Opener(keep=False, findings=findings)
    framer: Framer[Remittance | Trailer] = Framer(opener.open)
    framer.findings = findings
    return _items(source, framer, opener)


class _Opener:
    """Makes the receiver of each 835 and remembers the one at hand."""

    def __init__(self, *, keep: bool, findings: list[Finding] | None = None) -> None:
        self.keep = keep
        self.findings = findings
        self.at_hand: RemittanceReader | None = None
        self._claims: ClaimReader | None = None
        """Kept from set to set: payers repeat themselves."""

    def open(self, head: SetHead) -> "RemittanceReader | None":
        if head.set_id != "835" or head.version not in VERSIONS:
            self.at_hand = None
            return None
        claims = self._claims
        if claims is None or claims.separators != head.separators:
            claims = self._claims = ClaimReader(head.separators)
        claims.renew()
        self.at_hand = RemittanceReader(claims, self.findings, keep=self.keep)
        return self.at_hand


_ENDS = r"(?:PLB|TS[23]|ISA|IEA|(?:LX|SE|GE|ST|GS)(?:{e}|{t}|\Z))"
"""What ends a claim, with elements or bare; anything else belongs to it."""
_CONTROL = frozenset({"ISA", "GS", "ST", "SE", "GE", "IEA"})


def _items(
    source: bytes | Iterable[bytes],
    framer: "Framer[Remittance | Trailer]",
    opener: _Opener,
) -> Iterator[Item]:
    """Every block through the cutter, then whatever the file's end left open."""
    cutter = _Cutter(framer, opener)
    for block in blocks(source, framer.findings):
        if block.text.startswith("ISA"):
            yield from cutter.flush()
        framer.separators = block.separators
        yield from cutter.cut(block)
    yield from cutter.flush()
    if opener.at_hand is not None:
        yield from opener.at_hand.last()
    framer.finish()
    if opener.at_hand is not None and opener.at_hand.trailer is not None:
        yield opener.at_hand.trailer


class _Cutter:
    """Cuts claims out of the text whole; the segments between them go one by one."""

    def __init__(self, framer: "Framer[Remittance | Trailer]", opener: _Opener) -> None:
        self._framer = framer
        self._opener = opener
        self._carried = ""
        """A claim that the next block may go on with, from the terminator before its CLP."""
        self._position = 0
        """Ordinal of that CLP in the file."""
        self._mark = ""

    def cut(self, block: Block) -> Iterator[Item]:
        if not block.text:
            return
        terminator, element = block.separators.terminator, block.separators.element
        self._mark = mark = f"{terminator}CLP{element}"
        position = self._position if self._carried else block.first
        first, *claims = f"{self._carried}{terminator}{block.text}".split(mark)
        self._carried = ""
        if first:
            yield from self._between(first, position)
            position += first.count(terminator)
        last = claims.pop() if claims else ""
        yield from self._several(claims, position)
        if last:
            position = block.first + block.count - last.count(terminator) - 1
            end = self._end(last)
            if end == len(last) < CLAIM_CHARACTERS_MAX:
                self._carried, self._position = mark + last, position
            else:
                yield from self._claim(last, end, position)

    def _several(self, claims: list[str], position: int) -> Iterator[Item]:
        """Whole claims, the first at `position`; whose place nobody asks for is not counted."""
        terminator, placed, is_wary = self._mark[0], 0, False
        reader = self._opener.at_hand
        for index, text in enumerate(claims):
            # Most texts are one claim and nothing else. Where the last one was more, look first.
            if reader is not None and not is_wary:
                claim, sums = reader.attempt(text)
                if claim is not None and sums is None:
                    yield claim
                    continue
            else:
                claim, sums = None, None
            position += sum(one.count(terminator) + 1 for one in claims[placed:index])
            placed = index
            if claim is not None and sums is not None and reader is not None:
                yield reader.told(claim, sums, position)
                continue
            end = self._end(text)
            is_wary = end < len(text)
            yield from self._claim(text, end, position)
            reader = self._opener.at_hand

    def _end(self, text: str) -> int:
        """Where a claim ends in a text that may go on behind it."""
        terminator, element = re.escape(self._mark[0]), re.escape(self._mark[-1])
        found = re.search(terminator + _ENDS.format(e=element, t=terminator), text)
        return found.start() if found else len(text)

    def flush(self) -> Iterator[Item]:
        """No more of the claim at hand will come."""
        if self._carried:
            text = self._carried[len(self._mark) :]
            self._carried = ""
            yield from self._claim(text, len(text), self._position)

    def _claim(self, text: str, end: int, position: int) -> Iterator[Item]:
        """A claim, up to `end`, and the segments behind it."""
        reader, terminator = self._opener.at_hand, self._mark[0]
        if reader is not None:
            yield from reader.open_claims(position)
            yield reader.claim(text[:end], position)
        if end < len(text):
            yield from self._between(text[end:], position + text.count(terminator, 0, end) + 1)

    def _between(self, text: str, position: int) -> Iterator[Item]:
        """Segments that belong to no claim, each behind its terminator."""
        terminator, element = self._mark[0], self._mark[-1]
        for at, segment in enumerate(text.split(terminator)[1:], position):
            parts = segment.split(element)
            reader = self._opener.at_hand
            if parts[0] not in _CONTROL:
                if reader is not None:
                    yield from reader.turn(parts, at)
                continue
            if reader is not None:
                yield from reader.last()
            self._framer.take(parts, at)
            if reader is not None and reader.trailer is not None:
                yield reader.trailer
            if parts[0] != "ST":
                self._opener.at_hand = None


class RemittanceReader:
    """Takes the segments of one ST."""

    def __init__(self, claims: ClaimReader, findings: list[Finding] | None, *, keep: bool) -> None:
        self.findings: list[Finding] = [] if findings is None else findings
        self.is_open = False
        """Whether the header has been yielded, so that claims may come."""
        self.trailer: Trailer | None = None
        self._separators = claims.separators
        self._claims = claims
        self._keep = keep
        self._kept: list[ClaimPayment] = []
        self._first_finding = len(self.findings)
        self._opening: list[list[str]] = []
        self._header: Header | None = None
        self._plb: list[ProviderAdjustment] = []
        self._group = ""
        self._position = self._start = 0
        self._count = self._charged = self._paid = 0

    def turn(self, parts: list[str], position: int) -> Iterator[Header]:
        """A segment outside any claim; the first that is no header segment closes the header."""
        self._at(position)
        name = parts[0]
        if name in {"LX", "PLB", "TS3", "TS2"}:
            yield from self.open_claims(position)
        if name == "PLB":
            component = self._separators.component
            self._plb += provider_adjustments_of(parts, component, self._fault(name, position))
        elif name == "LX":
            self._group = parts[1] if len(parts) > 1 else ""
        elif not self.is_open and len(self._opening) < HEADER_SEGMENTS_MAX:
            self._opening.append(parts)
        elif name not in {"TS3", "TS2"}:
            self._fault(name, position)("segment-unexpected", "the segment has no place here", 0)

    def open_claims(self, position: int) -> Iterator[Header]:
        """The header is whole."""
        if not self.is_open:
            self.is_open = True
            self._at(position)
            self._header = header_of(self._opening, self._fault_in_header)
            yield self._header

    def last(self) -> Iterator[Header]:
        """The set is about to end."""
        yield from self.open_claims(self._position + 1)

    def _at(self, position: int) -> None:
        self._position = position
        if not self._start:
            self._start = position - 1

    def feed(self, segment: list[str], position: int, set_position: int) -> None:
        """Body segments come by `turn`; the framer has none for us."""

    def close(self) -> "Remittance | Trailer | None":
        """What the framer keeps of the set; its own findings about the set are all there now."""
        if self._header is None:
            return None
        adjusted = sum(one.amount_cents for one in self._plb)
        self.findings += transaction_findings(self._header, self._paid, adjusted, self._start + 1)
        mine = self.findings[self._first_finding :]
        self.trailer = Trailer(
            tuple(self._plb),
            self._count,
            self._charged,
            self._paid,
            adjusted,
            not any(finding.severity == "error" for finding in mine),
        )
        if self._keep:
            return Remittance(self._header, tuple(self._kept), tuple(self._plb))
        return self.trailer

    def _fault(self, segment_id: str, position: int) -> Report:
        """Takes what cannot be read in a segment outside any claim."""
        name = segment_id if segment_id.isalnum() and len(segment_id) <= 3 else ""

        def report(code: str, message: str, element: int) -> None:
            at = position - self._start + 1
            place = (name, position, at, "", element)
            self.findings.append(Finding(code, "error", message, *place))

        return report

    def _fault_in_header(self, segment_id: str) -> Report:
        names = [parts[0] for parts in self._opening]
        index = names.index(segment_id) if segment_id in names else 0
        return self._fault(segment_id, self._start + 1 + index)

    def attempt(self, text: str) -> tuple[ClaimPayment | None, Sums | None]:
        """A claim as it stands, done with unless its sums are given; None if that is not all."""
        if not self.is_open:
            return None, None
        try:
            claim, sums = self._claims.read(text, self._group)
        except (ValueError, IndexError, Ended):
            return None, None
        if sums is None:
            self._count += 1
            self._charged += claim.charge_cents
            self._paid += claim.paid_cents
            if self._keep:
                self._kept.append(claim)
        return claim, sums

    def claim(self, text: str, position: int) -> ClaimPayment:
        """One claim from what follows its `CLP*`, with findings where it is not as it should be."""
        self._position = position
        try:
            claim, sums = self._claims.read(text, self._group)
        except (ValueError, IndexError):
            claim, sums = self._read_again(text)
        return self.told(claim, sums, position)

    def told(self, claim: ClaimPayment, sums: Sums | None, position: int) -> ClaimPayment:
        """The claim, with what there is to say of it said."""
        if sums is not None:
            at = position - self._start + 1
            self.findings += claim_findings(claim, sums, position, at)
        self._count += 1
        self._charged += claim.charge_cents
        self._paid += claim.paid_cents
        if self._keep:
            self._kept.append(claim)
        return claim

    def _read_again(self, text: str) -> tuple[ClaimPayment, Sums | None]:
        """With what cannot be read taken out and named."""
        separators, begin = self._separators, self._position
        clp = f"CLP{separators.element}"
        raw = (clp + text).split(separators.terminator)
        number = raw[0].split(separators.element)[1]

        def report(index: int, finding: Finding) -> None:
            at, in_line = begin + index, any(one[:3] == "SVC" for one in raw[: index + 1])
            self.findings.append(
                replace(
                    finding,
                    position=at,
                    set_position=at - self._start + 1,
                    loop="2110" if in_line else "2100",
                    reference=number,
                )
            )

        mended = separators.terminator.join(repaired(raw, separators.element, report))
        return self._claims.read(mended.removeprefix(clp), self._group)
