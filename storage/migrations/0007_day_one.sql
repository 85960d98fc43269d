-- Published and subscribed calendars, the second factor, one-time links, the audit log, and what was deleted but is kept.

-- A published calendar: one link to it, at one level of detail. seen_modseq, seen_at: when the last change of the calendar
-- was made, as far as fetches have noticed it.
CREATE TABLE feeds (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  account_id    INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  collection_id INTEGER NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
  name          TEXT    NOT NULL,
  level         TEXT    NOT NULL CHECK (level IN ('full', 'titles-hidden', 'busy')),
  created_at    INTEGER NOT NULL,
  expires_at    INTEGER,
  revoked_at    INTEGER,
  seen_modseq   INTEGER NOT NULL,
  seen_at       INTEGER NOT NULL,
  fetches       INTEGER NOT NULL
);
CREATE INDEX feeds_by_account ON feeds (account_id, id);
CREATE INDEX feeds_by_collection ON feeds (collection_id);

-- SHA-256 of the secret in each link. Retired ones are kept: a link that was rotated is gone, not unknown.
CREATE TABLE feed_tokens (
  hash       TEXT    PRIMARY KEY,
  feed_id    INTEGER NOT NULL REFERENCES feeds (id) ON DELETE CASCADE,
  retired_at INTEGER
) WITHOUT ROWID;
CREATE INDEX feed_tokens_by_feed ON feed_tokens (feed_id);

CREATE TABLE feed_fetches (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  feed_id INTEGER NOT NULL REFERENCES feeds (id) ON DELETE CASCADE,
  at      INTEGER NOT NULL,
  peer    TEXT    NOT NULL,
  client  TEXT    NOT NULL,
  status  INTEGER NOT NULL
);
CREATE INDEX feed_fetches_by_feed ON feed_fetches (feed_id, id);

-- Where and with what program a password was last used.
ALTER TABLE credentials ADD COLUMN last_peer TEXT NOT NULL DEFAULT '';
ALTER TABLE credentials ADD COLUMN last_client TEXT NOT NULL DEFAULT '';

-- The second factor of a log-in. secret: sealed with the key of the data folder. enabled_at null: not yet proved.
-- last_step: the newest time step a code was accepted for; none is accepted twice.
CREATE TABLE second_factors (
  principal_id INTEGER PRIMARY KEY REFERENCES principals (id) ON DELETE CASCADE,
  secret       TEXT    NOT NULL,
  created_at   INTEGER NOT NULL,
  enabled_at   INTEGER,
  last_step    INTEGER NOT NULL
);

-- SHA-256 of the secret of a link that works once.
CREATE TABLE one_time_links (
  hash         TEXT    PRIMARY KEY,
  principal_id INTEGER NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
  created_at   INTEGER NOT NULL,
  expires_at   INTEGER NOT NULL,
  used_at      INTEGER
) WITHOUT ROWID;

-- Log-ins, grants and administrative acts. No foreign keys: it outlives what it tells of.
CREATE TABLE audit (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  at      INTEGER NOT NULL,
  actor   TEXT    NOT NULL,
  action  TEXT    NOT NULL,
  target  TEXT    NOT NULL,
  peer    TEXT    NOT NULL,
  details TEXT    NOT NULL
);
CREATE INDEX audit_by_actor ON audit (actor, id);

-- Calendar objects and cards that were deleted, kept for a time. kind as in properties.
CREATE TABLE deleted_members (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  account_id    INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  collection_id INTEGER NOT NULL,
  kind          TEXT    NOT NULL CHECK (kind IN ('calendar-object', 'card')),
  name          TEXT    NOT NULL,
  uid           TEXT    NOT NULL,
  data          TEXT    NOT NULL,
  deleted_at    INTEGER NOT NULL
);
CREATE INDEX deleted_members_by_account ON deleted_members (account_id, deleted_at);
CREATE INDEX deleted_members_by_time ON deleted_members (deleted_at);

-- Calendars and address books that were deleted; with their row here, purging leaves them alone.
CREATE TABLE deleted_collections (
  collection_id INTEGER PRIMARY KEY REFERENCES collections (id) ON DELETE CASCADE,
  account_id    INTEGER NOT NULL,
  home          TEXT    NOT NULL,
  segment       TEXT    NOT NULL,
  deleted_at    INTEGER NOT NULL
);
CREATE INDEX deleted_collections_by_account ON deleted_collections (account_id);

-- Calendars of others that this server fetches, each once for all who subscribed. etag, last_modified: validators of the last
-- good answer. content_hash: of its octets.
CREATE TABLE sources (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  url           TEXT    NOT NULL UNIQUE,
  every_ms      INTEGER NOT NULL,
  etag          TEXT    NOT NULL,
  last_modified TEXT    NOT NULL,
  content_hash  TEXT    NOT NULL,
  fetched_at    INTEGER,
  changed_at    INTEGER,
  next_fetch_at INTEGER NOT NULL,
  failures      INTEGER NOT NULL,
  error         TEXT    NOT NULL
);
CREATE INDEX sources_due ON sources (next_fetch_at);

CREATE TABLE calendar_sources (
  collection_id INTEGER PRIMARY KEY REFERENCES collections (id) ON DELETE CASCADE,
  source_id     INTEGER NOT NULL REFERENCES sources (id)
);
CREATE INDEX calendar_sources_by_source ON calendar_sources (source_id);
