"""Whatever a partner sends: it is sorted by kind, or kept with a finding; nothing is raised."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payer_gateway.domain.inbound import read
from payer_gateway.domain.remittance import payer_of
from rcm_x12.remittance_835 import Payer
from rcm_x12.values import Reference

ISA = (
    "ISA*00*          *00*          *ZZ*RCV001         *ZZ*SUB001         *260304*1200*^*00501*"
    "000000009*0*T*:~"
)
EMPTY_835 = (
    f"{ISA}GS*HP*R*S*20260304*1200*9*X*005010X221A1~ST*835*0001~BPR*I*0*C*NON************20260304~"
    "TRN*1*T1*1999999999~N1*PR*PLAN~N1*PE*CLINIC*XX*1234567893~SE*6*0001~GE*1*9~IEA*1*000000009~"
)


@pytest.mark.parametrize(
    ("content", "kinds", "codes"),
    [
        ("", (), {"not-x12"}),
        ("PK\x03\x04", (), {"not-x12"}),
        (ISA, (), set()),
        (f"{ISA}TA1*000000001*260304*1200*R*025~IEA*0*000000009~", ("TA1",), set()),
        (
            f"{ISA}GS*HN*R*S*20260304*1200*9*X*005010X212~ST*277*0001~SE*2*0001~GE*1*9~"
            "IEA*1*000000009~",
            ("277",),
            set(),
        ),
        (
            f"{ISA}GS*HS*R*S*20260304*1200*9*X*005010X279A1~ST*270*0001~SE*2*0001~GE*1*9~"
            "IEA*1*000000009~",
            ("270 005010X279A1",),
            {"kind-not-read"},
        ),
        (EMPTY_835.replace("X221A1", "X091A1"), ("835 005010X091A1",), {"kind-not-read"}),
        (EMPTY_835, ("835",), set()),
    ],
)
def test_files_are_sorted_by_kind(content: str, kinds: tuple[str, ...], codes: set[str]) -> None:
    found = read(content.encode("latin-1"))
    assert found.kinds == kinds
    assert codes <= {each.code for each in found.findings}


def test_control_numbers_do_not_change_the_content_of_a_payment() -> None:
    again = EMPTY_835.replace("000000009", "000000010").replace("0001", "0042")
    first, second = (next(iter(read(each.encode()).remittances)) for each in (EMPTY_835, again))
    assert first.content_sha256 == second.content_sha256
    other = next(iter(read(EMPTY_835.replace("PLAN", "PLUM").encode()).remittances))
    assert other.content_sha256 != first.content_sha256


def test_two_sets_of_one_file_are_two_contents() -> None:
    body = EMPTY_835[EMPTY_835.index("ST*835") : EMPTY_835.index("GE*1")]
    two = EMPTY_835.replace(body, body + body.replace("T1*", "T2*").replace("0001~", "0002~"))
    found = read(two.replace("GE*1*9", "GE*2*9").encode())
    assert [each.ordinal for each in found.remittances] == [1, 2]
    assert len({each.content_sha256 for each in found.remittances}) == 2


@settings(max_examples=300)
@given(st.binary(max_size=400))
def test_random_bytes_raise_nothing(content: bytes) -> None:
    assert not read(content).is_readable


@settings(max_examples=300)
@given(st.data())
def test_a_damaged_file_raises_nothing(data: st.DataObject) -> None:
    whole = bytearray(EMPTY_835.encode())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    found = read(bytes(whole[:cut]))
    assert "reader-failed" not in {each.code for each in found.findings}


@pytest.mark.parametrize(
    ("payer", "routed", "registered", "expected"),
    [
        (Payer("P", id="PLAN1"), ["DEMO1"], ["PLAN1"], "PLAN1"),
        (Payer("P", references=(Reference("2U", "DEMO2"),)), ["DEMO1", "DEMO2"], [], "DEMO2"),
        (Payer("P"), ["DEMO1", "DEMO1"], [], "DEMO1"),
        (Payer("P"), ["DEMO1", "DEMO2"], [], "1999999999"),
        (Payer("P", references=(Reference("2U", "SELF"),)), [], [], "SELF"),
        (Payer("P"), [], [], "1999999999"),
    ],
)
def test_a_payer_is_known_by_its_ids_or_by_its_claims(
    payer: Payer, routed: list[str], registered: list[str], expected: str
) -> None:
    assert payer_of(payer, "1999999999", routed=routed, registered=registered) == expected
