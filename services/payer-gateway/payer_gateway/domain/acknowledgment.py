"""999, TA1 and 277CA: which of our sets, batches and claims were taken, and by whom."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from payer_gateway.domain.lifecycle import Hop, Outcome
from payer_gateway.domain.submission import Submission
from rcm.contracts.payer import StatusCode
from rcm.contracts.values import Finding
from rcm_x12.ack_999 import Acknowledgment, ElementError, SegmentError, SetResponse
from rcm_x12.status_277ca import ClaimAcknowledgment, Status

Kind = Literal["TA1", "999", "277CA"]

# IK304 and IK403 in our own words; a code that is not here is shown as it is.
SEGMENT_WORDS = MappingProxyType(
    {
        "1": "the segment is not known",
        "2": "the segment is not expected here",
        "3": "a required segment is missing",
        "4": "the loop occurs too often",
        "5": "the segment occurs too often",
        "6": "the segment is not part of this set",
        "7": "the segment is out of order",
        "8": "the segment has element errors",
        "I4": "a segment that the guide does not use was sent",
        "I6": "a segment that the situation requires is missing",
        "I7": "the loop occurs too seldom",
        "I8": "the segment occurs too seldom",
        "I9": "a segment was sent that the situation does not allow",
    }
)
ELEMENT_WORDS = MappingProxyType(
    {
        "1": "a required element is missing",
        "2": "an element is missing that another one requires",
        "3": "there are too many elements",
        "4": "the element is too short",
        "5": "the element is too long",
        "6": "the element has a character that is not allowed",
        "7": "the code is not valid",
        "8": "the date is not valid",
        "9": "the time is not valid",
        "10": "an element is present that another one excludes",
        "12": "there are too many repetitions",
        "13": "there are too many components",
        "I6": "the code is not one of the guide's",
        "I9": "the guide requires this element",
        "I10": "the guide does not use this element",
        "I11": "the situation requires this element",
        "I12": "the situation does not allow this element",
        "I13": "the value does not fit the situation",
    }
)
CATEGORY_WORDS = MappingProxyType(
    {
        "A3": "returned as unprocessable",
        "A4": "not found",
        "A6": "rejected: information is missing",
        "A7": "rejected: information is invalid",
        "A8": "rejected: fields contradict each other",
    }
)


# TA105 in our own words, where a person can do something about it.
NOTE_WORDS = MappingProxyType(
    {
        "001": "ISA13 and IEA02 differ",
        "006": "the sender id is not known",
        "008": "the receiver id is not known",
        "009": "the receiver is not known",
        "022": "the control structure is wrong",
        "023": "the file ends too early",
        "024": "the content is wrong",
        "025": "this control number was used before",
    }
)


@dataclass(frozen=True, slots=True)
class ClaimVerdict:
    """What an acknowledgment says of one claim, by itself or by a whole that holds it."""

    is_accepted: bool
    status_codes: tuple[StatusCode, ...] = ()
    payer_claim_number: str | None = None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class GroupVerdict:
    """What a 999 says of one group that we sent."""

    group_control_number: str
    accepted_sets: frozenset[str]
    rejected_sets: frozenset[str]
    others: bool | None
    """The verdict on sets that it does not name; None when it leaves them open."""
    accepted_count: int
    rejected_count: int
    findings: dict[str, tuple[Finding, ...]]
    """By set control number."""

    def verdict(self, set_control_number: str | None) -> ClaimVerdict | None:
        """The verdict on the claims of one set; None leaves them open."""
        number = set_control_number or ""
        accepted = self.others
        if number in self.rejected_sets:
            accepted = False
        elif number in self.accepted_sets:
            accepted = True
        if accepted is None:
            return None
        findings = () if accepted else self.findings.get(number, ())
        return ClaimVerdict(is_accepted=accepted, findings=findings)

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
    return GroupVerdict(
        group_control_number=answer.group_control_number,
        accepted_sets=frozenset(accepted),
        rejected_sets=frozenset(rejected),
        others=False if whole_rejected else (True if answer.is_accepted else None),
        accepted_count=accepted_count,
        rejected_count=max(answer.received_count - accepted_count, len(rejected)),
        findings={each.control_number: _set_findings(each) for each in answer.sets},
    )


def _set_findings(answer: SetResponse) -> tuple[Finding, ...]:
    found = [each for error in answer.errors for each in _segment_findings(error)]
    if not answer.is_accepted and not found:
        codes = ", ".join(answer.error_codes) or answer.code
        found.append(Finding(code="999.set", message=f"the set was rejected ({codes})"))
    return tuple(found)


def _segment_findings(error: SegmentError) -> Iterable[Finding]:
    place = f"segment {error.position}, {error.segment_id}"
    if error.loop:
        place += f" (loop {error.loop})"
    if not error.elements:
        words = SEGMENT_WORDS.get(error.code, f"segment error {error.code}")
        yield Finding(code=f"999.segment.{error.code}", message=words, location=place)
    for element in error.elements:
        yield _element_finding(element, place)


def _element_finding(error: ElementError, place: str) -> Finding:
    """Without IK404: the bad value may be a patient's."""
    where = f"{place}, element {error.element}"
    if error.component:
        where += f"-{error.component}"
    words = ELEMENT_WORDS.get(error.code, f"element error {error.code}")
    return Finding(code=f"999.element.{error.code}", message=words, location=where)


@dataclass(frozen=True, slots=True)
class BatchVerdict:
    """What a 277CA says of one batch. A rejection above covers everything below it."""

    batch_reference: str
    hop: Hop
    is_accepted: bool
    status_codes: tuple[StatusCode, ...]
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
        rejected_providers={
            each.provider.id: _codes(each.statuses)
            for each in answer.providers
            if not all(status.is_accepted for status in each.statuses)
        },
        claims={
            each.control_number: ClaimVerdict(
                is_accepted=each.is_accepted,
                status_codes=_codes(each.statuses),
                payer_claim_number=each.payer_claim_number or None,
                findings=() if each.is_accepted else _status_findings(_codes(each.statuses)),
            )
            for each in answer.claims
        },
    )


def claim_verdict(batch: BatchVerdict, sent: Submission) -> ClaimVerdict | None:
    """The verdict on one of our claims, or None when the file leaves it open: accepting a batch or
    a provider is not accepting a claim."""
    if not batch.is_accepted:
        return _covered(batch.status_codes)
    provider_codes = batch.rejected_providers.get(sent.billing_npi)
    if provider_codes is not None:
        return _covered(provider_codes)
    return batch.claims.get(sent.patient_control_number)


def _covered(codes: tuple[StatusCode, ...]) -> ClaimVerdict:
    """Rejected because the batch or the provider was."""
    return ClaimVerdict(is_accepted=False, status_codes=codes, findings=_status_findings(codes))


def _codes(statuses: Sequence[Status]) -> tuple[StatusCode, ...]:
    return tuple(
        StatusCode(
            category_code=code.category_code,
            status_code=code.status_code,
            entity_code=code.entity_code or None,
        )
        for status in statuses
        for code in status.codes
    )


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


def interchange_verdict(*, is_accepted: bool, note_code: str) -> ClaimVerdict:
    """A TA1 speaks of everything in the interchange."""
    if is_accepted:
        return ClaimVerdict(is_accepted=True)
    words = NOTE_WORDS.get(note_code, "the interchange was rejected")
    finding = Finding(code=f"TA1.{note_code}", message=f"{words} (note {note_code})")
    return ClaimVerdict(is_accepted=False, findings=(finding,))
