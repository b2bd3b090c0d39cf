"""One visit through everything: encounter, claim, 837P, 999, 277CA, 835, ledger, patient's balance.

Cents are asserted at each stop, for the outcomes that the payer twin publishes and for a claim that
never leaves. Who asks is an outside system and a biller, through the public APIs alone; only the
file at the payer is looked at where it lies.
"""

import asyncio
import io
import sqlite3
from dataclasses import dataclass
from typing import Any

import pytest
import pyx12.params
import pyx12.x12n_document
from e2e import clinic
from e2e.world import SERVICES, World
from typer.testing import CliRunner

from rcm.ledger.invariants import verify
from rcm.security.audit.signing import public_path
from rcm.security.cli import app as audit_cli
from rcm.testing.service import eventually


@dataclass(frozen=True)
class Outcome:
    """What is sent, and what must come of it, in cents. The charge of 99213 is 125.00."""

    name: str
    mark: str
    """The end of the member id, as the payer's table publishes it."""
    status: str
    result: str
    paid: int = 0
    contractual: int = 0
    patient: int = 0
    open: int = 0
    reasons: tuple[tuple[str, str, int], ...] = ()
    """CAS of the 835: group, reason, cents."""
    procedure_codes: tuple[str, ...] = ("99213",)
    charge: int = 12_500

    @property
    def reaches_the_payer(self) -> bool:
        return self.status != "held"

    @property
    def is_adjudicated(self) -> bool:
        return self.status in {"adjudicated", "closed"}


CO_45 = ("CO", "45", 2_500)
OUTCOMES = (
    Outcome("paid but for the contract", "", "closed", "paid", 10_000, 2_500, reasons=(CO_45,)),
    Outcome("paid in full", "T01", "closed", "paid", 9_375, 3_125, reasons=(("CO", "45", 3_125),)),
    Outcome(
        "deductible", "T02", "closed", "paid", 5_000, 2_500, 5_000,
        reasons=(CO_45, ("PR", "1", 5_000)),
    ),
    Outcome(
        "coinsurance", "T03", "closed", "paid", 8_000, 2_500, 2_000,
        reasons=(CO_45, ("PR", "2", 2_000)),
    ),
    Outcome(
        "copay", "T04", "closed", "paid", 7_500, 2_500, 2_500,
        reasons=(CO_45, ("PR", "3", 2_500)),
    ),
    Outcome(
        "nothing paid, nothing denied", "T10", "closed", "paid", 0, 2_500, 10_000,
        reasons=(CO_45, ("PR", "1", 10_000)),
    ),
    Outcome(
        "denied without authorization", "T20", "adjudicated", "denied", open=12_500,
        reasons=(("CO", "197", 12_500),),
    ),
    Outcome(
        "one line denied", "T24", "adjudicated", "partially_paid", 10_000, 2_500, open=3_000,
        reasons=(CO_45, ("CO", "197", 3_000)), procedure_codes=("99213", "83036"), charge=15_500,
    ),
    Outcome("rejected by the 277CA", "T30", "payer_rejected", "none", open=12_500),
    Outcome("held by the scrub", "", "held", "none", procedure_codes=("99499",), charge=0),
)  # fmt: skip


@dataclass(frozen=True)
class Walked:
    """A visit and the claim that it became."""

    encounter: dict[str, Any]
    claim: dict[str, Any]

    @property
    def claim_id(self) -> str:
        return str(self.claim["claim_id"])


@pytest.fixture(scope="module")
async def walked(world: World) -> dict[str, Walked]:
    """All visits sent at once, and their claims where nothing more happens by itself."""

    async def walk(number: int, outcome: Outcome) -> Walked:
        member_id = f"W{number:06d}{outcome.mark}"
        body = clinic.encounter(
            coverages=[clinic.coverage(member_id=member_id)],
            lines=[clinic.line(code) for code in outcome.procedure_codes],
        )
        made = await world.post("coding-svc", "/encounters", body, await world.token("clinic"))
        claim = await world.resting_claim(made["encounter_id"], status=(outcome.status,))
        return Walked(made, claim)

    found = await asyncio.gather(*(walk(*each) for each in enumerate(OUTCOMES)))
    return {outcome.name: each for outcome, each in zip(OUTCOMES, found, strict=True)}


outcomes = pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda found: found.name)
answered = pytest.mark.parametrize(
    "outcome", [each for each in OUTCOMES if each.is_adjudicated], ids=lambda found: found.name
)


