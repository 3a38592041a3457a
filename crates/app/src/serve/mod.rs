//! `klinke serve`: a site that runs, from start to an orderly stop.

mod archive;
mod console;
mod dicomweb;
pub mod drift;
mod history;
pub mod lives;
mod log;
mod metrics;
mod notify;
mod people;
mod prune;
pub mod rhythm;
mod sent;
pub mod tend;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use anyhow::{Context, Result};
use klinke_adapters::dicom::Peers;
use klinke_adapters::net::Statistics;
use klinke_adapters::registry::ArchiveSlot;
use klinke_console::house::door;
use klinke_console::people::session::Lengths;
use klinke_engine::source::Stop;
use klinke_engine::{Applied, Engine, clock::Clock};
use klinke_formats::SearchKeys;
use klinke_model::Timestamp;
use klinke_store::Store;
use klinke_store_sqlite::{Options, SqliteStore};
use tokio::signal::unix::{Signal, SignalKind, signal};

pub use archive::Opened;
pub use console::{Door, Visitors};
pub use history::Course;

use crate::alerts::{bureau, heartbeat, look, send};
use crate::canary;
use crate::control::answer::{Counter, Files};
use crate::control::socket;
use crate::deploy::{self, Board, Deploying, Desk, Revisions};
use crate::diagnose::Watch;
use crate::halt::Halts;
use crate::migrate::desk::Desk as Migrations;
use crate::shadow::{self, Shadows};
use crate::site::archive::peers as archive_peers;
use crate::site::node::Retention;
use crate::site::revision::of_folder as site_revision;
use crate::site::{Node, Site, fault};
use crate::wire::{self, World};

/// How long a store that another process has open is waited for.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(3);

