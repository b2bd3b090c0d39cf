"""The intent to ask: questions whose turn it is, their numbers, name and bytes."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from payer_gateway.domain import inquiry as domain
from payer_gateway.domain import questions
from payer_gateway.domain.claims import READY
from payer_gateway.domain.inquiry import LEASE, Failure, Inquiry, InquiryKind, Mode
from payer_gateway.domain.lifecycle import TransmissionStatus
from payer_gateway.domain.parties import Unsendable
from payer_gateway.domain.partner import Numbers, TradingPartner
from payer_gateway.domain.questions import AboutClaim, AboutCoverage, Question
from payer_gateway.domain.transmission import Transmission
from payer_gateway.storage import (
    eligibility,
    inquiries,
    interchanges,
    partners,
    status_inquiries,
    transmissions,
)
from payer_gateway.storage.inquiries import Asking, Taken
from payer_gateway.storage.status_inquiries import Asked
from rcm.db import Tx
from rcm.events import JobContext, Received
from rcm.events.faults import buggify
from rcm.ids import new_id
from rcm.security.seal import SealError
from rcm_x12.findings import WriteRefused

SENDING = TransmissionStatus.SENDING
KINDS: tuple[InquiryKind, ...] = ("270", "276")
QUESTIONS_PER_FILE = 1_000
# Batch answers come overnight; a weekend and a day later nobody answers any more.
BATCH_ANSWER_DUE = timedelta(days=4)


async def write_questions(
    context: JobContext, partner: TradingPartner, *, limit: int
) -> list[tuple[Inquiry, Transmission]]:
    """Real time: each question is a file of its own. One that was cut off keeps its file."""
    now = context.clock.now()
    written = []
    async with context.database.transaction((partner.tenant_id,)) as tx:
        taken = await inquiries.take(tx, partner, kind=None, now=now, limit=limit)
        asked = await _questions(tx, partner, taken, at=now)
        for each in taken:
            transmission = await _intent_of(tx, each.inquiry, at=now)
            if transmission is not None and transmission.status is not SENDING:
                await inquiries.hold(tx, each.inquiry, until=now + LEASE)
                continue
            question = asked.get(each.inquiry.inquiry_id)
            if transmission is None and question is not None:
                transmission = await _write(
                    tx,
                    partner,
                    each.inquiry.kind,
                    questions_asked=[question],
                    mode="real_time",
                    at=now,
                )
            if transmission is not None:
                found = await inquiries.find(tx, partner.tenant_id, each.inquiry.inquiry_id)
                assert found is not None  # noqa: S101 - it is locked
                written.append((found, transmission))
        buggify("ask.writing")
    return written


async def write_batch(context: JobContext, partner: TradingPartner) -> None:
    """A file for each kind; the sending job delivers it."""
    for kind in KINDS:
        now = context.clock.now()
        async with context.database.transaction((partner.tenant_id,)) as tx:
            taken = await inquiries.take(tx, partner, kind=kind, now=now, limit=QUESTIONS_PER_FILE)
            asked = await _questions(tx, partner, taken, at=now)
            if asked:
                several = list(asked.values())
                await _write(tx, partner, kind, questions_asked=several, mode="batch", at=now)


async def _intent_of(tx: Tx, inquiry: Inquiry, *, at: datetime) -> Transmission | None:
    """The file of an attempt whose outcome is open, asked once more as it is; or one that has been
    answered, and whose answer waits for the reader."""
    if inquiry.transmission_id is None:
        return None
    found = await transmissions.of_inquiry(tx, inquiry)
    if found is None or found.status is not SENDING:
        return found
    numbers = {inquiry.inquiry_id: inquiry.set_control_number or ""}
    asking = Asking(found.transmission_id, "real_time", at + LEASE, numbers)
    await inquiries.mark_asked(tx, inquiry.tenant_id, asking, at=at)
    return found


async def _questions(
    tx: Tx, partner: TradingPartner, taken: Sequence[Taken], *, at: datetime
) -> dict[UUID, Question]:
    """What can be asked, by inquiry; what cannot fails here with its reason."""
    about = [each.inquiry.inquiry_id for each in taken if each.inquiry.kind == "276"]
    claims = await status_inquiries.asked_about(tx, partner.tenant_id, about) if about else {}
    found: dict[UUID, Question] = {}
    for each in taken:
        try:
            found[each.inquiry.inquiry_id] = _question(tx, partner, each, claims)
        except (Unsendable, WriteRefused, SealError) as reason:
            failure = Failure(domain.UNWRITABLE, str(reason))
            await inquiries.fail(tx, partner.tenant_id, [each.inquiry.inquiry_id], failure, at=at)
    return found


def _question(
    tx: Tx, partner: TradingPartner, taken: Taken, claims: Mapping[UUID, Asked]
) -> Question:
    """Opens what names a person; tried alone, so that one question cannot stop the others."""
    inquiry = taken.inquiry
    if inquiry.kind == "270":
        assert taken.question is not None  # noqa: S101 - an eligibility check asks something
        question: Question = AboutCoverage(
            inquiry, eligibility.QUESTION.validate_json(taken.question)
        )
    else:
        asked = claims[inquiry.inquiry_id]
        if asked.claim is None:
            raise Unsendable("claim", "an 835 has answered it, and its persons are let go")
        event = READY.validate_json(asked.claim)
        received = Received.of(event, event_id=asked.submission.source_event_id)
        assert tx.keyring is not None  # noqa: S101 - every service database has one
        question = AboutClaim(inquiry, asked.submission, event, received.open(tx.keyring))
    questions.write(partner, Numbers(interchange=1, group=1), [question], at=inquiry.created_at)
    return question


async def _write(
    tx: Tx,
    partner: TradingPartner,
    kind: InquiryKind,
    *,
    questions_asked: Sequence[Question],
    mode: Mode,
    at: datetime,
) -> Transmission:
    numbers = await partners.next_numbers(tx, partner)
    written = await asyncio.to_thread(questions.write, partner, numbers, questions_asked, at=at)
    transmission = Transmission(
        tenant_id=partner.tenant_id,
        transmission_id=new_id(),
        partner_id=partner.partner_id,
        interchange_id=new_id(),
        kind=kind,
        mode=mode,
        file_name=numbers.file_name(partner, kind),
        interchange_control_number=numbers.interchange_control_number,
        group_control_number=numbers.group_control_number,
        status=SENDING,
        set_count=written.set_count,
        claim_count=0,
        charge_cents=0,
        attempts=0,
        last_error=None,
        written_at=at,
        sent_at=None,
        answered_at=None,
    )
    await _keep(tx, partner, transmission, written.content, at=at)
    until = at + (LEASE if mode == "real_time" else BATCH_ANSWER_DUE)
    asking = Asking(transmission.transmission_id, mode, until, written.set_numbers)
    await inquiries.mark_asked(tx, partner.tenant_id, asking, at=at)
    return transmission


async def _keep(
    tx: Tx, partner: TradingPartner, transmission: Transmission, content: bytes, *, at: datetime
) -> None:
    file = interchanges.NewFile(
        tenant_id=partner.tenant_id,
        interchange_id=transmission.interchange_id,
        direction="sent",
        partner_id=partner.partner_id,
        file_name=transmission.file_name,
        content=content,
        kind=transmission.kind,
        control_number=transmission.interchange_control_number,
    )
    await interchanges.keep(tx, file, at=at)
    await transmissions.add(tx, transmission)
