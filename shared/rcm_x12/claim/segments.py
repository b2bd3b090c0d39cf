"""The rare segments that both guides know, as tables."""

from decimal import Decimal
from typing import Final

from rcm_x12.claim.codec import CENTS, CODED, NUMBER, Codec, free
from rcm_x12.claim.values import Contract, Repricing, Transport


def _transport(distance_miles: Decimal | None, **given: object) -> Transport:
    return Transport(distance_miles=distance_miles or Decimal(0), **given)  # type: ignore[arg-type]


CN1: Final = Codec(
    Contract,
    "CN1",
    {
        "type_code": (1, CODED),
        "amount_cents": (2, CENTS),
        "percent": (3, NUMBER),
        "code": (4, free(50)),
        "discount_percent": (5, NUMBER),
        "version": (6, free(30)),
    },
    needed=(1,),
)
CR1: Final = Codec(
    _transport,
    "CR1",
    {
        "patient_weight_pounds": (2, NUMBER),
        "reason_code": (4, CODED),
        "distance_miles": (6, NUMBER),
        "round_trip_purpose": (9, free(80)),
        "stretcher_purpose": (10, free(80)),
    },
    fixed={1: ("LB", 2), 5: ("DH", 6)},
    needed=(4, 6),
)
HCP: Final = Codec(
    Repricing,
    "HCP",
    {
        "method_code": (1, CODED),
        "allowed_cents": (2, CENTS),
        "savings_cents": (3, CENTS),
        "organization_id": (4, free(50)),
        "rate": (5, NUMBER),
        "group_code": (6, free(50)),
        "group_cents": (7, CENTS),
        "revenue_code": (8, free(48)),
        "procedure_qualifier": (9, CODED),
        "procedure_code": (10, free(48)),
        "units": (11, CODED),
        "quantity": (12, NUMBER),
        "rejection_code": (13, CODED),
        "compliance_code": (14, CODED),
        "exception_code": (15, CODED),
    },
    needed=(1,),
)
