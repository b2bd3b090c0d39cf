"""Rows to domain values and back, in one place for each table."""

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from pydantic import TypeAdapter

from claims_svc.domain.change import Denial
from claims_svc.domain.claim import Claim, Content, service_codes
from claims_svc.domain.decision import Decision
from claims_svc.domain.intake import provider_npi
from claims_svc.domain.matching import Match
from claims_svc.storage.sealing import (
    opened_persons,
    opened_words,
    sealed_persons,
    sealed_words,
)
from rcm.contracts.claims import ClaimMoney
from rcm.contracts.values import Adjustment, Finding, LinePayment
from rcm.db import Tx

Columns = tuple[tuple[str, str], ...]
"""Names and types of a table's columns, in the order of its rows here."""

CONTENT = TypeAdapter(Content)
FINDINGS = TypeAdapter(tuple[Finding, ...])
ADJUSTMENTS = TypeAdapter(tuple[Adjustment, ...])
LINES = TypeAdapter(tuple[LinePayment, ...])
MATCHES = TypeAdapter(tuple[Match, ...])

CLAIM_COLUMNS: Columns = (
    ("tenant_id", "uuid"),
    ("claim_id", "uuid"),
    ("patient_id", "uuid"),
    ("patient_control_number", "text"),
    ("external_id", "text"),
    ("encounter_ids", "jsonb"),
    ("encounter_revision", "integer"),
    ("frequency_code", "text"),
    ("replaces_claim_id", "uuid"),
    ("created_at", "timestamptz"),
    ("superseded_by", "uuid"),
    ("billed_rank", "text"),
    ("filing_deadline", "date"),
    ("status", "text"),
    ("outcome", "text"),
    ("responsible_party", "text"),
    ("charge_cents", "bigint"),
    ("paid_cents", "bigint"),
    ("contractual_cents", "bigint"),
    ("other_adjustment_cents", "bigint"),
    ("patient_responsibility_cents", "bigint"),
    ("insurance_balance_cents", "bigint"),
    ("holder_payer_id", "text"),
    ("charge_entry_id", "uuid"),
    ("payer_claim_number", "text"),
    ("submission_id", "uuid"),
    ("reported_status", "text"),
    ("hold_reason_sealed", "bytea"),
    ("findings", "jsonb"),
    ("version", "integer"),
    ("updated_at", "timestamptz"),
    ("payer_id", "text"),
    ("provider_npi", "text"),
    ("procedure_codes", "text"),
    ("date_of_service", "date"),
    ("content", "jsonb"),
    ("person_sealed", "bytea"),
)
"""Identity first, then what every step may change, then what only a new coding changes."""

IDENTITY, STATE = slice(0, 10), slice(10, 31)
KEY = slice(0, 2)


def claim_row(tx: Tx, claim: Claim, *, state_only: bool = False) -> tuple[object, ...]:
    """The values of `CLAIM_COLUMNS`; with `state_only`, the key and the state alone."""
    money = claim.money
    state = (
        claim.superseded_by,
        claim.billed_rank,
        claim.filing_deadline,
        claim.status,
        claim.outcome,
        claim.responsible_party,
        money.charge_cents,
        money.paid_cents,
        money.contractual_cents,
        money.other_adjustment_cents,
        money.patient_responsibility_cents,
        money.insurance_balance_cents,
        claim.holder_payer_id,
        claim.charge_entry_id,
        claim.payer_claim_number,
        claim.submission_id,
        claim.reported_status,
        sealed_words(tx, claim.tenant_id, "claim", row_id=claim.claim_id, words=claim.hold_reason),
        FINDINGS.dump_json(claim.findings).decode() if claim.findings else "[]",
        claim.version,
        claim.updated_at,
    )
    if state_only:
        return (claim.tenant_id, claim.claim_id, *state)
    return (
        claim.tenant_id,
        claim.claim_id,
        claim.patient_id,
        claim.patient_control_number,
        claim.external_id,
        orjson.dumps(claim.encounter_ids).decode(),
        claim.encounter_revision,
        claim.frequency_code,
        claim.replaces_claim_id,
        claim.created_at,
        *state,
        *content_row(tx, claim),
    )


def content_row(tx: Tx, claim: Claim) -> tuple[object, ...]:
    """What a new coding changes."""
    content = claim.content
    return (
        claim.payer_id,
        provider_npi(content),
        " ".join(service_codes(content)),
        content.date_of_service,
        CONTENT.dump_json(content).decode(),
        sealed_persons(tx, claim),
    )


def claim_of(tx: Tx, row: asyncpg.Record, *, with_persons: bool = False) -> Claim:
    """A claim out of its row; persons only where somebody needs them."""
    return Claim(
        tenant_id=row["tenant_id"],
        claim_id=row["claim_id"],
        patient_id=row["patient_id"],
        patient_control_number=row["patient_control_number"],
        content=CONTENT.validate_json(row["content"]),
        status=row["status"],
        outcome=row["outcome"],
        responsible_party=row["responsible_party"],
        money=money_of(row),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        external_id=row["external_id"],
        encounter_ids=tuple(map(UUID, orjson.loads(row["encounter_ids"]))),
        encounter_revision=row["encounter_revision"],
        frequency_code=row["frequency_code"],
        replaces_claim_id=row["replaces_claim_id"],
        superseded_by=row["superseded_by"],
        billed_rank=row["billed_rank"],
        payer_claim_number=row["payer_claim_number"],
        submission_id=row["submission_id"],
        reported_status=row["reported_status"],
        filing_deadline=row["filing_deadline"],
        findings=() if row["findings"] == "[]" else FINDINGS.validate_json(row["findings"]),
        hold_reason=opened_words(
            tx,
            row["tenant_id"],
            "claim",
            row_id=row["claim_id"],
            sealed=row["hold_reason_sealed"],
        ),
        holder_payer_id=row["holder_payer_id"],
        charge_entry_id=row["charge_entry_id"],
        version=row["version"],
        persons=opened_persons(tx, row) if with_persons else None,
    )


