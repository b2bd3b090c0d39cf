"""N: providers."""

from collections.abc import Iterator

from claims_svc.domain.edits.registry import Flaw, Subject, edit
from rcm.contracts.values import Provider
from rcm.npi import npi_is_valid


def _providers(subject: Subject) -> Iterator[tuple[str, Provider]]:
    content = subject.claim.content
    yield "billing_provider", content.billing_provider
    if content.rendering_provider is not None:
        yield "rendering_provider", content.rendering_provider
    if content.service_facility is not None:
        yield "service_facility", content.service_facility
    if content.institutional is not None:
        for role in ("attending_provider", "operating_physician", "referring_provider"):
            provider = getattr(content.institutional, role)
            if provider is not None:
                yield f"institutional/{role}", provider


@edit("N001")
def npis_pass_their_check_digit(subject: Subject) -> Iterator[Flaw]:
    """NM109: an NPI with a wrong check digit belongs to nobody."""
    for role, provider in _providers(subject):
        if not npi_is_valid(provider.npi):
            yield Flaw("the NPI's check digit is wrong", f"/{role}/npi")


@edit("N002")
def billing_provider_has_an_address(subject: Subject) -> Iterator[Flaw]:
    """2010AA N3/N4: a billing provider needs its street address."""
    if subject.claim.content.billing_provider.address is None:
        yield Flaw("the billing provider's address is missing", "/billing_provider/address")


@edit("N003")
def billing_provider_has_a_tax_id(subject: Subject) -> Iterator[Flaw]:
    """2010AA REF*EI: a billing provider needs its taxpayer number."""
    if subject.claim.content.billing_provider.tax_id is None:
        yield Flaw("the billing provider's tax id is missing", "/billing_provider/tax_id")


@edit("N004")
def service_facility_has_an_address(subject: Subject) -> Iterator[Flaw]:
    """2310C N3/N4: a service facility needs its street address."""
    facility = subject.claim.content.service_facility
    if facility is not None and facility.address is None:
        yield Flaw("the service facility's address is missing", "/service_facility/address")


@edit("N005", "warning")
def billing_postal_code_is_complete(subject: Subject) -> Iterator[Flaw]:
    """2010AA N403: many payers ask for all nine digits of the billing provider's postal code."""
    address = subject.claim.content.billing_provider.address
    if address is not None and len(address.postal_code) != 9:
        yield Flaw("the postal code has five digits", "/billing_provider/address/postal_code")
