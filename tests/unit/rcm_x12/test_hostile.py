"""Files made to hurt: no reader takes more memory or more than linear time, and all say what is."""

import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from types import ModuleType
from typing import Any

import pytest
import x12_claims
import x12_inquiries as one
import x12_targets
import x12_world as world

from rcm_x12 import (
    ack_999,
    claim_837i,
    claim_837p,
    eligibility_270,
    eligibility_271,
    remittance_835,
    status_276,
    status_277,
    status_277ca,
)
from rcm_x12.findings import Finding, WriteRefused
from rcm_x12.tokenizer import blocks

SEEDS = x12_targets.seeds()
MEMORY_MAX = 40_000_000
"""Bytes that Python may hold at once, some for values, whatever the file's length."""


def flooded(content: bytes, place: bytes, segment: bytes, count: int) -> Iterator[bytes]:
    """The file with so many segments before a place, made as it is read."""
    start = content.index(place)
    yield content[:start]
    for _ in range(count // 1000):
        yield segment * 1000
    yield content[start:]


def peak_of(work: Callable[[], object]) -> int:
    """Bytes that Python held at most."""
    work()
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_million_segments_pass_the_tokenizer_in_constant_memory() -> None:
    source = flooded(SEEDS["835"], b"~SE*", b"~REF*EA*1", 1_000_000)
    tracemalloc.start()
    count = sum(block.count for block in blocks(source, []))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count > 1_000_000
    assert peak < 2_000_000


FLOODS = {
    "CAS": (b"~SVC*", b"~CAS*CO*45*1"),
    "line": (b"~SE*", b"~SVC*HC:99213*1*2"),
    "claim": (b"~SE*", b"~CLP*A*1*150*80*20*12"),
    "PLB": (b"~SE*", b"~PLB*1*20261231*WO:1*0"),
    "stranger": (b"~SE*", b"~ZZZ*1"),
    "group": (b"~CLP*", b"~LX*1"),
}


@pytest.mark.parametrize(("place", "segment"), FLOODS.values(), ids=FLOODS.keys())
def test_a_flood_in_a_remittance_blocks_it(place: bytes, segment: bytes) -> None:
    findings: list[Finding] = []
    source = flooded(SEEDS["835"], place, segment, 40_000)
    items = list(remittance_835.stream(source, findings))
    (trailer,) = [item for item in items if isinstance(item, remittance_835.Trailer)]
    assert not trailer.is_balanced
    assert findings


DATED = b"~DTP*472*D8*20260201"
READERS: dict[str, tuple[ModuleType, bytes, bytes]] = {
    "837p": (claim_837p, b"~SE*", b"~LX*2~SV1*HC:36415*50*UN*1***1"),
    "837i": (claim_837i, b"~SE*", b"~LX*2~SV2*0300*HC:80053*500*UN*1"),
    "999": (ack_999, b"~IK5*", b"~IK3*NM1*9*2010*8"),
    "270": (eligibility_270, b"~SE*", b"~EQ*30"),
    "271": (eligibility_271, b"~SE*", b"~EB*1"),
    "276": (status_276, b"~SE*", b"~SVC*HC:99213*1*****1" + DATED),
    "277": (status_277, b"~SE*", b"~SVC*HC:99213*1*1****1~STC*F1:1*20260201" + DATED),
    "277ca": (status_277ca, b"~SE*", b"~SVC*HC:99213*1*****1~STC*A7:454*20260201*U" + DATED),
}


@pytest.mark.parametrize("kind", READERS)
def test_a_flood_of_loops_is_cut_off_with_an_error(kind: str) -> None:
    package, place, segment = READERS[kind]
    (each,) = package.read(flooded(SEEDS[kind], place, segment, 25_000)).sets
    assert each.is_blocked
    assert "loop-repeat" in {finding.code for finding in each.findings}


@pytest.mark.parametrize("kind", ["835", *READERS])
def test_an_endless_element_is_left_out_of_any_file(kind: str) -> None:
    package = x12_targets.READERS[kind]

    def endless() -> Iterable[bytes]:
        start = SEEDS[kind].index(b"~SE*")
        yield SEEDS[kind][:start] + b"~REF*EA*"
        for _ in range(800):
            yield b"R" * 65536
        yield SEEDS[kind][start:]

    assert peak_of(lambda: package.read(endless())) < MEMORY_MAX  # type: ignore[attr-defined]
    found = package.read(endless()).all_findings  # type: ignore[attr-defined]
    assert "segment-too-long" in {finding.code for finding in found}


@pytest.mark.parametrize("kind", ["835", *READERS])
@pytest.mark.parametrize("version", [b"005010X999A1", b"004010X098", b"", b"../../x"])
def test_a_version_that_is_not_ours_is_not_read_as_ours(kind: str, version: bytes) -> None:
    content = SEEDS[kind]
    start = content.index(b"*X*0050") + 3
    own = content[start : content.index(b"~", start)]
    reading = x12_targets.READERS[kind].read(content.replace(own, version))  # type: ignore[attr-defined]
    # A 999 is read whatever its label says: all are alike.
    assert bool(reading.sets) == (kind == "999")


@pytest.mark.parametrize("kind", ["835", *READERS])
def test_a_file_cut_anywhere_is_read_or_told(kind: str) -> None:
    package, content = x12_targets.READERS[kind], SEEDS[kind]
    for end in range(110, len(content) - 1, 11):
        assert package.read(content[:end]).all_findings  # type: ignore[attr-defined]


INJECTED = "A*B~SE*1"
VALUES: dict[str, tuple[ModuleType, Callable[[str], Any]]] = {
    "837p": (
        claim_837p,
        lambda text: world.batch(world.replace(world.CLAIM, control_number=text)),
    ),
    "837i": (
        claim_837i,
        lambda text: x12_claims.bill(world.replace(x12_claims.BILL, control_number=text)),
    ),
    "835": (
        remittance_835,
        lambda text: world.remittance(world.payment(text, world.service(100))),
    ),
    "270": (eligibility_270, lambda text: world.replace(one.ELIGIBILITY, reference=text)),
    "271": (
        eligibility_271,
        lambda text: world.replace(one.answer(*one.BENEFITS), reference=text),
    ),
    "276": (status_276, lambda text: world.replace(one.STATUS_INQUIRY, reference=text)),
    "277": (
        status_277,
        lambda text: world.replace(one.told(one.PENDING), reference=text),
    ),
    "999": (
        ack_999,
        lambda text: ack_999.Acknowledgment("HC", text, "005010X222A1", "A", 1, 1, 1),
    ),
}


@pytest.mark.parametrize("kind", VALUES)
@pytest.mark.parametrize("text", [INJECTED, "A:B", "A^B", "A\nB~", "\u65e5\u672c"])
def test_no_text_breaks_out_of_its_element(kind: str, text: str) -> None:
    package, value = VALUES[kind]
    assert package.write(world.ENVELOPE, [value("1")])
    with pytest.raises(WriteRefused) as refused:
        package.write(world.ENVELOPE, [value(text)])
    assert text not in str(refused.value)
