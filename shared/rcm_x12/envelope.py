"""Interchange and group headers, and what one transaction set was read into."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from rcm_x12.findings import Finding

Content = TypeVar("Content", covariant=True)  # noqa: PLC0105 - the name reads better than Content_co


@dataclass(frozen=True, slots=True)
class Envelope:
    """ISA and GS of one group: who sends to whom, when, under which numbers.

    Both control numbers are allocated by the caller (one row lock per partner) and never made here.
    `created_at` is what the sender wrote, to the minute; X12 names no zone, so it is kept as UTC.
    """

    sender_id: str
    receiver_id: str
    interchange_control_number: str
    """ISA13, nine digits."""
    group_control_number: str
    """GS06, one to nine digits without leading zeros."""
    created_at: datetime
    sender_qualifier: str = "ZZ"
    receiver_qualifier: str = "ZZ"
    application_sender: str = ""
    """GS02; the interchange's sender when empty."""
    application_receiver: str = ""
    """GS03; the interchange's receiver when empty."""
    usage: str = "P"
    """ISA15: P production, T test. It must match the endpoint."""
    acknowledgment_requested: bool = False
    """ISA14: ask for a TA1."""


@dataclass(frozen=True, slots=True)
class TransactionSet(Generic[Content]):
    """One ST..SE as read: where it stood, what it said, and what is wrong with it."""

    envelope: Envelope
    functional_id: str
    """GS01."""
    version: str
    """GS08, as sent."""
    set_id: str
    """ST01."""
    control_number: str
    """ST02."""
    content: Content
    findings: tuple[Finding, ...] = ()

    @property
    def is_blocked(self) -> bool:
        """Whether an error stands against using this set."""
        return any(finding.severity == "error" for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Reading(Generic[Content]):
    """All transaction sets of a file, and the findings about its envelopes."""

    sets: tuple[TransactionSet[Content], ...] = ()
    findings: tuple[Finding, ...] = field(default=())
    """Envelope findings only; those of a set are with the set."""

    @property
    def contents(self) -> tuple[Content, ...]:
        return tuple(each.content for each in self.sets)

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """Envelope findings and those of every set, in file order."""
        found = [*self.findings, *(one for each in self.sets for one in each.findings)]
        return tuple(sorted(found, key=lambda finding: finding.position))
