"""The keyring's file: its shape, read whole, replaced whole, one writer at a time."""

import contextlib
import fcntl
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TypedDict

from rcm.security.kek import KeyringUnusable

FORMAT = 1


class TenantKeys(TypedDict):
    """One tenant in the file. Wrapped keys are Base64; `shredded` keeps the ids of deleted ones."""

    current: str
    keys: dict[str, str]
    index_key: str
    shredded: list[str]


class Content(TypedDict):
    """The whole file."""

    format: int
    wrapped_by: str
    tenants: dict[str, TenantKeys]


def empty(wrapped_by: str) -> Content:
    return Content(format=FORMAT, wrapped_by=wrapped_by, tenants={})


def parsed(path: Path) -> Content:
    """The file's content; within `read_errors`."""
    content: Content = json.loads(path.read_bytes())
    if content["format"] != FORMAT:
        raise KeyringUnusable(f"{path} has a format that this release cannot read")
    return Content(
        format=FORMAT, wrapped_by=content["wrapped_by"], tenants=dict(content["tenants"])
    )


@contextlib.contextmanager
def read_errors(path: Path) -> Iterator[None]:
    """Says in one sentence why the file cannot be used."""
    try:
        yield
    except OSError as failure:
        raise KeyringUnusable(f"the keyring {path} cannot be read: {failure.strerror}") from failure
    except (ValueError, KeyError, TypeError):
        raise KeyringUnusable(f"{path} is not a keyring") from None


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """One writer at a time, over processes. The lock is a file beside the keyring, because the
    keyring itself is replaced; a killed writer's lock ends with its process."""
    with path.with_name(path.name + ".lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def replace(path: Path, content: Content) -> None:
    """All or nothing, also over a power cut."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        _as_before(descriptor, path)
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _as_before(descriptor: int, path: Path) -> None:
    """Owner and mode of the file that is replaced: root may change keys, and the services can still
    read them. Who may not give it away is refused, rather than lock the services out."""
    if path.exists():
        before, made = path.stat(), os.fstat(descriptor)
        if (before.st_uid, before.st_gid) != (made.st_uid, made.st_gid):
            os.fchown(descriptor, before.st_uid, before.st_gid)
        os.fchmod(descriptor, stat.S_IMODE(before.st_mode))
