"""Partners, submissions, transmissions, raw interchanges, acknowledgments, remittances."""

from rcm.migrations import protect, script

revision = "payer_gateway_0001"
down_revision = None
branch_labels = ("payer_gateway",)
depends_on = None

PARTNERS = """
CREATE TABLE trading_partner (
  tenant_id uuid NOT NULL,
  partner_id uuid NOT NULL,
  name text NOT NULL,
  submitter_id text NOT NULL,
  submitter_name text NOT NULL,
  submitter_contact text NOT NULL,
  submitter_phone text NOT NULL,
  receiver_id text NOT NULL,
  receiver_name text NOT NULL,
  sender_qualifier text NOT NULL,
  receiver_qualifier text NOT NULL,
  usage_indicator text NOT NULL CHECK (usage_indicator IN ('T', 'P')),
  transport text NOT NULL,
  base_url text NOT NULL,
  credentials bytea,
  active boolean NOT NULL,
  claims_per_set integer NOT NULL CHECK (claims_per_set BETWEEN 1 AND 5000),
  send_after_s integer NOT NULL CHECK (send_after_s >= 0),
  collect_every_s integer NOT NULL CHECK (collect_every_s >= 0),
  file_answer_due_s integer NOT NULL CHECK (file_answer_due_s > 0),
  clearinghouse_answer_due_s integer NOT NULL CHECK (clearinghouse_answer_due_s > 0),
  payer_answer_due_s integer NOT NULL CHECK (payer_answer_due_s > 0),
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, partner_id),
  CONSTRAINT trading_partner_name UNIQUE (tenant_id, name)
);
-- How the connection to a partner fares; apart from the partner because jobs write it all day.
CREATE TABLE partner_link (
  tenant_id uuid NOT NULL,
  partner_id uuid NOT NULL,
  inbound_cursor text NOT NULL DEFAULT '',
  flush_requested_at timestamptz,
  polled_at timestamptz,
  failures integer NOT NULL DEFAULT 0,
  retry_at timestamptz,
  last_error text,
  PRIMARY KEY (tenant_id, partner_id),
  FOREIGN KEY (tenant_id, partner_id) REFERENCES trading_partner
);
-- ISA13 and GS06: given out once, under this row's lock, and never again.
CREATE TABLE control_number (
  tenant_id uuid NOT NULL,
  partner_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('interchange', 'group')),
  last_number bigint NOT NULL CHECK (last_number BETWEEN 0 AND 999999999),
  PRIMARY KEY (tenant_id, partner_id, kind),
  FOREIGN KEY (tenant_id, partner_id) REFERENCES trading_partner
);
CREATE TABLE payer (
  tenant_id uuid NOT NULL,
  payer_id text NOT NULL,
  name text NOT NULL,
  partner_id uuid NOT NULL,
  version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, payer_id),
  FOREIGN KEY (tenant_id, partner_id) REFERENCES trading_partner
);
CREATE INDEX payer_partner ON payer (tenant_id, partner_id);
"""

INTERCHANGES = """
-- A file as it travelled. Its bytes lie in the chunks, stored before anything reads them.
CREATE TABLE interchange (
  tenant_id uuid NOT NULL,
  interchange_id uuid NOT NULL,
  direction text NOT NULL CHECK (direction IN ('sent', 'received')),
  partner_id uuid,
  file_name text NOT NULL,
  sha256 bytea NOT NULL,
  size_bytes bigint NOT NULL,
  kind text,
  control_number text,
  status text NOT NULL CHECK (status IN ('written', 'stored', 'read', 'duplicate', 'unreadable')),
  duplicate_of uuid,
  stored_at timestamptz NOT NULL,
  read_at timestamptz,
  PRIMARY KEY (tenant_id, interchange_id),
  CONSTRAINT interchange_once
    UNIQUE NULLS NOT DISTINCT (tenant_id, direction, partner_id, file_name, sha256)
);
CREATE INDEX interchange_waiting ON interchange (tenant_id, interchange_id)
  WHERE status = 'stored';
CREATE INDEX interchange_content ON interchange (tenant_id, sha256);
-- At most 1 MiB of the file each: compressed, then sealed under the tenant's key.
CREATE TABLE interchange_chunk (
  tenant_id uuid NOT NULL,
  interchange_id uuid NOT NULL,
  chunk_number integer NOT NULL,
  content bytea NOT NULL,
  PRIMARY KEY (tenant_id, interchange_id, chunk_number),
  FOREIGN KEY (tenant_id, interchange_id) REFERENCES interchange
);
ALTER TABLE interchange_chunk ALTER COLUMN content SET STORAGE EXTERNAL;
-- What is wrong with something received, for a person to work.
CREATE TABLE finding (
  tenant_id uuid NOT NULL,
  finding_id uuid NOT NULL,
  interchange_id uuid NOT NULL,
  remittance_id uuid,
  claim_ordinal integer,
  code text NOT NULL,
  severity text NOT NULL,
  message text NOT NULL,
  location text,
  found_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, finding_id),
  FOREIGN KEY (tenant_id, interchange_id) REFERENCES interchange
);
CREATE INDEX finding_interchange ON finding (tenant_id, interchange_id);
CREATE INDEX finding_remittance ON finding (tenant_id, remittance_id)
  WHERE remittance_id IS NOT NULL;
"""

