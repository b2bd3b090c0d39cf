"""What claims-svc books: charges, decisions, reversals, and what moves between payers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from claims_svc.domain.change import source_of
from claims_svc.domain.claim import Cause, Claim
from claims_svc.domain.decision import Decision, Reading, adjudication_id
from claims_svc.domain.policy import PATIENT, Treatment
from claims_svc.domain.standing import Standing
from rcm.contracts.payer import ClaimPaymentReported, DepositMatched, RemittanceReceived
from rcm.ledger.accounts import AccountCode
from rcm.ledger.entries import Entry, Posting, entry_id_of, reversal_of
from rcm.ledger.moves import PayerClaim, Postings, Remittance

CHARGED = "claim.charged"
DECIDED = "claim.adjudicated"
PASSED_ON = "claim.passed_on"
SHARED = "claim.patient_share"
RECOVERED = "claim.recovered"
REMITTED = "remittance.adjusted"
UNPOSTED = "remittance.unposted"
DEPOSITED = "remittance.deposited"


@dataclass(frozen=True, slots=True)
class _Page:
    """What all entries of one step of a claim share."""

    claim: Claim
    cause: Cause
    effective_on: date

    def entry(self, kind: str, postings: tuple[Posting, ...]) -> Entry:
        source, part = source_of(self.cause, self.claim), str(self.claim.claim_id)
        return Entry(
            entry_id_of(source, kind, part),
            self.claim.tenant_id,
            kind,
            source,
            self.effective_on,
            self.cause.actor,
            postings,
            part=part,
        )

    def reversal(self, booked: Entry) -> Entry:
        return reversal_of(
            booked,
            source_event_id=source_of(self.cause, self.claim),
            effective_on=self.effective_on,
            actor=self.cause.actor,
            part=str(self.claim.claim_id),
        )


def charge(claim: Claim, payer_id: str, cause: Cause) -> Entry:
    """The claim is billed: each line from REVENUE into the first payer's receivable."""
    owed = PayerClaim(claim.claim_id, payer_id)
    postings = tuple(
        posting
        for number, line in enumerate(claim.content.lines, 1)
        for posting in owed.charged(line.charge_amount_cents or 0, number)
    )
    return _Page(claim, cause, claim.content.date_of_service).entry(CHARGED, postings)


def decide(claim: Claim, reading: Reading, standing: Standing, cause: Cause) -> Iterator[Entry]:
    """A payer's decision: what it pays and the contract gives up leave its receivable, and so does
    the patient's share once nobody comes next. Then the rest moves to whoever is asked."""
    decision = reading.decision
    payer_id = _payer(claim, decision)
    owed = PayerClaim(claim.claim_id, payer_id)
    share_change_cents = standing.patient_due_cents - claim.money.patient_responsibility_cents
    postings = (
        *_paid(owed, reading),
        *_given_up(owed, reading),
        *_passed_to_patient(owed, reading, share_change_cents),
    )
    page = _Page(claim, cause, decision.effective_on)
    if postings:
        yield page.entry(DECIDED, postings)
    taken_cents = decision.paid_cents + decision.contractual_cents + share_change_cents
    yield from _passed_on(page, standing, {payer_id: -taken_cents})


def reverse(
    claim: Claim,
    *,
    original: Decision,
    booked: Entry | None,
    back: Decision,
    standing: Standing,
    cause: Cause,
) -> Iterator[Entry]:
    """A decision is taken back: its entry is mirrored, the money leaves through the remittance that
    reversed it, and the patient's share and the payer who is asked follow."""
    page, payer_id = _Page(claim, cause, back.effective_on), _payer(claim, original)
    returned_cents, share_cents = 0, claim.money.patient_responsibility_cents
    if booked is not None:
        yield page.reversal(booked)
        shared_cents = _net(booked, AccountCode.PATIENT_TRANSFER)
        returned_cents = original.paid_cents + original.contractual_cents + shared_cents
        share_cents -= shared_cents
    yield from _recovered(page, original=original, back=back)
    change_cents = standing.patient_due_cents - share_cents
    if change_cents:
        owed = PayerClaim(claim.claim_id, payer_id)
        yield page.entry(SHARED, owed.passed_to_patient(change_cents))
    yield from _passed_on(page, standing, {payer_id: returned_cents - change_cents})


def uncharge(claim: Claim, booked: Entry, cause: Cause) -> Entry:
    """The charge is taken back: the claim is voided, or billed anew with other lines."""
    return _Page(claim, cause, booked.effective_on).reversal(booked)


def provider_adjustments(received: RemittanceReceived, event_id: UUID, actor: str) -> Entry | None:
    """PLB of a remittance: what the payer took or gave beside the claims, interest as income."""
    remittance = Remittance(received.payer_id, received.trace_number)
    postings = tuple(
        posting
        for found in received.provider_adjustments
        for posting in remittance.adjusted(found.reason_code, found.reference, found.amount_cents)
    )
    if not postings:
        return None
    return Entry(
        entry_id_of(event_id, REMITTED),
        received.tenant_id,
        REMITTED,
        event_id,
        received.effective_on,
        actor,
        postings,
    )


