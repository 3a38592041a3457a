//! The audit log: who did what, when, from where, to which patient's data, and why.
//!
//! Entries are JSON in the store's audit log, which seals each with the hash of the one before
//! ([`klinke_store::audit`]). They hold patients' identifiers on purpose: the data-protection officer must
//! be able to answer who has seen a patient's data, also after the messages themselves are gone. The log is
//! patient data like the rest of the store.
//!
//! | what | where |
//! |---|---|
//! | one entry | [`entry`] |
//! | writing and reading | [`log`] |
//! | which requests leave an entry, and what stands in it | [`trail`] |
//! | what is asked of the log | [`request`] |
//! | who has seen a patient | [`saw`] |
//! | DICOM audit messages in RFC 5424 lines | [`syslog`] |
//! | a table for other programs | [`csv`] |

pub mod csv;
pub mod entry;
pub mod log;
pub mod request;
pub mod saw;
pub mod syslog;
pub mod trail;

pub use entry::{Action, Entry, Object, Outcome, Who, WhoKind};
pub use log::{Line, Log};