SUBMISSIONS = """
-- The intent to send one file, committed before the act: numbers, name and bytes are fixed here.
CREATE TABLE transmission (
  tenant_id uuid NOT NULL,
  transmission_id uuid NOT NULL,
  partner_id uuid NOT NULL,
  interchange_id uuid NOT NULL,
  file_name text NOT NULL,
  interchange_control_number text NOT NULL,
  group_control_number text NOT NULL,
  status text NOT NULL
    CHECK (status IN ('sending', 'sent', 'refused', 'accepted', 'partially_accepted', 'rejected')),
  set_count integer NOT NULL,
  claim_count integer NOT NULL,
  charge_cents bigint NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  last_error text,
  written_at timestamptz NOT NULL,
  sent_at timestamptz,
  answered_at timestamptz,
  PRIMARY KEY (tenant_id, transmission_id),
  FOREIGN KEY (tenant_id, partner_id) REFERENCES trading_partner,
  FOREIGN KEY (tenant_id, interchange_id) REFERENCES interchange,
  CONSTRAINT transmission_file_name UNIQUE (tenant_id, partner_id, file_name),
  CONSTRAINT transmission_interchange_number
    UNIQUE (tenant_id, partner_id, interchange_control_number),
  CONSTRAINT transmission_group_number UNIQUE (tenant_id, partner_id, group_control_number)
);
CREATE INDEX transmission_unsent ON transmission (tenant_id, partner_id, transmission_id)
  WHERE status = 'sending';
-- One attempt to bring one claim to its payer. `claim` is the event as it came, its person block
-- still sealed; it is let go once a hop that looks at claims has answered.
CREATE TABLE submission (
  tenant_id uuid NOT NULL,
  submission_id uuid NOT NULL,
  claim_id uuid NOT NULL,
  source_event_id uuid NOT NULL,
  correlation_id text NOT NULL,
  patient_control_number text NOT NULL,
  payer_id text NOT NULL,
  billing_npi text NOT NULL,
  frequency_code text NOT NULL,
  charge_cents bigint NOT NULL,
  status text NOT NULL,
  claim text,
  transmission_id uuid,
  set_control_number text,
  batch_reference text,
  payer_claim_number text,
  reason text,
  overdue_hop text,
  queued_at timestamptz NOT NULL,
  sent_at timestamptz,
  changed_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, submission_id),
  CONSTRAINT submission_source UNIQUE (tenant_id, source_event_id),
  FOREIGN KEY (tenant_id, transmission_id) REFERENCES transmission
);
CREATE INDEX submission_claim ON submission (tenant_id, claim_id);
CREATE INDEX submission_control_number ON submission (tenant_id, patient_control_number);
-- A claim waits once: the newest version of it.
CREATE UNIQUE INDEX submission_waits_once ON submission (tenant_id, claim_id)
  WHERE status = 'queued';
-- By payer first, so that without statistics nobody takes it for a lookup by tenant and claim.
CREATE INDEX submission_queue ON submission (payer_id, tenant_id, queued_at)
  WHERE status = 'queued';
CREATE INDEX submission_set ON submission (tenant_id, transmission_id, set_control_number)
  WHERE transmission_id IS NOT NULL;
CREATE INDEX submission_batch ON submission (tenant_id, batch_reference)
  WHERE batch_reference IS NOT NULL;
CREATE INDEX submission_waiting ON submission (tenant_id, changed_at)
  WHERE status IN ('sent', 'file_accepted', 'clearinghouse_accepted');
"""

