"""The intent to send one file: queued claims, control numbers, name and bytes, in one transaction.

What cannot leave is turned away here, claim by claim, with its reason; the others go. Who else is
asked about a file is asked before, about a draft of it.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import ValidationError

from payer_gateway.clearinghouse.second_opinion import second_opinion
from payer_gateway.domain import batch
from payer_gateway.domain.checking import Companions, Desk, Refusals, file_of, file_without
from payer_gateway.domain.claims import READY, AnyClaim, translated
from payer_gateway.domain.lifecycle import TransmissionStatus
from payer_gateway.domain.outbound import Refusal, Verdict
from payer_gateway.domain.parties import Unsendable
from payer_gateway.domain.partner import Numbers, TradingPartner
from payer_gateway.domain.route import Routed
from payer_gateway.domain.submission import Queued, not_enrolled, unsendable
from payer_gateway.domain.transmission import Transmission
from payer_gateway.handlers.register import caused
from payer_gateway.storage import (
    companions,
    enrollments,
    interchanges,
    partners,
    queue,
    routes,
    transmissions,
)
from rcm.db import Tx
from rcm.events import JobContext, Received, publish
from rcm.events.faults import buggify
from rcm.ids import new_id
from rcm.security.seal import Keyring, SealError
from rcm_x12.check import Companion

# No file that leaves has them: the numbers of one that does are the partner's next ones.
OF_A_DRAFT = Numbers(interchange=1, group=1)


@dataclass(frozen=True, slots=True)
class Draft:
    """What may be written of what is queued, and what may not. `claims` are those of the file."""

    desk: Desk
    claims: Mapping[UUID, AnyClaim]
    written: batch.WrittenFile | None
    refused: Refusals

    async def without(self, verdict: Verdict) -> "Draft":
        """The same with what somebody else's verdict leaves."""
        written, doubted = await asyncio.to_thread(file_without, self.desk, self.claims, verdict)
        left = {each: claim for each, claim in self.claims.items() if each not in doubted}
        return Draft(self.desk, left, written, {**self.refused, **doubted})


@dataclass(frozen=True, slots=True)
class Opinion:
    """What somebody else says of a file, and of which claims it was."""

    judged: frozenset[UUID]
    verdict: Verdict


async def write_transmission(
    context: JobContext, partner: TradingPartner, kind: str
) -> Transmission | None:
    """None when nothing was queued, or nothing of it may leave."""
    opinion = None
    if partner.terms.second_opinion:
        opinion = await _second_opinion(context, partner, kind)
        if opinion is None:
            return None
        buggify("doubt.heard")
    now = context.clock.now()
    async with context.database.transaction((partner.tenant_id,)) as tx:
        only = opinion.judged if opinion else None
        draft = await _draft(tx, partner, kind, at=now, only=only)
        if draft is None:
            return None
        if opinion is not None:
            draft = await draft.without(opinion.verdict)
        await _refuse(tx, partner.tenant_id, draft.refused, at=now)
        if draft.written is None:
            return None
        saved = await _save(tx, partner, draft.desk.numbers, draft.written, at=now)
        buggify("send.writing")
        return saved


async def _second_opinion(
    context: JobContext, partner: TradingPartner, kind: str
) -> Opinion | None:
    """pyx12 needs seconds, so it reads a draft while no transaction is open: the file itself is
    the same but for its numbers, and has no other claims. None when nothing is queued."""
    async with context.database.transaction((partner.tenant_id,)) as tx:
        draft = await _draft(tx, partner, kind, at=context.clock.now(), numbers=OF_A_DRAFT)
    if draft is None:
        return None
    judged = frozenset(draft.claims) | frozenset(draft.refused)
    if draft.written is None:
        return Opinion(judged, Verdict({}))
    return Opinion(judged, await second_opinion(draft.written.content))


async def _draft(
    tx: Tx,
    partner: TradingPartner,
    kind: str,
    *,
    at: datetime,
    numbers: Numbers | None = None,
    only: Collection[UUID] | None = None,
) -> Draft | None:
    """What is queued now, or of it `only` these claims, under new numbers or those of a draft."""
    routed = {
        each.payer_id: each for each in await routes.routed_to(tx, partner, kind, on=at.date())
    }
    queued = await queue.take(
        tx, partner.tenant_id, kind, payer_ids=list(routed), limit=batch.CLAIMS_PER_FILE
    )
    queued = [each for each in queued if only is None or each.submission_id in only]
    if not queued:
        return None
    barred = await _not_enrolled(tx, partner.tenant_id, kind, queued=queued, routed=routed)
    assert tx.keyring is not None  # noqa: S101 - every service database has one
    free = [each for each in queued if each.submission_id not in barred]
    claims, refused = await asyncio.to_thread(_translate, tx.keyring, free, routed)
    desk = Desk(
        partner,
        numbers or await partners.next_numbers(tx, partner),
        at,
        companions=await _companions(tx, partner, sorted({each.payer_id for each in free})),
        payers={each.submission_id: each.payer_id for each in free},
    )
    written, also_refused = await asyncio.to_thread(file_of, desk, claims)
    left = {each: claim for each, claim in claims.items() if each not in also_refused}
    return Draft(desk, left, written, {**barred, **refused, **also_refused})


