//! What is asked, and what an answer is worth.

use klinke_archive::migrate::Day;
use klinke_archive::worklist::{KEYS, STEP_KEYS};
use klinke_dimse::charset::Charset;
use klinke_dimse::data::DataSet;
use klinke_dimse::{Tag, VR, dictionary, json, tags};

use super::super::identifier;
use super::super::peer::{Peer, check_title};
use super::super::scu::{FindError, Finding, Root};
use super::config::{StudiesConfig, WorklistConfig};
use super::memory::{Answer, ITEMS_MAX, Item};

/// More days are not asked for at once.
const DAYS_MAX: u32 = 366;

/// What is asked for of an item besides the keys of queries (PS3.4, Table K.6-1).
const WORKLIST_MORE: &[Tag] = &[
    tags::PATIENT_WEIGHT,
    tags::MEDICAL_ALERTS,
    tags::ALLERGIES,
    tags::PREGNANCY_STATUS,
    tags::SPECIAL_NEEDS,
    tags::PATIENT_STATE,
    tags::CONFIDENTIALITY_CONSTRAINT_ON_PATIENT_DATA_DESCRIPTION,
    tags::REQUESTED_CONTRAST_AGENT,
    tags::REFERENCED_STUDY_SEQUENCE,
    tags::PATIENT_TRANSPORT_ARRANGEMENTS,
];
/// What is asked for of its step.
const STEP_MORE: &[Tag] = &[tags::PRE_MEDICATION, tags::SCHEDULED_PROCEDURE_STEP_LOCATION];
/// What is asked for of a study (PS3.4, Table C.6-5).
const STUDY_KEYS: &[Tag] = &[
    tags::STUDY_TIME,
    tags::ACCESSION_NUMBER,
    tags::REFERRING_PHYSICIAN_NAME,
    tags::STUDY_DESCRIPTION,
    tags::PATIENT_NAME,
    tags::PATIENT_ID,
    tags::ISSUER_OF_PATIENT_ID,
    tags::PATIENT_BIRTH_DATE,
    tags::PATIENT_SEX,
    tags::STUDY_INSTANCE_UID,
    tags::STUDY_ID,
    tags::NUMBER_OF_STUDY_RELATED_SERIES,
    tags::NUMBER_OF_STUDY_RELATED_INSTANCES,
];

/// What is asked.
#[derive(Clone, Debug)]
pub enum Asked {
    /// A worklist.
    Worklist(WorklistConfig),
    /// Studies.
    Studies(StudiesConfig),
}

impl Asked {
    /// What can't be asked.
    pub fn check(&self) -> Result<(), String> {
        let (back, ahead) = self.reach();
        if back > DAYS_MAX || ahead > DAYS_MAX {
            return Err(format!("more than {DAYS_MAX} days are not asked for"));
        }
        match self {
            Asked::Worklist(WorklistConfig { station: Some(station), .. }) => check_title(station),
            _ => Ok(()),
        }
    }

    /// How often.
    pub fn every(&self) -> std::time::Duration {
        match self {
            Asked::Worklist(config) => config.every.0,
            Asked::Studies(config) => config.every.0,
        }
    }

    /// What it is called.
    pub fn name(&self) -> &'static str {
        match self {
            Asked::Worklist(_) => "worklist",
            Asked::Studies(_) => "studies",
        }
    }

    /// Days before today, and behind it.
    fn reach(&self) -> (u32, u32) {
        match self {
            Asked::Worklist(config) => (config.back, config.ahead),
            // A study of a station whose clock is ahead may be tomorrow's.
            Asked::Studies(config) => (config.back, 1),
        }
    }

    /// Asks the partner.
    pub async fn ask(&self, peer: &Peer, calling: &str, today: Day) -> Result<Answer, FindError> {
        let (back, ahead) = self.reach();
        let days = (today.plus(-back.cast_signed()).da(), today.plus(ahead.cast_signed()).da());
        let range = format!("{}-{}", days.0, days.1);
        let (root, identifier) = match self {
            Asked::Worklist(config) => (Root::Worklist, worklist(config, &range)),
            Asked::Studies(config) => (Root::Study, studies(config, &range)),
        };
        let mut finding = Finding::begin(peer, calling, root, &identifier).await?;
        let mut answer = Answer { days, waits: matches!(self, Asked::Studies(_)), ..Answer::default() };
        while let Some(set) = finding.next().await? {
            if answer.items.len() == ITEMS_MAX {
                answer.is_cut = true;
                finding.cancel().await?;
                while finding.next().await?.is_some() {}
                break;
            }
            let set = set.recoded(&identifier::rules(peer), &Charset::UTF_8).set;
            answer.items.extend(match self {
                Asked::Worklist(_) => step(set),
                Asked::Studies(_) => study(set),
            });
        }
        answer.is_cut |= finding.is_cut();
        finding.end().await;
        Ok(answer)
    }
}

