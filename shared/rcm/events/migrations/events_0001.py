"""Outbox, event log, inbox, sequence gates, parked events, and who paused or moved what."""

from rcm.migrations import protect, script

revision = "events_0001"
down_revision = None
branch_labels = ("events",)
depends_on = None


def upgrade() -> None:
    _outgoing()
    _incoming()
    _operators()
    _partitions()


def _outgoing() -> None:
    """What the service says. A row is in `outbox` until the broker has it, then in `event_log`.

    The aggregate's counter is locked before the outbox id is drawn, so ids of one key ascend in
    commit order; across keys they do not, and nothing relies on it. The sequence behind `id` must
    keep its cache of 1. A dead letter has no sequence: it is not a fact of its own.
    """
    script("""
        CREATE TABLE aggregate_sequence (
            tenant_id     uuid NOT NULL,
            topic         text COLLATE "C" NOT NULL,
            aggregate_id  text COLLATE "C" NOT NULL,
            last_sequence bigint NOT NULL CHECK (last_sequence >= 1),
            PRIMARY KEY (tenant_id, topic, aggregate_id)
        ) WITH (fillfactor = 80);

        CREATE TABLE outbox (
            tenant_id          uuid NOT NULL,
            shard              smallint NOT NULL CHECK (shard BETWEEN 0 AND 63),
            id                 bigint GENERATED ALWAYS AS IDENTITY,
            event_id           uuid NOT NULL,
            topic              text NOT NULL,
            aggregate_id       text NOT NULL,
            aggregate_sequence bigint,
            ce_type            text NOT NULL,
            key                bytea,
            value              bytea CHECK (octet_length(value) <= 900000),
            headers            jsonb NOT NULL,
            created_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
            PRIMARY KEY (tenant_id, shard, id)
        ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
                autovacuum_vacuum_cost_delay = 0);
        CREATE INDEX outbox_order ON outbox (id, shard);

        CREATE TABLE event_log (
            tenant_id          uuid NOT NULL,
            event_id           uuid NOT NULL,
            position           bigint NOT NULL,
            topic              text NOT NULL,
            aggregate_id       text NOT NULL,
            aggregate_sequence bigint,
            ce_type            text NOT NULL,
            key                bytea,
            value              bytea,
            headers            jsonb NOT NULL,
            created_at         timestamptz NOT NULL,
            published_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
            PRIMARY KEY (tenant_id, event_id)
        ) PARTITION BY RANGE (event_id);
        CREATE TABLE event_log_default PARTITION OF event_log DEFAULT;
        CREATE INDEX event_log_position ON event_log USING brin (position)
            WITH (pages_per_range = 16);

        CREATE TABLE outbox_quarantine (
            tenant_id    uuid NOT NULL,
            topic        text NOT NULL,
            aggregate_id text NOT NULL,
            event_id     uuid NOT NULL,
            reason       text NOT NULL,
            since        timestamptz NOT NULL DEFAULT clock_timestamp(),
            PRIMARY KEY (tenant_id, topic, aggregate_id)
        );
    """)
    protect("aggregate_sequence", app="SELECT, INSERT, UPDATE")
    protect("outbox", app="SELECT, INSERT", relay="SELECT, DELETE")
    protect("event_log", app="SELECT", relay="SELECT, INSERT")
    protect("outbox_quarantine", app="SELECT", relay="SELECT, INSERT, DELETE")


def _incoming() -> None:
    """What the service has heard. `inbox` remembers every event; `consumed_sequence` how far each
    aggregate's events were applied (`first_sequence` > 1 where the topic no longer had the
    beginning); `parked` keeps what could not be applied, in order."""
    script("""
        CREATE TABLE inbox (
            tenant_id uuid NOT NULL,
            consumer  text COLLATE "C" NOT NULL,
            event_id  uuid NOT NULL,
            PRIMARY KEY (tenant_id, consumer, event_id)
        ) PARTITION BY RANGE (event_id);
        CREATE TABLE inbox_default PARTITION OF inbox DEFAULT;

        CREATE TABLE consumed_sequence (
            tenant_id      uuid NOT NULL,
            consumer       text COLLATE "C" NOT NULL,
            topic          text COLLATE "C" NOT NULL,
            aggregate_id   text COLLATE "C" NOT NULL,
            first_sequence bigint NOT NULL,
            last_sequence  bigint NOT NULL,
            PRIMARY KEY (tenant_id, consumer, topic, aggregate_id)
        ) WITH (fillfactor = 80);

        CREATE TABLE parked (
            tenant_id        uuid NOT NULL,
            consumer         text COLLATE "C" NOT NULL,
            topic            text COLLATE "C" NOT NULL,
            aggregate_id     text COLLATE "C" NOT NULL,
            pos              bigint GENERATED ALWAYS AS IDENTITY,
            event_id         uuid NOT NULL,
            event_type       text NOT NULL,
            sequence         bigint NOT NULL,
            src_partition    integer NOT NULL,
            src_offset       bigint NOT NULL,
            src_timestamp_ms bigint NOT NULL,
            record_key       bytea,
            record           bytea,
            headers          jsonb NOT NULL,
            reason           text NOT NULL,
            error            jsonb NOT NULL,
            attempts         integer NOT NULL DEFAULT 0,
            state            text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'dead')),
            first_failed_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
            next_attempt_at  timestamptz,
            PRIMARY KEY (tenant_id, consumer, topic, aggregate_id, pos)
        );
        CREATE INDEX parked_due ON parked (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
    """)
    protect("inbox", app="SELECT, INSERT")
    protect("consumed_sequence", app="SELECT, INSERT, UPDATE")
    protect("parked", app="SELECT, INSERT, UPDATE, DELETE")


