"""An 835: each ST is reported whole when it balances, held whole when it does not, and never
reported twice, whatever file it comes back in."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from payer_gateway.domain import remittance as domain
from payer_gateway.domain.adjustments import Adjustment, adjustments_of, names_in
from payer_gateway.domain.exceptions import Placed, of_payment, placed
from payer_gateway.domain.interchange import FoundIn, Interchange
from payer_gateway.domain.lifecycle import SubmissionStatus
from payer_gateway.domain.matching import match_claims, payers_asked, sent_to
from payer_gateway.domain.remittance import RemittanceStatus, Report
from payer_gateway.domain.remittance_sets import RemittanceSet
from payer_gateway.domain.submission import Submission
from payer_gateway.handlers.register import caused
from payer_gateway.storage import (
    adjustments,
    exceptions,
    matching,
    payers,
    remittances,
    submissions,
)
from rcm.contracts.base import Event
from rcm.contracts.values import Finding
from rcm.db import Tx
from rcm.events import Caused, publish, why_unfit
from rcm.ids import new_id
from rcm_x12.remittance_835 import Remittance

# An event is no archive: the rest of the findings is in the worklist.
FINDINGS_TOLD = 100
# A remittance of twenty thousand claims is never in memory as as many events.
TOLD_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Judged:
    """What becomes of one ST, and why."""

    status: RemittanceStatus
    findings: Sequence[Placed]
    report: Report | None = None
    duplicate_of: UUID | None = None


async def take_835(
    tx: Tx, file: Interchange, each: RemittanceSet, *, at: datetime
) -> list[FoundIn]:
    """Judge one ST, keep it, and say what it says."""
    context = await _context(tx, file.tenant_id, each, remittance_id=new_id(), at=at)
    judged = await _judge(tx, each, context)
    await remittances.add(tx, _row(file, each, context, judged), _claims(each, context))
    await _tell(tx, each.found.content, context, judged=judged)
    return _found_in(file.interchange_id, context, judged)


async def recheck_835(
    tx: Tx, held: remittances.StoredRemittance, each: RemittanceSet, *, at: datetime
) -> list[FoundIn]:
    """Judge a held ST again, under its own id: a newer reader may understand what the last one did
    not. What was found before gives way to what is found now."""
    context = await _context(tx, held.tenant_id, each, remittance_id=held.remittance_id, at=at)
    judged = await _judge(tx, each, context)
    await exceptions.set_findings_aside(tx, held, at=at)
    await exceptions.rejudge(tx, held, status=judged.status, payer_id=context.payer_id, at=at)
    await exceptions.match_again(tx, held, _claims(each, context))
    if judged.status is RemittanceStatus.REPORTED:
        await _tell(tx, each.found.content, context, judged=judged)
    return _found_in(held.interchange_id, context, judged)


def _found_in(interchange_id: UUID, context: domain.Context, judged: Judged) -> list[FoundIn]:
    return [
        FoundIn(
            interchange_id,
            each.finding,
            context.remittance_id,
            each.claim_ordinal,
            level=each.level,
            stake_cents=each.stake_cents,
        )
        for each in judged.findings
    ]


async def _context(
    tx: Tx, tenant_id: UUID, each: RemittanceSet, *, remittance_id: UUID, at: datetime
) -> domain.Context:
    """Which payer it is, and which of our claims it is about."""
    claims = each.found.content.claims
    sent = await submissions.sent_under(tx, tenant_id, [claim.control_number for claim in claims])
    payer_id = await _payer_id(tx, tenant_id, each.found.content, sent)
    by_number = {number: sent_to(payer_id, several) for number, several in sent.items()}
    strays = [c.payer_claim_number for c in claims if c.control_number not in by_number]
    by_payer_number = await matching.by_payer_number(tx, tenant_id, payer_id, strays)
    matches = match_claims(claims, by_number=by_number, by_payer_number=by_payer_number)
    return domain.Context(tenant_id, remittance_id, payer_id, at, matches)


async def _judge(tx: Tx, each: RemittanceSet, context: domain.Context) -> Judged:
    remittance = each.found.content
    noted = placed(each.found.findings, remittance)
    known = [
        earlier
        for earlier in await remittances.same_payment(
            tx, context.tenant_id, domain.payment_key(remittance)
        )
        if earlier.remittance_id != context.remittance_id
    ]
    cents = remittance.header.payment_cents
    for earlier in known:
        if earlier.content_sha256 == each.content_sha256:
            found = [of_payment(DUPLICATE, cents)]
            return Judged(RemittanceStatus.DUPLICATE, found, duplicate_of=earlier.remittance_id)
    stands = {(earlier.status, earlier.is_same) for earlier in known}
    if (RemittanceStatus.REPORTED, True) in stands:
        return Judged(RemittanceStatus.HELD, [of_payment(CONFLICT, cents), *noted])
    if RemittanceStatus.DISMISSED in {status for status, _ in stands}:
        return Judged(RemittanceStatus.HELD, [of_payment(ENDED, cents), *noted])
    if (RemittanceStatus.REPORTED, False) in stands and cents:
        noted = [of_payment(TRACE_SEEN, cents), *noted]
    if each.found.is_blocked:
        return Judged(RemittanceStatus.HELD, noted)
    report = await asyncio.to_thread(domain.report, remittance, context, why_unfit=why_unfit)
    if not isinstance(report, Report):
        unfit = [of_payment(finding, cents) for finding in report]
        return Judged(RemittanceStatus.HELD, [*unfit, *noted])
    return Judged(RemittanceStatus.REPORTED, noted, report)


DUPLICATE = Finding(
    code="duplicate",
    severity="info",
    message="this payment came before; nothing was posted",
)
CONFLICT = Finding(
    code="payment-conflict",
    message="a payment with this trace, payer, date and amount was reported with other content",
)
TRACE_SEEN = Finding(
    code="trace-seen",
    severity="warning",
    message="another payment with this trace and payer was reported, of another day or amount: one"
    " transfer pays only one of them",
)
ENDED = Finding(
    code="payment-conflict",
    message="a payment with this trace and payer was dismissed by a person before; if it was posted"
    " by hand, this one would post it twice",
)


async def _payer_id(
    tx: Tx, tenant_id: UUID, remittance: Remittance, sent: Mapping[str, Sequence[Submission]]
) -> str:
    """The payers that the answered claims went to, or else any that we know by the file's ids, or
    whose claims this company has paid before."""
    header = remittance.header
    routed = payers_asked(remittance.claims, sent)
    if routed is None:
        paid = await remittances.payers_of(tx, tenant_id, header.originating_company_id)
        routed = payers_asked(remittance.claims, sent, paying=paid) or paid
    named = domain.identifiers_of(header.payer)
    registered = {each.payer_id for several in sent.values() for each in several}
    registered |= await payers.known(tx, tenant_id, named)
    return domain.payer_of(
        header.payer, header.originating_company_id, routed=routed, registered=registered
    )


async def _tell(tx: Tx, remittance: Remittance, context: domain.Context, *, judged: Judged) -> None:
    if judged.status is RemittanceStatus.HELD:
        findings = [each.finding for each in judged.findings[:FINDINGS_TOLD]]
        await publish(tx, [domain.held(remittance, findings, context)])
    if judged.report is None:
        return
    await publish(tx, [judged.report.received])
    for ordinals in _sliced(judged.report.order):
        events: list[Event | Caused] = []
        for ordinal in ordinals:
            payment = domain.payment_of(remittance, ordinal, context)
            submission = context.match(ordinal).submission
            events.append(caused(submission, payment) if submission else payment)
        await publish(tx, events)
    await remitted(tx, remittance, context)
    await adjustments.add(tx, context.tenant_id, await _adjustments(tx, remittance, context))
    header = remittance.header
    sent_again = (header.originating_company_id, header.trace_number)
    await exceptions.replace_held(
        tx, context.tenant_id, sent_again, by=context.remittance_id, at=context.at
    )


def _sliced(ordinals: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ordinals[at : at + TOLD_AT_ONCE] for at in range(0, len(ordinals), TOLD_AT_ONCE))


async def remitted(tx: Tx, remittance: Remittance, context: domain.Context) -> None:
    """What was sent of the claims that it answers has come to its end: nobody asks about it any
    more, and its persons are let go."""
    moves = [
        submissions.Move(
            match.submission.submission_id,
            SubmissionStatus.REMITTED,
            claim.payer_claim_number or None,
        )
        for claim, match in zip(remittance.claims, context.matches, strict=True)
        if match.submission is not None
    ]
    if moves:
        await submissions.move(tx, context.tenant_id, moves, at=context.at)


async def _adjustments(tx: Tx, remittance: Remittance, context: domain.Context) -> list[Adjustment]:
    """Every PLB pair, traced to the claim that its reference names."""
    found = adjustments_of(remittance, context.remittance_id, context.payer_id)
    numbers = [number for each in found for number in names_in(each.reference)]
    named = await matching.by_any_number(tx, context.tenant_id, context.payer_id, numbers)
    return [
        replace(each, submission_id=about.submission_id, claim_id=about.claim_id)
        if (about := next((named[n] for n in names_in(each.reference) if n in named), None))
        else each
        for each in found
    ]


def _row(
    file: Interchange, each: RemittanceSet, context: domain.Context, judged: Judged
) -> remittances.StoredRemittance:
    remittance = each.found.content
    header = remittance.header
    return remittances.StoredRemittance(
        tenant_id=file.tenant_id,
        remittance_id=context.remittance_id,
        interchange_id=file.interchange_id,
        set_ordinal=each.ordinal,
        status=judged.status,
        duplicate_of=judged.duplicate_of,
        payer_id=context.payer_id,
        payer_name=header.payer.name,
        originating_company_id=header.originating_company_id,
        trace_number=header.trace_number,
        payment_cents=header.payment_cents,
        payment_method=header.payment_method,
        effective_on=header.effective_on,
        claim_count=len(remittance.claims),
        claim_paid_cents=sum(claim.paid_cents for claim in remittance.claims),
        provider_adjustment_cents=sum(
            adjustment.amount_cents for adjustment in remittance.provider_adjustments
        ),
        provider_adjustments=domain.plain_adjustments(remittance),
        content_sha256=each.content_sha256,
        received_at=context.at,
    )


def _claims(each: RemittanceSet, context: domain.Context) -> list[remittances.StoredClaim]:
    return [
        remittances.StoredClaim(
            ordinal,
            claim.control_number,
            match.submission.submission_id if match.submission else None,
            claim.payer_claim_number or None,
            claim.status_code,
            claim.charge_cents,
            claim.paid_cents,
            domain.adjusted_cents(claim),
            match.matched_by,
            match.submission.claim_id if match.submission else None,
        )
        for ordinal, (claim, match) in enumerate(
            zip(each.found.content.claims, context.matches, strict=True), 1
        )
    ]
