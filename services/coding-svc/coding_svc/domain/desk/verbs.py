"""The verbs of a chart. Each answers with a step, or with the stage that refuses it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from coding_svc.domain.changes import By
from coding_svc.domain.desk.chart import (
    SESSION_SECONDS_MAX,
    TRANSITIONS,
    Action,
    Chart,
    ChartEntry,
    ChartStep,
    Stage,
    StageRefused,
)
from coding_svc.domain.encounter import CodedDiagnosis, CodedLine, Coding

Outcome = ChartStep | StageRefused


@dataclass(frozen=True, slots=True)
class Told:
    """What goes into the history beside the stages."""

    details: Mapping[str, object]
    words: str = ""


NOTHING = Told({})


def received(chart: Chart, *, by: By) -> ChartStep:
    """A chart's first row."""
    entry = ChartEntry(chart.version, "received", None, chart.stage, by.actor, by.now)
    return ChartStep(chart, entry)


def take(chart: Chart, *, by: By) -> Outcome:
    """Somebody begins to work on it."""
    if chart.stage != "to_code":
        return StageRefused(chart.stage)
    return _step(chart, "to_code", "taken", by, assigned_to=by.actor, begun_at=by.now)


def assign(chart: Chart, *, team: str, assigned_to: str, by: By) -> Outcome:
    """Give it to a team or to somebody; both empty put it back for all."""
    if chart.stage in ("done", "voided"):
        return StageRefused(chart.stage)
    told = Told({"team": team, "assigned_to": assigned_to})
    return _step(chart, chart.stage, "assigned", by, told=told, team=team, assigned_to=assigned_to)


def code(
    chart: Chart,
    diagnoses: tuple[CodedDiagnosis, ...],
    lines: tuple[CodedLine, ...],
    *,
    by: By,
) -> Outcome:
    """Replace the codes that are worked on."""
    if chart.stage != "to_code":
        return StageRefused(chart.stage)
    told = Told({"diagnoses": len(diagnoses), "lines": len(lines)})
    begun = chart.begun_at or by.now
    return _step(
        chart, "to_code", "coded", by,
        told=told, diagnoses=diagnoses, lines=lines, begun_at=begun, is_reviewed=False,
    )  # fmt: skip


def pend(chart: Chart, reason: str, until: date | None, *, words: str, by: By) -> Outcome:
    """Lay it aside for a reason, until a day or until somebody returns it."""
    if chart.stage not in ("to_code", "pended"):
        return StageRefused(chart.stage)
    told = Told({"reason": reason, "until": until.isoformat() if until else ""}, words)
    return _step(chart, "pended", "pended", by, told=told, pend_reason=reason, pend_until=until)


def give_back(chart: Chart, *, words: str, by: By) -> Outcome:
    """A pended chart goes on; a queried one goes on without its answer."""
    if chart.stage not in ("pended", "queried"):
        return StageRefused(chart.stage)
    told = Told({"reason": chart.pend_reason}, words)
    return _step(chart, "to_code", "returned", by, told=told, pend_reason="", pend_until=None)


def wait_for_answer(chart: Chart, query_id: str, *, by: By) -> Outcome:
    """A query went out that the coding depends on."""
    if chart.stage not in ("to_code", "queried"):
        return StageRefused(chart.stage)
    return _step(chart, "queried", "queried", by, told=Told({"query_id": query_id}))


def note_answer(chart: Chart, query_id: str, *, by: By) -> Outcome:
    """The answer came. A chart that did not wait for it stays where it is."""
    if chart.stage == "voided":
        return StageRefused(chart.stage)
    stage: Stage = "to_code" if chart.stage == "queried" else chart.stage
    return _step(chart, stage, "answered", by, told=Told({"query_id": query_id}))


def document(chart: Chart, document_id: str, version: int, *, by: By) -> Outcome:
    """A document came, or a newer version of one: it is to be read."""
    if chart.stage == "voided":
        return StageRefused(chart.stage)
    told = Told({"document_id": document_id, "document_version": version})
    return _step(chart, chart.stage, "documented", by, told=told, is_read=False)


def note_decision(chart: Chart, details: Mapping[str, object], *, by: By, **codes: Any) -> Outcome:
    """A suggestion was accepted, changed or refused; `codes` are what follows for the work."""
    if chart.stage != "to_code":
        return StageRefused(chart.stage)
    begun = chart.begun_at or by.now
    told = Told(details)
    return _step(chart, "to_code", "suggestion_decided", by, told=told, begun_at=begun, **codes)


def send_to_review(chart: Chart, review_id: str, rule: str, *, by: By) -> Outcome:
    """The coder is done; a rule wants a second pair of eyes before the codes leave."""
    if chart.stage != "to_code":
        return StageRefused(chart.stage)
    told = Told({"review_id": review_id, "rule": rule})
    return _step(chart, "in_review", "sent_to_review", by, told=told)


def send_back(chart: Chart, review_id: str, *, by: By) -> Outcome:
    """The reviewer disagrees: the coder looks again, and the next try may leave."""
    if chart.stage != "in_review":
        return StageRefused(chart.stage)
    told = Told({"review_id": review_id})
    return _step(chart, "to_code", "sent_back", by, told=told, is_reviewed=True)


def finish(chart: Chart, revision: int, *, by: By, released_by: str = "coder") -> Outcome:
    """The codes have left."""
    if "done" not in TRANSITIONS[chart.stage] or chart.stage == "done":
        return StageRefused(chart.stage)
    told = Told({"revision": revision, "released_by": released_by})
    return _step(chart, "done", "finalized", by, told=told, released_by=released_by)


def reopen(chart: Chart, coding: Coding, *, words: str, by: By) -> Outcome:
    """Codes that have left are worked on again; until they leave anew, the old ones stand."""
    if chart.stage != "done":
        return StageRefused(chart.stage)
    return _step(
        chart, "to_code", "reopened", by,
        told=Told({}, words), diagnoses=coding.diagnoses, lines=coding.lines,
        is_reviewed=False, released_by="", assigned_to=by.actor, begun_at=by.now, work_seconds=0,
    )  # fmt: skip


def void(chart: Chart, reason_code: str, *, by: By) -> Outcome:
    """The encounter must not be billed."""
    if "voided" not in TRANSITIONS[chart.stage]:
        return StageRefused(chart.stage)
    return _step(chart, "voided", "voided", by, told=Told({"reason": reason_code}))


def _step(
    chart: Chart, stage: Stage, action: Action, by: By, *, told: Told = NOTHING, **changes: Any
) -> ChartStep:
    if stage not in TRANSITIONS[chart.stage]:
        raise ValueError(f"{action} leads from {chart.stage} to {stage}, which the table forbids")
    worked = chart.work_seconds
    if stage != "to_code":
        worked += _session(chart, by)
        changes["begun_at"] = None
    changed = replace(
        chart,
        stage=stage,
        version=chart.version + 1,
        updated_at=by.now,
        **{"work_seconds": worked} | changes,
    )
    entry = ChartEntry(
        changed.version, action, chart.stage, stage, by.actor, by.now,
        told.details, told.words, changed.work_seconds,
    )  # fmt: skip
    return ChartStep(changed, entry)


def _session(chart: Chart, by: By) -> int:
    """Seconds since the work on it began."""
    if chart.begun_at is None:
        return 0
    return min(SESSION_SECONDS_MAX, max(0, int((by.now - chart.begun_at).total_seconds())))
