"""What must be true of the books, checked by somebody who did not write them.

A check is a function that reads and says what it found. The kit's own are in `checks.py` and
`clearing.py`; other
distributions add theirs by an entry point of the group `rcm.invariants` that names a module whose
import declares them. A check names the table that it `requires`: databases without it are left out.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from importlib import import_module
from importlib.metadata import entry_points
from uuid import UUID

from rcm.db import Database, DatabaseUnavailable, StatementFailed, Tx

SHOWN = 5
"""How many offending ids a result names: enough to start looking."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a check saw: how many things, how many of them wrong, the cents at stake, and the first
    ids. `note` is for what is not wrong but worth knowing."""

    checked: int
    breaches: int = 0
    cents: int = 0
    first: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Snapshots:
    """All databases, each at one moment. What moved within `settling` may still be on its way from
    one to another."""

    books: Mapping[str, Tx]
    settling: timedelta


EachCheck = Callable[[Tx], Awaitable[Found]]
AcrossCheck = Callable[[Snapshots], Awaitable[Found]]


@dataclass(frozen=True, slots=True)
class Invariant:
    """A declared check. Exactly one of `each` and `across` is there."""

    code: str
    title: str
    requires: str
    each: EachCheck | None = None
    across: AcrossCheck | None = None


@dataclass(frozen=True, slots=True)
class InvariantResult:
    """One invariant in one database, or across those named. `error` says why it could not be
    checked; such a result does not hold."""

    code: str
    title: str
    database: str
    found: Found
    error: str = ""

    @property
    def holds(self) -> bool:
        """Green: checked, and nothing wrong."""
        return not self.error and self.found.breaches == 0


_declared: list[Invariant] = []


def each_database(code: str, title: str, *, requires: str) -> Callable[[EachCheck], EachCheck]:
    """Declare a check that runs in every database that has the table."""

    def declare(check: EachCheck) -> EachCheck:
        _declared.append(Invariant(code, title, requires, each=check))
        return check

    return declare


def across_databases(
    code: str, title: str, *, requires: str
) -> Callable[[AcrossCheck], AcrossCheck]:
    """Declare a check that compares all databases that have the table. It runs when there are at
    least two."""

    def declare(check: AcrossCheck) -> AcrossCheck:
        _declared.append(Invariant(code, title, requires, across=check))
        return check

    return declare


def declared() -> tuple[Invariant, ...]:
    """Every invariant: the kit's, and those of each installed distribution that declares some."""
    for module in ("rcm.ledger.checks", "rcm.ledger.clearing"):
        import_module(module)  # declares its checks; it imports this module, so not at the top
    for point in entry_points(group="rcm.invariants"):
        point.load()
    return tuple(sorted(_declared, key=lambda found: (int(found.code[1:]), found.title)))


async def verify(
    databases: Mapping[str, str],
    *,
    tenants: Sequence[UUID] = (),
    settling: timedelta = timedelta(0),
) -> list[InvariantResult]:
    """Check every invariant in every database, given as name and URL, each in one read-only
    snapshot.

    An owner's URL sees all tenants. An app role's sees `tenants`, and without them every check
    fails, which is right: books that nobody looked at do not verify.
    """
    async with AsyncExitStack() as open_books:
        books: dict[str, Tx] = {}
        unreachable: list[InvariantResult] = []
        for name, url in databases.items():
            try:
                books[name] = await open_books.enter_async_context(_snapshot(url, tenants))
            except (DatabaseUnavailable, StatementFailed) as failure:
                unreachable.append(
                    InvariantResult("I0", "The database answers", name, Found(0), str(failure))
                )
        return unreachable + await check(Snapshots(books, settling))


async def check(snapshots: Snapshots) -> list[InvariantResult]:
    """Check every invariant in transactions that are open already."""
    results: list[InvariantResult] = []
    for invariant in declared():
        books = {
            name: tx
            for name, tx in snapshots.books.items()
            if await tx.fetchval("SELECT to_regclass($1) IS NOT NULL", invariant.requires)
        }
        if invariant.each is not None:
            for name, tx in books.items():
                results.append(await _judged(invariant, {name: tx}, partial(invariant.each, tx)))
        elif invariant.across is not None and len(books) > 1:
            compare = partial(invariant.across, Snapshots(books, snapshots.settling))
            results.append(await _judged(invariant, books, compare))
    return results


async def _judged(
    invariant: Invariant, books: Mapping[str, Tx], find: Callable[[], Awaitable[Found]]
) -> InvariantResult:
    """A check that fails is a result like another; the transactions go on with the next one."""
    place = " = ".join(books)
    try:
        async with AsyncExitStack() as savepoints:
            for tx in books.values():
                await savepoints.enter_async_context(tx.savepoint())
            found = await find()
    except (StatementFailed, DatabaseUnavailable) as failure:
        return InvariantResult(invariant.code, invariant.title, place, Found(0), str(failure))
    return InvariantResult(invariant.code, invariant.title, place, found)


@asynccontextmanager
async def _snapshot(url: str, tenants: Sequence[UUID]) -> AsyncIterator[Tx]:
    database = Database(
        url, application_name="rcm books verify", pool_size=1, statement_timeout_s=600
    )
    try:
        async with database.transaction(tenants, actor="rcm books verify") as tx:
            # Every check reads whole tables. Books that grew since their last statistics look small
            # to the planner, and it would loop over them row by row: a hash is never that wrong.
            await tx.execute(
                "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY; "
                "SET LOCAL work_mem = '64MB'; SET LOCAL enable_nestloop = off"
            )
            yield tx
    finally:
        await database.close()
