"""CloudEvents both ways, with the CloudEvents project's own library as the judge."""

import uuid
from datetime import UTC, datetime

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary, to_structured
from cloudevents.core.formats.json import JSONFormat

from rcm.contracts import event_types
from rcm.contracts.claims import ClaimHeld
from rcm.events.envelope import headers_of, key_of, stand_in_id
from rcm.events.intake import UUID_TEXT, Intake
from rcm.events.items import StoredRecord
from rcm.testing.samples import TENANT, sample

CLAIM = uuid.UUID(int=7)


def row(kind=ClaimHeld):
    event = sample(kind)
    body = b"{}" if event.person_field else event.model_dump_json().encode()
    return {
        "tenant_id": str(event.tenant_id),
        "event_id": str(uuid.uuid4()),
        "topic": event.topic.name,
        "aggregate_id": event.key,
        "aggregate_sequence": 3,
        "ce_type": kind.__name__,
        "key": None,
        "value": body,
        "headers": f'{{"ce_time": "{datetime(2026, 3, 2, tzinfo=UTC).isoformat()}"}}',
    }


def record(found, headers=None, value=None):
    return StoredRecord(
        "p." + found["topic"],
        4,
        9,
        0,
        key_of(found),
        found["value"] if value is None else value,
        headers_of(found) if headers is None else headers,
    )


@pytest.mark.parametrize("name", sorted(event_types()))
def test_every_event_is_a_conforming_cloudevent(name):
    found = row(event_types()[name])
    message = KafkaMessage(dict(headers_of(found)), key_of(found), found["value"])
    event = from_binary(message, JSONFormat())
    assert event.get_type() == name
    assert event.get_id() == found["event_id"]
    assert event.get_subject() == found["aggregate_id"]
    assert event.get_source() == event_types()[name].topic.owner
    assert event.get_time() == datetime(2026, 3, 2, tzinfo=UTC)
    assert event.get_extension("tenantid") == str(TENANT)
    assert event.get_extension("sequence") == "3"


def test_structured_by_their_library_reads_like_binary_by_us():
    found = row()
    binary = Intake([ClaimHeld], prefix="p.").read(record(found))
    message = KafkaMessage(dict(headers_of(found)), key_of(found), found["value"])
    structured = to_structured(from_binary(message, JSONFormat()), JSONFormat())
    headers = tuple(structured.headers.items())
    other = Intake([ClaimHeld], prefix="p.").read(record(found, headers, structured.value))
    assert other.fault is None
    assert other.event == binary.event
    assert (other.id, other.stream, other.sequence) == (binary.id, binary.stream, binary.sequence)


def told(item):
    return item.id, item.type, item.stream, item.sequence, item.event, item.fault


def with_header(place, name, value):
    return lambda found: [*found[:place], (name, value), *found[place + 1 :]]


ODD = {
    "as we write it": list,
    "a number where the subject is": with_header(6, "ce_sequence", b"9"),
    "a tenant where the partition key is": with_header(7, "ce_tenantid", str(CLAIM).encode()),
    "a second id at the end": lambda found: [*found, ("ce_id", b"7")],
    "another order": lambda found: found[::-1],
    "too few": lambda found: found[:7],
    "none": lambda found: found[:0],
    "a number with a sign": with_header(8, "ce_sequence", b"+3"),
    "a number with a blank": with_header(8, "ce_sequence", b" 3"),
    **{f"null at {place}": with_header(place, "ce_null", None) for place in range(10)},
}


@pytest.mark.parametrize("name", ODD)
def test_a_record_is_judged_alike_on_the_short_way_and_on_the_long(name):
    """Headers in a list never take the short way: it compares tuples."""
    found = row()
    headers = ODD[name](headers_of(found))
    intake = Intake([ClaimHeld], prefix="p.")
    intake.only([TENANT])
    short, long = (intake.read(record(found, kind(headers))) for kind in (tuple, list))
    assert told(short) == told(long)


def test_an_event_nobody_listens_to_has_a_place_but_no_body():
    item = Intake([ClaimHeld], prefix="p.").read(
        record({**row(), "ce_type": "SomethingElse"}, value=b"not even json")
    )
    assert (item.event, item.fault, item.sequence) == (None, None, 3)


def test_what_a_fault_says_never_quotes_a_value():
    found = row()
    value = found["value"].replace(b'"tenant_id":"', b'"tenant_id":"SECRET-')
    item = Intake([ClaimHeld], prefix="p.").read(record(found, value=value))
    assert item.fault.reason == "schema"
    assert "tenant_id" in item.fault.detail
    assert "SECRET" not in item.fault.detail


def test_a_stand_in_id_is_stable_and_a_uuid_of_its_time():
    first = stand_in_id("topic", 1, 2, 1_772_444_400_000)
    assert first == stand_in_id("topic", 1, 2, 1_772_444_400_000)
    assert first != stand_in_id("topic", 1, 3, 1_772_444_400_000)
    assert UUID_TEXT.fullmatch(first.encode())
    assert uuid.UUID(first).version == 7
    assert uuid.UUID(first).int >> 80 == 1_772_444_400_000
