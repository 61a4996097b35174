-- Text that is a key or is sorted is compared byte by byte (COLLATE "C"), so that both databases list in one order.

-- +goose Up
CREATE TABLE broker (
  singleton boolean PRIMARY KEY CHECK (singleton),
  id        text NOT NULL,
  minted_at timestamptz NOT NULL
);

CREATE TABLE accounts (
  id         text COLLATE "C" PRIMARY KEY,
  title      text NOT NULL,
  kind       text NOT NULL,
  retired    boolean NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL
);

CREATE TABLE account_organisations (
  account  text COLLATE "C" NOT NULL REFERENCES accounts (id),
  ods_code text COLLATE "C" NOT NULL,
  PRIMARY KEY (account, ods_code)
);

CREATE TABLE services (
  type       text COLLATE "C" NOT NULL,
  id         text COLLATE "C" NOT NULL,
  account    text COLLATE "C" NOT NULL REFERENCES accounts (id),
  zone       text NOT NULL,
  title      text,
  retired    boolean NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (type, id)
);
CREATE INDEX services_by_account ON services (account, type, id);

CREATE TABLE gateways (
  id           text COLLATE "C" PRIMARY KEY,
  service_type text COLLATE "C" NOT NULL,
  service_id   text COLLATE "C" NOT NULL,
  title        text,
  networks     jsonb,
  retired      boolean NOT NULL,
  created_at   timestamptz NOT NULL,
  updated_at   timestamptz NOT NULL,
  FOREIGN KEY (service_type, service_id) REFERENCES services (type, id)
);
CREATE INDEX gateways_by_service ON gateways (service_type, service_id, id);

CREATE TABLE organisations (
  ods_code   text COLLATE "C" PRIMARY KEY,
  directory  jsonb,
  register   jsonb,
  flow_down  jsonb,
  dspt       jsonb,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL
);

CREATE TABLE policies (
  version    bigint PRIMARY KEY,
  document   jsonb NOT NULL,
  valid_from timestamptz NOT NULL
);

-- frontier is the lowest address, as a number, that may never have been given; every lower one was, or is reserved.
CREATE TABLE pools (
  name          text COLLATE "C" PRIMARY KEY,
  zone          text COLLATE "C" NOT NULL,
  cidr          text NOT NULL,
  first_address bigint NOT NULL,
  last_address  bigint NOT NULL,
  frontier      bigint NOT NULL,
  reserved      jsonb,
  retired       boolean NOT NULL,
  created_at    timestamptz NOT NULL,
  updated_at    timestamptz NOT NULL
);
CREATE INDEX pools_by_zone ON pools (zone, first_address);

-- A row for each address that was ever given: held while owner_uid is set, else resting until rests_until and free after.
CREATE TABLE addresses (
  number      bigint PRIMARY KEY,
  address     text NOT NULL UNIQUE,
  account     text COLLATE "C" NOT NULL,
  full_name   text COLLATE "C" NOT NULL,
  owner_uid   text COLLATE "C",
  since       timestamptz NOT NULL,
  rests_until timestamptz,
  CHECK ((owner_uid IS NULL) <> (rests_until IS NULL))
);
CREATE UNIQUE INDEX addresses_by_owner ON addresses (owner_uid) WHERE owner_uid IS NOT NULL;
CREATE INDEX addresses_resting_for ON addresses (account, full_name) WHERE owner_uid IS NULL;
CREATE INDEX addresses_resting ON addresses (number) WHERE owner_uid IS NULL;

CREATE TABLE connections (
  uid                    text COLLATE "C" PRIMARY KEY,
  account                text COLLATE "C" NOT NULL REFERENCES accounts (id),
  name                   text COLLATE "C" NOT NULL,
  ods_code               text COLLATE "C" NOT NULL,
  service_type           text COLLATE "C" NOT NULL,
  service_id             text COLLATE "C" NOT NULL,
  access                 text COLLATE "C" NOT NULL,
  zone                   text NOT NULL,
  state                  text COLLATE "C" NOT NULL,
  state_reason           text,
  state_since            timestamptz NOT NULL,
  holds                  boolean NOT NULL,
  passed                 jsonb,
  spec                   jsonb NOT NULL,
  pending_change         jsonb,
  findings               jsonb,
  revision               bigint NOT NULL,
  version                bigint NOT NULL,
  created_at             timestamptz NOT NULL,
  created_by             text NOT NULL,
  updated_at             timestamptz NOT NULL,
  updated_by             text NOT NULL,
  create_key_sha256      text NOT NULL,
  policy_version         bigint NOT NULL,
  assured_at             timestamptz,
  enablement_due_at      timestamptz,
  enabled_at             timestamptz,
  commitment_months      bigint NOT NULL,
  commitment_ends_on     text,
  agreement_validated_on text,
  revalidate_on          text
);
CREATE UNIQUE INDEX connections_name_held ON connections (account, name) WHERE holds;
CREATE UNIQUE INDEX connections_service_held ON connections (service_type, service_id, access) WHERE holds;
CREATE INDEX connections_listed ON connections (account, name, uid) WHERE holds OR state = 'refused';
CREATE INDEX connections_by_state ON connections (state, ods_code);

