-- What is remembered of other mail servers beyond a restart. Both tables are bounded: the lowest ids make room.

-- Who brought mail before. digest: of network, sender and recipient. known: it came again when it was asked to.
CREATE TABLE greylist (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  digest     BLOB    NOT NULL UNIQUE,
  seen_at    INTEGER NOT NULL,
  known      INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
);
CREATE INDEX greylist_by_expiry ON greylist (expires_at);

-- Policies of domains (RFC 8461 §3.3). version: the id that DNS announced. mx: JSON list of names.
CREATE TABLE sts_policies (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  domain     TEXT    NOT NULL UNIQUE,
  version    TEXT    NOT NULL,
  mode       TEXT    NOT NULL CHECK (mode IN ('enforce', 'testing', 'none')),
  mx         TEXT    NOT NULL,
  refresh_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
);
CREATE INDEX sts_policies_by_expiry ON sts_policies (expires_at);
