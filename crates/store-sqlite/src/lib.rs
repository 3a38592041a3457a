//! The embedded store: an SQLite journal with group commit, and a search index built lazily beside it.
//!
//! | file | what | durable |
//! |---|---|---|
//! | `journal.db` | everything that must not be lost; WAL, `synchronous = FULL`, one writer | before `done` |
//! | `blobs/ab/cdef…` | payloads over 64 KiB, named by their BLAKE3 hash | before the commit that names them |
//! | `index.db` | search keys, by a thread of its own; may be deleted, is then built again | later |
//! | `LOCK` | held by the process that has the store open | |
//!
//! All of them are for the owner alone, whatever the umask.
//!
//! **The writer** is one thread. It takes everything that waits in the queue, applies it in one
//! transaction and then calls the `done`s in order. Bodies are compressed before, by the calling threads.
//! No secondary index is touched in a commit; what must be found again is clustered by its key.
//!
//! **Reads** have connections of their own and see the last commit; they never hold the writer up.
//!
//! **When the disk refuses**, the whole commit is undone, every `done` of it gets the error, the writer
//! reads its books again from the journal, and goes on as soon as the disk does.

mod act;
mod apply;
mod attempts;
mod audit;
mod backup;
mod blobs;
mod bodies;
mod check;
mod dictionary;
mod disk;
mod entry;
mod failure;
mod index;
mod keeper;
mod ledger;
mod lookup;
mod migrate;
mod names;
mod open;
mod options;
mod pack;
mod private;
mod prune;
mod queue;
mod read;
mod readers;
mod recent;
mod routes;
mod search;
mod shared;
mod statements;
mod store;
mod texts;
mod writer;

pub use backup::restore;
pub use migrate::VERSION;
pub use open::SqliteStore;
pub use options::Options;
