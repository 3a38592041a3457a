//! The way in over raw TCP.

use std::sync::Arc;

use klinke_engine::BoxFuture;
use klinke_engine::source::{Arrival, Intake, OpenSource, SourceError, Stop};

use super::config::SourceConfig;
use super::framing::RawFraming;
use crate::net::exchange::{self, Shared};
use crate::net::listen::{Accepted, Entrance};
use crate::net::{Answer, Budget, Frame, Framing, Handler, Statistics, Work};

/// A source over raw TCP.
#[derive(Debug)]
pub struct Source {
    config: SourceConfig,
    framing: RawFraming,
    statistics: Arc<Statistics>,
}

struct Open {
    config: Arc<SourceConfig>,
    framing: RawFraming,
    entrance: Entrance,
    shared: Shared,
}

impl Source {
    /// By these settings.
    pub fn new(config: SourceConfig) -> Result<Self, SourceError> {
        if config.listen.is_some() == config.connect.is_some() {
            return Err(SourceError::new("tcp: give either listen or connect"));
        }
        let framing = RawFraming::new(&config.framing, config.limits.frame.0)?;
        Ok(Source { config, framing, statistics: Arc::default() })
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
            let Source { config, framing, statistics } = *self;
            let entrance = Entrance::open(config.entry(), Arc::clone(&statistics)).await?;
            let budget = Budget::new(config.limits.memory.0);
            let shared = Shared { intake, limits: config.limits.clone(), budget, statistics };
            Ok(Box::new(Open { config: Arc::new(config), framing, entrance, shared }) as Box<dyn OpenSource>)
        })
    }
}

impl OpenSource for Open {
    fn address(&self) -> String {
        self.entrance.address()
    }

    fn run(self: Box<Self>, stop: Stop) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let Open { config, framing, entrance, shared } = *self;
            let channel = shared.intake.channel().to_owned();
            let serve = move |accepted: Accepted, stop| {
                let handler = Taker {
                    config: Arc::clone(&config),
                    framing: framing.clone(),
                    intake: Arc::clone(&shared.intake),
                    peer: Arc::clone(&accepted.peer),
                    system: accepted.system.clone(),
                };
                exchange::serve(accepted, Box::new(framing.clone()), Box::new(handler), shared.clone(), stop)
            };
            entrance.serve(&channel, stop, serve).await;
        })
    }
}

/// Takes the frames of one connection.
struct Taker {
    config: Arc<SourceConfig>,
    framing: RawFraming,
    intake: Arc<dyn Intake>,
    peer: Arc<str>,
    system: Option<Arc<str>>,
}

impl Handler for Taker {
    fn frame(&mut self, frame: Frame) -> Work {
        let bytes = frame.payload.len();
        let arrival = Arrival {
            payload: frame.payload.into(),
            received: self.intake.now(),
            peer: Arc::clone(&self.peer),
            system: self.system.clone(),
        };
        let taken = self.intake.submit(arrival);
        let wrap = |mark: &super::Mark| {
            let mut out = Vec::new();
            self.framing.start(mark.0.len(), &mut out);
            out.extend_from_slice(&mark.0);
            self.framing.end(&mut out);
            out
        };
        let answer = self.config.answer.as_ref().map(wrap).unwrap_or_default();
        let refusal = self.config.refusal.as_ref().map(wrap);
        let answer = Box::pin(async move {
            match (taken.await, refusal) {
                (Ok(_), _) => Answer { bytes: answer, close: false },
                (Err(_), Some(refusal)) => Answer { bytes: refusal, close: false },
                (Err(_), None) => Answer { bytes: Vec::new(), close: true },
            }
        });
        Work { answer: Some(answer), late: None, bytes }
    }
}
