//! People and the audit log of a running site: opened, looked after, closed.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use klinke_console::audit::{Action, Entry, Outcome, Who};
use klinke_console::people::People;
use klinke_console::people::session::Lengths;
use klinke_engine::source::Stop;
use klinke_model::Timestamp;
use klinke_store::Store;

use crate::site::{Node, console};

/// How often sessions that are over and entries that are too old are looked for.
const EVERY: Duration = Duration::from_secs(3_600);
/// How many times of that the log's seal is told.
const TOLD_EVERY: u32 = 24;

/// Opens what the store holds of them; the site says which roles there are.
pub fn open(store: Arc<dyn Store>, node: &Node, lengths: Lengths) -> Result<Arc<People>> {
    let people = People::open(store, lengths).context("accounts can't be read")?;
    people.set_roles(node.roles());
    console::open_ways(&people, node.console.as_ref());
    Ok(Arc::new(people))
}

/// Writes that the site runs.
pub fn begin(people: &People) -> Result<()> {
    let entry = Entry::new(Who::program(), "", Action::Start).noted(env!("CARGO_PKG_VERSION"));
    people.log().write(&entry).context("the audit log can't be written")?;
    tell_seal(people);
    Ok(())
}

/// Tells the code by which the first account is made, where there is none: to whoever sees the log.
pub fn invite(people: &People, address: &str) -> Result<()> {
    if let Some(code) = people.first_code()? {
        tracing::warn!(
            %code,
            "there is no account yet: open {address}welcome within the hour and make the first one with this code"
        );
    }
    Ok(())
}

/// Writes that it stopped. A store that can't write does not keep it from stopping.
pub fn end(people: &People, orderly: bool) {
    let entry = Entry::new(Who::program(), "", Action::Stop);
    let entry = if orderly { entry } else { entry.ended(Outcome::Failed) };
    if let Err(error) = people.log().write(&entry) {
        tracing::error!(%error, "the audit log does not say that the site stopped");
    }
    tell_seal(people);
}

/// Looks after sessions and the audit log until `stop` is said.
pub async fn run(people: Arc<People>, retention: Option<Duration>, mut stop: Stop) {
    // The first log-in should not take longer than the others.
    let first = people.clone();
    let _ = tokio::task::spawn_blocking(move || first.prepare()).await;
    let mut beat = tokio::time::interval_at(tokio::time::Instant::now() + EVERY, EVERY);
    let mut round = 0;
    loop {
        tokio::select! {
            () = stop.said() => return,
            _ = beat.tick() => round += 1,
        }
        let people = people.clone();
        let cared = tokio::task::spawn_blocking(move || care(&people, retention, round % TOLD_EVERY == 0));
        if let Err(error) = cared.await {
            tracing::error!(%error, "looking after accounts broke off");
        }
    }
}

fn care(people: &People, retention: Option<Duration>, tells: bool) {
    if let Err(error) = people.tidy() {
        tracing::error!(%error, "sessions that are over could not be removed");
    }
    if let Some(age) = retention {
        match people.log().prune(Timestamp::now().before(age)) {
            Ok(0) => {}
            Ok(entries) => tracing::info!(entries, "old entries of the audit log were removed"),
            Err(error) => tracing::error!(%error, "the audit log could not be shortened"),
        }
    }
    if tells {
        tell_seal(people);
    }
}

/// Tells the seal of the newest entry to the log of the program, which should be kept elsewhere: with it,
/// `klinke audit verify --seal` finds also what somebody did who could write the whole store anew.
fn tell_seal(people: &People) {
    match people.log().ends() {
        Ok(ends) => tracing::info!(seal = %ends.head, "the audit log's seal"),
        Err(error) => tracing::error!(%error, "the audit log can't be read"),
    }
}
