"""The writes of the coder's desk."""

import json
from uuid import uuid4

from e2e import desk
from e2e.world import World
from e2e.writes import Request, Things, register

INTAKE = "patient encounter encounter_history chart chart_history document document_version"


@register("coding-svc POST /charts", tables=INTAKE)
async def _post_chart(world: World, known: Things) -> Request:
    return {"json": desk.chart()}


@register("coding-svc POST /charts:import", tables=INTAKE)
async def _import_charts(world: World, known: Things) -> Request:
    lines = "\n".join(json.dumps(desk.chart()) for _ in range(2))
    return {"content": lines, "headers": {"Content-Type": "application/x-ndjson"}}


@register("coding-svc POST /fhir", tables=INTAKE)
async def _post_bundle(world: World, known: Things) -> Request:
    return {"json": desk.bundle()}


@register(
    "coding-svc POST /charts/{chart_id}/documents",
    tables="chart chart_history document document_version",
)
async def _post_document(world: World, known: Things) -> Request:
    body = {"external_id": uuid4().hex, "text": desk.NOTE}
    return {"at": {"chart_id": await desk.received(world)}, "json": body}


ANY = {"If-Match": "*"}
STEP = "chart chart_history"
LEFT = f"{STEP} encounter encounter_history encounter_revision"


@register("coding-svc POST /charts:next", tables=STEP)
async def _take_next(world: World, known: Things) -> Request:
    chart_id, team = await desk.received(world, documents=[]), f"team-{uuid4().hex}"
    await desk.changed(world, "POST", f"/charts/{chart_id}:assign", {"team": team})
    return {"params": {"team": team}}


@register("coding-svc POST /charts/{chart_id}:take", tables=STEP)
async def _take_chart(world: World, known: Things) -> Request:
    return {"at": {"chart_id": await desk.received(world)}, "headers": ANY}


@register("coding-svc POST /charts/{chart_id}:assign", tables=STEP)
async def _assign_chart(world: World, known: Things) -> Request:
    at = {"chart_id": await desk.received(world)}
    return {"at": at, "json": {"team": "surgery"}, "headers": ANY}


@register("coding-svc PUT /charts/{chart_id}/codes", tables=STEP)
async def _put_codes(world: World, known: Things) -> Request:
    return {"at": {"chart_id": await desk.received(world)}, "json": desk.codes(), "headers": ANY}


@register("coding-svc POST /charts/{chart_id}:pend", tables=STEP)
async def _pend_chart(world: World, known: Things) -> Request:
    at = {"chart_id": await desk.received(world)}
    return {"at": at, "json": {"reason_code": "missing_note"}, "headers": ANY}


@register("coding-svc POST /charts/{chart_id}:return", tables=STEP)
async def _return_chart(world: World, known: Things) -> Request:
    chart_id = await desk.received(world)
    pended = {"reason_code": "missing_note"}
    await desk.changed(world, "POST", f"/charts/{chart_id}:pend", pended)
    return {"at": {"chart_id": chart_id}, "json": {}, "headers": ANY}


@register("coding-svc POST /charts/{chart_id}:reopen", tables=STEP)
async def _reopen_chart(world: World, known: Things) -> Request:
    at = {"chart_id": await desk.coded(world)}
    return {"at": at, "json": {"reason": "a service was forgotten"}, "headers": ANY}


@register("coding-svc POST /charts/{chart_id}:finalize", tables=LEFT, events="EncounterCoded")
async def _finalize_chart(world: World, known: Things) -> Request:
    chart_id = await desk.received(world)
    await desk.changed(world, "PUT", f"/charts/{chart_id}/codes", desk.codes())
    return {"at": {"chart_id": chart_id}, "json": {}, "headers": ANY}


@register("coding-svc POST /charts/{chart_id}:read", tables="chart")
async def _read_documents(world: World, known: Things) -> Request:
    """One that was read already: whether the job was faster makes no difference."""
    chart_id, _ = await desk.suggested(world)
    return {"at": {"chart_id": chart_id}}


