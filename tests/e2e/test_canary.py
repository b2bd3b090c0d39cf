"""A patient's data stay where they are sealed.

Forty invented identifiers go in through every door, in good requests and bad ones, in files that
balance and files that do not, in events that nobody can read. Then everything outside the sealed
blocks is searched for them: answers, logs, traces, metrics, topics, tables, and every file that the
servers wrote. Each search has a control that leaks on purpose and must be found.
"""

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest
from e2e import clinic, desk, desk_words, leaks
from e2e.leaks import Answers
from e2e.world import World, poison_headers
from e2e.writes import X12, account_of, eligibility_question

from rcm.contracts.coding import EncounterCoded
from rcm.testing.canary import Flock
from rcm.testing.samples import sample
from rcm.testing.service import eventually

POISON = "poison: "
"""Begins the meanings of what is in records that stay as they came."""


@dataclass
class Sent:
    """What was sent, what was answered, and what to wait for in the traces."""

    birds: Flock
    answers: Answers
    last_trace_id: bytes


@pytest.fixture(scope="module")
async def sent(world: World) -> AsyncIterator[Sent]:
    """All canaries through all doors, and time for everything behind them to come to rest."""
    birds, answers = Flock(), Answers()
    hooks = {"response": [answers.keep]}
    async with httpx.AsyncClient(timeout=30, trust_env=False, event_hooks=hooks) as http:
        recorded = replace(world, http=http)
        billed = await _good_visits(recorded, birds)
        await _charts(recorded, birds)
        await _claims(recorded, birds)
        await _remittances(recorded, birds, billed)
        await _eligibility(recorded, birds, billed["payer_id"])
        await _bad_requests(recorded, birds)
        await desk_words.write(recorded, birds)
        await _poison(recorded, birds)
        trace_id = uuid4()
        headers = {"traceparent": f"00-{trace_id.hex}-00f067aa0ba902b7-01"}
        await recorded.call("coding-svc", "GET", "/encounters?limit=1", headers=headers)
        assert len(birds.meanings) >= 40
        yield Sent(birds, answers, trace_id.bytes)
    async with world.superuser("claims-svc") as database:
        await database.execute("DELETE FROM parked")


def _patient(birds: Flock, whose: str, **changes: Any) -> dict[str, Any]:
    return (
        clinic.patient(external_id=birds.number(f"{whose} external id"), **_person(birds, whose))
        | changes
    )


def _person(birds: Flock, whose: str) -> dict[str, Any]:
    return clinic.person(
        last_name=birds.name(f"{whose} last name"),
        first_name=birds.name(f"{whose} first name"),
        middle_name=birds.name(f"{whose} middle name"),
        birth_date=birds.birth_date(f"{whose} birth date").isoformat(),
        address={
            "line_1": f"12 {birds.name(f'{whose} street')} Road",
            "line_2": f"care of {birds.name(f'{whose} second line')}",
            "city": birds.name(f"{whose} city"),
            "state": "IL",
            "postal_code": "627010001",
        },
    )


async def _good_visits(world: World, birds: Flock) -> dict[str, Any]:
    """A patient, one insured through somebody else, a batch, an amendment; paid, billed, asked
    for. The first one's claim."""
    member = clinic.coverage(member_id=birds.number("member id", end="T02"))
    made = await world.post(
        "coding-svc",
        "/encounters",
        clinic.encounter(patient=_patient(birds, "patient's"), coverages=[member]),
    )
    subscribed = clinic.coverage(
        member_id=birds.number("subscriber's member id"),
        relationship="child",
        subscriber=_person(birds, "subscriber's"),
    )
    child = clinic.encounter(patient=_patient(birds, "child's"), coverages=[subscribed])
    batch = {"items": [child, clinic.encounter(patient={birds.name("key in a batch"): 1})]}
    await world.post("coding-svc", "/encounters:batch", batch)
    await world.post("coding-svc", "/encounters:validate", child)
    claim = await world.resting_claim(made["encounter_id"], status=("closed",))
    path = f"/encounters/{made['encounter_id']}"
    reason = {"reason": birds.text("reason of an amendment")}
    await world.post("coding-svc", f"{path}/amendments", clinic.coding(coverages=[member]) | reason)
    for shown in ("", "/history", "/persons"):
        await world.get("coding-svc", path + shown)
    account_id = await account_of(world, made["patient_id"])
    asked = await world.post("patient-billing-svc", "/statements", {"account_id": account_id})
    statement = await world.get("patient-billing-svc", f"/statements/{asked['statement_id']}")
    assert birds.found_in(json.dumps(statement).encode())
    return claim


