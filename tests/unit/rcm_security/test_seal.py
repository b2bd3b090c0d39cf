"""Sealing: what is sealed opens in its place and nowhere else, and not at all once shredded."""

import json
import os
import secrets
import stat
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rcm.ids import new_id
from rcm.security.kek import KEY_BYTES, KeyringUnusable, LocalKey, key_of, make_key_file
from rcm.security.seal import (
    FileKeyring,
    Keyring,
    KeyShredded,
    KeyUnknown,
    SealBroken,
    SealedBytes,
    bound_to,
    open_column,
    seal_column,
)

TENANT = UUID("7e57c0de-0000-4000-8000-000000000001")
OTHER = UUID("7e57c0de-0000-4000-8000-000000000002")
ROW = UUID("7e57c0de-0000-4000-8000-0000000000aa")
TEXT = b"a person's name"


def local_key() -> LocalKey:
    return LocalKey(secrets.token_bytes(KEY_BYTES))


@pytest.fixture(scope="session")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys") / "keyring.json"


@pytest.fixture(scope="session")
def ring(path: Path) -> FileKeyring:
    """A keyring of two tenants that no test changes."""
    found = FileKeyring.create(path, local_key())
    found.add_tenant(TENANT)
    found.add_tenant(OTHER)
    return found


@pytest.fixture
def kek() -> LocalKey:
    return local_key()


@pytest.fixture
def own(tmp_path: Path, kek: LocalKey) -> FileKeyring:
    """A keyring of the test's own, with one tenant."""
    found = FileKeyring.create(tmp_path / "keyring.json", kek)
    found.add_tenant(TENANT)
    return found


class ImpatientKeyring(FileKeyring):
    """Looks for a replaced file at every call."""

    check_interval_s = 0.0


def test_the_file_keyring_is_a_keyring(ring: FileKeyring) -> None:
    assert isinstance(ring, Keyring)


@given(plaintext=st.binary(max_size=2000), aad=st.binary(max_size=100))
def test_what_is_sealed_opens_in_its_place(ring: FileKeyring, plaintext: bytes, aad: bytes) -> None:
    sealed = ring.seal(TENANT, plaintext, aad)
    assert ring.open(TENANT, sealed, aad) == plaintext
    assert len(sealed.data) == len(plaintext) + 28
    assert len(plaintext) < 8 or plaintext not in sealed.data


@given(
    plaintext=st.binary(max_size=200), place=st.binary(max_size=50), other=st.binary(max_size=50)
)
def test_another_place_does_not_open_it(
    ring: FileKeyring, plaintext: bytes, place: bytes, other: bytes
) -> None:
    sealed = ring.seal(TENANT, plaintext, place)
    if place != other:
        with pytest.raises(SealBroken):
            ring.open(TENANT, sealed, other)


