"""Logs that cannot carry a patient: JSON lines with known keys, each value in its known form.

An allowlist, not a list of forbidden words: a key that is not in `ALLOWED`, or a value that does
not look like what the key is for, is dropped and counted. Texts are constants written in this code
base. Exceptions appear as type, SQLSTATE, constraint and places in the code; their own text, which
may quote a row, never does. Records of other libraries pass the same gate.
"""

import asyncio
import logging
import re
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator, Mapping, MutableMapping
from datetime import UTC, date, datetime
from enum import Enum
from types import MappingProxyType, TracebackType
from typing import Any
from uuid import UUID

import orjson
import structlog
from prometheus_client import Counter

Event = MutableMapping[str, Any]

_WORD = re.compile(r"[\w.:/@{}<>,+*=\[\]()-]{1,200}", re.ASCII)
_TEXT = re.compile(r"[A-Za-z][A-Za-z ,.:;'()/_-]{0,119}")
_TEMPLATE = re.compile(r"[A-Za-z%][A-Za-z %,.:;'()/_=<>\[\]-]{0,159}")
_NUMBERS = (int, float)
_DROPPED = Counter("log_fields_dropped", "Log fields that the allowlist refused")

# Identifiers, codes, counts and durations. A word is one token without blanks; nothing here is ever
# filled from a request's body, and what a name or a note looks like does not pass for a word.
_WORDS = """
    service role version host address environment database bootstrap path file_name signal
    request_id trace_id span_id correlation_id causation_id method route subject token_id tenant_id
    error_name error_type sqlstate table constraint condition failure reason state code category
    component dependency task job topic group consumer event_id event_type aggregate_type key_hash
    shard claim_id encounter_id submission_id remittance_id account_id batch_id interchange_id
    entry_id payer_id resource_type resource_id action
"""
_COUNTS = """
    status port process_id exit_code count attempt attempts rows events posted parked duplicates
    dead pending held dropped partition offset first_offset last_offset sequence limit size_bytes
    duration_ms wait_ms lag_ms retry_in_ms timeout_s age_s
"""
ALLOWED: Mapping[str, type | tuple[type, ...]] = MappingProxyType(
    dict.fromkeys(_WORDS.split(), str)
    | dict.fromkeys(_COUNTS.split(), _NUMBERS)
    | {"frames": list, "causes": list, "replayed": bool, "ready": bool}
)

# Whose own words may be shown: they speak of processes and sockets, never of rows.
_TRUSTED_LOGGERS = frozenset({"uvicorn.error", "alembic.runtime.migration"})
_OWN_PACKAGES = {"payer_twin"}
# Their information is a line for each call or assignment, which our own lines tell better.
_CHATTY_LOGGERS = ("aiokafka", "httpx", "httpcore", "alembic")
_FRAMES_MAX = 12


