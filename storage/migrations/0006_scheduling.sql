-- Scheduling: messages in inboxes, and those on their way.

-- METHOD of a scheduling message in an inbox (RFC 5546); NULL for what is kept in calendars. Several messages may be of one UID.
ALTER TABLE calendar_objects ADD COLUMN method TEXT;
DROP INDEX calendar_objects_by_uid;
CREATE UNIQUE INDEX calendar_objects_by_uid ON calendar_objects (collection_id, ical_uid) WHERE method IS NULL;
-- What deleting a calendar has to tell others about.
CREATE INDEX calendar_objects_scheduled ON calendar_objects (collection_id, id) WHERE schedule_tag IS NOT NULL;

-- Texts of messages on their way, each once for all its recipients.
CREATE TABLE schedule_texts (
  id   INTEGER PRIMARY KEY AUTOINCREMENT,
  data TEXT NOT NULL
);

-- The queue of scheduling messages, one row for each recipient, delivered in order of id to each of them. recipient_id 0:
-- elsewhere, by mail. text_id 0: not a message, but the newest state of the sender's object, shown silently; at most one for
-- each object and recipient waits. origin: 'here' from a person of this server, 'mail' from a sender whose invitations are
-- taken, 'stranger' by mail from anybody else.
CREATE TABLE schedule_messages (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  account_id      INTEGER NOT NULL REFERENCES accounts (id),
  recipient_id    INTEGER NOT NULL,
  sender          TEXT    NOT NULL,
  recipient       TEXT    NOT NULL,
  method          TEXT    NOT NULL,
  ical_uid        TEXT    NOT NULL,
  text_id         INTEGER NOT NULL,
  origin          TEXT    NOT NULL CHECK (origin IN ('here', 'mail', 'stranger')),
  attempts        INTEGER NOT NULL,
  next_attempt_at INTEGER NOT NULL,
  last_error      TEXT,
  created_at      INTEGER NOT NULL
);
CREATE INDEX schedule_messages_due ON schedule_messages (next_attempt_at, id);
CREATE INDEX schedule_messages_by_recipient ON schedule_messages (recipient_id, id);
CREATE INDEX schedule_messages_by_text ON schedule_messages (text_id);
CREATE INDEX schedule_messages_by_account ON schedule_messages (account_id);
CREATE UNIQUE INDEX schedule_messages_refresh ON schedule_messages (account_id, recipient_id, ical_uid) WHERE text_id = 0;
