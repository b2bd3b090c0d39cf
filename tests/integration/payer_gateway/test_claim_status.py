"""Claim status inquiries through the whole gateway, and the follow-up that asks by itself."""

from datetime import date
from typing import Any

import pytest

from rcm.contracts.payer import ClaimStatusReported
from rcm_x12 import claim_837p, status_276

from .answering import file_of, payment, remittance, service, status_for
from .conftest import PAYER, Gateway, claim_id, control_number, ready
from .replying import status, status_of
from .test_answers import sent_file


async def accepted(gateway: Gateway, count: int = 1) -> None:
    """Claims that the payer took, and gave numbers to."""
    content = await sent_file(gateway, count)
    [batch] = claim_837p.read(content).contents
    verdicts = {control_number(number): "A2" for number in range(1, count + 1)}
    gateway.partner.answer(status_for(batch, verdicts, source="PR"))
    await gateway.receive()


async def asked(gateway: Gateway, number: int = 1) -> dict[str, Any]:
    async with gateway.under_test.client("ClaimStatusInquiry.c") as client:
        body = {"claim_id": str(claim_id(number))}
        made = await client.post("/claim-status-inquiries", json=body)
    assert made.status_code == 202, made.text
    found: dict[str, Any] = made.json()
    return found


async def days_pass(gateway: Gateway, days: int) -> None:
    async with gateway.under_test.transaction() as tx:
        await tx.execute(
            """
            UPDATE submission SET changed_at = changed_at - make_interval(days => $1),
                                  follow_up_at = follow_up_at - make_interval(days => $1)
            """,
            days,
        )
    await gateway.under_test.run_job("follow_up_silent")


async def test_a_claim_is_asked_about_by_name_and_number(gateway: Gateway) -> None:
    await accepted(gateway)
    made = await asked(gateway)
    gateway.partner.replies.append(
        lambda content: status_of(
            content,
            status("P1", on=date(2026, 3, 1)),
            status("F1", "65", paid_cents=8_000, payment_number="CHK77", paid_on=date(2026, 3, 9)),
            payer_claim_number="ICN900",
        )
    )
    await gateway.ask()
    [question] = status_276.read(gateway.partner.asked[0]).contents
    [claim] = question.claims
    assert claim.patient_account_number == control_number(1)
    assert claim.payer_claim_number == f"P{control_number(1)}"
    assert claim.charge_cents == 12_500
    found = await gateway.get(f"/claim-status-inquiries/{made['inquiry_id']}")
    assert (found["status"], found["mode"], found["next_step"]) == (
        "answered",
        "real_time",
        "expect_payment",
    )
    report = found["report"]
    assert (report["category_code"], report["is_final"]) == ("F1", True)
    assert (report["paid_cents"], report["check_number"]) == (8_000, "CHK77")
    [event] = await gateway.under_test.published(ClaimStatusReported)
    assert (event.next_step, event.payer_claim_number) == ("expect_payment", "ICN900")
    assert event.paid_cents == 8_000
    [sent] = (await gateway.get("/submissions"))["items"]
    assert (sent["status"], sent["payer_claim_number"]) == ("payer_accepted", "ICN900")


@pytest.mark.parametrize(
    ("category", "step", "goes_on"),
    [
        ("A1", "wait", True),
        ("A2", "wait", True),
        ("A3", "correct_claim", False),
        ("A7", "correct_claim", False),
        ("P1", "wait", True),
        ("P3", "send_information", True),
        ("R3", "send_information", True),
        ("F0", "expect_payment", False),
        ("F2", "expect_denial", False),
        ("F4", "expect_denial", False),
        ("D0", "find_claim", True),
    ],
)
async def test_each_category_leads_somewhere(
    gateway: Gateway, category: str, step: str, *, goes_on: bool
) -> None:
    await accepted(gateway)
    made = await asked(gateway)
    gateway.partner.replies.append(lambda content: status_of(content, status(category)))
    await gateway.ask()
    found = await gateway.get(f"/claim-status-inquiries/{made['inquiry_id']}")
    assert (found["status"], found["next_step"]) == ("answered", step)
    assert found["respond_by"] == ("2026-04-03" if step == "send_information" else None)
    worklist = await gateway.get(f"/claim-status-inquiries?next_step={step}")
    assert len(worklist["items"]) == 1
    await days_pass(gateway, 30)
    questions = (await gateway.get("/claim-status-inquiries"))["items"]
    assert len(questions) == (2 if goes_on else 1)


