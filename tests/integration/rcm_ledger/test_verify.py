"""`rcm books verify`: green and red, within one database and across two."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from typer.testing import CliRunner

from rcm.db import Database, Tx
from rcm.ids import new_id
from rcm.ledger import Entry, invariants, post
from rcm.ledger.cli import app
from rcm.ledger.invariants import Found, InvariantResult, each_database, verify
from rcm.ledger.moves import PatientClaim, PayerClaim, Remittance
from rcm.migrations import LEDGER, DatabaseUrls
from rcm.testing.databases import service_database
from rcm.testing.ledger import entry

if TYPE_CHECKING:
    from conftest import Servers

TENANT, CLAIMS = UUID(int=1), [UUID(int=number) for number in range(100, 400)]


@pytest.fixture
async def books(servers: "Servers") -> AsyncIterator[dict[str, DatabaseUrls]]:
    """The payers' and the patients' books of one tenant, which agree on three hundred claims."""
    admin_url = servers.postgres_admin_url
    async with (
        service_database(admin_url, "ledger", [LEDGER]) as payers,
        service_database(admin_url, "ledger", [LEDGER]) as patients,
    ):
        await fill(payers.app, [payer_side(claim, cents=250) for claim in CLAIMS])
        await fill(patients.app, [patient_side(claim, cents=250) for claim in CLAIMS])
        yield {"payers": payers, "patients": patients}


def payer_side(claim_id: UUID, *, cents: int) -> Entry:
    claim = PayerClaim(claim_id, "DEMO1")
    return entry(TENANT, claim.charged(1_000, 1) + claim.passed_to_patient(cents))


def patient_side(claim_id: UUID, *, cents: int) -> Entry:
    return entry(TENANT, PatientClaim(claim_id, UUID(int=9)).share_changed(cents, open_cents=0))


async def fill(url: str, entries: list[Entry]) -> None:
    database = Database(url, application_name="test", pool_size=1)
    async with database.transaction([TENANT]) as tx:
        await post(tx, entries)
    await database.close()


def owners(books: dict[str, DatabaseUrls]) -> dict[str, str]:
    return {name: urls.owner for name, urls in books.items()}


def only(results: list[InvariantResult], code: str) -> InvariantResult:
    [found] = [result for result in results if result.code == code]
    return found


async def test_good_books_are_green(books: dict[str, DatabaseUrls]) -> None:
    results = await verify(owners(books))
    assert [result for result in results if not result.holds] == []
    assert {result.code for result in results} == {"I1", "I2", "I3", "I4", "I6", "I9", "I11"}
    across = only(results, "I9")
    assert (across.database, across.found.checked) == ("payers = patients", 300)


async def test_every_check_looked_at_something(books: dict[str, DatabaseUrls]) -> None:
    """Nothing is green because nothing was read: no remittance came yet, and what passes to
    patients here passes without lines."""
    results = await verify(owners(books))
    assert {(r.code, r.database) for r in results if not r.found.checked} == {
        ("I6", "payers"),
        ("I6", "patients"),
        ("I1", "patients"),
    }


@pytest.mark.parametrize(
    ("payer_extra", "patient_extra", "cents"),
    [(5, 0, 5), (0, 7, 7), (5, 7, 2)],
    ids=["missing here", "missing there", "different"],
)
async def test_a_transfer_that_only_one_side_knows_is_red(
    books: dict[str, DatabaseUrls], payer_extra: int, patient_extra: int, cents: int
) -> None:
    claim = new_id()
    if payer_extra:
        await fill(books["payers"].app, [payer_side(claim, cents=payer_extra)])
    if patient_extra:
        await fill(books["patients"].app, [patient_side(claim, cents=patient_extra)])
    found = only(await verify(owners(books)), "I9").found
    assert (found.breaches, found.cents, found.first) == (1, cents, (str(claim),))
    on_the_way = only(await verify(owners(books), settling=timedelta(minutes=5)), "I9")
    assert on_the_way.holds
    assert on_the_way.found.note == "1 claims on their way"


async def test_two_errors_that_cancel_are_still_two(books: dict[str, DatabaseUrls]) -> None:
    one, other = new_id(), new_id()
    await fill(books["payers"].app, [payer_side(one, cents=5)])
    await fill(books["patients"].app, [patient_side(other, cents=5)])
    found = only(await verify(owners(books)), "I9").found
    assert (found.breaches, found.cents) == (2, 10)


async def test_remittances_wait_for_the_bank_and_then_clear(
    books: dict[str, DatabaseUrls],
) -> None:
    claim = PayerClaim(CLAIMS[0], "DEMO1")
    first, second = Remittance("DEMO1", "T1"), Remittance("DEMO2", "T1")
    await fill(
        books["payers"].app,
        [entry(TENANT, claim.paid(400, first, 1) + claim.paid(300, second, 1))],
    )
    waiting = only([r for r in await verify(owners(books)) if r.database == "payers"], "I6")
    assert waiting.holds
    assert waiting.found.note.startswith("2 not yet at the bank, 7.00, oldest")
    await fill(books["payers"].app, [entry(TENANT, first.deposited(399))])
    wrong = only([r for r in await verify(owners(books)) if r.database == "payers"], "I6")
    assert (wrong.found.checked, wrong.found.breaches, wrong.found.cents) == (2, 1, 1)


async def test_money_that_is_announced_for_a_day_to_come_has_no_age(
    books: dict[str, DatabaseUrls],
) -> None:
    claim, remittance = PayerClaim(CLAIMS[0], "DEMO1"), Remittance("DEMO1", "T1")
    ahead = datetime.now(UTC).date() + timedelta(days=3)
    await fill(
        books["payers"].app,
        [entry(TENANT, claim.paid(400, remittance, 1), effective_on=ahead)],
    )
    waiting = only([r for r in await verify(owners(books)) if r.database == "payers"], "I6")
    assert waiting.found.note == "1 not yet at the bank, 4.00, oldest 0 days"


async def test_books_that_cannot_be_read_do_not_verify(books: dict[str, DatabaseUrls]) -> None:
    """Neither a server that does not answer nor a role that may not look is green."""
    silent = "postgresql://nobody:x@127.0.0.1:1/none"
    results = await verify({"silent": silent, "blind": books["payers"].app})
    assert results
    assert not any(result.holds for result in results)
    assert {result.database for result in results} == {"silent", "blind"}


async def test_an_app_role_verifies_the_tenants_it_is_given(
    books: dict[str, DatabaseUrls],
) -> None:
    results = await verify({"payers": books["payers"].app}, tenants=[TENANT])
    assert all(result.holds for result in results)
    assert only(results, "I4").found.checked == 300


async def test_others_add_their_invariants(
    books: dict[str, DatabaseUrls], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invariants, "_declared", list(invariants.declared()))

    @each_database("I77", "A service's own rule", requires="ledger_entry")
    async def own_rule(tx: Tx) -> Found:
        return Found(await tx.fetchval("SELECT count(*) FROM ledger_entry"), breaches=1, cents=3)

    @each_database("I78", "Another service's rule", requires="no_such_table")
    async def not_here(tx: Tx) -> Found:
        raise AssertionError

    results = await verify(owners(books))
    assert [r.found.cents for r in results if r.code == "I77"] == [3, 3]
    assert "I78" not in {result.code for result in results}


async def test_the_command_says_it_with_its_exit_code(books: dict[str, DatabaseUrls]) -> None:
    arguments = ["verify"]
    for name, urls in books.items():
        arguments += ["--database", f"{name}={urls.owner}"]
    run = CliRunner().invoke
    good = await asyncio.to_thread(run, app, arguments)
    assert good.exit_code == 0, good.output
    await fill(books["payers"].app, [payer_side(new_id(), cents=5)])
    bad = await asyncio.to_thread(run, app, [*arguments, "--json"])
    assert bad.exit_code == 1
    assert '"code": "I9"' in bad.output
    assert (await asyncio.to_thread(run, app, ["verify", "-d", "nonsense"])).exit_code == 2
