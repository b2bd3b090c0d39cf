"""TA1, 999 and 277CA: what each hop said becomes the state of every claim that it speaks of."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from payer_gateway.domain.acknowledgment import (
    BatchVerdict,
    ClaimVerdict,
    batch_verdict,
    claim_verdict,
    group_verdict,
    interchange_verdict,
    plain,
)
from payer_gateway.domain.interchange import FoundIn, Interchange
from payer_gateway.domain.lifecycle import FILE_JUDGED, FILE_OPEN, Outcome, TransmissionStatus
from payer_gateway.domain.remittance import findings_of
from payer_gateway.domain.submission import Submission
from payer_gateway.domain.totals import (
    charge_findings,
    missing,
    missing_finding,
    totals_findings,
)
from payer_gateway.domain.transmission import Transmission
from payer_gateway.handlers.sending import record_sent
from payer_gateway.handlers.settling import Answer, reject_inquiries, settle
from payer_gateway.storage import submissions, transmissions
from rcm.contracts.values import Finding
from rcm.db import Tx
from rcm_x12 import ack_999, status_277ca
from rcm_x12.envelope import TransactionSet
from rcm_x12.ta1 import InterchangeAcknowledgment

# Answers to one batch may come in several files; what none of them names a day later is missing.
CHASE_AFTER = timedelta(days=1)


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
    on_all = interchange_verdict(code=verdict.code, note_code=verdict.note_code)
    settled: list[tuple[Submission, ClaimVerdict]] = []
    if sent is not None:
        settled = [(each, on_all) for each in await _claims_of(tx, sent, at=at)]
        if not on_all.is_accepted:
            await transmissions.record_answer(
                tx, sent, TransmissionStatus.REJECTED, over=FILE_OPEN, at=at
            )
    answer = Answer(
        kind="TA1",
        hop="interchange",
        reference=verdict.control_number,
        outcome=Outcome.ACCEPTED if on_all.is_accepted else Outcome.REJECTED,
        code=plain(verdict.code),
        note_code=plain(verdict.note_code),
        sent=sent,
        settled=settled,
        findings=on_all.findings,
    )
    await reject_inquiries(tx, answer, lambda _: on_all, at=at)
    return await settle(tx, file, answer, at=at)


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
            on_set = verdict.verdict(each.set_control_number, each.patient_control_number)
            if on_set is not None:
                settled.append((each, on_set))
        status = TransmissionStatus(verdict.outcome.value)
        await transmissions.record_answer(tx, sent, status, over=FILE_JUDGED, at=at)
    answer = Answer(
        kind="999",
        hop="group",
        reference=verdict.group_control_number,
        outcome=verdict.outcome,
        code=verdict.code,
        sent=sent,
        settled=settled,
        findings=tuple(each for several in verdict.findings.values() for each in several),
    )
    await reject_inquiries(tx, answer, verdict.verdict, at=at)
    return [*_noted(file, found), *await settle(tx, file, answer, at=at)]


async def take_277ca(
    tx: Tx,
    file: Interchange,
    found: TransactionSet[status_277ca.ClaimAcknowledgment],
    *,
    at: datetime,
) -> list[FoundIn]:
    """The claims of a batch, by our batch reference; by claim numbers when that is not ours."""
    said, verdict = found.content, batch_verdict(found.content)
    sent = await transmissions.by_number(
        tx, file.tenant_id, batch_reference=verdict.batch_reference, partner_id=file.partner_id
    )
    held = await _batch(tx, file, verdict, sent, at=at)
    settled = [(each, on) for each in held if (on := claim_verdict(verdict, each)) is not None]
    left_out = missing(verdict, held) if sent is not None else ()
    if left_out:
        silent = [each.submission_id for each in left_out]
        await submissions.chase(tx, file.tenant_id, silent, at=at + CHASE_AFTER)
    answer = Answer(
        kind="277CA",
        hop=verdict.hop,
        reference=verdict.batch_reference,
        outcome=_outcome(verdict, settled),
        code=verdict.status_codes[0].category_code if verdict.status_codes else "",
        sent=sent,
        settled=settled,
        source_received_on=_received_on(said),
        missing=left_out,
        findings=(
            *(totals_findings(said, held) if sent is not None else ()),
            *charge_findings(said, held),
            *([missing_finding(len(left_out))] if left_out else []),
            *_strangers(len(verdict.claims.keys() - {h.patient_control_number for h in held})),
        ),
    )
    return [*_noted(file, found), *await settle(tx, file, answer, at=at)]


async def _batch(
    tx: Tx, file: Interchange, verdict: BatchVerdict, sent: Transmission | None, *, at: datetime
) -> list[Submission]:
    if sent is not None:
        await record_sent(tx, sent, at=at)
        return await submissions.in_batch(
            tx, file.tenant_id, verdict.batch_reference, file.partner_id
        )
    known = await submissions.sent_under(tx, file.tenant_id, list(verdict.claims))
    return [newest for newest, *_ in known.values()]


def _outcome(verdict: BatchVerdict, settled: Sequence[tuple[Submission, ClaimVerdict]]) -> Outcome:
    if not settled and not verdict.is_accepted:
        return Outcome.REJECTED
    accepted = sum(on.is_accepted for _, on in settled)
    return Outcome.of(accepted=accepted, rejected=len(settled) - accepted)


async def _claims_of(tx: Tx, sent: Transmission, *, at: datetime) -> list[Submission]:
    """An answer proves that the file arrived, even when we had no time to record it; and that one
    was not lost which took its time and has been sent again since."""
    await record_sent(tx, sent, at=at)
    return await submissions.in_sets(tx, sent.tenant_id, sent.standing_for_it)


def _received_on(said: status_277ca.ClaimAcknowledgment) -> date | None:
    """DTP*050, unless it was not there and the reader put its stand-in."""
    return said.received_on if said.received_on.year > 1900 else None


def _noted(file: Interchange, found: TransactionSet[object]) -> list[FoundIn]:
    return [FoundIn(file.interchange_id, each) for each in findings_of(found.findings)]


def _strangers(count: int) -> tuple[Finding, ...]:
    if not count:
        return ()
    return (
        Finding(
            code="277CA.unknown-claims",
            severity="warning",
            message=f"{count} claims of it are not in the batch that it answers",
        ),
    )
