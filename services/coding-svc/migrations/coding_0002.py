"""Which releases of code sets a tenant has activated."""

from rcm.migrations import protect, script

revision = "coding_0002"
down_revision = "coding_0001"
branch_labels = None
depends_on = None

# The tables themselves lie in files, named by the release; this says whose claims they judge.
RELEASES = """
CREATE TABLE code_set_release (
  tenant_id uuid NOT NULL,
  release_id uuid NOT NULL,
  kind text NOT NULL,
  release text NOT NULL,
  effective_from date NOT NULL,
  sha256 text NOT NULL CHECK (length(sha256) = 64),
  row_count bigint NOT NULL,
  source_names text NOT NULL,
  loaded_at timestamptz NOT NULL,
  activated_at timestamptz NOT NULL,
  activated_by text NOT NULL,
  PRIMARY KEY (tenant_id, release_id)
);
CREATE INDEX code_set_release_kind ON code_set_release (tenant_id, kind, effective_from);
"""


def upgrade() -> None:
    script(RELEASES)
    protect("code_set_release", app="SELECT, INSERT")
