-- The index of an archive. Attributes are data sets of explicit VR little endian, texts in UTF-8.

CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;

-- Texts that repeat: SOP classes, transfer syntaxes, AE titles.
CREATE TABLE word(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);

CREATE TABLE patient(
    id INTEGER PRIMARY KEY,
    identifier TEXT NOT NULL,
    issuer TEXT NOT NULL,
    other TEXT NOT NULL,
    name TEXT NOT NULL,
    birth_date TEXT NOT NULL,
    attributes BLOB NOT NULL,
    UNIQUE(identifier, issuer, other)
);
CREATE INDEX patient_name ON patient(name);
CREATE INDEX patient_birth_date ON patient(birth_date);

CREATE TABLE study(
    id INTEGER PRIMARY KEY,
    uid TEXT NOT NULL UNIQUE,
    patient INTEGER NOT NULL REFERENCES patient(id),
    date TEXT NOT NULL,
    accession TEXT NOT NULL,
    study_id TEXT NOT NULL,
    folder TEXT NOT NULL,
    modalities TEXT NOT NULL,
    classes TEXT NOT NULL,
    arrived INTEGER NOT NULL,
    attributes BLOB NOT NULL
);
CREATE INDEX study_patient ON study(patient);
CREATE INDEX study_date ON study(date, id);
CREATE INDEX study_accession ON study(accession);
CREATE INDEX study_folder ON study(folder);

CREATE TABLE series(
    id INTEGER PRIMARY KEY,
    uid TEXT NOT NULL UNIQUE,
    study INTEGER NOT NULL REFERENCES study(id),
    modality TEXT NOT NULL,
    instances INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    attributes BLOB NOT NULL
);
CREATE INDEX series_study ON series(study);

-- Numbers are never used again: channels remember up to which they have come.
CREATE TABLE instance(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uid TEXT NOT NULL UNIQUE,
    series INTEGER NOT NULL REFERENCES series(id),
    class INTEGER NOT NULL REFERENCES word(id),
    syntax INTEGER NOT NULL REFERENCES word(id),
    sender INTEGER NOT NULL REFERENCES word(id),
    arrived INTEGER NOT NULL,
    size INTEGER NOT NULL,
    data_offset INTEGER NOT NULL,
    hash BLOB NOT NULL,
    path TEXT,
    attributes BLOB NOT NULL
);
CREATE INDEX instance_series ON instance(series);

CREATE TABLE beside(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    reason TEXT NOT NULL,
    uid TEXT NOT NULL,
    study TEXT NOT NULL,
    series TEXT NOT NULL,
    syntax TEXT NOT NULL,
    sender TEXT NOT NULL,
    arrived INTEGER NOT NULL,
    size INTEGER NOT NULL,
    data_offset INTEGER NOT NULL,
    hash BLOB NOT NULL,
    path TEXT NOT NULL
);
CREATE INDEX beside_uid ON beside(uid);
CREATE INDEX beside_path ON beside(path);

-- What a person or a rule has taken out: its file is there until the trash is emptied.
CREATE TABLE trash(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    thrown INTEGER NOT NULL,
    who TEXT NOT NULL,
    why TEXT NOT NULL,
    uid TEXT NOT NULL,
    study TEXT NOT NULL,
    series TEXT NOT NULL,
    path TEXT NOT NULL,
    size INTEGER NOT NULL
);
CREATE INDEX trash_study ON trash(study);
CREATE INDEX trash_path ON trash(path);
