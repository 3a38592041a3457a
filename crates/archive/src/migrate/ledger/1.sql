-- What has become of each study of an old archive.

CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- What was asked of the old archive, and what is left to be asked.
CREATE TABLE slice(
    id INTEGER PRIMARY KEY,
    first_day INTEGER,
    last_day INTEGER,
    asked INTEGER,
    found INTEGER NOT NULL DEFAULT 0,
    remark TEXT,
    UNIQUE(first_day, last_day)
);

CREATE TABLE study(
    id INTEGER PRIMARY KEY,
    uid TEXT NOT NULL UNIQUE,
    patient TEXT NOT NULL,
    date TEXT NOT NULL,
    modalities TEXT NOT NULL,
    series INTEGER,
    instances INTEGER,
    state TEXT NOT NULL,
    priority INTEGER NOT NULL DEFAULT 0,
    tries INTEGER NOT NULL DEFAULT 0,
    due INTEGER,
    reason TEXT,
    taken INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0,
    began INTEGER,
    ended INTEGER,
    verified INTEGER,
    program TEXT
);
CREATE INDEX study_next ON study(priority DESC, date DESC) WHERE due IS NOT NULL;
CREATE INDEX study_patient ON study(patient);
CREATE INDEX study_state ON study(state);

-- Instances that the old archive names and that are not here.
CREATE TABLE missing(
    study INTEGER NOT NULL REFERENCES study(id),
    series TEXT NOT NULL,
    instance TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY(study, instance)
) WITHOUT ROWID;

-- Files of an old archive that is taken from its files.
CREATE TABLE file(
    instance TEXT PRIMARY KEY,
    study TEXT NOT NULL,
    series TEXT NOT NULL,
    path TEXT NOT NULL,
    size INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX file_study ON file(study);

-- What came in each minute in which studies were taken; a minute in which nothing came counts as well.
CREATE TABLE minute(
    at INTEGER PRIMARY KEY,
    instances INTEGER NOT NULL,
    bytes INTEGER NOT NULL
);

-- What was done, when, and by which version of the program.
CREATE TABLE course(
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    what TEXT NOT NULL,
    program TEXT NOT NULL,
    note TEXT NOT NULL
);
