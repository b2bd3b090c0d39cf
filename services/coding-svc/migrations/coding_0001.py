"""Patients (sealed), encounters, the codings that left, and the history of each encounter."""

from rcm.migrations import protect, script

revision = "coding_0001"
down_revision = None
branch_labels = ("coding",)
depends_on = None


def upgrade() -> None:
    script(PATIENTS)
    script(ENCOUNTERS)
    protect("patient", app="SELECT, INSERT, UPDATE")
    protect("encounter", app="SELECT, INSERT, UPDATE")
    protect("encounter_revision", app="SELECT, INSERT")
    protect("encounter_history", app="SELECT, INSERT")


# The outside system's patient number is found by its blind index and kept sealed only.
PATIENTS = """
CREATE TABLE patient (
  tenant_id uuid NOT NULL,
  patient_id uuid NOT NULL,
  external_id_index bytea NOT NULL CHECK (octet_length(external_id_index) = 32),
  external_id_sealed bytea NOT NULL,
  person_sealed bytea NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, patient_id),
  CONSTRAINT patient_external_id UNIQUE (tenant_id, external_id_index)
);
"""

# `coding` holds codes, providers, coverages and dates; names and member ids are in `person_sealed`.
ENCOUNTERS = """
CREATE TABLE encounter (
  tenant_id uuid NOT NULL,
  encounter_id uuid NOT NULL,
  external_id text NOT NULL CHECK (external_id <> ''),
  patient_id uuid NOT NULL,
  status text NOT NULL CHECK (status IN ('draft', 'held', 'coded', 'voided')),
  revision integer NOT NULL CHECK (revision >= 0),
  version integer NOT NULL CHECK (version >= 1),
  date_of_service date NOT NULL,
  coding jsonb NOT NULL,
  findings jsonb NOT NULL,
  person_sealed bytea NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  coded_at timestamptz,
  coded_by text,
  PRIMARY KEY (tenant_id, encounter_id),
  CONSTRAINT encounter_external_id UNIQUE (tenant_id, external_id),
  FOREIGN KEY (tenant_id, patient_id) REFERENCES patient
) WITH (fillfactor = 85);
CREATE INDEX encounter_status ON encounter (tenant_id, status, encounter_id);
CREATE INDEX encounter_patient ON encounter (tenant_id, patient_id, encounter_id);
CREATE TABLE encounter_revision (
  tenant_id uuid NOT NULL,
  encounter_id uuid NOT NULL,
  revision integer NOT NULL CHECK (revision >= 1),
  coding jsonb NOT NULL,
  person_sealed bytea NOT NULL,
  coded_at timestamptz NOT NULL,
  coded_by text NOT NULL,
  PRIMARY KEY (tenant_id, encounter_id, revision),
  FOREIGN KEY (tenant_id, encounter_id) REFERENCES encounter
);
CREATE TABLE encounter_history (
  tenant_id uuid NOT NULL,
  encounter_id uuid NOT NULL,
  version integer NOT NULL,
  from_status text,
  to_status text NOT NULL,
  revision integer NOT NULL,
  actor text NOT NULL,
  reason_sealed bytea,
  at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, encounter_id, version),
  FOREIGN KEY (tenant_id, encounter_id) REFERENCES encounter
);
"""
