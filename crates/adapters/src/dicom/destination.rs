//! The way out of a channel to an application entity: an instance goes by C-STORE and counts as delivered when the partner has answered
//! 0000 or Bxxx; a complete study or a performed procedure step, as the archive tells of it, goes by N-CREATE or N-SET. Where the partner
//! is asked for storage commitment, a complete study counts as delivered when it reports that it keeps all instances.
//!
//! An instance is a file of Part 10. Where the partner does not take its transfer syntax, it is brought into one that it takes,
//! without loss.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use klinke_archive::commitment::Reference;
use klinke_dimse::message::Status;
use klinke_engine::BoxFuture;
use klinke_engine::link::{Link, Parcel, Reply};
use klinke_engine::source::SourceError;
use klinke_model::Disposition;

use super::notice::{self, Notice};
use super::peer::Peer;
use super::probe;
use super::report::{Report, Reports};
use super::scu::{self, CallError, Carried, CommitError, Load, Origin, Patience, Sender, TellError};
use crate::probe::Probe;

/// Our AE title towards partners of whom the site does not say how they know us.
const CALLING: &str = "KLINKE";

/// A partner's application entity.
#[derive(Debug)]
pub struct Destination {
    peer: Arc<Peer>,
    reports: Arc<Reports>,
}

#[derive(Debug)]
struct DicomLink {
    peer: Arc<Peer>,
    reports: Arc<Reports>,
    calling: String,
    sender: Sender,
}

impl Destination {
    /// By these settings; reports of storage commitment come to the node of these.
    pub fn new(peer: Peer, reports: Arc<Reports>) -> Result<Self, SourceError> {
        match peer.address {
            Some(_) => Ok(Destination { peer: Arc::new(peer), reports }),
            None => Err(SourceError::new("a destination needs an address: host:port")),
        }
    }

    /// What it is known by to the partner.
    fn calling(&self) -> String {
        self.peer.calling.clone().unwrap_or_else(|| CALLING.to_owned())
    }

    /// What can be asked of the partner.
    pub(super) fn probe(&self) -> Option<Arc<dyn Probe>> {
        probe::of(&self.peer, &self.calling())
    }
}

impl klinke_engine::link::Destination for Destination {
    fn link(&self) -> Box<dyn Link> {
        let calling = self.calling();
        let sender = Sender::new(self.peer.clone(), Origin { calling: calling.clone(), mover: None });
        Box::new(DicomLink { peer: self.peer.clone(), reports: self.reports.clone(), calling, sender })
    }

    fn address(&self) -> String {
        match &self.peer.address {
            Some(address) => format!("{}@{address}", self.peer.ae_title),
            None => self.peer.ae_title.clone(),
        }
    }
}

impl DicomLink {
    async fn attempt(&mut self, parcel: &Parcel, limit: Duration) -> Reply {
        if parcel.payload.as_ref().first() == Some(&b'{') {
            return self.tell(parcel, limit).await;
        }
        let load = match Load::of_bytes(bytes::Bytes::from_owner(parcel.payload.clone())) {
            Ok(load) => load,
            Err(error) => return Reply::refused("not-dicom", error.to_string(), None, Disposition::Dead),
        };
        self.sender.forgive();
        let carried = tokio::time::timeout(limit, self.sender.carry(&load)).await;
        let text = carried.as_ref().map(ToString::to_string).unwrap_or_default();
        match carried {
            Ok(Carried::Done) => Reply::accepted("0000", None),
            Ok(Carried::Warning(status)) => Reply { text, ..Reply::accepted(code(status), None) },
            Ok(Carried::Refused(status)) => Reply::refused(code(status), text, None, custom(status)),
            Ok(Carried::Unfit(_)) => Reply::refused("unfit", text, None, Disposition::Dead),
            Ok(Carried::Unreachable(_)) => Reply::unreachable("association", text),
            Ok(Carried::Unclear(_)) => Reply::unclear("broken", text, None),
            Err(_) => {
                self.sender.abort().await;
                late()
            }
        }
    }
}

