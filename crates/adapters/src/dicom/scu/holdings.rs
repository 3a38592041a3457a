//! What a partner holds: its studies by slices, the instances of a study (PS3.4, Annex C, Study Root).

use std::sync::Arc;

use klinke_archive::migrate::{Answer, Named, Seen, Slice, Trouble, text};
use klinke_archive::priors::Candidate;
use klinke_dimse::charset::Charset;
use klinke_dimse::data::DataSet;
use klinke_dimse::message::Status;
use klinke_dimse::{Tag, VR, tags};

use super::super::identifier;
use super::super::peer::Peer;
use super::CallError;
use super::find::{FindError, Finding, Root};

/// More studies are not taken from one answer: the slice is then split.
const STUDIES_MAX: u64 = 200_000;
/// More studies are of no patient.
const OF_PATIENT_MAX: usize = 10_000;
/// More instances are in no study that we know of.
const INSTANCES_MAX: usize = 2_000_000;

/// A partner whose studies are looked at or fetched.
#[derive(Clone, Debug)]
pub struct Holdings {
    /// The partner.
    pub(super) peer: Arc<Peer>,
    /// Our AE title.
    pub(super) calling: String,
}

impl Holdings {
    /// Of a partner.
    pub fn of(peer: Peer, calling: String) -> Self {
        Holdings { peer: Arc::new(peer), calling }
    }

    /// Asks for the studies of a slice; each is given to `found`.
    pub async fn studies(
        &self,
        slice: &Slice,
        found: &mut (dyn FnMut(Seen) + Send),
    ) -> Result<Answer, Trouble> {
        let mut finding = self.begin(&studies_of(slice)).await?;
        let mut count = 0;
        while let Some(set) = next(&mut finding).await? {
            let seen = Seen::of(&self.in_utf8(&set));
            // An answer without a study is none.
            if seen.uid.is_empty() {
                continue;
            }
            found(seen);
            count += 1;
            if count == STUDIES_MAX {
                finding.cancel().await.map_err(trouble)?;
                while next(&mut finding).await?.is_some() {}
                finding.end().await;
                return Ok(Answer { count, is_cut: true });
            }
        }
        let is_cut = finding.is_cut();
        finding.end().await;
        Ok(Answer { count, is_cut })
    }

