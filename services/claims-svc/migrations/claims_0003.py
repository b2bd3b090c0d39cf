"""A history that also holds what is only reported of a claim: a payer's status, a hop's silence."""

from rcm.migrations import script

revision = "claims_0003"
down_revision = "claims_0002"
branch_labels = None
depends_on = None

HISTORY = """
ALTER TABLE claim_history DROP CONSTRAINT claim_history_axis_check;
ALTER TABLE claim_history ADD CONSTRAINT claim_history_axis_check
  CHECK (axis IN ('lifecycle', 'outcome', 'responsible_party', 'report'));
"""


def upgrade() -> None:
    script(HISTORY)
