"""The events of a claim, as its states and decisions say them."""

from typing import Any

from claims_svc.domain.change import Denial
from claims_svc.domain.claim import Cause, Claim, Frequency
from claims_svc.domain.decision import Decision, Reading
from claims_svc.domain.standing import Standing
from rcm.contracts.base import Event, Sealed
from rcm.contracts.claims import (
    AnyClaimReady,
    ClaimAdjudicated,
    ClaimClosed,
    ClaimCreated,
    ClaimHeld,
    ClaimReady,
    ClaimReversed,
    ClaimStatusChanged,
    DenialOpened,
    DenialResolved,
    InstitutionalClaimReady,
)
from rcm.contracts.values import ClaimReference, Persons, PriorDecision


def created(claim: Claim) -> ClaimCreated:
    """A claim exists."""
    return ClaimCreated(
        tenant_id=claim.tenant_id,
        claim_id=claim.claim_id,
        encounter_ids=claim.encounter_ids,
        patient_id=claim.patient_id,
        payer_id=claim.payer_id,
        patient_control_number=claim.patient_control_number,
        charge_cents=claim.content.charge_cents,
        date_of_service=claim.content.date_of_service,
        created_at=claim.created_at,
    )


def held(claim: Claim, cause: Cause) -> ClaimHeld:
    """A claim must not be sent, and why."""
    return ClaimHeld(
        tenant_id=claim.tenant_id,
        claim_id=claim.claim_id,
        findings=claim.findings,
        held_at=cause.now,
    )


def ready(
    claim: Claim,
    cause: Cause,
    *,
    replaces: ClaimReference | None,
    prior: tuple[PriorDecision, ...] = (),
) -> AnyClaimReady:
    """The whole claim for the payer of its `billed_rank`, to which `replaces` is known. Its scrub
    has passed, so nothing is missing."""
    content = claim.content
    common = _common(claim, cause, replaces=replaces, prior=prior)
    if content.institutional is None:
        return ClaimReady(
            **common, place_of_service_code=content.place_of_service_code, lines=claim.lines
        )
    return InstitutionalClaimReady(
        **common,
        end_date_of_service=content.end_date_of_service or content.date_of_service,
        lines=claim.institutional_lines,
        institutional=content.institutional,
    )


def _common(
    claim: Claim,
    cause: Cause,
    *,
    replaces: ClaimReference | None,
    prior: tuple[PriorDecision, ...],
) -> dict[str, Any]:
    """What both kinds of claim say."""
    content = claim.content
    coverage = claim.coverage(claim.billed_rank)
    assert coverage is not None  # noqa: S101 - C001 holds a claim without coverage
    return {
        "tenant_id": claim.tenant_id,
        "claim_id": claim.claim_id,
        "encounter_ids": claim.encounter_ids,
        "patient_id": claim.patient_id,
        "patient_control_number": claim.patient_control_number,
        "frequency_code": _frequency(claim, replaces),
        "replaces": replaces,
        "coverage": coverage,
        "other_coverages": tuple(each for each in content.coverages if each is not coverage),
        "prior_decisions": prior,
        "charge_cents": content.charge_cents,
        "date_of_service": content.date_of_service,
        "billing_provider": content.billing_provider,
        "rendering_provider": content.rendering_provider,
        "service_facility": content.service_facility,
        "diagnoses": content.diagnoses,
        "prior_authorization_number": content.prior_authorization_number,
        "referral_number": content.referral_number,
        "patient_authorized_release": content.patient_authorized_release,
        "benefits_assigned_to_provider": content.benefits_assigned_to_provider,
        "provider_accepts_assignment": content.provider_accepts_assignment,
        "ready_at": cause.now,
        "person": Sealed(value=_persons(claim)),
    }


def _frequency(claim: Claim, replaces: ClaimReference | None) -> Frequency:
    """CLM05-3. A later payer has a history of its own: what it never decided on is an original."""
    if not claim.is_passed_on:
        return claim.frequency_code
    return "7" if replaces else "1"


