//! ADT events that merge, move, change or link numbers (HL7 v2.5.1 chapter 3, 3.3.30 and on).

use klinke_hl7v2::message::Segment;

use super::super::person::{Case, Person, best_name, patient_number};
use super::super::reader::text;
use super::{Scene, filled, phrase};

/// What kind of number an event is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Number {
    Patient,
    Account,
    Visit,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Act {
    Merged,
    Moved,
    Changed,
}

/// The sentences; none for any other event.
pub(super) fn tell(scene: &Scene<'_, '_>) -> Option<Vec<String>> {
    let (act, number) = match scene.event.as_str() {
        "A18" | "A30" | "A34" | "A36" | "A39" | "A40" => (Act::Merged, Number::Patient),
        "A35" | "A41" => (Act::Merged, Number::Account),
        "A42" => (Act::Merged, Number::Visit),
        "A43" => (Act::Moved, Number::Patient),
        "A44" => (Act::Moved, Number::Account),
        "A45" => (Act::Moved, Number::Visit),
        "A46" | "A47" | "A48" => (Act::Changed, Number::Patient),
        "A49" => (Act::Changed, Number::Account),
        "A50" | "A51" => (Act::Changed, Number::Visit),
        "A24" | "A37" => return Some(link(scene)),
        _ => return None,
    };
    let mut sentences = Vec::new();
    let mut patient = None;
    for segment in &scene.reader.segments {
        match segment.name() {
            "PID" => patient = Some(*segment),
            "MRG" => sentences.extend(pair(scene, act, number, patient, segment)),
            _ => {}
        }
    }
    (!sentences.is_empty()).then_some(sentences)
}

fn pair(
    scene: &Scene<'_, '_>,
    act: Act,
    number: Number,
    patient: Option<Segment<'_>>,
    merge: &Segment<'_>,
) -> Vec<String> {
    let reader = scene.reader;
    let german = reader.is_german();
    let old_patient = first([text(merge, 1, 1), text(merge, 4, 1)]);
    let new_patient = patient.as_ref().map(patient_number).unwrap_or_default();
    let (old, new) = match number {
        Number::Patient => (old_patient.clone(), new_patient.clone()),
        Number::Account => (text(merge, 3, 1), patient.map(|pid| text(&pid, 18, 1)).unwrap_or_default()),
        Number::Visit => {
            // In A45 the visit that moved stands behind its MRG.
            (text(merge, 5, 1), reader.get("PV1", 19))
        }
    };
    let noun = match (number, german) {
        (Number::Patient, true) => "Die Patientennummer",
        (Number::Patient, false) => "Patient number",
        (Number::Account, true) => "Die Abrechnungsnummer",
        (Number::Account, false) => "Account number",
        (Number::Visit, true) => "Die Fallnummer",
        (Number::Visit, false) => "Visit number",
    };
    let unknown = reader.say("(unbekannt)", "(unknown)");
    let known = |text: String| if text.is_empty() { unknown.to_owned() } else { text };
    let main = match act {
        Act::Merged if german => format!(
            "{noun} {} wurde mit {} zusammengeführt; ab jetzt gilt nur noch {}",
            known(old),
            known(new.clone()),
            known(new)
        ),
        Act::Merged => format!(
            "{noun} {} was merged into {}; from now on only {} is valid",
            known(old),
            known(new.clone()),
            known(new)
        ),
        Act::Changed if german => format!("{noun} {} wurde in {} geändert", known(old), known(new)),
        Act::Changed => format!("{noun} {} was changed to {}", known(old), known(new)),
        Act::Moved if number == Number::Patient && german => format!(
            "Die Daten unter der Patientennummer {} wurden zur Patientennummer {} verschoben",
            known(old),
            known(new)
        ),
        Act::Moved if number == Number::Patient => {
            format!("The data of patient number {} were moved to patient number {}", known(old), known(new))
        }
        Act::Moved if german => format!(
            "{noun} {} wurde von der Patientennummer {} zur Patientennummer {} verschoben",
            known(first([old, new])),
            known(old_patient),
            known(new_patient)
        ),
        Act::Moved => format!(
            "{noun} {} was moved from patient number {} to patient number {}",
            known(first([old, new])),
            known(old_patient),
            known(new_patient)
        ),
    };
    let person = patient.map(|pid| Person::of(reader, &pid)).filter(Person::has_name);
    let person = person.map(|person| {
        let former = merge.field(7).map(|field| best_name(&field)).unwrap_or_default();
        let former = if former.is_empty() {
            former
        } else {
            format!("{} {former}", reader.say("bisher geführt als", "formerly recorded as"))
        };
        let whole = reader.say("Es geht um", "This is about");
        let person = person.at_end(Case::Accusative);
        if former.is_empty() {
            phrase([whole, &person])
        } else {
            phrase([whole, &format!("{person},"), &former])
        }
    });
    filled([main, person.unwrap_or_default()])
}

fn first(texts: [String; 2]) -> String {
    texts.into_iter().find(|text| !text.is_empty()).unwrap_or_default()
}

/// A24 and A37: two patients are linked or no longer linked.
fn link(scene: &Scene<'_, '_>) -> Vec<String> {
    let reader = scene.reader;
    let people: Vec<_> = reader
        .all("PID")
        .map(|pid| {
            let person = Person::of(reader, &pid);
            let number = if person.number.is_empty() {
                String::new()
            } else {
                format!(" [{} {}]", reader.say("Patientennummer", "patient number"), person.number)
            };
            person.at_end(Case::Nominative) + &number
        })
        .collect();
    let [one, other, ..] = people.as_slice() else { return Vec::new() };
    let sentence = match (scene.event.as_str(), reader.is_german()) {
        ("A24", true) => format!("Diese Datensätze wurden verknüpft: {one}; {other}"),
        ("A24", false) => format!("These records were linked: {one}; {other}"),
        (_, true) => format!("Die Verknüpfung dieser Datensätze wurde aufgehoben: {one}; {other}"),
        (_, false) => format!("These records are no longer linked: {one}; {other}"),
    };
    vec![sentence]
}
