"""What goes into the tables."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Received:
    """An interchange as it came."""

    submitter: str
    control_number: str
    kind: str
    door: str
    file_name: str
    received_at: float
    digest: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A file for a submitter."""

    name: str
    submitter: str
    kind: str
    interchange_id: int | None
    due_at: float
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """What the twin did with one claim."""

    id: int
    submitter: str
    interchange_id: int
    control_number: str
    payer_id: str
    member_id: str = field(repr=False)
    payer_claim_number: str
    frequency_code: str
    scenario: str
    status: str
    received_at: float
    charge_cents: int
    service_from: str
    service_to: str
    told: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One entry of the payment queue."""

    claim_id: int
    submitter: str
    due_at: float
    item: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of a claim's timeline."""

    claim_id: int
    at: float
    what: str
    file_name: str = ""


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that happened at a door: who, what, with which file, how it ended."""

    session: str
    door: str
    submitter: str
    at: float
    verb: str
    file_name: str = ""
    outcome: str = "done"
