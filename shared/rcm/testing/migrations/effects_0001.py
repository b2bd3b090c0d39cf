"""Where the tests' handlers leave their mark: nothing stops a second effect, so that one shows."""

from rcm.migrations import protect, script

revision = "effects_0001"
down_revision = None
branch_labels = ("effects",)
depends_on = None


def upgrade() -> None:
    script("""
        CREATE TABLE effect (
            tenant_id  uuid NOT NULL,
            n          bigint GENERATED ALWAYS AS IDENTITY,
            consumer   text NOT NULL,
            stream     text NOT NULL,
            sequence   bigint NOT NULL,
            event_id   uuid NOT NULL,
            event_type text NOT NULL,
            PRIMARY KEY (tenant_id, n)
        );
    """)
    protect("effect", app="SELECT, INSERT")
