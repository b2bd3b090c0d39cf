"""`rcm keys`: the life of a tenant's keys, from the first one to the last."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from rcm.security.keys_cli import app
from rcm.security.seal import FileKeyring, KeyShredded

TENANT = "7e57c0de-0000-4000-8000-000000000001"


@pytest.fixture
def keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "keyring.json"
    monkeypatch.setenv("RCM_KEYRING_FILE", str(path))
    monkeypatch.setenv("RCM_KEK", f"file:{tmp_path / 'kek'}")
    assert run("kek", str(tmp_path / "kek")).exit_code == 0
    assert run("add", TENANT).exit_code == 0
    return path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_tenants_are_listed(keyring: Path) -> None:
    assert run("list").output.split() == [TENANT]


def test_a_rotation_names_the_new_key(keyring: Path) -> None:
    found = FileKeyring.load(keyring)
    [tenant_id] = found.tenants()
    assert found.seal(tenant_id, b"", b"").key_id not in run("rotate", TENANT).output


def test_a_keyring_moves_to_another_key_encryption_key(
    keyring: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("kek", str(tmp_path / "new"))
    old, new = f"file:{tmp_path / 'kek'}", f"file:{tmp_path / 'new'}"
    monkeypatch.setenv("RCM_KEK", f"{old} {new}")
    during = FileKeyring.load(keyring)
    [tenant_id] = during.tenants()
    assert run("rewrap", new).exit_code == 0
    monkeypatch.setenv("RCM_KEK", new)
    assert run("rotate", TENANT).exit_code == 0
    assert during.seal(tenant_id, b"x", b"")
    monkeypatch.setenv("RCM_KEK", old)
    refused = run("rotate", TENANT)
    assert refused.exit_code == 2
    assert "was not given" in refused.output


def test_shredding_is_shown_first_and_done_only_with_yes(keyring: Path) -> None:
    found = FileKeyring.load(keyring)
    [tenant_id] = found.tenants()
    assert "would shred" in run("shred", TENANT).output
    assert FileKeyring.load(keyring).tenants() == (tenant_id,)
    assert run("shred", TENANT, "--yes").exit_code == 0
    with pytest.raises(KeyShredded):
        FileKeyring.load(keyring).seal(tenant_id, b"", b"")
    again = run("shred", TENANT, "--yes")
    assert again.exit_code == 2
    assert "has no keys" in again.output


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("RCM_KEK", "", "set RCM_KEK"),
        ("RCM_KEK", "file:/does/not/exist", "cannot be read"),
        ("RCM_KEYRING_FILE", "/does/not/exist", "cannot be read"),
    ],
)
def test_what_is_missing_is_told_in_a_sentence(
    keyring: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(variable, value)
    refused = run("list")
    assert refused.exit_code == 2
    assert sentence in refused.output