@given(plaintext=st.binary(max_size=200), bit=st.integers(min_value=0))
def test_one_changed_bit_breaks_the_seal(ring: FileKeyring, plaintext: bytes, bit: int) -> None:
    sealed = ring.seal(TENANT, plaintext, b"place")
    place = bit % (len(sealed.data) * 8)
    changed = bytearray(sealed.data)
    changed[place // 8] ^= 1 << (place % 8)
    with pytest.raises(SealBroken):
        ring.open(TENANT, SealedBytes(sealed.key_id, bytes(changed)), b"place")


@given(length=st.integers(min_value=0, max_value=27))
def test_a_cut_seal_is_broken(ring: FileKeyring, length: int) -> None:
    sealed = ring.seal(TENANT, b"", b"place")
    with pytest.raises(SealBroken):
        ring.open(TENANT, SealedBytes(sealed.key_id, sealed.data[:length]), b"place")


def test_another_tenants_key_does_not_open_it(ring: FileKeyring) -> None:
    sealed = ring.seal(TENANT, TEXT, b"place")
    with pytest.raises(KeyUnknown):
        ring.open(OTHER, sealed, b"place")


def test_the_same_text_never_looks_the_same(ring: FileKeyring) -> None:
    assert len({ring.seal(TENANT, TEXT, b"place").data for _ in range(1000)}) == 1000


@pytest.mark.parametrize(
    "moved",
    [
        {"row_id": UUID(int=ROW.int + 1)},
        {"column": "address"},
        {"table": "account"},
    ],
)
def test_a_column_that_was_moved_does_not_open(
    ring: FileKeyring, moved: dict[str, str | UUID]
) -> None:
    place: dict[str, str | UUID] = {"table": "claim", "column": "person", "row_id": ROW}
    value = seal_column(ring, TENANT, **place, value=TEXT)  # type: ignore[arg-type]
    assert open_column(ring, TENANT, **place, value=value) == TEXT  # type: ignore[arg-type]
    with pytest.raises(SealBroken):
        open_column(ring, TENANT, **(place | moved), value=value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "value", [b"", b"\x01", b"\x02\x00abc", b"\x01\xffabc", b"\x01\x03\xff\xfe\xfd"]
)
def test_what_is_no_sealed_column_is_refused(ring: FileKeyring, value: bytes) -> None:
    with pytest.raises((SealBroken, KeyUnknown)):
        open_column(ring, TENANT, table="t", column="c", row_id=ROW, value=value)


def test_a_place_is_tenant_and_parts_in_order() -> None:
    assert bound_to(TENANT, "claim", "person", ROW) == f"{TENANT}|claim|person|{ROW}".encode()


def test_after_rotation_new_seals_have_a_new_key_and_old_ones_open(own: FileKeyring) -> None:
    before = own.seal(TENANT, TEXT, b"place")
    assert own.rotate(TENANT) == own.seal(TENANT, TEXT, b"place").key_id != before.key_id
    assert own.open(TENANT, before, b"place") == TEXT


def test_the_blind_index_survives_rotation_and_tells_tenants_and_purposes_apart(
    own: FileKeyring,
) -> None:
    own.add_tenant(OTHER)
    found = own.blind_index(TENANT, "member", "A1")
    own.rotate(TENANT)
    assert found == own.blind_index(TENANT, "member", "A1")
    assert len(found) == 32
    others = {
        own.blind_index(OTHER, "member", "A1"),
        own.blind_index(TENANT, "account", "A1"),
        own.blind_index(TENANT, "member", "A2"),
        own.blind_index(TENANT, "memberA", "1"),
    }
    assert len(others | {found}) == 5


def test_a_shredded_tenant_is_gone_for_every_process(own: FileKeyring, kek: LocalKey) -> None:
    elsewhere = ImpatientKeyring.load(own._path, kek)
    sealed = own.seal(TENANT, TEXT, b"place")
    assert elsewhere.open(TENANT, sealed, b"place") == TEXT
    own.shred(TENANT)
    for found in (own, elsewhere, FileKeyring.load(own._path, kek)):
        with pytest.raises(KeyShredded):
            found.open(TENANT, sealed, b"place")
        with pytest.raises(KeyShredded):
            found.seal(TENANT, TEXT, b"place")
        with pytest.raises(KeyShredded):
            found.blind_index(TENANT, "member", "A1")
        with pytest.raises(KeyShredded):
            found.add_tenant(TENANT)
        assert found.tenants() == ()
    [left] = json.loads(own._path.read_text())["tenants"].values()
    assert (left["keys"], left["index_key"], left["shredded"]) == ({}, "", [sealed.key_id])


class SlowKey(LocalKey):
    """A key-encryption key that is far away: something else happens while it is asked."""

    meanwhile: Callable[[], None] | None = None

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        key = super().unwrap(wrapped, context)
        if self.meanwhile is not None:
            happens, self.meanwhile = self.meanwhile, None
            happens()
        return key


@pytest.mark.parametrize("use", ["open", "seal", "blind_index"])
def test_a_key_shredded_while_another_thread_unwraps_it_is_not_kept(
    tmp_path: Path, use: str
) -> None:
    far = SlowKey(secrets.token_bytes(KEY_BYTES))
    own = FileKeyring.create(tmp_path / "keyring.json", far)
    own.add_tenant(TENANT)
    sealed = own.seal(TENANT, TEXT, b"place")
    reader = FileKeyring.load(own._path, far)
    calls: dict[str, Callable[[], object]] = {
        "open": lambda: reader.open(TENANT, sealed, b"place"),
        "seal": lambda: reader.seal(TENANT, TEXT, b"place"),
        "blind_index": lambda: reader.blind_index(TENANT, "member", "A1"),
    }

    def shred_and_notice() -> None:
        own.shred(TENANT)
        assert reader.tenants() == ()

    far.meanwhile = shred_and_notice
    calls[use]()
    with pytest.raises(KeyShredded):
        calls[use]()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
def test_a_keyring_that_root_changes_stays_its_owners(own: FileKeyring) -> None:
    """Or the services that run as that owner could not read it any more."""
    os.chown(own._path, 65534, 65534)
    own._path.chmod(0o640)
    own.rotate(TENANT)
    found = own._path.stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (65534, 65534, 0o640)


def test_a_rotation_elsewhere_is_followed(own: FileKeyring, kek: LocalKey) -> None:
    elsewhere = ImpatientKeyring.load(own._path, kek)
    new = own.rotate(TENANT)
    assert elsewhere.seal(TENANT, TEXT, b"").key_id == new


def test_a_key_that_is_not_known_yet_is_looked_for_at_once(own: FileKeyring, kek: LocalKey) -> None:
    """Without waiting for the next look: the miss itself makes the reader look."""
    elsewhere = FileKeyring.load(own._path, kek)
    own.rotate(TENANT)
    own.add_tenant(OTHER)
    assert elsewhere.open(TENANT, own.seal(TENANT, TEXT, b""), b"") == TEXT
    assert elsewhere.open(OTHER, own.seal(OTHER, TEXT, b""), b"") == TEXT


def test_a_tenant_without_keys_is_unknown(own: FileKeyring) -> None:
    with pytest.raises(KeyUnknown):
        own.seal(OTHER, TEXT, b"")
    with pytest.raises(KeyUnknown):
        own.rotate(OTHER)


def test_adding_a_tenant_twice_changes_nothing(own: FileKeyring) -> None:
    before = own._path.read_text()
    own.add_tenant(TENANT)
    assert own._path.read_text() == before


def test_rewrapping_moves_every_key_to_another_key_encryption_key(
    own: FileKeyring, kek: LocalKey
) -> None:
    sealed = own.seal(TENANT, TEXT, b"place")
    index = own.blind_index(TENANT, "member", "A1")
    new = local_key()
    both = FileKeyring.load(own._path, kek, new)
    own.rewrap(new)
    for found in (own, both, FileKeyring.load(own._path, new)):
        assert found.open(TENANT, sealed, b"place") == TEXT
        assert found.blind_index(TENANT, "member", "A1") == index
        found.rotate(TENANT)
    with pytest.raises(KeyringUnusable, match="this process was not given"):
        FileKeyring.load(own._path, kek).seal(TENANT, TEXT, b"place")


def test_a_wrapped_key_that_was_moved_to_another_tenant_does_not_unwrap(
    own: FileKeyring, kek: LocalKey
) -> None:
    own._path.write_text(own._path.read_text().replace(str(TENANT), str(OTHER)))
    with pytest.raises(KeyringUnusable):
        FileKeyring.load(own._path, kek).seal(OTHER, TEXT, b"")


def test_writers_at_once_lose_no_key(own: FileKeyring, kek: LocalKey) -> None:
    tenants = [new_id() for _ in range(20)]
    start = threading.Barrier(4)

    def add(share: list[UUID]) -> None:
        ring = FileKeyring.load(own._path, kek)
        start.wait()
        for tenant_id in share:
            ring.add_tenant(tenant_id)
            ring.rotate(TENANT)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, [tenants[n::4] for n in range(4)]))
    found = FileKeyring.load(own._path, kek)
    assert set(found.tenants()) == {TENANT, *tenants}
    assert len(json.loads(own._path.read_text())["tenants"][str(TENANT)]["keys"]) == 21


