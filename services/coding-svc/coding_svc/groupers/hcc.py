"""HCCs: what the diagnoses of a period say for risk adjustment, and which of last year's are not
documented again. Capture, not invention: an HCC that is open is a question to the record, never a
code."""

import threading
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

Model = Literal["V24", "V28", "RxHCC"]
HccState = Literal["new", "recaptured", "open"]
_MODELS: dict[Model, str] = {
    "V24": "CMS-HCC Model V24",
    "V28": "CMS-HCC Model V28",
    "RxHCC": "RxHCC Model V08",
}


@dataclass(frozen=True, slots=True)
class Beneficiary:
    """What of a person the coefficients depend on; names nobody."""

    age_years: int
    sex: Literal["M", "F"]
    dual_status: str = "00"
    original_reason: str = "0"
    is_new_enrollee: bool = False


@dataclass(frozen=True, slots=True)
class HccFound:
    """One HCC: the diagnoses behind it, and whether it was there before."""

    hcc: str
    label: str
    state: HccState
    codes: tuple[str, ...]
    is_chronic: bool
    coefficient: float | None


@dataclass(frozen=True, slots=True)
class Capture:
    """The HCCs of a period beside those of the period before."""

    model: str
    hccs: tuple[HccFound, ...]
    risk_score: float
    demographic_score: float


def capture(
    codes: Sequence[str],
    beneficiary: Beneficiary,
    *,
    before: Sequence[str] = (),
    model: Model = "V28",
) -> Capture:
    """Codes have no dot. `before` are the diagnoses of the period before."""
    now = _calculated(model, codes, beneficiary)
    then = _calculated(model, before, beneficiary) if before else None
    known = {each.hcc for each in then.hcc_details} if then else set()
    found = [
        _found(each, now, "recaptured" if each.hcc in known else "new") for each in now.hcc_details
    ]
    mine = {each.hcc for each in found}
    if then:
        found += [
            _found(each, then, "open")
            for each in then.hcc_details
            if each.hcc not in mine and each.is_chronic
        ]
    return Capture(
        model=str(now.model_name),
        hccs=tuple(sorted(found, key=lambda each: (each.state == "open", int(each.hcc)))),
        risk_score=round(now.risk_score, 4),
        demographic_score=round(now.risk_score_demographics, 4),
    )


def _found(detail: Any, result: Any, state: HccState) -> HccFound:
    return HccFound(
        hcc=str(detail.hcc),
        label=detail.label or "",
        state=state,
        codes=tuple(sorted(result.cc_to_dx.get(str(detail.hcc), ()))),
        is_chronic=bool(detail.is_chronic),
        coefficient=detail.coefficient,
    )


def _calculated(model: Model, codes: Sequence[str], beneficiary: Beneficiary) -> Any:
    with _lock():
        return _opened(model).calculate_from_diagnosis(
            list(codes),
            {
                "age": beneficiary.age_years,
                "sex": beneficiary.sex,
                "dual_elgbl_cd": beneficiary.dual_status,
                "orec": beneficiary.original_reason,
                "crec": beneficiary.original_reason,
                "new_enrollee": beneficiary.is_new_enrollee,
            },
        )


@lru_cache(1)
def _lock() -> threading.Lock:
    """The library's models are kept; nothing says that threads may share them."""
    return threading.Lock()


@lru_cache(len(_MODELS))
def _opened(model: Model) -> Any:
    with warnings.catch_warnings():
        # It warns of its own models while it reads them.
        warnings.simplefilter("ignore")
        from hccinfhir import HCCInFHIR  # noqa: PLC0415 - 100 MB, and most never ask

        return HCCInFHIR(model_name=_MODELS[model])
