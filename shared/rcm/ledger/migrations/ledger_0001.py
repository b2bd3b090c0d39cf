"""The ledger's four tables and the rules that no program can talk them out of.

`ledger_account` is who owes or holds, `ledger_entry` a business fact, `ledger_posting` its legs
(one row moves cents from a credit account to a debit account, so nothing can be out of balance),
`ledger_balance` the running total of the accounts that must not fall below zero.
"""

from rcm.migrations import protect, script

revision = "ledger_0001"
down_revision = None
branch_labels = ("ledger",)
depends_on = None


def upgrade() -> None:
    script(ACCOUNTS)
    script(ENTRIES)
    script(APPEND_ONLY)
    script(BALANCES)
    script(CLOSED_ENTRIES)
    protect("ledger_account", app=f"SELECT, INSERT ({ACCOUNT_COLUMNS})")
    protect("ledger_entry", app=f"SELECT, INSERT ({ENTRY_COLUMNS})")
    protect("ledger_posting", app="SELECT, INSERT")
    protect("ledger_balance", app="SELECT")
    script(KEEPER)


ACCOUNT_COLUMNS = "tenant_id, account_id, code, claim_id, payer_id, patient_id, reference"
# Not among them: posted_at and created_xid, which nobody may choose.
ENTRY_COLUMNS = (
    "tenant_id, entry_id, kind, source_event_id, part, request_hash, effective_on, actor, "
    "reverses, n_postings"
)

ACCOUNTS = """
CREATE TABLE ledger_account (
  tenant_id uuid NOT NULL,
  account_id uuid NOT NULL,
  code text NOT NULL CONSTRAINT ledger_account_code CHECK (code IN (
    'AR_PAYER', 'AR_PATIENT', 'REVENUE', 'ADJ_CONTRACTUAL', 'ADJ_OTHER', 'REMIT_CLEARING',
    'PSP_CLEARING', 'CASH', 'UNAPPLIED', 'REFUND_PAYABLE', 'PROVIDER_ADJ', 'INTEREST_INCOME',
    'PATIENT_TRANSFER')),
  claim_id uuid,
  payer_id text,
  patient_id uuid,
  reference text NOT NULL DEFAULT '',
  -- Generated, so that nobody opens a receivable that is not bounded.
  normal_debit boolean NOT NULL GENERATED ALWAYS AS (code NOT IN (
    'REVENUE', 'UNAPPLIED', 'REFUND_PAYABLE', 'INTEREST_INCOME')) STORED,
  bounded boolean NOT NULL GENERATED ALWAYS AS (code IN (
    'AR_PAYER', 'AR_PATIENT', 'UNAPPLIED')) STORED,
  PRIMARY KEY (tenant_id, account_id),
  CONSTRAINT ledger_account_once UNIQUE NULLS NOT DISTINCT
    (tenant_id, claim_id, code, payer_id, patient_id, reference),
  CONSTRAINT ledger_account_dimensions CHECK (CASE code
    WHEN 'AR_PAYER' THEN claim_id IS NOT NULL AND payer_id IS NOT NULL
    WHEN 'AR_PATIENT' THEN claim_id IS NOT NULL AND patient_id IS NOT NULL
    WHEN 'REMIT_CLEARING' THEN reference <> ''
    WHEN 'PATIENT_TRANSFER' THEN claim_id IS NOT NULL
    WHEN 'UNAPPLIED' THEN payer_id IS NOT NULL OR patient_id IS NOT NULL
    ELSE true END)
);
CREATE INDEX ledger_account_patient ON ledger_account (tenant_id, patient_id)
  WHERE patient_id IS NOT NULL;
"""

