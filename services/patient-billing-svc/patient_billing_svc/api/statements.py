"""Statements: what a patient is asked for, taken from the ledger and frozen."""

from datetime import date, datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from pydantic import Field

from patient_billing_svc.api.register import Body, View, found, router
from patient_billing_svc.domain import statement as domain
from patient_billing_svc.domain.statement import Statement
from patient_billing_svc.storage import accounts, statements
from rcm.contracts.billing import StatementIssued
from rcm.contracts.values import Person
from rcm.db import Tx
from rcm.errors import Conflict
from rcm.events import publish
from rcm.ids import new_id
from rcm.security.seal import SealError
from rcm.service import Page, Paging, RequestClock, RequestTx

DUE_AFTER_DAYS = 30


class StatementCreate(Body):
    account_id: UUID
    due_after_days: Annotated[int, Field(ge=1, le=180)] = DUE_AFTER_DAYS


class StatementLineView(View):
    claim_id: UUID
    patient_control_number: str
    date_of_service: date | None
    charge_cents: int
    discount_cents: int
    plan_paid_cents: int
    plan_pending_cents: int
    patient_paid_cents: int
    open_cents: int


class StatementView(View):
    """`balance_cents` is the amount to pay; `pending_cents` is with a payer and not asked for."""

    statement_id: UUID
    account_id: UUID
    statement_number: int
    balance_cents: int
    charges_cents: int
    unapplied_cents: int
    pending_cents: int
    as_of: datetime
    issued_on: date
    due_on: date
    lines: list[StatementLineView]


class StatementDetail(StatementView):
    person: Person | None
    """Who was asked; null when the tenant's keys are gone."""


@router.post("/statements", status_code=201, scope="Statement.c")
async def post_statement(
    body: StatementCreate, tx: RequestTx, clock: RequestClock, response: Response
) -> StatementView:
    """Issue a statement now. Refused when nothing is to be paid, or all of it is with a payer."""
    account = found(await accounts.lock(tx, body.account_id), "account")
    charges = await accounts.charges_of(tx, body.account_id, open_only=True)
    if domain.payable_cents(account, charges) <= 0:
        raise Conflict(
            "nothing_to_bill", "Nothing is to be paid on this account now; no statement is issued."
        )
    today = clock.today()
    statement = Statement(
        statement_id=new_id(),
        account_id=account.account_id,
        statement_number=await statements.next_number(tx, account.account_id),
        lines=domain.lines_of(charges),
        unapplied_cents=account.unapplied_cents,
        pending_cents=domain.pending_of(charges),
        as_of=clock.now(),
        issued_on=today,
        due_on=today + timedelta(days=body.due_after_days),
    )
    await statements.add(tx, statement, await _person(tx, account.account_id))
    await publish(tx, [_issued(tx.tenant_id, statement)])
    response.headers["Location"] = f"/statements/{statement.statement_id}"
    return StatementView.model_validate(statement)


@router.get("/statements/{statement_id}", scope="Statement.r", audit_read=True)
async def get_statement(statement_id: UUID, tx: RequestTx, response: Response) -> StatementDetail:
    statement = found(await statements.find(tx, statement_id), "statement")
    response.headers["Cache-Control"] = "no-store"
    try:
        person = await statements.person_of(tx, statement_id)
    except SealError:
        person = None
    return StatementDetail(
        **StatementView.model_validate(statement).model_dump(),
        person=Person.model_validate_json(person) if person else None,
    )


@router.get("/statements", scope="Statement.s")
async def get_statements(
    tx: RequestTx, paging: Paging, account_id: Annotated[UUID | None, Query()] = None
) -> Page[StatementView]:
    """Newest first."""
    after = paging.after(UUID)
    rows = await statements.list_page(
        tx, account_id=account_id, after=after[0] if after else None, limit=paging.fetch
    )
    return Page[StatementView].of(
        rows, paging, key=lambda row: (row.statement_id,), view=StatementView.model_validate
    )


async def _person(tx: Tx, account_id: UUID) -> bytes | None:
    """A shredded key leaves a statement without a name, never without its sum."""
    try:
        return await accounts.person_of(tx, account_id)
    except SealError:
        return None


def _issued(tenant_id: UUID, statement: Statement) -> StatementIssued:
    return StatementIssued(
        tenant_id=tenant_id,
        account_id=statement.account_id,
        statement_id=statement.statement_id,
        balance_cents=statement.balance_cents,
        as_of=statement.as_of,
        due_on=statement.due_on,
        issued_at=statement.as_of,
    )
