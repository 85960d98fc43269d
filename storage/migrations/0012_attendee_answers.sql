-- Who among the attendees of an occurrence is not coming, or perhaps: marks of their addresses (src/calendar/attendee-answers.ts).
-- NULL where everybody comes or nobody is invited.
ALTER TABLE occurrences ADD COLUMN answers TEXT;

-- What is stored is indexed once more.
UPDATE settings SET value = json_set(value, '$.timeZoneVersion', '') WHERE name = 'calendar-index';
