"""The document says what the service does: every route, its problems, its scope, its key."""

import json
from typing import Any

import pytest
from fastapi import APIRouter

from rcm.service import ApiRouter, create_service
from rcm.testing.service import ServiceUnderTest


@pytest.fixture(scope="module")
async def document(notes: ServiceUnderTest) -> Any:
    async with notes.client() as client:
        return (await client.get("/openapi.json")).json()


def operations(document: Any) -> list[tuple[str, str, Any]]:
    return [
        (method, path, operation)
        for path, found in document["paths"].items()
        for method, operation in found.items()
    ]


async def test_every_operation_says_its_scope_and_its_problems(document: Any) -> None:
    found = operations(document)
    assert len(found) == 10
    for method, _path, operation in found:
        assert operation["security"][0]["bearer"][0].startswith("system/Note.")
        for status in ("401", "403", "422", "500", "503"):
            content = operation["responses"][status]["content"]["application/problem+json"]
            assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
        names = [found["name"] for found in operation.get("parameters", [])]
        assert ("Idempotency-Key" in names) == (method in {"post", "put", "delete", "patch"})
        assert ("428" in operation["responses"]) == ("If-Match" in names)


async def test_the_probes_are_no_part_of_the_api(document: Any) -> None:
    assert not {"/livez", "/readyz", "/startupz", "/metrics"} & set(document["paths"])


async def test_the_document_can_be_had_without_opening_anything(
    notes: ServiceUnderTest, document: Any
) -> None:
    assert json.loads(json.dumps(notes.service.openapi())) == document


async def test_a_route_that_nothing_guards_is_refused_at_import(notes: ServiceUnderTest) -> None:
    router = APIRouter()
    router.add_api_route("/open", lambda: None)
    with pytest.raises(TypeError, match="nothing guards it"):
        create_service(
            "open-svc",
            router=router,
            subscriptions=notes.service.subscriptions,
            migrations=[],
        )


@pytest.mark.parametrize("scope", ["Note", "Note.", "Note.cr", "Note.x", "no te.c", ""])
def test_a_scope_is_one_resource_and_one_verb(scope: str) -> None:
    with pytest.raises(ValueError, match="is not a resource and one verb"):
        ApiRouter().get("/x", scope=scope)
