"""Every row of the payer's table through the real gateway, real Kafka, SFTP and CAQH CORE.

All claims are sent at once, one payer id each, so that no claim's money meets another's. Payers are
asked about claims and members while the money is still to come; then the payer's clock is moved by
46 days instead of waited for, and each row's claim, submission and remittances are looked at
through the public APIs. Rows that concern a whole file have a trading partner of their own.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from e2e import clinic
from e2e.world import World

from rcm.ledger.invariants import verify
from rcm.testing.service import eventually

CHARGE = 15_000
ADVANCE = "P46D"
"""Past the latest answer of the table."""
PATIENCE_S = 120
"""Nothing takes as long, even on a busy machine; what is not there by then does not come."""
DUE_S = 2
"""How long the partners of silent payers may be silent."""
FILE_WIDE = frozenset(
    {
        "clearinghouse-rejects-provider", "clearinghouse-rejects-batch", "payer-rejects-provider",
        "payer-rejects-batch", "set-rejected", "group-rejected", "accepted-with-errors",
        "interchange-rejected", "interchange-acknowledged", "silent", "silent-after-999",
        "silent-after-clearinghouse", "late-999", "wrong-usage",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """A row of the table, and what must have come of its claim. Amounts are in cents."""

    code: str
    status: str = "closed"
    result: str = "paid"
    paid: int = 0
    contractual: int = 0
    patient: int = 0
    other: int = 0
    submission: str = "remitted"
    overdue: str | None = None
    """The hop whose silence is told."""
    remittances: tuple[tuple[str, int], ...] = ()
    """Status and payment of each, oldest first."""
    transport: str = ""
    """One that is asked for; else they take turns."""
    is_bill: bool = False
    """Sent as an institutional claim (837I)."""

    @property
    def name(self) -> str:
        return " ".join(filter(None, (self.code, self.transport, self.is_bill and "bill")))

    @property
    def open(self) -> int:
        return CHARGE - self.paid - self.contractual - self.patient - self.other


def paid(code: str, cents: int, contractual: int = 3_000, patient: int = 0, **rest: Any) -> Row:
    rest.setdefault("remittances", (("reported", cents),))
    return Row(code, "closed", "paid", cents, contractual, patient, **rest)


def denied(code: str, **rest: Any) -> Row:
    return Row(code, "adjudicated", "denied", remittances=(("reported", 0),), **rest)


def refused(code: str, status: str) -> Row:
    return Row(code, status, "none", submission=status)


PART = {"status": "adjudicated", "result": "partially_paid", "paid": 8_000, "contractual": 2_000}
ROWS: tuple[Row, ...] = (
    paid("default", 12_000, transport="sftp"),
    paid("default", 12_000, transport="core_mime"),
    paid("default", 12_000, transport="core_soap"),
    paid("default", 12_000, transport="sftp", is_bill=True),
    paid("default", 12_000, transport="core_mime", is_bill=True),
    denied("denied-authorization", is_bill=True),
    paid("reversal-and-correction", 7_000, patient=5_000, is_bill=True,
         remittances=(("reported", 12_000), ("reported", 0))),
    Row("rejected", "payer_rejected", "none", submission="payer_rejected", is_bill=True),
    paid("paid-in-full", 11_250, 3_750),
    paid("deductible", 7_000, patient=5_000),
    paid("coinsurance", 9_600, patient=2_400),
    paid("copay", 9_500, patient=2_500),
    paid("deductible-and-coinsurance", 7_200, patient=4_800),
    paid("out-of-network", 12_000, 0, 3_000),
    paid("paid-at-charge", 15_000, 0),
    paid("incentive", 12_300, 2_700),
    paid("interest", 12_000, remittances=(("reported", 12_125),)),
    paid("zero-pay-deductible", 0, patient=12_000),
    paid("capitation", 0, 15_000),
    paid("sequestration", 11_760, 3_240),
    paid("claim-level-cut", 12_000),
    paid("partly-paid", 7_500, 7_500),
    denied("denied-authorization", transport="sftp"),
    denied("denied-authorization", transport="core_mime"),
    denied("denied-information"),
    denied("denied-late"),
    denied("denied-necessity"),
    denied("denied-duplicate"),
    Row("denied-noncovered", "closed", "denied", patient=15_000, remittances=(("reported", 0),)),
    denied("not-recognised"),
    Row("not-ours-forwarded", "payer_accepted", "none", remittances=(("reported", 0),)),
    denied("not-covered-any-more"),
    Row("line-denied", **PART, remittances=(("reported", 8_000),)),
    Row("bundled", **PART, remittances=(("reported", 8_000),)),
    refused("rejected", "payer_rejected"),
    refused("clearinghouse-rejects-claim", "clearinghouse_rejected"),
    refused("payer-rejects-line", "payer_rejected"),
    refused("clearinghouse-rejects-line", "clearinghouse_rejected"),
    refused("payer-rejects-provider", "payer_rejected"),
    refused("clearinghouse-rejects-provider", "clearinghouse_rejected"),
    refused("payer-rejects-batch", "payer_rejected"),
    refused("clearinghouse-rejects-batch", "clearinghouse_rejected"),
    paid("two-hops", 12_000),
    refused("set-rejected", "file_rejected"),
    refused("group-rejected", "file_rejected"),
    paid("accepted-with-errors", 12_000),
    refused("interchange-rejected", "file_rejected"),
    paid("interchange-acknowledged", 12_000),
    Row("silent", "submitted", "none", submission="sent", overdue="group"),
    Row("silent-after-999", "submitted", "none", submission="file_accepted",
        overdue="clearinghouse"),
    # Pended, since its payer was asked about it.
    Row("silent-after-277ca", "pended", "none", submission="payer_accepted"),
    Row("silent-after-clearinghouse", "clearinghouse_accepted", "none",
        submission="clearinghouse_accepted", overdue="payer"),
    paid("late-999", 12_000),
    paid("late-277ca", 12_000),
    paid("late-835", 12_000),
    paid("duplicate-835", 12_000, remittances=(("reported", 12_000), ("duplicate", 12_000))),
    paid("split-sets", 12_000, remittances=(("reported", 8_000), ("reported", 4_000))),
    paid("split-files", 12_000, remittances=(("reported", 8_000), ("reported", 4_000))),
    paid("reversal-and-correction", 7_000, patient=5_000,
         remittances=(("reported", 12_000), ("reported", 0))),
    Row("forward-balance", "adjudicated", "reversed",
        remittances=(("reported", 12_000), ("reported", 0))),
    Row("overpayment-recovered", "adjudicated", "reversed",
        remittances=(("reported", 12_000), ("reported", 0), ("reported", 0))),
    Row("refund-acknowledged", "adjudicated", "reversed",
        remittances=(("reported", 12_000), ("reported", 0), ("reported", 0))),
    Row("crossover", "adjudicated", "paid", 9_500, 3_000, remittances=(("reported", 9_500),)),
    paid("secondary-with-copay", 11_500, patient=500),
    paid("secondary-pays-nothing", 0, patient=12_000),
    Row("unbalanced-line", "payer_accepted", "none", submission="payer_accepted",
        remittances=(("held", 12_000),)),
    Row("unbalanced-claim", "payer_accepted", "none", submission="payer_accepted",
        remittances=(("held", 12_100),)),
    Row("unbalanced-transaction", "payer_accepted", "none", submission="payer_accepted",
        remittances=(("held", 12_100),)),
    # Found by the payer's own number, which its 277CA had told.
    paid("unknown-claim", 12_000),
    Row("wrong-usage", "payer_accepted", "none", submission="payer_accepted"),
    paid("status-pended", 12_000, transport="sftp"),
    paid("status-requests", 12_000, transport="core_mime"),
    paid("status-system-error", 12_000, transport="core_mime"),
    paid("dependent-as-subscriber", 12_000),
    paid("source-unavailable", 12_000),
    paid("provider-unknown", 12_000),
    paid("member-id-invalid", 12_000),
    paid("birth-date-mismatch", 12_000),
    paid("name-invalid", 12_000),
    paid("member-not-found", 12_000),
    paid("dependent-not-found", 12_000),
    paid("dependent-birth-date", 12_000),
)  # fmt: skip
STATUSES = {
    "status-pended sftp": "P2",
    "status-requests core_mime": "R3",
    "status-system-error core_mime": "P1",
    "late-835": "P1",
    "silent-after-277ca": "P1",
}
"""What a 276 is told before the money comes. A system error is asked again by itself."""


@dataclass(frozen=True)
class Member:
    """What a 270 is told of a member; the codes are AAA03."""

    code: str
    coverage: str
    errors: tuple[str, ...] = ()
    has_dependent: bool = False


MEMBERS = (
    Member("default", "active"),
    Member("dependent-as-subscriber", "active", has_dependent=True),
    Member("not-covered-any-more", "inactive"),
    Member("provider-unknown", "rejected", ("43",)),
    Member("member-id-invalid", "rejected", ("72",)),
    Member("birth-date-mismatch", "rejected", ("71",)),
    Member("name-invalid", "rejected", ("73",)),
    Member("member-not-found", "rejected", ("75",)),
    Member("dependent-not-found", "rejected", ("67",), has_dependent=True),
    Member("dependent-birth-date", "rejected", ("71",), has_dependent=True),
)
ASKED_OVER = ("sftp", "core_mime")
"""In files, and in real time."""
TRANSPORTS = ("sftp", "core_mime", "sftp", "core_soap")


@dataclass
class Played:
    """The claims once everything has happened."""

    world: World
    twin: httpx.AsyncClient
    claims: dict[str, str] = field(default_factory=dict)
    payers: dict[str, str] = field(default_factory=dict)
    partners: dict[str, str] = field(default_factory=dict)
    marks: dict[str, str | None] = field(default_factory=dict)
    statuses: dict[str, dict[str, Any]] = field(default_factory=dict)
    checks: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    async def claim(self, row: Row) -> dict[str, Any]:
        found: dict[str, Any] = await self.world.get(
            "claims-svc", f"/claims/{self.claims[row.name]}"
        )
        return found

    async def submission(self, row: Row) -> dict[str, Any]:
        page = await self.world.get("payer-gateway", "/submissions", claim_id=self.claims[row.name])
        found: dict[str, Any] = page["items"][-1]
        return found

    async def remittances(self, row: Row) -> Sequence[dict[str, Any]]:
        items, cursor = [], ""
        while True:
            more = {"cursor": cursor} if cursor else {}
            page = await self.world.get("payer-gateway", "/remittances", limit=200, **more)
            items += [one for one in page["items"] if one["payer_id"] == self.payers[row.name]]
            cursor = page.get("next_cursor") or ""
            if not cursor:
                return sorted(items, key=lambda one: (one["trace_number"], one["received_at"]))


def transport_of(index: int, row: Row) -> str:
    return row.transport or TRANSPORTS[index % len(TRANSPORTS)]


async def add_partner(played: Played, name: str, transport: str) -> str:
    world = played.world
    identity = (await played.twin.get("/identity")).json()
    token = world.stack.keys.payer_twin_token
    submitter = f"SC{len(played.partners):03d}"
    door = world.stack.url("payer-twin-sftp" if transport == "sftp" else "payer-twin-core")
    connection = {"host_key": identity["ssh_host_key"]}
    if transport != "sftp":
        connection = {"ca_certificate": identity["tls_certificate"]}
    body = {
        "name": f"Scenario {name}"[:60],
        "submitter_id": submitter,
        "submitter_name": "Lindenfeld Family Clinic",
        "submitter_contact": "Billing office",
        "submitter_phone": "2175550100",
        "receiver_id": "PAYERTWIN",
        "receiver_name": "Payer twin",
        "base_url": door,
        "transport": transport,
        "connection": connection,
        "credentials": {"username": submitter, "password": token},
        "terms": {
            "send_after_s": 1, "collect_every_s": 1,
            "file_answer_due_s": DUE_S if name.startswith("silent") else 86_400,
            "clearinghouse_answer_due_s": DUE_S if name.startswith("silent") else 86_400,
            "payer_answer_due_s": DUE_S if name.startswith("silent") else 86_400,
        },
    }  # fmt: skip
    made = await world.post("payer-gateway", "/trading-partners", body)
    played.partners[name] = made["partner_id"]
    return str(made["partner_id"])


async def send(played: Played, rows: Sequence[Row], marks: dict[str, str | None]) -> None:
    """Partners and payers, then every claim."""
    payers = []
    for index, row in enumerate(rows):
        transport = transport_of(index, row)
        name = row.name if row.code in FILE_WIDE else transport
        partner = played.partners.get(name) or await add_partner(played, name, transport)
        played.payers[row.name] = f"SCEN{index:03d}"
        payers.append(
            {"payer_id": played.payers[row.name], "name": row.name, "partner_id": partner}
        )
    await played.world.put("payer-gateway", "/payers", {"payers": payers})

    async def post(row: Row) -> None:
        made = await post_claim(played, row, marks[row.code])
        played.claims[row.name] = made["claim_id"]

    await asyncio.gather(*(post(row) for row in rows))


async def post_claim(played: Played, row: Row, mark: str | None) -> dict[str, Any]:
    member_id = f"W{len(played.claims):06d}{mark or ''}"
    coverage = clinic.coverage(
        payer_id=played.payers[row.name], payer_name=row.name, member_id=member_id
    )
    lines = [
        clinic.line("99213", charge_amount_cents=10_000),
        clinic.line("83036", charge_amount_cents=5_000),
    ]
    body = clinic.claim(coverages=[coverage], lines=lines)
    if row.is_bill:
        body = clinic.bill(coverages=[coverage])
    made: dict[str, Any] = await played.world.post("claims-svc", "/claims", body)
    return made


@pytest.fixture(scope="module")
async def played(world: World) -> Any:
    token = world.stack.keys.payer_twin_token
    async with httpx.AsyncClient(
        base_url=world.stack.url("payer-twin"),
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
        trust_env=False,
    ) as twin:
        found = Played(world, twin)
        table = (await twin.get("/scenarios")).json()
        marks = {one["code"]: one["member_id_suffix"] for one in table["items"]}
        marks["default"] = None
        found.marks = marks
        await send(found, ROWS, marks)

        async def arrived() -> None:
            items = (await twin.get("/claims", params={"limit": 500})).json()["items"]
            names = [one["submitter"] for one in items if one["submitter"].startswith("SC")]
            assert len(names) >= len(ROWS), len(names)

        await eventually(arrived, timeout_s=PATIENCE_S, pause_s=0.3)
        await settled(found, BEFORE)
        await asyncio.gather(ask_of_claims(found), ask_of_members(found))
        (await twin.put("/clock", json={"advance": ADVANCE})).raise_for_status()
        await settled(found, ROWS)
        yield found


BEFORE = tuple(row for row in ROWS if row.code == "default")
"""What shows that the first day's answers have been read."""


