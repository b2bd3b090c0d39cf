"""One ready institutional claim becomes one claim of an 837I."""

from collections.abc import Iterator
from dataclasses import replace

from payer_gateway.domain.coordination import Told
from payer_gateway.domain.parties import (
    billing_provider,
    insured,
    original_number,
    payer_of,
    provider_of,
    unlike_billing,
)
from rcm.contracts import values
from rcm.contracts.claims import InstitutionalClaimReady
from rcm_x12 import claim_837i as x12
from rcm_x12.values import Procedure, QualifiedDate


def institutional_claim(
    claim: InstitutionalClaimReady,
    persons: values.Persons,
    *,
    receiver_payer_id: str | None = None,
) -> x12.Claim:
    """`receiver_payer_id` is the payer's id as the partner knows it. Raises `Unsendable` when the
    member of the coverage, or a billing detail, is missing."""
    subscriber, dependent = insured(claim.coverage, persons)
    billing, bill = billing_provider(claim.billing_provider), claim.institutional
    attending = provider_of(bill.attending_provider) if bill.attending_provider else None
    return x12.Claim(
        control_number=claim.patient_control_number,
        charge_cents=claim.charge_cents,
        type_of_bill=type_of_bill(claim),
        billing_provider=billing,
        subscriber=subscriber,
        dependent=dependent,
        payer=payer_of(claim.coverage, receiver_payer_id),
        statement_from=claim.date_of_service,
        statement_to=claim.end_date_of_service,
        diagnoses=tuple(_diagnoses(claim)),
        lines=tuple(_lines(claim)),
        original_claim_number=original_number(claim),
        assignment_code="A" if claim.provider_accepts_assignment else "C",
        benefits_assigned="Y" if claim.benefits_assigned_to_provider else "N",
        release_code="Y" if claim.patient_authorized_release else "I",
        admission=_admission(bill),
        discharge_time=bill.discharge_time or "",
        admission_type_code=bill.admission_type_code,
        admission_source_code=bill.admission_source_code or "",
        patient_status_code=bill.patient_status_code,
        prior_authorization_number=claim.prior_authorization_number or "",
        referral_number=claim.referral_number or "",
        drg_code=bill.drg_code or "",
        procedures=tuple(_procedures(bill)),
        occurrence_spans=tuple(
            x12.OccurrenceSpan(each.code, each.first_on, each.last_on)
            for each in bill.occurrence_spans
        ),
        occurrences=tuple(x12.Occurrence(each.code, each.on) for each in bill.occurrences),
        value_codes=tuple(x12.ValueCode(each.code, each.amount_cents) for each in bill.value_codes),
        condition_codes=bill.condition_codes,
        attending_provider=attending,
        operating_physician=_plain(_given(bill.operating_physician)),
        rendering_provider=_plain(_unlike(claim.rendering_provider, attending)),
        service_facility=_plain(unlike_billing(claim.service_facility, billing)),
        referring_provider=_plain(_unlike(bill.referring_provider, attending)),
        other_coverages=Told.by(claim).coverages(claim, persons),
    )


def type_of_bill(claim: InstitutionalClaimReady) -> str:
    """CLM05: as first billed, or with the frequency of a replacement or void."""
    bill = claim.institutional
    if claim.frequency_code == "1":
        return bill.type_of_bill
    return bill.facility_code + claim.frequency_code


def _diagnoses(claim: InstitutionalClaimReady) -> Iterator[x12.Diagnosis]:
    bill = claim.institutional
    for each in claim.diagnoses:
        yield x12.Diagnosis(each.code, each.code_type, each.present_on_admission_indicator or "")
    if bill.admitting_diagnosis_code:
        yield x12.Diagnosis(bill.admitting_diagnosis_code, "ABJ")
    for code in bill.reason_for_visit_codes:
        yield x12.Diagnosis(code, "APR")
    for cause in bill.external_causes:
        yield x12.Diagnosis(cause.code, "ABN", cause.present_on_admission_indicator or "")


def _procedures(bill: values.Institutional) -> Iterator[x12.PerformedProcedure]:
    for position, each in enumerate(bill.procedures):
        kind = "BBQ" if position else "BBR"
        yield x12.PerformedProcedure(each.code, each.performed_on, kind)


def _admission(bill: values.Institutional) -> QualifiedDate | None:
    if bill.admission_date is None:
        return None
    return QualifiedDate("435", bill.admission_date, time=bill.admission_time or "")


def _lines(claim: InstitutionalClaimReady) -> Iterator[x12.Line]:
    told = Told.by(claim)
    for line in claim.lines:
        yield _line(line, claim.institutional, told)


def _line(line: values.InstitutionalClaimLine, bill: values.Institutional, told: Told) -> x12.Line:
    end = line.end_date_of_service
    # Lines of a stay have no days of their own: the statement says when it was.
    dated = not bill.is_inpatient
    procedure = None
    if line.procedure_code:
        procedure = Procedure(line.procedure_code, modifiers=line.modifiers)
    return x12.Line(
        revenue_code=line.revenue_code,
        charge_cents=line.charge_amount_cents,
        quantity=line.quantity,
        procedure=procedure,
        units=line.units,
        non_covered_cents=line.non_covered_amount_cents or None,
        service_from=line.date_of_service if dated else None,
        service_to=end if dated and end != line.date_of_service else None,
        control_number=line.line_control_number,
        adjudications=tuple(told.of_line(line.line_number, revenue_code=line.revenue_code)),
    )


def _given(provider: values.Provider | None) -> x12.Provider | None:
    return None if provider is None else provider_of(provider)


def _plain(provider: x12.Provider | None) -> x12.Provider | None:
    """Only who bills and who attended have a specialty (PRV) in an 837I."""
    return None if provider is None else replace(provider, taxonomy_code="")


def _unlike(
    provider: values.Provider | None, attending: x12.Provider | None
) -> x12.Provider | None:
    """2310D and 2310F are sent only where they differ from who attended."""
    if provider is None or (attending is not None and provider.npi == attending.npi):
        return None
    return provider_of(provider)
