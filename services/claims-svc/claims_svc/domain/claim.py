"""A claim: what is billed, to whom, where it stands on its three axes, and where its money is."""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from rcm.contracts.claims import ClaimMoney, ClaimStatus
from rcm.contracts.values import (
    ClaimLine,
    ClaimOutcome,
    ClaimType,
    Coverage,
    CoverageRank,
    Diagnosis,
    Finding,
    Institutional,
    InstitutionalClaimLine,
    InstitutionalLine,
    Persons,
    Provider,
    ResponsibleParty,
    ServiceLine,
)

Axis = Literal["lifecycle", "outcome", "responsible_party", "report"]
"""The three axes that a claim stands on, and beside them what is only reported of it: a payer's
status (277), or a hop's silence."""

Frequency = Literal["1", "7", "8"]
"""CLM05-3: original, replacement, void."""

RANKS: tuple[CoverageRank, ...] = ("primary", "secondary", "tertiary")


Line = ServiceLine | InstitutionalLine
"""A line of a professional or of an institutional claim; a claim has lines of one kind."""


@dataclass(frozen=True, slots=True)
class Content:
    """What is billed. Names no patient. Lines without a charge could not be priced. A claim with
    `institutional` is an institutional one (837I), and has no place of service."""

    date_of_service: date
    place_of_service_code: str
    billing_provider: Provider
    coverages: tuple[Coverage, ...]
    diagnoses: tuple[Diagnosis, ...]
    # In this order a line is read by its own kind: each requires what the other does not have.
    lines: tuple[Annotated[Line, Field(union_mode="left_to_right")], ...]
    end_date_of_service: date | None = None
    rendering_provider: Provider | None = None
    service_facility: Provider | None = None
    prior_authorization_number: str | None = None
    referral_number: str | None = None
    patient_authorized_release: bool = True
    benefits_assigned_to_provider: bool = True
    provider_accepts_assignment: bool = True
    institutional: Institutional | None = None

    @property
    def claim_type(self) -> ClaimType:
        """What kind of claim this is."""
        return "professional" if self.institutional is None else "institutional"

    @property
    def charge_cents(self) -> int:
        """CLM02: the sum of the lines that have a price."""
        return sum(line.charge_amount_cents or 0 for line in self.lines)


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim. `money` adds up at every moment; `holder_payer_id` is the payer in whose
    receivable the open balance stands once the charge is booked (`charge_entry_id`)."""

    tenant_id: UUID
    claim_id: UUID
    patient_id: UUID
    patient_control_number: str
    content: Content
    status: ClaimStatus
    outcome: ClaimOutcome
    responsible_party: ResponsibleParty
    money: ClaimMoney
    created_at: datetime
    updated_at: datetime
    external_id: str | None = None
    encounter_ids: tuple[UUID, ...] = ()
    encounter_revision: int = 0
    frequency_code: Frequency = "1"
    replaces_claim_id: UUID | None = None
    superseded_by: UUID | None = None
    billed_rank: CoverageRank = "primary"
    """The coverage that the claim was last made ready for, or is held for."""
    payer_claim_number: str | None = None
    """The first payer's number; a later payer's is in its decision. A void claim has that of the
    payer it goes to."""
    submission_id: UUID | None = None
    reported_status: str | None = None
    filing_deadline: date | None = None
    findings: tuple[Finding, ...] = ()
    hold_reason: str | None = None
    holder_payer_id: str | None = None
    charge_entry_id: UUID | None = None
    charge_count: int = 0
    version: int = 1
    persons: Persons | None = field(default=None, repr=False)

    @property
    def payer_id(self) -> str | None:
        """The payer that the claim goes to first."""
        return self.content.coverages[0].payer_id if self.content.coverages else None

    @property
    def lines(self) -> tuple[ClaimLine, ...]:
        """The priced professional lines under their numbers, as they go out."""
        return tuple(
            ClaimLine(**line.__dict__, **number)
            for line, number in self._numbered
            if isinstance(line, ServiceLine)
        )

    @property
    def institutional_lines(self) -> tuple[InstitutionalClaimLine, ...]:
        """The same of an institutional claim."""
        return tuple(
            InstitutionalClaimLine(**line.__dict__, **number)
            for line, number in self._numbered
            if isinstance(line, InstitutionalLine)
        )

    @property
    def _numbered(self) -> Iterator[tuple[Line, dict[str, Any]]]:
        for number, line in enumerate(self.content.lines, 1):
            control_number = line_control_number(self.patient_control_number, number)
            yield line, {"line_number": number, "line_control_number": control_number}

    @property
    def is_passed_on(self) -> bool:
        """Whether an earlier payer has decided, and the claim is another payer's now. A void claim
        goes to one payer only, whichever that is."""
        return self.billed_rank != RANKS[0] and self.frequency_code != "8"

    def coverage(self, rank: CoverageRank) -> Coverage | None:
        """The coverage of this rank, if the patient has one."""
        return next((found for found in self.content.coverages if found.rank == rank), None)

    def payer_of(self, rank: CoverageRank) -> str | None:
        """The payer of this rank; the first payer where the claim does not know one (a crossover
        to a payer that nobody told us about)."""
        found = self.coverage(rank)
        return found.payer_id if found else self.payer_id


@dataclass(frozen=True, slots=True)
class Cause:
    """Why something changes: an event that arrived (`event_id`), or a person who asked for it."""

    event_type: str
    actor: str
    now: datetime
    event_id: UUID | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """One row of a claim's history: one axis moved, because of one event or one person."""

    axis: Axis
    from_value: str | None
    to_value: str
    cause: Cause


