"""A decision on a stay keeps what its payer said of it (MIA): the next payer is told of it."""

from rcm.migrations import script

revision = "claims_0005"
down_revision = "claims_0004"
branch_labels = None
depends_on = None

INPATIENT = """
ALTER TABLE adjudication ADD COLUMN inpatient_adjudication jsonb NOT NULL DEFAULT '[]';
"""


def upgrade() -> None:
    script(INPATIENT)
