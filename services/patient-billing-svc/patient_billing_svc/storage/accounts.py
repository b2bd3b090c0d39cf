"""Accounts and what each claim charges them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from patient_billing_svc.domain.account import Account
from patient_billing_svc.domain.charge import Charge, PatientShare
from rcm.contracts.values import Adjustment, LinePayment
from rcm.db import Tx
from rcm.ids import derived_id
from rcm.security.seal import Keyring, open_column, seal_column

Key = tuple[UUID, UUID]
"""A tenant and an id of it: a batch holds several tenants."""

CHARGE_COLUMNS = """
    tenant_id, claim_id, account_id, patient_control_number, payer_id, outcome, responsible_party,
    date_of_service, charge_cents, discount_cents, plan_paid_cents, due_cents, open_cents,
    deductible_cents, coinsurance_cents, copay_cents, other_patient_cents, claim_adjustments,
    lines, decided_at
"""


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account with what a list shows of it."""

    account: Account
    version: int
    opened_at: datetime
    changed_at: datetime


def account_id_of(tenant_id: UUID, patient_id: UUID) -> UUID:
    """One account per patient, the same whoever opens it."""
    return derived_id(tenant_id, "account", patient_id)


def _account(row: asyncpg.Record) -> Account:
    return Account(
        row["tenant_id"],
        row["account_id"],
        row["patient_id"],
        row["receivable_cents"],
        row["unapplied_cents"],
    )


def _account_row(row: asyncpg.Record) -> AccountRow:
    return AccountRow(_account(row), row["version"], row["opened_at"], row["changed_at"])


def _charge(row: asyncpg.Record) -> Charge:
    fields: dict[str, Any] = dict(row)
    del fields["tenant_id"]
    share = PatientShare(
        fields.pop("deductible_cents"),
        fields.pop("coinsurance_cents"),
        fields.pop("copay_cents"),
        fields.pop("other_patient_cents"),
    )
    lines = tuple(map(LinePayment.model_validate, fields.pop("lines")))
    adjustments = tuple(map(Adjustment.model_validate, fields.pop("claim_adjustments")))
    return Charge(**fields, share=share, lines=lines, claim_adjustments=adjustments)


async def open_and_lock(tx: Tx, patients: Sequence[Key], *, at: datetime) -> dict[Key, Account]:
    """The patients' accounts, opened where they are missing, locked until the transaction ends.

    In one order for everybody, so that two transactions wait for each other instead of deadlocking.
    """
    wanted = sorted(set(patients))
    accounts = [account_id_of(tenant, patient) for tenant, patient in wanted]
    await tx.execute(
        """
        INSERT INTO account (tenant_id, account_id, patient_id, receivable_cents, unapplied_cents,
                             opened_at, changed_at)
        SELECT tenant_id, account_id, patient_id, 0, 0, $4, $4
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS new (tenant_id, account_id, patient_id)
        ORDER BY tenant_id, account_id
        ON CONFLICT DO NOTHING
        """,
        [tenant for tenant, _ in wanted],
        accounts,
        [patient for _, patient in wanted],
        at,
    )
    rows = await tx.fetch(
        """
        SELECT tenant_id, account_id, patient_id, receivable_cents, unapplied_cents FROM account
        WHERE (tenant_id, account_id) IN (SELECT * FROM unnest($1::uuid[], $2::uuid[]))
        ORDER BY tenant_id, account_id FOR UPDATE
        """,
        [tenant for tenant, _ in wanted],
        accounts,
    )
    return {(row["tenant_id"], row["patient_id"]): _account(row) for row in rows}


async def lock(tx: Tx, account_id: UUID) -> Account | None:
    row = await tx.fetchrow(
        """
        SELECT tenant_id, account_id, patient_id, receivable_cents, unapplied_cents FROM account
        WHERE tenant_id = $1 AND account_id = $2 FOR UPDATE
        """,
        tx.tenant_id,
        account_id,
    )
    return _account(row) if row else None


async def find(tx: Tx, account_id: UUID) -> AccountRow | None:
    row = await tx.fetchrow(
        """
        SELECT tenant_id, account_id, patient_id, receivable_cents, unapplied_cents, version,
               opened_at, changed_at
        FROM account WHERE tenant_id = $1 AND account_id = $2
        """,
        tx.tenant_id,
        account_id,
    )
    return _account_row(row) if row else None


async def list_page(
    tx: Tx,
    *,
    patient_id: UUID | None,
    balance_from_cents: int | None,
    balance_to_cents: int | None,
    after: UUID | None,
    limit: int,
) -> list[AccountRow]:
    rows = await tx.fetch(
        """
        SELECT tenant_id, account_id, patient_id, receivable_cents, unapplied_cents, version,
               opened_at, changed_at
        FROM account
        WHERE tenant_id = $1 AND ($2::uuid IS NULL OR patient_id = $2)
          AND ($3::bigint IS NULL OR balance_cents >= $3)
          AND ($4::bigint IS NULL OR balance_cents <= $4)
          AND ($5::uuid IS NULL OR account_id > $5)
        ORDER BY account_id LIMIT $6
        """,
        tx.tenant_id,
        patient_id,
        balance_from_cents,
        balance_to_cents,
        after,
        limit,
    )
    return [_account_row(row) for row in rows]


