"""A decided claim goes on to the next payer: scrubbed again, with what the earlier ones decided."""

from dataclasses import replace

from claims_svc.domain import announce, filing
from claims_svc.domain.claim import Cause, Claim
from claims_svc.domain.coordination import (
    Decided,
    is_before,
    known_as,
    next_rank,
    prior_decisions,
    reference,
)
from claims_svc.domain.edits import Subject, blocks, scrub
from claims_svc.domain.lifecycle import WORKABLE
from claims_svc.domain.release import HELD_BY_HAND
from claims_svc.domain.standing import Standing
from rcm.contracts.base import Event
from rcm.contracts.values import CoverageRank, Finding

OUTDATED = "B101"


def onward(
    before: Claim, moved: Claim, decided: Decided, *, standing: Standing, cause: Cause
) -> tuple[Claim, tuple[Event, ...]]:
    """Where a claim goes from the decision that has `moved` it: on to the next payer, unless that
    one has it already. Then nothing is sent twice by itself, and a person is told."""
    findings = tuple(known for known in moved.findings if known.code != OUTDATED)
    moved = replace(moved, findings=findings)
    rank = next_rank(moved, decided.own, standing)
    if rank is not None and (rank != before.billed_rank or before.status in WORKABLE):
        claim, event = pass_on(moved, rank, decided, cause)
        return claim, (event,)
    if not is_before(decided.own[-1].rank, before.billed_rank):
        return moved, ()
    outdated = Finding(
        code=OUTDATED,
        severity="warning",
        message="an earlier payer decided anew after this claim went on to the next one",
    )
    on_its_way = rank is not None and before.status != "closed"
    return replace(
        moved,
        status=before.status if on_its_way else moved.status,
        findings=(*moved.findings, outdated),
    ), ()


def pass_on(
    claim: Claim, rank: CoverageRank, decided: Decided, cause: Cause
) -> tuple[Claim, Event]:
    """The claim as it goes to the payer of this rank, or is held for it with every finding. Its
    money stays where the earlier decisions have put it."""
    asked = replace(
        claim, billed_rank=rank, filing_deadline=filing.deadline(claim.content, rank), findings=()
    )
    today = cause.now.date()
    prior = prior_decisions(asked, decided.own, today=today)
    findings = scrub(Subject(asked, today, prior=prior))
    if claim.hold_reason is not None:
        findings = (*findings, Finding(code=HELD_BY_HAND, message="held by a person"))
    if blocks(findings):
        held = replace(asked, status="held", findings=findings)
        return held, announce.held(held, cause)
    ready = replace(asked, status="ready", findings=findings)
    number = known_as(ready, decided.own, decided.replaced)
    replaces = reference(ready, number)
    return ready, announce.ready(ready, cause, replaces=replaces, prior=prior)
