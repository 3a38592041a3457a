//! The report for the data-protection officer: who has seen a patient's data.
//!
//! An entry counts when the patient's identifier stands in it: as one of the patients whose messages were
//! opened, resent, exported or listed by a search, or as what was searched for, whole or by its beginning.
//! What it can't say: whether somebody has seen the patient in what a partner shows, or on a printout.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::entry::Entry;
use super::log::{Line, Log, Wanted};

/// One line of the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Seen {
    /// The entry.
    pub line: Line,
    /// Why it is in the report.
    pub how: How,
}

/// How somebody came to see a patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// Their data were shown.
    Shown,
    /// They were searched for, and nothing of theirs was shown.
    Sought,
}

/// Who has seen the patient with this identifier, the oldest first.
pub fn report(log: &Log, patient: &str, mut wanted: Wanted) -> klinke_store::Result<Vec<Seen>> {
    let limit = wanted.limit.clamp(1, super::log::LINES_MAX);
    wanted.above = Some(wanted.above.unwrap_or(0));
    let mut report = Vec::new();
    log.each(&wanted, &mut |line| {
        if let Some(how) = line.entry.as_ref().and_then(|entry| how(entry, patient)) {
            report.push(Seen { line, how });
        }
        report.len() < limit
    })?;
    Ok(report)
}

/// How an entry shows a patient, if it does.
pub fn how(entry: &Entry, patient: &str) -> Option<How> {
    let patient = patient.trim();
    if patient.is_empty() {
        return None;
    }
    if entry.object.patients.iter().any(|one| is_same(one, patient)) {
        return Some(How::Shown);
    }
    let sought = entry.object.sought.iter().any(|(name, value)| {
        let beginning = value.strip_suffix('*');
        match beginning {
            Some(beginning) => name == "patient" && !beginning.is_empty() && patient.starts_with(beginning),
            // Whoever searched a case, an order or a text for this identifier meant this patient, too.
            None => is_same(value, patient),
        }
    });
    sought.then_some(How::Sought)
}

/// Identifiers are compared as people write them: the case of letters does not matter.
fn is_same(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{Action, Object, Who};

    fn entry(object: Object) -> Entry {
        Entry { object, ..Entry::new(Who::account("anna"), "", Action::Search) }
    }

    #[test]
    fn a_patient_is_found_by_what_was_shown_and_what_was_sought() {
        let shown = |patients: &[&str]| {
            let patients = patients.iter().map(|one| (*one).to_owned()).collect();
            entry(Object { patients, ..Object::default() })
        };
        let sought = |name: &str, value: &str| {
            entry(Object { sought: vec![(name.to_owned(), value.to_owned())], ..Object::default() })
        };
        assert_eq!(how(&shown(&["1", "4711"]), "4711"), Some(How::Shown));
        assert_eq!(how(&shown(&["P4711"]), " p4711 "), Some(How::Shown));
        assert_eq!(how(&shown(&["47110"]), "4711"), None);
        assert_eq!(how(&sought("patient", "4711"), "4711"), Some(How::Sought));
        assert_eq!(how(&sought("patient", "47*"), "4711"), Some(How::Sought));
        assert_eq!(how(&sought("patient", "*"), "4711"), None, "everything is nobody");
        assert_eq!(how(&sought("text", "4711"), "4711"), Some(How::Sought));
        assert_eq!(how(&sought("case", "47*"), "4711"), None);
        assert_eq!(how(&shown(&[""]), ""), None);
    }
}
