"""Encounters and payments as one clinic and its payers would send them; tests change one thing."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from rcm.contracts.base import Sealed
from rcm.contracts.coding import EncounterCoded, InstitutionalEncounterCoded
from rcm.contracts.payer import ClaimPaymentReported
from rcm.contracts.values import (
    Address,
    Adjustment,
    Coverage,
    Diagnosis,
    Institutional,
    InstitutionalLine,
    LinePayment,
    Member,
    Person,
    Persons,
    Provider,
    ServiceLine,
)
from rcm.ids import derived_id, new_id
from rcm.testing.samples import SAMPLES, TENANT

DAY = date(2026, 3, 2)
MOMENT = datetime(2026, 3, 3, 9, 30, tzinfo=UTC)
ADDRESS = Address(line_1="1 Main Street", city="Springfield", state="IL", postal_code="627010001")
CLINIC = Provider(
    npi="1234567893",
    name="Demo Clinic",
    taxonomy_code="207Q00000X",
    tax_id="123456789",
    address=ADDRESS,
)
PRIMARY = Coverage(rank="primary", payer_id="P1", payer_name="First Health")
SECONDARY = Coverage(rank="secondary", payer_id="P2", payer_name="Second Health")


def persons(*ranks: str) -> Persons:
    """A patient who is the member of each of these coverages."""
    patient = Person(
        last_name="Example",
        first_name="Pat",
        birth_date=date(1980, 5, 17),
        sex="F",
        address=ADDRESS,
    )
    members = tuple(
        Member.model_validate({"rank": rank, "member_id": f"W{position:08d}"})
        for position, rank in enumerate(ranks or ("primary",))
    )
    return Persons(patient=patient, members=members)


def service(code: str, cents: int | None, **changes: Any) -> ServiceLine:
    """A coded line, charged at these cents (None: the fee schedule says)."""
    return ServiceLine(
        procedure_code=code,
        charge_amount_cents=cents,
        diagnosis_pointers=(0,),
        date_of_service=changes.pop("date_of_service", DAY),
        **changes,
    )


def coded(
    *lines: ServiceLine, coverages: Sequence[Coverage] = (PRIMARY,), **changes: Any
) -> EncounterCoded:
    """A coded encounter of a new patient."""
    given: dict[str, Any] = {
        "tenant_id": TENANT,
        "encounter_id": new_id(),
        "patient_id": new_id(),
        "coded_at": MOMENT,
        "coded_by": "coder",
        "date_of_service": DAY,
        "place_of_service_code": "11",
        "billing_provider": CLINIC,
        "coverages": tuple(coverages),
        "diagnoses": (Diagnosis(code="E119", code_type="ABK"),),
        "lines": lines or (service("99213", 12_500),),
        "person": Sealed(value=persons(*(coverage.rank for coverage in coverages))),
    }
    return EncounterCoded(**(given | changes))


DOCTOR = Provider(npi="1000000004", name="Quinby", first_name="Alma", taxonomy_code="207Q00000X")
STAY = Institutional(
    type_of_bill="111",
    admission_date=DAY,
    admission_time="0930",
    discharge_time="1130",
    admission_type_code="1",
    admission_source_code="1",
    patient_status_code="01",
    admitting_diagnosis_code="R079",
    attending_provider=DOCTOR,
)
"""A day in hospital."""
VISIT = Institutional(
    type_of_bill="131",
    admission_type_code="3",
    patient_status_code="01",
    attending_provider=DOCTOR,
)
"""A planned visit to a hospital's clinic."""


def revenue(code: str, cents: int | None, procedure_code: str = "", **changes: Any) -> Any:
    """A line of an institutional bill."""
    return InstitutionalLine(
        revenue_code=code,
        procedure_code=procedure_code,
        charge_amount_cents=cents,
        date_of_service=changes.pop("date_of_service", DAY),
        **changes,
    )


def bill_coded(
    *lines: InstitutionalLine, bill: Institutional = STAY, **changes: Any
) -> InstitutionalEncounterCoded:
    """A coded institutional encounter of a new patient."""
    given: dict[str, Any] = {
        "tenant_id": TENANT,
        "encounter_id": new_id(),
        "patient_id": new_id(),
        "coded_at": MOMENT,
        "coded_by": "coder",
        "date_of_service": DAY,
        "end_date_of_service": DAY,
        "billing_provider": CLINIC,
        "coverages": (PRIMARY,),
        "diagnoses": (Diagnosis(code="E119", code_type="ABK", present_on_admission_indicator="Y"),),
        "lines": lines or (revenue("0120", 100_000, units="DA"), revenue("0250", 20_000)),
        "institutional": bill,
        "person": Sealed(value=persons()),
    }
    return InstitutionalEncounterCoded(**(given | changes))


def cas(*triplets: tuple[str, str, int]) -> tuple[Adjustment, ...]:
    """Adjustments from (group, reason, cents)."""
    return tuple(
        Adjustment(group_code=group, reason_code=reason, amount_cents=cents)
        for group, reason, cents in triplets
    )


def paid_line(
    number: str | None,
    code: str,
    charge_cents: int,
    paid_cents: int,
    *triplets: Any,
    **changes: Any,
) -> LinePayment:
    """One SVC of an 835."""
    given: dict[str, Any] = {
        "line_control_number": number,
        "procedure_code": code,
        "date_of_service": DAY,
        "quantity": Decimal(1),
        "charge_cents": charge_cents,
        "paid_cents": paid_cents,
        "adjustments": cas(*triplets),
    }
    return LinePayment(**(given | changes))


def payment(
    control_number: str, *lines: LinePayment, status: str = "1", **changes: Any
) -> ClaimPaymentReported:
    """One CLP of an 835 whose totals are the sums of its lines."""
    given: dict[str, Any] = {
        "tenant_id": TENANT,
        "remittance_id": derived_id(SAMPLES, "remittance", changes.get("trace_number", "TRN1")),
        "ordinal": 1,
        "patient_control_number": control_number,
        "payer_id": "P1",
        "trace_number": "TRN1",
        "claim_status_code": status,
        "charge_cents": sum(line.charge_cents for line in lines),
        "paid_cents": sum(line.paid_cents for line in lines),
        "payer_claim_number": "ICN1",
        "lines": lines,
        "effective_on": date(2026, 3, 20),
        "reported_at": MOMENT,
    }
    return ClaimPaymentReported(**(given | changes))


def reversal_of_payment(
    original: ClaimPaymentReported, *, trace_number: str = "TRN2", ordinal: int = 1
) -> ClaimPaymentReported:
    """CLP02 22: every charge, payment and adjustment of the original, negated."""
    lines = tuple(
        line.model_copy(
            update={
                "charge_cents": -line.charge_cents,
                "paid_cents": -line.paid_cents,
                "adjustments": _negated(line.adjustments),
            }
        )
        for line in original.lines
    )
    return original.model_copy(
        update={
            "remittance_id": remittance_id(trace_number),
            "ordinal": ordinal,
            "trace_number": trace_number,
            "claim_status_code": "22",
            "charge_cents": -original.charge_cents,
            "paid_cents": -original.paid_cents,
            "adjustments": _negated(original.adjustments),
            "lines": lines,
        }
    )


def remittance_id(trace_number: str) -> UUID:
    """The remittance that `payment` puts a trace number in."""
    return derived_id(SAMPLES, "remittance", trace_number)


def _negated(adjustments: Sequence[Adjustment]) -> tuple[Adjustment, ...]:
    return tuple(
        found.model_copy(update={"amount_cents": -found.amount_cents}) for found in adjustments
    )
