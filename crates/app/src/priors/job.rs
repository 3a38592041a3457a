//! What earlier studies are fetched with.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use klinke_archive::migrate::{Ledger, Pressure};
use klinke_archive::priors::Rule;
use klinke_engine::schedule::{OffsetMinutes, Schedule};

use super::Place;
use crate::migrate::job::{PROGRAM, other};
use crate::migrate::take::Hand;
use crate::site::Site;
use crate::site::priors::Priors;

/// One that is asked.
pub struct Job {
    /// What it is called.
    pub name: String,
    /// Which studies are wanted.
    pub rule: Rule,
    /// So long before a step begins it is asked.
    pub before: Duration,
    /// What studies are taken with: the ledger, the other archive.
    pub hand: Hand,
    /// How hard it may be pressed.
    pub pressure: Pressure,
    /// When it may be asked; at any time where there is none.
    pub schedule: Option<Schedule>,
    /// How far local time is ahead of UTC.
    pub offset: OffsetMinutes,
}

impl Job {
    /// By what the site says; opens its ledger, making it when it is not there.
    pub fn open(site: &Site, config: &Priors, place: &Place, offset: OffsetMinutes) -> Result<Job> {
        let old = other(site, &config.from, config.way.into(), config.web.as_ref())
            .with_context(|| format!("[[archive.priors]] {}", place.name))?;
        let ledger = Ledger::open(&place.ledger, PROGRAM)?;
        Ok(Job {
            name: place.name.clone(),
            rule: config.rule(),
            before: config.before.0,
            hand: Hand {
                ledger: Arc::new(ledger),
                old: Arc::new(old),
                settle: config.settle.0,
                tries: config.tries,
                identities: None,
            },
            pressure: config.pressure(),
            schedule: config.schedule(offset.clone()).map_err(anyhow::Error::msg)?,
            offset,
        })
    }
}
