"""835: it balances, or it says at which level it does not."""

import itertools
import random
from dataclasses import replace

import pytest
import x12_world as world
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rcm_x12 import remittance_835
from rcm_x12.findings import Finding, WriteRefused
from rcm_x12.remittance_835 import ClaimPayment, Header, Remittance, Trailer
from rcm_x12.values import Amount, Reference

V1 = world.remittance(
    world.payment(
        "A",
        world.service(10000, ("CO", "45", 3000), ("PR", "1", 2000), ("PR", "3", 1000)),
        world.service(5000, ("CO", "45", 2000)),
    ),
    world.payment("B", world.service(8000, ("CO", "197", 8000))),
    plb=(("WO", "OLD1", 2500), ("L6", "", -125)),
)
_REVERSAL = world.payment(
    "C", world.service(-20000, ("CO", "45", -8000), ("PR", "2", -2400)), status="22"
)
_CORRECTION = world.payment("C", world.service(20000, ("CO", "45", 8000), ("PR", "1", 5000)))
V2 = world.remittance(_REVERSAL, _CORRECTION, plb=(("FB", "EFT0001", -2600),))
V4 = world.remittance(
    world.payment("D", world.service(10000, ("CO", "45", 2000), ("CO", "144", -300)))
)
V5 = world.remittance(
    world.payment("E", world.service(12000, ("CO", "24", 12000))),
    world.payment("F", world.service(12000, ("PR", "1", 12000))),
)
VECTORS = {"V1": (V1, 4625), "V2": (V2, 0), "V4": (V4, 8300), "V5": (V5, 0)}


@pytest.mark.parametrize(("remittance", "payment_cents"), VECTORS.values(), ids=VECTORS.keys())
def test_vectors_balance_and_come_back(remittance: Remittance, payment_cents: int) -> None:
    assert remittance.header.payment_cents == payment_cents
    content = remittance_835.write(world.ENVELOPE, [remittance])
    reading = remittance_835.read(content)
    assert reading.all_findings == ()
    assert reading.contents == (remittance,)
    assert remittance_835.balance(reading.contents[0]) == []
    assert world.oxedi_findings(content) == []
    assert world.pyx12_accepts(content)


def test_v1_says_what_each_claim_paid_and_whose_share_is_left() -> None:
    first, second = (
        remittance_835.read(remittance_835.write(world.ENVELOPE, [V1])).contents[0].claims
    )
    assert (first.paid_cents, first.patient_responsibility_cents) == (7000, 3000)
    assert (second.paid_cents, second.patient_responsibility_cents) == (0, 0)
    assert second.status_code == "1"


def test_v2_carries_the_shortfall_forward_and_moves_no_money() -> None:
    content = remittance_835.write(world.ENVELOPE, [V2])
    assert b"~BPR*H*0*C*NON*" in content
    assert b"~PLB*1234567893*20261231*FB:EFT0001*-26~" in content


def test_v4_keeps_an_incentive_negative() -> None:
    line = (
        remittance_835.read(remittance_835.write(world.ENVELOPE, [V4]))
        .contents[0]
        .claims[0]
        .services[0]
    )
    assert [each.amount_cents for each in line.adjustments] == [2000, -300]
    assert line.paid_cents == 8300


@given(world.remittances())
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_reading_gives_back_what_was_written(remittance: Remittance) -> None:
    content = remittance_835.write(world.ENVELOPE, [remittance, remittance])
    reading = remittance_835.read(content)
    assert reading.contents == (remittance, remittance)
    assert not any(each.is_blocked for each in reading.sets)
    assert {each.envelope for each in reading.sets} == {world.ENVELOPE}
    assert "BalanceMismatch" not in " ".join(world.oxedi_findings(content))


CLEAN = remittance_835.write(world.ENVELOPE, [V1])
FAULTS = {
    "line": (b"~CAS*CO*45*30~", b"~CAS*CO*45*31~", "line-balance"),
    "claim": (b"~CLP*A*1*150*70*30*", b"~CLP*A*1*150*71*30*", "claim-balance"),
    "transaction": (b"~BPR*I*46.25*", b"~BPR*I*47.25*", "payment-balance"),
    "PLB": (b"*WO:OLD1*25*", b"*WO:OLD1*26*", "payment-balance"),
    "three decimals": (b"*L6*-1.25~", b"*L6*-1.250~", "amount"),
    "count": (b"~SE*", b"~SE*9", "SE-count"),
    "sign": (b"*CO*197*80~", b"*CO*197*-80~", "line-balance"),
    "SVC03": (b"~SVC*HC:99213*100*40~", b"~SVC*HC:99213*100*41~", "line-balance"),
}


