//! Notes which instances of the archive channels have sent: those that a rule of retention waits for.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use klinke_archive::Archive;
use klinke_archive::event::Sending;
use klinke_engine::source::Stop;
use klinke_model::{ChannelId, EnvelopeId};
use klinke_store::{Query, Store};

/// How often it is looked.
const EVERY: Duration = Duration::from_secs(5);
/// So many are looked at in one go.
const PAGE_LENGTH: usize = 500;

/// Goes on until `stop` is said.
pub async fn run(archive: Archive, store: Arc<dyn Store>, mut stop: Stop) {
    loop {
        tokio::select! {
            () = stop.said() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        let (archive, store) = (archive.clone(), store.clone());
        match tokio::task::spawn_blocking(move || look(&archive, store.as_ref())).await {
            Ok(Ok(())) | Err(_) => {}
            Ok(Err(error)) => tracing::error!("what was sent of the archive can't be noted: {error:#}"),
        }
    }
}

/// Looks at all that is owed.
fn look(archive: &Archive, store: &dyn Store) -> Result<()> {
    let mut after: Option<Sending> = None;
    let mut channels = None;
    loop {
        let page = archive.sending(after.as_ref(), PAGE_LENGTH)?;
        let Some(last) = page.last().cloned() else { return Ok(()) };
        after = Some(last);
        let channels: &BTreeMap<String, ChannelId> = match &channels {
            Some(known) => known,
            None => channels.insert(store.channels()?.into_iter().map(|one| (one.name, one.id)).collect()),
        };
        let mut sent = Vec::new();
        for one in page {
            let Some(channel) = channels.get(&one.channel).filter(|_| one.envelope > 0) else { continue };
            if is_sent(store, *channel, EnvelopeId(one.envelope))? {
                sent.push(one);
            }
        }
        archive.sent(sent)?;
    }
}

/// Whether all partners have acknowledged an envelope, or its channel decided not to send it. One that is dead or dropped is not sent,
/// nor is one that is not there any more.
fn is_sent(store: &dyn Store, channel: ChannelId, envelope: EnvelopeId) -> Result<bool> {
    let query = Query {
        channel: Some(channel),
        beyond: Some(EnvelopeId(envelope.0 - 1)),
        oldest_first: true,
        limit: 1,
        ..Query::default()
    };
    let found = store.search(&query)?;
    let is_it = |one: &&klinke_store::Summary| one.envelope.id == envelope;
    Ok(found.first().filter(is_it).is_some_and(|one| matches!(one.state, "delivered" | "filtered")))
}
