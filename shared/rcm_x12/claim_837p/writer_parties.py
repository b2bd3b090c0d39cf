"""Names, addresses and ids of an 837P, in the order that its loops want them."""

from collections.abc import Iterable, Iterator

from rcm_x12.builder import CODE, needed, segment, text
from rcm_x12.claim_837p.parties import Organization, Person, Provider
from rcm_x12.findings import WriteRefused
from rcm_x12.pieces import write_address, write_contact, write_reference, write_references
from rcm_x12.scalars import date_text
from rcm_x12.values import Reference


def organization(code: str, one: Organization, loop: str) -> str:
    name = needed(one.name, f"{loop} NM103", 60)
    return segment("NM1", code, "2", name, "", "", "", "", "46", needed(one.id, f"{loop} NM109"))


def billing_provider(provider: Provider) -> Iterator[str]:
    """2000A PRV and 2010AA."""
    if provider.taxonomy_code:
        yield f"PRV*BI*PXC*{CODE[provider.taxonomy_code]}"
    yield provider_name("85", provider, "2010AA")
    if provider.address is None:
        raise WriteRefused("2010AA N3", "the billing provider needs an address")
    yield from write_address(provider.address, "2010AA")
    if not provider.tax_id:
        raise WriteRefused("2010AA REF", "the billing provider needs a tax id")
    tax_id = provider.tax_id.replace("-", "")
    yield write_reference(CODE[provider.tax_id_qualifier], tax_id, "2010AA", 9)
    yield from write_references(provider.references, "2010AA")
    if provider.contact is not None:
        yield write_contact("IC", provider.contact, "2010AA")


def provider_loop(code: str, provider: Provider, loop: str) -> Iterator[str]:
    """Any other provider; PRV, address and contact where the loop has them."""
    yield provider_name(code, provider, loop)
    if provider.taxonomy_code:
        yield f"PRV*PE*PXC*{CODE[provider.taxonomy_code]}"
    if provider.address is not None:
        yield from write_address(provider.address, loop)
    yield from write_references(provider.references, loop)
    if provider.contact is not None:
        yield write_contact("IC", provider.contact, loop)


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


def person_name(code: str, person: Person, loop: str, *, member_id: str = "") -> str:
    return segment(
        "NM1",
        code,
        "1" if person.is_person else "2",
        needed(person.last_name, f"{loop} NM103", 60),
        text(person.first_name, f"{loop} NM104", 35),
        text(person.middle_name, f"{loop} NM105", 25),
        "",
        text(person.suffix, f"{loop} NM107", 10),
        "MI" if member_id else "",
        text(member_id, f"{loop} NM109", 80),
    )


def demographics(person: Person, loop: str) -> Iterator[str]:
    """N3, N4 and DMG, exactly where the person is the patient."""
    if person.address is None or person.birth_date is None or person.sex not in {"M", "F", "U"}:
        raise WriteRefused(f"{loop} DMG", "the patient needs an address, a birth date and a sex")
    yield from write_address(person.address, loop)
    yield f"DMG*D8*{date_text(person.birth_date)}*{person.sex}"


def secondary_references(references: Iterable[Reference], loop: str) -> list[str]:
    return write_references(references, loop)
