"""patient-billing-svc over a real database, and the decisions that reach it."""

from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID

import pytest

from patient_billing_svc.app import service
from rcm.contracts.claims import ClaimAdjudicated, ClaimMoney, ClaimReversed
from rcm.ids import derived_id
from rcm.testing.samples import sample
from rcm.testing.service import TENANT, ServiceUnderTest, service_under_test

Decide = Callable[..., ClaimAdjudicated]


@pytest.fixture
async def billing(servers: Any) -> AsyncIterator[ServiceUnderTest]:
    async with service_under_test(service, servers.postgres_admin_url) as found:
        yield found


def claim_id(number: int) -> UUID:
    return derived_id(TENANT, "claim", number)


def patient_id(number: int) -> UUID:
    return derived_id(TENANT, "patient", number)


def adjudicated(due_cents: int, *, claim: int = 1, patient: int = 1, **changes: Any) -> Any:
    """A charge of 200.00, of which the contract took 80.00 and the patient owes `due_cents`."""
    money = ClaimMoney(
        charge_cents=20_000,
        paid_cents=12_000 - due_cents,
        contractual_cents=8_000,
        other_adjustment_cents=0,
        patient_responsibility_cents=due_cents,
        insurance_balance_cents=0,
    )
    fields = {
        "claim_id": claim_id(claim),
        "patient_id": patient_id(patient),
        "patient_due_cents": due_cents,
        "responsible_party": "patient",
        "outcome": "paid",
        "money": money,
    }
    return sample(ClaimAdjudicated, **(fields | changes))


def reversed_claim(due_cents: int = 0, *, claim: int = 1, patient: int = 1) -> ClaimReversed:
    return sample(
        ClaimReversed,
        claim_id=claim_id(claim),
        patient_id=patient_id(patient),
        patient_due_cents=due_cents,
    )
