"""The code sets and the edits over REST, and releases put in force from the command line."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from coding_svc.app import service
from coding_svc.codebook import starter
from coding_svc.codebook.faults import LoadRefused
from coding_svc.commands.codes import app, put_in_force
from coding_svc.domain.release import Release
from rcm.contracts.coding import CodeSetActivated
from rcm.testing.service import ServiceUnderTest, eventually, service_under_test

NOW = datetime(2026, 5, 14, tzinfo=UTC)
LIMITS = (
    "HCPCS/CPT Code,Practitioner Services MUE Values,MUE Adjudication Indicator,MUE Rationale\n"
    "10002,2,2 Policy,made up\n"
)
LINE = {"procedure_code": "10002", "diagnosis_pointers": [0], "date_of_service": "2026-05-14"}
CODING = {
    "date_of_service": "2026-05-14",
    "place_of_service_code": "11",
    "billing_provider": {"npi": "1234567893", "name": "Demo Clinic"},
    "diagnoses": [{"code": "E11.9", "code_type": "ABK"}, {"code": "E10.9", "code_type": "ABF"}],
    "lines": [{**LINE, "quantity": "3"}],
}


@pytest.fixture(scope="module")
def shelf() -> Path:
    """The shelf that the run's stacks share."""
    directory = Path(os.environ["RCM_CODES_DIR"])
    starter.put(directory)
    return directory


@pytest.fixture
async def coding(servers: Any, shelf: Path) -> AsyncIterator[ServiceUnderTest]:
    del shelf
    async with service_under_test(service, servers.postgres_admin_url) as found:
        yield found


async def asked(coding: ServiceUnderTest, path: str, **options: Any) -> Any:
    async with coding.client("CodeSet.rs", tenant=options.pop("tenant", None)) as client:
        answer = await client.get(path, **options)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_what_judges_a_day_and_what_is_missing(coding: ServiceUnderTest) -> None:
    found = await asked(coding, "/code-sets?effective_on=2026-05-14")
    assert {(each["kind"], each["release"]) for each in found["items"]} == {
        (kind, "2026-04") for kind in ("icd10cm", *starter.TABLES)
    }
    missing = {each["kind"]: each["bring"] for each in found["missing"]}
    assert missing["ncci-ptp-practitioner"] == "the quarterly PTP file set"
    assert (await asked(coding, "/code-sets?effective_on=2020-01-01"))["items"] == []


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("type 2 diabetes without complications", "E119"),
        ("I10", "I10"),
        ("e11.65", "E1165"),
        ("acute streptococcal tonsillitis", "J0300"),
    ],
)
async def test_codes_are_found_by_words_and_beginnings(
    coding: ServiceUnderTest, words: str, first: str
) -> None:
    found = await asked(
        coding, "/code-sets/icd10cm/codes", params={"q": words, "effective_on": "2026-05-14"}
    )
    assert first in [each["code"] for each in found["items"][:3]]


async def test_a_code_has_its_notes(coding: ServiceUnderTest) -> None:
    found = await asked(coding, "/code-sets/icd10cm/codes/S72.001A?effective_on=2026-05-14")
    assert found["is_billable"]
    assert found["seventh_characters"]["A"].startswith("initial encounter")
    assert {each["kind"] for each in found["notes"]} >= {"excludes1", "excludes2"}


@pytest.mark.parametrize(
    ("path", "error_name"),
    [
        ("/code-sets/icd10cm/codes/Z999?effective_on=2026-05-14", "code_unknown"),
        ("/code-sets/icd10cm/codes/E119?effective_on=2020-01-01", "code_set_missing"),
        ("/code-sets/hcpcs/codes?q=wheelchair", "code_set_missing"),
    ],
)
async def test_what_is_not_there_is_said(
    coding: ServiceUnderTest, path: str, error_name: str
) -> None:
    async with coding.client("CodeSet.rs") as client:
        answer = await client.get(path)
    assert (answer.status_code, answer.json()["error_name"]) == (404, error_name)


async def checked(coding: ServiceUnderTest, body: object, path: str = "/edits:check") -> Any:
    async with coding.client("CodeSet.rs") as client:
        answer = await client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_coding_is_judged(coding: ServiceUnderTest) -> None:
    found = await checked(coding, {"coding": CODING})
    [conflict] = [each for each in found["findings"] if each["edit"] == "D131"]
    assert not found["valid"]
    assert conflict["diagnoses"] == [1, 2]
    assert (conflict["release_kind"], conflict["release"]) == ("icd10cm", "2026-04")
    assert conflict["is_overridable"]


async def test_codings_are_judged_in_one_go(coding: ServiceUnderTest) -> None:
    good = {**CODING, "diagnoses": CODING["diagnoses"][:1]}
    items = [{"coding": CODING}, {"coding": good}]
    found = await checked(coding, {"items": items}, "/edits:checkBatch")
    assert [each["valid"] for each in found["items"]] == [False, True]


