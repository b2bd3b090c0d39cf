"""Entries and their postings: values, pure rules, and the hash that tells a repeat from a clash."""

import hashlib
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from rcm.ids import derived_id
from rcm.ledger.accounts import Account
from rcm.money import LIMIT_CENTS

MAX_POSTINGS = 2_000
"""Fifty lines with a payment and thirty adjustments each still fit in one entry."""


@dataclass(frozen=True, slots=True)
class Posting:
    """Cents that leave `credit` and arrive at `debit`. Always positive: the sides carry the sign.

    `line_number` is the claim line, `group_code` and `reason_code` are the CAS pair that caused it,
    `trace_number` is the remittance's TRN02. Raises ValueError for an amount outside 1 cent to one
    billion dollars and for an account that would pay itself.
    """

    debit: Account
    credit: Account
    cents: int
    line_number: int | None = None
    group_code: str | None = None
    reason_code: str | None = None
    trace_number: str | None = None

    def __post_init__(self) -> None:
        if type(self.cents) is not int:
            raise TypeError("cents are an int")
        if not 0 < self.cents <= LIMIT_CENTS:
            raise ValueError(f"a posting moves 1 to {LIMIT_CENTS} cents, not {self.cents}")
        if self.debit == self.credit:
            raise ValueError(f"{self.debit.code} cannot pay itself")

    def mirrored(self) -> "Posting":
        """The same cents back again."""
        return Posting(
            self.credit,
            self.debit,
            self.cents,
            line_number=self.line_number,
            group_code=self.group_code,
            reason_code=self.reason_code,
            trace_number=self.trace_number,
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """One business fact as postings that stand or fall together, and never change again.

    One event may cause several entries: (tenant, source event, kind, part) names each of them, and
    the database takes each name once. `part` tells entries of one event and kind apart (a claim's
    id, a CLP's ordinal); `entry_id_of` derives the id from the same name.
    """

    entry_id: UUID
    tenant_id: UUID
    kind: str
    source_event_id: UUID
    effective_on: date
    actor: str
    postings: tuple[Posting, ...]
    reverses: UUID | None = None
    part: str = ""

    def __post_init__(self) -> None:
        if not self.kind or not self.actor:
            raise ValueError("an entry has a kind and an actor")
        if not 1 <= len(self.postings) <= MAX_POSTINGS:
            raise ValueError(
                f"entry {self.entry_id} has {len(self.postings)} postings, not 1 to {MAX_POSTINGS}"
            )

    @property
    def name(self) -> tuple[UUID, UUID, str, str]:
        """What the database takes once, whatever the entry's id."""
        return self.tenant_id, self.source_event_id, self.kind, self.part


def entry_id_of(source_event_id: UUID, kind: str, part: str = "") -> UUID:
    """The id that an entry of this event, kind and part has on every attempt."""
    return derived_id(source_event_id, kind, part)


def reversal_of(
    original: Entry,
    *,
    source_event_id: UUID,
    effective_on: date,
    actor: str,
    part: str = "",
) -> Entry:
    """The entry that undoes `original`: the same cents, every leg turned round.

    The database takes one reversal per entry and only an exact mirror.
    """
    kind = f"{original.kind}.reversal"
    return Entry(
        entry_id_of(source_event_id, kind, part),
        original.tenant_id,
        kind,
        source_event_id,
        effective_on,
        actor,
        tuple(posting.mirrored() for posting in original.postings),
        reverses=original.entry_id,
        part=part,
    )


Sides = tuple[tuple[UUID, UUID], ...]
"""The account ids of an entry's postings: debit and credit, in order."""


def content_hash(entry: Entry, sides: Sides) -> bytes:
    """SHA-256 over what the entry says. A retry has the same one whoever retries, so the actor and
    the entry's id are left out."""
    said = [
        f"{entry.kind}\x1f{entry.part}\x1f{entry.source_event_id.int:x}\x1f"
        f"{entry.effective_on}\x1f{entry.reverses}"
    ]
    for leg, (debit_id, credit_id) in zip(entry.postings, sides, strict=True):
        said.append(
            f"{debit_id.int:x}\x1f{credit_id.int:x}\x1f{leg.cents}\x1f{leg.line_number}\x1f"
            f"{leg.group_code}\x1f{leg.reason_code}\x1f{leg.trace_number}"
        )
    return hashlib.sha256("\x1e".join(said).encode()).digest()
