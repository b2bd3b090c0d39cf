"""The coder's desk as a record system and a coder see it over REST."""

from typing import Any
from uuid import uuid4

import fhir_world
from e2e import clinic
from e2e.world import World

Body = dict[str, Any]
NOTE = "ASSESSMENT\n\n1. Essential hypertension, well controlled.\n"


def chart(**changes: Any) -> Body:
    """A visit without codes for `POST /charts`, with one note; its payer has no partner."""
    nowhere = clinic.coverage(payer_id="NOWHERE", payer_name="Payer without a partner")
    visit = clinic.coding(diagnoses=[], lines=[], coverages=[nowhere])
    note = {"external_id": "note", "text": NOTE}
    return {
        "external_id": f"v-{uuid4().hex}", "patient": clinic.patient(), "documents": [note],
    } | visit | changes  # fmt: skip


def bundle() -> Body:
    """A FHIR Bundle with a visit of a new number."""
    number = [{"system": "urn:visit", "value": f"f-{uuid4().hex}"}]
    return fhir_world.bundle(encounter={"identifier": number})


async def received(world: World, **changes: Any) -> str:
    """The chart of a visit that waits for a coder."""
    made = await world.post("coding-svc", "/charts", chart(**changes))
    return str(made["encounter_id"])


async def changed(world: World, method: str, path: str, body: Any = None, token: str = "") -> Any:
    """A change of whatever version the thing has now."""
    answer = await world.call(
        "coding-svc", method, path, token=token or None, json=body, headers={"If-Match": "*"}
    )
    assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
    return answer.json()


def codes() -> Body:
    """What a coder enters."""
    return {"diagnoses": [{"code": "I10", "code_type": "ABK"}], "lines": [clinic.line()]}


async def coded(world: World, token: str = "", **changes: Any) -> str:
    """A chart whose codes a coder has let go, or sent to a second reader."""
    chart_id = await received(world, **changes)
    await changed(world, "PUT", f"/charts/{chart_id}/codes", codes(), token)
    await changed(world, "POST", f"/charts/{chart_id}:finalize", {}, token)
    return chart_id


async def suggested(world: World) -> tuple[str, str]:
    """A chart and one of its suggestions."""
    chart_id = await received(world)
    await world.post("coding-svc", f"/charts/{chart_id}:read")
    found = await world.get("coding-svc", f"/charts/{chart_id}/suggestions")
    return chart_id, str(found["items"][0]["suggestion_id"])


def question(**changes: Any) -> Body:
    """A query that may be sent."""
    return {
        "template": "laterality",
        "indicators": "Knee pain is documented without its side.",
    } | changes


async def query(world: World, *, sent: bool = False) -> str:
    """A draft, or one on its way."""
    chart_id = await received(world)
    body = question(provider_npi=clinic.RENDERING["npi"])
    made = await world.post("coding-svc", f"/charts/{chart_id}/queries", body)
    query_id = str(made["query_id"])
    if sent:
        await changed(world, "POST", f"/queries/{query_id}:send")
    return query_id


async def review(world: World) -> str:
    """A second reading that waits, of somebody else's coding."""
    rule = {"criteria": {"kinds": ["second_look"]}}
    await world.put("coding-svc", "/desk-rules/review/second_look", rule)
    token = world.mint(sub=f"coder-{uuid4().hex}")
    chart_id = await coded(world, token, kind="second_look")
    found = await world.get("coding-svc", "/reviews", encounter_id=chart_id)
    return str(found["items"][0]["review_id"])


FINDING = {"kind": "missed", "should_be": "E119", "severity": "major"}


async def disputed(world: World, *, rebutted: bool = False) -> str:
    """A review with a finding, or with one that the coder does not accept."""
    review_id = await review(world)
    path = f"/reviews/{review_id}"
    await changed(world, "POST", f"{path}:judge", {"findings": [FINDING]})
    if rebutted:
        await changed(world, "POST", f"{path}:rebut", {"words": "it is not documented"})
    return review_id


def plan(**changes: Any) -> Body:
    """An audit of everything that has left."""
    return {"name": "all of it", "begins_on": "2020-01-01", "ends_on": "2999-01-01"} | changes


async def audit(world: World, **changes: Any) -> str:
    """An open audit."""
    made = await world.post("coding-svc", "/coding-audits", plan(**changes))
    return str(made["audit_id"])


async def things(world: World) -> dict[str, str]:
    """A visit that waits for a coder, its note, a query, a review and an audit."""
    chart_id, suggestion_id = await suggested(world)
    [note] = (await world.get("coding-svc", f"/charts/{chart_id}/documents"))["items"]
    return {
        "chart_id": chart_id,
        "document_id": note["document_id"],
        "suggestion_id": suggestion_id,
        "query_id": await query(world),
        "review_id": await review(world),
        "audit_id": await audit(world),
        "report": "dnfb",
    }