/// Runs the site in a folder until it is told to stop; true when it stopped in good order.
pub fn run(folder: &Path, environment: Option<&str>) -> Result<bool> {
    let mut revisions = Revisions::open(folder, environment)?;
    let site = revisions.start()?;
    log::start(&site.node.log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let orderly = runtime.block_on(serve(site, revisions))?;
    runtime.shutdown_timeout(std::time::Duration::from_secs(5));
    Ok(orderly)
}

/// A running site: for `serve`, and for `demo` within one process.
pub struct Serving {
    /// The engine.
    pub engine: Arc<Engine>,
    /// The store.
    pub store: Arc<dyn Store>,
    /// What compiled the channels.
    pub world: World,
    /// What the running channels' sources count.
    pub counts: Counts,
    /// Channels that did not start, and why.
    pub failed: Failed,
    /// What is known of the partners.
    pub watch: Arc<Watch>,
    /// Which revision of the site runs.
    pub board: Arc<Board>,
    /// Channels that a person has stopped: they are not started.
    pub halts: Arc<Halts>,
    /// Partners that speak DICOM.
    pub peers: Peers,
}

/// Channels that did not start, and why.
pub type Failed = Arc<Mutex<BTreeMap<String, String>>>;

/// What sources count, by channel.
pub type Counts = Arc<Mutex<BTreeMap<String, Arc<Statistics>>>>;

impl Serving {
    /// Opens the store and starts the channels; faults in any channel's file start none.
    pub async fn start(site: &Site, peers: Peers, archive: ArchiveSlot) -> Result<(Serving, Applied)> {
        let world = World { archive, ..World::new(&site.node.zone)? };
        let store_folder = site.store_folder();
        let store = open_store(&site.node, &store_folder)?;
        let engine = Arc::new(Engine::start(store.clone(), Clock::system()).await?);
        let (counts, failed) = (Counts::default(), Failed::default());
        let (watch, board) = (Arc::default(), Arc::default());
        let halts = Arc::new(Halts::open(store.clone())?);
        let serving = Serving { engine, store, world, counts, failed, watch, board, halts, peers };
        let applied = serving.apply(site).await?;
        Ok((serving, applied))
    }

    /// Makes the site's channels the running ones.
    pub async fn apply(&self, site: &Site) -> Result<Applied> {
        let relay = |channel: &str| self.engine.relay(channel);
        let compiled =
            wire::channels(site, &self.world, &relay).map_err(|faults| fault::as_error(&faults))?;
        let (mut statistics, mut ends) = (BTreeMap::new(), BTreeMap::new());
        let halted = self.halts.all();
        let specs = compiled.into_iter().filter(|one| !halted.contains_key(&one.spec.name)).map(|one| {
            statistics.extend(one.statistics.map(|counts| (one.spec.name.clone(), counts)));
            ends.insert(one.spec.name.clone(), one.ends);
            one.spec
        });
        let (specs, since) = (specs.collect(), Timestamp::now());
        let applied = self.engine.apply(specs, site.node.stop.limit.0).await;
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) =
            applied.failed.iter().map(|(name, error)| (name.clone(), error.to_string())).collect();
        self.peers.set(archive_peers(site));
        self.watch.take_over(site, ends, &applied);
        // A channel that was left alone still counts with its old source.
        statistics.retain(|name, _| applied.started.contains(name));
        {
            let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
            counts.extend(statistics);
            counts.retain(|name, _| !halted.contains_key(name));
        }
        // The channels run: what could not be noted of them must not look as if they did not.
        if let Err(error) = self.note(site, since).await {
            tracing::error!(error = %format!("{error:#}"), "under which revision the channels run could not be kept");
        }
        Ok(applied)
    }

    /// Notes under which revision the channels run.
    async fn note(&self, site: &Site, since: Timestamp) -> Result<()> {
        let taken = |name: &str| site.taken.get(name).and_then(|site| site.revision.clone());
        let report = self.engine.report().await;
        let canary = |name: &str| site.canaries.get(name).and_then(|(site, _)| site.revision.clone());
        let mut versions: Vec<_> = report.iter().map(|one| (one.version, taken(&one.name))).collect();
        versions.extend(report.iter().filter_map(|one| Some((one.canary?, canary(&one.name)))));
        let (known, folder, store) = (site.revision.clone(), site.folder.clone(), self.store.clone());
        let noted = tokio::task::spawn_blocking(move || -> Result<String> {
            let revision = known.unwrap_or_else(|| site_revision(&folder));
            let name =
                |(version, own): (_, Option<String>)| (version, own.unwrap_or_else(|| revision.clone()));
            let versions: Vec<_> = versions.into_iter().map(name).collect();
            lives::note(store.as_ref(), &versions, since)?;
            Ok(revision)
        });
        self.board.lives(noted.await??, since);
        Ok(())
    }

    /// What answers the tools and the console.
    pub fn counter(&self, site: &Site, deploying: Option<Deploying>) -> Result<Arc<Counter>> {
        let lengths = site.node.console.as_ref().map_or_else(Lengths::default, |table| table.lengths());
        let people = people::open(self.store.clone(), &site.node, lengths)?;
        Ok(Arc::new(Counter {
            files: RwLock::new(Arc::new(Files::of(site))),
            door: door::Door::new(people),
            store: self.store.clone(),
            engine: Some(self.engine.clone()),
            world: self.world.clone(),
            counts: self.counts.clone(),
            failed: self.failed.clone(),
            course: Arc::default(),
            rhythm: Arc::default(),
            watch: self.watch.clone(),
            alerts: Arc::new(crate::alerts::Bureau::open(self.store.clone(), Some(site))?),
            board: self.board.clone(),
            halts: self.halts.clone(),
            deploying,
            shadows: Arc::new(Shadows::open(self.store.clone())?),
            canaries: Arc::default(),
            peers: self.peers.clone(),
            migrations: Arc::new(Migrations::new(self.world.archive.get().cloned())),
        }))
    }
}

