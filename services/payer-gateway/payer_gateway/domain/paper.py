"""A remittance on paper, as an 835: typed in by a person, balanced by the same three equations,
written by our own writer and then read like any other file. So there is one posting path."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from rcm_x12.envelope import Envelope
from rcm_x12.remittance_835 import (
    ClaimPayment,
    Header,
    Payee,
    Payer,
    ProviderAdjustment,
    Remark,
    Remittance,
    ServicePayment,
    balance,
    write,
)
from rcm_x12.values import Address, Adjustment, Contact, Name, Procedure, Reference

SENDER = "PAPER"
"""ISA06 of what a person typed in: no partner has this id."""
NOT_TOLD = "NOT ON PAPER"


@dataclass(frozen=True, slots=True)
class PaperLine:
    procedure_code: str
    modifiers: tuple[str, ...]
    quantity: Decimal
    charge_cents: int
    paid_cents: int
    adjustments: tuple[Adjustment, ...]
    line_control_number: str
    date_of_service: date | None
    remark_codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PaperClaim:
    control_number: str
    status_code: str
    charge_cents: int
    paid_cents: int
    patient_responsibility_cents: int | None
    payer_claim_number: str
    patient: Name = field(repr=False)
    adjustments: tuple[Adjustment, ...]
    lines: tuple[PaperLine, ...]


@dataclass(frozen=True, slots=True)
class Paper:
    """One payment as its explanation of benefits says it."""

    payer_id: str
    payer_name: str
    originating_company_id: str
    trace_number: str
    payment_cents: int
    payment_method: str
    effective_on: date
    payee_name: str
    payee_npi: str
    claims: tuple[PaperClaim, ...]
    provider_adjustments: tuple[ProviderAdjustment, ...]


def remittance_of(paper: Paper) -> Remittance:
    """The same as the values of an 835. What the guide requires and paper does not say (the payer's
    address and technical contact) says so."""
    return Remittance(_header(paper), tuple(map(_claim, paper.claims)), paper.provider_adjustments)


def imbalances(remittance: Remittance) -> list[tuple[str, str]]:
    """What does not balance, as a JSON pointer and a sentence; warnings stay out."""
    places = {claim.control_number: at for at, claim in enumerate(remittance.claims)}
    found = []
    for each in balance(remittance):
        if each.severity != "error":
            continue
        at = places.get(each.reference)
        found.append((f"/claims/{at}" if at is not None else "/payment_cents", each.message))
    return found


def file_of(remittance: Remittance, *, number: int, usage: str, at: datetime) -> bytes:
    """The 835. Raises WriteRefused for what the guide does not allow."""
    envelope = Envelope(SENDER, "RCM", f"{number:09d}", str(number), at, usage=usage)
    return write(envelope, [remittance])


def _header(paper: Paper) -> Header:
    return Header(
        payment_cents=paper.payment_cents,
        payment_method=paper.payment_method,
        effective_on=paper.effective_on,
        trace_number=paper.trace_number,
        originating_company_id=paper.originating_company_id,
        payer=Payer(
            paper.payer_name,
            address=Address(NOT_TOLD, "UNKNOWN", "DC", "200010000"),
            references=(Reference("2U", paper.payer_id),),
            technical_contact=Contact(NOT_TOLD, "0000000000"),
        ),
        payee=Payee(paper.payee_name, paper.payee_npi),
        handling_code="I" if paper.payment_cents else "H",
        payment_format="CCP" if paper.payment_method == "ACH" else "",
    )


def _claim(claim: PaperClaim) -> ClaimPayment:
    return ClaimPayment(
        claim.control_number,
        claim.status_code,
        claim.charge_cents,
        claim.paid_cents,
        claim.patient_responsibility_cents,
        filing_code="CI",
        payer_claim_number=claim.payer_claim_number,
        adjustments=claim.adjustments,
        patient=claim.patient,
        services=tuple(map(_line, claim.lines)),
        header_number="1",
    )


def _line(line: PaperLine) -> ServicePayment:
    return ServicePayment(
        Procedure(line.procedure_code, modifiers=line.modifiers),
        line.charge_cents,
        line.paid_cents,
        line.adjustments,
        line_control_number=line.line_control_number,
        quantity=None if line.quantity == 1 else line.quantity,
        service_from=line.date_of_service,
        remarks=tuple(Remark("HE", code) for code in line.remark_codes),
    )
