"""Cursors neither skip nor repeat nor tell; of two editors, one is told."""

import asyncio
from typing import Any

import pytest

from rcm.testing.service import ServiceUnderTest


async def make(notes: ServiceUnderTest, *texts: str) -> list[dict[str, Any]]:
    async with notes.client() as client:
        return [(await client.post("/notes", json={"text": text})).json() for text in texts]


async def test_pages_go_through_a_list_once(notes: ServiceUnderTest) -> None:
    made = await make(notes, *(f"page {number:02}" for number in range(10)), "page 03", "page 03")
    seen: list[str] = []
    async with notes.client() as client:
        query: dict[str, Any] = {"prefix": "page", "limit": 5}
        while True:
            page = (await client.get("/notes", params=query)).json()
            seen += [item["note_id"] for item in page["items"]]
            if page["next_cursor"] is None:
                break
            # A row that comes in behind the cursor moves nothing.
            await client.post("/notes", json={"text": "page 00"})
            query["cursor"] = page["next_cursor"]
    assert sorted(seen) == sorted(item["note_id"] for item in made)


async def test_a_cursor_belongs_to_its_list(notes: ServiceUnderTest) -> None:
    """Its tenant, its filters and its bytes; it shows nothing of the row's sort key."""
    await make(notes, *("mine Canary",) * 3)
    query = {"prefix": "mine", "limit": 1}
    async with notes.client() as client, notes.client(tenant=notes.other_tenant) as other:
        cursor = (await client.get("/notes", params=query)).json()["next_cursor"]
        changed = ("A" if cursor[30] != "A" else "B").join((cursor[:30], cursor[31:]))
        answers = [
            await client.get("/notes", params=query | {"cursor": cursor}),
            await other.get("/notes", params=query | {"cursor": cursor}),
            await client.get("/notes", params=query | {"cursor": cursor, "prefix": "m"}),
            await client.get("/notes", params=query | {"cursor": changed}),
            await client.get("/notes", params=query | {"cursor": "x" * 3000}),
        ]
    assert [answer.status_code for answer in answers] == [200, 400, 400, 400, 422]
    assert "Canary" not in cursor


@pytest.mark.parametrize(
    ("if_match", "status", "name"),
    [
        (None, 428, "if_match_required"),
        ('"7"', 412, "version_outdated"),
        ('W/"1"', 412, "version_outdated"),
        ("Maria Canary", 400, "if_match_invalid"),
        ('"7", "1"', 200, None),
        ("*", 200, None),
        ('"1"', 200, None),
    ],
)
async def test_a_change_needs_the_version_that_was_seen(
    notes: ServiceUnderTest, if_match: str | None, status: int, name: str | None
) -> None:
    [made] = await make(notes, "versioned")
    headers = {} if if_match is None else {"If-Match": if_match}
    async with notes.client() as client:
        path = f"/notes/{made['note_id']}"
        answer = await client.put(path, json={"text": "changed"}, headers=headers)
    assert answer.status_code == status
    assert answer.json().get("error_name") == name


async def test_of_editors_at_once_one_is_served_and_the_others_are_told(
    notes: ServiceUnderTest,
) -> None:
    [made] = await make(notes, "contested")
    path = f"/notes/{made['note_id']}"
    async with notes.client() as client:
        # Opens the connections first, or the editors come one after the other.
        await asyncio.gather(*(client.get(path) for _ in range(10)))
        answers = await asyncio.gather(
            *(
                client.put(path, json={"text": f"by {n}"}, headers={"If-Match": '"1"'})
                for n in range(10)
            )
        )
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 9


async def test_a_change_may_go_without_a_version_where_the_route_says_so(
    notes: ServiceUnderTest,
) -> None:
    [made] = await make(notes, "deleted")
    async with notes.client() as client:
        assert (await client.delete(f"/notes/{made['note_id']}")).status_code == 204
        assert (await client.get(f"/notes/{made['note_id']}")).status_code == 404


async def test_what_was_not_modified_is_not_sent_again(notes: ServiceUnderTest) -> None:
    [made] = await make(notes, "cached")
    path = f"/notes/{made['note_id']}"
    async with notes.client() as client:
        tag = (await client.get(path)).headers["ETag"]
        same = await client.get(path, headers={"If-None-Match": tag})
        other = await client.get(path, headers={"If-None-Match": '"9"'})
        one_of = await client.get(path, headers={"If-None-Match": f'"9", W/{tag}'})
        any_at_all = await client.get(path, headers={"If-None-Match": "*"})
    assert (same.status_code, same.content, other.status_code) == (304, b"", 200)
    assert (one_of.status_code, any_at_all.status_code) == (304, 304)
