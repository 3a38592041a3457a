-- Version 2: the audit log. A row is an entry with its seal, which is worked out from the one before; rows
-- are only ever added, and taken from the old end. The seals of both ends are in "meta" as "audit".
CREATE TABLE audit(id INTEGER PRIMARY KEY, at INTEGER NOT NULL, hash BLOB NOT NULL, entry BLOB NOT NULL);
-- The one index that a commit writes: entries of this kind are made by people, not by partners.
CREATE INDEX audit_at ON audit(at);
