"""Writing audit records. Their details are ids and codes from an allowlist, never text."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from uuid import UUID

from rcm.db import Tx
from rcm.ids import new_id
from rcm.security.audit import storage

# fmt: off
DETAILS = frozenset({
    "account_id", "acknowledgment_id", "batch_id", "bytes", "cents", "claim_id", "code_set",
    "consumer", "control_number", "count", "dry_run", "effective_on", "encounter_id", "entry_id",
    "error_name", "event_id", "event_type", "fee_schedule_id", "format", "interchange_id", "key_id",
    "offset", "operation", "partition", "patient_control_number", "payer_id", "payment_id",
    "previous_status", "purpose", "reason_code", "remittance_id", "request_id", "revision", "route",
    "scope", "sha256", "statement_id", "status", "token_id", "topic", "trace_number",
    "trading_partner_id", "transmission_id", "version",
})
# fmt: on
"""What a detail may be called. Add a name only when its values identify no person."""

NOTHING: Mapping[str, str | int] = MappingProxyType({})

INTEGER_MAX = 2**63 - 1

# An id, a code, or a route with its method. A name or a sentence has blanks elsewhere.
_WORD = re.compile(r"((GET|POST|PUT|PATCH|DELETE) )?[\w.:/@{}<>,+*=|()-]{1,200}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that was done to one resource. `action` is a verb (`create`, `read`, `shred`)."""

    action: str
    resource_type: str
    resource_id: UUID | str
    details: Mapping[str, str | int] = field(default_factory=lambda: NOTHING)


async def record(
    tx: Tx,
    action: str,
    resource_type: str,
    resource_id: UUID | str,
    *,
    details: Mapping[str, str | int] = NOTHING,
    tenant_id: UUID | None = None,
) -> None:
    """Say in this transaction what it does. The actor is the transaction's. `tenant_id` is needed
    only where the transaction serves several tenants."""
    await record_all(tx, (Record(action, resource_type, resource_id, details),), tenant_id)


async def record_all(tx: Tx, records: Sequence[Record], tenant_id: UUID | None = None) -> None:
    """The same for many, in one statement: a page of patients that was read, a batch."""
    rows = [
        storage.NewRecord(
            new_id(), found.action, found.resource_type, plain(found.resource_id), _checked(found)
        )
        for found in records
    ]
    if rows:
        await storage.add_records(tx, tenant_id or tx.tenant_id, rows)


def plain(value: UUID | str | int) -> str | int:
    """An id or code as it is; anything else by its hash, which still tells equal from different."""
    if isinstance(value, int) and abs(value) <= INTEGER_MAX:
        return value
    text = str(value)
    if _WORD.fullmatch(text):
        return text
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _checked(found: Record) -> dict[str, str | int]:
    unknown = sorted(set(found.details) - DETAILS)
    if unknown:
        raise ValueError(f"audit details have no {', '.join(unknown)}: see DETAILS")
    return {name: plain(value) for name, value in found.details.items()}
