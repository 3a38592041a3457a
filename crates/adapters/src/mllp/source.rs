//! The way in over MLLP.

use std::sync::Arc;

use klinke_engine::BoxFuture;
use klinke_engine::source::{Arrival, Intake, OpenSource, Refusal, SourceError, Stop};
use klinke_hl7v2::ack::{self, Code};
use klinke_hl7v2::sequence::{RESET, Received};
use klinke_model::Payload;
use tokio::sync::oneshot;

use super::answers::{self, Board};
use super::codec::{Batch, Head, Mllp, Words, Writer};
use super::config::{BatchAck, Mode, SourceConfig, Unparsable};
use super::ids::Ids;
use super::notice;
use super::sequence::Sequence;
use super::verdict::{self, Taken};
use crate::net::exchange::{self, Shared};
use crate::net::listen::{Accepted, Entrance};
use crate::net::{Answer, Budget, Frame, FrameKind, Handler, Statistics, Work};

/// A source over MLLP.
#[derive(Debug)]
pub struct Source {
    config: SourceConfig,
    statistics: Arc<Statistics>,
}

struct Open {
    entrance: Entrance,
    desk: Arc<Desk>,
    shared: Shared,
}

/// What the connections of a source share.
struct Desk {
    config: SourceConfig,
    intake: Arc<dyn Intake>,
    writer: Writer,
    ids: Ids,
    sequence: Sequence,
}

/// An acknowledgment that another connection's message may wait for.
struct Offer {
    board: Arc<Board>,
    control_id: String,
    answer: Payload,
}

impl Offer {
    /// True when a delivery waited for it.
    fn give(&self) -> bool {
        self.board.offer(&self.control_id, &self.answer)
    }
}

impl Source {
    /// By these settings.
    pub fn new(config: SourceConfig) -> Result<Self, SourceError> {
        if config.listen.is_some() == config.connect.is_some() {
            return Err(SourceError::new("mllp: give either listen or connect"));
        }
        Ok(Source { config, statistics: Arc::default() })
    }

    /// What it counts.
    pub fn statistics(&self) -> Arc<Statistics> {
        Arc::clone(&self.statistics)
    }
}

impl klinke_engine::source::Source for Source {
    fn open(
        self: Box<Self>,
        intake: Arc<dyn Intake>,
    ) -> BoxFuture<'static, Result<Box<dyn OpenSource>, SourceError>> {
        Box::pin(async move {
            let Source { config, statistics } = *self;
            let entrance = Entrance::open(config.entry(), Arc::clone(&statistics)).await?;
            let budget = Budget::new(config.limits.memory.0);
            let limits = config.limits.clone();
            let shared = Shared { intake: Arc::clone(&intake), limits, budget, statistics };
            let (writer, ids) = (Writer::new(&config), Ids::new());
            let sequence = match config.sequence {
                true => Sequence::recall(intake.as_ref()).await,
                false => Sequence::default(),
            };
            let desk = Arc::new(Desk { config, intake, writer, ids, sequence });
            Ok(Box::new(Open { entrance, desk, shared }) as Box<dyn OpenSource>)
        })
    }
}

impl OpenSource for Open {
    fn address(&self) -> String {
        self.entrance.address()
    }

    fn run(self: Box<Self>, stop: Stop) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let Open { entrance, desk, shared } = *self;
            let channel = shared.intake.channel().to_owned();
            let serve = move |accepted: Accepted, stop| {
                let framing = Box::new(Mllp::new(desk.config.limits.frame.0, desk.config.bare));
                let taker = Taker {
                    desk: Arc::clone(&desk),
                    peer: Arc::clone(&accepted.peer),
                    system: accepted.system.clone(),
                    statistics: Arc::clone(&shared.statistics),
                };
                exchange::serve(accepted, framing, Box::new(taker), shared.clone(), stop)
            };
            entrance.serve(&channel, stop, serve).await;
        })
    }
}

/// Takes the frames of one connection.
struct Taker {
    desk: Arc<Desk>,
    peer: Arc<str>,
    system: Option<Arc<str>>,
    statistics: Arc<Statistics>,
}

