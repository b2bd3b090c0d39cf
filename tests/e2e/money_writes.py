"""The writes that move money by hand: files, paper, held remittances, matches, deposits."""

from uuid import uuid4

from e2e import money
from e2e.world import World
from e2e.writes import X12, Request, Things, register


@register("payer-gateway POST /interchanges", tables="interchange interchange_chunk")
async def _post_interchange(world: World, known: Things) -> Request:
    return {"content": f"ISA*of no use {uuid4()}".encode(), "headers": X12}


@register("payer-gateway POST /remittances", tables="interchange interchange_chunk")
async def _post_remittance(world: World, known: Things) -> Request:
    return {"json": money.paper()}


@register("payer-gateway POST /remittances:validate", audited=False)
async def _validate_remittance(world: World, known: Things) -> Request:
    return {"json": money.paper()}


@register("payer-gateway POST /remittances/{remittance_id}:recheck", tables="remittance")
async def _recheck(world: World, known: Things) -> Request:
    return {"at": {"remittance_id": (await money.held(world))["remittance_id"]}}


@register("payer-gateway POST /remittances/{remittance_id}:dismiss", tables="remittance")
async def _dismiss(world: World, known: Things) -> Request:
    at = {"remittance_id": (await money.held(world))["remittance_id"]}
    return {"at": at, "json": {"reason_code": "entered_in_error"}}


@register(
    "payer-gateway POST /remittances/{remittance_id}/exceptions/{finding_id}:resolve",
    tables="finding",
)
async def _resolve(world: World, known: Things) -> Request:
    remittance_id = (await money.held(world))["remittance_id"]
    finding_id = await money.finding(world, remittance_id)
    at = {"remittance_id": remittance_id, "finding_id": finding_id}
    return {"at": at, "json": {"reason_code": "payer_will_correct"}}


@register(
    "payer-gateway POST /remittances/{remittance_id}/claims/{ordinal}:match",
    tables="remittance_claim",
)
async def _match_claim(world: World, known: Things) -> Request:
    """The claim is closed already, so that what is matched to it waits on."""
    at = {"remittance_id": (await money.reported(world))["remittance_id"], "ordinal": "1"}
    return {"at": at, "json": {"claim_id": known["claim_id"]}}


@register(
    "payer-gateway POST /provider-adjustments/{remittance_id}/{ordinal}:settle",
    tables="provider_adjustment",
)
async def _settle(world: World, known: Things) -> Request:
    at = {"remittance_id": (await money.reported(world))["remittance_id"], "ordinal": "1"}
    return {"at": at, "json": {"reason_code": "agreed_with_payer"}}


@register("payer-gateway POST /deposits", tables="deposit")
async def _post_deposit(world: World, known: Things) -> Request:
    return {"json": money.credit()}


@register("payer-gateway POST /deposits:validate", audited=False)
async def _validate_deposit(world: World, known: Things) -> Request:
    return {"json": money.credit()}


def _statement() -> Request:
    return {
        "format": "csv",
        "content": f"Day,Cents,Ref\n2026-03-05,12.50,{uuid4().hex}\n",
        "columns": {"deposited_on": "Day", "amount": "Cents", "bank_reference": "Ref"},
    }


@register("payer-gateway POST /deposits/imports", tables="interchange interchange_chunk deposit")
async def _import(world: World, known: Things) -> Request:
    return {"json": _statement()}


@register("payer-gateway POST /deposits/imports:validate", audited=False)
async def _validate_import(world: World, known: Things) -> Request:
    return {"json": _statement()}


@register("payer-gateway POST /deposits:match")
async def _match_all(world: World, known: Things) -> Request:
    """What has a trace was matched by the job meanwhile."""
    return {}


@register(
    "payer-gateway POST /deposits/{deposit_id}:match", tables="deposit", events="DepositMatched"
)
async def _match(world: World, known: Things) -> Request:
    remittance_id = (await money.reported(world))["remittance_id"]
    at = {"deposit_id": await money.deposit(world)}
    return {"at": at, "json": {"remittance_id": remittance_id}}


@register(
    "payer-gateway POST /deposits/{deposit_id}:unmatch",
    tables="deposit",
    events="DepositUnmatched",
)
async def _unmatch(world: World, known: Things) -> Request:
    made = await _match(world, known)
    deposit_id = made["at"]["deposit_id"]
    await world.post("payer-gateway", f"/deposits/{deposit_id}:match", made["json"])
    return {"at": {"deposit_id": deposit_id}}
