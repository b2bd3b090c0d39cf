"""Claims and what moved them, payers' decisions, denials, fee schedules."""

from rcm.migrations import protect, script

revision = "claims_0001"
down_revision = None
branch_labels = ("claims",)
depends_on = None


def upgrade() -> None:
    for tables in (CLAIMS, DECISIONS, DENIALS, FEES):
        script(tables)
    protect("claim", app="SELECT, INSERT, UPDATE")
    protect("claim_encounter", app="SELECT, INSERT")
    protect("claim_history", app="SELECT, INSERT")
    protect("adjudication", app="SELECT, INSERT, UPDATE (reversed_by)")
    protect("denial", app="SELECT, INSERT, UPDATE (resolution, resolved_at)")
    protect("fee", app="SELECT, INSERT, DELETE")


# `content` is what is billed and names no patient; persons are sealed, and so is what people write.
# The money columns add up at every moment; the open balance is in the receivable of
# `holder_payer_id`.
CLAIMS = """
CREATE TABLE claim (
  tenant_id uuid NOT NULL,
  claim_id uuid NOT NULL,
  patient_id uuid NOT NULL,
  patient_control_number text NOT NULL,
  external_id text,
  encounter_ids jsonb NOT NULL,
  encounter_revision integer NOT NULL,
  frequency_code text NOT NULL CHECK (frequency_code IN ('1', '7', '8')),
  replaces_claim_id uuid,
  superseded_by uuid,
  status text NOT NULL CONSTRAINT claim_status CHECK (status IN (
    'draft', 'scrubbing', 'held', 'ready', 'queued', 'submitted', 'file_rejected',
    'clearinghouse_accepted', 'clearinghouse_rejected', 'payer_accepted', 'payer_rejected',
    'pended', 'adjudicated', 'closed', 'voided')),
  outcome text NOT NULL CONSTRAINT claim_outcome CHECK (outcome IN (
    'none', 'paid', 'partially_paid', 'denied', 'reversed')),
  responsible_party text NOT NULL CONSTRAINT claim_responsible_party CHECK (responsible_party IN (
    'primary', 'secondary', 'tertiary', 'patient', 'none')),
  payer_id text,
  provider_npi text NOT NULL,
  procedure_codes text NOT NULL,
  date_of_service date NOT NULL,
  filing_deadline date,
  charge_cents bigint NOT NULL,
  paid_cents bigint NOT NULL,
  contractual_cents bigint NOT NULL,
  other_adjustment_cents bigint NOT NULL,
  patient_responsibility_cents bigint NOT NULL CHECK (patient_responsibility_cents >= 0),
  insurance_balance_cents bigint NOT NULL CHECK (insurance_balance_cents >= 0),
  holder_payer_id text,
  charge_entry_id uuid,
  payer_claim_number text,
  submission_id uuid,
  reported_status text,
  hold_reason_sealed bytea,
  findings jsonb NOT NULL,
  content jsonb NOT NULL,
  person_sealed bytea NOT NULL,
  version integer NOT NULL CHECK (version >= 1),
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, claim_id),
  CONSTRAINT claim_patient_control_number UNIQUE (tenant_id, patient_control_number),
  CONSTRAINT claim_external_id UNIQUE (tenant_id, external_id),
  CONSTRAINT claim_money_adds_up CHECK (charge_cents = paid_cents + contractual_cents
    + other_adjustment_cents + patient_responsibility_cents + insurance_balance_cents)
) WITH (fillfactor = 80);
CREATE INDEX claim_newest ON claim (tenant_id, created_at, claim_id);
CREATE INDEX claim_by_status ON claim (tenant_id, status, created_at, claim_id);
CREATE INDEX claim_by_day ON claim (tenant_id, date_of_service, patient_id);
CREATE TABLE claim_encounter (
  tenant_id uuid NOT NULL,
  encounter_id uuid NOT NULL,
  claim_id uuid NOT NULL,
  PRIMARY KEY (tenant_id, encounter_id, claim_id)
);
CREATE TABLE claim_history (
  tenant_id uuid NOT NULL,
  claim_id uuid NOT NULL,
  version integer NOT NULL,
  position smallint NOT NULL,
  axis text NOT NULL CHECK (axis IN ('lifecycle', 'outcome', 'responsible_party')),
  from_value text,
  to_value text NOT NULL,
  cause_event_id uuid,
  cause_event_type text NOT NULL,
  actor text NOT NULL,
  reason_sealed bytea,
  at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, claim_id, version, position)
);
"""

