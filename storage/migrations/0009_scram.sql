-- SCRAM keys of a password (RFC 5802 §3), sealed with the key of the data folder; '' while they are not known.
ALTER TABLE credentials ADD COLUMN scram TEXT NOT NULL DEFAULT '';
