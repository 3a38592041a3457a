//! A channel that runs: its tasks, from start to an orderly stop.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use klinke_model::{ChannelId, DestinationId, EnvelopeId, Timestamp, VersionId};
use klinke_store::Store;
use tokio::task::JoinHandle;

use super::canary::Side;
use super::early::{Early, Pace};
use super::fragments::{self, FragmentReport, Fragments};
use super::inbox::Inbox;
use super::intake::ChannelIntake;
use super::memory::Memory;
use super::spec::{ChannelSpec, DestinationSpec};
use super::waiters::Waiters;
use super::work::{Exit, Work, Works};
use super::worker::{Worker, unconfirmed};
use crate::clock::Clock;
use crate::fault::StartError;
use crate::lane::desk::{Desk, DeskReport, Terms};
use crate::lane::links;
use crate::lane::trail::Trail;
use crate::link::Destination;
use crate::reads::Reader;
use crate::source::{Intake, Stop, Stopper};

/// A running channel.
pub(crate) struct Running {
    pub id: ChannelId,
    texts: Mutex<(String, String)>,
    pub address: Option<String>,
    pub since: Timestamp,
    pub intake: Arc<ChannelIntake>,
    pub desks: Arc<[Arc<Desk>]>,
    /// Where each desk delivers to, for people.
    pub addresses: Vec<String>,
    works: Arc<RwLock<Works>>,
    source: Mutex<Option<(Stopper, JoinHandle<()>)>>,
    rest: Mutex<Option<(Stopper, Vec<JoinHandle<()>>)>>,
}

/// What a channel needs from the engine.
pub(crate) struct Ground {
    pub reader: Reader,
    pub clock: Clock,
}

impl Running {
    /// Starts a channel: names and books from the store, then worker and links, the source last. What
    /// it delivers of the envelopes up to `repeat_to` may have been sent before.
    pub async fn start(
        mut spec: ChannelSpec,
        ground: &Ground,
        repeat_to: EnvelopeId,
    ) -> Result<Running, StartError> {
        let names = ground.reader.read(Names::look_up(&spec, ground.clock.now())).await?;
        let (inbox, waiters) = (
            Arc::new(Inbox::new(spec.limits.inbox_max, spec.limits.inbox_bytes_max, names.unrouted)),
            Arc::new(Waiters::new(spec.ack)),
        );
        let source = spec.source.take();
        let addresses = spec.destinations.iter().map(|one| one.partner.address()).collect();
        let (desks, exits, link_tasks) = open_desks(&mut spec, &names, ground, &waiters, repeat_to);
        let fragments = spec.joining.map(|joining| {
            let charset = spec.charset.clone();
            Arc::new(Fragments::new(joining, spec.format.clone(), charset, &spec.name))
        });
        let whole_text = spec.whole_text();
        let canary = side(&mut spec, names.canary, &desks);
        let work = Work {
            channel: spec.name.clone(),
            format: spec.format.clone(),
            charset: spec.charset.clone(),
            steps: std::mem::take(&mut spec.steps),
            exits,
        };
        let works = Arc::new(RwLock::new(Works::new(names.version, work, canary)));
        let pace = Arc::<Pace>::default();
        let early = Early {
            works: works.clone(),
            pace: pace.clone(),
            clock: ground.clock.clone(),
            bytes_max: spec.limits.early_bytes_max,
        };
        let intake = Arc::new(ChannelIntake {
            id: names.channel,
            name: spec.name.clone(),
            reader: ground.reader.clone(),
            clock: ground.clock.clone(),
            format: spec.format.clone(),
            format_name: spec.format.name().into(),
            from: spec.from.clone(),
            limits: spec.limits,
            ack_limit: spec.ack_limit,
            inbox: inbox.clone(),
            waiters: waiters.clone(),
            memory: spec.dedup.take().map(Memory::new),
            fragments: fragments.clone(),
            version: RwLock::new(names.version),
            desks: desks.clone(),
            early,
            stopping: false.into(),
            under_way: Arc::default(),
        });
        recall(&intake, ground).await?;
        let worker = Worker {
            channel: names.channel,
            name: spec.name.clone(),
            reader: ground.reader.clone(),
            clock: ground.clock.clone(),
            inbox,
            waiters,
            works: works.clone(),
            desks: desks.clone(),
            pace,
            unconfirmed: unconfirmed(),
            refused: Arc::default(),
        };
        let opened = match source {
            None => None,
            Some(source) => {
                let intake: Arc<dyn Intake> = intake.clone();
                Some(source.open(intake).await.map_err(|error| StartError::Source(error.to_string()))?)
            }
        };
        let address = opened.as_ref().map(|source| source.address());
        let (stopper, stop) = Stop::new();
        let mut tasks = vec![tokio::spawn(worker.run(stop.clone()))];
        if let Some(fragments) = fragments {
            tasks.push(tokio::spawn(fragments::watch(Arc::downgrade(&intake), fragments, stop.clone())));
        }
        for (desk, partner) in link_tasks {
            tasks.push(tokio::spawn(links::run(desk, partner, stop.clone())));
        }
        let source = opened.map(|source| {
            let (stopper, stop) = Stop::new();
            (stopper, tokio::spawn(source.run(stop)))
        });
        Ok(Running {
            id: names.channel,
            texts: Mutex::new((whole_text, spec.frame_text)),
            address,
            since: ground.clock.now(),
            intake,
            desks,
            addresses,
            works,
            source: Mutex::new(source),
            rest: Mutex::new(Some((stopper, tasks))),
        })
    }

