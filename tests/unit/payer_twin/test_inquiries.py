"""270 to 271 and 276 to 277, by the same table, from what the payer knows at that time."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import x12_inquiries as world
import x12_world

from payer_twin.settings import TwinSettings
from payer_twin.twin import Answered, ControlNumberReused, Delivery, Refused, Twin
from rcm_x12 import ack_999, claim_837p, eligibility_270, eligibility_271, status_276, status_277
from rcm_x12.check import check_file
from rcm_x12.eligibility_270 import Dependent, Inquiry, Member, Question, Subscriber
from rcm_x12.eligibility_271 import Response

BEGIN = 1_772_000_000.0
DAY_S = 86_400


@contextmanager
def payer(directory: Path) -> Iterator[Twin]:
    twin = Twin(TwinSettings(data_dir=directory), lambda: BEGIN)
    try:
        yield twin
    finally:
        twin.close()


def numbered(number: int) -> object:
    return replace(
        x12_world.ENVELOPE,
        interchange_control_number=f"{number:09d}",
        group_control_number=str(number),
    )


def clean(answered: Answered) -> Answered:
    """No error for our checker, and readable for a stranger. x12sdk knows the codes of 2100B alone
    and wants a receiver below every source, so it cannot judge most refusals."""
    report = check_file(answered.content)
    found = [*report.findings, *(one for each in report.sets for one in each.findings)]
    assert [each for each in found if each.severity == "error"] == []
    if b"~AAA*" not in answered.content:
        assert world.x12sdk_reads(answered.content) == 1
    return answered


def asked(member_id: str, *, dependent: bool = False) -> Inquiry:
    name = replace(world.INSURED, id=member_id)
    subscriber = Subscriber(Member(name, world.BORN, "F"), (Question(("30",)),), (world.TRACE,))
    if dependent:
        child = Dependent(Member(world.CHILD, world.BORN, "M"), (Question(),), (world.TRACE,))
        subscriber = Subscriber(Member(name), dependents=(child,))
    return eligibility_270.ask(
        "E0001",
        x12_world.MOMENT,
        source=eligibility_270.Source(world.PAYER),
        receiver=eligibility_270.Receiver(world.CLINIC),
        subscriber=subscriber,
    )


def answer(twin: Twin, inquiry: Inquiry, number: int = 1) -> Response:
    content = eligibility_270.write(numbered(number), [inquiry])  # type: ignore[arg-type]
    answered = clean(twin.ask(Delivery(content, "TEST", submitter="CLINIC")))
    assert answered.kind == "271"
    [found] = eligibility_271.read(answered.content).contents
    return found


@pytest.mark.parametrize(
    ("member_id", "benefits"),
    [
        ("M1", {("1", None), ("G", 500_000)}),
        ("M1T02", {("1", None), ("C", 5000), ("G", 500_000)}),
        ("M1T03", {("1", None), ("A", 200_000), ("G", 500_000)}),
        ("M1T04", {("1", None), ("B", 2500), ("G", 500_000)}),
        ("M1T89", {("6", None)}),
    ],
)
def test_a_member_has_the_benefits_that_claims_will_meet(
    tmp_path: Path, member_id: str, benefits: set[tuple[str, int | None]]
) -> None:
    with payer(tmp_path) as twin:
        [one] = answer(twin, asked(member_id)).patients
    found = {(each.code, each.amount_cents or each.share_ppm) for each in one.patient.benefits}
    assert found == benefits
    assert one.trace_numbers == ("T0001",)


@pytest.mark.parametrize(
    ("mark", "loop", "reason", "follow_up"),
    [
        (91, "2100A", "42", "R"),
        (92, "2100B", "43", "C"),
        (93, "2100C", "72", "C"),
        (94, "2100C", "71", "C"),
        (95, "2100C", "73", "C"),
        (96, "2100C", "75", "C"),
        (97, "2100D", "67", "C"),
        (98, "2100D", "71", "C"),
    ],
)
def test_a_refusal_stands_at_its_level(
    tmp_path: Path, mark: int, loop: str, reason: str, follow_up: str
) -> None:
    with payer(tmp_path) as twin:
        found = answer(twin, asked(f"M1T{mark}", dependent=loop == "2100D"))
    assert [(at, one.reason_code, one.follow_up_code) for at, one in found.rejections] == [
        (loop, reason, follow_up)
    ]
    assert all(not one.patient.benefits for one in found.patients)


@pytest.mark.parametrize(("member_id", "at_level"), [("M1", "dependent"), ("M1T90", "subscriber")])
def test_a_dependent_is_answered_at_one_level(
    tmp_path: Path, member_id: str, at_level: str
) -> None:
    with payer(tmp_path) as twin:
        [one] = answer(twin, asked(member_id, dependent=True)).patients
    assert (one.dependent is None) == (at_level == "subscriber")
    assert one.patient.member.name.first_name == "SAM"
    assert one.trace_numbers == ("T0001",)
    assert one.patient.benefits[0].is_active


def test_a_script_chooses_how_a_member_is_answered(tmp_path: Path) -> None:
    with payer(tmp_path) as twin:
        with twin.storage.transaction() as session:
            session.set_script("", "M1", '{"steps": [], "eligibility": "member-not-found"}')
        [(_, one)] = answer(twin, asked("M1")).rejections
    assert one.reason_code == "75"


def test_the_same_question_again_gets_the_same_answer_and_another_one_is_refused(
    tmp_path: Path,
) -> None:
    content = eligibility_270.write(numbered(1), [asked("M1")])  # type: ignore[arg-type]
    other = eligibility_270.write(numbered(1), [asked("M2")])  # type: ignore[arg-type]
    with payer(tmp_path) as twin:
        first, again = [twin.ask(Delivery(content, "TEST")) for _ in range(2)]
        with pytest.raises(ControlNumberReused):
            twin.ask(Delivery(other, "TEST"))
        with twin.settled() as session:
            assert session.untaken("CLINIC") == []
            assert session.listed("CLINIC", 0, 9) == []
    assert first == again


def test_a_malformed_question_gets_a_999(tmp_path: Path) -> None:
    content = eligibility_270.write(numbered(1), [asked("M1")])  # type: ignore[arg-type]
    with payer(tmp_path) as twin:
        answered = twin.ask(Delivery(content.replace(b"~HL*2*1*21*1", b""), "TEST"))
    assert answered.kind == "999"
    assert ack_999.read(answered.content).contents[0].code == "R"


def test_claims_are_no_question(tmp_path: Path) -> None:
    content = claim_837p.write(x12_world.ENVELOPE, [x12_world.batch()])
    with payer(tmp_path) as twin, pytest.raises(Refused):
        twin.ask(Delivery(content, "TEST"))


def test_a_batch_of_questions_is_answered_by_999_and_271(tmp_path: Path) -> None:
    content = eligibility_270.write(
        numbered(1),  # type: ignore[arg-type]
        [asked("M1"), replace(asked("M1T96"), reference="E0002")],
    )
    with payer(tmp_path) as twin:
        twin.take(Delivery(content, "TEST"))
        with twin.settled() as session:
            rows = session.untaken("CLINIC")
        told = twin.content("CLINIC", rows[1]["name"]) or b""
    assert [row["kind"] for row in rows] == ["999", "271"]
    assert [one.reference for one in eligibility_271.read(told).contents] == ["E0001", "E0002"]


def send(twin: Twin, member_id: str, number: int = 1) -> None:
    subscriber = replace(x12_world.SUBSCRIBER, member_id=member_id)
    claim = replace(x12_world.CLAIM, subscriber=subscriber)
    content = claim_837p.write(numbered(number), [x12_world.batch(claim)])  # type: ignore[arg-type]
    twin.take(Delivery(content, "TEST"))


def status(twin: Twin, number: int, control_number: str = "C0001") -> status_277.ClaimStatus:
    claim = replace(world.ASKED, patient_account_number=control_number, bill_type="")
    inquiry = status_276.ask(
        f"S{number:04d}",
        x12_world.MOMENT,
        payer=world.PAYER,
        submitter=world.SUBMITTER,
        provider=world.CLINIC,
        subscribers=(
            status_276.Subscriber(status_276.Person(world.INSURED, world.BORN, "F"), (claim,)),
        ),
    )
    content = status_276.write(numbered(number), [inquiry])  # type: ignore[arg-type]
    answered = clean(twin.ask(Delivery(content, "TEST")))
    assert answered.kind == "277"
    [found] = next(iter(status_277.read(answered.content).contents)).claims
    assert found.trace_number == "T0001"
    return found


@pytest.mark.parametrize(
    ("member_id", "now", "later", "paid"),
    [
        ("M1", "F1:65", "F1:65", 12000),
        ("M1T20", "F2:585", "F2:585", 0),
        ("M1T10", "F4:104", "F4:104", 0),
        ("M1T30", "D0:35", "D0:35", 0),
        ("M1T45", "P1:20", "P1:20", 0),
        ("M1T52", "P1:20", "F1:65", 12000),
        ("M1T64", "F1:65", "F3:104", 0),
        ("M1T86", "P2:45", "F1:65", 12000),
        ("M1T87", "R3:294", "F1:65", 12000),
        ("M1T88", "E1:0", "P1:20", 0),
    ],
)
def test_a_277_tells_what_the_payer_knows_at_that_time(
    tmp_path: Path, member_id: str, now: str, later: str, paid: int
) -> None:
    """Later is after 46 days, but for the system error: the next question."""
    with payer(tmp_path) as twin:
        twin.clock.move(running=False)
        send(twin, member_id)
        first = status(twin, 2)
        if not now.startswith("E1"):
            twin.clock.move(to=BEGIN + 46 * DAY_S)
        second = status(twin, 3)
    for told, code in ((first, now), (second, later)):
        current = told.current
        assert current is not None
        assert f"{current.codes[0].category_code}:{current.codes[0].status_code}" == code
        assert (current.payment_number != "") == bool(current.paid_cents)
    assert second.current is not None
    assert second.current.paid_cents == paid


def test_a_claim_that_never_came_is_not_found(tmp_path: Path) -> None:
    with payer(tmp_path) as twin:
        found = status(twin, 1, "C9999")
    assert found.current is not None
    assert found.current.codes[0].category_code == "D0"