impl Handler for Taker {
    fn frame(&mut self, frame: Frame) -> Work {
        if frame.kind != FrameKind::Data {
            return Work::default();
        }
        let desk = Arc::clone(&self.desk);
        let head = Head::read(&frame.payload);
        self.notice(head.as_ref(), &frame.payload);
        let head = match head {
            Some(head) if desk.config.sequence => match out_of_turn(desk.sequence.receive(head.sequence())) {
                Some(said) => return desk.synchronise(head, said),
                None => Some(head),
            },
            other => other,
        };
        let bytes = frame.payload.len();
        let batch = head.as_ref().filter(|_| desk.config.batch_ack == BatchAck::Batch);
        let batch = batch.and_then(|head| Batch::read(head, &frame.payload));
        let arrival = self.arrival(frame);
        match head {
            Some(head) if batch.is_none() && desk.is_enhanced(&head) => desk.enhanced(arrival, head, bytes),
            Some(head) => desk.original(arrival, head, batch, bytes),
            None => desk.unparsable(arrival, bytes),
        }
    }

    /// It is kept apart for a person to look at; the sender got no answer and sends it again.
    fn truncated(&mut self, frame: Frame) {
        if frame.payload.is_empty() {
            return;
        }
        let kept = self.desk.intake.keep_damaged(self.arrival(frame), "the frame broke off in its middle");
        let channel = self.desk.intake.channel().to_owned();
        tokio::spawn(async move {
            if let Err(refusal) = kept.await {
                tracing::warn!(channel, %refusal, "a broken frame could not be kept");
            }
        });
    }
}

impl Taker {
    /// Remembers what a message says of its sender's clock, characters and identity.
    fn notice(&self, head: Option<&Head>, payload: &[u8]) {
        let Some(head) = head else { return self.statistics.violated("no-message", 1) };
        if self.statistics.wants_arrival() {
            let now = self.desk.intake.now();
            self.statistics.arrived(notice::arrived(head, payload, &self.peer, now));
        }
    }

    fn arrival(&self, frame: Frame) -> Arrival {
        Arrival {
            payload: frame.payload.into(),
            received: self.desk.intake.now(),
            peer: Arc::clone(&self.peer),
            system: self.system.clone(),
        }
    }
}

/// What a message is answered that is not to be taken, by its sequence number.
fn out_of_turn(received: Received) -> Option<(Code, &'static str)> {
    match received {
        Received::Accept { .. } => None,
        Received::Duplicate { .. } | Received::Synchronise { .. } => Some((Code::ApplicationAccept, "")),
        Received::Mismatch { .. } => {
            Some((Code::ApplicationError, "MSH-13 is not the number that is expected"))
        }
        Received::Missing { .. } => Some((Code::ApplicationError, "MSH-13 is no sequence number")),
    }
}

impl Desk {
    fn is_enhanced(&self, head: &Head) -> bool {
        match self.config.mode {
            Mode::Header => head.expects.mode == ack::Mode::Enhanced,
            Mode::Enhanced => true,
            Mode::Original | Mode::None => false,
        }
    }