    /// True when the channel runs with exactly this text.
    pub fn is_as(&self, text: &str) -> bool {
        self.texts.lock().unwrap_or_else(PoisonError::into_inner).0 == text
    }

    /// True when the channel's text differs from this one in its steps alone.
    pub fn has_frame(&self, frame_text: &str) -> bool {
        self.texts.lock().unwrap_or_else(PoisonError::into_inner).1 == frame_text
    }

    /// Takes the steps of `spec` from the next envelope on; source and lanes go on as they are.
    pub async fn change_steps(&self, mut spec: ChannelSpec, ground: &Ground) -> Result<(), StartError> {
        let (channel, now) = (self.id, ground.clock.now());
        let (text, changed) = (spec.text.clone(), spec.canary.as_ref().map(|canary| canary.text.clone()));
        let versions = ground.reader.read(move |store| {
            let version = store.version(channel, &text, now)?;
            Ok((version, changed.map(|text| store.version(channel, &text, now)).transpose()?))
        });
        let (version, canary) = versions.await?;
        let whole_text = spec.whole_text();
        let canary = side(&mut spec, canary, &self.desks);
        let exits = spec.destinations.into_iter().zip(self.desks.iter()).map(|(one, desk)| Exit {
            destination: desk.id,
            name: one.name,
            steps: one.steps,
            lane: one.lane,
        });
        let work = Work {
            channel: spec.name,
            format: spec.format,
            charset: spec.charset,
            steps: spec.steps,
            exits: exits.collect(),
        };
        self.works.write().unwrap_or_else(PoisonError::into_inner).add(version, work, canary);
        *self.intake.version.write().unwrap_or_else(PoisonError::into_inner) = version;
        *self.texts.lock().unwrap_or_else(PoisonError::into_inner) = (whole_text, spec.frame_text);
        Ok(())
    }

