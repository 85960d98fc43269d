-- Plain collections with files of any type, notifications, invitations to shared collections, grants to everybody.
-- Foreign keys stay on: a table that others refer to keeps its rows, only its column is replaced.

-- kind 'plain': a collection of files; its binding's segment is its path below the home. kind 'notifications': what a
-- principal is told by others, as files.
DROP INDEX collections_by_account;
ALTER TABLE collections ADD COLUMN kind_new TEXT NOT NULL DEFAULT 'plain'
  CHECK (kind_new IN ('calendar', 'addressbook', 'mailbox', 'plain', 'notifications'));
UPDATE collections SET kind_new = kind;
ALTER TABLE collections DROP COLUMN kind;
ALTER TABLE collections RENAME COLUMN kind_new TO kind;
CREATE INDEX collections_by_account ON collections (account_id, kind);

-- Members of plain collections; their octets are blobs of the account.
CREATE TABLE files (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  collection_id INTEGER NOT NULL REFERENCES collections (id),
  name          TEXT    NOT NULL,
  content_type  TEXT    NOT NULL,
  blob_id       INTEGER NOT NULL REFERENCES blobs (id),
  etag          TEXT    NOT NULL,
  size          INTEGER NOT NULL,
  modseq        INTEGER NOT NULL,
  created_at    INTEGER NOT NULL,
  modified_at   INTEGER NOT NULL
);
CREATE UNIQUE INDEX files_by_name ON files (collection_id, name);
CREATE INDEX files_by_modseq ON files (collection_id, modseq, id, name, etag);
CREATE INDEX files_by_blob ON files (blob_id);

-- modseq: when a binding came, changed its segment or what its principal sees there, in the modseqs of that principal's
-- account. home 'notifications' holds one collection, its segment is ''.
CREATE TABLE bindings_new (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  principal_id  INTEGER NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
  collection_id INTEGER NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
  home          TEXT    NOT NULL CHECK (home IN ('calendars', 'addressbooks', 'notifications')),
  segment       TEXT    NOT NULL,
  position      INTEGER NOT NULL,
  modseq        INTEGER NOT NULL,
  created_at    INTEGER NOT NULL,
  UNIQUE (principal_id, home, segment)
);
INSERT INTO bindings_new SELECT id, principal_id, collection_id, home, segment, position, 0, created_at FROM bindings;
DROP TABLE bindings;
ALTER TABLE bindings_new RENAME TO bindings;
CREATE INDEX bindings_by_collection ON bindings (collection_id);

-- grantee_id 0: everybody in the organisation of the account, but externals. scope 'calendars': a grant on a whole account
-- that is about its calendars only (delegation), else ''.
CREATE TABLE grants_new (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  account_id    INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  collection_id INTEGER NOT NULL,
  grantee_id    INTEGER NOT NULL,
  rights        TEXT    NOT NULL CHECK (rights IN ('free-busy', 'read', 'read-write', 'manage', 'send-as')),
  scope         TEXT    NOT NULL CHECK (scope IN ('', 'calendars')),
  created_at    INTEGER NOT NULL,
  UNIQUE (account_id, collection_id, grantee_id, rights, scope)
);
INSERT INTO grants_new SELECT id, account_id, collection_id, grantee_id, rights, '', created_at FROM grants;
DROP TABLE grants;
ALTER TABLE grants_new RENAME TO grants;
CREATE INDEX grants_by_grantee ON grants (grantee_id);

-- Invitations to a collection. rights become a grant, and the collection gets a binding, when the invitee accepts.
CREATE TABLE invitations (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  uid           TEXT    NOT NULL UNIQUE,
  collection_id INTEGER NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
  invitee_id    INTEGER NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
  href          TEXT    NOT NULL,
  common_name   TEXT    NOT NULL,
  summary       TEXT    NOT NULL,
  rights        TEXT    NOT NULL CHECK (rights IN ('read', 'read-write')),
  status        TEXT    NOT NULL CHECK (status IN ('pending', 'accepted', 'declined')),
  created_at    INTEGER NOT NULL,
  UNIQUE (collection_id, invitee_id)
);
CREATE INDEX invitations_by_invitee ON invitations (invitee_id);

-- Properties of files.
CREATE TABLE properties_new (
  resource_kind TEXT    NOT NULL CHECK (resource_kind IN
    ('principal', 'calendars', 'addressbooks', 'collection', 'calendar-object', 'card', 'file')),
  resource_id   INTEGER NOT NULL,
  principal_id  INTEGER NOT NULL,
  namespace     TEXT    NOT NULL,
  name          TEXT    NOT NULL,
  xml           TEXT    NOT NULL,
  PRIMARY KEY (resource_kind, resource_id, principal_id, namespace, name)
) WITHOUT ROWID;
INSERT INTO properties_new SELECT resource_kind, resource_id, principal_id, namespace, name, xml FROM properties;
DROP TABLE properties;
ALTER TABLE properties_new RENAME TO properties;

-- What an account uses counts calendar objects and cards too (RFC 4331).
UPDATE accounts SET used_bytes = used_bytes
  + COALESCE((SELECT SUM(m.size) FROM collections c JOIN calendar_objects m ON m.collection_id = c.id
      WHERE c.account_id = accounts.id AND c.removed = 0), 0)
  + COALESCE((SELECT SUM(m.size) FROM collections c JOIN cards m ON m.collection_id = c.id
      WHERE c.account_id = accounts.id AND c.removed = 0), 0);
