"""The coder's desk over REST: suggestions, queries, reviews, rules, codes that leave and return."""

import os
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from coding_svc.app import service
from coding_svc.codebook import starter
from rcm.contracts.coding import EncounterCoded, EncounterVoided, SuggestionDecided
from rcm.ids import new_id
from rcm.testing.service import ServiceUnderTest, service_under_test

NOTE = (
    "ASSESSMENT AND PLAN\n\n1. Essential hypertension, well controlled.\n"
    "2. Type 2 diabetes mellitus.\n"
)
LINE = {"procedure_code": "99213", "diagnosis_pointers": [0], "date_of_service": "2026-03-02"}
CODES = {"diagnoses": [{"code": "I10", "code_type": "ABK"}], "lines": [LINE]}
ADDRESS = {
    "line_1": "1 Canary Street", "city": "Springfield", "state": "IL", "postal_code": "62701",
}  # fmt: skip


@pytest.fixture(scope="module")
async def coding(servers: Any) -> AsyncIterator[ServiceUnderTest]:
    starter.put(Path(os.environ["RCM_CODES_DIR"]))
    async with service_under_test(service, servers.postgres_admin_url) as found:
        yield found


@pytest.fixture
async def coder(coding: ServiceUnderTest) -> AsyncIterator[httpx.AsyncClient]:
    async with coding.client(subject="coder-1") as client:
        yield client


async def chart(client: httpx.AsyncClient, **changes: Any) -> str:
    """A new visit's chart."""
    number = str(new_id())
    patient = {
        "external_id": number, "last_name": "Example", "first_name": "Ada", "sex": "F",
        "birth_date": "1980-05-17", "address": ADDRESS,
    }  # fmt: skip
    body = {
        "external_id": number,
        "patient": patient,
        "date_of_service": "2026-03-02",
        "place_of_service_code": "11",
        "billing_provider": {"npi": "1234567893", "name": "Demo Clinic"},
        "documents": [{"external_id": "n", "text": NOTE}],
    } | changes
    answer = await client.post("/charts", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["encounter_id"])


async def done(client: httpx.AsyncClient, method: str, path: str, body: Any = None) -> Any:
    """A change of a thing as it is now."""
    thing = re.split(":|/suggestions|/codes", path)[0]
    tag = (await client.get(thing)).headers["etag"]
    answer = await client.request(method, path, json=body, headers={"If-Match": tag})
    assert answer.is_success, answer.text
    return answer.json()


async def coded(client: httpx.AsyncClient, chart_id: str, body: Any = None) -> Any:
    await done(client, "PUT", f"/charts/{chart_id}/codes", body or CODES)
    return await done(client, "POST", f"/charts/{chart_id}:finalize", {})


async def test_a_suggestion_is_taken_changed_and_refused(
    coding: ServiceUnderTest, coder: httpx.AsyncClient
) -> None:
    chart_id = await chart(coder)
    await coding.run_job("read_documents")
    shown = (await coder.get(f"/charts/{chart_id}/suggestions")).json()["items"]
    codes = {each["code"]: each for each in shown}
    assert {"I10", "E119"} <= set(codes)
    span = codes["I10"]["evidence"][0]
    assert "hypertension" in NOTE[span["start"] : span["end"]].lower()
    path = f"/charts/{chart_id}/suggestions"
    first = f"{path}/{codes['I10']['suggestion_id']}:decide"
    second = f"{path}/{codes['E119']['suggestion_id']}:decide"
    await done(coder, "POST", first, {"decision": "accept"})
    edit = {"decision": "edit", "code": "E11.65", "reason_code": "specificity"}
    after = await done(coder, "POST", second, edit)
    assert [each["code"] for each in after["diagnoses"]] == ["I10", "E1165"]
    after = await done(coder, "POST", second, {"decision": "reject", "reason_code": "not_managed"})
    assert [each["code"] for each in after["diagnoses"]] == ["I10"]
    events = [
        e for e in await coding.published(SuggestionDecided) if str(e.encounter_id) == chart_id
    ]
    assert [(e.decision, e.code, e.decided_code) for e in events] == [
        ("accepted", "I10", "I10"),
        ("edited", "E119", "E1165"),
        ("rejected", "E119", None),
    ]
    history = (await coder.get(f"/charts/{chart_id}/history")).json()["items"]
    assert [each["action"] for each in history] == ["received"] + ["suggestion_decided"] * 3


