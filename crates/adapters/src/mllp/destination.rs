//! The way out over MLLP.

use std::sync::Arc;
use std::time::Duration;

use klinke_engine::BoxFuture;
use klinke_engine::link::{Link, Parcel, Reply, ReplyKind};
use klinke_engine::source::SourceError;
use klinke_hl7v2::ack::{self, Acknowledgment, Code};
use klinke_model::{Disposition, Payload};
use tokio::time::Instant;

use super::codec::{Head, Mllp};
use super::config::{Await, Connection, DestinationConfig};
use crate::net::caller::{Caller, MakeFraming};
use crate::net::dial::Way;
use crate::net::{FrameKind, Statistics};

/// A destination over MLLP.
#[derive(Debug)]
pub struct Destination {
    config: Arc<DestinationConfig>,
    way: Way,
    statistics: Arc<Statistics>,
}

#[derive(Debug)]
struct MllpLink {
    config: Arc<DestinationConfig>,
    caller: Caller,
}

impl Destination {
    /// By these settings. Where the partner connects to us, the first link begins to listen.
    pub fn new(config: DestinationConfig) -> Result<Self, SourceError> {
        let way = Way::new(config.partner())?;
        Ok(Destination { config: Arc::new(config), way, statistics: Arc::default() })
    }

    /// What it counts.
    pub fn statistics(&self) -> Arc<Statistics> {
        Arc::clone(&self.statistics)
    }

    /// Most links that the site allows.
    pub fn connections(&self) -> usize {
        self.config.connections.max(1)
    }
}

impl klinke_engine::link::Destination for Destination {
    fn link(&self) -> Box<dyn Link> {
        self.way.prepare();
        let answer_bytes_max = self.config.answer_max.0;
        let make: MakeFraming = Arc::new(move || Box::new(Mllp::new(answer_bytes_max, false)));
        let caller = Caller::new(self.way.clone(), make, Arc::clone(&self.statistics));
        Box::new(MllpLink { config: Arc::clone(&self.config), caller })
    }

    fn address(&self) -> String {
        self.way.address()
    }
}

/// What one answer means.
enum Step {
    /// The attempt is over.
    Done(Reply),
    /// The partner has the message safe; the application's acknowledgment may still come.
    Committed(Payload),
}

impl MllpLink {
    async fn attempt(&mut self, parcel: &Parcel, limit: Duration) -> Result<Reply, Reply> {
        let head = Head::read(&parcel.payload);
        let deadline = Instant::now() + limit;
        self.caller.send(&parcel.payload, deadline).await?;
        let deadline = deadline.min(Instant::now() + self.config.answer_timeout.0);
        if self.config.commit_frames {
            self.commit(deadline).await?;
        }
        if self.config.ack == Await::None {
            return Ok(Reply::accepted("sent", None));
        }
        match self.answer(head.as_ref(), deadline).await? {
            Step::Done(reply) => Ok(reply),
            Step::Committed(accept) => Ok(self.application(head.as_ref(), accept, deadline).await),
        }
    }

    /// After an accept acknowledgment: the application's, where it is awaited. The message needs no
    /// second sending whatever comes now, unless the application says that it went wrong.
    async fn application(&mut self, head: Option<&Head>, accept: Payload, deadline: Instant) -> Reply {
        // With `ER` only an error would come: its absence can't be awaited.
        let asked = head.is_some_and(|head| head.expects.application.holds(true));
        if self.config.ack == Await::Accept || !asked {
            return Reply::accepted("CA", Some(accept));
        }
        match self.answer(head, deadline).await {
            Ok(Step::Done(reply)) if reply.kind != ReplyKind::Unclear => reply,
            _ => {
                let text = "accepted; no application acknowledgment came in time".to_owned();
                Reply { text, ..Reply::accepted("CA", Some(accept)) }
            }
        }
    }

