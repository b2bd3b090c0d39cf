"""A 277 file to responses."""

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
from rcm_x12.pieces import (
    at,
    cents_at,
    date_at,
    moment_at,
    quantity_at,
    read_contact,
    read_procedure,
)
from rcm_x12.status_277.values import (
    ClaimStatus,
    Dependent,
    Response,
    ResponseProvider,
    ResponseReceiver,
    ResponseSource,
    ServiceStatus,
    Status,
    StatusCode,
    Subscriber,
)
from rcm_x12.walked import WalkedSet
from rcm_x12.walker import Node

NO_DATE: Final = date(1900, 1, 1)
"""Stands in where a required date is missing; the finding says so."""


def read(source: bytes | Iterable[bytes]) -> Reading[Response]:
    """Every 277 of 005010X212; a 277CA is skipped. Raises NotX12."""
    return frame(source, _open)


def _open(head: SetHead) -> "ResponseReader | None":
    if head.set_id != "277" or not head.version.startswith("005010X212"):
        return None
    return ResponseReader(head, guide("005010X212", "277"))


class ResponseReader(WalkedSet):
    """One ST."""

    def close(self) -> Response | None:
        root = self._walk.close()
        bht = root.first("BHT")
        sources = tuple(self._source(each) for each in root.loops("2000A"))
        if bht is None or not sources:
            return None
        return Response(at(bht, 3), moment_at(bht, 4), sources)

    def _source(self, node: Node) -> ResponseSource:
        named = node.loop("2100A")
        per = named.first("PER") if named else None
        receivers = tuple(self._receiver(each) for each in node.loops("2000B"))
        contact = read_contact(per) if per else None
        return ResponseSource(name_in(node, "2100A"), receivers, contact)

    def _receiver(self, node: Node) -> ResponseReceiver:
        told = node.loop("2200B")
        return ResponseReceiver(
            name_in(node, "2100B"),
            tuple(self._provider(each) for each in node.loops("2000C")),
            self._statuses(told) if told else (),
            trace_number(told),
        )

    def _provider(self, node: Node) -> ResponseProvider:
        told = node.loop("2200C")
        return ResponseProvider(
            read_names(node, "2100C"),
            tuple(self._subscriber(each) for each in node.loops("2000D")),
            self._statuses(told) if told else (),
            trace_number(told),
        )

    def _subscriber(self, node: Node) -> Subscriber:
        return Subscriber(
            Person(name_in(node, "2100D")),
            tuple(self._claim(each) for each in node.loops("2200D")),
            tuple(self._dependent(each) for each in node.loops("2000E")),
        )

    def _dependent(self, node: Node) -> Dependent:
        claims = tuple(self._claim(each) for each in node.loops("2200E"))
        return Dependent(Person(name_in(node, "2100E")), claims)

    def _claim(self, node: Node) -> ClaimStatus:
        given = references_of(node)
        start, end = read_service_dates(node, self._walk.reporter("DTP", node.name))
        services = node.loops(f"2220{node.name[-1]}")
        return ClaimStatus(
            trace_number(node),
            self._statuses(node),
            start,
            end,
            given.get("1K", ""),
            given.get("EJ", ""),
            given.get("BLT", ""),
            given.get("XZ", ""),
            given.get("VV", ""),
            given.get("D9", ""),
            tuple(self._service(each) for each in services),
        )

    def _service(self, node: Node) -> ServiceStatus:
        svc, walk = node.first("SVC") or [], self._walk
        report = walk.reporter("SVC", node.name)
        start, end = read_service_dates(node, walk.reporter("DTP", node.name))
        return ServiceStatus(
            read_procedure(at(svc, 1), walk.component),
            cents_at(svc, 2, report) or 0,
            cents_at(svc, 3, report) or 0,
            quantity_at(svc, 7, report) or Decimal(0),
            self._statuses(node),
            start or NO_DATE,
            end,
            at(svc, 4),
            references_of(node).get("FJ", ""),
        )

    def _statuses(self, node: Node) -> tuple[Status, ...]:
        return tuple(self._status(stc, node.name) for stc in node.every("STC"))

    def _status(self, stc: list[str], loop: str) -> Status:
        report, component = self._walk.reporter("STC", loop), self._walk.component
        given = (one.split(component) for one in (at(stc, 1), at(stc, 10), at(stc, 11)) if one)
        return Status(
            tuple(StatusCode(one[0], at(one, 1), at(one, 2), at(one, 3)) for one in given),
            date_at(stc, 2, report) or NO_DATE,
            cents_at(stc, 4, report),
            cents_at(stc, 5, report),
            date_at(stc, 6, report),
            date_at(stc, 8, report),
            at(stc, 9),
        )
