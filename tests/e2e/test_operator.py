"""`rcm events`: every verb against the running stack, as an operator would use it.

What changes something only says so until `--yes` is given, and then leaves a row in the journal.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from e2e import clinic
from e2e.world import SERVICES, World, poison_headers
from e2e.writes import Things
from typer.testing import CliRunner

from rcm.events.cli import app
from rcm.events.topics import admin, planned
from rcm.ids import new_id
from rcm.ledger.invariants import verify
from rcm.testing.service import eventually
from rcm_local.demo.catalogue import FEES_CENTS

ACTOR = "operator-of-the-tests"
BILLING = "patient-billing-svc"


@dataclass(frozen=True)
class Said:
    """What a verb printed, and its exit code."""

    code: int
    text: str

    def rows(self, heading: str) -> list[dict[str, str]]:
        """The table whose first heading this is; cells are set apart by two blanks."""
        lines = self.text.splitlines()
        start = next(at for at, line in enumerate(lines) if line.strip().startswith(heading))
        names = lines[start].split("  ")
        headings = [name.strip() for name in names if name.strip()]
        cells = [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in lines]
        return [dict(zip(headings, row, strict=True)) for row in cells[start + 1 :] if len(row) > 1]


@dataclass(frozen=True)
class Operator:
    """`await rcm("topics", "list")`: the command line, in this process to save its start."""

    world: World
    began_at: datetime

    async def __call__(self, *words: str, code: int | None = 0) -> Said:
        home = self.world.stack.home.root
        environment = {"RCM_LOCAL_DIRECTORY": str(home), "RCM_ACTOR": ACTOR}
        result = await asyncio.to_thread(CliRunner().invoke, app, words, env=environment)
        said = Said(result.exit_code, result.output)
        assert code is None or said.code == code, f"{words}: {said.text} {result.exception!r}"
        return said

    async def journal(self, service: str, verb: str) -> list[tuple[dict[str, Any], int]]:
        """What the journal says of a verb: arguments and how much was affected, oldest first."""
        async with self.world.superuser(service) as database:
            rows = await database.fetch(
                """SELECT arguments, affected FROM operator_action
                    WHERE verb = $1 AND actor = $2 AND acted_at >= $3 ORDER BY acted_at""",
                verb,
                ACTOR,
                self.began_at,
            )
        return [(json.loads(row["arguments"]), row["affected"]) for row in rows]

    async def parked(self, key: str) -> list[dict[str, str]]:
        """What claims-svc has parked of the key, in its order."""
        said = await self("parked", "list", "--key", key, "--service", "claims-svc")
        return said.rows("consumer")


@pytest.fixture(scope="module")
def rcm(world: World) -> Operator:
    return Operator(world, datetime.now(UTC))


@asynccontextmanager
async def topic_with(world: World, topic: str, **settings: str) -> AsyncIterator[None]:
    """The topic with other settings than declared, until the block ends."""
    [plan] = [found for found in planned() if found.name == topic]
    declared = {**plan.settings, "min.insync.replicas": "1"}
    await _configure(world, topic, declared | settings)
    try:
        yield
    finally:
        await _configure(world, topic, declared)


async def _configure(world: World, topic: str, settings: dict[str, str]) -> None:
    async with admin(world.stack.provider.kafka.address) as client:
        await client.alter_configs(
            [ConfigResource(ConfigResourceType.TOPIC, topic, configs=settings)]
        )


async def pay(world: World, things: Things) -> str:
    """One event more on `billing.account.v1`, whose key is the account."""
    body = {"account_id": things["account_id"], "paid_cents": 1, "method": "cash"}
    await world.post(BILLING, "/payments", body)
    return things["account_id"]


class TestTopics:
    async def test_list_names_every_topic_and_dead_letter_topic(self, rcm: Operator) -> None:
        rows = (await rcm("topics", "list")).rows("topic")
        names = {row["topic"] for row in rows}
        assert {"claims.claim.v1", "claims.claim.v1.payer-gateway.dlq"} <= names
        assert {(row["partitions"], row["there"]) for row in rows} == {("12", "yes")}

    async def test_diff_is_clean_and_names_what_differs(self, world: World, rcm: Operator) -> None:
        assert "as declared" in (await rcm("topics", "diff")).text
        async with topic_with(world, "billing.account.v1", **{"retention.ms": "86400000"}):
            [row] = (await rcm("topics", "diff", code=1)).rows("topic")
            assert (row["topic"], row["setting"], row["found"]) == (
                "billing.account.v1", "retention.ms", "86400000",
            )  # fmt: skip
        assert "as declared" in (await rcm("topics", "diff")).text

    async def test_ensure_creates_only_when_told_and_only_what_is_missing(
        self, world: World, rcm: Operator
    ) -> None:
        missing = "payer.submission.v1.claims-svc.dlq"
        async with admin(world.stack.provider.kafka.address) as client:
            await client.delete_topics([missing])
        assert missing in (await rcm("topics", "diff", code=1)).text
        assert "would create missing topics: 1" in (await rcm("topics", "ensure")).text
        assert missing in (await rcm("topics", "diff", code=1)).text
        assert "1 done" in (await rcm("topics", "ensure", "--yes")).text
        await rcm("topics", "diff")
        assert "nothing to do" in (await rcm("topics", "ensure", "--yes")).text
        assert await rcm.journal("coding-svc", "topics ensure") == [({"topics": [missing]}, 1)]


class TestGroups:
    async def test_list_describe_and_lag(self, rcm: Operator) -> None:
        rows = (await rcm("groups", "list")).rows("group")
        assert {row["group"] for row in rows} >= {"claims-svc", "payer-gateway", BILLING}
        assert {row["state"] for row in rows} == {"Stable"}
        described = await rcm("groups", "describe", "claims-svc")
        assert "claims-svc: Stable, 1 members" in described.text
        assert described.rows("host")[0]["partitions"] == "36"
        assert "records behind in all" in (await rcm("groups", "lag", "claims-svc")).text

    async def test_a_group_with_members_is_not_moved(self, rcm: Operator) -> None:
        dry = await rcm("consumer", "reset", "claims-svc", "--to-offset", "0")
        assert "would move offsets of partitions" in dry.text
        refused = await rcm("consumer", "reset", "claims-svc", "--to-offset", "0", "--yes", code=1)
        assert "stop its workers first" in refused.text
        assert await rcm.journal("claims-svc", "consumer reset") == []

    async def test_an_idle_group_is_moved_back_and_applies_nothing_twice(
        self, world: World, things: Things, rcm: Operator
    ) -> None:
        before = await world.get(BILLING, f"/accounts/{things['account_id']}")
        since = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
        words = ("consumer", "reset", BILLING, "--to-time", since)
        async with world.stopped(BILLING):
            assert "Add --yes" in (await rcm(*words)).text
            moved = await rcm(*words, "--yes")
            assert "journalled" in moved.text
        [(arguments, affected)] = await rcm.journal(BILLING, "consumer reset")
        assert arguments["group"] == BILLING
        assert affected > 0

        async def caught_up() -> None:
            lag = await rcm("groups", "lag", BILLING)
            assert "\n0 records behind in all" in lag.text
            assert (await world.health(BILLING))["consumer"]["duplicates"] > 0

        await eventually(caught_up, timeout_s=30)
        after = await world.get(BILLING, f"/accounts/{things['account_id']}")
        assert after["balance_cents"] == before["balance_cents"]

    async def test_a_paused_consumer_falls_behind_and_catches_up(
        self, world: World, rcm: Operator
    ) -> None:
        assert (
            "would pause consumers: 1"
            in (await rcm("consumer", "pause", "--service", "claims-svc")).text
        )
        await rcm("consumer", "pause", "--service", "claims-svc", "--yes")
        await eventually(lambda: _paused(world, "consumer", paused=True))
        made = await world.post("coding-svc", "/encounters", clinic.encounter())

        async def behind() -> bool:
            text = (await rcm("groups", "lag", "claims-svc")).text
            return "\n0 records behind" not in text

        await eventually(behind)
        assert await world.claims_of(made["encounter_id"]) == []
        await rcm("consumer", "resume", "--service", "claims-svc", "--yes")
        await eventually(lambda: _paused(world, "consumer", paused=False))
        await world.resting_claim(made["encounter_id"])
        verbs = [
            await rcm.journal("claims-svc", f"consumer {verb}") for verb in ("pause", "resume")
        ]
        assert [len(rows) for rows in verbs] == [1, 1]


async def _paused(world: World, part: str, *, paused: bool, service: str = "claims-svc") -> bool:
    return bool((await world.health(service))[part]["paused"]) is paused


class TestOutbox:
    async def test_a_paused_relay_lets_the_outbox_grow_and_a_resumed_one_drains_it(
        self, world: World, things: Things, rcm: Operator
    ) -> None:
        choice = ("--service", BILLING)
        assert "would pause relays: 1" in (await rcm("relay", "pause", *choice)).text
        await rcm("relay", "pause", *choice, "--yes")
        await eventually(lambda: _paused(world, "relay", paused=True, service=BILLING))
        key = await pay(world, things)
        [status] = (await rcm("outbox", "status", *choice)).rows("service")
        assert (status["pending"], status["paused"]) == ("2", "True")
        waiting = (await rcm("outbox", "peek", BILLING, "--key", key)).rows("id")
        assert [row["type"] for row in waiting] == [
            "PatientPaymentReceived", "PatientBalanceChanged",
        ]  # fmt: skip
        trace = await rcm("trace", waiting[0]["event"])
        assert "not published yet" in trace.text
        await rcm("relay", "resume", *choice, "--yes")

        async def drained() -> bool:
            [row] = (await rcm("relay", "status", *choice)).rows("service")
            return row["pending"] == "0" and row["paused"] == "False"

        await eventually(drained)
        assert "acknowledged after" in (await rcm("trace", waiting[0]["event"])).text
        for verb in ("relay pause", "relay resume"):
            assert await rcm.journal(BILLING, verb) == [({"name": "relay"}, 1)]

    async def test_a_quarantined_key_stands_alone_until_it_is_tried_again(
        self, world: World, things: Things, rcm: Operator
    ) -> None:
        """The broker refuses the account's events; the operator mends the topic, then the key."""
        choice = ("--service", BILLING)
        async with topic_with(world, "billing.account.v1", **{"max.message.bytes": "100"}):
            key = await pay(world, things)

            async def quarantined() -> None:
                [row] = (await rcm("outbox", "status", *choice)).rows("service")
                assert row["quarantined keys"] == "1"

            await eventually(quarantined)
        assert "1 keys in quarantine" in (await rcm("doctor", code=1)).text
        waiting = (await rcm("outbox", "peek", BILLING, "--key", key)).rows("id")
        assert waiting[0]["quarantined"] not in {"", "-"}
        assert "would lift quarantines: 1" in (await rcm("outbox", "retry-key", BILLING, key)).text
        await rcm("outbox", "retry-key", BILLING, key, "--yes")

        async def drained() -> None:
            [row] = (await rcm("outbox", "status", *choice)).rows("service")
            assert (row["pending"], row["quarantined keys"]) == ("0", "0")

        await eventually(drained)
        assert await rcm.journal(BILLING, "outbox retry-key") == [({"key": key}, 1)]


