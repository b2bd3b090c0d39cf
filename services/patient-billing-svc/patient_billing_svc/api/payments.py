"""Patients' payments: recorded once, applied to claims, the rest kept as the patient's money."""

from datetime import date, datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from pydantic import Field

from patient_billing_svc.api.register import Body, View, found, router
from patient_billing_svc.domain import payment as domain
from patient_billing_svc.domain.account import Account, Allocation
from patient_billing_svc.domain.charge import Charge
from patient_billing_svc.domain.payment import Method, Payment, Receipt
from patient_billing_svc.storage import accounts, payments
from rcm.contracts.billing import PatientBalanceChanged, PatientPaymentReceived
from rcm.db import Tx
from rcm.errors import Conflict, Pointer, Unprocessable
from rcm.events import publish
from rcm.ids import derived_id, new_id
from rcm.ledger import Entry, entry_id_of, post
from rcm.money import LIMIT_CENTS
from rcm.service import CurrentPrincipal, Page, Paging, RequestClock, RequestTx

ENTRY_KIND = "patient.payment"
# Days are the sender's own; where its clock is furthest ahead of UTC it is tomorrow already.
AHEAD = timedelta(days=1)


class AllocationBody(Body):
    claim_id: UUID
    cents: Annotated[int, Field(gt=0, le=LIMIT_CENTS, strict=True)]


class PaymentCreate(Body):
    """Money received from a patient. Without `allocations` the oldest charges are paid first; what
    no claim takes stays on the account as unapplied."""

    account_id: UUID
    paid_cents: Annotated[int, Field(gt=0, le=LIMIT_CENTS, strict=True)]
    method: Method
    external_reference: Annotated[
        str | None, Field(min_length=1, max_length=100, pattern=r"^[\x21-\x7e]+$")
    ] = None
    """The card processor's or bank's own id of it: recorded once for each method."""
    received_on: date | None = None
    allocations: Annotated[list[AllocationBody] | None, Field(min_length=1, max_length=200)] = None


class AllocationView(View):
    claim_id: UUID
    cents: int


class PaymentView(View):
    payment_id: UUID
    account_id: UUID
    method: Method
    external_reference: str | None
    paid_cents: int
    applied_cents: int
    unapplied_cents: int
    received_on: date
    recorded_at: datetime


class PaymentDetail(PaymentView):
    allocations: list[AllocationView]


@router.post("/payments", status_code=201, scope="Payment.c")
async def post_payment(
    body: PaymentCreate,
    *,
    tx: RequestTx,
    principal: CurrentPrincipal,
    clock: RequestClock,
    response: Response,
) -> PaymentDetail:
    """The same external reference again is the same payment: 200 with what was recorded first."""
    account = found(await accounts.lock(tx, body.account_id), "account")
    earlier = await _recorded(tx, body)
    if earlier is not None:
        response.status_code = 200
        return earlier
    _check_day(body.received_on, clock.today())
    now = clock.now()
    charges = await accounts.charges_of(tx, account.account_id, open_only=True)
    payment = _payment(tx.tenant_id, body, charges, clock.today())
    receipt = domain.receive(account, payment, charges)
    await _save(tx, receipt, actor=principal.subject, at=now)
    await publish(tx, _events(account, receipt, now))
    response.headers["Location"] = f"/payments/{payment.payment_id}"
    return await _detail(tx, payment.payment_id)


@router.get("/payments/{payment_id}", scope="Payment.r")
async def get_payment(payment_id: UUID, tx: RequestTx) -> PaymentDetail:
    return await _detail(tx, payment_id)


@router.get("/payments", scope="Payment.s")
async def get_payments(
    tx: RequestTx, paging: Paging, account_id: Annotated[UUID | None, Query()] = None
) -> Page[PaymentView]:
    """Newest first."""
    after = paging.after(datetime, UUID)
    rows = await payments.list_page(tx, account_id=account_id, after=after, limit=paging.fetch)
    return Page[PaymentView].of(
        rows,
        paging,
        key=lambda row: (row.recorded_at, row.payment_id),
        view=PaymentView.model_validate,
    )


