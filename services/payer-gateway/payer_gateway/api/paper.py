"""A remittance that came on paper, typed in: checked, written as an 835 and read like one."""

import hashlib
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Response
from pydantic import Field, StringConstraints

from payer_gateway.api.register import Body, View, router
from payer_gateway.domain import paper as domain
from payer_gateway.storage import interchanges
from rcm.contracts.values import Npi, Quantity
from rcm.errors import Conflict, Pointer, Unprocessable
from rcm.ids import new_id
from rcm.money import Cents, PositiveCents
from rcm.service import RequestClock, RequestTx
from rcm_x12.findings import WriteRefused
from rcm_x12.remittance_835 import ProviderAdjustment, Remittance
from rcm_x12.values import Adjustment, Name

CLAIMS_MAX = 1_000
LINES_MAX = 99
CAS_MAX = 30
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
Number = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ./_-]{0,49}$")]
ClaimNumber = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9./_-]{0,37}$")]
Modifier = Annotated[str, Field(pattern=r"^[0-9A-Z]{2}$")]
Code = Annotated[str, Field(pattern=r"^[0-9A-Z]{1,5}$")]


class CasBody(Body):
    """Positive takes from the payment, negative adds to it."""

    group_code: Literal["CO", "PR", "OA", "PI"]
    reason_code: Code
    amount_cents: Cents
    quantity: Decimal | None = None


class PaperLineBody(Body):
    procedure_code: Annotated[str, Field(pattern=r"^[0-9A-Z]{5}$")]
    modifiers: list[Modifier] = Field(default_factory=list, max_length=4)
    quantity: Quantity = Decimal(1)
    charge_cents: Cents
    paid_cents: Cents
    adjustments: list[CasBody] = Field(default_factory=list, max_length=CAS_MAX)
    line_control_number: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{0,30}$")] = ""
    date_of_service: date | None = None
    remark_codes: list[Code] = Field(default_factory=list, max_length=10)


class PaperClaimBody(Body):
    """One claim of the paper. The patient's name goes into the 835, which is kept sealed."""

    patient_control_number: ClaimNumber
    claim_status_code: Literal["1", "2", "3", "4", "19", "20", "21", "22", "23", "25"] = "1"
    charge_cents: Cents
    paid_cents: Cents
    patient_responsibility_cents: Cents | None = None
    payer_claim_number: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9./_-]{0,49}$")]
    patient_last_name: Words
    patient_first_name: Annotated[str, Field(max_length=35)] = ""
    adjustments: list[CasBody] = Field(default_factory=list, max_length=CAS_MAX)
    lines: list[PaperLineBody] = Field(default_factory=list, max_length=LINES_MAX)


class PlbBody(Body):
    """Beside the claims: positive takes money away, negative gives it."""

    provider_npi: Npi
    reason_code: Annotated[str, Field(pattern=r"^[0-9A-Z]{2}$")]
    reference: Annotated[str, Field(pattern=r"^[A-Za-z0-9 ./_-]{0,50}$")] = ""
    amount_cents: Cents
    fiscal_period_on: date


class RemittanceCreate(Body):
    """A paper explanation of benefits. It must balance at line, claim and payment."""

    payer_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{2,50}$")]
    payer_name: Words
    originating_company_id: Annotated[str, Field(pattern=r"^[0-9A-Za-z]{10}$")]
    """TRN03: 1 and the payer's tax id, as its transfers carry it."""
    trace_number: Number
    """Number of the cheque or transfer."""
    payment_cents: PositiveCents
    payment_method: Literal["ACH", "CHK", "FWT", "NON"]
    effective_on: date
    payee_name: Words
    payee_npi: Npi
    claims: list[PaperClaimBody] = Field(default_factory=list, max_length=CLAIMS_MAX)
    provider_adjustments: list[PlbBody] = Field(default_factory=list, max_length=60)


class PaperCheck(View):
    """It balances; this is what would be posted."""

    payment_cents: int
    claim_count: int
    claim_paid_cents: int
    provider_adjustment_cents: int


class PaperView(PaperCheck):
    """The 835 that was written of it is kept; it is read at the next turn."""

    interchange_id: UUID