class TestReading:
    async def test_tail_shows_events_and_person_blocks_as_sealed(
        self, things: Things, rcm: Operator
    ) -> None:
        key = things["encounter_id"]
        said = await rcm("tail", "coding.encounter.v1", "--no-follow", "--key", key)
        assert f"EncounterCoded #1 {key}" in said.text
        assert '"person":"sealed under ' in said.text
        as_json = await rcm("tail", "coding.encounter.v1", "--no-follow", "--key", key, "--json")
        [line] = as_json.text.splitlines()
        assert json.loads(line)["headers"]["ce_subject"] == key

    async def test_tail_follows_until_it_is_interrupted(self, world: World) -> None:
        """The installed command, in a terminal of its own."""
        process = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).with_name("rcm")),
            *("events", "tail", "coding.encounter.v1", "--json"),
            env={**os.environ, "RCM_LOCAL_DIRECTORY": str(world.stack.home.root)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert process.stdout is not None
        sent: list[str] = []
        try:
            async with asyncio.timeout(60):
                while True:
                    made = await world.post(
                        "coding-svc", "/encounters", clinic.encounter(finalize=True, coverages=[])
                    )
                    sent.append(made["encounter_id"])
                    try:
                        line = await asyncio.wait_for(process.stdout.readline(), 1)
                        break
                    except TimeoutError:
                        continue
            assert json.loads(line)["headers"]["ce_subject"] in sent
            process.send_signal(signal.SIGINT)
            assert await asyncio.wait_for(process.wait(), 20) == 0
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()

    async def test_trace_tells_every_step_of_an_event(
        self, world: World, things: Things, rcm: Operator
    ) -> None:
        async with world.superuser("coding-svc") as database:
            event_id = await database.fetchval(
                "SELECT event_id FROM event_log WHERE aggregate_id = $1", things["encounter_id"]
            )
        rows = (await rcm("trace", str(event_id))).rows("where")
        assert [row["where"] for row in rows] == [
            "coding-svc outbox",
            "coding-svc relay",
            "topic coding.encounter.v1",
            "claims-svc consumer",
        ]
        assert rows[-1]["what"] == "applied"
        unknown = await rcm("trace", str(new_id()), code=1)
        assert "No service here knows this event" in unknown.text


class TestParked:
    async def test_release_after_the_cause_is_gone(
        self, world: World, rcm: Operator, tmp_path: Path
    ) -> None:
        """An event that cannot be applied and the one behind it: seen, released too early, released
        again; both are applied in order, and neighbours never waited."""
        later = [clinic.coverage(**clinic.REFUSED)]
        async with world.refusing_claims():
            made = await world.post("coding-svc", "/encounters", clinic.encounter(coverages=later))
            key = made["encounter_id"]
            await eventually(lambda: _parked(rcm, key, [("1", "handler")]))
            amended = clinic.coding(coverages=later, lines=[clinic.line("99214")])
            await world.post(
                "coding-svc", f"/encounters/{key}/amendments", amended | {"reason": "forgotten"}
            )
            await eventually(lambda: _parked(rcm, key, [("1", "handler"), ("2", "held_behind")]))
            neighbour = await world.post("coding-svc", "/encounters", clinic.encounter())
            await world.resting_claim(neighbour["encounter_id"])
            await self._look(rcm, key, tmp_path)
            choice = ("--key", key, "--service", "claims-svc")
            planned_for = (await rcm.parked(key))[0]["next_attempt_at"]
            dry = await rcm("parked", "release", *choice)
            assert "would try parked aggregates of claims-svc again: 1" in dry.text
            await rcm("parked", "release", *choice, "--yes")
            await eventually(lambda: _tried_after(rcm, key, planned_for))
        await rcm("dlq", "redrive", "--key", key, "--service", "claims-svc", "--yes")

        async def applied() -> None:
            charged = [claim["money"]["charge_cents"] for claim in await world.claims_of(key)]
            # Newest first: the amendment found the claim of the first coding ready to leave.
            assert charged == [FEES_CENTS["99214"], FEES_CENTS["99213"]]

        await eventually(applied, timeout_s=30)
        assert await rcm.parked(key) == []
        twice = [({"key": key}, 1)] * 2
        assert await rcm.journal("claims-svc", "parked release") == twice

    @staticmethod
    async def _look(rcm: Operator, key: str, tmp_path: Path) -> None:
        first, behind = await rcm.parked(key)
        assert first["error"] == "StatementFailed"
        assert (first["attempts"], first["state"]) == ("1", "waiting")
        summary = (await rcm("parked", "summary", "--service", "claims-svc")).rows("consumer")
        assert {row["reason"] for row in summary} >= {"handler", "held_behind"}
        assert "events parked (handler, waiting)" in (await rcm("doctor", code=1)).text
        trace = await rcm("trace", first["event_id"])
        assert "parked: handler, 1 attempts, waiting" in trace.text
        await eventually(lambda: _dead_letter(rcm, behind["event_id"]))
        listed = (await rcm("dlq", "list", "--reason", "handler")).rows("first failed")
        assert key in {row["key"] for row in listed}
        shown = await rcm("dlq", "show", first["event_id"])
        assert "dlq_exception_type" in shown.text
        assert '"person":"sealed under ' in shown.text
        file = tmp_path / "letters.jsonl"
        await rcm("dlq", "export", str(file), "--reason", "handler")
        letters = [json.loads(line) for line in file.read_text().splitlines()]
        assert first["event_id"] in {letter["headers"]["ce_id"] for letter in letters}

    async def test_an_event_that_nobody_can_read_is_dropped_and_the_next_goes_on(
        self, world: World, rcm: Operator
    ) -> None:
        poison = str(uuid4())
        headers = poison_headers(world, poison)
        await world.send_record("coding.encounter.v1", b'{"not": "closed"', headers)
        await eventually(lambda: _parked(rcm, poison, [("1", "decode")]))
        choice = ("--key", poison, "--service", "claims-svc")
        assert "say which" in (await rcm("parked", "drop", code=2)).text
        assert "Add --yes" in (await rcm("parked", "drop", *choice)).text
        assert len(await rcm.parked(poison)) == 1
        await rcm("dlq", "discard", *choice, "--yes")
        assert await rcm.parked(poison) == []
        [(arguments, affected)] = await rcm.journal("claims-svc", "parked drop")
        assert (arguments["key"], len(arguments["event_ids"]), affected) == (poison, 1, 1)


async def _parked(rcm: Operator, key: str, wanted: Sequence[tuple[str, str]]) -> None:
    rows = await rcm.parked(key)
    assert [(row["sequence"], row["reason"]) for row in rows] == list(wanted)


async def _tried_after(rcm: Operator, key: str, planned_for: str) -> None:
    """It was tried and failed again, so its next attempt is later than it was to be."""
    assert (await rcm.parked(key))[0]["next_attempt_at"] > planned_for


async def _dead_letter(rcm: Operator, event_id: str) -> None:
    assert (await rcm("dlq", "show", event_id, code=None)).code == 0


class TestReplay:
    async def test_a_shadow_shows_what_would_be_and_changes_nothing(
        self, world: World, things: Things, rcm: Operator
    ) -> None:
        key = things["encounter_id"]
        words = ("replay", "coding.encounter.v1", "--group", "claims-svc", "--from", "2020-01-01")
        before = await _state(world, key)
        said = await rcm(*words, "--key", key)
        found = {row["shadow replay"]: row["events"] for row in said.rows("shadow replay")}
        assert found["applied"] == "1"
        assert await _state(world, key) == before
        assert await rcm.journal("claims-svc", "replay") == []

    async def test_live_is_a_shadow_until_told_and_applies_nothing_twice(
        self, world: World, things: Things, rcm: Operator
    ) -> None:
        key = things["encounter_id"]
        words = ("replay", "coding.encounter.v1", "--group", "claims-svc", "--from", "2020-01-01")
        before = await _state(world, key)
        dry = await rcm(*words, "--key", key, "--target", "live")
        assert "That was the shadow" in dry.text
        live = await rcm(*words, "--key", key, "--target", "live", "--yes")
        found = {row["live replay"]: row["events"] for row in live.rows("live replay")}
        assert (found["applied"], found["known already"]) == ("0", "1")
        assert await _state(world, key) == before
        [(arguments, _)] = await rcm.journal("claims-svc", "replay")
        assert arguments["key"] == key

    async def test_a_topic_is_written_again_from_the_log_and_nothing_happens_twice(
        self, world: World, things: Things, rcm: Operator
    ) -> None:
        words = ("refill", "claims.claim.v1", "--service", "claims-svc")
        dry = await rcm(*words)
        assert "would write" in dry.text
        path = f"/accounts/{things['account_id']}"
        before = await world.get(BILLING, path)
        known = (await world.health(BILLING))["consumer"]["duplicates"]
        assert "journalled" in (await rcm(*words, "--yes")).text

        async def read_again() -> None:
            consumer = (await world.health(BILLING))["consumer"]
            assert consumer["duplicates"] > known
            assert "\n0 records behind" in (await rcm("groups", "lag", BILLING)).text

        await eventually(read_again, timeout_s=30)
        assert await world.get(BILLING, path) == before
        [(_, affected)] = await rcm.journal("claims-svc", "refill")
        assert affected > 0
        results = await verify(world.stack.state()["books"])
        assert [result for result in results if not result.holds] == []


async def _state(world: World, encounter_id: str) -> object:
    """What a replay could have changed."""
    [claim] = await world.claims_of(encounter_id)
    ledger = await world.get("claims-svc", f"/claims/{claim['claim_id']}/ledger")
    return claim, ledger


async def test_schema_check_and_diff(rcm: Operator) -> None:
    folder = str(Path(__file__).parents[2] / "shared" / "schemas" / "events")
    assert "0 broken promises" in (await rcm("schema", "check", "--schemas", folder)).text
    assert "0 changed" in (await rcm("schema", "diff", "--schemas", folder)).text


async def test_doctor_finds_nothing_in_the_end(rcm: Operator) -> None:
    """Last in this module: whatever the tests before broke was mended by the verbs themselves."""

    async def healthy() -> None:
        said = await rcm("doctor", code=None)
        assert said.code == 0, said.text

    await eventually(healthy, timeout_s=30)


async def test_a_service_that_is_not_there_is_named_in_a_sentence(rcm: Operator) -> None:
    said = await rcm("outbox", "status", "--service", "nobody-svc", code=2)
    assert "nobody-svc" in said.text
    assert all(service in said.text for service in SERVICES[:1])
