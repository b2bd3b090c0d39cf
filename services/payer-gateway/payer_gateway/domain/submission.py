"""Our words to X12 words: one ready claim becomes one 837P claim."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from payer_gateway.domain.lifecycle import SubmissionStatus
from payer_gateway.domain.outbound import Refusal
from rcm.contracts import values
from rcm.contracts.claims import ClaimReady
from rcm.contracts.payer import ClaimRejected
from rcm_x12 import claim_837p as x12
from rcm_x12.values import Address, Procedure

RANKS = MappingProxyType({"primary": "P", "secondary": "S", "tertiary": "T"})
# PAT01 of a patient who is not the subscriber.
RELATIONSHIPS = MappingProxyType({"spouse": "01", "child": "19", "other": "G8"})
# SBR02 of an other subscriber (2320).
OTHER_RELATIONSHIPS = MappingProxyType({"self": "18", **RELATIONSHIPS})


@dataclass(frozen=True, slots=True)
class Submission:
    """One attempt to bring one claim to its payer."""

    tenant_id: UUID
    submission_id: UUID
    claim_id: UUID
    source_event_id: UUID
    correlation_id: str
    patient_control_number: str
    payer_id: str
    billing_npi: str
    frequency_code: str
    charge_cents: int
    status: SubmissionStatus
    transmission_id: UUID | None
    set_control_number: str | None
    batch_reference: str | None
    payer_claim_number: str | None
    reason: str | None
    queued_at: datetime
    sent_at: datetime | None
    changed_at: datetime
    overdue_hop: str | None = None


@dataclass(frozen=True, slots=True)
class Queued:
    """A submission that waits to be written: the event as it came, its person block sealed."""

    submission_id: UUID
    source_event_id: UUID
    payer_id: str
    billing_npi: str
    claim: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file a submission stands."""

    submission_id: UUID
    set_control_number: str
    batch_reference: str


@dataclass(slots=True, eq=False)
class Unsendable(Exception):  # noqa: N818 - a business no, with its reason
    """The claim cannot become an 837P. Neither field quotes a person's value."""

    place: str
    reason: str

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


def not_enrolled(kind: str) -> Refusal:
    """Why a claim stays when its route wants an enrollment that is not live."""
    message = f"the billing provider is not enrolled with this payer for {kind}"
    return Refusal((values.Finding(code="not_enrolled", message=message, location="2010AA NM109"),))


def unsendable(submission: Submission, refusal: Refusal, at: datetime) -> ClaimRejected:
    """A claim that must not be sent has not left: we are the hop that rejects it."""
    return ClaimRejected(
        tenant_id=submission.tenant_id,
        claim_id=submission.claim_id,
        submission_id=submission.submission_id,
        hop="gateway",
        findings=refusal.findings,
        rejected_at=at,
    )


def professional_claim(
    claim: ClaimReady, persons: values.Persons, *, receiver_payer_id: str | None = None
) -> x12.Claim:
    """`receiver_payer_id` is the payer's id as the partner knows it. Raises `Unsendable` when the
    member of the coverage, or a billing detail, is missing."""
    subscriber, dependent = _insured(claim.coverage, persons)
    billing = _billing_provider(claim.billing_provider)
    return x12.Claim(
        control_number=claim.patient_control_number,
        charge_cents=claim.charge_cents,
        place_of_service_code=claim.place_of_service_code,
        billing_provider=billing,
        subscriber=subscriber,
        dependent=dependent,
        payer=_payer(claim.coverage, receiver_payer_id),
        diagnoses=tuple(x12.Diagnosis(each.code, each.code_type) for each in claim.diagnoses),
        lines=tuple(_line(line, claim) for line in claim.lines),
        frequency_code=claim.frequency_code,
        original_claim_number=_original_number(claim),
        assignment_code="A" if claim.provider_accepts_assignment else "C",
        benefits_assigned="Y" if claim.benefits_assigned_to_provider else "N",
        release_code="Y" if claim.patient_authorized_release else "I",
        prior_authorization_number=claim.prior_authorization_number or "",
        referral_number=claim.referral_number or "",
        rendering_provider=_unlike_billing(claim.rendering_provider, billing),
        service_facility=_unlike_billing(claim.service_facility, billing),
        other_coverages=tuple(_other_coverage(each, persons) for each in claim.other_coverages),
    )


