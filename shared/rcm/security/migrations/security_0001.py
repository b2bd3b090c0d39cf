"""Tenants, the audit chain, and first responses to idempotent requests."""

from rcm.migrations import protect, script

revision = "security_0001"
down_revision = None
branch_labels = ("security",)
depends_on = None


def upgrade() -> None:
    _tenant()
    _audit()
    _idempotency_key()


def _tenant() -> None:
    """The directory is read across tenants (jobs ask who is active) but written only as oneself, so
    it has its own policies in place of `protect`."""
    script("""
        CREATE TABLE tenant (
            tenant_id  uuid PRIMARY KEY,
            name_code  text NOT NULL CHECK (name_code ~ '^[a-z0-9][a-z0-9-]{{0,62}}$'),
            status     text NOT NULL DEFAULT 'active'
                       CHECK (status IN ('active', 'suspended', 'closed')),
            created_at timestamptz NOT NULL DEFAULT now(),
            changed_at timestamptz NOT NULL DEFAULT now()
        );
        ALTER TABLE tenant ENABLE ROW LEVEL SECURITY;
        ALTER TABLE tenant FORCE ROW LEVEL SECURITY;
        CREATE POLICY directory ON tenant FOR SELECT TO {app} USING (true);
        CREATE POLICY register ON tenant FOR INSERT TO {app}
          WITH CHECK (tenant_id = ANY (current_setting('app.tenants')::uuid[]));
        CREATE POLICY change ON tenant FOR UPDATE TO {app}
          USING (tenant_id = ANY (current_setting('app.tenants')::uuid[]));
        GRANT SELECT, INSERT, UPDATE ON tenant TO {app};
    """)


def _audit() -> None:
    """Records and blocks are only ever added. `audit_unsealed` is the queue between them: a row
    lives there from the record's commit to its block's. `audit_anchored` says which block heads
    are known outside the database."""
    script("""
        CREATE TABLE audit_record (
            tenant_id     uuid NOT NULL,
            record_id     uuid NOT NULL,
            recorded_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
            actor         text NOT NULL,
            action        text NOT NULL,
            resource_type text NOT NULL,
            resource_id   text NOT NULL,
            details       jsonb NOT NULL DEFAULT '{{}}',
            PRIMARY KEY (tenant_id, record_id)
        );
        CREATE INDEX audit_record_resource
            ON audit_record (tenant_id, resource_type, resource_id, record_id);

        CREATE TABLE audit_unsealed (
            tenant_id uuid NOT NULL,
            record_id uuid NOT NULL,
            PRIMARY KEY (tenant_id, record_id)
        );

        CREATE TABLE audit_block (
            tenant_id      uuid NOT NULL,
            block_number   bigint NOT NULL CHECK (block_number >= 1),
            first_seq      bigint NOT NULL CHECK (first_seq >= 1),
            record_ids     uuid[] NOT NULL CHECK (cardinality(record_ids) BETWEEN 1 AND 10000),
            record_hashes  bytea[] NOT NULL,
            previous_hash  bytea NOT NULL,
            block_hash     bytea NOT NULL,
            signing_key_id text NOT NULL,
            signature      bytea NOT NULL,
            sealed_at      timestamptz NOT NULL,
            PRIMARY KEY (tenant_id, block_number),
            CHECK (cardinality(record_hashes) = cardinality(record_ids))
        );

        CREATE TABLE audit_anchored (
            tenant_id    uuid NOT NULL,
            block_number bigint NOT NULL,
            anchored_at  timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (tenant_id, block_number)
        );

        CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'rows of % are never changed or removed', TG_TABLE_NAME
                USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
        END $$;
    """)
    for table in ("audit_record", "audit_block", "audit_anchored"):
        script(f"""
            CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table}
                FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
            CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON {table}
                FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
        """)
        protect(table, app="SELECT, INSERT")
    protect("audit_unsealed", app="SELECT, INSERT, DELETE")


def _idempotency_key() -> None:
    """The first response of a write, kept for good and given again to the same subject's same key.
    `response_body` is sealed, since it may name a patient."""
    script("""
        CREATE TABLE idempotency_key (
            tenant_id        uuid NOT NULL,
            subject          text NOT NULL,
            key              text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
            operation        text NOT NULL,
            request_hash     bytea NOT NULL,
            response_status  smallint NOT NULL,
            response_headers jsonb NOT NULL,
            response_body    bytea NOT NULL,
            created_at       timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (tenant_id, subject, key)
        );
    """)
    protect("idempotency_key", app="SELECT, INSERT")