def status_changed(before: Claim, after: Claim, cause: Cause) -> ClaimStatusChanged:
    """An edge of the lifecycle that no other event tells of."""
    return ClaimStatusChanged(
        tenant_id=after.tenant_id,
        claim_id=after.claim_id,
        from_status=before.status,
        to_status=after.status,
        cause_event_id=cause.event_id,
        changed_at=cause.now,
    )


def adjudicated(
    claim: Claim, reading: Reading, standing: Standing, cause: Cause
) -> ClaimAdjudicated:
    """A payer's decision, posted."""
    decision, share = reading.decision, standing.share
    return ClaimAdjudicated(
        tenant_id=claim.tenant_id,
        claim_id=claim.claim_id,
        patient_id=claim.patient_id,
        patient_control_number=claim.patient_control_number,
        adjudication_id=decision.adjudication_id,
        remittance_id=decision.remittance_id,
        payer_id=decision.payer_id,
        payer_claim_number=decision.payer_claim_number,
        claim_status_code=decision.status_code,
        outcome=claim.outcome,
        responsible_party=claim.responsible_party,
        money=claim.money,
        deductible_cents=share.deductible_cents,
        coinsurance_cents=share.coinsurance_cents,
        copay_cents=share.copay_cents,
        other_patient_cents=share.other_cents,
        patient_due_cents=standing.patient_due_cents,
        date_of_service=claim.content.date_of_service,
        claim_adjustments=decision.adjustments,
        lines=decision.lines,
        effective_on=decision.effective_on,
        adjudicated_at=cause.now,
        person=Sealed(value=_persons(claim)),
    )


def taken_back(claim: Claim, original: Decision, reading: Reading, cause: Cause) -> ClaimReversed:
    """A payer took a decision back, and where that leaves the claim."""
    back = reading.decision
    return ClaimReversed(
        tenant_id=claim.tenant_id,
        claim_id=claim.claim_id,
        patient_id=claim.patient_id,
        adjudication_id=back.adjudication_id,
        reversed_adjudication_id=original.adjudication_id,
        remittance_id=back.remittance_id,
        payer_id=back.payer_id,
        paid_cents=back.paid_cents,
        patient_due_cents=claim.money.patient_responsibility_cents,
        money=claim.money,
        outcome=claim.outcome,
        responsible_party=claim.responsible_party,
        effective_on=back.effective_on,
        reversed_at=cause.now,
    )


def opened(denial: Denial) -> Event:
    """Money was refused and waits for somebody."""
    return DenialOpened(
        tenant_id=denial.tenant_id,
        claim_id=denial.claim_id,
        denial_id=denial.denial_id,
        payer_id=denial.payer_id,
        line_number=denial.line_number,
        denied_cents=denial.denied_cents,
        group_code=denial.group_code,
        reason_code=denial.reason_code,
        remark_codes=denial.remark_codes,
        category=denial.category,
        opened_at=denial.opened_at,
    )


def resolved(denial: Denial) -> Event:
    """A denial has come to its end."""
    assert denial.resolution is not None  # noqa: S101 - only resolved denials come here
    assert denial.resolved_at is not None  # noqa: S101
    return DenialResolved(
        tenant_id=denial.tenant_id,
        claim_id=denial.claim_id,
        denial_id=denial.denial_id,
        resolution=denial.resolution,
        resolved_at=denial.resolved_at,
    )


def closed(claim: Claim, cause: Cause) -> tuple[Event, ...]:
    """Nobody owes anything more, if that is so."""
    if claim.status != "closed":
        return ()
    event = ClaimClosed(
        tenant_id=claim.tenant_id,
        claim_id=claim.claim_id,
        outcome=claim.outcome,
        closed_at=cause.now,
    )
    return (event,)


def _persons(claim: Claim) -> Persons:
    assert claim.persons is not None  # noqa: S101 - doors that publish load claims with persons
    return claim.persons
