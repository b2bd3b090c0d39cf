"""Codings, reports and payments through the real handlers and a real database."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from claims_svc.app import service
from rcm.contracts.base import Sealed
from rcm.contracts.claims import (
    AnyClaimReady,
    ClaimAdjudicated,
    ClaimClosed,
    ClaimCreated,
    ClaimHeld,
    ClaimReady,
    ClaimReversed,
    ClaimStatusChanged,
    DenialOpened,
    DenialResolved,
    InstitutionalClaimReady,
)
from rcm.contracts.coding import EncounterCoded, EncounterVoided
from rcm.contracts.payer import (
    ClaimAcknowledged,
    ClaimPaymentReported,
    ClaimRejected,
    ClaimStatusReported,
    ClaimSubmitted,
    RemittanceReceived,
    StatusCode,
)
from rcm.contracts.values import ProviderAdjustment
from rcm.ids import new_id
from rcm.ledger import Account, AccountCode, balances
from rcm.testing.claims import (
    MOMENT,
    PRIMARY,
    SECONDARY,
    bill_coded,
    cas,
    coded,
    paid_line,
    payment,
    persons,
    remittance_id,
    reversal_of_payment,
)
from rcm.testing.claims import (
    service as line,
)
from rcm.testing.service import ServiceUnderTest, service_under_test


@pytest.fixture
async def claims(servers: Any) -> AsyncIterator[ServiceUnderTest]:
    async with service_under_test(service, servers.postgres_admin_url) as found:
        yield found


async def opened(claims: ServiceUnderTest, event: EncounterCoded | None = None) -> ClaimReady:
    """A claim that is ready, from a coding."""
    await claims.deliver(event or coded())
    return (await claims.published(ClaimReady))[-1]


def submitted(ready: AnyClaimReady, submission_id: UUID) -> ClaimSubmitted:
    return ClaimSubmitted(
        tenant_id=ready.tenant_id,
        claim_id=ready.claim_id,
        submission_id=submission_id,
        patient_control_number=ready.patient_control_number,
        payer_id="P1",
        transmission_id=new_id(),
        interchange_control_number="000000001",
        group_control_number="1",
        transaction_set_control_number="0001",
        batch_reference="B1",
        charge_cents=ready.charge_cents,
        submitted_at=MOMENT,
    )


def acknowledged(ready: ClaimReady, submission_id: UUID, hop: str) -> ClaimAcknowledged:
    return ClaimAcknowledged(
        tenant_id=ready.tenant_id,
        claim_id=ready.claim_id,
        submission_id=submission_id,
        hop=hop,  # type: ignore[arg-type]
        acknowledgment="277CA",
        payer_claim_number="ICN1" if hop == "payer" else None,
        acknowledged_at=MOMENT,
    )


def rejected(ready: AnyClaimReady, submission_id: UUID) -> ClaimRejected:
    return ClaimRejected(
        tenant_id=ready.tenant_id,
        claim_id=ready.claim_id,
        submission_id=submission_id,
        hop="payer",
        acknowledgment="277CA",
        status_codes=(StatusCode(category_code="A7", status_code="562"),),
        rejected_at=MOMENT,
    )


def paid(ready: ClaimReady, paid_cents: int, *rest: Any, **changes: Any) -> ClaimPaymentReported:
    """The payer's answer to a claim of one line."""
    control = ready.lines[0].line_control_number
    found = paid_line(control, "99213", ready.charge_cents, paid_cents, *rest)
    return payment(ready.patient_control_number, found, **changes)


async def status(claims: ServiceUnderTest, claim_id: UUID) -> tuple[str, str, str]:
    async with claims.transaction() as tx:
        row = await tx.fetchrow(
            "SELECT status, outcome, responsible_party FROM claim WHERE claim_id = $1", claim_id
        )
    assert row is not None
    return tuple(row)  # type: ignore[return-value]


async def held(claims: ServiceUnderTest, *accounts: Account) -> list[int]:
    async with claims.transaction() as tx:
        found = await balances(tx, [(claims.tenant, account) for account in accounts])
    return [found[claims.tenant, account].cents for account in accounts]


async def counts(claims: ServiceUnderTest) -> dict[str, int]:
    tables = ("claim", "claim_history", "adjudication", "denial", "ledger_entry", "outbox")
    async with claims.transaction() as tx:
        return {name: await tx.fetchval(f"SELECT count(*) FROM {name}") for name in tables}


