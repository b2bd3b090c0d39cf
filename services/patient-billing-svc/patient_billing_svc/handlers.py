"""A payer has decided, or taken a decision back: the patient's account follows."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from patient_billing_svc.domain import charge as charges
from patient_billing_svc.domain.account import Account, Step, charge
from patient_billing_svc.storage import accounts as storage
from patient_billing_svc.storage import payments
from rcm.contracts.billing import PatientBalanceChanged
from rcm.contracts.claims import ClaimAdjudicated, ClaimReversed
from rcm.db import Tx
from rcm.events import Caused, Received, Subscriptions, publish
from rcm.ledger import Entry, entry_id_of, post
from rcm.security.seal import SealError

subscriptions = Subscriptions("patient-billing-svc")

Decision = ClaimAdjudicated | ClaimReversed
ENTRY_KIND = "patient.share"


@subscriptions.on(ClaimAdjudicated, ClaimReversed)
async def charge_patients(batch: Sequence[Received[Decision]], tx: Tx) -> None:
    """The whole share after each decision; what is posted is the difference to the one before."""
    at = max(_decided_at(each.event) for each in batch)
    work = _Work(
        await storage.open_and_lock(
            tx, [(each.tenant_id, each.event.patient_id) for each in batch], at=at
        ),
        await storage.charges(tx, [(each.tenant_id, each.event.claim_id) for each in batch]),
    )
    for each in batch:
        work.apply(each, tx)
    await storage.save(tx, list(work.accounts.values()), work.persons, at=at)
    await storage.save_charges(tx, work.charges)
    await payments.place(tx, work.placed, at=at)
    await post(tx, work.entries)
    await publish(tx, work.events)


@dataclass(slots=True)
class _Work:
    """What a batch changes, gathered so that each table is written once."""

    accounts: dict[storage.Key, Account]
    """By tenant and patient."""
    charges: dict[storage.Key, charges.Charge]
    """By tenant and claim."""
    entries: list[Entry] = field(default_factory=list)
    events: list[Caused] = field(default_factory=list)
    placed: list[payments.Placed] = field(default_factory=list)
    persons: dict[storage.Key, bytes] = field(default_factory=dict)
    """By tenant and account: the newest of the batch, sealed."""

    def apply(self, received: Received[Decision], tx: Tx) -> None:
        event = received.event
        patient, claim = (event.tenant_id, event.patient_id), (event.tenant_id, event.claim_id)
        account, before = self.accounts[patient], self.charges.get(claim)
        step = charge(account, before, _charge_after(event, account, before))
        self.accounts[patient], self.charges[claim] = step.account, step.charge
        self.placed += [
            payments.Placed(event.tenant_id, account.account_id, each) for each in step.allocations
        ]
        if step.postings:
            self.entries.append(_entry(received, step, tx.actor))
        if step.change_cents:
            self.events.append(received.causes(_balance_changed(event, step)))
        self._keep_person(received, account, tx)

    def _keep_person(self, received: Received[Decision], account: Account, tx: Tx) -> None:
        """Who to bill. Without its key the money is still right; a statement then has no name."""
        if not isinstance(received.event, ClaimAdjudicated):
            return
        assert tx.keyring is not None  # noqa: S101 - every service database has one
        try:
            person = received.open(tx.keyring).patient.model_dump_json().encode()
        except SealError:
            return
        self.persons[account.tenant_id, account.account_id] = storage.seal_person(
            tx.keyring, account.tenant_id, account.account_id, person
        )


def _charge_after(
    event: Decision, account: Account, before: charges.Charge | None
) -> charges.Charge:
    if isinstance(event, ClaimAdjudicated):
        return charges.adjudicated(event, account.account_id, before)
    return charges.reversed_charge(event, account.account_id, before)


def _entry(received: Received[Decision], step: Step, actor: str) -> Entry:
    return Entry(
        entry_id_of(received.event_id, ENTRY_KIND),
        received.tenant_id,
        ENTRY_KIND,
        received.event_id,
        received.event.effective_on,
        actor,
        step.postings,
    )


def _balance_changed(event: Decision, step: Step) -> PatientBalanceChanged:
    return PatientBalanceChanged(
        tenant_id=event.tenant_id,
        account_id=step.account.account_id,
        patient_id=event.patient_id,
        claim_id=event.claim_id,
        change_cents=step.change_cents,
        balance_cents=step.account.balance_cents,
        reason="adjudicated" if isinstance(event, ClaimAdjudicated) else "reversed",
        changed_at=_decided_at(event),
    )


def _decided_at(event: Decision) -> datetime:
    return event.adjudicated_at if isinstance(event, ClaimAdjudicated) else event.reversed_at
