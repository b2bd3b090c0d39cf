"""Everything that the twin did, for anyone who may see it: claims, files, connections."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, HTTPException, Request, Response

from payer_twin.callers import After, Limit, Payer, Submitter
from payer_twin.identity import Identity

router = APIRouter()


@router.get("/claims")
def list_claims(
    twin: Payer,
    partner: Submitter,
    after: After = 0,
    limit: Limit = 100,
    control_number: str | None = None,
) -> dict[str, Any]:
    """What the twin did with each claim."""
    with twin.settled() as session:
        items = session.claims(
            after=after, limit=limit, submitter=partner, control_number=control_number
        )
    for item in items:
        item["received_at"] = _time(item["received_at"])
    return {"items": items, "next": items[-1]["id"] if items else after}


@router.get("/claims/{control_number}/timeline")
def get_timeline(twin: Payer, partner: Submitter, control_number: str) -> dict[str, Any]:
    """What happened to each claim of this number, what is still to happen, and in which files."""
    now = twin.clock.now()
    with twin.settled() as session:
        claims = session.claims(
            after=0, limit=500, submitter=partner, control_number=control_number
        )
        found = [
            {
                "id": claim["id"],
                "submitter": claim["submitter"],
                "scenario": claim["scenario"],
                "status": claim["status"],
                "payer_claim_number": claim["payer_claim_number"],
                "events": [
                    {
                        "at": _time(row["at"]),
                        "what": row["what"],
                        "file_name": row["file_name"] or None,
                        "is_due": row["at"] <= now,
                        "picked_up_at": _time(row["taken_at"]),
                    }
                    for row in session.timeline(claim["id"])
                ],
                "payments_due_at": [
                    _time(row["due_at"]) for row in session.waiting_of(claim["id"])
                ],
            }
            for claim in claims
        ]
    if not found:
        raise HTTPException(404, "no claim with this number has come")
    return {"control_number": control_number, "items": found}


@router.get("/files/received")
def list_received(
    twin: Payer, partner: Submitter, after: After = 0, limit: Limit = 100
) -> dict[str, Any]:
    """Every interchange that came, by which door and under which name."""
    with twin.settled() as session:
        rows = [dict(row) for row in session.received(partner, after, limit)]
    for row in rows:
        row["received_at"] = _time(row["received_at"])
    return {"items": rows, "next": rows[-1]["id"] if rows else after}


@router.get("/files/received/{number}")
def get_received(twin: Payer, partner: Submitter, number: int) -> Response:
    """One of them, byte for byte."""
    with twin.storage.transaction() as session:
        content = session.received_content(partner, number)
    if content is None:
        raise HTTPException(404, "there is no such file")
    return Response(content, media_type="application/edi-x12")


@router.get("/files/sent")
def list_sent(
    twin: Payer, partner: Submitter, after: After = 0, limit: Limit = 100
) -> dict[str, Any]:
    """Every file that was made, also those that are not due yet."""
    with twin.settled() as session:
        rows = [dict(row) for row in session.sent_files(partner, after, limit)]
    for row in rows:
        row["due_at"], row["taken_at"] = _time(row["due_at"]), _time(row["taken_at"])
    return {"items": rows, "next": rows[-1]["id"] if rows else after}


@router.get("/sessions")
def list_sessions(
    twin: Payer, partner: Submitter, after: After = 0, limit: Limit = 100
) -> dict[str, Any]:
    """What happened at the doors, connection by connection, in order."""
    with twin.storage.transaction() as session:
        rows = [dict(row) for row in session.acts(partner, after, limit)]
    for row in rows:
        row["at"] = _time(row["at"])
    return {"items": rows, "next": rows[-1]["id"] if rows else after}


@router.get("/identity")
def get_identity(request: Request, twin: Payer) -> dict[str, Any]:
    """Where each door is, and the host key and certificate to pin."""
    ports: dict[str, int] = getattr(request.app.state, "ports", {})
    return {"ports": ports, **Identity.of(twin.settings).published()}


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()
