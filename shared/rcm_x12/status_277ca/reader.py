"""A 277CA file to claim acknowledgments."""

from collections.abc import Iterable
from datetime import date

from rcm_x12.envelope import Reading
from rcm_x12.framing import SetHead, frame
from rcm_x12.layout import guide
from rcm_x12.pieces import (
    at,
    cents_at,
    date_at,
    moment_at,
    quantity_at,
    read_date,
    read_name,
    read_procedure,
    read_reference,
)
from rcm_x12.status_277ca.values import (
    ClaimAcknowledgment,
    ClaimStatus,
    ProviderStatus,
    ServiceStatus,
    Status,
    StatusCode,
    Totals,
)
from rcm_x12.values import Name
from rcm_x12.walked import WalkedSet
from rcm_x12.walker import Node

NO_DATE = date(1900, 1, 1)
"""Stands in where a required date is missing; the finding says so."""


def read(source: bytes | Iterable[bytes]) -> Reading[ClaimAcknowledgment]:
    """Every 277CA of a file; a 277 of another guide is skipped. Raises NotX12."""
    return frame(source, _open)


def _open(head: SetHead) -> "ClaimAcknowledgmentReader | None":
    if head.set_id != "277" or not head.version.startswith("005010X214"):
        return None
    return ClaimAcknowledgmentReader(head, guide("005010X214"))


class ClaimAcknowledgmentReader(WalkedSet):
    """One ST."""

    def close(self) -> ClaimAcknowledgment | None:
        root = self._walk.close()
        source = root.loop("2000A")
        receiver = source.loop("2000B") if source else None
        if source is None or receiver is None:
            return None
        bht = root.first("BHT") or []
        sent, batch = source.loop("2200A"), receiver.loop("2200B")
        nm1 = _nm1(source.loop("2100A"))
        return ClaimAcknowledgment(
            reference=at(bht, 3),
            created_at=moment_at(bht, 4),
            source=read_name(nm1),
            source_entity_code=at(nm1, 1),
            source_trace_number=_trace(sent),
            received_on=self._day(sent, "050") or NO_DATE,
            processed_on=self._day(sent, "009") or NO_DATE,
            receiver=read_name(_nm1(receiver.loop("2100B"))),
            batch_reference=_trace(batch),
            statuses=self._statuses(batch),
            totals=self._totals(batch, "90", "AA"),
            providers=tuple(self._provider(each) for each in receiver.loops("2000C")),
        )

    def _provider(self, node: Node) -> ProviderStatus:
        told = node.loop("2200C")
        return ProviderStatus(
            provider=_name(node.loop("2100C")),
            claims=tuple(
                self._claim(each, status)
                for each in node.loops("2000D")
                for status in each.loops("2200D")
            ),
            trace_number=_trace(told),
            statuses=self._statuses(told),
            totals=self._totals(told, "QA", "QC"),
            references=tuple(read_reference(ref) for ref in told.every("REF")) if told else (),
        )

    def _claim(self, patient: Node, node: Node) -> ClaimStatus:
        references = {at(ref, 1): at(ref, 2) for ref in node.every("REF")}
        start, end = self._dates(node)
        return ClaimStatus(
            patient=_name(patient.loop("2100D")),
            control_number=_trace(node),
            statuses=self._statuses(node),
            payer_claim_number=references.get("1K", ""),
            clearinghouse_trace_number=references.get("D9", ""),
            bill_type=references.get("BLT", ""),
            service_from=start,
            service_to=end,
            services=tuple(self._service(each) for each in node.loops("2220D")),
        )

    def _service(self, node: Node) -> ServiceStatus:
        svc = node.first("SVC") or []
        report = self._walk.reporter("SVC", "2220D")
        references = {at(ref, 1): at(ref, 2) for ref in node.every("REF")}
        start, end = self._dates(node)
        return ServiceStatus(
            procedure=read_procedure(at(svc, 1), self._walk.component),
            charge_cents=cents_at(svc, 2, report) or 0,
            statuses=self._statuses(node),
            revenue_code=at(svc, 4),
            quantity=quantity_at(svc, 7, report),
            line_control_number=references.get("FJ", ""),
            prescription_number=references.get("XZ", ""),
            service_from=start,
            service_to=end,
        )

    def _statuses(self, node: Node | None) -> tuple[Status, ...]:
        return tuple(self._status(stc) for stc in node.every("STC")) if node else ()

    def _status(self, stc: list[str]) -> Status:
        report = self._walk.reporter("STC")
        given = (at(stc, 1), at(stc, 10), at(stc, 11))
        parts = (one.split(self._walk.component) for one in given if one)
        return Status(
            codes=tuple(StatusCode(one[0], at(one, 1), at(one, 2)) for one in parts),
            effective_on=date_at(stc, 2, report),
            action_code=at(stc, 3),
            amount_cents=cents_at(stc, 4, report),
            message=at(stc, 12),
        )

    def _totals(self, node: Node | None, accepted: str, rejected: str) -> Totals:
        if node is None:
            return Totals()
        report = self._walk.reporter("QTY")
        counts = {at(qty, 1): quantity_at(qty, 2, report) for qty in node.every("QTY")}
        amounts = {at(amt, 1): cents_at(amt, 2, report) for amt in node.every("AMT")}
        taken, refused = counts.get(accepted), counts.get(rejected)
        return Totals(
            None if taken is None else int(taken),
            None if refused is None else int(refused),
            amounts.get("YU"),
            amounts.get("YY"),
        )

    def _day(self, node: Node | None, qualifier: str) -> date | None:
        for dtp in node.every("DTP") if node else ():
            if at(dtp, 1) == qualifier:
                read_on = read_date(dtp, self._walk.reporter("DTP"))
                return read_on.on if read_on else None
        return None

    def _dates(self, node: Node) -> tuple[date | None, date | None]:
        dtp = node.first("DTP")
        found = read_date(dtp, self._walk.reporter("DTP")) if dtp else None
        return (found.on, found.until) if found else (None, None)


def _nm1(node: Node | None) -> list[str]:
    return (node.first("NM1") if node else None) or []


def _name(node: Node | None) -> Name:
    return read_name(_nm1(node))


def _trace(node: Node | None) -> str:
    return at((node.first("TRN") if node else None) or [], 2)