async def ask_of_claims(played: Played) -> None:
    """A 276 for each, answered before the payer's clock moves on."""
    named = {row.name: row for row in ROWS}

    async def ask(name: str) -> None:
        async def was_taken() -> None:
            assert (await played.submission(named[name]))["status"] == "payer_accepted"

        await eventually(was_taken, timeout_s=PATIENCE_S, pause_s=0.5)
        body = {"claim_id": played.claims[name]}
        made = await played.world.post("payer-gateway", "/claim-status-inquiries", body)
        path = f"/claim-status-inquiries/{made['inquiry_id']}"
        played.statuses[name] = await answered(played, path)

    await asyncio.gather(*(ask(name) for name in STATUSES))


async def ask_of_members(played: Played) -> None:
    """A 270 for each, in files and in real time."""

    async def ask(member: Member, transport: str) -> None:
        who = {name: value for name, value in clinic.person().items() if name != "address"}
        body = {
            "payer_id": played.payers[f"default {transport}"],
            "provider": {"npi": clinic.BILLING["npi"], "name": clinic.BILLING["name"]},
            "service_date": clinic.yesterday().isoformat(),
            "member_id": f"W000001{played.marks[member.code] or ''}",
            "subscriber": who,
        }
        if member.has_dependent:
            body["dependent"] = who | {"first_name": "Kim", "relationship": "child"}
        made = await played.world.post("payer-gateway", "/eligibility-checks", body)
        path = f"/eligibility-checks/{made['inquiry_id']}"
        played.checks[member.code, transport] = await answered(played, path)

    await asyncio.gather(*(ask(each, over) for each in MEMBERS for over in ASKED_OVER))