async def _charts(world: World, birds: Flock) -> None:
    """A visit to be coded with a note that speaks of people, and a later version of it; the note is
    read where it is asked for and nowhere else."""
    note = {
        "external_id": birds.number("note's external id"),
        "text": f"ASSESSMENT\n\n{birds.text('note')} has essential hypertension.\n",
    }
    body = desk.chart(patient=_patient(birds, "charted patient's"), documents=[note])
    chart_id = (await world.post("coding-svc", "/charts", body))["encounter_id"]
    path = f"/charts/{chart_id}"
    later = note | {"text": f"{note['text']}\nAddendum: {birds.text('addendum')}.\n"}
    await world.post("coding-svc", f"{path}/documents", later)
    broken = note | {"text": f"\x01\x02\x03{birds.name('in a note of junk')}"}
    await world.call("coding-svc", "POST", f"{path}/documents", json=broken)
    lines = {"Content-Type": "application/x-ndjson"}
    bad = json.dumps(desk.chart() | {birds.name("key in a line"): 1})
    await world.call("coding-svc", "POST", "/charts:import", content=bad, headers=lines)
    bundle = desk.bundle()
    bundle["entry"][1]["resource"] |= {"gender": birds.name("gender in a Bundle")}
    await world.call("coding-svc", "POST", "/fhir", json=bundle)
    for shown in ("", "/history", "/documents"):
        await world.get("coding-svc", path + shown)


async def _claims(world: World, birds: Flock) -> None:
    """A claim that is posted, held and voided with people's words as the reasons."""
    body = clinic.claim(
        patient=_patient(birds, "claim's patient's"),
        coverages=[clinic.coverage(member_id=birds.number("claim's member id"))],
        hold_reason=birds.text("reason of a hold"),
    )
    await world.post("claims-svc", "/claims:validate", body)
    made = await world.post("claims-svc", "/claims", body)
    path = f"/claims/{made['claim_id']}"
    for verb in ("hold", "void"):
        words = {"reason": birds.text(f"reason of a {verb} by hand")}
        await world.post("claims-svc", f"{path}:{verb}", words)
    for shown in ("", "/history", "/persons", "/adjudications", "/ledger"):
        await world.get("claims-svc", path + shown)


async def _eligibility(world: World, birds: Flock, payer_id: str) -> None:
    """A coverage asked about: in a good request, in its validation, and in one that is refused."""
    whose = "asked coverage's"
    body = eligibility_question(
        payer_id,
        member_id=birds.number(f"{whose} member id"),
        group_number=birds.number(f"{whose} group number"),
        subscriber=_asked(birds, f"{whose} subscriber's"),
        dependent=_asked(birds, f"{whose} dependent's") | {"relationship": "child"},
    )
    await world.post("payer-gateway", "/eligibility-checks:validate", body)
    made = await world.post("payer-gateway", "/eligibility-checks", body)
    unknown = body | {"payer_id": "NOWHERE"}
    await world.call("payer-gateway", "POST", "/eligibility-checks", json=unknown)
    for shown in ("", "/persons"):
        await world.get("payer-gateway", f"/eligibility-checks/{made['inquiry_id']}{shown}")
    await world.get("payer-gateway", "/eligibility-checks")


def _asked(birds: Flock, whose: str) -> dict[str, Any]:
    return {
        "last_name": birds.name(f"{whose} last name"),
        "first_name": birds.name(f"{whose} first name"),
        "birth_date": birds.birth_date(f"{whose} birth date").isoformat(),
    }


async def _remittances(world: World, birds: Flock, claim: Mapping[str, Any]) -> None:
    """The payer's file changed: it does not balance, has names where codes belong, is cut off."""
    decided = await world.get("claims-svc", f"/claims/{claim['claim_id']}/adjudications")
    # The first: the amendment may have been answered meanwhile.
    decision = decided["items"][0]
    raw = await world.call("payer-gateway", "GET", f"/remittances/{decision['remittance_id']}/raw")
    content = raw.content.decode()
    assert birds.found_in(raw.content)
    assert "~NM1*QC*1*" in content
    misplaced = birds.name("name in the place of an amount").upper()
    lost = birds.name("name in the place of a code").upper()
    number = claim["patient_control_number"]
    variants = [
        content.replace("~CAS*CO*45*", "~CAS*CO*45*1"),
        content.replace(f"~CLP*{number}*1*", f"~CLP*{number}*1*{misplaced}"),
        content.replace("~NM1*QC*1*", f"~NM1*{lost}*1*"),
        content.replace("~DTM*232*", f"~DTM*232*{birds.name('name in a date').upper()}"),
        content[: content.index("~NM1*QC*1*") + 40],
        content.replace("ISA*", f"ISA*{birds.name('name in an ISA').upper()}"),
        f"{birds.name('name before any X12')} {content}",
    ]
    for number_, variant in enumerate(variants):
        assert variant != content
        await _upload(world, variant.replace("TWEFT", f"TW{number_:03d}"))