async def test_a_newer_version_supersedes_what_nobody_decided(
    coding: ServiceUnderTest, coder: httpx.AsyncClient
) -> None:
    chart_id = await chart(coder)
    await coder.post(f"/charts/{chart_id}:read")
    before = {e["suggestion_id"]: e for e in await _suggestions(coder, chart_id)}
    taken = next(e["suggestion_id"] for e in before.values() if e["code"] == "I10")
    path = f"/charts/{chart_id}/suggestions/{taken}:decide"
    await done(coder, "POST", path, {"decision": "accept"})
    later = {"external_id": "n", "text": "ASSESSMENT\n\n1. Acute bronchitis.\n"}
    await coder.post(f"/charts/{chart_id}/documents", json=later)
    assert (await coder.get(f"/charts/{chart_id}")).json()["is_read"] is False
    await coder.post(f"/charts/{chart_id}:read")
    after = await _suggestions(coder, chart_id)
    assert {e["code"] for e in after if e["status"] == "accepted"} == {"I10"}
    assert not {e["suggestion_id"] for e in after if e["status"] == "open"} & set(before)


async def test_of_two_editors_one_is_told(coder: httpx.AsyncClient) -> None:
    path = f"/charts/{await chart(coder)}"
    without = await coder.put(f"{path}/codes", json=CODES)
    tag = {"If-Match": '"1"'}
    first = await coder.put(f"{path}/codes", json=CODES, headers=tag)
    second = await coder.put(f"{path}/codes", json=CODES, headers=tag)
    assert [each.status_code for each in (without, first, second)] == [428, 200, 412]


async def test_what_was_present_on_admission_is_kept(coder: httpx.AsyncClient) -> None:
    path = f"/charts/{await chart(coder)}"
    present = {"code": "I10", "code_type": "ABK", "present_on_admission_indicator": "Y"}
    await done(coder, "PUT", f"{path}/codes", {"diagnoses": [present], "lines": [LINE]})
    assert (await coder.get(path)).json()["diagnoses"] == [present]


async def test_two_who_ask_at_once_get_two_charts(
    coding: ServiceUnderTest, coder: httpx.AsyncClient
) -> None:
    made = [await chart(coder, documents=[]) for _ in range(2)]
    for chart_id in made:
        await done(coder, "POST", f"/charts/{chart_id}:assign", {"team": "pair"})
    async with coding.client(subject="coder-2") as other:
        first = (await coder.post("/charts:next?team=pair")).json()
        second = (await other.post("/charts:next?team=pair")).json()
        none = await other.post("/charts:next?team=nobody")
        mine = (await other.get("/charts?assigned_to=me")).json()["items"]
    assert {first["encounter_id"], second["encounter_id"]} == set(made)
    assert (none.status_code, none.json()["error_name"]) == (404, "worklist_empty")
    assert [each["encounter_id"] for each in mine] == [second["encounter_id"]]


async def test_what_is_pended_comes_back_on_its_day(
    coding: ServiceUnderTest, coder: httpx.AsyncClient
) -> None:
    made = {day: await chart(coder, kind="pending") for day in ("2998-01-01", "2999-01-01")}
    for day, chart_id in made.items():
        body = {"reason_code": "missing_note", "until": day, "words": "the operative note"}
        await done(coder, "POST", f"/charts/{chart_id}:pend", body)
    assert (await coder.get("/charts?kind=pending")).json()["items"] == []
    async with coding.transaction() as tx:  # the first one's day comes
        await tx.execute(
            "UPDATE chart SET pend_until = '2020-01-01' WHERE tenant_id = $1 AND encounter_id = $2",
            tx.tenant_id,
            made["2998-01-01"],
        )
    listed = (await coder.get("/charts?kind=pending")).json()["items"]
    assert [each["encounter_id"] for each in listed] == [made["2998-01-01"]]
    back = await done(coder, "POST", f"/charts/{made['2999-01-01']}:return", {})
    assert (back["stage"], back["pend_until"]) == ("to_code", None)


async def test_a_chart_does_not_wait_for_a_day_that_is_over(coder: httpx.AsyncClient) -> None:
    path = f"/charts/{await chart(coder)}"
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    body = {"reason_code": "missing_note", "until": yesterday.isoformat()}
    answer = await coder.post(f"{path}:pend", json=body, headers={"If-Match": '"1"'})
    told = answer.json()
    assert (answer.status_code, told["error_name"]) == (422, "until_past")
    assert [each["pointer"] for each in told["pointers"]] == ["/until"]
    assert (await coder.get(path)).json()["stage"] == "to_code"


