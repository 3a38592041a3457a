//! Attributes of a patient in the journal: a data set as DICOM JSON (PS3.18, Annex F).

use klinke_dimse::data::DataSet;
use klinke_dimse::{VR, json, tags};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

const LIMITS: json::Limits = json::Limits { depth: 16, elements: 10_000 };

/// Attributes, texts in UTF-8.
#[derive(Clone, Default, PartialEq)]
pub struct Attributes(pub DataSet);

impl Serialize for Attributes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut set = self.0.clone();
        set.put_ascii(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192");
        serializer.serialize_str(&json::to_string(&set, &json::Options::default()))
    }
}

impl<'de> Deserialize<'de> for Attributes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut set = json::read(&text, &LIMITS).map_err(de::Error::custom)?.set;
        set.remove(tags::SPECIFIC_CHARACTER_SET);
        Ok(Attributes(set))
    }
}

impl std::fmt::Debug for Attributes {
    /// They are a patient's.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Attributes({})", self.0.len())
    }
}
