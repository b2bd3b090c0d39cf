"""A chart's documents are read: suggestions are made, the chart goes to its team, and where a rule
of the tenant allows it, its codes leave without a person."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from coding_svc.codebook.catalogue import Catalogue
from coding_svc.desk.leaving import Work, judged, leave, open_review
from coding_svc.domain.changes import By
from coding_svc.domain.desk import verbs
from coding_svc.domain.desk.chart import Chart, ChartStep
from coding_svc.domain.desk.proposal import Proposal, Source, codes_after, decide, decided, proposed
from coding_svc.domain.desk.rules import DeskRule, Release, Withheld, held_by, release, routed
from coding_svc.domain.notes import unreadable
from coding_svc.domain.suggestions import SuggestionSettings, suggest
from coding_svc.storage import charts, documents, encounters, releases, rules, suggestions
from rcm.db import Tx
from rcm.events import publish

READER = "reader"


@dataclass(frozen=True, slots=True)
class WasRead:
    """What came of a reading. `withheld` says why the chart waits for a coder."""

    chart: Chart
    suggestions: int
    released_by: str
    withheld: tuple[str, ...]


async def read_chart(
    tx: Tx, catalogue: Catalogue, chart_id: UUID, *, now: datetime
) -> WasRead | None:
    """Read the newest versions of its documents; None without such a chart."""
    encounter = await encounters.load(tx, chart_id, lock=True, with_persons=True)
    chart = await charts.load(tx, chart_id, lock=True)
    if encounter is None or chart is None:
        return None
    made = await _suggested(tx, catalogue, chart, now)
    await suggestions.add(tx, chart_id, made)
    await charts.mark_read(tx, chart_id)
    chart = replace(chart, is_read=True)
    if chart.stage != "to_code" or chart.begun_at is not None:
        return WasRead(chart, len(made), "", ("in_hand",))
    known = await rules.all_of(tx)
    work = Work.of(encounter, await _routed(tx, known, Work.of(encounter, chart), now))
    facts = work.facts(READER)
    found = release(known, facts, await suggestions.of_chart(tx, chart_id), chart_id)
    if isinstance(found, Withheld):
        return WasRead(work.chart, len(made), "", found.reasons)
    return await _release(tx, catalogue, work, found, now=now, made=len(made))


async def _suggested(tx: Tx, catalogue: Catalogue, chart: Chart, now: datetime) -> list[Proposal]:
    """Suggestions from every document. Without the code set there are none, and a coder codes."""
    book = catalogue.suggestion_book(await releases.activated(tx), chart.last_day)
    if book is None:
        return []
    settings = SuggestionSettings(is_inpatient=chart.is_inpatient)
    made: dict[tuple[str, str], Proposal] = {}
    for each in await documents.of_chart(tx, chart.encounter_id):
        opened = await documents.text_of(tx, each.document_id, each.version)
        if opened is None or opened.text is None or unreadable(opened.text) is not None:
            continue
        # Tens of milliseconds of work: other requests go on meanwhile.
        found = await asyncio.to_thread(
            suggest, opened.text, chart.last_day, book, settings=settings
        )
        source = Source(chart.tenant_id, chart.encounter_id, each.document_id, each.version)
        for proposal in proposed(source, found, now):
            key = (proposal.suggestion.system, proposal.suggestion.code)
            known = made.get(key)
            if known is None or known.suggestion.score < proposal.suggestion.score:
                made[key] = proposal
    return list(made.values())


async def _routed(tx: Tx, known: list[DeskRule], work: Work, now: datetime) -> Chart:
    """The chart with its team and its place in the worklist, by the first rule that matches."""
    chart = work.chart
    effect = routed(known, work.facts(READER))
    if effect is None or chart.team or chart.assigned_to:
        return chart
    boosted = replace(chart, boost_days=effect.boost_days)
    step = verbs.assign(boosted, team=effect.team, assigned_to="", by=By(READER, now))
    if not isinstance(step, ChartStep):
        return chart
    await charts.change(tx, step)
    return step.chart


async def _release(
    tx: Tx, catalogue: Catalogue, work: Work, found: Release, *, now: datetime, made: int
) -> WasRead:
    """Take the suggestions, judge, let the codes go; leave all as it was when an edit speaks."""
    by = By(f"rule:{found.rule}", now)
    chart, taken = work.chart, []
    day = work.coding.date_of_service
    for proposal in found.proposals:
        accepted = decide(proposal, "accept", code="", reason="", by=by)
        codes = codes_after(chart, proposal, accepted, day)
        chart = replace(chart, diagnoses=codes.diagnoses, lines=codes.lines)
        taken.append(accepted)
    # A charge points at the principal diagnosis unless its sender said otherwise.
    lines = tuple(
        line if line.diagnosis_pointers else replace(line, diagnosis_pointers=(0,))
        for line in chart.lines
    )
    work = Work.of(work.encounter, replace(chart, lines=lines))
    against = await judged(tx, catalogue, work, by=by)
    held = (*(f"stop:{each.code}" for each in against.stops), *held_by(against.findings))
    if held:
        return WasRead(Work.of(work.encounter, chart).chart, made, "", held)
    await suggestions.decide(tx, taken)
    await publish(tx, [decided(each) for each in taken])
    if found.is_sampled:
        await open_review(tx, work, "sample", rule=found.rule, coder=by.actor, by=by)
    left = await leave(tx, work, coded=by, by=by, released_by=by.actor)
    return WasRead(left, made, by.actor, ())
