"""The order in which a remittance's payments are told: what waits holds up the rest of its claim,
so a correction must not stand before the reversal that makes room for it."""

import pytest

from payer_gateway.domain.remittance import Told, in_posting_order
from rcm.testing.claims import paid_line, payment, reversal_of_payment


def told(*rows: tuple[str, str, int]) -> tuple[Told, ...]:
    """Payments from (claim, CLP02, paid cents) of a charge of 100.00, in the order of the file."""
    found = []
    for ordinal, (claim, status, cents) in enumerate(rows, 1):
        line = paid_line(None, "99213", 10_000, abs(cents), ("CO", "45", 10_000 - abs(cents)))
        paid = payment(claim, line, ordinal=ordinal)
        found.append(reversal_of_payment(paid, ordinal=ordinal) if status == "22" else paid)
    return tuple(Told(*(getattr(each, name) for name in Told._fields)) for each in found)


@pytest.mark.parametrize(
    ("rows", "order"),
    [
        pytest.param([("A", "1", 9_000), ("B", "1", 8_000)], [1, 2], id="nothing-reversed"),
        pytest.param([("A", "22", -9_000), ("A", "1", 7_000)], [1, 2], id="as-it-should-be"),
        pytest.param([("A", "1", 7_000), ("A", "22", -9_000)], [2, 1], id="correction-first"),
        pytest.param([("A", "1", 9_000), ("A", "22", -9_000)], [1, 2], id="taken-back-at-once"),
        pytest.param([("B", "1", 9_000), ("A", "22", -9_000)], [2, 1], id="of-another-claim"),
        pytest.param(
            [("A", "22", -9_000), ("A", "1", 7_000), ("A", "22", -7_000), ("A", "1", 6_000)],
            [1, 2, 3, 4],
            id="corrected-twice",
        ),
    ],
)
def test_a_reversal_goes_before_its_correction(
    rows: list[tuple[str, str, int]], order: list[int]
) -> None:
    assert [each.ordinal for each in in_posting_order(told(*rows))] == order
