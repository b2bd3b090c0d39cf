"""What a check gives back: the file as interchanges, groups and sets, each with its findings."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from rcm_x12.envelope import TransactionSet
from rcm_x12.findings import Finding


@dataclass(frozen=True, slots=True)
class Checked:
    """How much one transaction set held."""

    kind: str
    """837P, 837I, 835, 270, 271, 276, 277, 277CA or 999; empty when no guide is declared."""
    segments: int
    claims: int = 0
    """Loops 2300 of an 837, 2100 of an 835."""
    omitted: int = 0
    """Findings beyond the limit of one set; they are counted and not kept."""
    has_errors: bool = False


CheckedSet = TransactionSet[Checked]


@dataclass(frozen=True, slots=True)
class Group:
    """GS to GE."""

    functional_id: str
    control_number: str
    version: str
    declared_count: int
    """GE01; 0 when there was none."""
    sets: tuple[CheckedSet, ...] = ()
    findings: tuple[Finding, ...] = ()
    """About GS and GE only."""

    @property
    def blocks(self) -> bool:
        return any(finding.severity == "error" for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Interchange:
    """ISA to IEA."""

    control_number: str
    created_at: datetime
    sender_id: str
    receiver_id: str
    usage: str
    acknowledgment_requested: bool
    groups: tuple[Group, ...] = ()
    findings: tuple[Finding, ...] = ()
    """About ISA, IEA and what stands between groups."""
    has_ta1: bool = False

    @property
    def blocks(self) -> bool:
        return any(finding.severity == "error" for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Report:
    """The result of `check_file`."""

    interchanges: tuple[Interchange, ...]
    findings: tuple[Finding, ...]
    """All that were kept, in file order."""
    omitted: int = 0
    has_errors: bool = False

    @property
    def blocks(self) -> bool:
        """Whether the file must not leave (or, when received, must not be acted on unseen)."""
        return self.has_errors

    @property
    def groups(self) -> Iterator[Group]:
        return (group for each in self.interchanges for group in each.groups)

    @property
    def sets(self) -> tuple[CheckedSet, ...]:
        return tuple(one for group in self.groups for one in group.sets)

    @property
    def snip_levels(self) -> dict[int, int]:
        """How many errors and warnings each SNIP type has, of those that were kept."""
        told = (finding.snip for finding in self.findings if finding.severity != "info")
        return dict(sorted(Counter(told).items()))
