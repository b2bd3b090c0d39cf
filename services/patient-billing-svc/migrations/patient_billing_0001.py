"""Accounts, what each claim charges the patient, payments and statements."""

from rcm.migrations import protect, script

revision = "patient_billing_0001"
down_revision = None
branch_labels = ("patient_billing",)
depends_on = None

TABLES = """
-- The amounts repeat the ledger's balances so that lists can be filtered; `GET /summary` proves
-- that they agree.
CREATE TABLE account (
  tenant_id uuid NOT NULL,
  account_id uuid NOT NULL,
  patient_id uuid NOT NULL,
  receivable_cents bigint NOT NULL CHECK (receivable_cents >= 0),
  unapplied_cents bigint NOT NULL CHECK (unapplied_cents >= 0),
  balance_cents bigint NOT NULL GENERATED ALWAYS AS (receivable_cents - unapplied_cents) STORED,
  person bytea,
  version integer NOT NULL DEFAULT 1,
  opened_at timestamptz NOT NULL,
  changed_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, account_id),
  CONSTRAINT account_patient UNIQUE (tenant_id, patient_id)
);
CREATE INDEX account_balance ON account (tenant_id, balance_cents) WHERE balance_cents <> 0;
-- One claim as the patient sees it: the newest decision, and what of it is still open.
CREATE TABLE claim_charge (
  tenant_id uuid NOT NULL,
  claim_id uuid NOT NULL,
  account_id uuid NOT NULL,
  patient_control_number text NOT NULL,
  payer_id text NOT NULL,
  outcome text NOT NULL,
  responsible_party text NOT NULL,
  date_of_service date,
  charge_cents bigint NOT NULL,
  discount_cents bigint NOT NULL,
  plan_paid_cents bigint NOT NULL,
  plan_pending_cents bigint NOT NULL,
  due_cents bigint NOT NULL CHECK (due_cents >= 0),
  open_cents bigint NOT NULL CHECK (open_cents BETWEEN 0 AND due_cents),
  deductible_cents bigint NOT NULL,
  coinsurance_cents bigint NOT NULL,
  copay_cents bigint NOT NULL,
  other_patient_cents bigint NOT NULL,
  claim_adjustments jsonb NOT NULL,
  lines jsonb NOT NULL,
  decided_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, claim_id),
  FOREIGN KEY (tenant_id, account_id) REFERENCES account,
  CONSTRAINT claim_charge_adds_up
    CHECK (charge_cents = discount_cents + plan_paid_cents + plan_pending_cents + due_cents)
);
CREATE INDEX claim_charge_account ON claim_charge (tenant_id, account_id);
CREATE TABLE payment (
  tenant_id uuid NOT NULL,
  payment_id uuid NOT NULL,
  account_id uuid NOT NULL,
  method text NOT NULL,
  external_reference text,
  paid_cents bigint NOT NULL CHECK (paid_cents > 0),
  applied_cents bigint NOT NULL CHECK (applied_cents >= 0),
  unapplied_cents bigint NOT NULL CHECK (unapplied_cents >= 0),
  received_on date NOT NULL,
  recorded_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, payment_id),
  FOREIGN KEY (tenant_id, account_id) REFERENCES account,
  CONSTRAINT payment_adds_up CHECK (paid_cents = applied_cents + unapplied_cents)
);
CREATE UNIQUE INDEX payment_reference ON payment (tenant_id, method, external_reference)
  WHERE external_reference IS NOT NULL;
CREATE INDEX payment_account ON payment (tenant_id, account_id, payment_id);
-- Money of the patient put on a claim: by a payment when it came, or later from unapplied money.
CREATE TABLE allocation (
  tenant_id uuid NOT NULL,
  allocation_id uuid NOT NULL,
  account_id uuid NOT NULL,
  claim_id uuid NOT NULL,
  payment_id uuid,
  cents bigint NOT NULL CHECK (cents <> 0),
  allocated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, allocation_id),
  FOREIGN KEY (tenant_id, account_id) REFERENCES account,
  FOREIGN KEY (tenant_id, payment_id) REFERENCES payment
);
CREATE INDEX allocation_claim ON allocation (tenant_id, claim_id);
CREATE INDEX allocation_payment ON allocation (tenant_id, payment_id) WHERE payment_id IS NOT NULL;
CREATE TABLE statement (
  tenant_id uuid NOT NULL,
  statement_id uuid NOT NULL,
  account_id uuid NOT NULL,
  statement_number integer NOT NULL,
  balance_cents bigint NOT NULL CHECK (balance_cents > 0),
  charges_cents bigint NOT NULL,
  unapplied_cents bigint NOT NULL,
  pending_cents bigint NOT NULL,
  lines jsonb NOT NULL,
  person bytea,
  as_of timestamptz NOT NULL,
  issued_on date NOT NULL,
  due_on date NOT NULL,
  PRIMARY KEY (tenant_id, statement_id),
  FOREIGN KEY (tenant_id, account_id) REFERENCES account,
  CONSTRAINT statement_number_once UNIQUE (tenant_id, account_id, statement_number)
);
"""

PRIVILEGES = {
    "account": "SELECT, INSERT, UPDATE",
    "claim_charge": "SELECT, INSERT, UPDATE",
    "payment": "SELECT, INSERT",
    "allocation": "SELECT, INSERT",
    "statement": "SELECT, INSERT",
}


def upgrade() -> None:
    script(TABLES)
    for table, privileges in PRIVILEGES.items():
        protect(table, app=privileges)