/// Starts what looks after a running site, whoever runs it: the course of the charts, and the console
/// where the site has one.
pub fn attend(
    counter: &Arc<Counter>,
    door: Option<Door>,
    stop: &Stop,
) -> Result<Vec<tokio::task::JoinHandle<()>>> {
    let course = history::run(counter.clone(), counter.course.clone(), stop.clone());
    let mut tasks = vec![tokio::spawn(course)];
    if let Some(door) = door {
        tracing::info!(address = %door.address()?, "the console listens");
        tasks.push(tokio::spawn(door.serve(counter.clone(), stop.clone())));
    }
    Ok(tasks)
}

/// Starts what raises alerts and has people told.
fn alert(counter: &Arc<Counter>, stop: &Stop) -> [tokio::task::JoinHandle<()>; 3] {
    let (sender, errands) = tokio::sync::mpsc::channel(bureau::QUEUE_MAX);
    let bureau = counter.alerts.clone();
    [
        tokio::spawn(look::run(counter.clone(), sender, stop.clone())),
        tokio::spawn(send::run(bureau.clone(), errands, stop.clone())),
        tokio::spawn(heartbeat::run(bureau, stop.clone())),
    ]
}

async fn serve(site: Site, revisions: Revisions) -> Result<bool> {
    // What may fail goes first: nothing is taken from partners by a site that does not come up.
    let signals = Signals::new()?;
    let measured = match &site.node.metrics {
        Some(table) => Some(metrics::bind(table).await?),
        None => None,
    };
    let door = Door::open(&site.node, Visitors::Accounts).await?;
    let peers = Peers::new(archive_peers(&site));
    let slot = ArchiveSlot::default();
    let table = site.node.archive.as_ref();
    let archived = archive::Opened::open(table, &site.home, peers.clone(), &slot).await?;
    let (serving, applied) = Serving::start(&site, peers, slot).await?;
    let store_folder = site.store_folder();
    let (stopper, stop) = Stop::new();
    let (wish, wishes) = tokio::sync::mpsc::channel(1);
    let counter = serving.counter(&site, Some(deploy::asker(wish.clone())))?;
    let people = counter.door.people().clone();
    let listener = socket::bind(&store_folder)?;
    people::begin(&people)?;
    if let Some(door) = &door {
        people::invite(&people, &door.address()?)?;
    }
    let retention = site.node.audit.retention.map(|age| age.0);
    let mut tasks = vec![
        tokio::spawn(people::run(people.clone(), retention, stop.clone())),
        tokio::spawn(socket::serve(listener, counter.clone(), stop.clone())),
        tokio::spawn(shadow::run(counter.shadows.clone(), counter.world.clone(), stop.clone())),
        tokio::spawn(canary::run(counter.clone(), wish.clone(), stop.clone())),
        tokio::spawn(prune::run(counter.clone(), stop.clone())),
        tokio::spawn(drift::run(counter.clone(), drift::ears(&counter.alerts), stop.clone())),
        tokio::spawn(rhythm::run(counter.clone(), stop.clone())),
        tokio::spawn(notify::watchdog(stop.clone())),
        tokio::spawn(crate::diagnose::run(counter.clone(), stop.clone())),
    ];
    tasks.extend(attend(&counter, door, &stop)?);
    if let Some(archived) = archived {
        let offset = serving.world.offset();
        let archive = serving.world.archive.get();
        tasks.extend(
            archive.into_iter().flat_map(|archive| crate::priors::start(&site, archive, &offset, &stop)),
        );
        if let Some(archive) = archive.filter(|_| waits_for_channels(&site)) {
            tasks.push(tokio::spawn(sent::run(archive.clone(), serving.store.clone(), stop.clone())));
        }
        tasks.extend(archived.serve(&counter, site.node.console.as_ref(), &stop).await?);
    }
    tasks.extend(alert(&counter, &stop));
    if let Some(listener) = measured {
        tasks.push(tokio::spawn(metrics::run(listener, counter.clone(), stop.clone())));
    }
    let limit = site.node.stop.limit.0;
    let engine = serving.engine.clone();
    let migrations = counter.migrations.clone();
    let name = site.node.name.clone();
    let desk = Desk { serving, counter, revisions, live: Arc::new(site), followed: None };
    tasks.push(tokio::spawn(desk.run(wishes, stop.clone())));
    tracing::info!(
        site = %name,
        channels = applied.started.len(),
        failed = applied.failed.len(),
        "the site runs"
    );
    notify::ready();
    signals.wait_for_the_end(wish).await;
    notify::stopping();
    stopper.say();
    migrations.stop().await;
    let orderly = engine.stop(limit).await;
    for task in tasks {
        let _ = tokio::time::timeout(limit, task).await;
    }
    people::end(&people, orderly);
    let _ = std::fs::remove_file(socket::path(&store_folder));
    tracing::info!(orderly, "the site has stopped");
    Ok(orderly)
}

