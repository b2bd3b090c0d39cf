"""`/prices:reckon`: what Medicare's fee schedule allows for services, and how that is reckoned."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from coding_svc.api.register import router
from coding_svc.api.views import PointerView
from coding_svc.codebook.catalogue import Catalogue
from coding_svc.domain.encounter import CodedLine
from coding_svc.domain.fee import Price, Reckoning, price_days
from coding_svc.storage import releases as storage
from rcm.contracts.bodies import Body
from rcm.service import RequestTx, ServiceResources

LINES_MAX = 100
Place = Annotated[str, Field(pattern=r"^[0-9]{2}$")]
Modifier = Annotated[str, Field(pattern=r"^[0-9A-Z]{2}$")]


class LocalityBody(Body):
    """Where Medicare pays: a contractor and its locality, as the file of indices names them."""

    contractor: Annotated[str, Field(pattern=r"^[0-9A-Z]{5}$")]
    locality: Annotated[str, Field(pattern=r"^[0-9]{2}$")]


class PricedLineBody(Body):
    """A service. Without a place of its own it has that of the whole."""

    procedure_code: Annotated[str, Field(pattern=r"^[0-9A-Z]{5}$")]
    modifiers: Annotated[tuple[Modifier, ...], Field(max_length=4)] = ()
    quantity: Annotated[Decimal, Field(gt=0, le=Decimal("9999999.999"), decimal_places=3)] = (
        Decimal(1)
    )
    date_of_service: date
    place_of_service_code: Place | None = None

    @property
    def line(self) -> CodedLine:
        return CodedLine(**self.model_dump())


class PriceAsk(Body):
    """Services of one patient by one provider: procedures of the same day reduce each other.
    Without a locality the amounts are the national ones."""

    place_of_service_code: Place
    locality: LocalityBody | None = None
    lines: Annotated[tuple[PricedLineBody, ...], Field(max_length=LINES_MAX)]


class AdjustmentView(BaseModel):
    """A modifier or the rank among procedures of the day, and the share that it leaves."""

    by: str
    share: str


class ReckoningView(BaseModel):
    """(work x its index + practice x its index + malpractice x its index) x conversion factor x
    every share x quantity, rounded once. Decimals are written out, so that they are exact."""

    component: str
    place: Literal["facility", "nonfacility"]
    work: str
    practice: str
    malpractice: str
    work_index: str
    practice_index: str
    malpractice_index: str
    conversion_factor: str
    adjustments: list[AdjustmentView]

    @classmethod
    def of(cls, how: Reckoning) -> "ReckoningView":
        return cls(
            component=how.fee.modifier,
            place="facility" if how.is_facility else "nonfacility",
            work=_decimal(how.fee.work, 2),
            practice=_decimal(how.practice, 2),
            malpractice=_decimal(how.fee.malpractice, 2),
            work_index=_decimal(how.locality.work, 3),
            practice_index=_decimal(how.locality.practice, 3),
            malpractice_index=_decimal(how.locality.malpractice, 3),
            conversion_factor=_decimal(how.fee.factor, 4),
            adjustments=[
                AdjustmentView(by=each.by, share=_share(each.share)) for each in how.adjustments
            ],
        )


class PricedFromView(BaseModel):
    """A release that a price rests on."""

    kind: str
    release: str


class PricedLineView(BaseModel):
    """A line's amount with its reckoning, or neither: then `unpriced` says why."""

    amount_cents: int | None
    reckoning: ReckoningView | None
    releases: list[PricedFromView]

    @classmethod
    def of(cls, price: Price) -> "PricedLineView":
        return cls(
            amount_cents=price.amount_cents,
            reckoning=ReckoningView.of(price.reckoning) if price.reckoning else None,
            releases=[
                PricedFromView(kind=each.kind, release=each.label) for each in price.releases
            ],
        )


class PricesView(BaseModel):
    """A result per line, in their order, and every place that has no price, with its reason."""

    items: list[PricedLineView]
    unpriced: list[PointerView]

    @classmethod
    def of(cls, prices: Sequence[Price]) -> "PricesView":
        unpriced = {_place(number, price): price for number, price in enumerate(prices)}
        return cls(
            items=[PricedLineView.of(each) for each in prices],
            unpriced=[
                PointerView(pointer=pointer, reason=price.reason)
                for pointer, price in unpriced.items()
                if price.amount_cents is None
            ],
        )


@router.post("/prices:reckon", scope="CodeSet.r", audit=False)
async def reckon_prices(body: PriceAsk, tx: RequestTx, catalogue: ServiceResources) -> PricesView:
    """What the physician fee schedule in force on each line's day allows, and how it is reckoned.
    Procedures of a day reduce each other by indicator 2; the reductions of endoscopic families and
    of diagnostic tests (indicators 3 to 7) are not reckoned. What has no price is told by its place
    and holds up nothing else. Keeps nothing."""
    opened: Catalogue = catalogue
    activated = await storage.activated(tx)
    lines = [each.line for each in body.lines]
    days = {line.date_of_service for line in lines}
    books = {day: opened.books(activated, day) for day in days}
    area = (body.locality.contractor, body.locality.locality) if body.locality else None
    prices = price_days(lines, place=body.place_of_service_code, books=books, area=area)
    return PricesView.of(prices)


def _place(number: int, price: Price) -> str:
    return "/locality" if price.place == "locality" else f"/lines/{number}/{price.place}"


def _decimal(value: int, places: int) -> str:
    return str(Decimal(value).scaleb(-places))


def _share(share: Fraction) -> str:
    """Every share of the schedule is a decimal that ends."""
    return format((Decimal(share.numerator) / share.denominator).normalize(), "f")
