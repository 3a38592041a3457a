//! Queries and their answers: QBP, QRY, RSP and their kin (HL7 v2.5.1 chapter 5).

use super::super::person::{Case, Person};
use super::super::reader::{component_of, filled};
use super::{Scene, answers, count, labelled, phrase, shortened};

pub(super) fn tell(scene: &Scene<'_, '_>) -> Vec<String> {
    let reader = scene.reader;
    let [asker, asked] = [3, 5].map(|field| scene.party(field));
    let asker = if asker.is_empty() { reader.say("Ein System", "A system").to_owned() } else { asker };
    let topic = topic(scene);
    let main = if reader.is_german() {
        let whom = labelled("bei", &asked);
        let about =
            if topic.is_empty() { "eine Abfrage".to_owned() } else { format!("die Abfrage „{topic}“") };
        phrase([&asker, "stellt", &whom, &about])
    } else {
        let about = if topic.is_empty() { "a query".to_owned() } else { format!("the query “{topic}”") };
        phrase([&asker, "sends", &about, &labelled("to", &asked)])
    };
    let for_whom = if scene.patient.has_name() {
        labelled(scene.say("Es geht um", "It is about"), &scene.patient.at_end(Case::Accusative))
    } else {
        String::new()
    };
    vec![main, labelled(scene.say("Gesucht:", "Looked for:"), &parameters(scene)), for_whom]
}

/// QPD-1, else what the event is called.
fn topic(scene: &Scene<'_, '_>) -> String {
    let reader = scene.reader;
    let event = reader.dictionary.event_text(&scene.kind, &scene.event).unwrap_or_default();
    let named = reader.first("QPD").map(|qpd| reader.coded_field(&qpd, 1, "")).unwrap_or_default();
    if named.is_empty() || named == scene.event { event.to_owned() } else { named }
}

/// What QPD (from field 3) or QRD-8 ask for: `@PID.5.1 MUSTER`.
fn parameters(scene: &Scene<'_, '_>) -> String {
    let mut parameters = Vec::new();
    if let Some(qpd) = scene.reader.first("QPD") {
        for (_, part) in qpd.fields().filter(|(number, _)| *number >= 3) {
            for repetition in part.repetitions().take(20) {
                let components = repetition.components().map(|it| it.plain_text().trim().to_owned());
                let mut components = filled(components);
                if components.first().is_some_and(|first| first.starts_with('@')) {
                    components[0] = components[0].trim_start_matches('@').to_owned() + " =";
                    components.truncate(2);
                }
                parameters.push(components.join(" "));
            }
        }
    }
    if let Some(qrd) = scene.reader.first("QRD") {
        for part in qrd.field(8).iter().flat_map(|field| field.repetitions()).take(20) {
            let person = super::super::person::person_name(&part, 2);
            parameters.push(filled([component_of(&part, 1), person]).join(" "));
        }
    }
    shortened(scene, filled(parameters), 8)
}

pub(super) fn tell_answer(scene: &Scene<'_, '_>) -> Vec<String> {
    let reader = scene.reader;
    let patients: Vec<Person> = reader.all("PID").map(|pid| Person::of(reader, &pid)).collect();
    let [answerer, asker] = [3, 5].map(|field| scene.party(field));
    let topic = topic(scene);
    let topic = if topic.is_empty() {
        topic
    } else {
        format!("{}{topic}{}", reader.say("„", "“"), reader.say("“", "”"))
    };
    let who = if answerer.is_empty() { reader.say("Ein System", "A system").to_owned() } else { answerer };
    let main = if reader.is_german() {
        phrase([&who, "beantwortet die Abfrage", &topic, &labelled("von", &asker)])
    } else {
        phrase([&who, "answers the query", &topic, &labelled("from", &asker)])
    };
    let failed = matches!(reader.get("MSA", 1).as_str(), "AE" | "AR" | "CE" | "CR");
    let outcome = match reader.get("QAK", 2).as_str() {
        "NF" => scene.say("Es wurde nichts gefunden", "Nothing was found").to_owned(),
        "AE" => scene.say("Die Abfrage war fehlerhaft", "The query had an error").to_owned(),
        "AR" => scene.say("Die Abfrage wurde abgelehnt", "The query was rejected").to_owned(),
        _ => found(scene, &patients),
    };
    let mut sentences = vec![main, outcome];
    if failed {
        sentences.extend(answers::tell(scene));
    }
    sentences
}

fn found(scene: &Scene<'_, '_>, patients: &[Person]) -> String {
    if patients.is_empty() {
        return String::new();
    }
    let people = patients.iter().take(5).map(|person| {
        let number = labelled(scene.say("Nr.", "no."), &person.number);
        match (person.has_name(), number.is_empty()) {
            (true, true) => person.at_end(Case::Nominative),
            (true, false) => format!("{}, {number}", person.at_end(Case::Nominative)),
            (false, _) => labelled(scene.say("Patient", "patient"), &number),
        }
    });
    let mut people: Vec<String> = filled(people);
    let number = count(patients.len(), scene.say("Patient", "patient"), scene.say("Patienten", "patients"));
    let verb = match (patients.len(), scene.reader.is_german()) {
        (1, true) => "wurde gefunden",
        (_, true) => "wurden gefunden",
        (1, false) => "was found",
        (_, false) => "were found",
    };
    if patients.len() > 5 {
        people.push(format!("{} {}", patients.len() - 5, scene.say("weitere", "more")));
        return format!("{number} {verb}: {}", people.join("; "));
    }
    format!("{number} {verb}: {}", people.join("; "))
}
