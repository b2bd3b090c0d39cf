"""Claims to a file: batches of the agreed size, and no bad claim that holds up the others."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from payer_gateway.domain.claims import GUIDES, AnyClaim, kind_of
from payer_gateway.domain.partner import Numbers, TradingPartner
from payer_gateway.domain.submission import Place
from payer_gateway.domain.transaction import ClaimKind
from rcm_x12.claim.parties import Organization
from rcm_x12.envelope import Envelope
from rcm_x12.findings import WriteRefused
from rcm_x12.values import Contact

# A file of this size is written in a quarter of a second and read by anyone.
CLAIMS_PER_FILE = 5_000


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """One interchange with everything that has to be remembered of it."""

    content: bytes = field(repr=False)
    set_count: int
    charge_cents: int
    places: tuple[Place, ...]
    kind: ClaimKind


@dataclass(frozen=True, slots=True)
class Sorted:
    """Claims that can be written, and why the others cannot."""

    writable: Mapping[UUID, AnyClaim]
    refused: Mapping[UUID, str]


def sort_out(partner: TradingPartner, claims: Mapping[UUID, AnyClaim], *, at: datetime) -> Sorted:
    """Try each claim alone. Used when a whole file was refused: one claim must not stop 5,000."""
    writable, refused = {}, {}
    for submission_id, claim in claims.items():
        try:
            write(partner, Numbers(interchange=1, group=1), {submission_id: claim}, at=at)
        except WriteRefused as refusal:
            refused[submission_id] = str(refusal)
        else:
            writable[submission_id] = claim
    return Sorted(writable, refused)


def write(
    partner: TradingPartner, numbers: Numbers, claims: Mapping[UUID, AnyClaim], *, at: datetime
) -> WrittenFile:
    """The same claims, numbers and moment give the same bytes. All claims are of one kind, whose
    guide the file keeps. Raises `WriteRefused`."""
    kind = kind_of(next(iter(claims.values())))
    guide = GUIDES[kind]
    owner = {id(claim): submission_id for submission_id, claim in claims.items()}
    ordered = guide.in_hierarchy(claims.values())
    head = _head(partner, at)
    batches = [
        guide.Batch(reference=numbers.batch_reference(number), claims=part, **head)
        for number, part in enumerate(_parts(ordered, partner.terms.claims_per_set), 1)
    ]
    content: bytes = guide.write(envelope(partner, numbers, at), batches)
    places = [
        Place(owner[id(claim)], set_control_number(number), batch.reference)
        for number, batch in enumerate(batches, 1)
        for claim in batch.claims
    ]
    charge_cents = sum(claim.charge_cents for claim in claims.values())
    return WrittenFile(content, len(batches), charge_cents, tuple(places), kind)


def set_control_number(number: int) -> str:
    """ST02 of the nth set: the writer counts from 1 and pads to the four digits that X12 wants."""
    return f"{number:04d}"


def _parts(claims: Sequence[AnyClaim], size: int) -> Iterable[tuple[AnyClaim, ...]]:
    for start in range(0, len(claims), size):
        yield tuple(claims[start : start + size])


def _head(partner: TradingPartner, at: datetime) -> dict[str, Any]:
    """What every batch of a file says of who sends it, when, and to whom."""
    contact = Contact(name=partner.submitter_contact, telephone=partner.submitter_phone)
    return {
        "created_at": at,
        "submitter": Organization(partner.submitter_name, partner.submitter_id, contact),
        "receiver": Organization(partner.receiver_name, partner.receiver_id),
    }


def envelope(partner: TradingPartner, numbers: Numbers, at: datetime) -> Envelope:
    return Envelope(
        sender_id=partner.submitter_id,
        receiver_id=partner.receiver_id,
        interchange_control_number=numbers.interchange_control_number,
        group_control_number=numbers.group_control_number,
        created_at=at,
        sender_qualifier=partner.sender_qualifier,
        receiver_qualifier=partner.receiver_qualifier,
        usage=partner.usage_indicator,
    )
