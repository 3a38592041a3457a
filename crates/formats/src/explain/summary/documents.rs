//! Documents: MDM (HL7 v2.5.1 chapter 9).

use super::super::date;
use super::super::person::{Case, staff_of};
use super::super::reader::filled;
use super::{Scene, labelled, list, phrase, results};

pub(super) fn tell(scene: &Scene<'_, '_>) -> Vec<String> {
    let Some(txa) = scene.reader.first("TXA") else { return Vec::new() };
    let [german, english] = match scene.event.as_str() {
        "T01" | "T02" => ["liegt ein neues Dokument vor", "There is a new document for"],
        "T03" | "T04" => {
            ["hat sich der Stand eines Dokuments geändert", "The status of a document changed for"]
        }
        "T05" | "T06" => {
            ["liegt ein Nachtrag zu einem Dokument vor", "There is an addendum to a document for"]
        }
        "T07" | "T08" => ["wurde ein Dokument überarbeitet", "A document was edited for"],
        "T09" | "T10" => ["wurde ein Dokument durch ein neues ersetzt", "A document was replaced for"],
        "T11" => ["wurde ein Dokument zurückgezogen", "A document was withdrawn for"],
        _ => ["gibt es Neues zu einem Dokument", "There is news about a document for"],
    };
    let kind = scene.reader.coded_field(&txa, 2, "0270");
    let opening = if scene.reader.is_german() {
        phrase(["Für", &scene.patient.within(Case::Accusative), german])
    } else {
        phrase([english, &scene.patient.at_end(Case::Accusative)])
    };
    let opening = if kind.is_empty() { opening } else { format!("{opening}: {kind}") };
    let reader = scene.reader;
    let when = [4, 6, 7].into_iter().find_map(|field| date::read(&reader.get("TXA", field)));
    let when = when.map(|at| format!("{} {}", reader.say("vom", "dated"), date::plain(&at, reader.language)));
    let status = reader.meaning("0271", &reader.get("TXA", 17));
    let authors =
        [9, 5, 11].into_iter().map(|field| staff_of(reader, &txa, field)).find(|people| !people.is_empty());
    let signers = list(scene, staff_of(reader, &txa, 22));
    let mut sentences = vec![
        filled([opening, when.unwrap_or_default()]).join(" "),
        labelled(scene.say("Verfasst von", "Written by"), &list(scene, authors.unwrap_or_default())),
        labelled(scene.say("Unterschrieben von", "Signed by"), &signers),
        labelled(scene.say("Stand:", "Status:"), &status),
        labelled(scene.say("Dokumentnummer", "Document number"), &reader.get("TXA", 12)),
        labelled(
            scene.say("Ersetzt oder ergänzt Dokument", "Replaces or adds to document"),
            &reader.get("TXA", 13),
        ),
        labelled(scene.say("Datei:", "File:"), &reader.get("TXA", 16)),
    ];
    sentences.extend(results::contents(scene));
    sentences
}