async def test_a_coding_becomes_a_ready_claim_and_its_charge_is_booked(
    claims: ServiceUnderTest,
) -> None:
    ready = await opened(claims, coded(line("99213", 12_500), line("36415", 1_500)))
    [created] = await claims.published(ClaimCreated)
    assert created.claim_id == ready.claim_id
    assert (created.charge_cents, ready.charge_cents) == (14_000, 14_000)
    assert [found.line_control_number for found in ready.lines] == [
        f"{ready.patient_control_number}01",
        f"{ready.patient_control_number}02",
    ]
    [received] = await claims.received(ClaimReady)
    assert received.open(claims.keyring).members[0].member_id == "W00000000"
    receivable = Account(AccountCode.AR_PAYER, claim_id=ready.claim_id, payer_id="P1")
    assert await held(claims, receivable) == [14_000]


async def test_a_line_without_charge_is_priced_by_the_schedule_of_its_day(
    claims: ServiceUnderTest,
) -> None:
    async with claims.client() as client:
        for schedule, since, cents in (
            ("default", "2020-01-01", 9_000),
            ("default", "2026-03-02", 9_500),
            ("default", "2026-03-03", 9_900),
            ("P1", "2026-01-01", 11_000),
        ):
            body = {"items": [{"procedure_code": "99213", "unit_cents": cents}]}
            response = await client.put(f"/fee-schedules/{schedule}/{since}", json=body)
            assert response.status_code == 200, response.text
    ready = await opened(claims, coded(line("99213", None, quantity="2")))
    assert ready.charge_cents == 22_000
    other = coded().coverages[0].model_copy(update={"payer_id": "P5"})
    ready = await opened(claims, coded(line("99213", None), coverages=(other,)))
    assert ready.charge_cents == 9_500


async def test_an_unpriced_line_holds_the_claim_until_it_is_released(
    claims: ServiceUnderTest,
) -> None:
    await claims.deliver(coded(line("99213", None)))
    [kept] = await claims.published(ClaimHeld)
    assert [finding.code for finding in kept.findings] == ["P002"]
    assert (await status(claims, kept.claim_id))[0] == "held"
    async with claims.client() as client:
        body = {"items": [{"procedure_code": "99213", "unit_cents": 7_700}]}
        await client.put("/fee-schedules/default/2020-01-01", json=body)
        place = f"/claims/{kept.claim_id}:release"
        released = await client.post(place, json={"reason": "priced now"})
    assert released.json()["status"] == "ready", released.text
    [ready] = await claims.published(ClaimReady)
    assert ready.charge_cents == 7_700
    receivable = Account(AccountCode.AR_PAYER, claim_id=ready.claim_id, payer_id="P1")
    assert await held(claims, receivable) == [7_700]


async def test_a_batch_delivered_again_has_no_second_effect(claims: ServiceUnderTest) -> None:
    batch = await claims.deliver(*(coded() for _ in range(3)))
    before = await counts(claims)
    await claims.deliver(*batch)
    assert await counts(claims) == before
    payments = [paid(ready, 12_500) for ready in await claims.published(ClaimReady)]
    numbered = [
        event.model_copy(update={"ordinal": position}) for position, event in enumerate(payments, 1)
    ]
    posted = await claims.deliver(*numbered)
    before = await counts(claims)
    await claims.deliver(*posted)
    await claims.deliver(*numbered)
    assert await counts(claims) == before


async def test_the_same_service_twice_is_a_duplicate_and_is_held(claims: ServiceUnderTest) -> None:
    first = coded()
    again = coded(patient_id=first.patient_id)
    distinct = coded(line("99213", 12_500, modifiers=("76",)), patient_id=first.patient_id)
    await claims.deliver(first, again, distinct)
    [kept] = await claims.published(ClaimHeld)
    assert [finding.code for finding in kept.findings] == ["P006"]
    assert len(await claims.published(ClaimReady)) == 2
    later = coded(patient_id=first.patient_id)
    await claims.deliver(later)
    assert len(await claims.published(ClaimHeld)) == 2


async def test_answers_in_any_order_never_move_a_claim_backwards(claims: ServiceUnderTest) -> None:
    ready, sending = await opened(claims), new_id()
    await claims.deliver(
        acknowledged(ready, sending, "payer"),
        submitted(ready, sending),
        acknowledged(ready, sending, "clearinghouse"),
        acknowledged(ready, sending, "group"),
    )
    assert (await status(claims, ready.claim_id))[0] == "payer_accepted"
    moved = await claims.published(ClaimStatusChanged)
    assert [(event.from_status, event.to_status) for event in moved] == [
        ("ready", "payer_accepted")
    ]
    await claims.deliver(paid(ready, 12_500))
    await claims.deliver(rejected(ready, sending), acknowledged(ready, sending, "payer"))
    assert (await status(claims, ready.claim_id))[0] == "closed"