async def answered(played: Played, path: str) -> dict[str, Any]:
    """The question once it has its answer, or as it stands when nothing comes."""
    found: dict[str, Any] = {}

    async def has_come() -> None:
        found.update(await played.world.get("payer-gateway", path))
        assert found["status"] == "answered"

    with contextlib.suppress(AssertionError, TimeoutError):
        await eventually(has_come, timeout_s=PATIENCE_S, pause_s=0.5)
    return found


async def settled(played: Played, rows: Sequence[Row]) -> None:
    """Wait until the rows are where they should be, or no more: the tests say what is not."""
    waiting = list(rows)

    async def all_there() -> None:
        while waiting:
            row = waiting[0]
            assert (await played.claim(row))["status"] == row.status
            if rows is ROWS:
                assert await seen_of_claim(played, row) == wanted_of_claim(row)
                assert await seen_at_gateway(played, row) == wanted_at_gateway(row)
            waiting.pop(0)

    with contextlib.suppress(AssertionError, TimeoutError):
        await eventually(all_there, timeout_s=PATIENCE_S, pause_s=0.5)


async def seen_of_claim(played: Played, row: Row) -> tuple[Any, ...]:
    claim = await played.claim(row)
    money = claim["money"]
    return (
        claim["status"],
        claim["outcome"],
        money["paid_cents"],
        money["contractual_cents"],
        money["patient_responsibility_cents"],
        money["other_adjustment_cents"],
        money["insurance_balance_cents"],
    )


