"""One ST of an 835: whether it may be reported, and what is reported of it."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from pydantic import ValidationError

from payer_gateway.domain.matching import NO_MATCH, Match
from rcm.contracts import values
from rcm.contracts.base import Event
from rcm.contracts.payer import ClaimPaymentReported, RemittanceHeld, RemittanceReceived
from rcm_x12 import findings as x12
from rcm_x12.remittance_835 import (
    ClaimPayment,
    Payer,
    ProviderAdjustment,
    Remittance,
    ServicePayment,
)
from rcm_x12.values import Adjustment

REVERSAL = "22"
"""CLP02 of a decision that is taken back."""


class RemittanceStatus(StrEnum):
    REPORTED = "reported"
    HELD = "held"
    DUPLICATE = "duplicate"
    DISMISSED = "dismissed"
    """A person decided that it shall never post."""
    REPLACED = "replaced"
    """It was held, and the payer sent the same payment again, right."""


@dataclass(frozen=True, slots=True)
class PaymentKey:
    """What makes a payment the same payment, whatever file it comes in (TRN03, TRN02, BPR16,
    BPR02)."""

    originating_company_id: str
    trace_number: str
    effective_on: date | None
    payment_cents: int


def payment_key(remittance: Remittance) -> PaymentKey:
    header = remittance.header
    return PaymentKey(
        header.originating_company_id,
        header.trace_number,
        header.effective_on,
        header.payment_cents,
    )


@dataclass(frozen=True, slots=True)
class Report:
    """A remittance that may be posted: every one of its events was made once and is sound."""

    received: RemittanceReceived
    order: tuple[int, ...]
    """Ordinals of the CLPs in the order in which they are told; each makes its event."""


@dataclass(frozen=True, slots=True)
class Context:
    """What the remittance itself does not say."""

    tenant_id: UUID
    remittance_id: UUID
    payer_id: str
    at: datetime
    matches: tuple[Match, ...] = ()
    """What each CLP is about, in the order of the ST; CLP01 alone says it where there are none."""

    def match(self, ordinal: int) -> Match:
        """What the CLP at this place is about."""
        return self.matches[ordinal - 1] if self.matches else NO_MATCH


def identifiers_of(payer: Payer) -> list[str]:
    """What the payer calls itself: plan id, and payer identification (REF*2U)."""
    named = [payer.id, *(each.value for each in payer.references if each.qualifier == "2U")]
    return [each for each in named if each]


def payer_of(
    payer: Payer, company_id: str, *, routed: Collection[str], registered: Collection[str]
) -> str:
    """Our id of the payer: one that its own identifiers name, else the one that the answered
    claims went to when that is clear, else what it calls itself."""
    named = identifiers_of(payer)
    for identifier in named:
        if identifier in routed or identifier in registered:
            return identifier
    if len(set(routed)) == 1:
        return next(iter(routed))
    return next(iter(named), company_id)


def report(
    remittance: Remittance, context: Context, *, why_unfit: Callable[[Event], str | None]
) -> Report | tuple[values.Finding, ...]:
    """The events, or why its content does not fit them. Balance is judged before, not here.
    `why_unfit` says of an event why nobody could be told of it."""
    try:
        received = _received(remittance, context)
        told, unfit = [], list(_unfit(why_unfit(received), "the remittance as a whole"))
        for ordinal in range(1, len(remittance.claims) + 1):
            payment = payment_of(remittance, ordinal, context)
            told.append(_told(payment))
            unfit += _unfit(why_unfit(payment), f"CLP {ordinal}")
        if unfit:
            return tuple(unfit)
        return Report(received, tuple(each.ordinal for each in in_posting_order(told)))
    except ValidationError as failure:
        return tuple(
            values.Finding(
                code="content",
                message=f"cannot be reported: {error['msg']}",
                location=".".join(map(str, error["loc"])),
            )
            for error in failure.errors(include_input=False, include_context=False)
        )


def _unfit(reason: str | None, place: str) -> Iterator[values.Finding]:
    if reason is not None:
        yield values.Finding(
            code="content", message=f"cannot be reported: {reason}", location=place
        )


class Told(NamedTuple):
    """What of an event its place in the order depends on."""

    ordinal: int
    patient_control_number: str
    claim_status_code: str
    charge_cents: int
    paid_cents: int


def _told(payment: ClaimPaymentReported) -> Told:
    return Told(*(getattr(payment, name) for name in Told._fields))


def in_posting_order(payments: Iterable[Told]) -> tuple[Told, ...]:
    """Reversals first, but for those that take back what stands before them in the same ST.

    A payer should send them so (RFI 791). A correction that came first would exceed the charge and
    wait, and the reversal that makes room for it would wait behind it.
    """
    before: set[tuple[str, int, int]] = set()
    first, rest = [], []
    for each in payments:
        number = each.patient_control_number
        if each.claim_status_code != REVERSAL:
            before.add((number, each.charge_cents, each.paid_cents))
            rest.append(each)
        elif (number, -each.charge_cents, -each.paid_cents) in before:
            rest.append(each)
        else:
            first.append(each)
    return (*first, *rest)


def held(
    remittance: Remittance, findings: Sequence[values.Finding], context: Context
) -> RemittanceHeld:
    return RemittanceHeld(
        tenant_id=context.tenant_id,
        remittance_id=context.remittance_id,
        payer_id=context.payer_id,
        trace_number=remittance.header.trace_number,
        payment_cents=remittance.header.payment_cents,
        findings=tuple(findings),
        held_at=context.at,
    )


def findings_of(found: Iterable[x12.Finding]) -> tuple[values.Finding, ...]:
    """The codec's findings in the contract's form."""
    return tuple(
        values.Finding(
            code=each.code, severity=each.severity, message=each.message, location=_place(each)
        )
        for each in found
    )


def _place(found: x12.Finding) -> str | None:
    parts = []
    if found.position:
        parts.append(f"segment {found.position}")
    if found.segment_id:
        element = f"{found.element:02d}" if found.element else ""
        parts.append(f"{found.segment_id}{element}")
    if found.loop:
        parts.append(f"loop {found.loop}")
    return ", ".join(parts) or None


def _received(remittance: Remittance, context: Context) -> RemittanceReceived:
    header = remittance.header
    return RemittanceReceived(
        tenant_id=context.tenant_id,
        remittance_id=context.remittance_id,
        payer_id=context.payer_id,
        payer_name=header.payer.name,
        trace_number=header.trace_number,
        originating_company_id=header.originating_company_id,
        payment_cents=header.payment_cents,
        payment_method=header.payment_method,
        effective_on=header.effective_on,
        claim_count=len(remittance.claims),
        claim_paid_cents=sum(claim.paid_cents for claim in remittance.claims),
        provider_adjustments=tuple(map(_provider_adjustment, remittance.provider_adjustments)),
        received_at=context.at,
    )


def payment_of(remittance: Remittance, ordinal: int, context: Context) -> ClaimPaymentReported:
    """The event of one CLP, under our number of the claim where another rung found it."""
    claim, match = remittance.claims[ordinal - 1], context.match(ordinal)
    number = claim.control_number
    if match.submission is not None:
        number = match.submission.patient_control_number
    crossover = claim.name_of("TT")
    inpatient = claim.inpatient_remarks
    return ClaimPaymentReported(
        tenant_id=context.tenant_id,
        remittance_id=context.remittance_id,
        ordinal=ordinal,
        patient_control_number=number,
        payer_id=context.payer_id,
        trace_number=remittance.header.trace_number,
        claim_status_code=claim.status_code,
        charge_cents=claim.charge_cents,
        paid_cents=claim.paid_cents,
        patient_responsibility_cents=claim.patient_responsibility_cents,
        payer_claim_number=claim.payer_claim_number or None,
        filing_code=claim.filing_code or None,
        adjustments=tuple(map(_adjustment, claim.adjustments)),
        lines=tuple(_line(line, claim) for line in claim.services),
        remark_codes=claim.remark_codes,
        inpatient_adjudication=inpatient.elements if inpatient else (),
        crossover_payer_id=(crossover.id or None) if crossover else None,
        effective_on=remittance.header.effective_on,
        reported_at=context.at,
        matched_by=match.matched_by,
        reported_control_number=claim.control_number if number != claim.control_number else None,
    )


def _line(line: ServicePayment, claim: ClaimPayment) -> values.LinePayment:
    """SVC06 and SVC07 say what we billed where the payer decided on something else."""
    procedure = line.submitted_procedure or line.procedure
    quantity = line.submitted_quantity if line.submitted_procedure else line.quantity
    fields = {} if quantity is None else {"quantity": quantity}
    return values.LinePayment(
        line_control_number=line.line_control_number or None,
        procedure_code=procedure.code,
        modifiers=procedure.modifiers,
        date_of_service=line.service_from or claim.service_from,
        charge_cents=line.charge_cents,
        paid_cents=line.paid_cents,
        allowed_cents=line.allowed_cents,
        adjustments=tuple(map(_adjustment, line.adjustments)),
        remark_codes=line.remark_codes,
        **fields,
    )


def _adjustment(found: Adjustment) -> values.Adjustment:
    return values.Adjustment.model_validate(
        {
            "group_code": found.group_code,
            "reason_code": found.reason_code,
            "amount_cents": found.amount_cents,
            "quantity": found.quantity,
        }
    )


def _provider_adjustment(found: ProviderAdjustment) -> values.ProviderAdjustment:
    return values.ProviderAdjustment(
        provider_npi=found.provider_id,
        reason_code=found.reason_code,
        reference=found.reference,
        amount_cents=found.amount_cents,
        fiscal_period_on=found.fiscal_period_on,
    )


def adjusted_cents(claim: ClaimPayment) -> int:
    """All CAS of a claim, both levels."""
    return sum(each.amount_cents for each in claim.adjustments) + sum(
        each.amount_cents for line in claim.services for each in line.adjustments
    )


def plain_adjustments(remittance: Remittance) -> list[Mapping[str, object]]:
    """PLB as rows to keep."""
    return [
        {
            "provider_id": each.provider_id,
            "fiscal_period_on": each.fiscal_period_on.isoformat(),
            "reason_code": each.reason_code,
            "reference": each.reference,
            "amount_cents": each.amount_cents,
        }
        for each in remittance.provider_adjustments
    ]
