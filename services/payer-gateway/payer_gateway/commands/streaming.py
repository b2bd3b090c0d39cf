"""A file as JSON lines while it is read: each claim of an 835, each set of anything else."""

from collections.abc import Iterable, Iterator
from itertools import chain, tee
from typing import Any

from payer_gateway.commands.showing import findings_as_json
from rcm_x12 import remittance_835
from rcm_x12.document import raw_sets, read_set
from rcm_x12.document.json_form import plain
from rcm_x12.findings import Finding


def lines_of(chunks: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """One object a line; what a line holds is named by `kind` and `item`. Raises NotX12."""
    pieces = iter(chunks)
    head = next(pieces, b"")
    looked, head_again = tee(iter((head,)))
    first = next(iter(raw_sets(looked, [])), None)
    content = chain(head_again, pieces)
    if first is not None and first.kind.name == "835" and first.kind.standing == "supported":
        yield from _remittances(content)
    else:
        yield from _sets(content)


def _remittances(content: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """Header, claims and trailer in constant memory; findings last."""
    findings: list[Finding] = []
    for one in remittance_835.stream(content, findings):
        yield {"kind": "835", "item": type(one).__name__, "values": plain(one)}
    if findings:
        yield {"kind": "835", "item": "Findings", "findings": list(findings_as_json(findings))}


def _sets(content: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    for raw in raw_sets(content, []):
        read = read_set(raw)
        line: dict[str, Any] = {
            "kind": raw.kind.name or raw.set_id,
            "item": type(read.content).__name__ if read else "Set",
            "standing": raw.kind.standing,
            "version": raw.version,
            "position": raw.position,
        }
        if read:
            line["values"] = plain(read.content)
            line["findings"] = list(findings_as_json(read.findings))
        else:
            line["segments"] = [segment.split(raw.separators.element) for segment in raw.segments]
        yield line
