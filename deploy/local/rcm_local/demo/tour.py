"""The demo's way through the cycle: set up, send the visits, wait for the last answer."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import date

from rich.progress import Progress

from rcm_local.demo import catalogue
from rcm_local.demo.clinic import Clinic, patients, visits
from rcm_local.demo.practice import Body, PracticeSystem
from rcm_local.problems import LocalProblem

BATCH_SIZE, BATCHES_AT_ONCE = 25, 3
POLL_S, STALLED_S = 0.5, 120.0
# The partner waits this long for more claims before a file leaves.
SEND_AFTER_S = 1
# Where a claim stays until somebody works on it: no more answers come by themselves.
RESTING = frozenset(
    {
        "held",
        "file_rejected",
        "clearinghouse_rejected",
        "payer_rejected",
        "adjudicated",
        "closed",
        "voided",
    }
)


async def set_up(practice: PracticeSystem, *, twin_url: str, twin_token: str) -> None:
    """What a clinic agrees on before its first claim: prices, payers, and the way to them. Safe to
    repeat."""
    await practice.put(
        "claims-svc",
        f"/fee-schedules/default/{date(2020, 1, 1)}",
        {
            "items": [
                {"procedure_code": code, "unit_cents": cents}
                for code, cents in catalogue.FEES_CENTS.items()
            ]
        },
    )
    partner_id = await _trading_partner(practice, twin_url, twin_token)
    payers = [
        {"payer_id": payer_id, "name": name, "partner_id": partner_id}
        for payer_id, name in catalogue.PAYERS.items()
    ]
    await practice.put("payer-gateway", "/payers", {"payers": payers})


async def _trading_partner(practice: PracticeSystem, twin_url: str, twin_token: str) -> str:
    """The payer twin at this address; another address is another partner."""
    partners = await practice.pages("payer-gateway", "/trading-partners")
    for partner in partners:
        if partner["base_url"] == twin_url:
            return str(partner["partner_id"])
    place = twin_url.rpartition(":")[2]
    made = await practice.post(
        "payer-gateway",
        "/trading-partners",
        {
            "name": f"Payer twin, port {place}",
            "submitter_id": f"LINDEN{place}",
            "submitter_name": "Lindenfeld Family Clinic",
            "submitter_contact": "Billing office",
            "submitter_phone": "2175550100",
            "receiver_id": "PAYERTWIN",
            "receiver_name": "Payer twin",
            "base_url": twin_url,
            "bearer_token": twin_token,
            "terms": {"send_after_s": SEND_AFTER_S},
        },
    )
    return str(made["partner_id"])


def planned_visits(clinic: Clinic, table: Body, *, run: int, today: date) -> list[Body]:
    """The bodies to post, with every everyday outcome of the payer's published table among them."""
    people = patients(clinic, _scenario_marks(table), today)
    return list(visits(clinic, people, run=run, today=today))


def _scenario_marks(table: Body) -> list[Mapping[str, str]]:
    """How a claim asks for each outcome, in the proportion of its slots: payers mostly pay."""
    marks: list[Mapping[str, str]] = [{}] * 4  # nothing asked for: the table's default
    for row in table["items"]:
        if not row["is_everyday"]:
            continue
        refuses = row["denial"] or row["rejection"]
        mark = {"outcome": row["code"]}
        if row["member_id_suffix"]:
            mark["member_id_suffix"] = row["member_id_suffix"]
        else:
            mark["procedure_code"] = row["procedure_codes"][0]
        marks += [mark] * (1 if refuses else 3)
    return marks


async def send(practice: PracticeSystem, bodies: Sequence[Body], progress: Progress) -> int:
    """Post all encounters in batches, a few at once; how many were taken."""
    task = progress.add_task("Encounters sent", total=len(bodies))
    gate = asyncio.Semaphore(BATCHES_AT_ONCE)

    async def post(batch: Sequence[Body]) -> int:
        async with gate:
            answer = await practice.post("coding-svc", "/encounters:batch", {"items": batch})
        progress.advance(task, len(batch))
        return int(answer["created"])

    batches = [bodies[at : at + BATCH_SIZE] for at in range(0, len(bodies), BATCH_SIZE)]
    taken = sum(await asyncio.gather(*(post(batch) for batch in batches)))
    if taken != len(bodies):
        raise LocalProblem(f"coding-svc took {taken} of {len(bodies)} encounters.")
    return taken


async def at_rest(practice: PracticeSystem) -> Body:
    """The claims' summary once an earlier, interrupted demo no longer moves it."""
    seen: Body | None = None
    while True:
        summary: Body = await practice.get("claims-svc", "/summary")
        if summary == seen or not summary["claims"]:
            return summary
        seen = summary
        await asyncio.sleep(2 * POLL_S)


async def settle(practice: PracticeSystem, before: Body, expected: int, progress: Progress) -> Body:
    """Wait until every new claim rests; the claims' summary then. Raises `LocalProblem` when
    nothing moves any more."""
    made = progress.add_task("Claims made", total=expected)
    sent = progress.add_task("Claims answered", total=expected)
    seen: object = None
    moved_at = time.monotonic()
    while True:
        summary: Body = await practice.get("claims-svc", "/summary")
        items = summary["items"]
        progress.update(made, completed=summary["claims"] - before["claims"])
        resting = _resting(items) - _resting(before["items"])
        progress.update(sent, completed=resting)
        if resting >= expected:
            return summary
        if items != seen:
            seen, moved_at = items, time.monotonic()
        if time.monotonic() - moved_at > STALLED_S:
            raise LocalProblem(
                f"{expected - resting} claims have no answer and nothing has moved for "
                f"{STALLED_S:.0f} s: see `rcm events outbox` and the logs."
            )
        await asyncio.sleep(POLL_S)


def _resting(items: Sequence[Body]) -> int:
    return sum(row["claims"] for row in items if row["status"] in RESTING)
