"""What is only reported of a claim asks somebody to do something: as findings, until it is over."""

from collections.abc import Sequence
from types import MappingProxyType

from claims_svc.domain.claim import Cause, Claim, Edge
from claims_svc.domain.lifecycle import REJECTED, UNSENT, SubmissionEvent
from rcm.contracts.payer import AcknowledgmentOverdue, ClaimStatusReported, NextStep
from rcm.contracts.values import Finding

OVERDUE = "A101"
# A code for each step that somebody has to take; waiting is none, and neither is a payment that
# will come by itself.
STEPS: MappingProxyType[NextStep, tuple[str, str]] = MappingProxyType(
    {
        "send_information": ("S101", "the payer asks for information"),
        "correct_claim": ("S102", "the payer reports that it cannot process the claim"),
        "find_claim": ("S103", "the payer does not find the claim"),
        "expect_denial": ("S104", "the payer reports a final status without payment"),
    }
)
STEP_CODES = frozenset(code for code, _ in STEPS.values())
_OVER = UNSENT | REJECTED | {"adjudicated", "closed", "voided"}
"""Statuses in which nobody waits for an answer any more."""


def on_report(claim: Claim, event: ClaimStatusReported) -> tuple[Finding, ...]:
    """The newest report replaces what an earlier one asked for; a claim that is decided asks for
    nothing."""
    others = tuple(each for each in without_alarm(claim.findings) if each.code not in STEP_CODES)
    step = STEPS.get(event.next_step)
    if step is None or claim.status in _OVER:
        return others
    code, words = step
    due = f"; it has to have it by {event.respond_by:%Y-%m-%d}" if event.respond_by else ""
    return (*others, Finding(code=code, severity="warning", message=words + due))


def on_silence(claim: Claim, event: AcknowledgmentOverdue) -> tuple[Finding, ...]:
    """An alarm, unless somebody else has answered meanwhile."""
    if claim.status in _OVER:
        return claim.findings
    alarm = Finding(
        code=OVERDUE,
        severity="warning",
        message=f"the {event.hop} should have answered by {event.due_at:%Y-%m-%d}",
    )
    return (*without_alarm(claim.findings), alarm)


def without_alarm(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    return tuple(each for each in findings if each.code != OVERDUE)


def settled(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """A payer's decision ends what was reported before it."""
    return tuple(each for each in without_alarm(findings) if each.code not in STEP_CODES)


def silence(event: SubmissionEvent, cause: Cause) -> tuple[Edge, ...]:
    """The row of history for an alarm; a report has one by its status."""
    if not isinstance(event, AcknowledgmentOverdue):
        return ()
    return (Edge("report", None, f"{event.hop} overdue", cause),)