@pytest.mark.parametrize(("old", "new", "code"), FAULTS.values(), ids=FAULTS.keys())
def test_each_single_money_fault_blocks_the_set(old: bytes, new: bytes, code: str) -> None:
    assert CLEAN.count(old) == 1
    found = remittance_835.read(CLEAN.replace(old, new)).sets[0]
    assert found.is_blocked
    assert code in {finding.code for finding in found.findings}


def test_the_faultless_file_is_not_blocked() -> None:
    assert not remittance_835.read(CLEAN).sets[0].is_blocked


@pytest.mark.parametrize(
    ("old", "new", "code", "segment_id", "element"),
    [
        (b"~CLP*A*1*150*70*", b"~CLP*A*1*1X0*70*", "amount", "CLP", 3),
        (b"~SVC*HC:99213*100*40~", b"~SVC*HC:99213*100~", "element-missing", "SVC", 0),
        (b"~CAS*CO*45*30~", b"~CAS*CO*45*3O~", "amount", "CAS", 3),
        (
            b"~CAS*CO*45*30~",
            b"~CAS*CO*45*30" + b"**97*0" * 5 + b"**A1*X~",
            "amount",
            "CAS",
            21,
        ),
        (b"~DTM*472*20260201~CAS*CO*197", b"~DTM*472*20260231~CAS*CO*197", "date", "DTM", 2),
        (b"*WO:OLD1*25*", b"*WO:OLD1*2S*", "amount", "PLB", 4),
        (b"~BPR*I*46.25*", b"~BPR*I**", "element-missing", "BPR", 2),
        (b"~BPR*I*46.25*", b"~BPR*I*4625.*", "payment-balance", "BPR", 2),
    ],
)
def test_what_cannot_be_read_is_named_and_the_rest_survives(
    old: bytes, new: bytes, code: str, segment_id: str, element: int
) -> None:
    assert CLEAN.count(old) == 1
    found = remittance_835.read(CLEAN.replace(old, new)).sets[0]
    assert found.is_blocked
    assert (code, segment_id, element) in {
        (f.code, f.segment_id, f.element) for f in found.findings
    }
    assert [claim.control_number for claim in found.content.claims] == ["A", "B"]


@pytest.mark.parametrize("stranger", [b"N3*1 MAIN ST", b"*CO*45*1", b"TOOLONG*1"])
def test_a_segment_that_has_no_place_in_a_claim_is_named_and_blocks_nothing(
    stranger: bytes,
) -> None:
    content = CLEAN.replace(b"~SVC*HC:99213*100*40", b"~" + stranger + b"~SVC*HC:99213*100*40")
    found = remittance_835.read(content).sets[0]
    assert "segment-unexpected" in {finding.code for finding in found.findings}
    assert [f.code for f in found.findings if f.severity == "error" and f.code != "SE-count"] == []


@pytest.mark.parametrize("bare", [b"LX", b"GE", b"SE", b"GS", b"ST", b"PLB", b"TS3", b"IEA"])
def test_a_bare_segment_that_ends_a_claim_ends_it(bare: bytes) -> None:
    content = CLEAN.replace(b"~SVC*HC:99213*100*40", b"~" + bare + b"~SVC*HC:99213*100*40")
    reading = remittance_835.read(content)
    assert [finding for finding in reading.all_findings if finding.severity == "error"]


def test_the_writer_refuses_what_does_not_balance() -> None:
    wrong = replace(V1, header=replace(V1.header, payment_cents=1))
    with pytest.raises(WriteRefused):
        remittance_835.write(world.ENVELOPE, [wrong])


@pytest.mark.parametrize("group", ["CR", "XX"])
def test_the_writer_refuses_groups_that_5010_does_not_know(group: str) -> None:
    wrong = world.remittance(world.payment("A", world.service(100, (group, "45", 100))))
    with pytest.raises(WriteRefused):
        remittance_835.write(world.ENVELOPE, [wrong])


