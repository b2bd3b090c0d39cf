"""The checker's frame: what is clean stays clean, and every finding has its exact place."""

import pytest
import x12_world as world

from rcm_x12 import ack_999, claim_837p, remittance_835, ta1
from rcm_x12.check import check_file
from rcm_x12.findings import NotX12

CLEAN = {
    "837P": claim_837p.write(world.ENVELOPE, [world.batch(), world.batch()]),
    "835": remittance_835.write(
        world.ENVELOPE, [world.remittance(world.payment("A", world.service(100)))]
    ),
    "999": ack_999.write(
        world.ENVELOPE, [ack_999.Acknowledgment("HC", "1", "005010X222A1", "A", 1, 1, 1)]
    ),
    "TA1": ta1.write(
        world.ENVELOPE, [ta1.InterchangeAcknowledgment("000000123", world.MOMENT, "A")]
    ),
}


@pytest.mark.parametrize("kind", CLEAN)
def test_what_our_writers_write_has_no_finding(kind: str) -> None:
    report = check_file(CLEAN[kind])
    assert report.findings == ()
    assert not report.blocks
    assert {one.content.kind for one in report.sets} == ({kind} if kind != "TA1" else set())


def test_what_is_no_interchange_is_refused() -> None:
    with pytest.raises(NotX12):
        check_file(b"GIF89a")
