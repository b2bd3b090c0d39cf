"""Accounts, their balances on any day, and how each claim's sum came about."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query, Response
from pydantic import Field

from patient_billing_svc.api.register import View, found, router
from patient_billing_svc.domain.account import Account, unapplied
from patient_billing_svc.domain.charge import Charge
from patient_billing_svc.storage import accounts, proof
from patient_billing_svc.storage.accounts import AccountRow
from rcm.contracts.values import Adjustment, LinePayment
from rcm.ledger import balance_as_of
from rcm.ledger.moves import PatientClaim
from rcm.service import Page, Paging, RequestClock, RequestTx, versioned

Standing = Literal["owing", "credit", "settled"]
# Bounds of `balance_cents` (net of unapplied money) for each word.
BOUNDS: dict[Standing, tuple[int | None, int | None]] = {
    "owing": (1, None),
    "credit": (None, -1),
    "settled": (0, 0),
}


class AccountView(View):
    """`balance_cents` is what is owed; negative when we hold more of the patient's money."""

    account_id: UUID
    patient_id: UUID
    balance_cents: int
    receivable_cents: int
    unapplied_cents: int
    version: int
    opened_at: datetime
    changed_at: datetime

    @classmethod
    def of(cls, row: AccountRow) -> "AccountView":
        account = row.account
        return cls(
            account_id=account.account_id,
            patient_id=account.patient_id,
            balance_cents=account.balance_cents,
            receivable_cents=account.receivable_cents,
            unapplied_cents=account.unapplied_cents,
            version=row.version,
            opened_at=row.opened_at,
            changed_at=row.changed_at,
        )


class OpenClaimView(View):
    claim_id: UUID
    patient_control_number: str
    date_of_service: date | None
    due_cents: int
    open_cents: int
    responsible_party: str


class AccountDetail(AccountView):
    claims: list[OpenClaimView]
    """Claims that are still open, oldest first."""


class BalanceView(View):
    """What the ledger says that the account held at the end of a day."""

    account_id: UUID
    as_of: date
    balance_cents: int
    receivable_cents: int
    unapplied_cents: int


class ItemizationView(View):
    """charged - discount - plan paid - plan pending - you paid = you owe, to the cent."""

    claim_id: UUID
    account_id: UUID
    patient_control_number: str
    payer_id: str
    outcome: str
    responsible_party: str
    date_of_service: date | None
    charged_cents: int
    discount_cents: int
    plan_paid_cents: int
    plan_pending_cents: int
    you_paid_cents: int
    you_owe_cents: int
    deductible_cents: int
    coinsurance_cents: int
    copay_cents: int
    other_patient_cents: int
    claim_adjustments: list[Adjustment]
    lines: list[LinePayment]
    decided_at: datetime
    adds_up: Annotated[bool, Field(description="The sum above is proven for this answer.")]

    @classmethod
    def of(cls, charge: Charge) -> "ItemizationView":
        return cls(
            claim_id=charge.claim_id,
            account_id=charge.account_id,
            patient_control_number=charge.patient_control_number,
            payer_id=charge.payer_id,
            outcome=charge.outcome,
            responsible_party=charge.responsible_party,
            date_of_service=charge.date_of_service,
            charged_cents=charge.charge_cents,
            discount_cents=charge.discount_cents,
            plan_paid_cents=charge.plan_paid_cents,
            plan_pending_cents=charge.plan_pending_cents,
            you_paid_cents=charge.patient_paid_cents,
            you_owe_cents=charge.open_cents,
            deductible_cents=charge.share.deductible_cents,
            coinsurance_cents=charge.share.coinsurance_cents,
            copay_cents=charge.share.copay_cents,
            other_patient_cents=charge.share.other_cents,
            claim_adjustments=list(charge.claim_adjustments),
            lines=list(charge.lines),
            decided_at=charge.decided_at,
            adds_up=charge.adds_up,
        )


class DisagreementView(View):
    """A claim whose row and postings differ: it calls for a person."""

    claim_id: UUID
    open_cents: int
    ledger_open_cents: int
    due_cents: int
    ledger_transfer_cents: int