/// An attribute without a value: it is wanted, whatever it is.
fn want(set: &mut DataSet, tag: Tag) {
    match dictionary::vr(tag).unwrap_or(VR::LO) {
        VR::SQ => set.put_items(tag, Vec::new()),
        vr => set.put_ascii(tag, vr, ""),
    }
}

fn worklist(config: &WorklistConfig, range: &str) -> DataSet {
    let (mut set, mut item) = (DataSet::new(), DataSet::new());
    KEYS.iter().chain(WORKLIST_MORE).for_each(|tag| want(&mut set, *tag));
    STEP_KEYS.iter().chain(STEP_MORE).for_each(|tag| want(&mut item, *tag));
    item.put_ascii(tags::SCHEDULED_PROCEDURE_STEP_START_DATE, VR::DA, range);
    if let Some(station) = &config.station {
        item.put_ascii(tags::SCHEDULED_STATION_AE_TITLE, VR::AE, station);
    }
    if let Some(modality) = &config.modality {
        item.put_ascii(tags::MODALITY, VR::CS, modality);
    }
    set.put_items(tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE, vec![item]);
    set
}

fn studies(config: &StudiesConfig, range: &str) -> DataSet {
    let mut set = DataSet::new();
    STUDY_KEYS.iter().for_each(|tag| want(&mut set, *tag));
    set.put_ascii(tags::QUERY_RETRIEVE_LEVEL, VR::CS, "STUDY");
    set.put_ascii(tags::STUDY_DATE, VR::DA, range);
    set.put_ascii(tags::MODALITIES_IN_STUDY, VR::CS, config.modality.as_deref().unwrap_or_default());
    set
}

/// An item of a worklist; none where it has no step.
fn step(mut set: DataSet) -> Option<Item> {
    let of_step = set.items(tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE).first()?.clone();
    set.remove(tags::QUERY_RETRIEVE_LEVEL);
    let id = text(&of_step, tags::SCHEDULED_PROCEDURE_STEP_ID);
    // A number of a step need not be another one in each order.
    let of_order = [tags::ACCESSION_NUMBER, tags::REQUESTED_PROCEDURE_ID, tags::PATIENT_ID];
    let key = of_order.map(|tag| text(&set, tag)).into_iter().chain([id]).collect::<Vec<_>>().join("\\");
    let (mut named, mut gone) = (DataSet::new(), DataSet::new());
    let named_by = [
        tags::SPECIFIC_CHARACTER_SET,
        tags::ACCESSION_NUMBER,
        tags::PATIENT_ID,
        tags::ISSUER_OF_PATIENT_ID,
        tags::STUDY_INSTANCE_UID,
        tags::REQUESTED_PROCEDURE_ID,
    ];
    named_by.iter().filter_map(|tag| set.get(*tag)).for_each(|element| named.put(element.clone()));
    gone.put_ascii(tags::SCHEDULED_PROCEDURE_STEP_STATUS, VR::CS, "CANCELED");
    if let Some(id) = of_step.get(tags::SCHEDULED_PROCEDURE_STEP_ID) {
        gone.put(id.clone());
    }
    named.put_items(tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE, vec![gone]);
    let told = document(&set);
    Some(Item {
        key: hash(&key),
        hash: hash(&told),
        text: told,
        day: text(&of_step, tags::SCHEDULED_PROCEDURE_STEP_START_DATE).replace('.', ""),
        named: document(&named),
    })
}

/// A study; none where it has no UID.
fn study(mut set: DataSet) -> Option<Item> {
    let uid = text(&set, tags::STUDY_INSTANCE_UID);
    if uid.is_empty() {
        return None;
    }
    set.remove(tags::QUERY_RETRIEVE_LEVEL);
    let count = [tags::NUMBER_OF_STUDY_RELATED_SERIES, tags::NUMBER_OF_STUDY_RELATED_INSTANCES];
    let count = count.map(|tag| text(&set, tag)).join("\\");
    let day = text(&set, tags::STUDY_DATE).replace('.', "");
    Some(Item { key: uid, hash: count, text: document(&set), day, named: String::new() })
}

fn document(set: &DataSet) -> String {
    json::to_string(set, &json::Options::default())
}

fn hash(text: &str) -> String {
    let hash = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    hash.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

fn text(set: &DataSet, tag: Tag) -> String {
    let text = set.raw(tag).map(String::from_utf8_lossy).unwrap_or_default();
    text.trim_matches([' ', '\0']).to_owned()
}
