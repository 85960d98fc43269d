-- Rooms, who may ask when somebody is busy, and when somebody is available at all.

-- What a room or resource has beyond a principal. capacity: 0 when it has none. features: JSON list of folded words. booking:
-- how requests are answered while the time is free; a request for a taken time is declined always. longest_minutes: 0 for any.
CREATE TABLE resources (
  principal_id    INTEGER PRIMARY KEY REFERENCES principals (id) ON DELETE CASCADE,
  building        TEXT    NOT NULL,
  capacity        INTEGER NOT NULL,
  features        TEXT    NOT NULL,
  booking         TEXT    NOT NULL CHECK (booking IN ('auto-accept', 'approval', 'auto-decline')),
  manager_id      INTEGER REFERENCES principals (id) ON DELETE SET NULL,
  horizon_days    INTEGER NOT NULL,
  longest_minutes INTEGER NOT NULL
);
CREATE INDEX resources_by_manager ON resources (manager_id);

-- Who may ask when a principal is busy, beside those it granted it to. No row: its organisation.
CREATE TABLE free_busy_sharing (
  principal_id INTEGER PRIMARY KEY REFERENCES principals (id) ON DELETE CASCADE,
  shared_with  TEXT    NOT NULL CHECK (shared_with IN ('nobody', 'organisation', 'everyone'))
);

-- Of a scheduling inbox: the iCalendar object with its owner's VAVAILABILITY (RFC 7953 §7.2.4), or ''.
ALTER TABLE calendars ADD COLUMN availability TEXT NOT NULL DEFAULT '';

-- Objects with a VAVAILABILITY are few, and every free/busy question looks for them.
CREATE INDEX calendar_objects_availability ON calendar_objects (collection_id, id) WHERE component = 'VAVAILABILITY';
