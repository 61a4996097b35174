-- Times are text in UTC, 2026-11-02T09:30:00.000000Z, always with six digits of a fraction: so they sort as text. JSON is
-- text. Booleans are 0 and 1.

-- +goose Up
CREATE TABLE broker (
  singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
  id        TEXT NOT NULL,
  minted_at TEXT NOT NULL
) STRICT;

CREATE TABLE accounts (
  id         TEXT PRIMARY KEY,
  title      TEXT NOT NULL,
  kind       TEXT NOT NULL,
  retired    INTEGER NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
) STRICT;

CREATE TABLE account_organisations (
  account  TEXT NOT NULL REFERENCES accounts (id),
  ods_code TEXT NOT NULL,
  PRIMARY KEY (account, ods_code)
) STRICT;
CREATE INDEX account_organisations_by_code ON account_organisations (ods_code, account);

CREATE TABLE services (
  type       TEXT NOT NULL,
  id         TEXT NOT NULL,
  account    TEXT NOT NULL REFERENCES accounts (id),
  zone       TEXT NOT NULL,
  title      TEXT,
  retired    INTEGER NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  PRIMARY KEY (type, id)
) STRICT;
CREATE INDEX services_by_account ON services (account, type, id);

CREATE TABLE gateways (
  id                TEXT PRIMARY KEY,
  service_type      TEXT NOT NULL,
  service_id        TEXT NOT NULL,
  title             TEXT,
  networks          TEXT,
  internal_networks TEXT,
  retired           INTEGER NOT NULL,
  created_at        TEXT NOT NULL,
  updated_at        TEXT NOT NULL,
  FOREIGN KEY (service_type, service_id) REFERENCES services (type, id)
) STRICT;
CREATE INDEX gateways_by_service ON gateways (service_type, service_id, id);

CREATE TABLE organisations (
  ods_code   TEXT PRIMARY KEY,
  directory  TEXT,
  register   TEXT,
  flow_down  TEXT,
  dspt       TEXT,
  title_key  TEXT,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
) STRICT;

-- The exports of the public DSPT register that were recorded.
CREATE TABLE dspt_imports (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  exported_at TEXT NOT NULL,
  imported_at TEXT NOT NULL
) STRICT;
CREATE INDEX dspt_imports_newest ON dspt_imports (exported_at);

-- until is a day in London, 2027-03-31.
CREATE TABLE waivers (
  uid           TEXT PRIMARY KEY,
  account       TEXT NOT NULL REFERENCES accounts (id),
  connection    TEXT,
  rule          TEXT NOT NULL,
  until         TEXT NOT NULL,
  reason        TEXT NOT NULL,
  reference     TEXT NOT NULL,
  granted_at    TEXT NOT NULL,
  granted_by    TEXT NOT NULL,
  ended_at      TEXT,
  ended_by      TEXT,
  ended_because TEXT
) STRICT;
CREATE INDEX waivers_by_age ON waivers (granted_at DESC, uid);
CREATE INDEX waivers_counting ON waivers (account, until) WHERE ended_at IS NULL;

CREATE TABLE policies (
  version    INTEGER PRIMARY KEY,
  document   TEXT NOT NULL,
  valid_from TEXT NOT NULL
) STRICT;

-- frontier is the lowest address, as a number, that may never have been given; every lower one was, or is reserved.
CREATE TABLE pools (
  name          TEXT PRIMARY KEY,
  zone          TEXT NOT NULL,
  cidr          TEXT NOT NULL,
  first_address INTEGER NOT NULL,
  last_address  INTEGER NOT NULL,
  frontier      INTEGER NOT NULL,
  reserved      TEXT,
  retired       INTEGER NOT NULL,
  created_at    TEXT NOT NULL,
  updated_at    TEXT NOT NULL
) STRICT;
CREATE INDEX pools_by_zone ON pools (zone, first_address);

