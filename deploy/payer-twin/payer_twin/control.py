"""What a tester sets: the clock, the payment run, scripts; and a memory that is emptied."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Path
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from payer_twin.callers import Payer, Submitter, operator
from payer_twin.clock import MovesBackwards
from payer_twin.plan import SCRIPT, Script
from payer_twin.scenarios import BY_CODE
from payer_twin.twin import Twin

router = APIRouter()
Key = Annotated[str, Path(pattern=r"^[A-Za-z0-9.\-]{1,80}$")]


class ClockChange(BaseModel):
    """Either `advance` or `now`, or neither to only start or stop it."""

    model_config = ConfigDict(extra="forbid")

    advance: timedelta | None = Field(None, ge=timedelta(0), le=timedelta(days=3660))
    """ISO 8601 (`P45D`, `PT2H`) or seconds."""
    now: AwareDatetime | None = None
    """Not before what it shows."""
    running: bool | None = None


class PaymentRun(BaseModel):
    """When the payer pays."""

    model_config = ConfigDict(extra="forbid")

    at: Annotated[str, Field(pattern=r"^(|([01]\d|2[0-3]):[0-5]\d)$")] = ""
    """HH:MM (UTC) of the daily run; empty pays each claim by itself."""


class Reset(BaseModel):
    """How a memory begins anew."""

    model_config = ConfigDict(extra="forbid")

    now: AwareDatetime | None = None
    """What the clock shows then; the wall's time by default."""


@router.get("/clock")
def get_clock(twin: Payer) -> dict[str, Any]:
    """What the payer's clock shows."""
    return _clock(twin)


@router.put("/clock", dependencies=[Depends(operator)])
def put_clock(twin: Payer, change: ClockChange) -> dict[str, Any]:
    """Move, stop or start it. What becomes due on the way happens in order, at its own time."""
    if change.advance is not None and change.now is not None:
        raise HTTPException(422, "give `advance` or `now`, not both")
    to = change.now.timestamp() if change.now else None
    if change.advance is not None:
        to = twin.clock.now() + change.advance.total_seconds()
    try:
        twin.clock.move(to=to, running=change.running)
    except MovesBackwards as error:
        raise HTTPException(409, "the clock does not go back; reset the memory first") from error
    with twin.settled():
        return _clock(twin)


def _clock(twin: Twin) -> dict[str, Any]:
    at = datetime.fromtimestamp(twin.clock.now(), UTC)
    return {"now": at.isoformat(), "running": twin.clock.is_running}


@router.get("/payment-run")
def get_payment_run(twin: Payer) -> PaymentRun:
    """When claims are paid that no scenario pays at another time."""
    with twin.storage.transaction() as session:
        return PaymentRun(at=twin.payment_run(session))


@router.put("/payment-run", dependencies=[Depends(operator)])
def put_payment_run(twin: Payer, change: PaymentRun) -> PaymentRun:
    """For claims that come from now on."""
    twin.set_payment_run(change.at)
    return change


@router.get("/scripts")
def list_scripts(twin: Payer, partner: Submitter) -> dict[str, Any]:
    """Every script, with whose claims it is for (empty: anybody's)."""
    with twin.storage.transaction() as session:
        rows = session.scripts(partner)
    items = [
        {
            "key": row["key"],
            "submitter": row["submitter"],
            "script": SCRIPT.dump_python(SCRIPT.validate_json(row["body"]), mode="json"),
        }
        for row in rows
    ]
    return {"items": items}


@router.put("/scripts/{key}")
def put_script(twin: Payer, partner: Submitter, key: Key, script: Script) -> dict[str, Any]:
    """What is to happen to the next claim with this patient control number or member id: exactly
    the given steps, and nothing else. Without a submitter it is for anybody's."""
    if script.eligibility and script.eligibility not in BY_CODE:
        raise HTTPException(422, "`eligibility` is not a code of the table")
    with twin.storage.transaction() as session:
        session.set_script(partner or "", key, SCRIPT.dump_json(script).decode())
    return {
        "key": key,
        "submitter": partner or "",
        "script": SCRIPT.dump_python(script, mode="json"),
    }


@router.delete("/scripts/{key}", status_code=204)
def delete_script(twin: Payer, partner: Submitter, key: Key) -> None:
    """By the table again."""
    with twin.storage.transaction() as session:
        if not session.drop_script(partner or "", key):
            raise HTTPException(404, "there is no such script")


@router.delete("/submitters/{submitter}", status_code=204)
def reset_submitter(twin: Payer, partner: Submitter, submitter: str) -> None:
    """Forget everything about one submitter; all others keep theirs."""
    if partner not in {None, submitter}:
        raise HTTPException(403, "the token belongs to another submitter")
    with twin.storage.transaction() as session:
        session.forget(submitter)


@router.post("/reset", status_code=204, dependencies=[Depends(operator)])
def reset(twin: Payer, change: Reset) -> None:
    """Forget everything; the clock may then show any time."""
    with twin.storage.transaction() as session:
        session.forget_everything()
    twin.clock.restart(change.now.timestamp() if change.now else None)
