"""Audits and reports over REST, on real rows."""

import csv
import io
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from coding_svc.api.reports import ACCURACY, PEERS, csv_of
from coding_svc.app import service
from coding_svc.codebook import starter
from coding_svc.storage.reports import REPORTS
from rcm.ids import new_id
from rcm.testing.service import ServiceUnderTest, service_under_test

ADDRESS = {
    "line_1": "1 Canary Street", "city": "Springfield", "state": "IL", "postal_code": "62701",
}  # fmt: skip
VISITS = 12
SPAN = {"begins_on": "2026-03-01", "ends_on": "2026-03-31"}


@pytest.fixture(scope="module")
async def coding(servers: Any) -> AsyncIterator[ServiceUnderTest]:
    """A desk from which a dozen visits of two providers have left."""
    starter.put(Path(os.environ["RCM_CODES_DIR"]))
    async with service_under_test(service, servers.postgres_admin_url) as found:
        async with found.client(subject="coder-1") as client:
            for number in range(VISITS):
                await _coded(client, number)
        yield found


async def _coded(client: httpx.AsyncClient, number: int) -> None:
    patient = {
        "external_id": f"p{number}", "last_name": "Example", "sex": "F",
        "birth_date": "1980-05-17", "address": ADDRESS,
    }  # fmt: skip
    rendering = {"npi": ("1000000004", "1000000012")[number % 2], "name": "Quinby"}
    body = {
        "external_id": str(new_id()), "patient": patient, "date_of_service": "2026-03-02",
        "place_of_service_code": "11", "expected_cents": 10_000,
        "billing_provider": {"npi": "1234567893", "name": "Demo Clinic"},
        "rendering_provider": rendering,
    }  # fmt: skip
    chart_id = (await client.post("/charts", json=body)).json()["encounter_id"]
    level = "99215" if number % 2 else "99213"
    line = {"procedure_code": level, "diagnosis_pointers": [0], "date_of_service": "2026-03-02"}
    codes = {"diagnoses": [{"code": "I10", "code_type": "ABK"}], "lines": [line]}
    tag = {"If-Match": "*"}
    await client.put(f"/charts/{chart_id}/codes", json=codes, headers=tag)
    left = await client.post(f"/charts/{chart_id}:finalize", json={}, headers=tag)
    assert left.status_code == 200, left.text


