"""An answer that is matched with what it answers: it is kept whole, claims move, events say so."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from payer_gateway.domain.acknowledgment import ClaimVerdict, Kind
from payer_gateway.domain.inquiry import REJECTED, Failure
from payer_gateway.domain.interchange import FoundIn, Interchange
from payer_gateway.domain.lifecycle import ANSWERS, Hop, Outcome
from payer_gateway.domain.submission import Submission
from payer_gateway.domain.transmission import Acknowledgment, Transmission
from payer_gateway.handlers.register import caused
from payer_gateway.storage import acknowledgments, inquiries, submissions
from rcm.contracts.payer import ClaimAcknowledged, ClaimRejected
from rcm.contracts.values import Finding
from rcm.db import Tx
from rcm.events import publish
from rcm.ids import new_id

INQUIRY_KINDS = frozenset({"270", "276"})
Settled = Sequence[tuple[Submission, ClaimVerdict]]


@dataclass(frozen=True, slots=True)
class Answer:
    """One acknowledgment, matched with what it answers."""

    kind: Kind
    hop: Hop
    reference: str
    outcome: Outcome
    code: str
    sent: Transmission | None = None
    settled: Settled = ()
    note_code: str | None = None
    source_received_on: date | None = None
    missing: Sequence[Submission] = ()
    findings: tuple[Finding, ...] = ()


async def settle(tx: Tx, file: Interchange, answer: Answer, *, at: datetime) -> list[FoundIn]:
    """Keep the acknowledgment, move what may move, and tell of what moved."""
    found = (*answer.findings, *_of_ours(answer))
    accepted = sum(on.is_accepted for _, on in answer.settled)
    moved = await _move(tx, file, answer, at=at)
    kept = Acknowledgment(
        tenant_id=file.tenant_id,
        acknowledgment_id=new_id(),
        interchange_id=file.interchange_id,
        transmission_id=answer.sent.transmission_id if answer.sent else None,
        kind=answer.kind,
        hop=answer.hop,
        outcome=answer.outcome,
        reference=answer.reference,
        accepted_count=accepted,
        rejected_count=len(answer.settled) - accepted,
        received_at=at,
        code=answer.code,
        note_code=answer.note_code,
        source_received_on=answer.source_received_on,
        missing_count=len(answer.missing),
        moved_count=moved,
        findings=found,
    )
    await acknowledgments.add(tx, kept)
    await acknowledgments.add_claims(tx, kept, answer.settled)
    return [FoundIn(file.interchange_id, each) for each in found]


async def _move(tx: Tx, file: Interchange, answer: Answer, *, at: datetime) -> int:
    if not answer.settled:
        return 0
    moves = [
        submissions.Move(
            each.submission_id, ANSWERS[answer.hop, on.is_accepted], on.payer_claim_number
        )
        for each, on in answer.settled
    ]
    moved = await submissions.move(tx, file.tenant_id, moves, at=at)
    told = [*moved, *await _numbers(tx, file, answer, moved)]
    verdicts = {each.submission_id: on for each, on in answer.settled}
    await publish(
        tx,
        [caused(each, _event(each, answer, verdicts[each.submission_id], at)) for each in told],
    )
    return len(moved)


async def _numbers(
    tx: Tx, file: Interchange, answer: Answer, moved: Sequence[Submission]
) -> list[Submission]:
    """An acceptance that moves nothing may still bring the payer's number: a second A2, or one
    that a later hop has overtaken."""
    gone = {each.submission_id for each in moved}
    numbers = [
        (each.submission_id, on.payer_claim_number)
        for each, on in answer.settled
        if on.is_accepted and on.payer_claim_number and each.submission_id not in gone
    ]
    return await submissions.learn_numbers(tx, file.tenant_id, numbers) if numbers else []


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


def _of_ours(answer: Answer) -> tuple[Finding, ...]:
    """Whether it answers a file of ours, and whether all claims of that file are still in it."""
    if answer.sent is None:
        return () if answer.settled else (_unmatched(answer),)
    again = answer.sent.claim_count - len(answer.settled)
    if answer.kind == "277CA" or answer.outcome is not Outcome.ACCEPTED or again <= 0:
        return ()
    return (
        Finding(
            code=f"{answer.kind}.sent-again",
            severity="warning",
            message=f"{again} claims of the file that it accepts have been sent again since",
        ),
    )


def _unmatched(answer: Answer) -> Finding:
    """An answer to something that we did not send, or that another partner carried. The number that
    it gives is on the acknowledgment, not here: whoever wrote it could have written anything."""
    return Finding(
        code=f"{answer.kind}.unmatched",
        severity="warning",
        message="it answers no file of ours",
    )


async def reject_inquiries(
    tx: Tx, answer: Answer, verdict: Callable[[str | None], ClaimVerdict | None], *, at: datetime
) -> None:
    """Questions in a file or set that was turned away get no answer; the findings are with the
    acknowledgment. An accepted file has answered nothing yet."""
    if answer.sent is None or answer.sent.kind not in INQUIRY_KINDS:
        return
    asked = await inquiries.in_transmission(tx, answer.sent.tenant_id, answer.sent.transmission_id)
    refused = [
        each.inquiry_id
        for each in asked
        if (on := verdict(each.set_control_number)) is not None and not on.is_accepted
    ]
    failure = Failure(REJECTED, f"the partner rejected the file ({answer.kind})")
    await inquiries.fail(tx, answer.sent.tenant_id, refused, failure, at=at)
