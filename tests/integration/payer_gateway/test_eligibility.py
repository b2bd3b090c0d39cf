"""Eligibility checks through the whole gateway: the question out, the answer in, faults between."""

from typing import Any

import pytest

from payer_gateway.handlers.register import POINTS
from rcm_x12 import eligibility_270
from rcm_x12.eligibility_271 import Benefit, Rejection

from .conftest import PAYER, Gateway, killed_at
from .replying import (
    BENEFITS,
    coverage_of,
    rejected_by_999,
    rejected_by_ta1,
    turned_away,
)

SECRETS = ("DOEFIELD", "MARYJANE", "W550001234", "1980-02-03", "GRP778")


def question(**changes: Any) -> dict[str, Any]:
    return {
        "payer_id": PAYER,
        "provider": {"npi": "1234567893", "name": "Northside Clinic"},
        "service_date": "2026-03-02",
        "service_type_codes": ["30", "98"],
        "member_id": "W550001234",
        "group_number": "GRP778",
        "subscriber": {
            "last_name": "Doefield",
            "first_name": "Maryjane",
            "birth_date": "1980-02-03",
            "sex": "F",
        },
    } | changes


CHILD = {
    "last_name": "Doefield",
    "first_name": "Tim",
    "birth_date": "2015-05-06",
    "sex": "M",
    "relationship": "child",
}


async def checked(gateway: Gateway, **changes: Any) -> str:
    async with gateway.under_test.client("EligibilityCheck.c") as client:
        made = await client.post("/eligibility-checks", json=question(**changes))
    assert made.status_code == 202, made.text
    assert made.headers["Location"] == f"/eligibility-checks/{made.json()['inquiry_id']}"
    return str(made.json()["inquiry_id"])


async def test_a_check_in_real_time_becomes_benefits(gateway: Gateway) -> None:
    inquiry_id = await checked(gateway)
    gateway.partner.replies.append(lambda asked: coverage_of(asked, *BENEFITS))
    await gateway.ask()
    found = await gateway.get(f"/eligibility-checks/{inquiry_id}")
    assert (found["status"], found["mode"], found["attempts"]) == ("answered", "real_time", 1)
    assert found["coverage_status"] == "active"
    said = [
        (each["information"], each["amount_cents"], each["share_ppm"], each["network"])
        for each in found["benefits"]
    ]
    assert said == [
        ("active", None, None, None),
        ("co-payment", 2_500, None, "in"),
        ("co-insurance", None, 200_000, "out"),
        ("deductible", 150_000, None, None),
        ("deductible", 41_250, None, None),
    ]
    assert [each["is_remaining"] for each in found["benefits"]] == [False] * 4 + [True]
    assert found["benefits"][1]["authorization_required"] is False
    [asked] = eligibility_270.read(gateway.partner.asked[0]).contents
    [(subscriber, dependent)] = list(asked.patients)
    assert dependent is None
    assert subscriber.member.dates[0].on.isoformat() == "2026-03-02"
    assert subscriber.questions[0].service_type_codes == ("30", "98")
    persons = await gateway.get(f"/eligibility-checks/{inquiry_id}/persons")
    assert persons["answered_person"]["last_name"] == "DOEFIELD"
    raw = await gateway.get(f"/interchanges/{found['answer_interchange_id']}")
    assert raw["kind"] == "271"


async def test_a_dependent_is_asked_about_through_the_subscriber(gateway: Gateway) -> None:
    inquiry_id = await checked(gateway, dependent=CHILD)
    gateway.partner.replies.append(lambda asked: coverage_of(asked, *BENEFITS))
    await gateway.ask()
    [asked] = eligibility_270.read(gateway.partner.asked[0]).contents
    [(subscriber, dependent)] = list(asked.patients)
    assert dependent is not None
    assert dependent.member.relationship is not None
    assert dependent.member.relationship.code == "19"
    assert subscriber.questions == ()
    found = await gateway.get(f"/eligibility-checks/{inquiry_id}")
    assert (found["coverage_status"], found["answered_as_subscriber"]) == ("active", False)