    /// Stops in order: the source first, then the steps, then the links; what is not done within
    /// `limit` is broken off and lies in the store. True when all ended by itself.
    pub async fn stop(&self, limit: Duration) -> bool {
        let deadline = tokio::time::Instant::now() + limit;
        let source = self.source.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut orderly = true;
        if let Some((stopper, task)) = source {
            stopper.say();
            // Half the time is left for the deliveries that are under way, should the source hang.
            orderly &= end(task, tokio::time::Instant::now() + limit / 2).await;
        }
        self.intake.stopping.store(true, Ordering::SeqCst);
        let rest = self.rest.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((stopper, tasks)) = rest {
            stopper.say();
            self.desks.iter().for_each(|desk| desk.wake());
            for task in tasks {
                orderly &= end(task, deadline).await;
            }
        }
        while !(self.intake.is_settled() && self.desks.iter().all(|desk| desk.is_settled())) {
            if tokio::time::Instant::now() >= deadline {
                return false;
            }
            self.desks.iter().for_each(Desk::save_again);
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        orderly
    }

    /// The version that handles what arrives now.
    pub fn version(&self) -> VersionId {
        *self.intake.version.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The version that handles some of it.
    pub fn canary(&self) -> Option<VersionId> {
        self.works.read().unwrap_or_else(PoisonError::into_inner).canary()
    }

    /// What waits for its last fragment.
    pub fn fragments(&self) -> FragmentReport {
        self.intake.fragments.as_ref().map(|fragments| fragments.report()).unwrap_or_default()
    }

    /// The latest attempts of each desk.
    pub fn trails(&self) -> Vec<(DestinationId, Trail)> {
        self.desks.iter().map(|desk| (desk.id, desk.trail())).collect()
    }

    /// What each desk says of itself.
    pub fn reports(&self) -> Vec<(DestinationId, String, String, DeskReport)> {
        let desks = self.desks.iter().zip(&self.addresses);
        desks.map(|(desk, address)| (desk.id, desk.name.clone(), address.clone(), desk.report())).collect()
    }
}

/// The canary of a channel, with its ways out led to the channel's desks.
fn side(spec: &mut ChannelSpec, version: Option<VersionId>, desks: &[Arc<Desk>]) -> Option<Side> {
    let (canary, version) = (spec.canary.take()?, version?);
    let desk = |name: &str| desks.iter().find(|desk| desk.name == format!("{}/{name}", spec.name));
    let exits = canary
        .exits
        .into_iter()
        .filter_map(|(name, steps, lane)| Some(Exit { destination: desk(&name)?.id, name, steps, lane }));
    let work = Work {
        channel: spec.name.clone(),
        format: spec.format.clone(),
        charset: canary.charset,
        steps: canary.steps,
        exits: exits.collect(),
    };
    Some(Side { version, work, choice: canary.choice })
}

async fn end(mut task: JoinHandle<()>, deadline: tokio::time::Instant) -> bool {
    let ended = tokio::time::timeout_at(deadline, &mut task).await;
    if ended.is_err() {
        task.abort();
    }
    ended.is_ok()
}

/// Makes a channel's names known to the store, where they are not.
pub(crate) fn introduction(
    spec: &ChannelSpec,
    now: Timestamp,
) -> impl FnOnce(&dyn Store) -> klinke_store::Result<()> + Send + use<> {
    let look_up = Names::look_up(spec, now);
    move |store| look_up(store).map(drop)
}

/// The numbers that the store gives a channel and its destinations, and what waits there.
struct Names {
    channel: ChannelId,
    version: VersionId,
    canary: Option<VersionId>,
    unrouted: u64,
    destinations: Vec<(DestinationId, u64)>,
    holds: Vec<klinke_model::Hold>,
}

impl Names {
    /// The read that finds them.
    fn look_up(
        spec: &ChannelSpec,
        now: Timestamp,
    ) -> impl FnOnce(&dyn Store) -> klinke_store::Result<Names> + Send + use<> {
        let (name, text) = (spec.name.clone(), spec.text.clone());
        let changed = spec.canary.as_ref().map(|canary| canary.text.clone());
        let destinations: Vec<String> = spec.destinations.iter().map(|one| one.name.clone()).collect();
        move |store| {
            let channel = store.channel(&name)?;
            let version = store.version(channel, &text, now)?;
            let canary = changed.as_ref().map(|text| store.version(channel, text, now)).transpose()?;
            let (channels, tallies) = store.books()?;
            let unrouted =
                channels.iter().find(|tally| tally.channel == channel).map_or(0, |one| one.unrouted);
            let numbered = destinations.iter().map(|name| {
                let id = store.destination(channel, name)?;
                let tally = tallies.iter().find(|tally| tally.destination == id);
                Ok((id, tally.map_or(0, |tally| tally.waiting)))
            });
            let destinations = numbered.collect::<klinke_store::Result<_>>()?;
            Ok(Names { channel, version, canary, unrouted, destinations, holds: store.holds()? })
        }
    }
}

/// Remembers what an earlier run received, so that it is told when it comes again.
async fn recall(intake: &ChannelIntake, ground: &Ground) -> Result<(), StartError> {
    if let Some(fragments) = intake.fragments.clone() {
        ground.reader.read(move |store| fragments.recall(store)).await?;
    }
    let Some(memory) = &intake.memory else { return Ok(()) };
    let (channel, now) = (intake.id, ground.clock.now());
    let (since, most) = (now.before(memory.dedup().window), memory.dedup().remember_max);
    let mut known = ground.reader.read(move |store| store.fingerprints(channel, since, most)).await?;
    known.reverse();
    memory.inherit(known, now);
    Ok(())
}

/// One task each: the desk that it takes from, the partner that it delivers to.
type Links = Vec<(Arc<Desk>, Arc<dyn Destination>)>;

fn open_desks(
    spec: &mut ChannelSpec,
    names: &Names,
    ground: &Ground,
    waiters: &Arc<Waiters>,
    repeat_to: EnvelopeId,
) -> (Arc<[Arc<Desk>]>, Vec<Exit>, Links) {
    let (mut desks, mut exits, mut links) = (Vec::new(), Vec::new(), Vec::new());
    let format: Arc<str> = spec.format.name().into();
    for (one, &(id, waiting)) in std::mem::take(&mut spec.destinations).into_iter().zip(&names.destinations) {
        let DestinationSpec {
            name,
            partner,
            steps,
            lane,
            links_max,
            answer_limit,
            retry,
            answers,
            rate,
            schedule,
            budget,
        } = one;
        let terms = Terms { format: format.clone(), retry, answers, rate, schedule, answer_limit, budget };
        let waiters = waiters.clone();
        let desk = Arc::new(Desk::new(
            id,
            format!("{}/{name}", spec.name),
            terms,
            ground.reader.clone(),
            ground.clock.clone(),
            Box::new(move |envelope, reply, delivered| waiters.answered(envelope, reply, delivered)),
        ));
        desk.inherit(waiting, &names.holds, repeat_to);
        for _ in 0..links_max.max(1) {
            links.push((desk.clone(), partner.clone()));
        }
        exits.push(Exit { destination: id, name, steps, lane });
        desks.push(desk);
    }
    (desks.into(), exits, links)
}
