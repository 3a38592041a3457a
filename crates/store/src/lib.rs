//! What a store must do.
//!
//! A [`Store`] keeps every envelope until it is safely delivered, and after. It is a journal with four
//! kinds of entry: an envelope was accepted, its steps were run, a delivery was tried, a person acted.
//! Each is written by one call that ends with a `done` called *after* the entry is on stable storage.
//!
//! # The contract
//!
//! - **Order.** Entries are committed in the order of the calls, over all threads; `done`s are called in
//!   that order too, one at a time, on the store's own thread. Envelope numbers rise in that order.
//!   A `done` is quick and never blocks: whoever calls it holds up every commit after it.
//! - **Durable.** After `done(Ok(_))` the entry survives kill -9 and power loss. After `done(Err(_))` it
//!   is as if the call had never been made. No `done` is ever forgotten, except by a crash.
//! - **Batches.** Calls that wait while a commit is under way share the next one (group commit).
//! - **Limits.** A store that can't keep up makes the caller wait in the call; one that can't write
//!   answers [`Error::Full`] or [`Error::Unwritable`] and goes on serving reads.
//! - **Reads** block the calling thread; the engine makes them where blocking is allowed. They see
//!   every entry whose `done` was called before.
//! - **Once.** An envelope is routed once, and goes at most once with the same part to the same
//!   destination; what a mark passes over counts as failed. In one lane, parts of an envelope rise.
//!
//! - **Audit.** Beside the envelopes stands a log of what people did, each entry sealed with the hash of
//!   the one before ([`audit`]). It is written like the rest, is only ever added to, and nothing that
//!   removes envelopes touches it: it has a rule of its own, which takes from the old end alone.
//!
//! [`contract_tests!`] checks all of it against any store.

pub mod audit;
pub mod contract;
mod entry;
mod error;
pub mod faulty;
pub mod memory;
mod query;
mod record;

pub use audit::{AuditEnds, AuditQuery, AuditRecord, Seal};
pub use entry::{Accepted, Action, Early, NewDelivery, NewEnvelope, Outcome, Part, Routed, Tried};
pub use error::Error;
pub use query::{Field, KeyName, Keys, Query, StateFilter};
pub use record::{
    ChannelInfo, DestinationInfo, Ended, EnvelopeRecord, Health, LaneSummary, PruneReport, PruneRule,
    RouteRecord, Summary, VerifyReport, VersionInfo,
};

use klinke_model::{
    ChannelId, ChannelTally, Delivery, DeliveryKey, DestinationId, DestinationTally, Envelope, EnvelopeId,
    Hold, Payload, Timestamp, VersionId,
};

/// Called once when an entry is durable, or refused. See the contract: quick, never blocking.
pub type Done<T> = Box<dyn FnOnce(Result<T, Error>) + Send>;

