"""A lost file is sent again, when its partner says that it never had it."""

import asyncio
from uuid import UUID

from payer_gateway.api.register import View, found, router
from payer_gateway.domain.reissue import Reissue, is_lost, reissue
from payer_gateway.storage import interchanges, partners, submissions, transmissions
from rcm.db import Tx
from rcm.errors import Conflict
from rcm.ids import new_id
from rcm.service import RequestClock, RequestTx


class ReissueView(View):
    """The same claims in a new file, which leaves at the next turn."""

    transmission_id: UUID
    reissued_as: UUID
    claim_count: int
    interchange_control_number: str


@router.post(
    "/transmissions/{transmission_id}:reissue",
    status_code=202,
    scope="Transmission.u",
    audit_id="transmission_id",
)
async def post_reissue(transmission_id: UUID, tx: RequestTx, clock: RequestClock) -> ReissueView:
    """Send a file again that the partner took at the door and then lost: the same claims and batch
    references under new control numbers, marked as sent again (BHT02 18). Only while no hop has
    answered: a claim that somebody has is never sent twice."""
    lost = found(await transmissions.find(tx, transmission_id, lock=True), "transmission")
    if not is_lost(lost, await submissions.in_sets(tx, tx.tenant_id, transmission_id)):
        raise Conflict("not_lost", "Only a file of claims that nobody has answered is sent again.")
    partner = found(await partners.partner(tx, lost.partner_id), "trading partner")
    again = await asyncio.to_thread(
        reissue,
        lost,
        await interchanges.content(tx, tx.tenant_id, lost.interchange_id),
        partner=partner,
        numbers=await partners.next_numbers(tx, partner),
        ids=(new_id(), new_id()),
        at=clock.now(),
    )
    await _keep(tx, again)
    await transmissions.reissued(tx, lost, again.transmission)
    return ReissueView(
        transmission_id=transmission_id,
        reissued_as=again.transmission.transmission_id,
        claim_count=again.transmission.claim_count,
        interchange_control_number=again.transmission.interchange_control_number,
    )


async def _keep(tx: Tx, again: Reissue) -> None:
    made = again.transmission
    file = interchanges.NewFile(
        tenant_id=made.tenant_id,
        interchange_id=made.interchange_id,
        direction="sent",
        partner_id=made.partner_id,
        file_name=made.file_name,
        content=again.content,
        kind=made.kind,
        control_number=made.interchange_control_number,
    )
    await interchanges.keep(tx, file, at=made.written_at)
    await transmissions.add(tx, made)
