"""Questions to payers about coverages (270) and claims (276), and when to ask by itself."""

from rcm.migrations import protect, script

revision = "payer_gateway_0005"
down_revision = "payer_gateway_0004"
branch_labels = None
depends_on = None

INQUIRIES = """
-- A question. `question` and `answer` name a person and are sealed; a 276 has no question of its
-- own, the claim that it asks about is with its submission.
CREATE TABLE inquiry (
  tenant_id uuid NOT NULL,
  inquiry_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('270', '276')),
  origin text NOT NULL CHECK (origin IN ('request', 'follow_up')),
  payer_id text NOT NULL,
  partner_id uuid NOT NULL,
  receiver_payer_id text NOT NULL,
  trace_number text NOT NULL,
  status text NOT NULL CHECK (status IN ('queued', 'asked', 'answered', 'failed')),
  mode text CHECK (mode IN ('real_time', 'batch')),
  question bytea,
  answer bytea,
  attempts integer NOT NULL DEFAULT 0,
  next_attempt_at timestamptz,
  transmission_id uuid,
  set_control_number text,
  answer_interchange_id uuid,
  reason_code text,
  reason text,
  created_at timestamptz NOT NULL,
  asked_at timestamptz,
  answered_at timestamptz,
  PRIMARY KEY (tenant_id, inquiry_id),
  CONSTRAINT inquiry_trace UNIQUE (tenant_id, trace_number),
  FOREIGN KEY (tenant_id, partner_id) REFERENCES trading_partner,
  FOREIGN KEY (tenant_id, transmission_id) REFERENCES transmission
);
-- By partner first, so that without statistics nobody takes it for a lookup by tenant.
CREATE INDEX inquiry_open ON inquiry (partner_id, tenant_id, next_attempt_at)
  WHERE status IN ('queued', 'asked');
CREATE INDEX inquiry_transmission ON inquiry (tenant_id, transmission_id)
  WHERE transmission_id IS NOT NULL;
CREATE TABLE eligibility_check (
  tenant_id uuid NOT NULL,
  inquiry_id uuid NOT NULL,
  patient_id uuid,
  provider_npi text NOT NULL,
  service_date date NOT NULL,
  service_type_codes text[] NOT NULL,
  coverage_status text CHECK (coverage_status IN ('active', 'inactive', 'unclear', 'rejected')),
  error_codes text[] NOT NULL DEFAULT '{{}}',
  PRIMARY KEY (tenant_id, inquiry_id),
  FOREIGN KEY (tenant_id, inquiry_id) REFERENCES inquiry
);
CREATE INDEX eligibility_check_patient ON eligibility_check (tenant_id, patient_id)
  WHERE patient_id IS NOT NULL;
CREATE TABLE claim_status_inquiry (
  tenant_id uuid NOT NULL,
  inquiry_id uuid NOT NULL,
  claim_id uuid NOT NULL,
  submission_id uuid NOT NULL,
  patient_control_number text NOT NULL,
  next_step text,
  respond_by date,
  report jsonb,
  PRIMARY KEY (tenant_id, inquiry_id),
  FOREIGN KEY (tenant_id, inquiry_id) REFERENCES inquiry,
  FOREIGN KEY (tenant_id, submission_id) REFERENCES submission
);
CREATE INDEX claim_status_inquiry_claim ON claim_status_inquiry (tenant_id, claim_id);
CREATE INDEX claim_status_inquiry_submission ON claim_status_inquiry (tenant_id, submission_id);
CREATE INDEX claim_status_inquiry_step ON claim_status_inquiry (tenant_id, next_step, inquiry_id)
  WHERE next_step IS NOT NULL;
"""

FOLLOW_UP = """
-- When claims of a payer are asked about by themselves; without a row the product's own terms hold.
CREATE TABLE follow_up_term (
  tenant_id uuid NOT NULL,
  payer_id text NOT NULL,
  after_days integer CHECK (after_days BETWEEN 1 AND 365),
  every_days integer NOT NULL CHECK (every_days BETWEEN 1 AND 365),
  information_due_days integer NOT NULL CHECK (information_due_days BETWEEN 1 AND 365),
  version integer NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, payer_id),
  FOREIGN KEY (tenant_id, payer_id) REFERENCES payer
);
-- Accepted and never asked about, by the day of the acceptance; and those whose day is set.
CREATE INDEX submission_silent ON submission (tenant_id, changed_at)
  WHERE follow_up_at IS NULL AND NOT follow_up_ended
    AND status IN ('clearinghouse_accepted', 'payer_accepted');
CREATE INDEX submission_follow_up ON submission (tenant_id, follow_up_at)
  WHERE follow_up_at IS NOT NULL AND NOT follow_up_ended;
-- Rejected sendings whose sealed claim may go once a newer one has replaced them.
CREATE INDEX submission_rejected ON submission (tenant_id, changed_at)
  WHERE claim IS NOT NULL
    AND status IN ('file_rejected', 'clearinghouse_rejected', 'payer_rejected');
ALTER TABLE trading_partner
  ADD COLUMN real_time_inquiries boolean NOT NULL DEFAULT true,
  ADD COLUMN send_999 boolean NOT NULL DEFAULT false,
  ADD COLUMN send_ta1 boolean NOT NULL DEFAULT false;
-- Asking in real time fails for itself: a partner that does not answer may still take files.
ALTER TABLE partner_link
  ADD COLUMN ask_failures integer NOT NULL DEFAULT 0,
  ADD COLUMN ask_retry_at timestamptz;
-- A real-time question is an intent like any other, but no file that the sending job delivers.
ALTER TABLE transmission
  ADD COLUMN mode text NOT NULL DEFAULT 'batch' CHECK (mode IN ('batch', 'real_time'));
"""

PRIVILEGES = {
    "inquiry": "SELECT, INSERT, UPDATE",
    "eligibility_check": "SELECT, INSERT, UPDATE",
    "claim_status_inquiry": "SELECT, INSERT, UPDATE",
    "follow_up_term": "SELECT, INSERT, UPDATE",
}


def upgrade() -> None:
    for part in (INQUIRIES, FOLLOW_UP):
        script(part)
    for table, privileges in PRIVILEGES.items():
        protect(table, app=privileges)
