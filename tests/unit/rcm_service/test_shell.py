"""The pure parts of the shell: reasons, bodies, keys, tags, probes, spans, the command line."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import BaseModel, ValidationError, field_validator
from pydantic_core import PydanticCustomError

from rcm import idempotency, telemetry
from rcm.errors import Problem
from rcm.service import body, health, problems


class Sent(BaseModel):
    text: str = ""
    when: int = 0
    code: str = ""

    @field_validator("text")
    @classmethod
    def _careless(cls, text: str) -> str:
        raise ValueError(f"{text} is not good")

    @field_validator("code")
    @classmethod
    def _careful(cls, _code: str) -> str:
        raise PydanticCustomError("check_digit", "has a wrong check digit")


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        ({"text": "Canary"}, "breaks a rule of this field"),
        ({"code": "Canary"}, "has a wrong check digit"),
        ({"when": "Canary"}, "Input should be a valid integer, unable to parse"),
    ],
)
def test_a_reason_is_ours_or_the_schemas(sent: dict[str, str], reason: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Sent(**sent)
    problem = problems.of_validation(
        [error | {"loc": ("body", *error["loc"])} for error in caught.value.errors()]
    )
    [pointer] = problem.pointers
    assert pointer.reason.startswith(reason)
    assert pointer.pointer == f"/{next(iter(sent))}"
    assert "Canary" not in pointer.reason


@pytest.mark.parametrize(
    ("status", "title"),
    [
        (404, "Not Found"),
        (413, "Content Too Large"),
        (414, "URI Too Long"),
        (422, "Unprocessable Content"),
    ],
)
def test_a_title_is_the_same_under_every_python(status: int, title: str) -> None:
    assert problems.title(status) == title


def test_a_flood_of_errors_is_told_in_part() -> None:
    errors = [{"type": "missing", "loc": ("body", n), "msg": ""} for n in range(5000)]
    assert len(problems.of_validation(errors).pointers) == 100


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (b'{"a": [[1]]}', None),
        (b"[" * 32 + b"]" * 32, None),
        (b"[" * 33 + b"]" * 33, "json_too_deep"),
        (b'{"a":' * 33 + b"1" + b"}" * 33, "json_too_deep"),
        (b"[{}" + b",{}" * 100 + b"]", None),
        (b"{", "json_invalid"),
        (b"Infinity", "json_invalid"),
        (b'"\\u0000"', "nul_character"),
        (b'{"a\\u0000": 1}', "nul_character"),
        (b'"\\\\u0000"', None),
        (b'"\\\\\\u0000"', "nul_character"),
    ],
)
def test_json_is_read_within_limits(text: bytes, name: str | None) -> None:
    if name is None:
        body.read_json(text)
        return
    with pytest.raises(Problem) as caught:
        body.read_json(text)
    assert caught.value.error_name == name


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (b'"\\u0000"', "line 1, column 2"),
        ('{"á":\n "\\\\u0000 é\\u0000"}'.encode(), "line 2, column 12"),
    ],
)
def test_a_nul_character_is_told_with_its_place_and_without_its_keys(
    text: bytes, place: str
) -> None:
    with pytest.raises(Problem) as caught:
        body.read_json(text)
    [pointer] = caught.value.pointers
    assert (pointer.pointer, pointer.reason) == ("", f"holds a NUL character ({place})")


@pytest.mark.parametrize(
    ("media_type", "json"),
    [
        ("application/json", True),
        ("application/json; charset=utf-8", True),
        ("Application/FHIR+JSON", True),
        ("text/json", False),
        ("image/svg+json", False),
        ("text/plain", False),
        ("", False),
    ],
)
def test_json_is_known_by_its_media_type(media_type: str, *, json: bool) -> None:
    assert body.is_json(media_type) is json


FHIR = "application/fhir+json"
LINES = "application/x-ndjson"


@pytest.mark.parametrize(
    ("needed", "given", "told"),
    [
        (body.JSON, "application/json", None),
        (body.JSON, FHIR, None),
        (body.JSON, LINES, "application/json"),
        (body.JSON, "", "application/json"),
        (FHIR, "application/json; charset=utf-8", None),
        (FHIR, LINES, "application/fhir+json, application/json"),
        (LINES, "Application/X-NDJSON; charset=utf-8", None),
        (LINES, "application/json", LINES),
        (LINES, "application/octet-stream", LINES),
        (LINES, "", LINES),
    ],
)
def test_an_endpoint_reads_its_media_type_and_says_which(
    needed: str, given: str, told: str | None
) -> None:
    if told is None:
        body.require_media_type(needed, given)
        return
    with pytest.raises(Problem) as caught:
        body.require_media_type(needed, given)
    assert (caught.value.status, caught.value.error_name) == (415, "unsupported_media_type")
    assert caught.value.headers == {"Accept": told}
    [pointer] = caught.value.pointers
    assert pointer.reason == f"is not {needed}"


def request(**changes: str) -> idempotency.Request:
    given = {"subject": "s", "key": "k", "operation": "POST /x"} | changes
    return idempotency.Request.of(content=b"{}", **given)


def test_a_lock_belongs_to_tenant_subject_and_key() -> None:
    first = request().lock_id(b"tenant")
    assert first == request(operation="POST /y").lock_id(b"tenant")
    others = {
        request().lock_id(b"other"),
        request(subject="t").lock_id(b"tenant"),
        request(key="l").lock_id(b"tenant"),
    }
    assert len(others | {first}) == 4
    assert all(-(2**63) <= lock < 2**63 for lock in others)


def test_a_stored_response_does_not_show_its_body() -> None:
    shown = repr(idempotency.StoredResponse(200, {}, b"Canary"))
    assert shown == "StoredResponse(status=200)"


class Part:
    def __init__(self, **found: Any) -> None:
        self._found = found

    async def run(self, stop: asyncio.Event) -> None:
        await stop.wait()

    def health(self) -> Mapping[str, Any]:
        return self._found


@pytest.mark.parametrize(
    ("part", "lag_s", "alive"),
    [
        ({"ready": True, "last_poll_age_s": 1.0}, 0.0, True),
        ({"ready": True, "last_poll_age_s": 200.0}, 0.0, False),
        ({"ready": False, "last_poll_age_s": 200.0}, 0.0, True),
        ({"ready": True, "last_turn_age_s": 200.0}, 0.0, False),
        ({}, 0.0, True),
        ({}, 6.0, False),
    ],
)
def test_a_process_is_alive_while_it_makes_progress(
    part: dict[str, Any], lag_s: float, *, alive: bool
) -> None:
    probes = health.Health("worker", None, (), {"part": Part(**part)})  # type: ignore[arg-type]
    probes.loop.lag_s = lag_s
    assert probes.alive()[0] is alive


async def test_a_blocked_loop_is_seen() -> None:
    watch, stop = telemetry.LoopWatch(), asyncio.Event()
    running = asyncio.create_task(watch.run(stop))
    await asyncio.sleep(0.05)
    time.sleep(0.6)  # noqa: ASYNC251 - this is the offence that is to be seen
    await asyncio.sleep(0.01)
    assert watch.lag_s > 0.2
    stop.set()
    await running


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(telemetry, "_tracer", provider.get_tracer("test"))
    yield exporter
    provider.shutdown()


def test_a_span_tells_the_kind_of_an_exception_and_not_its_text(
    spans: InMemorySpanExporter,
) -> None:
    with pytest.raises(ValueError, match="Canary"), telemetry.span("work"):
        raise ValueError("Maria Canary")
    [span] = spans.get_finished_spans()
    assert span.attributes == {"error.type": "ValueError"}
    assert "Canary" not in span.to_json()


def test_a_traceparent_goes_in_and_comes_out(spans: InMemorySpanExporter) -> None:
    given = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    with telemetry.span("work", parent=telemetry.parent_of({"traceparent": given})):
        found = telemetry.traceparent()
        assert telemetry.trace_id() == given.split("-")[1]
    assert found is not None
    assert found.split("-")[1] == given.split("-")[1]
    assert found.split("-")[2] != given.split("-")[2]


def test_what_else_a_caller_says_of_a_trace_goes_nowhere(spans: InMemorySpanExporter) -> None:
    given = {
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "tracestate": "name=maria-canary",
        "baggage": "name=maria-canary",
    }
    with telemetry.span("work", parent=telemetry.parent_of(given)):
        pass
    [span] = spans.get_finished_spans()
    assert format(span.context.trace_id, "032x") == given["traceparent"].split("-")[1]
    assert "canary" not in span.to_json()


RCM = Path(sys.executable).parent / "rcm"


def rcm(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(RCM), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "COLUMNS": "200", **environment},
    )


def test_help_names_every_verb_without_loading_any() -> None:
    answer = rcm("--help")
    assert answer.returncode == 0
    for verb in ("up", "demo", "events", "books", "audit", "migrate", "openapi"):
        assert f" {verb} " in answer.stdout
    code = "import sys; sys.argv = ['rcm', '--help']; from rcm.cli import main\n"
    code += "try: main()\nexcept SystemExit: print(sorted({'sqlalchemy', 'fastapi', 'aiokafka'}"
    code += " & set(sys.modules)))"
    heavy = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert heavy.stdout.endswith("[]\n")


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("nothing",), 2, "No such command"),
        (("migrate", "nothing-svc"), 2, "RCM_OWNER_DATABASE_URL"),
        (("openapi", "nothing-svc"), 2, "there is no service 'nothing-svc' here"),
    ],
)
def test_a_wrong_call_is_answered_in_a_sentence(
    arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    answer = rcm(*arguments)
    assert (answer.returncode, sentence in answer.stderr) == (code, True)
    assert "Traceback" not in answer.stderr


def test_a_verb_that_cannot_be_loaded_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    code = (
        "from importlib.metadata import EntryPoint\nfrom rcm import cli\n"
        "cli._load(EntryPoint('x12', 'not_there.cli:app', cli.GROUP))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 1
    assert answer.stderr.startswith("rcm x12 cannot be loaded from not_there.cli:app: No module")
    assert "Traceback" not in answer.stderr
