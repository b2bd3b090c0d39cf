"""A remittance on paper takes the path of every 835: balanced, written, stored, read, told once."""

from copy import deepcopy
from typing import Any

import pytest

from rcm.contracts.payer import ClaimPaymentReported, RemittanceReceived
from rcm_x12.remittance_835 import read

from .conftest import Gateway, control_number, ready

PAPER: dict[str, Any] = {
    "payer_id": "DEMO1",
    "payer_name": "DEMO PAYER",
    "originating_company_id": "1999999999",
    "trace_number": "CHECK 100",
    "payment_cents": 4_625,
    "payment_method": "CHK",
    "effective_on": "2026-03-04",
    "payee_name": "NORTHSIDE CLINIC",
    "payee_npi": "1234567893",
    "claims": [
        {
            "patient_control_number": control_number(1),
            "charge_cents": 12_500,
            "paid_cents": 7_000,
            "patient_responsibility_cents": 2_500,
            "payer_claim_number": "ICN77",
            "patient_last_name": "Müller",
            "patient_first_name": "Jane",
            "lines": [
                {
                    "procedure_code": "99213",
                    "charge_cents": 12_500,
                    "paid_cents": 7_000,
                    "date_of_service": "2026-03-02",
                    "adjustments": [
                        {"group_code": "CO", "reason_code": "45", "amount_cents": 3_000},
                        {"group_code": "PR", "reason_code": "1", "amount_cents": 2_500},
                    ],
                    "remark_codes": ["N130"],
                }
            ],
        }
    ],
    "provider_adjustments": [
        {
            "provider_npi": "1234567893",
            "reason_code": "WO",
            "reference": "OLD 1",
            "amount_cents": 2_500,
            "fiscal_period_on": "2026-12-31",
        },
        {
            "provider_npi": "1234567893",
            "reason_code": "L6",
            "amount_cents": -125,
            "fiscal_period_on": "2026-12-31",
        },
    ],
}


def changed(*path: str | int, to: Any) -> dict[str, Any]:
    body = deepcopy(PAPER)
    place: Any = body
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return body


async def enter(gateway: Gateway, body: dict[str, Any], path: str = "/remittances") -> Any:
    async with gateway.under_test.client("Remittance.c") as client:
        answer = await client.post(path, json=body)
    await gateway.under_test.run_job("read_inbound")
    return answer


async def test_paper_is_posted_like_a_file(gateway: Gateway) -> None:
    await gateway.queue(ready(gateway, 1))
    await gateway.send()
    checked = await enter(gateway, PAPER, "/remittances:validate")
    assert (checked.status_code, checked.json()["claim_paid_cents"]) == (200, 7_000), checked.text
    assert (await gateway.get("/remittances"))["items"] == []
    answer = await enter(gateway, PAPER)
    assert answer.status_code == 202
    [received] = await gateway.under_test.published(RemittanceReceived)
    assert (received.payer_id, received.payment_cents, received.payment_method) == (
        "DEMO1",
        4_625,
        "CHK",
    )
    [told] = await gateway.under_test.published(ClaimPaymentReported)
    assert (told.patient_control_number, told.paid_cents) == (control_number(1), 7_000)
    assert [a.amount_cents for a in told.lines[0].adjustments] == [3_000, 2_500]
    async with gateway.under_test.client("Interchange.r") as client:
        raw = await client.get(f"{answer.headers['Location']}/content")
    [found] = read(raw.content).sets
    assert not found.is_blocked
    assert found.content.header.trace_number == "CHECK 100"


async def test_the_same_paper_twice_is_one_payment(gateway: Gateway) -> None:
    await enter(gateway, PAPER)
    again = await enter(gateway, PAPER)
    assert (again.status_code, again.json()["error_name"]) == (409, "remittance_exists")
    assert len(await gateway.under_test.published(RemittanceReceived)) == 1


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (changed("payment_cents", to=4_626), "/payment_cents"),
        (changed("claims", 0, "paid_cents", to=7_001), "/claims/0"),
        (changed("claims", 0, "lines", 0, "paid_cents", to=7_001), "/claims/0"),
        (changed("provider_adjustments", 1, "amount_cents", to=125), "/payment_cents"),
        (changed("payment_method", to="NON"), "/payment_method"),
        (changed("payment_cents", to=46.25), "/payment_cents"),
        (changed("payee_npi", to="123"), "/payee_npi"),
        (changed("trace_number", to="A*B"), "/trace_number"),
    ],
)
async def test_what_does_not_balance_is_refused_alike_by_its_twin(
    gateway: Gateway, body: dict[str, Any], pointer: str
) -> None:
    for path in ("/remittances", "/remittances:validate"):
        answer = await enter(gateway, body, path)
        assert answer.status_code == 422, answer.text
        assert pointer in answer.text
        assert "ller" not in answer.text
    assert (await gateway.get("/interchanges"))["items"] == []


async def test_a_name_that_would_break_the_file_is_refused(gateway: Gateway) -> None:
    answer = await enter(gateway, changed("claims", 0, "patient_last_name", to="A~SE*1"))
    assert (answer.status_code, answer.json()["error_name"]) == (422, "remittance_not_writable")
    assert "A~SE" not in answer.text