ANSWERS = """
CREATE TABLE acknowledgment (
  tenant_id uuid NOT NULL,
  acknowledgment_id uuid NOT NULL,
  interchange_id uuid NOT NULL,
  transmission_id uuid,
  kind text NOT NULL CHECK (kind IN ('TA1', '999', '277CA')),
  hop text NOT NULL,
  outcome text NOT NULL CHECK (outcome IN ('accepted', 'partially_accepted', 'rejected')),
  reference text NOT NULL,
  accepted_count integer NOT NULL,
  rejected_count integer NOT NULL,
  received_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, acknowledgment_id),
  FOREIGN KEY (tenant_id, interchange_id) REFERENCES interchange,
  FOREIGN KEY (tenant_id, transmission_id) REFERENCES transmission
);
CREATE INDEX acknowledgment_transmission ON acknowledgment (tenant_id, transmission_id);
-- What an acknowledgment said of one claim; the proof of timely filing.
CREATE TABLE acknowledged_claim (
  tenant_id uuid NOT NULL,
  acknowledgment_id uuid NOT NULL,
  submission_id uuid NOT NULL,
  accepted boolean NOT NULL,
  status_codes jsonb NOT NULL,
  payer_claim_number text,
  PRIMARY KEY (tenant_id, acknowledgment_id, submission_id),
  FOREIGN KEY (tenant_id, acknowledgment_id) REFERENCES acknowledgment,
  FOREIGN KEY (tenant_id, submission_id) REFERENCES submission
);
CREATE INDEX acknowledged_claim_submission ON acknowledged_claim (tenant_id, submission_id);
CREATE TABLE remittance (
  tenant_id uuid NOT NULL,
  remittance_id uuid NOT NULL,
  interchange_id uuid NOT NULL,
  set_ordinal integer NOT NULL,
  status text NOT NULL CHECK (status IN ('reported', 'held', 'duplicate')),
  duplicate_of uuid,
  payer_id text NOT NULL,
  payer_name text NOT NULL,
  originating_company_id text NOT NULL,
  trace_number text NOT NULL,
  payment_cents bigint NOT NULL,
  payment_method text NOT NULL,
  effective_on date,
  claim_count integer NOT NULL,
  claim_paid_cents bigint NOT NULL,
  provider_adjustment_cents bigint NOT NULL,
  provider_adjustments jsonb NOT NULL,
  content_sha256 bytea NOT NULL,
  received_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, remittance_id),
  FOREIGN KEY (tenant_id, interchange_id) REFERENCES interchange,
  CONSTRAINT remittance_set UNIQUE (tenant_id, interchange_id, set_ordinal)
);
-- One payment is reported once, whatever file, name or control number it comes back under.
CREATE UNIQUE INDEX remittance_payment ON remittance
  (tenant_id, originating_company_id, trace_number, effective_on, payment_cents)
  NULLS NOT DISTINCT WHERE status = 'reported';
CREATE INDEX remittance_status ON remittance (tenant_id, status, remittance_id);
CREATE TABLE remittance_claim (
  tenant_id uuid NOT NULL,
  remittance_id uuid NOT NULL,
  ordinal integer NOT NULL,
  patient_control_number text NOT NULL,
  submission_id uuid,
  payer_claim_number text,
  claim_status_code text NOT NULL,
  charge_cents bigint NOT NULL,
  paid_cents bigint NOT NULL,
  adjusted_cents bigint NOT NULL,
  PRIMARY KEY (tenant_id, remittance_id, ordinal),
  FOREIGN KEY (tenant_id, remittance_id) REFERENCES remittance
);
CREATE INDEX remittance_claim_number ON remittance_claim (tenant_id, patient_control_number);
"""

PRIVILEGES = {
    "trading_partner": "SELECT, INSERT, UPDATE",
    "partner_link": "SELECT, INSERT, UPDATE",
    "control_number": "SELECT, INSERT, UPDATE",
    "payer": "SELECT, INSERT, UPDATE",
    "interchange": "SELECT, INSERT, UPDATE",
    "interchange_chunk": "SELECT, INSERT",
    "finding": "SELECT, INSERT",
    "transmission": "SELECT, INSERT, UPDATE",
    "submission": "SELECT, INSERT, UPDATE",
    "acknowledgment": "SELECT, INSERT",
    "acknowledged_claim": "SELECT, INSERT",
    "remittance": "SELECT, INSERT",
    "remittance_claim": "SELECT, INSERT",
}


def upgrade() -> None:
    for part in (PARTNERS, INTERCHANGES, SUBMISSIONS, ANSWERS):
        script(part)
    for table, privileges in PRIVILEGES.items():
        protect(table, app=privileges)