# One row for each CLP that was posted, reversals included; `reversed_by` is the only later change.
# `adjudication_id` is derived from remittance and ordinal, so the same CLP is the same row.
DECISIONS = """
CREATE TABLE adjudication (
  tenant_id uuid NOT NULL,
  adjudication_id uuid NOT NULL,
  claim_id uuid NOT NULL,
  sequence bigint GENERATED ALWAYS AS IDENTITY,
  remittance_id uuid NOT NULL,
  ordinal integer NOT NULL CHECK (ordinal >= 1),
  kind text NOT NULL CHECK (kind IN ('decision', 'reversal', 'information')),
  rank text NOT NULL CHECK (rank IN ('primary', 'secondary', 'tertiary')),
  payer_id text NOT NULL,
  trace_number text NOT NULL,
  status_code text NOT NULL,
  payer_claim_number text,
  result text NOT NULL CHECK (result IN ('paid', 'partially_paid', 'denied')),
  charge_cents bigint NOT NULL,
  paid_cents bigint NOT NULL,
  contractual_cents bigint NOT NULL,
  denied_cents bigint NOT NULL,
  prior_payer_cents bigint NOT NULL,
  deductible_cents bigint NOT NULL,
  coinsurance_cents bigint NOT NULL,
  copay_cents bigint NOT NULL,
  other_patient_cents bigint NOT NULL,
  asks_another_payer boolean NOT NULL,
  adjustments jsonb NOT NULL,
  lines jsonb NOT NULL,
  matches jsonb NOT NULL,
  effective_on date NOT NULL,
  entry_id uuid,
  reverses uuid,
  reversed_by uuid,
  PRIMARY KEY (tenant_id, claim_id, adjudication_id),
  CONSTRAINT adjudication_adds_up CHECK (charge_cents = paid_cents + contractual_cents
    + denied_cents + prior_payer_cents + deductible_cents + coinsurance_cents + copay_cents
    + other_patient_cents)
);
"""

DENIALS = """
CREATE TABLE denial (
  tenant_id uuid NOT NULL,
  denial_id uuid NOT NULL,
  claim_id uuid NOT NULL,
  adjudication_id uuid NOT NULL,
  payer_id text NOT NULL,
  line_number smallint,
  denied_cents bigint NOT NULL CHECK (denied_cents > 0),
  group_code text NOT NULL,
  reason_code text NOT NULL,
  remark_codes text NOT NULL,
  category text NOT NULL,
  opened_at timestamptz NOT NULL,
  resolution text CHECK (resolution IN ('paid', 'reversed', 'voided')),
  resolved_at timestamptz,
  PRIMARY KEY (tenant_id, claim_id, denial_id),
  CHECK ((resolution IS NULL) = (resolved_at IS NULL))
);
CREATE INDEX denial_worklist ON denial (tenant_id, opened_at, denial_id)
  WHERE resolution IS NULL;
"""

# A rate holds until the next one of the same schedule, code and modifier; no cents end it.
FEES = """
CREATE TABLE fee (
  tenant_id uuid NOT NULL,
  schedule text NOT NULL CHECK (schedule <> ''),
  procedure_code text NOT NULL,
  modifier text NOT NULL,
  effective_from date NOT NULL,
  unit_cents bigint CHECK (unit_cents >= 0),
  PRIMARY KEY (tenant_id, schedule, procedure_code, modifier, effective_from)
);
"""
