"""What a received file holds, whatever it is: acknowledgments, remittances, or junk."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, field

from payer_gateway.domain.remittance import findings_of
from payer_gateway.domain.remittance_sets import RemittanceSets
from rcm.contracts.values import Finding
from rcm_x12 import ack_999, eligibility_271, status_277, status_277ca, ta1
from rcm_x12 import findings as x12
from rcm_x12.envelope import TransactionSet
from rcm_x12.ta1 import InterchangeAcknowledgment
from rcm_x12.tokenizer import blocks

GUIDES = {
    "999": "005010X231",
    "277CA": "005010X214",
    "835": "005010X221",
    "271": "005010X279",
    "277": "005010X212",
}
"""The kinds that are read, and the beginning of their GS08."""

NONE = RemittanceSets()


@dataclass(frozen=True, slots=True)
class Inbound:
    """A file, sorted by kind. `findings` are the envelopes' and those of sets that nobody reads."""

    control_number: str | None = None
    kinds: tuple[str, ...] = ()
    verdicts: tuple[InterchangeAcknowledgment, ...] = ()
    acknowledgments: tuple[TransactionSet[ack_999.Acknowledgment], ...] = ()
    statuses: tuple[TransactionSet[status_277ca.ClaimAcknowledgment], ...] = ()
    remittances: RemittanceSets = NONE
    coverages: tuple[TransactionSet[eligibility_271.Response], ...] = ()
    claim_statuses: tuple[TransactionSet[status_277.Response], ...] = ()
    findings: tuple[Finding, ...] = ()
    usages: frozenset[str] = frozenset()
    """ISA15 of all its interchanges: P production, T test."""

    @property
    def is_readable(self) -> bool:
        """Something in it is of a kind that we read."""
        return bool(
            self.verdicts
            or self.acknowledgments
            or self.statuses
            or self.remittances
            or self.coverages
            or self.claim_statuses
        )


def read(content: bytes) -> Inbound:
    """Never raises for what a partner may send: a file that cannot be read is one finding."""
    try:
        return _read(content)
    except x12.X12Error as error:
        return Inbound(findings=(Finding(code="not-x12", message=str(error)),))
    except Exception as error:  # noqa: BLE001 - hostile bytes must not stop the files behind them
        message = f"the reader failed ({type(error).__name__})"
        return Inbound(findings=(Finding(code="reader-failed", message=message),))


def refused_usage(found: Inbound, allowed: Collection[str]) -> Inbound | None:
    """The file as one finding when it is test data where we work, or real data where we test; None
    when its ISA15 fits. Nothing of such a file may move a claim."""
    if not allowed or found.usages <= set(allowed):
        return None
    return Inbound(
        control_number=found.control_number,
        kinds=found.kinds,
        findings=(WRONG_USAGE,),
        usages=found.usages,
    )


WRONG_USAGE = Finding(
    code="usage-indicator",
    message="test data where production is agreed, or the other way round; nothing was taken",
    location="ISA15",
)


@dataclass(slots=True)
class _Head:
    """One ST as the first pass sees it."""

    kind: str
    digest: bytes = b""


@dataclass(slots=True)
class _Scan:
    """The first pass: which kinds there are, and a digest of every 835."""

    control_number: str | None = None
    usages: set[str] = field(default_factory=set)
    has_ta1: bool = False
    heads: list[_Head] = field(default_factory=list)


def _read(content: bytes) -> Inbound:
    scan = _scan(content)
    kinds = {head.kind for head in scan.heads}
    found: list[x12.Finding] = []
    acknowledgments = ack_999.read(content) if "999" in kinds else None
    statuses = status_277ca.read(content) if "277CA" in kinds else None
    digests = tuple(head.digest for head in scan.heads if head.kind == "835")
    remittances = RemittanceSets.of(content, digests, found) if "835" in kinds else NONE
    coverages = eligibility_271.read(content) if "271" in kinds else None
    claim_statuses = status_277.read(content) if "277" in kinds else None
    for reading in (acknowledgments, statuses, coverages, claim_statuses):
        if reading is not None:
            # Every reader sees the same envelopes.
            found = list(reading.findings)
    unread = sorted(kinds - set(GUIDES))
    return Inbound(
        control_number=scan.control_number,
        kinds=(*(["TA1"] if scan.has_ta1 else []), *sorted(kinds)),
        verdicts=ta1.read(content) if scan.has_ta1 else (),
        acknowledgments=acknowledgments.sets if acknowledgments else (),
        statuses=statuses.sets if statuses else (),
        remittances=remittances,
        coverages=coverages.sets if coverages else (),
        claim_statuses=claim_statuses.sets if claim_statuses else (),
        findings=(*findings_of(found), *map(_unread, unread)),
        usages=frozenset(scan.usages),
    )


def _scan(content: bytes) -> _Scan:
    scan = _Scan()
    version, digest = "", None
    for block in blocks(content, []):
        element = block.separators.element
        for segment in block.segments:
            tag, _, rest = segment.partition(element)
            if tag == "ST":
                head = _Head(_kind(rest.split(element)[0], version))
                scan.heads.append(head)
                digest = hashlib.sha256() if head.kind == "835" else None
            elif tag in {"SE", "GE", "IEA"}:
                if digest is not None:
                    scan.heads[-1].digest = digest.digest()
                digest = None
            elif digest is not None:
                digest.update(segment.encode() + b"\x1e")
            elif tag == "GS":
                version = rest.rsplit(element, 1)[-1]
            elif tag == "ISA":
                fields = rest.split(element) + [""] * 16
                scan.control_number = scan.control_number or fields[12] or None
                scan.usages.add(fields[14])
            elif tag == "TA1":
                scan.has_ta1 = True
    return scan


def _kind(set_id: str, version: str) -> str:
    """277 is two guides: the acknowledgment of claims, and the answer to a status inquiry."""
    kind = "277CA" if set_id == "277" and version.startswith(GUIDES["277CA"]) else set_id
    known = kind in GUIDES and version.startswith(GUIDES[kind])
    return kind if known else f"{kind[:6]} {version[:12]}"


def _unread(kind: str) -> Finding:
    return Finding(
        code="kind-not-read",
        severity="warning",
        message="a transaction set of this kind and version is kept, but not read",
        location=kind,
    )
