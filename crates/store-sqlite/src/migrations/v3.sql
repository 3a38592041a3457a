-- Version 3: the version whose steps ran, where it is another than the one under which the envelope was
-- accepted: after a restart under other files.
ALTER TABLE route ADD COLUMN version INTEGER;
