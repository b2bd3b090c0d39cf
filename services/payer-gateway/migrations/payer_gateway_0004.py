"""Companion guides: payers' and partners' own rules as data."""

from rcm.migrations import protect, script

revision = "payer_gateway_0004"
down_revision = "payer_gateway_0003"
branch_labels = None
depends_on = None

COMPANIONS = """
CREATE TABLE companion_guide (
  tenant_id uuid NOT NULL,
  companion_id uuid NOT NULL,
  name text NOT NULL,
  payer_id text,
  partner_id uuid,
  rules jsonb NOT NULL,
  active boolean NOT NULL,
  version integer NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, companion_id),
  FOREIGN KEY (tenant_id, payer_id) REFERENCES payer,
  FOREIGN KEY (tenant_id, partner_id) REFERENCES trading_partner,
  CONSTRAINT companion_guide_of_one CHECK (num_nonnulls(payer_id, partner_id) = 1)
);
CREATE INDEX companion_guide_partner ON companion_guide (tenant_id, partner_id);
CREATE INDEX companion_guide_payer ON companion_guide (tenant_id, payer_id);
"""


def upgrade() -> None:
    script(COMPANIONS)
    protect("companion_guide", app="SELECT, INSERT, UPDATE, DELETE")
