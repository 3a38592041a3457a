//! Acknowledgments: ACK, MCF and the MSA of any other answer (HL7 v2.5.1 chapter 2, 2.9 and 2.14.8).

use klinke_hl7v2::message::Segment;

use super::super::reader::{component_of, filled, text, whole};
use super::{Scene, labelled, phrase, shortened};

/// Whether a message was taken; nothing where there is no MSA.
pub(super) fn tell(scene: &Scene<'_, '_>) -> Vec<String> {
    let reader = scene.reader;
    let Some(msa) = reader.first("MSA") else { return Vec::new() };
    let [answerer, asker] = [3, 5].map(|field| scene.party(field));
    let nobody = reader.say("Der Empfänger", "The receiver").to_owned();
    let answerer = if answerer.is_empty() { nobody } else { answerer };
    let number = text(&msa, 2, 1);
    let message = phrase([reader.say("die Nachricht", "the message"), &number]);
    let asker = labelled(reader.say("von", "from"), &asker);
    let message = phrase([message.as_str(), &asker]);
    let code = text(&msa, 1, 1).to_ascii_uppercase();
    let [german, english] = match code.as_str() {
        "AA" => ["hat {} angenommen und verarbeitet", "accepted and processed {}"],
        "CA" => [
            "hat {} sicher entgegengenommen; ob sie verarbeitet werden kann, folgt",
            "safely received {}; whether it can be processed will follow",
        ],
        "AE" => ["konnte {} nicht verarbeiten", "could not process {}"],
        "AR" => ["hat {} abgelehnt", "rejected {}"],
        "CE" => ["konnte {} nicht entgegennehmen", "could not receive {}"],
        "CR" => ["hat {} schon bei der Annahme abgelehnt", "rejected {} on arrival"],
        _ => ["hat {} mit einem unbekannten Code beantwortet", "answered {} with an unknown code"],
    };
    let main = format!("{answerer} {}", reader.say(german, english).replace("{}", &message));
    vec![main, reasons(scene, &msa)]
}

/// MSA-3 and the ERR segments, each once.
fn reasons(scene: &Scene<'_, '_>, msa: &Segment<'_>) -> String {
    let errors = scene.reader.all("ERR").map(|err| error(scene, &err));
    let mut reasons = Vec::new();
    for reason in std::iter::once(whole(msa, 3)).chain(errors) {
        if !reason.is_empty() && !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    let is_good = matches!(text(msa, 1, 1).as_str(), "AA" | "CA");
    let label = if is_good { scene.say("Bemerkung:", "Remark:") } else { scene.say("Grund:", "Reason:") };
    labelled(label, &shortened(scene, reasons, 4))
}

/// ERR-8 or ERR-7 for people, else the code of ERR-3; ERR-1 in old versions; with the place of ERR-2.
fn error(scene: &Scene<'_, '_>, err: &Segment<'_>) -> String {
    let reader = scene.reader;
    let code = reader.coded_field(err, 3, "0357");
    let texts = [whole(err, 8), whole(err, 7)];
    let said = texts.into_iter().find(|text| !text.is_empty());
    let mut words = filled([code, said.unwrap_or_default()]);
    words.dedup();
    let place = err.field(2).and_then(|field| field.repetition(1)).map(|place| {
        let [segment, sequence, field] = [1, 2, 3].map(|n| component_of(&place, n));
        let sequence = if matches!(sequence.as_str(), "" | "1") { sequence } else { format!("[{sequence}]") };
        let sequence = if sequence == "1" { String::new() } else { sequence };
        let field = if field.is_empty() { field } else { format!("-{field}") };
        format!("{segment}{sequence}{field}")
    });
    let place = place.filter(|place| !place.is_empty());
    if words.is_empty() {
        // Before 2.5 the whole of it stands in ERR-1: segment, sequence, field, code and text.
        let old = err.field(1).and_then(|field| field.repetition(1));
        let old = old.map(|part| {
            let code = part.component(4).map(|code| {
                let parts = [1, 2]
                    .map(|n| code.subcomponent(n).map(|it| it.text().trim().to_owned()).unwrap_or_default());
                let [number, text] = parts;
                if text.is_empty() && !number.is_empty() { reader.meaning("0357", &number) } else { text }
            });
            let [segment, _, field] = [1, 2, 3].map(|n| component_of(&part, n));
            let place = if field.is_empty() { segment } else { format!("{segment}-{field}") };
            filled([code.unwrap_or_default(), place]).join(", ")
        });
        return old.unwrap_or_default();
    }
    let words = words.join(": ");
    place.map_or(words.clone(), |place| format!("{words} ({place})"))
}
