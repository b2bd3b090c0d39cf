"""Every row of the published table: a claim in, the exact answers out, on the day they are due."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import x12_world as world

from payer_twin.scenarios import BY_CODE, DEFAULT, SCENARIOS
from payer_twin.settings import TwinSettings
from payer_twin.twin import Delivery, Twin
from rcm_x12 import ack_999, claim_837i, claim_837p, remittance_835, status_277ca, ta1
from rcm_x12.claim_837p import Claim, LineAdjudication, OtherCoverage, Payer
from rcm_x12.remittance_835 import Remittance
from rcm_x12.values import Adjustment, Procedure, QualifiedDate

DAY_S = 86_400
BEGIN = 1_772_000_000.0
LONG_DAYS = 60
"""After this much time everything has happened."""


@contextmanager
def payer(directory: Path, **settings: Any) -> Iterator[Twin]:
    """A twin whose clock stands still."""
    twin = Twin(TwinSettings(data_dir=directory, **settings), lambda: BEGIN)
    twin.clock.move(running=False)
    try:
        yield twin
    finally:
        twin.close()


def claim(number: str, row: str = "default", **change: Any) -> Claim:
    mark = BY_CODE[row].number
    member_id = "M1" if mark is None else f"M1T{mark:02d}"
    rank = change.pop("rank", "P")
    subscriber = replace(world.SUBSCRIBER, member_id=member_id, rank=rank)
    return replace(world.CLAIM, control_number=number, subscriber=subscriber, **change)


def send(twin: Twin, *claims: Claim, number: int = 1, sets: int = 1, usage: str = "T") -> None:
    envelope = replace(
        world.ENVELOPE,
        interchange_control_number=f"{number:09d}",
        group_control_number=str(number),
        usage=usage,
    )
    parts = [claims[at::sets] for at in range(sets)]
    batches = [
        replace(world.batch(*part), reference=f"B{number}-{at}") for at, part in enumerate(parts)
    ]
    twin.take(Delivery(claim_837p.write(envelope, batches), "TEST"))


@dataclass(frozen=True)
class Answer:
    day: int
    kind: str
    content: bytes


def answers(twin: Twin, days: int = LONG_DAYS) -> list[Answer]:
    """Every file, with the day on which it was first there."""
    found: list[Answer] = []
    after = 0
    for day in range(days + 1):
        with twin.settled() as session:
            rows = session.listed("CLINIC", after, 500)
        for row in rows:
            content = twin.content("CLINIC", row["name"])
            assert content is not None
            found.append(Answer(day, row["kind"], content))
            after = row["sequence"]
        twin.clock.move(to=twin.clock.now() + DAY_S)
    return found


def remittances(found: list[Answer]) -> list[Remittance]:
    return [
        one
        for each in found
        if each.kind == "835"
        for one in remittance_835.read(each.content).contents
    ]


ALL = (("999", 0), ("277CA", 0), ("835", 0))
ACKNOWLEDGED = ALL[:2]
TWICE = (("999", 0), ("277CA", 0), ("277CA", 0))
KINDS: dict[str, tuple[tuple[str, int], ...]] = {
    "split-files": (*ALL, ("835", 1)),
    "duplicate-835": (*ALL, ("835", 1)),
    "reversal-and-correction": (*ALL, ("835", 1)),
    "forward-balance": (*ALL, ("835", 1)),
    "overpayment-recovered": (*ALL, ("835", 1), ("835", 30)),
    "refund-acknowledged": (*ALL, ("835", 1), ("835", 20)),
    "rejected": ACKNOWLEDGED,
    "clearinghouse-rejects-claim": ACKNOWLEDGED,
    "clearinghouse-rejects-line": ACKNOWLEDGED,
    "clearinghouse-rejects-provider": ACKNOWLEDGED,
    "clearinghouse-rejects-batch": ACKNOWLEDGED,
    "payer-rejects-line": TWICE,
    "payer-rejects-provider": TWICE,
    "payer-rejects-batch": TWICE,
    "two-hops": (*TWICE, ("835", 0)),
    "set-rejected": (("999", 0),),
    "group-rejected": (("999", 0),),
    "interchange-rejected": (("TA1", 0),),
    "interchange-acknowledged": (("TA1", 0), *ALL),
    "silent": (),
    "silent-after-999": (("999", 0),),
    "silent-after-277ca": ACKNOWLEDGED,
    "silent-after-clearinghouse": ACKNOWLEDGED,
    "late-999": (("999", 3), ("277CA", 4), ("835", 4)),
    "late-277ca": (("999", 0), ("277CA", 10), ("835", 11)),
    "late-835": (*ACKNOWLEDGED, ("835", 45)),
    "status-pended": (*ACKNOWLEDGED, ("835", 7)),
    "status-requests": (*ACKNOWLEDGED, ("835", 7)),
    "status-system-error": (*ACKNOWLEDGED, ("835", 7)),
}
"""Which files come on which day; what is not here is answered at once by 999, 277CA and 835."""
UNBALANCED = {"unbalanced-line", "unbalanced-claim", "unbalanced-transaction"}
rows = pytest.mark.parametrize("row", [DEFAULT, *SCENARIOS], ids=lambda row: row.code)


@rows
def test_each_row_is_answered_by_its_files_on_their_days(tmp_path: Path, row: Any) -> None:
    with payer(tmp_path) as twin:
        send(twin, claim("C1", row.code))
        found = answers(twin)
    assert tuple((each.kind, each.day) for each in found) == KINDS.get(row.code, ALL)
    judged = [world.oxedi_findings(each.content) for each in found if each.kind == "835"]
    assert any(judged) == (row.code in UNBALANCED), judged
    for each in found:
        reader = {"999": ack_999, "277CA": status_277ca, "835": remittance_835}.get(each.kind)
        if reader is not None and row.code not in UNBALANCED:
            assert reader.read(each.content).all_findings == ()


@rows
def test_the_same_claim_at_the_same_time_gets_the_same_bytes(tmp_path: Path, row: Any) -> None:
    runs = []
    for name in ("a", "b"):
        with payer(tmp_path / name) as twin:
            send(twin, claim("C1", row.code))
            runs.append(answers(twin, days=46))
    assert runs[0] == runs[1]


@pytest.mark.parametrize(
    ("code", "status", "paid", "patient", "cuts"),
    [
        ("out-of-network", "1", 12000, 3000, {("PR", "45"): 3000}),
        ("paid-at-charge", "1", 15000, 0, {}),
        ("incentive", "1", 12300, 0, {("CO", "45"): 3000, ("CO", "144"): -300}),
        ("interest", "1", 12000, 0, {("CO", "45"): 3000}),
        ("sequestration", "1", 11760, 0, {("CO", "45"): 3000, ("CO", "253"): 240}),
        ("claim-level-cut", "1", 12000, 0, {("CO", "45"): 3000}),
        ("partly-paid", "1", 7500, 0, {("CO", "45"): 7500}),
        ("capitation", "1", 0, 0, {("CO", "24"): 15000}),
        ("denied-duplicate", "1", 0, 0, {("OA", "18"): 15000}),
        ("denied-noncovered", "1", 0, 15000, {("PR", "96"): 15000}),
        ("not-recognised", "4", 0, 0, {("CO", "31"): 15000}),
        ("not-ours-forwarded", "23", 0, 0, {("OA", "109"): 15000}),
        ("bundled", "1", 8000, 0, {("CO", "45"): 2000, ("CO", "97"): 5000}),
        ("crossover", "19", 9500, 2500, {("CO", "45"): 3000, ("PR", "3"): 2500}),
        ("not-covered-any-more", "1", 0, 0, {("CO", "27"): 15000}),
    ],
)
def test_each_row_pays_what_it_says(  # noqa: PLR0917 - a table's columns
    tmp_path: Path, code: str, status: str, paid: int, patient: int, cuts: dict[Any, int]
) -> None:
    with payer(tmp_path) as twin:
        send(twin, claim("C1", code))
        [one] = [claim for each in remittances(answers(twin, 0)) for claim in each.claims]
    assert (one.status_code, one.paid_cents, one.patient_responsibility_cents) == (
        status, paid, patient,
    )  # fmt: skip
    found: dict[Any, int] = {}
    for level in (one.adjustments, *(line.adjustments for line in one.services)):
        for each in level:
            key = (each.group_code, each.reason_code)
            found[key] = found.get(key, 0) + each.amount_cents
    assert found == cuts
    assert (one.name_of("TT") is not None) == (status in {"19", "23"})


@pytest.mark.parametrize(
    ("code", "payments", "provider_cuts"),
    [
        ("interest", [12125], [("L6", -125)]),
        ("split-sets", [8000, 4000], []),
        ("split-files", [8000, 4000], []),
        ("duplicate-835", [12000, 12000], []),
        ("reversal-and-correction", [12000, 0], [("FB", -5000)]),
        ("forward-balance", [12000, 0], [("FB", -12000)]),
        ("overpayment-recovered", [12000, 0, 0], [("WO", -12000), ("WO", 12000), ("FB", -12000)]),
        ("refund-acknowledged", [12000, 0, 0], [("WO", -12000), ("WO", 12000), ("72", -12000)]),
    ],
)
def test_each_remittance_carries_what_it_says(
    tmp_path: Path, code: str, payments: list[int], provider_cuts: list[tuple[str, int]]
) -> None:
    with payer(tmp_path) as twin:
        send(twin, claim("C1", code))
        found = remittances(answers(twin))
    assert [one.header.payment_cents for one in found] == payments
    assert [
        (cut.reason_code, cut.amount_cents) for one in found for cut in one.provider_adjustments
    ] == provider_cuts
    for one in found:
        assert (one.header.payment_method == "NON") == (one.header.payment_cents == 0)


def test_a_reversal_comes_before_its_correction_in_one_set(tmp_path: Path) -> None:
    with payer(tmp_path) as twin:
        send(twin, claim("C1", "reversal-and-correction"))
        _, later = remittances(answers(twin, 1))
    assert [(one.status_code, one.paid_cents) for one in later.claims] == [
        ("22", -12000),
        ("1", 7000),
    ]


def test_what_a_negative_cycle_left_is_recovered_from_the_next_payment(tmp_path: Path) -> None:
    with payer(tmp_path) as twin:
        send(twin, claim("C1", "forward-balance"))
        answers(twin, 1)
        send(twin, claim("C2"), claim("C3", "partly-paid"), number=2)
        next_one = remittances(answers(twin, 0))[-1]
    assert next_one.header.payment_cents == 12000 + 7500 - 12000
    assert [(cut.reason_code, cut.amount_cents) for cut in next_one.provider_adjustments] == [
        ("FB", 12000)
    ]


def test_a_repeated_835_differs_by_its_envelope_alone(tmp_path: Path) -> None:
    with payer(tmp_path) as twin:
        send(twin, claim("C1", "duplicate-835"))
        first, second = [each for each in answers(twin, 1) if each.kind == "835"]
    one, two = (remittance_835.read(each.content).sets[0] for each in (first, second))
    assert one.content == two.content
    assert one.envelope.interchange_control_number != two.envelope.interchange_control_number


@pytest.mark.parametrize(
    ("code", "finding"),
    [
        ("unbalanced-line", "line-balance"),
        ("unbalanced-claim", "claim-balance"),
        ("unbalanced-transaction", "payment-balance"),
    ],
)
def test_one_sum_alone_is_broken(tmp_path: Path, code: str, finding: str) -> None:
    with payer(tmp_path) as twin:
        send(twin, claim("C1", code), claim("C2"))
        files = [each.content for each in answers(twin, 0) if each.kind == "835"]
    found = {each.code for content in files for each in remittance_835.read(content).all_findings}
    assert found == {finding}
    assert sum(world.oxedi_findings(content) != [] for content in files) == 1


def test_an_835_may_name_a_claim_that_nobody_sent(tmp_path: Path) -> None:
    with payer(tmp_path) as twin:
        send(twin, claim("C1", "unknown-claim"))
        [one] = remittances(answers(twin, 0))
    assert one.claims[0].control_number == "XTW0000000001"


@pytest.mark.parametrize(("sent", "answered"), [("T", "P"), ("P", "T")])
def test_an_835_may_come_under_the_other_usage(tmp_path: Path, sent: str, answered: str) -> None:
    with payer(tmp_path) as twin:
        send(twin, claim("C1", "wrong-usage"), usage=sent)
        found = answers(twin, 0)
    usages = {each.kind: each.content[102:103].decode() for each in found}
    assert usages == {"999": sent, "277CA": sent, "835": answered}


@pytest.mark.parametrize(
    ("code", "source", "level"),
    [
        ("rejected", "PR", "claim"),
        ("payer-rejects-line", "PR", "line"),
        ("payer-rejects-provider", "PR", "provider"),
        ("payer-rejects-batch", "PR", "batch"),
        ("clearinghouse-rejects-claim", "AY", "claim"),
        ("clearinghouse-rejects-line", "AY", "line"),
        ("clearinghouse-rejects-provider", "AY", "provider"),
        ("clearinghouse-rejects-batch", "AY", "batch"),
    ],
)
def test_a_277ca_rejects_at_its_level_and_no_other(
    tmp_path: Path, code: str, source: str, level: str
) -> None:
    other = replace(world.BILLING, npi="1245319599", name="WEST CLINIC")
    beside = claim("C3", billing_provider=other)
    with payer(tmp_path) as twin:
        send(twin, claim("C1", code), claim("C2"), beside)
        found = answers(twin, 0)
        with twin.settled() as session:
            listed = session.claims(after=0, limit=9, submitter=None, control_number=None)
    said = [
        ack
        for each in found
        if each.kind == "277CA"
        for ack in status_277ca.read(each.content).contents
        if ack.source_entity_code == source
    ]
    answer = next(one for one in said if not _all_accepted(one))
    assert answer.is_accepted == (level != "batch")
    refused_providers = [
        one.provider.id for one in answer.providers if not all(s.is_accepted for s in one.statuses)
    ]
    assert refused_providers == (["1234567893"] if level == "provider" else [])
    refused = [one for one in answer.claims if not one.is_accepted]
    assert [one.control_number for one in refused] == (["C1"] if level in {"claim", "line"} else [])
    assert [len(one.services) for one in refused] == {"claim": [0], "line": [1]}.get(level, [])
    rejected = {"batch": {"C1", "C2", "C3"}, "provider": {"C1", "C2"}}.get(level, {"C1"})
    assert {row["control_number"] for row in listed if row["status"] == "rejected"} == rejected
    paid = {one.control_number for each in remittances(found) for one in each.claims}
    assert paid == {"C1", "C2", "C3"} - rejected


def _all_accepted(answer: status_277ca.ClaimAcknowledgment) -> bool:
    levels = [*answer.statuses, *(s for one in answer.providers for s in one.statuses)]
    return all(s.is_accepted for s in levels) and all(c.is_accepted for c in answer.claims)


@pytest.mark.parametrize(
    ("code", "verdicts"),
    [
        ("default", ("A", ["A", "A"])),
        ("accepted-with-errors", ("E", ["E", "A"])),
        ("set-rejected", ("P", ["R", "A"])),
        ("group-rejected", ("R", ["R", "R"])),
    ],
)
def test_a_999_judges_the_claims_set_or_the_group(
    tmp_path: Path, code: str, verdicts: tuple[str, list[str]]
) -> None:
    with payer(tmp_path) as twin:
        send(twin, claim("C1", code), claim("C2"), sets=2)
        first = answers(twin, 0)[0]
    [answer] = ack_999.read(first.content).contents
    assert (answer.code, [each.code for each in answer.sets]) == verdicts
    for each in answer.sets:
        assert bool(each.errors) == (each.code != "A")


def test_a_rejected_set_points_at_the_claim_that_asked_for_it(tmp_path: Path) -> None:
    with payer(tmp_path) as twin:
        send(twin, claim("C0"), claim("C1", "set-rejected"))
        first = answers(twin, 0)[0]
        with twin.storage.transaction() as session:
            sent = session.received_content(None, 1) or b""
    [error] = ack_999.read(first.content).contents[0].sets[0].errors
    segments = sent.decode().split("~")
    at = next(i for i, each in enumerate(segments) if each.startswith("ST*"))
    assert segments[at + error.position - 1].startswith("CLM*C1*")
    assert [each.value for each in error.contexts] == ["C1"]


def test_a_ta1_says_why(tmp_path: Path) -> None:
    with payer(tmp_path) as twin:
        send(twin, claim("C1", "interchange-rejected"), claim("C2"))
        [only] = answers(twin)
    assert [(one.code, one.note_code) for one in ta1.read(only.content)] == [("R", "024")]


PRIMARY = Payer("FIRST PLAN", "FIRST1")


def secondary(row: str, *, by_line: bool) -> Claim:
    """Vector V3: 150.00, of which the first payer left 30.00 to the patient."""
    cuts = (
        (Adjustment("CO", "45", 3000), Adjustment("PR", "1", 2000), Adjustment("PR", "3", 1000)),
        (Adjustment("CO", "45", 2000),),
    )
    lines = tuple(
        replace(
            line,
            adjudications=(
                LineAdjudication(
                    "FIRST1", line.charge_cents - sum(c.amount_cents for c in cut),
                    line.procedure, line.quantity, adjustments=cut, adjudicated_on=world.DAY,
                ),
            ) if by_line else (),
        )
        for line, cut in zip(world.CLAIM.lines, cuts, strict=True)
    )  # fmt: skip
    coverage = OtherCoverage(
        "P", "18", world.PERSON, "M9", PRIMARY,
        paid_cents=7000,
        adjustments=() if by_line else tuple(c for cut in cuts for c in cut),
        remaining_liability_cents=3000,
        adjudicated_on=None if by_line else world.DAY,
    )  # fmt: skip
    return claim("C1", row, rank="S", lines=lines, other_coverages=(coverage,))


@pytest.mark.parametrize("level", ["line", "claim"])
@pytest.mark.parametrize(
    ("row", "paid", "patient"),
    [
        ("default", 3000, 0),
        ("secondary-with-copay", 2500, 500),
        ("secondary-pays-nothing", 0, 3000),
    ],
)
def test_a_secondary_payer_pays_of_what_the_first_one_left(
    tmp_path: Path, row: str, paid: int, patient: int, level: str
) -> None:
    with payer(tmp_path) as twin:
        send(twin, secondary(row, by_line=level == "line"))
        found = answers(twin, 0)
        [one] = remittances(found)[0].claims
    assert world.oxedi_findings(found[-1].content) == []
    assert (one.status_code, one.paid_cents, one.patient_responsibility_cents) == (
        "2", paid, patient,
    )  # fmt: skip
    before = sum(
        each.amount_cents
        for line in one.services
        for each in line.adjustments
        if (each.group_code, each.reason_code) == ("OA", "23")
    )
    assert before == 12000


def bill(row: str, type_of_bill: str = "111") -> claim_837i.Claim:
    """The professional claim's 150.00 as a bill: one line has a procedure, the other has none."""
    told = claim("B1", row)
    dated = None if type_of_bill == "111" else world.DAY
    diagnoses = (told.diagnoses[0], claim_837i.Diagnosis("R079", "ABJ"))
    return claim_837i.Claim(
        control_number="B1",
        charge_cents=15000,
        type_of_bill=type_of_bill,
        billing_provider=told.billing_provider,
        subscriber=told.subscriber,
        payer=told.payer,
        statement_from=world.DAY,
        statement_to=world.DAY,
        diagnoses=diagnoses,
        lines=(
            claim_837i.Line("0120", 10000, Decimal(1), units="DA", service_from=dated),
            claim_837i.Line("0300", 5000, Decimal(1), Procedure("36416"), service_from=dated),
        ),
        admission=QualifiedDate("435", world.DAY, time="0900"),
        discharge_time="1700",
        admission_type_code="3",
        admission_source_code="1",
        patient_status_code="01",
    )


@pytest.mark.parametrize("type_of_bill", ["111", "131"])
@rows
def test_a_bill_is_answered_as_a_professional_claim_is(
    tmp_path: Path, row: Any, type_of_bill: str
) -> None:
    with payer(tmp_path) as twin:
        told = world.batch()
        batch = claim_837i.Batch(
            "I1", world.MOMENT, told.submitter, told.receiver, (bill(row.code, type_of_bill),)
        )
        twin.take(Delivery(claim_837i.write(world.ENVELOPE, [batch]), "TEST"))
        found = answers(twin)
    assert tuple((each.kind, each.day) for each in found) == KINDS.get(row.code, ALL)
    judged = [world.oxedi_findings(each.content) for each in found if each.kind == "835"]
    assert any(judged) == (row.code in UNBALANCED), judged
    lines = [
        (line.procedure.qualifier, line.procedure.code, line.revenue_code)
        for one in remittances(found)
        for paid in one.claims
        for line in paid.services
    ]
    assert set(lines) <= {("NU", "0120", ""), ("HC", "36416", "0300")}
    places = {
        (paid.facility_code, paid.frequency_code)
        for one in remittances(found)
        for paid in one.claims
    }
    assert places <= {(type_of_bill[:2], "1")}