async def test_a_status_answer_moves_no_money(claims: ServiceUnderTest) -> None:
    ready, sending = await opened(claims), new_id()
    before = await counts(claims)
    await claims.deliver(
        submitted(ready, sending),
        ClaimStatusReported(
            tenant_id=claims.tenant,
            claim_id=ready.claim_id,
            status_codes=(StatusCode(category_code="F1", status_code="65"),),
            payer_claim_number="ICN7",
            reported_at=MOMENT,
        ),
    )
    assert (await status(claims, ready.claim_id))[0] == "submitted"
    assert (await counts(claims))["ledger_entry"] == before["ledger_entry"]


async def test_a_rejected_claim_is_released_as_an_original_and_charged_once(
    claims: ServiceUnderTest,
) -> None:
    ready, first, second = await opened(claims), new_id(), new_id()
    await claims.deliver(submitted(ready, first), rejected(ready, first))
    async with claims.client() as client:
        view = (await client.get(f"/claims/{ready.claim_id}")).json()
        assert view["status"] == "payer_rejected"
        assert [finding["code"] for finding in view["findings"]] == ["R001"]
        done = await client.post(f"/claims/{ready.claim_id}:release", json={"reason": "mended"})
        assert done.status_code == 200, done.text
    again = (await claims.published(ClaimReady))[-1]
    assert (again.claim_id, again.frequency_code) == (ready.claim_id, "1")
    receivable = Account(AccountCode.AR_PAYER, claim_id=ready.claim_id, payer_id="P1")
    assert await held(claims, receivable) == [12_500]
    await claims.deliver(rejected(ready, first))
    assert (await status(claims, ready.claim_id))[0] == "ready"
    await claims.deliver(submitted(ready, second), acknowledged(ready, second, "payer"))
    assert (await status(claims, ready.claim_id))[0] == "payer_accepted"


async def test_payments_reversals_and_corrections_leave_the_books_right(
    claims: ServiceUnderTest,
) -> None:
    ready = await opened(claims)
    first = paid(ready, 8_000, ("CO", "45", 3_000), ("PR", "2", 1_500))
    await claims.deliver(first)
    assert await status(claims, ready.claim_id) == ("closed", "paid", "patient")
    correction = paid(
        ready, 7_000, ("CO", "45", 3_000), ("PR", "1", 2_500), trace_number="TRN2", ordinal=2
    )
    await claims.deliver(reversal_of_payment(first, trace_number="TRN2"), correction)
    assert await status(claims, ready.claim_id) == ("closed", "paid", "patient")
    decided = await claims.published(ClaimAdjudicated)
    [back] = await claims.published(ClaimReversed)
    assert [event.patient_due_cents for event in decided] == [1_500, 2_500]
    assert back.reversed_adjudication_id == decided[0].adjudication_id
    claim = ready.claim_id
    assert await held(
        claims,
        Account(AccountCode.AR_PAYER, claim_id=claim, payer_id="P1"),
        Account(AccountCode.PATIENT_TRANSFER, claim_id=claim),
        Account(AccountCode.REMIT_CLEARING, payer_id="P1", reference="TRN1"),
        Account(AccountCode.REMIT_CLEARING, payer_id="P1", reference="TRN2"),
        Account(AccountCode.ADJ_CONTRACTUAL),
    ) == [0, 2_500, 8_000, -1_000, 3_000]
    assert len(await claims.published(ClaimClosed)) == 2


async def test_a_denial_opens_work_and_a_reversal_ends_it(claims: ServiceUnderTest) -> None:
    ready = await opened(claims)
    denied = paid(ready, 0, ("CO", "197", 12_500))
    await claims.deliver(denied)
    [opened_denial] = await claims.published(DenialOpened)
    async with claims.client() as client:
        [row] = (await client.get("/denials")).json()["items"]
        assert (row["category"], row["denied_cents"]) == ("authorization", 12_500)
        assert (await client.get("/denials", params={"category": "units"})).json()["items"] == []
    await claims.deliver(reversal_of_payment(denied))
    [resolved] = await claims.published(DenialResolved)
    assert (resolved.denial_id, resolved.resolution) == (opened_denial.denial_id, "reversed")
    async with claims.client() as client:
        assert (await client.get("/denials")).json()["items"] == []
    assert await status(claims, ready.claim_id) == ("adjudicated", "reversed", "primary")


