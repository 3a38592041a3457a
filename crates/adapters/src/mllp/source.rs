//! The way in over MLLP.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use klinke_engine::BoxFuture;
use klinke_engine::source::{Arrival, End, Intake, OpenSource, Receipt, Refusal, SourceError, Stop};
use tokio::sync::oneshot;

use super::codec::{self, Header, Mllp};
use super::config::{Mode, SourceConfig, Unparsable};
use crate::net::exchange::{self, Shared};
use crate::net::listen::{Accepted, Entrance};
use crate::net::{Answer, Budget, Frame, FrameKind, Framing, Handler, Statistics, Work};

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
    ids: Ids,
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
            let desk = Arc::new(Desk { config, ids: Ids::new(intake.now().0), intake });
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
                let framing = Box::new(Mllp::new(desk.config.limits.frame.0));
                let taker = Taker {
                    desk: Arc::clone(&desk),
                    peer: Arc::clone(&accepted.peer),
                    system: accepted.system.clone(),
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
}

impl Handler for Taker {
    fn frame(&mut self, frame: Frame) -> Work {
        if frame.kind != FrameKind::Data {
            return Work::default();
        }
        let bytes = frame.payload.len();
        let header = Header::read(&frame.payload);
        let arrival = Arrival {
            payload: frame.payload.into(),
            received: self.desk.intake.now(),
            peer: Arc::clone(&self.peer),
            system: self.system.clone(),
        };
        let desk = Arc::clone(&self.desk);
        match header {
            None => desk.unparsable(arrival, bytes),
            Some(header) if desk.is_enhanced(&header) => desk.enhanced(arrival, header, bytes),
            Some(header) => desk.original(arrival, header, bytes),
        }
    }
}

impl Desk {
    fn is_enhanced(&self, header: &Header) -> bool {
        let (accept, application) = header.asks();
        match self.config.mode {
            Mode::Header => accept != codec::Asked::Nothing || application != codec::Asked::Nothing,
            Mode::Enhanced => true,
            Mode::Original | Mode::None => false,
        }
    }

    /// One application acknowledgment, when all is done.
    fn original(self: Arc<Self>, arrival: Arrival, header: Header, bytes: usize) -> Work {
        let taken = self.intake.submit(arrival);
        let answer = Box::pin(async move {
            let taken = taken.await;
            let silent = self.config.mode == Mode::None;
            match &taken {
                Err(Refusal::Stopping) => Answer { bytes: Vec::new(), close: true },
                Err(_) if silent => Answer { bytes: Vec::new(), close: true },
                Ok(_) if silent => Answer::default(),
                _ => self.application(&header, &taken),
            }
        });
        Work { answer: Some(answer), late: None, bytes }
    }

    /// An accept acknowledgment as soon as the message is kept, and the application's when all is done.
    fn enhanced(self: Arc<Self>, arrival: Arrival, header: Header, bytes: usize) -> Work {
        let (kept, is_kept) = oneshot::channel();
        let (refused, is_refused) = oneshot::channel();
        let taken = self.intake.submit_and_tell(arrival, kept);
        let header = Arc::new(header);
        let accept = {
            let (desk, header) = (Arc::clone(&self), Arc::clone(&header));
            Box::pin(async move {
                let refusal = match is_kept.await {
                    Ok(_) => None,
                    Err(_) => is_refused.await.ok(),
                };
                desk.accept(&header, refusal)
            })
        };
        let late = Box::pin(async move {
            let taken = taken.await;
            if let Err(refusal) = taken {
                // Nobody hears it when the connection is gone.
                let _ = refused.send(refusal);
                return Answer::default();
            }
            let success = code_of(&taken).0 == "AA";
            if header.asks().1.applies(success) {
                self.application(&header, &taken)
            } else {
                Answer::default()
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
                None => "AR",
                Some(taken) => match taken.await {
                    Err(Refusal::Stopping) => return Answer { bytes: Vec::new(), close: true },
                    _ => "AE",
                },
            };
            if self.config.mode == Mode::None {
                return Answer::default();
            }
            let id = self.ids.next();
            let now = self.intake.now();
            self.framed(codec::acknowledge_unknown(code, "the frame holds no HL7 message", &id, now), code)
        });
        Work { answer: Some(answer), late: None, bytes }
    }

