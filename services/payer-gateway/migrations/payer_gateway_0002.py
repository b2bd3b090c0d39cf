"""What each acknowledgment says in full, and when a claim is asked about."""

from rcm.migrations import script

revision = "payer_gateway_0002"
down_revision = "payer_gateway_0001"
branch_labels = None
depends_on = None

ANSWERS = """
ALTER TABLE acknowledgment
  ADD COLUMN code text NOT NULL DEFAULT '',
  ADD COLUMN note_code text,
  ADD COLUMN source_received_on date,
  ADD COLUMN missing_count integer NOT NULL DEFAULT 0,
  ADD COLUMN moved_count integer NOT NULL DEFAULT 0,
  ADD COLUMN findings jsonb NOT NULL DEFAULT '[]';
ALTER TABLE acknowledged_claim
  ADD COLUMN level text NOT NULL DEFAULT 'claim',
  ADD COLUMN clearinghouse_trace_number text,
  ADD COLUMN effective_on date,
  ADD COLUMN findings jsonb NOT NULL DEFAULT '[]';
"""

FOLLOW_UP = """
-- `claim` stays, sealed, until an 835 answers it: a claim that is silent is asked about by name.
ALTER TABLE submission
  ADD COLUMN follow_up_at timestamptz,
  ADD COLUMN follow_up_ended boolean NOT NULL DEFAULT false;
"""


def upgrade() -> None:
    for part in (ANSWERS, FOLLOW_UP):
        script(part)
