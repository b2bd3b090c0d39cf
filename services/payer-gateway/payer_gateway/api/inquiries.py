"""What both kinds of question to payers show and need: who takes them, and where they stand."""

from datetime import datetime
from uuid import UUID

from payer_gateway.api.register import View
from payer_gateway.domain.inquiry import (
    Inquiry,
    InquiryKind,
    InquiryStatus,
    Mode,
    Origin,
    Taker,
)
from payer_gateway.storage import enrollments, partners, payers, routes
from rcm.db import Tx
from rcm.errors import Pointer, Unprocessable


class InquiryView(View):
    """`queued` waits for its turn, `asked` for an answer. A payer or partner that cannot answer now
    is asked again at `next_attempt_at`; `reason` says why it was not answered so far."""

    inquiry_id: UUID
    origin: Origin
    payer_id: str
    partner_id: UUID
    trace_number: str
    status: InquiryStatus
    mode: Mode | None
    attempts: int
    next_attempt_at: datetime | None
    reason_code: str | None
    reason: str | None
    transmission_id: UUID | None
    answer_interchange_id: UUID | None
    created_at: datetime
    asked_at: datetime | None
    answered_at: datetime | None

    @classmethod
    def fields_of(cls, inquiry: Inquiry) -> dict[str, object]:
        return {name: getattr(inquiry, name) for name in InquiryView.model_fields}


async def taker_of(
    tx: Tx, payer_id: str, kind: InquiryKind, *, npi: str | None, at: datetime
) -> Taker:
    """Who takes this kind of question for the payer today. Raises `Unprocessable` when nobody does,
    or when the provider may not ask yet."""
    payer = await payers.find(tx, payer_id)
    routed = await routes.partner_for(tx, payer_id, kind, on=at.date())
    if payer is None or routed is None:
        raise Unprocessable(
            "payer_unknown",
            "No trading partner takes this kind of question for the payer.",
            (Pointer("/payer_id", "is not one of your payers"),),
        )
    partner_id, terms = routed
    partner = await partners.partner(tx, partner_id)
    if partner is None or not partner.active:
        raise Unprocessable(
            "partner_inactive", "The trading partner that takes the payer's questions is inactive."
        )
    if terms.requires_enrollment and npi is not None:
        pair = (npi, payer_id)
        if pair not in await enrollments.live(tx, tx.tenant_id, kind, pairs=[pair]):
            raise Unprocessable(
                "not_enrolled",
                "The provider's enrollment for this kind of question is not live.",
                (Pointer("/provider/npi", "has no live enrollment with the payer"),),
            )
    return Taker(partner_id, terms.receiver_payer_id, payer.name)
