-- Who patients are now: what was received is kept beside what was decided over it.

-- Attributes as the first instance had them; empty while none came.
ALTER TABLE patient ADD COLUMN came BLOB NOT NULL DEFAULT x'';
UPDATE patient SET came = attributes;
-- Attributes that were corrected, and when.
ALTER TABLE patient ADD COLUMN correction BLOB;
ALTER TABLE patient ADD COLUMN corrected INTEGER NOT NULL DEFAULT 0;
-- Who the patient is, and since when that is known.
ALTER TABLE patient ADD COLUMN merged_into INTEGER REFERENCES patient(id);
ALTER TABLE patient ADD COLUMN merged INTEGER NOT NULL DEFAULT 0;
CREATE INDEX patient_merged_into ON patient(merged_into) WHERE merged_into IS NOT NULL;

-- The patient that a study came with, and when it was given to the one that it has.
ALTER TABLE study ADD COLUMN came INTEGER REFERENCES patient(id);
UPDATE study SET came = patient;
CREATE INDEX study_came ON study(came);
ALTER TABLE study ADD COLUMN reassigned INTEGER NOT NULL DEFAULT 0;
-- In which tier all of its files are, and whether all were looked at to be compressed.
ALTER TABLE study ADD COLUMN tier TEXT NOT NULL DEFAULT '';
ALTER TABLE study ADD COLUMN packed INTEGER NOT NULL DEFAULT 0;

-- Studies that were given to other patients by hand.
CREATE TABLE moved(
    study TEXT PRIMARY KEY,
    patient INTEGER NOT NULL REFERENCES patient(id),
    moved INTEGER NOT NULL
) WITHOUT ROWID;

-- Studies that may not be thrown away.
CREATE TABLE hold(
    study TEXT PRIMARY KEY,
    held INTEGER NOT NULL,
    who TEXT NOT NULL,
    why TEXT NOT NULL
) WITHOUT ROWID;

-- Files that others took the place of, and when.
CREATE TABLE left_over(path TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;

-- Hash of the data set as it was received, where it was compressed since.
ALTER TABLE instance ADD COLUMN origin BLOB;

-- A step as it was scheduled; its attributes have the patient as they are now.
ALTER TABLE scheduled_step ADD COLUMN came BLOB NOT NULL DEFAULT x'';
UPDATE scheduled_step SET came = attributes;

-- How much each sender has here.
CREATE TABLE usage(sender INTEGER PRIMARY KEY REFERENCES word(id), bytes INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO usage(sender, bytes) SELECT sender, sum(size) FROM instance GROUP BY sender;
CREATE TRIGGER usage_grows AFTER INSERT ON instance BEGIN
    INSERT INTO usage(sender, bytes) VALUES (new.sender, new.size)
        ON CONFLICT(sender) DO UPDATE SET bytes = bytes + new.size;
END;
CREATE TRIGGER usage_shrinks AFTER DELETE ON instance BEGIN
    UPDATE usage SET bytes = bytes - old.size WHERE sender = old.sender;
END;
CREATE TRIGGER usage_changes AFTER UPDATE OF size ON instance BEGIN
    UPDATE usage SET bytes = bytes - old.size + new.size WHERE sender = old.sender;
END;
