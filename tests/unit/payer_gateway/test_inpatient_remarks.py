"""What a first payer says of a stay (MIA) from its 835 to the 837I of the next payer, element by
element: reported, posted, told and written."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
import x12_world as world
from claims_world import World

from payer_gateway.domain import batch
from payer_gateway.domain.claims import translated
from payer_gateway.domain.matching import NO_MATCH
from payer_gateway.domain.outbound import judge
from payer_gateway.domain.partner import Numbers, TradingPartner
from payer_gateway.domain.remittance import Context, payment_of
from payer_gateway.second_opinion import second_opinion
from rcm.contracts.base import Sealed
from rcm.contracts.claims import InstitutionalClaimReady
from rcm.contracts.payer import ClaimPaymentReported
from rcm.contracts.values import Institutional
from rcm.ids import derived_id
from rcm.testing.claims import PRIMARY, SECONDARY, STAY, VISIT, bill_coded, persons, revenue
from rcm.testing.samples import SAMPLES, TENANT
from rcm_x12 import remittance_835
from rcm_x12.remittance_835 import ClaimPayment, InpatientRemarks

INSURED = persons("primary", "secondary")
AT = datetime(2026, 3, 20, 9, 30, tzinfo=UTC)
PARTNER = TradingPartner(
    SAMPLES,
    derived_id(SAMPLES, "partner"),
    "Clearing house",
    "SUB001",
    "Demo Clinic",
    "Billing office",
    "3125550100",
    "RCV001",
    "Clearing House",
    "https://partner.test",
)
# Covered days, lifetime psychiatric days, DRG amount, remarks at MIA05 and MIA20-22, capital.
FULL = (
    "4", "", "0", "8123.45", "MA18", "12.5", "", "300.1", "200", "", "50.05", "", "7.5", "", "",
    "", "", "9.99", "", "N1", "N2", "N4",
)  # fmt: skip
OUTLIER = (FULL[0], "150", *FULL[2:])


def reported(claim: ClaimPayment) -> ClaimPaymentReported:
    """The event of a CLP, out of the bytes of its 835."""
    content = remittance_835.write(world.ENVELOPE, [world.remittance(claim)])
    [found] = remittance_835.read(content).contents
    context = Context(TENANT, derived_id(SAMPLES, "r"), "P1", AT, (NO_MATCH,))
    return payment_of(found, 1, context)


def told(elements: tuple[str, ...], bill: Institutional = STAY) -> tuple[World, str]:
    """A claim whose first payer left 200.00 and said this of it, and the 837I to its second."""
    lines = (revenue("0120", 100_000, units="DA"), revenue("0250", 20_000))
    both = {"coverages": (PRIMARY, SECONDARY), "person": Sealed(value=INSURED)}
    billed = World.from_coding(bill_coded(*lines, bill=bill, **both))
    paid = world.payment(
        billed.claim.patient_control_number, world.service(120_000, ("PR", "2", 20_000))
    )
    whole = replace(
        paid,
        services=(),
        adjustments=paid.services[0].adjustments,
        inpatient_remarks=InpatientRemarks(elements) if elements else None,
    )
    billed.post(reported(whole))
    ready = billed.told(InstitutionalClaimReady)[-1]
    assert ready.coverage == SECONDARY
    claim = translated(ready, INSURED)
    written = batch.write(PARTNER, Numbers(1, 1), {SAMPLES: claim}, at=AT)
    assert judge(written.content, on=AT.date()).is_clean
    assert second_opinion(written.content) == ()
    return billed, written.content.decode("ascii")


def mia(content: str) -> list[tuple[str, ...]]:
    """The elements of every MIA."""
    return [tuple(each.split("*")[1:]) for each in content.split("~") if each.startswith("MIA*")]


@pytest.mark.parametrize(
    ("said", "passed_on"),
    [
        pytest.param(FULL, [FULL], id="amounts and remarks"),
        pytest.param(OUTLIER, [FULL], id="an outlier amount, which an 837I does not take"),
        pytest.param(("4",), [("4",)], id="covered days alone"),
        pytest.param(("4", "150"), [("4",)], id="nothing else but the outlier amount"),
        pytest.param(("0", "", "", "", "MA18"), [("0", "", "", "", "MA18")], id="one remark"),
        pytest.param(("", "", "", "", "MA18"), [], id="covered days are not made up"),
        pytest.param((), [], id="it said nothing"),
    ],
)
def test_the_next_payer_of_a_stay_is_told_what_the_first_one_said(
    said: tuple[str, ...], passed_on: list[tuple[str, ...]]
) -> None:
    billed, content = told(said)
    assert billed.record.decisions[0].inpatient_adjudication == said
    assert mia(content) == passed_on
    assert "~MOA*" not in content


def test_of_a_visit_the_remarks_stand_in_an_moa() -> None:
    """The control: the same answer to a claim that is no stay."""
    _, content = told(FULL, bill=VISIT)
    assert mia(content) == []
    assert "~MOA***MA18*N1*N2*N4~" in content
