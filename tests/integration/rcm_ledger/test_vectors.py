"""Worked remittances, whose every cent is known beforehand, as postings."""

from datetime import date
from uuid import UUID

from rcm.db import Database
from rcm.ids import new_id
from rcm.ledger import Account, AccountCode, balances, post, reversal_of
from rcm.ledger.moves import (
    CASH,
    CONTRACTUAL,
    PatientClaim,
    PayerClaim,
    Remittance,
    provider_account,
    transfer,
)
from rcm.ledger.reports import movements, totals
from rcm.testing.ledger import entry, red_codes

CO_45, PR_1, PR_2, PR_3 = ("CO", "45"), ("PR", "1"), ("PR", "2"), ("PR", "3")


async def holds(database: Database, tenant: UUID, expected: dict[Account, int]) -> None:
    async with database.transaction([tenant]) as tx:
        held = await balances(tx, [(tenant, account) for account in expected])
        assert {account: found.cents for (_, account), found in held.items()} == expected
        assert await red_codes(tx) == set()


async def test_a_payment_a_denial_a_takeback_and_interest_make_one_deposit(
    database: Database, tenant: UUID
) -> None:
    """A 150.00 paid 70.00; B 80.00 denied; WO 25.00 taken, L6 1.25 given: the bank sees 46.25."""
    remit = Remittance("DEMO1", "V1")
    paid, denied, patient_id = (
        PayerClaim(new_id(), "DEMO1"),
        PayerClaim(new_id(), "DEMO1"),
        new_id(),
    )
    recovered_from = str(new_id())
    patient = PatientClaim(paid.claim_id, patient_id)
    async with database.transaction([tenant]) as tx:
        await post(
            tx,
            [
                entry(tenant, paid.charged(10_000, 1) + paid.charged(5_000, 2)),
                entry(tenant, denied.charged(8_000, 1)),
                entry(
                    tenant,
                    paid.paid(4_000, remit, 1)
                    + paid.contractual(3_000, remit.cause(1, *CO_45))
                    + paid.passed_to_patient(2_000, remit.cause(1, *PR_1))
                    + paid.passed_to_patient(1_000, remit.cause(1, *PR_3))
                    + paid.paid(3_000, remit, 2)
                    + paid.contractual(2_000, remit.cause(2, *CO_45)),
                ),
                entry(tenant, remit.adjusted("WO", recovered_from, 2_500)),
                entry(tenant, remit.adjusted("L6", "", -125)),
                entry(tenant, patient.share_changed(3_000, open_cents=0)),
            ],
        )
    await holds(
        database,
        tenant,
        {
            remit.clearing: 4_625,
            paid.receivable: 0,
            denied.receivable: 8_000,
            CONTRACTUAL: 5_000,
            patient.receivable: 3_000,
            transfer(paid.claim_id): 0,
            Account(AccountCode.INTEREST_INCOME): 125,
            provider_account("WO", recovered_from): 2_500,
        },
    )
    async with database.transaction([tenant]) as tx:
        await post(tx, [entry(tenant, remit.deposited(4_625))])
    await holds(database, tenant, {remit.clearing: 0, CASH: 4_625})


