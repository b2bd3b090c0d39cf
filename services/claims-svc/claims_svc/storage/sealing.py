"""What names a patient, or may: the persons of a claim, and the words that people write of it."""

from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg

from claims_svc.domain.claim import Claim
from rcm.contracts.values import Persons
from rcm.db import Tx
from rcm.security.seal import KeyShredded, open_column, seal_column

if TYPE_CHECKING:
    from rcm.security.seal import Keyring

SHREDDED = "(can no longer be read)"
"""Stands for words whose key is gone; the claim stays readable."""


def sealed_persons(tx: Tx, claim: Claim) -> bytes:
    """The `person_sealed` of a claim."""
    if claim.persons is None:
        raise ValueError("the persons of a claim are opened before its content is saved")
    return seal_column(
        _keyring(tx),
        claim.tenant_id,
        table="claim",
        column="person_sealed",
        row_id=claim.claim_id,
        value=claim.persons.__pydantic_serializer__.to_json(claim.persons),
    )


def opened_persons(tx: Tx, row: asyncpg.Record) -> Persons:
    """The persons in a claim's row."""
    opened = open_column(
        _keyring(tx),
        row["tenant_id"],
        table="claim",
        column="person_sealed",
        row_id=row["claim_id"],
        value=row["person_sealed"],
    )
    return Persons.model_validate_json(opened)


def sealed_words(
    tx: Tx, tenant_id: UUID, table: str, *, row_id: UUID | str, words: str | None
) -> bytes | None:
    """Somebody's reason: it should name nobody, and some day it will. None where there is none."""
    if not words:
        return None
    return seal_column(
        _keyring(tx),
        tenant_id,
        table=table,
        column="reason_sealed",
        row_id=row_id,
        value=words.encode(),
    )


def opened_words(
    tx: Tx, tenant_id: UUID, table: str, *, row_id: UUID | str, sealed: bytes | None
) -> str | None:
    """The reason in clear, or `SHREDDED`."""
    if sealed is None:
        return None
    try:
        return open_column(
            _keyring(tx),
            tenant_id,
            table=table,
            column="reason_sealed",
            row_id=row_id,
            value=sealed,
        ).decode()
    except KeyShredded:
        return SHREDDED


def step_id(claim_id: UUID, version: int, position: int) -> str:
    """What the reason of a step is bound to."""
    return f"{claim_id}:{version}:{position}"


def _keyring(tx: Tx) -> "Keyring":
    if tx.keyring is None:
        raise ValueError("claims-svc keeps persons sealed and needs a keyring")
    return tx.keyring
