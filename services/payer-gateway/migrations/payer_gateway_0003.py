"""Connections of every kind, cut-off times, routes, enrollments, companion rules, tests of
connections; and the kind of what is sent."""

from rcm.migrations import protect, script

revision = "payer_gateway_0003"
down_revision = "payer_gateway_0002"
branch_labels = None
depends_on = None

PARTNERS = """
ALTER TABLE trading_partner
  ADD COLUMN connection jsonb NOT NULL DEFAULT '{{}}',
  ADD COLUMN cut_offs text[] NOT NULL DEFAULT '{{}}',
  ADD COLUMN time_zone text NOT NULL DEFAULT 'UTC',
  ADD COLUMN breaker_failures integer NOT NULL DEFAULT 5 CHECK (breaker_failures > 0),
  ADD COLUMN second_opinion boolean NOT NULL DEFAULT false;
ALTER TABLE partner_link ADD COLUMN failed_in text;
-- Somebody asked whether the connection works; a job tries it and says so step by step.
CREATE TABLE connection_test (
  tenant_id uuid NOT NULL,
  test_id uuid NOT NULL,
  partner_id uuid NOT NULL,
  requested_at timestamptz NOT NULL,
  finished_at timestamptz,
  succeeded boolean,
  steps jsonb NOT NULL DEFAULT '[]',
  PRIMARY KEY (tenant_id, test_id),
  FOREIGN KEY (tenant_id, partner_id) REFERENCES trading_partner
);
CREATE INDEX connection_test_open ON connection_test (tenant_id, test_id)
  WHERE finished_at IS NULL;
"""

ROUTES = """
-- Which partner takes a kind of transaction for a payer, and from when to when. Without one the
-- payer's own partner takes it.
CREATE TABLE route (
  tenant_id uuid NOT NULL,
  route_id uuid NOT NULL,
  payer_id text NOT NULL,
  transaction_type text NOT NULL,
  partner_id uuid NOT NULL,
  receiver_payer_id text NOT NULL,
  requires_enrollment boolean NOT NULL,
  effective_from date NOT NULL,
  effective_to date CHECK (effective_to >= effective_from),
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, route_id),
  CONSTRAINT route_begins_once UNIQUE (tenant_id, payer_id, transaction_type, effective_from),
  FOREIGN KEY (tenant_id, payer_id) REFERENCES payer,
  FOREIGN KEY (tenant_id, partner_id) REFERENCES trading_partner
);
CREATE TABLE enrollment (
  tenant_id uuid NOT NULL,
  enrollment_id uuid NOT NULL,
  npi text NOT NULL,
  payer_id text NOT NULL,
  transaction_type text NOT NULL,
  status text NOT NULL,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, enrollment_id),
  CONSTRAINT enrollment_once UNIQUE (tenant_id, npi, payer_id, transaction_type),
  FOREIGN KEY (tenant_id, payer_id) REFERENCES payer
);
CREATE TABLE enrollment_history (
  tenant_id uuid NOT NULL,
  history_id uuid NOT NULL,
  enrollment_id uuid NOT NULL,
  from_status text,
  to_status text NOT NULL,
  reason_code text,
  changed_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, history_id),
  FOREIGN KEY (tenant_id, enrollment_id) REFERENCES enrollment
);
CREATE INDEX enrollment_history_of ON enrollment_history (tenant_id, enrollment_id, history_id);
"""

SENDING = """
ALTER TABLE submission ADD COLUMN kind text NOT NULL DEFAULT '837P';
ALTER TABLE transmission
  ADD COLUMN kind text NOT NULL DEFAULT '837P',
  ADD COLUMN purpose_code text NOT NULL DEFAULT '00';
DROP INDEX submission_queue;
-- By payer first, so that without statistics nobody takes it for a lookup by tenant and claim.
CREATE INDEX submission_queue ON submission (payer_id, tenant_id, kind, queued_at)
  WHERE status = 'queued';
"""

PRIVILEGES = {
    "connection_test": "SELECT, INSERT, UPDATE",
    "route": "SELECT, INSERT, UPDATE, DELETE",
    "enrollment": "SELECT, INSERT, UPDATE",
    "enrollment_history": "SELECT, INSERT",
}


def upgrade() -> None:
    for part in (PARTNERS, ROUTES, SENDING):
        script(part)
    for table, privileges in PRIVILEGES.items():
        protect(table, app=privileges)
