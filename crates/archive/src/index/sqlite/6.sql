-- What channels have taken of the archive and not all of their partners have acknowledged.

-- From behind which event on that is known of a channel; nothing where it is not asked for.
ALTER TABLE listener ADD COLUMN tracked INTEGER;

CREATE TABLE sending(
    listener TEXT NOT NULL,
    envelope INTEGER NOT NULL,
    study TEXT NOT NULL,
    PRIMARY KEY(listener, envelope, study)
) WITHOUT ROWID;
CREATE INDEX sending_study ON sending(study);
