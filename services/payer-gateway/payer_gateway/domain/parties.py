"""Who a claim speaks of, in X12's words: the same for professional and institutional claims."""

from dataclasses import dataclass, replace
from types import MappingProxyType

from rcm.contracts import values
from rcm.contracts.claims import AnyClaimReady
from rcm_x12.claim import parties as x12
from rcm_x12.claim.values import OtherCoverage
from rcm_x12.values import Address

RANKS = MappingProxyType({"primary": "P", "secondary": "S", "tertiary": "T"})
# PAT01 of a patient who is not the subscriber.
RELATIONSHIPS = MappingProxyType({"spouse": "01", "child": "19", "other": "G8"})
# SBR02 of an other subscriber (2320).
OTHER_RELATIONSHIPS = MappingProxyType({"self": "18", **RELATIONSHIPS})


@dataclass(slots=True, eq=False)
class Unsendable(Exception):  # noqa: N818 - a business no, with its reason
    """The claim cannot become an 837. Neither field quotes a person's value."""

    place: str
    reason: str

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


def insured(
    coverage: values.Coverage, persons: values.Persons
) -> tuple[x12.Subscriber, x12.Dependent | None]:
    """Loop 2000B, and 2000C only when the patient is not the subscriber."""
    member = _member(coverage, persons)
    patient = _person(persons.patient)
    is_self = coverage.relationship == "self"
    # Address, birth date and sex are sent of the patient only.
    holder = (
        patient
        if is_self
        else replace(_holder(coverage, member), address=None, birth_date=None, sex="")
    )
    subscriber = x12.Subscriber(
        person=holder,
        member_id=member.member_id,
        rank=RANKS[coverage.rank],
        filing_code=coverage.filing_code,
        group_number=coverage.group_number or "",
        insurance_type_code=_why_not_first(coverage),
    )
    if is_self:
        return subscriber, None
    return subscriber, x12.Dependent(patient, RELATIONSHIPS[coverage.relationship])


def other_coverage(coverage: values.Coverage, persons: values.Persons) -> OtherCoverage:
    member = _member(coverage, persons)
    is_self = coverage.relationship == "self"
    return OtherCoverage(
        rank=RANKS[coverage.rank],
        relationship_code=OTHER_RELATIONSHIPS[coverage.relationship],
        person=_person(persons.patient) if is_self else _holder(coverage, member),
        member_id=member.member_id,
        payer=payer_of(coverage),
        filing_code=coverage.filing_code,
        group_number=coverage.group_number or "",
        insurance_type_code=_why_not_first(coverage),
    )


def _why_not_first(coverage: values.Coverage) -> str:
    """SBR05; a first payer has no use for it."""
    return coverage.insurance_type_code or "" if coverage.rank != "primary" else ""


def _member(coverage: values.Coverage, persons: values.Persons) -> values.Member:
    for member in persons.members:
        if member.rank == coverage.rank:
            return member
    raise Unsendable("2010BA NM109", f"the {coverage.rank} coverage has no member")


def _holder(coverage: values.Coverage, member: values.Member) -> x12.Person:
    if member.subscriber is None:
        raise Unsendable(
            "2010BA NM1",
            f"the patient is not the subscriber of the {coverage.rank} coverage, "
            "and no subscriber is named",
        )
    return _person(member.subscriber)


def _person(person: values.Person) -> x12.Person:
    return x12.Person(
        last_name=person.last_name,
        first_name=person.first_name,
        middle_name=person.middle_name,
        birth_date=person.birth_date,
        sex=person.sex,
        address=_address(person.address),
    )


def payer_of(coverage: values.Coverage, known_as: str | None = None) -> x12.Payer:
    return x12.Payer(name=coverage.payer_name, id=known_as or coverage.payer_id)


def billing_provider(provider: values.Provider) -> x12.Provider:
    if provider.address is None:
        raise Unsendable("2010AA N3", "the billing provider has no address")
    if provider.tax_id is None:
        raise Unsendable("2010AA REF", "the billing provider has no tax id")
    return provider_of(provider)


def unlike_billing(provider: values.Provider | None, billing: x12.Provider) -> x12.Provider | None:
    """Loops 2310B and 2310C are sent only where they differ from the billing provider."""
    if provider is None or provider.npi == billing.npi:
        return None
    return provider_of(provider)


def provider_of(provider: values.Provider) -> x12.Provider:
    return x12.Provider(
        name=provider.name,
        npi=provider.npi,
        is_person=bool(provider.first_name),
        first_name=provider.first_name,
        taxonomy_code=provider.taxonomy_code or "",
        tax_id=provider.tax_id or "",
        address=_address(provider.address) if provider.address else None,
    )


def _address(address: values.Address) -> Address:
    return Address(
        line_1=address.line_1,
        line_2=address.line_2,
        city=address.city,
        state=address.state,
        postal_code=address.postal_code,
    )


def original_number(claim: AnyClaimReady) -> str:
    """REF*F8: 7 replaces and 8 voids a claim that the payer knows by this number."""
    if claim.frequency_code == "1":
        return ""
    if claim.replaces is None:
        raise Unsendable("2300 REF*F8", "a replacement or void names no claim of the payer")
    return claim.replaces.payer_claim_number