async def _upload(world: World, content: str) -> None:
    answer = await world.call(
        "payer-gateway", "POST", "/interchanges", content=content.encode(), headers=X12
    )
    path = f"/interchanges/{answer.raise_for_status().json()['interchange_id']}"

    async def read() -> None:
        assert (await world.get("payer-gateway", path))["status"] in {"read", "unreadable"}

    await eventually(read)
    await world.get("payer-gateway", f"{path}/findings")
    for held in (await world.get("payer-gateway", "/remittances", status="held"))["items"]:
        await world.get("payer-gateway", f"/remittances/{held['remittance_id']}/exceptions")


async def _bad_requests(world: World, birds: Flock) -> None:
    """Everything that is refused, with a patient in the wrong place."""
    body = clinic.encounter(patient=_patient(birds, "refused patient's"))
    dumped = json.dumps(body)
    word, headed = birds.name("word in a path"), birds.name("word in a header")
    taken = await world.call("coding-svc", "POST", "/encounters", json=body)
    assert taken.status_code == 201
    attempts: list[tuple[int, dict[str, Any]]] = [
        (409, {"json": body}),
        (422, {"json": body | {birds.name("unknown field"): "x"}}),
        (422, {"json": body | {"date_of_service": birds.name("text for a date")}}),
        (422, {"json": body | {"lines": birds.name("text for a list")}}),
        (422, {"json": {**body, "patient": {**body["patient"], "sex": word}}}),
        (422, {"json": body["patient"]}),
        (422, {"content": dumped.replace("Lindenfeld", "\\u0000"), "headers": JSON}),
        (400, {"content": dumped[:-10], "headers": JSON}),
        (400, {"content": "[" * 40 + dumped + "]" * 40, "headers": JSON}),
        (413, {"content": dumped + " " * 6_000_000, "headers": JSON}),
        (415, {"content": dumped, "headers": {"Content-Type": "text/plain"}}),
        (415, {"content": dumped, "headers": JSON | {"Content-Encoding": headed}}),
        (400, {"json": body, "headers": {"Idempotency-Key": f"{word} blank"}}),
        (201, {"json": _other(body), "headers": _telling(headed)}),
        (401, {"json": body, "headers": {"Authorization": f"Bearer {headed}"}}),
        (401, {"json": body, "headers": {"Authorization": headed}}),
    ]
    for status, request in attempts:
        answer = await world.call("coding-svc", "POST", "/encounters", **request)
        assert answer.status_code == status, answer.text
    for service, method, path, status in _bad_addresses(word):
        answer = await world.call(service, method, path, json={})
        assert answer.status_code == status, f"{path}: {answer.text}"
    unversioned = await world.call(
        "coding-svc",
        "POST",
        f"/encounters/{taken.json()['encounter_id']}:void",
        json={"reason_code": "entered_twice"},
        headers={"If-Match": f'"{headed}"'},
    )
    assert unversioned.status_code == 412
    await asyncio.to_thread(_not_http, world, birds.name("word for a method"))


JSON = {"Content-Type": "application/json"}


def _other(body: dict[str, Any]) -> dict[str, Any]:
    return body | {"external_id": f"e-{uuid4().hex}"}


def _telling(word: str) -> dict[str, str]:
    """Headers that pass things on, with a patient in each."""
    return {
        "X-Request-Id": word,
        "User-Agent": word,
        "Cookie": f"patient={word}",
        "Referer": f"https://portal.example/{word}",
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "tracestate": f"portal={word}",
        "baggage": f"patient={word}",
    }


def _bad_addresses(word: str) -> Iterator[tuple[str, str, str, int]]:
    for service, thing in (
        ("coding-svc", "encounters"),
        ("claims-svc", "claims"),
        ("payer-gateway", "interchanges"),
        ("patient-billing-svc", "accounts"),
    ):
        yield service, "GET", f"/patients/{word}", 404
        yield service, "GET", f"/{thing}/{word}", 422
        yield service, "GET", f"/{thing}?cursor={word}", 400
        yield service, "GET", f"/{thing}?limit={quote(word)}", 422
        yield service, "GET", f"/{thing}?{word}={word}", 200
        yield service, "PATCH", f"/{thing}", 405
        yield service, "GET", f"/{thing}?cursor={word * 800}", 414


