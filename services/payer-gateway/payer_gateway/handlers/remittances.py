"""An 835: each ST is reported whole when it balances, held whole when it does not, and never
reported twice, whatever file it comes back in."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from payer_gateway.domain import remittance as domain
from payer_gateway.domain.inbound import RemittanceSet
from payer_gateway.domain.interchange import FoundIn, Interchange
from payer_gateway.domain.lifecycle import SubmissionStatus
from payer_gateway.domain.remittance import RemittanceStatus, Report
from payer_gateway.domain.submission import Submission
from payer_gateway.handlers.register import caused
from payer_gateway.storage import payers, remittances, submissions
from rcm.contracts.base import Event
from rcm.contracts.values import Finding
from rcm.db import Tx
from rcm.events import Caused, publish
from rcm.ids import new_id
from rcm_x12.remittance_835 import Remittance

# An event is no archive: the rest of the findings is in the worklist.
FINDINGS_TOLD = 100


@dataclass(frozen=True, slots=True)
class Judged:
    """What becomes of one ST, and why."""

    status: RemittanceStatus
    findings: Sequence[Finding]
    report: Report | None = None
    duplicate_of: UUID | None = None


async def take_835(
    tx: Tx, file: Interchange, each: RemittanceSet, *, at: datetime
) -> list[FoundIn]:
    """Judge one ST, keep it, and say what it says."""
    remittance = each.found.content
    numbers = [claim.control_number for claim in remittance.claims]
    sent = await submissions.newest_sent(tx, file.tenant_id, numbers)
    context = domain.Context(
        tenant_id=file.tenant_id,
        remittance_id=new_id(),
        payer_id=await _payer_id(tx, file, remittance, sent),
        at=at,
    )
    judged = await _judge(tx, each, context)
    await remittances.add(tx, _row(file, each, context, judged), _claims(remittance, sent))
    await _tell(tx, remittance, context, judged=judged, sent=sent)
    return [
        FoundIn(file.interchange_id, finding, context.remittance_id) for finding in judged.findings
    ]


async def _judge(tx: Tx, each: RemittanceSet, context: domain.Context) -> Judged:
    remittance = each.found.content
    noted = domain.findings_of(each.found.findings)
    known = await remittances.same_payment(tx, context.tenant_id, domain.payment_key(remittance))
    for earlier in known:
        if earlier.content_sha256 == each.content_sha256:
            return Judged(
                RemittanceStatus.DUPLICATE, [DUPLICATE], duplicate_of=earlier.remittance_id
            )
    if any(earlier.status is RemittanceStatus.REPORTED for earlier in known):
        return Judged(RemittanceStatus.HELD, [CONFLICT, *noted])
    if each.found.is_blocked:
        return Judged(RemittanceStatus.HELD, noted)
    report = await asyncio.to_thread(domain.report, remittance, context)
    if not isinstance(report, Report):
        return Judged(RemittanceStatus.HELD, [*report, *noted])
    return Judged(RemittanceStatus.REPORTED, noted, report)


DUPLICATE = Finding(
    code="duplicate",
    severity="info",
    message="this payment was reported before; nothing was posted",
)
CONFLICT = Finding(
    code="payment-conflict",
    message="a payment with this trace, payer, date and amount was reported with other content",
)


async def _payer_id(
    tx: Tx, file: Interchange, remittance: Remittance, sent: Mapping[str, Submission]
) -> str:
    """The payers that the answered claims went to, or else any that we know by the file's ids."""
    header = remittance.header
    routed = [each.payer_id for each in sent.values()]
    named = domain.identifiers_of(header.payer)
    registered = await payers.known(tx, file.tenant_id, named)
    return domain.payer_of(
        header.payer, header.originating_company_id, routed=routed, registered=registered
    )


async def _tell(
    tx: Tx,
    remittance: Remittance,
    context: domain.Context,
    *,
    judged: Judged,
    sent: Mapping[str, Submission],
) -> None:
    if judged.status is RemittanceStatus.HELD:
        await publish(tx, [domain.held(remittance, judged.findings[:FINDINGS_TOLD], context)])
    if judged.report is None:
        return
    events: list[Event | Caused] = [judged.report.received]
    for payment in judged.report.payments:
        submission = sent.get(payment.patient_control_number)
        events.append(caused(submission, payment) if submission else payment)
    await publish(tx, events)
    moves = [
        submissions.Move(
            sent[claim.control_number].submission_id,
            SubmissionStatus.REMITTED,
            claim.payer_claim_number or None,
        )
        for claim in remittance.claims
        if claim.control_number in sent
    ]
    if moves:
        await submissions.move(tx, context.tenant_id, moves, at=context.at)


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


def _claims(
    remittance: Remittance, sent: Mapping[str, Submission]
) -> list[remittances.StoredClaim]:
    return [
        remittances.StoredClaim(
            ordinal,
            claim.control_number,
            found.submission_id if (found := sent.get(claim.control_number)) else None,
            claim.payer_claim_number or None,
            claim.status_code,
            claim.charge_cents,
            claim.paid_cents,
            domain.adjusted_cents(claim),
        )
        for ordinal, claim in enumerate(remittance.claims, 1)
    ]
