-- Attachments that clients hand over by POST (RFC 8607). managed_id: what iCalendar calls MANAGED-ID, unguessable. uri: the
-- value of ATTACH, as it was given out. One that no object uses any more goes with the write that dropped it.
CREATE TABLE managed_attachments (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  account_id INTEGER NOT NULL REFERENCES accounts (id),
  managed_id TEXT    NOT NULL UNIQUE,
  blob_id    INTEGER NOT NULL REFERENCES blobs (id),
  uri        TEXT    NOT NULL,
  media_type TEXT    NOT NULL,
  file_name  TEXT    NOT NULL,
  size       INTEGER NOT NULL,
  created_at INTEGER NOT NULL
);
CREATE INDEX managed_attachments_by_blob ON managed_attachments (blob_id);
CREATE INDEX managed_attachments_by_account ON managed_attachments (account_id);

-- Which objects name an attachment, in any account: whoever may read one of them may read the attachment.
CREATE TABLE attachment_uses (
  object_id     INTEGER NOT NULL REFERENCES calendar_objects (id) ON DELETE CASCADE,
  attachment_id INTEGER NOT NULL REFERENCES managed_attachments (id) ON DELETE CASCADE,
  PRIMARY KEY (object_id, attachment_id)
) WITHOUT ROWID;
CREATE INDEX attachment_uses_by_attachment ON attachment_uses (attachment_id);
