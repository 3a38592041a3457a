-- Version 1 of the journal. Times are microseconds since 1970-01-01T00:00:00Z. A text column of the
-- kind "INTEGER or TEXT" holds a row of "text" or the text itself.

CREATE TABLE meta(name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
CREATE TABLE text(id INTEGER PRIMARY KEY, text TEXT NOT NULL);
CREATE TABLE dictionary(id INTEGER PRIMARY KEY, format TEXT NOT NULL, bytes BLOB NOT NULL);
CREATE TABLE value(name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;

-- Names, and the books kept in every commit. mark is the highest envelope routed; bytes counts stored
-- payloads and parts that were not pruned.
CREATE TABLE channel(
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,
    received INTEGER NOT NULL, filtered INTEGER NOT NULL, failed INTEGER NOT NULL, routed INTEGER NOT NULL,
    mark INTEGER NOT NULL, last INTEGER NOT NULL, last_at INTEGER NOT NULL,
    bytes INTEGER NOT NULL, pruned INTEGER NOT NULL
);
CREATE TABLE destination(
    id INTEGER PRIMARY KEY, channel INTEGER NOT NULL, name TEXT NOT NULL,
    queued INTEGER NOT NULL, delivered INTEGER NOT NULL, dead INTEGER NOT NULL, dropped INTEGER NOT NULL,
    UNIQUE(channel, name)
);
CREATE TABLE version(id INTEGER PRIMARY KEY, channel INTEGER NOT NULL, since INTEGER NOT NULL, text TEXT NOT NULL);

-- One row per envelope. seq counts within the channel; system, peer and format are INTEGER or TEXT;
-- coding, size, checksum and body are those of bodies.rs.
CREATE TABLE envelope(
    id INTEGER PRIMARY KEY, channel INTEGER NOT NULL, seq INTEGER NOT NULL, version INTEGER NOT NULL,
    received INTEGER NOT NULL, system NOT NULL, peer NOT NULL, format NOT NULL,
    origin INTEGER NOT NULL, parent INTEGER, fingerprint INTEGER,
    size INTEGER NOT NULL, coding INTEGER NOT NULL, checksum INTEGER NOT NULL, body BLOB NOT NULL
);
-- The envelopes of one channel in one commit: first to last, or the numbers packed in ids.
CREATE TABLE run(
    channel INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, ids BLOB,
    PRIMARY KEY(channel, first)
) WITHOUT ROWID;
CREATE TABLE child(parent INTEGER NOT NULL, envelope INTEGER NOT NULL, PRIMARY KEY(parent, envelope)) WITHOUT ROWID;

-- What the steps made: outcome 0 deliveries, 1 filtered, 2 failed; the BLOBs are those of pack.rs.
CREATE TABLE route(
    envelope INTEGER PRIMARY KEY, at INTEGER NOT NULL, outcome INTEGER NOT NULL,
    ended BLOB, trace BLOB, parts BLOB, deliveries BLOB
);
CREATE TABLE ended(failed INTEGER NOT NULL, envelope INTEGER NOT NULL, PRIMARY KEY(failed, envelope)) WITHOUT ROWID;

-- Only what waits, in the order of sending.
CREATE TABLE waiting(
    destination INTEGER NOT NULL, lane TEXT NOT NULL, envelope INTEGER NOT NULL, part INTEGER NOT NULL,
    queued INTEGER NOT NULL, due INTEGER NOT NULL, attempts INTEGER NOT NULL, reason TEXT,
    PRIMARY KEY(destination, lane, envelope, part)
) WITHOUT ROWID;
-- Only what no longer waits: state 1 delivered, 2 dead, 3 dropped. last is the attempt of the number
-- "attempts"; the reason is its text where the column is NULL.
CREATE TABLE delivery(
    envelope INTEGER NOT NULL, destination INTEGER NOT NULL, part INTEGER NOT NULL,
    state INTEGER NOT NULL, attempts INTEGER NOT NULL, reason TEXT, last BLOB,
    PRIMARY KEY(envelope, destination, part)
) WITHOUT ROWID;
CREATE TABLE dead(
    destination INTEGER NOT NULL, envelope INTEGER NOT NULL, part INTEGER NOT NULL,
    PRIMARY KEY(destination, envelope, part)
) WITHOUT ROWID;
-- Attempts that are not in delivery.last.
CREATE TABLE attempt(
    envelope INTEGER NOT NULL, destination INTEGER NOT NULL, part INTEGER NOT NULL, ordinal INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY(envelope, destination, part, ordinal)
) WITHOUT ROWID;
-- whole is 1 for a hold of the destination itself; lane is then empty.
CREATE TABLE hold(
    destination INTEGER NOT NULL, whole INTEGER NOT NULL, lane TEXT NOT NULL,
    since INTEGER NOT NULL, reason TEXT NOT NULL,
    PRIMARY KEY(destination, whole, lane)
) WITHOUT ROWID;
-- Files of payloads, with the number of bodies that name them.
CREATE TABLE blob(hash BLOB PRIMARY KEY, refs INTEGER NOT NULL, size INTEGER NOT NULL) WITHOUT ROWID;
