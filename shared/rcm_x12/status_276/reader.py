"""A 276 file to inquiries."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Final

from rcm_x12.claim_status import (
    Person,
    name_in,
    read_names,
    read_service_dates,
    references_of,
    trace_number,
)
from rcm_x12.envelope import Reading
from rcm_x12.framing import SetHead, frame
from rcm_x12.layout import guide
from rcm_x12.pieces import at, cents_at, date_at, moment_at, quantity_at, read_procedure
from rcm_x12.status_276.values import (
    ClaimInquiry,
    Dependent,
    Inquiry,
    InquiryProvider,
    InquiryReceiver,
    InquirySource,
    ServiceInquiry,
    Subscriber,
)
from rcm_x12.walked import WalkedSet
from rcm_x12.walker import Node

NO_DATE: Final = date(1900, 1, 1)
"""Stands in where a required date is missing; the finding says so."""


def read(source: bytes | Iterable[bytes]) -> Reading[Inquiry]:
    """Every 276 of a file. Raises NotX12."""
    return frame(source, _open)


def _open(head: SetHead) -> "InquiryReader | None":
    if head.set_id != "276" or not head.version.startswith("005010X212"):
        return None
    return InquiryReader(head, guide("005010X212", "276"))


class InquiryReader(WalkedSet):
    """One ST."""

    def close(self) -> Inquiry | None:
        root = self._walk.close()
        bht = root.first("BHT")
        sources = tuple(self._source(each) for each in root.loops("2000A"))
        if bht is None or not sources:
            return None
        return Inquiry(at(bht, 3), moment_at(bht, 4), sources)

    def _source(self, node: Node) -> InquirySource:
        receivers = tuple(self._receiver(each) for each in node.loops("2000B"))
        return InquirySource(name_in(node, "2100A"), receivers)

    def _receiver(self, node: Node) -> InquiryReceiver:
        providers = tuple(self._provider(each) for each in node.loops("2000C"))
        return InquiryReceiver(name_in(node, "2100B"), providers)

    def _provider(self, node: Node) -> InquiryProvider:
        subscribers = tuple(self._subscriber(each) for each in node.loops("2000D"))
        return InquiryProvider(read_names(node, "2100C"), subscribers)

    def _subscriber(self, node: Node) -> Subscriber:
        return Subscriber(
            self._person(node, "2100D"),
            tuple(self._claim(each) for each in node.loops("2200D")),
            tuple(self._dependent(each) for each in node.loops("2000E")),
        )

    def _dependent(self, node: Node) -> Dependent:
        claims = tuple(self._claim(each) for each in node.loops("2200E"))
        return Dependent(self._person(node, "2100E"), claims)

    def _person(self, node: Node, loop: str) -> Person:
        dmg = node.first("DMG") or []
        born = date_at(dmg, 2, self._walk.reporter("DMG", node.name))
        return Person(name_in(node, loop), born, at(dmg, 3))

    def _claim(self, node: Node) -> ClaimInquiry:
        walk = self._walk
        given = references_of(node)
        amt = node.first("AMT") or []
        start, end = read_service_dates(node, walk.reporter("DTP", node.name))
        services = node.loops(f"2210{node.name[-1]}")
        return ClaimInquiry(
            trace_number(node),
            start,
            end,
            cents_at(amt, 2, walk.reporter("AMT", node.name)),
            given.get("1K", ""),
            given.get("EJ", ""),
            given.get("BLT", ""),
            given.get("6P", ""),
            given.get("LU", ""),
            given.get("XZ", ""),
            given.get("D9", ""),
            tuple(self._service(each) for each in services),
        )

    def _service(self, node: Node) -> ServiceInquiry:
        svc, walk = node.first("SVC") or [], self._walk
        report = walk.reporter("SVC", node.name)
        start, end = read_service_dates(node, walk.reporter("DTP", node.name))
        return ServiceInquiry(
            read_procedure(at(svc, 1), walk.component),
            cents_at(svc, 2, report) or 0,
            quantity_at(svc, 7, report) or Decimal(0),
            start or NO_DATE,
            end,
            at(svc, 4),
            references_of(node).get("FJ", ""),
        )
