-- Whether a calendar of somebody else makes its reader's own time busy (RFC 6638 §9.1): in the binding of that person, free
-- unless it says otherwise. For the owner stands what the calendar says.
ALTER TABLE bindings ADD COLUMN transparent INTEGER NOT NULL DEFAULT 1;