async def _detail(tx: Tx, payment_id: UUID) -> PaymentDetail:
    row = found(await payments.find(tx, payment_id), "payment")
    allocations = await payments.allocations_of(tx, payment_id)
    return PaymentDetail(
        **PaymentView.model_validate(row).model_dump(),
        allocations=[AllocationView.model_validate(each) for each in allocations],
    )


async def _recorded(tx: Tx, body: PaymentCreate) -> PaymentDetail | None:
    """The payment that has this reference already. Raises `Conflict` when it is another one."""
    if body.external_reference is None:
        return None
    row = await payments.by_reference(tx, body.method, body.external_reference)
    if row is None:
        return None
    if (row.account_id, row.paid_cents) != (body.account_id, body.paid_cents):
        raise Conflict(
            "payment_reference_reused",
            "This reference belongs to another payment.",
            (Pointer("/external_reference", "is another account's or another amount's"),),
        )
    return await _detail(tx, row.payment_id)


def _check_day(received_on: date | None, today: date) -> None:
    """Raises `Unprocessable` for money of a day to come: no balance of today would show it."""
    if received_on is not None and received_on > today + AHEAD:
        pointer = Pointer("/received_on", "lies in the future")
        raise Unprocessable("received_in_future", "The payment's day is to come.", (pointer,))


def _payment(tenant_id: UUID, body: PaymentCreate, charges: list[Charge], today: date) -> Payment:
    reference = body.external_reference
    known = derived_id(tenant_id, "payment", body.method, reference) if reference else None
    return Payment(
        payment_id=known or new_id(),
        account_id=body.account_id,
        method=body.method,
        paid_cents=body.paid_cents,
        received_on=body.received_on or today,
        external_reference=reference,
        allocations=_allocations(body, charges),
    )


def _allocations(body: PaymentCreate, charges: list[Charge]) -> tuple[Allocation, ...]:
    if body.allocations is None:
        return domain.spread(body.paid_cents, charges)
    wanted = tuple(Allocation(each.claim_id, each.cents) for each in body.allocations)
    objections = domain.objections(body.paid_cents, wanted, charges)
    if objections:
        pointers = tuple(
            Pointer(
                "/allocations" if each.position is None else f"/allocations/{each.position}",
                each.reason,
            )
            for each in objections
        )
        raise Unprocessable("allocations_invalid", "The payment cannot be split so.", pointers)
    return wanted


async def _save(tx: Tx, receipt: Receipt, *, actor: str, at: datetime) -> None:
    payment, account = receipt.payment, receipt.account
    await payments.add(tx, payment, at=at)
    await accounts.save(tx, [account], {}, at=at)
    if receipt.charges:
        await accounts.save_charges(
            tx, {(tx.tenant_id, each.claim_id): each for each in receipt.charges}
        )
    placed = [
        payments.Placed(tx.tenant_id, account.account_id, each, payment.payment_id)
        for each in payment.allocations
    ]
    await payments.place(tx, placed, at=at)
    entry_id = entry_id_of(payment.payment_id, ENTRY_KIND)
    entry = Entry(
        entry_id,
        tx.tenant_id,
        ENTRY_KIND,
        payment.payment_id,
        payment.received_on,
        actor,
        receipt.postings,
    )
    await post(tx, [entry])


def _events(
    account: Account, receipt: Receipt, at: datetime
) -> tuple[PatientPaymentReceived, PatientBalanceChanged]:
    payment = receipt.payment
    return (
        PatientPaymentReceived(
            tenant_id=account.tenant_id,
            account_id=account.account_id,
            payment_id=payment.payment_id,
            paid_cents=payment.paid_cents,
            applied_cents=payment.applied_cents,
            unapplied_cents=payment.unapplied_cents,
            method=payment.method,
            received_at=at,
        ),
        PatientBalanceChanged(
            tenant_id=account.tenant_id,
            account_id=account.account_id,
            patient_id=account.patient_id,
            claim_id=None,
            change_cents=-payment.paid_cents,
            balance_cents=receipt.account.balance_cents,
            reason="payment",
            changed_at=at,
        ),
    )
