-- Keys that sign the mail of a domain (DKIM). The selector is the name under which DNS publishes the public key.
-- private_key: PKCS #8 in PEM.
CREATE TABLE domain_keys (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  domain_id   INTEGER NOT NULL REFERENCES domains (id) ON DELETE CASCADE,
  selector    TEXT    NOT NULL,
  algorithm   TEXT    NOT NULL CHECK (algorithm IN ('rsa', 'ed25519')),
  private_key TEXT    NOT NULL,
  created_at  INTEGER NOT NULL,
  UNIQUE (domain_id, selector)
);