NOTE = "HPI: Migraine for years.\nASSESSMENT\n- Migraine\n- Left knee pain\n- No asthma\n"


async def test_a_note_gets_codes_that_point_into_it(coding: ServiceUnderTest) -> None:
    asked_ = {"text": NOTE, "date_of_service": "2026-05-14"}
    found = (await checked(coding, asked_, "/notes:suggest"))["items"]
    assert {each["code"] for each in found} == {"G43909", "M25562"}
    words = [NOTE[span["start"] : span["end"]] for each in found for span in each["evidence"]]
    assert sorted(words) == ["Left knee pain", "Migraine", "Migraine"]
    assert {each["release_kind"] for each in found} == {"icd10cm"}


@pytest.mark.parametrize(
    ("text", "error_name"),
    [
        ("  ", "note_empty"),
        ("x " * 210_000, "note_too_long"),
        ("\x01\x02PNG" * 400, "note_not_text"),
    ],
)
async def test_what_is_no_note_is_refused_exactly(
    coding: ServiceUnderTest, text: str, error_name: str
) -> None:
    async with coding.client("CodeSet.r") as client:
        body = {"text": text, "date_of_service": "2026-05-14"}
        answer = await client.post("/notes:suggest", json=body)
    assert (answer.status_code, answer.json()["error_name"]) == (422, error_name)
    assert "PNG" not in answer.text


async def test_a_visit_has_its_level_by_elements_or_by_its_note(coding: ServiceUnderTest) -> None:
    elements = {"problems": {"stable_chronic": 2}, "risks": ["prescription_drug"], "minutes": 12}
    told = await checked(
        coding, {"family": "office_established", "elements": elements}, "/visits:level"
    )
    assert (told["code"], told["by_time"]) == ("99214", "99212")
    note = NOTE + "PLAN\nMigraine: refill the prescription. I spent 45 minutes.\n"
    read = {"family": "office_new", "text": note, "date_of_service": "2026-05-14"}
    found = await checked(coding, read, "/visits:level")
    assert (found["code"], found["basis"], found["facts"]["minutes"]) == ("99204", "time", 45)
    places = {each["element"]: each["span"] for each in found["evidence"]}
    assert "minutes" in note[places["minutes"]["start"] : places["minutes"]["end"]]


async def test_a_level_needs_something_to_reckon_from(coding: ServiceUnderTest) -> None:
    async with coding.client("CodeSet.r") as client:
        answer = await client.post("/visits:level", json={"family": "office_new"})
    assert (answer.status_code, answer.json()["error_name"]) == (422, "elements_missing")


async def test_a_stay_has_its_drg(coding: ServiceUnderTest) -> None:
    stay = {
        "discharged_on": "2026-05-14",
        "age_years": 70,
        "sex": "F",
        "principal": {"code": "I50.23", "present_on_admission": "Y"},
        "secondary": [{"code": "N17.9", "present_on_admission": "Y"}],
    }
    found = await checked(coding, stay, "/discharges:group")
    assert (found["drg"], found["version"], found["weight"]) == ("292", 431, None)
    assert [each["code"] for each in found["diagnoses"] if each["is_driving"]] == ["N179"]
    async with coding.client("CodeSet.r") as client:
        early = {**stay, "discharged_on": "2001-01-01"}
        answer = await client.post("/discharges:group", json=early)
    assert (answer.status_code, answer.json()["error_name"]) == (422, "drg_version_missing")


async def test_hccs_of_last_year_stay_open_until_they_are_documented(
    coding: ServiceUnderTest,
) -> None:
    asked_ = {
        "diagnosis_codes": ["E11.9"],
        "prior_diagnosis_codes": ["J44.9"],
        "beneficiary": {"age_years": 70, "sex": "F"},
    }
    found = await checked(coding, asked_, "/hccs:capture")
    assert [(each["hcc"], each["state"]) for each in found["hccs"]] == [
        ("38", "new"),
        ("280", "open"),
    ]


PCS_TABLES = """<?xml version="1.0"?>
<ICD10PCS.tabular><pcsTable>
<axis pos="1" values="1"><label code="0">Made</label></axis>
<axis pos="2" values="1"><label code="D">Up</label></axis>
<axis pos="3" values="1"><label code="B">Cut</label></axis>
<pcsRow codes="2"><axis pos="4" values="1"><label code="6">site</label></axis>
<axis pos="5" values="2"><label code="0">open</label><label code="4">scope</label></axis>
<axis pos="6" values="1"><label code="Z">none</label></axis>
<axis pos="7" values="1"><label code="Z">none</label></axis></pcsRow>
</pcsTable></ICD10PCS.tabular>"""