ENTRIES = """
CREATE TABLE ledger_entry (
  tenant_id uuid NOT NULL,
  entry_id uuid NOT NULL,
  kind text NOT NULL CONSTRAINT ledger_entry_kind CHECK (kind <> ''),
  source_event_id uuid NOT NULL,
  part text NOT NULL DEFAULT '',
  request_hash bytea NOT NULL
    CONSTRAINT ledger_entry_request_hash CHECK (octet_length(request_hash) = 32),
  effective_on date NOT NULL,
  posted_at timestamptz NOT NULL DEFAULT transaction_timestamp(),
  actor text NOT NULL CONSTRAINT ledger_entry_actor CHECK (actor <> ''),
  reverses uuid,
  n_postings smallint NOT NULL
    CONSTRAINT ledger_entry_n_postings CHECK (n_postings BETWEEN 1 AND 2000),
  created_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  first_position smallint NOT NULL GENERATED ALWAYS AS (1) STORED,
  PRIMARY KEY (tenant_id, entry_id),
  CONSTRAINT ledger_entry_once UNIQUE (tenant_id, source_event_id, kind, part),
  CONSTRAINT ledger_entry_reverses FOREIGN KEY (tenant_id, reverses) REFERENCES ledger_entry,
  CONSTRAINT ledger_entry_not_itself CHECK (reverses <> entry_id)
);
CREATE UNIQUE INDEX ledger_entry_reversed_once ON ledger_entry (tenant_id, reverses)
  WHERE reverses IS NOT NULL;
-- No foreign keys: a row-by-row check of three keys costs as much as the posting itself, and
-- nothing they point to can ever be deleted. The trigger checks existence once per statement.
CREATE TABLE ledger_posting (
  tenant_id uuid NOT NULL,
  entry_id uuid NOT NULL,
  position smallint NOT NULL,
  debit_id uuid NOT NULL,
  credit_id uuid NOT NULL,
  cents bigint NOT NULL
    CONSTRAINT ledger_posting_cents CHECK (cents > 0 AND cents <= 100000000000),
  line_number smallint,
  group_code text,
  reason_code text,
  trace_number text,
  PRIMARY KEY (tenant_id, entry_id, position),
  CONSTRAINT ledger_posting_two_accounts CHECK (debit_id <> credit_id)
);
-- No entry is committed without legs; that it has all of them is checked as they arrive.
ALTER TABLE ledger_entry ADD CONSTRAINT ledger_entry_has_legs
  FOREIGN KEY (tenant_id, entry_id, first_position) REFERENCES ledger_posting
  DEFERRABLE INITIALLY DEFERRED;
-- Without the tenant in front (an account's id is derived from it): half the size, and before the
-- first ANALYZE the planner would take either of them for the primary key's work.
CREATE INDEX ledger_posting_debit ON ledger_posting (debit_id);
CREATE INDEX ledger_posting_credit ON ledger_posting (credit_id);
-- Every change of a balance rewrites its row: the free space keeps it on its page (HOT).
CREATE TABLE ledger_balance (
  tenant_id uuid NOT NULL,
  account_id uuid NOT NULL,
  normal_debit boolean NOT NULL,
  debit_cents bigint NOT NULL DEFAULT 0,
  credit_cents bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, account_id),
  CONSTRAINT ledger_balance_not_below_zero CHECK (
    CASE WHEN normal_debit THEN debit_cents >= credit_cents ELSE credit_cents >= debit_cents END)
) WITH (fillfactor = 70);
"""

APPEND_ONLY = """
CREATE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the ledger only grows: % of % is refused', TG_OP, TG_TABLE_NAME USING
    ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = 'ledger_append_only';
END $$;
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_account
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entry
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_posting
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
"""

# The functions that write balances run as the owner: the app role itself may only read them.
BALANCES = """
CREATE FUNCTION ledger_open_balances() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  INSERT INTO public.ledger_balance (tenant_id, account_id, normal_debit)
  SELECT tenant_id, account_id, normal_debit FROM opened WHERE bounded;
  RETURN NULL;
END $$;
CREATE TRIGGER ledger_open_balances AFTER INSERT ON ledger_account
  REFERENCING NEW TABLE AS opened
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_open_balances();

CREATE FUNCTION ledger_hold_balances(tenants uuid[], accounts uuid[])
RETURNS TABLE (tenant_id uuid, account_id uuid, debit_cents bigint, credit_cents bigint)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT held.tenant_id, held.account_id, held.debit_cents, held.credit_cents
  FROM public.ledger_balance held
  WHERE (held.tenant_id, held.account_id) IN (SELECT * FROM unnest(tenants, accounts))
    AND held.tenant_id = ANY (current_setting('app.tenants')::uuid[])
  ORDER BY held.tenant_id, held.account_id FOR UPDATE
$$;
REVOKE ALL ON FUNCTION ledger_hold_balances(uuid[], uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger_hold_balances(uuid[], uuid[]) TO {app};
"""

