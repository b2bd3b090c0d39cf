"""What leaves: claims without persons, their history, money and decisions."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel

from claims_svc.domain.claim import Axis, Claim, Content
from claims_svc.domain.decision import Decision
from claims_svc.domain.matching import Match
from claims_svc.domain.pricing import Rate
from claims_svc.storage import DenialRow
from rcm.contracts.claims import ClaimMoney, ClaimStatus
from rcm.contracts.values import (
    Adjustment,
    ClaimOutcome,
    ClaimType,
    CoverageRank,
    Finding,
    LinePayment,
    Person,
    Persons,
    ResponsibleParty,
)


class ClaimRow(BaseModel):
    """A claim in a list."""

    claim_id: UUID
    external_id: str | None
    patient_id: UUID
    patient_control_number: str
    payer_id: str | None
    encounter_ids: tuple[UUID, ...]
    status: ClaimStatus
    outcome: ClaimOutcome
    responsible_party: ResponsibleParty
    frequency_code: str
    claim_type: ClaimType
    date_of_service: date
    filing_deadline: date | None
    money: ClaimMoney
    findings: tuple[Finding, ...]
    version: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, claim: Claim) -> "ClaimRow":
        return cls.model_construct(**_claim_fields(cls, claim))


class ClaimView(ClaimRow):
    """A claim. `content` names no patient; `/persons` does, to those who may see it."""

    content: Content
    encounter_revision: int
    replaces_claim_id: UUID | None
    superseded_by: UUID | None
    billed_rank: CoverageRank
    """The coverage that the claim was last made ready for, or is held for."""
    payer_claim_number: str | None
    submission_id: UUID | None
    reported_status: str | None
    hold_reason: str | None

    @classmethod
    def of(cls, claim: Claim) -> "ClaimView":
        return cls.model_construct(**_claim_fields(cls, claim))


OF_CONTENT = frozenset({"date_of_service", "claim_type"})


def _claim_fields(view: type[BaseModel], claim: Claim) -> dict[str, Any]:
    return {
        name: getattr(claim.content if name in OF_CONTENT else claim, name)
        for name in view.model_fields
    }


class PersonsView(BaseModel):
    """The patient and the members of the coverages, in the clear."""

    claim_id: UUID
    patient: Person
    members: tuple[dict[str, object], ...]

    @classmethod
    def of(cls, claim_id: UUID, persons: Persons) -> "PersonsView":
        members = tuple(member.model_dump(mode="json") for member in persons.members)
        return cls(claim_id=claim_id, patient=persons.patient, members=members)


class CheckView(BaseModel):
    """What posting the claim would find; nothing was kept."""

    valid: bool
    charge_cents: int
    findings: tuple[Finding, ...]


class EdgeView(BaseModel):
    """One step of a claim on one axis, and what caused it."""

    version: int
    axis: Axis
    from_value: str | None
    to_value: str
    cause_event_id: UUID | None
    cause_event_type: str
    actor: str
    reason: str
    at: datetime


class HistoryView(BaseModel):
    """Every step of a claim, oldest first."""

    items: list[EdgeView]


class PostingView(BaseModel):
    """Cents that moved from one account to another."""

    debit: str
    credit: str
    debit_payer_id: str | None
    credit_payer_id: str | None
    cents: int
    line_number: int | None
    group_code: str | None
    reason_code: str | None
    trace_number: str | None


class EntryView(BaseModel):
    """One business fact in the books of a claim."""

    entry_id: UUID
    kind: str
    effective_on: date
    posted_at: datetime
    actor: str
    source_event_id: UUID
    reverses: UUID | None
    postings: list[PostingView]


class LedgerView(BaseModel):
    """Every entry that touched an account of the claim."""

    claim_id: UUID
    money: ClaimMoney
    items: list[EntryView]

    @classmethod
    def of(cls, claim: Claim, rows: list[Mapping[str, Any]]) -> "LedgerView":
        entries: dict[UUID, EntryView] = {}
        for row in rows:
            entry = entries.get(row["entry_id"])
            if entry is None:
                heads = {name: row[name] for name in EntryView.model_fields if name != "postings"}
                entry = entries[row["entry_id"]] = EntryView(**heads, postings=[])
            legs = {name: row[name] for name in PostingView.model_fields}
            entry.postings.append(PostingView(**legs))
        return cls(claim_id=claim.claim_id, money=claim.money, items=list(entries.values()))


class DecisionView(BaseModel):
    """What a payer decided, as it was posted."""

    adjudication_id: UUID
    remittance_id: UUID
    ordinal: int
    kind: Literal["decision", "reversal", "information"]
    rank: str
    payer_id: str
    trace_number: str
    status_code: str
    payer_claim_number: str | None
    result: str
    charge_cents: int
    paid_cents: int
    contractual_cents: int
    denied_cents: int
    prior_payer_cents: int
    deductible_cents: int
    coinsurance_cents: int
    copay_cents: int
    other_patient_cents: int
    adjustments: tuple[Adjustment, ...]
    lines: tuple[LinePayment, ...]
    matches: tuple[Match, ...]
    remark_codes: tuple[str, ...]
    effective_on: date
    entry_id: UUID | None
    reverses: UUID | None
    reversed_by: UUID | None

    @classmethod
    def of(cls, decision: Decision) -> "DecisionView":
        return cls.model_construct(**{name: getattr(decision, name) for name in cls.model_fields})


class DecisionsView(BaseModel):
    """Every decision on a claim, oldest first, reversals included."""

    items: list[DecisionView]


class DenialView(BaseModel):
    """Cents that a payer refused, and what became of them."""

    denial_id: UUID
    claim_id: UUID
    adjudication_id: UUID
    patient_control_number: str
    payer_id: str
    line_number: int | None
    denied_cents: int
    group_code: str
    reason_code: str
    remark_codes: tuple[str, ...]
    category: str
    date_of_service: date
    filing_deadline: date | None
    opened_at: datetime
    resolution: str | None
    resolved_at: datetime | None

    @classmethod
    def of(cls, row: DenialRow) -> "DenialView":
        own = set(cls.model_fields) & {"patient_control_number", "date_of_service"}
        own.add("filing_deadline")
        return cls.model_construct(
            **{name: getattr(row if name in own else row.denial, name) for name in cls.model_fields}
        )


class RateView(BaseModel):
    """One price: it holds from its day until the next of the same code and modifier."""

    schedule: str
    procedure_code: str
    modifier: str
    effective_from: date
    unit_cents: int | None

    @classmethod
    def of(cls, rate: Rate) -> "RateView":
        return cls.model_construct(**{name: getattr(rate, name) for name in cls.model_fields})


class FeeScheduleView(BaseModel):
    """What a schedule holds from a day on."""

    schedule: str
    effective_from: date
    rates: int


class SummaryLine(BaseModel):
    """The claims of one status and outcome."""

    status: ClaimStatus
    outcome: ClaimOutcome
    claims: int
    charge_cents: int
    paid_cents: int
    contractual_cents: int
    other_adjustment_cents: int
    patient_responsibility_cents: int
    insurance_balance_cents: int


class SummaryView(BaseModel):
    """Claims with services from `service_from` to `service_to` (both included), by status and
    outcome, and their sums. Charged = paid + adjusted + patients' share + open with payers."""

    service_from: date | None
    service_to: date | None
    claims: int
    charged_cents: int
    paid_cents: int
    adjusted_cents: int
    patient_owed_cents: int
    payer_owed_cents: int
    items: list[SummaryLine]

    @classmethod
    def of(
        cls, first: date | None, last: date | None, rows: list[Mapping[str, Any]]
    ) -> "SummaryView":
        items = [SummaryLine(**dict(row)) for row in rows]
        return cls(
            service_from=first,
            service_to=last,
            claims=sum(item.claims for item in items),
            charged_cents=sum(item.charge_cents for item in items),
            paid_cents=sum(item.paid_cents for item in items),
            adjusted_cents=sum(
                item.contractual_cents + item.other_adjustment_cents for item in items
            ),
            patient_owed_cents=sum(item.patient_responsibility_cents for item in items),
            payer_owed_cents=sum(item.insurance_balance_cents for item in items),
            items=items,
        )
