"""Decisions reach the ledger once, in any grouping, and agree with the payers' books."""

from rcm.contracts.billing import PatientBalanceChanged
from rcm.contracts.claims import ClaimAdjudicated
from rcm.events import Received
from rcm.testing.samples import sample
from rcm.testing.service import ServiceUnderTest

from .conftest import adjudicated, claim_id, patient_id, reversed_claim


async def summary(billing: ServiceUnderTest) -> dict[str, object]:
    async with billing.client("Account.s") as client:
        return (await client.get("/summary?prove=true")).json()


async def test_a_decision_opens_the_account_and_charges_the_share(
    billing: ServiceUnderTest,
) -> None:
    await billing.deliver(adjudicated(3_000))
    [changed] = await billing.published(PatientBalanceChanged)
    assert (changed.change_cents, changed.balance_cents) == (3_000, 3_000)
    async with billing.client("Account.rs") as client:
        [account] = (await client.get("/accounts?balance=owing")).json()["items"]
        detail = (await client.get(f"/accounts/{account['account_id']}")).json()
    assert account["account_id"] == str(changed.account_id)
    assert [each["open_cents"] for each in detail["claims"]] == [3_000]
    assert (await summary(billing))["agrees"] is True


async def test_an_event_that_comes_twice_charges_once(billing: ServiceUnderTest) -> None:
    """The inbox drops repeats; should one come through, the ledger refuses to book it twice."""
    received = Received.of(adjudicated(3_000))
    await billing.deliver(received)
    await billing.deliver(received)
    found = await summary(billing)
    assert found["receivable_cents"] == found["ledger_receivable_cents"] == 3_000
    assert found["agrees"] is True


async def test_reversal_and_correction_in_one_batch(billing: ServiceUnderTest) -> None:
    """V2: the patient owed 24.00, and owes 50.00 after the payer's second thought."""
    await billing.deliver(adjudicated(2_400))
    await billing.deliver(reversed_claim(), adjudicated(5_000))
    changes = [each.change_cents for each in await billing.published(PatientBalanceChanged)]
    assert changes == [2_400, -2_400, 5_000]
    found = await summary(billing)
    assert found["patient_due_cents"] == 5_000
    assert found["agrees"] is True


async def test_one_batch_of_many_equals_many_batches_of_one(billing: ServiceUnderTest) -> None:
    course = [
        adjudicated(due, claim=claim, patient=claim % 3)
        for claim, due in enumerate([100, 0, 5_000, 12_000, 700, 1])
    ]
    await billing.deliver(*course[:3], reversed_claim(claim=0, patient=0), *course[3:])
    for event in (*course, reversed_claim(claim=2, patient=2)):
        await billing.deliver(event)
    found = await summary(billing)
    assert found["patient_due_cents"] == 100 + 12_000 + 700 + 1
    assert found["agrees"] is True, found["disagreements"]


async def test_a_share_of_zero_while_another_payer_comes_next(billing: ServiceUnderTest) -> None:
    """V3: the primary left 30.00, the secondary leaves 5.00; the patient owes 5.00, never 35.00."""
    await billing.deliver(adjudicated(0, responsible_party="secondary"))
    assert await billing.published(PatientBalanceChanged) == []
    async with billing.client("Itemization.r") as client:
        waiting = (await client.get(f"/claims/{claim_id(1)}/itemization")).json()
    assert (waiting["you_owe_cents"], waiting["adds_up"]) == (0, True)
    await billing.deliver(adjudicated(500))
    assert (await summary(billing))["patient_due_cents"] == 500


async def test_tenants_have_their_own_accounts(billing: ServiceUnderTest) -> None:
    theirs = sample(
        ClaimAdjudicated, tenant_id=billing.other_tenant, patient_due_cents=900, money=MONEY
    )
    await billing.deliver(adjudicated(3_000), theirs)
    async with billing.client("Account.s", tenant=billing.other_tenant) as client:
        page = (await client.get("/accounts")).json()["items"]
        assert [each["balance_cents"] for each in page] == [900]
        mine = (await billing.published(PatientBalanceChanged))[0].account_id
        assert (await client.get(f"/accounts/{mine}")).status_code == 403


MONEY = adjudicated(900).money


async def test_the_person_is_kept_sealed(billing: ServiceUnderTest) -> None:
    event = adjudicated(3_000)
    name = event.person.value.patient.last_name
    await billing.deliver(event)
    async with billing.transaction() as tx:
        [row] = await tx.fetch("SELECT person FROM account")
    assert name.encode() not in row["person"]


async def test_a_shredded_key_stops_no_money(billing: ServiceUnderTest) -> None:
    event_id = Received.of(adjudicated(1)).event_id
    event = adjudicated(3_000)
    sealed = billing.keyring.seal(billing.tenant, b"{}", b"elsewhere")
    await billing.deliver(Received.of(event.with_sealed(sealed), event_id=event_id))
    assert (await summary(billing))["receivable_cents"] == 3_000
    assert patient_id(1) in {
        each.patient_id for each in await billing.published(PatientBalanceChanged)
    }


async def test_control_a_row_that_differs_from_its_postings_is_named(
    billing: ServiceUnderTest,
) -> None:
    """The proof goes red when the tables are changed behind the ledger's back."""
    await billing.deliver(adjudicated(3_000), adjudicated(500, claim=2))
    async with billing.transaction() as tx:
        await tx.execute("UPDATE claim_charge SET open_cents = 0 WHERE claim_id = $1", claim_id(1))
    found = await summary(billing)
    assert found["agrees"] is False
    assert [(each["claim_id"], each["ledger_open_cents"]) for each in found["disagreements"]] == [
        (str(claim_id(1)), 3_000)
    ]
