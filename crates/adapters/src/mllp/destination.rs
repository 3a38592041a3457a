//! The way out over MLLP.

use std::sync::Arc;
use std::time::Duration;

use klinke_engine::BoxFuture;
use klinke_engine::link::{Link, Parcel, Reply, ReplyKind};
use klinke_engine::source::SourceError;
use klinke_hl7v2::ack::{self, Acknowledgment, Code};
use klinke_model::{Disposition, Payload};
use tokio::time::Instant;

use super::answers::{self, Awaited, Board};
use super::codec::{Head, Mllp, numbered};
use super::config::{Await, Connection, DestinationConfig};
use super::ids::Ids;
use super::sequence::Numbers;
use crate::net::caller::{Caller, MakeFraming};
use crate::net::dial::Way;
use crate::net::{FrameKind, Statistics};

/// A destination over MLLP.
#[derive(Debug)]
pub struct Destination {
    config: Arc<DestinationConfig>,
    way: Way,
    board: Option<Arc<Board>>,
    statistics: Arc<Statistics>,
}

#[derive(Debug)]
struct MllpLink {
    config: Arc<DestinationConfig>,
    caller: Caller,
    /// Where the application's acknowledgments arrive, if not here.
    board: Option<Arc<Board>>,
    numbers: Numbers,
    ids: Ids,
}

impl Destination {
    /// By these settings. Where the partner connects to us, the first link begins to listen.
    pub fn new(config: DestinationConfig) -> Result<Self, SourceError> {
        if config.sequence && config.connections > 1 {
            return Err(SourceError::new("mllp: sequence numbers need a single connection"));
        }
        let way = Way::new(config.partner())?;
        let board = config.answers_at.as_deref().map(answers::at);
        Ok(Destination { config: Arc::new(config), way, board, statistics: Arc::default() })
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
        Box::new(MllpLink {
            config: Arc::clone(&self.config),
            caller,
            board: self.board.clone(),
            numbers: Numbers::default(),
            ids: Ids::new(),
        })
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
        let awaited =
            self.board.as_ref().zip(head.as_ref()).map(|(board, head)| board.expect(&head.control_id));
        if self.config.sequence {
            if let Some(reply) = self.send_numbered(parcel, head.as_ref(), deadline).await? {
                return Ok(reply);
            }
        } else {
            self.caller.send(&parcel.payload, deadline).await?;
        }
        let deadline = deadline.min(Instant::now() + self.config.answer_timeout.0);
        if self.config.commit_frames {
            self.commit(deadline).await?;
        }
        if self.config.ack == Await::None {
            return Ok(Reply::accepted("sent", None));
        }
        if let (Some(awaited), Some(head)) = (awaited, &head) {
            return self.elsewhere(head, awaited, deadline).await;
        }
        match self.answer(head.as_ref(), deadline).await? {
            Step::Done(reply) => Ok(reply),
            Step::Committed(accept) => Ok(self.application(head.as_ref(), accept, deadline).await),
        }
    }

    /// Sends under the next sequence number, after asking the partner for it where that is to be done.
    /// Gives a reply when the partner says that it has the message already.
    async fn send_numbered(
        &mut self,
        parcel: &Parcel,
        head: Option<&Head>,
        deadline: Instant,
    ) -> Result<Option<Reply>, Reply> {
        let unfit = || Reply::refused("unnumbered", "MSH-13 can't be written", None, Disposition::Dead);
        if self.caller.ready(deadline).await? {
            self.numbers.forget();
        }
        if self.numbers.next().is_none() {
            let id = self.ids.next();
            let ask = head.and_then(|head| head.asking(&id)).ok_or_else(unfit)?;
            self.caller.send(&ask, deadline).await?;
            let answer = Payload::from(self.frame(deadline).await?);
            let said = match ack::interpret(&answer, &id) {
                ack::Answer::Acknowledgment(said) if said.code.is_some_and(Code::is_positive) => said,
                _ => {
                    let text = "the partner does not say which sequence number it expects";
                    return Err(self.unclear("sequence", text, answer));
                }
            };
            if self.numbers.synchronised(parcel, said.expected_sequence) {
                let text = "the partner has it: it expects the number behind this one".to_owned();
                return Ok(Some(Reply { text, ..Reply::accepted("AA", Some(answer)) }));
            }
        }
        let number = self.numbers.next().ok_or_else(unfit)?;
        let numbered = numbered(&parcel.payload, number).ok_or_else(unfit)?;
        self.caller.send(&numbered, deadline).await?;
        self.numbers.sent(parcel);
        Ok(None)
    }

    /// The accept acknowledgment here, where the message asks for one, and the application's elsewhere.
    async fn elsewhere(
        &mut self,
        head: &Head,
        mut awaited: Awaited,
        deadline: Instant,
    ) -> Result<Reply, Reply> {
        let mut committed = None;
        if head.expects.accept.holds(true) {
            match self.answer(Some(head), deadline).await? {
                Step::Done(reply) => return Ok(reply),
                Step::Committed(accept) => committed = Some(accept),
            }
        }
        let text = "no application acknowledgment came in time to the channel that is named for it";
        match tokio::time::timeout(self.config.answers_within.0, awaited.come()).await {
            Ok(Some(answer)) => match ack::interpret(&answer, &head.control_id) {
                ack::Answer::Acknowledgment(said) => match self.acknowledged(said, answer)? {
                    Step::Done(reply) => Ok(reply),
                    Step::Committed(answer) => Ok(Reply::accepted("CA", Some(answer))),
                },
                _ => Err(Reply::unclear("not-an-ack", "what came is no acknowledgment", Some(answer))),
            },
            _ if committed.is_some() => {
                Ok(Reply { text: text.to_owned(), ..Reply::accepted("no-application-ack", committed) })
            }
            _ => Err(Reply::unclear("no-application-ack", text, None)),
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

    /// The next payload.
    async fn frame(&mut self, deadline: Instant) -> Result<Vec<u8>, Reply> {
        loop {
            let frame = self.caller.frame(deadline).await?;
            if frame.kind == FrameKind::Data {
                return Ok(frame.payload);
            }
        }
    }

    /// One acknowledgment. What is no usable one closes the connection.
    async fn answer(&mut self, head: Option<&Head>, deadline: Instant) -> Result<Step, Reply> {
        let answer = Payload::from(self.frame(deadline).await?);
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
        if self.config.sequence {
            self.numbers.answered(code.is_positive(), said.expected_sequence);
        }
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