async def test_provider_adjustments_and_interest_are_booked_beside_the_claims(
    claims: ServiceUnderTest,
) -> None:
    event = RemittanceReceived(
        tenant_id=claims.tenant,
        remittance_id=remittance_id("TRN1"),
        payer_id="P1",
        payer_name="First Health",
        trace_number="TRN1",
        originating_company_id="1999999999",
        payment_cents=4_625,
        payment_method="ACH",
        effective_on=MOMENT.date(),
        claim_count=1,
        claim_paid_cents=7_000,
        provider_adjustments=(
            ProviderAdjustment(
                provider_npi="1234567893", reason_code="WO", reference="X", amount_cents=2_500
            ),
            ProviderAdjustment(
                provider_npi="1234567893", reason_code="L6", reference="", amount_cents=-125
            ),
        ),
        received_at=MOMENT,
    )
    ready = await opened(claims, coded(line("99213", 7_000)))
    [plb] = await claims.deliver(event)
    await claims.deliver(plb)
    await claims.deliver(paid(ready, 7_000))
    assert await held(
        claims,
        Account(AccountCode.REMIT_CLEARING, payer_id="P1", reference="TRN1"),
        Account(AccountCode.INTEREST_INCOME),
    ) == [4_625, 125]


async def test_an_amended_coding_before_billing_rebuilds_the_claim(
    claims: ServiceUnderTest,
) -> None:
    event = coded(line("99213", None))
    amended = event.model_copy(update={"revision": 2, "lines": (line("99214", 18_000),)})
    await claims.deliver(event)
    await claims.deliver(amended)
    [ready] = await claims.published(ClaimReady)
    assert ([found.procedure_code for found in ready.lines], ready.frequency_code) == (
        ["99214"],
        "1",
    )
    await claims.deliver(amended)
    assert len(await claims.published(ClaimReady)) == 1


async def test_an_amended_coding_of_a_rejected_claim_is_charged_anew(
    claims: ServiceUnderTest,
) -> None:
    event, sending = coded(), new_id()
    ready = await opened(claims, event)
    await claims.deliver(submitted(ready, sending), rejected(ready, sending))
    await claims.deliver(
        event.model_copy(update={"revision": 2, "lines": (line("99214", 18_000),)})
    )
    again = (await claims.published(ClaimReady))[-1]
    assert (again.claim_id, again.charge_cents) == (ready.claim_id, 18_000)
    receivable = Account(AccountCode.AR_PAYER, claim_id=ready.claim_id, payer_id="P1")
    assert await held(claims, receivable, Account(AccountCode.REVENUE)) == [18_000, 18_000]


async def test_an_amended_coding_after_billing_waits_for_the_payer_and_then_replaces(
    claims: ServiceUnderTest,
) -> None:
    event = coded()
    original = await opened(claims, event)
    await claims.deliver(submitted(original, new_id()))
    amended = event.model_copy(update={"revision": 2, "lines": (line("99214", 18_000),)})
    await claims.deliver(amended)
    [kept] = await claims.published(ClaimHeld)
    assert {finding.code for finding in kept.findings} == {"L001", "L002"}
    first = paid(original, 12_500)
    await claims.deliver(first)
    async with claims.client() as client:
        done = await client.post(f"/claims/{kept.claim_id}:release", json={"reason": "decided"})
        assert done.json()["status"] == "ready", done.text
        view = (await client.get(f"/claims/{original.claim_id}")).json()
    assert view["superseded_by"] == str(kept.claim_id)
    replacement = (await claims.published(ClaimReady))[-1]
    assert replacement.frequency_code == "7"
    assert replacement.replaces is not None
    assert replacement.replaces.payer_claim_number == "ICN1"
    await claims.deliver(reversal_of_payment(first))
    assert (await status(claims, original.claim_id))[0] == "voided"
    assert await held(claims, Account(AccountCode.REVENUE)) == [18_000]


async def test_a_voided_encounter_voids_an_unsent_claim_and_nobody_owes(
    claims: ServiceUnderTest,
) -> None:
    event, sending = coded(), new_id()
    ready = await opened(claims, event)
    await claims.deliver(submitted(ready, sending), rejected(ready, sending))
    await claims.deliver(voided(event))
    assert await status(claims, ready.claim_id) == ("voided", "none", "none")
    receivable = Account(AccountCode.AR_PAYER, claim_id=ready.claim_id, payer_id="P1")
    assert await held(claims, receivable, Account(AccountCode.REVENUE)) == [0, 0]


