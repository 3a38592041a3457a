//! The DICOM archive of a running site: opened before anything is taken from partners, served until the end.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use klinke_adapters::dicom::{Node, OpenNode, Peers};
use klinke_adapters::dicomweb::{Web, WebConfig};
use klinke_adapters::registry::ArchiveSlot;
use klinke_archive::Archive;
use klinke_engine::schedule::Schedule;
use klinke_engine::source::Stop;
use klinke_model::Timestamp;
use tokio::task::JoinHandle;

use super::dicomweb::Guard;
use super::tend::{self, Keeping};
use crate::control::answer::Counter;
use crate::site::archive;
use crate::site::console::Console;

/// How often the trash is looked through.
const TRASH_EVERY: Duration = Duration::from_secs(3600);

/// An archive that is open and listens.
pub struct Opened {
    node: Arc<Node>,
    open: OpenNode,
    web: Option<WebConfig>,
    trash: Duration,
    workitems: Duration,
    keeping: Keeping,
    hours: Vec<String>,
}

impl Opened {
    /// Opens the archive and its port, where the site has one, and hands it to channels that work with it.
    pub async fn open(
        table: Option<&archive::Archive>,
        folder: &Path,
        peers: Peers,
        slot: &ArchiveSlot,
    ) -> Result<Option<Self>> {
        let Some(table) = table else { return Ok(None) };
        let (path, options) = (folder.join(&table.path), table.options(folder));
        let opened = tokio::task::spawn_blocking(move || Archive::open(&path, options)).await?;
        let archive = opened.with_context(|| format!("archive: {}", table.path.display()))?;
        slot.put(archive.clone());
        let node = Node::with_reports(table.node(), archive, peers, slot.reports().clone());
        let open = node.open().await.context("archive")?;
        let (keeping, hours) = (table.keeping(), table.hours.clone());
        let (trash, workitems) = (table.trash.0, table.workitems.0);
        Ok(Some(Opened { node, open, web: table.web(), trash, workitems, keeping, hours }))
    }

    /// Serves until `stop` is said. DICOMweb begins to listen here: it needs the accounts, and knows where people log in.
    pub async fn serve(
        self,
        counter: &Counter,
        console: Option<&Console>,
        stop: &Stop,
    ) -> Result<Vec<JoinHandle<()>>> {
        let guard = Guard::new(counter.door.people().clone(), console);
        let offset = counter.world.offset();
        let archive = self.node.archive.clone();
        let mut tasks = Vec::new();
        if let Some(config) = self.web {
            let has_tls = config.tls.is_some();
            let open = Web::new(config, archive.clone(), guard).open().await.context("archive: web")?;
            let address: SocketAddr = open.address().parse()?;
            if !has_tls && !address.ip().is_loopback() {
                bail!(
                    "archive: web {address} is not on loopback; it needs `web_tls = {{ certificate, key }}`"
                );
            }
            tracing::info!(%address, "DICOMweb listens");
            tasks.push(tokio::spawn(open.run(stop.clone())));
        }
        let hours = Schedule::parse(&self.hours, offset).map_err(|text| anyhow!("archive: hours: {text}"))?;
        let peers = self.node.peers.clone();
        tasks.push(tokio::spawn(tend::run(archive.clone(), self.keeping, peers, hours, stop.clone())));
        tasks.push(tokio::spawn(self.open.run(stop.clone())));
        tasks.push(tokio::spawn(complete(archive.clone(), stop.clone())));
        tasks.push(tokio::spawn(empty(archive, self.trash, self.workitems, stop.clone())));
        Ok(tasks)
    }
}

/// How often it is looked whether studies are complete because nothing more has come.
const COMPLETE_EVERY: Duration = Duration::from_secs(1);

/// Tells of studies that are complete because nothing more has come.
async fn complete(archive: Archive, mut stop: Stop) {
    loop {
        let archive = archive.clone();
        match tokio::task::spawn_blocking(move || archive.complete_due(Timestamp::now())).await {
            Ok(Ok(_)) | Err(_) => {}
            Ok(Err(error)) => tracing::error!("complete studies could not be noted: {error}"),
        }
        tokio::select! {
            () = stop.said() => return,
            () = tokio::time::sleep(COMPLETE_EVERY) => {}
        }
    }
}

/// How long steps of the worklist, performed steps and workitems that nobody finishes are kept, and channels that listen no more are
/// remembered.
const STEPS_KEPT: Duration = Duration::from_secs(365 * 24 * 3600);
/// How long events are kept that all channels have heard.
const EVENTS_KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

/// Removes what was kept long enough: from the trash after one time, workitems that are over after another, from the worklist and the
/// performed steps.
async fn empty(archive: Archive, after: Duration, workitems: Duration, mut stop: Stop) {
    loop {
        let (archive, now) = (archive.clone(), Timestamp::now());
        let tidied = tokio::task::spawn_blocking(move || -> klinke_archive::Result<(u64, u64)> {
            archive.expire_steps(now.before(STEPS_KEPT))?;
            archive.expire_performed(now.before(STEPS_KEPT))?;
            archive.expire_workitems(now.before(workitems), now.before(STEPS_KEPT))?;
            archive.expire_events(now.before(EVENTS_KEPT), now.before(STEPS_KEPT))?;
            archive.empty_trash(now.before(after))
        });
        match tidied.await {
            Ok(Ok((0, _))) | Err(_) => {}
            Ok(Ok((files, bytes))) => tracing::info!(files, bytes, "the archive's trash was emptied"),
            Ok(Err(error)) => tracing::error!("the archive could not be tidied: {error}"),
        }
        tokio::select! {
            () = stop.said() => return,
            () = tokio::time::sleep(TRASH_EVERY) => {}
        }
    }
}
