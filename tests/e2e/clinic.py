"""Bodies as a clinic's own system sends them. Everything is invented; a test changes one thing."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

Body = dict[str, Any]

FEES_CENTS = {"99213": 12_500, "99214": 20_000, "83036": 3_000}
PAYER = {"payer_id": "DEMO1", "payer_name": "Evergreen Health Plan"}
# Whose claims cannot be saved within `World.refusing_claims`.
REFUSED = {"payer_id": "LATER", "payer_name": "Payer of later"}
ADDRESS: Body = {
    "line_1": "1 Linden Square", "city": "Springfield", "state": "IL", "postal_code": "627010001",
}  # fmt: skip
BILLING: Body = {
    "npi": "1234567893",
    "name": "Lindenfeld Family Clinic",
    "tax_id": "123456789",
    "taxonomy_code": "261QP2300X",
    "address": ADDRESS,
}
RENDERING: Body = {
    "npi": "1000000004",
    "name": "Quinby",
    "first_name": "Alma",
    "taxonomy_code": "207Q00000X",
}


def yesterday() -> date:
    """The day of every visit: not in the future anywhere, and in time for every payer."""
    return datetime.now(UTC).date() - timedelta(days=1)


def person(**changes: Any) -> Body:
    """A person."""
    return {
        "last_name": "Example",
        "first_name": "Pat",
        "birth_date": "1980-05-17",
        "sex": "F",
        "address": ADDRESS,
    } | changes


def patient(**changes: Any) -> Body:
    """A new patient under a number of the clinic's own."""
    return person(external_id=f"p-{uuid4().hex}") | changes


def coverage(**changes: Any) -> Body:
    """The patient's own insurance. The end of the member id asks the payer for an outcome."""
    return {
        "rank": "primary",
        **PAYER,
        "filing_code": "CI",
        "relationship": "self",
        "member_id": f"W{uuid4().int % 10**9:09d}",
    } | changes


def line(procedure_code: str = "99213", **changes: Any) -> Body:
    """One service, priced by the fee schedule."""
    return {
        "procedure_code": procedure_code,
        "diagnosis_pointers": [0],
        "date_of_service": yesterday().isoformat(),
    } | changes


def coding(**changes: Any) -> Body:
    """The coding of one visit, without its patient."""
    return {
        "date_of_service": yesterday().isoformat(),
        "place_of_service_code": "11",
        "billing_provider": BILLING,
        "rendering_provider": RENDERING,
        "coverages": [coverage()],
        "diagnoses": [{"code": "I10", "code_type": "ABK"}],
        "lines": [line()],
    } | changes


def encounter(**changes: Any) -> Body:
    """A visit for `POST /encounters`."""
    return {"external_id": f"e-{uuid4().hex}", "patient": patient(), **coding()} | changes


def bill(**changes: Any) -> Body:
    """An institutional claim of 150.00 for `POST /claims`: a planned visit to a hospital's clinic,
    one line with a procedure and one without."""
    day = yesterday().isoformat()
    lines = [
        {"revenue_code": "0510", "procedure_code": "99213", "charge_amount_cents": 10_000},
        {"revenue_code": "0270", "charge_amount_cents": 5_000},
    ]
    found = claim(
        lines=[{**each, "date_of_service": day} for each in lines],
        institutional={
            "type_of_bill": "131",
            "admission_type_code": "3",
            "patient_status_code": "01",
            "attending_provider": RENDERING,
        },
    )
    del found["place_of_service_code"]
    return found | changes


def claim(**changes: Any) -> Body:
    """A claim for `POST /claims`."""
    return {"external_id": f"c-{uuid4().hex}", "patient": patient(), **coding()} | changes
