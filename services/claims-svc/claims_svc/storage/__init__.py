"""The cellar of claims-svc: tables and queries, in sets; domain values in, domain values out."""

from claims_svc.storage.fees import read_fees, replace_fees, schedules_for
from claims_svc.storage.lists import (
    ClaimFilter,
    DenialFilter,
    DenialRow,
    claim_page,
    decisions_of,
    denial_page,
    history,
    ledger_of,
    summary,
)
from claims_svc.storage.loading import (
    billed_for,
    by_control_number,
    by_encounter,
    by_id,
    charges_of,
    check_external_id,
    claim,
    records,
)
from claims_svc.storage.saving import save

__all__ = [
    "ClaimFilter",
    "DenialFilter",
    "DenialRow",
    "billed_for",
    "by_control_number",
    "by_encounter",
    "by_id",
    "charges_of",
    "check_external_id",
    "claim",
    "claim_page",
    "decisions_of",
    "denial_page",
    "history",
    "ledger_of",
    "read_fees",
    "records",
    "replace_fees",
    "save",
    "schedules_for",
    "summary",
]
