"""Our questions in X12's words: one ST for each, whose BHT03 is the trace number, so that a payer
that answers with nothing but its refusal still names the question."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from payer_gateway.domain.batch import envelope, set_control_number
from payer_gateway.domain.coverage_x12 import coverage_inquiry
from payer_gateway.domain.eligibility import EligibilityQuestion
from payer_gateway.domain.inquiry import Inquiry
from payer_gateway.domain.partner import Numbers, TradingPartner
from payer_gateway.domain.status_x12 import status_inquiry
from payer_gateway.domain.submission import Submission
from rcm.contracts.claims import AnyClaimReady
from rcm.contracts.values import Persons
from rcm_x12 import eligibility_270, status_276


@dataclass(frozen=True, slots=True)
class AboutCoverage:
    inquiry: Inquiry
    question: EligibilityQuestion = field(repr=False)


@dataclass(frozen=True, slots=True)
class AboutClaim:
    inquiry: Inquiry
    submission: Submission
    claim: AnyClaimReady = field(repr=False)
    persons: Persons = field(repr=False)


Question = AboutCoverage | AboutClaim


@dataclass(frozen=True, slots=True)
class WrittenQuestions:
    """One interchange, and the set that each question stands in."""

    content: bytes = field(repr=False)
    set_count: int
    set_numbers: dict[UUID, str]


def write(
    partner: TradingPartner, numbers: Numbers, questions: Sequence[Question], *, at: datetime
) -> WrittenQuestions:
    """The same questions, numbers and moment give the same bytes. Raises `WriteRefused`. All are of
    one kind."""
    head = envelope(partner, numbers, at)
    coverages = [each for each in questions if isinstance(each, AboutCoverage)]
    claims = [each for each in questions if isinstance(each, AboutClaim)]
    if coverages:
        content = eligibility_270.write(
            head, [coverage_inquiry(partner, each.inquiry, each.question, at) for each in coverages]
        )
    else:
        content = status_276.write(
            head,
            [
                status_inquiry(
                    partner,
                    each.inquiry,
                    each.claim,
                    persons=each.persons,
                    payer_claim_number=each.submission.payer_claim_number,
                    at=at,
                )
                for each in claims
            ],
        )
    places = {
        each.inquiry.inquiry_id: set_control_number(number)
        for number, each in enumerate(questions, 1)
    }
    return WrittenQuestions(content, len(places), places)
