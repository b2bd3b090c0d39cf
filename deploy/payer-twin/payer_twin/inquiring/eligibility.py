"""A 270 to its 271, by the row of the table that the member asks for."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime
from typing import Final

from payer_twin.row import Benefits, Scenario
from rcm_x12 import eligibility_270 as asked
from rcm_x12 import eligibility_271 as told
from rcm_x12.values import QualifiedDate

PLAN_NAME: Final = "TWIN CHOICE"
OUT_OF_POCKET_CENTS: Final = 500_000
NEEDS_AUTHORIZATION: Final = "197"
"""The denial of a row that a 271 warns of."""
RowOf = Callable[[str], Scenario]
"""The row that a member id asks for."""


def answer(inquiry: asked.Inquiry, row_of: RowOf, at: datetime) -> told.Response:
    """Everyone who is asked about is answered for, or a level above says why not."""
    return told.Response(
        reference=inquiry.reference,
        created_at=at,
        sources=tuple(_source(one, row_of, at.date()) for one in inquiry.sources),
        transaction_type_code=inquiry.transaction_type_code,
    )


def _source(source: asked.InquirySource, row_of: RowOf, day: date) -> told.ResponseSource:
    refused = _refusal_at("source", source.receivers, row_of)
    if refused:
        return told.ResponseSource(source.source, source_rejections=(refused,))
    receivers = tuple(_receiver(one, row_of, day) for one in source.receivers)
    return told.ResponseSource(source.source, receivers)


def _receiver(receiver: asked.InquiryReceiver, row_of: RowOf, day: date) -> told.ResponseReceiver:
    # Nothing about the provider is told back but who it is.
    known = replace(receiver.receiver, references=(), address=None, role=None)
    refused = _refusal_at("receiver", (receiver,), row_of)
    if refused:
        return told.ResponseReceiver(known, rejections=(refused,))
    people = tuple(_subscriber(one, row_of, day) for one in receiver.subscribers)
    return told.ResponseReceiver(known, people)


def _refusal_at(
    level: str, receivers: tuple[asked.InquiryReceiver, ...], row_of: RowOf
) -> told.Rejection | None:
    """Any member whose row refuses at this level refuses it for all."""
    for receiver in receivers:
        for subscriber in receiver.subscribers:
            benefits = row_of(subscriber.member.name.id).benefits
            if benefits.answer == "refused" and benefits.refused_at == level:
                return _rejection(benefits)
    return None


def _rejection(benefits: Benefits) -> told.Rejection:
    # A payer that cannot answer now finds nothing wrong with the request.
    in_order = benefits.refused_at == "source"
    return told.Rejection(benefits.reason_code, benefits.follow_up_code, in_order)


def _subscriber(one: asked.Subscriber, row_of: RowOf, day: date) -> told.Subscriber:
    row = row_of(one.member.name.id)
    benefits = row.benefits
    refused = benefits.answer == "refused"
    if one.dependents and benefits.as_subscriber:
        [patient, *_] = one.dependents
        name = replace(patient.member.name, id_qualifier="MI", id=one.member.name.id)
        member = _member(replace(patient.member, name=name, relationship=None), day)
        found = tuple(_benefits(row, patient.questions))
        return told.Subscriber(member, found, _traces(patient.traces))
    if refused and (benefits.refused_at == "subscriber" or not one.dependents):
        return told.Subscriber(
            _member(one.member, day, refused=True),
            traces=_traces(one.traces),
            rejections=(_rejection(benefits),),
        )
    if one.dependents:
        people = tuple(_dependent(each, row, day) for each in one.dependents)
        return told.Subscriber(_member(one.member, day), dependents=people)
    found = tuple(_benefits(row, one.questions))
    return told.Subscriber(_member(one.member, day), found, _traces(one.traces))


def _dependent(one: asked.Dependent, row: Scenario, day: date) -> told.Dependent:
    if row.benefits.answer == "refused":
        return told.Dependent(
            _member(one.member, day, refused=True),
            traces=_traces(one.traces),
            rejections=(_rejection(row.benefits),),
        )
    found = tuple(_benefits(row, one.questions))
    return told.Dependent(_member(one.member, day), found, _traces(one.traces))


def _member(member: asked.Member, day: date, *, refused: bool = False) -> told.Member:
    begun = () if refused else (QualifiedDate("346", date(day.year, 1, 1)),)
    return replace(member, references=(), role=None, diagnoses=(), dates=begun)


def _traces(traces: tuple[asked.Trace, ...]) -> tuple[told.Trace, ...]:
    return tuple(replace(one, is_answered=True) for one in traces)


def _benefits(row: Scenario, questions: tuple[asked.Question, ...]) -> Iterator[told.Benefit]:
    """What the row will do to the member's claims, said beforehand."""
    kinds = (
        tuple(dict.fromkeys(code for each in questions for code in each.service_type_codes))
        or asked.Question().service_type_codes
    )
    if row.benefits.answer == "inactive":
        yield told.Benefit("6", service_type_codes=kinds)
        return
    rules = row.rules
    needed = rules.denial is not None and rules.denial.reason_code == NEEDS_AUTHORIZATION
    yield told.Benefit(
        "1", "IND", kinds, "PR", PLAN_NAME, authorization="Y" if needed else "", network="Y"
    )
    each = {"coverage_level_code": "IND", "service_type_codes": kinds, "network": "Y"}
    if rules.deductible_cents:
        cents = min(rules.deductible_cents, OUT_OF_POCKET_CENTS)
        yield told.Benefit("C", **each, period_code="23", amount_cents=cents)  # type: ignore[arg-type]
        yield told.Benefit("C", **each, period_code="29", amount_cents=cents)  # type: ignore[arg-type]
    if rules.coinsurance_percent:
        share = rules.coinsurance_percent * 10_000
        yield told.Benefit("A", **each, share_ppm=share)  # type: ignore[arg-type]
    if rules.copay_cents:
        yield told.Benefit("B", **each, period_code="27", amount_cents=rules.copay_cents)  # type: ignore[arg-type]
    yield told.Benefit("G", **each, period_code="23", amount_cents=OUT_OF_POCKET_CENTS)  # type: ignore[arg-type]
