//! Earlier studies of patients who are scheduled: asked for in other archives, and taken before the examination.
//!
//! | file | what |
//! |---|---|
//! | `job` | one of them: its settings, its ledger, the other archive |
//! | `run` | looks at the worklist, asks, and takes |
//! | `show` | how far it is |
//!
//! Which studies are wanted says [`klinke_archive::priors`]; they are taken as those of a migration: [`crate::migrate::hands`].

mod job;
mod run;
mod show;

use std::path::PathBuf;
use std::sync::Arc;

use klinke_archive::Archive;
use klinke_engine::schedule::OffsetMinutes;
use klinke_engine::source::Stop;
use tokio::task::JoinHandle;

use crate::site::Site;
use job::Job;

pub use show::{again, show};

/// Where one is noted, for those who ask.
#[derive(Clone, Debug)]
pub struct Place {
    /// What it is called.
    pub name: String,
    /// The other archive.
    pub from: String,
    /// How studies come.
    pub way: &'static str,
    /// Its ledger; it is there once something was noted.
    pub ledger: PathBuf,
}

/// All of a site.
pub fn places(site: &Site) -> Vec<Place> {
    let Some(table) = &site.node.archive else { return Vec::new() };
    let folder = site.home.join(&table.path).join("priors");
    let place = |one: &crate::site::priors::Priors| Place {
        name: one.name().to_owned(),
        from: one.from.clone(),
        way: crate::site::migration::Way::from(one.way).name(),
        ledger: folder.join(format!("{}.db", one.name())),
    };
    table.priors.iter().map(place).collect()
}

/// Begins with all of a site. One that can't be opened is told, and keeps no other from its work.
pub fn start(site: &Site, archive: &Archive, offset: &OffsetMinutes, stop: &Stop) -> Vec<JoinHandle<()>> {
    let all = site.node.archive.iter().flat_map(|table| &table.priors).zip(places(site));
    all.filter_map(|(config, place)| match Job::open(site, config, &place, offset.clone()) {
        Ok(job) => Some(tokio::spawn(run::run(Arc::new(job), archive.clone(), stop.clone()))),
        Err(error) => {
            tracing::error!(priors = place.name, "earlier studies can't be fetched: {error:#}");
            None
        }
    })
    .collect()
}