async def test_a_procedure_is_picked_axis_by_axis(coding: ServiceUnderTest, tmp_path: Path) -> None:
    async with coding.client("CodeSet.r") as client:
        missing = await client.get("/code-sets/icd10pcs:pick", params={"chosen": "0D"})
    assert (missing.status_code, missing.json()["error_name"]) == (404, "code_set_missing")
    path = tmp_path / "tables.xml"
    path.write_text(PCS_TABLES)
    words = ("icd10pcs-tables", str(path), "--release", "t1", "--effective-from", "2025-10-01")
    done = await asyncio.to_thread(run, coding, "load", *words)
    assert done.exit_code == 0, done.output
    found = await asked(
        coding, "/code-sets/icd10pcs:pick", params={"chosen": "0DB6", "effective_on": "2026-05-14"}
    )
    assert found["labels"] == ["Made", "Up", "Cut", "site"]
    assert [each["value"] for each in found["choices"]] == ["0", "4"]


async def test_every_edit_says_where_it_is_written(coding: ServiceUnderTest) -> None:
    found = await asked(coding, "/edits")
    assert len(found["items"]) > 40
    assert all(each["citation"] and each["summary"] for each in found["items"])


def run(coding: ServiceUnderTest, *words: str) -> Any:
    address = coding.settings.database_url.get_secret_value()
    return CliRunner().invoke(app, list(words), env={"RCM_DATABASE_URL": address})


async def test_a_release_judges_once_it_is_in_force(
    coding: ServiceUnderTest, tmp_path: Path
) -> None:
    """Loaded for one tenant, it judges nobody else's claims, and is announced."""
    before = await checked(coding, {"coding": CODING})
    path = tmp_path / "mue.csv"
    path.write_text(LIMITS)
    answer = await _in_thread(
        coding, "load", "mue-practitioner", str(path), "--release", "2026q2",
        "--effective-from", "2026-04-01", "--tenant", str(coding.tenant),
    )  # fmt: skip
    assert answer.exit_code == 0, answer.output
    after = await checked(coding, {"coding": CODING})
    edits = [{each["edit"] for each in found["findings"]} for found in (before, after)]
    assert edits[1] - edits[0] == {"P121"}
    other = await asked(coding, "/code-sets", tenant=coding.other_tenant)
    assert "mue-practitioner" not in {each["kind"] for each in other["items"]}
    [event] = await coding.published(CodeSetActivated)
    assert (event.kind, event.release) == ("mue-practitioner", "2026q2")


async def test_an_older_release_needs_a_word(coding: ServiceUnderTest, tmp_path: Path) -> None:
    path = tmp_path / "mue.csv"
    path.write_text(LIMITS)
    words = ("load", "mue-dme", str(path), "--tenant", str(coding.tenant))
    newer = await _in_thread(coding, *words, "--release", "q3", "--effective-from", "2026-07-01")
    older = await _in_thread(coding, *words, "--release", "q2", "--effective-from", "2026-04-01")
    asked_for = await _in_thread(
        coding, *words, "--release", "q2", "--effective-from", "2026-04-01", "--backfill"
    )
    assert [found.exit_code for found in (newer, older, asked_for)] == [0, 1, 0]
    assert "is newer" in older.output


def release(label: str, effective_from: date) -> Release:
    """One of a kind, by its name only."""
    sha256 = hashlib.sha256(label.encode()).hexdigest()
    return Release("mue-dme", label, effective_from, sha256, ("mue.csv",), 1, NOW)


async def test_of_two_put_in_force_at_once_the_second_sees_the_first(
    coding: ServiceUnderTest,
) -> None:
    """An older release must not slip in while a newer one is about to be in force."""
    newer, older = release("q3", date(2026, 7, 1)), release("q2", date(2026, 4, 1))
    both = [coding.tenant, coding.other_tenant]

    async def come_later() -> None:
        async with coding.transaction(*both) as tx:
            await put_in_force(tx, both[::-1], older, at=NOW)

    async def waits() -> bool:
        async with coding.transaction() as tx:
            waiting = await tx.fetchval(
                """SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database
                    WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()"""
            )
        return second.done() or bool(waiting)

    async with coding.transaction(*both) as tx:
        await put_in_force(tx, both, newer, at=NOW)
        second = asyncio.create_task(come_later())
        await eventually(waits)
        assert not second.done()
    with pytest.raises(LoadRefused, match="is newer"):
        await second
    assert [event.release for event in await coding.published(CodeSetActivated)] == ["q3"]


async def _in_thread(coding: ServiceUnderTest, *words: str) -> Any:
    """The command line has an event loop of its own."""
    return await asyncio.to_thread(run, coding, *words)
