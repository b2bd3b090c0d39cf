"""Interchanges, groups and transaction sets of a file, with the checks of their envelopes.

`frame` pushes the segments of every set into a receiver that the caller opens for it, so a file of
any size passes through in constant memory.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from rcm_x12.envelope import Envelope, Reading, TransactionSet
from rcm_x12.findings import Finding, Severity
from rcm_x12.scalars import EPOCH, moment_of
from rcm_x12.tokenizer import Block, Separators, blocks

Content = TypeVar("Content")
Given = TypeVar("Given", covariant=True)  # noqa: PLC0105 - reads better than Given_co
FINDINGS_MAX = 1000
"""Of one file's envelopes; a broken file says little more after so many."""


@dataclass(frozen=True, slots=True)
class SetHead:
    """What is known when an ST has been read."""

    envelope: Envelope
    functional_id: str
    version: str
    set_id: str
    control_number: str
    separators: Separators


class Receiver(Protocol[Given]):
    """Takes the segments between ST and SE; None from `close` means that nothing was usable."""

    findings: list[Finding]

    def feed(self, segment: list[str], position: int, set_position: int) -> None: ...

    def close(self) -> Given | None: ...


def frame(
    source: bytes | Iterable[bytes],
    open_set: Callable[[SetHead], Receiver[Content] | None],
) -> Reading[Content]:
    """All sets that `open_set` wants (None skips a set) and the findings of the envelopes.

    Raises NotX12 when the source holds no interchange.
    """
    framer = Framer(open_set)
    for block in blocks(source, framer.findings):
        framer.take_block(block)
    framer.finish()
    return Reading(tuple(framer.sets), tuple(framer.findings))