@pytest.mark.parametrize(
    ("codes", "status", "coverage", "level"),
    [
        (("75", "C"), "answered", "rejected", "subscriber"),
        (("72", "N"), "answered", "rejected", "subscriber"),
        (("42", "R"), "queued", None, None),
        (("42", "Y"), "queued", None, None),
        (("42", "N"), "answered", "rejected", "subscriber"),
        (("80", ""), "queued", None, None),
    ],
)
async def test_a_payer_that_cannot_answer_says_why_and_is_asked_again_by_rule(
    gateway: Gateway, codes: tuple[str, str], status: str, coverage: str | None, level: str | None
) -> None:
    inquiry_id = await checked(gateway)
    rejection = Rejection(codes[0], codes[1] or "R")
    gateway.partner.replies.append(lambda asked: coverage_of(asked, rejections=(rejection,)))
    await gateway.ask()
    found = await gateway.get(f"/eligibility-checks/{inquiry_id}")
    assert (found["status"], found["coverage_status"]) == (status, coverage)
    assert found["error_codes"] == [codes[0]]
    if level:
        [error] = found["errors"]
        assert (error["level"], error["code"], error["follow_up_code"]) == (level, *codes)
        assert error["reason"]
        assert error["follow_up"]
        return
    assert found["reason_code"] == "payer_busy"
    gateway.partner.replies.append(lambda asked: coverage_of(asked, *BENEFITS))
    await gateway.later()
    await gateway.ask()
    again = await gateway.get(f"/eligibility-checks/{inquiry_id}")
    assert (again["status"], again["attempts"], again["error_codes"]) == ("answered", 2, [])
    numbers = [eligibility_270.read(each).sets[0].envelope for each in gateway.partner.asked]
    assert numbers[0].interchange_control_number != numbers[1].interchange_control_number


async def test_a_payer_that_is_turned_away_as_a_whole_names_the_question_by_its_reference(
    gateway: Gateway,
) -> None:
    inquiry_id = await checked(gateway)
    gateway.partner.replies.append(lambda asked: turned_away(asked, "79", "N"))
    await gateway.ask()
    found = await gateway.get(f"/eligibility-checks/{inquiry_id}")
    assert (found["status"], found["coverage_status"]) == ("answered", "rejected")
    assert [(each["level"], each["code"]) for each in found["errors"]] == [("payer", "79")]


async def test_a_silent_partner_is_asked_again_with_the_same_bytes_and_then_given_up(
    gateway: Gateway,
) -> None:
    inquiry_id = await checked(gateway)
    for attempt in range(1, 7):
        await gateway.ask()
        found = await gateway.get(f"/eligibility-checks/{inquiry_id}")
        assert (found["attempts"], found["reason_code"]) == (attempt, "partner_unavailable")
        assert found["status"] == ("queued" if attempt < 6 else "failed")
        await gateway.later()
    assert len(set(gateway.partner.asked)) == 1
    await gateway.ask()
    assert len(gateway.partner.asked) == 6


async def test_a_silent_partner_is_left_alone_but_takes_files(gateway: Gateway) -> None:
    await checked(gateway)
    await gateway.ask()
    await checked(gateway)
    await gateway.ask()
    assert len(gateway.partner.asked) == 1
    link = (await gateway.get(f"/trading-partners/{gateway.partner_id}"))["link"]
    assert link["failures"] == 0


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (422, "partner_refused"),
        (rejected_by_999, "file_rejected"),
        (rejected_by_ta1, "file_rejected"),
        (lambda _: b"<html>", "answer_unreadable"),
    ],
)
async def test_a_no_is_a_no(gateway: Gateway, reply: Any, code: str) -> None:
    inquiry_id = await checked(gateway)
    gateway.partner.replies.append(reply)
    await gateway.ask()
    found = await gateway.get(f"/eligibility-checks/{inquiry_id}")
    assert (found["status"], found["reason_code"]) == ("failed", code)
    await gateway.later()
    await gateway.ask()
    assert len(gateway.partner.asked) == 1


@pytest.mark.parametrize("point", [each for each in POINTS if each.startswith("ask.")])
async def test_killed_anywhere_between_intent_and_record(gateway: Gateway, point: str) -> None:
    """One set of numbers, one answer, whatever happens in between."""
    inquiry_id = await checked(gateway)
    for _ in range(4):
        gateway.partner.replies.append(lambda asked: coverage_of(asked, *BENEFITS))
    with killed_at(point, times=2) as killer:
        for _ in range(4):
            try:
                await gateway.ask()
                await gateway.under_test.run_job("read_inbound")
            except ExceptionGroup:
                await gateway.later()
    assert killer.kills >= 1
    found = await gateway.get(f"/eligibility-checks/{inquiry_id}")
    assert (found["status"], found["coverage_status"]) == ("answered", "active")
    assert len(set(gateway.partner.asked)) == 1
    assert len((await gateway.get("/transmissions"))["items"]) == 1


async def test_an_answer_in_a_file_days_later(gateway: Gateway) -> None:
    """A partner without real time: one file of many questions, answered by another file."""
    async with gateway.under_test.transaction() as tx:
        await tx.execute("UPDATE trading_partner SET real_time_inquiries = false")
    first, second = await checked(gateway), await checked(gateway, dependent=CHILD)
    await gateway.ask()
    await gateway.send()
    [(name, content)] = gateway.partner.taken.items()
    assert name.endswith(".270.x12")
    assert len(eligibility_270.read(content).sets) == 2
    found = await gateway.get(f"/eligibility-checks/{first}")
    assert (found["status"], found["mode"]) == ("asked", "batch")
    gateway.partner.answer(coverage_of(content, Benefit("6", "IND", ("30",))))
    await gateway.receive()
    for inquiry_id in (first, second):
        found = await gateway.get(f"/eligibility-checks/{inquiry_id}")
        assert (found["status"], found["coverage_status"]) == ("answered", "inactive")


