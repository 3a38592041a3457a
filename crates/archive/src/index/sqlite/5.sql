-- Unified procedure steps, who watches them, and what watchers are still to be told.

-- One row a workitem. `came` is what was told; `attributes` have the patient as they are now.
CREATE TABLE workitem(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uid TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    -- Of whoever has claimed it; empty while nobody has.
    claim TEXT NOT NULL,
    label TEXT NOT NULL,
    start TEXT NOT NULL,
    patient TEXT NOT NULL,
    name TEXT NOT NULL,
    is_over INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    came BLOB NOT NULL,
    attributes BLOB NOT NULL
);
CREATE INDEX workitem_start ON workitem(start, id);
CREATE INDEX workitem_patient ON workitem(patient);
CREATE INDEX workitem_changed ON workitem(is_over, changed);

-- Application entities that watch the worklist, whole or by a filter: new workitems are watched, too.
CREATE TABLE worklist_watch(
    title TEXT NOT NULL,
    kind TEXT NOT NULL,
    filter TEXT NOT NULL,
    is_locked INTEGER NOT NULL,
    PRIMARY KEY(title, kind)
) WITHOUT ROWID;

-- Application entities that watch a workitem. `kind` says what has put them there.
CREATE TABLE workitem_watch(
    workitem INTEGER NOT NULL REFERENCES workitem(id) ON DELETE CASCADE,
    title TEXT NOT NULL,
    kind TEXT NOT NULL,
    is_locked INTEGER NOT NULL,
    PRIMARY KEY(workitem, title)
) WITHOUT ROWID;
CREATE INDEX workitem_watch_title ON workitem_watch(title);

-- Event reports that are owed, written in the commit that makes them true. Numbers are never used again.
CREATE TABLE owed_report(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    title TEXT NOT NULL,
    workitem TEXT NOT NULL,
    event INTEGER NOT NULL,
    attributes BLOB NOT NULL
);
CREATE INDEX owed_report_title ON owed_report(title, id);

-- How many reports each is owed, and how many were dropped because they were too many.
CREATE TABLE watcher(
    title TEXT PRIMARY KEY,
    owed INTEGER NOT NULL,
    dropped INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TRIGGER owed_grows AFTER INSERT ON owed_report BEGIN
    INSERT INTO watcher(title, owed, dropped) VALUES (new.title, 1, 0)
        ON CONFLICT(title) DO UPDATE SET owed = owed + 1;
END;
CREATE TRIGGER owed_shrinks AFTER DELETE ON owed_report BEGIN
    UPDATE watcher SET owed = owed - 1 WHERE title = old.title;
END;
