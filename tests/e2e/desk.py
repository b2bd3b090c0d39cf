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


async def things(world: World) -> dict[str, str]:
    """A visit that waits for a coder, and its note."""
    chart_id = await received(world)
    [note] = (await world.get("coding-svc", f"/charts/{chart_id}/documents"))["items"]
    return {"chart_id": chart_id, "document_id": note["document_id"]}
