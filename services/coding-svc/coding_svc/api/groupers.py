"""Groupers over REST: the DRG of a discharge with the Medicare Code Editor, and captured HCCs."""

import asyncio
from dataclasses import asdict
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from coding_svc.api.register import router
from coding_svc.codebook.catalogue import Catalogue
from coding_svc.groupers import Beneficiary, Capture, Discharge, Grouped, SecondaryDiagnosis
from coding_svc.groupers import capture as captured
from coding_svc.groupers import group as grouped
from coding_svc.groupers.drg import NoVersion
from coding_svc.storage import releases as storage
from rcm.contracts.bodies import Body
from rcm.errors import Pointer, Unprocessable
from rcm.service import RequestTx, ServiceResources

DIAGNOSES_MAX, PROCEDURES_MAX, HISTORY_MAX = 25, 25, 500
DiagnosisCode = Annotated[str, Field(pattern=r"^[A-Z][0-9A-Z][0-9A-Z](\.?[0-9A-Z]{1,4})?$")]
Age = Annotated[int, Field(ge=0, le=124)]


class DiagnosisBody(Body):
    """A diagnosis, with or without its dot, and whether it was present on admission."""

    code: DiagnosisCode
    present_on_admission: Literal["Y", "N", "U", "W", ""] = ""

    def value(self) -> SecondaryDiagnosis:
        return SecondaryDiagnosis(self.code.replace(".", ""), self.present_on_admission)


class DischargeBody(Body):
    """What a stay is grouped by; names nobody and is not kept."""

    discharged_on: date
    age_years: Age
    sex: Literal["M", "F", "U"] = "U"
    discharge_status: Annotated[str, Field(pattern=r"^[0-9]{2}$")] = "01"
    principal: DiagnosisBody
    secondary: Annotated[tuple[DiagnosisBody, ...], Field(max_length=DIAGNOSES_MAX)] = ()
    procedures: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[0-9A-HJ-NP-Z]{7}$")], ...],
        Field(max_length=PROCEDURES_MAX),
    ] = ()


class DrgDiagnosisView(BaseModel):
    """What a diagnosis did: whether the DRG would be another without it."""

    code: str
    severity: str
    is_driving: bool
    flags: list[str]


class McEditView(BaseModel):
    name: str
    count: int
    about: str
    stage: str


class DrgView(BaseModel):
    """The DRG; None with its reason when the stay cannot be grouped. The weight comes with the
    tenant's table of DRGs."""

    version: int
    drg: str | None
    title: str
    mdc: str
    severity: str
    return_code: str
    weight: str | None
    diagnoses: list[DrgDiagnosisView]
    edits: list[McEditView]

    @classmethod
    def of(cls, found: Grouped, weight: str | None) -> "DrgView":
        return cls(**asdict(found), weight=weight)


class BeneficiaryBody(Body):
    """What of a person the coefficients depend on; names nobody."""

    age_years: Age
    sex: Literal["M", "F"]
    dual_status: Annotated[str, Field(pattern=r"^(0[0-9]|10|99)$")] = "00"
    original_reason: Literal["0", "1", "2", "3"] = "0"
    is_new_enrollee: bool = False


class HccAsk(Body):
    """The diagnoses of a period, and those of the one before."""

    diagnosis_codes: Annotated[tuple[DiagnosisCode, ...], Field(max_length=HISTORY_MAX)]
    prior_diagnosis_codes: Annotated[tuple[DiagnosisCode, ...], Field(max_length=HISTORY_MAX)] = ()
    beneficiary: BeneficiaryBody
    model: Literal["V24", "V28", "RxHCC"] = "V28"


class HccView(BaseModel):
    """An HCC. `open` is one of before that nothing documents now: a question, never a code."""

    hcc: str
    label: str
    state: Literal["new", "recaptured", "open"]
    codes: list[str]
    is_chronic: bool
    coefficient: float | None


class HccsView(BaseModel):
    model: str
    hccs: list[HccView]
    risk_score: float
    demographic_score: float

    @classmethod
    def of(cls, found: Capture) -> "HccsView":
        return cls(**asdict(found))


@router.post("/discharges:group", scope="CodeSet.r", audit=False)
async def group_discharge(
    body: DischargeBody, tx: RequestTx, catalogue: ServiceResources
) -> DrgView:
    """The MS-DRG of a discharge, what drives it, and what the Medicare Code Editor says."""
    opened: Catalogue = catalogue
    discharge = Discharge(
        discharged_on=body.discharged_on,
        age_years=body.age_years,
        sex=body.sex,
        status=int(body.discharge_status),
        principal=body.principal.value(),
        secondary=tuple(each.value() for each in body.secondary),
        procedures=body.procedures,
    )
    try:
        found = await asyncio.to_thread(grouped, discharge)
    except NoVersion:
        reason = Pointer("/discharged_on", "lies outside the fiscal years that the grouper knows")
        raise Unprocessable("drg_version_missing", "No grouper for the day.", (reason,)) from None
    activated = await storage.activated(tx)
    weight = opened.drg_weight(activated, found.drg, body.discharged_on) if found.drg else None
    return DrgView.of(found, weight)


@router.post("/hccs:capture", scope="CodeSet.r", audit=False)
async def capture_hccs(body: HccAsk, tx: RequestTx) -> HccsView:
    """The HCCs that diagnoses speak for, beside those of the period before. Keeps nothing."""
    del tx
    asked = body.beneficiary
    found = await asyncio.to_thread(
        captured,
        [code.replace(".", "") for code in body.diagnosis_codes],
        Beneficiary(**asked.model_dump()),
        before=[code.replace(".", "") for code in body.prior_diagnosis_codes],
        model=body.model,
    )
    return HccsView.of(found)
