//! The tasks that take from a desk and deliver.

use std::sync::Arc;
use std::time::Duration;

use klinke_model::{Delivery, EnvelopeId, Payload, Timestamp};
use klinke_store::Store;

use super::desk::Desk;
use super::queue::{Item, Next, Place};
use crate::link::{Link, Parcel, Reply};
use crate::source::Stop;

/// How many deliveries of a long lane are read at once.
const REFILL_ITEMS: usize = 256;

/// How many lanes are asked for at once.
const LANES_PAGE: usize = 1_000;

/// How long a link may take beyond its limit before it is taken for broken.
const GRACE: Duration = Duration::from_secs(15);

/// How long an unused link stays open.
const IDLE: Duration = Duration::from_secs(300);

/// Delivers with one link until `stop` is said.
pub(crate) async fn run(desk: Arc<Desk>, mut link: Box<dyn Link>, mut stop: Stop) {
    while !stop.is_said() {
        desk.save_again();
        match desk.next() {
            Next::Deliver(lane, item) => deliver(&desk, link.as_mut(), &lane, item).await,
            Next::Refill(lane) => refill(&desk, &lane).await,
            Next::Discover => discover(&desk).await,
            Next::Wait(until) => wait(&desk, link.as_mut(), until, &mut stop).await,
        }
    }
    link.close().await;
    desk.wake();
}

async fn wait(desk: &Desk, link: &mut dyn Link, until: Option<Timestamp>, stop: &mut Stop) {
    let now = desk.clock.now();
    let (sleep, idle) = match until {
        Some(until) => (until.since(now).max(Duration::from_millis(1)), false),
        None => (IDLE, true),
    };
    tokio::select! {
        () = desk.changed() => {}
        () = stop.said() => {}
        () = tokio::time::sleep(sleep) => {
            if idle {
                link.close().await;
            }
        }
    }
}

async fn deliver(desk: &Arc<Desk>, link: &mut dyn Link, lane: &Arc<str>, item: Item) {
    let Some(payload) = payload(desk, &item).await else {
        desk.put_back(lane);
        return;
    };
    let key = klinke_model::DeliveryKey {
        destination: desk.id,
        lane: lane.clone(),
        envelope: item.envelope,
        part: item.part,
    };
    let parcel = Parcel {
        key,
        attempt: item.attempts + 1,
        repeat: item.repeat,
        queued: item.queued,
        format: desk.terms.format.clone(),
        payload,
    };
    let limit = desk.terms.answer_limit;
    let started = desk.clock.now();
    let reply = match tokio::time::timeout(limit * 2 + GRACE, link.deliver(&parcel, limit)).await {
        Ok(reply) => reply,
        Err(_) => {
            link.close().await;
            Reply::unclear("timeout", "the link did not end within its limit", None)
        }
    };
    desk.finish(lane, &item, reply, started);
}

/// The bytes to send: those kept in memory, else those in the store.
async fn payload(desk: &Arc<Desk>, item: &Item) -> Option<Payload> {
    if let Some(payload) = &item.payload {
        return Some(payload.clone());
    }
    let (envelope, part) = item.place();
    read(desk, move |store| store.part(envelope, part)).await
}

async fn refill(desk: &Arc<Desk>, lane: &Arc<str>) {
    let (id, key) = (desk.id, lane.clone());
    let found = read(desk, move |store| store.waiting(id, &key, None, REFILL_ITEMS)).await;
    desk.refilled(
        lane,
        found.map(|deliveries| {
            let more = deliveries.len() == REFILL_ITEMS;
            (deliveries.into_iter().map(item).collect(), more)
        }),
    );
}

fn item(delivery: Delivery) -> Item {
    Item {
        envelope: delivery.key.envelope,
        part: delivery.key.part,
        attempts: delivery.attempts,
        repeat: false,
        queued: delivery.queued,
        payload: None,
    }
}

async fn discover(desk: &Arc<Desk>) {
    let (id, lanes_max) = (desk.id, desk.terms.budget.lanes_max);
    let found = read(desk, move |store| {
        let mut lanes: Vec<(Arc<str>, Place)> = Vec::new();
        loop {
            let after = lanes.last().map(|(lane, _)| lane.clone());
            let page = store.lanes(id, after.as_deref(), LANES_PAGE)?;
            let all = page.len() < LANES_PAGE;
            let place =
                |delivery: &Delivery| -> (EnvelopeId, u16) { (delivery.key.envelope, delivery.key.part) };
            lanes.extend(page.into_iter().map(|lane| (lane.lane, place(&lane.first))));
            if all || lanes.len() >= lanes_max {
                return Ok((lanes, all));
            }
        }
    })
    .await;
    if found.is_none() {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    desk.discovered(found);
}

/// Reads from the store where blocking is allowed. What fails is logged and tried again by the caller.
async fn read<T: Send + 'static>(
    desk: &Arc<Desk>,
    ask: impl FnOnce(&dyn Store) -> klinke_store::Result<T> + Send + 'static,
) -> Option<T> {
    let store = desk.store.clone();
    match tokio::task::spawn_blocking(move || ask(store.as_ref())).await {
        Ok(Ok(found)) => Some(found),
        Ok(Err(error)) => {
            tracing::error!(destination = %desk.name, %error, "the store could not be read");
            None
        }
        Err(error) => {
            tracing::error!(destination = %desk.name, %error, "a read of the store broke off");
            None
        }
    }
}
