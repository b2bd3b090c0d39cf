"""The values of a 271: one `Response` is one ST."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from rcm_x12.eligibility import Member, Receiver, Source, Trace
from rcm_x12.eligibility_271.benefits import Benefit, Rejection
from rcm_x12.values import Contact, QualifiedDate


@dataclass(frozen=True, slots=True)
class MilitaryService:
    """MPI: what a military payer says of the service of a member."""

    information_code: str
    employment_code: str
    branch_code: str
    description: str = field(default="", repr=False)
    rank_code: str = ""
    served: QualifiedDate | None = None


@dataclass(frozen=True, slots=True)
class Dependent:
    """2000D."""

    member: Member
    benefits: tuple[Benefit, ...] = ()
    traces: tuple[Trace, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    military: MilitaryService | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Subscriber:
    """2000C: the patient, or who insures the dependents below (then without benefits)."""

    member: Member
    benefits: tuple[Benefit, ...] = ()
    traces: tuple[Trace, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    military: MilitaryService | None = field(default=None, repr=False)
    dependents: tuple[Dependent, ...] = ()


@dataclass(frozen=True, slots=True)
class ResponseReceiver:
    """2000B. Its rejection covers all below, which is then absent."""

    receiver: Receiver
    subscribers: tuple[Subscriber, ...] = ()
    rejections: tuple[Rejection, ...] = ()


@dataclass(frozen=True, slots=True)
class ResponseSource:
    """2000A. Its rejection covers all below, which is then absent."""

    source: Source
    receivers: tuple[ResponseReceiver, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    """AAA of 2000A: about the request as a whole."""
    contacts: tuple[Contact, ...] = ()
    source_rejections: tuple[Rejection, ...] = ()
    """AAA of 2100A: about the payer that was asked."""


@dataclass(frozen=True, slots=True)
class Answered:
    """One patient's answer, at whichever level the payer gave it."""

    subscriber: Subscriber
    dependent: Dependent | None

    @property
    def patient(self) -> Subscriber | Dependent:
        return self.dependent or self.subscriber

    @property
    def trace_numbers(self) -> tuple[str, ...]:
        """Our own numbers, as the payer repeats them."""
        return tuple(trace.number for trace in self.patient.traces if trace.is_answered)


@dataclass(frozen=True, slots=True)
class Response:
    """One ST."""

    reference: str
    """BHT03, as the 270 had it."""
    created_at: datetime
    sources: tuple[ResponseSource, ...]
    purpose_code: str = "11"
    """BHT02: 11 response, 06 confirmation."""
    transaction_type_code: str = ""
    """BHT06, as the 270 had it."""

    @property
    def patients(self) -> Iterator[Answered]:
        """Everyone answered for; a subscriber above dependents only when it says something."""
        for source in self.sources:
            for receiver in source.receivers:
                for one in receiver.subscribers:
                    if one.benefits or one.rejections or not one.dependents:
                        yield Answered(one, None)
                    for dependent in one.dependents:
                        yield Answered(one, dependent)

    @property
    def rejections(self) -> Iterator[tuple[str, Rejection]]:
        """Every AAA with the loop it stands in, from the top; those of benefits too."""
        for source in self.sources:
            yield from (("2000A", one) for one in source.rejections)
            yield from (("2100A", one) for one in source.source_rejections)
            for receiver in source.receivers:
                yield from (("2100B", one) for one in receiver.rejections)
                for subscriber in receiver.subscribers:
                    yield from _rejections(subscriber, "C")
                    for dependent in subscriber.dependents:
                        yield from _rejections(dependent, "D")


def _rejections(patient: Subscriber | Dependent, level: str) -> Iterator[tuple[str, Rejection]]:
    yield from ((f"2100{level}", one) for one in patient.rejections)
    for benefit in patient.benefits:
        yield from ((f"2110{level}", one) for one in benefit.rejections)