    /// The commit frame.
    async fn commit(&mut self, deadline: Instant) -> Result<(), Reply> {
        match self.caller.frame(deadline).await?.kind {
            FrameKind::Committed => Ok(()),
            FrameKind::NotCommitted => {
                let text = "the partner could not keep the message";
                Err(Reply::refused("NAK", text, None, Disposition::Retry))
            }
            _ => {
                self.caller.abandon();
                Err(Reply::unclear("not-an-ack", "the partner sent no commit frame", None))
            }
        }
    }

    /// One acknowledgment. What is no usable one closes the connection.
    async fn answer(&mut self, head: Option<&Head>, deadline: Instant) -> Result<Step, Reply> {
        let frame = loop {
            let frame = self.caller.frame(deadline).await?;
            if frame.kind == FrameKind::Data {
                break frame;
            }
        };
        let answer = Payload::from(frame.payload);
        let sent = head.map_or("", |head| &head.control_id);
        let (code, text) = match ack::interpret(&answer, sent) {
            ack::Answer::Acknowledgment(said) => return self.acknowledged(said, answer),
            ack::Answer::WrongControlId(said) if !self.config.check_control_id => {
                return self.acknowledged(said, answer);
            }
            ack::Answer::WrongControlId(_) => {
                ("wrong-control-id", "MSA-2 of the answer names another message")
            }
            ack::Answer::NoMsa => ("no-msa", "the answer has no MSA segment with a code"),
            ack::Answer::NotAnAcknowledgment { .. } => {
                ("not-an-ack", "the answer is a message, not an acknowledgment")
            }
            ack::Answer::NotHl7 { .. } | ack::Answer::Commit(_) => {
                ("not-an-ack", "the answer is no HL7 message")
            }
        };
        Err(self.unclear(code, text, answer))
    }

    fn acknowledged(&mut self, said: Acknowledgment, answer: Payload) -> Result<Step, Reply> {
        let Some(code) = said.code else {
            return Err(self.unclear("unknown-code", "MSA-1 of the answer is none of table 0008", answer));
        };
        let (who, custom) = match code {
            Code::ApplicationAccept => return Ok(Step::Done(Reply::accepted("AA", Some(answer)))),
            Code::CommitAccept => return Ok(Step::Committed(answer)),
            Code::ApplicationError => ("the partner's application reports an error", Disposition::Retry),
            Code::CommitError => ("the partner could not keep the message", Disposition::Retry),
            Code::ApplicationReject => ("the partner's application rejects the message", Disposition::Dead),
            Code::CommitReject => ("the partner rejects the message", Disposition::Dead),
        };
        let text = format!("{who}{}", reasons(&said));
        Ok(Step::Done(Reply::refused(code.as_str(), text, Some(answer), custom)))
    }

    /// A reply after which nothing more may be read from this connection.
    fn unclear(&mut self, code: &str, text: &str, answer: Payload) -> Reply {
        self.caller.abandon();
        Reply::unclear(code, text, Some(answer))
    }
}

/// What ERR says, as far as it can hold no patient data: numbers of table 0357 and places. The partner's
/// own words stay in the answer.
fn reasons(said: &Acknowledgment) -> String {
    let mut text = String::new();
    for error in said.errors.iter().take(4) {
        if let Some(code) = error.error_code() {
            text.push_str(&format!("; {} {}", code.number(), code.text()));
            if let Some(place) = error.place {
                text.push_str(&format!(" at {place}"));
            }
        }
    }
    text
}

impl Link for MllpLink {
    fn deliver<'a>(&'a mut self, parcel: &'a Parcel, limit: Duration) -> BoxFuture<'a, Reply> {
        Box::pin(async move {
            let reply = self.attempt(parcel, limit).await.unwrap_or_else(|reply| reply);
            if self.config.connection == Connection::Each {
                self.caller.close().await;
            }
            reply
        })
    }

    fn close(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(self.caller.close())
    }
}
