"""The log's gate: known keys in their known form pass, everything else is dropped."""

import io
import json
import logging
import sys
import warnings
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from rcm import log
from rcm.db import StatementFailed

ID = UUID("01a20983-ea1e-72e7-a451-53c42ad7873e")


class Output(io.StringIO):
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]


@pytest.fixture
def output(monkeypatch: pytest.MonkeyPatch) -> Iterator[Output]:
    """The process's log, configured as a service does, and put back afterwards."""
    root = logging.getLogger()
    before = (root.handlers, root.level, sys.excepthook, warnings.showwarning)
    before_unraisable = sys.unraisablehook
    stream = Output()
    monkeypatch.setattr(sys, "stdout", stream)
    log.configure(service="claims-svc", role="worker", level="INFO")
    yield stream
    root.handlers, root.level, sys.excepthook, warnings.showwarning = before
    sys.unraisablehook = before_unraisable


@pytest.mark.parametrize(
    ("key", "value", "shown"),
    [
        ("claim_id", ID, str(ID)),
        ("event_type", "ClaimReady", "ClaimReady"),
        ("route", "/claims/{claim_id}:hold", "/claims/{claim_id}:hold"),
        ("topic", "claims.claim.v1", "claims.claim.v1"),
        ("count", 12, 12),
        ("duration_ms", 1.5, 1.5),
        ("frames", ["rcm.db:12:fetch"], ["rcm.db:12:fetch"]),
        ("frames", ["Maria Canary"], []),
        ("replayed", True, True),
        ("patient_name", "Canary", None),
        ("body", {"name": "Canary"}, None),
        ("reason", "Maria Canary", None),
        ("reason", "Käthe", None),
        ("reason", {"name": "Canary"}, None),
        ("subject", "x" * 201, None),
        ("count", "12 Canary", None),
    ],
)
def test_a_field_passes_when_its_key_is_known_and_its_value_looks_like_it(
    key: str, value: object, shown: object
) -> None:
    kept, dropped = log.allowed({key: value})
    assert kept.get(key) == shown
    assert dropped == (key not in kept)


def test_a_line_holds_what_passed_and_counts_what_did_not(output: Output) -> None:
    log.get("claims_svc.handlers").info("claims opened", count=3, patient="Maria Canary")
    [line] = output.lines()
    assert line["event"] == "claims opened"
    assert (line["service"], line["role"], line["level"]) == ("claims-svc", "worker", "info")
    assert (line["count"], line["dropped"]) == (3, 1)
    assert "Canary" not in output.getvalue()


@pytest.mark.parametrize("text", ["Maria Canary, 123-45-6789", "claim {x}", "", "x" * 200])
def test_a_text_with_a_value_in_it_is_not_shown(output: Output, text: str) -> None:
    log.get("claims_svc.handlers").warning(text)
    assert output.lines()[0]["event"] == "a text that the log does not show"


@pytest.mark.parametrize(
    ("logger", "arguments", "shown"),
    [
        ("rcm.security.jwks", ("token_keys_not_fetched",), "token_keys_not_fetched"),
        ("claims_svc.domain", ("claims opened",), "claims opened"),
        ("claims_svc.domain", ("opened %s", "Maria Canary"), "opened %s"),
        ("aiokafka", ("failed on %s: %s", "x", KeyError("Canary")), "failed on %s: %s"),
        ("aiokafka", ("Canary 123 %s", "x"), "a library reported something"),
        ("asyncio", ("Maria Canary",), "a library reported something"),
        ("uvicorn.error", ("Started server process [%d]", 7), "Started server process [7]"),
    ],
)
def test_records_of_the_standard_library_pass_the_same_gate(
    output: Output, logger: str, arguments: tuple[Any, ...], shown: str
) -> None:
    logging.getLogger(logger).warning(*arguments, extra={"failure": "HTTPError", "who": "Canary"})
    [line] = output.lines()
    assert (line["event"], line["failure"]) == (shown, "HTTPError")
    assert "Canary" not in output.getvalue()


def raised() -> Exception:
    """An exception with a frame, and a cause that quotes a row."""
    try:
        refuse()
    except StatementFailed as error:
        error.__cause__ = ValueError("Failing row contains (Maria Canary)")
        return error
    raise AssertionError("unreachable")


def refuse() -> None:
    raise StatementFailed("23514", "note", "note_body_check", "CheckViolation")


def test_an_exception_is_told_by_kind_and_place_without_its_text(output: Output) -> None:
    log.failure(log.get("rcm.db"), "a statement was refused", raised())
    logging.getLogger("uvicorn.error").error("Canary", exc_info=raised())
    mine, foreign = output.lines()
    for line in (mine, foreign):
        assert line["error_type"] == "StatementFailed"
        assert line["causes"] == ["ValueError"]
        assert line["frames"][-1].endswith(":refuse")
    assert (mine["sqlstate"], mine["constraint"]) == ("23514", "note_body_check")
    assert "Canary" not in output.getvalue()


def test_a_group_of_exceptions_is_told_by_its_first(output: Output) -> None:
    log.failure(log.get("rcm.x"), "tasks failed", ExceptionGroup("Canary", [raised()]))
    assert output.lines()[0]["causes"] == ["StatementFailed", "ValueError"]
    assert "Canary" not in output.getvalue()


class Unfortunate:
    """Fails where nobody can catch it."""

    def __del__(self) -> None:
        raise ValueError("Maria Canary")


def test_what_nobody_can_catch_is_told_the_same_way(
    output: Output, capfd: pytest.CaptureFixture[str]
) -> None:
    Unfortunate()
    [line] = output.lines()
    assert (line["event"], line["error_type"]) == ("an exception could not be raised", "ValueError")
    assert "Canary" not in output.getvalue() + "".join(capfd.readouterr())


def test_what_nobody_catches_is_told_the_same_way(output: Output) -> None:
    sys.excepthook(type(raised()), raised(), None)
    warnings.showwarning("Canary", UserWarning, "place.py", 7)
    log.on_loop_exception(None, {"message": "Canary", "exception": raised()})  # type: ignore[arg-type]
    log.on_loop_exception(None, {"message": "Canary"})  # type: ignore[arg-type]
    assert [line["event"] for line in output.lines()] == [
        "an exception was not caught",
        "a warning was raised",
        "an exception was not awaited",
        "the event loop reported a mistake",
    ]
    assert "Canary" not in output.getvalue()
