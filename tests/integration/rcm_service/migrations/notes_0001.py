"""One table for the small service of these tests."""

from rcm.migrations import protect, script

revision = "notes_0001"
down_revision = None
branch_labels = ("notes",)
depends_on = None


def upgrade() -> None:
    script("""
        CREATE TABLE note (
            tenant_id uuid NOT NULL,
            note_id   uuid NOT NULL,
            body      text NOT NULL CHECK (body <> 'forbidden'),
            version   integer NOT NULL DEFAULT 1,
            PRIMARY KEY (tenant_id, note_id)
        );
    """)
    protect("note", app="SELECT, INSERT, UPDATE, DELETE")
