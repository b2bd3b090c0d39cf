"""The chart of accounts in code says what the chart in the schema says."""

import importlib.util
import re
from uuid import UUID

import pytest

from rcm.ids import new_id
from rcm.ledger import Account, AccountCode, account_id
from rcm.ledger.accounts import BOUNDED, NORMAL_DEBIT
from rcm.migrations import LEDGER

CLAIM, PATIENT = UUID(int=1), UUID(int=2)


def schema() -> str:
    spec = importlib.util.spec_from_file_location("ledger_0001", LEDGER / "ledger_0001.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return str(module.ACCOUNTS)


def listed_after(words: str) -> set[str]:
    found = re.search(re.escape(words) + r" \(([^)]*)\)", schema())
    assert found is not None
    return set(re.findall(r"'([A-Z_]+)'", found.group(1)))


def test_the_schema_has_the_same_chart() -> None:
    assert listed_after("CHECK (code IN") == set(AccountCode)
    assert listed_after("ALWAYS AS (code IN") == BOUNDED
    assert listed_after("ALWAYS AS (code NOT IN") == set(AccountCode) - NORMAL_DEBIT


@pytest.mark.parametrize(
    ("code", "dimensions", "complaint"),
    [
        (AccountCode.AR_PAYER, {"claim_id": CLAIM}, "needs payer_id"),
        (AccountCode.AR_PAYER, {"payer_id": "P"}, "needs claim_id"),
        (AccountCode.AR_PAYER, {}, "needs claim_id and payer_id"),
        (AccountCode.AR_PATIENT, {"claim_id": CLAIM}, "needs patient_id"),
        (AccountCode.REMIT_CLEARING, {"payer_id": "P"}, "needs reference"),
        (AccountCode.PATIENT_TRANSFER, {}, "needs claim_id"),
        (AccountCode.UNAPPLIED, {"claim_id": CLAIM}, "needs payer_id or patient_id"),
        (AccountCode.REVENUE, {"payer_id": ""}, "never empty"),
    ],
)
def test_an_account_needs_what_its_code_is_about(
    code: AccountCode, dimensions: dict[str, object], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        Account(code, **dimensions)


def test_the_id_depends_on_tenant_code_and_every_dimension() -> None:
    base = {"claim_id": CLAIM, "payer_id": "P", "patient_id": PATIENT, "reference": "R"}
    changes = [
        {},
        {"claim_id": PATIENT},
        {"payer_id": "Q"},
        {"patient_id": CLAIM},
        {"reference": "S"},
    ]
    accounts = [Account(AccountCode.UNAPPLIED, **(base | change)) for change in changes]
    accounts += [Account(AccountCode.CASH, **base)]
    ids = {account_id(tenant, found) for tenant in (CLAIM, PATIENT) for found in accounts}
    assert len(ids) == 12
    assert account_id(CLAIM, accounts[0]) == account_id(
        CLAIM, Account(AccountCode.UNAPPLIED, **base)
    )


def test_dimensions_do_not_run_into_each_other() -> None:
    one = Account(AccountCode.REVENUE, payer_id="AB", reference="C")
    other = Account(AccountCode.REVENUE, payer_id="A", reference="BC")
    tenant = new_id()
    assert account_id(tenant, one) != account_id(tenant, other)