def unadjudicated(charge_cents: int) -> ClaimMoney:
    """The money of a claim that no payer has decided on: all of it is open."""
    return ClaimMoney(
        charge_cents=charge_cents,
        paid_cents=0,
        contractual_cents=0,
        other_adjustment_cents=0,
        patient_responsibility_cents=0,
        insurance_balance_cents=charge_cents,
    )


def patient_control_number(claim_id: UUID) -> str:
    """CLM01: 16 characters that come from the claim's id alone, so they carry no identity."""
    digest = hashlib.blake2b(claim_id.bytes, digest_size=10).digest()
    return base64.b32encode(digest).decode("ascii")


def service_code(line: Line) -> str:
    """One word for a service, to find what is billed twice. A hospital's part of a visit is another
    service than the doctor's, so its word begins with the revenue code."""
    if isinstance(line, ServiceLine):
        return line.procedure_code
    return f"{line.revenue_code}:{line.procedure_code}"


def service_codes(content: Content) -> tuple[str, ...]:
    """The services of a claim. Outside of a stay, revenue alone (drugs, supplies) is none."""
    is_stay = content.institutional is not None and content.institutional.is_inpatient
    return tuple(service_code(line) for line in content.lines if line.procedure_code or is_stay)


def line_control_number(control_number: str, line_number: int) -> str:
    """REF*6R: unique for the tenant, since a payer may return it without its claim."""
    return f"{control_number}{line_number:02d}"


def edges(before: Claim | None, after: Claim, cause: Cause) -> tuple[Edge, ...]:
    """The rows of history between two states of a claim, one for each axis that moved. A new claim
    has one: it enters its lifecycle."""
    if before is None:
        return (Edge("lifecycle", None, after.status, cause),)
    found = []
    if before.status != after.status:
        found.append(Edge("lifecycle", before.status, after.status, cause))
    if before.outcome != after.outcome:
        found.append(Edge("outcome", before.outcome, after.outcome, cause))
    if before.responsible_party != after.responsible_party:
        was, now = before.responsible_party, after.responsible_party
        found.append(Edge("responsible_party", was, now, cause))
    if after.reported_status is not None and before.reported_status != after.reported_status:
        found.append(Edge("report", before.reported_status, after.reported_status, cause))
    return tuple(found)
