-- The worklist, what is performed of it, and what partners want to be told is safe.

-- One row a scheduled procedure step; its data set has one item in the Scheduled Procedure Step Sequence.
CREATE TABLE scheduled_step(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    accession TEXT NOT NULL,
    step TEXT NOT NULL,
    procedure_id TEXT NOT NULL,
    study TEXT NOT NULL,
    stations TEXT NOT NULL,
    start_date TEXT NOT NULL,
    start_time TEXT NOT NULL,
    modality TEXT NOT NULL,
    patient TEXT NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    is_over INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    attributes BLOB NOT NULL,
    UNIQUE(accession, step)
);
CREATE INDEX scheduled_step_start ON scheduled_step(start_date, start_time);
CREATE INDEX scheduled_step_patient ON scheduled_step(patient);
CREATE INDEX scheduled_step_study ON scheduled_step(study);

CREATE TABLE performed_step(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uid TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    sender TEXT NOT NULL,
    begun INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    attributes BLOB NOT NULL
);
CREATE INDEX performed_step_changed ON performed_step(changed);

-- Reports of storage commitment that are owed.
CREATE TABLE commitment(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    peer TEXT NOT NULL,
    called TEXT NOT NULL,
    transaction_uid TEXT NOT NULL,
    instances TEXT NOT NULL,
    asked INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    due INTEGER NOT NULL,
    UNIQUE(peer, transaction_uid)
);
CREATE INDEX commitment_due ON commitment(due);
