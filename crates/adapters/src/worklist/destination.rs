//! The way into the worklist.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use klinke_archive::worklist::Scheduled;
use klinke_archive::{Archive, Error};
use klinke_dimse::json;
use klinke_engine::BoxFuture;
use klinke_engine::link::{Link, Parcel, Reply};
use klinke_model::{Disposition, Timestamp};
use tokio::time::Instant;
use tracing::warn;

use super::DestinationConfig;
use crate::registry::{ArchiveSlot, in_archive};

/// Old steps are removed so often.
const TIDY_EVERY: Duration = Duration::from_secs(3600);
const LIMITS: json::Limits = json::Limits { depth: 16, elements: 100_000 };

/// The worklist of an archive.
#[derive(Clone, Debug)]
pub struct Destination(Arc<Setting>);

#[derive(Debug)]
struct Setting {
    config: DestinationConfig,
    archive: ArchiveSlot,
    tidied: Mutex<Option<Instant>>,
}

impl Destination {
    /// By these settings, for this archive.
    pub fn new(config: DestinationConfig, archive: ArchiveSlot) -> Self {
        Destination(Arc::new(Setting { config, archive, tidied: Mutex::default() }))
    }
}

impl klinke_engine::link::Destination for Destination {
    fn link(&self) -> Box<dyn Link> {
        Box::new(self.clone())
    }

    fn address(&self) -> String {
        "the archive's worklist".to_owned()
    }
}

impl Setting {
    /// Blocking.
    fn put(&self, payload: &[u8], now: Timestamp) -> Reply {
        let refused = |code: &str, text: String| Reply::refused(code, text, None, Disposition::Dead);
        let Ok(text) = std::str::from_utf8(payload) else {
            return refused("json", "the payload is no UTF-8".to_owned());
        };
        let items = match json::read_all(text, &LIMITS) {
            Ok(items) if !items.is_empty() => items,
            Ok(_) => return refused("json", "the payload has no item".to_owned()),
            Err(error) => return refused("json", error.to_string()),
        };
        let Some(archive) = self.archive.get() else {
            return Reply::unreachable("archive", "the archive is not open");
        };
        let mut first = None;
        for item in items {
            match archive.schedule(&item.set, now) {
                Ok(scheduled) => first = first.or(scheduled.first().copied()),
                Err(Error::Refused(why)) => return refused("item", why),
                // What is there already is the same when it comes again.
                Err(error) => return Reply::unreachable("archive", error.to_string()),
            }
        }
        self.tidy(archive, now);
        Reply::accepted(first.map_or("same", code), None)
    }

    fn tidy(&self, archive: &Archive, now: Timestamp) {
        let mut tidied = self.tidied.lock().unwrap_or_else(PoisonError::into_inner);
        if tidied.is_some_and(|last| last.elapsed() < TIDY_EVERY) {
            return;
        }
        *tidied = Some(Instant::now());
        if let Err(error) = archive.expire_steps(now.before(self.config.keep.0)) {
            warn!("old steps of the worklist could not be removed: {error}");
        }
    }
}

fn code(scheduled: Scheduled) -> &'static str {
    match scheduled {
        Scheduled::New => "new",
        Scheduled::Changed => "changed",
        Scheduled::Cancelled => "cancelled",
        Scheduled::Same => "same",
        Scheduled::Kept(_) => "kept",
        Scheduled::Absent => "absent",
    }
}

impl Link for Destination {
    fn deliver<'a>(&'a mut self, parcel: &'a Parcel, limit: Duration) -> BoxFuture<'a, Reply> {
        let (setting, payload) = (Arc::clone(&self.0), parcel.payload.clone());
        Box::pin(in_archive(limit, move || setting.put(&payload, Timestamp::now())))
    }

    fn close(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}
