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
from claims_svc.storage.remittances import announce
from claims_svc.storage.saving import save
from claims_svc.storage.unposted import (
    UnpostedFilter,
    keep_unposted,
    posted_keys,
    resolve_unposted,
    unposted_page,
    unposted_totals,
    unposted_with_news,
)

__all__ = [
    "ClaimFilter",
    "DenialFilter",
    "DenialRow",
    "UnpostedFilter",
    "announce",
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
    "keep_unposted",
    "ledger_of",
    "posted_keys",
    "read_fees",
    "records",
    "replace_fees",
    "resolve_unposted",
    "save",
    "schedules_for",
    "summary",
    "unposted_page",
    "unposted_totals",
    "unposted_with_news",
]
