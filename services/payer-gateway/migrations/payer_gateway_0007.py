"""A transmission that its partner lost knows the one that took its place."""

from rcm.migrations import script

revision = "payer_gateway_0007"
down_revision = "payer_gateway_0006"
branch_labels = None
depends_on = None

REISSUES = """
ALTER TABLE transmission ADD COLUMN reissued_as uuid;
ALTER TABLE transmission ADD CONSTRAINT transmission_reissued_as
  FOREIGN KEY (tenant_id, reissued_as) REFERENCES transmission;
CREATE INDEX transmission_reissue ON transmission (tenant_id, reissued_as)
  WHERE reissued_as IS NOT NULL;
"""


def upgrade() -> None:
    script(REISSUES)
