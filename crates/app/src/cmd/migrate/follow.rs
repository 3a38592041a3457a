//! Looking on while it takes over, in whatever process: the ledger says how far it is.

use std::time::Duration;

use anyhow::Result;
use klinke_archive::migrate::Tally;

use super::super::upkeep::Bar;
use crate::migrate::job::Job;

const EVERY: Duration = Duration::from_millis(500);

/// Shows how many slices were asked for. Never ends by itself.
pub async fn slices(job: &Job, bar: &Bar) -> Result<bool> {
    loop {
        let (asked, of) = job.ledger.tally()?.slices;
        bar.show(asked, of);
        tokio::time::sleep(EVERY).await;
    }
}

/// Shows how many studies have come to an end. Never ends by itself.
pub async fn forever(job: &Job, bar: &Bar) -> Result<()> {
    loop {
        show(&job.ledger.tally()?, bar);
        tokio::time::sleep(EVERY).await;
    }
}

/// The same until nothing is left that could be taken.
pub async fn studies(job: &Job, bar: &Bar) -> Result<()> {
    loop {
        let tally = job.ledger.tally()?;
        show(&tally, bar);
        let is_planned = tally.slices.0 == tally.slices.1 && tally.slices.1 > 0;
        // Counted in one look: a study that begins between two looks would be in neither.
        if is_planned && tally.ended() == tally.all() {
            return Ok(());
        }
        tokio::time::sleep(EVERY).await;
    }
}

fn show(tally: &Tally, bar: &Bar) {
    bar.show(tally.ended(), tally.all());
}