async def _not_enrolled(
    tx: Tx, tenant_id: UUID, kind: str, *, queued: Sequence[Queued], routed: Mapping[str, Routed]
) -> Refusals:
    """Claims whose route wants an enrollment that is not live."""
    asked = {
        (each.billing_npi, each.payer_id)
        for each in queued
        if routed[each.payer_id].requires_enrollment
    }
    if not asked:
        return {}
    missing = asked - await enrollments.live(tx, tenant_id, kind, pairs=sorted(asked))
    return {
        each.submission_id: not_enrolled(kind)
        for each in queued
        if (each.billing_npi, each.payer_id) in missing
    }


def _translate(
    keyring: Keyring, queued: Sequence[Queued], routed: Mapping[str, Routed]
) -> tuple[dict[UUID, AnyClaim], Refusals]:
    """Open each person block, and turn our words into X12's."""
    claims: dict[UUID, AnyClaim] = {}
    refused: Refusals = {}
    for each in queued:
        known_as = routed[each.payer_id].receiver_payer_id
        try:
            event = READY.validate_json(each.claim)
            received = Received.of(event, event_id=each.source_event_id)
            claims[each.submission_id] = translated(
                event, received.open(keyring), receiver_payer_id=known_as
            )
        except (Unsendable, SealError) as reason:
            refused[each.submission_id] = Refusal.of(str(reason))
        except ValidationError:
            # Its words would quote what it validates.
            refused[each.submission_id] = Refusal.of("claim: what is kept of it cannot be read")
    return claims, refused


async def _companions(tx: Tx, partner: TradingPartner, payer_ids: Sequence[str]) -> Companions:
    guides = await companions.in_force(
        tx, partner.tenant_id, partner_id=partner.partner_id, payer_ids=payer_ids
    )
    of_payers: dict[str, list[Companion]] = {}
    for guide in guides:
        if guide.payer_id is not None:
            of_payers.setdefault(guide.payer_id, []).append(guide.loaded())
    return Companions([each.loaded() for each in guides if each.payer_id is None], of_payers)


async def _refuse(tx: Tx, tenant_id: UUID, refused: Refusals, *, at: datetime) -> None:
    if refused:
        reasons = {each: refusal.reason for each, refusal in refused.items()}
        kept = await queue.mark_unsendable(tx, tenant_id, reasons, at=at)
        rejected = [(each, refused[UUID(bytes=each.submission_id.bytes)]) for each in kept]
        await publish(tx, [caused(each, unsendable(each, why, at)) for each, why in rejected])


async def _save(
    tx: Tx,
    partner: TradingPartner,
    numbers: Numbers,
    written: batch.WrittenFile,
    *,
    at: datetime,
) -> Transmission:
    transmission = Transmission(
        tenant_id=partner.tenant_id,
        transmission_id=new_id(),
        partner_id=partner.partner_id,
        interchange_id=new_id(),
        kind=written.kind,
        file_name=numbers.file_name(partner, written.kind),
        interchange_control_number=numbers.interchange_control_number,
        group_control_number=numbers.group_control_number,
        status=TransmissionStatus.SENDING,
        set_count=written.set_count,
        claim_count=len(written.places),
        charge_cents=written.charge_cents,
        attempts=0,
        last_error=None,
        written_at=at,
        sent_at=None,
        answered_at=None,
    )
    file = interchanges.NewFile(
        tenant_id=partner.tenant_id,
        interchange_id=transmission.interchange_id,
        direction="sent",
        partner_id=partner.partner_id,
        file_name=transmission.file_name,
        content=written.content,
        kind=written.kind,
        control_number=numbers.interchange_control_number,
    )
    await interchanges.keep(tx, file, at=at)
    await transmissions.add(tx, transmission)
    await queue.mark_sending(
        tx, partner.tenant_id, transmission.transmission_id, written.places, at=at
    )
    return transmission