@outcomes
async def test_the_claim_says_where_its_cents_are(
    walked: dict[str, Walked], outcome: Outcome
) -> None:
    claim = walked[outcome.name].claim
    money = claim["money"]
    assert (claim["status"], claim["outcome"]) == (outcome.status, outcome.result)
    assert (
        money["charge_cents"],
        money["paid_cents"],
        money["contractual_cents"],
        money["other_adjustment_cents"],
        money["patient_responsibility_cents"],
        money["insurance_balance_cents"],
    ) == (outcome.charge, outcome.paid, outcome.contractual, 0, outcome.patient, outcome.open)


async def test_a_claim_without_a_price_is_held_and_says_where(walked: dict[str, Walked]) -> None:
    claim = walked["held by the scrub"].claim
    assert ("P002", "/lines/0/charge_amount_cents") in [
        (found["code"], found["location"]) for found in claim["findings"]
    ]


@outcomes
async def test_what_left_lies_at_the_payer_as_a_clean_837p(
    world: World, walked: dict[str, Walked], outcome: Outcome
) -> None:
    submissions = await world.get(
        "payer-gateway", "/submissions", claim_id=walked[outcome.name].claim_id
    )
    if not outcome.reaches_the_payer:
        assert submissions["items"] == []
        return
    [submission] = submissions["items"]
    assert submission["charge_cents"] == outcome.charge
    path = f"/transmissions/{submission['transmission_id']}"
    sent = await world.get("payer-gateway", path)
    ours = (await world.call("payer-gateway", "GET", f"{path}/raw")).content
    partner = await world.get("payer-gateway", f"/trading-partners/{sent['partner_id']}")
    theirs = _file_at_the_payer(world, partner["submitter_id"], sent["interchange_control_number"])
    assert ours == theirs
    number = submission["patient_control_number"]
    amount = f"{outcome.charge / 100:g}"
    assert f"CLM*{number}*{amount}*".encode() in theirs
    assert _judged(theirs) == []
    assert _judged(theirs.replace(b"~SBR*P*18*", b"~SBR*P*99*")) != []


@outcomes
async def test_every_hop_answers(world: World, walked: dict[str, Walked], outcome: Outcome) -> None:
    submissions = await world.get(
        "payer-gateway", "/submissions", claim_id=walked[outcome.name].claim_id
    )
    for submission in submissions["items"]:
        page = await world.get(
            "payer-gateway", "/acknowledgments", submission_id=submission["submission_id"]
        )
        kinds = {(each["kind"], each["hop"]) for each in page["items"]}
        assert ("999", "group") in kinds
        assert ("277CA", "payer") in kinds
        wanted = "remitted" if outcome.is_adjudicated else "payer_rejected"
        assert submission["status"] == wanted


@answered
async def test_the_835_is_what_the_claim_was_adjudicated_by(
    world: World, walked: dict[str, Walked], outcome: Outcome
) -> None:
    walk = walked[outcome.name]
    page = await world.get("claims-svc", f"/claims/{walk.claim_id}/adjudications")
    [decision] = page["items"]
    adjustments = [
        (each["group_code"], each["reason_code"], each["amount_cents"])
        for line in decision["lines"]
        for each in line["adjustments"]
    ]
    assert sorted(adjustments) == sorted(outcome.reasons)
    remittance = f"/remittances/{decision['remittance_id']}"
    claims = await world.get("payer-gateway", f"{remittance}/claims", limit=200)
    [reported] = [
        each
        for each in claims["items"]
        if each["patient_control_number"] == walk.claim["patient_control_number"]
    ]
    assert (reported["charge_cents"], reported["paid_cents"]) == (outcome.charge, outcome.paid)
    whole = await world.get("payer-gateway", remittance)
    adjusted = sum(each["amount_cents"] for each in whole["provider_adjustments"])
    assert whole["status"] == "reported"
    assert whole["payment_cents"] == whole["claim_paid_cents"] - adjusted
    raw = (await world.call("payer-gateway", "GET", f"{remittance}/raw")).content
    assert f"CLP*{walk.claim['patient_control_number']}*".encode() in raw


@outcomes
async def test_the_ledger_has_an_entry_for_every_fact(
    world: World, walked: dict[str, Walked], outcome: Outcome
) -> None:
    """Charge, and the payer's answer; the legs of each account add up to the claim's cents."""
    ledger = await world.get("claims-svc", f"/claims/{walked[outcome.name].claim_id}/ledger")
    moved: dict[str, int] = {}
    for entry in ledger["items"]:
        for leg in entry["postings"]:
            moved[leg["debit"]] = moved.get(leg["debit"], 0) + leg["cents"]
            moved[leg["credit"]] = moved.get(leg["credit"], 0) - leg["cents"]
    wanted = {
        "AR_PAYER": outcome.open,
        "REVENUE": -outcome.charge,
        "REMIT_CLEARING": outcome.paid,
        "ADJ_CONTRACTUAL": outcome.contractual,
        "PATIENT_TRANSFER": outcome.patient,
    }
    assert {code: cents for code, cents in moved.items() if cents} == {
        code: cents for code, cents in wanted.items() if cents
    }