def test_a_failed_write_leaves_the_old_file(
    own: FileKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = own._path.read_text()

    def disk_full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", disk_full)
        with pytest.raises(OSError, match="No space"):
            own.rotate(TENANT)
    assert own._path.read_text() == before
    own.rotate(TENANT)


def test_the_files_are_for_their_owner_only(own: FileKeyring, tmp_path: Path) -> None:
    make_key_file(tmp_path / "kek")
    for found in (own._path, tmp_path / "kek"):
        assert stat.S_IMODE(found.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        make_key_file(tmp_path / "kek")


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"format": 9, "wrapped_by": "x", "tenants": {}}']
)
def test_a_file_that_is_no_keyring_is_named(tmp_path: Path, kek: LocalKey, content: str) -> None:
    (tmp_path / "keyring.json").write_text(content)
    with pytest.raises(KeyringUnusable, match=r"keyring\.json"):
        FileKeyring.load(tmp_path / "keyring.json", kek)


def test_a_keyring_whose_file_is_gone_seals_and_opens_nothing(
    own: FileKeyring, kek: LocalKey
) -> None:
    elsewhere = ImpatientKeyring.load(own._path, kek)
    sealed = elsewhere.seal(TENANT, TEXT, b"")
    own._path.unlink()
    with pytest.raises(KeyringUnusable):
        elsewhere.open(TENANT, sealed, b"")


def test_a_key_encryption_key_comes_from_where_the_reference_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_key_file(tmp_path / "kek")
    monkeypatch.setenv("A_SECRET", (tmp_path / "kek").read_text())
    assert key_of(f"file:{tmp_path / 'kek'}").key_id == made.key_id
    assert key_of("env:A_SECRET").key_id == made.key_id


@pytest.mark.parametrize(
    ("reference", "sentence"),
    [
        ("", "must look like"),
        ("file:", "must look like"),
        ("/run/secrets/kek", "must look like"),
        ("file:/does/not/exist", "cannot be read"),
        ("env:NOT_SET", "which is not set"),
        ("nobodys-kms:alias", "no key provider"),
        ("env:SHORT", "32 bytes"),
    ],
)
def test_an_unusable_key_encryption_key_is_told_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, reference: str, sentence: str
) -> None:
    monkeypatch.setenv("SHORT", "c2hvcnQ=")
    with pytest.raises(KeyringUnusable, match=sentence):
        key_of(reference)


def test_errors_show_neither_text_nor_key(own: FileKeyring) -> None:
    sealed = own.seal(TENANT, TEXT, b"place")
    with pytest.raises(SealBroken) as broken:
        own.open(TENANT, sealed, b"elsewhere")
    assert "person" not in str(broken.value)
    assert broken.value.__cause__ is None