def get(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of a module: `log.get(__name__).info("claims opened", count=12)`."""
    return structlog.stdlib.get_logger(name)


def configure(*, service: str, role: str, level: str = "INFO") -> None:
    """Send everything that this process says (also other libraries, warnings, uncaught exceptions)
    through the allowlist to standard output, one JSON document a line."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_Formatter(service=service, role=role))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "alembic"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
    for name in _CHATTY_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    _OWN_PACKAGES.add(service.replace("-", "_"))
    _take_over_hooks()


def failure(
    logger: structlog.stdlib.BoundLogger, text: str, error: BaseException, **fields: object
) -> None:
    """Log an exception at error level by its kind and places, without a word of its text."""
    logger.error(text, **fields, **describe(error))


def describe(error: BaseException) -> dict[str, object]:
    """What may be told of an exception: types along its chain, SQLSTATE and constraint, places."""
    found: dict[str, object] = {
        "error_type": type(error).__name__,
        "causes": [type(cause).__name__ for cause in _chain(error)][1:],
        "frames": _frames(error.__traceback__),
    }
    for name in ("sqlstate", "table", "constraint", "condition"):
        value = getattr(error, name, None)
        if isinstance(value, str):
            found[name] = value
    return found


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        if isinstance(current, BaseExceptionGroup) and current.exceptions:
            current = current.exceptions[0]
        else:
            hidden = None if current.__suppress_context__ else current.__context__
            current = current.__cause__ or hidden


def _frames(trace: TracebackType | None) -> list[str]:
    places = [
        f"{frame.f_globals.get('__name__', '?')}:{line}:{frame.f_code.co_name}"
        for frame, line in traceback.walk_tb(trace)
    ]
    return places[-_FRAMES_MAX:]


def allowed(event: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    """The fields that may be written, and how many may not."""
    kept: dict[str, Any] = {}
    given = {key: value for key, value in event.items() if value is not None}
    for key, value in given.items():
        shown = _shown(key, value)
        if shown is not None:
            kept[key] = shown
    return kept, len(given) - len(kept)


def _shown(key: str, value: object) -> object:
    kind = ALLOWED.get(key)
    if kind is None:
        return None
    if isinstance(value, Enum):
        value = value.value
    if kind is str:
        text = str(value) if isinstance(value, str | int | UUID | date | datetime) else ""
        return text if _WORD.fullmatch(text) else None
    if kind is list and isinstance(value, list | tuple):
        return [item for item in value if isinstance(item, str) and _WORD.fullmatch(item)]
    return value if isinstance(value, kind) else None


def _only_allowed(_logger: object, _method: str, event: Event) -> Event:
    """structlog's part of the gate, in force from the first import on."""
    text = str(event.pop("event", ""))
    fields, dropped = allowed(event)
    if dropped:
        _DROPPED.inc(dropped)
        fields["dropped"] = dropped
    return {"event": _our_words(text), **fields}


class _Formatter(logging.Formatter):
    """One record to one JSON line, by way of the allowlist."""

    def __init__(self, **fixed: str) -> None:
        super().__init__()
        self._fixed = fixed

    def format(self, record: logging.LogRecord) -> str:
        if isinstance(record.msg, dict):
            fields = dict(record.msg)
        else:
            extra = {key: value for key, value in vars(record).items() if key not in _STANDARD}
            fields = {"event": _words(record), **_error_in(record.args), **allowed(extra)[0]}
        if isinstance(record.exc_info, tuple) and record.exc_info[1] is not None:
            fields |= allowed(describe(record.exc_info[1]))[0]
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            **self._fixed,
            **fields,
        }
        return orjson.dumps(line, default=str).decode()


# What every record of the standard library has; the rest was given as `extra`.
_STANDARD = frozenset({*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"})


def _words(record: logging.LogRecord) -> str:
    """The constant text of our own code; a trusted library's message; else a constant."""
    if _is_ours(record.name) and not record.args:
        return _our_words(str(record.msg))
    if record.name in _TRUSTED_LOGGERS and not record.exc_info:
        return record.getMessage().splitlines()[0][:200]
    # A text with arguments is a template of the library's own; one without may hold values.
    if record.args and isinstance(record.msg, str) and _TEMPLATE.fullmatch(record.msg):
        return record.msg
    return "a library reported something"


def _error_in(arguments: object) -> dict[str, str]:
    """The type of the exception that a library put into its text."""
    given = arguments if isinstance(arguments, tuple) else ()
    found = next((item for item in given if isinstance(item, BaseException)), None)
    return {} if found is None else {"error_type": type(found).__name__}


def _our_words(text: str) -> str:
    return text if _TEXT.fullmatch(text) else "a text that the log does not show"


def _is_ours(logger: str) -> bool:
    package = logger.split(".", 1)[0]
    return package.startswith("rcm") or package in _OWN_PACKAGES


def _take_over_hooks() -> None:
    """Python's own last words (uncaught exceptions, warnings) would print texts and values."""
    logger = get("rcm.process")

    def uncaught(
        _kind: type[BaseException], error: BaseException, _trace: TracebackType | None
    ) -> None:
        failure(logger, "an exception was not caught", error)

    def uncaught_in_thread(arguments: threading.ExceptHookArgs) -> None:
        if arguments.exc_value is not None:
            failure(logger, "an exception was not caught in a thread", arguments.exc_value)

    def unraisable(found: "sys.UnraisableHookArgs") -> None:
        if found.exc_value is not None:
            failure(logger, "an exception could not be raised", found.exc_value)

    def warned(*said: Any, **_: object) -> None:
        _message, category, path, *_line = said
        logger.warning("a warning was raised", error_type=category.__name__, path=path)

    sys.excepthook = uncaught
    threading.excepthook = uncaught_in_thread
    sys.unraisablehook = unraisable
    warnings.showwarning = warned


def on_loop_exception(_loop: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
    """The event loop's handler for exceptions that no task awaits."""
    logger, error = get("rcm.process"), context.get("exception")
    if isinstance(error, BaseException):
        failure(logger, "an exception was not awaited", error)
    else:
        logger.error("the event loop reported a mistake")


structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        structlog.contextvars.merge_contextvars,
        _only_allowed,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=False,
)
