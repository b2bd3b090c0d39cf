"""`rcm audit`: the app's address and the public key suffice, and the exit code is the verdict."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import pytest
from typer.testing import CliRunner, Result

from rcm.security import audit
from rcm.security.cli import app

NORTH = UUID("7e57c0de-0000-4000-8000-000000000001")
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


async def run(*arguments: str) -> Result:
    """In a thread of its own: the command brings its own event loop."""
    return await asyncio.to_thread(CliRunner().invoke, app, list(arguments))


async def verified(chain, *more: str) -> Result:
    return await run(
        "verify",
        "--database", f"security={chain.kit.urls.app}",
        "--public-key", str(chain.directory / "key.pub"),
        *more,
    )  # fmt: skip


@pytest.fixture
async def sealed(chain):
    for number in range(1, 4):
        async with chain.kit.database.transaction((NORTH,)) as tx:
            await audit.record(tx, "read", "Claim", f"c-{number}")
    await chain.sealer.run(chain.kit.database, (NORTH,), NOW)
    return chain


async def test_an_intact_chain_exits_with_0(sealed) -> None:
    result = await verified(sealed, "--anchor", str(sealed.directory / "anchor.jsonl"))
    assert result.exit_code == 0, result.output
    assert "intact" in result.output


async def test_a_changed_row_exits_with_1_and_is_named(sealed) -> None:
    await sealed.meddle("UPDATE audit_record SET action = 'none' WHERE resource_id = 'c-2'")
    changed = await sealed.kit.superuser.fetchval(
        "SELECT record_id FROM audit_record WHERE resource_id = 'c-2'"
    )
    result = await verified(sealed, "--anchor", str(sealed.directory / "anchor.jsonl"))
    assert result.exit_code == 1
    assert f"record {changed} was changed (sequence 2)" in result.output
    assert str(NORTH) in result.output


async def test_without_an_anchor_it_says_what_it_cannot_see(sealed) -> None:
    result = await verified(sealed)
    assert result.exit_code == 0
    assert "cut off at the end go unnoticed" in result.output


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--database", "postgresql://u:secret@h/d"), "service=postgresql://"),
        (("--database", "security=nonsense"), "service=postgresql://"),
        (("--anchor", "/does/not/exist"), "does not exist"),
        (("--public-key", "/does/not/exist"), "cannot be read"),
        (("--database", "x=postgresql://u:secret@127.0.0.1:1/d"), "lost"),
    ],
)
async def test_what_cannot_be_verified_exits_with_2(sealed, arguments, sentence) -> None:
    result = await verified(sealed, *arguments)
    assert result.exit_code == 2
    assert sentence in " ".join(result.output.split())
    assert "secret" not in result.output


async def test_the_addresses_may_come_from_the_environment(sealed, monkeypatch) -> None:
    monkeypatch.setenv("RCM_AUDIT_DATABASES", f"security={sealed.kit.urls.app}")
    monkeypatch.setenv("RCM_AUDIT_PUBLIC_KEYS", str(sealed.directory / "key.pub"))
    monkeypatch.setenv("RCM_AUDIT_ANCHOR_FILE", str(sealed.directory / "anchor.jsonl"))
    assert (await run("verify")).exit_code == 0


async def test_a_key_is_made_once(tmp_path) -> None:
    path = str(tmp_path / "new-key")
    made = await run("key", path)
    assert made.exit_code == 0
    assert "Signing key" in made.output
    again = await run("key", path)
    assert again.exit_code == 2
    assert "cannot be written" in again.output
