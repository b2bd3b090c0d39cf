"""Who we exchange files with, and how: trading partners, payers, control numbers."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from payer_gateway.domain.connection import Connection, TransportKind

Usage = Literal["T", "P"]

# A set may hold 5,000 claims (X222A1); a partner may want fewer.
CLAIMS_PER_SET_LIMIT = 5_000


@dataclass(frozen=True, slots=True)
class Terms:
    """What is agreed with a partner about size, time and care."""

    claims_per_set: int = CLAIMS_PER_SET_LIMIT
    send_after_s: int = 5
    """How long the oldest queued claim waits for company."""
    collect_every_s: int = 2
    """The pause between two looks at what the partner has for us."""
    file_answer_due_s: int = 2 * 86_400
    clearinghouse_answer_due_s: int = 3 * 86_400
    payer_answer_due_s: int = 7 * 86_400
    cut_offs: tuple[str, ...] = ()
    """`16:30`, on the partner's clock: what is queued by then leaves then."""
    time_zone: str = "UTC"
    breaker_failures: int = 5
    """After so many in a row the partner is left alone until a probe succeeds."""
    second_opinion: bool = False
    """Whether pyx12 must find each file clean too."""
    real_time_inquiries: bool = True
    """Questions are asked in real time where the transport can; else they travel in files."""
    send_999: bool = False
    """Whether the partner wants a 999 for what it sends us (835, 271, 277, 277CA)."""
    send_ta1: bool = False
    """Whether it wants a TA1 where its ISA14 asks for one."""


@dataclass(frozen=True, slots=True)
class TradingPartner:
    """A clearinghouse or payer that takes our files: addresses of the envelope and of the wire."""

    tenant_id: UUID
    partner_id: UUID
    name: str
    submitter_id: str
    submitter_name: str
    submitter_contact: str
    submitter_phone: str
    receiver_id: str
    receiver_name: str
    base_url: str
    usage_indicator: Usage = "T"
    sender_qualifier: str = "ZZ"
    receiver_qualifier: str = "ZZ"
    transport: TransportKind = "https"
    active: bool = True
    terms: Terms = field(default_factory=Terms)
    version: int = 1
    has_credentials: bool = False
    connection: Connection = field(default_factory=Connection)


@dataclass(frozen=True, slots=True)
class Link:
    """How the connection to a partner fares."""

    inbound_cursor: str = ""
    flush_requested_at: datetime | None = None
    polled_at: datetime | None = None
    failures: int = 0
    retry_at: datetime | None = None
    last_error: str | None = None
    failed_in: str | None = None
    """What failed last: sending or collecting. Only the same makes it good."""


@dataclass(frozen=True, slots=True)
class Payer:
    """A payer by the id that claims carry (2010BB NM109), and the partner that reaches it."""

    tenant_id: UUID
    payer_id: str
    name: str
    partner_id: UUID
    version: int = 1


@dataclass(frozen=True, slots=True)
class Numbers:
    """ISA13 and GS06 of one file: allocated once, never given out again."""

    interchange: int
    group: int

    @property
    def interchange_control_number(self) -> str:
        return f"{self.interchange:09d}"

    @property
    def group_control_number(self) -> str:
        return str(self.group)

    def file_name(self, partner: TradingPartner, kind: str) -> str:
        """The same for every attempt to deliver the file, so that a repeat is recognised."""
        return f"{partner.submitter_id}-{self.interchange_control_number}.{kind.lower()}.x12"

    def batch_reference(self, set_number: int) -> str:
        """BHT03, unique for good because ISA13 is; comes back in the 277CA."""
        return f"{self.interchange_control_number}-{set_number:04d}"
