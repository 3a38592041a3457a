//! What waits before the writer: entries with their bodies made ready by the caller's thread.

use klinke_model::{Attempt, DeliveryKey, EnvelopeId};
use klinke_store::{Action, Done, Error, NewDelivery, NewEnvelope, Result};

use crate::apply::Work;
use crate::bodies::Body;

/// An entry and its `done`.
pub(crate) enum Entry {
    Accept(Box<Accept>, Done<EnvelopeId>),
    Route(Box<Route>, Done<()>),
    Record(Box<Record>, Done<()>),
    Act(Box<Action>, Done<u64>),
    /// Anything rare: a name, a value, a dictionary, a bite of pruning.
    Special(Box<Special>, Done<u64>),
    /// An entry whose body could not be made ready, in its place between the others.
    Refused(Error, Box<dyn FnOnce(Error) + Send>),
}

pub(crate) type Special = dyn FnMut(&mut Work<'_>) -> rusqlite::Result<Result<u64>> + Send;

pub(crate) struct Accept {
    /// The envelope; its payload is left out when it is in a file.
    pub(crate) new: NewEnvelope,
    pub(crate) body: Body,
}

pub(crate) struct Route {
    pub(crate) envelope: EnvelopeId,
    pub(crate) channel: klinke_model::ChannelId,
    pub(crate) version: Option<klinke_model::VersionId>,
    pub(crate) after: Option<EnvelopeId>,
    pub(crate) at: klinke_model::Timestamp,
    pub(crate) ended: Option<klinke_store::Ended>,
    pub(crate) trace: Option<Vec<u8>>,
    pub(crate) parts: Vec<Body>,
    pub(crate) deliveries: Vec<NewDelivery>,
}

pub(crate) struct Record {
    pub(crate) key: DeliveryKey,
    /// The attempt without its answer.
    pub(crate) attempt: Attempt,
    pub(crate) answer: Option<Body>,
}

impl Entry {
    /// About how much memory it holds.
    pub(crate) fn bytes(&self) -> usize {
        let fixed = 256;
        fixed
            + match self {
                Entry::Accept(accept, _) => accept.body.bytes.len() + accept.new.payload.len(),
                Entry::Route(route, _) => route.parts.iter().map(|part| part.bytes.len()).sum(),
                Entry::Record(record, _) => record.answer.as_ref().map_or(0, |body| body.bytes.len()),
                Entry::Act(..) | Entry::Special(..) | Entry::Refused(..) => 0,
            }
    }

    /// Calls its `done`.
    pub(crate) fn finish(self, result: Result<u64>) {
        // Bodies go first: whoever is called may prune, and a blob is pinned as long as its body lives.
        match self {
            Entry::Accept(accept, done) => {
                drop(accept);
                done(result.map(EnvelopeId));
            }
            Entry::Route(route, done) => {
                drop(route);
                done(result.map(drop));
            }
            Entry::Record(record, done) => {
                drop(record);
                done(result.map(drop));
            }
            Entry::Act(_, done) | Entry::Special(_, done) => done(result),
            Entry::Refused(error, done) => done(error),
        }
    }
}
