"""Payments in the order in which they were recorded, of one account and of all."""

from rcm.migrations import script

revision = "patient_billing_0002"
down_revision = "patient_billing_0001"
branch_labels = None
depends_on = None

INDEXES = """
DROP INDEX payment_account;
CREATE INDEX payment_account ON payment (tenant_id, account_id, recorded_at, payment_id);
CREATE INDEX payment_recorded ON payment (tenant_id, recorded_at, payment_id);
"""


def upgrade() -> None:
    script(INDEXES)
