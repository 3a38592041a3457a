//! The patient and the visit (PID, PV1, AL1), and names of persons.

use klinke_dimse::data::DataSet;
use klinke_dimse::{Tag, VR, tags};
use klinke_hl7v2::Message;
use klinke_hl7v2::message::Segment;

use super::Fault;
use super::fill::{first, put, put_all, repetition, repetitions, text};

/// What is the same in all items of a message.
pub(crate) fn patient(message: &Message) -> Result<DataSet, Fault> {
    let mut set = DataSet::new();
    set.put_ascii(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192");
    let mut has_patient = false;
    let mut allergies = Vec::new();
    for segment in message.segments() {
        match segment.name() {
            "PID" if has_patient => return Err(Fault::at("PID", "the message tells of several patients")),
            "PID" => {
                identity(&mut set, &segment);
                has_patient = true;
            }
            "PV1" => visit(&mut set, &segment),
            "AL1" => allergies.push(first([text(&segment, 3, 2), text(&segment, 3, 1)])),
            _ => {}
        }
    }
    if !has_patient {
        return Err(Fault::at("PID", "the message names no patient"));
    }
    put_all(&mut set, tags::ALLERGIES, VR::LO, &allergies);
    Ok(set)
}

/// Who the patient of a PID is.
pub(super) fn identity(set: &mut DataSet, pid: &Segment<'_>) {
    put(set, tags::PATIENT_ID, VR::LO, &text(pid, 3, 1));
    put(set, tags::ISSUER_OF_PATIENT_ID, VR::LO, &text(pid, 3, 4));
    let others: Vec<DataSet> = (2..=repetitions(pid, 3)).filter_map(|number| other(pid, number)).collect();
    if !others.is_empty() {
        set.put_items(tags::OTHER_PATIENT_I_DS_SEQUENCE, others);
    }
    // XPN has the suffix before the prefix, PN behind it.
    put(set, tags::PATIENT_NAME, VR::PN, &joined([1, 2, 3, 5, 4].map(|part| text(pid, 5, part))));
    let birth: String = text(pid, 7, 1).chars().take(8).collect();
    if birth.len() == 8 && birth.bytes().all(|byte| byte.is_ascii_digit()) {
        put(set, tags::PATIENT_BIRTH_DATE, VR::DA, &birth);
    }
    match text(pid, 8, 1).as_str() {
        sex @ ("M" | "F" | "O") => put(set, tags::PATIENT_SEX, VR::CS, sex),
        "A" | "D" | "X" => put(set, tags::PATIENT_SEX, VR::CS, "O"),
        _ => {}
    }
}

fn other(pid: &Segment<'_>, number: usize) -> Option<DataSet> {
    let id = repetition(pid, 3, number, 1);
    if id.is_empty() {
        return None;
    }
    let mut item = DataSet::new();
    put(&mut item, tags::PATIENT_ID, VR::LO, &id);
    put(&mut item, tags::ISSUER_OF_PATIENT_ID, VR::LO, &repetition(pid, 3, number, 4));
    put(&mut item, tags::TYPE_OF_PATIENT_ID, VR::CS, "TEXT");
    Some(item)
}

fn visit(set: &mut DataSet, pv1: &Segment<'_>) {
    let place: Vec<String> = (1..=3).map(|part| text(pv1, 3, part)).filter(|part| !part.is_empty()).collect();
    put(set, tags::CURRENT_PATIENT_LOCATION, VR::LO, &place.join(" "));
    put(set, tags::ADMISSION_ID, VR::LO, &text(pv1, 19, 1));
    person(set, tags::REFERRING_PHYSICIAN_NAME, pv1, 8);
    // Ambulatory status (HL7 table 0009); pregnancy status 3 is: definitely.
    if (1..=repetitions(pv1, 15)).any(|number| repetition(pv1, 15, number, 1) == "B6") {
        set.put_us(tags::PREGNANCY_STATUS, 3);
    }
}

/// Puts the name of an XCN, unless it is empty or there already.
pub(crate) fn person(set: &mut DataSet, tag: Tag, segment: &Segment<'_>, field: usize) {
    let name = joined([2, 3, 4, 6, 5].map(|part| text(segment, field, part)));
    if set.get(tag).is_none() {
        put(set, tag, VR::PN, &name);
    }
}

/// Components of a name, those at its end left out where they are empty.
fn joined(parts: [String; 5]) -> String {
    let parts = parts.map(|part| part.replace(['^', '='], " "));
    parts.join("^").trim_end_matches('^').to_owned()
}
