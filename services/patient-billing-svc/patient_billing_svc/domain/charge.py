"""One claim as its patient sees it: charged - discount - plan paid - plan pending - paid = owed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from rcm.contracts.claims import ClaimAdjudicated, ClaimReversed
from rcm.contracts.values import Adjustment, ClaimOutcome, LinePayment, ResponsibleParty


@dataclass(frozen=True, slots=True)
class PatientShare:
    """Why the patient owes: PR-1, PR-2, PR-3 and any other PR, as the payer decided."""

    deductible_cents: int = 0
    coinsurance_cents: int = 0
    copay_cents: int = 0
    other_cents: int = 0


@dataclass(frozen=True, slots=True)
class Charge:
    """The newest decision on a claim, and what of it is open. `due_cents` is the patient's whole
    share; `open_cents` is what of it nobody has paid yet."""

    claim_id: UUID
    account_id: UUID
    patient_control_number: str
    payer_id: str
    outcome: ClaimOutcome
    responsible_party: ResponsibleParty
    date_of_service: date | None
    charge_cents: int
    discount_cents: int
    plan_paid_cents: int
    due_cents: int
    open_cents: int
    decided_at: datetime
    share: PatientShare = PatientShare()
    claim_adjustments: tuple[Adjustment, ...] = ()
    lines: tuple[LinePayment, ...] = ()

    @property
    def plan_pending_cents(self) -> int:
        """Still with a payer: denied and workable, or waiting for the next one."""
        settled = self.discount_cents + self.plan_paid_cents + self.due_cents
        return self.charge_cents - settled

    @property
    def patient_paid_cents(self) -> int:
        return self.due_cents - self.open_cents

    @property
    def is_billable(self) -> bool:
        """Nobody bills a patient for a claim that a payer has yet to answer for."""
        return self.responsible_party in {"patient", "none"}

    @property
    def adds_up(self) -> bool:
        """The sum that an itemization shows, to the cent."""
        parts = (
            self.discount_cents,
            self.plan_paid_cents,
            self.plan_pending_cents,
            self.patient_paid_cents,
        )
        return self.charge_cents - sum(parts) == self.open_cents


def adjudicated(event: ClaimAdjudicated, account_id: UUID, before: Charge | None) -> Charge:
    """The charge after a decision. What is open is not decided here: `account.charge` moves it."""
    money = event.money
    return Charge(
        claim_id=event.claim_id,
        account_id=account_id,
        patient_control_number=event.patient_control_number,
        payer_id=event.payer_id,
        outcome=event.outcome,
        responsible_party=event.responsible_party,
        date_of_service=event.date_of_service,
        charge_cents=money.charge_cents,
        discount_cents=money.contractual_cents + money.other_adjustment_cents,
        plan_paid_cents=money.paid_cents,
        due_cents=event.patient_due_cents,
        open_cents=before.open_cents if before else 0,
        decided_at=event.adjudicated_at,
        share=PatientShare(
            event.deductible_cents,
            event.coinsurance_cents,
            event.copay_cents,
            event.other_patient_cents,
        ),
        claim_adjustments=event.claim_adjustments,
        lines=event.lines,
    )


def reversed_charge(event: ClaimReversed, account_id: UUID, before: Charge | None) -> Charge:
    """A payer took its decision back: what other payers decided still stands, the rest is with a
    payer again until the correction comes. Of a claim that was never billed here, and of a reversal
    that does not tell the claim's money, only the patient's own figure is known."""
    known = before or _unknown(event, account_id)
    money = event.money
    return replace(
        known,
        payer_id=event.payer_id,
        outcome=event.outcome,
        responsible_party=_after_reversal(event),
        charge_cents=money.charge_cents if money else known.charge_cents,
        discount_cents=money.contractual_cents + money.other_adjustment_cents if money else 0,
        plan_paid_cents=money.paid_cents if money else 0,
        due_cents=event.patient_due_cents,
        decided_at=event.reversed_at,
        share=PatientShare(other_cents=event.patient_due_cents),
        claim_adjustments=(),
        lines=(),
    )


def _after_reversal(event: ClaimReversed) -> ResponsibleParty:
    """As the event says; where it does not tell, a share that it still names is the patient's."""
    if event.money is None and event.patient_due_cents:
        return "patient"
    return event.responsible_party


def _unknown(event: ClaimReversed, account_id: UUID) -> Charge:
    return Charge(
        claim_id=event.claim_id,
        account_id=account_id,
        patient_control_number="",
        payer_id=event.payer_id,
        outcome=event.outcome,
        responsible_party=event.responsible_party,
        date_of_service=None,
        charge_cents=event.patient_due_cents,
        discount_cents=0,
        plan_paid_cents=0,
        due_cents=0,
        open_cents=0,
        decided_at=event.reversed_at,
    )


def oldest_first(charges: Sequence[Charge]) -> list[Charge]:
    """The order in which money meets charges: by date of service, undated ones last."""
    return sorted(charges, key=lambda each: (each.date_of_service or date.max, each.claim_id))
