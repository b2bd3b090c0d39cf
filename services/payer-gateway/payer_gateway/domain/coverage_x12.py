"""A coverage asked about, as a 270, and a 271 as what the payer says of it."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType

from payer_gateway.domain.acknowledgment import plain
from payer_gateway.domain.eligibility import (
    AskedPerson,
    Benefit,
    EligibilityAnswer,
    EligibilityError,
    EligibilityQuestion,
    Entity,
    ErrorLevel,
    Period,
)
from payer_gateway.domain.inquiry import Inquiry
from payer_gateway.domain.partner import TradingPartner
from rcm_x12 import eligibility_270 as x12
from rcm_x12 import eligibility_271
from rcm_x12.eligibility import Identification
from rcm_x12.values import Name, QualifiedDate

PLAN = "291"
"""DTP01: the day that is asked about."""
GROUP_NUMBER = "6P"


def coverage_inquiry(
    partner: TradingPartner, inquiry: Inquiry, question: EligibilityQuestion, at: datetime
) -> x12.Inquiry:
    """One patient, one day. Payers find a dependent through the subscriber."""
    asked = (x12.Question(question.service_type_codes),)
    traces = (x12.Trace(inquiry.trace_number, originator_id(partner)),)
    subscriber = x12.Member(
        name=_name(question.subscriber, question.member_id),
        birth_date=question.subscriber.birth_date,
        sex=_sex(question.subscriber),
        references=tuple(_references(question)),
        dates=() if question.dependent else _dates(question),
    )
    if question.dependent is None:
        whole = x12.Subscriber(subscriber, asked, traces)
    else:
        patient = x12.Member(
            name=_name(question.dependent, ""),
            birth_date=question.dependent.birth_date,
            sex=_sex(question.dependent),
            relationship=x12.Relationship(question.relationship_code),
            dates=_dates(question),
        )
        whole = x12.Subscriber(subscriber, dependents=(x12.Dependent(patient, asked, traces),))
    payer = Name(
        question.payer_name, is_person=False, id_qualifier="PI", id=inquiry.receiver_payer_id
    )
    return x12.ask(
        inquiry.trace_number,
        at,
        source=x12.Source(payer),
        receiver=x12.Receiver(_provider(question)),
        subscriber=whole,
    )


def originator_id(partner: TradingPartner) -> str:
    """TRN03: ten characters, the submitter's own."""
    return f"9{partner.submitter_id.upper():0>9.9}"


def _name(person: AskedPerson, member_id: str) -> Name:
    return Name(
        person.last_name,
        person.first_name,
        person.middle_name,
        id_qualifier="MI" if member_id else "",
        id=member_id,
    )


def _sex(person: AskedPerson) -> str:
    """DMG03 of an inquiry knows F and M only."""
    return person.sex if person.sex in {"F", "M"} else ""


def _provider(question: EligibilityQuestion) -> Name:
    return Name(
        question.provider_name,
        question.provider_first_name,
        is_person=bool(question.provider_first_name),
        id_qualifier="XX",
        id=question.provider_npi,
    )


def _references(question: EligibilityQuestion) -> Iterator[Identification]:
    if question.group_number:
        yield Identification(GROUP_NUMBER, question.group_number)


def _dates(question: EligibilityQuestion) -> tuple[QualifiedDate, ...]:
    return (QualifiedDate(PLAN, question.service_date),)


Traced = tuple[str, EligibilityAnswer]
"""An answer, under the trace number of the question."""


def coverage_answers(response: eligibility_271.Response) -> list[Traced]:
    """Everybody whom a 271 answers for. A payer or provider that is turned away as a whole covers
    everybody below, who is then absent: the reference is our trace number too."""
    above = _rejections_above(response)
    answers = [
        (trace, _answer(each, above))
        for each in response.patients
        for trace in (each.trace_numbers or (response.reference,))
    ]
    if not answers and above:
        return [(response.reference, EligibilityAnswer(errors=above))]
    return answers


def _rejections_above(response: eligibility_271.Response) -> tuple[EligibilityError, ...]:
    return tuple(_error(ABOVE[loop], one) for loop, one in response.rejections if loop in ABOVE)


# EB11; U says as much as nothing.
AUTHORIZATION: Mapping[str, bool] = MappingProxyType({"Y": True, "N": False})
ABOVE: Mapping[str, ErrorLevel] = MappingProxyType(
    {"2000A": "payer", "2100A": "payer", "2100B": "provider"}
)


def _answer(
    answered: eligibility_271.Answered, above: tuple[EligibilityError, ...]
) -> EligibilityAnswer:
    patient, holder = answered.patient, answered.subscriber.member
    level: ErrorLevel = "dependent" if answered.dependent else "subscriber"
    # A subscriber who is turned away covers the dependent below.
    higher = answered.subscriber.rejections if answered.dependent else ()
    within = [one for benefit in patient.benefits for one in benefit.rejections]
    return EligibilityAnswer(
        benefits=tuple(_benefit(each) for each in patient.benefits),
        errors=(
            *above,
            *(_error("subscriber", one) for one in higher),
            *(_error(level, one) for one in (*patient.rejections, *within)),
        ),
        periods=tuple(_period(each) for each in patient.member.dates),
        person=_person(patient.member),
        member_id=holder.name.id,
        group_number=_group_number(patient.member) or _group_number(holder),
        answered_as_subscriber=answered.dependent is None,
    )


def _error(level: ErrorLevel, one: eligibility_271.Rejection) -> EligibilityError:
    follow_up = plain(one.follow_up_code) if one.follow_up_code else ""
    return EligibilityError(level, plain(one.reason_code), follow_up)


def _benefit(one: eligibility_271.Benefit) -> Benefit:
    return Benefit(
        information_code=one.code,
        coverage_level_code=one.coverage_level_code,
        service_type_codes=one.service_type_codes,
        insurance_type_code=one.insurance_type_code,
        plan_name=one.plan_name,
        period_code=one.period_code,
        amount_cents=one.amount_cents,
        share_ppm=one.share_ppm,
        quantity_qualifier=one.quantity_qualifier,
        quantity=one.quantity,
        authorization_required=AUTHORIZATION.get(one.authorization),
        network_code=one.network,
        procedure_code=one.procedure.code if one.procedure else "",
        periods=tuple(_period(each) for each in one.dates),
        messages=one.messages,
        entities=tuple(_entity(each) for each in one.entities),
    )


def _entity(one: eligibility_271.Entity) -> Entity:
    return Entity(
        code=one.entity_code,
        name=" ".join(part for part in (one.name.first_name, one.name.last_name) if part),
        id=one.name.id,
        telephones=tuple(each.telephone for each in one.contacts if each.telephone),
    )


def _period(one: QualifiedDate) -> Period:
    return Period(one.qualifier, one.on, one.until)


def _person(member: x12.Member) -> AskedPerson:
    name = member.name
    return AskedPerson(
        name.last_name, name.first_name, name.middle_name, member.birth_date, member.sex
    )


def _group_number(member: x12.Member) -> str:
    found = (each.value for each in member.references if each.qualifier == GROUP_NUMBER)
    return next(found, "")
