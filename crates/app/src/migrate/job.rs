//! One migration: its site file, its ledger, the old archive.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result, bail};
use klinke_adapters::dicom::Peer;
use klinke_adapters::dicom::scu::Holdings;
use klinke_adapters::dicomweb::client::{Client, ClientConfig};
use klinke_archive::migrate::Ledger;
use klinke_engine::schedule::Schedule;
use klinke_engine::template::Zone;
use klinke_model::Timestamp;

use super::old::Old;
use super::take::Hand;
use crate::site::migration::{Migration, Way};
use crate::site::{Site, archive};

/// The version that is noted beside what is done.
pub const PROGRAM: &str = concat!("klinke ", env!("CARGO_PKG_VERSION"));

/// What a migration works with.
#[derive(Clone)]
pub struct Job {
    /// Its name.
    pub name: String,
    /// What the site says of it.
    pub config: Migration,
    /// What people call the old archive.
    pub title: String,
    /// What has become of each study.
    pub ledger: Arc<Ledger>,
    /// When it may work; at any time where there is none.
    pub schedule: Option<Schedule>,
    pub(super) old: Arc<Old>,
    /// How hard the old archive is pressed just now, while it takes.
    pub pulse: Arc<Mutex<Pulse>>,
}

/// How hard an old archive is pressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pulse {
    /// Studies that are being taken.
    pub running: usize,
    /// How many may be.
    pub allowed: usize,
    /// How often it has suffered.
    pub sufferings: u64,
    /// Until when nothing is begun.
    pub until: Option<Timestamp>,
}

/// The names of a site's migrations, or the one that is meant where it has one alone.
pub fn named<'a>(site: &'a Site, name: Option<&'a str>) -> Result<&'a str> {
    let known = || site.migrations.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    match (name, site.migrations.len()) {
        (Some(name), _) if site.migrations.contains_key(name) => Ok(name),
        (Some(name), 0) => bail!("the site has no migrations/{name}.toml"),
        (Some(name), _) => bail!("the site has no migrations/{name}.toml; it has {}", known()),
        (None, 1) => Ok(site.migrations.keys().next().map(String::as_str).unwrap_or_default()),
        (None, 0) => bail!("the site has no migration: write migrations/<name>.toml"),
        (None, _) => bail!("say which migration: {}", known()),
    }
}

/// Where the ledger of a migration lies: beside the archive's index.
pub fn ledger_path(site: &Site, name: &str) -> Result<PathBuf> {
    let table = site.node.archive.as_ref().context("klinke.toml has no [archive]")?;
    Ok(site.home.join(&table.path).join("migrations").join(format!("{name}.db")))
}

impl Job {
    /// The migration of a name; opens its ledger.
    pub fn open(site: &Site, name: &str) -> Result<Job> {
        let config =
            site.migrations.get(name).with_context(|| format!("there is no migrations/{name}.toml"))?;
        let zone = Zone::named(&site.node.zone).context("the site's time zone")?;
        let offset = Arc::new(move |time| zone.offset_minutes(time));
        let schedule = config.schedule(offset).map_err(anyhow::Error::msg)?;
        let old = old(site, config).with_context(|| format!("migrations/{name}.toml"))?;
        let ledger = Ledger::open(&ledger_path(site, name)?, PROGRAM)?;
        let title = site.systems.get(&config.system).and_then(|system| system.title.clone());
        Ok(Job {
            name: name.to_owned(),
            config: config.clone(),
            title: title.unwrap_or_else(|| config.system.clone()),
            ledger: Arc::new(ledger),
            schedule,
            old: Arc::new(old),
            pulse: Arc::default(),
        })
    }

    /// What its studies are taken with.
    pub fn hand(&self) -> Hand {
        Hand {
            ledger: self.ledger.clone(),
            old: self.old.clone(),
            settle: self.config.settle.0,
            tries: self.config.tries,
            identities: None,
        }
    }
}

/// Another archive of a site, asked by DICOM or over DICOMweb.
pub fn other(site: &Site, system: &str, way: Way, web: Option<&ClientConfig>) -> Result<Old> {
    let peer = || -> Result<(Peer, String, String)> {
        let system = site.systems.get(system).context("system")?;
        let peer = archive::peer(site, system).context("the system has no `dicom` entry")??;
        peer.check().map_err(anyhow::Error::msg)?;
        let own = site.node.archive.as_ref().map(|table| table.ae_title.clone());
        let own = own.context("klinke.toml has no [archive]")?;
        let calling = peer.calling.clone().unwrap_or_else(|| own.clone());
        Ok((peer, calling, own))
    };
    Ok(match way {
        Way::Move => {
            let (peer, calling, own) = peer()?;
            Old::Move { holdings: Holdings::of(peer, calling), title: own }
        }
        Way::Get => {
            let (peer, calling, _) = peer()?;
            Old::Get(Holdings::of(peer, calling))
        }
        Way::Web => {
            let web = web.context("web")?;
            Old::Web(Box::new(Client::new(web, system).map_err(anyhow::Error::msg)?))
        }
        Way::Files => bail!("its files are not asked"),
    })
}

fn old(site: &Site, config: &Migration) -> Result<Old> {
    Ok(match config.way {
        way @ (Way::Move | Way::Get | Way::Web) => other(site, &config.system, way, config.web.as_ref())?,
        Way::Files => {
            let root = config.folder.clone().context("folder")?;
            Old::Files { root, from: config.system.chars().take(16).collect() }
        }
    })
}
