"""`/edits:check`: every edit over a coding, before it is anybody's encounter."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from coding_svc.api.bodies import CodingBody
from coding_svc.api.register import router
from coding_svc.codebook.catalogue import Catalogue
from coding_svc.domain.codes import Books
from coding_svc.domain.edits import Case, EditFinding, PastService, PatientFacts, check, edits
from coding_svc.storage import releases as storage
from rcm.contracts.bodies import Body
from rcm.service import RequestTx, ServiceResources

CASES_MAX = 200
Code = Annotated[str, Field(pattern=r"^[0-9A-Z]{5}$")]


class PatientFactsBody(Body):
    """What of a patient matters to a code; names nobody and is not kept."""

    birth_date: Annotated[date, Field(repr=False)]
    sex: Literal["M", "F", "U"] = "U"


class PastServiceBody(Body):
    """A service of another claim of the same patient."""

    procedure_code: Code
    date_of_service: date
    quantity: Annotated[Decimal, Field(gt=0, le=Decimal("9999999.999"), decimal_places=3)] = (
        Decimal(1)
    )
    modifiers: Annotated[tuple[str, ...], Field(max_length=4)] = ()
    is_same_provider: bool = True


class CheckCreate(Body):
    """A coding to judge."""

    coding: CodingBody
    patient: PatientFactsBody | None = None
    history: Annotated[tuple[PastServiceBody, ...], Field(max_length=500)] = ()
    setting: Literal["practitioner", "outpatient_hospital", "dme"] = "practitioner"
    contractor: Annotated[str, Field(pattern=r"^([0-9A-Z]{5})?$")] = ""
    """The Medicare contractor whose articles judge medical necessity."""
    is_inpatient: bool = False


class CheckBatch(Body):
    """Several codings, judged in one go."""

    items: Annotated[tuple[CheckCreate, ...], Field(min_length=1, max_length=CASES_MAX)]


class EditFindingView(BaseModel):
    """A breach: the edit, where, what a payer would deny with, what mends it, who says so."""

    edit: str
    severity: Literal["error", "warning", "info"]
    message: str
    lines: list[int]
    """Line numbers from 1; the one that would be denied comes first."""
    diagnoses: list[int]
    """Positions from 1."""
    fix: str
    carc: str
    citation: str
    release_kind: str | None
    release: str | None
    is_overridable: bool

    @classmethod
    def of(cls, finding: EditFinding) -> "EditFindingView":
        return cls(
            edit=finding.edit,
            severity=finding.severity,
            message=finding.message,
            lines=list(finding.lines),
            diagnoses=list(finding.diagnoses),
            fix=finding.fix,
            carc=finding.carc,
            citation=finding.citation,
            release_kind=finding.release.kind if finding.release else None,
            release=finding.release.label if finding.release else None,
            is_overridable=finding.is_overridable,
        )


class CheckedView(BaseModel):
    """What the edits say of one coding; `valid` when none is an error."""

    valid: bool
    findings: list[EditFindingView]


class CheckedBatchView(BaseModel):
    """One result per coding, in their order."""

    items: list[CheckedView]


class EditView(BaseModel):
    """An edit: what it demands and where the rule is written."""

    edit: str
    severity: Literal["error", "warning", "info"]
    summary: str
    citation: str
    carc: str
    is_overridable: bool


class EditsView(BaseModel):
    items: list[EditView]


@router.get("/edits", scope="CodeSet.s")
async def get_edits(tx: RequestTx) -> EditsView:
    """Every edit."""
    del tx
    return EditsView(
        items=[
            EditView(
                edit=each.code,
                severity=each.severity,
                summary=" ".join(each.summary.split()),
                citation=each.source,
                carc=each.carc,
                is_overridable=each.is_overridable,
            )
            for _, each in sorted(edits().items())
        ]
    )


@router.post("/edits:check", scope="CodeSet.r", audit=False)
async def check_coding(
    body: CheckCreate, tx: RequestTx, catalogue: ServiceResources
) -> CheckedView:
    """Judge a coding. Keeps nothing."""
    return _judged(body, await _books(tx, catalogue, body))


@router.post("/edits:checkBatch", scope="CodeSet.r", audit=False)
async def check_codings(
    body: CheckBatch, tx: RequestTx, catalogue: ServiceResources
) -> CheckedBatchView:
    """Judge several codings. Keeps nothing."""
    activated = await storage.activated(tx)
    opened: Catalogue = catalogue
    return CheckedBatchView(
        items=[_judged(each, opened.books(activated, _day(each))) for each in body.items]
    )


async def _books(tx: RequestTx, catalogue: ServiceResources, body: CheckCreate) -> Books:
    opened: Catalogue = catalogue
    return opened.books(await storage.activated(tx), _day(body))


def _day(body: CheckCreate) -> date:
    coding = body.coding
    return (body.is_inpatient and coding.end_date_of_service) or coding.date_of_service


def _judged(body: CheckCreate, books: Books) -> CheckedView:
    patient = body.patient
    found = check(
        Case(
            coding=body.coding.coding,
            books=books,
            patient=PatientFacts(patient.birth_date, patient.sex) if patient else None,
            history=tuple(PastService(**each.model_dump()) for each in body.history),
            setting=body.setting,
            contractor=body.contractor,
            is_inpatient=body.is_inpatient,
        )
    )
    return CheckedView(
        valid=not any(each.severity == "error" for each in found),
        findings=[EditFindingView.of(each) for each in found],
    )
