"""Posting in sets: what is booked, what is recognised, what is refused."""

import asyncio
from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from rcm.db import Database, StatementFailed
from rcm.ids import new_id
from rcm.ledger import (
    AlreadyReversed,
    BelowZero,
    EntryClash,
    balances,
    post,
    read_entries,
    reversal_of,
)
from rcm.ledger.moves import PatientClaim, PayerClaim, Remittance, refund_promised
from rcm.testing.ledger import entry, red_codes, renumbered

REMITTANCE = Remittance("DEMO1", "TRN1")


def claim() -> PayerClaim:
    return PayerClaim(new_id(), "DEMO1")


async def test_a_set_of_entries_is_booked_as_it_was_given(database: Database, tenant: UUID) -> None:
    found = claim()
    batch = [
        entry(tenant, found.charged(10_000, 1) + found.charged(5_000, 2)),
        entry(
            tenant,
            found.paid(4_000, REMITTANCE, 1)
            + found.contractual(3_000, REMITTANCE.cause(1, "CO", "45")),
            kind="remit",
            part="7",
            effective_on=date(2026, 4, 1),
        ),
    ]
    async with database.transaction([tenant]) as tx:
        posted = await post(tx, batch)
    async with database.transaction([tenant]) as tx:
        read = await read_entries(tx, [(tenant, sent.entry_id) for sent in batch])
        held = await balances(tx, [(tenant, found.receivable), (tenant, REMITTANCE.clearing)])
        assert await red_codes(tx) == set()
    assert set(posted.new_ids) == {sent.entry_id for sent in batch}
    assert read == {(tenant, sent.entry_id): sent for sent in batch}
    assert [found.cents for found in held.values()] == [8_000, 4_000]


async def test_nothing_to_post_is_nothing_posted(database: Database, tenant: UUID) -> None:
    async with database.transaction([tenant]) as tx:
        posted = await post(tx, [])
    assert (posted.new_ids, posted.repeated_ids) == ((), ())


async def test_one_call_serves_several_tenants(database: Database) -> None:
    tenants, found = (new_id(), new_id()), claim()
    async with database.transaction(tenants) as tx:
        await post(tx, [entry(tenant, found.charged(100, 1)) for tenant in tenants])
        held = await balances(tx, [(tenant, found.receivable) for tenant in tenants])
    assert [balance.cents for balance in held.values()] == [100, 100]


class TestRepetition:
    async def test_the_same_again_moves_nothing(self, database: Database, tenant: UUID) -> None:
        found = claim()
        sent = [entry(tenant, found.charged(100, line), part=str(line)) for line in (1, 2)]
        for _ in range(2):
            async with database.transaction([tenant]) as tx:
                posted = await post(tx, sent)
        assert set(posted.repeated_ids) == {one.entry_id for one in sent}
        assert posted.new_ids == ()
        async with database.transaction([tenant]) as tx:
            held = await balances(tx, [(tenant, found.receivable)])
        assert held[tenant, found.receivable].cents == 200

    async def test_new_entries_beside_repeated_ones_are_booked(
        self, database: Database, tenant: UUID
    ) -> None:
        found = claim()
        old, new = (entry(tenant, found.charged(100, line)) for line in (1, 2))
        async with database.transaction([tenant]) as tx:
            await post(tx, [old])
        async with database.transaction([tenant]) as tx:
            posted = await post(tx, [new, old, old])
        assert posted.new_ids == (new.entry_id,)
        assert posted.repeated_ids == (old.entry_id, old.entry_id)

    async def test_another_id_for_the_same_event_is_still_the_same(
        self, database: Database, tenant: UUID
    ) -> None:
        sent, again = (entry(tenant, claim().charged(100, 1)),) * 2
        async with database.transaction([tenant]) as tx:
            await post(tx, [sent])
        async with database.transaction([tenant]) as tx:
            posted = await post(tx, [renumbered(again)])
        assert posted.new_ids == ()

    @pytest.mark.parametrize(
        "change",
        [
            {"effective_on": date(2026, 5, 5)},
            {"postings": claim().charged(101, 1)},
            {"postings": claim().charged(100, 1) + claim().charged(100, 1)},
        ],
        ids=["day", "cents", "legs"],
    )
    async def test_the_same_event_saying_something_else_is_an_alarm(
        self, database: Database, tenant: UUID, change: dict[str, object]
    ) -> None:
        sent = entry(tenant, claim().charged(100, 1))
        async with database.transaction([tenant]) as tx:
            await post(tx, [sent])
        with pytest.raises(EntryClash, match=str(sent.entry_id)):
            async with database.transaction([tenant]) as tx:
                await post(tx, [replace(sent, **change)])

    async def test_so_it_is_within_one_call(self, database: Database, tenant: UUID) -> None:
        sent = entry(tenant, claim().charged(100, 1))
        with pytest.raises(EntryClash):
            async with database.transaction([tenant]) as tx:
                await post(tx, [sent, replace(sent, postings=claim().charged(7, 1))])

    async def test_who_repeats_does_not_matter(self, database: Database, tenant: UUID) -> None:
        sent = entry(tenant, claim().charged(100, 1))
        async with database.transaction([tenant]) as tx:
            await post(tx, [sent, replace(sent, actor="another worker")])

    async def test_two_at_once_book_it_once(self, database: Database, tenant: UUID) -> None:
        found = claim()
        sent = [entry(tenant, found.charged(100, line)) for line in range(1, 40)]

        async def worker() -> int:
            async with database.transaction([tenant]) as tx:
                posted = await post(tx, sent)
                await asyncio.sleep(0.05)
                return len(posted.new_ids)

        assert sorted(await asyncio.gather(*(worker() for _ in range(4)))) == [0, 0, 0, 39]