async def test_errors_stop_codes_and_a_reason_overrides_where_it_may(
    coding: ServiceUnderTest, coder: httpx.AsyncClient
) -> None:
    chart_id = await chart(coder)
    # Excludes1: type 1 and type 2 diabetes at once.
    codes = {
        "diagnoses": [
            {"code": "E11.9", "code_type": "ABK"},
            {"code": "E10.9", "code_type": "ABF"},
        ],
        "lines": [LINE],
    }
    await done(coder, "PUT", f"/charts/{chart_id}/codes", codes)
    found = (await coder.get(f"/charts/{chart_id}/check")).json()
    errors = [each for each in found["findings"] if each["severity"] == "error"]
    assert found["may_leave"] is False
    assert errors
    assert all(each["is_overridable"] for each in errors)
    tag = {"If-Match": (await coder.get(f"/charts/{chart_id}")).headers["etag"]}
    path = f"/charts/{chart_id}:finalize"
    stopped = await coder.post(path, json={}, headers=tag)
    assert (stopped.status_code, stopped.json()["error_name"]) == (422, "hard_stops")
    locked = {"overrides": [{"edit": "V001", "reason": "because it is so"}]}
    refused = await coder.post(path, json=locked, headers=tag)
    assert refused.json()["error_name"] == "not_overridable"
    reason = "two kinds of diabetes are documented by two specialists"
    overrides = [{"edit": e, "reason": reason} for e in {each["edit"] for each in errors}]
    left = await coder.post(path, json={"overrides": overrides}, headers=tag)
    assert left.status_code == 200, left.text
    kept = (await coder.get(f"/charts/{chart_id}/overrides")).json()
    assert set(kept["reasons"].values()) == {reason}
    assert len(await _coded(coding, chart_id)) == 1


async def test_an_amendment_is_a_new_revision_and_a_void_ends_it(
    coding: ServiceUnderTest, coder: httpx.AsyncClient
) -> None:
    chart_id = await chart(coder)
    assert (await coded(coder, chart_id))["stage"] == "done"
    await done(coder, "POST", f"/charts/{chart_id}:reopen", {"reason": "a service was forgotten"})
    assert (await coder.get(f"/encounters/{chart_id}")).json()["status"] == "coded"
    more = CODES | {"lines": [LINE, LINE | {"procedure_code": "36415"}]}
    await coded(coder, chart_id, more)
    events = await _coded(coding, chart_id)
    assert [(each.revision, len(each.lines)) for each in events] == [(1, 1), (2, 2)]
    assert {each.coded_by for each in events} == {"coder-1"}
    answer = await coder.post(f"/encounters/{chart_id}:void", json={"reason_code": "wrong_visit"})
    assert answer.status_code == 200
    voided = [e for e in await coding.published(EncounterVoided) if str(e.encounter_id) == chart_id]
    assert len(voided) == 1
    assert (await coder.get(f"/charts/{chart_id}")).json()["stage"] == "voided"


async def test_a_query_holds_the_chart_until_it_is_answered(coder: httpx.AsyncClient) -> None:
    chart_id = await chart(coder)
    body = {"template": "laterality", "indicators": "Knee pain; the side is not documented.",
            "provider_npi": "1000000004"}  # fmt: skip
    leading = body | {"question": "Please document the right knee, do you agree?"}
    wrong = (await coder.post("/queries:check", json={k: leading[k] for k in (
        "template", "indicators", "question")})).json()  # fmt: skip
    assert (wrong["compliant"], {each["place"] for each in wrong["findings"]}) == (
        False, {"/question"},
    )  # fmt: skip
    draft = (await coder.post(f"/charts/{chart_id}/queries", json=leading)).json()
    path = f"/queries/{draft['query_id']}"
    refused = await coder.post(f"{path}:send", headers={"If-Match": '"1"'})
    assert (refused.status_code, refused.json()["error_name"]) == (422, "wording_not_compliant")
    await done(coder, "PUT", path, {k: body[k] for k in ("template", "indicators")})
    await done(coder, "POST", f"{path}:send")
    assert (await coder.get(f"/charts/{chart_id}")).json()["stage"] == "queried"
    answered = await done(coder, "POST", f"{path}:answer", {"choice": 0})
    assert (answered["status"], answered["turnaround_seconds"] >= 0) == ("answered", True)
    assert (await coder.get(f"/charts/{chart_id}")).json()["stage"] == "to_code"
    without = await coder.post(f"{path}:close", json={"outcome": ""}, headers={"If-Match": "*"})
    assert (without.status_code, without.json()["pointers"][0]["pointer"]) == (422, "/outcome")
    assert (await done(coder, "POST", f"{path}:close", {"outcome": "agreed"}))["status"] == "closed"
    listed = (await coder.get(f"/queries?encounter_id={chart_id}")).json()["items"]
    assert [each["status"] for each in listed] == ["closed"]


