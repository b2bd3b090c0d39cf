"""DRGs, HCCs and the picker of procedures: what CMS's tables say of small, well-known cases."""

from datetime import date

import pytest

from coding_svc.domain.procedure_tables import Row, pick
from coding_svc.groupers import Beneficiary, Discharge, SecondaryDiagnosis, capture, group
from coding_svc.groupers.drg import NoVersion, version_of

DAY = date(2026, 5, 14)
VERSIONS = [400, 401, 410, 411, 420, 421, 430, 431, 440]


def discharge(principal: str, secondary: str = "", *, on: date = DAY) -> Discharge:
    return Discharge(
        discharged_on=on,
        age_years=70,
        sex="F",
        status=1,
        principal=SecondaryDiagnosis(principal, "Y"),
        secondary=tuple(SecondaryDiagnosis(code, "Y") for code in secondary.split()),
    )


# Principal, secondary, DRG, severity, which secondary diagnoses drive it.
GROUPED = [
    ("I5023", "", "293", "NONE", ""),
    ("I5023", "N179", "292", "CC", "N179"),
    ("I5023", "J9601", "291", "MCC", "J9601"),
    ("I5023", "J9601 N179", "291", "MCC", "J9601"),
    ("I5023", "N179 E871", "292", "CC", ""),
    ("J189", "", "195", "NONE", ""),
    ("A419", "R6521", "871", "MCC", "R6521"),
]


@pytest.mark.parametrize(("principal", "secondary", "drg", "severity", "driving"), GROUPED)
def test_a_discharge_has_its_drg_and_what_drives_it(
    principal: str, secondary: str, drg: str, severity: str, driving: str
) -> None:
    found = group(discharge(principal, secondary))
    assert (found.drg, found.severity) == (drg, severity)
    assert [each.code for each in found.diagnoses if each.is_driving] == driving.split()


@pytest.mark.parametrize(
    ("principal", "edit"),
    [("W19XXXA", "E_CODE_AS_PDX"), ("I10", "QUESTIONABLE_ADMISSION"), ("A999Z", "INVALID_CODE")],
)
def test_the_code_editor_has_its_say(principal: str, edit: str) -> None:
    assert edit in {each.name for each in group(discharge(principal)).edits}


def test_what_cannot_be_grouped_says_why() -> None:
    found = group(discharge("A999Z"))
    assert found.drg is None
    assert found.return_code != "OK"


@pytest.mark.parametrize(
    ("day", "version"),
    [
        (date(2022, 10, 1), 400),
        (date(2023, 3, 31), 400),
        (date(2023, 4, 1), 401),
        (date(2023, 9, 30), 401),
        (date(2026, 5, 14), 431),
        (date(2026, 10, 1), 440),
        (date(2027, 5, 1), 440),
        (date(2022, 9, 30), None),
        (date(2027, 10, 1), None),
    ],
)
def test_the_day_of_discharge_decides_the_version(day: date, version: int | None) -> None:
    assert version_of(day, VERSIONS) == version


def test_a_day_without_a_version_is_refused() -> None:
    with pytest.raises(NoVersion):
        group(discharge("I5023", on=date(2019, 1, 1)))


def test_hccs_are_new_recaptured_or_open() -> None:
    found = capture(["E119", "I509", "I10"], Beneficiary(70, "F"), before=["I5020", "J449", "I10"])
    assert {each.hcc: (each.state, each.codes) for each in found.hccs} == {
        "38": ("new", ("E119",)),
        "226": ("recaptured", ("I509",)),
        "280": ("open", ("J449",)),
    }
    assert found.risk_score > found.demographic_score > 0


@pytest.mark.parametrize(("model", "hcc"), [("V24", "19"), ("V28", "38"), ("RxHCC", "31")])
def test_each_model_has_its_own_categories(model: str, hcc: str) -> None:
    found = capture(["E119"], Beneficiary(70, "F"), model=model)  # type: ignore[arg-type]
    assert [each.hcc for each in found.hccs] == [hcc]


def test_a_code_without_an_hcc_adds_nothing() -> None:
    found = capture(["I10"], Beneficiary(70, "F"))
    assert found.hccs == ()
    assert found.risk_score == found.demographic_score


HEADS = {
    "0DB": ("Made", "Up", "Cut"),
    "0DT": ("Made", "Up", "Take"),
    "3E0": ("Given", "Body", "In"),
}
ROWS = (
    Row(({"5": "site five"}, {"0": "open"}, {"Z": "no device"}, {"X": "test", "Z": "none"})),
    Row(({"6": "site six"}, {"0": "open", "4": "scope"}, {"Z": "no device"}, {"Z": "none"})),
)
PICKED = [
    ("", True, False, 1, "0 3"),
    ("0", True, False, 2, "D"),
    ("0D", True, False, 3, "B T"),
    ("0DB", True, False, 4, "5 6"),
    ("0DB5", True, False, 5, "0"),
    ("0DB6", True, False, 5, "0 4"),
    ("0DB50Z", True, False, 7, "X Z"),
    ("0DB50ZX", True, True, None, ""),
    ("0DB60ZX", False, False, None, ""),
    ("0DB54", False, False, None, ""),
    ("9", False, False, None, ""),
    ("9ZZ", False, False, None, ""),
]


@pytest.mark.parametrize(("chosen", "is_legal", "is_complete", "next_axis", "choices"), PICKED)
def test_the_picker_offers_what_one_row_allows(
    chosen: str, *, is_legal: bool, is_complete: bool, next_axis: int | None, choices: str
) -> None:
    found = pick(chosen, HEADS, ROWS if chosen.startswith("0DB") else ())
    told = (found.is_legal, found.is_complete, found.next_axis)
    assert told == (is_legal, is_complete, next_axis)
    assert [each.value for each in found.choices] == choices.split()


def test_the_picker_says_what_was_chosen() -> None:
    assert pick("0DB64Z", HEADS, ROWS).labels == (
        "Made", "Up", "Cut", "site six", "scope", "no device",
    )  # fmt: skip