async def test_a_voided_encounter_of_a_paid_claim_sends_a_void_to_the_payer(
    claims: ServiceUnderTest,
) -> None:
    event = coded()
    ready = await opened(claims, event)
    first = paid(ready, 12_500)
    await claims.deliver(first)
    await claims.deliver(voided(event))
    sent = (await claims.published(ClaimReady))[-1]
    assert (sent.frequency_code, sent.replaces and sent.replaces.claim_id) == ("8", ready.claim_id)
    assert await held(claims, Account(AccountCode.REVENUE)) == [12_500]
    await claims.deliver(reversal_of_payment(first))
    assert (await status(claims, ready.claim_id))[0] == "voided"
    assert await held(claims, Account(AccountCode.REVENUE)) == [0]


async def by_encounter(claims: ServiceUnderTest, event: EncounterCoded, claim_id: UUID) -> None:
    await claims.deliver(voided(event))


async def by_a_person(claims: ServiceUnderTest, event: EncounterCoded, claim_id: UUID) -> None:
    async with claims.client() as client:
        done = await client.post(f"/claims/{claim_id}:void", json={"reason": "wrong patient"})
        assert done.status_code == 200, done.text


@pytest.mark.parametrize("void", [by_encounter, by_a_person])
@pytest.mark.parametrize("first_back", [0, 1], ids=["first payer first", "second payer first"])
async def test_a_claim_that_two_payers_paid_is_taken_back_from_both(
    claims: ServiceUnderTest,
    void: Callable[[ServiceUnderTest, EncounterCoded, UUID], Awaitable[None]],
    first_back: int,
) -> None:
    event = coded(coverages=(PRIMARY, SECONDARY))
    ready = await opened(claims, event)
    answers = (
        paid(ready, 10_000, ("PR", "2", 2_500)),
        payment(
            ready.patient_control_number,
            payer_id="P2",
            status="2",
            trace_number="TRN9",
            payer_claim_number="ICN2",
            charge_cents=12_500,
            paid_cents=2_000,
            adjustments=cas(("OA", "23", 10_000), ("PR", "2", 500)),
        ),
    )
    await claims.deliver(answers[0])
    await claims.deliver(answers[1])
    await void(claims, event, ready.claim_id)
    sent = (await claims.published(ClaimReady))[-2:]
    assert [
        (
            each.frequency_code,
            each.coverage.payer_id,
            each.replaces and each.replaces.payer_claim_number,
        )
        for each in sent
    ] == [("8", "P2", "ICN2"), ("8", "P1", "ICN1")]
    assert [each.rank for each in sent[0].prior_decisions] == ["primary"]
    async with claims.client() as client:
        views = [(await client.get(f"/claims/{each.claim_id}")).json() for each in sent]
    assert [(each["status"], each["billed_rank"]) for each in views] == [
        ("ready", "secondary"),
        ("ready", "primary"),
    ]
    for position in (first_back, 1 - first_back):
        assert (await status(claims, ready.claim_id))[0] != "voided"
        await claims.deliver(reversal_of_payment(answers[position], trace_number=f"BACK{position}"))
    assert await status(claims, ready.claim_id) == ("voided", "reversed", "none")
    owed = [
        Account(AccountCode.AR_PAYER, claim_id=ready.claim_id, payer_id=payer)
        for payer in ("P1", "P2")
    ]
    assert await held(claims, *owed, Account(AccountCode.REVENUE)) == [0, 0, 0]


async def test_a_void_that_waited_for_its_payer_leaves_when_it_is_released(
    claims: ServiceUnderTest,
) -> None:
    event = coded(coverages=(PRIMARY, SECONDARY))
    ready = await opened(claims, event)
    await claims.deliver(paid(ready, 10_000, ("PR", "2", 2_500)))
    await claims.deliver(voided(event))
    [waiting] = await claims.published(ClaimHeld)
    assert {finding.code for finding in waiting.findings} == {"L001", "L002"}
    second = paid(
        ready, 2_000, ("OA", "23", 10_000), ("PR", "2", 500),
        payer_id="P2", status="2", trace_number="TRN9", payer_claim_number="ICN2",
    )  # fmt: skip
    await claims.deliver(second)
    async with claims.client() as client:
        done = await client.post(f"/claims/{waiting.claim_id}:release", json={"reason": "decided"})
        assert done.json()["status"] == "ready", done.text
    sent = (await claims.published(ClaimReady))[-1]
    assert (sent.frequency_code, sent.coverage.payer_id) == ("8", "P2")
    assert sent.replaces is not None
    assert sent.replaces.payer_claim_number == "ICN2"


