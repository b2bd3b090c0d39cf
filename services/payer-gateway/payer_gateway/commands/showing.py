"""What a person at a terminal sees of sets and findings; plain text when it is piped."""

from collections.abc import Iterable, Iterator
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rcm_x12 import (
    ack_999,
    claim_837i,
    claim_837p,
    eligibility_270,
    eligibility_271,
    remittance_835,
    status_276,
    status_277,
    status_277ca,
)
from rcm_x12.check import Report
from rcm_x12.document import RawSet
from rcm_x12.envelope import TransactionSet
from rcm_x12.findings import Finding
from rcm_x12.scalars import amount_text

_COLORS = {"error": "red", "warning": "yellow", "info": "dim"}


def show_sets(sets: Iterable[tuple[RawSet, TransactionSet[Any] | None]], console: Console) -> int:
    """A row for each set; how many there were."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("set", "number", "version", "segments", "holds", "findings"):
        table.add_column(name, justify="right" if name in {"segments", "findings"} else "left")
    count = 0
    for count, (raw, read) in enumerate(sets, 1):  # noqa: B007 - the last one is the count
        element = raw.separators.element
        number = raw.segments[0].split(element)[2:3]
        holds = summary(read.content) if read else f"{raw.kind.standing}, not read to values"
        found = str(len(read.findings)) if read else ""
        name = raw.kind.name or raw.set_id
        table.add_row(name, *(number or [""]), raw.version, str(len(raw.segments)), holds, found)
    console.print(table)
    return count


def summary(content: Any) -> str:  # noqa: PLR0911 - one return for each kind of set
    """What a set holds, in counts and money; nobody's name."""
    match content:
        case claim_837p.Batch() | claim_837i.Batch():
            charge = sum(claim.charge_cents for claim in content.claims)
            return f"{counted(len(content.claims), 'claim')}, charge {amount_text(charge)}"
        case remittance_835.Remittance():
            paid = amount_text(content.header.payment_cents)
            return f"{counted(len(content.claims), 'claim')}, payment {paid}"
        case status_277ca.ClaimAcknowledgment():
            taken = sum(claim.is_accepted for claim in content.claims)
            verdict = "batch taken" if content.is_accepted else "batch rejected"
            return f"{verdict}, {taken} of {len(content.claims)} claims accepted"
        case ack_999.Acknowledgment():
            good = f"{content.accepted_count} of {content.received_count}"
            return f"verdict {content.code}, {good} sets accepted"
        case eligibility_270.Inquiry():
            return f"{counted(len(list(content.patients)), 'patient')} asked about"
        case eligibility_271.Response():
            patients = list(content.patients)
            count = sum(len(one.patient.benefits) for one in patients)
            rejected = len(list(content.rejections))
            told = (len(patients), "patient"), (count, "benefit"), (rejected, "rejection")
            return ", ".join(counted(*one) for one in told)
        case status_276.Inquiry():
            return f"{counted(len(list(content.claims)), 'claim')} asked about"
        case status_277.Response():
            return f"{counted(len(list(content.claims)), 'claim')} answered"
    return "read to values"


def counted(count: int, noun: str) -> str:
    """A count with its noun."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def show_report(report: Report, extra: tuple[Finding, ...], console: Console) -> None:
    """Findings in file order, then one line of the whole."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("segment", "place", "severity", "snip", "finding"):
        table.add_column(name, overflow="fold")
    for one in (*report.findings, *extra):
        table.add_row(
            str(one.position or ""),
            place_of(one),
            Text(one.severity, style=_COLORS[one.severity]),
            str(one.snip or ""),
            one.message + (f" ({one.reference})" if one.reference else ""),
        )
    if report.findings or extra:
        console.print(table)
    console.print(_verdict(report, extra))


def place_of(one: Finding) -> str:
    """Loop, segment, element and component."""
    name = f"{one.segment_id}{one.element:02d}" if one.element else one.segment_id
    name += f"-{one.component}" if one.component else ""
    return " ".join(part for part in (one.loop, name) if part)


def _verdict(report: Report, extra: tuple[Finding, ...]) -> str:
    sets, found = len(report.sets), (*report.findings, *extra)
    if not found:
        return f"clean: {counted(sets, 'set')}, no finding"
    errors = sum(one.severity == "error" for one in found)
    more = f", {report.omitted} more not shown" if report.omitted else ""
    verdict = "blocked" if report.blocks else "may pass"
    told = (sets, "set"), (len(found), "finding"), (errors, "error")
    return f"{verdict}: {', '.join(counted(*one) for one in told)}{more}"


def findings_as_json(findings: Iterable[Finding]) -> Iterator[dict[str, Any]]:
    """Each finding as JSON values, without what is empty."""
    for one in findings:
        form = {
            "code": one.code,
            "severity": one.severity,
            "message": one.message,
            "segment": one.segment_id,
            "position": one.position,
            "set_position": one.set_position,
            "loop": one.loop,
            "element": one.element,
            "component": one.component,
            "repetition": one.repetition,
            "data_element": one.data_element,
            "reference": one.reference,
            "snip": one.snip,
            "x12_code": one.x12_code,
        }
        yield {name: value for name, value in form.items() if value}
