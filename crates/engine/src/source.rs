//! The way in: what an adapter hands over, and when it may answer its partner.

use std::sync::Arc;

use klinke_model::{EnvelopeId, Payload, Timestamp};
use tokio::sync::{oneshot, watch};

use crate::BoxFuture;

/// Where a channel's envelopes come from. One per channel.
pub trait Source: Send + 'static {
    /// Begins to listen (binds its port, opens its folder). What fails here fails the channel's start
    /// and is told to a person. `intake` is where arrivals go.
    fn open(
        self: Box<Self>,
        intake: Arc<dyn Intake>,
    ) -> BoxFuture<'static, Result<Box<dyn OpenSource>, SourceError>>;
}

/// A source that listens.
pub trait OpenSource: Send + 'static {
    /// Where it listens, for people and tests: `127.0.0.1:6661` with the real port.
    fn address(&self) -> String;
    /// Serves until `stop` says so; then takes nothing new, answers what it has taken, and returns.
    fn run(self: Box<Self>, stop: Stop) -> BoxFuture<'static, ()>;
}

/// Tells tasks to come to an end.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

/// The other side of [`Stop`].
#[derive(Debug)]
pub struct Stopper(watch::Sender<bool>);

impl Stop {
    /// A pair.
    pub fn new() -> (Stopper, Stop) {
        let (sender, receiver) = watch::channel(false);
        (Stopper(sender), Stop(receiver))
    }

    /// True once it was said, or nobody is left to say it.
    pub fn is_said(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }

    /// Waits until it is said, or nobody is left to say it.
    pub async fn said(&mut self) {
        let _ = self.0.wait_for(|said| *said).await;
    }
}

impl Stopper {
    /// Says it.
    pub fn say(&self) {
        self.0.send_replace(true);
    }
}

/// Takes arrivals into a channel.
pub trait Intake: Send + Sync + 'static {
    /// Takes one arrival. Resolves when the channel's `ack` allows an answer: by default as soon as the
    /// envelope is on stable storage (promise 1).
    fn submit(&self, arrival: Arrival) -> BoxFuture<'static, Result<Receipt, Refusal>>;
    /// Like [`Intake::submit`], for protocols that answer twice: `kept` is told as soon as the envelope is
    /// on stable storage, which may be long before the channel's `ack` allows the last answer. Unless an
    /// intake knows better, both are the same moment. When the arrival is refused, `kept` is dropped.
    fn submit_and_tell(
        &self,
        arrival: Arrival,
        kept: oneshot::Sender<EnvelopeId>,
    ) -> BoxFuture<'static, Result<Receipt, Refusal>> {
        let taken = self.submit(arrival);
        Box::pin(async move {
            let receipt = taken.await?;
            // Nobody hears it when the partner has gone meanwhile.
            let _ = kept.send(receipt.id);
            Ok(receipt)
        })
    }
    /// Keeps what arrived damaged (a frame that broke off in its middle), so that a person can look at
    /// it: it is stored, and no step and no partner sees it. It must not be acknowledged.
    fn keep_damaged(
        &self,
        arrival: Arrival,
        why: &'static str,
    ) -> BoxFuture<'static, Result<Receipt, Refusal>> {
        let _ = (arrival, why);
        Box::pin(async { Err(Refusal::Forbidden("damaged arrivals are not kept here".to_owned())) })
    }
    /// The newest envelope that a partner sent to this channel, for protocols that count what they take.
    fn newest(&self) -> BoxFuture<'static, Option<(EnvelopeId, Payload)>> {
        Box::pin(async { None })
    }
    /// A small value that the source has noted under a name.
    fn noted(&self, name: &'static str) -> BoxFuture<'static, Option<Vec<u8>>> {
        let _ = name;
        Box::pin(async { None })
    }
    /// Notes a small value, or forgets it; resolves when that is durable.
    fn note(&self, name: &'static str, value: Option<Vec<u8>>) -> BoxFuture<'static, Result<(), Refusal>> {
        let _ = (name, value);
        Box::pin(async { Ok(()) })
    }
    /// Why the channel would refuse now, if it would: lets a source push back before it reads on.
    fn pressure(&self) -> Option<Refusal>;
    /// The time, from the engine's clock.
    fn now(&self) -> Timestamp;
    /// The channel's name, for logs.
    fn channel(&self) -> &str;
}

/// The beginning of the format's name of an envelope that arrived damaged; what follows says why.
pub const DAMAGED: &str = "damaged: ";

/// What came in.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The bytes.
    pub payload: Payload,
    /// When the last of them arrived.
    pub received: Timestamp,
    /// Who: an address, a file name.
    pub peer: Arc<str>,
    /// The system that it is known to be (by certificate, log-in or the site's word); `None` for the
    /// channel's `from`.
    pub system: Option<Arc<str>>,
}

/// What became of an arrival by the time the channel's `ack` allows an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Its number; of a duplicate, the first one's.
    pub id: EnvelopeId,
    /// True when it had come before and nothing new was made of it.
    pub duplicate: bool,
    /// How far it came.
    pub end: End,
}

/// How far an arrival came before it is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// It is kept (`ack = "stored"`).
    Stored,
    /// The steps have run and deliveries wait (`ack = "routed"`).
    Routed,
    /// A step filtered it: it is kept, and that is as intended.
    Filtered,
    /// A step failed: it is kept, and a person has to look; the text has no patient data.
    Failed(String),
    /// A partner answered (`ack = "delivered"`): whether it accepted, its code, the text, its answer.
    Answered {
        /// True when the partner has it.
        accepted: bool,
        /// The partner's code.
        code: String,
        /// A sentence without patient data.
        text: String,
        /// The answer's bytes.
        answer: Option<Payload>,
    },
    /// `ack = "delivered"`, and no partner answered in time; it is kept and goes on being tried.
    Pending,
}

/// Why an arrival was not taken. Nothing of it was kept; the sender must keep it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Too much waits already, or the disk is full.
    #[error("no room: {0}")]
    Full(String),
    /// The store can't write.
    #[error("the store does not write: {0}")]
    Down(String),
    /// The channel is stopping.
    #[error("the channel is stopping")]
    Stopping,
    /// The arrival breaks a limit of the site.
    #[error("not allowed: {0}")]
    Forbidden(String),
}

/// Why a source could not begin to listen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SourceError(String);

impl SourceError {
    /// An error with this text: what was tried, where, and what the system said.
    pub fn new(text: impl Into<String>) -> Self {
        SourceError(text.into())
    }
}
