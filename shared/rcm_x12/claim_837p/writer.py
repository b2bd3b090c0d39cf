"""Batches to an 837P file: hierarchy, counts and numbers are derived, nothing unused is sent."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice

from rcm_x12.builder import CODE, interchange, needed, segment, text
from rcm_x12.claim_837p.parties import Dependent, Payer, Person, Provider, Subscriber
from rcm_x12.claim_837p.values import Batch, Claim
from rcm_x12.claim_837p.writer_claim import claim_segments
from rcm_x12.claim_837p.writer_parties import (
    billing_provider,
    demographics,
    organization,
    person_name,
    secondary_references,
)
from rcm_x12.envelope import Envelope
from rcm_x12.findings import WriteRefused
from rcm_x12.layout import guide
from rcm_x12.pieces import write_address, write_contact
from rcm_x12.scalars import date_text, quantity_text
from rcm_x12.values import Address

VERSION = "005010X222A1"
CLAIMS_MAX = 5000
"""The guide's limit of claims in one ST."""
CLAIMS_PER_PATIENT = 100
"""The guide's limit of loops 2300 below one 2000B or 2000C."""


def write(envelope: Envelope, batches: Sequence[Batch]) -> bytes:
    """One interchange with one group, one ST per batch, claims in the order given.

    Same values and control numbers give the same bytes. Raises WriteRefused, with loop and element,
    for what the guide forbids or what could not be read back.
    """
    return interchange(envelope, guide(VERSION), [_batch(batch) for batch in batches])


def in_hierarchy(claims: Iterable[Claim]) -> tuple[Claim, ...]:
    """Claims of one billing provider, and in it of one subscriber, next to each other.

    Groups keep the order of their first claim, so that the same claims give the same file.
    """
    providers: dict[object, dict[object, list[Claim]]] = {}
    for claim in claims:
        subscribers = providers.setdefault((claim.billing_provider, claim.pay_to_address), {})
        subscribers.setdefault((claim.subscriber, claim.payer, claim.dependent), []).append(claim)
    return tuple(one for group in providers.values() for each in group.values() for one in each)


def _batch(batch: Batch) -> list[str]:
    if not 0 < len(batch.claims) <= CLAIMS_MAX:
        raise WriteRefused("ST", f"a batch holds 1 to {CLAIMS_MAX} claims")
    at = batch.created_at
    out = [
        segment(
            "BHT",
            "0019",
            CODE[batch.purpose_code],
            needed(batch.reference, "BHT03", 30),
            f"{at:%Y%m%d}",
            f"{at:%H%M}",
            CODE[batch.type_code],
        )
    ]
    out.append(organization("41", batch.submitter, "1000A"))
    if batch.submitter.contact is None:
        raise WriteRefused("1000A PER", "the submitter needs a contact")
    out.append(write_contact("IC", batch.submitter.contact, "1000A"))
    out.append(organization("40", batch.receiver, "1000B"))
    return out + _levels(batch.claims)


def _levels(claims: Sequence[Claim]) -> list[str]:
    """2000A, 2000B and 2000C with consecutive HL numbers."""
    number = 0
    out: list[str] = []
    for (provider, pay_to), of_provider in groupby(claims, _provider_of):
        number += 1
        provider_level = number
        out += _provider_level(number, provider, pay_to)
        for (subscriber, payer, is_patient), part in _parts(of_provider):
            number += 1
            level = number
            out += _subscriber_level(
                (level, provider_level), subscriber, payer, is_patient=is_patient
            )
            for dependent, of_patient in groupby(part, _dependent_of):
                if dependent is not None:
                    number += 1
                    out += _dependent_level((number, level), dependent)
                for claim in of_patient:
                    out += claim_segments(claim)
    return out


def _parts(
    claims: Iterable[Claim],
) -> Iterator[tuple[tuple[Subscriber, Payer, bool], tuple[Claim, ...]]]:
    """A patient's loop holds at most a hundred claims (2300): the next ones get a loop of their
    own, under the subscriber's level once more."""
    for subscriber, group in groupby(claims, _subscriber_of):
        while part := tuple(islice(group, CLAIMS_PER_PATIENT)):
            yield subscriber, part


def _provider_of(claim: Claim) -> tuple[Provider, Address | None]:
    return claim.billing_provider, claim.pay_to_address


def _subscriber_of(claim: Claim) -> tuple[Subscriber, Payer, bool]:
    """A subscriber who is the patient stands apart from the same one with dependents."""
    return claim.subscriber, claim.payer, claim.dependent is None


def _dependent_of(claim: Claim) -> Dependent | None:
    return claim.dependent


def _provider_level(number: int, provider: Provider, pay_to: Address | None) -> Iterator[str]:
    yield f"HL*{number}**20*1"
    yield from billing_provider(provider)
    if pay_to is not None:
        yield f"NM1*87*{'1' if provider.is_person else '2'}"
        yield from write_address(pay_to, "2010AB")


def _subscriber_level(
    numbers: tuple[int, int], subscriber: Subscriber, payer: Payer, *, is_patient: bool
) -> Iterator[str]:
    number, parent = numbers
    yield f"HL*{number}*{parent}*22*{0 if is_patient else 1}"
    yield segment(
        "SBR",
        CODE[subscriber.rank],
        "18" if is_patient else "",
        text(subscriber.group_number, "2000B SBR03", 50),
        "" if subscriber.group_number else text(subscriber.group_name, "2000B SBR04", 60),
        CODE[subscriber.insurance_type_code],
        "",
        "",
        "",
        CODE[subscriber.filing_code],
    )
    if is_patient:
        yield from _patient("", subscriber.person)
    yield person_name("IL", subscriber.person, "2010BA", member_id=subscriber.member_id)
    if is_patient:
        yield from demographics(subscriber.person, "2010BA")
    yield from secondary_references(subscriber.references, "2010BA")
    yield segment(
        "NM1",
        "PR",
        "2",
        needed(payer.name, "2010BB NM103", 60),
        "",
        "",
        "",
        "",
        CODE[payer.id_qualifier],
        needed(payer.id, "2010BB NM109"),
    )
    if payer.address is not None:
        yield from write_address(payer.address, "2010BB")
    yield from secondary_references(payer.references, "2010BB")


def _dependent_level(numbers: tuple[int, int], dependent: Dependent) -> Iterator[str]:
    number, parent = numbers
    yield f"HL*{number}*{parent}*23*0"
    yield from _patient(dependent.relationship_code, dependent.person)
    yield person_name("QC", dependent.person, "2010CA")
    yield from demographics(dependent.person, "2010CA")
    yield from secondary_references(dependent.references, "2010CA")


def _patient(relationship_code: str, person: Person) -> Iterator[str]:
    """PAT; in 2000B only when it says something."""
    death, weight = person.death_date, person.weight_pounds
    if not (relationship_code or death or weight is not None or person.is_pregnant):
        return
    yield segment(
        "PAT",
        CODE[relationship_code],
        "",
        "",
        "",
        "D8" if death else "",
        date_text(death) if death else "",
        "01" if weight is not None else "",
        quantity_text(weight) if weight is not None else "",
        "Y" if person.is_pregnant else "",
    )
