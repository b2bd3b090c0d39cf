"""The tables of the twin's memory."""

VERSION = 2
"""Written into the file; a memory of another version is set aside, not guessed at."""

TABLES = """
CREATE TABLE interchange (
  id INTEGER PRIMARY KEY,
  submitter TEXT NOT NULL,
  control_number TEXT NOT NULL,          -- ISA13
  kind TEXT NOT NULL,                    -- 837P, 837I, 270, 276, 999, TA1
  door TEXT NOT NULL,                    -- REST, SFTP, CORE
  file_name TEXT NOT NULL,
  received_at REAL NOT NULL,
  digest TEXT NOT NULL,                  -- sha256 of the bytes
  content BLOB NOT NULL,
  claim_count INTEGER NOT NULL DEFAULT 0,
  UNIQUE (submitter, control_number)     -- what makes a repeated delivery harmless
);
CREATE INDEX interchange_by_name ON interchange (submitter, file_name);
CREATE TABLE outgoing (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  submitter TEXT NOT NULL,
  kind TEXT NOT NULL,                    -- TA1, 999, 277CA, 835, 271, 277
  interchange_id INTEGER REFERENCES interchange (id), -- the one that it answers, if it is one
  due_at REAL NOT NULL,                  -- when it may be seen, seconds since 1970
  sequence INTEGER UNIQUE,               -- place in the list; given when it is first due
  taken_at REAL,                         -- the submitter said that it has the file
  content BLOB NOT NULL
);
CREATE INDEX outgoing_unseen ON outgoing (due_at) WHERE sequence IS NULL;
CREATE INDEX outgoing_listed ON outgoing (submitter, sequence);
CREATE INDEX outgoing_by_interchange ON outgoing (interchange_id);
CREATE TABLE claim (
  id INTEGER PRIMARY KEY,
  submitter TEXT NOT NULL,
  interchange_id INTEGER NOT NULL REFERENCES interchange (id),
  control_number TEXT NOT NULL,          -- CLM01
  payer_id TEXT NOT NULL,
  member_id TEXT NOT NULL,
  payer_claim_number TEXT NOT NULL,      -- CLP07; empty when rejected
  frequency_code TEXT NOT NULL,
  scenario TEXT NOT NULL,
  status TEXT NOT NULL,  -- received, rejected, accepted, adjudicated, reversed, voided, void
  received_at REAL NOT NULL,
  charge_cents INTEGER NOT NULL,
  paid_cents INTEGER NOT NULL DEFAULT 0,
  patient_cents INTEGER NOT NULL DEFAULT 0,
  is_denied INTEGER NOT NULL DEFAULT 0,
  service_from TEXT,
  service_to TEXT,
  paid_on TEXT,                          -- BPR16 of the 835 that paid it last
  trace_number TEXT,                     -- its TRN02
  remittance_name TEXT,                  -- outgoing.name of that 835
  told TEXT NOT NULL DEFAULT '',         -- a SayStatus step as JSON
  told_count INTEGER NOT NULL DEFAULT 0, -- how often a 276 was told it
  decision BLOB                          -- the claim payment as JSON, for its reversal
);
CREATE INDEX claim_by_payer_number ON claim (submitter, payer_claim_number);
CREATE INDEX claim_by_number ON claim (control_number);
CREATE INDEX claim_by_interchange ON claim (interchange_id);
CREATE TABLE payment (                   -- what is to go out in an 835, and when
  id INTEGER PRIMARY KEY,
  claim_id INTEGER NOT NULL,
  submitter TEXT NOT NULL,
  due_at REAL NOT NULL,
  item BLOB NOT NULL,                    -- a remitting.Item as JSON
  file_name TEXT                         -- outgoing.name of the 835, once it is written
);
CREATE INDEX payment_waiting ON payment (due_at) WHERE file_name IS NULL;
CREATE INDEX payment_by_claim ON payment (claim_id);
CREATE TABLE event (                     -- what happened to a claim
  claim_id INTEGER NOT NULL,
  at REAL NOT NULL,
  what TEXT NOT NULL,
  file_name TEXT NOT NULL
);
CREATE INDEX event_by_claim ON event (claim_id);
CREATE TABLE act (                       -- what happened at a door
  id INTEGER PRIMARY KEY,
  session TEXT NOT NULL,
  door TEXT NOT NULL,
  submitter TEXT NOT NULL,
  at REAL NOT NULL,
  verb TEXT NOT NULL,
  file_name TEXT NOT NULL,
  outcome TEXT NOT NULL
);
CREATE TABLE script (
  submitter TEXT NOT NULL,               -- empty: for any
  key TEXT NOT NULL,                     -- a patient control number or member id
  body TEXT NOT NULL,
  PRIMARY KEY (submitter, key)
);
CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE forward_balance (
  submitter TEXT NOT NULL,
  payer_id TEXT NOT NULL,
  provider_id TEXT NOT NULL,
  owed_cents INTEGER NOT NULL,
  reference TEXT NOT NULL,               -- trace number of the cycle that left it
  PRIMARY KEY (submitter, payer_id, provider_id)
);
"""
SUBMITTERS = ("interchange", "outgoing", "claim", "payment", "act", "script", "forward_balance")
"""Tables that are emptied when a submitter's memory is reset."""
EVERYTHING = (*SUBMITTERS, "event", "counter")
