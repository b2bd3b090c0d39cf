"""Questions leave: in real time where the partner's transport can ask, else in a file.

The intent is committed (numbers, name, bytes), then the act, then the record. A question that was
cut off in between is asked again with the same bytes under the same name. What comes back is stored
whole, like any file of a partner, and read by the same reader; so a crash loses no answer.
"""

import asyncio

from payer_gateway.clearinghouse import PartnerRefused, PartnerUnavailable, RealTime, Transport
from payer_gateway.domain import inquiry as domain
from payer_gateway.domain.inquiry import Failure, Inquiry, InquiryStatus
from payer_gateway.domain.partner import TradingPartner
from payer_gateway.domain.receipt import REAL_TIME_MARK
from payer_gateway.domain.transaction import PAYLOAD_TYPES
from payer_gateway.domain.transmission import Transmission
from payer_gateway.handlers.asking import write_batch, write_questions
from payer_gateway.handlers.outside import each_partner
from payer_gateway.handlers.reading import read_or_keep
from payer_gateway.handlers.register import subscriptions
from payer_gateway.storage import inquiries, interchanges, transmissions
from rcm.events import JobContext
from rcm.events.faults import buggify
from rcm.ids import new_id

# Questions that one partner answers side by side, and rounds of them before others get a turn.
ASKED_AT_ONCE = 4
ROUNDS_PER_TURN = 10
# An exchange in real time is over after 20 seconds (CORE); some grace for the line.
ANSWER_WITHIN_S = 25.0


@subscriptions.every(seconds=0.5)
async def ask_partners(context: JobContext) -> None:
    """Every question that is due, each partner by itself."""
    if not context.tenants:
        return
    now = context.clock.now()
    async with context.database.transaction(context.tenants) as tx:
        found = await inquiries.partners_to_ask(tx, now=now)
    await each_partner(context, found, ask_partner, name="asking")


@subscriptions.every(seconds=30.0)
async def give_up_silent(context: JobContext) -> None:
    """Questions of files that were refused, or whose answer did not come by the agreed day."""
    if not context.tenants:
        return
    now = context.clock.now()
    refused = Failure(domain.REFUSED, "the partner did not take the file")
    silent = Failure(domain.SILENT, "no answer came by the day that was agreed with the partner")
    async with context.database.transaction(context.tenants) as tx:
        await inquiries.fail_refused(tx, now=now, failure=refused)
        await inquiries.give_up(tx, now=now, failure=silent)


async def ask_partner(context: JobContext, partner: TradingPartner, transport: Transport) -> None:
    if not (isinstance(transport, RealTime) and partner.terms.real_time_inquiries):
        await write_batch(context, partner)
        return
    for _ in range(ROUNDS_PER_TURN):
        questions = await write_questions(context, partner, limit=ASKED_AT_ONCE)
        if not questions:
            return
        buggify("ask.written")
        answered = await asyncio.gather(
            *(_ask(context, each, transport) for each in questions), return_exceptions=True
        )
        failures = [each for each in answered if isinstance(each, BaseException)]
        if failures:
            raise failures[0]
        if not all(answered):
            await _leave_alone(context, partner)
            return
        async with context.database.transaction((partner.tenant_id,)) as tx:
            await inquiries.record_voice(tx, partner)


async def _leave_alone(context: JobContext, partner: TradingPartner) -> None:
    async with context.database.transaction((partner.tenant_id,)) as tx:
        await inquiries.record_silence(tx, partner, now=context.clock.now())


async def _ask(
    context: JobContext, question: tuple[Inquiry, Transmission], transport: RealTime
) -> bool:
    """The act and its record. False when the partner did not answer."""
    inquiry, transmission = question
    async with context.database.transaction((inquiry.tenant_id,)) as tx:
        content = await interchanges.content(
            tx, transmission.tenant_id, transmission.interchange_id
        )
    try:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            answer = await transport.ask(PAYLOAD_TYPES[inquiry.kind], content)
    except PartnerRefused as refusal:
        await _refused(context, inquiry, transmission, reason=str(refusal))
        return True
    except (PartnerUnavailable, TimeoutError) as failure:
        await _unanswered(
            context, inquiry, transmission, reason=str(failure) or "no answer in time"
        )
        return False
    buggify("ask.acted")
    await _record(context, inquiry, transmission, answer)
    return True


async def _refused(
    context: JobContext, inquiry: Inquiry, transmission: Transmission, *, reason: str
) -> None:
    now = context.clock.now()
    async with context.database.transaction((inquiry.tenant_id,)) as tx:
        await transmissions.record_attempt(tx, transmission, error=reason, refused=True)
        failure = Failure(domain.REFUSED, reason)
        await inquiries.fail(tx, inquiry.tenant_id, [inquiry.inquiry_id], failure, at=now)


async def _unanswered(
    context: JobContext, inquiry: Inquiry, transmission: Transmission, *, reason: str
) -> None:
    """Whether the partner has the question is not known, so the same bytes go out again."""
    now, failure = context.clock.now(), Failure(domain.UNAVAILABLE, reason)
    again_at = domain.next_attempt(inquiry.attempts, at=now)
    async with context.database.transaction((inquiry.tenant_id,)) as tx:
        gone = again_at is None
        await transmissions.record_attempt(tx, transmission, error=reason, refused=gone)
        if again_at is None:
            await inquiries.fail(tx, inquiry.tenant_id, [inquiry.inquiry_id], failure, at=now)
        else:
            await inquiries.ask_later(tx, inquiry, failure, at=again_at)


async def _record(
    context: JobContext, inquiry: Inquiry, transmission: Transmission, answer: bytes
) -> None:
    """The answer is stored before anything reads it; then it is read at once, since somebody
    waits."""
    now = context.clock.now()
    file = interchanges.NewFile(
        tenant_id=inquiry.tenant_id,
        interchange_id=new_id(),
        direction="received",
        partner_id=transmission.partner_id,
        file_name=f"{transmission.file_name}{REAL_TIME_MARK}{inquiry.attempts}",
        content=answer,
    )
    async with context.database.transaction((inquiry.tenant_id,)) as tx:
        await transmissions.record_sent(tx, transmission, at=now)
        await interchanges.keep(tx, file, at=now)
        buggify("ask.recording")
    buggify("ask.recorded")
    async with context.database.transaction((inquiry.tenant_id,)) as tx:
        stored = await interchanges.find(tx, file.interchange_id)
    if stored is not None:
        await read_or_keep(context, stored)
    await _close(context, inquiry)


async def _close(context: JobContext, inquiry: Inquiry) -> None:
    """An exchange that brought no answer to the question (a 999 or TA1 alone, or nothing that can
    be read) has none to come."""
    now = context.clock.now()
    failure = Failure(domain.UNREADABLE, "what the partner sent back answers no question")
    async with context.database.transaction((inquiry.tenant_id,)) as tx:
        after = await inquiries.find(tx, inquiry.tenant_id, inquiry.inquiry_id)
        if after is not None and after.status is InquiryStatus.ASKED:
            await inquiries.fail(tx, inquiry.tenant_id, [inquiry.inquiry_id], failure, at=now)