/// The result of a read.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A journal of envelopes and deliveries. The crate's head has the contract.
pub trait Store: Send + Sync + 'static {
    // Names. Few and small; they block until durable.

    /// The channel of this name, made when new.
    fn channel(&self, name: &str) -> Result<ChannelId>;
    /// The destination of this name within a channel, made when new.
    fn destination(&self, channel: ChannelId, name: &str) -> Result<DestinationId>;
    /// The version of a channel whose files read `text`, made when new.
    fn version(&self, channel: ChannelId, text: &str, now: Timestamp) -> Result<VersionId>;

    // Entries, in the order of an envelope's life.

    /// Accepts an envelope and gives it its number.
    fn accept(&self, envelope: NewEnvelope, done: Done<EnvelopeId>);
    /// Accepts an envelope and, in the same entry, writes what the steps made of it. The route is taken only
    /// where it makes sense and every earlier envelope of the channel is routed; else the envelope alone is
    /// accepted, and waits for its [`Store::route`] as others do.
    fn accept_routed(&self, envelope: NewEnvelope, early: Early, done: Done<Accepted>);
    /// Writes what the steps made of an envelope. A channel's envelopes are routed in rising order; the
    /// highest one routed is the channel's mark, and all up to it count as routed.
    fn route(&self, routed: Routed, done: Done<()>);
    /// Writes an attempt and what it meant for its delivery. A delivery that is no longer waiting (a
    /// person has meanwhile given it up) keeps its state; the attempt is still kept.
    fn record(&self, tried: Tried, done: Done<()>);
    /// Writes what a person decided; gives how many deliveries it touched.
    fn act(&self, action: Action, done: Done<u64>);

    // What the engine reads when it starts, and when a queue is longer than its memory.

    /// Accepted envelopes of a channel that no `route` has covered, above `after`, in order, with their
    /// payloads; at most `limit`, and fewer once their payloads exceed `bytes_max` (but at least one). One
    /// that is damaged ends the list before it; where it would be the first, it is [`Error::Unreadable`].
    fn unrouted(
        &self,
        channel: ChannelId,
        after: EnvelopeId,
        limit: usize,
        bytes_max: usize,
    ) -> Result<Vec<Envelope>>;
    /// Lanes of a destination with something waiting, in the order of their keys above `after`.
    fn lanes(
        &self,
        destination: DestinationId,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<LaneSummary>>;
    /// Since when the longest of those that stand first in their lanes waits for a destination; nothing when nothing
    /// waits.
    fn oldest(&self, destination: DestinationId) -> Result<Option<Timestamp>>;
    /// Deliveries that wait in one lane, in order, above the envelope and part given.
    fn waiting(
        &self,
        destination: DestinationId,
        lane: &str,
        after: Option<(EnvelopeId, u16)>,
        limit: usize,
    ) -> Result<Vec<Delivery>>;
    /// The bytes of one of the steps' results, or the envelope's own bytes where the steps changed nothing.
    fn part(&self, envelope: EnvelopeId, part: u16) -> Result<Payload>;
    /// Digests of a channel's latest envelopes not older than `since`, newest first, with their numbers.
    fn fingerprints(
        &self,
        channel: ChannelId,
        since: Timestamp,
        limit: usize,
    ) -> Result<Vec<(u64, EnvelopeId)>>;
    /// Lanes that a person or an answer stopped.
    fn holds(&self) -> Result<Vec<Hold>>;
    /// A small value kept for a component (a sequence number, a mark); names are `component/what`.
    fn value(&self, name: &str) -> Result<Option<Vec<u8>>>;
    /// Sets or clears such a value; blocks until durable.
    fn set_value(&self, name: &str, value: Option<&[u8]>) -> Result<()>;
    /// Values whose names begin with `prefix`, in the order of their names above `after`.
    fn values(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<(String, Vec<u8>)>>;

    // The audit log.

    /// Adds an entry to the audit log, seals it, and gives it its number.
    fn append_audit(&self, at: Timestamp, entry: Vec<u8>, done: Done<u64>);
    /// Entries of the audit log.
    fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditRecord>>;
    /// Where the audit log begins and ends, as it was written beside its entries.
    fn audit_ends(&self) -> Result<AuditEnds>;
    /// Removes the oldest entries up to the first that is not older than `before`, at most `limit`; gives
    /// how many. The chain then begins with the seal of the last one removed.
    fn prune_audit(&self, before: Timestamp, limit: usize) -> Result<u64>;

    // What people read.

    /// Everything known of one envelope.
    fn envelope(&self, id: EnvelopeId) -> Result<Option<EnvelopeRecord>>;
    /// Envelopes of a channel above `after` in order, whatever became of them, with their payloads; at most
    /// `limit`, and fewer once their payloads exceed `bytes_max` (but at least one). Those whose bytes are
    /// damaged are left out.
    fn arrivals(
        &self,
        channel: ChannelId,
        after: EnvelopeId,
        limit: usize,
        bytes_max: usize,
    ) -> Result<Vec<Envelope>>;
    /// Envelopes that a query finds, newest first unless it says otherwise.
    fn search(&self, query: &Query) -> Result<Vec<Summary>>;
    /// Deliveries of a destination that are dead, newest first, below `before`.
    fn dead(
        &self,
        destination: DestinationId,
        before: Option<EnvelopeId>,
        limit: usize,
    ) -> Result<Vec<Delivery>>;
    /// One delivery's state, if it exists.
    fn delivery(&self, key: &DeliveryKey) -> Result<Option<Delivery>>;
    /// All channels ever seen, with their books.
    fn channels(&self) -> Result<Vec<ChannelInfo>>;
    /// All destinations ever seen, with their books.
    fn destinations(&self) -> Result<Vec<DestinationInfo>>;
    /// The versions of a channel, newest first.
    fn versions(&self, channel: ChannelId) -> Result<Vec<VersionInfo>>;
    /// The books of all channels and destinations, at one point of the journal.
    fn books(&self) -> Result<(Vec<ChannelTally>, Vec<DestinationTally>)>;

    // Upkeep.

    /// Removes old envelopes by rule, never what is undelivered; in bites so small that no writer waits
    /// long. Call again while `more` is set.
    fn prune(&self, rules: &[PruneRule], now: Timestamp) -> Result<PruneReport>;
    /// Writes a consistent copy into an empty or absent folder while the store goes on.
    fn backup(&self, folder: &std::path::Path, progress: &mut dyn FnMut(u64, u64)) -> Result<()>;
    /// Checks every checksum and every reference.
    fn verify(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<VerifyReport>;
    /// Sizes and the state of the disk.
    fn health(&self) -> Result<Health>;
}