class SummaryView(View):
    """The tenant's patients' money. `agrees` says that the sums are the ledger's; with `prove`,
    that every single claim is, and `disagreements` names those that are not."""

    account_count: int
    owing_account_count: int
    claim_count: int
    charged_cents: int
    discount_cents: int
    plan_paid_cents: int
    plan_pending_cents: int
    patient_due_cents: int
    patient_paid_cents: int
    receivable_cents: int
    unapplied_cents: int
    ledger_receivable_cents: int
    ledger_unapplied_cents: int
    agrees: bool
    disagreements: list[DisagreementView] | None


@router.get("/accounts", scope="Account.s")
async def get_accounts(
    tx: RequestTx,
    paging: Paging,
    balance: Annotated[Standing | None, Query()] = None,
    min_balance_cents: Annotated[int | None, Query()] = None,
    patient_id: Annotated[UUID | None, Query()] = None,
) -> Page[AccountView]:
    """`balance=credit` is the queue of patients' money that has to be applied or returned."""
    low, high = BOUNDS[balance] if balance else (None, None)
    bounds = [bound for bound in (low, min_balance_cents) if bound is not None]
    after = paging.after(UUID)
    rows = await accounts.list_page(
        tx,
        patient_id=patient_id,
        balance_from_cents=max(bounds, default=None),
        balance_to_cents=high,
        after=after[0] if after else None,
        limit=paging.fetch,
    )
    return Page[AccountView].of(
        rows, paging, key=lambda row: (row.account.account_id,), view=AccountView.of
    )


@router.get("/accounts/{account_id}", scope="Account.r", audit_read=True)
async def get_account(account_id: UUID, tx: RequestTx, response: Response) -> AccountDetail:
    row = found(await accounts.find(tx, account_id), "account")
    charges = await accounts.charges_of(tx, account_id, open_only=True)
    versioned(response, row.version)
    return AccountDetail(
        **AccountView.of(row).model_dump(),
        claims=[OpenClaimView.model_validate(each) for each in charges],
    )


@router.get("/accounts/{account_id}/balance", scope="Balance.r", audit_id="account_id")
async def get_account_balance(
    account_id: UUID,
    tx: RequestTx,
    clock: RequestClock,
    as_of: Annotated[date | None, Query(description="By default today (UTC).")] = None,
) -> BalanceView:
    """From the ledger, for any day: facts that took effect until then."""
    row = found(await accounts.find(tx, account_id), "account")
    day = as_of or clock.today()
    charges = await accounts.charges_of(tx, account_id)
    return await _balance(tx, row.account, charges, day)


@router.get("/claims/{claim_id}/itemization", scope="Itemization.r", audit_read=True)
async def get_itemization(claim_id: UUID, tx: RequestTx) -> ItemizationView:
    found_charges = await accounts.charges(tx, [(tx.tenant_id, claim_id)])
    return ItemizationView.of(found(found_charges.get((tx.tenant_id, claim_id)), "claim"))


@router.get("/summary", scope="Account.s")
async def get_summary(
    tx: RequestTx,
    *,
    prove: Annotated[bool, Query(description="Compare every claim with its postings.")] = False,
) -> SummaryView:
    """Sums over all accounts, beside the ledger's."""
    summary = await proof.summary(tx)
    differing = await proof.disagreements(tx) if prove else None
    fields = {name: getattr(summary, name) for name in summary.__slots__}
    views = [DisagreementView.model_validate(each) for each in differing or ()]
    return SummaryView(
        **fields,
        agrees=summary.agrees and not differing,
        disagreements=views if prove else None,
    )


async def _balance(
    tx: RequestTx, account: Account, charges: list[Charge], day: date
) -> BalanceView:
    tenant = account.tenant_id
    held = (tenant, unapplied(account))
    receivables = [
        (tenant, PatientClaim(each.claim_id, account.patient_id).receivable) for each in charges
    ]
    books = await balance_as_of(tx, [*receivables, held], effective_on=day)
    receivable_cents = sum(books[each].cents for each in receivables)
    unapplied_cents = books[held].cents
    return BalanceView(
        account_id=account.account_id,
        as_of=day,
        balance_cents=receivable_cents - unapplied_cents,
        receivable_cents=receivable_cents,
        unapplied_cents=unapplied_cents,
    )
