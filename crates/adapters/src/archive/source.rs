//! The archive as a source: events are handed over one by one, and each is noted as heard when the channel has it.

use std::sync::Arc;
use std::time::Duration;

use klinke_archive::event::{Kind, Ring, Sending};
use klinke_archive::{Archive, Error};
use klinke_engine::BoxFuture;
use klinke_engine::source::{Arrival, Intake, OpenSource, Receipt, Refusal, SourceError, Stop};
use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use tracing::warn;

use super::config::SourceConfig;
use super::telling::{self, Telling, Told};
use super::title;
use crate::registry::ArchiveSlot;

/// So often it is looked for something new, should nobody have rung.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// The pauses between tries, the first and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(30));

/// The archive as a source.
#[derive(Debug)]
pub struct Source {
    config: SourceConfig,
    archive: ArchiveSlot,
}

struct Open {
    config: SourceConfig,
    archive: Archive,
    intake: Arc<dyn Intake>,
    position: u64,
    rung: Arc<Notify>,
    /// Held as long as it is to be woken.
    _ring: Ring,
}

/// The channel is to stop; what was not noted as heard comes again.
struct Stopped;

impl Source {
    /// By these settings, of this archive.
    pub fn new(config: SourceConfig, archive: ArchiveSlot) -> Self {
        Source { config, archive }
    }
}

impl klinke_engine::source::Source for Source {
    fn open(
        self: Box<Self>,
        intake: Arc<dyn Intake>,
    ) -> BoxFuture<'static, Result<Box<dyn OpenSource>, SourceError>> {
        Box::pin(async move {
            let failed = |why: String| SourceError::new(format!("the archive: {why}"));
            let archive = self.archive.get().cloned().ok_or_else(|| failed("it is not open".to_owned()))?;
            let rung = Arc::new(Notify::new());
            let bell = rung.clone();
            let ring: Ring = Arc::new(move || bell.notify_one());
            archive.when_changed(&ring);
            let (channel, now) = (intake.channel().to_owned(), intake.now());
            let (kind, start) = (self.config.on.into(), self.config.start.into());
            let position = blocking(&archive, move |archive| archive.listen(&channel, kind, start, now));
            let position = position.await.map_err(|error| failed(error.to_string()))?;
            Ok(Box::new(Open { config: self.config, archive, intake, position, rung, _ring: ring })
                as Box<dyn OpenSource>)
        })
    }
}

impl OpenSource for Open {
    fn address(&self) -> String {
        format!("the archive's events: {}", Kind::from(self.config.on).name())
    }

    fn run(mut self: Box<Self>, mut stop: Stop) -> BoxFuture<'static, ()> {
        Box::pin(async move { while self.round(&mut stop).await.is_ok() {} })
    }
}

impl Open {
    /// Hands over what is there, or waits for something.
    async fn round(&mut self, stop: &mut Stop) -> Result<(), Stopped> {
        let (kind, position) = (self.config.on.into(), self.position);
        let page = blocking(&self.archive, move |archive| telling::behind(archive, kind, position)).await;
        let page = page.unwrap_or_else(|error| {
            warn!(channel = self.intake.channel(), "the archive's events can't be read: {error}");
            Vec::new()
        });
        if page.is_empty() {
            tokio::select! {
                () = self.rung.notified() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = stop.said() => return Err(Stopped),
            }
        }
        for one in page {
            let is_ours = one.is_from(&title(self.intake.channel()));
            let sending = match is_ours || self.config.except.iter().any(|sender| one.is_from(sender)) {
                true => None,
                false => Some(self.hand_over(&one, stop).await?),
            };
            self.note(one.position, sending.flatten(), stop).await?;
        }
        Ok(())
    }

    /// Hands one over until the channel has it; gives what is now to be sent of an instance.
    async fn hand_over(&self, one: &Telling, stop: &mut Stop) -> Result<Option<Sending>, Stopped> {
        let mut pause = PAUSES.0;
        loop {
            match self.intake.pressure() {
                None => match self.attempt(one).await {
                    Ok(envelope) => return Ok(one.study().map(|study| self.sending(envelope, study))),
                    Err(why) => {
                        warn!(channel = self.intake.channel(), "an event of the archive waits: {why}")
                    }
                },
                Some(Refusal::Stopping) => return Err(Stopped),
                // It is seen on the status page; events wait where they are.
                Some(_) => {}
            }
            wait(&mut pause, stop).await?;
        }
    }

    fn sending(&self, envelope: u64, study: &str) -> Sending {
        Sending { channel: self.intake.channel().to_owned(), envelope, study: study.to_owned() }
    }

    /// Hands one over, or says why it is not taken; gives the envelope's number, 0 of one that is damaged.
    async fn attempt(&self, one: &Telling) -> Result<u64, String> {
        let (telling, largest) = (one.clone(), self.config.largest.0);
        let made = blocking(&self.archive, move |archive| telling.payload(archive, largest)).await;
        let (arrival, lost) = match made.map_err(|error| error.to_string())? {
            Told::Whole(payload, peer) => (self.arrival(payload, &peer), None),
            Told::Lost(payload, peer, why) => (self.arrival(payload, &peer), Some(why)),
        };
        let peer = arrival.peer.clone();
        let damaged = |receipt: Result<Receipt, Refusal>| receipt.map(|_| 0);
        let taken = match lost {
            None => self.intake.submit(arrival).await.map(|receipt| receipt.id.0),
            Some(why) => damaged(self.intake.keep_damaged(arrival, why).await),
        };
        let taken = match taken {
            // A person has to see that there was something; what comes behind it must not wait for that.
            Err(Refusal::Forbidden(_)) => {
                let arrival = self.arrival(one.named(), &peer);
                damaged(self.intake.keep_damaged(arrival, "it breaks a limit of the channel").await)
            }
            taken => taken,
        };
        taken.map_err(|refusal| refusal.to_string())
    }

    fn arrival(&self, payload: klinke_model::Payload, peer: &str) -> Arrival {
        Arrival { payload, received: self.intake.now(), peer: peer.into(), system: None }
    }

    /// Notes that it was heard: durable when it returns.
    async fn note(
        &mut self,
        position: u64,
        sending: Option<Sending>,
        stop: &mut Stop,
    ) -> Result<(), Stopped> {
        let mut pause = PAUSES.0;
        loop {
            let (channel, kind, now) =
                (self.intake.channel().to_owned(), self.config.on.into(), self.intake.now());
            let sending = sending.clone();
            let noted = blocking(&self.archive, move |archive| match sending {
                Some(sending) => archive.handed_on(sending, position, now),
                None => archive.heard(&channel, kind, position, now),
            });
            let noted = noted.await;
            match noted {
                Ok(()) => {
                    self.position = position;
                    return Ok(());
                }
                Err(error) => warn!(channel = self.intake.channel(), "the archive does not write: {error}"),
            }
            wait(&mut pause, stop).await?;
        }
    }
}

/// Waits, each time longer.
async fn wait(pause: &mut Duration, stop: &mut Stop) -> Result<(), Stopped> {
    tokio::select! {
        () = tokio::time::sleep(*pause) => {}
        () = stop.said() => return Err(Stopped),
    }
    *pause = (*pause * 2).min(PAUSES.1);
    Ok(())
}

async fn blocking<T: Send + 'static>(
    archive: &Archive,
    work: impl FnOnce(&Archive) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let archive = archive.clone();
    let done = spawn_blocking(move || work(&archive)).await;
    done.unwrap_or_else(|_| Err(Error::Backend("the archive broke off".to_owned())))
}
