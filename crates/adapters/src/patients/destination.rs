//! The way into the archive's patients.

use std::sync::Arc;
use std::time::Duration;

use klinke_archive::change::Decision;
use klinke_archive::{Error, Told};
use klinke_dimse::json;
use klinke_engine::BoxFuture;
use klinke_engine::link::{Link, Parcel, Reply};
use klinke_model::{Disposition, EnvelopeId, Timestamp};

use crate::registry::{ArchiveSlot, in_archive};

const LIMITS: json::Limits = json::Limits { depth: 16, elements: 100_000 };

/// The patients of an archive.
#[derive(Clone, Debug)]
pub struct Destination(Arc<Setting>);

#[derive(Debug)]
struct Setting {
    channel: String,
    archive: ArchiveSlot,
}

impl Destination {
    /// For this archive; the channel says who decided.
    pub fn new(channel: String, archive: ArchiveSlot) -> Self {
        Destination(Arc::new(Setting { channel, archive }))
    }
}

impl klinke_engine::link::Destination for Destination {
    fn link(&self) -> Box<dyn Link> {
        Box::new(self.clone())
    }

    fn address(&self) -> String {
        "the archive's patients".to_owned()
    }
}

impl Setting {
    /// Blocking.
    fn tell(&self, payload: &[u8], envelope: EnvelopeId, now: Timestamp) -> Reply {
        let refused = |code: &str, text: String| Reply::refused(code, text, None, Disposition::Dead);
        let Ok(text) = std::str::from_utf8(payload) else {
            return refused("json", "the payload is no UTF-8".to_owned());
        };
        let patients = match json::read_all(text, &LIMITS) {
            Ok(patients) if !patients.is_empty() => patients,
            Ok(_) => return refused("json", "the payload has no patient".to_owned()),
            Err(error) => return refused("json", error.to_string()),
        };
        let Some(archive) = self.archive.get() else {
            return Reply::unreachable("archive", "the archive is not open");
        };
        let decision = Decision {
            who: self.channel.clone(),
            why: String::new(),
            origin: format!("envelope {envelope}"),
            at: now,
        };
        let mut most = Told::Unknown;
        for patient in patients {
            match archive.tell_patient(&patient.set, &decision) {
                Ok(told) => most = if weight(told) > weight(most) { told } else { most },
                Err(Error::Refused(why)) => return refused("patient", why),
                // What is known already is the same when it comes again.
                Err(error) => return Reply::unreachable("archive", error.to_string()),
            }
        }
        Reply::accepted(code(most), None)
    }
}

fn weight(told: Told) -> u8 {
    match told {
        Told::Unknown => 0,
        Told::Same => 1,
        Told::Corrected => 2,
        Told::Merged => 3,
    }
}

fn code(told: Told) -> &'static str {
    match told {
        Told::Unknown => "unknown",
        Told::Same => "same",
        Told::Corrected => "corrected",
        Told::Merged => "merged",
    }
}

impl Link for Destination {
    fn deliver<'a>(&'a mut self, parcel: &'a Parcel, limit: Duration) -> BoxFuture<'a, Reply> {
        let (setting, payload, envelope) = (Arc::clone(&self.0), parcel.payload.clone(), parcel.envelope());
        Box::pin(in_archive(limit, move || setting.tell(&payload, envelope, Timestamp::now())))
    }

    fn close(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}
