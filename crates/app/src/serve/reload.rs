//! Reads the site's files again and takes over what has changed. Faults leave everything as it runs.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use klinke_console::audit::{Action, Entry, Who};
use klinke_engine::source::Stop;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use super::Serving;
use crate::control::answer::{Counter, Reload};
use crate::site::{fault, load};

/// A wish to reload, and whom to tell how it went.
#[derive(Default)]
pub struct Wish(Option<oneshot::Sender<Result<Value>>>);

/// What a tool calls to wish for a reload and wait for it.
pub fn asker(wish: mpsc::Sender<Wish>) -> Reload {
    Box::new(move || {
        let (sender, receiver) = oneshot::channel();
        wish.blocking_send(Wish(Some(sender))).ok().context("the site is stopping")?;
        receiver.blocking_recv().context("the site is stopping")?
    })
}

/// Reloads on each wish until `stop` is said.
pub async fn run(
    serving: Serving,
    counter: Arc<Counter>,
    folder: PathBuf,
    environment: Option<String>,
    mut wishes: mpsc::Receiver<Wish>,
    mut stop: Stop,
) {
    loop {
        let wish = tokio::select! {
            () = stop.said() => return,
            wish = wishes.recv() => wish,
        };
        let Some(Wish(answer)) = wish else { return };
        if answer.is_none() {
            // A tool's wish has its entry from the door; a signal comes through none.
            let log = counter.door.log().clone();
            let entry = Entry::new(Who::program(), "", Action::Reload).noted("SIGHUP");
            let written = tokio::task::spawn_blocking(move || log.write(&entry)).await;
            if !matches!(written, Ok(Ok(_))) {
                tracing::error!("the audit log does not say that the site was read again");
            }
        }
        let done = reload(&serving, &counter, &folder, environment.as_deref()).await;
        counter.alerts.reloaded(done.as_ref().err().map(|error| format!("{error:#}")));
        match &done {
            Ok(applied) => tracing::info!(%applied, "the site's files were read again"),
            Err(error) => {
                tracing::error!(error = %format!("{error:#}"), "the site's files have faults; all runs as before")
            }
        }
        if let Some(answer) = answer {
            let _ = answer.send(done);
        }
    }
}

async fn reload(
    serving: &Serving,
    counter: &Counter,
    folder: &std::path::Path,
    environment: Option<&str>,
) -> Result<Value> {
    let site = load::load(folder, environment).map_err(|faults| fault::as_error(&faults))?;
    let applied = serving.apply(&site).await?;
    counter.take_over(&site);
    counter.alerts.take_over(&site);
    counter.door.people().set_roles(site.node.roles());
    let failed: Vec<String> = applied.failed.iter().map(|(name, error)| format!("{name}: {error}")).collect();
    Ok(json!({
        "started": applied.started,
        "changed": applied.changed,
        "kept": applied.kept,
        "stopped": applied.stopped,
        "failed": failed,
    }))
}
