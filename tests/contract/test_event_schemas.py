"""Committed schemas are the code's; an event only ever grows; every old sample is still read."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from rcm.contracts import event_types
from rcm.contracts.claims import ClaimReady
from rcm.schemas import documents, events

ROOT = Path(__file__).parents[2]
GOLDEN = sorted((ROOT / documents.SAMPLES).glob("*/*.json"))


def test_every_event_has_a_committed_schema_equal_to_its_class() -> None:
    assert documents.event_documents(ROOT) == {}


def test_no_event_breaks_an_earlier_version() -> None:
    assert list(events.refusals(ROOT / documents.EVENTS)) == []


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_current_readers_accept_every_golden_sample(path: Path) -> None:
    event = event_types()[path.parent.name]
    read = event.model_validate_json(path.read_bytes())
    assert_still_said(json.loads(path.read_bytes()), json.loads(read.model_dump_json()))


def assert_still_said(old: Any, new: Any) -> None:
    """Everything in the old document is in the new one, which may say more at any depth."""
    if isinstance(old, dict):
        assert old.keys() <= new.keys()
        for name, value in old.items():
            assert_still_said(value, new[name])
    elif isinstance(old, list):
        assert len(old) == len(new)
        for before, after in zip(old, new, strict=True):
            assert_still_said(before, after)
    else:
        assert old == new


def add_optional(schema: Any) -> None:
    schema["properties"]["added"] = {"type": "string", "default": ""}


def add_required(schema: Any) -> None:
    schema["properties"]["added"] = {"type": "string"}
    schema["required"].append("added")


def retype(schema: Any) -> None:
    schema["properties"]["charge_cents"] = {"type": "string"}


def drop_required(schema: Any) -> None:
    del schema["properties"]["charge_cents"]
    schema["required"].remove("charge_cents")


def drop_optional(schema: Any) -> None:
    del schema["properties"]["referral_number"]


def make_a_date_a_moment(schema: Any) -> None:
    schema["properties"]["date_of_service"]["format"] = "date-time"


def let_an_id_be_any_text(schema: Any) -> None:
    del schema["properties"]["claim_id"]["format"]


def loosen_a_pattern(schema: Any) -> None:
    schema["properties"]["place_of_service_code"]["pattern"] = "^[0-9A-Z]{2}$"


def tighten_a_list(schema: Any) -> None:
    schema["$defs"]["ClaimLine"]["properties"]["modifiers"]["items"]["pattern"] = "^[A-Z]{2}$"


def widen_an_enumeration(schema: Any) -> None:
    schema["$defs"]["Coverage"]["properties"]["rank"]["enum"].append("quaternary")


@pytest.mark.parametrize(
    ("edit", "allowed"),
    [
        (add_optional, True),
        (add_required, False),
        (retype, False),
        (drop_required, False),
        (drop_optional, False),
        (widen_an_enumeration, False),
        (make_a_date_a_moment, False),
        (let_an_id_be_any_text, False),
        (loosen_a_pattern, False),
        (tighten_a_list, False),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_only_additions_pass_the_gate(edit: Any, *, allowed: bool) -> None:
    old = events.current(ClaimReady)
    new = copy.deepcopy(old)
    edit(new)
    assert (list(events.breaks(old, new)) == []) is allowed


def test_better_words_are_the_same_promise() -> None:
    old = events.current(ClaimReady)
    new = copy.deepcopy(old)
    new["description"] = "said better"
    new["properties"]["charge_cents"]["title"] = "Charge"
    assert events.promise(new) == events.promise(old)
    retype(new)
    assert events.promise(new) != events.promise(old)
