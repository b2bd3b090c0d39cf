"""Which account pays which, as a table."""

from uuid import UUID

import pytest

from rcm.ledger.moves import (
    PatientClaim,
    PayerClaim,
    Postings,
    Remittance,
    refund_paid,
    refund_promised,
    settled,
    within,
)

CLAIM = PayerClaim(UUID(int=1), "DEMO1")
PATIENT = PatientClaim(UUID(int=1), UUID(int=2))
REMIT = Remittance("DEMO1", "TRN1")
CAUSE = REMIT.cause(1, "CO", "45")


@pytest.mark.parametrize(
    ("postings", "expected"),
    [
        (CLAIM.charged(5, 1), "AR_PAYER<REVENUE 5"),
        (CLAIM.paid(5, REMIT, 1), "REMIT_CLEARING<AR_PAYER 5"),
        (CLAIM.paid(-5, REMIT, 1), "AR_PAYER<REMIT_CLEARING 5"),
        (CLAIM.overpaid(5, REMIT), "REMIT_CLEARING<UNAPPLIED 5"),
        (CLAIM.contractual(5, CAUSE), "ADJ_CONTRACTUAL<AR_PAYER 5"),
        (CLAIM.contractual(-5, CAUSE), "AR_PAYER<ADJ_CONTRACTUAL 5"),
        (CLAIM.written_off(5, "charity"), "ADJ_OTHER<AR_PAYER 5"),
        (CLAIM.passed_to_patient(5), "PATIENT_TRANSFER<AR_PAYER 5"),
        (CLAIM.passed_to_payer("DEMO2", 5), "AR_PAYER<AR_PAYER 5"),
        (REMIT.adjusted("WO", "1", 5), "PROVIDER_ADJ<REMIT_CLEARING 5"),
        (REMIT.adjusted("FB", "1", -5), "REMIT_CLEARING<PROVIDER_ADJ 5"),
        (REMIT.adjusted("L6", "", -5), "REMIT_CLEARING<INTEREST_INCOME 5"),
        (
            REMIT.recovered(5, paid_by=Remittance("DEMO1", "TRN0")),
            "REMIT_CLEARING<REMIT_CLEARING 5",
        ),
        (REMIT.took_back(5, CLAIM), "UNAPPLIED<REMIT_CLEARING 5"),
        (REMIT.deposited(5), "CASH<REMIT_CLEARING 5"),
        (PATIENT.share_changed(5, open_cents=0), "AR_PATIENT<PATIENT_TRANSFER 5"),
        (PATIENT.share_changed(-5, open_cents=5), "PATIENT_TRANSFER<AR_PATIENT 5"),
        (
            PATIENT.share_changed(-5, open_cents=2),
            "PATIENT_TRANSFER<AR_PATIENT 2, PATIENT_TRANSFER<UNAPPLIED 3",
        ),
        (PATIENT.share_changed(-5, open_cents=0), "PATIENT_TRANSFER<UNAPPLIED 5"),
        (PATIENT.share_changed(0, open_cents=9), ""),
        (PATIENT.charged(5, 1), "AR_PATIENT<REVENUE 5"),
        (PATIENT.paid(5, "B"), "PSP_CLEARING<AR_PATIENT 5"),
        (PATIENT.paid_ahead(5, "B"), "PSP_CLEARING<UNAPPLIED 5"),
        (PATIENT.applied(5), "UNAPPLIED<AR_PATIENT 5"),
        (PATIENT.written_off(5, "small_balance"), "ADJ_OTHER<AR_PATIENT 5"),
        (refund_promised(PATIENT.unapplied, 5), "UNAPPLIED<REFUND_PAYABLE 5"),
        (refund_paid(PATIENT.unapplied, 5), "REFUND_PAYABLE<CASH 5"),
        (settled(5, settlement="B"), "CASH<PSP_CLEARING 5"),
    ],
)
def test_debit_takes_from_credit(postings: Postings, expected: str) -> None:
    told = ", ".join(f"{leg.debit.code}<{leg.credit.code} {leg.cents}" for leg in postings)
    assert told == expected


def test_a_cause_reaches_the_posting() -> None:
    [leg] = CLAIM.contractual(5, CAUSE)
    assert (leg.line_number, leg.group_code, leg.reason_code, leg.trace_number) == (
        1,
        "CO",
        "45",
        "TRN1",
    )


@pytest.mark.parametrize(
    ("open_cents", "cents", "split"),
    [(100, 60, (60, 0)), (100, 160, (100, 60)), (0, 5, (0, 5)), (-3, 5, (0, 5)), (100, 0, (0, 0))],
)
def test_what_arrives_is_taken_up_to_what_is_open(
    open_cents: int, cents: int, split: tuple[int, int]
) -> None:
    assert within(open_cents, cents) == split


def test_remittances_of_two_payers_never_share_a_trace() -> None:
    assert Remittance("DEMO1", "T").clearing != Remittance("DEMO2", "T").clearing


def test_a_remittance_has_a_trace_number() -> None:
    with pytest.raises(ValueError, match="needs reference"):
        _ = Remittance("DEMO1", "").clearing
