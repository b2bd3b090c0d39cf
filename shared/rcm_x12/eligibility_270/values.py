"""The values of a 270: one `Inquiry` is one ST."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from rcm_x12.eligibility import Identification, Industry, Member, Receiver, Source, Trace
from rcm_x12.values import Procedure, QualifiedDate

ANY_COVERAGE = ("30",)
"""The service type that asks for the plan as a whole."""


@dataclass(frozen=True, slots=True)
class Question:
    """2110: service types, or one procedure, that the payer shall speak about."""

    service_type_codes: tuple[str, ...] = ANY_COVERAGE
    """EQ01, repeating: 30 the plan, 98 office visits, UC urgent care, ..."""
    procedure: Procedure | None = None
    """EQ02."""
    coverage_level_code: str = ""
    """EQ03: IND or FAM."""
    diagnosis_pointers: tuple[int, ...] = ()
    """EQ05, into the member's diagnoses, from 1."""
    spend_down_cents: int | None = None
    """AMT*R: what a Medicaid patient shall spend before coverage begins."""
    spend_down_billed_cents: int | None = None
    """AMT*PB: what this provider billed towards it."""
    industries: tuple[Industry, ...] = ()
    """III: places of service."""
    reference: Identification | None = None
    """9F referral or G1 prior authorisation."""
    plan_date: QualifiedDate | None = None
    """DTP*291, when unlike the member's."""


@dataclass(frozen=True, slots=True)
class Dependent:
    """2000D: a patient who is known through the subscriber."""

    member: Member
    questions: tuple[Question, ...] = (Question(),)
    traces: tuple[Trace, ...] = ()


@dataclass(frozen=True, slots=True)
class Subscriber:
    """2000C: the patient, or who insures the dependents below (then without questions)."""

    member: Member
    questions: tuple[Question, ...] = ()
    traces: tuple[Trace, ...] = ()
    dependents: tuple[Dependent, ...] = ()


@dataclass(frozen=True, slots=True)
class InquiryReceiver:
    """2000B."""

    receiver: Receiver
    subscribers: tuple[Subscriber, ...]


@dataclass(frozen=True, slots=True)
class InquirySource:
    """2000A."""

    source: Source
    receivers: tuple[InquiryReceiver, ...]


@dataclass(frozen=True, slots=True)
class Inquiry:
    """One ST."""

    reference: str
    """BHT03, the sender's own; the 271 repeats it."""
    created_at: datetime
    sources: tuple[InquirySource, ...]
    purpose_code: str = "13"
    """BHT02: 13 request, 01 cancellation."""
    transaction_type_code: str = ""
    """BHT06: RT asks about a spend-down, else empty."""

    @property
    def patients(self) -> Iterator[tuple[Subscriber, Dependent | None]]:
        """All who are asked about; the dependent is None when the subscriber is the patient."""
        for source in self.sources:
            for receiver in source.receivers:
                for subscriber in receiver.subscribers:
                    if subscriber.questions or not subscriber.dependents:
                        yield subscriber, None
                    for dependent in subscriber.dependents:
                        yield subscriber, dependent


def ask(
    reference: str,
    created_at: datetime,
    *,
    source: Source,
    receiver: Receiver,
    subscriber: Subscriber,
) -> Inquiry:
    """An inquiry about one patient of one payer."""
    asking = InquiryReceiver(receiver, (subscriber,))
    return Inquiry(reference, created_at, (InquirySource(source, (asking,)),))
