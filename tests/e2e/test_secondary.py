"""A patient with two insurances: the first payer's 835 becomes the second one's 837P, and what the
last of them leaves is the patient's, to the cent. Everything over the public APIs."""

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest
from e2e import clinic
from e2e.world import World

from rcm.ledger.invariants import verify
from rcm.testing.service import eventually

SECOND = {"payer_id": "DEMO2", "payer_name": "Harborlight Insurance"}


@dataclass(frozen=True)
class Outcome:
    """What both payers make of 125.00, of which the contract gives up 25.00. The marks at the ends
    of the member ids ask for it, as the payers' table publishes them."""

    name: str
    first_mark: str
    second_mark: str
    paid: tuple[int, ...]
    """By each payer that decides."""
    patient: int = 0
    contractual: int = 2_500
    statuses: tuple[str, ...] = ("1", "2")
    """CLP02 of each decision."""
    status: str = "closed"
    told: tuple[str, ...] = ()
    """Segments of the second payer's 837P."""

    @property
    def open(self) -> int:
        return 12_500 - sum(self.paid) - self.contractual - self.patient


COPAY = ("AMT*D*75", "CAS*CO*45*25", "CAS*PR*3*25", "AMT*EAF*25")
OUTCOMES = (
    Outcome("the second pays all that is left", "T04", "", (7_500, 2_500), told=COPAY),
    Outcome("the second leaves a copay", "T04", "T71", (7_500, 2_000), 500, told=COPAY),
    Outcome("the second pays nothing", "T04", "T72", (7_500, 0), 2_500, told=COPAY),
    Outcome(
        "a deductible is what the second pays of", "T02", "T71", (5_000, 4_500), 500,
        told=("AMT*D*50", "CAS*CO*45*25", "CAS*PR*1*50", "AMT*EAF*50"),
    ),
    Outcome("nothing is left for the second", "", "", (10_000,), statuses=("1",)),
    Outcome(
        "the first passes it on itself", "T70", "", (7_500,), statuses=("19",),
        status="adjudicated",
    ),
    Outcome(
        "the first denies what can be worked", "T20", "", (0,), contractual=0, statuses=("1",),
        status="adjudicated",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Walked:
    """A visit, and the claim that it became."""

    encounter: dict[str, Any]
    claim: dict[str, Any]

    @property
    def claim_id(self) -> str:
        return str(self.claim["claim_id"])


@pytest.fixture(scope="module")
async def walked(world: World) -> dict[str, Walked]:
    """All visits sent at once, and their claims when every payer that is asked has decided."""

    async def walk(number: int, outcome: Outcome) -> Walked:
        first = clinic.coverage(member_id=f"W1{number:05d}{outcome.first_mark}")
        second = clinic.coverage(
            rank="secondary", **SECOND, member_id=f"W2{number:05d}{outcome.second_mark}"
        )
        body = clinic.encounter(coverages=[first, second])
        made = await world.post("coding-svc", "/encounters", body, await world.token("clinic"))

        async def decided() -> dict[str, Any]:
            [claim] = await world.claims_of(made["encounter_id"]) or [
                {"status": "not made", "findings": []}
            ]
            assert claim["status"] == outcome.status, (
                outcome.name,
                claim["status"],
                claim["findings"],
            )
            return dict(claim)

        return Walked(made, await eventually(decided, timeout_s=90, pause_s=0.2))

    found = await asyncio.gather(*(walk(*each) for each in enumerate(OUTCOMES)))
    return {outcome.name: each for outcome, each in zip(OUTCOMES, found, strict=True)}


outcomes = pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda found: found.name)


@outcomes
async def test_the_claim_says_where_its_cents_are(
    walked: dict[str, Walked], outcome: Outcome
) -> None:
    claim = walked[outcome.name].claim
    money = claim["money"]
    assert (
        money["paid_cents"],
        money["contractual_cents"],
        money["patient_responsibility_cents"],
        money["insurance_balance_cents"],
    ) == (sum(outcome.paid), outcome.contractual, outcome.patient, outcome.open)
    if outcome.open == 0:
        assert claim["responsible_party"] == ("patient" if outcome.patient else "none")


@outcomes
async def test_each_payer_decided_once_and_as_what_it_was_asked(
    world: World, walked: dict[str, Walked], outcome: Outcome
) -> None:
    page = await world.get("claims-svc", f"/claims/{walked[outcome.name].claim_id}/adjudications")
    decided = [(each["status_code"], each["paid_cents"]) for each in page["items"]]
    assert decided == list(zip(outcome.statuses, outcome.paid, strict=True))


@outcomes
async def test_the_second_payer_is_told_what_the_first_one_decided(
    world: World, walked: dict[str, Walked], outcome: Outcome
) -> None:
    walk = walked[outcome.name]
    page = await world.get("payer-gateway", "/submissions", claim_id=walk.claim_id)
    sent = {each["payer_id"]: each for each in page["items"]}
    assert set(sent) == ({"DEMO1", "DEMO2"} if outcome.told else {"DEMO1"})
    assert {each["status"] for each in sent.values()} == {"remitted"}
    if not outcome.told:
        return
    path = f"/transmissions/{sent['DEMO2']['transmission_id']}/raw"
    content = (await world.call("payer-gateway", "GET", path)).content.decode("ascii")
    number = walk.claim["patient_control_number"]
    own = content.split(f"CLM*{number}*", 1)[1].split("~CLM*", 1)[0].split("~")
    assert "SBR*P*18*******CI" in own
    assert [each for each in own if each.startswith("SVD*DEMO1*")] != []
    assert [each for each in outcome.told if each not in own] == []


@outcomes
async def test_the_patient_owes_what_the_last_payer_leaves(
    world: World, walked: dict[str, Walked], outcome: Outcome
) -> None:
    walk = walked[outcome.name]

    async def itemized() -> dict[str, Any]:
        answer = await world.call(
            "patient-billing-svc", "GET", f"/claims/{walk.claim_id}/itemization"
        )
        assert answer.status_code == 200
        bill: dict[str, Any] = answer.json()
        assert bill["you_owe_cents"] == outcome.patient
        assert bill["plan_paid_cents"] == sum(outcome.paid)
        return bill

    bill = await eventually(itemized, timeout_s=30)
    assert bill["adds_up"]
    assert bill["plan_pending_cents"] == outcome.open


@outcomes
async def test_the_history_says_when_the_claim_went_on(
    world: World, walked: dict[str, Walked], outcome: Outcome
) -> None:
    page = await world.get("claims-svc", f"/claims/{walked[outcome.name].claim_id}/history")
    steps = [(e["from_value"], e["to_value"]) for e in page["items"] if e["axis"] == "lifecycle"]
    assert (("adjudicated", "ready") in steps) is bool(outcome.told)


async def test_a_void_is_taken_back_from_both_payers(world: World) -> None:
    """Each gets a claim of frequency 8 under its own number, and takes back what it paid."""
    coverages = [
        clinic.coverage(member_id="W190001T04"),
        clinic.coverage(rank="secondary", **SECOND, member_id="W290001T71"),
    ]
    made = await world.post("claims-svc", "/claims", clinic.claim(coverages=coverages))
    place = f"/claims/{made['claim_id']}"

    async def reached(status: str) -> dict[str, Any]:
        claim: dict[str, Any] = await world.get("claims-svc", place)
        assert claim["status"] == status, claim["findings"]
        return claim

    await eventually(lambda: reached("closed"), timeout_s=90, pause_s=0.2)
    await world.post("claims-svc", f"{place}:void", {"reason": "billed by mistake"})
    voided = await eventually(lambda: reached("voided"), timeout_s=90, pause_s=0.2)
    assert (voided["outcome"], voided["money"]["charge_cents"]) == ("reversed", 0)
    page = await world.get("claims-svc", f"{place}/adjudications")
    decided = [
        (each["payer_id"], each["paid_cents"], each["payer_claim_number"]) for each in page["items"]
    ]
    kept, back = decided[:2], decided[2:]
    assert sorted(back) == sorted((payer, -cents, number) for payer, cents, number in kept)
    page = await world.get("claims-svc", "/claims", patient_id=made["patient_id"])
    found = [
        await world.get("claims-svc", f"/claims/{each['claim_id']}")
        for each in page["items"]
        if each["frequency_code"] == "8"
    ]
    voids = [each for each in found if each["replaces_claim_id"] == made["claim_id"]]
    for void, (payer_id, _, number) in zip(
        sorted(voids, key=lambda each: str(each["billed_rank"])), kept, strict=True
    ):
        page = await world.get("payer-gateway", "/submissions", claim_id=void["claim_id"])
        [sent] = page["items"]
        assert sent["payer_id"] == payer_id
        path = f"/transmissions/{sent['transmission_id']}/raw"
        content = (await world.call("payer-gateway", "GET", path)).content.decode("ascii")
        assert f"REF*F8*{number}~" in content


@pytest.mark.usefixtures("walked")
async def test_the_books_verify(world: World) -> None:
    async def green() -> None:
        results = await verify(world.stack.state()["books"])
        assert [result for result in results if not result.holds] == []

    await eventually(green, timeout_s=30)
