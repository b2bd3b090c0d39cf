"""Codes leave the desk: judged by every stop and edit, overridden where a rule allows it, looked at
a second time where a rule wants it, and published."""

from dataclasses import dataclass, replace
from datetime import timedelta

from coding_svc.codebook.catalogue import Catalogue
from coding_svc.domain import edits
from coding_svc.domain.changes import By, Change, amend, finalize
from coding_svc.domain.desk import verbs
from coding_svc.domain.desk.chart import Chart, StageRefused
from coding_svc.domain.desk.criteria import Facts, facts_of
from coding_svc.domain.desk.review import Review, ReviewKind
from coding_svc.domain.edits import Case, EditFinding, PatientFacts
from coding_svc.domain.encounter import Coding, Encounter
from coding_svc.domain.stops import check
from coding_svc.storage import charts, encounters, releases, reviews
from rcm.contracts.values import Finding
from rcm.db import Tx
from rcm.errors import Conflict
from rcm.events import publish
from rcm.ids import new_id

# The longest global period (90 days and one before), and what is repeated within it.
HISTORY_DAYS = 120


@dataclass(frozen=True, slots=True)
class Work:
    """An encounter with its persons, its chart, and the coding that would leave."""

    encounter: Encounter
    chart: Chart
    coding: Coding

    @classmethod
    def of(cls, encounter: Encounter, chart: Chart) -> "Work":
        coding = replace(encounter.coding, diagnoses=chart.diagnoses, lines=chart.lines)
        return cls(encounter, chart, coding)

    def facts(self, coder: str) -> Facts:
        return facts_of(self.chart, self.coding, coder=coder)


@dataclass(frozen=True, slots=True)
class Judged:
    """Everything that speaks against a coding: `stops` of its shape, `findings` of its codes."""

    stops: tuple[Finding, ...]
    findings: tuple[EditFinding, ...]

    def blocking(self, overridden: frozenset[str]) -> tuple[EditFinding, ...]:
        """Errors that nobody has overridden, or that nobody may."""
        return tuple(
            each
            for each in self.findings
            if each.severity == "error" and not (each.is_overridable and each.edit in overridden)
        )


async def judged(tx: Tx, catalogue: Catalogue, work: Work, *, by: By) -> Judged:
    """Every stop and every edit, with the patient's other visits as history."""
    coding, chart = work.coding, work.chart
    day = (chart.is_inpatient and coding.end_date_of_service) or coding.date_of_service
    persons = work.encounter.persons
    past = await encounters.past_services(
        tx, work.encounter, coding, since=coding.date_of_service - timedelta(days=HISTORY_DAYS)
    )
    case = Case(
        coding=coding,
        books=catalogue.books(await releases.activated(tx), day),
        patient=PatientFacts(persons.patient.birth_date, persons.patient.sex) if persons else None,
        history=tuple(past),
        setting=chart.setting,
        contractor=chart.contractor,
        is_inpatient=chart.is_inpatient,
    )
    return Judged(check(coding, today=by.now.date()), edits.check(case))


async def leave(tx: Tx, work: Work, *, coded: By, by: By, released_by: str) -> Chart:
    """Publish the codes as the next revision and lay the chart aside. `coded` says whose coding it
    is, `by` who lets it go."""
    encounter = work.encounter
    if encounter.status == "coded":
        assert encounter.persons is not None  # noqa: S101 - every caller loads them
        changed = amend(
            encounter, work.coding, encounter.persons, reason="reopened on the desk", by=coded
        )
    else:
        changed = finalize(replace(encounter, coding=work.coding), by=coded)
    if not isinstance(changed, Change) or changed.encounter.status != "coded":
        raise Conflict("status_refuses", "The encounter does not allow this any more.")
    await encounters.change(tx, changed)
    await publish(tx, changed.events)
    step = verbs.finish(work.chart, changed.encounter.revision, by=by, released_by=released_by)
    if isinstance(step, StageRefused):
        raise Conflict("stage_refuses", f"A chart that is {step.stage} does not allow this.")
    await charts.change(tx, step)
    return step.chart


async def open_review(
    tx: Tx, work: Work, kind: ReviewKind, *, rule: str, coder: str, by: By
) -> Review:
    """Somebody else is to read this coding."""
    coding = work.coding
    provider = coding.rendering_provider or coding.billing_provider
    review = Review(
        tenant_id=work.chart.tenant_id,
        review_id=new_id(),
        encounter_id=work.chart.encounter_id,
        revision=work.encounter.revision + 1,
        kind=kind,
        coder=coder,
        provider_npi=provider.npi,
        payer_id=coding.coverages[0].payer_id if coding.coverages else "",
        coding=coding,
        opened_at=by.now,
        rule=rule,
        charge_cents=work.chart.expected_cents,
    )
    await reviews.add(tx, [review])
    return review
