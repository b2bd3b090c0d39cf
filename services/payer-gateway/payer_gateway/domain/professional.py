"""One ready professional claim becomes one claim of an 837P."""

from payer_gateway.domain.coordination import Told
from payer_gateway.domain.parties import (
    billing_provider,
    insured,
    original_number,
    payer_of,
    unlike_billing,
)
from rcm.contracts import values
from rcm.contracts.claims import ClaimReady
from rcm_x12 import claim_837p as x12
from rcm_x12.values import Procedure


def professional_claim(
    claim: ClaimReady, persons: values.Persons, *, receiver_payer_id: str | None = None
) -> x12.Claim:
    """`receiver_payer_id` is the payer's id as the partner knows it. Raises `Unsendable` when the
    member of the coverage, or a billing detail, is missing."""
    subscriber, dependent = insured(claim.coverage, persons)
    billing, told = billing_provider(claim.billing_provider), Told.by(claim)
    return x12.Claim(
        control_number=claim.patient_control_number,
        charge_cents=claim.charge_cents,
        place_of_service_code=claim.place_of_service_code,
        billing_provider=billing,
        subscriber=subscriber,
        dependent=dependent,
        payer=payer_of(claim.coverage, receiver_payer_id),
        diagnoses=tuple(x12.Diagnosis(each.code, each.code_type) for each in claim.diagnoses),
        lines=tuple(_line(line, claim, told) for line in claim.lines),
        frequency_code=claim.frequency_code,
        original_claim_number=original_number(claim),
        assignment_code="A" if claim.provider_accepts_assignment else "C",
        benefits_assigned="Y" if claim.benefits_assigned_to_provider else "N",
        release_code="Y" if claim.patient_authorized_release else "I",
        prior_authorization_number=claim.prior_authorization_number or "",
        referral_number=claim.referral_number or "",
        rendering_provider=unlike_billing(claim.rendering_provider, billing),
        service_facility=unlike_billing(claim.service_facility, billing),
        other_coverages=told.coverages(claim, persons),
    )


def _line(line: values.ClaimLine, claim: ClaimReady, told: Told) -> x12.Line:
    place, end = line.place_of_service_code, line.end_date_of_service
    return x12.Line(
        procedure=Procedure(line.procedure_code, modifiers=line.modifiers),
        charge_cents=line.charge_amount_cents,
        quantity=line.quantity,
        # Events count pointers from 0, SV107 from 1.
        diagnosis_pointers=tuple(pointer + 1 for pointer in line.diagnosis_pointers),
        service_from=line.date_of_service,
        # A range is sent only when both ends differ.
        service_to=end if end != line.date_of_service else None,
        control_number=line.line_control_number,
        units=line.units,
        place_of_service_code=place if place and place != claim.place_of_service_code else "",
        adjudications=tuple(told.of_line(line.line_number)),
    )