def _not_http(world: World, word: str) -> None:
    """A request line that is none, and a method that nobody knows."""
    for line in (f"{word}\r\n\r\n", f"{word.upper()} /{word} HTTP/1.1\r\nHost: x\r\n\r\n"):
        port = world.stack.ports["coding-svc"]
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(line.encode())
            answer = connection.recv(4096)
            assert word.encode() not in answer
            assert b" 400 " in answer or b" 405 " in answer or b" 404 " in answer


async def _poison(world: World, birds: Flock) -> None:
    """Records that nobody can read, an event that cannot be applied, and one that cannot be
    opened; all are parked."""
    topic = "coding.encounter.v1"
    coded = sample(EncounterCoded, tenant_id=world.tenant)
    plain = json.loads(coded.model_dump_json(exclude={"person"}))
    wrong = plain | {
        "date_of_service": birds.name(f"{POISON}text for a date"),
        "person": {"last_name": birds.name(f"{POISON}open person")},
    }
    unopened = plain | {"person": {"key_id": "nobody", "data": "AAAAAAAAAAAAAAAAAAAAAAAA"}}
    broken = f'{{"patient": "{birds.name(f"{POISON}in broken JSON")}'
    for value in (broken, json.dumps(wrong), json.dumps(unopened)):
        headers = poison_headers(world, str(uuid4()))
        await world.send_record(topic, value.encode(), headers)
        await eventually(lambda key=headers["ce_subject"]: _is_parked(world, key))
    refused = [clinic.coverage(member_id=birds.number("parked member id"), **clinic.REFUSED)]
    async with world.refusing_claims():
        body = clinic.encounter(patient=_patient(birds, "parked patient's"), coverages=refused)
        made = await world.post("coding-svc", "/encounters", body)
        await eventually(lambda: _is_parked(world, made["encounter_id"]))


async def _is_parked(world: World, key: str) -> None:
    async with world.superuser("claims-svc") as database:
        assert await database.fetchval("SELECT 1 FROM parked WHERE aggregate_id = $1", key)


class TestNothingIsToldOf:
    """Whatever a place tells of a canary; empty."""

    def test_in_answers(self, sent: Sent) -> None:
        refused = [each for each in sent.answers.given if each[0][0] in "45"]
        assert len(refused) > 30
        assert _found(sent.birds, refused) == {}

    def test_in_answers_but_for_the_words_that_are_asked_for(self, sent: Sent) -> None:
        """Who may read a claim, an encounter or a chart may read why somebody changed it, and who
        may read a query or a review what was said in it."""
        told = {
            meaning
            for meanings in _found(sent.birds, sent.answers.given).values()
            for meaning in meanings
        }
        asked_for = ("reason of ", "words of ")
        assert {meaning for meaning in told if not meaning.startswith(asked_for)} == set()
        assert {meaning for meaning in told if meaning.startswith("words of ")}

    async def test_in_metrics_and_probes(self, world: World, sent: Sent) -> None:
        assert _found(sent.birds, await leaks.probes(world)) == {}

    async def test_in_traces(self, world: World, sent: Sent) -> None:
        async def exported() -> None:
            assert any(sent.last_trace_id in export for export in world.outside.traces)

        await eventually(exported, timeout_s=30)
        assert any(b"POST /encounters" in export for export in world.outside.traces)
        exports = [(f"export {at}", each) for at, each in enumerate(world.outside.traces)]
        assert _found(sent.birds, exports) == {}

    async def test_on_topics(self, world: World, sent: Sent) -> None:
        found = await leaks.topics(world)
        assert found["coding.encounter.v1"].as_it_came.count(b'"key_id"') > 3
        assert found["coding.encounter.v1.claims-svc.dlq"].as_it_came
        assert _found(sent.birds, _clean(found)) == {}
        assert _not_poison(sent.birds, found) == {}

    async def test_in_tables(self, world: World, sent: Sent) -> None:
        found = await leaks.tables(world)
        assert found["coding-svc.patient"].clean
        assert found["payer-gateway.interchange_chunk"].clean
        assert _found(sent.birds, _clean(found)) == {}
        assert _not_poison(sent.birds, found) == {}

    async def test_in_any_file_of_the_servers(self, world: World, sent: Sent) -> None:
        """Logs of all processes among them, and PostgreSQL's WAL, as they lie on the disk."""
        _skip_without_files(world)
        places = [name for name, _ in leaks.files(world)]
        assert {"log/coding-svc.log", "log/postgres.log", "log/kafka.log"} <= set(places)
        assert any("/pg_wal/" in name for name in places)
        assert any("coding.encounter.v1" in name for name in places)
        found = {}
        for name, path in leaks.files(world):
            content = await leaks.read_bytes(path)
            search = sent.birds.found_in if name.startswith("log/") else sent.birds.plainly_in
            seen = {meaning for meaning in search(content) if not meaning.startswith(POISON)}
            if seen:
                found[name] = seen
        assert found == {}


