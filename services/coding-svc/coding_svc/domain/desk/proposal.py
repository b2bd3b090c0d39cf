"""A suggestion on a chart: what was proposed from which words, and what a coder made of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from coding_svc.domain.changes import By
from coding_svc.domain.desk.chart import Chart
from coding_svc.domain.encounter import CodedDiagnosis, CodedLine
from coding_svc.domain.suggestions import Suggestion
from rcm.contracts.coding import SuggestionDecided
from rcm.ids import derived_id

Status = Literal["open", "accepted", "edited", "rejected", "superseded"]
Decision = Literal["accept", "edit", "reject"]
DECIDED: dict[Decision, Status] = {
    "accept": "accepted", "edit": "edited", "reject": "rejected",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Proposal:
    """`decided_code` is the code that a coder took: the suggested one, or the one in its place."""

    tenant_id: UUID
    suggestion_id: UUID
    encounter_id: UUID
    document_id: UUID
    document_version: int
    suggestion: Suggestion = field(repr=False)
    made_at: datetime
    status: Status = "open"
    decided_code: str = ""
    reason_code: str = ""
    decided_by: str = ""
    decided_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """The document that suggestions were made from."""

    tenant_id: UUID
    encounter_id: UUID
    document_id: UUID
    version: int


def proposed(source: Source, suggestions: Sequence[Suggestion], now: datetime) -> list[Proposal]:
    """Each under an id that reading the same version again makes again."""
    return [
        Proposal(
            tenant_id=source.tenant_id,
            suggestion_id=derived_id(source.document_id, source.version, each.system, each.code),
            encounter_id=source.encounter_id,
            document_id=source.document_id,
            document_version=source.version,
            suggestion=each,
            made_at=now,
        )
        for each in suggestions
    ]


def decide(proposal: Proposal, decision: Decision, *, code: str, reason: str, by: By) -> Proposal:
    """The proposal as a coder left it. A later decision replaces an earlier one."""
    taken = {"accept": proposal.suggestion.code, "edit": code, "reject": ""}[decision]
    return replace(
        proposal,
        status=DECIDED[decision],
        decided_code=taken,
        reason_code=reason,
        decided_by=by.actor,
        decided_at=by.now,
    )


@dataclass(frozen=True, slots=True)
class Codes:
    """What is worked on of a chart."""

    diagnoses: tuple[CodedDiagnosis, ...]
    lines: tuple[CodedLine, ...]


def codes_after(chart: Chart, before: Proposal, after: Proposal, day: date) -> Codes:
    """The chart's codes once a decision holds: what was taken before by this suggestion goes, what
    is taken now comes; what the coder entered by hand stays."""
    codes = Codes(chart.diagnoses, chart.lines)
    if before.decided_code and before.decided_code != after.decided_code:
        if after.decided_code and _may_stand_in(codes, before, after):
            return _in_place(codes, before.decided_code, after.decided_code)
        codes = _without(codes, before)
    if after.decided_code:
        codes = _with(codes, after, day)
    return codes


def _may_stand_in(codes: Codes, before: Proposal, after: Proposal) -> bool:
    """Whether another diagnosis can take the place of the first: its rank and its pointers."""
    known = {each.code for each in codes.diagnoses}
    return (
        after.suggestion.system == "icd10cm"
        and before.decided_code in known
        and after.decided_code not in known
    )


def _in_place(codes: Codes, gone: str, code: str) -> Codes:
    diagnoses = tuple(
        replace(each, code=code) if each.code == gone else each for each in codes.diagnoses
    )
    return Codes(diagnoses, codes.lines)


def _with(codes: Codes, proposal: Proposal, day: date) -> Codes:
    code = proposal.decided_code
    if proposal.suggestion.system != "icd10cm":
        known = {line.procedure_code for line in codes.lines}
        pointers = (0,) if codes.diagnoses else ()
        added = () if code in known else (CodedLine(code, day, pointers),)
        return Codes(codes.diagnoses, codes.lines + added)
    if code in {each.code for each in codes.diagnoses}:
        return codes
    return Codes((*codes.diagnoses, CodedDiagnosis(code, _type(codes.diagnoses))), codes.lines)


def _without(codes: Codes, proposal: Proposal) -> Codes:
    code = proposal.decided_code
    if proposal.suggestion.system != "icd10cm":
        return Codes(codes.diagnoses, tuple(x for x in codes.lines if x.procedure_code != code))
    gone = next((at for at, each in enumerate(codes.diagnoses) if each.code == code), None)
    if gone is None:
        return codes
    kept = [each for each in codes.diagnoses if each.code != code]
    diagnoses = tuple(
        replace(each, code_type="ABF" if at else "ABK") for at, each in enumerate(kept)
    )
    lines = tuple(replace(line, diagnosis_pointers=_repointed(line, gone)) for line in codes.lines)
    return Codes(diagnoses, lines)


def _repointed(line: CodedLine, gone: int) -> tuple[int, ...]:
    """Pointers that still mean the same diagnoses after one has gone."""
    return tuple(at - (at > gone) for at in line.diagnosis_pointers if at != gone)


def _type(diagnoses: Sequence[CodedDiagnosis]) -> Literal["ABK", "ABF"]:
    return "ABF" if diagnoses else "ABK"


def decided(proposal: Proposal) -> SuggestionDecided:
    """The event of a decision."""
    found = proposal.suggestion
    assert proposal.decided_at is not None  # noqa: S101 - it was just decided
    assert proposal.status in ("accepted", "edited", "rejected")  # noqa: S101 - as above
    return SuggestionDecided(
        tenant_id=proposal.tenant_id,
        encounter_id=proposal.encounter_id,
        suggestion_id=proposal.suggestion_id,
        decided_at=proposal.decided_at,
        decided_by=proposal.decided_by,
        decision=proposal.status,
        system=found.system,
        code=found.code,
        decided_code=proposal.decided_code or None,
        reason_code=proposal.reason_code or None,
        method=found.method,
        score_permille=round(min(1.0, max(0.0, found.score)) * 1000),
        release_kind=found.release.kind,
        release=found.release.label,
    )
