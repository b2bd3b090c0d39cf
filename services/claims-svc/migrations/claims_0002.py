"""Payments that no claim takes yet, and what remittances said of themselves."""

from rcm.migrations import protect, script

revision = "claims_0002"
down_revision = "claims_0001"
branch_labels = None
depends_on = None

# `payment` is the event as it came, which names no patient. The cents stand in the books under the
# payer's unapplied money until a claim takes them.
UNPOSTED = """
CREATE TABLE unposted_payment (
  tenant_id uuid NOT NULL,
  remittance_id uuid NOT NULL,
  ordinal integer NOT NULL CHECK (ordinal >= 1),
  adjudication_id uuid NOT NULL,
  patient_control_number text NOT NULL,
  payer_id text NOT NULL,
  trace_number text NOT NULL,
  payer_claim_number text,
  claim_status_code text NOT NULL,
  charge_cents bigint NOT NULL,
  paid_cents bigint NOT NULL,
  reason text NOT NULL,
  seen_version integer NOT NULL,
  event_id uuid NOT NULL,
  correlation_id text NOT NULL,
  payment text NOT NULL,
  status text NOT NULL CHECK (status IN ('open', 'posted')),
  claim_id uuid,
  found_at timestamptz NOT NULL,
  tried_at timestamptz NOT NULL,
  resolved_at timestamptz,
  PRIMARY KEY (tenant_id, remittance_id, ordinal),
  CHECK ((status = 'posted') = (claim_id IS NOT NULL)),
  CHECK ((status = 'posted') = (resolved_at IS NOT NULL))
);
CREATE INDEX unposted_payment_waiting ON unposted_payment (tenant_id, found_at)
  WHERE status = 'open';
CREATE INDEX adjudication_remittance ON adjudication (tenant_id, remittance_id, ordinal);
"""

# BPR02 as it came: what is posted of a remittance has to add up to it.
ANNOUNCED = """
CREATE TABLE announced_remittance (
  tenant_id uuid NOT NULL,
  remittance_id uuid NOT NULL,
  payer_id text NOT NULL,
  trace_number text NOT NULL,
  payment_cents bigint NOT NULL,
  claim_count integer NOT NULL,
  received_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, remittance_id)
);
"""


def upgrade() -> None:
    script(UNPOSTED)
    script(ANNOUNCED)
    protect("announced_remittance", app="SELECT, INSERT")
    protect("unposted_payment", app="SELECT, INSERT, UPDATE")
