//! Hands that take studies side by side, as many as is good for who gives them, and note what came of each.

use std::collections::HashMap;

use anyhow::{Context, Result};
use klinke_archive::Archive;
use klinke_archive::migrate::ledger::Order;
use klinke_archive::migrate::{Pace, Pressure, StudyRow};
use klinke_model::Timestamp;
use tokio::task::{Id, JoinError, JoinSet};

use super::blocking;
use super::take::{Hand, Taken, take};

/// A study that came to an end.
pub type Joined = Result<(Id, Result<Taken>), JoinError>;

/// Takes studies out of a ledger.
pub struct Hands {
    /// How hard the other archive may be pressed.
    pub pace: Pace,
    /// What it is called in the log.
    name: String,
    hand: Hand,
    archive: Archive,
    taking: JoinSet<Result<Taken>>,
    studies: HashMap<Id, StudyRow>,
}

impl Hands {
    /// Hands that have nothing to do yet.
    pub fn new(name: &str, hand: Hand, archive: Archive, pressure: Pressure) -> Self {
        Hands {
            pace: Pace::new(pressure),
            name: name.to_owned(),
            hand,
            archive,
            taking: JoinSet::new(),
            studies: HashMap::new(),
        }
    }

    /// Whether nothing is under way.
    pub fn are_empty(&self) -> bool {
        self.taking.is_empty()
    }

    /// How many studies are under way.
    pub fn count(&self) -> usize {
        self.taking.len()
    }

    /// Begins as many studies as may be.
    pub async fn begin_more(&mut self, order: Order, now: Timestamp) -> Result<()> {
        while self.pace.may_begin(self.taking.len(), now).is_ok() {
            let ledger = self.hand.ledger.clone();
            let Some(study) = blocking(move || ledger.next_study(order, now)).await? else { return Ok(()) };
            let (hand, archive, of) = (self.hand.clone(), self.archive.clone(), study.clone());
            let task = self.taking.spawn(async move { take(&hand, &archive, &of).await });
            self.studies.insert(task.id(), study);
        }
        Ok(())
    }

    /// The next study that comes to an end; none while none is under way.
    pub async fn next(&mut self) -> Option<Joined> {
        self.taking.join_next_with_id().await
    }

    /// Notes what came of a study.
    pub fn ended(&mut self, joined: Joined) -> Result<()> {
        let (id, taken) = joined.context("taking a study broke off")?;
        let Some(study) = self.studies.remove(&id) else { return Ok(()) };
        let (ledger, now) = (&self.hand.ledger, Timestamp::now());
        // The archive or the ledger can't go on: that is no fault of the study.
        let taken = match taken {
            Ok(taken) => taken,
            Err(error) => {
                ledger.give_back(study.number, now)?;
                return Err(error.context(format!("taking study {}", study.uid)));
            }
        };
        match taken.suffers {
            true => self.pace.suffered(now),
            false => self.pace.went_well(taken.came, taken.took, now),
        }
        if taken.suffers {
            let reason = taken.outcome.reason.as_deref().unwrap_or_default();
            tracing::warn!(from = self.name, study = study.uid, "the other archive suffers: {reason}");
        }
        ledger.came(taken.came, taken.bytes, now)?;
        if taken.is_absent {
            return Ok(ledger.give_back(study.number, now)?);
        }
        let here = (taken.here.uids.len() as u64, taken.here.bytes);
        Ok(ledger.ended(study.number, &taken.outcome, here, &taken.missing, now)?)
    }

    /// What is under way is planned again.
    pub fn give_up(&mut self) {
        self.taking.abort_all();
        for (_, study) in self.studies.drain() {
            // Where that fails the next start makes it planned.
            let _ = self.hand.ledger.give_back(study.number, Timestamp::now());
        }
    }
}
