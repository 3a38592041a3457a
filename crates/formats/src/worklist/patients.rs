//! `patients`: what ADT messages tell of patients (HL7 v2.5.1, chapter 3), as the archive takes it.
//!
//! | message | what it is |
//! |---|---|
//! | A01 to A08, A28, A31 | who the patient of PID is now |
//! | A18, A30, A34, A36, A39, A40, A47 | the same, and MRG-1: identifiers that are no longer |
//!
//! A document is a data set as DICOM JSON (PS3.18, Annex F) with the attributes of the patient. Identifiers that are no longer stand in
//! its Original Attributes Sequence (0400,0561), each with its issuer. Identifiers are held against each other by their assigning
//! authority (CX-4): a message that tells of several makes a document for each.
//!
//! Not supported: accounts and visits (A35, A41 to A45, A49, A50), and the deletion of values (`""`), which is passed over.

use klinke_dimse::data::DataSet;
use klinke_dimse::json;
use klinke_dimse::{VR, tags};
use klinke_engine::document::{Document, Format};
use klinke_engine::step::{Context, Step, StepError, Yield};
use klinke_engine::steps::{Built, Reader, Spec, StepKind, Workshop};
use klinke_hl7v2::Message;
use klinke_hl7v2::message::Segment;
use klinke_model::Payload;

use super::fill::{put, repetition, repetitions, text};
use super::{Fault, people};
use crate::hl7v2::Hl7v2Document;
use crate::plain::TextFormat;

/// The most patients of one message.
const PATIENTS_MAX: usize = 100;
const UPDATES: &[&str] = &["A01", "A02", "A03", "A04", "A05", "A06", "A07", "A08", "A28", "A31"];
const MERGES: &[&str] = &["A18", "A30", "A34", "A36", "A39", "A40", "A47"];

pub(crate) const PATIENTS: StepKind = StepKind {
    name: "patients",
    about: "Turns what ADT messages tell of patients (who they are, merges) into DICOM JSON, as the archive takes it.",
    example: "patients = {}",
    build,
    keys: &[],
    any_format: false,
};

#[derive(Debug)]
struct Patients;

fn build(spec: &Spec, _: &Workshop<'_>) -> Built {
    Reader::new(spec)?.end()?;
    Ok(Box::new(Patients))
}

/// An identifier with its assigning authority.
#[derive(PartialEq, Eq)]
struct Identifier {
    id: String,
    authority: String,
}

/// The identifiers of a field of CX.
fn identifiers(segment: &Segment<'_>, field: usize) -> Vec<Identifier> {
    let one = |number| Identifier {
        id: repetition(segment, field, number, 1),
        authority: repetition(segment, field, number, 4),
    };
    let all = (1..=repetitions(segment, field)).map(one);
    all.filter(|one| !one.id.is_empty() && one.id != "\"\"").collect()
}

/// What a message tells of patients; nothing where it is about something else.
pub(super) fn told(message: &Message) -> Result<Option<Vec<DataSet>>, Fault> {
    let header = message.segment(0);
    let part = |component| header.map(|segment| text(&segment, 9, component)).unwrap_or_default();
    let (kind, event) = (part(1), part(2));
    if kind != "ADT" {
        return Err(Fault::at("MSH-9", "who patients are is told by ADT"));
    }
    let is_merge = MERGES.contains(&event.as_str());
    if !is_merge && !UPDATES.contains(&event.as_str()) {
        return Ok(None);
    }
    let mut patients: Vec<(DataSet, Vec<Identifier>, Vec<Identifier>)> = Vec::new();
    for segment in message.segments() {
        match segment.name() {
            "PID" if patients.len() == PATIENTS_MAX => {
                return Err(Fault::at("PID", format!("the message has more than {PATIENTS_MAX} patients")));
            }
            "PID" => {
                let mut set = DataSet::new();
                set.put_ascii(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192");
                people::identity(&mut set, &segment);
                patients.push((set, identifiers(&segment, 3), Vec::new()));
            }
            "MRG" if is_merge => {
                let Some((_, _, retired)) = patients.last_mut() else {
                    return Err(Fault::at("MRG", "no PID stands before it"));
                };
                retired.extend(identifiers(&segment, 1));
            }
            _ => {}
        }
    }
    let mut all = Vec::new();
    for (set, present, retired) in patients {
        if present.is_empty() {
            return Err(Fault::at("PID-3", "the message names no patient"));
        }
        if is_merge && retired.is_empty() {
            return Err(Fault::at("MRG-1", "the message does not say who was merged"));
        }
        all.extend(documents(&set, &present, retired));
    }
    match all.is_empty() {
        true => Err(Fault::at("PID", "the message names no patient")),
        false => Ok(Some(all)),
    }
}

/// A document for each identifier that something is told of: the first, and those whose authority has retired others.
fn documents(set: &DataSet, present: &[Identifier], retired: Vec<Identifier>) -> Vec<DataSet> {
    let mut of: Vec<Vec<Identifier>> = present.iter().map(|_| Vec::new()).collect();
    for one in retired {
        let same = present.iter().position(|here| here.authority == one.authority);
        // Where an authority is left out, the first identifiers belong to each other.
        let place = same.or((one.authority.is_empty() || present[0].authority.is_empty()).then_some(0));
        if let Some(place) = place
            && one.id != present[place].id
        {
            of[place].push(one);
        }
    }
    let wanted =
        present.iter().zip(of).enumerate().filter(|(place, (_, retired))| *place == 0 || !retired.is_empty());
    wanted.map(|(_, (here, retired))| document(set, here, &retired)).collect()
}

fn document(set: &DataSet, here: &Identifier, retired: &[Identifier]) -> DataSet {
    let mut set = set.clone();
    name(&mut set, here);
    let items = retired.iter().map(|one| {
        let (mut item, mut modified) = (DataSet::new(), DataSet::new());
        name(&mut modified, one);
        item.put_items(tags::MODIFIED_ATTRIBUTES_SEQUENCE, vec![modified]);
        item
    });
    let items: Vec<DataSet> = items.collect();
    if !items.is_empty() {
        set.put_items(tags::ORIGINAL_ATTRIBUTES_SEQUENCE, items);
    }
    set
}

fn name(set: &mut DataSet, identifier: &Identifier) {
    set.remove(tags::ISSUER_OF_PATIENT_ID);
    put(set, tags::PATIENT_ID, VR::LO, &identifier.id);
    put(set, tags::ISSUER_OF_PATIENT_ID, VR::LO, &identifier.authority);
}

impl Step for Patients {
    fn kind(&self) -> &'static str {
        PATIENTS.name
    }

    fn gives(&self) -> Option<&'static str> {
        Some(TextFormat.name())
    }

    fn apply(&self, _: &mut Context<'_>, mut document: Box<dyn Document>) -> Result<Yield, StepError> {
        let Some(message) = Hl7v2Document::of(document.as_mut()) else { return Ok(Yield::One(document)) };
        let told = told(message.message()).map_err(|fault| StepError::at(fault.field, fault.text))?;
        let Some(told) = told else {
            return Ok(Yield::End("it does not tell who a patient is".to_owned()));
        };
        // All in one payload: what belongs together is delivered together.
        let texts: Vec<String> =
            told.iter().map(|set| json::to_string(set, &json::Options::default())).collect();
        let text = format!("[{}]", texts.join(","));
        Ok(Yield::One(TextFormat.open(&Payload::new(text.into_bytes()), Some("UTF-8"))?))
    }
}