@router.post("/remittances", status_code=202, scope="Remittance.c", audit_id="interchange_id")
async def post_remittance(
    body: RemittanceCreate, tx: RequestTx, clock: RequestClock, response: Response
) -> PaperView:
    """Enter a remittance that came on paper. It takes the path of every 835: stored, read, reported
    once. A file of an 835 goes to `POST /interchanges`."""
    remittance = _balanced(body)
    usages = await interchanges.usages_of_uploads(tx)
    # The same paper is the same number, whoever types it again.
    digest = hashlib.sha256(body.model_dump_json().encode()).digest()
    number = int.from_bytes(digest[:8], "big") % 999_999_999 + 1
    usage = "T" if usages == {"T"} else "P"
    content = _written(remittance, number=number, usage=usage, body=body)
    file = interchanges.NewFile(
        tenant_id=tx.tenant_id,
        interchange_id=new_id(),
        direction="received",
        partner_id=None,
        file_name=f"paper-{digest.hex()[:16]}.x12",
        content=content,
    )
    earlier = await interchanges.keep(tx, file, at=clock.now())
    if earlier is not None:
        raise Conflict(
            "remittance_exists",
            "This remittance has been entered before.",
            (Pointer("/trace_number", "was entered with the same content"),),
        )
    response.headers["Location"] = f"/interchanges/{file.interchange_id}"
    return PaperView(interchange_id=file.interchange_id, **_check(remittance).model_dump())


@router.post("/remittances:validate", scope="Remittance.c", audit=False)
async def validate_remittance(body: RemittanceCreate) -> PaperCheck:
    """Whether it balances at all three levels and can be written; nothing is kept."""
    remittance = _balanced(body)
    _written(remittance, number=1, usage="T", body=body)
    return _check(remittance)


def _balanced(body: RemittanceCreate) -> Remittance:
    remittance = domain.remittance_of(_paper(body))
    wrong = [Pointer(place, reason) for place, reason in domain.imbalances(remittance)]
    if (body.payment_method == "NON") != (body.payment_cents == 0):
        wrong.append(Pointer("/payment_method", "is NON exactly when no money moves"))
    if wrong:
        raise Unprocessable(
            "remittance_unbalanced", "The remittance does not balance.", tuple(wrong)
        )
    return remittance


def _written(remittance: Remittance, *, number: int, usage: str, body: RemittanceCreate) -> bytes:
    """The moment in the envelope is the payment's day: the same paper is the same bytes."""
    day = datetime.combine(body.effective_on, time(), UTC)
    try:
        return domain.file_of(remittance, number=number, usage=usage, at=day)
    except WriteRefused as refusal:
        raise Unprocessable(
            "remittance_not_writable",
            "An 835 cannot say this.",
            (Pointer("", f"{refusal.place}: {refusal.reason}"),),
        ) from refusal


def _check(remittance: Remittance) -> PaperCheck:
    return PaperCheck(
        payment_cents=remittance.header.payment_cents,
        claim_count=len(remittance.claims),
        claim_paid_cents=sum(claim.paid_cents for claim in remittance.claims),
        provider_adjustment_cents=sum(
            each.amount_cents for each in remittance.provider_adjustments
        ),
    )


def _paper(body: RemittanceCreate) -> domain.Paper:
    fields = body.model_dump(exclude={"claims", "provider_adjustments"})
    return domain.Paper(
        **fields,
        claims=tuple(map(_claim, body.claims)),
        provider_adjustments=tuple(
            ProviderAdjustment(
                each.provider_npi,
                each.fiscal_period_on,
                each.reason_code,
                each.amount_cents,
                each.reference,
            )
            for each in body.provider_adjustments
        ),
    )


def _claim(body: PaperClaimBody) -> domain.PaperClaim:
    return domain.PaperClaim(
        body.patient_control_number,
        body.claim_status_code,
        body.charge_cents,
        body.paid_cents,
        body.patient_responsibility_cents,
        body.payer_claim_number,
        Name(body.patient_last_name, body.patient_first_name),
        tuple(map(_cas, body.adjustments)),
        tuple(map(_line, body.lines)),
    )


def _line(body: PaperLineBody) -> domain.PaperLine:
    return domain.PaperLine(
        body.procedure_code,
        tuple(body.modifiers),
        body.quantity,
        body.charge_cents,
        body.paid_cents,
        tuple(map(_cas, body.adjustments)),
        body.line_control_number,
        body.date_of_service,
        tuple(body.remark_codes),
    )


def _cas(body: CasBody) -> Adjustment:
    return Adjustment(body.group_code, body.reason_code, body.amount_cents, body.quantity)
