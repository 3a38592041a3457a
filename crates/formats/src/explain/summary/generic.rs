//! What can be said of any message: its event and whom it is about; and referrals (HL7 v2.5.1 chapter 11).

use super::super::person::{Case, best_name};
use super::super::reader::filled;
use super::{Scene, answers, labelled, phrase, results};

pub(super) fn tell(scene: &Scene<'_, '_>) -> Vec<String> {
    let mut sentences = vec![event(scene)];
    if scene.patient.has_name() {
        let whom = scene.patient.at_end(Case::Accusative);
        sentences.push(labelled(scene.say("Es geht um", "It is about"), &whom));
    }
    sentences.extend(answers::tell(scene));
    sentences.extend(results::contents(scene));
    sentences
}

fn event(scene: &Scene<'_, '_>) -> String {
    let reader = scene.reader;
    let names = filled([scene.kind.clone(), scene.event.clone()]).join("^");
    // The text of an event says something only for a message type that exists.
    let known = reader.dictionary.value_text("0076", &scene.kind);
    let text = known.and_then(|_| reader.dictionary.event_text(&scene.kind, &scene.event));
    match (text.or(known), names.is_empty(), reader.is_german()) {
        (Some(text), _, true) => format!("Nachricht „{text}“ ({names})"),
        (Some(text), _, false) => format!("Message “{text}” ({names})"),
        (None, false, true) => format!("Nachricht der Art {names}, die der Standard nicht kennt"),
        (None, false, false) => format!("Message of type {names}, which the standard does not know"),
        (None, true, true) => "Nachricht, die ihre Art nicht nennt (MSH-9 ist leer)".to_owned(),
        (None, true, false) => "Message that does not say its type (MSH-9 is empty)".to_owned(),
    }
}

/// REF and RRI: who refers whom to whom.
pub(super) fn tell_referral(scene: &Scene<'_, '_>) -> Vec<String> {
    let reader = scene.reader;
    let provider = |role: &str| {
        let mut providers = reader.all("PRD");
        let provider = providers.find(|prd| super::text(prd, 1, 1) == role);
        provider.and_then(|prd| Some(best_name(&prd.field(2)?))).unwrap_or_default()
    };
    let [from, to] = [provider("RP"), provider("RT")];
    let [german, english] = match scene.event.as_str() {
        "I13" => ["Die Überweisung von {} wurde geändert", "The referral of {} was changed"],
        "I14" => ["Die Überweisung von {} wurde storniert", "The referral of {} was cancelled"],
        "I15" => [
            "Es wird nach dem Stand der Überweisung von {} gefragt",
            "The status of the referral of {} is asked for",
        ],
        _ => ["", ""],
    };
    let from = labelled(reader.say("von", "by"), &from);
    let to = labelled(reader.say("an", "to"), &to);
    let main = if german.is_empty() {
        let subject = scene.patient.within(Case::Nominative);
        if reader.is_german() {
            phrase([&subject, "wurde", &from, &to, "überwiesen"])
        } else {
            phrase([&subject, "was referred", &from, &to])
        }
    } else {
        let patient = scene.patient.within(Case::Dative);
        let whole = reader.say(german, english).replace("{}", &patient);
        phrase([whole.as_str()])
    };
    let reason = reader.first("RF1").map(|rf1| reader.coded_field(&rf1, 10, "0336")).unwrap_or_default();
    vec![main, labelled(scene.say("Grund:", "Reason:"), &reason), scene.diagnoses()]
}