async def _audit(client: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    answer = await client.post("/coding-audits", json={"name": "march", **SPAN} | changes)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def _items(client: httpx.AsyncClient, audit: dict[str, Any]) -> list[dict[str, Any]]:
    page = (await client.get(f"/reviews?limit=200&audit_id={audit['audit_id']}")).json()
    items: list[dict[str, Any]] = page["items"]
    return items


async def test_the_same_seed_draws_the_same_items(coding: ServiceUnderTest) -> None:
    async with coding.client(subject="auditor") as client:
        made = [await _audit(client, size=5, seed=seed) for seed in (7, 7, 8)]
        drawn = [{e["encounter_id"] for e in await _items(client, each)} for each in made]
    assert made[0]["population"] | {} == {**SPAN, "items": VISITS, "charge_cents": 120_000}
    assert drawn[0] == drawn[1] != drawn[2]
    assert {len(each) for each in drawn} == {5}


async def test_the_same_seed_draws_the_same_second_readings(coding: ServiceUnderTest) -> None:
    async with coding.client(subject="auditor") as client:
        made = [
            await _audit(client, size=VISITS, seed=seed, second_readers_permille=500)
            for seed in (7, 7, 8)
        ]
        drawn = [
            {e["encounter_id"] for e in await _items(client, each) if e["reader"] == 2}
            for each in made
        ]
    assert drawn[0] == drawn[1] != drawn[2]


async def test_a_span_that_ends_before_it_begins_is_refused(coding: ServiceUnderTest) -> None:
    turned = {"begins_on": "2026-03-31", "ends_on": "2026-03-01"}
    async with coding.client(subject="auditor") as client:
        audit = await client.post("/coding-audits", json={"name": "turned", **turned})
        report = await client.get("/coding-reports/dnfb", params=turned)
    for answer in (audit, report):
        assert (answer.status_code, answer.json()["error_name"]) == (422, "span_reversed")


async def test_a_rebuttal_is_resolved_by_another_and_of_findings_that_are_there(
    coding: ServiceUnderTest,
) -> None:
    finding = {"kind": "wrong", "code": "I10", "should_be": "I11.9"}
    async with coding.client(subject="auditor") as client:
        audit = await _audit(client, size=1, seed=3)
        [item] = await _items(client, audit)
        path = f"/reviews/{item['review_id']}"
        judged = await _done(client, f"{path}:judge", {"findings": [finding]})
        async with coding.client(subject="coder-1") as coder:
            await _done(coder, f"{path}:rebut", {"words": "the note says so"})
            own = await coder.post(f"{path}:resolve", json={}, headers={"If-Match": "*"})
        beyond = await client.post(
            f"{path}:resolve", json={"overturned": [1]}, headers={"If-Match": "*"}
        )
        resolved = await _done(client, f"{path}:resolve", {"overturned": [0]})
    assert judged["findings"][0]["should_be"] == "I119"
    assert (own.status_code, own.json()["error_name"]) == (409, "own_coding")
    assert (beyond.status_code, beyond.json()["pointers"][0]["pointer"]) == (422, "/overturned")
    assert [each["is_upheld"] for each in resolved["findings"]] == [False]


async def _done(client: httpx.AsyncClient, path: str, body: Any) -> Any:
    answer = await client.post(path, json=body, headers={"If-Match": "*"})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_an_item_has_two_readers_or_one(coding: ServiceUnderTest) -> None:
    async with coding.client(subject="auditor") as client:
        audit = await _audit(client, size=1, seed=5, second_readers_permille=1000)
        first, again = await _items(client, audit)
        await _done(client, f"/reviews/{first['review_id']}:judge", {})
        refused = await client.post(
            f"/reviews/{again['review_id']}:judge", json={}, headers={"If-Match": "*"}
        )
    assert (refused.status_code, refused.json()["error_name"]) == (409, "same_reader")


async def test_a_pack_narrows_the_population(coding: ServiceUnderTest) -> None:
    async with coding.client(subject="auditor") as client:
        high = await _audit(client, pack="high_level_em")
        none = await _audit(client, pack="critical_care")
        unknown = await client.post("/coding-audits", json={"name": "x", **SPAN, "pack": "x"})
    assert (high["population"]["items"], none["population"]["items"]) == (VISITS // 2, 0)
    assert unknown.json()["error_name"] == "pack_unknown"


async def test_figures_come_with_their_n_and_interval(coding: ServiceUnderTest) -> None:
    finding = {"kind": "em_level", "severity": "major", "impact_cents": 5_000}
    async with (
        coding.client(subject="auditor") as client,
        coding.client(subject="second") as second,
    ):
        audit = await _audit(client, size=VISITS, seed=1, second_readers_permille=1000)
        items = await _items(client, audit)
        path = f"/coding-audits/{audit['audit_id']}"
        early = await client.post(f"{path}:close", headers={"If-Match": "*"})
        for each in items:
            is_high = each["coding"]["lines"][0]["procedure_code"] == "99215"
            body = {"findings": [finding] if is_high else []}
            reader = client if each["reader"] == 1 else second
            await _done(reader, f"/reviews/{each['review_id']}:judge", body)
        found = (await client.get(f"{path}/results")).json()["results"]
        closed = (await client.post(f"{path}:close", headers={"If-Match": "*"})).json()
    assert early.json()["error_name"] == "reviews_open"
    assert len(items) == 2 * VISITS
    encounters = found["accuracy"]["encounters"]
    assert (encounters["hits"], encounters["n"]) == (6, 12)
    assert 0.2 < encounters["low"] < 0.5 < encounters["high"] < 0.8
    assert (found["accuracy"]["codes"]["hits"], found["accuracy"]["codes"]["n"]) == (18, 24)
    assert (found["kappa"], found["read"], found["unread"]) == (1.0, 12, 0)
    # The whole population was read, so nothing is uncertain.
    extrapolated = found["extrapolation"]
    assert (extrapolated["estimate_cents"], extrapolated["low_cents"]) == (30_000, 30_000)
    assert closed["refund_due_on"] is not None


@pytest.mark.parametrize("report", [*REPORTS, *PEERS, *ACCURACY])
async def test_every_report_answers_as_json_and_csv(coding: ServiceUnderTest, report: str) -> None:
    async with coding.client(subject="auditor") as client:
        path = f"/coding-reports/{report}?begins_on=2020-01-01&ends_on=2999-01-01"
        shown = await client.get(path)
        written = await client.get(f"{path}&format=csv")
    assert shown.status_code == 200, shown.text
    rows = list(csv.DictReader(io.StringIO(written.text)))
    assert written.headers["content-type"].startswith("text/csv")
    assert len(rows) == len(shown.json()["items"])


@pytest.mark.parametrize(
    ("method", "low_cents"), [("stratified", 30_000), ("proportional_to_size", 13_756)]
)
async def test_other_samples_are_extrapolated_by_their_own_arithmetic(
    coding: ServiceUnderTest, method: str, low_cents: int
) -> None:
    """Six of twelve codings of 100.00 err by 50.00. A stratum that was read whole is known; a
    sample by size has no finite correction: its hits say 0 or 600.00, error 90.45, t 1.7959."""
    finding = {"kind": "em_level", "severity": "major", "impact_cents": 5_000}
    async with coding.client(subject="auditor") as client:
        audit = await _audit(client, method=method, size=VISITS, seed=3)
        for each in await _items(client, audit):
            is_high = each["coding"]["lines"][0]["procedure_code"] == "99215"
            path, body = f"/reviews/{each['review_id']}:judge", {"findings": [finding] * is_high}
            await _done(client, path, body)
        answer = await client.get(f"/coding-audits/{audit['audit_id']}/results")
    found = answer.json()["results"]
    assert (found["read"], found["notes"]) == (VISITS, [])
    extrapolation = found["extrapolation"]
    assert extrapolation["estimate_cents"] == 30_000
    assert extrapolation["low_cents"] == pytest.approx(low_cents, abs=2)


async def test_accuracy_is_reported_by_provider_and_of_its_month(coding: ServiceUnderTest) -> None:
    """A second reader measures agreement, and is not counted here."""
    finding = {"kind": "em_level", "impact_cents": 5_000}
    async with (
        coding.client(subject="auditor") as client,
        coding.client(subject="second auditor") as second,
    ):
        audit = await _audit(client, method="risk", size=VISITS, second_readers_permille=1000)
        for each in await _items(client, audit):
            is_high = each["coding"]["lines"][0]["procedure_code"] == "99215"
            path, body = f"/reviews/{each['review_id']}:judge", {"findings": [finding] * is_high}
            await _done(client if each["reader"] == 1 else second, path, body)
        reports = [
            (await client.get(f"/coding-reports/accuracy_by_{by}", params=SPAN)).json()["items"]
            for by in ("provider", "month")
        ]
        later = {"begins_on": "2026-04-01", "ends_on": "2026-04-30"}
        none = (await client.get("/coding-reports/accuracy_by_month", params=later)).json()
    by_provider, by_month = ([row for row in rows if row["basis"] == "risk"] for rows in reports)
    figures = {
        row["provider_npi"]: (row["encounters_right"], row["encounters_n"]) for row in by_provider
    }
    assert figures == {"1000000004": (6, 6), "1000000012": (0, 6)}
    assert [(row["month"], row["financial_right"]) for row in by_month] == [("2026-03", 6)]
    assert none["items"] == []


async def test_levels_are_tested_against_all_others(coding: ServiceUnderTest) -> None:
    async with coding.client(subject="auditor") as client:
        answer = await client.get("/coding-reports/em_distribution?begins_on=2026-03-01")
    rows = {(e["provider_npi"], e["procedure_code"]): e for e in answer.json()["items"]}
    high = rows["1000000012", "99215"]
    assert (high["visits"], high["share"], high["peer_share"]) == (6, 1.0, 0.0)


async def test_productivity_counts_what_left(coding: ServiceUnderTest) -> None:
    async with coding.client(subject="auditor") as client:
        answer = await client.get(
            "/coding-reports/productivity?ends_on=2999-01-01&begins_on=2020-01-01"
        )
        unknown = await client.get("/coding-reports/nothing")
    [row] = answer.json()["items"]
    assert (row["coder"], row["charts"]) == ("coder-1", VISITS)
    assert unknown.status_code == 404


async def test_a_size_is_computed_by_the_known_arithmetic(coding: ServiceUnderTest) -> None:
    bodies = [
        {"population": 1000, "precision": 0.05, "confidence": 0.95},
        {"population": 10**9, "mean_cents": 100, "deviation_cents": 200},
    ]
    async with coding.client(subject="auditor") as client:
        found = [(await client.post("/coding-audits:size", json=body)).json() for body in bodies]
    assert [(each["size"], each["basis"]) for each in found] == [
        (278, "attribute"), (174, "variable"),
    ]  # fmt: skip


def test_a_cell_is_no_formula() -> None:
    assert csv_of([{"coder": "=1+1"}]) == "coder\r\n'=1+1\r\n"
    assert csv_of([]) == ""
