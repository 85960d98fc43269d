-- What became of the messages of an organizer to each attendee, and of the answers: who was told when and how, and who answered.

-- 1: answered on the page for guests.
ALTER TABLE schedule_messages ADD COLUMN by_web INTEGER NOT NULL DEFAULT 0;

-- One row for each attendee of each event that messages were sent about, or who answered; attendee is folded. way: how the
-- last message goes; envelope_id names
-- its mail (RFC 3461 §4.4). state: 'queued', 'sent' to the next mail server, 'delivered', 'delayed', 'bounced'; detail is what
-- was said of it. touched_at: when something was heard, or the event was last seen to be there. answered_via: the attendee's own calendar here, mail, or the page for guests.
CREATE TABLE attendee_tracking (
  account_id   INTEGER NOT NULL REFERENCES accounts (id),
  ical_uid     TEXT    NOT NULL,
  attendee     TEXT    NOT NULL,
  method       TEXT,
  sent_at      INTEGER,
  way          TEXT    CHECK (way IN ('calendar', 'mail')),
  envelope_id  TEXT,
  state        TEXT    CHECK (state IN ('queued', 'sent', 'delivered', 'delayed', 'bounced')),
  state_at     INTEGER,
  detail       TEXT    NOT NULL DEFAULT '',
  partstat     TEXT,
  answered_at  INTEGER,
  answered_via TEXT    CHECK (answered_via IN ('calendar', 'mail', 'web')),
  touched_at   INTEGER NOT NULL,
  PRIMARY KEY (account_id, ical_uid, attendee)
) WITHOUT ROWID;
CREATE INDEX attendee_tracking_by_envelope ON attendee_tracking (account_id, envelope_id) WHERE envelope_id IS NOT NULL;
CREATE INDEX attendee_tracking_by_touch ON attendee_tracking (touched_at);