    /// The studies of a patient, by identifier; at most so many as nobody has.
    pub async fn studies_of_patient(&self, identifier: &str) -> Result<Vec<Candidate>, Trouble> {
        let mut asked = studies_of(&Slice::any());
        if !identifier.is_ascii() {
            asked.put_ascii(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192");
        }
        asked.put_texts(tags::PATIENT_ID, VR::LO, &[identifier], &Charset::UTF_8);
        for (tag, vr) in [
            (tags::ISSUER_OF_PATIENT_ID, VR::LO),
            (tags::PATIENT_BIRTH_DATE, VR::DA),
            (tags::STUDY_DESCRIPTION, VR::LO),
        ] {
            asked.put_ascii(tag, vr, "");
        }
        let mut finding = self.begin(&asked).await?;
        let mut all = Vec::new();
        while let Some(set) = next(&mut finding).await? {
            if all.len() < OF_PATIENT_MAX {
                all.push(Candidate::of(&self.in_utf8(&set)));
            }
        }
        finding.end().await;
        Ok(all)
    }

    /// The modalities of a study, by its series, between backslashes.
    pub async fn modalities(&self, study: &str) -> Result<String, Trouble> {
        let mut asked = DataSet::new();
        asked.put_ascii(tags::QUERY_RETRIEVE_LEVEL, VR::CS, "SERIES");
        asked.put_ascii(tags::STUDY_INSTANCE_UID, VR::UI, study);
        asked.put_ascii(tags::SERIES_INSTANCE_UID, VR::UI, "");
        asked.put_ascii(tags::MODALITY, VR::CS, "");
        let mut finding = self.begin(&asked).await?;
        let mut all = std::collections::BTreeSet::new();
        while let Some(set) = next(&mut finding).await? {
            all.insert(text(&set, tags::MODALITY));
        }
        finding.end().await;
        Ok(all.into_iter().filter(|one| !one.is_empty()).collect::<Vec<_>>().join("\\"))
    }

    /// The instances of a study, by its series.
    pub async fn instances(&self, study: &str) -> Result<Vec<Named>, Trouble> {
        let of_study = |level, more: &[Tag]| {
            let mut set = DataSet::new();
            set.put_ascii(tags::QUERY_RETRIEVE_LEVEL, VR::CS, level);
            set.put_ascii(tags::STUDY_INSTANCE_UID, VR::UI, study);
            more.iter().for_each(|tag| set.put_ascii(*tag, VR::UI, ""));
            set
        };
        let uid = |set: &DataSet, tag| set.ascii(tag).unwrap_or_default().to_owned();
        let mut finding = self.begin(&of_study("SERIES", &[tags::SERIES_INSTANCE_UID])).await?;
        let mut all_series = std::collections::BTreeSet::new();
        while let Some(set) = next(&mut finding).await? {
            all_series.insert(uid(&set, tags::SERIES_INSTANCE_UID));
        }
        let mut named = Vec::new();
        for series in all_series.into_iter().filter(|series| !series.is_empty()) {
            let mut asked = of_study("IMAGE", &[tags::SOP_INSTANCE_UID]);
            asked.put_ascii(tags::SERIES_INSTANCE_UID, VR::UI, &series);
            finding.again(&asked).await.map_err(trouble)?;
            while let Some(set) = next(&mut finding).await? {
                let instance = uid(&set, tags::SOP_INSTANCE_UID);
                if !instance.is_empty() && named.len() < INSTANCES_MAX {
                    named.push(Named { series: series.clone(), instance });
                }
            }
            if finding.is_cut() {
                let text = format!(
                    "it names only {} instances of a study, and says that there are more",
                    named.len()
                );
                return Err(Trouble::refused(text));
            }
        }
        finding.end().await;
        named.sort();
        named.dedup();
        Ok(named)
    }

    /// An answer with its texts in UTF-8.
    fn in_utf8(&self, set: &DataSet) -> DataSet {
        set.recoded(&identifier::rules(&self.peer), &Charset::UTF_8).set
    }

    async fn begin(&self, identifier: &DataSet) -> Result<Finding, Trouble> {
        Finding::begin(&self.peer, &self.calling, Root::Study, identifier).await.map_err(trouble)
    }
}

async fn next(finding: &mut Finding) -> Result<Option<DataSet>, Trouble> {
    finding.next().await.map_err(trouble)
}

fn studies_of(slice: &Slice) -> DataSet {
    let mut set = DataSet::new();
    let mut put = |tag, vr, text: &str| set.put_ascii(tag, vr, text);
    put(tags::QUERY_RETRIEVE_LEVEL, VR::CS, "STUDY");
    put(tags::STUDY_DATE, VR::DA, &slice.date().unwrap_or_default());
    put(tags::STUDY_TIME, VR::TM, &slice.time().unwrap_or_default());
    put(tags::MODALITIES_IN_STUDY, VR::CS, slice.modality.as_deref().unwrap_or_default());
    put(tags::PATIENT_ID, VR::LO, "");
    put(tags::STUDY_INSTANCE_UID, VR::UI, "");
    put(tags::NUMBER_OF_STUDY_RELATED_SERIES, VR::IS, "");
    put(tags::NUMBER_OF_STUDY_RELATED_INSTANCES, VR::IS, "");
    set
}

/// What an error means for the partner. A refusal for lack of resources (A7xx) is a sign that it suffers.
fn trouble(error: FindError) -> Trouble {
    match &error {
        FindError::Refused { status, .. } => match is_lack(*status) {
            true => Trouble::suffers(error),
            false => Trouble::refused(error),
        },
        FindError::Call(call) => of_call(call),
    }
}

pub(super) fn of_call(error: &CallError) -> Trouble {
    match error {
        CallError::NoContext { .. } => Trouble::refused(error),
        CallError::Dial(_) | CallError::Request(_) => Trouble::absent(error),
        CallError::Broken(_) => Trouble::suffers(error),
    }
}

/// Out of resources (PS3.4, Tables C.4-1 to C.4-3).
pub(super) fn is_lack(status: Status) -> bool {
    status.code() & 0xFF00 == 0xA700
}
