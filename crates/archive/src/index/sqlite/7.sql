-- Small files whose bytes stand here as well, until the files themselves are on stable storage.

CREATE TABLE unsynced(
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL,
    arrived INTEGER NOT NULL,
    bytes BLOB NOT NULL
);
