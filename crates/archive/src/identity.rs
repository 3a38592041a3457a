//! What the index has to know of an instance.

use klinke_dimse::charset::Rules;
use klinke_dimse::data::DataSet;
use klinke_dimse::tags;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::level::Level;
use crate::text;

/// Who the patient is: what makes two instances be of the same one.
#[derive(Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PatientKey {
    /// Patient ID; may be empty.
    pub identifier: String,
    /// Issuer of Patient ID; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub issuer: String,
    /// Name and birth date, where there is no identifier: else all who came without one would be one patient.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub other: String,
}

/// An instance's place in the information model, and its attributes by level.
#[derive(Clone)]
pub struct Identity {
    /// The patient.
    pub patient: PatientKey,
    /// Study Instance UID.
    pub study: String,
    /// Series Instance UID.
    pub series: String,
    /// SOP Instance UID.
    pub instance: String,
    /// SOP Class UID.
    pub class: String,
    /// Attributes of each level, texts in UTF-8.
    pub attributes: [DataSet; 4],
}

impl Identity {
    /// Reads it from a header. Where the data set has no SOP Instance or SOP Class UID, those of the command count.
    pub fn of(header: &DataSet, class: &str, instance: &str, charset: &Rules) -> Result<Self> {
        let needed = |tag, what: &str| {
            let uid = header.ascii(tag).map(str::to_owned);
            uid.ok_or_else(|| Error::Unfit(format!("it has no {what}")))
        };
        let or = |tag, given: &str| header.ascii(tag).unwrap_or(given).to_owned();
        let attributes = Level::ALL.map(|level| text::kept(header, level.attributes(), charset));
        let identity = Identity {
            patient: PatientKey::of(&attributes[0]),
            study: needed(tags::STUDY_INSTANCE_UID, "Study Instance UID (0020,000D)")?,
            series: needed(tags::SERIES_INSTANCE_UID, "Series Instance UID (0020,000E)")?,
            instance: or(tags::SOP_INSTANCE_UID, instance),
            class: or(tags::SOP_CLASS_UID, class),
            attributes,
        };
        if identity.instance.is_empty() {
            return Err(Error::Unfit("it has no SOP Instance UID (0008,0018)".to_owned()));
        }
        Ok(identity)
    }

    /// The attributes of one level.
    pub fn at(&self, level: Level) -> &DataSet {
        &self.attributes[level as usize]
    }
}

impl PatientKey {
    /// The key of an identifier without an issuer.
    pub fn named(identifier: &str) -> Self {
        PatientKey { identifier: identifier.to_owned(), ..PatientKey::default() }
    }

    /// The key of a patient with these attributes.
    pub fn of(patient: &DataSet) -> Self {
        let get = |tag| text::first(patient, tag).unwrap_or_default().to_owned();
        let identifier = get(tags::PATIENT_ID);
        let other = match identifier.is_empty() {
            true => {
                format!(
                    "{}\\{}",
                    crate::sound::folded(&get(tags::PATIENT_NAME)),
                    get(tags::PATIENT_BIRTH_DATE)
                )
            }
            false => String::new(),
        };
        PatientKey { identifier, issuer: get(tags::ISSUER_OF_PATIENT_ID), other }
    }
}

impl std::fmt::Debug for PatientKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PatientKey(…)")
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity")
            .field("study", &self.study)
            .field("instance", &self.instance)
            .finish_non_exhaustive()
    }
}
