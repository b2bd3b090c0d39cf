"""Names, addresses and ids of an 837, in the order that its loops want them."""

from collections.abc import Iterable, Iterator

from rcm_x12.builder import CODE, PLAIN, needed, segment, text
from rcm_x12.claim.parties import Dependent, Organization, Payer, Person, Provider, Subscriber
from rcm_x12.findings import WriteRefused
from rcm_x12.pieces import (
    write_address,
    write_contact,
    write_owned_reference,
    write_reference,
)
from rcm_x12.scalars import date_text, quantity_text
from rcm_x12.values import Reference


def organization(code: str, one: Organization, loop: str) -> list[str]:
    """1000A and 1000B, with the contacts that only a submitter has."""
    name = segment(
        "NM1",
        code,
        "1" if one.is_person else "2",
        needed(one.name, f"{loop} NM103", 60),
        text(one.first_name, f"{loop} NM104", 35),
        text(one.middle_name, f"{loop} NM105", 25),
        "",
        "",
        "46",
        needed(one.id, f"{loop} NM109"),
    )
    contacts = (one.contact, one.second_contact)
    return [name, *(write_contact("IC", each, loop) for each in contacts if each is not None)]


def billing_provider(provider: Provider, currency_code: str) -> Iterator[str]:
    """2000A PRV and CUR, and 2010AA."""
    if provider.taxonomy_code:
        yield f"PRV*BI*PXC*{CODE[provider.taxonomy_code]}"
    if currency_code:
        yield f"CUR*85*{CODE[currency_code]}"
    yield provider_name("85", provider, "2010AA")
    if provider.address is None:
        raise WriteRefused("2010AA N3", "the billing provider needs an address")
    yield from write_address(provider.address, "2010AA")
    if not provider.tax_id:
        raise WriteRefused("2010AA REF", "the billing provider needs a tax id")
    tax_id = provider.tax_id.replace("-", "")
    yield write_reference(CODE[provider.tax_id_qualifier], tax_id, "2010AA", 9)
    yield from references(provider.references, "2010AA")
    yield from contacts(provider, "2010AA")


def contacts(provider: Provider, loop: str) -> Iterator[str]:
    for each in (provider.contact, provider.second_contact):
        if each is not None:
            yield write_contact("IC", each, loop)


def provider_loop(code: str, provider: Provider, loop: str, role: str = "PE") -> Iterator[str]:
    """Any other provider; PRV, address and contact where the loop has them."""
    yield provider_name(code, provider, loop)
    if provider.taxonomy_code:
        yield f"PRV*{role}*PXC*{CODE[provider.taxonomy_code]}"
    if provider.address is not None:
        yield from write_address(provider.address, loop)
    yield from references(provider.references, loop)
    yield from contacts(provider, loop)


def provider_name(code: str, provider: Provider, loop: str) -> str:
    npi = provider.npi
    return segment(
        "NM1",
        code,
        "1" if provider.is_person else "2",
        "" if code == "QB" else needed(provider.name, f"{loop} NM103", 60),
        text(provider.first_name, f"{loop} NM104", 35),
        text(provider.middle_name, f"{loop} NM105", 25),
        "",
        text(provider.suffix, f"{loop} NM107", 10),
        "XX" if npi else "",
        text(npi, f"{loop} NM109", 10),
    )


def person_name(
    code: str, person: Person, loop: str, *, member_id: str = "", id_qualifier: str = "MI"
) -> str:
    last, first = person.last_name, person.first_name
    if (
        PLAIN(f"{last} {first} {member_id}")
        and not (person.middle_name or person.suffix)
        and (len(last) <= 60 and len(first) <= 35 and len(member_id) <= 80)
    ):
        kind = "1" if person.is_person else "2"
        return f"NM1*{code}*{kind}*{last}*{first}****{CODE[id_qualifier]}*{member_id}"
    return segment(
        "NM1",
        code,
        "1" if person.is_person else "2",
        needed(person.last_name, f"{loop} NM103", 60),
        text(person.first_name, f"{loop} NM104", 35),
        text(person.middle_name, f"{loop} NM105", 25),
        "",
        text(person.suffix, f"{loop} NM107", 10),
        CODE[id_qualifier] if member_id else "",
        text(member_id, f"{loop} NM109", 80),
    )


def payer_name(code: str, payer: Payer, loop: str) -> Iterator[str]:
    """NM1 of a payer or plan, with its address."""
    name, number = needed(payer.name, f"{loop} NM103", 60), needed(payer.id, f"{loop} NM109")
    yield f"NM1*{code}*2*{name}*****{CODE[payer.id_qualifier]}*{number}"
    if payer.address is not None:
        yield from write_address(payer.address, loop)


def demographics(person: Person, loop: str, *, is_patient: bool) -> Iterator[str]:
    """N3, N4 and DMG: all of them where the person is the patient, else what is given."""
    if is_patient and (
        person.address is None or person.birth_date is None or person.sex not in {"M", "F", "U"}
    ):
        raise WriteRefused(f"{loop} DMG", "the patient needs an address, a birth date and a sex")
    if person.address is not None:
        yield from write_address(person.address, loop)
    if person.birth_date is not None:
        yield f"DMG*D8*{date_text(person.birth_date)}*{CODE[person.sex]}"


def person_contact(person: Person, loop: str) -> Iterator[str]:
    if person.contact is not None:
        yield write_contact("IC", person.contact, loop)


def references(given: Iterable[Reference], loop: str) -> list[str]:
    return [write_owned_reference(each, loop) for each in given]


def subscriber_level(
    numbers: tuple[int, int], subscriber: Subscriber, payer: Payer, *, is_patient: bool
) -> Iterator[str]:
    """2000B with 2010BA and 2010BB."""
    number, parent = numbers
    yield f"HL*{number}*{parent}*22*{0 if is_patient else 1}"
    yield segment(
        "SBR",
        CODE[subscriber.rank],
        "18" if is_patient else "",
        text(subscriber.group_number, "2000B SBR03", 50),
        text(subscriber.group_name, "2000B SBR04", 60),
        CODE[subscriber.insurance_type_code],
        "",
        "",
        "",
        CODE[subscriber.filing_code],
    )
    person = subscriber.person
    yield from _patient("", person)
    yield person_name(
        "IL",
        person,
        "2010BA",
        member_id=subscriber.member_id,
        id_qualifier=subscriber.id_qualifier,
    )
    yield from demographics(person, "2010BA", is_patient=is_patient and person.is_person)
    yield from references(subscriber.references, "2010BA")
    yield from person_contact(person, "2010BA")
    yield from payer_name("PR", payer, "2010BB")
    yield from references(payer.references, "2010BB")


def dependent_level(numbers: tuple[int, int], dependent: Dependent) -> Iterator[str]:
    """2000C with 2010CA."""
    number, parent = numbers
    yield f"HL*{number}*{parent}*23*0"
    yield from _patient(dependent.relationship_code, dependent.person)
    yield person_name("QC", dependent.person, "2010CA")
    yield from demographics(dependent.person, "2010CA", is_patient=True)
    yield from references(dependent.references, "2010CA")
    yield from person_contact(dependent.person, "2010CA")


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
