//! Follows the envelopes of canaries behind the store.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use klinke_console::house::canary::Side;
use klinke_engine::source::Stop;
use klinke_model::{AttemptResult, ChannelId, DeliveryState, EnvelopeId, VersionId};
use klinke_store::{EnvelopeRecord, Store};
use tokio::sync::mpsc;

use super::{Watched, verdict};
use crate::control::answer::Counter;
use crate::deploy::{Order, Wish};

/// How often is looked.
const EVERY: Duration = Duration::from_millis(500);
/// Envelopes read at once, and their bytes.
const BATCH: usize = 256;
const BATCH_BYTES_MAX: usize = 4 << 20;
/// Envelopes that are followed to their end; of more than these the oldest count as they are.
const OPEN_MAX: usize = 2_000;

/// Follows until `stop` is said; wishes for the end of a canary that fares worse.
pub async fn run(counter: Arc<Counter>, wishes: mpsc::Sender<Wish>, mut stop: Stop) {
    loop {
        tokio::select! {
            () = stop.said() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        let Some(engine) = &counter.engine else { return };
        let at_work = counter.canaries.lock().values().any(|one| one.from.stopped.is_none());
        if !at_work {
            continue;
        }
        let report = engine.report().await;
        let sides = report.into_iter().filter_map(|one| Some((one.name, one.id, one.canary?)));
        let sides: Vec<_> = sides.collect();
        let own = counter.clone();
        let looked = tokio::task::spawn_blocking(move || look(&own, &sides)).await;
        for (channel, why) in looked.unwrap_or_default() {
            let _ = wishes.send((Order::StopCanary { channel, why }, None)).await;
        }
    }
}

/// Looks at what came since; gives those that are to be stopped, and why.
fn look(counter: &Counter, sides: &[(String, ChannelId, VersionId)]) -> Vec<(String, String)> {
    let mut all = counter.canaries.lock();
    let mut stopped = Vec::new();
    for (name, channel, version) in sides {
        let Some(one) = all.get_mut(name).filter(|one| one.from.stopped.is_none()) else { continue };
        if let Err(error) = follow(counter.store.as_ref(), *channel, *version, one) {
            tracing::error!(channel = %name, error = %format!("{error:#}"), "a canary is not followed");
        }
        stopped.extend(verdict(&one.known.0, &one.known.1).map(|why| (name.clone(), why)));
    }
    stopped
}

fn follow(store: &dyn Store, channel: ChannelId, version: VersionId, one: &mut Watched) -> Result<()> {
    loop {
        let came = store.arrivals(channel, one.seen, BATCH, BATCH_BYTES_MAX)?;
        let Some(last) = came.last() else { break };
        one.seen = last.id;
        one.open.extend(came.iter().map(|envelope| envelope.id));
        if one.open.len() > OPEN_MAX {
            break;
        }
    }
    let mut open: Vec<EnvelopeId> = Vec::new();
    one.known = one.settled;
    let surplus = one.open.len().saturating_sub(OPEN_MAX);
    for (at, id) in std::mem::take(&mut one.open).into_iter().enumerate() {
        // What was removed meanwhile was delivered.
        let Some(record) = store.envelope(id)? else { continue };
        let is_settled = at < surplus || has_ended(&record);
        let parts = if is_settled {
            [Some(&mut one.settled), Some(&mut one.known)]
        } else {
            [Some(&mut one.known), None]
        };
        if record.route.is_some() {
            for sides in parts.into_iter().flatten() {
                let side = if record.version() == version { &mut sides.1 } else { &mut sides.0 };
                count(side, &record);
            }
        }
        if !is_settled {
            open.push(id);
        }
    }
    one.open = open;
    Ok(())
}

fn has_ended(record: &EnvelopeRecord) -> bool {
    record.route.is_some() && record.deliveries.iter().all(|(one, _)| one.state != DeliveryState::Waiting)
}

fn count(side: &mut Side, record: &EnvelopeRecord) {
    let failed =
        record.route.as_ref().and_then(|route| route.ended.as_ref()).is_some_and(|ended| ended.failed);
    let dead = record.deliveries.iter().any(|(one, _)| one.state == DeliveryState::Dead);
    let mut attempts = record.deliveries.iter().flat_map(|(_, attempts)| attempts);
    let refused = attempts.any(|one| one.answer.is_some() && one.result != AttemptResult::Delivered);
    side.handled += 1;
    side.failed += u64::from(failed);
    side.dead += u64::from(dead);
    side.refused += u64::from(refused);
    side.bad += u64::from(failed || dead || refused);
}
