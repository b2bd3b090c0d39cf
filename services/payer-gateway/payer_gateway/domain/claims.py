"""The two kinds of claim: the event that brings one, its X12 words, and the guide of its file."""

from collections.abc import Mapping
from types import MappingProxyType, ModuleType
from typing import Annotated, Final, assert_never

from pydantic import Field, TypeAdapter

from payer_gateway.domain.institutional import institutional_claim
from payer_gateway.domain.professional import professional_claim
from payer_gateway.domain.transaction import ClaimKind
from rcm.contracts.claims import AnyClaimReady, ClaimReady, InstitutionalClaimReady
from rcm.contracts.values import Persons
from rcm_x12 import claim_837i, claim_837p

AnyClaim = claim_837p.Claim | claim_837i.Claim

GUIDES: Final[Mapping[ClaimKind, ModuleType]] = MappingProxyType(
    {"837P": claim_837p, "837I": claim_837i}
)
# Neither event can be read as the other: each requires what the other does not have.
READY: Final[TypeAdapter[AnyClaimReady]] = TypeAdapter(
    Annotated[AnyClaimReady, Field(union_mode="left_to_right")]
)


def kind_of_event(event: AnyClaimReady) -> ClaimKind:
    """The transaction set that a ready claim leaves in."""
    return "837I" if isinstance(event, InstitutionalClaimReady) else "837P"


def kind_of(claim: AnyClaim) -> ClaimKind:
    """The transaction set that a claim stands in."""
    return "837I" if isinstance(claim, claim_837i.Claim) else "837P"


def translated(
    event: AnyClaimReady, persons: Persons, *, receiver_payer_id: str | None = None
) -> AnyClaim:
    """Our words to X12's. Raises `Unsendable`."""
    match event:
        case ClaimReady():
            return professional_claim(event, persons, receiver_payer_id=receiver_payer_id)
        case InstitutionalClaimReady():
            return institutional_claim(event, persons, receiver_payer_id=receiver_payer_id)
        case _:
            assert_never(event)
