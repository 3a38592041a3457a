-- What channels are told of, and how far each of them has come.

-- One row an event, written in the commit that makes it true. New instances need none: their numbers say their order.
CREATE TABLE event(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    uid TEXT NOT NULL,
    why TEXT NOT NULL,
    attributes BLOB NOT NULL
);
CREATE INDEX event_kind ON event(kind, id);

-- Up to which event of a kind somebody has come.
CREATE TABLE listener(
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    position INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    PRIMARY KEY(name, kind)
) WITHOUT ROWID;

-- Studies of which something has come since they were told to be complete, and when they are, if nothing more comes.
CREATE TABLE arriving(study TEXT PRIMARY KEY, due INTEGER NOT NULL, why TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX arriving_due ON arriving(due);

-- Instances that a performed procedure step has told of, and that have not come.
CREATE TABLE awaited(
    instance TEXT NOT NULL,
    performed TEXT NOT NULL,
    study TEXT NOT NULL,
    PRIMARY KEY(instance, performed)
) WITHOUT ROWID;
CREATE INDEX awaited_study ON awaited(study);

ALTER TABLE performed_step ADD COLUMN study TEXT NOT NULL DEFAULT '';
CREATE INDEX performed_step_study ON performed_step(study);
