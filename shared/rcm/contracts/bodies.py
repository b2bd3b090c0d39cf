"""Parts of requests that several services take: the contracts' values with unknown fields refused,
so that a typo is seen, and with persons where a request names them."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from rcm.contracts.values import (
    Address,
    Coverage,
    Institutional,
    Member,
    Person,
    Persons,
    Provider,
)


class Body(BaseModel):
    """A part of a request."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AddressBody(Address):
    model_config = ConfigDict(extra="forbid")


class ProviderBody(Provider):
    model_config = ConfigDict(extra="forbid")
    address: AddressBody | None = None


class InstitutionalBody(Institutional):
    """What only an institutional bill says; given, the claim goes out as an 837I."""

    model_config = ConfigDict(extra="forbid")
    attending_provider: ProviderBody | None = None
    operating_physician: ProviderBody | None = None
    referring_provider: ProviderBody | None = None


class PersonBody(Person):
    model_config = ConfigDict(extra="forbid")
    address: Annotated[AddressBody, Field(repr=False)]


class PatientBody(PersonBody):
    """The patient, under the sender's own number (`external_id`), which is never kept in clear."""

    external_id: Annotated[str, Field(min_length=1, max_length=80, repr=False)]

    @property
    def person(self) -> Person:
        """The person alone."""
        return Person.model_construct(**{name: getattr(self, name) for name in Person.model_fields})


class CoverageBody(Coverage):
    """One insurance with its member; `subscriber` is given when the patient is not the member."""

    model_config = ConfigDict(extra="forbid")
    member_id: Annotated[str, Field(min_length=2, max_length=80, repr=False)]
    subscriber: Annotated[PersonBody | None, Field(repr=False)] = None

    @property
    def coverage(self) -> Coverage:
        """The coverage without its member."""
        fields = {name: getattr(self, name) for name in Coverage.model_fields}
        return Coverage.model_construct(**fields)

    @property
    def member(self) -> Member:
        return Member(rank=self.rank, member_id=self.member_id, subscriber=self.subscriber)


def persons_of(patient: PatientBody, coverages: tuple[CoverageBody, ...]) -> Persons:
    """The person block of a request."""
    members = tuple(coverage.member for coverage in coverages)
    return Persons(patient=patient.person, members=members)
