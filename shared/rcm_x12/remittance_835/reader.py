"""An 835 file to remittances, streamed by claim and balanced at three levels on the way.

A bulk load that keeps every claim should switch the cycle collector off around it: keeping costs
more than reading, and nothing here makes cycles.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from rcm_x12.envelope import Reading
from rcm_x12.findings import Finding
from rcm_x12.framing import Framer, SetHead
from rcm_x12.remittance_835.balance import claim_findings, transaction_findings
from rcm_x12.remittance_835.claims import ClaimReader, Sums
from rcm_x12.remittance_835.header import header_of, provider_adjustments_of
from rcm_x12.remittance_835.repair import repaired
from rcm_x12.remittance_835.values import (
    ClaimPayment,
    Header,
    ProviderAdjustment,
    Remittance,
    Trailer,
)
from rcm_x12.tokenizer import blocks

VERSIONS: Final = frozenset({"005010X221A1", "005010X221"})
SEGMENTS_MAX: Final = 120_000
"""Of one claim: 999 lines with every segment at its limit come nowhere near."""

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


def stream(source: bytes | Iterable[bytes], findings: list[Finding]) -> Iterator[Item]:
    """Header, claims and trailer of every 835, in constant memory.

    `findings` grows as the file is read; those of a set are all there when its trailer comes, and
    the trailer says whether the set balances. Raises NotX12.
    """
    opener = _Opener(keep=False, findings=findings)
    framer: Framer[Remittance | Trailer] = Framer(opener.open)
    framer.findings = findings
    for item in _items(source, framer, opener):
        yield item


class _Opener:
    """Makes the receiver of each 835 and remembers the one at hand."""

    def __init__(self, *, keep: bool, findings: list[Finding] | None = None) -> None:
        self.keep = keep
        self.findings = findings
        self.at_hand: RemittanceReader | None = None

    def open(self, head: SetHead) -> "RemittanceReader | None":
        if head.set_id != "835" or head.version not in VERSIONS:
            self.at_hand = None
            return None
        self.at_hand = RemittanceReader(head, self.findings, keep=self.keep)
        return self.at_hand


_CONTROL = frozenset({"ISA", "GS*", "ST*", "SE*", "GE*", "IEA"})


def _items(
    source: bytes | Iterable[bytes],
    framer: "Framer[Remittance | Trailer]",
    opener: _Opener,
) -> Iterator[Item]:
    """The loop: control segments to the framer, all others to the set at hand."""
    for block in blocks(source, framer.findings):
        framer.separators = block.separators
        element = block.separators.element
        control = frozenset(tag.replace("*", element) for tag in _CONTROL)
        ends = control | {"CLP", "PLB", "TS3", "TS2", f"LX{element}"}
        reader = opener.at_hand
        raw = reader.raw if reader else None
        for position, segment in enumerate(block.segments, block.first):
            tag = segment[:3]
            if raw and tag not in ends:
                if tag == "SVC":
                    reader.starts.append(len(raw))  # type: ignore[union-attr]
                raw.append(segment)
                continue
            if tag not in control:
                if reader is not None:
                    yield from reader.turn(tag, segment, position)
                continue
            if reader is not None:
                yield from reader.last()
            framer.take(segment.split(element), position)
            if reader is not None and reader.trailer is not None:
                yield reader.trailer
            reader = opener.at_hand = opener.at_hand if tag[:2] == "ST" else None
            raw = reader.raw if reader else None
    if opener.at_hand is not None:
        yield from opener.at_hand.last()
    framer.finish()
    if opener.at_hand is not None and opener.at_hand.trailer is not None:
        yield opener.at_hand.trailer


class RemittanceReader:
    """Takes the segments of one ST."""

    def __init__(self, head: SetHead, findings: list[Finding] | None, *, keep: bool) -> None:
        self.findings: list[Finding] = [] if findings is None else findings
        self.raw: list[str] = []
        """Segments of the claim at hand, CLP first; the same list all along."""
        self.starts: list[int] = []
        self._separators = head.separators
        self._claims = ClaimReader(head.separators.element, head.separators.component)
        self._keep = keep
        self._kept: list[ClaimPayment] = []
        self._first_finding = len(self.findings)
        self._opening: list[list[str]] = []
        self._header: Header | None = None
        self._plb: list[ProviderAdjustment] = []
        self._group = ""
        self._position = self._start = 0
        self._count = self._charged = self._paid = 0
        self.trailer: Trailer | None = None

    def turn(self, tag: str, segment: str, position: int) -> Iterator[Item]:
        """A segment that ends the claim at hand, or stands before the first one."""
        if self.raw:
            yield self._close_claim()
        element = self._separators.element
        if not self._start:
            self._start = position - 1
        self._position = position
        if self._header is None and tag in self._begins(element):
            self._header = header_of(self._opening, self._say)
            yield self._header
        if tag == "CLP":
            self.raw.append(segment)
        elif tag == "PLB":
            self._plb += provider_adjustments_of(
                segment.split(element), self._separators.component, self._say
            )
        elif tag == f"LX{element}":
            self._group = segment[3:]
        elif self._header is None:
            self._opening.append(segment.split(element))
        elif tag not in {"TS3", "TS2"}:
            self._say("segment-unexpected", "the segment has no place here", 0)

    def last(self) -> Iterator[Item]:
        """The set is about to end."""
        if self.raw:
            yield self._close_claim()
        if self._header is None:
            self._header = header_of(self._opening, self._say)
            yield self._header

    def feed(self, segment: list[str], position: int, set_position: int) -> None:
        """Body segments come by `turn`; the framer has none for us."""

    def close(self) -> "Remittance | Trailer | None":
        """What the framer keeps of the set; its own findings about the set are all there now."""
        if self._header is None:
            return None
        adjusted = sum(one.amount_cents for one in self._plb)
        self.findings += transaction_findings(self._header, self._paid, adjusted, self._start + 2)
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

    @staticmethod
    def _begins(element: str) -> tuple[str, ...]:
        return ("CLP", "PLB", f"LX{element}", "TS3", "TS2")

    def _say(self, code: str, message: str, element: int) -> None:
        at = self._position - self._start + 1
        self.findings.append(
            Finding(code, "error", message, "", self._position, at, element=element)
        )

    def _close_claim(self) -> ClaimPayment:
        raw, starts = self.raw, self.starts
        begin = self._position
        try:
            claim, sums = self._claims.read(raw, starts, self._group)
        except (ValueError, IndexError):
            claim, sums = self._read_again(begin)
        self._count += 1
        self._charged += claim.charge_cents
        self._paid += claim.paid_cents
        wrong = (
            sums.lines
            or claim.charge_cents - sums.adjusted != claim.paid_cents
            or (sums.count and claim.charge_cents != sums.charged)
            or claim.patient_responsibility_cents != sums.patient
        )
        if wrong:
            self.findings += claim_findings(claim, sums, begin, begin - self._start + 1)
        if self._keep:
            self._kept.append(claim)
        raw.clear()
        starts.clear()
        return claim

    def _read_again(self, begin: int) -> tuple[ClaimPayment, Sums]:
        number = self.raw[0].split(self._separators.element)[1:2]

        def report(index: int, finding: Finding) -> None:
            self.findings.append(
                Finding(
                    finding.code,
                    "error",
                    finding.message,
                    finding.segment_id,
                    begin + index,
                    begin + index - self._start + 1,
                    "2100" if not self.starts or index < self.starts[0] else "2110",
                    finding.element,
                    reference=number[0] if number else "",
                )
            )

        mended = repaired(self.raw, self._separators.element, report)
        starts = [i for i, segment in enumerate(mended) if segment.startswith("SVC")]
        return self._claims.read(mended, starts, self._group)