class TestBounds:
    async def test_a_receivable_takes_no_more_than_is_open(
        self, database: Database, tenant: UUID
    ) -> None:
        found = claim()
        async with database.transaction([tenant]) as tx:
            await post(tx, [entry(tenant, found.charged(100, 1))])
        with pytest.raises(BelowZero):
            async with database.transaction([tenant]) as tx:
                await post(tx, [entry(tenant, found.paid(101, REMITTANCE, 1))])

    async def test_a_credit_is_refunded_once(self, database: Database, tenant: UUID) -> None:
        patient = PatientClaim(new_id(), new_id())
        async with database.transaction([tenant]) as tx:
            await post(tx, [entry(tenant, patient.paid_ahead(500, "BATCH"))])
            await post(tx, [entry(tenant, refund_promised(patient.unapplied, 500))])
        with pytest.raises(BelowZero):
            async with database.transaction([tenant]) as tx:
                await post(tx, [entry(tenant, refund_promised(patient.unapplied, 1))])

    async def test_only_the_call_as_a_whole_counts(self, database: Database, tenant: UUID) -> None:
        """A reversal and its correction may pass below zero on the way."""
        found = claim()
        async with database.transaction([tenant]) as tx:
            await post(
                tx,
                [
                    entry(tenant, found.paid(100, REMITTANCE, 1)),
                    entry(tenant, found.charged(100, 1)),
                ],
            )

    async def test_racing_payments_cannot_both_take_the_last_cent(
        self, database: Database, tenant: UUID
    ) -> None:
        found = claim()
        async with database.transaction([tenant]) as tx:
            await post(tx, [entry(tenant, found.charged(100, 1))])

        async def pay() -> str:
            try:
                async with database.transaction([tenant]) as tx:
                    await post(tx, [entry(tenant, found.paid(60, REMITTANCE, 1))])
                    await asyncio.sleep(0.02)
            except BelowZero:
                return "refused"
            return "paid"

        assert sorted(await asyncio.gather(pay(), pay(), pay())) == ["paid", "refused", "refused"]

    async def test_a_locked_balance_waits_for_nobody_twice(
        self, database: Database, tenant: UUID
    ) -> None:
        """Read with a lock, decide, post: two payers of the same balance never overdraw it."""
        found = claim()
        async with database.transaction([tenant]) as tx:
            await post(tx, [entry(tenant, found.charged(100, 1))])

        async def take_what_is_open() -> int:
            async with database.transaction([tenant]) as tx:
                held = await balances(tx, [(tenant, found.receivable)], lock=True)
                open_cents = min(60, held[tenant, found.receivable].cents)
                await asyncio.sleep(0.02)
                await post(tx, [entry(tenant, found.paid(open_cents, REMITTANCE, 1))])
                return open_cents

        assert sorted(await asyncio.gather(take_what_is_open(), take_what_is_open())) == [40, 60]

    async def test_many_overlapping_sets_do_not_deadlock(
        self, database: Database, tenant: UUID
    ) -> None:
        claims = [claim() for _ in range(30)]

        async def charge(order: int) -> None:
            chosen = claims[::-1] if order % 2 else claims
            for _ in range(5):
                async with database.transaction([tenant]) as tx:
                    await post(tx, [entry(tenant, found.charged(1, 1)) for found in chosen])

        await asyncio.gather(*(charge(order) for order in range(6)))
        async with database.transaction([tenant]) as tx:
            held = await balances(tx, [(tenant, found.receivable) for found in claims])
        assert {balance.cents for balance in held.values()} == {30}


class TestReversal:
    async def test_it_returns_every_cent(self, database: Database, tenant: UUID) -> None:
        found = claim()
        charge = entry(tenant, found.charged(100, 1) + found.charged(50, 2))
        async with database.transaction([tenant]) as tx:
            await post(tx, [charge])
        async with database.transaction([tenant]) as tx:
            read = await read_entries(tx, [(tenant, charge.entry_id)])
            undo = reversal_of(
                read[tenant, charge.entry_id],
                source_event_id=new_id(),
                effective_on=date(2026, 6, 1),
                actor="test",
            )
            await post(tx, [undo])
            held = await balances(tx, [(tenant, found.receivable)])
            assert held[tenant, found.receivable].cents == 0
            assert await red_codes(tx) == set()

    async def test_only_once(self, database: Database, tenant: UUID) -> None:
        charge = entry(tenant, claim().charged(100, 1))
        async with database.transaction([tenant]) as tx:
            await post(tx, [charge])
        first, second = (
            reversal_of(
                charge, source_event_id=new_id(), effective_on=date(2026, 6, 1), actor="test"
            )
            for _ in range(2)
        )
        async with database.transaction([tenant]) as tx:
            await post(tx, [first])
        with pytest.raises(AlreadyReversed, match=str(charge.entry_id)):
            async with database.transaction([tenant]) as tx:
                await post(tx, [second])


async def test_another_tenants_books_are_out_of_reach(database: Database, tenant: UUID) -> None:
    stranger, found = new_id(), claim()
    async with database.transaction([tenant]) as tx:
        await post(tx, [entry(tenant, found.charged(100, 1))])
    async with database.transaction([stranger]) as tx:
        held = await balances(tx, [(tenant, found.receivable)], lock=True)
        assert held[tenant, found.receivable].cents == 0
    with pytest.raises(StatementFailed, match="42501"):
        async with database.transaction([stranger]) as tx:
            await post(tx, [entry(tenant, found.charged(100, 1))])
