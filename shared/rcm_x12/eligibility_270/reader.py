"""A 270 file to inquiries."""

from collections.abc import Iterable

from rcm_x12.eligibility_270.values import (
    Dependent,
    Inquiry,
    InquiryReceiver,
    InquirySource,
    Question,
    Subscriber,
)
from rcm_x12.eligibility_pieces import (
    read_dates,
    read_identifications,
    read_industry,
    read_member,
    read_pointers,
    read_receiver,
    read_source,
    read_traces,
)
from rcm_x12.envelope import Reading
from rcm_x12.framing import SetHead, frame
from rcm_x12.layout import guide
from rcm_x12.pieces import at, cents_at, moment_at, read_procedure
from rcm_x12.walked import WalkedSet
from rcm_x12.walker import Node


def read(source: bytes | Iterable[bytes]) -> Reading[Inquiry]:
    """Every 270 of a file. Raises NotX12."""
    return frame(source, _open)


def _open(head: SetHead) -> "InquiryReader | None":
    if head.set_id != "270" or not head.version.startswith("005010X279"):
        return None
    return InquiryReader(head, guide("005010X279A1", "270"))


class InquiryReader(WalkedSet):
    """One ST."""

    def close(self) -> Inquiry | None:
        root = self._walk.close()
        bht = root.first("BHT")
        sources = tuple(self._source(each) for each in root.loops("2000A"))
        if bht is None or not sources:
            return None
        return Inquiry(at(bht, 3), moment_at(bht, 4), sources, at(bht, 2), at(bht, 6))

    def _source(self, node: Node) -> InquirySource:
        receivers = tuple(self._receiver(each) for each in node.loops("2000B"))
        return InquirySource(read_source(node), receivers)

    def _receiver(self, node: Node) -> InquiryReceiver:
        subscribers = tuple(self._subscriber(each) for each in node.loops("2000C"))
        return InquiryReceiver(read_receiver(node), subscribers)

    def _subscriber(self, node: Node) -> Subscriber:
        person = node.loop("2100C")
        return Subscriber(
            read_member(person, self._walk),
            self._questions(person, "2110C"),
            read_traces(node),
            tuple(self._dependent(each) for each in node.loops("2000D")),
        )

    def _dependent(self, node: Node) -> Dependent:
        person = node.loop("2100D")
        member = read_member(person, self._walk)
        return Dependent(member, self._questions(person, "2110D"), read_traces(node))

    def _questions(self, person: Node | None, loop: str) -> tuple[Question, ...]:
        return tuple(self._question(each) for each in person.loops(loop)) if person else ()

    def _question(self, node: Node) -> Question:
        walk = self._walk
        eq = node.first("EQ") or []
        report = walk.reporter("AMT", node.name)
        amounts = {at(amt, 1): cents_at(amt, 2, report) for amt in node.every("AMT")}
        references = read_identifications(node)
        dates = read_dates(node, walk.reporter("DTP", node.name))
        return Question(
            tuple(code for code in at(eq, 1).split(walk.repetition) if code),
            read_procedure(at(eq, 2), walk.component) if at(eq, 2) else None,
            at(eq, 3),
            read_pointers(at(eq, 5), walk.component),
            amounts.get("R"),
            amounts.get("PB"),
            tuple(read_industry(iii) for iii in node.every("III")),
            references[0] if references else None,
            dates[0] if dates else None,
        )
