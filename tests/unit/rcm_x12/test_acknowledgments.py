"""TA1, 999 and 277CA: written, read back, and answering what was found."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import x12_world as world
from hypothesis import given, settings
from hypothesis import strategies as st

from rcm_x12 import ack_999, claim_837p, remittance_835, status_277ca, ta1
from rcm_x12.ack_999 import (
    Acknowledgment,
    Context,
    ElementError,
    SegmentError,
    SetResponse,
)
from rcm_x12.findings import WriteRefused
from rcm_x12.status_277ca import (
    ClaimAcknowledgment,
    ClaimStatus,
    ProviderStatus,
    ServiceStatus,
    Status,
    StatusCode,
    Totals,
)
from rcm_x12.values import Name, Procedure

PARTIAL = Acknowledgment(
    "HC",
    "17",
    "005010X222A1",
    "P",
    3,
    3,
    2,
    (
        SetResponse("837", "0001", "A", "005010X222A1"),
        SetResponse(
            "837",
            "0002",
            "R",
            "005010X222A1",
            (
                SegmentError(
                    "NM1",
                    9,
                    "8",
                    "2010",
                    (
                        Context("CLM01", "C0001"),
                        Context("SITUATIONAL TRIGGER", "", "CLM", 20, "2300", 5, 3),
                    ),
                    (
                        ElementError(9, "I9", data_element="67"),
                        ElementError(5, "7", 2, 1, "1332", "B"),
                    ),
                ),
                SegmentError("REF", 12, "I6", "2300"),
            ),
            ("5", "I5"),
        ),
        SetResponse("837", "0003", "E", "005010X222A1"),
    ),
)


def test_a_partial_acknowledgment_comes_back_as_written() -> None:
    content = ack_999.write(world.ENVELOPE, [PARTIAL])
    reading = ack_999.read(content)
    assert reading.all_findings == ()
    assert reading.contents == (PARTIAL,)
    assert world.pyx12_accepts(
        ack_999.write(world.ENVELOPE, [replace(PARTIAL, code="A", sets=PARTIAL.sets[:1])])
    )


simple_errors = st.builds(
    SegmentError,
    segment_id=st.sampled_from(["NM1", "REF", "CLM"]),
    position=st.integers(1, 999),
    code=st.sampled_from(["1", "3", "8", "I4"]),
    loop=st.sampled_from(["", "2010", "2300"]),
    elements=st.lists(
        st.builds(
            ElementError,
            element=st.integers(1, 20),
            code=st.sampled_from(["1", "7", "I9"]),
            component=st.integers(0, 4),
            data_element=st.sampled_from(["", "67"]),
        ),
        max_size=3,
    ).map(tuple),
)
acknowledgments = st.builds(
    Acknowledgment,
    functional_id=st.sampled_from(["HC", "HP"]),
    group_control_number=st.integers(1, 999999).map(str),
    version=st.just("005010X222A1"),
    code=st.sampled_from(["A", "E", "P", "R"]),
    included_count=st.integers(0, 99),
    received_count=st.integers(0, 99),
    accepted_count=st.integers(0, 99),
    sets=st.lists(
        st.builds(
            SetResponse,
            set_id=st.just("837"),
            control_number=st.integers(1, 9999).map(lambda n: f"{n:04d}"),
            code=st.sampled_from(["A", "E", "R"]),
            errors=st.lists(simple_errors, max_size=3).map(tuple),
        ),
        max_size=3,
    ).map(tuple),
)


@given(acknowledgments)
@settings(max_examples=60, deadline=None)
def test_reading_a_999_gives_back_what_was_written(ack: Acknowledgment) -> None:
    assert ack_999.read(ack_999.write(world.ENVELOPE, [ack, ack])).contents == (ack, ack)


def test_a_clean_group_is_accepted() -> None:
    reading = claim_837p.read(claim_837p.write(world.ENVELOPE, [world.batch(), world.batch()]))
    (ack,) = ack_999.acknowledge(reading)
    assert (ack.functional_id, ack.group_control_number, ack.version) == ("HC", "1", "005010X222A1")
    assert (ack.code, ack.included_count, ack.accepted_count) == ("A", 2, 2)
    assert [response.code for response in ack.sets] == ["A", "A"]
    assert ack.is_accepted


def test_one_bad_set_of_two_makes_a_partial_acceptance_that_names_the_place() -> None:
    content = claim_837p.write(world.ENVELOPE, [world.batch(), world.batch()])
    broken = content.replace(b"~REF*EI*123456789", b"", 1)
    (ack,) = ack_999.acknowledge(claim_837p.read(broken))
    assert (ack.code, ack.included_count, ack.accepted_count) == ("P", 2, 1)
    bad, good = ack.sets
    assert (bad.code, good.code) == ("R", "A")
    assert ("REF", "3", "2010") in {(e.segment_id, e.code, e.loop) for e in bad.errors}
    assert bad.error_codes == ("4", "5")
    assert not ack.is_accepted


def test_wrong_sums_are_no_matter_for_a_999() -> None:
    content = claim_837p.write(world.ENVELOPE, [world.batch()]).replace(
        b"*C0001*150*", b"*C0001*151*"
    )
    (ack,) = ack_999.acknowledge(claim_837p.read(content))
    assert ack.code == "A"


def test_an_835_is_acknowledged_without_st03() -> None:
    content = remittance_835.write(
        world.ENVELOPE, [world.remittance(world.payment("A", world.service(100)))]
    )
    (ack,) = ack_999.acknowledge(remittance_835.read(content))
    assert (ack.functional_id, ack.sets[0].version) == ("HP", "")


def test_a_999_is_never_acknowledged() -> None:
    reading = ack_999.read(ack_999.write(world.ENVELOPE, [PARTIAL]))
    assert ack_999.acknowledge(reading) == ()
    with pytest.raises(WriteRefused):
        ack_999.write(replace(world.ENVELOPE, acknowledgment_requested=True), [PARTIAL])


ACCEPTED = Status((StatusCode("A2", "20", "PR"),), world.DAY, "WQ", 15000)
REFUSED = Status((StatusCode("A7", "33", "IL"), StatusCode("A7", "164")), world.DAY, "U", 8000)
BATCH_REFUSED = Status((StatusCode("A3", "21", "41"),), world.DAY, "U", 8000)
REFUSED_ABOVE = Status((StatusCode("A7", "562", "85"),), world.DAY, "U", 8000)
TAKEN = Status((StatusCode("A1", "19", "PR"),), world.DAY, "WQ", 23000)
ANSWER = ClaimAcknowledgment(
    reference="R1",
    created_at=world.MOMENT,
    source=Name("PAYER TWIN", is_person=False, id_qualifier="PI", id="TWIN1"),
    source_entity_code="PR",
    source_trace_number="T1",
    received_on=world.DAY,
    processed_on=world.DAY,
    receiver=Name("SPRINGFIELD CLINIC", is_person=False, id_qualifier="46", id="CLINIC"),
    batch_reference="B0001",
    statuses=(TAKEN,),
    totals=Totals(1, 1, 15000, 8000),
    providers=(
        ProviderStatus(
            Name("SPRINGFIELD CLINIC", is_person=False, id_qualifier="XX", id="1234567893"),
            (
                ClaimStatus(
                    Name("ROE", "ROBIN", id_qualifier="MI", id="M1"),
                    "C0001",
                    (ACCEPTED,),
                    payer_claim_number="P1",
                    service_from=world.DAY,
                ),
                ClaimStatus(
                    Name("ROE", "ROBIN", id_qualifier="MI", id="M1"),
                    "C0002",
                    (REFUSED,),
                    clearinghouse_trace_number="CH1",
                    service_from=world.DAY,
                    services=(
                        ServiceStatus(
                            Procedure("99213"),
                            8000,
                            (Status((StatusCode("A7", "454"),), world.DAY, "U"),),
                            line_control_number="L-1",
                            service_from=world.DAY,
                        ),
                    ),
                ),
            ),
            trace_number="0",
            statuses=(TAKEN,),
            totals=Totals(1, 1, 15000, 8000),
        ),
    ),
)


def test_a_277ca_comes_back_as_written_and_is_clean_to_a_stranger() -> None:
    content = status_277ca.write(world.ENVELOPE, [ANSWER])
    reading = status_277ca.read(content)
    assert reading.all_findings == ()
    assert reading.contents == (ANSWER,)
    # That map forbids STC02 at provider level, which the guide has.
    undated = replace(ANSWER.providers[0], statuses=(replace(TAKEN, effective_on=None),))
    answer = replace(ANSWER, providers=(undated,))
    assert world.pyx12_accepts(status_277ca.write(world.ENVELOPE, [answer]))


optional_cents = st.none() | world.cents
statuses = st.builds(
    Status,
    codes=st.lists(
        st.builds(
            StatusCode,
            category_code=st.sampled_from(["A1", "A2", "A3", "A7"]),
            status_code=st.sampled_from(["20", "33", "562"]),
            entity_code=st.sampled_from(["", "PR"]),
        ),
        min_size=1,
        max_size=3,
    ).map(tuple),
    effective_on=world.days,
    action_code=st.sampled_from(["WQ", "U"]),
    amount_cents=world.cents,
)
line_statuses = statuses.map(lambda one: replace(one, amount_cents=None, action_code="U"))
totals = st.builds(
    Totals,
    accepted_count=st.none() | st.integers(1, 99),
    rejected_count=st.none() | st.integers(1, 99),
    accepted_cents=optional_cents,
    rejected_cents=optional_cents,
)
claim_statuses = st.builds(
    ClaimStatus,
    patient=st.builds(Name, world.words, world.words, id_qualifier=st.just("MI"), id=world.codes),
    control_number=world.codes,
    statuses=st.lists(statuses, min_size=1, max_size=2).map(tuple),
    payer_claim_number=st.just("") | world.codes,
    clearinghouse_trace_number=st.just("") | world.codes,
    bill_type=st.sampled_from(["", "111"]),
    service_from=world.days,
    services=st.lists(
        st.builds(
            ServiceStatus,
            procedure=st.just(Procedure("99213", modifiers=("25",))),
            charge_cents=world.cents,
            statuses=st.tuples(line_statuses),
            quantity=st.none() | world.quantities,
            line_control_number=st.just("") | world.codes,
            service_from=world.days,
        ),
        max_size=2,
    ).map(tuple),
)
provider_statuses = st.builds(
    ProviderStatus,
    provider=st.just(ANSWER.providers[0].provider),
    claims=st.lists(claim_statuses, max_size=3).map(tuple),
    trace_number=st.just("0"),
    statuses=st.lists(statuses, min_size=1, max_size=2).map(tuple),
    totals=totals,
)
claim_acknowledgments = st.builds(
    lambda told, sums, providers: replace(
        ANSWER, statuses=tuple(told), totals=sums, providers=tuple(providers)
    ),
    st.lists(statuses, min_size=1, max_size=2),
    totals,
    st.lists(provider_statuses, max_size=2),
)


@given(claim_acknowledgments)
@settings(max_examples=60, deadline=None)
def test_reading_a_277ca_gives_back_what_was_written(answer: ClaimAcknowledgment) -> None:
    reading = status_277ca.read(status_277ca.write(world.ENVELOPE, [answer, answer]))
    assert reading.contents == (answer, answer)
    assert [one.code for one in reading.all_findings if one.severity == "error"] == []


def test_a_277ca_says_which_claims_were_taken() -> None:
    assert [(one.control_number, one.is_accepted) for one in ANSWER.claims] == [
        ("C0001", True),
        ("C0002", False),
    ]
    assert ANSWER.is_accepted
    assert ANSWER.is_from_payer


@pytest.mark.parametrize(
    ("answer", "accepted"),
    [
        (replace(ANSWER, statuses=(BATCH_REFUSED,), providers=(), totals=Totals(None, 2)), False),
        (
            replace(
                ANSWER,
                providers=(replace(ANSWER.providers[0], statuses=(REFUSED_ABOVE,), claims=()),),
            ),
            True,
        ),
    ],
    ids=["whole batch", "one provider"],
)
def test_a_rejection_above_the_claims_needs_none_below(
    answer: ClaimAcknowledgment,
    accepted: bool,  # noqa: FBT001
) -> None:
    reading = status_277ca.read(status_277ca.write(world.ENVELOPE, [answer]))
    assert reading.all_findings == ()
    assert reading.contents == (answer,)
    assert answer.is_accepted == accepted


def test_a_clearinghouse_is_not_the_payer() -> None:
    assert not replace(ANSWER, source_entity_code="AY").is_from_payer


@pytest.mark.parametrize("code", ["A", "E", "R"])
def test_a_ta1_comes_back_as_written(code: str) -> None:
    one = ta1.InterchangeAcknowledgment(
        "000000123", world.MOMENT, code, "025" if code == "R" else "000"
    )
    content = ta1.write(world.ENVELOPE, [one])
    assert content.endswith(b"~IEA*0*000000001~")
    assert ta1.read(content) == (one,)
    assert one.is_accepted == (code != "R")


@given(
    st.lists(
        st.builds(
            ta1.InterchangeAcknowledgment,
            control_number=st.integers(0, 10**9 - 1).map("{:09d}".format),
            interchange_at=st.integers(0, 99 * 525_600).map(
                lambda minutes: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
            ),
            code=st.sampled_from("AER"),
            note_code=st.sampled_from(["000", "001", "025"]),
        ),
        min_size=1,
        max_size=3,
    ).map(tuple)
)
@settings(deadline=None)
def test_reading_a_ta1_gives_back_what_was_written(
    ones: tuple[ta1.InterchangeAcknowledgment, ...],
) -> None:
    assert ta1.read(ta1.write(world.ENVELOPE, ones)) == ones


def test_a_ta1_before_a_group_is_found_beside_what_the_group_holds() -> None:
    one = ta1.InterchangeAcknowledgment("000000123", world.MOMENT, "A")
    alone = ta1.write(world.ENVELOPE, [one])
    segment = next(part for part in alone.split(b"~") if part.startswith(b"TA1"))
    both = ack_999.write(world.ENVELOPE, [PARTIAL]).replace(b"~GS*", b"~" + segment + b"~GS*")
    assert ta1.read(both) == (one,)
    assert ack_999.read(both).contents == (PARTIAL,)


def test_a_ta1_knows_three_verdicts_only() -> None:
    with pytest.raises(WriteRefused):
        ta1.write(world.ENVELOPE, [ta1.InterchangeAcknowledgment("000000123", world.MOMENT, "X")])
