//! Asks every so often, tells what is different, and notes what was seen.

use std::sync::Arc;
use std::time::Duration;

use klinke_archive::migrate::Day;
use klinke_engine::BoxFuture;
use klinke_engine::source::{Arrival, Intake, OpenSource, Refusal, SourceError, Stop};
use klinke_model::Payload;
use tracing::warn;

use super::super::peer::Peer;
use super::super::scu::FindError;
use super::memory::{Memory, News};
use super::query::Asked;

/// Our AE title towards partners of whom the site does not say how they know us.
const CALLING: &str = "KLINKE";
/// Under which name it is noted what was seen.
const NOTED: &str = "seen";
/// The pauses while the channel takes nothing, the first and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(30));

/// A partner that is asked every so often.
#[derive(Debug)]
pub struct Source {
    peer: Arc<Peer>,
    asked: Asked,
}

struct Open {
    peer: Arc<Peer>,
    calling: String,
    asked: Asked,
    intake: Arc<dyn Intake>,
    memory: Memory,
    /// It was told last that the partner does not answer.
    is_away: bool,
}

/// The channel is to stop; what was not noted as seen is told again.
struct Stopped;

impl Source {
    /// This partner, by these settings.
    pub fn new(peer: Arc<Peer>, asked: Asked) -> Self {
        Source { peer, asked }
    }
}

impl klinke_engine::source::Source for Source {
    fn open(
        self: Box<Self>,
        intake: Arc<dyn Intake>,
    ) -> BoxFuture<'static, Result<Box<dyn OpenSource>, SourceError>> {
        Box::pin(async move {
            let memory = Memory::read(intake.noted(NOTED).await.as_deref());
            let calling = self.peer.calling.clone().unwrap_or_else(|| CALLING.to_owned());
            let Source { peer, asked } = *self;
            Ok(Box::new(Open { peer, calling, asked, intake, memory, is_away: false }) as Box<dyn OpenSource>)
        })
    }
}

impl OpenSource for Open {
    fn address(&self) -> String {
        let address = self.peer.address.as_ref().map(|address| format!("@{address}")).unwrap_or_default();
        format!("{} of {}{address}", self.asked.name(), self.peer.ae_title)
    }

    fn run(mut self: Box<Self>, mut stop: Stop) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            while self.look(&mut stop).await.is_ok() {
                tokio::select! {
                    () = tokio::time::sleep(self.asked.every()) => {}
                    () = stop.said() => return,
                }
            }
        })
    }
}

/// An error without the partner's own words, which may name a patient.
fn plain(error: &FindError) -> String {
    match error {
        FindError::Refused { status, .. } => {
            FindError::Refused { status: *status, comment: None }.to_string()
        }
        other => other.to_string(),
    }
}

impl Open {
    /// Asks once, and tells what is different.
    async fn look(&mut self, stop: &mut Stop) -> Result<(), Stopped> {
        let today = Day::of(self.intake.now());
        let answer = tokio::select! {
            answer = self.asked.ask(&self.peer, &self.calling, today) => answer,
            () = stop.said() => return Err(Stopped),
        };
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                if !self.is_away {
                    let title = &self.peer.ae_title;
                    warn!(channel = self.intake.channel(), "{title} does not tell: {}", plain(&error));
                }
                self.is_away = true;
                return Ok(());
            }
        };
        self.is_away = false;
        let (news, next) = self.memory.compare(answer);
        for one in &news {
            self.tell(one, stop).await?;
        }
        if next != self.memory {
            if let Err(refusal) = self.intake.note(NOTED, Some(next.to_bytes())).await {
                warn!(channel = self.intake.channel(), "what was seen can't be noted: {refusal}");
            }
            self.memory = next;
        }
        Ok(())
    }

    /// Hands one over until the channel has it.
    async fn tell(&self, news: &News, stop: &mut Stop) -> Result<(), Stopped> {
        let mut pause = PAUSES.0;
        loop {
            let payload = Payload::new(news.text.clone().into_bytes());
            let peer = format!("{}: {}", self.peer.ae_title, news.what).into();
            let arrival = Arrival { payload, received: self.intake.now(), peer, system: None };
            match self.intake.submit(arrival).await {
                Ok(_) => return Ok(()),
                Err(Refusal::Stopping) => return Err(Stopped),
                // It would not be taken at the next look either; the others are not to wait for it.
                Err(refusal @ Refusal::Forbidden(_)) => {
                    warn!(channel = self.intake.channel(), "an item was not taken: {refusal}");
                    return Ok(());
                }
                Err(refusal) => warn!(channel = self.intake.channel(), "an item waits: {refusal}"),
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stop.said() => return Err(Stopped),
            }
            pause = (pause * 2).min(PAUSES.1);
        }
    }
}
