"""Identifiers: time-ordered for what happens now, derived for what must come out the same twice."""

from uuid import UUID, uuid5

import uuid_utils

NO_TENANT = UUID(int=0)
"""Owner of rows that belong to no tenant, such as an event that could not be decoded."""


def new_id() -> UUID:
    """A UUIDv7: sorts by the time of its making, so inbox partitions can be dropped by age."""
    return UUID(bytes=uuid_utils.uuid7().bytes)


def new_id_text() -> str:
    """The same as text, for those who make thousands and only pass them on."""
    return str(uuid_utils.uuid7())


def derived_id(namespace: UUID, *parts: object) -> UUID:
    """The same UUID for the same namespace and parts, so a replay makes nothing twice (UUIDv5)."""
    return uuid5(namespace, "\x1f".join(str(part) for part in parts))
