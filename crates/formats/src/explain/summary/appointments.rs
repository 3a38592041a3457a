//! Appointments: SIU, SRM, SRR (HL7 v2.5.1 chapter 10).

use klinke_hl7v2::message::Segment;

use super::super::date;
use super::super::person::{Case, staff};
use super::super::place::Ward;
use super::super::reader::{component_of, filled, text, whole};
use super::{Scene, answers, labelled, list, phrase, shortened};

pub(super) fn tell(scene: &Scene<'_, '_>) -> Vec<String> {
    if scene.reader.first("SCH").is_none() && scene.reader.first("RGS").is_none() {
        return Vec::new();
    }
    let [german, english] = match scene.event.as_str() {
        "S12" => ["wurde ein Termin vereinbart", "An appointment was made for"],
        "S13" => ["wurde ein Termin verlegt", "An appointment was moved for"],
        "S14" => ["wurde ein Termin geändert", "An appointment was changed for"],
        "S15" => ["wurde ein Termin abgesagt", "An appointment was cancelled for"],
        "S16" => ["wurde ein laufender Termin abgebrochen", "An appointment was discontinued for"],
        "S17" => ["wurde ein Termin gelöscht", "An appointment was deleted for"],
        "S18" | "S19" | "S20" | "S21" | "S22" => {
            ["wurde der Umfang eines Termins geändert", "The services of an appointment were changed for"]
        }
        "S26" => ["ist nicht zum Termin erschienen", "did not come to the appointment"],
        _ => ["gibt es Neues zu einem Termin", "There is news about an appointment for"],
    };
    let mut sentences = vec![opening(scene, german, english)];
    sentences.extend(details(scene));
    sentences
}

/// SRM: somebody asks for an appointment.
pub(super) fn tell_request(scene: &Scene<'_, '_>) -> Vec<String> {
    let [german, english] = match scene.event.as_str() {
        "S01" => ["wird um einen Termin gebeten", "An appointment is requested for"],
        "S02" => ["wird um Verlegung eines Termins gebeten", "Moving an appointment is requested for"],
        "S04" => ["wird um Absage eines Termins gebeten", "Cancelling an appointment is requested for"],
        _ => ["wird um die Änderung eines Termins gebeten", "Changing an appointment is requested for"],
    };
    let mut sentences = vec![opening(scene, german, english)];
    sentences.extend(details(scene));
    sentences
}

/// SRR: the answer to such a request.
pub(super) fn tell_answer(scene: &Scene<'_, '_>) -> Vec<String> {
    let mut sentences = answers::tell(scene);
    sentences.extend(details(scene));
    sentences
}

fn opening(scene: &Scene<'_, '_>, german: &str, english: &str) -> String {
    let what = what(scene);
    let opening = if scene.event == "S26" {
        phrase([scene.patient.within(Case::Nominative).as_str(), scene.say(german, english)])
    } else if scene.reader.is_german() {
        phrase(["Für", &scene.patient.within(Case::Accusative), german])
    } else {
        phrase([english, &scene.patient.at_end(Case::Accusative)])
    };
    if what.is_empty() { opening } else { format!("{opening}: {what}") }
}

/// What it is about, when and how long.
fn what(scene: &Scene<'_, '_>) -> String {
    let services = scene.reader.all("AIS").map(|ais| scene.reader.coded_field(&ais, 3, ""));
    let mut services = filled(services);
    services.dedup();
    let reason = |segment: &str, fields: &[usize]| {
        let segment = scene.reader.first(segment);
        segment.and_then(|it| {
            fields
                .iter()
                .map(|field| scene.reader.coded_field(&it, *field, "0276"))
                .find(|text| !text.is_empty())
        })
    };
    if services.is_empty() {
        services.extend(reason("SCH", &[7, 8, 6]).or_else(|| reason("ARQ", &[7, 8, 6])));
    }
    let when = start(scene).map(|at| date::on(&at, scene.reader.language)).unwrap_or_default();
    let length = length(scene);
    let length = if length.is_empty() { length } else { format!("({length})") };
    phrase([shortened(scene, services, 4).as_str(), &when, &length])
}

