"""Payments as remittances announced them: what the posted legs of each must add up to."""

from collections.abc import Sequence

from rcm.contracts.payer import RemittanceReceived
from rcm.db import Tx


async def announce(tx: Tx, events: Sequence[RemittanceReceived]) -> None:
    """Note what remittances say of themselves, once each."""
    rows = sorted(
        (
            event.tenant_id,
            event.remittance_id,
            event.payer_id,
            event.trace_number,
            event.payment_cents,
            event.claim_count,
            event.received_at,
        )
        for event in events
    )
    await tx.execute(
        """
        INSERT INTO announced_remittance (tenant_id, remittance_id, payer_id, trace_number,
                                          payment_cents, claim_count, received_at)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bigint[],
                             $6::integer[], $7::timestamptz[])
        ON CONFLICT (tenant_id, remittance_id) DO NOTHING
        """,
        *map(list, zip(*rows, strict=True)),
    )
