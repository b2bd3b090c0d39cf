"""What payers reply to questions, written with the codec's own writers."""

from dataclasses import replace
from datetime import date
from typing import Any

from rcm_x12 import ack_999, eligibility_270, eligibility_271, status_276, status_277, ta1
from rcm_x12.envelope import Envelope
from rcm_x12.values import QualifiedDate

from .answering import ENVELOPE, MOMENT

DAY = date(2026, 3, 4)
ACTIVE = eligibility_271.Benefit("1", "IND", ("30",), "PR", "GOLD PPO")
BENEFITS = (
    ACTIVE,
    eligibility_271.Benefit(
        "B", "IND", ("98",), amount_cents=2_500, network="Y", authorization="N"
    ),
    eligibility_271.Benefit("A", "IND", ("98",), share_ppm=200_000, network="N"),
    eligibility_271.Benefit("C", "IND", ("30",), period_code="23", amount_cents=150_000),
    eligibility_271.Benefit("C", "IND", ("30",), period_code="29", amount_cents=41_250),
)


def coverage_of(content: bytes, *benefits: eligibility_271.Benefit, **changes: Any) -> bytes:
    """A 271 that answers every patient of a 270 alike."""
    rejections = changes.get("rejections", ())
    return eligibility_271.write(
        _envelope(content),
        [
            _response(asked, benefits, rejections)
            for asked in eligibility_270.read(content).contents
        ],
    )


def _response(
    asked: eligibility_270.Inquiry,
    benefits: tuple[eligibility_271.Benefit, ...],
    rejections: tuple[eligibility_271.Rejection, ...],
) -> eligibility_271.Response:
    [source] = asked.sources
    [receiver] = source.receivers
    [(subscriber, dependent)] = list(asked.patients)
    patient = dependent or subscriber
    answered = {
        "benefits": benefits,
        "traces": tuple(replace(trace, is_answered=True) for trace in patient.traces),
        "rejections": rejections,
    }
    if dependent is None:
        below = eligibility_271.Subscriber(_known(subscriber.member), **answered)
    else:
        person = eligibility_271.Dependent(replace(dependent.member, dates=()), **answered)
        below = eligibility_271.Subscriber(_known(subscriber.member), dependents=(person,))
    return eligibility_271.Response(
        asked.reference,
        MOMENT,
        (
            eligibility_271.ResponseSource(
                source.source, (eligibility_271.ResponseReceiver(receiver.receiver, (below,)),)
            ),
        ),
    )


def _known(member: eligibility_270.Member) -> eligibility_270.Member:
    dates = (QualifiedDate("346", date(2026, 1, 1)),) if not member.dates else ()
    return replace(member, dates=dates)


def turned_away(content: bytes, code: str, follow_up: str) -> bytes:
    """A 271 in which the payer itself cannot answer: nobody stands below."""
    [asked] = eligibility_270.read(content).contents
    rejection = eligibility_271.Rejection(code, follow_up)
    source = eligibility_271.ResponseSource(asked.sources[0].source, (), (rejection,))
    response = eligibility_271.Response(asked.reference, MOMENT, (source,))
    return eligibility_271.write(_envelope(content), [response])


def status_of(content: bytes, *statuses: status_277.Status, **references: str) -> bytes:
    """A 277 that answers every claim of a 276 alike."""
    return status_277.write(
        _envelope(content),
        [_told(asked, statuses, references) for asked in status_276.read(content).contents],
    )


def status(category: str, code: str = "20", on: date = DAY, **money: Any) -> status_277.Status:
    return status_277.Status((status_277.StatusCode(category, code),), on, **money)


def _told(
    asked: status_276.Inquiry, statuses: tuple[status_277.Status, ...], references: dict[str, str]
) -> status_277.Response:
    [source] = asked.sources
    [receiver] = source.receivers
    [provider] = receiver.providers
    [subscriber] = provider.subscribers
    [claim] = asked.claims
    answered = status_277.ClaimStatus(
        claim.trace_number,
        statuses,
        claim.service_from,
        patient_account_number=claim.patient_account_number,
        **references,
    )
    person = status_277.Person(subscriber.person.name)
    told = status_277.ResponseProvider(
        provider.names, (status_277.Subscriber(person, (answered,)),)
    )
    return status_277.Response(
        asked.reference,
        MOMENT,
        (
            status_277.ResponseSource(
                source.payer,
                (status_277.ResponseReceiver(receiver.submitter, (told,)),),
            ),
        ),
    )


def rejected_by_999(content: bytes) -> bytes:
    """A 999 R to a 270 or 276."""
    reading: Any = eligibility_270.read(content)
    if not reading.sets:
        reading = status_276.read(content)
    first = reading.sets[0]
    response = ack_999.SetResponse(
        first.set_id, first.control_number, "R", first.version, (), ("5",)
    )
    answer = ack_999.Acknowledgment(
        first.functional_id,
        first.envelope.group_control_number,
        first.version,
        "R",
        1,
        1,
        0,
        (response,),
    )
    return ack_999.write(ENVELOPE, [answer])


def rejected_by_ta1(content: bytes) -> bytes:
    number = content[90:99].decode()
    answer = ta1.InterchangeAcknowledgment(number, MOMENT, "R", "025")
    return ta1.write(ENVELOPE, [answer])


def _envelope(content: bytes) -> Envelope:
    """Numbers of the payer's own that differ from question to question."""
    number = content[90:99].decode()
    return replace(ENVELOPE, interchange_control_number=number, group_control_number="91")