-- A row for each address that was ever given: held while owner_uid is set, else resting until rests_until and free after.
CREATE TABLE addresses (
  number      INTEGER PRIMARY KEY,
  address     TEXT NOT NULL UNIQUE,
  account     TEXT NOT NULL,
  full_name   TEXT NOT NULL,
  owner_uid   TEXT,
  since       TEXT NOT NULL,
  rests_until TEXT,
  CHECK ((owner_uid IS NULL) <> (rests_until IS NULL))
) STRICT;
CREATE UNIQUE INDEX addresses_by_owner ON addresses (owner_uid) WHERE owner_uid IS NOT NULL;
CREATE INDEX addresses_resting_for ON addresses (account, full_name) WHERE owner_uid IS NULL;
CREATE INDEX addresses_resting ON addresses (number) WHERE owner_uid IS NULL;

CREATE TABLE connections (
  uid                    TEXT PRIMARY KEY,
  account                TEXT NOT NULL REFERENCES accounts (id),
  name                   TEXT NOT NULL,
  ods_code               TEXT NOT NULL,
  service_type           TEXT NOT NULL,
  service_id             TEXT NOT NULL,
  access                 TEXT NOT NULL,
  zone                   TEXT NOT NULL,
  state                  TEXT NOT NULL,
  state_reason           TEXT,
  state_since            TEXT NOT NULL,
  holds                  INTEGER NOT NULL,
  passed                 TEXT,
  former                 TEXT,
  fulfilment             TEXT,
  spec                   TEXT NOT NULL,
  pending_change         TEXT,
  findings               TEXT,
  revision               INTEGER NOT NULL,
  version                INTEGER NOT NULL,
  created_at             TEXT NOT NULL,
  created_by             TEXT NOT NULL,
  updated_at             TEXT NOT NULL,
  updated_by             TEXT NOT NULL,
  create_key_sha256      TEXT NOT NULL,
  policy_version         INTEGER NOT NULL,
  assured_at             TEXT,
  enablement_due_at      TEXT,
  enabled_at             TEXT,
  commitment_months      INTEGER NOT NULL,
  commitment_ends_on     TEXT,
  agreement_validated_on TEXT,
  revalidate_on          TEXT,
  evidence_version_uid   TEXT
) STRICT;
CREATE UNIQUE INDEX connections_name_held ON connections (account, name) WHERE holds;
CREATE UNIQUE INDEX connections_service_held ON connections (service_type, service_id, access) WHERE holds;
CREATE INDEX connections_listed ON connections (account, name, uid) WHERE holds OR state = 'refused';
CREATE INDEX connections_by_state ON connections (state, ods_code);

CREATE TABLE edge_attachments (
  uid               TEXT PRIMARY KEY,
  account           TEXT NOT NULL REFERENCES accounts (id),
  connection_uid    TEXT NOT NULL REFERENCES connections (uid),
  connection_name   TEXT NOT NULL,
  name              TEXT NOT NULL,
  gateway_id        TEXT,
  zone              TEXT NOT NULL,
  included_address  TEXT,
  state             TEXT NOT NULL,
  state_reason      TEXT,
  state_since       TEXT NOT NULL,
  holds             INTEGER NOT NULL,
  passed            TEXT,
  former            TEXT,
  fulfilment        TEXT,
  spec              TEXT NOT NULL,
  pending_change    TEXT,
  findings          TEXT,
  revision          INTEGER NOT NULL,
  version           INTEGER NOT NULL,
  created_at        TEXT NOT NULL,
  created_by        TEXT NOT NULL,
  updated_at        TEXT NOT NULL,
  updated_by        TEXT NOT NULL,
  create_key_sha256 TEXT NOT NULL,
  policy_version    INTEGER NOT NULL,
  assured_at        TEXT,
  enablement_due_at TEXT,
  enabled_at        TEXT
) STRICT;
CREATE UNIQUE INDEX edge_attachments_name_held ON edge_attachments (connection_uid, name) WHERE holds;
CREATE UNIQUE INDEX edge_attachments_gateway_held ON edge_attachments (gateway_id) WHERE holds;
CREATE INDEX edge_attachments_listed ON edge_attachments (account, connection_name, name, uid)
  WHERE holds OR state = 'refused';
CREATE INDEX edge_attachments_by_state ON edge_attachments (state);

