"""Which account pays which: one function per business fact, so that all books read alike.

Every function returns postings for an `Entry`. An amount may be negative where the payer's may be
(a CAS that raises the payment, a PLB that gives): the sides then change places. Zero moves nothing.
A denial that somebody will work moves nothing either: it stays in AR_PAYER until it is decided.
"""

from dataclasses import dataclass
from uuid import UUID

from rcm.ledger.accounts import Account, AccountCode
from rcm.ledger.entries import Posting

Postings = tuple[Posting, ...]


@dataclass(frozen=True, slots=True)
class Cause:
    """Where in the claim and the remittance the cents come from (claim line, CAS pair, TRN02)."""

    line_number: int | None = None
    group_code: str | None = None
    reason_code: str | None = None
    trace_number: str | None = None


NOWHERE = Cause()


def move(debit: Account, credit: Account, cents: int, cause: Cause = NOWHERE) -> Postings:
    """One posting, none for zero, with its sides swapped for a negative amount."""
    if cents == 0:
        return ()
    if cents < 0:
        debit, credit, cents = credit, debit, -cents
    return (
        Posting(
            debit,
            credit,
            cents,
            line_number=cause.line_number,
            group_code=cause.group_code,
            reason_code=cause.reason_code,
            trace_number=cause.trace_number,
        ),
    )


def within(open_cents: int, cents: int) -> tuple[int, int]:
    """Split what arrives into what an account can take and the excess, which goes to UNAPPLIED."""
    taken_cents = max(0, min(open_cents, cents))
    return taken_cents, cents - taken_cents


@dataclass(frozen=True, slots=True)
class PayerClaim:
    """A claim as one payer owes it: the payers' side of the books."""

    claim_id: UUID
    payer_id: str

    @property
    def receivable(self) -> Account:
        """AR_PAYER of this claim and payer; never below zero."""
        return Account(AccountCode.AR_PAYER, claim_id=self.claim_id, payer_id=self.payer_id)

    @property
    def unapplied(self) -> Account:
        """What this payer paid on this claim beyond what was open."""
        return Account(AccountCode.UNAPPLIED, claim_id=self.claim_id, payer_id=self.payer_id)

    def charged(self, cents: int, line_number: int) -> Postings:
        """A claim line is billed. Charges are always posted per line."""
        return move(self.receivable, REVENUE, cents, Cause(line_number=line_number))

    def paid(
        self, cents: int, remittance: "Remittance", line_number: int | None = None
    ) -> Postings:
        """SVC03, or CLP04 when no lines came: an 835 announces money."""
        return move(remittance.clearing, self.receivable, cents, remittance.cause(line_number))

    def overpaid(
        self, cents: int, remittance: "Remittance", line_number: int | None = None
    ) -> Postings:
        """The part of a payment that the receivable cannot take (see `within`)."""
        return move(remittance.clearing, self.unapplied, cents, remittance.cause(line_number))

    def contractual(self, cents: int, cause: Cause) -> Postings:
        """A CAS that the contract allows for (CO-45, CO-253 and their like by policy)."""
        return move(CONTRACTUAL, self.receivable, cents, cause)

    def written_off(self, cents: int, reason: str, cause: Cause = NOWHERE) -> Postings:
        """Given up for another reason, by a person or a policy with the right to."""
        return move(Account(AccountCode.ADJ_OTHER, reference=reason), self.receivable, cents, cause)

    def passed_to_patient(self, cents: int, cause: Cause = NOWHERE) -> Postings:
        """The patient's share, once no other payer comes next; patient billing mirrors it."""
        return move(transfer(self.claim_id), self.receivable, cents, cause)

    def passed_to_payer(self, next_payer_id: str, cents: int, cause: Cause = NOWHERE) -> Postings:
        """What is open moves on to the next payer of the same claim."""
        following = PayerClaim(self.claim_id, next_payer_id)
        return move(following.receivable, self.receivable, cents, cause)


