//! Answers requests, whoever asks.

use std::collections::BTreeMap;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use anyhow::{Context, Result, anyhow, bail};
use klinke_adapters::dicom::Peers;
use klinke_engine::{AgainError, Engine};
use klinke_hl7v2::definitions::Local;
use klinke_model::{ChannelId, DestinationId, EnvelopeId, Payload, Timestamp};
use klinke_store::{ChannelInfo, DestinationInfo, PruneRule, Store};
use serde_json::{Value, json};

use super::behind::Behind;
use super::systems::{self, Wiring};
use super::{alter, archive, files, find, learn, reading, settle, show, status};
use crate::deploy::{Board, Deploying, Order};
use crate::halt;
use crate::replay;
use crate::serve::drift::Gauge;
use crate::serve::{Counts, Course};
use crate::shadow::{self, Shadows};
use crate::wire::World;
use klinke_console::house::door::Door;
use klinke_console::house::request::{Request, Wish, is_plain};
use klinke_console::house::trial::Ask as Trial;
use klinke_console::people::Actor;

/// What requests are answered from.
pub struct Counter {
    /// What the site's files say; taken over anew at a reload.
    pub files: RwLock<Arc<Files>>,
    /// The door, where everybody comes in: who may what, and the audit log.
    pub door: Door,
    /// The store.
    pub store: Arc<dyn Store>,
    /// The engine, when it runs.
    pub engine: Option<Arc<Engine>>,
    /// What channels are compiled with, to show an envelope's stages.
    pub world: World,
    /// Channels that did not start, and why.
    pub failed: crate::serve::Failed,
    /// What the running channels' sources count.
    pub counts: Counts,
    /// In which rhythm partners send.
    pub rhythm: crate::serve::rhythm::Heard,
    /// What was measured in the last hours.
    pub course: Arc<Course>,
    /// What is known of the partners.
    pub watch: Arc<crate::diagnose::Watch>,
    /// Who is told when something is wrong.
    pub alerts: Arc<crate::alerts::Bureau>,
    /// Which revision of the site runs.
    pub board: Arc<Board>,
    /// Changed channels that run along.
    pub shadows: Arc<Shadows>,
    /// Changed channels that handle some of the messages.
    pub canaries: Arc<crate::canary::Book>,
    /// Channels that a person has stopped.
    pub halts: Arc<crate::halt::Halts>,
    /// Who speaks DICOM, and who was turned away.
    pub peers: Peers,
    /// Old archives that are taken over.
    pub migrations: Arc<crate::migrate::desk::Desk>,
    /// Brings other files of the site to life.
    pub deploying: Option<Deploying>,
}

/// What answers depend on in the site's files.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// The site's name.
    pub site: String,
    /// What may be pruned: channel name and rule.
    pub retention: BTreeMap<String, crate::site::node::Retention>,
    /// How long studies of the archive are kept.
    pub retention_rules: Vec<klinke_archive::retention::Rule>,
    /// Where it is noted which earlier studies are fetched.
    pub priors: Vec<crate::priors::Place>,
    /// Who talks to whom.
    pub wiring: Wiring,
    /// Where the site lies, and the overlay that was laid over it.
    pub folder: Option<PathBuf>,
    /// The folder that people work in: the same, unless the files were taken out of git.
    pub home: Option<PathBuf>,
    pub environment: Option<String>,
    /// Where copies of the store go that are asked for from afar.
    pub copies: Option<PathBuf>,
    /// Dialects of partners.
    pub dialects: BTreeMap<String, Gauge>,
    /// The site's own definitions.
    pub local: Local,
    /// Destinations that have opening hours: `channel/destination`.
    pub opening: std::collections::BTreeSet<String>,
}

impl Files {
    /// Of a site.
    pub fn of(site: &crate::site::Site) -> Files {
        Files {
            site: site.node.name.clone(),
            retention: crate::serve::retention(site),
            retention_rules: site.node.archive.as_ref().map(|one| one.keeping().rules).unwrap_or_default(),
            priors: crate::priors::places(site),
            wiring: Wiring::of(site),
            folder: Some(site.folder.clone()),
            home: Some(site.home.clone()),
            environment: site.environment.clone(),
            copies: site.node.store.copies.as_ref().map(|copies| site.home.join(copies)),
            dialects: site
                .dialects
                .iter()
                .map(|(name, dialect)| (name.clone(), Gauge::new(dialect.clone())))
                .collect(),
            local: site.local.clone(),
            opening: opening(site),
        }
    }