CREATE TABLE orders (
  id               INTEGER PRIMARY KEY AUTOINCREMENT,
  kind             TEXT NOT NULL,
  object_kind      TEXT NOT NULL,
  object_uid       TEXT NOT NULL,
  object           TEXT NOT NULL,
  account          TEXT NOT NULL REFERENCES accounts (id),
  open             INTEGER NOT NULL,
  created_at       TEXT NOT NULL,
  created_by       TEXT NOT NULL,
  due_at           TEXT,
  closed_at        TEXT,
  closed_by        TEXT,
  note             TEXT,
  change_reference TEXT,
  policy_version   INTEGER NOT NULL,
  recorders        TEXT,
  change           TEXT
) STRICT;
CREATE UNIQUE INDEX orders_open_object ON orders (object_uid) WHERE open;
CREATE INDEX orders_queue ON orders ((due_at IS NULL), due_at, id) WHERE open;

CREATE TABLE documents (
  account      TEXT NOT NULL REFERENCES accounts (id),
  sha256       TEXT NOT NULL,
  size_bytes   INTEGER NOT NULL,
  received_at  TEXT NOT NULL,
  last_sent_at TEXT NOT NULL,
  content      BLOB NOT NULL,
  PRIMARY KEY (account, sha256)
) STRICT;

