"""Batches to an 837 file: hierarchy, counts and numbers are derived, nothing unused is sent."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby, islice
from typing import Any, Protocol, TypeVar

from rcm_x12.builder import CODE, needed, segment
from rcm_x12.claim.parties import Dependent, Organization, Payer, Provider, Subscriber
from rcm_x12.claim.write_parties import (
    billing_provider,
    dependent_level,
    organization,
    payer_name,
    references,
    subscriber_level,
)
from rcm_x12.findings import WriteRefused
from rcm_x12.pieces import write_address
from rcm_x12.values import Address

CLAIMS_MAX = 5000
"""The guides' limit of claims in one ST."""
CLAIMS_PER_PATIENT = 100
"""The guides' limit of loops 2300 below one 2000B or 2000C."""


class AnyClaim(Protocol):
    """What the levels above a claim are made of."""

    @property
    def billing_provider(self) -> Provider: ...
    @property
    def pay_to_address(self) -> Address | None: ...
    @property
    def pay_to_is_person(self) -> bool | None: ...
    @property
    def pay_to_plan(self) -> Payer | None: ...
    @property
    def currency_code(self) -> str: ...
    @property
    def subscriber(self) -> Subscriber: ...
    @property
    def payer(self) -> Payer: ...
    @property
    def dependent(self) -> Dependent | None: ...


C = TypeVar("C", bound=AnyClaim)
C_co = TypeVar("C_co", bound=AnyClaim, covariant=True)


class AnyBatch(Protocol[C_co]):
    """One ST of claims."""

    @property
    def reference(self) -> str: ...
    @property
    def created_at(self) -> datetime: ...
    @property
    def submitter(self) -> Organization: ...
    @property
    def receiver(self) -> Organization: ...
    @property
    def claims(self) -> Sequence[C_co]: ...
    @property
    def purpose_code(self) -> str: ...
    @property
    def type_code(self) -> str: ...


def in_hierarchy(claims: Iterable[C]) -> tuple[C, ...]:
    """Claims of one billing provider, and in it of one subscriber, next to each other.

    Groups keep the order of their first claim, so that the same claims give the same file.
    """
    providers: dict[object, dict[object, list[C]]] = {}
    for claim in claims:
        subscribers = providers.setdefault(_provider_of(claim), {})
        subscribers.setdefault((claim.subscriber, claim.payer, claim.dependent), []).append(claim)
    return tuple(one for group in providers.values() for each in group.values() for one in each)


def batch_segments(batch: AnyBatch[C], claim_segments: Callable[[C], list[str]]) -> list[str]:
    """Everything between ST and SE."""
    if not 0 < len(batch.claims) <= CLAIMS_MAX:
        raise WriteRefused("ST", f"a batch holds 1 to {CLAIMS_MAX} claims")
    at = batch.created_at
    if batch.submitter.contact is None:
        raise WriteRefused("1000A PER", "the submitter needs a contact")
    return [
        segment(
            "BHT",
            "0019",
            CODE[batch.purpose_code],
            needed(batch.reference, "BHT03", 30),
            f"{at:%Y%m%d}",
            f"{at:%H%M}",
            CODE[batch.type_code],
        ),
        *organization("41", batch.submitter, "1000A"),
        *organization("40", batch.receiver, "1000B"),
        *_levels(batch.claims, claim_segments),
    ]


def _levels(claims: Sequence[C], claim_segments: Callable[[C], list[str]]) -> list[str]:
    """2000A, 2000B and 2000C with consecutive HL numbers."""
    number = 0
    out: list[str] = []
    for key, of_provider in groupby(claims, _provider_of):
        number += 1
        provider_level = number
        out += _provider_level(number, *key)
        for (subscriber, payer, is_patient), part in _parts(of_provider):
            number += 1
            level = number
            out += subscriber_level(
                (level, provider_level), subscriber, payer, is_patient=is_patient
            )
            for dependent, of_patient in groupby(part, _dependent_of):
                if dependent is not None:
                    number += 1
                    out += dependent_level((number, level), dependent)
                for claim in of_patient:
                    out += claim_segments(claim)
    return out


def _parts(claims: Iterable[C]) -> Iterator[tuple[tuple[Subscriber, Payer, bool], tuple[C, ...]]]:
    """A patient's loop holds at most a hundred claims (2300): the next ones get a loop of their
    own, under the subscriber's level once more."""
    for subscriber, group in groupby(claims, _subscriber_of):
        while part := tuple(islice(group, CLAIMS_PER_PATIENT)):
            yield subscriber, part


def _provider_of(claim: AnyClaim) -> tuple[Any, ...]:
    return (
        claim.billing_provider,
        claim.pay_to_address,
        claim.pay_to_is_person,
        claim.pay_to_plan,
        claim.currency_code,
    )


def _subscriber_of(claim: AnyClaim) -> tuple[Subscriber, Payer, bool]:
    """A subscriber who is the patient stands apart from the same one with dependents."""
    return claim.subscriber, claim.payer, claim.dependent is None


def _dependent_of(claim: AnyClaim) -> Dependent | None:
    return claim.dependent


def _provider_level(number: int, provider: Provider, *paid: Any) -> Iterator[str]:
    """2000A with 2010AA, 2010AB and 2010AC."""
    pay_to, is_person, plan, currency_code = paid
    yield f"HL*{number}**20*1"
    yield from billing_provider(provider, currency_code)
    if pay_to is not None:
        person = provider.is_person if is_person is None else is_person
        yield f"NM1*87*{'1' if person else '2'}"
        yield from write_address(pay_to, "2010AB")
    elif is_person is not None:
        raise WriteRefused("2010AB N3", "a pay-to address has a kind but no street")
    if plan is not None:
        yield from payer_name("PE", plan, "2010AC")
        yield from references(plan.references, "2010AC")
