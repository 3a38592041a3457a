//! What becomes of instances that lie beside: whose bytes stand under a UID, decided by a person or by what a sender's are worth.
//!
//! | decision | the one beside | the one in the archive |
//! |---|---|---|
//! | ours | goes into the trash | stays |
//! | theirs | takes the place | goes into the trash |
//! | both | goes into the trash, after a copy of it under new UIDs is kept | stays |
//!
//! The new UIDs are those of what has to be another one: the instance's; that of its series as well, where the series is there in
//! another study; that of its study as well, where the study is of another patient. They are made from the old ones, so that
//! what belonged together still does. The copy says in its Original Attributes Sequence what it was.

use klinke_dimse::charset::Rules;
use klinke_dimse::data::{self, DataSet, Limits};
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::{Tag, VR, tags};
use klinke_model::Timestamp;

use crate::archive::Archive;
use crate::change::{Change, Decision, ThrownFile};
use crate::error::{At, Error, Result};
use crate::index::{Added, Beside, ClashPolicy, Reason};
use crate::present;
use crate::receive::Arrival;

/// What becomes of something that lies beside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Take {
    /// It goes.
    Ours,
    /// It takes the place.
    Theirs,
    /// It stays as well, under new UIDs.
    Both,
}

impl Archive {
    /// One that lies beside.
    pub fn one_beside(&self, number: u64) -> Result<Beside> {
        self.shared.index.one_beside(number)
    }

    /// Decides what becomes of one that lies beside.
    pub fn settle(&self, number: u64, take: Take, decision: &Decision) -> Result<()> {
        let one = self.shared.index.one_beside(number)?;
        match take {
            Take::Ours => {}
            Take::Theirs => return self.take_theirs(&one, decision),
            Take::Both => self.copy_anew(&one, decision.at)?,
        }
        self.throw_beside(number, decision)
    }

    /// The one beside takes the place of the one that has its UID.
    fn take_theirs(&self, one: &Beside, decision: &Decision) -> Result<()> {
        let Some(ours) = self.instance(&one.uid)? else {
            // Nothing stands in its way any more, if patients were merged or others went.
            return match self.take_beside(one.number)? {
                Added::Beside(Reason::OtherPatient) => Err(Error::Refused(
                    "its study is here with another patient: merge the patients, or keep both".to_owned(),
                )),
                Added::Beside(_) => {
                    Err(Error::Refused("its series is here in another study: keep both".to_owned()))
                }
                _ => Ok(()),
            };
        };
        if self.holds()?.iter().any(|hold| hold.study == ours.study) {
            return Err(Error::Held(format!("study {} is held", ours.study)));
        }
        match self.take_beside(one.number)? {
            Added::Replaced(_) => {
                // What was there lies beside now; it is in the journal that it goes, and so that this one stays.
                let files = vec![ThrownFile { uid: ours.uid, path: ours.file.path }];
                self.decide(Change::Throw { files }, decision).map(drop)
            }
            Added::Same => Ok(()),
            _ => Err(Error::Refused("both are in different series or studies: keep both".to_owned())),
        }
    }

    /// Keeps a copy of one that lies beside under new UIDs.
    fn copy_anew(&self, one: &Beside, at: Timestamp) -> Result<()> {
        let path = self.shared.path(&one.file.path);
        let bytes = std::fs::read(&path).at("can't read", &path)?;
        let start = usize::try_from(one.file.data_offset).unwrap_or(usize::MAX).min(bytes.len());
        let syntax = TransferSyntax::by_uid(&one.file.syntax);
        let reading = data::read(bytes[start..].to_vec(), &syntax, &Limits::default());
        if !reading.is_whole() || !reading.skipped.is_empty() {
            return Err(Error::Unfit(format!("{}: it can't be read whole", one.file.path)));
        }
        let mut set = reading.set;
        rename(&mut set, one, at);
        let anew = data::write(&set, &syntax)
            .map_err(|error| Error::Unfit(format!("{}: {error}", one.file.path)))?;
        let arrival = Arrival {
            class: set.ascii(tags::SOP_CLASS_UID).unwrap_or_default().to_owned(),
            instance: String::new(),
            syntax: one.file.syntax.clone(),
            from: one.file.from.clone(),
            to: String::new(),
            clash: ClashPolicy::KeepFirst,
            charset: Rules::default(),
            study: None,
            quota: None,
        };
        let mut receiving = self.receive(arrival)?;
        receiving.write(&anew)?;
        match receiving.finish(at)?.added {
            Added::Beside(_) => Err(Error::Refused("its copy would lie beside as well".to_owned())),
            _ => Ok(()),
        }
    }
}

/// Gives an instance the UIDs that it needs to be another one.
fn rename(set: &mut DataSet, one: &Beside, at: Timestamp) {
    let renamed: &[Tag] = match one.reason {
        Reason::OtherBytes | Reason::Replaced => &[tags::SOP_INSTANCE_UID],
        Reason::OtherStudy => &[tags::SOP_INSTANCE_UID, tags::SERIES_INSTANCE_UID],
        Reason::OtherPatient => {
            &[tags::SOP_INSTANCE_UID, tags::SERIES_INSTANCE_UID, tags::STUDY_INSTANCE_UID]
        }
    };
    let patient = set.ascii(tags::PATIENT_ID).unwrap_or_default().to_owned();
    let mut before = DataSet::new();
    for tag in renamed {
        let old = set.ascii(*tag).unwrap_or_default().to_owned();
        // Of the same study and patient the same ones, of an instance those of its bytes.
        let salt: &[u8] = match *tag {
            tags::SOP_INSTANCE_UID => &one.file.hash,
            tags::SERIES_INSTANCE_UID => one.study.as_bytes(),
            _ => patient.as_bytes(),
        };
        if let Some(element) = set.remove(*tag) {
            before.put(element);
        }
        set.put_ascii(*tag, VR::UI, &made_uid(&old, salt));
    }
    present::note(set, before, at, "CORRECT");
}

/// A UID out of another one: a UUID (PS3.5, Annex B.2; RFC 9562, version 8).
fn made_uid(old: &str, salt: &[u8]) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&(old.len() as u64).to_le_bytes());
    hasher.update(old.as_bytes());
    hasher.update(salt);
    crate::text::uid_of(&hasher)
}