async def test_a_second_reader_lets_go_or_sends_back(
    coding: ServiceUnderTest, coder: httpx.AsyncClient
) -> None:
    rule = {"criteria": {"kinds": ["reviewed"]}}
    assert (await coder.put("/desk-rules/review/all_of_kind", json=rule)).status_code == 200
    chart_id = await chart(coder, kind="reviewed")
    assert (await coded(coder, chart_id))["stage"] == "in_review"
    assert await _coded(coding, chart_id) == []
    [review] = (await coder.get(f"/reviews?encounter_id={chart_id}")).json()["items"]
    path = f"/reviews/{review['review_id']}"
    own = await coder.post(f"{path}:judge", json={}, headers={"If-Match": '"1"'})
    assert (own.status_code, own.json()["error_name"]) == (409, "own_coding")
    async with coding.client(subject="reviewer") as reviewer:
        finding = {"kind": "missed", "should_be": "E119", "severity": "major"}
        await done(reviewer, "POST", f"{path}:judge", {"findings": [finding]})
    back = (await coder.get(f"/charts/{chart_id}")).json()
    assert (back["stage"], back["is_reviewed"]) == ("to_code", True)
    # The coder changes the codes, so they are read again; now the reader agrees.
    assert (await coded(coder, chart_id))["stage"] == "in_review"
    second = (await coder.get(f"/reviews?encounter_id={chart_id}&status=open")).json()["items"][0]
    async with coding.client(subject="reviewer") as reviewer:
        await done(reviewer, "POST", f"/reviews/{second['review_id']}:judge", {})
    [event] = await _coded(coding, chart_id)
    assert event.coded_by == "coder-1"
    assert (await coder.get(f"/charts/{chart_id}")).json()["released_by"] == "reviewer"


async def test_a_rule_routes_and_another_lets_easy_charts_go(
    coding: ServiceUnderTest, coder: httpx.AsyncClient
) -> None:
    route = {"criteria": {"kinds": ["easy"]}, "effect": {"team": "outpatient", "boost_days": 3}}
    await coder.put("/desk-rules/worklist/easy", json=route)
    effect = {"families": ["I10", "E11"], "min_score": 0.0, "sample_permille": 1000}
    rule = {"criteria": {"kinds": ["easy"]}, "effect": effect}
    await coder.put("/desk-rules/release/easy", json=rule)
    charged = {**LINE, "diagnosis_pointers": [], "charge_amount_cents": 12_500}
    easy = await chart(coder, kind="easy", lines=[charged])
    hard = await chart(coder, kind="easy", lines=[charged], documents=[
        {"external_id": "n", "text": "ASSESSMENT\n\n1. Acute bronchitis.\n"}])  # fmt: skip
    bare = await chart(coder, kind="easy")
    read = {each: (await coder.post(f"/charts/{each}:read")).json() for each in (easy, hard, bare)}
    assert (read[easy]["stage"], read[easy]["withheld"]) == ("done", [])
    assert read[hard]["withheld"] == ["family_not_released"]
    assert read[bare]["withheld"] == ["no_charges"]
    waiting = (await coder.get(f"/charts/{hard}")).json()
    assert (waiting["team"], waiting["boost_days"]) == ("outpatient", 3)
    [event] = await _coded(coding, easy)
    assert event.coded_by == "rule:easy"
    assert {each.code for each in event.diagnoses} == {"I10", "E119"}
    [sample] = (await coder.get(f"/reviews?encounter_id={easy}")).json()["items"]
    assert (sample["kind"], sample["rule"]) == ("sample", "easy")


async def test_another_tenant_sees_nothing_of_a_desk(
    coding: ServiceUnderTest, coder: httpx.AsyncClient
) -> None:
    chart_id = await chart(coder)
    async with coding.client(tenant=coding.other_tenant) as other:
        shown = [
            await other.get(f"/charts/{chart_id}"),
            await other.post(f"/charts/{chart_id}:read"),
            await other.post("/charts:next"),
        ]
        rules = (await other.get("/desk-rules")).json()["items"]
    assert [each.status_code for each in shown] == [404, 404, 404]
    assert rules == []


async def _suggestions(client: httpx.AsyncClient, chart_id: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await client.get(f"/charts/{chart_id}/suggestions")).json()[
        "items"
    ]
    return items


async def _coded(coding: ServiceUnderTest, chart_id: str) -> list[EncounterCoded]:
    found = await coding.published(EncounterCoded)
    return [each for each in found if str(each.encounter_id) == chart_id]