@register(
    "coding-svc POST /charts/{chart_id}/suggestions/{suggestion_id}:decide",
    tables=f"{STEP} suggestion",
    events="SuggestionDecided",
)
async def _decide_suggestion(world: World, known: Things) -> Request:
    chart_id, suggestion_id = await desk.suggested(world)
    at = {"chart_id": chart_id, "suggestion_id": suggestion_id}
    return {"at": at, "json": {"decision": "accept"}, "headers": ANY}


@register("coding-svc POST /queries:check", audited=False)
async def _check_wording(world: World, known: Things) -> Request:
    return {"json": desk.question()}


@register(
    "coding-svc POST /charts/{chart_id}/queries", tables="physician_query physician_query_history"
)
async def _post_query(world: World, known: Things) -> Request:
    at = {"chart_id": await desk.received(world)}
    return {"at": at, "json": desk.question(provider_npi="1000000004")}


@register("coding-svc PUT /queries/{query_id}", tables="physician_query physician_query_history")
async def _put_query(world: World, known: Things) -> Request:
    at = {"query_id": await desk.query(world)}
    return {"at": at, "json": desk.question(), "headers": ANY}


@register(
    "coding-svc POST /queries/{query_id}:send",
    tables=f"{STEP} physician_query physician_query_history",
)
async def _send_query(world: World, known: Things) -> Request:
    return {"at": {"query_id": await desk.query(world)}, "headers": ANY}


@register(
    "coding-svc POST /queries/{query_id}:answer",
    tables=f"{STEP} physician_query physician_query_history",
)
async def _answer_query(world: World, known: Things) -> Request:
    at = {"query_id": await desk.query(world, sent=True)}
    return {"at": at, "json": {"choice": 0}, "headers": ANY}


@register(
    "coding-svc POST /queries/{query_id}:close", tables="physician_query physician_query_history"
)
async def _close_query(world: World, known: Things) -> Request:
    at = {"query_id": await desk.query(world)}
    return {"at": at, "json": {"outcome": "withdrawn"}, "headers": ANY}


@register(
    "coding-svc POST /reviews/{review_id}:judge", tables=f"{LEFT} review", events="EncounterCoded"
)
async def _judge_review(world: World, known: Things) -> Request:
    return {"at": {"review_id": await desk.review(world)}, "json": {}, "headers": ANY}


@register("coding-svc POST /reviews/{review_id}:rebut", tables="review")
async def _rebut_review(world: World, known: Things) -> Request:
    at = {"review_id": await desk.disputed(world)}
    return {"at": at, "json": {"words": "it is documented"}, "headers": ANY}


@register("coding-svc POST /reviews/{review_id}:resolve", tables="review")
async def _resolve_review(world: World, known: Things) -> Request:
    at = {"review_id": await desk.disputed(world, rebutted=True)}
    return {"at": at, "json": {"overturned": [0]}, "headers": ANY}


@register("coding-svc PUT /desk-rules/{kind}/{name}", tables="desk_rule")
async def _put_rule(world: World, known: Things) -> Request:
    at = {"kind": "worklist", "name": "of_nobody"}
    return {"at": at, "json": {"is_active": False}}


@register("coding-svc POST /coding-audits:size", audited=False)
async def _compute_size(world: World, known: Things) -> Request:
    return {"json": {"population": 1000}}


@register("coding-svc POST /coding-audits", tables="coding_audit review")
async def _post_audit(world: World, known: Things) -> Request:
    await desk.coded(world)
    return {"json": desk.plan()}


@register("coding-svc POST /coding-audits/{audit_id}:close", tables="coding_audit")
async def _close_audit(world: World, known: Things) -> Request:
    """One that drew nothing has nothing left to read."""
    at = {"audit_id": await desk.audit(world, ends_on="2020-01-01")}
    return {"at": at, "headers": ANY}