    fn application(&self, header: &Header, taken: &Result<Receipt, Refusal>) -> Answer {
        let (code, text) = code_of(taken);
        if let Some(answer) = self.relayed(header, taken) {
            return self.framed(answer, code);
        }
        self.framed(codec::acknowledge(header, code, text, &self.ids.next()), code)
    }

    /// The partner's own answer, where the site wants it given back and it names this message.
    fn relayed(&self, header: &Header, taken: &Result<Receipt, Refusal>) -> Option<Vec<u8>> {
        let Ok(Receipt { end: End::Answered { answer: Some(answer), .. }, .. }) = taken else { return None };
        let names_it = codec::interpret(answer).is_ok_and(|said| said.control_id == header.control_id());
        (self.config.relay_answer && names_it).then(|| answer.to_vec())
    }

    fn accept(&self, header: &Header, refusal: Option<Refusal>) -> Answer {
        let code = match &refusal {
            None => "CA",
            Some(Refusal::Stopping) => return Answer { bytes: Vec::new(), close: true },
            Some(Refusal::Forbidden(_)) => "CR",
            Some(_) => "CE",
        };
        let (accept, application) = header.asks();
        let nothing_asked = self.config.mode == Mode::Enhanced && accept == codec::Asked::Nothing;
        let text = refusal.as_ref().map_or("", text_of);
        if nothing_asked || accept.applies(refusal.is_none()) {
            return self.framed(codec::acknowledge(header, code, text, &self.ids.next()), code);
        }
        // Who wants no accept acknowledgment hears of a refusal by the application's, or by the end of
        // the connection: it must not take the message for kept.
        match refusal {
            None => Answer::default(),
            Some(_) if application.applies(false) => {
                let code = if code == "CR" { "AR" } else { "AE" };
                self.framed(codec::acknowledge(header, code, text, &self.ids.next()), code)
            }
            Some(_) => Answer { bytes: Vec::new(), close: true },
        }
    }

    fn framed(&self, message: Vec<u8>, code: &str) -> Answer {
        let framing = Mllp::new(0);
        let mut bytes = Vec::with_capacity(message.len() + 8);
        if self.config.commit_frames {
            let commit = if code.ends_with('A') { 0x06 } else { 0x15 };
            framing.start(1, &mut bytes);
            bytes.push(commit);
            framing.end(&mut bytes);
        }
        framing.start(message.len(), &mut bytes);
        bytes.extend_from_slice(&message);
        framing.end(&mut bytes);
        Answer { bytes, close: false }
    }
}

/// MSA-1 of an application acknowledgment, and a sentence without patient data.
fn code_of(taken: &Result<Receipt, Refusal>) -> (&'static str, &str) {
    match taken {
        Ok(receipt) => match &receipt.end {
            End::Stored | End::Routed | End::Filtered => ("AA", ""),
            End::Failed(text) => ("AE", text),
            End::Answered { accepted: true, .. } => ("AA", ""),
            End::Answered { code, text, .. } if code == "AR" || code == "CR" => ("AR", text),
            End::Answered { text, .. } => ("AE", text),
            End::Pending => ("AA", "kept; not yet delivered"),
        },
        Err(refusal @ Refusal::Forbidden(_)) => ("AR", text_of(refusal)),
        Err(refusal) => ("AE", text_of(refusal)),
    }
}

fn text_of(refusal: &Refusal) -> &str {
    match refusal {
        Refusal::Full(text) | Refusal::Down(text) | Refusal::Forbidden(text) => text,
        Refusal::Stopping => "the channel is stopping",
    }
}

/// Makes control identifiers that are never the same: the time of the start and a counter.
#[derive(Debug)]
struct Ids {
    prefix: u64,
    counter: AtomicU64,
}

impl Ids {
    fn new(micros: i64) -> Self {
        use std::hash::{BuildHasher, Hasher};
        // The hasher's keys are random: two sources that start at the same moment still differ.
        let mut hasher = std::collections::hash_map::RandomState::new().build_hasher();
        hasher.write_i64(micros);
        Ids { prefix: hasher.finish() & 0xFFFF_FFFF, counter: AtomicU64::new(1) }
    }

    /// At most 20 characters, as MSH-10 has room for in all versions.
    fn next(&self) -> String {
        let number = self.counter.fetch_add(1, Ordering::Relaxed);
        format!("K{:08X}{number:X}", self.prefix)
    }
}
