"""The 835s of a file one at a time: what `read` gives, in memory that does not grow with it."""

import tracemalloc
from dataclasses import replace

import pytest
from x12_world import ENVELOPE, payment, remittance, service

from payer_gateway.domain.inbound import read as read_inbound
from rcm_x12.findings import Finding
from rcm_x12.remittance_835 import read, read_sets, write

LINES = (service(10_000, ("CO", "45", 3_000)), service(5_000, ("PR", "1", 5_000)))


def file_of(sets: int, claims: int) -> bytes:
    found = [
        remittance(*(payment(f"C{number:03d}{at:05d}", *LINES) for at in range(claims)))
        for number in range(sets)
    ]
    traced = [
        replace(each, header=replace(each.header, trace_number=f"EFT{number}"))
        for number, each in enumerate(found)
    ]
    return write(ENVELOPE, traced)


GOOD = file_of(3, 2)


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        GOOD.replace(b"~SE*", b"~", 1),
        GOOD[: len(GOOD) // 2],
        GOOD.replace(b"GE*3*", b"GE*4*"),
        GOOD.replace(b"CLP*C00100000*1*150*", b"CLP*C00100000*1*151*"),
        GOOD + GOOD.replace(b"*000000001*", b"*000000002*"),
        GOOD.replace(b"~", b"\n"),
    ],
    ids=["good", "no SE", "cut", "wrong count", "unbalanced", "two interchanges", "newlines"],
)
def test_one_at_a_time_is_the_same_as_all_at_once(content: bytes) -> None:
    findings: list[Finding] = []
    sets = tuple(read_sets(content, findings))
    whole = read(content)
    assert sets == whole.sets
    assert tuple(findings) == whole.findings
    found = read_inbound(content).remittances
    assert [each.found for each in found] == list(whole.sets)
    assert len(found) == len(whole.sets)
    digests = [each.content_sha256 for each in found]
    assert [each.content_sha256 for each in found] == digests, "every look is the same"


def test_memory_is_that_of_one_set() -> None:
    """Six times the sets are read in less than twice the memory; all at once take more."""
    small, large = file_of(2, 300), file_of(12, 300)

    def peak(content: bytes, *, at_once: bool) -> int:
        tracemalloc.start()
        kept = list(read(content).sets) if at_once else None
        for _ in read_inbound(content).remittances if kept is None else ():
            pass
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    assert peak(large, at_once=False) < 2 * peak(small, at_once=False) + len(large)
    assert peak(large, at_once=True) > 3 * peak(small, at_once=True)