    /// The character set of a system's messages, where they do not say it.
    pub fn charset(&self, system: &str) -> Option<&str> {
        self.wiring.system(system)?.charset.as_deref()
    }
}

/// Destinations that have opening hours, by their names.
fn opening(site: &crate::site::Site) -> std::collections::BTreeSet<String> {
    let wiring = Wiring::of(site);
    let mut opening = std::collections::BTreeSet::new();
    for (channel, file) in &site.channels {
        let named = wiring.channels.get(channel).map(|ends| ends.to.as_slice()).unwrap_or_default();
        for (one, (name, _)) in file.channel.destination.iter().zip(named) {
            if !one.open.is_empty() {
                opening.insert(format!("{channel}/{name}"));
            }
        }
    }
    opening
}

/// Told how far long work has come.
pub type Progress<'a> = &'a mut (dyn FnMut(u64, u64) + Send);

impl Counter {
    /// What the site's files say now.
    pub fn files(&self) -> Arc<Files> {
        self.files.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes over what the site's files say.
    pub fn take_over(&self, site: &crate::site::Site) {
        *self.files.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Files::of(site));
    }

    /// Answers somebody, if they may, and leaves the entry that this must leave.
    pub fn ask(
        &self,
        actor: &Actor,
        wish: Wish,
        runtime: &tokio::runtime::Handle,
        progress: Progress<'_>,
    ) -> Result<Value> {
        let behind = Behind::new(self, runtime, progress);
        let asked = self.door.ask(&behind, actor, wish.purpose.as_deref(), wish.request);
        asked.map_err(|closed| anyhow!("{closed}"))
    }

    /// Answers one request of the program itself, or of somebody whom [`Counter::ask`] has let in. Blocks while
    /// the store is read; `runtime` runs what the engine does. Long for its list: one arm for each request.
    pub fn answer(
        &self,
        request: Request,
        runtime: &tokio::runtime::Handle,
        progress: Progress<'_>,
    ) -> Result<Value> {
        match request {
            Request::Status => Ok(serde_json::to_value(status::status(self, runtime)?)?),
            Request::Messages(find) => Ok(serde_json::to_value(find::messages(self, &find)?)?),
            Request::Show { id } | Request::Export { id } => {
                Ok(serde_json::to_value(show::message(self, EnvelopeId(id))?)?)
            }
            Request::Diagnose { system, lang } => {
                let found = crate::diagnose::diagnose(self, runtime, system.as_deref(), lang)?;
                Ok(serde_json::to_value(found)?)
            }
            Request::Queue { place, limit } => {
                Ok(serde_json::to_value(settle::lanes(self, place.as_deref(), limit)?)?)
            }
            Request::Dead { place, limit } => {
                Ok(serde_json::to_value(settle::dead(self, place.as_deref(), limit)?)?)
            }
            Request::Hold { place, lane, reason } => settle::hold(self, runtime, &place, lane, reason),
            Request::Halt { channel, reason, who } => halt::answer(self, channel, reason, who),
            Request::Settle { what, place, envelopes, reason } => {
                settle::settle(self, runtime, what, &place, &envelopes, &reason)
            }
            Request::Resend { envelopes, channel, .. } => {
                self.resend(runtime, &envelopes, channel.as_deref())
            }
            Request::Edit { id, payload, .. } => {
                self.edit(runtime, EnvelopeId(id), klinke_console::house::decode(&payload)?)
            }
            Request::Alter { id, text } => {
                Ok(serde_json::to_value(alter::alter(self, EnvelopeId(id), text.as_deref())?)?)
            }
            Request::Learn(ask) => Ok(serde_json::to_value(learn::learn(self, &ask, progress)?)?),
            Request::Drift { system } => Ok(serde_json::to_value(learn::drift(self, system.as_deref())?)?),
            Request::Backup { folder } => {
                let _alone = alone()?;
                self.store.backup(&PathBuf::from(&folder), &mut |done, of| progress(done, of))?;
                crate::alerts::look::copied(self)?;
                Ok(json!({ "folder": folder }))
            }
            Request::Copy { name } => self.copy(&name, progress),
            Request::Verify => {
                let _alone = alone()?;
                let report = self.store.verify(&mut |done, of| progress(done, of))?;
                self.alerts.verified(report.faults.len());
                Ok(json!({
                    "envelopes": report.envelopes,
                    "bytes": report.bytes,
                    "faults": report.faults,
                }))
            }
            Request::Archive(ask) => archive::answer(self, ask, progress),
            Request::Alerts(ask) => crate::alerts::answer::answer(self, ask, runtime),
            Request::Prune => self.prune(progress),
            Request::Shadow(ask) => self.shadow(ask),
            Request::Canary(Trial::Status { channel }) => self.canaries.views(channel.as_deref()),
            Request::Canary(Trial::Look { channel, against }) => {
                Ok(serde_json::to_value(shadow::look(self, &channel, &against)?)?)
            }
            Request::Canary(ask) => self.deploying(Order::Canary(ask)),
            Request::Images(ask) => crate::images::answer(self, ask),
            Request::Audit(_) | Request::People(_) => bail!("the door itself answers this"),
            Request::Rhythm { system } => {
                Ok(serde_json::to_value(crate::serve::rhythm::view(self, &system)?)?)
            }
            Request::Systems => Ok(serde_json::to_value(&self.files().wiring.systems)?),
            Request::Channel { name } => Ok(serde_json::to_value(systems::channel(self, &name)?)?),
            Request::Read { id, lang } => {
                Ok(serde_json::to_value(reading::reading(self, EnvelopeId(id), &lang)?)?)
            }
            Request::Payload { id, stage } => {
                Ok(serde_json::to_value(reading::payload(self, EnvelopeId(id), &stage)?)?)
            }
            Request::History { channel } => Ok(serde_json::to_value(self.course.of(channel.as_deref()))?),
            Request::Replay(order) => {
                let (files, store) = (self.files(), self.store.as_ref());
                let replayed = replay::replay(store, &self.world, &files, &order, progress)?;
                Ok(serde_json::to_value(replayed)?)
            }
            Request::Migrate(ask) => self.migrations.answer(ask, runtime, progress),
            Request::Site => Ok(serde_json::to_value(files::site(self)?)?),
            Request::File { path } => Ok(serde_json::to_value(files::text(self, &path)?)?),
            Request::Propose { path, text } => Ok(serde_json::to_value(files::propose(self, &path, &text)?)?),
            Request::Reload => self.deploying(Order::Look),
            Request::Deploy { revision, dry } => self.deploying(Order::Deploy { revision, dry }),
            Request::Rollback { revision, reason } => self.deploying(Order::Rollback { revision, reason }),
        }
    }

