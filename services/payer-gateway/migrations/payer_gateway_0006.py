"""Money in full: held remittances worked, claims matched, provider adjustments, deposits."""

from rcm.migrations import protect, script

revision = "payer_gateway_0006"
down_revision = "payer_gateway_0005"
branch_labels = None
depends_on = None

# A held remittance ends reported after all, dismissed by a person, or replaced by the payer's own
# correction. A finding is worked like any other exception.
REMITTANCES = """
ALTER TABLE remittance DROP CONSTRAINT remittance_status_check;
ALTER TABLE remittance ADD CONSTRAINT remittance_status_check
  CHECK (status IN ('reported', 'held', 'duplicate', 'dismissed', 'replaced'));
ALTER TABLE remittance
  ADD COLUMN replaced_by uuid,
  ADD COLUMN reason_code text,
  ADD COLUMN recheck_requested_at timestamptz,
  ADD COLUMN version integer NOT NULL DEFAULT 1,
  ADD COLUMN changed_at timestamptz;
CREATE INDEX remittance_to_recheck ON remittance (tenant_id, remittance_id)
  WHERE recheck_requested_at IS NOT NULL;
CREATE INDEX remittance_trace ON remittance (tenant_id, trace_number);
ALTER TABLE finding
  ADD COLUMN level text NOT NULL DEFAULT 'file'
    CHECK (level IN ('file', 'payment', 'claim', 'line')),
  ADD COLUMN stake_cents bigint NOT NULL DEFAULT 0,
  ADD COLUMN resolution_code text,
  ADD COLUMN resolved_by text,
  ADD COLUMN resolved_at timestamptz;
CREATE INDEX finding_open ON finding (tenant_id, found_at, finding_id)
  WHERE remittance_id IS NOT NULL AND resolved_at IS NULL AND severity <> 'info';
ALTER TABLE remittance_claim
  ADD COLUMN matched_by text NOT NULL DEFAULT 'none'
    CHECK (matched_by IN ('control_number', 'payer_claim_number', 'manual', 'none')),
  ADD COLUMN claim_id uuid,
  ADD COLUMN matched_at timestamptz,
  ADD COLUMN matched_actor text,
  ADD COLUMN told_at timestamptz;
UPDATE remittance_claim SET matched_by = 'control_number' WHERE submission_id IS NOT NULL;
CREATE INDEX remittance_claim_unmatched ON remittance_claim (tenant_id, remittance_id, ordinal)
  WHERE matched_by = 'none';
CREATE INDEX remittance_claim_untold ON remittance_claim (tenant_id, remittance_id)
  WHERE matched_by = 'manual' AND told_at IS NULL;
CREATE INDEX submission_payer_number ON submission (tenant_id, payer_claim_number)
  WHERE payer_claim_number IS NOT NULL;
GRANT UPDATE ON remittance, finding, remittance_claim TO {app};
"""

# Each PLB pair of a reported remittance: positive takes money away, negative gives it. `family`
# says what nets out with what: a forwarded balance with its return, a recovery with its notice.
ADJUSTMENTS = """
CREATE TABLE provider_adjustment (
  tenant_id uuid NOT NULL,
  remittance_id uuid NOT NULL,
  ordinal integer NOT NULL CHECK (ordinal >= 1),
  payer_id text NOT NULL,
  provider_npi text NOT NULL,
  family text NOT NULL CHECK (family IN ('forward', 'recovery', 'interest', 'other')),
  reason_code text NOT NULL,
  reference text NOT NULL,
  amount_cents bigint NOT NULL,
  fiscal_period_on date,
  trace_number text NOT NULL,
  effective_on date,
  submission_id uuid,
  claim_id uuid,
  settled_code text,
  settled_by text,
  settled_at timestamptz,
  PRIMARY KEY (tenant_id, remittance_id, ordinal),
  FOREIGN KEY (tenant_id, remittance_id) REFERENCES remittance
);
CREATE INDEX provider_adjustment_balance
  ON provider_adjustment (tenant_id, family, payer_id, provider_npi);
"""

# What the bank saw. The reference is the bank's own: the same one again is the same deposit.
DEPOSITS = """
CREATE TABLE deposit (
  tenant_id uuid NOT NULL,
  deposit_id uuid NOT NULL,
  source text NOT NULL CHECK (source IN ('manual', 'bank_csv', 'nacha')),
  interchange_id uuid,
  bank_reference text NOT NULL CHECK (bank_reference <> ''),
  deposited_on date NOT NULL,
  amount_cents bigint NOT NULL CHECK (amount_cents > 0),
  trace_number text NOT NULL,
  originating_company_id text NOT NULL,
  status text NOT NULL CHECK (status IN ('open', 'matched', 'mismatched')),
  difference_cents bigint,
  remittance_id uuid,
  match_id uuid,
  matched_by text CHECK (matched_by IN ('trace', 'person')),
  matched_at timestamptz,
  manual_only boolean NOT NULL DEFAULT false,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, deposit_id),
  FOREIGN KEY (tenant_id, remittance_id) REFERENCES remittance,
  CONSTRAINT deposit_bank_reference UNIQUE (tenant_id, bank_reference),
  CHECK ((status = 'matched') = (match_id IS NOT NULL)),
  CHECK ((status = 'matched') = (matched_by IS NOT NULL))
);
-- One transfer to one remittance.
CREATE UNIQUE INDEX deposit_remittance ON deposit (tenant_id, remittance_id)
  WHERE status = 'matched';
CREATE INDEX deposit_open ON deposit (tenant_id, deposited_on, deposit_id)
  WHERE status <> 'matched';
CREATE INDEX deposit_trace ON deposit (tenant_id, trace_number);
"""


def upgrade() -> None:
    for part in (REMITTANCES, ADJUSTMENTS, DEPOSITS):
        script(part)
    protect("provider_adjustment", app="SELECT, INSERT, UPDATE")
    protect("deposit", app="SELECT, INSERT, UPDATE")