class Framer(Generic[Content]):
    def __init__(self, open_set: Callable[[SetHead], Receiver[Content] | None]) -> None:
        self.open_set = open_set
        self.separators = Separators()
        self.findings: list[Finding] = []
        self.sets: list[TransactionSet[Content]] = []
        self._position = 0
        self._envelope: Envelope | None = None
        self._isa: list[str] = []
        self._group: list[str] | None = None
        self._groups = 0
        self._sets_in_group = 0
        self._set_numbers: set[str] = set()
        self._head: SetHead | None = None
        self._receiver: Receiver[Content] | None = None
        self._set_start = 0

    def take_block(self, block: Block) -> None:
        """Every segment of a block; those within a set go straight to its receiver."""
        self.separators = block.separators
        element = block.separators.element
        feed, start = self._way()
        for position, text in enumerate(block.segments, block.first):
            segment = text.split(element)
            if feed is not None and segment[0] not in _CONTROL:
                feed(segment, position, position - start)
            else:
                self.take(segment, position)
                feed, start = self._way()

    def _way(self) -> tuple[Callable[[list[str], int, int], None] | None, int]:
        """The receiver's feed, if a set is open, and what makes a set position of a position."""
        feed = None if self._receiver is None else self._receiver.feed
        return feed, self._set_start - 1

    def take(self, segment: list[str], position: int) -> None:
        name = segment[0]
        if self._head is not None and name not in _CONTROL:
            if self._receiver is not None:
                self._receiver.feed(segment, position, position - self._set_start + 1)
            return
        self._position = position
        match name:
            case "ST":
                self._open_set(segment)
            case "SE":
                self._close_set(segment)
            case "GS":
                self._open_group(segment)
            case "GE":
                self._close_group(segment)
            case "ISA":
                self._open_interchange(segment)
            case "IEA":
                self._close_interchange(segment)
            case "TA1":
                self._note_ta1()
            case _:
                self._say("segment-outside", "a segment stands outside any transaction set")

    def _note_ta1(self) -> None:
        """A TA1 stands between ISA and GS; its own reader takes it."""

    def finish(self) -> None:
        """The end of the file, wherever it is."""
        if self._head is not None:
            self._close_set(None)
        if self._group is not None:
            self._say("GE-missing", "the file ends inside a group")
            self._group = None
        if self._isa:
            self._say("IEA-missing", "the file ends inside an interchange")

    def _say(
        self, code: str, message: str, severity: Severity = "error", *, name: str = ""
    ) -> None:
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append(Finding(code, severity, message, name, self._position))

    def _open_interchange(self, isa: list[str]) -> None:
        if self._isa:
            self.finish()
        self._isa, self._groups = isa, 0
        self._envelope = None

    def _open_group(self, gs: list[str]) -> None:
        if self._group is not None:
            self._say("GE-missing", "a group begins inside another", name="GS")
        self._group = gs + [""] * (9 - len(gs))
        self._groups += 1
        self._sets_in_group = 0
        self._set_numbers.clear()
        self._envelope = self._read_envelope(self._isa + [""] * (17 - len(self._isa)), self._group)

    def _read_envelope(self, isa: list[str], gs: list[str]) -> Envelope:
        try:
            created = moment_of(isa[9], isa[10])
        except ValueError:
            created = EPOCH
            self._say("ISA-date", "ISA09 and ISA10 are not a date and time", "warning", name="ISA")
        sender, receiver = isa[6].strip(), isa[8].strip()
        return Envelope(
            sender_id=sender,
            receiver_id=receiver,
            interchange_control_number=isa[13],
            group_control_number=gs[6],
            created_at=created,
            sender_qualifier=isa[5],
            receiver_qualifier=isa[7],
            application_sender="" if gs[2] == sender else gs[2],
            application_receiver="" if gs[3] == receiver else gs[3],
            usage=isa[15],
            acknowledgment_requested=isa[14] == "1",
        )

    def _open_set(self, st: list[str]) -> None:
        if self._head is not None:
            self._close_set(None)
        if self._envelope is None or self._group is None:
            self._say("GS-missing", "a transaction set stands outside any group", name="ST")
            self._open_group(["GS"])
        assert self._envelope is not None and self._group is not None  # noqa: S101, PT018 - just set
        self._sets_in_group += 1
        self._set_start = self._position
        number = st[2] if len(st) > 2 else ""
        version = self._group[8] or (st[3] if len(st) > 3 else "")
        self._head = SetHead(
            self._envelope,
            self._group[1],
            version,
            st[1] if len(st) > 1 else "",
            number,
            self.separators,
        )
        self._receiver = self.open_set(self._head)
        if number in self._set_numbers:
            self._in_set("ST-repeated", "ST02 occurs twice in its group", "ST")
        self._set_numbers.add(number)

    def _in_set(self, code: str, message: str, name: str) -> None:
        if self._receiver is None:
            self._say(code, message, name=name)
        else:
            at = self._position - self._set_start + 1
            found = Finding(code, "error", message, name, self._position, at)
            self._receiver.findings.append(found)

    def _close_set(self, se: list[str] | None) -> None:
        head, receiver = self._head, self._receiver
        if head is None:
            self._say("ST-missing", "SE without ST", name="SE")
            return
        if se is None:
            self._in_set("SE-missing", "the transaction set has no SE", "SE")
        else:
            if se[1:2] != [str(self._position - self._set_start + 1)]:
                self._in_set("SE-count", "SE01 is not the number of segments", "SE")
            if se[2:3] != [head.control_number]:
                self._in_set("SE-number", "SE02 does not equal ST02", "SE")
        self._head, self._receiver = None, None
        if receiver is None:
            return
        content = receiver.close()
        if content is None:
            if receiver.findings is not self.findings:
                self.findings.extend(receiver.findings)
            return
        if receiver.findings is self.findings:
            return
        ordered = tuple(sorted(receiver.findings, key=lambda finding: finding.position))
        self.sets.append(
            TransactionSet(
                head.envelope,
                head.functional_id,
                head.version,
                head.set_id,
                head.control_number,
                content,
                ordered,
            )
        )

    def _close_group(self, ge: list[str]) -> None:
        if self._head is not None:
            self._close_set(None)
        if self._group is None:
            self._say("GS-missing", "GE without GS", name="GE")
            return
        if ge[1:2] != [str(self._sets_in_group)]:
            self._say("GE-count", "GE01 is not the number of transaction sets", name="GE")
        if ge[2:3] != [self._group[6]]:
            self._say("GE-number", "GE02 does not equal GS06", name="GE")
        self._group = None

    def _close_interchange(self, iea: list[str]) -> None:
        if self._head is not None:
            self._close_set(None)
        if self._group is not None:
            self._say("GE-missing", "the interchange ends inside a group", name="IEA")
            self._group = None
        if iea[1:2] != [str(self._groups)]:
            self._say("IEA-count", "IEA01 is not the number of groups", name="IEA")
        if len(self._isa) > 13 and iea[2:3] != [self._isa[13]]:
            self._say("IEA-number", "IEA02 does not equal ISA13", name="IEA")
        self._isa, self._envelope = [], None


_CONTROL = frozenset({"ISA", "GS", "ST", "SE", "GE", "IEA"})
