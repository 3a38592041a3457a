//! Storage commitment (PS3.4, Annex J): what partners want to be told is safe, and the reports that are owed to them.
//!
//! A request is kept until its report has been delivered, so that it outlives the program.

use std::path::Path;

use klinke_model::Timestamp;

use crate::archive::Archive;
use crate::error::{Error, Result};
use crate::look;

/// The most instances of one request.
const INSTANCES_MAX: usize = 100_000;

/// An instance that a partner wants to be safe.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// SOP Class UID.
    pub class: String,
    /// SOP Instance UID.
    pub instance: String,
}

/// A report that is owed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commitment {
    /// Its number.
    pub number: u64,
    /// AE title of whoever asked.
    pub peer: String,
    /// AE title that was called.
    pub called: String,
    /// Transaction UID (0008,1195).
    pub transaction: String,
    /// What is asked for.
    pub instances: Vec<Reference>,
    /// When it was asked.
    pub asked: Timestamp,
    /// How often it was tried to deliver the report.
    pub tries: u32,
    /// When it is tried next.
    pub due: Timestamp,
}

/// Failure Reason (0008,1197).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It can't be read now, or is damaged: 0110H.
    Processing,
    /// The archive does not have it: 0112H.
    NoSuchInstance,
    /// The archive has it with another SOP class: 0119H.
    ClassConflict,
}

impl Failure {
    /// Its code.
    pub fn code(self) -> u16 {
        match self {
            Failure::Processing => 0x0110,
            Failure::NoSuchInstance => 0x0112,
            Failure::ClassConflict => 0x0119,
        }
    }
}

impl Archive {
    /// Keeps a request until its report is delivered; a request that is there already is due anew. Durable when it returns.
    pub fn ask_commitment(&self, asked: Commitment) -> Result<u64> {
        let is_uid = |uid: &str| uid.len() <= 64 && !uid.contains(['\n', ' ']);
        let is_sound = |one: &Reference| is_uid(&one.class) && is_uid(&one.instance);
        if asked.instances.is_empty() || asked.instances.len() > INSTANCES_MAX {
            return Err(Error::Refused(format!(
                "between one and {INSTANCES_MAX} instances can be asked for"
            )));
        }
        if !asked.instances.iter().all(is_sound) {
            return Err(Error::Refused("a UID has more than 64 characters, or spaces".to_owned()));
        }
        self.shared.index.ask_commitment(asked)
    }

    /// Reports that are due, the longest first.
    pub fn commitments_due(&self, now: Timestamp, limit: usize) -> Result<Vec<Commitment>> {
        self.shared.index.commitments_due(now, limit)
    }

    /// Reports that are owed to a partner, whether they are due or not, the longest first.
    pub fn commitments_for(&self, peer: &str, limit: usize) -> Result<Vec<Commitment>> {
        self.shared.index.commitments_for(peer, limit)
    }

    /// A report could not be delivered: it is tried again at a time.
    pub fn postpone_commitment(&self, number: u64, due: Timestamp) -> Result<()> {
        self.shared.index.postpone_commitment(number, due)
    }

    /// A report was delivered, or is given up.
    pub fn forget_commitment(&self, number: u64) -> Result<()> {
        self.shared.index.forget_commitment(number)
    }

    /// Why an instance is not safe here; nothing where it is: in the index with this SOP class, and its file there with all its
    /// bytes. With `with_hash` the file is read, and its bytes are those that were received.
    pub fn is_unsafe(&self, reference: &Reference, with_hash: bool) -> Result<Option<Failure>> {
        let Some(instance) = self.instance(&reference.instance)? else {
            return Ok(Some(Failure::NoSuchInstance));
        };
        if instance.class != reference.class {
            return Ok(Some(Failure::ClassConflict));
        }
        let path = self.path(&instance);
        let is_there = has_size(&path, instance.file.size);
        let is_whole =
            || look::check(&path, u64::from(instance.file.data_offset), &instance.file.hash).is_ok();
        let is_safe = is_there && (!with_hash || is_whole());
        Ok((!is_safe).then_some(Failure::Processing))
    }
}

fn has_size(path: &Path, size: u64) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.len() == size)
}
