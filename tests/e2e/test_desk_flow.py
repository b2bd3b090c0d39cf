"""One visit over the whole desk, by REST alone: laid aside, asked about, suggested, read a second
time, billed and paid, amended and replaced at the payer, audited."""

from typing import Any
from uuid import uuid4

from e2e import clinic, desk
from e2e.world import World

from rcm.testing.service import eventually


async def test_a_note_becomes_a_paid_claim_that_stands_up_in_an_audit(world: World) -> None:
    coder = f"coder-{uuid4().hex}"
    token, auditor = world.mint(sub=coder), world.mint(sub=f"auditor-{uuid4().hex}")
    await world.put(
        "coding-svc", "/desk-rules/review/second_look", {"criteria": {"kinds": ["second_look"]}}
    )
    chart_id = await desk.received(world, kind="second_look", coverages=[clinic.coverage()])
    path = f"/charts/{chart_id}"

    body = {"reason_code": "missing_note", "words": "the laboratory's report"}
    assert (await desk.changed(world, "POST", f"{path}:pend", body, token))["stage"] == "pended"
    await desk.changed(world, "POST", f"{path}:return", {}, token)
    await _suggestion_taken(world, path, token)
    await _asked(world, chart_id, token)

    await _finalized(world, chart_id, "99213", token=token, auditor=auditor)
    first = await world.resting_claim(chart_id, status=("closed", "adjudicated"))
    assert first["frequency_code"] == "1"

    await desk.changed(world, "POST", f"{path}:reopen", {"reason": "a level too low"}, token)
    await _finalized(world, chart_id, "99214", token=token, auditor=auditor)

    async def replaced() -> None:
        claims = await world.claims_of(chart_id)
        assert sorted(each["frequency_code"] for each in claims) == ["1", "7"]

    await eventually(replaced, timeout_s=60)
    await _audited(world, chart_id, coder, token=token, auditor=auditor)
    history = (await world.get("coding-svc", f"{path}/history"))["items"]
    assert [each["action"] for each in history] == [
        "received", "pended", "returned", "suggestion_decided", "queried", "answered", "coded",
        "sent_to_review", "finalized", "reopened", "coded", "sent_to_review", "finalized",
    ]  # fmt: skip


async def _suggestion_taken(world: World, path: str, token: str) -> None:
    """The note speaks of hypertension, and shows where."""
    await world.post("coding-svc", f"{path}:read", token=token)
    found = (await world.get("coding-svc", f"{path}/suggestions"))["items"]
    [suggested] = [each for each in found if each["code"] == "I10"]
    span = suggested["evidence"][0]
    assert "hypertension" in desk.NOTE[span["start"] : span["end"]].lower()
    verb = f"{path}/suggestions/{suggested['suggestion_id']}:decide"
    chart = await desk.changed(world, "POST", verb, {"decision": "accept"}, token)
    assert [each["code"] for each in chart["diagnoses"]] == ["I10"]


async def _asked(world: World, chart_id: str, token: str) -> None:
    """The chart waits while a physician is asked, and goes on with the answer."""
    body = desk.question(provider_npi=clinic.RENDERING["npi"])
    made = await world.post("coding-svc", f"/charts/{chart_id}/queries", body, token)
    path = f"/queries/{made['query_id']}"
    await desk.changed(world, "POST", f"{path}:send", None, token)
    assert await _stage(world, chart_id) == "queried"
    await desk.changed(world, "POST", f"{path}:answer", {"choice": 1})
    assert await _stage(world, chart_id) == "to_code"
    await desk.changed(world, "POST", f"{path}:close", {"outcome": "agreed"}, token)


async def _finalized(
    world: World, chart_id: str, procedure: str, *, token: str, auditor: str
) -> None:
    """The coder is done, and a second reader agrees."""
    codes = desk.codes() | {"lines": [clinic.line(procedure)]}
    await desk.changed(world, "PUT", f"/charts/{chart_id}/codes", codes, token)
    await desk.changed(world, "POST", f"/charts/{chart_id}:finalize", {}, token)
    assert await _stage(world, chart_id) == "in_review"
    open_ones = await world.get("coding-svc", "/reviews", encounter_id=chart_id, status="open")
    [review] = open_ones["items"]
    await desk.changed(world, "POST", f"/reviews/{review['review_id']}:judge", {}, auditor)
    assert await _stage(world, chart_id) == "done"


async def _audited(world: World, chart_id: str, coder: str, *, token: str, auditor: str) -> None:
    """One error is found, disputed and upheld; its refund is due."""
    audit_id = await desk.audit(world, criteria={"kinds": ["second_look"], "coders": [coder]})
    items = (await world.get("coding-svc", "/reviews", audit_id=audit_id))["items"]
    assert [(each["encounter_id"], each["revision"]) for each in items] == [(chart_id, 2)]
    path = f"/reviews/{items[0]['review_id']}"
    finding: dict[str, Any] = {
        "kind": "em_level", "code": "99214", "should_be": "99213", "impact_cents": 7_500,
    }  # fmt: skip
    await desk.changed(world, "POST", f"{path}:judge", {"findings": [finding]}, auditor)
    await desk.changed(world, "POST", f"{path}:rebut", {"words": "two problems"}, token)
    await desk.changed(world, "POST", f"{path}:resolve", {"words": "upheld"}, auditor)
    found = await world.get("coding-svc", f"/coding-audits/{audit_id}/results")
    accuracy = found["results"]["accuracy"]
    assert (accuracy["codes"]["hits"], accuracy["codes"]["n"]) == (1, 2)
    assert found["results"]["findings"] == {"em_level": 1}
    closed = await desk.changed(world, "POST", f"/coding-audits/{audit_id}:close", None, auditor)
    assert closed["refund_due_on"] is not None


async def _stage(world: World, chart_id: str) -> str:
    return str((await world.get("coding-svc", f"/charts/{chart_id}"))["stage"])