async def test_a_batch_without_an_answer_is_given_up_and_a_late_answer_still_counts(
    gateway: Gateway,
) -> None:
    async with gateway.under_test.transaction() as tx:
        await tx.execute("UPDATE trading_partner SET real_time_inquiries = false")
    inquiry_id = await checked(gateway)
    await gateway.ask()
    await gateway.send()
    await gateway.later()
    await gateway.under_test.run_job("give_up_silent")
    found = await gateway.get(f"/eligibility-checks/{inquiry_id}")
    assert (found["status"], found["reason_code"]) == ("failed", "no_answer")
    [content] = gateway.partner.taken.values()
    gateway.partner.answer(coverage_of(content, *BENEFITS))
    await gateway.receive()
    assert (await gateway.get(f"/eligibility-checks/{inquiry_id}"))["status"] == "answered"


async def test_an_answer_to_no_question_is_a_finding(gateway: Gateway) -> None:
    await checked(gateway)
    gateway.partner.replies.append(lambda asked: coverage_of(asked, *BENEFITS))
    await gateway.ask()
    [asked] = gateway.partner.asked
    stranger = coverage_of(asked, *BENEFITS).replace(
        eligibility_270.read(asked).contents[0].reference.encode(), b"F" * 32
    )
    gateway.partner.answer(stranger)
    await gateway.receive()
    files = (await gateway.get("/interchanges?direction=received"))["items"]
    codes = [
        each["code"]
        for file in files
        for each in (await gateway.get(f"/interchanges/{file['interchange_id']}/findings"))["items"]
    ]
    assert codes == ["271.unmatched"]


@pytest.mark.parametrize(
    ("changes", "status", "pointer"),
    [
        ({"service_date": None}, 422, "/service_date"),
        ({"payer_id": "NOBODY"}, 422, "/payer_id"),
        ({"member_id": None, "subscriber": {"last_name": "Doefield"}}, 422, ""),
        ({"service_type_codes": []}, 422, "/service_type_codes"),
        ({}, 200, None),
    ],
)
async def test_what_cannot_be_asked_is_said_before_it_is_kept(
    gateway: Gateway, changes: dict[str, Any], status: int, pointer: str | None
) -> None:
    async with gateway.under_test.client() as client:
        body = question(**changes)
        answer = await client.post("/eligibility-checks:validate", json=body)
    assert answer.status_code == status, answer.text
    assert (await gateway.get("/eligibility-checks"))["items"] == []
    for secret in SECRETS:
        assert secret.lower() not in answer.text.lower()
    if pointer:
        assert pointer in {each["pointer"] for each in answer.json()["pointers"]}


async def test_a_repeated_request_asks_once(gateway: Gateway) -> None:
    async with gateway.under_test.client("EligibilityCheck.c") as client:
        headers = {"Idempotency-Key": "one-key"}
        made = [
            await client.post("/eligibility-checks", json=question(), headers=headers)
            for _ in range(2)
        ]
    assert made[0].json()["inquiry_id"] == made[1].json()["inquiry_id"]
    assert len((await gateway.get("/eligibility-checks"))["items"]) == 1


async def test_persons_stand_sealed_and_behind_the_tenants_wall(gateway: Gateway) -> None:
    inquiry_id = await checked(gateway)
    gateway.partner.replies.append(lambda asked: coverage_of(asked, *BENEFITS))
    await gateway.ask()
    async with gateway.under_test.transaction() as tx:
        stored = [
            bytes(row[column])
            for row in await tx.fetch("SELECT question, answer FROM inquiry")
            for column in ("question", "answer")
        ]
        rows = await tx.fetch(
            "SELECT inquiry::text AS one, eligibility_check::text AS two "
            "FROM inquiry JOIN eligibility_check USING (tenant_id, inquiry_id)"
        )
    text = "".join(row["one"] + row["two"] for row in rows)
    for secret in SECRETS:
        assert all(
            secret.encode() not in each and secret.lower().encode() not in each.lower()
            for each in stored
        )
        assert secret.lower() not in text.lower()
    other = gateway.under_test.other_tenant
    async with gateway.under_test.client(tenant=other) as client:
        for path in ("", "/persons"):
            answer = await client.get(f"/eligibility-checks/{inquiry_id}{path}")
            assert answer.status_code == 404
