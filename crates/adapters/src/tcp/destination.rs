//! The way out over raw TCP.

use std::sync::Arc;
use std::time::Duration;

use klinke_engine::BoxFuture;
use klinke_engine::link::{Link, Parcel, Reply};
use klinke_engine::source::SourceError;
use klinke_model::Disposition;
use tokio::time::Instant;

use super::config::{Closing, DestinationConfig, Mark};
use super::framing::RawFraming;
use crate::net::Statistics;
use crate::net::caller::{Caller, MakeFraming};
use crate::net::dial::Way;

/// A destination over raw TCP.
#[derive(Debug)]
pub struct Destination {
    config: Arc<DestinationConfig>,
    framing: RawFraming,
    way: Way,
    statistics: Arc<Statistics>,
}

#[derive(Debug)]
struct TcpLink {
    config: Arc<DestinationConfig>,
    caller: Caller,
}

impl Destination {
    /// By these settings. Where the partner connects to us, the first link begins to listen.
    pub fn new(config: DestinationConfig) -> Result<Self, SourceError> {
        let framing = RawFraming::new(&config.framing, config.answer_max.0)?;
        let way = Way::new(config.partner())?;
        Ok(Destination { config: Arc::new(config), framing, way, statistics: Arc::default() })
    }

    /// What it counts.
    pub fn statistics(&self) -> Arc<Statistics> {
        Arc::clone(&self.statistics)
    }
}

impl klinke_engine::link::Destination for Destination {
    fn link(&self) -> Box<dyn Link> {
        self.way.prepare();
        let framing = self.framing.clone();
        let make: MakeFraming = Arc::new(move || Box::new(framing.clone()));
        let caller = Caller::new(self.way.clone(), make, Arc::clone(&self.statistics));
        Box::new(TcpLink { config: Arc::clone(&self.config), caller })
    }

    fn address(&self) -> String {
        self.way.address()
    }
}

impl TcpLink {
    async fn attempt(&mut self, parcel: &Parcel, limit: Duration) -> Result<Reply, Reply> {
        let deadline = Instant::now() + limit;
        self.caller.send(&parcel.payload, deadline).await?;
        if self.config.accept.is_empty() && self.config.refuse.is_empty() {
            return Ok(Reply::accepted("sent", None));
        }
        let deadline = deadline.min(Instant::now() + self.config.answer_timeout.0);
        let answer = self.caller.frame(deadline).await?.payload;
        let is_one_of = |marks: &[Mark]| marks.iter().any(|mark| answer.starts_with(&mark.0));
        let (accepted, refused) = (is_one_of(&self.config.accept), is_one_of(&self.config.refuse));
        if accepted {
            return Ok(Reply::accepted("accepted", Some(answer.into())));
        }
        if refused {
            let text = "the partner does not take it";
            return Ok(Reply::refused("refusal", text, Some(answer.into()), Disposition::Dead));
        }
        self.caller.abandon();
        Ok(Reply::unclear("unknown-answer", "the answer is none that the site names", Some(answer.into())))
    }
}

impl Link for TcpLink {
    fn deliver<'a>(&'a mut self, parcel: &'a Parcel, limit: Duration) -> BoxFuture<'a, Reply> {
        Box::pin(async move {
            let reply = self.attempt(parcel, limit).await.unwrap_or_else(|reply| reply);
            if self.config.connection == Closing::Each {
                self.caller.close().await;
            }
            reply
        })
    }

    fn close(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(self.caller.close())
    }
}