@pytest.mark.parametrize("seed", range(5))
def test_a_stream_says_the_same_however_the_bytes_arrive(seed: int) -> None:
    content = remittance_835.write(world.ENVELOPE, [V1, V2, V4, V5])
    dice = random.Random(seed)  # noqa: S311 - repeatable, not secret
    cuts = sorted(dice.sample(range(len(content)), 40))
    pieces = [content[a:b] for a, b in zip([0, *cuts], [*cuts, len(content)], strict=True)]
    findings: list[Finding] = []
    items = list(remittance_835.stream(pieces, findings))
    assert findings == []
    assert [item for item in items if isinstance(item, Header)] == [
        one.header for one in (V1, V2, V4, V5)
    ]
    claims = [item for item in items if isinstance(item, ClaimPayment)]
    assert claims == [claim for one in (V1, V2, V4, V5) for claim in one.claims]
    trailers = [item for item in items if isinstance(item, Trailer)]
    assert all(trailer.is_balanced for trailer in trailers)
    assert [trailer.claim_count for trailer in trailers] == [2, 2, 1, 2]


def test_a_trailer_knows_of_every_fault_of_its_set_and_of_no_other() -> None:
    content = remittance_835.write(world.ENVELOPE, [V1, V4])
    findings: list[Finding] = []
    broken = content.replace(b"~SE*", b"~SE*9", 1)
    trailers = [
        item for item in remittance_835.stream(broken, findings) if isinstance(item, Trailer)
    ]
    assert [trailer.is_balanced for trailer in trailers] == [False, True]


def test_positions_count_segments_of_the_file_and_of_the_set() -> None:
    content = remittance_835.write(world.ENVELOPE, [V4, V1])
    broken = content.replace(b"~CLP*A*1*150*70*", b"~CLP*A*1*150*71*")
    segments = broken.split(b"~")
    (finding,) = [
        f for f in remittance_835.read(broken).sets[1].findings if f.code == "claim-balance"
    ]
    assert segments[finding.position - 1].startswith(b"CLP*A*")
    start = [i for i, one in enumerate(segments) if one.startswith(b"ST*")][1]
    assert finding.set_position == finding.position - start


def test_a_file_cut_off_in_a_claim_keeps_what_came_and_is_blocked() -> None:
    cut = CLEAN[: CLEAN.index(b"~CLP*B") + 20]
    found = remittance_835.read(cut).sets[0]
    assert found.is_blocked
    assert [claim.control_number for claim in found.content.claims] == ["A", "B"]
    assert {"SE-missing", "payment-balance"} <= {finding.code for finding in found.findings}


@pytest.mark.parametrize("rest", [b"*96", b"*96*", b"*96**1"])
def test_a_reason_without_its_amount_blocks_and_is_read_as_zero(rest: bytes) -> None:
    broken = CLEAN.replace(b"~CAS*PR*1*20**3*10~", b"~CAS*PR*1*20*" + rest + b"~")
    assert broken != CLEAN
    (found,) = remittance_835.read(broken).sets
    assert "element-missing" in {finding.code for finding in found.findings}
    assert found.is_blocked


LINE = b"~SVC*HC:99213*100*50**1"
SEGMENTS = {
    "DTM": b"~DTM*472*20260201",
    "CAS": b"~CAS*CO*45*30~CAS*PR*2*20",
    "REF": b"~REF*LU*11",
    "6R": b"~REF*6R*L1",
    "AMT": b"~AMT*B6*70",
    "QTY": b"~QTY*ZK*2",
    "LQ": b"~LQ*HE*N130",
}
ONE_LINE = remittance_835.write(
    world.ENVELOPE,
    [
        world.remittance(
            world.payment("A", world.service(10000, ("CO", "45", 3000), ("PR", "2", 2000)))
        )
    ],
)


@pytest.mark.parametrize("order", [*itertools.permutations(SEGMENTS, 3), tuple(SEGMENTS)[::-1]])
def test_the_segments_of_a_line_say_the_same_in_any_order(order: tuple[str, ...]) -> None:
    head, _, rest = ONE_LINE.partition(b"~SVC*")
    tail = rest[rest.index(b"~SE*") :]
    rows = [*order, *(name for name in SEGMENTS if name not in order)]
    content = head + LINE + b"".join(SEGMENTS[name] for name in rows) + tail
    (each,) = remittance_835.read(content).sets
    (line,) = each.content.claims[0].services
    assert {one.code for one in each.findings} <= {"SE-count"}
    assert (line.line_control_number, line.service_from) == ("L1", world.DAY)
    assert [one.amount_cents for one in line.adjustments] == [3000, 2000]
    assert (line.references, line.allowed_cents) == ((Reference("LU", "11"),), 7000)
    assert (line.remark_codes, line.quantities[0].count) == (("N130",), 2)