    /// Wishes for what one task does, and waits for it.
    pub fn deploying(&self, order: Order) -> Result<Value> {
        let deploying = self.deploying.as_ref().context("nothing serves this site; start `klinke serve`")?;
        deploying(order)
    }

    /// Copies the store to where the site keeps its copies. The name is a name, and leads nowhere else.
    fn copy(&self, name: &str, progress: Progress<'_>) -> Result<Value> {
        if !is_plain(name) {
            bail!("the name of a copy is made of letters, digits, `-`, `_` and `.`");
        }
        let copies = self.files().copies.clone();
        let copies = copies.context("klinke.toml names no folder for copies: [store] copies = \"…\"")?;
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&copies)
            .context("the folder for copies")?;
        let folder = copies.join(name);
        if folder.exists() {
            bail!("there is a copy `{name}` already");
        }
        let _alone = alone()?;
        self.store.backup(&folder, &mut |done, of| progress(done, of))?;
        crate::alerts::look::copied(self)?;
        Ok(json!({ "name": name }))
    }

    fn shadow(&self, ask: Trial) -> Result<Value> {
        if let Trial::Take { channel, .. } = ask {
            return self.deploying(Order::Take { channel });
        }
        shadow::answer(self, ask)
    }

    fn resend(
        &self,
        runtime: &tokio::runtime::Handle,
        envelopes: &[u64],
        channel: Option<&str>,
    ) -> Result<Value> {
        let engine = self.running()?;
        // All are looked for before the first one leaves: a list with a slip in it sends nothing.
        for &id in envelopes {
            if self.store.envelope(EnvelopeId(id))?.is_none() {
                bail!("there is no envelope {id}; none was sent");
            }
        }
        let mut made: Vec<u64> = Vec::new();
        for &id in envelopes {
            match runtime.block_on(engine.resend(EnvelopeId(id), channel)).map_err(again) {
                Ok(receipt) => made.push(receipt.id.0),
                Err(error) if made.is_empty() => return Err(error),
                Err(error) => {
                    let sent = &envelopes[..made.len()];
                    return Err(error.context(format!(
                        "envelope {id} was not sent; sent before it were {sent:?}, as {made:?}"
                    )));
                }
            }
        }
        Ok(json!({ "envelopes": made }))
    }

    fn edit(&self, runtime: &tokio::runtime::Handle, id: EnvelopeId, payload: Vec<u8>) -> Result<Value> {
        if payload.is_empty() {
            bail!("there is nothing in what is to be sent");
        }
        let engine = self.running()?;
        let made = runtime.block_on(engine.edit(id, Payload::new(payload), None)).map_err(again)?;
        Ok(json!({ "envelopes": [made.id.0] }))
    }

    fn running(&self) -> Result<&Engine> {
        self.engine.as_deref().ok_or_else(|| {
            anyhow!("nothing serves this site; start `klinke serve` so that the envelope can go its way")
        })
    }

    fn prune(&self, progress: Progress<'_>) -> Result<Value> {
        let channels = self.store.channels()?;
        let files = self.files();
        let rule = |channel: &ChannelInfo| {
            let kept = files.retention.get(&channel.name)?;
            (kept.age.is_some() || kept.size.is_some()).then(|| PruneRule {
                channel: channel.id,
                age_max: kept.age.map(|age| age.0),
                bytes_max: kept.size.map(|size| size.0 as u64),
            })
        };
        let rules: Vec<_> = channels.iter().filter_map(rule).collect();
        let (mut envelopes, mut bytes) = (0, 0);
        loop {
            let report = self.store.prune(&rules, Timestamp::now())?;
            envelopes += report.envelopes;
            bytes += report.bytes;
            progress(envelopes, 0);
            if !report.more {
                return Ok(json!({ "envelopes": envelopes, "bytes": bytes, "rules": rules.len() }));
            }
        }
    }

    /// One envelope as it came.
    pub fn envelope(&self, id: EnvelopeId) -> Result<klinke_model::Envelope> {
        let record = self.store.envelope(id)?;
        Ok(record.with_context(|| format!("there is no envelope {id}"))?.envelope)
    }

    /// A channel's name.
    pub fn channel_name(&self, id: ChannelId) -> Result<String> {
        let channels = self.store.channels()?;
        let found = channels.into_iter().find(|channel| channel.id == id);
        Ok(found.map_or_else(|| id.to_string(), |channel| channel.name))
    }

    /// Destinations of a place: `channel`, `channel/destination`, or all.
    pub fn destinations(&self, place: Option<&str>) -> Result<Vec<(String, DestinationInfo)>> {
        let channels = self.store.channels()?;
        let named = self.store.destinations()?.into_iter().filter_map(|destination| {
            let channel = channels.iter().find(|channel| channel.id == destination.channel)?;
            Some((format!("{}/{}", channel.name, destination.name), destination))
        });
        let mut all: Vec<_> = named.collect();
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        let Some(place) = place else { return Ok(all) };
        let wanted: Vec<_> = all
            .into_iter()
            .filter(|(name, _)| name == place || name.split_once('/').is_some_and(|(one, _)| one == place))
            .collect();
        if wanted.is_empty() {
            bail!("there is no channel or destination `{place}`; `klinke status` lists them");
        }
        Ok(wanted)
    }

    /// The one destination of a place.
    pub fn destination(&self, place: &str) -> Result<(String, DestinationId)> {
        let mut found = self.destinations(Some(place))?;
        match (found.pop(), found.is_empty()) {
            (Some((name, one)), true) => Ok((name, one.id)),
            _ => bail!("`{place}` has several destinations; name one as channel/destination"),
        }
    }
}

/// One at a time: each reads the whole store, or the whole archive.
pub(super) fn alone() -> Result<std::sync::MutexGuard<'static, ()>> {
    static UPKEEP: std::sync::Mutex<()> = std::sync::Mutex::new(());
    match UPKEEP.try_lock() {
        Ok(alone) => Ok(alone),
        Err(std::sync::TryLockError::Poisoned(broken)) => Ok(broken.into_inner()),
        Err(std::sync::TryLockError::WouldBlock) => {
            bail!("the store or the archive is being copied or checked already")
        }
    }
}

/// Why an envelope was not sent again, as people are told.
fn again(error: AgainError) -> anyhow::Error {
    match error {
        AgainError::Missing(id) => anyhow!("there is no envelope {id}"),
        other => other.into(),
    }
}
