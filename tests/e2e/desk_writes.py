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