async def save(
    tx: Tx, accounts: Sequence[Account], persons: Mapping[Key, bytes], *, at: datetime
) -> None:
    """Write accounts after a change, with the newest sealed person block where there is one."""
    await tx.execute(
        """
        UPDATE account
        SET receivable_cents = new.receivable_cents, unapplied_cents = new.unapplied_cents,
            person = coalesce(new.person, account.person), version = version + 1, changed_at = $6
        FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::bytea[])
          AS new (tenant_id, account_id, receivable_cents, unapplied_cents, person)
        WHERE account.tenant_id = new.tenant_id AND account.account_id = new.account_id
        """,
        [each.tenant_id for each in accounts],
        [each.account_id for each in accounts],
        [each.receivable_cents for each in accounts],
        [each.unapplied_cents for each in accounts],
        [persons.get((each.tenant_id, each.account_id)) for each in accounts],
        at,
    )


def seal_person(keyring: Keyring, tenant_id: UUID, account_id: UUID, person: bytes) -> bytes:
    return seal_column(
        keyring, tenant_id, table="account", column="person", row_id=account_id, value=person
    )


async def person_of(tx: Tx, account_id: UUID) -> bytes | None:
    """The person block in the clear, for a statement. Raises `SealError` when its key is gone."""
    sealed = await tx.fetchval(
        "SELECT person FROM account WHERE tenant_id = $1 AND account_id = $2",
        tx.tenant_id,
        account_id,
    )
    if sealed is None:
        return None
    assert tx.keyring is not None  # noqa: S101 - every service database has one
    return open_column(
        tx.keyring,
        tx.tenant_id,
        table="account",
        column="person",
        row_id=account_id,
        value=sealed,
    )


async def charges(tx: Tx, claims: Sequence[Key]) -> dict[Key, Charge]:
    """By tenant and claim. Their accounts are locked, so nobody else changes them."""
    rows = await tx.fetch(
        f"""
        SELECT {CHARGE_COLUMNS} FROM claim_charge
        WHERE (tenant_id, claim_id) IN (SELECT * FROM unnest($1::uuid[], $2::uuid[]))
        """,
        [tenant for tenant, _ in claims],
        [claim for _, claim in claims],
    )
    return {(row["tenant_id"], row["claim_id"]): _charge(row) for row in rows}


async def charges_of(tx: Tx, account_id: UUID, *, open_only: bool = False) -> list[Charge]:
    rows = await tx.fetch(
        f"""
        SELECT {CHARGE_COLUMNS} FROM claim_charge
        WHERE tenant_id = $1 AND account_id = $2 AND (NOT $3 OR open_cents > 0)
        ORDER BY date_of_service NULLS LAST, claim_id
        """,
        tx.tenant_id,
        account_id,
        open_only,
    )
    return [_charge(row) for row in rows]


async def save_charges(tx: Tx, found: Mapping[Key, Charge]) -> None:
    """Insert or replace; one statement for any number."""
    rows = [
        (
            tenant_id,
            each.claim_id,
            each.account_id,
            each.patient_control_number,
            each.payer_id,
            each.outcome,
            each.responsible_party,
            each.date_of_service,
            each.charge_cents,
            each.discount_cents,
            each.plan_paid_cents,
            each.plan_pending_cents,
            each.due_cents,
            each.open_cents,
            each.share.deductible_cents,
            each.share.coinsurance_cents,
            each.share.copay_cents,
            each.share.other_cents,
            json.dumps([item.model_dump(mode="json") for item in each.claim_adjustments]),
            json.dumps([line.model_dump(mode="json") for line in each.lines]),
            each.decided_at,
        )
        for (tenant_id, _), each in sorted(found.items(), key=lambda item: item[0])
    ]
    await tx.execute(SAVE_CHARGES, *zip(*rows, strict=True))


SAVE_CHARGES = """
INSERT INTO claim_charge (
  tenant_id, claim_id, account_id, patient_control_number, payer_id, outcome, responsible_party,
  date_of_service, charge_cents, discount_cents, plan_paid_cents, plan_pending_cents, due_cents,
  open_cents, deductible_cents, coinsurance_cents, copay_cents, other_patient_cents,
  claim_adjustments, lines, decided_at)
SELECT * FROM unnest(
  $1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::date[],
  $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[],
  $15::bigint[], $16::bigint[], $17::bigint[], $18::bigint[], $19::jsonb[], $20::jsonb[],
  $21::timestamptz[])
ON CONFLICT (tenant_id, claim_id) DO UPDATE SET
  payer_id = EXCLUDED.payer_id, outcome = EXCLUDED.outcome,
  responsible_party = EXCLUDED.responsible_party,
  patient_control_number = EXCLUDED.patient_control_number,
  date_of_service = EXCLUDED.date_of_service, charge_cents = EXCLUDED.charge_cents,
  discount_cents = EXCLUDED.discount_cents, plan_paid_cents = EXCLUDED.plan_paid_cents,
  plan_pending_cents = EXCLUDED.plan_pending_cents, due_cents = EXCLUDED.due_cents,
  open_cents = EXCLUDED.open_cents, deductible_cents = EXCLUDED.deductible_cents,
  coinsurance_cents = EXCLUDED.coinsurance_cents, copay_cents = EXCLUDED.copay_cents,
  other_patient_cents = EXCLUDED.other_patient_cents,
  claim_adjustments = EXCLUDED.claim_adjustments, lines = EXCLUDED.lines,
  decided_at = EXCLUDED.decided_at
"""
