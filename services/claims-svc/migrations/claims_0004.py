"""A claim knows which of the patient's payers it was last made ready for, and a decision keeps its
remark codes, since the next payer is told of them."""

from rcm.migrations import script

revision = "claims_0004"
down_revision = "claims_0003"
branch_labels = None
depends_on = None

PASSING_ON = """
ALTER TABLE claim ADD COLUMN billed_rank text NOT NULL DEFAULT 'primary'
  CHECK (billed_rank IN ('primary', 'secondary', 'tertiary'));
ALTER TABLE adjudication ADD COLUMN remark_codes text NOT NULL DEFAULT '';
"""


def upgrade() -> None:
    script(PASSING_ON)