CREATE TABLE agreement_evidence (
  uid               TEXT PRIMARY KEY,
  account           TEXT NOT NULL REFERENCES accounts (id),
  name              TEXT NOT NULL,
  ods_code          TEXT NOT NULL,
  state             TEXT NOT NULL,
  state_reason      TEXT,
  state_since       TEXT NOT NULL,
  holds             INTEGER NOT NULL,
  waits_since       TEXT,
  findings          TEXT,
  revision          INTEGER NOT NULL,
  version           INTEGER NOT NULL,
  created_at        TEXT NOT NULL,
  created_by        TEXT NOT NULL,
  updated_at        TEXT NOT NULL,
  updated_by        TEXT NOT NULL,
  create_key_sha256 TEXT NOT NULL,
  policy_version    INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX agreement_evidence_name_held ON agreement_evidence (account, name) WHERE holds;
CREATE INDEX agreement_evidence_listed ON agreement_evidence (account, name, uid) WHERE holds OR state = 'refused';
CREATE INDEX agreement_evidence_queue ON agreement_evidence ((waits_since IS NULL), waits_since, created_at, uid);

-- A version needs its document until it is released, and for some days after.
CREATE TABLE evidence_versions (
  uid              TEXT PRIMARY KEY,
  evidence_uid     TEXT NOT NULL REFERENCES agreement_evidence (uid),
  number           INTEGER NOT NULL,
  account          TEXT NOT NULL REFERENCES accounts (id),
  document_sha256  TEXT NOT NULL,
  size_bytes       INTEGER NOT NULL,
  signed_on        TEXT NOT NULL,
  countersigned_on TEXT,
  state            TEXT NOT NULL,
  received_at      TEXT NOT NULL,
  received_by      TEXT NOT NULL,
  decided_at       TEXT,
  decided_by       TEXT,
  saw              TEXT,
  reason           TEXT,
  released_at      TEXT,
  UNIQUE (evidence_uid, number)
) STRICT;
CREATE UNIQUE INDEX evidence_versions_validated ON evidence_versions (evidence_uid) WHERE state = 'validated';
CREATE UNIQUE INDEX evidence_versions_received ON evidence_versions (evidence_uid) WHERE state = 'received';
CREATE INDEX evidence_versions_by_document ON evidence_versions (account, document_sha256);

-- Whom tokens and audit entries are about. An erased subject has lost its name and the salt that led to its digest.
CREATE TABLE subjects (
  id     INTEGER PRIMARY KEY AUTOINCREMENT,
  name   TEXT UNIQUE,
  salt   TEXT,
  digest TEXT NOT NULL,
  CHECK ((name IS NULL) = (salt IS NULL))
) STRICT;

CREATE TABLE tokens (
  id            TEXT PRIMARY KEY,
  secret_sha256 TEXT NOT NULL UNIQUE,
  subject_id    INTEGER NOT NULL REFERENCES subjects (id),
  kind          TEXT NOT NULL,
  roles         TEXT NOT NULL,
  accounts      TEXT NOT NULL,
  created_at    TEXT NOT NULL,
  created_by_id INTEGER NOT NULL REFERENCES subjects (id),
  expires_at    TEXT,
  revoked_at    TEXT
) STRICT;
CREATE INDEX tokens_by_age ON tokens (created_at DESC, id);

CREATE TABLE audit_head (
  singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
  sequence  INTEGER NOT NULL,
  hash      TEXT NOT NULL
) STRICT;

CREATE TABLE audit_entries (
  sequence         INTEGER PRIMARY KEY,
  at               TEXT NOT NULL,
  subject_id       INTEGER NOT NULL REFERENCES subjects (id),
  subject_digest   TEXT NOT NULL,
  subject_kind     TEXT NOT NULL,
  account          TEXT NOT NULL,
  action           TEXT NOT NULL,
  object           TEXT NOT NULL,
  object_uid       TEXT NOT NULL,
  change_reference TEXT NOT NULL,
  request_id       TEXT NOT NULL,
  details          TEXT NOT NULL,
  previous_hash    TEXT NOT NULL,
  hash             TEXT NOT NULL
) STRICT;
CREATE INDEX audit_entries_by_object ON audit_entries (object_uid, sequence);

-- The first of these is for INSERT OR REPLACE, which deletes without asking the trigger for deletes.
-- +goose StatementBegin
CREATE TRIGGER audit_entries_no_replace BEFORE INSERT ON audit_entries
WHEN EXISTS (SELECT 1 FROM audit_entries WHERE sequence = new.sequence)
BEGIN
  SELECT RAISE(ABORT, 'the audit is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_entries_no_update BEFORE UPDATE ON audit_entries
BEGIN
  SELECT RAISE(ABORT, 'the audit is append-only');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_entries_no_delete BEFORE DELETE ON audit_entries
BEGIN
  SELECT RAISE(ABORT, 'the audit is append-only');
END;
-- +goose StatementEnd

-- A key whose answer is null belongs to a request that is running; only its own transaction sees it.
CREATE TABLE idempotency_keys (
  owner       TEXT NOT NULL,
  key_sha256  TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  created_at  TEXT NOT NULL,
  object_uid  TEXT,
  problem     TEXT,
  answer      TEXT,
  PRIMARY KEY (owner, key_sha256)
) STRICT;
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

-- Jobs that wait for their time, which is the broker's clock's; at it they move to goqite, which keeps the machine's.
CREATE TABLE scheduled_jobs (
  id     INTEGER PRIMARY KEY AUTOINCREMENT,
  due_at TEXT NOT NULL,
  body   BLOB NOT NULL
) STRICT;
CREATE INDEX scheduled_jobs_due ON scheduled_jobs (due_at, id);

-- The table that maragu.dev/goqite works on, as its schema_sqlite.sql has it.
CREATE TABLE goqite (
  id       TEXT PRIMARY KEY DEFAULT ('m_' || lower(hex(randomblob(16)))),
  created  TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ')),
  updated  TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ')),
  queue    TEXT NOT NULL,
  body     BLOB NOT NULL,
  timeout  TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ')),
  received INTEGER NOT NULL DEFAULT 0,
  priority INTEGER NOT NULL DEFAULT 0
) STRICT;
-- +goose StatementBegin
CREATE TRIGGER goqite_updated_timestamp AFTER UPDATE ON goqite
BEGIN
  UPDATE goqite SET updated = strftime('%Y-%m-%dT%H:%M:%fZ') WHERE id = old.id;
END;
-- +goose StatementEnd
CREATE INDEX goqite_queue_priority_created_idx ON goqite (queue, priority DESC, created);

-- "HSCN" in ASCII says whose file it is.
PRAGMA application_id = 1213416270;

INSERT INTO audit_head (singleton, sequence, hash) VALUES (1, 0, '');