/// Whether a rule of retention waits until channels have sent.
fn waits_for_channels(site: &Site) -> bool {
    site.node.archive.iter().flat_map(|table| &table.retention).any(|rule| !rule.sent.is_empty())
}

/// The signals that `serve` knows, caught from the start on.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    fn new() -> Result<Self> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for SIGTERM or SIGINT; SIGHUP asks for a reload.
    async fn wait_for_the_end(mut self, wish: tokio::sync::mpsc::Sender<deploy::Wish>) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hang_up.recv() => {
                    // One that waits already will read the newest files.
                    let _ = wish.try_send((deploy::Order::Look, None));
                }
            }
        }
    }
}

/// Opens the site's store, made when it is not there.
pub fn open_store(node: &Node, folder: &Path) -> Result<Arc<dyn Store>> {
    let mut keys = SearchKeys::new()
        .with_paths(node.search.iter().map(String::as_str))
        .map_err(|text| anyhow::anyhow!("klinke.toml: search: {text}"))?;
    if node.store.free_text {
        keys = keys.with_text();
    }
    let options = Options {
        keys: Arc::new(keys),
        free_text: node.store.free_text,
        reserve_bytes: node.store.reserve.0 as u64,
        ..Options::default()
    };
    let store = open_when_free(folder, &options)
        .with_context(|| format!("the store {} does not open", folder.display()))?;
    Ok(Arc::new(store))
}

/// Opens the store, and waits a little while another process has it: a tool that looks into it while
/// nothing serves is done in a moment.
fn open_when_free(folder: &Path, options: &Options) -> klinke_store::Result<SqliteStore> {
    let end = std::time::Instant::now() + PATIENCE;
    loop {
        match SqliteStore::open(folder, options.clone()) {
            Err(klinke_store::Error::InUse(_)) if std::time::Instant::now() < end => {
                std::thread::sleep(std::time::Duration::from_millis(50));
            }
            opened => return opened,
        }
    }
}

/// How long each channel's envelopes are kept.
pub fn retention(site: &Site) -> BTreeMap<String, Retention> {
    let kept = |(name, file): (&String, &crate::site::ChannelFile)| {
        (name.clone(), file.channel.retention.unwrap_or(site.node.retention))
    };
    site.channels.iter().map(kept).collect()
}

/// A relay for checks: it leads nowhere, and nothing is sent.
pub fn no_relay(channel: &str) -> Arc<dyn klinke_engine::link::Destination> {
    Arc::new(nowhere::Nowhere(channel.to_owned()))
}

mod nowhere {
    //! A destination that exists only to be checked.

    use std::time::Duration;

    use klinke_engine::BoxFuture;
    use klinke_engine::link::{Destination, Link, Parcel, Reply};

    #[derive(Debug)]
    pub struct Nowhere(pub String);

    impl Destination for Nowhere {
        fn link(&self) -> Box<dyn Link> {
            Box::new(Nowhere(self.0.clone()))
        }

        fn address(&self) -> String {
            self.0.clone()
        }
    }

    impl Link for Nowhere {
        fn deliver<'a>(&'a mut self, _: &'a Parcel, _: Duration) -> BoxFuture<'a, Reply> {
            Box::pin(async { Reply::unreachable("nowhere", "nothing is sent in a check") })
        }

        fn close(&mut self) -> BoxFuture<'_, ()> {
            Box::pin(async {})
        }
    }
}
