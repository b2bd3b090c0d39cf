"""A program that is not ours reads our books and comes to our totals."""

from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
from beancount import loader

from rcm.db import Database
from rcm.ids import new_id
from rcm.ledger import export, post, reversal_of
from rcm.ledger.export import beancount
from rcm.ledger.moves import PatientClaim, PayerClaim, Remittance
from rcm.testing.ledger import entry
from rcm.testing.samples import DAY


async def written(database: Database, tenant: UUID) -> str:
    async with database.transaction([tenant]) as tx:
        return "".join([text async for text in beancount(tx, tenant)])


async def some_books(database: Database, tenant: UUID) -> None:
    remit = Remittance("DEMO1", 'T"1\\')
    entries = []
    for number in range(12):
        claim = PayerClaim(new_id(), "DEMO1")
        patient = PatientClaim(claim.claim_id, new_id())
        charge = entry(tenant, claim.charged(10_000 + number, 1), effective_on=date(2026, 1, 5))
        entries += [
            charge,
            entry(
                tenant,
                claim.paid(6_000, remit, 1)
                + claim.contractual(1_000, remit.cause(1, "CO", "45"))
                + claim.passed_to_patient(2_000, remit.cause(1, "PR", "1")),
            ),
            entry(tenant, patient.share_changed(2_000, open_cents=0)),
            entry(tenant, patient.paid(500, "B1") + patient.paid_ahead(100, "B1")),
        ]
    voided = entry(tenant, PayerClaim(new_id(), "DEMO1").charged(77, 1))
    undo = reversal_of(voided, source_event_id=new_id(), effective_on=DAY, actor="test")
    async with database.transaction([tenant]) as tx:
        await post(tx, [*entries, voided, undo])


async def test_beancount_agrees(
    database: Database, tenant: UUID, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "PAGE_SIZE", 7)
    await some_books(database, tenant)
    file = tmp_path / "books.beancount"
    file.write_text(await written(database, tenant), encoding="utf-8")
    directives, errors, _ = loader.load_file(str(file))
    assert errors == []
    kinds = [type(directive).__name__ for directive in directives]
    assert kinds.count("Transaction") == 50
    assert kinds.count("Balance") >= 7


async def test_beancount_notices_a_cent(database: Database, tenant: UUID, tmp_path: Path) -> None:
    """The control: one leg written differently, and the other program disagrees."""
    await some_books(database, tenant)
    text = await written(database, tenant)
    file = tmp_path / "books.beancount"
    file.write_text(
        text.replace("Assets:Receivable:Payer 100.03 USD", "Assets:Receivable:Payer 100.04 USD"),
        encoding="utf-8",
    )
    _, errors, _ = loader.load_file(str(file))
    assert errors


async def test_empty_books_are_an_empty_text(database: Database, tenant: UUID) -> None:
    assert await written(database, tenant) == ""