# Index probes are always right here, and a plan cached while the tables were small would not be;
# EXECUTE plans anew where a table has several indexes that start with the tenant.
CLOSED_ENTRIES = """
CREATE FUNCTION ledger_book_legs() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
  late boolean;
  partial boolean;
  reversing boolean;
  unlike boolean;
  homeless boolean;
  tenants uuid[];
  accounts uuid[];
  debits bigint[];
  credits bigint[];
BEGIN
  EXECUTE '
    SELECT coalesce(bool_or(entry.created_xid IS DISTINCT FROM pg_current_xact_id()), false),
           coalesce(bool_or(entry.n_postings IS DISTINCT FROM leg.n_postings), false),
           coalesce(bool_or(entry.reverses IS NOT NULL), false)
    FROM (SELECT tenant_id, entry_id, count(*) AS n_postings FROM legs
          GROUP BY tenant_id, entry_id) leg
    LEFT JOIN public.ledger_entry entry USING (tenant_id, entry_id)'
  INTO late, partial, reversing;
  IF late THEN
    RAISE EXCEPTION 'legs are posted in the transaction that made their entry' USING
      ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = 'ledger_entry_closed';
  END IF;
  IF partial THEN
    RAISE EXCEPTION 'all legs of an entry are posted in one statement' USING
      ERRCODE = 'integrity_constraint_violation', TABLE = TG_TABLE_NAME,
      CONSTRAINT = 'ledger_entry_whole';
  END IF;
  IF reversing THEN
    EXECUTE '
      WITH turned AS (
        SELECT leg.tenant_id, entry.reverses, leg.position, leg.credit_id AS debit_id,
               leg.debit_id AS credit_id, leg.cents, leg.line_number
        FROM legs leg JOIN public.ledger_entry entry USING (tenant_id, entry_id)
        WHERE entry.reverses IS NOT NULL
      ), was AS (
        SELECT leg.tenant_id, leg.entry_id, leg.position, leg.debit_id, leg.credit_id, leg.cents,
               leg.line_number
        FROM public.ledger_posting leg
        JOIN (SELECT DISTINCT tenant_id, reverses FROM turned) reversed
          ON leg.tenant_id = reversed.tenant_id AND leg.entry_id = reversed.reverses
      )
      SELECT EXISTS ((TABLE turned EXCEPT TABLE was) UNION ALL (TABLE was EXCEPT TABLE turned))'
    INTO unlike;
    IF unlike THEN
      RAISE EXCEPTION 'a reversal turns every leg of its entry round, and no other' USING
        ERRCODE = 'integrity_constraint_violation', TABLE = TG_TABLE_NAME,
        CONSTRAINT = 'ledger_reversal_mirrors';
    END IF;
  END IF;
  -- Each account once, in one order for everybody, so that two transactions never wait for each
  -- other in a circle.
  SELECT array_agg(tenant_id), array_agg(account_id), array_agg(debit), array_agg(credit)
  INTO tenants, accounts, debits, credits
  FROM (
    SELECT tenant_id, account_id, sum(debit)::bigint AS debit, sum(credit)::bigint AS credit
    FROM (SELECT tenant_id, debit_id AS account_id, cents AS debit, 0::bigint AS credit FROM legs
          UNION ALL SELECT tenant_id, credit_id, 0, cents FROM legs) side
    GROUP BY tenant_id, account_id ORDER BY tenant_id, account_id
  ) moved;
  EXECUTE '
    SELECT EXISTS (
      SELECT FROM unnest($1, $2) AS side (tenant_id, account_id)
      LEFT JOIN public.ledger_account account USING (tenant_id, account_id)
      LEFT JOIN public.ledger_balance balance USING (tenant_id, account_id)
      WHERE account.code IS NULL OR (account.bounded AND balance.normal_debit IS NULL))'
  INTO homeless USING tenants, accounts;
  IF homeless THEN
    RAISE EXCEPTION 'a leg names an account that this tenant does not have' USING
      ERRCODE = 'foreign_key_violation', TABLE = TG_TABLE_NAME,
      CONSTRAINT = 'ledger_posting_accounts';
  END IF;
  PERFORM FROM public.ledger_balance balance
  JOIN unnest(tenants, accounts) AS side (tenant_id, account_id) USING (tenant_id, account_id)
  ORDER BY balance.tenant_id, balance.account_id FOR UPDATE OF balance;
  UPDATE public.ledger_balance balance
  SET debit_cents = balance.debit_cents + moved.debit,
      credit_cents = balance.credit_cents + moved.credit
  FROM unnest(tenants, accounts, debits, credits) AS moved (tenant_id, account_id, debit, credit)
  WHERE balance.tenant_id = moved.tenant_id AND balance.account_id = moved.account_id;
  RETURN NULL;
END $$;
CREATE TRIGGER ledger_book_legs AFTER INSERT ON ledger_posting
  REFERENCING NEW TABLE AS legs
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_book_legs();
"""

# The owner keeps the books: it runs the functions above, and verifies all tenants at once.
KEEPER = """
CREATE POLICY keeper ON ledger_account TO {owner} USING (true);
CREATE POLICY keeper ON ledger_entry TO {owner} USING (true);
CREATE POLICY keeper ON ledger_posting TO {owner} USING (true);
CREATE POLICY keeper ON ledger_balance TO {owner} USING (true);
"""