impl DicomLink {
    /// Tells of what has happened in the archive.
    async fn tell(&self, parcel: &Parcel, limit: Duration) -> Reply {
        let notice = match Notice::read(parcel.payload.as_ref(), &self.calling) {
            Ok(notice) => notice,
            Err(why) => return Reply::refused("not-dicom", why, None, Disposition::Dead),
        };
        if let (true, Notice::Availability(study)) = (self.peer.commitment, &notice) {
            return self.commit(&notice::instances(study), limit).await;
        }
        let told = tokio::time::timeout(limit, notice.tell(&self.peer, &self.calling)).await;
        match told {
            Ok(Ok(status)) => Reply::accepted(code(status), None),
            Ok(Err(TellError::Refused(status))) => refused(status),
            Ok(Err(TellError::NoUid)) => Reply::unreachable("uid", TellError::NoUid.to_string()),
            Ok(Err(TellError::Call(error))) => not_called(&error),
            Err(_) => late(),
        }
    }

    /// Has the partner commit itself to keep instances.
    async fn commit(&self, instances: &[Reference], limit: Duration) -> Reply {
        // A little earlier than the lane, so that it is said what was missing.
        let report = limit.saturating_sub(limit / 10);
        let patience = Patience { report, open: Patience::default().open.min(report) };
        let asking = scu::commit(&self.reports, &self.calling, &self.peer, instances, patience);
        let Ok(reported) = tokio::time::timeout(limit, asking).await else {
            return late();
        };
        match reported {
            Ok(report) => kept(&report, instances),
            Err(CommitError::Refused(status)) => refused(status),
            Err(CommitError::Silent(_)) => {
                Reply::unclear("no-report", CommitError::Silent(patience.report).to_string(), None)
            }
            Err(CommitError::Call(error)) => not_called(&error),
            Err(CommitError::NoUid) => Reply::unreachable("association", CommitError::NoUid.to_string()),
        }
    }
}

/// What a report says: delivered is what is kept whole, whatever else it names. What is not there yet may be later.
fn kept(report: &Report, asked: &[Reference]) -> Reply {
    let committed: HashSet<&str> = report.committed.iter().map(|one| one.instance.as_str()).collect();
    let missing = asked.iter().filter(|one| !committed.contains(one.instance.as_str())).count();
    if missing == 0 {
        return Reply::accepted("0000", None);
    }
    let reason = report.failed.first().map_or(Status::PROCESSING_FAILURE.code(), |(_, reason)| *reason);
    let text = format!("{missing} of {} instances are not kept: {reason:04X}", asked.len());
    Reply::refused(format!("{reason:04X}"), text, None, Disposition::Retry)
}

/// The partner did not answer.
fn late() -> Reply {
    Reply::unclear("timeout", "no answer within the time set for it", None)
}

/// The partner answered that it does not.
fn refused(status: Status) -> Reply {
    Reply::refused(code(status), status.to_string(), None, custom(status))
}

/// There was no association, or it broke off on the way.
fn not_called(error: &CallError) -> Reply {
    match error {
        CallError::Broken(broken) => Reply::unclear("broken", broken.to_string(), None),
        error => Reply::unreachable("association", error.to_string()),
    }
}

/// A status as the site's answer table has it: four hexadecimal digits.
fn code(status: Status) -> String {
    format!("{:04X}", status.code())
}

/// What is out of resources may have some later (PS3.4, Table B.2-1); all else is a matter of the instance.
fn custom(status: Status) -> Disposition {
    match status.code() {
        0xA700..=0xA7FF | 0x0110 | 0x0213 => Disposition::Retry,
        _ => Disposition::Dead,
    }
}

impl Link for DicomLink {
    fn deliver<'a>(&'a mut self, parcel: &'a Parcel, limit: Duration) -> BoxFuture<'a, Reply> {
        Box::pin(self.attempt(parcel, limit))
    }

    fn close(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(self.sender.release())
    }
}
