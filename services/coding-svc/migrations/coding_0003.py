"""Charts, which are encounters that come over the coder's desk, and their documents."""

from rcm.migrations import protect, script

revision = "coding_0003"
down_revision = "coding_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    script(CHARTS)
    script(DOCUMENTS)
    protect("chart", app="SELECT, INSERT, UPDATE")
    protect("chart_history", app="SELECT, INSERT")
    protect("document", app="SELECT, INSERT, UPDATE")
    protect("document_version", app="SELECT, INSERT")


# One chart for each encounter that comes over the desk. `diagnoses` and `lines` are what a coder
# works on; the encounter has what has left. `rank` orders a worklist: a day number, earlier for
# what is worth more, so the order of two charts never changes as they age.
CHARTS = """
CREATE TABLE chart (
  tenant_id uuid NOT NULL,
  encounter_id uuid NOT NULL,
  version integer NOT NULL CHECK (version >= 1),
  stage text NOT NULL
    CHECK (stage IN ('to_code', 'pended', 'queried', 'in_review', 'done', 'voided')),
  kind text NOT NULL,
  is_inpatient boolean NOT NULL,
  setting text NOT NULL,
  contractor text NOT NULL,
  diagnoses jsonb NOT NULL,
  lines jsonb NOT NULL,
  team text NOT NULL,
  assigned_to text NOT NULL,
  boost_days integer NOT NULL,
  rank integer NOT NULL,
  expected_cents bigint NOT NULL CHECK (expected_cents >= 0),
  last_day date NOT NULL,
  pend_reason text NOT NULL,
  pend_until date,
  is_reviewed boolean NOT NULL,
  is_read boolean NOT NULL,
  released_by text NOT NULL,
  begun_at timestamptz,
  work_seconds integer NOT NULL CHECK (work_seconds >= 0),
  received_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, encounter_id),
  FOREIGN KEY (tenant_id, encounter_id) REFERENCES encounter
) WITH (fillfactor = 85);
CREATE INDEX chart_worklist ON chart (tenant_id, stage, rank, encounter_id);
CREATE INDEX chart_unread ON chart (tenant_id, encounter_id) WHERE NOT is_read;
CREATE TABLE chart_history (
  tenant_id uuid NOT NULL,
  encounter_id uuid NOT NULL,
  version integer NOT NULL,
  action text NOT NULL,
  from_stage text,
  to_stage text NOT NULL,
  actor text NOT NULL,
  details jsonb NOT NULL,
  words_sealed bytea,
  work_seconds integer NOT NULL,
  at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, encounter_id, version),
  FOREIGN KEY (tenant_id, encounter_id) REFERENCES chart
);
CREATE INDEX chart_history_at ON chart_history (tenant_id, at);
"""

# A note's text lies sealed; its blind index says whether the same text came again.
DOCUMENTS = """
CREATE TABLE document (
  tenant_id uuid NOT NULL,
  document_id uuid NOT NULL,
  encounter_id uuid NOT NULL,
  external_id_index bytea NOT NULL CHECK (octet_length(external_id_index) = 32),
  kind text NOT NULL,
  version integer NOT NULL CHECK (version >= 1),
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, document_id),
  CONSTRAINT document_external_id UNIQUE (tenant_id, encounter_id, external_id_index),
  FOREIGN KEY (tenant_id, encounter_id) REFERENCES chart
);
CREATE TABLE document_version (
  tenant_id uuid NOT NULL,
  document_id uuid NOT NULL,
  version integer NOT NULL,
  text_sealed bytea NOT NULL,
  text_index bytea NOT NULL CHECK (octet_length(text_index) = 32),
  characters integer NOT NULL,
  author_npi text NOT NULL,
  written_on date,
  received_at timestamptz NOT NULL,
  received_from text NOT NULL,
  PRIMARY KEY (tenant_id, document_id, version),
  FOREIGN KEY (tenant_id, document_id) REFERENCES document
);
"""
