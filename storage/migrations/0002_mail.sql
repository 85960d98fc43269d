-- What IMAP asks of messages beyond their octets.

-- layout: where the parts of a large message lie, '' for one that is scanned again when asked. original_id: of a copy from
-- another account, the id of what it was copied from (EMAILID); 0: its own. thread_id: the id of the first message of its
-- thread (THREADID); 0: its own. ancestry: six octets of hash for its Message-ID, then for each id it refers to (THREAD).
ALTER TABLE messages ADD COLUMN layout TEXT NOT NULL DEFAULT '';
ALTER TABLE messages ADD COLUMN original_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN thread_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE messages ADD COLUMN ancestry BLOB NOT NULL DEFAULT x'';

-- When the message came into this mailbox (SAVEDATE), 0 when it is not known.
ALTER TABLE placements ADD COLUMN saved_at INTEGER NOT NULL DEFAULT 0;

-- Which thread a Message-ID belongs to, by 48 bits of its hash: that of a message, or one it refers to.
CREATE TABLE threads (
  account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  hash       INTEGER NOT NULL,
  thread_id  INTEGER NOT NULL,
  PRIMARY KEY (account_id, hash)
) WITHOUT ROWID;

-- The letters of RFC 4314 that somebody has on a mailbox, where they are not those the rights of the grant stand for. Counts
-- only beside a grant. grantee_id as there.
CREATE TABLE mail_rights (
  collection_id INTEGER NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
  grantee_id    INTEGER NOT NULL,
  letters       TEXT    NOT NULL,
  PRIMARY KEY (collection_id, grantee_id)
) WITHOUT ROWID;