def _operators() -> None:
    """What an operator switched off, and every mutating verb that was used. Both belong to no
    tenant and stand under the nil tenant's id."""
    script("""
        CREATE TABLE event_control (
            tenant_id  uuid NOT NULL,
            part       text NOT NULL CHECK (part IN ('relay', 'consumer')),
            name       text NOT NULL,
            paused     boolean NOT NULL,
            changed_by text NOT NULL,
            changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            PRIMARY KEY (tenant_id, part, name)
        );
        CREATE TABLE operator_action (
            tenant_id uuid NOT NULL,
            action_id uuid NOT NULL,
            actor     text NOT NULL,
            verb      text NOT NULL,
            arguments jsonb NOT NULL,
            affected  bigint NOT NULL,
            acted_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
            PRIMARY KEY (tenant_id, action_id)
        );
    """)
    protect("event_control", app="SELECT, INSERT, UPDATE", relay="SELECT, INSERT, UPDATE")
    protect("operator_action", app="SELECT, INSERT", relay="SELECT, INSERT")


def _partitions() -> None:
    """Months of `event_log` and `inbox`, cut by the time prefix of UUIDv7. Only the owner may
    create and drop tables, so the roles ask through these functions. The last four months stay:
    a record must be known for longer than it can be read again (topics keep 30 days, dead letters
    90)."""
    script("""
        CREATE FUNCTION event_partition_bound(moment timestamptz) RETURNS uuid
        LANGUAGE sql IMMUTABLE AS $$
            SELECT (lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0')
                    || repeat('0', 20))::uuid
        $$;

        CREATE FUNCTION ensure_event_partitions(months_ahead integer) RETURNS integer
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
        DECLARE
            parent text; opens timestamptz; closes timestamptz; part text; made integer := 0;
        BEGIN
            PERFORM pg_advisory_xact_lock(hashtext('rcm.event_partitions'));
            FOR n IN 0..months_ahead LOOP
                opens := date_trunc('month', now(), 'UTC') + make_interval(months => n);
                closes := date_trunc('month', now(), 'UTC') + make_interval(months => n + 1);
                FOREACH parent IN ARRAY ARRAY['event_log', 'inbox'] LOOP
                    part := parent || to_char(opens AT TIME ZONE 'UTC', '"_"YYYY"_"MM');
                    CONTINUE WHEN to_regclass('public.' || part) IS NOT NULL;
                    EXECUTE format(
                        'CREATE TABLE public.%I PARTITION OF public.%I '
                        'FOR VALUES FROM (%L) TO (%L)',
                        part, parent, public.event_partition_bound(opens),
                        public.event_partition_bound(closes));
                    made := made + 1;
                END LOOP;
            END LOOP;
            RETURN made;
        END $$;

        CREATE FUNCTION drop_event_partitions(parent text, keep_months integer) RETURNS integer
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
        DECLARE
            part text; dropped integer := 0;
            oldest text := parent || to_char(
                (now() - make_interval(months => keep_months)) AT TIME ZONE 'UTC', '"_"YYYY"_"MM');
        BEGIN
            IF parent NOT IN ('event_log', 'inbox') OR keep_months < 4 THEN
                RAISE EXCEPTION 'months of event_log or inbox, and at least the last four stay'
                    USING ERRCODE = '22023';
            END IF;
            FOR part IN
                SELECT c.relname FROM pg_inherits AS i
                  JOIN pg_class AS c ON c.oid = i.inhrelid
                 WHERE i.inhparent = ('public.' || parent)::regclass
                   AND c.relname ~ ('^' || parent || '_[0-9]{{4}}_[0-9]{{2}}$')
                   AND c.relname < oldest
            LOOP
                EXECUTE format('DROP TABLE public.%I', part);
                dropped := dropped + 1;
            END LOOP;
            RETURN dropped;
        END $$;

        REVOKE ALL ON FUNCTION ensure_event_partitions(integer) FROM PUBLIC;
        REVOKE ALL ON FUNCTION drop_event_partitions(text, integer) FROM PUBLIC;
        GRANT EXECUTE ON FUNCTION drop_event_partitions(text, integer) TO {relay};
        GRANT EXECUTE ON FUNCTION ensure_event_partitions(integer) TO {app}, {relay};
        SELECT ensure_event_partitions(2);
    """)