@answered
async def test_the_patient_owes_exactly_the_patients_share(
    world: World, walked: dict[str, Walked], outcome: Outcome
) -> None:
    walk = walked[outcome.name]
    service = "patient-billing-svc"

    async def itemized() -> Any:
        answer = await world.call(service, "GET", f"/claims/{walk.claim_id}/itemization")
        assert answer.status_code == 200
        return answer.json()

    bill = await eventually(itemized)
    assert bill["adds_up"]
    assert (
        bill["charged_cents"],
        bill["discount_cents"],
        bill["plan_paid_cents"],
        bill["plan_pending_cents"],
        bill["you_owe_cents"],
    ) == (outcome.charge, outcome.contractual, outcome.paid, outcome.open, outcome.patient)
    [account] = (await world.get(service, "/accounts", patient_id=walk.encounter["patient_id"]))[
        "items"
    ]
    decisions = await world.get("claims-svc", f"/claims/{walk.claim_id}/adjudications")
    path = f"/accounts/{account['account_id']}/balance"
    due_on = decisions["items"][0]["effective_on"]
    balance = await world.get(service, path, as_of=due_on)
    assert account["balance_cents"] == balance["balance_cents"] == outcome.patient
    before = await world.get(service, path, as_of=clinic.yesterday().isoformat())
    assert before["balance_cents"] == 0


@outcomes
async def test_the_history_tells_every_step_and_its_cause(
    world: World, walked: dict[str, Walked], outcome: Outcome
) -> None:
    history = await world.get("claims-svc", f"/claims/{walked[outcome.name].claim_id}/history")
    steps = [each["to_value"] for each in history["items"] if each["axis"] == "lifecycle"]
    assert steps[-1] == outcome.status
    causes = {each["cause_event_type"] for each in history["items"]}
    wanted = {"EncounterCoded"}
    if outcome.is_adjudicated:
        wanted |= {"ClaimSubmitted", "ClaimPaymentReported"}
    if outcome.status == "payer_rejected":
        wanted |= {"ClaimSubmitted", "ClaimRejected"}
    assert wanted <= causes


@pytest.mark.usefixtures("walked")
async def test_the_books_verify(world: World) -> None:
    """Every invariant in both ledgers, and what passes between them."""

    async def green() -> None:
        results = await verify(world.stack.state()["books"])
        assert {result.code for result in results} >= {"I1", "I9"}
        assert [result for result in results if not result.holds] == []

    await eventually(green, timeout_s=30)


@pytest.mark.usefixtures("walked")
async def test_the_audit_verifies_by_the_command_line(world: World) -> None:
    stack = world.stack
    words = ["verify", "--anchor", str(stack.home.root / "audit-anchor.jsonl")]
    for service in SERVICES:
        words += ["--database", f"{service}={stack.databases[service].app}"]
    words += ["--public-key", str(public_path(stack.keys.audit_signing_key_file))]
    result = await asyncio.to_thread(CliRunner().invoke, audit_cli, words)
    assert result.exit_code == 0, result.output
    assert result.output.count("intact") == len(SERVICES)


def _file_at_the_payer(world: World, submitter_id: str, control_number: str) -> bytes:
    """What the twin stored, from its own memory. Control numbers are each submitter's own."""
    place = world.stack.home.root / "payer-twin" / "payer-twin.sqlite"
    connection = sqlite3.connect(f"file:{place}?mode=ro", uri=True)
    try:
        [row] = connection.execute(
            "SELECT content FROM interchange WHERE submitter = ? AND control_number = ?",
            (submitter_id, control_number),
        ).fetchall()
    finally:
        connection.close()
    return bytes(row[0])


def _judged(content: bytes) -> list[str]:
    """What pyx12, which knows nothing of us, finds wrong: its 999's lines about segments and
    elements, or all of it."""
    answer = io.StringIO()
    good = pyx12.x12n_document.x12n_document(
        pyx12.params.params(), io.StringIO(content.decode("ascii")), answer, None, None
    )
    said = answer.getvalue()
    errors = [line for line in said.splitlines() if line.startswith(("IK3", "IK4"))]
    return [] if good else errors or [said]
