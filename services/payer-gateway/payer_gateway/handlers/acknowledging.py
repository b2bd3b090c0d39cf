"""We acknowledge what we receive, where the partner wants it: an intent in the very transaction
that reads the file, so each file is acknowledged once; the sending job delivers it like any other.
"""

from datetime import datetime

from payer_gateway.domain import receipt
from payer_gateway.domain.inbound import Inbound
from payer_gateway.domain.interchange import Interchange
from payer_gateway.domain.lifecycle import TransmissionStatus
from payer_gateway.domain.partner import Numbers, TradingPartner
from payer_gateway.domain.transmission import Transmission
from payer_gateway.storage import interchanges, partners, transmissions
from rcm.db import Tx
from rcm.ids import new_id


async def acknowledge(tx: Tx, file: Interchange, found: Inbound, *, at: datetime) -> None:
    """A TA1 where ISA14 asks for one, and a 999 for each group that may have one."""
    if file.partner_id is None or receipt.is_real_time_answer(file.file_name):
        return
    partner = await partners.partner(tx, file.partner_id)
    if partner is None:
        return
    verdicts = receipt.verdicts_of(found) if partner.terms.send_ta1 else ()
    if verdicts:
        numbers = await partners.next_numbers(tx, partner)
        content = receipt.write_ta1(partner, numbers, verdicts, at=at)
        await _intend(tx, partner, "TA1", numbers=numbers, content=content, at=at)
    groups = receipt.groups_of(found) if partner.terms.send_999 else ()
    if groups:
        numbers = await partners.next_numbers(tx, partner)
        content = receipt.write_999(partner, numbers, groups, at=at)
        await _intend(tx, partner, "999", numbers=numbers, content=content, at=at)


async def _intend(
    tx: Tx,
    partner: TradingPartner,
    kind: str,
    *,
    numbers: Numbers,
    content: bytes,
    at: datetime,
) -> None:
    transmission = Transmission(
        tenant_id=partner.tenant_id,
        transmission_id=new_id(),
        partner_id=partner.partner_id,
        interchange_id=new_id(),
        kind=kind,
        file_name=numbers.file_name(partner, kind),
        interchange_control_number=numbers.interchange_control_number,
        group_control_number=numbers.group_control_number,
        status=TransmissionStatus.SENDING,
        set_count=0 if kind == "TA1" else 1,
        claim_count=0,
        charge_cents=0,
        attempts=0,
        last_error=None,
        written_at=at,
        sent_at=None,
        answered_at=None,
    )
    await interchanges.keep(
        tx,
        interchanges.NewFile(
            tenant_id=partner.tenant_id,
            interchange_id=transmission.interchange_id,
            direction="sent",
            partner_id=partner.partner_id,
            file_name=transmission.file_name,
            content=content,
            kind=kind,
            control_number=numbers.interchange_control_number,
        ),
        at=at,
    )
    await transmissions.add(tx, transmission)