fn start(scene: &Scene<'_, '_>) -> Option<klinke_hl7v2::time::Timestamp> {
    let places = [
        ("SCH", 11, 4),
        ("TQ1", 7, 1),
        ("AIS", 4, 1),
        ("AIP", 6, 1),
        ("AIL", 6, 1),
        ("AIG", 8, 1),
        ("ARQ", 11, 1),
    ];
    places.into_iter().find_map(|(segment, field, component)| {
        date::read(&scene.reader.component(segment, field, component))
    })
}

fn length(scene: &Scene<'_, '_>) -> String {
    let reader = scene.reader;
    let places = [("SCH", 9, 10), ("AIS", 7, 8), ("AIP", 9, 10), ("AIL", 9, 10), ("ARQ", 9, 10)];
    let found = places.into_iter().find(|(segment, field, _)| !reader.get(segment, *field).is_empty());
    let Some((segment, field, unit)) = found else { return String::new() };
    let number = reader.get(segment, field);
    let unit = reader.get(segment, unit).to_lowercase();
    let unit = match unit.as_str() {
        "" | "m" | "min" | "mn" | "minutes" | "minute" | "minuten" => reader.say("Minuten", "minutes"),
        "h" | "hr" | "hour" | "hours" | "std" => reader.say("Stunden", "hours"),
        "s" | "sec" | "seconds" => reader.say("Sekunden", "seconds"),
        other => other,
    };
    format!("{number} {unit}")
}

/// Where, with whom, in which state.
fn details(scene: &Scene<'_, '_>) -> Vec<String> {
    let reader = scene.reader;
    let rooms = reader.all("AIL").map(|ail| room(scene, &ail));
    let mut rooms = filled(rooms);
    rooms.dedup();
    let people = reader.all("AIP").map(|aip| {
        let person = aip.field(3).and_then(|field| field.repetition(1)).map(|part| staff(reader, &part));
        person.unwrap_or_default()
    });
    let mut people = filled(people);
    people.dedup();
    let resources = reader.all("AIG").map(|aig| {
        let resource = reader.coded_field(&aig, 3, "");
        if resource.is_empty() { whole(&aig, 4) } else { resource }
    });
    let reason = reader.first("SCH").map(|sch| reader.coded_field(&sch, 6, "")).unwrap_or_default();
    let status = reader.first("SCH").map(|sch| reader.coded_field(&sch, 25, "0278")).unwrap_or_default();
    let number = [reader.get("SCH", 2), reader.get("SCH", 1)].into_iter().find(|number| !number.is_empty());
    vec![
        labelled(scene.say("Ort:", "Place:"), &shortened(scene, rooms, 4)),
        labelled(scene.say("Mit", "With"), &list(scene, people)),
        labelled(scene.say("Geräte und Mittel:", "Equipment:"), &shortened(scene, filled(resources), 4)),
        if matches!(scene.event.as_str(), "S13" | "S14" | "S15" | "S16" | "S26") {
            labelled(scene.say("Grund:", "Reason:"), &reason)
        } else {
            String::new()
        },
        labelled(scene.say("Terminstatus:", "Appointment status:"), &status),
        labelled(scene.say("Terminnummer", "Appointment number"), &number.unwrap_or_default()),
    ]
}

fn room(scene: &Scene<'_, '_>, ail: &Segment<'_>) -> String {
    let place = ail.field(3).and_then(|field| field.repetition(1));
    let described = place.as_ref().map(|place| component_of(place, 9)).unwrap_or_default();
    let ward = place.and_then(|place| Ward::read(scene.reader, &place, false)).map(|ward| ward.plain());
    let kind = text(ail, 4, 2);
    [described, ward.unwrap_or_default(), kind].into_iter().find(|text| !text.is_empty()).unwrap_or_default()
}
