"""Claims to a file that may leave: written, checked, and written again without what is blocked.

A claim that blocks is turned away by itself, with its findings; the others go. A finding that names
no claim is put to each claim alone, so that it finds its owner.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from payer_gateway.domain import batch
from payer_gateway.domain.claims import AnyClaim
from payer_gateway.domain.outbound import Refusal, Verdict, judge
from payer_gateway.domain.partner import Numbers, TradingPartner
from rcm_x12.check import Companion
from rcm_x12.findings import WriteRefused

Claims = Mapping[UUID, AnyClaim]
Refusals = dict[UUID, Refusal]


@dataclass(frozen=True, slots=True)
class Companions:
    """Rules beyond the guide: the partner's for every claim, a payer's for its own."""

    of_partner: Sequence[Companion] = ()
    of_payers: Mapping[str, Sequence[Companion]] = field(default_factory=dict)


@dataclass(slots=True)
class Desk:
    """What one file is written and judged by."""

    partner: TradingPartner
    numbers: Numbers
    at: datetime
    companions: Companions = field(default_factory=Companions)
    payers: Mapping[UUID, str] = field(default_factory=dict)
    """Whose claim each submission is."""
    _last: tuple[tuple[UUID, ...], batch.WrittenFile] | None = None

    def write(self, claims: Claims) -> batch.WrittenFile:
        """The same claims as the last time are not written twice. Raises `WriteRefused`."""
        asked = tuple(claims)
        if self._last is None or self._last[0] != asked:
            written = batch.write(self.partner, self.numbers, claims, at=self.at)
            self._last = (asked, written)
        return self._last[1]

    def judged(self, written: batch.WrittenFile) -> Verdict:
        return judge(written.content, on=self.at.date(), companions=self.companions.of_partner)


def file_of(desk: Desk, claims: Claims) -> tuple[batch.WrittenFile | None, Refusals]:
    """The file of all claims that may leave, and why the others may not."""
    refused = _unwritable(desk, claims)
    refused |= _against_payers(desk, _without(claims, refused))
    refused |= _blocked(desk, _without(claims, refused))
    left = _without(claims, refused)
    if not left:
        return None, refused
    written = desk.write(left)
    if refused and not desk.judged(written).is_clean:
        # Blocked together, though each is clean alone: none of it may leave unseen.
        together = Refusal.of("the file breaks its guide although each claim keeps it")
        return None, refused | dict.fromkeys(left, together)
    return written, refused


def file_without(
    desk: Desk, claims: Claims, verdict: Verdict
) -> tuple[batch.WrittenFile | None, Refusals]:
    """The file of the claims that somebody else's verdict leaves."""
    refused = _owners(claims, verdict.blocking)
    left = _without(claims, refused)
    return (desk.write(left) if left else None), refused


def _unwritable(desk: Desk, claims: Claims) -> Refusals:
    try:
        if claims:
            desk.write(claims)
    except WriteRefused:
        found = batch.sort_out(desk.partner, claims, at=desk.at)
        return {each: Refusal.of(reason) for each, reason in found.refused.items()}
    return {}


def _against_payers(desk: Desk, claims: Claims) -> Refusals:
    """Claims of payers with rules of their own, judged by those alone in a file of their own."""
    refused: Refusals = {}
    for payer_id, companions in desk.companions.of_payers.items():
        own = {each: claim for each, claim in claims.items() if desk.payers[each] == payer_id}
        if own:
            content = desk.write(own).content
            verdict = judge(content, on=desk.at.date(), companions=companions, guide=False)
            refused |= _owners(own, verdict.blocking)
    return refused


def _blocked(desk: Desk, claims: Claims) -> Refusals:
    if not claims:
        return {}
    verdict = desk.judged(desk.write(claims))
    if verdict.names_claims_only:
        return _owners(claims, verdict.blocking)
    refused: Refusals = {}
    for each, claim in claims.items():
        alone = desk.judged(desk.write({each: claim}))
        if not alone.is_clean:
            findings = [found for one in alone.blocking.values() for found in one.findings]
            refused[each] = Refusal(tuple(findings))
    return refused


def _owners(claims: Claims, blocking: Mapping[str, Refusal]) -> Refusals:
    return {
        each: blocking[claim.control_number]
        for each, claim in claims.items()
        if claim.control_number in blocking
    }


def _without(claims: Claims, refused: Refusals) -> Claims:
    return {each: claim for each, claim in claims.items() if each not in refused}
