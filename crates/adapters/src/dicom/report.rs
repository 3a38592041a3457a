//! Reports of storage commitment (PS3.4, J.3.3): those that we owe, and those that we wait for.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use klinke_archive::commitment::{Commitment, Reference};
use klinke_archive::{Archive, Error};
use klinke_dimse::data::{self, DataSet, Limits};
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::{VR, tags};
use tokio::sync::{Notify, oneshot, watch};

/// Event types (PS3.4, Table J.3-2).
pub(super) const ALL_COMMITTED: u16 = 1;
pub(super) const SOME_FAILED: u16 = 2;

/// What a partner says about what it was asked to keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Transaction UID (0008,1195).
    pub transaction: String,
    /// What it keeps.
    pub committed: Vec<Reference>,
    /// What it does not keep, with the Failure Reason (0008,1197).
    pub failed: Vec<(Reference, u16)>,
}

/// The reports of an application entity.
#[derive(Debug)]
pub struct Reports {
    /// Something new is owed.
    pub(super) wake: Notify,
    /// Counts up when something waits for an association that the partner has opened.
    pub(super) waiting: watch::Sender<u64>,
    /// Reports that are being delivered, by number.
    claimed: Mutex<HashSet<u64>>,
    /// Those who wait for a report of a partner, by transaction.
    expected: Mutex<HashMap<String, oneshot::Sender<Report>>>,
}

impl Default for Reports {
    fn default() -> Self {
        Reports {
            wake: Notify::new(),
            waiting: watch::Sender::new(0),
            claimed: Mutex::default(),
            expected: Mutex::default(),
        }
    }
}

/// A report that is being delivered by nobody else, until this is dropped.
#[derive(Debug)]
pub(super) struct Claim {
    reports: Arc<Reports>,
    pub number: u64,
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.reports.claimed.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.number);
    }
}

/// A place where a report is waited for, until this is dropped.
#[derive(Debug)]
pub(super) struct Expected {
    reports: Arc<Reports>,
    transaction: String,
    pub receiver: oneshot::Receiver<Report>,
}

impl Drop for Expected {
    fn drop(&mut self) {
        let mut expected = self.reports.expected.lock().unwrap_or_else(PoisonError::into_inner);
        expected.remove(&self.transaction);
    }
}

impl Reports {
    /// The right to deliver a report, unless somebody has it.
    pub(super) fn claim(self: &Arc<Self>, number: u64) -> Option<Claim> {
        let mut claimed = self.claimed.lock().unwrap_or_else(PoisonError::into_inner);
        claimed.insert(number).then(|| Claim { reports: self.clone(), number })
    }

    /// Waits for the report of a transaction.
    pub(super) fn expect(self: &Arc<Self>, transaction: &str) -> Expected {
        let (sender, receiver) = oneshot::channel();
        let mut expected = self.expected.lock().unwrap_or_else(PoisonError::into_inner);
        expected.insert(transaction.to_owned(), sender);
        Expected { reports: self.clone(), transaction: transaction.to_owned(), receiver }
    }

    /// Gives a report to whoever waits for it; false where nobody does.
    pub(super) fn deliver(&self, report: Report) -> bool {
        let mut expected = self.expected.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = expected.remove(&report.transaction);
        waiting.is_some_and(|sender| sender.send(report).is_ok())
    }
}

/// What is to be reported of a request, as things are now. Reads the index and looks at the files.
pub(super) fn make(archive: &Archive, asked: &Commitment) -> Result<Report, Error> {
    let (mut committed, mut failed) = (Vec::new(), Vec::new());
    for one in &asked.instances {
        match archive.is_unsafe(one, false)? {
            None => committed.push(one.clone()),
            Some(failure) => failed.push((one.clone(), failure.code())),
        }
    }
    Ok(Report { transaction: asked.transaction.clone(), committed, failed })
}

impl Report {
    /// Its event type.
    pub(super) fn event_type(&self) -> u16 {
        if self.failed.is_empty() { ALL_COMMITTED } else { SOME_FAILED }
    }

    /// Its data set.
    pub(super) fn set(&self, ae_title: &str) -> DataSet {
        let mut set = request(&self.transaction, &self.committed);
        if self.committed.is_empty() {
            set.remove(tags::REFERENCED_SOP_SEQUENCE);
        } else {
            set.put_ascii(tags::RETRIEVE_AE_TITLE, VR::AE, ae_title);
        }
        if !self.failed.is_empty() {
            let item = |(one, reason): &(Reference, u16)| {
                let mut item = reference(one);
                item.put_us(tags::FAILURE_REASON, *reason);
                item
            };
            set.put_items(tags::FAILED_SOP_SEQUENCE, self.failed.iter().map(item).collect());
        }
        set
    }

    /// Reads one of a partner; nothing where it names no transaction.
    pub(super) fn read(bytes: Bytes, syntax: &str) -> Option<Self> {
        let set = data::read(bytes, &TransferSyntax::by_uid(syntax), &LIMITS).set;
        let failed = set.items(tags::FAILED_SOP_SEQUENCE).iter().filter_map(|item| {
            let reason = item.int(tags::FAILURE_REASON).and_then(|reason| u16::try_from(reason).ok());
            Some((of_item(item)?, reason.unwrap_or(0x0110)))
        });
        Some(Report {
            transaction: set.ascii(tags::TRANSACTION_UID)?.to_owned(),
            committed: set.items(tags::REFERENCED_SOP_SEQUENCE).iter().filter_map(of_item).collect(),
            failed: failed.collect(),
        })
    }
}

/// The action information of a request (PS3.4, Table J.3-1).
pub(super) fn request(transaction: &str, instances: &[Reference]) -> DataSet {
    let mut set = DataSet::new();
    set.put_ascii(tags::TRANSACTION_UID, VR::UI, transaction);
    set.put_items(tags::REFERENCED_SOP_SEQUENCE, instances.iter().map(reference).collect());
    set
}

/// What a request asks for; items without UIDs are nothing that could be kept.
pub(super) fn asked(bytes: Bytes, syntax: &str) -> Option<(String, Vec<Reference>)> {
    let set = data::read(bytes, &TransferSyntax::by_uid(syntax), &LIMITS).set;
    let instances: Vec<Reference> =
        set.items(tags::REFERENCED_SOP_SEQUENCE).iter().filter_map(of_item).collect();
    let transaction = set.ascii(tags::TRANSACTION_UID)?.to_owned();
    (!instances.is_empty()).then_some((transaction, instances))
}

fn reference(one: &Reference) -> DataSet {
    let mut item = DataSet::new();
    item.put_ascii(tags::REFERENCED_SOP_CLASS_UID, VR::UI, &one.class);
    item.put_ascii(tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, &one.instance);
    item
}

pub(super) fn of_item(item: &DataSet) -> Option<Reference> {
    Some(Reference {
        class: item.ascii(tags::REFERENCED_SOP_CLASS_UID)?.to_owned(),
        instance: item.ascii(tags::REFERENCED_SOP_INSTANCE_UID)?.to_owned(),
    })
}

/// The longest data set of a request or report.
pub(super) const SIZE_BYTES_MAX: usize = 32 << 20;

const LIMITS: Limits = Limits {
    depth: 4,
    elements: 1_000_000,
    value_length: SIZE_BYTES_MAX as u64,
    total: SIZE_BYTES_MAX as u64,
    inflated: SIZE_BYTES_MAX as u64,
    deviations: 20,
};
