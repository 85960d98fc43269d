-- The whole schema of Convene: people and rights, collections and their change log, calendars, contacts, mail.
-- Conventions (docs/architecture.md): ids that can be seen from outside are never reused (AUTOINCREMENT); time is epoch
-- milliseconds; truth is 0 or 1; text compared without regard to case has a folded copy; 0 stands for "everybody" or
-- "none" where a key column must not be NULL.

-- One row for each start of the server. A sync token names its boot, so that a restored backup is noticed.
CREATE TABLE boots (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  started_at INTEGER NOT NULL,
  version    TEXT    NOT NULL
);

-- Facts about this store as a whole: keys made at first start.
CREATE TABLE settings (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE organisations (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  name       TEXT    NOT NULL,
  created_at INTEGER NOT NULL
);

CREATE TABLE domains (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  organisation_id INTEGER NOT NULL REFERENCES organisations (id),
  name            TEXT    NOT NULL UNIQUE,
  created_at      INTEGER NOT NULL
);

CREATE TABLE principals (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  organisation_id INTEGER NOT NULL REFERENCES organisations (id),
  kind            TEXT    NOT NULL CHECK (kind IN ('individual', 'group', 'resource', 'room')),
  name            TEXT    NOT NULL UNIQUE,
  display_name    TEXT    NOT NULL,
  uuid            TEXT    NOT NULL UNIQUE,
  role            TEXT    NOT NULL CHECK (role IN ('owner', 'administrator', 'member', 'external')),
  created_at      INTEGER NOT NULL
);
CREATE INDEX principals_by_organisation ON principals (organisation_id, name);

-- Folded addresses; position 0 is the primary one.
CREATE TABLE addresses (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  principal_id INTEGER NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
  domain_id    INTEGER NOT NULL REFERENCES domains (id),
  address      TEXT    NOT NULL UNIQUE,
  position     INTEGER NOT NULL
);
CREATE INDEX addresses_by_principal ON addresses (principal_id, position);
CREATE INDEX addresses_by_domain ON addresses (domain_id);

CREATE TABLE group_members (
  group_id  INTEGER NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
  member_id INTEGER NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
  PRIMARY KEY (group_id, member_id)
) WITHOUT ROWID;
CREATE INDEX group_members_by_member ON group_members (member_id);

-- kind 'password': one chosen password, argon2id. kind 'device': generated, SHA-256, with scopes and networks as JSON.
CREATE TABLE credentials (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  principal_id INTEGER NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
  kind         TEXT    NOT NULL CHECK (kind IN ('password', 'device')),
  name         TEXT    NOT NULL,
  hash         TEXT    NOT NULL,
  scopes       TEXT    NOT NULL,
  networks     TEXT    NOT NULL,
  created_at   INTEGER NOT NULL,
  expires_at   INTEGER,
  last_used_at INTEGER
);
CREATE INDEX credentials_by_principal ON credentials (principal_id);

-- One account for each principal, of the same id: the counter that every write takes, and the one for UIDVALIDITY. It
-- outlives a removed principal until everything in it is purged.
CREATE TABLE accounts (
  id               INTEGER PRIMARY KEY,
  modseq           INTEGER NOT NULL,
  next_uidvalidity INTEGER NOT NULL,
  used_bytes       INTEGER NOT NULL,
  quota_bytes      INTEGER
);

-- The first modseq an account took in each boot in which it was written: tokens of older boots end before it.
CREATE TABLE account_boots (
  account_id   INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  boot_id      INTEGER NOT NULL REFERENCES boots (id),
  first_modseq INTEGER NOT NULL,
  PRIMARY KEY (account_id, boot_id)
) WITHOUT ROWID;

-- Calendars, address books, mailboxes. modseq is the highest that touched the collection: sync token, ctag, HIGHESTMODSEQ.
-- removed 1: it appears nowhere any more, a job takes its members away in small transactions.
CREATE TABLE collections (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  account_id INTEGER NOT NULL REFERENCES accounts (id),
  kind       TEXT    NOT NULL CHECK (kind IN ('calendar', 'addressbook', 'mailbox')),
  modseq     INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  removed    INTEGER NOT NULL
);
CREATE INDEX collections_by_account ON collections (account_id, kind);
CREATE INDEX collections_removed ON collections (id) WHERE removed = 1;

-- What a calendar has beyond a collection. components: comma-separated, in upper case.
CREATE TABLE calendars (
  collection_id INTEGER PRIMARY KEY REFERENCES collections (id) ON DELETE CASCADE,
  components    TEXT    NOT NULL,
  time_zone     TEXT    NOT NULL,
  transparent   INTEGER NOT NULL
);

-- Where a collection appears, and for whom; DAV paths resolve through it. Mailboxes are found by their own names.
CREATE TABLE bindings (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  principal_id  INTEGER NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
  collection_id INTEGER NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
  home          TEXT    NOT NULL CHECK (home IN ('calendars', 'addressbooks')),
  segment       TEXT    NOT NULL,
  position      INTEGER NOT NULL,
  created_at    INTEGER NOT NULL,
  UNIQUE (principal_id, home, segment)
);
CREATE INDEX bindings_by_collection ON bindings (collection_id);

-- rights of a grantee on one collection, or on a whole account (collection_id 0).
CREATE TABLE grants (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  account_id    INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  collection_id INTEGER NOT NULL,
  grantee_id    INTEGER NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
  rights        TEXT    NOT NULL CHECK (rights IN ('free-busy', 'read', 'read-write', 'manage', 'send-as')),
  created_at    INTEGER NOT NULL,
  UNIQUE (account_id, collection_id, grantee_id, rights)
);
CREATE INDEX grants_by_grantee ON grants (grantee_id);

-- Properties set by clients, as serialised XML. principal_id 0: the same for everybody; else that person's own.
CREATE TABLE properties (
  resource_kind TEXT    NOT NULL CHECK (resource_kind IN ('principal', 'calendars', 'addressbooks', 'collection', 'calendar-object', 'card')),
  resource_id   INTEGER NOT NULL,
  principal_id  INTEGER NOT NULL,
  namespace     TEXT    NOT NULL,
  name          TEXT    NOT NULL,
  xml           TEXT    NOT NULL,
  PRIMARY KEY (resource_kind, resource_id, principal_id, namespace, name)
) WITHOUT ROWID;

-- The one kind of tombstone, compacted to one row for each member. collection_id 0: a collection that left the account,
-- its name then is 'home/segment'.
CREATE TABLE tombstones (
  account_id    INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  collection_id INTEGER NOT NULL,
  name          TEXT    NOT NULL,
  member_id     INTEGER NOT NULL,
  modseq        INTEGER NOT NULL,
  PRIMARY KEY (account_id, collection_id, name)
) WITHOUT ROWID;
CREATE INDEX tombstones_by_modseq ON tombstones (collection_id, modseq, member_id);

-- Calendar object resources: a narrow row, and the client's octets apart. Listings and sync read calendar_objects_by_modseq
-- alone: it covers what they print.
CREATE TABLE calendar_objects (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  collection_id INTEGER NOT NULL REFERENCES collections (id),
  name          TEXT    NOT NULL,
  ical_uid      TEXT    NOT NULL,
  component     TEXT    NOT NULL,
  etag          TEXT    NOT NULL,
  schedule_tag  TEXT,
  size          INTEGER NOT NULL,
  modseq        INTEGER NOT NULL,
  created_at    INTEGER NOT NULL,
  modified_at   INTEGER NOT NULL,
  first_start   INTEGER,
  last_end      INTEGER,
  recurring     INTEGER NOT NULL,
  indexed_from  INTEGER NOT NULL,
  indexed_until INTEGER NOT NULL
);
CREATE UNIQUE INDEX calendar_objects_by_name ON calendar_objects (collection_id, name);
CREATE INDEX calendar_objects_by_modseq ON calendar_objects (collection_id, modseq, id, name, etag);
CREATE UNIQUE INDEX calendar_objects_by_uid ON calendar_objects (collection_id, ical_uid);
CREATE INDEX calendar_objects_recurring ON calendar_objects (collection_id, indexed_until, first_start) WHERE recurring = 1;

CREATE TABLE calendar_object_data (
  object_id INTEGER PRIMARY KEY REFERENCES calendar_objects (id) ON DELETE CASCADE,
  data      TEXT NOT NULL
);

-- Occurrences inside the indexed window, and the single one of every object that does not recur. floating: start and end
-- are local time written as if it were UTC. long: lasts more than a day. busy: 0 free, 1 busy, 2 tentative, 3 unavailable.
CREATE TABLE occurrences (
  collection_id INTEGER NOT NULL,
  long          INTEGER NOT NULL,
  start_at      INTEGER NOT NULL,
  object_id     INTEGER NOT NULL REFERENCES calendar_objects (id) ON DELETE CASCADE,
  end_at        INTEGER NOT NULL,
  floating      INTEGER NOT NULL,
  busy          INTEGER NOT NULL,
  ordinal       INTEGER NOT NULL,
  PRIMARY KEY (collection_id, long, start_at, object_id, ordinal)
) WITHOUT ROWID;
CREATE INDEX occurrences_by_object ON occurrences (object_id);

-- Version of the time zone data each part of the index was made with; a change re-indexes by a job.
CREATE TABLE occurrence_versions (
  collection_id     INTEGER PRIMARY KEY REFERENCES collections (id) ON DELETE CASCADE,
  time_zone_version TEXT    NOT NULL
);

CREATE TABLE cards (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  collection_id INTEGER NOT NULL REFERENCES collections (id),
  name          TEXT    NOT NULL,
  card_uid      TEXT    NOT NULL,
  version       TEXT    NOT NULL,
  kind          TEXT    NOT NULL,
  etag          TEXT    NOT NULL,
  size          INTEGER NOT NULL,
  modseq        INTEGER NOT NULL,
  created_at    INTEGER NOT NULL,
  modified_at   INTEGER NOT NULL
);
CREATE UNIQUE INDEX cards_by_name ON cards (collection_id, name);
CREATE INDEX cards_by_modseq ON cards (collection_id, modseq, id, name, etag);
CREATE UNIQUE INDEX cards_by_uid ON cards (collection_id, card_uid);

CREATE TABLE card_data (
  card_id INTEGER PRIMARY KEY REFERENCES cards (id) ON DELETE CASCADE,
  data    TEXT NOT NULL
);

-- Bytes by content within one account. chunks 0: in octets; otherwise staged in blob_chunks. put_at is the last time these
-- bytes were put: what is unreferenced is deleted only 24 hours after it.
CREATE TABLE blobs (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  account_id INTEGER NOT NULL REFERENCES accounts (id),
  hash       BLOB    NOT NULL,
  size       INTEGER NOT NULL,
  chunks     INTEGER NOT NULL,
  complete   INTEGER NOT NULL,
  put_at     INTEGER NOT NULL,
  octets     BLOB
);
CREATE UNIQUE INDEX blobs_by_hash ON blobs (account_id, hash) WHERE complete = 1;
CREATE INDEX blobs_by_put ON blobs (put_at);

CREATE TABLE blob_chunks (
  blob_id INTEGER NOT NULL REFERENCES blobs (id) ON DELETE CASCADE,
  ordinal INTEGER NOT NULL,
  octets  BLOB    NOT NULL,
  PRIMARY KEY (blob_id, ordinal)
);

-- name: decoded, '/' between levels, INBOX in upper case. special_use: '\Sent', '' for none. keywords: JSON list, its index is
-- the bit. recent_from: messages from this UID on were not yet shown to any session as \Recent.
CREATE TABLE mailboxes (
  collection_id INTEGER PRIMARY KEY REFERENCES collections (id) ON DELETE CASCADE,
  account_id    INTEGER NOT NULL REFERENCES accounts (id),
  name          TEXT    NOT NULL,
  special_use   TEXT    NOT NULL,
  uidvalidity   INTEGER NOT NULL,
  uidnext       INTEGER NOT NULL,
  recent_from   INTEGER NOT NULL,
  keywords      TEXT    NOT NULL,
  UNIQUE (account_id, name)
);

-- Names a principal subscribed to; they may outlive the mailbox (RFC 3501 §6.3.6).
CREATE TABLE subscriptions (
  principal_id INTEGER NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
  name         TEXT    NOT NULL,
  PRIMARY KEY (principal_id, name)
) WITHOUT ROWID;

-- Never changed after they are written. summary and structure are finished IMAP text, ASCII: the FETCH items INTERNALDATE,
-- RFC822.SIZE and ENVELOPE, and the value of BODYSTRUCTURE.
CREATE TABLE messages (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  account_id    INTEGER NOT NULL REFERENCES accounts (id),
  blob_id       INTEGER NOT NULL REFERENCES blobs (id),
  size          INTEGER NOT NULL,
  internal_date INTEGER NOT NULL,
  summary       TEXT    NOT NULL,
  structure     TEXT    NOT NULL
);
CREATE INDEX messages_by_blob ON messages (blob_id);
CREATE INDEX messages_by_account ON messages (account_id);

-- Where messages are. flags: five system flags and 48 keywords as bits. There is no index on modseq: an open mailbox holds
-- these columns in memory, and a change of all flags must not move an index entry for each message.
CREATE TABLE placements (
  collection_id INTEGER NOT NULL REFERENCES collections (id),
  uid           INTEGER NOT NULL,
  message_id    INTEGER NOT NULL REFERENCES messages (id),
  flags         INTEGER NOT NULL,
  modseq        INTEGER NOT NULL,
  PRIMARY KEY (collection_id, uid)
) WITHOUT ROWID;
CREATE INDEX placements_by_message ON placements (message_id);

-- The queue of mail to recipients elsewhere: one row for each recipient. options: its DSN parameters as JSON.
CREATE TABLE submissions (
  id                 INTEGER PRIMARY KEY AUTOINCREMENT,
  account_id         INTEGER NOT NULL REFERENCES accounts (id),
  blob_id            INTEGER NOT NULL REFERENCES blobs (id),
  mail_from          TEXT    NOT NULL,
  rcpt_to            TEXT    NOT NULL,
  options            TEXT    NOT NULL,
  state              TEXT    NOT NULL CHECK (state IN ('queued', 'held', 'sent', 'failed')),
  attempts           INTEGER NOT NULL,
  next_attempt_at    INTEGER NOT NULL,
  last_error         TEXT,
  created_at         INTEGER NOT NULL
);
CREATE INDEX submissions_due ON submissions (state, next_attempt_at);
CREATE INDEX submissions_by_blob ON submissions (blob_id);
CREATE INDEX submissions_by_account ON submissions (account_id);