    /// The answer to a message that is not to be taken, by its sequence number.
    fn synchronise(self: Arc<Self>, head: Head, (code, text): (Code, &'static str)) -> Work {
        let answer = Box::pin(async move {
            if head.sequence() == Some(RESET) && Sequence::begin_anew(self.intake.as_ref()).await.is_err() {
                return self.say(Some(&head), Code::ApplicationError, "it could not be written down");
            }
            self.say(Some(&head), code, text)
        });
        Work { answer: Some(answer), ..Work::default() }
    }

    /// What a destination that awaits its answers here is to get of this arrival, once it is kept.
    fn answer_for_another(&self, head: &Head, arrival: &Arrival) -> Option<Offer> {
        let control_id = head.acknowledges()?;
        let board = answers::existing(self.intake.channel())?;
        Some(Offer { board, control_id, answer: arrival.payload.clone() })
    }

    /// One application acknowledgment, when all is done.
    fn original(self: Arc<Self>, arrival: Arrival, head: Head, batch: Option<Batch>, bytes: usize) -> Work {
        let offer = self.answer_for_another(&head, &arrival);
        let taken = self.intake.submit(arrival);
        let answer = Box::pin(async move {
            let taken = taken.await;
            self.count_back(&head, taken.is_err());
            // An acknowledgment is not acknowledged again.
            if taken.is_ok() && offer.is_some_and(|offer| offer.give()) {
                return Answer::default();
            }
            let silent = self.config.mode == Mode::None;
            match &taken {
                Err(Refusal::Stopping) => hang_up(),
                Err(_) if silent => hang_up(),
                Ok(_) if silent => Answer::default(),
                _ => match &batch {
                    Some(batch) => self.say_of_batch(batch, verdict::of(&taken)),
                    None => self.application(&head, &taken),
                },
            }
        });
        Work { answer: Some(answer), late: None, bytes }
    }

    /// An accept acknowledgment as soon as the message is kept, and the application's when all is done.
    fn enhanced(self: Arc<Self>, arrival: Arrival, head: Head, bytes: usize) -> Work {
        let (kept, is_kept) = oneshot::channel();
        let (refused, is_refused) = oneshot::channel();
        let offer = self.answer_for_another(&head, &arrival);
        let taken = self.intake.submit_and_tell(arrival, kept);
        let head = Arc::new(head);
        let accept = {
            let (desk, head) = (Arc::clone(&self), Arc::clone(&head));
            Box::pin(async move {
                let refusal = match is_kept.await {
                    Ok(_) => None,
                    Err(_) => is_refused.await.ok(),
                };
                desk.accept(&head, refusal)
            })
        };
        let late = Box::pin(async move {
            let taken = taken.await;
            self.count_back(&head, taken.is_err());
            if taken.is_ok() && offer.is_some_and(|offer| offer.give()) {
                return Answer::default();
            }
            let success = verdict::of(&taken).0.is_positive();
            match taken {
                Err(refusal) => {
                    // Nobody hears it when the connection is gone.
                    let _ = refused.send(refusal);
                    Answer::default()
                }
                Ok(_) if head.expects.application.holds(success) => self.application(&head, &taken),
                Ok(_) => Answer::default(),
            }
        });
        Work { answer: Some(accept), late: Some(late), bytes }
    }

    /// It is no HL7 message: there is nothing to tell the sender but that.
    fn unparsable(self: Arc<Self>, arrival: Arrival, bytes: usize) -> Work {
        let keep = self.config.unparsable == Unparsable::Keep;
        let taken = keep.then(|| self.intake.submit(arrival));
        let answer = Box::pin(async move {
            let code = match taken {
                None => Code::ApplicationReject,
                Some(taken) => match taken.await {
                    Err(Refusal::Stopping) => return hang_up(),
                    _ => Code::ApplicationError,
                },
            };
            match self.config.mode {
                Mode::None => Answer::default(),
                _ => self.say(None, code, "the frame holds no HL7 message"),
            }
        });
        Work { answer: Some(answer), late: None, bytes }
    }

    fn application(&self, head: &Head, taken: &Taken) -> Answer {
        let (code, text) = verdict::of(taken);
        let relayed = verdict::relayed(taken, &head.control_id).filter(|_| self.config.relay_answer);
        match relayed {
            Some(answer) => Answer { bytes: self.writer.frame(answer, code), close: false },
            None => self.say(Some(head), code, text),
        }
    }

    fn accept(&self, head: &Head, refusal: Option<Refusal>) -> Answer {
        let code = match &refusal {
            None => Code::CommitAccept,
            Some(Refusal::Stopping) => return hang_up(),
            Some(Refusal::Forbidden(_)) => Code::CommitReject,
            Some(_) => Code::CommitError,
        };
        let text = refusal.as_ref().map_or("", verdict::text_of);
        let by_the_site = self.config.mode == Mode::Enhanced && head.asks_nothing();
        if by_the_site || head.expects.accept.holds(refusal.is_none()) {
            return self.say(Some(head), code, text);
        }
        // Who wants no accept acknowledgment hears of a refusal by the application's, or by the end of
        // the connection: it must not take the message for kept.
        match refusal {
            None => Answer::default(),
            Some(_) if head.expects.application.holds(false) => {
                self.say(Some(head), code.of_kind(ack::Kind::Application), text)
            }
            Some(_) => hang_up(),
        }
    }

    fn say(&self, head: Option<&Head>, code: Code, text: &str) -> Answer {
        let bytes = self.writer.acknowledge(head, &self.words(code, text, &self.ids.next()));
        Answer { bytes, close: false }
    }

    /// One acknowledgment for each message, as a batch. The batch was taken as a whole or not at all.
    fn say_of_batch(&self, batch: &Batch, (code, text): (Code, &str)) -> Answer {
        let id = self.ids.next();
        let bytes = self.writer.acknowledge_batch(batch, &self.words(code, text, &id), || self.ids.next());
        Answer { bytes, close: false }
    }

    fn words<'a>(&self, code: Code, text: &'a str, control_id: &'a str) -> Words<'a> {
        let expected_sequence = self.config.sequence.then(|| self.sequence.next());
        Words { code, text, control_id, now: self.intake.now(), expected_sequence }
    }

    /// A message that was refused is expected again.
    fn count_back(&self, head: &Head, refused: bool) {
        if self.config.sequence && refused {
            self.sequence.give_back(head.sequence());
        }
    }
}

/// No answer, and the end of the connection: the sender keeps what it has.
fn hang_up() -> Answer {
    Answer { bytes: Vec::new(), close: true }
}
