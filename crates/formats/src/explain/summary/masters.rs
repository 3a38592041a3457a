//! Master files: MFN and MFK (HL7 v2.5.1 chapter 8).

use super::super::reader::text;
use super::{Scene, answers, count, filled, list};

pub(super) fn tell(scene: &Scene<'_, '_>) -> Vec<String> {
    let reader = scene.reader;
    let Some(mfi) = reader.first("MFI") else { return Vec::new() };
    let file = reader.coded_field(&mfi, 1, "0175");
    let mut changes = Vec::new();
    let actions = [
        (&["MAD"][..], "neu", "added"),
        (&["MUP"], "geändert", "updated"),
        (&["MDL"], "gelöscht", "deleted"),
        (&["MDC"], "außer Kraft gesetzt", "deactivated"),
        (&["MAC"], "wieder in Kraft gesetzt", "reactivated"),
    ];
    for (codes, german, english) in actions {
        let number = reader.all("MFE").filter(|mfe| codes.contains(&text(mfe, 1, 1).as_str())).count();
        if number > 0 {
            let entries = count(number, reader.say("Eintrag", "entry"), reader.say("Einträge", "entries"));
            changes.push(format!("{entries} {}", reader.say(german, english)));
        }
    }
    let is_whole = text(&mfi, 3, 1) == "REP";
    let mut main = match reader.is_german() {
        true => format!(
            "Die Stammdaten „{file}“ werden {}",
            if is_whole { "vollständig ersetzt" } else { "abgeglichen" }
        ),
        false => format!(
            "The master file “{file}” is being {}",
            if is_whole { "replaced as a whole" } else { "updated" }
        ),
    };
    if !changes.is_empty() {
        main += &format!(": {}", list(scene, changes));
    }
    let mut sentences = filled([main]);
    if scene.kind == "MFK" {
        sentences.extend(answers::tell(scene));
    }
    sentences
}
