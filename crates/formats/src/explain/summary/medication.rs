//! Medication and vaccination: RDE, RDS, RGV, RAS (HL7 v2.5.1 chapter 4A), VXU (chapter 4).

use klinke_hl7v2::message::Segment;

use super::super::date;
use super::super::person::{Case, staff_of};
use super::super::reader::{filled, text, whole};
use super::super::values::german_number;
use super::{Scene, labelled, list, orders, phrase, shortened};

/// One drug as it was prescribed, dispensed or given.
#[derive(Default)]
struct Drug {
    name: String,
    dose: String,
    route: String,
    timing: String,
}

pub(super) fn tell(scene: &Scene<'_, '_>) -> Vec<String> {
    let [german, english] = match (scene.kind.as_str(), scene.reader.get("ORC", 1).as_str()) {
        ("RDE", "CA" | "OC") => ["wurde die Verordnung storniert", "A prescription was cancelled for"],
        ("RDE", "DC" | "OD") => ["wurde abgesetzt", "Discontinued for"],
        ("RDE", "XO" | "XX" | "RP") => ["wurde die Verordnung geändert", "A prescription was changed for"],
        ("RDE", _) => ["wurde verordnet", "Prescribed for"],
        ("RDS", _) => ["wurde ausgegeben", "Dispensed for"],
        ("RGV", _) => ["soll verabreicht werden", "To be given to"],
        _ => ["wurde verabreicht", "Given to"],
    };
    let drugs: Vec<String> = drugs(scene).iter().map(words).collect();
    let drugs = shortened(scene, filled(drugs), 8);
    if drugs.is_empty() {
        return Vec::new();
    }
    let opening = if scene.reader.is_german() {
        phrase(["Für", &scene.patient.within(Case::Accusative), german])
    } else {
        phrase([english, &scene.patient.at_end(Case::Accusative)])
    };
    let prescribers =
        scene.reader.first("ORC").map(|orc| staff_of(scene.reader, &orc, 12)).unwrap_or_default();
    let givers = scene.reader.first("RXA").map(|rxa| staff_of(scene.reader, &rxa, 10)).unwrap_or_default();
    let ward = scene.ward(3).map(|ward| ward.plain()).unwrap_or_default();
    vec![
        format!("{opening}: {drugs}"),
        labelled(scene.say("Verordnet von", "Prescribed by"), &list(scene, prescribers)),
        labelled(scene.say("Verabreicht von", "Given by"), &list(scene, givers)),
        scene.allergies(),
        labelled(scene.say("Aufenthalt:", "Location:"), &ward),
    ]
}

/// VXU: the vaccinations of a person.
pub(super) fn tell_vaccination(scene: &Scene<'_, '_>) -> Vec<String> {
    let reader = scene.reader;
    let opening = if reader.is_german() {
        phrase(["Impfungen von", &scene.patient.at_end(Case::Dative)])
    } else {
        phrase(["Vaccinations of", &scene.patient.at_end(Case::Dative)])
    };
    let vaccinations = reader.all("RXA").map(|rxa| {
        let vaccine = reader.coded_field(&rxa, 5, "0292");
        let when = date::read(&text(&rxa, 3, 1)).map(|at| date::on(&at, reader.language)).unwrap_or_default();
        let state = match text(&rxa, 20, 1).as_str() {
            "RE" => reader.say("(abgelehnt)", "(refused)"),
            "NA" => reader.say("(nicht durchgeführt)", "(not given)"),
            "PA" => reader.say("(teilweise verabreicht)", "(partially given)"),
            _ => "",
        };
        phrase([&vaccine, &when, state])
    });
    let vaccinations = shortened(scene, filled(vaccinations), 10);
    if vaccinations.is_empty() {
        return Vec::new();
    }
    vec![format!("{opening}: {vaccinations}")]
}

/// The drugs in their sequence; route and timing stand in segments behind or before.
fn drugs(scene: &Scene<'_, '_>) -> Vec<Drug> {
    let reader = scene.reader;
    let mut drugs: Vec<Drug> = Vec::new();
    let mut timing = String::new();
    for segment in &reader.segments {
        match segment.name() {
            "ORC" => timing.clear(),
            "TQ1" => {
                timing = text(segment, 3, 1);
                if let Some(drug) = drugs.last_mut().filter(|drug| drug.timing.is_empty()) {
                    drug.timing.clone_from(&timing);
                }
            }
            // Where there is an encoded order, it says what the pharmacy made of the one that was requested.
            "RXE" | "RXD" | "RXG" | "RXA" => drugs.push(drug(scene, segment, &timing)),
            "RXO" if reader.first("RXE").is_none() && scene.kind == "RDE" => {
                drugs.push(drug(scene, segment, &timing))
            }
            "RXR" => {
                if let Some(drug) = drugs.last_mut() {
                    drug.route = reader.coded_field(segment, 1, "0162");
                }
            }
            _ => {}
        }
    }
    drugs
}

fn drug(scene: &Scene<'_, '_>, segment: &Segment<'_>, timing: &str) -> Drug {
    let reader = scene.reader;
    let (amount, unit) = match segment.name() {
        "RXE" => (3, 5),
        "RXO" => (2, 4),
        "RXD" => (4, 5),
        "RXG" => (5, 7),
        _ => (6, 7),
    };
    let name = if segment.name() == "RXA" {
        reader.coded_field(segment, 5, "0292")
    } else {
        orders::service(scene, segment)
    };
    let number = text(segment, amount, 1);
    let number = if reader.is_german() { german_number(&number) } else { number };
    let when = match segment.name() {
        "RXA" | "RXD" => {
            date::read(&text(segment, 3, 1)).map(|at| date::on(&at, reader.language)).unwrap_or_default()
        }
        // Before 2.5 the timing stands in RXE-1 and RXG-3, its second component.
        "RXE" if timing.is_empty() => text(segment, 1, 2),
        "RXG" if timing.is_empty() => text(segment, 3, 2),
        _ => timing.to_owned(),
    };
    let unit = reader.coded_field(segment, unit, "");
    // Amount 999 or 0 stands for `not known` in RXA-6.
    let dose = if matches!(number.as_str(), "999" | "0" | "") {
        String::new()
    } else {
        filled([number, unit]).join(" ")
    };
    let name = if name.is_empty() { whole(segment, 2) } else { name };
    Drug { name, dose, route: String::new(), timing: when }
}

fn words(drug: &Drug) -> String {
    filled([drug.name.clone(), drug.dose.clone(), drug.route.clone(), drug.timing.clone()]).join(", ")
}
