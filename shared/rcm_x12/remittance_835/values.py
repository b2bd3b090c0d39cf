"""The values of an 835: one `Remittance` is one ST, one payment with all that it pays."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from rcm_x12.values import (
    Address,
    Adjustment,
    Amount,
    Contact,
    InpatientRemarks,
    Name,
    OutpatientRemarks,
    Procedure,
    Quantity,
    Reference,
)


@dataclass(frozen=True, slots=True)
class Remark:
    """LQ: a remark code of a line; HE is the RARC list, RX the pharmacy one."""

    qualifier: str
    code: str


@dataclass(frozen=True, slots=True)
class BankAccount:
    """BPR06-09 or BPR12-15: a bank and an account in it."""

    bank_qualifier: str = ""
    bank_id: str = field(default="", repr=False)
    account_qualifier: str = ""
    account_number: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Payer:
    """1000A."""

    name: str
    id: str = ""
    """N104 with qualifier XV, the CMS plan id; usually absent."""
    address: Address | None = None
    references: tuple[Reference, ...] = ()
    """2U payer identification, EO submitter, HI health industry, NF NAIC."""
    business_contact: Contact | None = None
    """PER*CX."""
    technical_contact: Contact | None = None
    """PER*BL, required by the guide."""
    website: str = ""
    """PER*IC with UR."""


@dataclass(frozen=True, slots=True)
class Payee:
    """1000B."""

    name: str
    id: str
    id_qualifier: str = "XX"
    """XX NPI, FI tax id, XV plan id."""
    address: Address | None = None
    references: tuple[Reference, ...] = ()
    """TJ tax id, PQ payee identification, 0B state licence, D3 NABP."""


@dataclass(frozen=True, slots=True)
class ServicePayment:
    """2110: one line. Negative charge and payment on a reversal."""

    procedure: Procedure
    charge_cents: int
    paid_cents: int
    adjustments: tuple[Adjustment, ...] = ()
    line_control_number: str = ""
    """REF*6R: our line id, when we sent one."""
    revenue_code: str = ""
    quantity: Decimal | None = None
    """SVC05: units paid; absent means one."""
    submitted_procedure: Procedure | None = None
    """SVC06: what was billed, when the payer decided on another code."""
    submitted_quantity: Decimal | None = None
    service_from: date | None = None
    """DTM 472 or 150; absent lines take the claim's dates."""
    service_to: date | None = None
    """DTM 151."""
    references: tuple[Reference, ...] = ()
    """All REF but 6R, in file order."""
    amounts: tuple[Amount, ...] = ()
    quantities: tuple[Quantity, ...] = ()
    remarks: tuple[Remark, ...] = ()

    @property
    def allowed_cents(self) -> int | None:
        """AMT*B6 as the payer states it: information, never trusted in balancing."""
        return next((each.cents for each in self.amounts if each.qualifier == "B6"), None)

    @property
    def remark_codes(self) -> tuple[str, ...]:
        return tuple(remark.code for remark in self.remarks)


@dataclass(frozen=True, slots=True)
class ClaimPayment:
    """2100 with its lines: one CLP."""

    control_number: str
    """CLP01: our CLM01."""
    status_code: str
    """CLP02: 1-3 processed, 4 not recognised, 19-21 and forwarded, 22 reversal, 23, 25."""
    charge_cents: int
    paid_cents: int
    patient_responsibility_cents: int | None = None
    """CLP05: information only, absent on reversals."""
    filing_code: str = ""
    payer_claim_number: str = ""
    """CLP07: goes into REF*F8 of a replacement."""
    facility_code: str = ""
    frequency_code: str = ""
    drg_code: str = ""
    drg_weight: Decimal | None = None
    discharge_fraction: Decimal | None = None
    adjustments: tuple[Adjustment, ...] = ()
    """Claim-level CAS only; the lines carry their own."""
    patient: Name | None = field(default=None, repr=False)
    """NM1*QC."""
    names: tuple[tuple[str, Name], ...] = field(default=(), repr=False)
    """Every other NM1 as (NM101, name): IL, 74, 82, TT, PR, GB, in file order."""
    inpatient_remarks: InpatientRemarks | None = None
    outpatient_remarks: OutpatientRemarks | None = None
    references: tuple[Reference, ...] = ()
    service_from: date | None = None
    """DTM 232."""
    service_to: date | None = None
    """DTM 233."""
    received_on: date | None = None
    """DTM 050."""
    coverage_expired_on: date | None = None
    """DTM 036."""
    contact: Contact | None = None
    amounts: tuple[Amount, ...] = ()
    quantities: tuple[Quantity, ...] = ()
    services: tuple[ServicePayment, ...] = ()
    header_number: str = ""
    """LX01 of the group that holds this claim; empty when the payer sent no LX."""

    def name_of(self, entity_code: str) -> Name | None:
        """The NM1 with this entity code: TT crossover carrier, 74 corrected, 82 rendering."""
        return next((name for code, name in self.names if code == entity_code), None)

    @property
    def remark_codes(self) -> tuple[str, ...]:
        """Claim-level remarks of MIA and MOA."""
        inpatient = self.inpatient_remarks.remark_codes if self.inpatient_remarks else ()
        outpatient = self.outpatient_remarks.remark_codes if self.outpatient_remarks else ()
        return inpatient + outpatient


@dataclass(frozen=True, slots=True)
class ProviderAdjustment:
    """One PLB pair: a positive amount takes money away from the provider, a negative one adds."""

    provider_id: str
    fiscal_period_on: date
    reason_code: str
    amount_cents: int
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Header:
    """Everything before the first claim: the payment, its trace, the payer and the payee."""

    payment_cents: int
    """BPR02, never negative."""
    payment_method: str
    """BPR04: ACH, CHK, FWT, BOP, or NON when no money moves."""
    effective_on: date
    """BPR16."""
    trace_number: str
    """TRN02: the check or EFT number that the bank repeats."""
    originating_company_id: str
    """TRN03: 1 and the payer's tax id."""
    payer: Payer
    payee: Payee
    handling_code: str = "I"
    """BPR01: I information with payment elsewhere, H notification, C, D, P, U, X."""
    is_credit: bool = True
    payment_format: str = ""
    """BPR05: CCP or CTX with ACH."""
    sender_account: BankAccount | None = None
    sender_company_id: str = ""
    """BPR10."""
    sender_supplemental_id: str = ""
    """BPR11."""
    receiver_account: BankAccount | None = None
    trace_supplement: str = ""
    """TRN04."""
    produced_on: date | None = None
    """DTM*405."""
    receiver_id: str = ""
    """REF*EV."""
    version_id: str = ""
    """REF*F2."""


@dataclass(frozen=True, slots=True)
class Trailer:
    """What a stream says after the last claim of a set: adjustments, sums and the verdict."""

    provider_adjustments: tuple[ProviderAdjustment, ...]
    claim_count: int
    charge_cents: int
    """Sum of CLP03."""
    paid_cents: int
    """Sum of CLP04."""
    adjustment_cents: int
    """Sum of PLB; BPR02 must be `paid_cents` less this."""
    is_balanced: bool
    """Every line, every claim and the transaction balance, and no other error was found."""


@dataclass(frozen=True, slots=True)
class Remittance:
    """One ST."""

    header: Header
    claims: tuple[ClaimPayment, ...]
    provider_adjustments: tuple[ProviderAdjustment, ...] = ()