CREATE TABLE edge_attachments (
  uid               text COLLATE "C" PRIMARY KEY,
  account           text COLLATE "C" NOT NULL REFERENCES accounts (id),
  connection_uid    text COLLATE "C" NOT NULL REFERENCES connections (uid),
  connection_name   text COLLATE "C" NOT NULL,
  name              text COLLATE "C" NOT NULL,
  gateway_id        text COLLATE "C",
  zone              text NOT NULL,
  included_address  text,
  state             text COLLATE "C" NOT NULL,
  state_reason      text,
  state_since       timestamptz NOT NULL,
  holds             boolean NOT NULL,
  passed            jsonb,
  spec              jsonb NOT NULL,
  pending_change    jsonb,
  findings          jsonb,
  revision          bigint NOT NULL,
  version           bigint NOT NULL,
  created_at        timestamptz NOT NULL,
  created_by        text NOT NULL,
  updated_at        timestamptz NOT NULL,
  updated_by        text NOT NULL,
  create_key_sha256 text NOT NULL,
  policy_version    bigint NOT NULL,
  assured_at        timestamptz,
  enablement_due_at timestamptz,
  enabled_at        timestamptz
);
CREATE UNIQUE INDEX edge_attachments_name_held ON edge_attachments (connection_uid, name) WHERE holds;
CREATE UNIQUE INDEX edge_attachments_gateway_held ON edge_attachments (gateway_id) WHERE holds;
CREATE INDEX edge_attachments_listed ON edge_attachments (account, connection_name, name, uid)
  WHERE holds OR state = 'refused';
CREATE INDEX edge_attachments_by_state ON edge_attachments (state);

CREATE TABLE orders (
  id               bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  kind             text NOT NULL,
  object_kind      text NOT NULL,
  object_uid       text COLLATE "C" NOT NULL,
  object           text NOT NULL,
  account          text COLLATE "C" NOT NULL REFERENCES accounts (id),
  open             boolean NOT NULL,
  created_at       timestamptz NOT NULL,
  created_by       text NOT NULL,
  due_at           timestamptz,
  closed_at        timestamptz,
  closed_by        text,
  note             text,
  change_reference text,
  policy_version   bigint NOT NULL,
  recorders        jsonb
);
CREATE UNIQUE INDEX orders_open_object ON orders (object_uid) WHERE open;
CREATE INDEX orders_queue ON orders ((due_at IS NULL), due_at, id) WHERE open;

-- Whom tokens and audit entries are about. An erased subject has lost its name and the salt that led to its digest.
CREATE TABLE subjects (
  id     bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  name   text COLLATE "C" UNIQUE,
  salt   text,
  digest text NOT NULL,
  CHECK ((name IS NULL) = (salt IS NULL))
);

CREATE TABLE tokens (
  id            text COLLATE "C" PRIMARY KEY,
  secret_sha256 text COLLATE "C" NOT NULL UNIQUE,
  subject_id    bigint NOT NULL REFERENCES subjects (id),
  kind          text NOT NULL,
  roles         jsonb NOT NULL,
  accounts      jsonb NOT NULL,
  created_at    timestamptz NOT NULL,
  created_by_id bigint NOT NULL REFERENCES subjects (id),
  expires_at    timestamptz,
  revoked_at    timestamptz
);
CREATE INDEX tokens_by_age ON tokens (created_at DESC, id);

CREATE TABLE audit_head (
  singleton boolean PRIMARY KEY CHECK (singleton),
  sequence  bigint NOT NULL,
  hash      text NOT NULL
);

CREATE TABLE audit_entries (
  sequence         bigint PRIMARY KEY,
  at               timestamptz NOT NULL,
  subject_id       bigint NOT NULL REFERENCES subjects (id),
  subject_digest   text NOT NULL,
  subject_kind     text NOT NULL,
  account          text NOT NULL,
  action           text NOT NULL,
  object           text NOT NULL,
  object_uid       text COLLATE "C" NOT NULL,
  change_reference text NOT NULL,
  request_id       text NOT NULL,
  details          text NOT NULL,
  previous_hash    text NOT NULL,
  hash             text NOT NULL
);
CREATE INDEX audit_entries_by_object ON audit_entries (object_uid, sequence);

-- +goose StatementBegin
CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit is append-only';
END;
$$;
-- +goose StatementEnd
CREATE TRIGGER audit_entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
  FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();

-- A key whose answer is null belongs to a request that is running; only its own transaction sees it.
CREATE TABLE idempotency_keys (
  owner       text COLLATE "C" NOT NULL,
  key_sha256  text COLLATE "C" NOT NULL,
  fingerprint text NOT NULL,
  created_at  timestamptz NOT NULL,
  object_uid  text,
  problem     text,
  answer      text,
  PRIMARY KEY (owner, key_sha256)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

-- Jobs that wait for their time, which is the broker's clock's; at it they move to goqite, which keeps the machine's.
CREATE TABLE scheduled_jobs (
  id     bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  due_at timestamptz NOT NULL,
  body   bytea NOT NULL
);
CREATE INDEX scheduled_jobs_due ON scheduled_jobs (due_at, id);

-- The table that maragu.dev/goqite works on, as its schema_postgres.sql has it; ids without the extension pgcrypto.
CREATE TABLE goqite (
  id       text PRIMARY KEY DEFAULT ('m_' || replace(gen_random_uuid()::text, '-', '')),
  created  timestamptz NOT NULL DEFAULT now(),
  updated  timestamptz NOT NULL DEFAULT now(),
  queue    text NOT NULL,
  body     bytea NOT NULL,
  timeout  timestamptz NOT NULL DEFAULT now(),
  received integer NOT NULL DEFAULT 0,
  priority integer NOT NULL DEFAULT 0
);
-- +goose StatementBegin
CREATE FUNCTION goqite_update_timestamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  new.updated = now();
  RETURN new;
END;
$$;
-- +goose StatementEnd
CREATE TRIGGER goqite_updated_timestamp BEFORE UPDATE ON goqite
  FOR EACH ROW EXECUTE FUNCTION goqite_update_timestamp();
CREATE INDEX goqite_queue_priority_created_idx ON goqite (queue, priority DESC, created);

INSERT INTO audit_head (singleton, sequence, hash) VALUES (true, 0, '');
