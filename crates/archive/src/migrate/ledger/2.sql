-- Steps of the worklist whose patients' earlier studies are wanted.

CREATE TABLE expected(
    id INTEGER PRIMARY KEY,
    accession TEXT NOT NULL,
    step TEXT NOT NULL,
    study TEXT NOT NULL,
    -- A hash of what is asked for; another one is asked for anew.
    question BLOB NOT NULL,
    starts INTEGER NOT NULL,
    state TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    due INTEGER,
    reason TEXT,
    wanted INTEGER NOT NULL DEFAULT 0,
    asked INTEGER,
    UNIQUE(accession, step)
);
CREATE INDEX expected_due ON expected(starts) WHERE due IS NOT NULL;

-- Which studies are wanted for which step.
CREATE TABLE prior(
    expected INTEGER NOT NULL REFERENCES expected(id) ON DELETE CASCADE,
    study INTEGER NOT NULL REFERENCES study(id) ON DELETE CASCADE,
    PRIMARY KEY(expected, study)
) WITHOUT ROWID;
CREATE INDEX prior_study ON prior(study);

-- By what the site says of patients the identity of each study was settled.
ALTER TABLE study ADD COLUMN identity TEXT;

-- Patients of the old archive of whom somebody has told, and who: 'adt', 'list', 'archive'; '' where nobody has.
CREATE TABLE patient(identifier TEXT PRIMARY KEY, told TEXT NOT NULL) WITHOUT ROWID;