@dataclass(frozen=True, slots=True)
class Remittance:
    """One ST of an 835: its payer and its trace number, which only together are unique."""

    payer_id: str
    trace_number: str

    @property
    def clearing(self) -> Account:
        """REMIT_CLEARING of this remittance: zero again once the bank has seen its money."""
        return Account(
            AccountCode.REMIT_CLEARING, payer_id=self.payer_id, reference=self.trace_number
        )

    def cause(
        self,
        line_number: int | None = None,
        group_code: str | None = None,
        reason_code: str | None = None,
    ) -> Cause:
        """A place in this remittance."""
        return Cause(line_number, group_code, reason_code, self.trace_number)

    def adjusted(self, reason_code: str, reference: str, cents: int) -> Postings:
        """One PLB pair: positive takes money from the provider, negative gives. Interest (L6) is
        income; everything else waits in PROVIDER_ADJ under code and reference until it nets out."""
        account = provider_account(reason_code, reference)
        return move(account, self.clearing, cents, self.cause(None, None, reason_code))

    def recovered(self, cents: int, *, paid_by: "Remittance") -> Postings:
        """A reversed payment (CLP02 22) is taken out of this remittance, not out of the one that
        paid it. Posted beside the exact reversal, so that both still clear to what the bank saw."""
        return move(paid_by.clearing, self.clearing, cents, self.cause())

    def took_back(self, cents: int, claim: PayerClaim) -> Postings:
        """An overpayment that sat in UNAPPLIED is recovered out of this remittance (PLB WO)."""
        return move(claim.unapplied, self.clearing, cents, self.cause())

    def unposted(self, cents: int, place: str) -> Postings:
        """Money of a CLP that no claim takes yet: what came is the payer's unapplied money, what
        was taken back stands at provider level under `place`. Reversed once the claim is found."""
        if cents < 0:
            taken = Account(AccountCode.PROVIDER_ADJ, reference=f"CLP:{place}")
            return move(taken, self.clearing, -cents, self.cause())
        unapplied = Account(
            AccountCode.UNAPPLIED, payer_id=self.payer_id, reference=self.trace_number
        )
        return move(self.clearing, unapplied, cents, self.cause())

    def deposited(self, cents: int) -> Postings:
        """The remittance's money is seen at the bank: trace numbers and amounts match."""
        return move(CASH, self.clearing, cents, self.cause())


@dataclass(frozen=True, slots=True)
class PatientClaim:
    """A claim as its patient owes it: the patients' side of the books."""

    claim_id: UUID
    patient_id: UUID

    @property
    def receivable(self) -> Account:
        """AR_PATIENT of this claim; never below zero."""
        return Account(AccountCode.AR_PATIENT, claim_id=self.claim_id, patient_id=self.patient_id)

    @property
    def unapplied(self) -> Account:
        """The patient's money that no claim takes: one account for all of a patient's claims."""
        return Account(AccountCode.UNAPPLIED, patient_id=self.patient_id)

    def share_changed(self, change_cents: int, *, open_cents: int) -> Postings:
        """The patient's share grows, or shrinks by `change_cents` < 0 after a reversal.

        What was paid already cannot shrink: beyond `open_cents` it becomes the patient's credit.
        """
        back = transfer(self.claim_id)
        if change_cents >= 0:
            return move(self.receivable, back, change_cents)
        open_part_cents, paid_part_cents = within(open_cents, -change_cents)
        return move(back, self.receivable, open_part_cents) + move(
            back, self.unapplied, paid_part_cents
        )

    def charged(self, cents: int, line_number: int) -> Postings:
        """A claim line of a patient without insurance."""
        return move(self.receivable, REVENUE, cents, Cause(line_number=line_number))

    def paid(self, cents: int, settlement: str) -> Postings:
        """A payment that this claim takes, through a settlement batch of the card processor."""
        return move(settling(settlement), self.receivable, cents)

    def paid_ahead(self, cents: int, settlement: str) -> Postings:
        """A payment that no claim takes yet."""
        return move(settling(settlement), self.unapplied, cents)

    def applied(self, cents: int) -> Postings:
        """The patient's credit pays this claim."""
        return move(self.unapplied, self.receivable, cents)

    def written_off(self, cents: int, reason: str) -> Postings:
        """Charity, small balance, bad debt."""
        return move(Account(AccountCode.ADJ_OTHER, reference=reason), self.receivable, cents)


def refund_promised(unapplied: Account, cents: int) -> Postings:
    """A credit of a patient or payer is set aside to go back."""
    return move(unapplied, refund_payable(unapplied), cents)


def refund_paid(unapplied: Account, cents: int) -> Postings:
    """The promised refund has left the bank."""
    return move(refund_payable(unapplied), CASH, cents)


def settled(cents: int, *, settlement: str) -> Postings:
    """The card processor's batch is seen at the bank."""
    return move(CASH, settling(settlement), cents)


REVENUE = Account(AccountCode.REVENUE)
CONTRACTUAL = Account(AccountCode.ADJ_CONTRACTUAL)
CASH = Account(AccountCode.CASH)


def settling(settlement: str) -> Account:
    """PSP_CLEARING of one settlement batch."""
    return Account(AccountCode.PSP_CLEARING, reference=settlement)


def transfer(claim_id: UUID) -> Account:
    """PATIENT_TRANSFER of one claim."""
    return Account(AccountCode.PATIENT_TRANSFER, claim_id=claim_id)


def provider_account(reason_code: str, reference: str) -> Account:
    """Where a PLB of this code and reference is kept."""
    if reason_code == "L6":
        return Account(AccountCode.INTEREST_INCOME)
    return Account(AccountCode.PROVIDER_ADJ, reference=f"{reason_code}:{reference}")


def refund_payable(unapplied: Account) -> Account:
    """REFUND_PAYABLE to the owner of an UNAPPLIED account."""
    return Account(
        AccountCode.REFUND_PAYABLE,
        claim_id=unapplied.claim_id,
        payer_id=unapplied.payer_id,
        patient_id=unapplied.patient_id,
    )