def wanted_of_claim(row: Row) -> tuple[Any, ...]:
    return (
        row.status, row.result, row.paid, row.contractual, row.patient, row.other, row.open,
    )  # fmt: skip


async def seen_at_gateway(played: Played, row: Row) -> tuple[Any, ...]:
    submission = await played.submission(row)
    remittances = [
        (each["status"], each["payment_cents"]) for each in await played.remittances(row)
    ]
    return submission["status"], submission["overdue_hop"], tuple(remittances)


def wanted_at_gateway(row: Row) -> tuple[Any, ...]:
    return row.submission, row.overdue, row.remittances


rows = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)


@rows
async def test_the_claim_stands_where_the_row_leads(played: Played, row: Row) -> None:
    assert await seen_of_claim(played, row) == wanted_of_claim(row)


@rows
async def test_the_gateway_has_what_the_row_answers(played: Played, row: Row) -> None:
    assert await seen_at_gateway(played, row) == wanted_at_gateway(row)


@pytest.mark.parametrize(("name", "category"), STATUSES.items(), ids=STATUSES)
def test_a_claim_that_is_asked_about_is_told_of(played: Played, name: str, category: str) -> None:
    found = played.statuses[name]
    assert (found["status"], found["reason"]) == ("answered", None)
    assert found["report"]["category_code"] == category