def money_of(row: asyncpg.Record) -> ClaimMoney:
    return ClaimMoney.model_construct(**{name: row[name] for name in ClaimMoney.model_fields})


DECISION_COLUMNS: Columns = (
    ("tenant_id", "uuid"),
    ("claim_id", "uuid"),
    ("adjudication_id", "uuid"),
    ("remittance_id", "uuid"),
    ("ordinal", "integer"),
    ("kind", "text"),
    ("rank", "text"),
    ("payer_id", "text"),
    ("trace_number", "text"),
    ("status_code", "text"),
    ("payer_claim_number", "text"),
    ("result", "text"),
    ("charge_cents", "bigint"),
    ("paid_cents", "bigint"),
    ("contractual_cents", "bigint"),
    ("denied_cents", "bigint"),
    ("prior_payer_cents", "bigint"),
    ("deductible_cents", "bigint"),
    ("coinsurance_cents", "bigint"),
    ("copay_cents", "bigint"),
    ("other_patient_cents", "bigint"),
    ("asks_another_payer", "boolean"),
    ("adjustments", "jsonb"),
    ("lines", "jsonb"),
    ("matches", "jsonb"),
    ("effective_on", "date"),
    ("remark_codes", "text"),
    ("inpatient_adjudication", "jsonb"),
    ("entry_id", "uuid"),
    ("reverses", "uuid"),
    ("reversed_by", "uuid"),
)


_DECISION = attrgetter(*(name for name, _ in DECISION_COLUMNS[2:]))
_ADJUSTMENTS, _LINES, _MATCHES, _REMARKS, _INPATIENT = (
    [name for name, _ in DECISION_COLUMNS].index(name)
    for name in ("adjustments", "lines", "matches", "remark_codes", "inpatient_adjudication")
)


def decision_row(claim: Claim, decision: Decision) -> tuple[object, ...]:
    """The values of `DECISION_COLUMNS`."""
    row = [claim.tenant_id, claim.claim_id, *_DECISION(decision)]
    row[_ADJUSTMENTS] = ADJUSTMENTS.dump_json(decision.adjustments).decode()
    row[_LINES] = LINES.dump_json(decision.lines).decode()
    row[_MATCHES] = MATCHES.dump_json(decision.matches).decode()
    row[_REMARKS] = " ".join(decision.remark_codes)
    row[_INPATIENT] = orjson.dumps(decision.inpatient_adjudication).decode()
    return tuple(row)


def decision_of(row: asyncpg.Record) -> Decision:
    """A decision out of its row."""
    plain = {name: row[name] for name, _ in DECISION_COLUMNS[2:]}
    plain["adjustments"] = ADJUSTMENTS.validate_json(row["adjustments"])
    plain["lines"] = LINES.validate_json(row["lines"])
    plain["matches"] = MATCHES.validate_json(row["matches"])
    plain["remark_codes"] = tuple(row["remark_codes"].split())
    plain["inpatient_adjudication"] = tuple(orjson.loads(row["inpatient_adjudication"]))
    return Decision(**plain)


DENIAL_COLUMNS: Columns = (
    ("tenant_id", "uuid"),
    ("denial_id", "uuid"),
    ("claim_id", "uuid"),
    ("adjudication_id", "uuid"),
    ("payer_id", "text"),
    ("line_number", "smallint"),
    ("denied_cents", "bigint"),
    ("group_code", "text"),
    ("reason_code", "text"),
    ("remark_codes", "text"),
    ("category", "text"),
    ("opened_at", "timestamptz"),
    ("resolution", "text"),
    ("resolved_at", "timestamptz"),
)


def denial_row(denial: Denial) -> tuple[object, ...]:
    """The values of `DENIAL_COLUMNS`."""
    remarks = " ".join(denial.remark_codes)
    return tuple(
        remarks if name == "remark_codes" else getattr(denial, name) for name, _ in DENIAL_COLUMNS
    )


def denial_of(row: asyncpg.Record) -> Denial:
    """A denial out of its row."""
    plain: dict[str, Any] = {name: row[name] for name, _ in DENIAL_COLUMNS}
    plain["remark_codes"] = tuple(row["remark_codes"].split())
    return Denial(**plain)


def names(columns: Iterable[tuple[str, str]]) -> str:
    """Columns as SQL names them."""
    return ", ".join(name for name, _ in columns)


def selected(table: str, columns: Iterable[tuple[str, str]]) -> str:
    """The same columns in a SELECT: documents as text, which pydantic reads faster than objects."""
    return ", ".join(
        f"{table}.{name}::text AS {name}" if kind == "jsonb" else f"{table}.{name}"
        for name, kind in columns
    )


def arrays(columns: Iterable[tuple[str, str]], first: int = 1) -> str:
    """The same columns as array parameters of `unnest`."""
    return ", ".join(f"${number}::{kind}[]" for number, (_, kind) in enumerate(columns, first))


def turned(rows: Sequence[tuple[object, ...]]) -> list[list[object]]:
    """Rows as one array per column."""
    return [list(column) for column in zip(*rows, strict=True)]