async def test_two_tenants_in_one_batch_stay_apart(claims: ServiceUnderTest) -> None:
    mine, theirs = coded(), coded(tenant_id=claims.other_tenant)
    await claims.deliver(mine, theirs)
    assert len(await claims.published(ClaimReady)) == 1
    assert len(await claims.published(ClaimReady, claims.other_tenant)) == 1
    async with claims.client() as client:
        assert len((await client.get("/claims")).json()["items"]) == 1


async def test_every_edge_names_the_event_that_caused_it(claims: ServiceUnderTest) -> None:
    [arrived] = await claims.deliver(coded())
    [ready] = await claims.published(ClaimReady)
    [posted] = await claims.deliver(paid(ready, 12_000, ("PR", "3", 500)))
    async with claims.client() as client:
        items = (await client.get(f"/claims/{ready.claim_id}/history")).json()["items"]
    assert [
        (edge["axis"], edge["from_value"], edge["to_value"], edge["cause_event_id"])
        for edge in items
    ] == [
        ("lifecycle", None, "ready", str(arrived.event_id)),
        ("lifecycle", "ready", "adjudicated", str(posted.event_id)),
        ("lifecycle", "adjudicated", "closed", str(posted.event_id)),
        ("outcome", "none", "paid", str(posted.event_id)),
        ("responsible_party", "primary", "patient", str(posted.event_id)),
    ]


def voided(event: EncounterCoded) -> EncounterVoided:
    return EncounterVoided(
        tenant_id=event.tenant_id,
        encounter_id=event.encounter_id,
        revision=event.revision,
        voided_at=datetime(2026, 4, 1, tzinfo=UTC),
        reason_code="wrong_patient",
    )


async def test_what_a_payer_said_of_a_stay_is_kept_for_the_next_one(
    claims: ServiceUnderTest,
) -> None:
    both = Sealed(value=persons("primary", "secondary"))
    await claims.deliver(bill_coded(coverages=(PRIMARY, SECONDARY), person=both))
    [ready] = await claims.published(InstitutionalClaimReady)
    said = ("4", "", "", "8123.45", "MA18")
    left = {"adjustments": cas(("PR", "2", 20_000)), "inpatient_adjudication": said}
    await claims.deliver(
        payment(ready.patient_control_number, charge_cents=120_000, paid_cents=100_000, **left)
    )
    [_, passed_on] = await claims.published(InstitutionalClaimReady)
    assert [each.inpatient_adjudication for each in passed_on.prior_decisions] == [said]
    # Sent again, it is told from the database, not from the event.
    sending = new_id()
    await claims.deliver(
        submitted(passed_on, sending).model_copy(update={"payer_id": "P2"}),
        rejected(passed_on, sending),
    )
    async with claims.client() as client:
        again = await client.post(f"/claims/{ready.claim_id}:release", json={"reason": "mended"})
        assert again.json()["status"] == "ready", again.text
    [*_, last] = await claims.published(InstitutionalClaimReady)
    assert last.prior_decisions == passed_on.prior_decisions


async def test_a_coded_bill_becomes_an_institutional_claim_and_is_paid_by_revenue(
    claims: ServiceUnderTest,
) -> None:
    """Without our line numbers the 835 is matched by revenue code and charge."""
    await claims.deliver(bill_coded())
    [ready] = await claims.published(InstitutionalClaimReady)
    lines = (
        paid_line(None, "0120", 100_000, 80_000, ("CO", "45", 20_000)),
        paid_line(None, "0250", 20_000, 20_000),
    )
    await claims.deliver(payment(ready.patient_control_number, *lines))
    [decided] = await claims.published(ClaimAdjudicated)
    assert (decided.money.paid_cents, decided.money.insurance_balance_cents) == (100_000, 0)
    async with claims.client() as client:
        found = (await client.get(f"/claims/{ready.claim_id}/adjudications")).json()["items"]
    matches = [(each["line_number"], each["confidence"]) for each in found[0]["matches"]]
    assert matches == [(1, "exact"), (2, "exact")]
