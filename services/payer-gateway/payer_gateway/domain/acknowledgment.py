"""999, TA1 and 277CA: which of our sets, batches and claims were taken, and by whom."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from payer_gateway.domain.ack_words import (
    CATEGORY_WORDS,
    ELEMENT_WORDS,
    NOTE_WORDS,
    SEGMENT_WORDS,
)
from payer_gateway.domain.lifecycle import Hop, Outcome
from payer_gateway.domain.submission import Submission
from rcm.contracts.payer import StatusCode
from rcm.contracts.values import Finding
from rcm_x12.ack_999 import Acknowledgment, ElementError, SegmentError, SetResponse
from rcm_x12.status_277ca import ClaimAcknowledgment, ClaimStatus, Status

Kind = Literal["TA1", "999", "277CA"]
Level = Literal["interchange", "group", "set", "batch", "provider", "claim"]
"""Where in the answer the verdict on a claim stands: the claim itself, or a whole that holds it."""

# Categories, statuses and entities have at most three characters; what is longer is no code, and
# what a partner put there by mistake is not repeated.
CODE = re.compile(r"[0-9A-Z]{1,3}")
UNREADABLE = "?"
LINE_NUMBER = re.compile(r"[0-9A-Za-z.-]{1,30}")
# A set of five thousand claims may have as many errors: no claim carries those of all the others.
FINDINGS_PER_CLAIM = 20


@dataclass(frozen=True, slots=True)
class ClaimVerdict:
    """What an acknowledgment says of one claim, by itself or by a whole that holds it."""

    is_accepted: bool
    status_codes: tuple[StatusCode, ...] = ()
    payer_claim_number: str | None = None
    """REF*1K."""
    clearinghouse_trace_number: str | None = None
    """REF*D9."""
    effective_on: date | None = None
    """STC02."""
    level: Level = "claim"
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class GroupVerdict:
    """What a 999 says of one group that we sent."""

    group_control_number: str
    code: str
    """AK901."""
    accepted_sets: frozenset[str]
    rejected_sets: frozenset[str]
    others: bool | None
    """The verdict on sets that it does not name; None when it leaves them open."""
    accepted_count: int
    rejected_count: int
    findings: dict[str, tuple[Finding, ...]]
    """By set control number; those of an accepted set (IK501 E) are for our developers."""
    of_claims: dict[str, dict[str, tuple[Finding, ...]]] = field(default_factory=dict)
    """The same by set and by the claim that an error names (CTX); what names none is under the
    empty one."""

    def verdict(
        self, set_control_number: str | None, claim_number: str = ""
    ) -> ClaimVerdict | None:
        """The verdict on the claims of one set, with what was found in this one; None leaves them
        open."""
        number = set_control_number or ""
        accepted = self.others
        named = number in self.rejected_sets or number in self.accepted_sets
        if number in self.rejected_sets:
            accepted = False
        elif number in self.accepted_sets:
            accepted = True
        if accepted is None:
            return None
        findings = () if accepted else self._on_claim(number, claim_number)
        level: Level = "set" if named else "group"
        return ClaimVerdict(is_accepted=accepted, level=level, findings=findings)

    def _on_claim(self, number: str, claim_number: str) -> tuple[Finding, ...]:
        found = self.of_claims.get(number, {})
        whole = found.get("", ())
        if not found:
            return ()
        own = found.get(claim_number, ()) if claim_number else ()
        return (*own, *whole)[:FINDINGS_PER_CLAIM] or (OTHER_CLAIMS,)

    @property
    def outcome(self) -> Outcome:
        return Outcome.of(accepted=self.accepted_count, rejected=self.rejected_count)


def group_verdict(answer: Acknowledgment) -> GroupVerdict:
    """A and E proceed; P leaves only the named rejections; R, M, W and X reject the whole group."""
    whole_rejected = answer.code not in {"A", "E", "P"}
    rejected = {each.control_number for each in answer.sets if not each.is_accepted}
    accepted = {each.control_number for each in answer.sets if each.is_accepted}
    if whole_rejected:
        rejected, accepted = rejected | accepted, set()
    accepted_count = 0 if whole_rejected else answer.accepted_count
    of_claims = {each.control_number: _set_findings(each) for each in answer.sets}
    return GroupVerdict(
        group_control_number=answer.group_control_number,
        code=plain(answer.code),
        accepted_sets=frozenset(accepted),
        rejected_sets=frozenset(rejected),
        others=False if whole_rejected else (True if answer.is_accepted else None),
        accepted_count=accepted_count,
        rejected_count=max(answer.received_count - accepted_count, len(rejected)),
        findings={
            number: tuple(each for several in found.values() for each in several)
            for number, found in of_claims.items()
        },
        of_claims=of_claims,
    )


OTHER_CLAIMS = Finding(
    code="999.set", message="the set was rejected for what stands in other claims of it"
)


def _set_findings(answer: SetResponse) -> dict[str, tuple[Finding, ...]]:
    """By the claim that CTX*CLM01 names."""
    found: dict[str, list[Finding]] = {}
    for error in answer.errors:
        unit = next((each.value for each in error.contexts if each.name == BUSINESS_UNIT), "")
        found.setdefault(unit, []).extend(_segment_findings(error))
    if not answer.is_accepted and not any(found.values()):
        codes = ", ".join(plain(code) for code in answer.error_codes) or plain(answer.code)
        found[""] = [Finding(code="999.set", message=f"the set was rejected ({codes})")]
    return {unit: tuple(several) for unit, several in found.items()}


BUSINESS_UNIT = "CLM01"


def _segment_findings(error: SegmentError) -> Iterable[Finding]:
    place = f"segment {error.position}, {plain(error.segment_id)}"
    if error.loop:
        place += f" (loop {error.loop[:6]})"
    if not error.elements:
        code = plain(error.code)
        words = SEGMENT_WORDS.get(code, f"segment error {code}")
        yield Finding(code=f"999.segment.{code}", message=words, location=place)
    for element in error.elements:
        yield _element_finding(element, place)


def _element_finding(error: ElementError, place: str) -> Finding:
    """Without IK404: the bad value may be a patient's."""
    where = f"{place}, element {error.element}"
    if error.component:
        where += f"-{error.component}"
    code = plain(error.code)
    words = ELEMENT_WORDS.get(code, f"element error {code}")
    return Finding(code=f"999.element.{code}", message=words, location=where)


