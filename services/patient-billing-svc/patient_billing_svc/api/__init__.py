"""The REST API of patients' money: accounts, itemizations, payments, statements."""

from patient_billing_svc.api import accounts, payments, statements
from patient_billing_svc.api.register import router

__all__ = ["accounts", "payments", "router", "statements"]
