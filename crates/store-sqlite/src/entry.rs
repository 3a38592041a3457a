//! What waits before the writer: entries with their bodies made ready by the caller's thread.

use klinke_model::{Attempt, DeliveryKey, EnvelopeId};
use klinke_store::{Accepted, Action, Done, Error, NewDelivery, NewEnvelope, Result};

use crate::apply::Work;
use crate::bodies::Body;

/// An entry and its `done`.
pub(crate) enum Entry {
    Accept(Box<Accept>, Done<EnvelopeId>),
    AcceptRouted(Box<AcceptRouted>, Done<Accepted>),
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

/// An envelope and its route, which has yet to be told the envelope's number.
pub(crate) struct AcceptRouted {
    pub(crate) accept: Accept,
    pub(crate) route: Route,
    /// Whether the route was taken.
    pub(crate) is_routed: bool,
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

impl Accept {
    fn bytes(&self) -> usize {
        self.body.bytes.len() + self.new.payload.len()
    }
}

impl Route {
    fn bytes(&self) -> usize {
        self.parts.iter().map(|part| part.bytes.len()).sum()
    }
}

impl Entry {
    /// True when it brings a new envelope.
    pub(crate) fn is_accept(&self) -> bool {
        matches!(self, Entry::Accept(..) | Entry::AcceptRouted(..))
    }

    /// About how much memory it holds.
    pub(crate) fn bytes(&self) -> usize {
        let fixed = 256;
        fixed
            + match self {
                Entry::Accept(accept, _) => accept.bytes(),
                Entry::AcceptRouted(both, _) => both.accept.bytes() + both.route.bytes(),
                Entry::Route(route, _) => route.bytes(),
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
            Entry::AcceptRouted(both, done) => {
                let is_routed = both.is_routed;
                drop(both);
                done(result.map(|id| Accepted { id: EnvelopeId(id), is_routed }));
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
