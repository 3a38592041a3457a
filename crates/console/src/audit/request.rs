//! What is asked of the audit log.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::log::{Log, Wanted};
use super::saw;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Ask {
    /// Entries.
    List(Wanted),
    /// Entries that leave Klinke, the oldest first.
    Export(Wanted),
    /// Who has seen a patient.
    WhoSaw {
        /// The patient's identifier.
        patient: String,
        /// Within which time.
        #[serde(default)]
        wanted: Wanted,
    },
    /// Whether the chain is whole.
    Verify {
        /// A seal that was told earlier: `number:hash`.
        #[serde(default)]
        noted: Option<String>,
    },
}

impl Ask {
    /// The patient that is asked about.
    pub fn patient(&self) -> Option<&str> {
        match self {
            Ask::WhoSaw { patient, .. } => Some(patient),
            _ => None,
        }
    }

    /// A word for the entry that this leaves.
    pub fn word(&self) -> &'static str {
        match self {
            Ask::List(_) => "list",
            Ask::Export(_) => "export",
            Ask::WhoSaw { .. } => "who-saw",
            Ask::Verify { .. } => "verify",
        }
    }
}

/// Answers from a log. Blocks.
pub fn answer(log: &Log, ask: &Ask) -> Result<Value, String> {
    let told = |error: klinke_store::Error| error.to_string();
    let value = |value: serde_json::Result<Value>| value.map_err(|error| error.to_string());
    match ask {
        Ask::List(wanted) | Ask::Export(wanted) => {
            value(serde_json::to_value(log.read(wanted).map_err(told)?))
        }
        Ask::WhoSaw { patient, wanted } => {
            if patient.trim().is_empty() {
                return Err("whose data? name the patient's identifier".to_owned());
            }
            value(serde_json::to_value(saw::report(log, patient, wanted.clone()).map_err(told)?))
        }
        Ask::Verify { noted } => {
            let noted = noted.as_ref().map(|text| text.trim().parse()).transpose()?;
            let ends = log.ends().map_err(told)?;
            let (entries, faults) = log.check(noted).map_err(told)?;
            let (start, head) = (ends.start.to_string(), ends.head.to_string());
            Ok(json!({ "entries": entries, "start": start, "head": head, "faults": faults }))
        }
    }
}
