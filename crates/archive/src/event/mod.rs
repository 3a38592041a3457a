//! What channels are told of: instances that have come, studies that are complete, performed procedure steps.
//!
//! Every event has a position among those of its kind. It is written in the commit that makes it true, and waits until all who
//! listen have taken it: a crash loses none, and repeats at most the one that was taken and not yet noted.
//!
//! | kind | position | when |
//! |---|---|---|
//! | [`Kind::Instance`] | the number of the instance | it is in the index; one that lies beside is not told |
//! | [`Kind::Study`] | that of the event | a rule of [`Completion`] says that it is complete; again when more has come since |
//! | [`Kind::Performed`] | that of the event | N-CREATE, and the N-SET that completes or discontinues it |
//! | [`Kind::Availability`] | that of the event | another archive has told what can be had from it |

mod bell;
pub(crate) mod document;
mod sending;

use std::time::Duration;

use klinke_dimse::data::DataSet;
use klinke_dimse::tags;
use klinke_model::Timestamp;

use crate::archive::Archive;
use crate::error::Result;
use crate::performed::utf8;

pub(crate) use bell::Bell;
pub use bell::Ring;
pub use document::{REASON_CREATOR, REASON_ELEMENT};
pub use sending::Sending;

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An instance has come.
    Instance,
    /// A study is complete.
    Study,
    /// A performed procedure step was begun, completed or discontinued.
    Performed,
    /// Another archive has told what can be had (PS3.4, Annex R).
    Availability,
}

impl Kind {
    /// Its name in the index.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Instance => "instance",
            Kind::Study => "study",
            Kind::Performed => "performed",
            Kind::Availability => "availability",
        }
    }
}

/// Where one begins who listens for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// With what comes from then on.
    Now,
    /// With the oldest event that is kept; of instances with the oldest that is there.
    Oldest,
}

/// When a study is complete: whichever comes first of what is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Completion {
    /// A performed procedure step is over, none of the study goes on, and all instances that were told are there.
    pub performed: bool,
    /// As many instances are there as their Number of Study Related Instances (0020,1208) says.
    pub count: bool,
    /// The association over which something of it came was released, and nothing more has come for this time.
    pub released: Option<Duration>,
    /// Nothing more has come for this time.
    pub stable: Option<Duration>,
}

impl Completion {
    /// No study is ever told to be complete.
    pub const NEVER: Completion = Completion { performed: false, count: false, released: None, stable: None };
}

impl Default for Completion {
    fn default() -> Self {
        Completion {
            performed: true,
            count: true,
            released: Some(Duration::from_secs(15)),
            stable: Some(Duration::from_secs(300)),
        }
    }
}

/// Why a study counts as complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// [`Completion::performed`].
    Performed,
    /// [`Completion::count`].
    Count,
    /// [`Completion::released`].
    Released,
    /// [`Completion::stable`].
    Stable,
}

impl Reason {
    /// Its name in the index and in documents.
    pub fn name(self) -> &'static str {
        match self {
            Reason::Performed => "PERFORMED",
            Reason::Count => "COUNT",
            Reason::Released => "RELEASED",
            Reason::Stable => "STABLE",
        }
    }
}

/// Something that has happened to a study or a performed procedure step.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its position among those of its kind.
    pub position: u64,
    /// When it happened.
    pub at: Timestamp,
    /// Study Instance UID, or SOP Instance UID of the performed procedure step.
    pub uid: String,
    /// Of a study a [`Reason`], of a performed procedure step its status, of what can be had elsewhere who has told it.
    pub why: String,
    /// The performed procedure step as it was then, the notification as it was told; empty of a study.
    pub attributes: DataSet,
}

impl Archive {
    /// Up to which position of a kind a listener has come. One that was never there begins where `start` says; durable when it
    /// returns.
    pub fn listen(&self, name: &str, kind: Kind, start: Start, now: Timestamp) -> Result<u64> {
        let is_tracked = kind == Kind::Instance && self.shared.options.sent.iter().any(|one| one == name);
        self.shared.index.listen(name.to_owned(), kind, start, is_tracked, now)
    }

    /// Notes up to which position a listener has come. Durable when it returns.
    pub fn heard(&self, name: &str, kind: Kind, position: u64, now: Timestamp) -> Result<()> {
        self.shared.index.heard(name.to_owned(), kind, position, now)
    }

    /// Events of studies or performed procedure steps behind a position, the oldest first. Instances are asked for by
    /// [`Archive::instances`].
    pub fn events(&self, kind: Kind, after: u64, limit: usize) -> Result<Vec<Event>> {
        self.shared.index.events(kind, after, limit)
    }

    /// Another archive has told what can be had from it. Durable when it returns.
    pub fn available(&self, attributes: &DataSet, from: &str, now: Timestamp) -> Result<()> {
        let attributes = utf8(attributes);
        let study = attributes.ascii(tags::STUDY_INSTANCE_UID).unwrap_or_default().to_owned();
        self.shared.index.available(study, from.trim().to_owned(), attributes, now)
    }

    /// An association over which instances of these studies came was released.
    pub fn released(&self, studies: Vec<String>, now: Timestamp) -> Result<()> {
        match self.shared.options.complete.released {
            Some(_) if !studies.is_empty() => self.shared.index.released(studies, now),
            _ => Ok(()),
        }
    }

    /// Tells of the studies that are complete because nothing more has come; gives how many.
    pub fn complete_due(&self, now: Timestamp) -> Result<u64> {
        self.shared.index.complete_due(now)
    }

    /// Forgets events older than a time that all who listen have taken, and who has not listened since another time.
    pub fn expire_events(&self, before: Timestamp, silent_since: Timestamp) -> Result<u64> {
        self.shared.index.expire_events(before, silent_since)
    }

    /// `ring` is called after each change, quickly and from any thread, as long as somebody holds it.
    pub fn when_changed(&self, ring: &Ring) {
        self.shared.index.bell().add(ring);
    }
}
