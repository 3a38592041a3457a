//! What a partner is told of by N-services: that a study is here (Instance Availability Notification, PS3.4, Annex R), and that a
//! procedure step was begun or is over (PS3.4, Annex F). Read from the archive's events, which are DICOM JSON.

use klinke_archive::commitment::Reference;
use klinke_archive::performed::{self, Progress};
use klinke_dimse::data::DataSet;
use klinke_dimse::message::Status;
use klinke_dimse::{VR, json, tags};

use super::peer::Peer;
use super::report;
use super::scu::{self, TellError};
use crate::uid;

/// More than any study has.
const LIMITS: json::Limits = json::Limits { depth: 16, elements: 2_000_000 };

/// Something that a partner is told.
#[derive(Clone, Debug)]
pub(super) enum Notice {
    /// A study is here: the attributes of the notification.
    Availability(DataSet),
    /// A performed procedure step, by its UID, how far it has come, and all that is known of it.
    Step(String, Progress, DataSet),
}

impl Notice {
    /// Reads an event of the archive, or says why it is none that a partner could be told. Where the archive has no title, instances can be
    /// had from `calling`.
    pub fn read(payload: &[u8], calling: &str) -> Result<Notice, String> {
        let text =
            std::str::from_utf8(payload).map_err(|_| "it is neither DICOM nor DICOM JSON".to_owned())?;
        let set = json::read(text, &LIMITS).map_err(|error| error.to_string())?.set;
        if let Some(progress) = set.ascii(tags::PERFORMED_PROCEDURE_STEP_STATUS) {
            let progress =
                Progress::named(progress).ok_or("its Performed Procedure Step Status (0040,0252) is none")?;
            let uid = set.ascii(tags::SOP_INSTANCE_UID).ok_or("it has no SOP Instance UID (0008,0018)")?;
            return Ok(Notice::Step(uid.to_owned(), progress, step(&set)));
        }
        let series: Vec<DataSet> =
            set.items(tags::REFERENCED_SERIES_SEQUENCE).iter().map(|one| series(one, calling)).collect();
        match set.get(tags::STUDY_INSTANCE_UID) {
            Some(study) if !series.is_empty() => {
                let mut notice = DataSet::new();
                notice.put_items(tags::REFERENCED_PERFORMED_PROCEDURE_STEP_SEQUENCE, Vec::new());
                notice.put(study.clone());
                notice.put_items(tags::REFERENCED_SERIES_SEQUENCE, series);
                Ok(Notice::Availability(notice))
            }
            _ => {
                Err("it is no study with its instances (0008,1115), and no performed procedure step"
                    .to_owned())
            }
        }
    }

    /// Tells a partner, over an association of its own.
    pub async fn tell(&self, peer: &Peer, calling: &str) -> Result<Status, TellError> {
        match self {
            Notice::Availability(set) => {
                let uid = uid::made().ok_or(TellError::NoUid)?;
                scu::notify(peer, calling, &uid, set).await
            }
            Notice::Step(uid, Progress::InProgress, set) => begin(peer, calling, uid, set).await,
            Notice::Step(uid, _, set) => {
                let changes = performed::changeable(set);
                match scu::change_step(peer, calling, uid, &changes).await {
                    // It has not heard that the step was begun.
                    Err(TellError::Refused(Status::NO_SUCH_SOP_INSTANCE)) => {
                        begin(peer, calling, uid, set).await?;
                        scu::change_step(peer, calling, uid, &changes).await
                    }
                    told => told,
                }
            }
        }
    }
}

/// Tells that a step was begun; a partner that has it already was told before its answer was lost.
async fn begin(peer: &Peer, calling: &str, uid: &str, set: &DataSet) -> Result<Status, TellError> {
    let mut set = set.clone();
    set.put_ascii(tags::PERFORMED_PROCEDURE_STEP_STATUS, VR::CS, Progress::InProgress.name());
    match scu::begin_step(peer, calling, uid, &set).await {
        Err(TellError::Refused(Status::DUPLICATE_SOP_INSTANCE)) => Ok(Status::SUCCESS),
        told => told,
    }
}

/// A performed procedure step without what our event adds to it.
fn step(event: &DataSet) -> DataSet {
    let ours = [tags::SOP_CLASS_UID, tags::SOP_INSTANCE_UID, tags::REFERENCED_REQUEST_SEQUENCE];
    event.iter().filter(|one| one.tag.0 % 2 == 0 && !ours.contains(&one.tag)).cloned().collect()
}

/// The instances of a notification.
pub(super) fn instances(notice: &DataSet) -> Vec<Reference> {
    let series = notice.items(tags::REFERENCED_SERIES_SEQUENCE).iter();
    let instances = series.flat_map(|series| series.items(tags::REFERENCED_SOP_SEQUENCE));
    instances.filter_map(report::of_item).collect()
}

/// An item of the Referenced Series Sequence (PS3.4, Table R.3.2-1).
fn series(of: &DataSet, calling: &str) -> DataSet {
    const WANTED: [klinke_dimse::Tag; 4] = [
        tags::REFERENCED_SOP_CLASS_UID,
        tags::REFERENCED_SOP_INSTANCE_UID,
        tags::INSTANCE_AVAILABILITY,
        tags::RETRIEVE_AE_TITLE,
    ];
    let mut item: DataSet = of.get(tags::SERIES_INSTANCE_UID).cloned().into_iter().collect();
    let instance = |one: &DataSet| {
        let mut told: DataSet = WANTED.iter().filter_map(|tag| one.get(*tag)).cloned().collect();
        if told.ascii(tags::RETRIEVE_AE_TITLE).is_none() {
            told.put_ascii(tags::RETRIEVE_AE_TITLE, VR::AE, calling);
        }
        told
    };
    let instances = of.items(tags::REFERENCED_SOP_SEQUENCE).iter().map(instance);
    item.put_items(tags::REFERENCED_SOP_SEQUENCE, instances.collect());
    item
}