def _insured(
    coverage: values.Coverage, persons: values.Persons
) -> tuple[x12.Subscriber, x12.Dependent | None]:
    """Loop 2000B, and 2000C only when the patient is not the subscriber."""
    member = _member(coverage, persons)
    patient = _person(persons.patient)
    is_self = coverage.relationship == "self"
    # Address, birth date and sex are sent of the patient only.
    holder = (
        patient
        if is_self
        else replace(_holder(coverage, member), address=None, birth_date=None, sex="")
    )
    subscriber = x12.Subscriber(
        person=holder,
        member_id=member.member_id,
        rank=RANKS[coverage.rank],
        filing_code=coverage.filing_code,
        group_number=coverage.group_number or "",
    )
    if is_self:
        return subscriber, None
    return subscriber, x12.Dependent(patient, RELATIONSHIPS[coverage.relationship])


def _other_coverage(coverage: values.Coverage, persons: values.Persons) -> x12.OtherCoverage:
    member = _member(coverage, persons)
    is_self = coverage.relationship == "self"
    return x12.OtherCoverage(
        rank=RANKS[coverage.rank],
        relationship_code=OTHER_RELATIONSHIPS[coverage.relationship],
        person=_person(persons.patient) if is_self else _holder(coverage, member),
        member_id=member.member_id,
        payer=_payer(coverage),
        filing_code=coverage.filing_code,
        group_number=coverage.group_number or "",
    )


def _member(coverage: values.Coverage, persons: values.Persons) -> values.Member:
    for member in persons.members:
        if member.rank == coverage.rank:
            return member
    raise Unsendable("2010BA NM109", f"the {coverage.rank} coverage has no member")


def _holder(coverage: values.Coverage, member: values.Member) -> x12.Person:
    if member.subscriber is None:
        raise Unsendable(
            "2010BA NM1",
            f"the patient is not the subscriber of the {coverage.rank} coverage, "
            "and no subscriber is named",
        )
    return _person(member.subscriber)


def _person(person: values.Person) -> x12.Person:
    return x12.Person(
        last_name=person.last_name,
        first_name=person.first_name,
        middle_name=person.middle_name,
        birth_date=person.birth_date,
        sex=person.sex,
        address=_address(person.address),
    )


def _payer(coverage: values.Coverage, known_as: str | None = None) -> x12.Payer:
    return x12.Payer(name=coverage.payer_name, id=known_as or coverage.payer_id)


def _billing_provider(provider: values.Provider) -> x12.Provider:
    if provider.address is None:
        raise Unsendable("2010AA N3", "the billing provider has no address")
    if provider.tax_id is None:
        raise Unsendable("2010AA REF", "the billing provider has no tax id")
    return _provider(provider)


def _unlike_billing(provider: values.Provider | None, billing: x12.Provider) -> x12.Provider | None:
    """Loops 2310B and 2310C are sent only where they differ from the billing provider."""
    if provider is None or provider.npi == billing.npi:
        return None
    return _provider(provider)


def _provider(provider: values.Provider) -> x12.Provider:
    return x12.Provider(
        name=provider.name,
        npi=provider.npi,
        is_person=bool(provider.first_name),
        first_name=provider.first_name,
        taxonomy_code=provider.taxonomy_code or "",
        tax_id=provider.tax_id or "",
        address=_address(provider.address) if provider.address else None,
    )


def _address(address: values.Address) -> Address:
    return Address(
        line_1=address.line_1,
        line_2=address.line_2,
        city=address.city,
        state=address.state,
        postal_code=address.postal_code,
    )


def _line(line: values.ClaimLine, claim: ClaimReady) -> x12.Line:
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
    )


def _original_number(claim: ClaimReady) -> str:
    """REF*F8: 7 replaces and 8 voids a claim that the payer knows by this number."""
    if claim.frequency_code == "1":
        return ""
    if claim.replaces is None:
        raise Unsendable("2300 REF*F8", "a replacement or void names no claim of the payer")
    return claim.replaces.payer_claim_number
