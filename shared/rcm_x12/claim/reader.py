"""An 837 file to claims: each is built as its loop closes, so memory holds one tree.

Reading is tolerant. Every fault is a finding with its place; a claim is left out only when it has
no CLM at all. What differs between the two guides comes in a `Dialect`.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from rcm_x12.claim.parties import Dependent, Payer, Provider, Subscriber
from rcm_x12.claim.read_parties import (
    dependent_of,
    organization_of,
    payer_of,
    provider_of,
    subscriber_of,
)
from rcm_x12.findings import Finding
from rcm_x12.framing import Framer, SetHead
from rcm_x12.layout import guide
from rcm_x12.pieces import at, moment_at, read_address
from rcm_x12.tokenizer import blocks
from rcm_x12.values import Address
from rcm_x12.walker import Node, Walk

C = TypeVar("C")
B = TypeVar("B")


@dataclass(frozen=True, slots=True)
class Billing:
    """2000A: who bills and who is paid; the names are those of the claim's own fields."""

    billing_provider: Provider
    pay_to_address: Address | None = None
    pay_to_is_person: bool | None = None
    pay_to_plan: Payer | None = None
    currency_code: str = ""


@dataclass(frozen=True, slots=True)
class Above:
    """What stands above a claim."""

    billing: Billing
    subscriber: Subscriber
    payer: Payer
    dependent: Dependent | None

    @property
    def fields(self) -> dict[str, Any]:
        """By the names of the claim's fields."""
        given = {name: getattr(self.billing, name) for name in Billing.__slots__}
        given |= {"subscriber": self.subscriber, "payer": self.payer}
        return given | {"dependent": self.dependent}


@dataclass(frozen=True, slots=True)
class Dialect(Generic[C, B]):
    """One guide: its labels, and how it makes a claim and a batch."""

    version: str
    labels: frozenset[str]
    claim_of: Callable[[Node, Above, Walk], C | None]
    batch_of: Callable[..., B]


class BatchReader(Generic[C, B]):
    """Takes the segments of one ST; each claim goes to `take`."""

    def __init__(
        self, head: SetHead, dialect: Dialect[C, B], take: Callable[[C], None] | None = None
    ) -> None:
        self._dialect = dialect
        self._walk = Walk(
            guide(dialect.version),
            component=head.separators.component,
            repetition=head.separators.repetition,
            units=frozenset({"2000A", "2000B", "2000C", "2300"}),
            on_unit=self._unit,
        )
        self._claims: list[C] = []
        self._take = take or self._claims.append
        self._provider: tuple[Node | None, Billing] = (None, Billing(Provider("")))
        self._holder: tuple[Node | None, Subscriber, Payer] | None = None
        self._patient: tuple[Node | None, Dependent | None] = (None, None)
        self.findings: list[Finding] = self._walk.findings
        if head.version != dialect.version:
            text = f"GS08 is not the adopted label; read as {dialect.version}"
            self.findings.append(Finding("guide-label", "warning", text, "ST", 0, 1))

    def feed(self, segment: list[str], position: int, set_position: int) -> None:
        self._walk.feed(segment, position, set_position)

    def close(self) -> B:
        root = self._walk.close()
        bht = root.first("BHT") or []
        return self._dialect.batch_of(
            reference=at(bht, 3),
            created_at=moment_at(bht, 4),
            submitter=organization_of(root.loop("1000A")),
            receiver=organization_of(root.loop("1000B")),
            claims=tuple(self._claims),
            purpose_code=at(bht, 2),
            type_code=at(bht, 6),
        )

    def _unit(self, node: Node) -> None:
        if node.name != "2300":
            return
        above = Above(
            self._provider_at(node.above("2000A")),
            *self._holder_at(node.above("2000B")),
            self._patient_at(node.above("2000C")),
        )
        claim = self._dialect.claim_of(node, above, self._walk)
        if claim is not None:
            self._take(claim)

    def _provider_at(self, node: Node | None) -> Billing:
        if node is None:
            return Billing(Provider(""))
        if self._provider[0] is not node:
            self._provider = (node, _billing(node, self._walk))
        return self._provider[1]

    def _holder_at(self, node: Node | None) -> tuple[Subscriber, Payer]:
        held = self._holder
        if held is None or held[0] is not node:
            payer = payer_of(node.loop("2010BB") if node else None)
            held = self._holder = (node, subscriber_of(node, self._walk), payer)
        return held[1:]

    def _patient_at(self, node: Node | None) -> Dependent | None:
        if node is not None and self._patient[0] is not node:
            self._patient = (node, dependent_of(node, self._walk))
        return self._patient[1] if node is not None else None


def _billing(node: Node, walk: Walk) -> Billing:
    prv, cur = node.first("PRV") or [], node.first("CUR") or []
    name, pay_to, plan = (node.loop(loop) for loop in ("2010AA", "2010AB", "2010AC"))
    provider = provider_of(name, walk, taxonomy_code=at(prv, 3)) if name else Provider("")
    address, is_person = None, None
    if pay_to:
        address = read_address(pay_to.first("N3"), pay_to.first("N4"))
        said = at(pay_to.first("NM1") or [], 2) == "1"
        is_person = None if said == provider.is_person else said
    return Billing(provider, address, is_person, payer_of(plan) if plan else None, at(cur, 2))


def stream(
    source: bytes | Iterable[bytes], dialect: Dialect[C, B], findings: list[Finding]
) -> Iterator[C]:
    """Every claim as soon as it is complete, in constant memory; findings as their set closes."""
    ready: list[C] = []

    def open_set(head: SetHead) -> BatchReader[C, B] | None:
        if head.set_id == "837" and head.version in dialect.labels:
            return BatchReader(head, dialect, ready.append)
        return None

    framer = Framer(open_set)
    for block in blocks(source, framer.findings):
        framer.separators = block.separators
        element = block.separators.element
        for position, segment in enumerate(block.segments, block.first):
            framer.take(segment.split(element), position)
            if ready:
                yield from ready
                ready.clear()
        _hand_over(framer, findings)
    framer.finish()
    yield from ready
    _hand_over(framer, findings)


def _hand_over(framer: Framer[B], findings: list[Finding]) -> None:
    findings.extend(framer.findings)
    findings.extend(one for each in framer.sets for one in each.findings)
    framer.findings.clear()
    framer.sets.clear()
