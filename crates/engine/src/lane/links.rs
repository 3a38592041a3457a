//! The tasks that take from a desk and deliver.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use klinke_model::{Delivery, Disposition, EnvelopeId, Payload, Timestamp};
use klinke_store::{Error, Store};

use super::desk::Desk;
use super::queue::{Item, Next, Place};
use crate::fault::StartError;
use crate::link::{Destination, Link, Parcel, Reply, ReplyKind};
use crate::source::Stop;

/// How many lanes are asked for at once.
const LANES_PAGE: usize = 1_000;

/// How long a link may take beyond its limit before it is taken for broken.
const GRACE: Duration = Duration::from_secs(15);

/// How long an unused link stays open.
const IDLE: Duration = Duration::from_secs(300);

/// How long a link may take to close.
const CLOSE: Duration = Duration::from_secs(5);

/// Delivers with one link until `stop` is said.
pub(crate) async fn run(desk: Arc<Desk>, partner: Arc<dyn Destination>, mut stop: Stop) {
    let mut link = partner.link();
    while !stop.is_said() {
        desk.save_again();
        match desk.next() {
            Next::Deliver(lane, item) => deliver(&desk, &partner, &mut link, &lane, item).await,
            Next::Refill(lane, limit) => refill(&desk, &lane, limit).await,
            Next::Discover => discover(&desk).await,
            Next::Wait(until) => wait(&desk, link.as_mut(), until, &mut stop).await,
        }
    }
    close(link.as_mut()).await;
    desk.wake();
}

async fn wait(desk: &Desk, link: &mut dyn Link, until: Option<Timestamp>, stop: &mut Stop) {
    let now = desk.clock.now();
    let sleep = until.map_or(IDLE, |until| until.since(now).clamp(Duration::from_millis(1), IDLE));
    tokio::select! {
        biased;
        () = stop.said() => {}
        () = desk.changed() => {}
        () = tokio::time::sleep(sleep) => {
            if sleep == IDLE {
                close(link).await;
            }
        }
    }
}

/// Closes a link, and does not wait for one that hangs.
async fn close(link: &mut dyn Link) {
    let _ = tokio::time::timeout(CLOSE, guarded(link.close())).await;
}

async fn deliver(
    desk: &Arc<Desk>,
    partner: &Arc<dyn Destination>,
    link: &mut Box<dyn Link>,
    lane: &Arc<str>,
    item: Item,
) {
    let started = desk.clock.now();
    let payload = match payload(desk, &item).await {
        Ok(payload) => payload,
        Err(StartError::Store(error @ (Error::Missing(_) | Error::Damaged(_)))) => {
            let reply = Reply::refused("unreadable", error.to_string(), None, Disposition::Dead);
            return desk.finish(lane, &item, 0, reply, started);
        }
        Err(error) => {
            complain(desk, &error);
            return desk.put_back(lane, &item);
        }
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
    let ended = tokio::time::timeout(limit * 2 + GRACE, guarded(link.deliver(&parcel, limit))).await;
    let reply = match ended {
        Ok(Some(reply)) => reply,
        Ok(None) => {
            *link = partner.link();
            Reply::unclear("fault", "a fault in the program broke the attempt off", None)
        }
        Err(_) => Reply::unclear("timeout", "the link did not end within its limit", None),
    };
    if reply.kind == ReplyKind::Unclear {
        // Links do so themselves; the same bytes never go twice over one connection, whatever the link.
        close(link.as_mut()).await;
    }
    desk.finish(lane, &item, parcel.payload.len(), reply, started);
}

/// Gives what the future gives, or `None` when it panics.
async fn guarded<T>(mut future: crate::BoxFuture<'_, T>) -> Option<T> {
    std::future::poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)));
        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(value)) => Poll::Ready(Some(value)),
            Err(_) => Poll::Ready(None),
        }
    })
    .await
}

/// The bytes to send: those kept in memory, else those in the store.
async fn payload(desk: &Arc<Desk>, item: &Item) -> Result<Payload, StartError> {
    if let Some(payload) = &item.payload {
        return Ok(payload.clone());
    }
    let (envelope, part) = item.place();
    desk.reader.read(move |store| store.part(envelope, part)).await
}

async fn refill(desk: &Arc<Desk>, lane: &Arc<str>, limit: usize) {
    let (id, key) = (desk.id, lane.clone());
    let found = read(desk, move |store| store.waiting(id, &key, None, limit)).await;
    desk.refilled(
        lane,
        found.map(|deliveries| {
            let more = deliveries.len() == limit;
            (deliveries.into_iter().map(item).collect(), more)
        }),
    );
}

fn item(delivery: Delivery) -> Item {
    Item {
        envelope: delivery.key.envelope,
        part: delivery.key.part,
        attempts: delivery.attempts,
        // What an earlier run, or an earlier revival, tried may have reached the partner.
        repeat: delivery.attempts > 0,
        ticket: 0,
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

/// Reads from the store. What fails is logged and tried again by the caller.
async fn read<T: Send + 'static>(
    desk: &Arc<Desk>,
    ask: impl FnOnce(&dyn Store) -> klinke_store::Result<T> + Send + 'static,
) -> Option<T> {
    match desk.reader.read(ask).await {
        Ok(found) => Some(found),
        Err(error) => {
            complain(desk, &error);
            None
        }
    }
}

fn complain(desk: &Desk, error: &StartError) {
    tracing::error!(destination = %desk.name, %error, "the store could not be read");
}
