"""What people write to each other on the desk, with a canary in every field that takes words: in
requests that are taken and in those that are refused."""

from typing import Any
from uuid import uuid4

from e2e import clinic, desk
from e2e.world import World

from rcm.testing.canary import Flock

Body = dict[str, Any]
# Excludes1: type 1 and type 2 diabetes at once, which a reason may override.
TWO_DIABETES = [{"code": "E119", "code_type": "ABK"}, {"code": "E109", "code_type": "ABF"}]
ANY = {"If-Match": "*"}


async def write(world: World, birds: Flock) -> None:
    """Pend, ask, override, reopen, review and dispute, then read all of it again."""
    await _pended(world, birds)
    await _asked(world, birds)
    await _overridden(world, birds)
    await _reviewed(world, birds)
    for listed in ("/charts?stage=pended&limit=200", "/queries?limit=200"):
        answer = await world.call("coding-svc", "GET", listed)
        assert birds.found_in(answer.raise_for_status().content) == set()


async def _refused(world: World, method: str, path: str, body: Body, status: int = 422) -> None:
    answer = await world.call("coding-svc", method, path, json=body, headers=ANY)
    assert answer.status_code == status, f"{path}: {answer.status_code}"


async def _pended(world: World, birds: Flock) -> None:
    """Laid aside and brought back with words; a name is no code of a reason and no day."""
    path = f"/charts/{await desk.received(world)}"
    await _refused(world, "POST", f"{path}:pend", {"reason_code": birds.name("pend code")})
    late = {"reason_code": "missing_note", "until": birds.name("text for a pend's day")}
    await _refused(world, "POST", f"{path}:pend", late)
    pended = {"reason_code": "missing_note", "words": birds.text("reason of a pend")}
    await desk.changed(world, "POST", f"{path}:pend", pended)
    returned = {"words": birds.text("reason of a return")}
    await desk.changed(world, "POST", f"{path}:return", returned)
    again = {"words": birds.text("return of what is back")}
    await _refused(world, "POST", f"{path}:return", again, 409)
    await world.get("coding-svc", f"{path}/history")


async def _asked(world: World, birds: Flock) -> None:
    """A query in words of its own, one whose wording leads, an answer in words."""
    chart_id = await desk.received(world)
    body = {
        "question": f"{birds.text('words of a question')}: on which side is the pain?",
        "indicators": birds.text("words of indicators"),
        "options": ["Right", birds.text("words of an option"), "Other", "Unable to determine"],
    }
    npi = {"provider_npi": clinic.RENDERING["npi"]}
    await _refused(world, "POST", f"/charts/{chart_id}/queries", body | {birds.name("field"): 1})
    leading = body | {"question": f"Please document {birds.name('words of a leading question')}."}
    await world.post("coding-svc", "/queries:check", leading)
    made = await world.post("coding-svc", f"/charts/{chart_id}/queries", leading | npi)
    path = f"/queries/{made['query_id']}"
    await _refused(world, "POST", f"{path}:send", {})
    await desk.changed(world, "PUT", path, body)
    await desk.changed(world, "POST", f"{path}:send")
    wrong = {"choice": birds.name("text for a choice")}
    await _refused(world, "POST", f"{path}:answer", wrong)
    await desk.changed(world, "POST", f"{path}:answer", {"text": birds.text("words of an answer")})
    await _refused(world, "POST", f"{path}:close", {"outcome": birds.name("outcome")})
    await desk.changed(world, "POST", f"{path}:close", {"outcome": "agreed"})
    await world.get("coding-svc", path)


async def _overridden(world: World, birds: Flock) -> None:
    """An edit overridden with a reason, one that may not be, and why the codes were reopened."""
    path = f"/charts/{await desk.received(world)}"
    codes = {"diagnoses": TWO_DIABETES, "lines": [clinic.line()]}
    await desk.changed(world, "PUT", f"{path}/codes", codes)
    found = await world.get("coding-svc", f"{path}/check")
    edits = {each["edit"] for each in found["findings"] if each["severity"] == "error"}
    locked = {"edit": "V001", "reason": birds.text("reason that overrides nothing")}
    await _refused(world, "POST", f"{path}:finalize", {"overrides": [locked]})
    unknown = {"edit": birds.name("edit"), "reason": birds.text("reason of no edit")}
    await _refused(world, "POST", f"{path}:finalize", {"overrides": [unknown]})
    reasons = [{"edit": one, "reason": birds.text(f"reason of an override of {one}")}
               for one in sorted(edits)]  # fmt: skip
    await desk.changed(world, "POST", f"{path}:finalize", {"overrides": reasons})
    reopened = {"reason": birds.text("reason of a reopening")}
    await desk.changed(world, "POST", f"{path}:reopen", reopened)
    for shown in ("/overrides", "/history"):
        await world.get("coding-svc", path + shown)


async def _reviewed(world: World, birds: Flock) -> None:
    """A finding, its rebuttal and its end, each with words; a name is no kind of a finding."""
    path = f"/reviews/{await desk.review(world)}"
    named = desk.FINDING | {"kind": birds.name("kind of a finding")}
    await _refused(world, "POST", f"{path}:judge", {"findings": [named]})
    judged = {"findings": [desk.FINDING], "words": birds.text("words of a reviewer")}
    await desk.changed(world, "POST", f"{path}:judge", judged)
    await desk.changed(world, "POST", f"{path}:rebut", {"words": birds.text("words of a rebuttal")})
    resolver = world.mint(sub=f"lead-{uuid4().hex}")
    resolved = {"words": birds.text("words of a resolution")}
    await desk.changed(world, "POST", f"{path}:resolve", resolved, resolver)
    await world.get("coding-svc", path)
