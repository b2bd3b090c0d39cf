"""What a 277 (X212) says of a claim, what is to be done about it, and when to ask again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType
from uuid import UUID

from payer_gateway.domain.inquiry import Inquiry, Occasion, Taker, new_inquiry
from rcm.contracts.payer import NextStep, StatusCode

# STC01-1 in our own words.
CATEGORY_WORDS = MappingProxyType(
    {
        "A0": "forwarded to another place",
        "A1": "received, not yet taken into adjudication",
        "A2": "accepted into adjudication",
        "A3": "returned as unprocessable",
        "A4": "not found",
        "A5": "split into several claims",
        "A6": "rejected: information is missing",
        "A7": "rejected: information is invalid",
        "A8": "rejected: fields contradict each other",
        "P0": "pending",
        "P1": "in process",
        "P2": "under review by the payer",
        "P3": "waits for information that the provider was asked for",
        "P4": "waits for information that the patient was asked for",
        "P5": "waits for the payer's own administration",
        "F0": "finalized",
        "F1": "finalized with payment",
        "F2": "finalized as denied",
        "F3": "finalized, revised",
        "F3F": "finalized and forwarded to another payer",
        "F3N": "finalized, not forwarded",
        "F4": "finalized without payment",
        "D0": "not found",
        "E0": "the payer's system failed",
        "E1": "the payer's system failed, try again",
        "E2": "the payer's system failed to answer in time",
        "E3": "the payer's system failed, correct and try again",
        "E4": "the payer is closed for maintenance",
    }
)


@dataclass(frozen=True, slots=True)
class LineReport:
    """The status of one line, by our REF*6R as the payer gives it back."""

    line_control_number: str
    procedure_code: str
    charge_cents: int | None
    paid_cents: int | None
    status_codes: tuple[StatusCode, ...]
    effective_on: date | None


@dataclass(frozen=True, slots=True)
class StatusReport:
    """The newest word of a payer on one claim: of several STC the one with the latest STC02."""

    status_codes: tuple[StatusCode, ...]
    effective_on: date | None = None
    charge_cents: int | None = None
    paid_cents: int | None = None
    finalized_on: date | None = None
    """STC06."""
    check_on: date | None = None
    check_number: str | None = None
    payer_claim_number: str | None = None
    """REF*1K."""
    patient_control_number: str | None = None
    """REF*EJ."""
    lines: tuple[LineReport, ...] = ()
    others_count: int = 0
    """Claims that the same answer holds beside this one."""

    @property
    def category_code(self) -> str:
        return self.status_codes[0].category_code if self.status_codes else ""

    @property
    def category(self) -> str:
        code = self.category_code
        if code.startswith("R"):
            return CATEGORY_WORDS.get(code, "the payer asks for information")
        return CATEGORY_WORDS.get(code, f"category {code}")

    @property
    def is_final(self) -> bool:
        return self.category_code.startswith("F")

    @property
    def may_pass(self) -> bool:
        """The payer's system failed (E0 to E4): that says nothing of the claim."""
        return self.category_code.startswith("E")


def next_step(report: StatusReport) -> NextStep:
    """What a biller does about it. A status moves no money: a final claim waits for its 835."""
    code = report.category_code
    return STEPS.get(code, STEPS_BY_LETTER.get(code[:1], "wait"))


STEPS_BY_LETTER: Mapping[str, NextStep] = MappingProxyType(
    {"F": "expect_payment", "R": "send_information", "E": "ask_again", "D": "find_claim"}
)
STEPS: Mapping[str, NextStep] = MappingProxyType(
    {
        "F2": "expect_denial",
        "F4": "expect_denial",
        "P3": "send_information",
        "P4": "send_information",
        "A3": "correct_claim",
        "A6": "correct_claim",
        "A7": "correct_claim",
        "A8": "correct_claim",
        "A4": "find_claim",
    }
)


@dataclass(frozen=True, slots=True)
class FollowUpTerms:
    """When claims of a payer are asked about by themselves."""

    after_days: int | None = 14
    """So long after an acceptance; None asks never."""
    every_days: int = 7
    information_due_days: int = 30
    """How long the payer waits for what it asked for, where the answer gives no day."""
    version: int = 0


@dataclass(frozen=True, slots=True)
class FollowUp:
    """When to ask next; neither when the claim has come to its end."""

    at: datetime | None
    ended: bool = False


def follow_up(report: StatusReport, terms: FollowUpTerms, *, at: datetime) -> FollowUp:
    """Final claims and refused ones are not asked about again: the next word is an 835, or ours."""
    step = next_step(report)
    if report.is_final or step == "correct_claim" or terms.after_days is None:
        return FollowUp(None, ended=report.is_final or step == "correct_claim")
    return FollowUp(at + timedelta(days=terms.every_days))


def respond_by(report: StatusReport, terms: FollowUpTerms, *, at: datetime) -> date | None:
    """The clock of a request for information begins on the day that the payer gives it."""
    if next_step(report) != "send_information":
        return None
    began_on = report.effective_on or at.date()
    return began_on + timedelta(days=terms.information_due_days)


@dataclass(frozen=True, slots=True)
class ClaimStatusInquiry:
    """A question about a claim, and the payer's report once there is one."""

    inquiry: Inquiry
    claim_id: UUID
    submission_id: UUID
    patient_control_number: str
    report: StatusReport | None = None
    next_step: NextStep | None = None
    respond_by: date | None = None


def of_claim(
    found: Sequence[StatusReport], *, control_number: str, payer_claim_number: str | None
) -> StatusReport | None:
    """Of several claims that a payer found, ours: by its own number, by our control number, or the
    only one; else the one with the newest word."""
    for wanted in (
        [
            each
            for each in found
            if payer_claim_number and each.payer_claim_number == payer_claim_number
        ],
        [each for each in found if each.patient_control_number == control_number],
        found,
    ):
        if wanted:
            return max(wanted, key=lambda each: each.effective_on or date.min)
    return None


@dataclass(frozen=True, slots=True)
class SentClaim:
    """A claim that has left, by what a question about it is filed under."""

    tenant_id: UUID
    submission_id: UUID
    claim_id: UUID
    patient_control_number: str
    payer_id: str


def about(claim: SentClaim, taker: Taker, occasion: Occasion) -> ClaimStatusInquiry:
    """A new question about a claim."""
    inquiry = new_inquiry(
        claim.tenant_id, "276", payer_id=claim.payer_id, taker=taker, occasion=occasion
    )
    return ClaimStatusInquiry(
        inquiry, claim.claim_id, claim.submission_id, claim.patient_control_number
    )
