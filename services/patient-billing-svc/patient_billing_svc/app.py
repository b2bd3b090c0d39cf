"""patient-billing-svc: what the payers left for the patient, billed once and to the cent."""

from pathlib import Path

from patient_billing_svc.api import router
from patient_billing_svc.handlers import subscriptions
from rcm.migrations import LEDGER
from rcm.service import create_service

service = create_service(
    "patient-billing-svc",
    router=router,
    subscriptions=subscriptions,
    migrations=[LEDGER, Path(__file__).parent.parent / "migrations"],
)