@dataclass(frozen=True, slots=True)
class BatchVerdict:
    """What a 277CA says of one batch. A rejection above covers everything below it."""

    batch_reference: str
    hop: Hop
    is_accepted: bool
    status_codes: tuple[StatusCode, ...]
    effective_on: date | None
    rejected_providers: dict[str, tuple[StatusCode, ...]]
    """By NPI: every claim of the provider in this batch is rejected, named or not."""
    claims: dict[str, ClaimVerdict]
    """By our patient control number."""


def batch_verdict(answer: ClaimAcknowledgment) -> BatchVerdict:
    return BatchVerdict(
        batch_reference=answer.batch_reference,
        hop="payer" if answer.is_from_payer else "clearinghouse",
        is_accepted=answer.is_accepted,
        status_codes=_codes(answer.statuses),
        effective_on=_day(answer.statuses),
        rejected_providers={
            each.provider.id: _codes(each.statuses)
            for each in answer.providers
            if not all(status.is_accepted for status in each.statuses)
        },
        claims={each.control_number: _on_claim(each) for each in answer.claims},
    )


def _on_claim(each: ClaimStatus) -> ClaimVerdict:
    codes = _codes(each.statuses)
    refused = () if each.is_accepted else _status_findings(codes)
    return ClaimVerdict(
        is_accepted=each.is_accepted,
        status_codes=codes,
        payer_claim_number=each.payer_claim_number or None,
        clearinghouse_trace_number=each.clearinghouse_trace_number or None,
        effective_on=_day(each.statuses),
        findings=(*refused, *_line_findings(each)),
    )


def claim_verdict(batch: BatchVerdict, sent: Submission) -> ClaimVerdict | None:
    """The verdict on one of our claims, or None when the file leaves it open: accepting a batch or
    a provider is not accepting a claim."""
    if not batch.is_accepted:
        return _covered(batch, batch.status_codes, "batch")
    provider_codes = batch.rejected_providers.get(sent.billing_npi)
    if provider_codes is not None:
        return _covered(batch, provider_codes, "provider")
    return batch.claims.get(sent.patient_control_number)


def _covered(batch: BatchVerdict, codes: tuple[StatusCode, ...], level: Level) -> ClaimVerdict:
    """Rejected because the batch or the provider was."""
    codes = codes[:FINDINGS_PER_CLAIM]
    return ClaimVerdict(
        is_accepted=False,
        status_codes=codes,
        effective_on=batch.effective_on,
        level=level,
        findings=_status_findings(codes),
    )


def _line_findings(claim: ClaimStatus) -> Iterable[Finding]:
    """2220D: the lines that the verdict on the claim is about, by our REF*6R."""
    for service in claim.services:
        number = service.line_control_number
        place = f"line {number}" if LINE_NUMBER.fullmatch(number) else "a line"
        for finding in _status_findings(_codes(service.statuses)):
            entity = f", {finding.location}" if finding.location else ""
            yield finding.model_copy(update={"location": place + entity})


def _codes(statuses: Sequence[Status]) -> tuple[StatusCode, ...]:
    return tuple(
        StatusCode(
            category_code=plain(code.category_code),
            status_code=plain(code.status_code),
            entity_code=plain(code.entity_code) if code.entity_code else None,
        )
        for status in statuses
        for code in status.codes
    )


def _day(statuses: Sequence[Status]) -> date | None:
    return max((each.effective_on for each in statuses if each.effective_on), default=None)


def _status_findings(codes: Sequence[StatusCode]) -> tuple[Finding, ...]:
    """In our words, by category. STC12 is left out: a payer may quote the patient in it."""
    return tuple(
        Finding(
            code=f"277CA.{code.category_code}.{code.status_code}",
            message=f"{CATEGORY_WORDS.get(code.category_code, 'category ' + code.category_code)}"
            f" (status {code.status_code})",
            location=f"entity {code.entity_code}" if code.entity_code else None,
        )
        for code in codes
    )


def interchange_verdict(*, code: str, note_code: str) -> ClaimVerdict:
    """A TA1 speaks of everything in the interchange: A and E let it pass, R and the rest do not."""
    note = plain(note_code)
    words = NOTE_WORDS.get(note, "the interchange was rejected")
    finding = Finding(code=f"TA1.{note}", message=f"{words} (note {note})")
    match code:
        case "A":
            return ClaimVerdict(is_accepted=True, level="interchange")
        case "E":
            noted = finding.model_copy(update={"severity": "warning"})
            return ClaimVerdict(is_accepted=True, level="interchange", findings=(noted,))
        case _:
            return ClaimVerdict(is_accepted=False, level="interchange", findings=(finding,))


def plain(code: str) -> str:
    """A code of X12, or a question mark for whatever else stands in its place."""
    return code if CODE.fullmatch(code) else UNREADABLE