class TestControl:
    """The same searches find what was leaked on purpose."""

    def test_in_answers(self) -> None:
        birds = Flock()
        leaky = [("500 GET /x", f"detail: {birds.name('name')} failed".encode())]
        assert _found(birds, leaky) == {"500 GET /x": {"name"}}

    async def test_in_traces(self, world: World) -> None:
        birds = Flock()
        async with httpx.AsyncClient() as http:
            span = b"\x0a\x10" + birds.name("name").encode() + b"\x12"
            await http.post(f"{world.outside.url}/v1/traces", content=span)
        assert _found(birds, [("export", world.outside.traces[-1])]) == {"export": {"name"}}

    async def test_in_logs(self, world: World) -> None:
        """By a key that the log's own gate lets through, because it is to hold a word."""
        birds = Flock()
        leaky = (
            "from rcm import log; log.configure(service='leaky', role='all');"
            f"log.get('rcm.leaky').info('told', reason={birds.name('name')!r})"
        )
        said = await asyncio.to_thread(
            subprocess.run, [sys.executable, "-c", leaky], check=True, capture_output=True
        )
        log = world.stack.home.log("leaky")
        log.write_bytes(said.stdout)
        try:
            [place] = [path for name, path in leaks.files(world) if name == "log/leaky.log"]
            assert birds.found_in(await leaks.read_bytes(place)) == {"name"}
        finally:
            log.unlink()

    async def test_on_topics(self, world: World) -> None:
        birds = Flock()
        headers = poison_headers(world, str(uuid4())) | {"ce_type": f"For{birds.name('name')}"}
        born = birds.birth_date("birth date")
        await world.send_record(
            "billing.account.v1", f'{{"on": "{born:%Y%m%d}"}}'.encode(), headers
        )
        found = await leaks.topics(world)
        assert _found(birds, _clean(found)) == {"billing.account.v1": {"name"}}
        assert _not_poison(birds, found) == {"billing.account.v1": {"birth date"}}

    async def test_in_tables_and_files(self, world: World) -> None:
        """In clear, in hex inside of bytea, in JSON: and all of it in the WAL."""
        _skip_without_files(world)
        birds = Flock()
        async with world.superuser("coding-svc") as database:
            await database.execute("CREATE TABLE leak (a text, b bytea, c jsonb)")
            try:
                await database.execute(
                    "INSERT INTO leak VALUES ($1, $2, $3)",
                    birds.name("text"),
                    birds.name("bytea").encode(),
                    json.dumps({"on": str(birds.birth_date("jsonb"))}),
                )
                found = _found(birds, _clean(await leaks.tables(world)))
                assert found == {"coding-svc.leak": {"text", "bytea", "jsonb"}}
            finally:
                await database.execute("DROP TABLE leak")
        seen: set[str] = set()
        for name, path in leaks.files(world):
            if "/pg_wal/" in name:
                seen |= birds.plainly_in(await leaks.read_bytes(path))
        assert seen == {"text", "bytea", "jsonb"}


def _skip_without_files(world: World) -> None:
    if world.stack.provider.name != "embedded":
        pytest.skip("the servers keep their files to themselves")


def _found(birds: Flock, places: Any) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for place, content in places:
        if seen := birds.found_in(content):
            found.setdefault(place, set()).update(seen)
    return found


def _clean(read: Mapping[str, leaks.Read]) -> list[tuple[str, bytes]]:
    return [(place, each.clean) for place, each in read.items()]


def _not_poison(birds: Flock, read: Mapping[str, leaks.Read]) -> dict[str, set[str]]:
    """What is among the values beside what was poisonous when it came."""
    found = _found(birds, [(place, each.as_it_came) for place, each in read.items()])
    left = {
        place: {meaning for meaning in seen if not meaning.startswith(POISON)}
        for place, seen in found.items()
    }
    return {place: seen for place, seen in left.items() if seen}


def test_the_birth_dates_are_of_their_own_decade() -> None:
    birds = Flock()
    assert all(birds.birth_date(f"date {n}") < date(1945, 1, 1) for n in range(12))
