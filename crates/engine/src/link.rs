//! The way out: what an adapter does to deliver, and what came of it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use klinke_model::{DeliveryKey, Disposition, EnvelopeId, Payload, Timestamp};

use crate::BoxFuture;

/// A partner that deliveries go to. One per destination of a channel.
pub trait Destination: Send + Sync + fmt::Debug + 'static {
    /// A new link, not yet connected. The engine opens at most as many as the site allows and gives
    /// each one delivery at a time.
    fn link(&self) -> Box<dyn Link>;
    /// Where it goes, for people: `127.0.0.1:6662`, a folder, an address. No secrets.
    fn address(&self) -> String;
}

/// One connection to a partner, opened when first needed and again after a fault.
pub trait Link: Send {
    /// Delivers one parcel and waits for the partner's answer, within `limit`. After an answer that
    /// leaves it open whether the partner has the parcel, the link has closed its connection: the same
    /// bytes never go twice over one connection.
    fn deliver<'a>(&'a mut self, parcel: &'a Parcel, limit: Duration) -> BoxFuture<'a, Reply>;
    /// Closes the connection in good order. The link may be used again.
    fn close(&mut self) -> BoxFuture<'_, ()>;
}

/// What is to be delivered.
#[derive(Clone, Debug)]
pub struct Parcel {
    /// The delivery.
    pub key: DeliveryKey,
    /// 1 for the first attempt.
    pub attempt: u32,
    /// True when an earlier attempt may have reached the partner.
    pub repeat: bool,
    /// When the steps had made it.
    pub queued: Timestamp,
    /// The channel's format.
    pub format: Arc<str>,
    /// The bytes to send.
    pub payload: Payload,
}

impl Parcel {
    /// The envelope that it carries.
    pub fn envelope(&self) -> EnvelopeId {
        self.key.envelope
    }
}

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// What kind of end it was.
    pub kind: ReplyKind,
    /// A short stable word: the partner's code (`AA`, `AE`, `503`), or what went wrong (`refused`,
    /// `reset`, `timeout`). The site's answer table looks it up.
    pub code: String,
    /// One sentence without patient data.
    pub text: String,
    /// The bytes that came back.
    pub answer: Option<Payload>,
    /// What the protocol's custom makes of it, where the site says nothing.
    pub custom: Disposition,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReplyKind {
    /// The partner has it.
    Accepted,
    /// The partner answered that it won't have this one: a matter of the message.
    Refused,
    /// Nothing reached the partner: a matter of the line or of the partner, for every message alike.
    Unreachable,
    /// It may have reached the partner; no usable answer came.
    Unclear,
}

impl Reply {
    /// The partner has it.
    pub fn accepted(code: impl Into<String>, answer: Option<Payload>) -> Self {
        Reply {
            kind: ReplyKind::Accepted,
            code: code.into(),
            text: String::new(),
            answer,
            custom: Disposition::Accept,
        }
    }

    /// The partner answered that it won't have this one.
    pub fn refused(
        code: impl Into<String>,
        text: impl Into<String>,
        answer: Option<Payload>,
        custom: Disposition,
    ) -> Self {
        Reply { kind: ReplyKind::Refused, code: code.into(), text: text.into(), answer, custom }
    }

    /// Nothing reached the partner; tried again.
    pub fn unreachable(code: impl Into<String>, text: impl Into<String>) -> Self {
        Reply {
            kind: ReplyKind::Unreachable,
            code: code.into(),
            text: text.into(),
            answer: None,
            custom: Disposition::Retry,
        }
    }

    /// It may have reached the partner; tried again.
    pub fn unclear(code: impl Into<String>, text: impl Into<String>, answer: Option<Payload>) -> Self {
        Reply {
            kind: ReplyKind::Unclear,
            code: code.into(),
            text: text.into(),
            answer,
            custom: Disposition::Retry,
        }
    }
}
