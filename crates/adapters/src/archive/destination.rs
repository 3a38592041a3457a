//! The archive as a destination: an instance counts as delivered when it is on stable storage and in the index.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use klinke_archive::index::Added;
use klinke_archive::{Archive, Arrival, Error};
use klinke_dimse::data::{self, DataSet, Limits, PixelDataUse};
use klinke_dimse::{VR, file, tags};
use klinke_engine::BoxFuture;
use klinke_engine::link::{Link, Parcel, Reply};
use klinke_model::{Disposition, Timestamp};

use super::config::{DestinationConfig, WithoutStudy};
use super::title;
use crate::registry::{ArchiveSlot, in_archive};

/// The archive as a destination.
#[derive(Clone, Debug)]
pub struct Destination(Arc<Setting>);

#[derive(Debug)]
struct Setting {
    config: DestinationConfig,
    archive: ArchiveSlot,
    title: String,
}

impl Destination {
    /// By these settings, for this archive and channel.
    pub fn new(config: DestinationConfig, archive: ArchiveSlot, channel: &str) -> Self {
        Destination(Arc::new(Setting { config, archive, title: title(channel) }))
    }
}

impl klinke_engine::link::Destination for Destination {
    fn link(&self) -> Box<dyn Link> {
        Box::new(self.clone())
    }

    fn address(&self) -> String {
        "the archive".to_owned()
    }
}

/// An instance without a study, and no way to one.
const NO_STUDY: &str = "it names no study, and its accession number leads to none";

impl Setting {
    /// Blocking.
    fn put(&self, payload: Bytes, now: Timestamp) -> Reply {
        let refused = |code: &str, text: String| Reply::refused(code, text, None, Disposition::Dead);
        let Some(archive) = self.archive.get() else {
            return Reply::unreachable("archive", "the archive is not open");
        };
        let opened = match file::open(payload.clone(), &Limits::header(), PixelDataUse::Stop) {
            Ok(opened) => opened,
            Err(error) => return refused("not-dicom", error.to_string()),
        };
        let uid = |tag, or| {
            let uid = opened.set.ascii(tag).or_else(|| opened.meta.ascii(or));
            uid.unwrap_or_default().to_owned()
        };
        let start = usize::try_from(opened.data_set_offset).unwrap_or(usize::MAX).min(payload.len());
        let mut set = payload.slice(start..);
        if opened.set.ascii(tags::STUDY_INSTANCE_UID).is_none() {
            match self.study_for(archive, &opened.set) {
                Ok(Some(study)) => match with_study(set, &study, &opened.syntax) {
                    Ok(changed) => set = changed,
                    Err(text) => return refused("unfit", text),
                },
                Ok(None) => return refused("no-study", NO_STUDY.to_owned()),
                Err(error) => return Reply::unreachable("archive", error.to_string()),
            }
        }
        let arrival = Arrival {
            class: uid(tags::SOP_CLASS_UID, tags::MEDIA_STORAGE_SOP_CLASS_UID),
            instance: uid(tags::SOP_INSTANCE_UID, tags::MEDIA_STORAGE_SOP_INSTANCE_UID),
            syntax: opened.syntax.uid().to_owned(),
            from: self.title.clone(),
            clash: self.config.clash.into(),
            charset: *archive.charset(),
            ..Arrival::default()
        };
        match store(archive, arrival, &set, now) {
            Ok(added) => Reply::accepted(code(added), None),
            Err(Error::Unfit(text)) => refused("unfit", text),
            Err(error) => Reply::unreachable("archive", error.to_string()),
        }
    }

    /// The study that an instance belongs to which names none.
    fn study_for(&self, archive: &Archive, set: &DataSet) -> Result<Option<String>, Error> {
        let charset = klinke_dimse::charset::Charset::of(set, archive.charset()).0;
        let text = |tag| set.get(tag).and_then(|one| one.texts(&charset).into_iter().next());
        let text = |tag| text(tag).map(|text| text.trim().to_owned()).unwrap_or_default();
        let (accession, patient) = (text(tags::ACCESSION_NUMBER), text(tags::PATIENT_ID));
        let found = archive.study_of(&accession, &patient)?;
        Ok(match self.config.without_study {
            WithoutStudy::Refuse => found,
            WithoutStudy::Make => found.or_else(|| Archive::made_study(&accession, &patient)),
        })
    }
}

fn store(archive: &Archive, arrival: Arrival, set: &[u8], now: Timestamp) -> Result<Added, Error> {
    let mut receiving = archive.receive(arrival)?;
    receiving.write(set)?;
    Ok(receiving.finish(now)?.added)
}

/// A data set with a Study Instance UID.
fn with_study(
    bytes: Bytes,
    study: &str,
    syntax: &klinke_dimse::syntax::TransferSyntax,
) -> Result<Bytes, String> {
    let mut set = data::read(bytes, syntax, &Limits::default()).set;
    set.put_ascii(tags::STUDY_INSTANCE_UID, VR::UI, study);
    data::write(&set, syntax).map(Bytes::from).map_err(|error| error.to_string())
}

fn code(added: Added) -> &'static str {
    match added {
        Added::New(_) => "new",
        Added::Same => "same",
        Added::Beside(_) => "beside",
        Added::Replaced(_) => "replaced",
    }
}

impl Link for Destination {
    fn deliver<'a>(&'a mut self, parcel: &'a Parcel, limit: Duration) -> BoxFuture<'a, Reply> {
        let (setting, payload) = (Arc::clone(&self.0), Bytes::from_owner(parcel.payload.clone()));
        Box::pin(in_archive(limit, move || setting.put(payload, Timestamp::now())))
    }

    fn close(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}
