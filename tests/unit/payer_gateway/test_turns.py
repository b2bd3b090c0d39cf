"""When queues leave, when partners are left alone, and how enrollments and routes stand."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from payer_gateway.domain.breaker import Breaker, breaker, pause_s
from payer_gateway.domain.connection import Credentials
from payer_gateway.domain.cut_off import Queue, is_due, last_cut_off
from payer_gateway.domain.enrollment import TRANSITIONS, EnrollmentStatus
from payer_gateway.domain.partner import Link, Terms
from payer_gateway.domain.route import Route, overlapping
from payer_gateway.domain.transaction import PAYLOAD_TYPES, kind_of_name

NOW = datetime(2026, 7, 1, 21, 30, tzinfo=UTC)
CHICAGO = Terms(send_after_s=86_400, cut_offs=("09:00", "16:30"), time_zone="America/Chicago")


@pytest.mark.parametrize(
    ("terms", "waiting", "age_s", "wanted", "due"),
    [
        (Terms(send_after_s=60), 1, 59, False, False),
        (Terms(send_after_s=60), 1, 60, False, True),
        (Terms(send_after_s=60, claims_per_set=3), 2, 0, False, False),
        (Terms(send_after_s=60, claims_per_set=3), 3, 0, False, True),
        (Terms(send_after_s=60), 1, 0, True, True),
        (Terms(send_after_s=60), 0, 999, True, False),
        # 21:30 UTC is 16:30 in Chicago: the cut-off is now.
        (CHICAGO, 1, 1, False, True),
        (CHICAGO, 1, -1, False, False),
    ],
)
def test_a_queue_leaves_full_old_wanted_or_cut_off(
    terms: Terms, waiting: int, age_s: int, *, wanted: bool, due: bool
) -> None:
    queue = Queue("837P", waiting, NOW - timedelta(seconds=age_s))
    assert is_due(terms, queue, now=NOW, wanted=wanted) is due


@pytest.mark.parametrize(
    ("now", "passed"),
    [
        ("2026-07-01T21:29:59", "2026-07-01T14:00:00"),
        ("2026-07-01T21:30:00", "2026-07-01T21:30:00"),
        ("2026-07-01T04:00:00", "2026-06-30T21:30:00"),
        # Winter: one hour more behind UTC.
        ("2026-12-01T22:29:59", "2026-12-01T15:00:00"),
        ("2026-12-01T22:30:00", "2026-12-01T22:30:00"),
    ],
)
def test_a_cut_off_is_a_time_on_the_partners_own_clock(now: str, passed: str) -> None:
    found = last_cut_off(CHICAGO, datetime.fromisoformat(now).replace(tzinfo=UTC))
    assert found is not None
    assert found.astimezone(UTC) == datetime.fromisoformat(passed).replace(tzinfo=UTC)


def test_an_hour_that_is_skipped_or_repeated_cuts_off_once() -> None:
    terms = replace(CHICAGO, cut_offs=("02:30", "01:30"))
    skipped = last_cut_off(terms, datetime(2026, 3, 8, 9, 0, tzinfo=UTC))
    repeated = last_cut_off(terms, datetime(2026, 11, 1, 7, 45, tzinfo=UTC))
    assert skipped is not None
    assert repeated is not None
    assert skipped.timestamp() == datetime(2026, 3, 8, 8, 30, tzinfo=UTC).timestamp()
    assert repeated.timestamp() == datetime(2026, 11, 1, 6, 30, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, Breaker.CLOSED),
        ({"failures": 4, "retry_at": NOW + timedelta(seconds=9)}, Breaker.CLOSED),
        ({"failures": 5, "retry_at": NOW + timedelta(seconds=9)}, Breaker.OPEN),
        ({"failures": 5, "retry_at": NOW}, Breaker.HALF_OPEN),
        ({"failures": 5, "retry_at": NOW + timedelta(seconds=9), "flush_requested_at": NOW},
         Breaker.HALF_OPEN),
    ],
)  # fmt: skip
def test_a_breaker_opens_after_failures_and_tries_again(
    changes: dict[str, Any], state: Breaker
) -> None:
    assert breaker(Terms(), Link(**changes), now=NOW) is state


@pytest.mark.parametrize(("failures", "pause"), [(1, 2), (4, 16), (5, 60), (6, 64), (9, 300)])
def test_an_open_breaker_waits_a_minute_at_least(failures: int, pause: int) -> None:
    assert pause_s(Terms(), failures) == pause


def test_every_enrollment_status_is_reached_and_left() -> None:
    assert set(TRANSITIONS) == set(EnrollmentStatus)
    reached = {status for targets in TRANSITIONS.values() for status in targets}
    assert reached == set(EnrollmentStatus)
    assert all(TRANSITIONS.values())
    # Nothing goes live that was not handed in.
    before_live = {status for status in TRANSITIONS if EnrollmentStatus.LIVE in TRANSITIONS[status]}
    assert before_live == {EnrollmentStatus.SUBMITTED, EnrollmentStatus.PROVISIONING}


def route(first: date, last: date | None) -> Route:
    ids: tuple[UUID, ...] = (uuid4(), uuid4())
    return Route(*ids, "P1", "837P", uuid4(), "P1", requires_enrollment=False,
                 effective_from=first, effective_to=last)  # fmt: skip


@pytest.mark.parametrize(
    ("first", "last", "meets"),
    [
        (date(2026, 1, 1), date(2026, 1, 31), False),
        (date(2026, 1, 1), date(2026, 2, 1), True),
        (date(2026, 1, 1), None, True),
        (date(2026, 2, 28), None, True),
        (date(2026, 3, 1), None, False),
    ],
)
def test_two_routes_never_hold_on_one_day(first: date, last: date | None, *, meets: bool) -> None:
    february = route(date(2026, 2, 1), date(2026, 2, 28))
    assert overlapping(route(first, last), [february]) is meets
    assert not overlapping(february, [february])


@pytest.mark.parametrize(
    ("transport", "given", "why"),
    [
        ("https", {}, None),
        ("folder", {}, None),
        ("sftp", {"username": "u", "password": "p"}, None),
        ("sftp", {"username": "u", "private_key": "k"}, None),
        ("sftp", {"password": "p"}, "user name"),
        ("core_mime", {"username": "u", "password": "p"}, None),
        ("core_soap", {"client_certificate": "c", "client_key": "k"}, None),
        ("core_soap", {"username": "u"}, "user name and password"),
        ("https", {"client_certificate": "c"}, "come together"),
    ],
)
def test_each_kind_of_transport_says_what_it_cannot_do_without(
    transport: Any, given: dict[str, str], why: str | None
) -> None:
    found = Credentials(**given).missing(transport)
    assert (found is None) if why is None else (why in (found or ""))


def test_credentials_come_back_as_they_went_and_show_nothing() -> None:
    given = Credentials(username="u", password="very secret")
    assert Credentials.from_bytes(given.to_bytes()) == given
    assert Credentials.from_bytes(b"a token of old") == Credentials(bearer_token="a token of old")
    assert "very secret" not in repr(given)
    assert not Credentials()


@pytest.mark.parametrize("kind", sorted(PAYLOAD_TYPES))
def test_a_files_name_tells_its_kind(kind: str) -> None:
    assert kind_of_name(f"SUB001-000000042.{kind.lower()}.x12") == kind
