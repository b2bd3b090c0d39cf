"""An 837P file to batches: a claim is built as its loop closes, so memory holds one tree.

Reading is tolerant. Every fault is a finding with its place; a claim is left out only when it has
no CLM at all.
"""

from collections.abc import Iterable

from rcm_x12.claim_837p.parties import Dependent, Organization, Payer, Provider, Subscriber
from rcm_x12.claim_837p.reader_claim import ClaimParts, claim_of
from rcm_x12.claim_837p.reader_parties import organization_of, payer_of, person_of, provider_of
from rcm_x12.claim_837p.values import Batch, Claim
from rcm_x12.envelope import Reading
from rcm_x12.findings import Finding
from rcm_x12.framing import EPOCH, SetHead, frame
from rcm_x12.layout import guide
from rcm_x12.pieces import at, read_address, read_reference
from rcm_x12.scalars import moment_of
from rcm_x12.values import Address
from rcm_x12.walker import Node, Walk

VERSIONS = frozenset({"005010X222A1", "005010X222", "005010X222A2"})
"""The adopted guide, and labels of its drafts that are in use; each is read as the adopted one."""


def read(source: bytes | Iterable[bytes]) -> Reading[Batch]:
    """Every 837P of a file. Raises NotX12 when there is no interchange in it."""
    return frame(source, _open)


def _open(head: SetHead) -> "BatchReader | None":
    if head.set_id != "837" or head.version not in VERSIONS:
        return None
    return BatchReader(head)


class BatchReader:
    """Takes the segments of one ST."""

    def __init__(self, head: SetHead) -> None:
        self._component = head.separators.component
        self._walk = Walk(
            guide("005010X222A1"),
            component=self._component,
            repetition=head.separators.repetition,
            units=frozenset({"2300"}),
            on_unit=self._claim,
        )
        self._claims: list[Claim] = []
        self._provider: tuple[Node | None, Provider, Address | None] = (None, Provider(""), None)
        self._holder: tuple[Node | None, Subscriber | None, Payer] = (None, None, Payer("", ""))
        self._patient: tuple[Node | None, Dependent | None] = (None, None)
        self.findings: list[Finding] = self._walk.findings
        if head.version != "005010X222A1":
            text = "GS08 is not the adopted label; read as 005010X222A1"
            self.findings.append(Finding("guide-label", "warning", text, "ST", 0, 1))

    def feed(self, segment: list[str], position: int, set_position: int) -> None:
        self._walk.feed(segment, position, set_position)

    def close(self) -> Batch:
        root = self._walk.close()
        bht = root.first("BHT") or []
        try:
            created = moment_of(at(bht, 4), at(bht, 5) or "0000")
        except ValueError:
            created = EPOCH
        return Batch(
            reference=at(bht, 3),
            created_at=created,
            submitter=self._organization(root.loop("1000A")),
            receiver=self._organization(root.loop("1000B")),
            claims=tuple(self._claims),
            purpose_code=at(bht, 2),
            type_code=at(bht, 6),
        )

    def _organization(self, node: Node | None) -> Organization:
        return Organization("", "") if node is None else organization_of(node)

    def _claim(self, node: Node) -> None:
        provider, pay_to = self._provider_at(node.above("2000A"))
        subscriber, payer = self._holder_at(node.above("2000B"))
        above = ClaimParts(
            provider, pay_to, subscriber, payer, self._patient_at(node.above("2000C"))
        )
        claim = claim_of(node, above, self._walk)
        if claim is not None:
            self._claims.append(claim)

    def _provider_at(self, node: Node | None) -> tuple[Provider, Address | None]:
        if node is not None and self._provider[0] is not node:
            prv = node.first("PRV") or []
            name = node.loop("2010AA")
            pay_to = node.loop("2010AB")
            provider = provider_of(name, taxonomy_code=at(prv, 3)) if name else Provider("")
            address = read_address(pay_to.first("N3"), pay_to.first("N4")) if pay_to else None
            self._provider = (node, provider, address)
        return self._provider[1], self._provider[2]

    def _holder_at(self, node: Node | None) -> tuple[Subscriber, Payer]:
        held = self._holder[1]
        if held is None or self._holder[0] is not node:
            name = node.loop("2010BA") if node else None
            sbr = (node.first("SBR") if node else None) or []
            held = Subscriber(
                person=person_of(name, node.first("PAT") if node else None, self._walk),
                member_id=at((name.first("NM1") if name else None) or [], 9),
                rank=at(sbr, 1),
                filing_code=at(sbr, 9),
                group_number=at(sbr, 3),
                group_name=at(sbr, 4),
                insurance_type_code=at(sbr, 5),
                references=tuple(map(read_reference, name.every("REF"))) if name else (),
            )
            payer = node.loop("2010BB") if node else None
            self._holder = (node, held, payer_of(payer))
        return held, self._holder[2]

    def _patient_at(self, node: Node | None) -> Dependent | None:
        if node is not None and self._patient[0] is not node:
            name, pat = node.loop("2010CA"), node.first("PAT") or []
            references = tuple(map(read_reference, name.every("REF"))) if name else ()
            person = person_of(name, pat, self._walk)
            self._patient = (node, Dependent(person, at(pat, 1), references))
        return self._patient[1] if node is not None else None
