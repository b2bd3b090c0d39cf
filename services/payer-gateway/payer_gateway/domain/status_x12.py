"""A claim asked about, as a 276, and a 277 as the payer's report on it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime

from payer_gateway.domain.acknowledgment import plain
from payer_gateway.domain.claim_status import LineReport, StatusReport
from payer_gateway.domain.inquiry import Inquiry
from payer_gateway.domain.institutional import type_of_bill
from payer_gateway.domain.parties import Unsendable
from payer_gateway.domain.partner import TradingPartner
from rcm.contracts.claims import AnyClaimReady, InstitutionalClaimReady
from rcm.contracts.payer import StatusCode
from rcm.contracts.values import Member, Person, Persons
from rcm_x12 import status_276, status_277
from rcm_x12.status_277.values import newest as newest_of
from rcm_x12.values import Name

Reported = tuple[str, list[StatusReport]]
"""What a payer found, under the trace number of the question."""


def status_inquiry(
    partner: TradingPartner,
    inquiry: Inquiry,
    claim: AnyClaimReady,
    *,
    persons: Persons,
    at: datetime,
    payer_claim_number: str | None = None,
) -> status_276.Inquiry:
    """One claim, by everything that helps a payer to find it. Raises `Unsendable`."""
    member = _member(claim, persons)
    first, last = _days(claim)
    asked = status_276.ClaimInquiry(
        trace_number=inquiry.trace_number,
        service_from=first,
        service_to=last,
        charge_cents=claim.charge_cents,
        payer_claim_number=payer_claim_number or "",
        patient_account_number=claim.patient_control_number,
        bill_type=_bill_type(claim),
        group_number=claim.coverage.group_number or "",
    )
    return status_276.ask(
        inquiry.trace_number,
        at,
        payer=_organization(claim.coverage.payer_name, "PI", inquiry.receiver_payer_id),
        submitter=_organization(partner.submitter_name, "46", partner.submitter_id),
        provider=Name(
            claim.billing_provider.name,
            claim.billing_provider.first_name,
            is_person=bool(claim.billing_provider.first_name),
            id_qualifier="XX",
            id=claim.billing_provider.npi,
        ),
        subscribers=(_subscriber(claim, persons, member, asked),),
    )


def _subscriber(
    claim: AnyClaimReady, persons: Persons, member: Member, asked: status_276.ClaimInquiry
) -> status_276.Subscriber:
    if claim.coverage.relationship == "self":
        return status_276.Subscriber(_person(persons.patient, member.member_id), (asked,))
    if member.subscriber is None:
        raise Unsendable("2100D NM1", "the patient is not the subscriber, and none is named")
    patient = status_276.Dependent(_person(persons.patient, ""), (asked,))
    holder = _person(member.subscriber, member.member_id)
    return status_276.Subscriber(holder, dependents=(patient,))


def _member(claim: AnyClaimReady, persons: Persons) -> Member:
    for member in persons.members:
        if member.rank == claim.coverage.rank:
            return member
    raise Unsendable("2100D NM109", "the coverage has no member")


def _person(person: Person, member_id: str) -> status_276.Person:
    name = Name(
        person.last_name,
        person.first_name,
        person.middle_name,
        id_qualifier="MI" if member_id else "",
        id=member_id,
    )
    return status_276.Person(name, person.birth_date, person.sex if person.sex != "U" else "")


def _organization(name: str, qualifier: str, number: str) -> Name:
    return Name(name, is_person=False, id_qualifier=qualifier, id=number)


def _days(claim: AnyClaimReady) -> tuple[date, date | None]:
    """First and last day of the services; of an institutional claim, its statement's."""
    if isinstance(claim, InstitutionalClaimReady):
        first, last = claim.date_of_service, claim.end_date_of_service
    else:
        first = min(line.date_of_service for line in claim.lines)
        last = max(line.end_date_of_service or line.date_of_service for line in claim.lines)
    return first, last if last != first else None


def _bill_type(claim: AnyClaimReady) -> str:
    return type_of_bill(claim) if isinstance(claim, InstitutionalClaimReady) else ""


def claim_reports(response: status_277.Response) -> list[Reported]:
    """Every answered question of a 277, with all claims that the payer found for it. One that is
    turned away as a whole has no claims; its trace is our reference, which is the same number."""
    found: dict[str, list[StatusReport]] = {}
    for claim in response.claims:
        if claim.trace_number and claim.current is not None:
            found.setdefault(claim.trace_number, []).append(_report(claim))
    for trace, statuses in _above(response):
        newest = newest_of(statuses)
        if trace not in found and newest is not None:
            found[trace] = [_of_status(newest)]
    return [(trace, _counted(several)) for trace, several in found.items()]


def _above(
    response: status_277.Response,
) -> Iterator[tuple[str, Sequence[status_277.Status]]]:
    for source in response.sources:
        for receiver in source.receivers:
            below = [one for provider in receiver.providers for one in provider.statuses]
            yield receiver.trace_number, (*receiver.statuses, *below)


def _counted(several: list[StatusReport]) -> list[StatusReport]:
    return [replace(each, others_count=len(several) - 1) for each in several]


def _report(claim: status_277.ClaimStatus) -> StatusReport:
    current = claim.current
    assert current is not None  # noqa: S101 - the caller looked
    return replace(
        _of_status(current),
        payer_claim_number=claim.payer_claim_number or None,
        patient_control_number=claim.patient_account_number or None,
        lines=tuple(_line(each) for each in claim.services),
    )


def _of_status(status: status_277.Status) -> StatusReport:
    return StatusReport(
        status_codes=_codes(status),
        effective_on=_day(status.effective_on),
        charge_cents=status.charge_cents,
        paid_cents=status.paid_cents,
        finalized_on=status.adjudicated_on,
        check_on=status.paid_on,
        check_number=status.payment_number or None,
    )


def _line(service: status_277.ServiceStatus) -> LineReport:
    current = service.current
    return LineReport(
        line_control_number=service.line_control_number,
        procedure_code=service.procedure.code,
        charge_cents=service.charge_cents,
        paid_cents=service.paid_cents,
        status_codes=_codes(current) if current else (),
        effective_on=_day(current.effective_on) if current else None,
    )


def _codes(status: status_277.Status) -> tuple[StatusCode, ...]:
    return tuple(
        StatusCode(
            category_code=plain(each.category_code),
            status_code=plain(each.status_code),
            entity_code=plain(each.entity_code) if each.entity_code else None,
        )
        for each in status.codes
    )


def _day(on: date) -> date | None:
    """The reader puts the year 1900 where a day is missing."""
    return on if on.year > 1900 else None
