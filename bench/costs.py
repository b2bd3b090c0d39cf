"""What each guarantee costs: the same work with it and without it, in one run, as µs per event."""

import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from opentelemetry.sdk.trace import TracerProvider
from rich.console import Console
from rich.table import Table

from bench import floors, kit
from rcm.contracts.claims import ClaimReady
from rcm.contracts.payer import ClaimSubmitted
from rcm.db import Database, Tx
from rcm.events import publish, telemetry
from rcm.security import audit
from rcm.security.audit import Record
from rcm.security.kek import make_key_file
from rcm.security.seal import FileKeyring
from rcm.testing.samples import build
from rcm_local.providers import Addresses

EVENTS, BATCH, ROUNDS = 20_000, 500, 3
TRACEPARENT = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

Work = Callable[[Tx], Awaitable[None]]


async def measure(console: Console, addresses: Addresses) -> None:
    """One line per guarantee."""
    place = await kit.make_place(addresses.postgres_admin_url, addresses.kafka_bootstrap)
    with TemporaryDirectory() as folder:
        keyring = _keyring(Path(folder))
        database = Database(place.urls.app, application_name="bench", keyring=keyring)
        table = Table("guarantee", "without µs", "with µs", "costs µs", box=None)
        await _row_level_security(table, place, database)
        await _sealing(table, database)
        await _audit(table, database)
        _tracing(table)
        await database.close()
    await kit.drop_place(place)
    console.print(table)


def _keyring(folder: Path) -> FileKeyring:
    key = make_key_file(folder / "kek")
    keyring = FileKeyring.create(folder / "keyring.json", key)
    keyring.add_tenant(kit.TENANT)
    return keyring


async def _row_level_security(table: Table, place: kit.Place, database: Database) -> None:
    """The same insert into the same table, by the app's role and by a superuser."""
    parts = urlsplit(place.admin_url)._replace(path=f"/{place.prefix.rstrip('.')}")
    unguarded = Database(urlunsplit(parts), application_name="bench")
    without = await _each(unguarded, _insert_effects)
    _line(table, "row-level security (insert)", without, await _each(database, _insert_effects))
    without = await _each(unguarded, _read_effects)
    _line(table, "row-level security (read)", without, await _each(database, _read_effects))
    await unguarded.close()


async def _insert_effects(tx: Tx) -> None:
    await tx.execute(
        """INSERT INTO effect (tenant_id, event_id, number, cents, padding)
           SELECT $1, gen_random_uuid(), n, n, 'x' FROM generate_series(1, $2::int) AS n""",
        kit.TENANT,
        BATCH,
    )


async def _read_effects(tx: Tx) -> None:
    await tx.fetch(
        "SELECT number, cents FROM effect WHERE tenant_id = $1 LIMIT $2", kit.TENANT, BATCH
    )


async def _sealing(table: Table, database: Database) -> None:
    """`publish` of a whole claim with its person block, beside a short event without one."""
    plain = build(ClaimSubmitted, tenant_id=kit.TENANT)
    with_person = build(ClaimReady, tenant_id=kit.TENANT)
    keyring, block = database.keyring, with_person.person.value
    assert keyring is not None
    plaintext = block.model_dump_json().encode()
    began = time.perf_counter()
    for _ in range(EVENTS):
        keyring.seal(kit.TENANT, plaintext, b"tenant|type|id")
    sealed_us = (time.perf_counter() - began) / EVENTS * 1e6
    _line(table, f"sealing a person block of {len(plaintext)} bytes", 0.0, sealed_us)

    def publishing(event: Any) -> Work:
        async def work(tx: Tx) -> None:
            await publish(tx, [event] * BATCH)

        return work

    without = await _each(database, publishing(plain))
    name = "a whole claim with persons instead of a short event (publish)"
    _line(table, name, without, await _each(database, publishing(with_person)))


async def _audit(table: Table, database: Database) -> None:
    """A batch's insert alone, and with an audit record for each row."""
    records: Sequence[Record] = [
        Record("create", "Thing", secrets.token_hex(8)) for _ in range(BATCH)
    ]

    async def audited(tx: Tx) -> None:
        await _insert_effects(tx)
        await audit.record_all(tx, records)

    without = await _each(database, _insert_effects)
    _line(table, "audit, one record a row", without, await _each(database, audited))


def _tracing(table: Table) -> None:
    """One process span per batch with its links, recorded by a real tracer."""
    headers = [TRACEPARENT] * BATCH
    rounds = 400

    def spans() -> float:
        began = time.perf_counter()
        for _ in range(rounds):
            with telemetry.process_span("bench", BATCH, headers):
                pass
        return (time.perf_counter() - began) / rounds / BATCH * 1e6

    without = spans()
    from opentelemetry import trace  # noqa: PLC0415 - the provider can be set once, after `without`

    trace.set_tracer_provider(TracerProvider())
    _line(table, "traces, one span per batch", without, spans())


async def _each(database: Database, work: Work) -> float:
    """µs per row of a batch's transaction; the best of a few rounds: machines are shared."""
    best = float("inf")
    for _ in range(ROUNDS):
        with floors.Clock() as clock:
            for _ in range(EVENTS // BATCH):
                async with database.transaction([kit.TENANT]) as tx:
                    await work(tx)
        best = min(best, clock.seconds / EVENTS * 1e6)
    return best


def _line(table: Table, name: str, without_us: float, with_us: float) -> None:
    table.add_row(name, f"{without_us:.1f}", f"{with_us:.1f}", f"{with_us - without_us:+.1f}")