@pytest.mark.parametrize(
    ("segments", "number", "references", "days"),
    [
        (b"~REF*6R*L1~REF*6R*L2", "L1", ("L2",), (None, None)),
        (b"~REF*6R*L1*X", "L1", (), (None, None)),
        (b"~REF*LU*11~REF*6R*L1~REF*G1*9", "L1", ("11", "9"), (None, None)),
        (b"~DTM*150*20260201~DTM*151*20260203", "", (), (1, 3)),
        (b"~REF*6R*L1~DTM*150*20260201~DTM*151*20260203", "L1", (), (1, 3)),
        (b"~DTM*151*20260203~CAS*CO*45*0~DTM*150*20260201", "", (), (1, 3)),
    ],
)
def test_numbers_references_and_days_of_a_line_find_their_place(
    segments: bytes, number: str, references: tuple[str, ...], days: tuple[int | None, int | None]
) -> None:
    head, _, rest = ONE_LINE.partition(b"~SVC*")
    tail = rest[rest.index(b"~SE*") :]
    content = head + LINE.replace(b"*50**1", b"*100**1") + segments + tail
    (line,) = remittance_835.read(content).contents[0].claims[0].services
    found = (line.service_from, line.service_to)
    assert line.line_control_number == number
    assert tuple(one.value for one in line.references) == references
    assert tuple(day and day.day for day in found) == days


@pytest.mark.parametrize("behind", [b"LX*2", b"LX*2~TS3*1*11*20261231*1*100"])
def test_a_payer_that_numbers_each_claim_is_read_the_same(behind: bytes) -> None:
    claims = [world.payment(f"C{n}", world.service(100 + n, ("CO", "45", n))) for n in range(9)]
    content = remittance_835.write(world.ENVELOPE, [world.remittance(*claims)])
    numbered = content.replace(b"~CLP*", b"~" + behind + b"~CLP*")
    (each,) = remittance_835.read(numbered).sets
    assert {one.code for one in each.findings} == {"SE-count"}
    again = [replace(claim, header_number="1") for claim in each.content.claims]
    assert again == claims
    assert {claim.header_number for claim in each.content.claims} == {"2"}


@pytest.mark.parametrize("kinds", [1, 7, 5000], ids=["alike", "recurring", "all different"])
def test_what_is_remembered_changes_nothing(kinds: int) -> None:
    """More lines than memory holds, in two sets, so that it fills, is given up or begins anew."""
    claims = [
        world.payment(
            f"C{n}",
            *(
                replace(
                    world.service(9000 + n % kinds, ("CO", "45", 1 + n % kinds), ("PR", "2", line)),
                    line_control_number=f"L{n}-{line}",
                    amounts=(Amount("B6", n % kinds),),
                )
                for line in range(1, 4)
            ),
        )
        for n in range(5000)
    ]
    remittance = world.remittance(*claims)
    content = remittance_835.write(world.ENVELOPE, [remittance, remittance])
    reading = remittance_835.read(content)
    assert reading.all_findings == ()
    assert reading.contents == (remittance, remittance)


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_no_mangled_remittance_makes_a_reader_fail(data: st.DataObject) -> None:
    segments = CLEAN.split(b"~")
    for _ in range(data.draw(st.integers(1, 4))):
        index = data.draw(st.integers(1, len(segments) - 1))
        elements = segments[index].split(b"*")
        place = data.draw(st.integers(0, len(elements) - 1))
        elements[place] = data.draw(
            st.sampled_from([b"", b"X", b"-", b"1.234", b"CLP", b"SVC", b"9" * 40])
        )
        segments[index] = b"*".join(elements)
    reading = remittance_835.read(b"~".join(segments))
    for each in reading.sets:
        if not each.is_blocked:
            found = remittance_835.balance(each.content)
            assert [one.code for one in found if one.severity == "error"] == []
