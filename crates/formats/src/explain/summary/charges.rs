//! Accounts, charges, diagnoses for billing: BAR and DFT (HL7 v2.5.1 chapter 6).

use klinke_hl7v2::message::Segment;

use super::super::date;
use super::super::person::Case;
use super::super::reader::{component_of, filled, first_repetition, subcomponent_of, text};
use super::super::values::german_number;
use super::{Scene, labelled, phrase, shortened};

pub(super) fn tell(scene: &Scene<'_, '_>) -> Vec<String> {
    let [german, english] = match (scene.kind.as_str(), scene.event.as_str()) {
        ("DFT", _) if scene.reader.first("FT1").is_some() => {
            ["wurden Leistungen gebucht", "Charges were posted for"]
        }
        ("BAR", "P01") => ["wurde ein Abrechnungskonto angelegt", "A billing account was opened for"],
        ("BAR", "P02") => ["wurde das Abrechnungskonto gelöscht", "The billing account was deleted for"],
        ("BAR", "P05") => ["wurde das Abrechnungskonto geändert", "The billing account was updated for"],
        ("BAR", "P06") => ["wurde das Abrechnungskonto geschlossen", "The billing account was closed for"],
        ("BAR", "P10") => {
            ["wurden Daten zur ambulanten Abrechnung gesendet", "Outpatient billing data were sent for"]
        }
        ("BAR", "P12") => {
            ["wurden Diagnosen und Prozeduren gemeldet", "Diagnoses and procedures were reported for"]
        }
        _ => return Vec::new(),
    };
    let opening = if scene.reader.is_german() {
        phrase(["Für", &scene.patient.within(Case::Accusative), german])
    } else {
        phrase([english, &scene.patient.at_end(Case::Accusative)])
    };
    let charges: Vec<String> = scene.reader.all("FT1").map(|ft1| charge(scene, &ft1)).collect();
    let charges = shortened(scene, filled(charges), 8);
    let opening = if charges.is_empty() { opening } else { format!("{opening}: {charges}") };
    vec![opening, scene.diagnoses(), procedures(scene), insurance(scene)]
}

/// `2 × Röntgen Thorax (5.110) am 24.11.2026, 40,00 EUR`
fn charge(scene: &Scene<'_, '_>, ft1: &Segment<'_>) -> String {
    let reader = scene.reader;
    let quantity = text(ft1, 10, 1);
    let times = if matches!(quantity.as_str(), "" | "1" | "1.0" | "1.00") {
        String::new()
    } else {
        format!("{quantity} ×")
    };
    let [code, procedure] = [7, 25].map(|field| reader.coded_field(ft1, field, ""));
    let mut service = if code.is_empty() { procedure } else { code };
    if service == text(ft1, 7, 1) && !text(ft1, 8, 1).is_empty() {
        service = text(ft1, 8, 1);
    }
    let kind = match text(ft1, 6, 1).as_str() {
        "CR" | "CD" => reader.say("(Storno)", "(credit)"),
        _ => "",
    };
    let when = date::read(&text(ft1, 4, 1)).map(|at| date::on(&at, reader.language)).unwrap_or_default();
    let amount = first_repetition(ft1, 11).map(|part| {
        let (amount, currency) = (component_of(&part, 1), subcomponent_of(&part, 1, 2));
        let amount = if reader.is_german() { german_number(&amount) } else { amount };
        filled([amount, currency]).join(" ")
    });
    let main = phrase([&times, &service, kind, &when]);
    filled([main, amount.unwrap_or_default()]).join(", ")
}

fn procedures(scene: &Scene<'_, '_>) -> String {
    let procedures = scene.reader.all("PR1").map(|pr1| {
        let words = scene.reader.coded_field(&pr1, 3, "");
        let code = text(&pr1, 3, 1);
        let words = if words == code && !text(&pr1, 4, 1).is_empty() { text(&pr1, 4, 1) } else { words };
        let when = date::read(&text(&pr1, 5, 1)).map(|at| date::on(&at, scene.reader.language));
        let code = if code == words || code.is_empty() { String::new() } else { format!("({code})") };
        phrase([words.as_str(), &code, &when.unwrap_or_default()])
    });
    labelled(scene.say("Prozeduren:", "Procedures:"), &shortened(scene, filled(procedures), 6))
}

fn insurance(scene: &Scene<'_, '_>) -> String {
    let companies = scene.reader.all("IN1").map(|in1| {
        let [name, plan] = [text(&in1, 4, 1), scene.reader.coded_field(&in1, 2, "")];
        if name.is_empty() { plan } else { name }
    });
    let mut companies = filled(companies);
    companies.dedup();
    labelled(scene.say("Kostenträger:", "Insurance:"), &shortened(scene, companies, 4))
}
