"""The values of a 277CA: one `ClaimAcknowledgment` is one ST, the answer to one 837 batch."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from rcm_x12.values import Name, Procedure, Reference

ACCEPTED = frozenset({"A0", "A1", "A2", "A5"})
"""A0 forwarded, A1 received (not yet accepted), A2 accepted into adjudication, A5 split."""


@dataclass(frozen=True, slots=True)
class StatusCode:
    """One STC composite: category A0-A8, claim status, and who is meant."""

    category_code: str
    status_code: str
    entity_code: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    """STC: one to three composites."""

    codes: tuple[StatusCode, ...]
    effective_on: date | None = None
    action_code: str = ""
    """STC03: WQ accept, U reject."""
    amount_cents: int | None = None
    """STC04."""
    message: str = field(default="", repr=False)
    """STC12, free text of the payer."""

    @property
    def is_accepted(self) -> bool:
        return self.action_code != "U" and all(c.category_code in ACCEPTED for c in self.codes)


@dataclass(frozen=True, slots=True)
class Totals:
    """QTY and AMT of one level; each must match what was sent."""

    accepted_count: int | None = None
    rejected_count: int | None = None
    accepted_cents: int | None = None
    rejected_cents: int | None = None


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """2220D: a line of a rejected claim."""

    procedure: Procedure
    charge_cents: int
    statuses: tuple[Status, ...]
    revenue_code: str = ""
    quantity: Decimal | None = None
    line_control_number: str = ""
    """REF*FJ: our REF*6R."""
    prescription_number: str = ""
    service_from: date | None = None
    service_to: date | None = None


@dataclass(frozen=True, slots=True)
class ClaimStatus:
    """2000D and 2200D: the verdict on one claim."""

    patient: Name = field(repr=False)
    control_number: str
    """TRN02: our CLM01."""
    statuses: tuple[Status, ...]
    payer_claim_number: str = ""
    """REF*1K."""
    clearinghouse_trace_number: str = ""
    """REF*D9."""
    bill_type: str = ""
    """REF*BLT, institutional."""
    service_from: date | None = None
    service_to: date | None = None
    services: tuple[ServiceStatus, ...] = ()

    @property
    def is_accepted(self) -> bool:
        return all(status.is_accepted for status in self.statuses)


@dataclass(frozen=True, slots=True)
class ProviderStatus:
    """2000C. Its rejection covers every claim of the provider; `claims` may then be empty."""

    provider: Name
    claims: tuple[ClaimStatus, ...] = ()
    trace_number: str = ""
    statuses: tuple[Status, ...] = ()
    totals: Totals = Totals()
    references: tuple[Reference, ...] = ()


@dataclass(frozen=True, slots=True)
class ClaimAcknowledgment:
    """One ST. A clearinghouse's accept (NM1*AY) is not yet the payer's (NM1*PR)."""

    reference: str
    """BHT03, the sender's own."""
    created_at: datetime
    source: Name
    """2100A."""
    source_entity_code: str
    """AY clearinghouse, PR payer."""
    source_trace_number: str
    """2200A TRN02."""
    received_on: date
    """DTP*050."""
    processed_on: date
    """DTP*009."""
    receiver: Name
    """2100B NM1*41: the submitter of the batch."""
    batch_reference: str
    """2200B TRN02: BHT03 of the 837."""
    statuses: tuple[Status, ...]
    """2200B STC: the verdict on the batch."""
    totals: Totals = Totals()
    providers: tuple[ProviderStatus, ...] = ()
    """Empty when the whole batch was rejected."""

    @property
    def is_accepted(self) -> bool:
        """The batch was taken; single providers or claims may still be rejected below."""
        return all(status.is_accepted for status in self.statuses)

    @property
    def is_from_payer(self) -> bool:
        return self.source_entity_code == "PR"

    @property
    def claims(self) -> tuple[ClaimStatus, ...]:
        return tuple(claim for provider in self.providers for claim in provider.claims)
