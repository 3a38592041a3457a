//! News for open pages: a server-sent event whenever the site's state has changed, once a second at most.
//!
//! The event says only *that* something changed. Pages then fetch themselves again, with the rights of
//! whoever looks. The site's state is read once for all watchers, and only while there are any.

use std::convert::Infallible;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::sync::watch;

use super::{Console, Visitor};
use crate::house::request::Request;
use crate::house::{Asker, House, migrate};
use crate::people::Actor;

/// Watchers at a time.
const WATCHERS_MAX: usize = 64;
/// How often the state is looked at.
const BEAT: Duration = Duration::from_secs(1);
/// How often something is sent when nothing changes, so that no firewall thinks the connection dead.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// Tells watchers that the site's state has changed.
#[derive(Clone)]
pub struct News(Arc<Desk>);

struct Desk {
    house: Arc<dyn House>,
    sender: watch::Sender<u64>,
    looks: AtomicBool,
    watchers: AtomicUsize,
}

/// A place among the watchers; free again when dropped.
struct Place(Arc<Desk>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.watchers.fetch_sub(1, Ordering::Relaxed);
    }
}

impl News {
    pub fn new(house: Arc<dyn House>) -> News {
        News(Arc::new(Desk {
            house,
            sender: watch::Sender::new(0),
            looks: AtomicBool::new(false),
            watchers: AtomicUsize::new(0),
        }))
    }

    fn join(&self) -> Option<(Place, watch::Receiver<u64>)> {
        let before = self.0.watchers.fetch_add(1, Ordering::Relaxed);
        let place = Place(self.0.clone());
        if before >= WATCHERS_MAX {
            return None;
        }
        let receiver = self.0.sender.subscribe();
        if !self.0.looks.swap(true, Ordering::AcqRel) {
            tokio::spawn(look(self.0.clone()));
        }
        Some((place, receiver))
    }
}

/// Looks at the state as long as somebody watches.
async fn look(desk: Arc<Desk>) {
    let mut last = 0;
    loop {
        while desk.sender.receiver_count() > 0 {
            let house = desk.house.clone();
            let seen = tokio::task::spawn_blocking(move || digest(house.as_ref())).await.unwrap_or_default();
            if seen != last {
                last = seen;
                desk.sender.send_replace(seen);
            }
            tokio::time::sleep(BEAT).await;
        }
        desk.looks.store(false, Ordering::Release);
        // Somebody may have come between the last look and the word that nobody looks.
        if desk.sender.receiver_count() == 0 || desk.looks.swap(true, Ordering::AcqRel) {
            return;
        }
    }
}

/// A number that changes with the state.
fn digest(house: &dyn House) -> u64 {
    let nobody = Asker { actor: Actor::program(), purpose: None };
    let mut hasher = DefaultHasher::new();
    match house.ask(&nobody, Request::Status) {
        // The store's sizes change by themselves; they are no news.
        Ok(state) => state.get("channels").map(ToString::to_string).hash(&mut hasher),
        Err(refused) => refused.to_string().hash(&mut hasher),
    }
    if house.has_migrations()
        && let Ok(all) = house.ask(&nobody, Request::Migrate(migrate::Ask::List))
    {
        all.to_string().hash(&mut hasher);
    }
    hasher.finish()
}

/// The stream of one watcher.
pub async fn watch(State(console): State<Console>, _: Visitor) -> Response {
    let Some((place, receiver)) = console.news.join() else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let events = stream::unfold((place, receiver), |(place, mut receiver)| async {
        receiver.changed().await.ok()?;
        let seen = *receiver.borrow_and_update();
        let event = Event::default().event("change").data(format!("{seen:x}"));
        Some((Ok::<_, Infallible>(event), (place, receiver)))
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response()
}
