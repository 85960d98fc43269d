-- What IMAP asks of messages beyond their octets.

-- layout: where the parts of a large message lie, '' for one that is scanned again when asked. thread_id: the id of the first
-- message of its thread (THREADID), 0 for messages stored before threads were.
ALTER TABLE messages ADD COLUMN layout TEXT NOT NULL DEFAULT '';
ALTER TABLE messages ADD COLUMN thread_id INTEGER NOT NULL DEFAULT 0;

-- When the message came into this mailbox (SAVEDATE), 0 when it is not known.
ALTER TABLE placements ADD COLUMN saved_at INTEGER NOT NULL DEFAULT 0;

-- Which thread a message id belongs to, by 48 bits of its hash: that of a message, or one it refers to.
CREATE TABLE threads (
  account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  hash       INTEGER NOT NULL,
  thread_id  INTEGER NOT NULL,
  PRIMARY KEY (account_id, hash)
) WITHOUT ROWID;

-- The letters of RFC 4314 that a grant on a mailbox gives, where they are not those its rights stand for.
ALTER TABLE grants ADD COLUMN mail_rights TEXT NOT NULL DEFAULT '';