@pytest.mark.parametrize("transport", ASKED_OVER)
@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.code)
def test_a_member_who_is_asked_about_is_told_of(
    played: Played, member: Member, transport: str
) -> None:
    found = played.checks[member.code, transport]
    assert (found["status"], found["coverage_status"], tuple(found["error_codes"])) == (
        "answered", member.coverage, member.errors,
    )  # fmt: skip
    assert found["mode"] == ("batch" if transport == "sftp" else "real_time")


async def test_a_payer_that_cannot_answer_now_is_asked_again(played: Played) -> None:
    """AAA 42 and R at the source: not an answer, but a reason to come back."""
    body = {
        "payer_id": played.payers["default core_mime"],
        "provider": {"npi": clinic.BILLING["npi"], "name": clinic.BILLING["name"]},
        "service_date": clinic.yesterday().isoformat(),
        "member_id": f"W000001{played.marks['source-unavailable']}",
        "subscriber": {"last_name": "Example", "birth_date": "1980-05-17"},
    }
    made = await played.world.post("payer-gateway", "/eligibility-checks", body)
    path = f"/eligibility-checks/{made['inquiry_id']}"

    async def was_asked_twice() -> None:
        found = await played.world.get("payer-gateway", path)
        assert found["attempts"] >= 2, found["attempts"]
        assert found["status"] != "answered"

    await eventually(was_asked_twice, timeout_s=PATIENCE_S, pause_s=0.5)


def test_no_row_of_the_table_is_left_out(played: Played) -> None:
    assert {row.code for row in ROWS} == set(played.marks)


async def test_institutional_claims_left_in_files_of_their_own(played: Played) -> None:
    kinds = set()
    for row in (row for row in ROWS if row.is_bill or row.code == "default"):
        sent = await played.submission(row)
        one = await played.world.get("payer-gateway", f"/transmissions/{sent['transmission_id']}")
        kinds.add((row.is_bill, one["kind"]))
    assert kinds == {(False, "837P"), (True, "837I")}


@pytest.mark.usefixtures("played")
async def test_the_books_verify_after_all_of_it(world: World) -> None:
    async def green() -> None:
        results = await verify(world.stack.state()["books"])
        assert [result for result in results if not result.holds] == []

    await eventually(green, timeout_s=30)
