"""Balances on two axes of time, movements, ages."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from rcm.db import Database
from rcm.ids import new_id
from rcm.ledger import (
    AccountCode,
    accounts_of_claims,
    accounts_of_patients,
    balance_as_of,
    balances,
    post,
)
from rcm.ledger.moves import PatientClaim, PayerClaim, Remittance
from rcm.ledger.reports import aging, movements, totals
from rcm.testing.ledger import entry

JANUARY, MARCH = date(2026, 1, 10), date(2026, 3, 10)


async def test_a_balance_is_told_for_a_day_and_as_it_was_known(
    database: Database, tenant: UUID
) -> None:
    """A charge of January that is written down in a second go belongs to January, but the books of
    the first go did not know it."""
    claim = PayerClaim(new_id(), "DEMO1")
    account = (tenant, claim.receivable)
    async with database.transaction([tenant]) as tx:
        await post(tx, [entry(tenant, claim.charged(100, 1), effective_on=MARCH)])
    async with database.transaction([tenant]) as tx:
        first_known = await tx.fetchval("SELECT max(posted_at) FROM ledger_entry")
    async with database.transaction([tenant]) as tx:
        await post(tx, [entry(tenant, claim.charged(7, 2), effective_on=JANUARY)])

    async def told(effective_on: date | None, posted_by: datetime | None) -> int:
        async with database.transaction([tenant]) as tx:
            found = await balance_as_of(
                tx, [account], effective_on=effective_on, posted_by=posted_by
            )
        return found[account].cents

    assert await told(None, None) == 107
    assert await told(JANUARY, None) == 7
    assert await told(JANUARY, first_known) == 0
    assert await told(MARCH, first_known) == 100
    assert await told(date(2025, 12, 31), None) == 0
    assert await told(None, datetime(2020, 1, 1, tzinfo=UTC)) == 0


async def test_accounts_are_found_by_claim_and_by_patient(database: Database, tenant: UUID) -> None:
    claim, patient_id = PayerClaim(new_id(), "DEMO1"), new_id()
    patient = PatientClaim(claim.claim_id, patient_id)
    async with database.transaction([tenant]) as tx:
        await post(
            tx,
            [
                entry(tenant, claim.charged(100, 1) + claim.passed_to_patient(100)),
                entry(tenant, patient.share_changed(100, open_cents=0)),
                entry(tenant, patient.paid_ahead(30, "BATCH")),
            ],
        )
        of_claim = await accounts_of_claims(tx, [(tenant, claim.claim_id)])
        of_patient = await accounts_of_patients(tx, [(tenant, patient_id)])
        held = await balances(tx, of_patient)
        assert await accounts_of_claims(tx, []) == []
    assert {account.code for _, account in of_claim} == {
        "AR_PAYER",
        "AR_PATIENT",
        "PATIENT_TRANSFER",
    }
    assert {account.code: found.cents for (_, account), found in held.items()} == {
        AccountCode.AR_PATIENT: 100,
        AccountCode.UNAPPLIED: 30,
    }


async def test_every_movement_names_its_event(database: Database, tenant: UUID) -> None:
    claim, remit = PayerClaim(new_id(), "DEMO1"), Remittance("DEMO1", "T9")
    charge = entry(tenant, claim.charged(100, 1), kind="charge", effective_on=JANUARY)
    paid = entry(
        tenant,
        claim.paid(60, remit, 1) + claim.contractual(40, remit.cause(1, "CO", "45")),
        kind="remit",
        effective_on=MARCH,
    )
    async with database.transaction([tenant]) as tx:
        await post(tx, [paid, charge])
        found = await movements(tx, [(tenant, claim.receivable), (tenant, remit.clearing)])
        assert await movements(tx, []) == {}
    told = [
        (one.source_event_id, one.kind, one.against, one.cents, one.reason_code)
        for one in found[tenant, claim.receivable]
    ]
    assert told == [
        (charge.source_event_id, "charge", "REVENUE", 100, None),
        (paid.source_event_id, "remit", "REMIT_CLEARING", -60, None),
        (paid.source_event_id, "remit", "ADJ_CONTRACTUAL", -40, "45"),
    ]
    assert [one.cents for one in found[tenant, remit.clearing]] == [60]


@pytest.mark.parametrize(
    ("today", "from_days"),
    [
        (date(2026, 1, 10), 0),
        (date(2026, 2, 9), 0),
        (date(2026, 2, 10), 31),
        (date(2026, 3, 11), 31),
        (date(2026, 3, 12), 61),
        (date(2026, 4, 11), 91),
        (date(2026, 5, 11), 121),
        (date(2030, 1, 1), 121),
        (date(2026, 1, 1), 0),
    ],
)
async def test_receivables_age_from_the_day_they_came_to_be_owed(
    database: Database, tenant: UUID, today: date, from_days: int
) -> None:
    claim, settled = (PayerClaim(new_id(), "DEMO1") for _ in range(2))
    async with database.transaction([tenant]) as tx:
        await post(
            tx,
            [
                entry(tenant, claim.charged(100, 1), effective_on=JANUARY),
                entry(tenant, claim.charged(50, 2), effective_on=MARCH),
                entry(tenant, settled.charged(9, 1), effective_on=JANUARY),
                entry(tenant, settled.written_off(9, "charity"), effective_on=JANUARY),
            ],
        )
        [bucket] = await aging(tx, today)
        assert (await totals(tx, effective_on=JANUARY))[tenant, AccountCode.REVENUE].cents == 109
    assert (bucket.from_days, bucket.accounts, bucket.cents) == (from_days, 1, 150)
