"""TA1, 999 and 277CA: what each hop said becomes the state of every claim that it speaks of."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from payer_gateway.domain.acknowledgment import (
    ClaimVerdict,
    Kind,
    batch_verdict,
    claim_verdict,
    group_verdict,
    interchange_verdict,
)
from payer_gateway.domain.interchange import FoundIn, Interchange
from payer_gateway.domain.lifecycle import ANSWERS, Hop, Outcome, TransmissionStatus
from payer_gateway.domain.remittance import findings_of
from payer_gateway.domain.submission import Submission
from payer_gateway.domain.transmission import Acknowledgment, Transmission
from payer_gateway.handlers.register import caused
from payer_gateway.handlers.sending import record_sent
from payer_gateway.storage import submissions, transmissions
from rcm.contracts.payer import ClaimAcknowledged, ClaimRejected
from rcm.contracts.values import Finding
from rcm.db import Tx
from rcm.events import publish
from rcm.ids import new_id
from rcm_x12 import ack_999, status_277ca
from rcm_x12.envelope import TransactionSet
from rcm_x12.ta1 import InterchangeAcknowledgment

Settled = Sequence[tuple[Submission, ClaimVerdict]]


@dataclass(frozen=True, slots=True)
class Answer:
    """One acknowledgment, matched with what it answers."""

    kind: Kind
    hop: Hop
    reference: str
    transmission_id: UUID | None
    outcome: Outcome
    settled: Settled = ()


async def take_ta1(
    tx: Tx, file: Interchange, verdict: InterchangeAcknowledgment, *, at: datetime
) -> list[FoundIn]:
    """The whole interchange, taken or not."""
    sent = await transmissions.by_number(
        tx,
        file.tenant_id,
        interchange_control_number=verdict.control_number,
        partner_id=file.partner_id,
    )
    on_all = interchange_verdict(is_accepted=verdict.is_accepted, note_code=verdict.note_code)
    outcome = Outcome.ACCEPTED if verdict.is_accepted else Outcome.REJECTED
    settled: Settled = ()
    if sent is not None:
        held = await _claims_of(tx, sent, at=at)
        settled = [(each, on_all) for each in held]
        if not verdict.is_accepted:
            await transmissions.record_answer(tx, sent, TransmissionStatus.REJECTED, at=at)
    answer = Answer("TA1", "interchange", verdict.control_number, _id(sent), outcome, settled)
    await _settle(tx, file, answer, at=at)
    return _unmatched(file, answer)


async def take_999(
    tx: Tx,
    file: Interchange,
    found: TransactionSet[ack_999.Acknowledgment],
    *,
    at: datetime,
) -> list[FoundIn]:
    """The sets of a group: of a partly accepted one, only the named sets are rejected."""
    verdict = group_verdict(found.content)
    sent = await transmissions.by_number(
        tx,
        file.tenant_id,
        group_control_number=verdict.group_control_number,
        partner_id=file.partner_id,
    )
    settled: list[tuple[Submission, ClaimVerdict]] = []
    if sent is not None:
        for each in await _claims_of(tx, sent, at=at):
            on_set = verdict.verdict(each.set_control_number)
            if on_set is not None:
                settled.append((each, on_set))
        status = TransmissionStatus(verdict.outcome.value)
        await transmissions.record_answer(tx, sent, status, at=at)
    reference = verdict.group_control_number
    answer = Answer("999", "group", reference, _id(sent), verdict.outcome, settled)
    await _settle(tx, file, answer, at=at)
    return [*_noted(file, found), *_unmatched(file, answer)]


async def take_277ca(
    tx: Tx,
    file: Interchange,
    found: TransactionSet[status_277ca.ClaimAcknowledgment],
    *,
    at: datetime,
) -> list[FoundIn]:
    """The claims of a batch, by our batch reference; by claim numbers when that is not ours."""
    verdict = batch_verdict(found.content)
    sent = await transmissions.by_number(
        tx, file.tenant_id, batch_reference=verdict.batch_reference, partner_id=file.partner_id
    )
    if sent is not None:
        await record_sent(tx, sent, at=at)
        held = await submissions.in_batch(tx, file.tenant_id, verdict.batch_reference)
    else:
        known = await submissions.newest_sent(tx, file.tenant_id, list(verdict.claims))
        held = list(known.values())
    settled = [(each, on) for each in held if (on := claim_verdict(verdict, each)) is not None]
    accepted = sum(on.is_accepted for _, on in settled)
    outcome = Outcome.of(accepted=accepted, rejected=len(settled) - accepted)
    if not settled and not verdict.is_accepted:
        outcome = Outcome.REJECTED
    reference = verdict.batch_reference
    answer = Answer("277CA", verdict.hop, reference, _id(sent), outcome, settled)
    await _settle(tx, file, answer, at=at)
    ours = {each.patient_control_number for each in held}
    strangers = len(set(verdict.claims) - ours)
    return [*_noted(file, found), *_unmatched(file, answer), *_strangers(file, strangers)]


async def _claims_of(tx: Tx, sent: Transmission, *, at: datetime) -> list[Submission]:
    """An answer proves that the file arrived, even when we had no time to record it."""
    await record_sent(tx, sent, at=at)
    return await submissions.in_sets(tx, sent.tenant_id, sent.transmission_id)


async def _settle(tx: Tx, file: Interchange, answer: Answer, *, at: datetime) -> None:
    """Keep the acknowledgment, move what may move, and tell of what moved."""
    accepted = sum(on.is_accepted for _, on in answer.settled)
    kept = Acknowledgment(
        tenant_id=file.tenant_id,
        acknowledgment_id=new_id(),
        interchange_id=file.interchange_id,
        transmission_id=answer.transmission_id,
        kind=answer.kind,
        hop=answer.hop,
        outcome=answer.outcome,
        reference=answer.reference,
        accepted_count=accepted,
        rejected_count=len(answer.settled) - accepted,
        received_at=at,
    )
    await transmissions.add_acknowledgment(tx, kept)
    if not answer.settled:
        return
    claims = [
        transmissions.AcknowledgedClaim(
            each.submission_id, on.is_accepted, on.status_codes, on.payer_claim_number
        )
        for each, on in answer.settled
    ]
    await transmissions.add_acknowledged_claims(tx, kept, claims)
    moves = [
        submissions.Move(
            each.submission_id, ANSWERS[answer.hop, on.is_accepted], on.payer_claim_number
        )
        for each, on in answer.settled
    ]
    moved = await submissions.move(tx, file.tenant_id, moves, at=at)
    verdicts = {each.submission_id: on for each, on in answer.settled}
    await publish(
        tx,
        [caused(each, _event(each, answer, verdicts[each.submission_id], at)) for each in moved],
    )


def _event(
    each: Submission, answer: Answer, on: ClaimVerdict, at: datetime
) -> ClaimAcknowledged | ClaimRejected:
    if on.is_accepted:
        return ClaimAcknowledged(
            tenant_id=each.tenant_id,
            claim_id=each.claim_id,
            submission_id=each.submission_id,
            hop=answer.hop,
            acknowledgment=answer.kind,
            status_codes=on.status_codes,
            payer_claim_number=on.payer_claim_number,
            acknowledged_at=at,
        )
    return ClaimRejected(
        tenant_id=each.tenant_id,
        claim_id=each.claim_id,
        submission_id=each.submission_id,
        hop=answer.hop,
        acknowledgment=answer.kind,
        status_codes=on.status_codes,
        findings=on.findings,
        rejected_at=at,
    )


def _id(sent: Transmission | None) -> UUID | None:
    return sent.transmission_id if sent else None


def _noted(file: Interchange, found: TransactionSet[object]) -> list[FoundIn]:
    return [FoundIn(file.interchange_id, each) for each in findings_of(found.findings)]


def _unmatched(file: Interchange, answer: Answer) -> list[FoundIn]:
    """An answer to something that we did not send, or that another partner carried."""
    if answer.transmission_id is not None or answer.settled:
        return []
    finding = Finding(
        code=f"{answer.kind}.unmatched",
        severity="warning",
        message="it answers no file of ours",
        location=f"reference {answer.reference[:50]}",
    )
    return [FoundIn(file.interchange_id, finding)]


def _strangers(file: Interchange, count: int) -> list[FoundIn]:
    if not count:
        return []
    finding = Finding(
        code="277CA.unknown-claims",
        severity="warning",
        message=f"{count} claims of it are not in the batch that it answers",
    )
    return [FoundIn(file.interchange_id, finding)]
