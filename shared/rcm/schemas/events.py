"""JSON Schema 2020-12 per event and version, and the gate that a change must pass.

A change is additive or it is refused. Two questions are asked against *every* earlier version,
because either alone is wrong (evolution in JSON Schema hinges on open or closed content):
does the new reader read all old data (closed form, `deserializer`), and does the old tolerant
reader read all new data (open form, `serializer`)?
"""

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

from rcm.contracts import Event, event_types

Schema = dict[str, Any]


def current(event: type[Event]) -> Schema:
    """The schema of what this class puts on the wire."""
    schema = event.model_json_schema(mode="serialization")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": f"topic {event.topic.name}, key {event.key_field}",
        **schema,
    }


def versions(event: type[Event], folder: Path) -> list[Schema]:
    """Every committed version, oldest first."""
    place = folder / event.__name__
    found = sorted(place.glob("*.json"), key=lambda path: int(path.stem))
    return [json.loads(path.read_text(encoding="utf-8")) for path in found]


def breaks(old: Schema, new: Schema) -> Iterator[str]:
    """Why `new` must not follow `old`; nothing when it may."""
    # jsoncompat is a tool of the developer and of CI, not of a running service.
    from jsoncompat import check_compat  # noqa: PLC0415

    def ask(role: Any, *, closed: bool) -> bool:
        old_text, new_text = (json.dumps(_form(schema, closed=closed)) for schema in (old, new))
        return bool(check_compat(old_text, new_text, role))

    if not ask("deserializer", closed=True):
        yield "the new reader does not read all data of the old schema"
    if not ask("serializer", closed=False):
        yield "a reader of the old schema does not read all data of the new one"
    before, now = _fields(old), _fields(new)
    # An optional field may go without breaking a schema, but its readers lose what it said.
    for field in sorted(before.keys() - now.keys()):
        yield f"the field {field} has gone"
    # jsoncompat weighs neither word, and a date that becomes a moment is read by no old reader.
    for field in sorted(before.keys() & now.keys()):
        if _spellings(before[field]) != _spellings(now[field]):
            yield f"the field {field} has another format or pattern"


def refusals(folder: Path) -> Iterator[str]:
    """Every event whose class breaks an earlier version, with that version and the reason."""
    for name, event in sorted(event_types().items()):
        for number, old in enumerate(versions(event, folder), 1):
            for reason in breaks(old, current(event)):
                yield f"{name} against version {number}: {reason}"


def promise(schema: Schema) -> Schema:
    """The schema without titles and descriptions, which promise nothing."""
    copy = deepcopy(schema)
    for part in _objects(copy):
        for word in ("title", "description", "$comment"):
            if isinstance(part.get(word), str):
                del part[word]
    return copy


def _form(schema: Schema, *, closed: bool) -> Schema:
    """The schema with every object closed or open, and without words that hold no promise."""
    copy = promise(schema)
    for part in _objects(copy):
        for word in ("default", "format", "$schema"):
            if isinstance(part.get(word), str) or word == "default":
                part.pop(word, None)
        if part.get("type") == "object":
            part["additionalProperties"] = not closed
    return copy


def _fields(schema: Schema) -> dict[str, Schema]:
    named = {"": schema, **schema.get("$defs", {})}
    return {
        f"{name}.{field}".lstrip("."): found
        for name, part in named.items()
        for field, found in part.get("properties", {}).items()
    }


def _spellings(field: Schema) -> set[tuple[str, str]]:
    """How a field's texts look, wherever in it they stand."""
    return {
        (word, part[word])
        for part in _objects(field)
        for word in ("format", "pattern")
        if isinstance(part.get(word), str)
    }


def _objects(node: Any) -> Iterator[Schema]:
    if isinstance(node, dict):
        yield node
        for key, child in list(node.items()):
            if key in {"properties", "$defs"}:
                for named in child.values():
                    yield from _objects(named)
            else:
                yield from _objects(child)
    elif isinstance(node, list):
        for child in node:
            yield from _objects(child)
