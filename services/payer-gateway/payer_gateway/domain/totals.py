"""What a 277CA counts, beside what we sent: a claim that it leaves out is one to ask about."""

from collections.abc import Iterable, Mapping, Sequence

from payer_gateway.domain.acknowledgment import BatchVerdict
from payer_gateway.domain.submission import Submission
from rcm.contracts.values import Finding
from rcm_x12.status_277ca import ClaimAcknowledgment, Status, Totals


def totals_findings(answer: ClaimAcknowledgment, held: Sequence[Submission]) -> tuple[Finding, ...]:
    """Each level's QTY and AMT (2200B 90, AA; 2200C QA, QC; YU, YY) against the claims of ours that
    it speaks of. Levels without totals say nothing."""
    found = list(_level(answer.totals, held, "the batch"))
    for provider in answer.providers:
        ours = [each for each in held if each.billing_npi == provider.provider.id]
        found += _level(provider.totals, ours, "a provider's part of the batch")
    return tuple(found)


def _level(totals: Totals, ours: Sequence[Submission], name: str) -> Iterable[Finding]:
    counts = [each for each in (totals.accepted_count, totals.rejected_count) if each is not None]
    if counts and sum(counts) != len(ours):
        yield Finding(
            code="277CA.count",
            severity="warning",
            message=f"it counts {sum(counts)} claims in {name}, we sent {len(ours)}",
        )
    amounts = [each for each in (totals.accepted_cents, totals.rejected_cents) if each is not None]
    charged = sum(each.charge_cents for each in ours)
    if amounts and sum(amounts) != charged:
        yield Finding(
            code="277CA.amount",
            severity="warning",
            message=f"its charges of {name} are {sum(amounts)} cents, ours are {charged}",
        )


def charge_findings(answer: ClaimAcknowledgment, held: Sequence[Submission]) -> tuple[Finding, ...]:
    """STC04 of a claim against its charge: the payer may have read another claim than we wrote."""
    ours: Mapping[str, Submission] = {each.patient_control_number: each for each in held}
    wrong = [
        sent.patient_control_number
        for claim in answer.claims
        if (sent := ours.get(claim.control_number)) and not _same_charge(claim.statuses, sent)
    ]
    return tuple(
        Finding(
            code="277CA.charge",
            severity="warning",
            message="the payer read another charge than we sent",
            location=f"claim {number}",
        )
        for number in wrong
    )


def _same_charge(statuses: Iterable[Status], ours: Submission) -> bool:
    amounts = {each.amount_cents for each in statuses} - {None}
    return not amounts or ours.charge_cents in amounts


def missing(batch: BatchVerdict, held: Sequence[Submission]) -> tuple[Submission, ...]:
    """Claims of an accepted batch that the answer does not name, and no rejection covers."""
    if not batch.is_accepted:
        return ()
    return tuple(
        each
        for each in held
        if each.billing_npi not in batch.rejected_providers
        and each.patient_control_number not in batch.claims
    )


def missing_finding(count: int) -> Finding:
    return Finding(
        code="277CA.missing-claims",
        severity="warning",
        message=f"{count} claims of the batch are not in it; they will be asked about",
    )
