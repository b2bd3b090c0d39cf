"""What arrives uncoded: a visit with its people, its coverages, its charges and its documents."""

from dataclasses import dataclass, field
from uuid import UUID

from coding_svc.domain.changes import By, Change, NewEncounter, open_encounter
from coding_svc.domain.codes import Setting
from coding_svc.domain.desk import verbs
from coding_svc.domain.desk.chart import Chart, ChartStep
from coding_svc.domain.desk.document import DocumentText
from coding_svc.domain.encounter import Coding
from rcm.contracts.values import Persons


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit as its sender knows it. What of its codes is known already (charges of a
    chargemaster, diagnoses of the record) is in `coding`, for a coder to look at."""

    external_id: str
    patient_external_id: str = field(repr=False)
    coding: Coding
    persons: Persons = field(repr=False)
    kind: str = "office"
    is_inpatient: bool = False
    setting: Setting = "practitioner"
    contractor: str = ""
    expected_cents: int | None = None
    """What the visit will bring; without it, the sum of its charges."""
    documents: tuple[DocumentText, ...] = ()


@dataclass(frozen=True, slots=True)
class Received:
    """A visit's encounter and its chart."""

    change: Change
    chart: ChartStep


def receive(visit: Visit, *, tenant_id: UUID, encounter_id: UUID, patient_id: UUID, by: By
            ) -> Received:  # fmt: skip
    """Open a draft of the encounter and put its chart on the desk."""
    new = NewEncounter(
        tenant_id=tenant_id,
        encounter_id=encounter_id,
        external_id=visit.external_id,
        patient_id=patient_id,
        coding=visit.coding,
        persons=visit.persons,
    )
    coding = visit.coding
    charged = sum(line.charge_amount_cents or 0 for line in coding.lines)
    chart = Chart(
        tenant_id=tenant_id,
        encounter_id=encounter_id,
        version=1,
        stage="to_code",
        kind=visit.kind,
        last_day=coding.end_date_of_service or coding.date_of_service,
        received_at=by.now,
        updated_at=by.now,
        is_inpatient=visit.is_inpatient,
        setting=visit.setting,
        contractor=visit.contractor,
        diagnoses=coding.diagnoses,
        lines=coding.lines,
        expected_cents=charged if visit.expected_cents is None else visit.expected_cents,
        is_read=not visit.documents,
    )
    return Received(open_encounter(new, finalize=False, by=by), verbs.received(chart, by=by))