def unposted(payment: ClaimPaymentReported, actor: str) -> Entry | None:
    """The money of a CLP that cannot be posted to a claim, kept out of its remittance's way. The
    same for the same CLP, so that it can be undone without asking what was booked."""
    remittance = Remittance(payment.payer_id, payment.trace_number)
    place = f"{payment.trace_number}/{payment.ordinal}"
    postings = remittance.unposted(payment.paid_cents, place)
    if not postings:
        return None
    source = adjudication_id(payment)
    return Entry(
        entry_id_of(source, UNPOSTED),
        payment.tenant_id,
        UNPOSTED,
        source,
        payment.effective_on,
        actor,
        postings,
    )


def found(payment: ClaimPaymentReported, actor: str) -> Entry | None:
    """The claim of an unposted CLP is known now: what `unposted` booked is taken back."""
    booked = unposted(payment, actor)
    if booked is None:
        return None
    return reversal_of(
        booked,
        source_event_id=adjudication_id(payment),
        effective_on=payment.effective_on,
        actor=actor,
    )


def deposited(matched: DepositMatched, actor: str) -> Entry | None:
    """The remittance's money is seen at the bank: its clearing account comes to zero."""
    remittance = Remittance(matched.payer_id, matched.trace_number)
    postings = remittance.deposited(matched.deposited_cents)
    if not postings:
        return None
    return Entry(
        entry_id_of(matched.match_id, DEPOSITED),
        matched.tenant_id,
        DEPOSITED,
        matched.match_id,
        matched.deposited_on,
        actor,
        postings,
    )


def _paid(owed: PayerClaim, reading: Reading) -> Iterator[Posting]:
    """SVC03 of each line, and what of CLP04 no line explains."""
    decision = reading.decision
    remittance = _remittance(decision)
    for line, match in zip(decision.lines, reading.decision.matches, strict=True):
        yield from owed.paid(line.paid_cents, remittance, match.line_number)
    rest_cents = decision.paid_cents - sum(line.paid_cents for line in decision.lines)
    yield from owed.paid(rest_cents, remittance)


def _given_up(owed: PayerClaim, reading: Reading) -> Iterator[Posting]:
    remittance = _remittance(reading.decision)
    for part in reading.parts_of(Treatment.CONTRACTUAL):
        cause = remittance.cause(part.line_number, part.group_code, part.reason_code)
        yield from owed.contractual(part.cents, cause)


def _passed_to_patient(owed: PayerClaim, reading: Reading, change_cents: int) -> Iterator[Posting]:
    """The patient's share: per line and reason when it is this decision's own, else as a whole."""
    remittance = _remittance(reading.decision)
    if change_cents != reading.decision.patient_cents:
        yield from owed.passed_to_patient(change_cents, remittance.cause())
        return
    for part in reading.parts_of(*PATIENT):
        cause = remittance.cause(part.line_number, part.group_code, part.reason_code)
        yield from owed.passed_to_patient(part.cents, cause)


def _recovered(page: _Page, *, original: Decision, back: Decision) -> Iterator[Entry]:
    postings: Postings = ()
    if (original.payer_id, original.trace_number) != (back.payer_id, back.trace_number):
        postings = _remittance(back).recovered(original.paid_cents, paid_by=_remittance(original))
    if postings:
        yield page.entry(RECOVERED, postings)


def _passed_on(page: _Page, standing: Standing, deltas: Mapping[str, int]) -> Iterator[Entry]:
    """Bring the open balance together in the receivable of the payer who is asked."""
    claim = page.claim
    asked = claim.payer_of(standing.asked)
    held: dict[str, int] = {}
    if claim.holder_payer_id is not None:
        held[claim.holder_payer_id] = claim.money.insurance_balance_cents
    for payer_id, cents in deltas.items():
        held[payer_id] = held.get(payer_id, 0) + cents
    postings = tuple(
        posting
        for payer_id, cents in held.items()
        if asked is not None and payer_id != asked
        for posting in PayerClaim(claim.claim_id, payer_id).passed_to_payer(asked, cents)
    )
    if postings:
        yield page.entry(PASSED_ON, postings)


def _net(entry: Entry, code: AccountCode) -> int:
    """What an entry puts into accounts of this code, credits subtracted."""
    return sum(
        posting.cents * ((posting.debit.code is code) - (posting.credit.code is code))
        for posting in entry.postings
    )


def _remittance(decision: Decision) -> Remittance:
    return Remittance(decision.payer_id, decision.trace_number)


def _payer(claim: Claim, decision: Decision) -> str:
    """The payer in whose receivable a decision books."""
    return claim.payer_of(decision.rank) or decision.payer_id
