"""The desk: suggestions, overrides, physician queries, rules, reviews and audits."""

from rcm.migrations import protect, script

revision = "coding_0004"
down_revision = "coding_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for tables in (SUGGESTIONS, OVERRIDES, QUERIES, RULES, REVIEWS):
        script(tables)
    protect("suggestion", app="SELECT, INSERT, UPDATE")
    protect("coding_override", app="SELECT, INSERT")
    protect("physician_query", app="SELECT, INSERT, UPDATE")
    protect("physician_query_history", app="SELECT, INSERT")
    protect("desk_rule", app="SELECT, INSERT, UPDATE")
    protect("coding_audit", app="SELECT, INSERT, UPDATE")
    protect("review", app="SELECT, INSERT, UPDATE")


# `detail_sealed` has the reasons, questions and titles, which may quote the note.
SUGGESTIONS = """
CREATE TABLE suggestion (
  tenant_id uuid NOT NULL,
  suggestion_id uuid NOT NULL,
  encounter_id uuid NOT NULL,
  document_id uuid NOT NULL,
  document_version integer NOT NULL,
  code text NOT NULL,
  system text NOT NULL,
  method text NOT NULL,
  assertion text NOT NULL,
  score double precision NOT NULL,
  is_complete boolean NOT NULL,
  release_kind text NOT NULL,
  release text NOT NULL,
  detail_sealed bytea NOT NULL,
  status text NOT NULL
    CHECK (status IN ('open', 'accepted', 'edited', 'rejected', 'superseded')),
  decided_code text NOT NULL,
  reason_code text NOT NULL,
  decided_by text NOT NULL,
  decided_at timestamptz,
  made_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, suggestion_id),
  FOREIGN KEY (tenant_id, document_id, document_version) REFERENCES document_version
);
CREATE INDEX suggestion_chart ON suggestion (tenant_id, encounter_id, score DESC);
CREATE INDEX suggestion_decided ON suggestion (tenant_id, decided_at)
  WHERE decided_at IS NOT NULL;
"""

OVERRIDES = """
CREATE TABLE coding_override (
  tenant_id uuid NOT NULL,
  encounter_id uuid NOT NULL,
  revision integer NOT NULL,
  edit text NOT NULL,
  reason_sealed bytea NOT NULL,
  actor text NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, encounter_id, revision, edit),
  FOREIGN KEY (tenant_id, encounter_id) REFERENCES chart
);
"""

QUERIES = """
CREATE TABLE physician_query (
  tenant_id uuid NOT NULL,
  query_id uuid NOT NULL,
  encounter_id uuid NOT NULL,
  version integer NOT NULL CHECK (version >= 1),
  status text NOT NULL CHECK (status IN ('draft', 'sent', 'answered', 'closed')),
  template text NOT NULL,
  provider_npi text NOT NULL,
  holds_chart boolean NOT NULL,
  outcome text NOT NULL,
  words_sealed bytea NOT NULL,
  written_by text NOT NULL,
  created_at timestamptz NOT NULL,
  sent_at timestamptz,
  answered_at timestamptz,
  closed_at timestamptz,
  PRIMARY KEY (tenant_id, query_id),
  FOREIGN KEY (tenant_id, encounter_id) REFERENCES chart
);
CREATE INDEX physician_query_chart ON physician_query (tenant_id, encounter_id);
CREATE INDEX physician_query_open ON physician_query (tenant_id, status, query_id);
CREATE TABLE physician_query_history (
  tenant_id uuid NOT NULL,
  query_id uuid NOT NULL,
  version integer NOT NULL,
  from_status text,
  to_status text NOT NULL,
  actor text NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, query_id, version),
  FOREIGN KEY (tenant_id, query_id) REFERENCES physician_query
);
"""

RULES = """
CREATE TABLE desk_rule (
  tenant_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('worklist', 'review', 'release')),
  name text NOT NULL,
  position integer NOT NULL,
  is_active boolean NOT NULL,
  criteria jsonb NOT NULL,
  effect jsonb NOT NULL,
  version integer NOT NULL,
  changed_by text NOT NULL,
  changed_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, kind, name)
);
"""

# A review is one reading of one coding by somebody else than who coded it: before it leaves
# (`second_level`), of what a rule let go (`sample`), or as an item of an audit.
REVIEWS = """
CREATE TABLE coding_audit (
  tenant_id uuid NOT NULL,
  audit_id uuid NOT NULL,
  version integer NOT NULL CHECK (version >= 1),
  status text NOT NULL CHECK (status IN ('open', 'closed')),
  plan jsonb NOT NULL,
  population jsonb NOT NULL,
  results jsonb,
  refund_due_on date,
  created_by text NOT NULL,
  created_at timestamptz NOT NULL,
  closed_at timestamptz,
  PRIMARY KEY (tenant_id, audit_id)
);
CREATE TABLE review (
  tenant_id uuid NOT NULL,
  review_id uuid NOT NULL,
  encounter_id uuid NOT NULL,
  revision integer NOT NULL,
  audit_id uuid,
  version integer NOT NULL CHECK (version >= 1),
  kind text NOT NULL CHECK (kind IN ('second_level', 'sample', 'audit')),
  status text NOT NULL
    CHECK (status IN ('open', 'agreed', 'disagreed', 'rebutted', 'resolved')),
  reader integer NOT NULL,
  rule text NOT NULL,
  stratum text NOT NULL,
  weight double precision NOT NULL,
  coder text NOT NULL,
  provider_npi text NOT NULL,
  payer_id text NOT NULL,
  coding jsonb NOT NULL,
  findings jsonb NOT NULL,
  charge_cents bigint NOT NULL,
  paid_cents bigint,
  reviewer text NOT NULL,
  words_sealed bytea,
  opened_at timestamptz NOT NULL,
  reviewed_at timestamptz,
  resolved_at timestamptz,
  PRIMARY KEY (tenant_id, review_id),
  FOREIGN KEY (tenant_id, encounter_id) REFERENCES chart,
  FOREIGN KEY (tenant_id, audit_id) REFERENCES coding_audit
);
CREATE INDEX review_status ON review (tenant_id, status, review_id);
CREATE INDEX review_chart ON review (tenant_id, encounter_id);
CREATE INDEX review_audit ON review (tenant_id, audit_id) WHERE audit_id IS NOT NULL;
"""
