//! The way out over MLLP.

use std::sync::Arc;
use std::time::Duration;

use klinke_engine::BoxFuture;
use klinke_engine::link::{Link, Parcel, Reply};
use klinke_engine::source::SourceError;
use klinke_model::{Disposition, Payload};
use tokio::time::Instant;

use super::codec::{self, Header, Mllp};
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
    /// By these settings. Where the partner connects to us, this begins to listen.
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
        let answer_bytes_max = self.config.answer_max.0;
        let make: MakeFraming = Arc::new(move || Box::new(Mllp::new(answer_bytes_max)));
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
        let header = Header::read(&parcel.payload);
        let deadline = Instant::now() + limit;
        self.caller.send(&parcel.payload, deadline).await?;
        let deadline = deadline.min(Instant::now() + self.config.answer_timeout.0);
        if self.config.commit_frames {
            self.commit(deadline).await?;
        }
        if self.config.ack == Await::None {
            return Ok(Reply::accepted("sent", None));
        }
        match self.answer(header.as_ref(), deadline).await? {
            Step::Done(reply) => Ok(reply),
            Step::Committed(accept) => Ok(self.application(header.as_ref(), accept, deadline).await),
        }
    }

    /// After an accept acknowledgment: the application's, where it is awaited. The message needs no
    /// second sending whatever comes now, unless the application says that it went wrong.
    async fn application(&mut self, header: Option<&Header>, accept: Payload, deadline: Instant) -> Reply {
        // With `ER` only an error would come: its absence can't be awaited.
        let asked = header.is_some_and(|header| header.asks().1.applies(true));
        if self.config.ack == Await::Accept || !asked {
            return Reply::accepted("CA", Some(accept));
        }
        match self.answer(header, deadline).await {
            Ok(Step::Done(reply)) if reply.kind != klinke_engine::link::ReplyKind::Unclear => reply,
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
    async fn answer(&mut self, header: Option<&Header>, deadline: Instant) -> Result<Step, Reply> {
        let frame = loop {
            let frame = self.caller.frame(deadline).await?;
            if frame.kind == FrameKind::Data {
                break frame;
            }
        };
        let answer = Payload::from(frame.payload);
        let unclear = |link: &mut Self, code: &str, text: &str| {
            link.caller.abandon();
            Err(Reply::unclear(code, text, Some(answer.clone())))
        };
        let said = match codec::interpret(&answer) {
            Ok(said) => said,
            Err(code @ "no-msa") => return unclear(self, code, "the answer has no MSA segment"),
            Err(code) => return unclear(self, code, "the answer is no acknowledgment"),
        };
        let asked_for = header.map_or(&b""[..], Header::control_id);
        if self.config.check_control_id && !asked_for.is_empty() && said.control_id != asked_for {
            return unclear(self, "wrong-control-id", "MSA-2 of the answer names another message");
        }
        let refused = |text: &str, custom| {
            Ok(Step::Done(Reply::refused(said.code.as_str(), text, Some(answer.clone()), custom)))
        };
        match said.code.as_str() {
            "AA" => Ok(Step::Done(Reply::accepted("AA", Some(answer)))),
            "CA" => Ok(Step::Committed(answer)),
            "AE" => refused("the partner's application reports an error", Disposition::Retry),
            "CE" => refused("the partner could not keep the message", Disposition::Retry),
            "AR" => refused("the partner's application rejects the message", Disposition::Dead),
            "CR" => refused("the partner rejects the message", Disposition::Dead),
            _ => unclear(self, "unknown-code", "MSA-1 of the answer is none of table 0008"),
        }
    }
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
