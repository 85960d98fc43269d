-- What somebody keeps of an object in a calendar of somebody else: its own alarms, what it acknowledged of them, and whether it
-- makes its own time busy. data: an iCalendar text with these parts alone, '' when nothing is left of them. etag: of data, '' with
-- it. modseq: of its last change, in the modseqs of the account that holds the object. What the owner of the calendar sets of
-- the same kind stands in the object itself.
CREATE TABLE personal_data (
  object_id     INTEGER NOT NULL REFERENCES calendar_objects (id) ON DELETE CASCADE,
  principal_id  INTEGER NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
  collection_id INTEGER NOT NULL,
  modseq        INTEGER NOT NULL,
  modified_at   INTEGER NOT NULL,
  etag          TEXT    NOT NULL,
  data          TEXT    NOT NULL,
  PRIMARY KEY (object_id, principal_id)
) WITHOUT ROWID;
CREATE INDEX personal_data_by_modseq ON personal_data (principal_id, collection_id, modseq, object_id);
