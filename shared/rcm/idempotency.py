"""One effect for one `Idempotency-Key`: the first response is stored beside it and given again.

The response is written in the transaction of the work itself, so either both are there or neither.
A transaction-level advisory lock tells a request that is still in flight from one that is done; the
primary key decides where the lock cannot (two servers' clocks, a lock taken a moment too late).
Keys are kept for good: a payment that is retried after a year is still the same payment.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from rcm.db import Tx
from rcm.errors import Conflict, Pointer, Problem, Unprocessable
from rcm.security.seal import open_column, seal_column

HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotency-Replayed"

# Visible ASCII, as header fields allow; the draft's quotes around it are accepted and taken off.
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_KEPT_HEADERS = ("content-type", "location", "etag")


@dataclass(frozen=True, slots=True)
class Request:
    """A write as its key knows it: who asks for what, and the hash of what was sent."""

    subject: str
    key: str
    operation: str
    request_hash: bytes

    @classmethod
    def of(cls, *, subject: str, key: str, operation: str, content: bytes) -> "Request":
        """`operation` is method, path and query; `content` the body in one canonical form."""
        digest = hashlib.sha256(operation.encode() + b"\n" + content).digest()
        return cls(subject, key, operation, digest)

    def row_id(self) -> str:
        """Binds the sealed body to its row; hashed, since subject and key are the caller's text."""
        return hashlib.sha256(f"{self.subject}\n{self.key}".encode()).hexdigest()

    def lock_id(self, tenant: bytes) -> int:
        """The advisory lock's number: 64 bits, so two keys practically never share one."""
        digest = hashlib.sha256(b"idempotency" + tenant + self.row_id().encode()).digest()
        return int.from_bytes(digest[:8], "big", signed=True)


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """A response that can be given twice. Hidden from repr: the body may name a patient."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"StoredResponse(status={self.status})"


def key_of(header: str | None) -> str:
    """The key in the header. Raises a problem when it is missing or malformed."""
    if header is None:
        raise Problem(
            "idempotency_key_required",
            "A write needs an Idempotency-Key, so that it can be repeated safely.",
            (Pointer(f"header.{HEADER}", "is required"),),
        )
    key = header[1:-1] if len(header) > 2 and header[0] == header[-1] == '"' else header
    if not _KEY.fullmatch(key):
        raise Problem(
            "idempotency_key_invalid",
            "An Idempotency-Key is 1 to 255 visible ASCII characters.",
            (Pointer(f"header.{HEADER}", "is not 1 to 255 visible ASCII characters"),),
        )
    return key


async def begin(tx: Tx, request: Request) -> StoredResponse | None:
    """The first response, or None when this is the first request.

    Raises `Conflict` while the same key is in flight, `Unprocessable` when the key was used for
    something else. Reading in the lock's own statement is one round trip, and safe: what it may
    miss, the primary key catches in `finish`.
    """
    row = await tx.fetchrow(
        """
        SELECT pg_try_advisory_xact_lock($1) AS locked, k.request_hash, k.response_status,
               k.response_headers, k.response_body
        FROM (SELECT 1) AS always
        LEFT JOIN idempotency_key k ON k.tenant_id = $2 AND k.subject = $3 AND k.key = $4
        """,
        request.lock_id(tx.tenant_id.bytes),
        tx.tenant_id,
        request.subject,
        request.key,
    )
    assert row is not None  # noqa: S101 - a left join onto one row gives one row
    if row["request_hash"] is None:
        if not row["locked"]:
            raise _in_flight()
        return None
    if row["request_hash"] != request.request_hash:
        raise Unprocessable(
            "idempotency_key_reused",
            "This Idempotency-Key belongs to another request.",
            (Pointer(f"header.{HEADER}", "was used before, with another path or body"),),
        )
    body = _open(tx, request, row["response_body"])
    return StoredResponse(row["response_status"], row["response_headers"], body)


async def finish(
    tx: Tx, request: Request, *, status: int, headers: Mapping[str, str], body: bytes
) -> None:
    """Store the first response beside the effect. Raises `Conflict` when another transaction got
    there first; the caller rolls back, and the client's repetition finds that one's response."""
    kept = {name: headers[name] for name in _KEPT_HEADERS if name in headers}
    stored = await tx.fetchval(
        """
        INSERT INTO idempotency_key (tenant_id, subject, key, operation, request_hash,
                                     response_status, response_headers, response_body)
        VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb, $8)
        ON CONFLICT DO NOTHING RETURNING true
        """,
        tx.tenant_id,
        request.subject,
        request.key,
        request.operation,
        request.request_hash,
        status,
        orjson.dumps(kept).decode(),
        _seal(tx, request, body),
    )
    if not stored:
        raise _in_flight()


def _in_flight() -> Conflict:
    return Conflict(
        "idempotency_in_flight",
        "The same request is being worked on; its response can be fetched in a moment.",
        headers={"Retry-After": "1"},
    )


def _seal(tx: Tx, request: Request, body: bytes) -> bytes:
    if tx.keyring is None:
        raise RuntimeError("responses are stored sealed, and this database has no keyring")
    return seal_column(
        tx.keyring,
        tx.tenant_id,
        table="idempotency_key",
        column="response_body",
        row_id=request.row_id(),
        value=body,
    )


def _open(tx: Tx, request: Request, sealed: bytes) -> bytes:
    if tx.keyring is None:
        raise RuntimeError("responses are stored sealed, and this database has no keyring")
    return open_column(
        tx.keyring,
        tx.tenant_id,
        table="idempotency_key",
        column="response_body",
        row_id=request.row_id(),
        value=sealed,
    )