async def test_a_reversal_and_its_correction_carry_a_balance_forward(
    database: Database, tenant: UUID
) -> None:
    """Paid 96.00; taken back and 70.00 paid instead; FB -26.00 lifts the deposit to zero, and the
    next cycle's FB +26.00 closes it. The patient, who paid the first 24.00, owes 26.00 more."""
    first, second, third = (Remittance("DEMO1", f"V2-{cycle}") for cycle in (1, 2, 3))
    claim, patient_id = PayerClaim(new_id(), "DEMO1"), new_id()
    patient = PatientClaim(claim.claim_id, patient_id)
    original = entry(
        tenant,
        claim.paid(9_600, first, 1)
        + claim.contractual(8_000, first.cause(1, *CO_45))
        + claim.passed_to_patient(2_400, first.cause(1, *PR_2)),
    )
    async with database.transaction([tenant]) as tx:
        await post(
            tx,
            [
                entry(tenant, claim.charged(20_000, 1)),
                original,
                entry(tenant, first.deposited(9_600)),
                entry(tenant, patient.share_changed(2_400, open_cents=0)),
                entry(tenant, patient.paid(2_400, "BATCH1")),
            ],
        )
    await holds(database, tenant, {first.clearing: 0, patient.receivable: 0})
    undo = reversal_of(
        original, source_event_id=new_id(), effective_on=date(2026, 4, 2), actor="test"
    )
    async with database.transaction([tenant]) as tx:
        await post(
            tx,
            [
                undo,
                entry(tenant, second.recovered(9_600, paid_by=first)),
                entry(
                    tenant,
                    claim.paid(7_000, second, 1)
                    + claim.contractual(8_000, second.cause(1, *CO_45))
                    + claim.passed_to_patient(5_000, second.cause(1, *PR_1)),
                ),
                entry(tenant, second.adjusted("FB", "CYCLE2", -2_600)),
                entry(tenant, patient.share_changed(-2_400, open_cents=0)),
                entry(tenant, patient.share_changed(5_000, open_cents=0)),
                entry(tenant, patient.applied(2_400)),
            ],
        )
    forward = provider_account("FB", "CYCLE2")
    await holds(
        database,
        tenant,
        {
            first.clearing: 0,
            second.clearing: 0,
            forward: -2_600,
            patient.receivable: 2_600,
            patient.unapplied: 0,
            transfer(claim.claim_id): 0,
        },
    )
    async with database.transaction([tenant]) as tx:
        await post(tx, [entry(tenant, third.adjusted("FB", "CYCLE2", 2_600))])
    await holds(database, tenant, {forward: 0, third.clearing: -2_600})


async def test_after_the_second_payer_the_patient_owes_what_that_one_left(
    database: Database, tenant: UUID
) -> None:
    """150.00 = 95.00 paid by both + 50.00 contractual + 5.00 patient; the first payer's 30.00 of
    patient responsibility is never billed."""
    first, second = Remittance("DEMO1", "V3-1"), Remittance("DEMO2", "V3-2")
    claim = PayerClaim(new_id(), "DEMO1")
    other, patient = PayerClaim(claim.claim_id, "DEMO2"), PatientClaim(claim.claim_id, new_id())
    async with database.transaction([tenant]) as tx:
        await post(
            tx,
            [
                entry(tenant, claim.charged(10_000, 1) + claim.charged(5_000, 2)),
                entry(
                    tenant,
                    claim.paid(4_000, first, 1)
                    + claim.contractual(3_000, first.cause(1, *CO_45))
                    + claim.paid(3_000, first, 2)
                    + claim.contractual(2_000, first.cause(2, *CO_45))
                    + claim.passed_to_payer("DEMO2", 3_000),
                ),
                entry(
                    tenant,
                    other.paid(2_500, second)
                    + other.passed_to_patient(500, second.cause(None, *PR_3)),
                ),
                entry(tenant, patient.share_changed(500, open_cents=0)),
            ],
        )
    await holds(
        database,
        tenant,
        {
            claim.receivable: 0,
            other.receivable: 0,
            patient.receivable: 500,
            first.clearing: 7_000,
            second.clearing: 2_500,
            CONTRACTUAL: 5_000,
        },
    )


async def test_an_incentive_raises_what_the_payer_owes(database: Database, tenant: UUID) -> None:
    """Line 100.00: CO-45 20.00, CO-144 -3.00, paid 83.00. The negative amount stays one."""
    remit, claim = Remittance("DEMO1", "V4"), PayerClaim(new_id(), "DEMO1")
    async with database.transaction([tenant]) as tx:
        await post(
            tx,
            [
                entry(tenant, claim.charged(10_000, 1)),
                entry(
                    tenant,
                    claim.contractual(2_000, remit.cause(1, *CO_45))
                    + claim.contractual(-300, remit.cause(1, "CO", "144"))
                    + claim.paid(8_300, remit, 1),
                ),
            ],
        )
        moved = await movements(tx, [(tenant, claim.receivable)])
        summed = await totals(tx)
    assert sorted(one.cents for one in moved[tenant, claim.receivable]) == [
        -8_300,
        -2_000,
        300,
        10_000,
    ]
    assert summed[tenant, AccountCode.ADJ_CONTRACTUAL].cents == 1_700
    await holds(database, tenant, {claim.receivable: 0, remit.clearing: 8_300})