async def test_a_failing_system_says_nothing_of_the_claim_and_is_asked_again(
    gateway: Gateway,
) -> None:
    await accepted(gateway)
    made = await asked(gateway)
    gateway.partner.replies.append(lambda content: status_of(content, status("E1")))
    gateway.partner.replies.append(lambda content: status_of(content, status("P1")))
    await gateway.ask()
    found = await gateway.get(f"/claim-status-inquiries/{made['inquiry_id']}")
    assert (found["status"], found["reason_code"]) == ("queued", "payer_busy")
    assert await gateway.under_test.published(ClaimStatusReported) == []
    await gateway.later()
    await gateway.ask()
    found = await gateway.get(f"/claim-status-inquiries/{made['inquiry_id']}")
    assert (found["status"], found["attempts"]) == ("answered", 2)


async def test_silent_claims_are_asked_about_until_they_are_final(gateway: Gateway) -> None:
    await accepted(gateway, 2)
    await days_pass(gateway, 13)
    assert (await gateway.get("/claim-status-inquiries"))["items"] == []
    await days_pass(gateway, 2)
    questions = (await gateway.get("/claim-status-inquiries"))["items"]
    assert {each["origin"] for each in questions} == {"follow_up"}
    assert len(questions) == 2
    for category in ("P1", "F1"):
        gateway.partner.replies.append(
            lambda content, category=category: status_of(content, status(category))
        )
    await gateway.ask()
    await days_pass(gateway, 1)
    assert len((await gateway.get("/claim-status-inquiries"))["items"]) == 2
    await days_pass(gateway, 7)
    assert len((await gateway.get("/claim-status-inquiries"))["items"]) == 3


async def test_the_payers_terms_say_when(gateway: Gateway) -> None:
    await accepted(gateway)
    path = f"/payers/{PAYER}/follow-up"
    assert (await gateway.get(path))["version"] == 0
    async with gateway.under_test.client() as client:
        never = await client.put(path, json={"after_days": None})
        assert never.status_code == 200, never.text
        await days_pass(gateway, 300)
        assert (await gateway.get("/claim-status-inquiries"))["items"] == []
        headers = {"If-Match": never.headers["ETag"]}
        soon = await client.put(path, json={"after_days": 3}, headers=headers)
        assert soon.json()["version"] == 2
        stale = await client.put(path, json={"after_days": 9}, headers=headers)
        assert stale.status_code == 412
    await days_pass(gateway, 1)
    assert len((await gateway.get("/claim-status-inquiries"))["items"]) == 1


async def test_an_835_ends_the_questions_and_lets_go_of_the_persons(gateway: Gateway) -> None:
    await accepted(gateway)
    paid = payment(control_number(1), [service("99213", 12_500, 12_500, [])])
    gateway.partner.answer(file_of(remittance([paid])))
    await gateway.receive()
    async with gateway.under_test.transaction() as tx:
        assert await tx.fetchval("SELECT claim FROM submission") is None
    async with gateway.under_test.client() as client:
        body = {"claim_id": str(claim_id(1))}
        refused = await client.post("/claim-status-inquiries", json=body)
    assert (refused.status_code, refused.json()["error_name"]) == (409, "claim_remitted")
    await days_pass(gateway, 300)
    assert (await gateway.get("/claim-status-inquiries"))["items"] == []


async def test_what_cannot_be_asked_about_is_said(gateway: Gateway) -> None:
    await gateway.queue(ready(gateway, 1))
    async with gateway.under_test.client() as client:

        async def tried(body: dict[str, Any]) -> tuple[int, str]:
            answer = await client.post("/claim-status-inquiries:validate", json=body)
            return answer.status_code, answer.json().get("error_name", "")

        assert await tried({}) == (422, "validation_failed")
        assert await tried({"claim_id": str(claim_id(9))}) == (422, "claim_unknown")
        assert await tried({"claim_id": str(claim_id(1))}) == (409, "claim_not_sent")
        await gateway.send()
        assert await tried({"claim_id": str(claim_id(1))}) == (200, "")
        await asked(gateway)
        assert await tried({"claim_id": str(claim_id(1))}) == (409, "inquiry_open")


async def test_rejected_sendings_let_go_of_their_persons_once_replaced(gateway: Gateway) -> None:
    content = await sent_file(gateway, 1)
    [batch] = claim_837p.read(content).contents
    gateway.partner.answer(status_for(batch, {control_number(1): "A7"}))
    await gateway.receive()
    await gateway.under_test.run_job("let_go_of_persons")
    kept = "SELECT count(*) FROM submission WHERE claim IS NOT NULL"
    async with gateway.under_test.transaction() as tx:
        assert await tx.fetchval(kept) == 1
    await gateway.queue(ready(gateway, 1))
    await gateway.under_test.run_job("let_go_of_persons")
    async with gateway.under_test.transaction() as tx:
        assert await tx.fetchval(kept + " AND status <> 'queued'") == 0
