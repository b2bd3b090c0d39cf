"""The rare segments of the professional claim alone, as tables."""

from decimal import Decimal
from typing import Any, Final

from rcm_x12.claim.codec import CENTS, CODED, DATE, NUMBER, Codec, free
from rcm_x12.claim_837p.values import (
    Answer,
    EquipmentNeed,
    Measurement,
    PurchasedService,
    SpinalTreatment,
)


def _need(months: Decimal | None, **given: Any) -> EquipmentNeed:
    return EquipmentNeed(months=months or Decimal(0), **given)


def _measurement(value: Decimal | None, **given: Any) -> Measurement:
    return Measurement(value=value or Decimal(0), **given)


def _purchase(charge_cents: int | None, **given: Any) -> PurchasedService:
    return PurchasedService(charge_cents=charge_cents or 0, **given)


CR2: Final = Codec(
    SpinalTreatment,
    "CR2",
    {"condition_code": (8, CODED), "description": (10, free(80)), "more": (11, free(80))},
    needed=(8,),
)
CR3: Final = Codec(
    _need,
    "CR3",
    {"type_code": (1, CODED), "months": (3, NUMBER)},
    fixed={2: ("MO", 3)},
    needed=(1, 3),
)
MEA: Final = Codec(
    _measurement,
    "MEA",
    {"reference_code": (1, CODED), "qualifier": (2, CODED), "value": (3, NUMBER)},
    needed=(1, 2, 3),
)
PS1: Final = Codec(
    _purchase,
    "PS1",
    {"provider_id": (1, free(50)), "charge_cents": (2, CENTS)},
    needed=(1, 2),
)
FRM: Final = Codec(
    Answer,
    "FRM",
    {
        "question": (1, free(20)),
        "yes_no": (2, CODED),
        "text": (3, free(50)),
        "on": (4, DATE),
        "percent": (5, NUMBER),
    },
    needed=(1,),
)
