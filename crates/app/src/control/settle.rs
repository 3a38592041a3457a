//! Lanes and deliveries: what waits, and what people decide about it.

use anyhow::{Result, bail};
use klinke_model::{Delivery, DeliveryKey, DeliveryState, EnvelopeId, Timestamp};
use klinke_store::Action;
use serde_json::{Value, json};

use super::answer::Counter;
use klinke_console::house::request::Settle;
use klinke_console::house::view::{DeliveryView, LaneView, held};

/// Dead deliveries revived at once at most.
const REVIVE_PAGE: usize = 500;

/// Lanes or dead deliveries of one destination that are given at once at most.
const LINES_MAX: usize = 10_000;

/// Lanes with something waiting.
pub fn lanes(counter: &Counter, place: Option<&str>, limit: usize) -> Result<Vec<LaneView>> {
    let limit = limit.clamp(1, LINES_MAX);
    let holds = counter.store.holds()?;
    let mut views = Vec::new();
    for (name, destination) in counter.destinations(place)? {
        for lane in counter.store.lanes(destination.id, None, limit)? {
            views.push(LaneView {
                destination: name.clone(),
                lane: lane.lane.to_string(),
                waiting: lane.waiting,
                held: held(&holds, &lane.first),
                first: DeliveryView::new(&lane.first, name.clone(), &[]),
            });
        }
    }
    Ok(views)
}

/// Dead deliveries, newest first.
pub fn dead(counter: &Counter, place: Option<&str>, limit: usize) -> Result<Vec<DeliveryView>> {
    let limit = limit.clamp(1, LINES_MAX);
    let mut views = Vec::new();
    for (name, destination) in counter.destinations(place)? {
        let dead = counter.store.dead(destination.id, None, limit)?;
        views.extend(dead.iter().map(|delivery| DeliveryView::new(delivery, name.clone(), &[])));
    }
    Ok(views)
}

/// Stops a lane or a destination, or without a reason lets it go on.
pub fn hold(
    counter: &Counter,
    runtime: &tokio::runtime::Handle,
    place: &str,
    lane: Option<String>,
    reason: Option<String>,
) -> Result<Value> {
    let (name, destination) = counter.destination(place)?;
    let lane: Option<std::sync::Arc<str>> = lane.map(Into::into);
    // The store counts the deliveries that wait there; people count the hold itself.
    let stood =
        counter.store.holds()?.iter().any(|hold| hold.destination == destination && hold.lane == lane);
    let touched = u64::from(reason.is_some() || stood);
    let action = match reason {
        Some(reason) => Action::Hold { destination, lane, reason, at: Timestamp::now() },
        None => Action::Release { destination, lane },
    };
    act(counter, runtime, action)?;
    Ok(json!({ "destination": name, "touched": touched }))
}

/// Skips, kills or revives deliveries.
pub fn settle(
    counter: &Counter,
    runtime: &tokio::runtime::Handle,
    what: Settle,
    place: &str,
    envelopes: &[u64],
    reason: &str,
) -> Result<Value> {
    let (name, destination) = counter.destination(place)?;
    if envelopes.is_empty() && what != Settle::Revive {
        bail!("name the envelopes to {}", what.name());
    }
    let mut touched = 0;
    if envelopes.is_empty() {
        loop {
            let dead = counter.store.dead(destination, None, REVIVE_PAGE)?;
            let before = touched;
            // Oldest first, so that they come back in their order.
            for delivery in dead.iter().rev() {
                touched += act(counter, runtime, action(what, &delivery.key, reason))?;
            }
            if dead.len() < REVIVE_PAGE || touched == before {
                break;
            }
        }
    }
    for &id in envelopes {
        for key in keys(counter, destination, EnvelopeId(id), what)? {
            touched += act(counter, runtime, action(what, &key, reason))?;
        }
    }
    Ok(json!({ "destination": name, "touched": touched }))
}

fn action(what: Settle, key: &DeliveryKey, reason: &str) -> Action {
    let (key, reason, at) = (key.clone(), reason.to_owned(), Timestamp::now());
    match what {
        Settle::Skip => Action::Skip { key, reason, at },
        Settle::Dead => Action::Kill { key, reason, at },
        Settle::Revive => Action::Revive { key, at },
        Settle::Drop => Action::Drop { key, reason, at },
    }
}

/// The deliveries of an envelope at a destination that can be settled so.
fn keys(
    counter: &Counter,
    destination: klinke_model::DestinationId,
    id: EnvelopeId,
    what: Settle,
) -> Result<Vec<DeliveryKey>> {
    let Some(record) = counter.store.envelope(id)? else { bail!("there is no envelope {id}") };
    let wanted = match what {
        Settle::Revive | Settle::Drop => DeliveryState::Dead,
        Settle::Skip | Settle::Dead => DeliveryState::Waiting,
    };
    let own = |delivery: &&Delivery| delivery.key.destination == destination && delivery.state == wanted;
    Ok(record.deliveries.iter().map(|(one, _)| one).filter(own).map(|one| one.key.clone()).collect())
}

fn act(counter: &Counter, runtime: &tokio::runtime::Handle, action: Action) -> Result<u64> {
    if let Some(engine) = &counter.engine {
        return Ok(runtime.block_on(engine.act(action))?);
    }
    let (sender, receiver) = std::sync::mpsc::channel();
    counter.store.act(
        action,
        Box::new(move |done| {
            let _ = sender.send(done);
        }),
    );
    Ok(receiver.recv()??)
}
