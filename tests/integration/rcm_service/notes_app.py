"""A small service with every kind of route. Run as a program it is a process of that service."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

from fastapi import Body, Response
from pydantic import BaseModel, ConfigDict, Field

from rcm.errors import NotFound
from rcm.events import Subscriptions
from rcm.ids import new_id
from rcm.service import (
    ApiRouter,
    CurrentPrincipal,
    IfMatch,
    Page,
    Paging,
    RequestTx,
    RequiredIfMatch,
    create_service,
    versioned,
)

MIGRATIONS = Path(__file__).parent / "migrations"
# Locked, so that of two editors at once the second one reads the first one's version.
VERSION = "SELECT version FROM note WHERE note_id = $1 FOR UPDATE"


class NoteCreate(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(max_length=200)]
    number: Annotated[int, Field(ge=0, le=9)] = 0
    on: datetime | None = None
    kind: Annotated[str, Field(pattern="^[a-z]+$")] = "plain"
    lines: Annotated[list[dict[str, int]], Field(max_length=3)] = []


class NoteView(BaseModel):
    note_id: UUID
    text: str
    version: int = 1


def create_router() -> ApiRouter:
    router = ApiRouter()
    add_notes(router)
    add_others(router)
    return router


def add_notes(router: ApiRouter) -> None:
    @router.post("/notes", status_code=201, scope="Note.c")
    async def post_note(body: NoteCreate, tx: RequestTx, response: Response) -> NoteView:
        note_id = new_id()
        await tx.execute(
            "INSERT INTO note (tenant_id, note_id, body) VALUES ($1, $2, $3)",
            tx.tenant_id,
            note_id,
            body.text,
        )
        versioned(response, 1)
        response.headers["Location"] = f"/notes/{note_id}"
        return NoteView(note_id=note_id, text=body.text)

    @router.get("/notes/{note_id}", scope="Note.r", audit_read=True)
    async def get_note(note_id: UUID, tx: RequestTx, response: Response) -> NoteView:
        row = await tx.fetchrow("SELECT body, version FROM note WHERE note_id = $1", note_id)
        if row is None:
            raise NotFound("note_not_found", "There is no such note.")
        versioned(response, row["version"])
        return NoteView(note_id=note_id, text=row["body"], version=row["version"])

    @router.get("/notes", scope="Note.s")
    async def list_notes(tx: RequestTx, paging: Paging, prefix: str = "") -> Page[NoteView]:
        after = paging.after(str, UUID)
        rows = await tx.fetch(
            """
            SELECT note_id, body FROM note WHERE starts_with(body, $1)
              AND ($2::text IS NULL OR (body, note_id) > ($2, $3::uuid))
            ORDER BY body, note_id LIMIT $4
            """,
            prefix,
            *(after or (None, None)),
            paging.fetch,
        )
        return Page[NoteView].of(
            rows,
            paging,
            key=lambda row: (row["body"], row["note_id"]),
            view=lambda row: NoteView(note_id=row["note_id"], text=row["body"]),
        )

    @router.put("/notes/{note_id}", scope="Note.u")
    async def put_note(
        note_id: UUID, body: NoteCreate, tx: RequestTx, if_match: RequiredIfMatch
    ) -> NoteView:
        version = await tx.fetchval(VERSION, note_id)
        if_match.require(version)
        await tx.execute(
            "UPDATE note SET body = $2, version = version + 1 WHERE note_id = $1",
            note_id,
            body.text,
        )
        return NoteView(note_id=note_id, text=body.text, version=version + 1)

    @router.delete("/notes/{note_id}", status_code=204, scope="Note.d")
    async def delete_note(note_id: UUID, tx: RequestTx, if_match: IfMatch) -> None:
        version = await tx.fetchval(VERSION, note_id)
        if_match.require(version)
        await tx.execute("DELETE FROM note WHERE note_id = $1", note_id)


def add_others(router: ApiRouter) -> None:
    @router.post("/files", scope="Note.c", audit=False)
    async def post_file(
        content: Annotated[bytes, Body(media_type="application/edi-x12")],
    ) -> dict[str, int]:
        return {"size_bytes": len(content)}

    @router.post("/sql", scope="Note.u", audit=False)
    async def post_sql(body: dict[str, Any], tx: RequestTx) -> dict[str, Any]:
        return {"found": str(await tx.fetchval(body["sql"]))}

    @router.post("/slow", scope="Note.c", audit=False)
    async def post_slow(body: NoteCreate, tx: RequestTx) -> dict[str, str]:
        await tx.execute(
            "INSERT INTO note (tenant_id, note_id, body) VALUES ($1, $2, $3)",
            tx.tenant_id,
            new_id(),
            body.text,
        )
        await asyncio.sleep(1.0)
        return {"done": "yes"}

    @router.get("/whoami", scope="Note.r")
    async def whoami(principal: CurrentPrincipal) -> dict[str, str]:
        return {"subject": principal.subject, "tenant": str(principal.tenant_id)}

    @router.get("/broken", scope="Note.r")
    async def broken() -> None:
        raise RuntimeError("the note of Maria Canary, 123-45-6789, is broken")


service = create_service(
    "notes-svc",
    router=create_router(),
    subscriptions=Subscriptions("notes-svc"),
    migrations=[MIGRATIONS],
)

if __name__ == "__main__":
    service.run()
