//! ADT: patients come, move, go (HL7 v2.5.1 chapter 3).

use super::super::deviations::sentence;
use super::super::person::{Case, Person};
use super::super::place::Ward;
use super::{Scene, filled, labelled, merges, phrase};
use Case::{Dative, Nominative};

pub(super) fn tell(scene: &Scene<'_, '_>) -> Vec<String> {
    if let Some(sentences) = merges::tell(scene) {
        return sentences;
    }
    let main = what_happened(scene);
    if main.is_empty() {
        return Vec::new();
    }
    vec![
        main,
        scene_place(scene),
        discharge(scene),
        scene.doctors(),
        scene.diagnoses(),
        scene.allergies(),
        death(scene),
    ]
}

/// The places of the time of an event, the more exact first.
const EVENT: &[(&str, usize)] = &[("EVN", 6), ("EVN", 2), ("MSH", 7)];

fn what_happened(scene: &Scene<'_, '_>) -> String {
    match scene.event.as_str() {
        "A01" | "A04" | "A05" | "A14" => arrival(scene),
        "A02" | "A03" | "A09" | "A10" | "A15" | "A16" | "A21" | "A22" => movement(scene),
        "A06" | "A07" => change_of_class(scene),
        "A17" => swap(scene),
        _ => of_data(scene),
    }
}

/// Puts a sentence about the patient together: subject, verb, then the parts, then what German has at the end.
fn about(scene: &Scene<'_, '_>, [german, english]: [&str; 2], parts: &[&str], end: &str) -> String {
    let subject = scene.patient.within(Nominative);
    let verb = scene.say(german, english);
    let parts = parts.iter().copied();
    let parts = [subject.as_str(), verb].into_iter().chain(parts);
    if scene.reader.is_german() { phrase(parts.chain([end])) } else { phrase(parts) }
}

fn to(ward: &Option<Ward>) -> String {
    ward.as_ref().map(Ward::to).unwrap_or_default()
}

fn at(ward: &Option<Ward>) -> String {
    ward.as_ref().map(Ward::at).unwrap_or_default()
}

fn from(ward: &Option<Ward>) -> String {
    ward.as_ref().map(Ward::from).unwrap_or_default()
}

fn arrival(scene: &Scene<'_, '_>) -> String {
    let ward = scene.ward(3);
    let class = scene.reader.get("PV1", 2);
    let how = match class.as_str() {
        "E" => scene.say("als Notfall", "as an emergency"),
        "O" => scene.say("ambulant", "as an outpatient"),
        "P" if scene.event != "A05" => scene.say("vorstationär", "for pre-admission care"),
        "I" if ward.is_none() => scene.say("stationär", "as an inpatient"),
        _ => "",
    };
    match scene.event.as_str() {
        "A01" | "A04" => {
            let when = scene.when(&[("PV1", 44), ("EVN", 6), ("EVN", 2), ("MSH", 7)]);
            let verb =
                if scene.event == "A04" { ["wurde", "was registered"] } else { ["wurde", "was admitted"] };
            let end = if scene.event == "A04" && how.is_empty() {
                "zur Behandlung aufgenommen"
            } else {
                "aufgenommen"
            };
            let place = if scene.event == "A04" && !scene.reader.is_german() { at(&ward) } else { to(&ward) };
            // `in den Bereich HNO aufgenommen` is no German; `im Bereich HNO aufgenommen` is.
            let place = if scene.reader.is_german() && !scene.is_inpatient { at(&ward) } else { place };
            let order = if scene.reader.is_german() { [&when, how, &place] } else { [how, &place, &when] };
            about(scene, verb, &order, end)
        }
        _ => {
            let places = [("PV2", 8), ("PV1", 44), ("EVN", 3)];
            let when = if scene.reader.is_german() { scene.planned(&places) } else { scene.when(&places) };
            let purpose = if scene.reader.is_german() {
                phrase(["zur", how_adjective(&class), "Aufnahme"])
            } else {
                String::new()
            };
            let order = if scene.reader.is_german() {
                [&when, purpose.as_str(), &to_place(scene, &ward)]
            } else {
                [how, &to(&ward), &when]
            };
            about(scene, ["ist", "is expected for admission"], &order, "vorgemerkt")
        }
    }
}

fn how_adjective(class: &str) -> &'static str {
    match class {
        "O" => "ambulanten",
        "I" => "stationären",
        _ => "",
    }
}

fn to_place(scene: &Scene<'_, '_>, ward: &Option<Ward>) -> String {
    if scene.is_inpatient { to(ward) } else { at(ward) }
}

fn movement(scene: &Scene<'_, '_>) -> String {
    let when = scene.when(EVENT);
    let (now, before) = (scene.ward(3), scene.ward(6));
    let german = scene.reader.is_german();
    match scene.event.as_str() {
        "A02" => {
            let (from, to) = (from(&before), to(&now));
            let order = if german { [&when, from.as_str(), &to] } else { [from.as_str(), &to, &when] };
            about(scene, ["wurde", "was transferred"], &order, "verlegt")
        }
        "A03" => {
            let when = scene.when(&[("PV1", 45), ("EVN", 6), ("EVN", 2), ("MSH", 7)]);
            let from = from(&now);
            let order = if german { [when.as_str(), &from] } else { [from.as_str(), &when] };
            about(scene, ["wurde", "was discharged"], &order, "entlassen")
        }
        "A09" => {
            let left = before.or(now).map(|ward| ward.plain()).unwrap_or_default();
            let order = if german { [when.as_str(), &left] } else { [left.as_str(), &when] };
            let end = if left.is_empty() { "das Haus verlassen" } else { "verlassen" };
            about(scene, ["hat", "has left"], &order, end)
        }
        "A10" => {
            let place = at(&now);
            let order = if german { [when.as_str(), &place] } else { [place.as_str(), &when] };
            about(scene, ["ist", "has arrived"], &order, "eingetroffen")
        }
        "A15" => {
            let when = scene.when(&[("EVN", 3), ("PV2", 8)]);
            let to = Ward::of(scene.reader, scene.reader.first("PV2").as_ref(), 1, true)
                .or_else(|| Ward::of(scene.reader, scene.reader.first("PV1").as_ref(), 42, true));
            let (from, to) = (from(&now), self::to(&to));
            let order = if german { [&when, from.as_str(), &to] } else { [from.as_str(), &to, &when] };
            about(scene, ["soll", "is to be transferred"], &order, "verlegt werden")
        }
        "A16" => {
            let when = scene.when(&[("PV2", 9), ("EVN", 3)]);
            let from = from(&now);
            let order = if german { [when.as_str(), &from] } else { [from.as_str(), &when] };
            about(scene, ["soll", "is to be discharged"], &order, "entlassen werden")
        }
        "A21" if when.is_empty() => about(scene, ["ist", "is"], &[scene.say("", "on leave")], "beurlaubt"),
        "A21" => about(scene, ["ist seit dem", "has been on leave since"], &[since(&when)], "beurlaubt"),
        _ => about(scene, ["ist", "has returned from leave"], &[&when], "aus der Beurlaubung zurückgekehrt"),
    }
}

/// The date without its preposition.
fn since(when: &str) -> &str {
    when.strip_prefix("am ").or_else(|| when.strip_prefix("on ")).unwrap_or(when)
}

fn change_of_class(scene: &Scene<'_, '_>) -> String {
    let when = scene.when(EVENT);
    let place = at(&scene.ward(3));
    let [german, english] = if scene.event == "A06" {
        ["von der ambulanten in die stationäre Behandlung übernommen", "changed from outpatient to inpatient"]
    } else {
        ["von der stationären in die ambulante Behandlung übernommen", "changed from inpatient to outpatient"]
    };
    let place = if place.is_empty() {
        place
    } else {
        format!("{} {place}", scene.say("und ist jetzt", "and is now"))
    };
    let subject = scene.patient.within(Nominative);
    if scene.reader.is_german() {
        phrase([&subject, "wurde", &when, german, &place])
    } else {
        phrase([&subject, "was", english, &when, &place])
    }
}

fn swap(scene: &Scene<'_, '_>) -> String {
    let people: Vec<_> = scene.reader.all("PID").map(|pid| Person::of(scene.reader, &pid)).collect();
    let [first, .., last] = people.as_slice() else { return String::new() };
    let when = scene.when(EVENT);
    let (first, last) = (first.within(Nominative), last.within(Nominative));
    if scene.reader.is_german() {
        phrase([&first, "und", &last, "haben", &when, "die Betten getauscht"])
    } else {
        phrase([&first, "and", &last, "have swapped beds", &when])
    }
}

/// Events that are about data rather than about the patient's way.
fn of_data(scene: &Scene<'_, '_>) -> String {
    let [german, english] = match scene.event.as_str() {
        "A08" => ["Die Daten von {} wurden {when} geändert", "The data of {} were updated {when}"],
        "A11" => ["Die Aufnahme von {} wurde {when} storniert", "The admission of {} was cancelled {when}"],
        "A12" => ["Die Verlegung von {} wurde {when} storniert", "The transfer of {} was cancelled {when}"],
        "A13" => ["Die Entlassung von {} wurde {when} storniert", "The discharge of {} was cancelled {when}"],
        "A20" => ["Der Bettenstatus wurde {when} geändert", "The bed status was updated {when}"],
        "A23" => ["Der Fall von {} wurde {when} gelöscht", "The visit of {} was deleted {when}"],
        "A25" => [
            "Die geplante Entlassung von {} wurde {when} abgesagt",
            "The planned discharge of {} was called off {when}",
        ],
        "A26" => [
            "Die geplante Verlegung von {} wurde {when} abgesagt",
            "The planned transfer of {} was called off {when}",
        ],
        "A27" => [
            "Die geplante Aufnahme von {} wurde {when} abgesagt",
            "The planned admission of {} was called off {when}",
        ],
        "A28" => [
            "Die Stammdaten von {} wurden {when} neu angelegt",
            "A new person record was added for {} {when}",
        ],
        "A29" => {
            ["Die Stammdaten von {} wurden {when} gelöscht", "The person record of {} was deleted {when}"]
        }
        "A31" => {
            ["Die Stammdaten von {} wurden {when} geändert", "The person record of {} was updated {when}"]
        }
        "A32" => [
            "Die Meldung, dass {nom} eingetroffen sei, wurde {when} zurückgenommen",
            "The arrival of {} was cancelled {when}",
        ],
        "A33" => [
            "Die Meldung, dass {nom} gegangen sei, wurde {when} zurückgenommen",
            "The departure of {} was cancelled {when}",
        ],
        "A38" => {
            ["Die Voraufnahme von {} wurde {when} storniert", "The pre-admission of {} was cancelled {when}"]
        }
        "A52" => [
            "Die Beurlaubung von {} wurde {when} storniert",
            "The leave of absence of {} was cancelled {when}",
        ],
        "A53" => [
            "Die Rückkehr von {} aus der Beurlaubung wurde {when} storniert",
            "The return from leave of {} was cancelled {when}",
        ],
        "A54" => [
            "Der behandelnde Arzt von {} wurde {when} geändert",
            "The attending doctor of {} was changed {when}",
        ],
        "A55" => [
            "Der Wechsel des behandelnden Arztes von {} wurde {when} storniert",
            "The change of attending doctor of {} was cancelled {when}",
        ],
        "A60" => {
            ["Die Allergien von {} wurden {when} aktualisiert", "The allergies of {} were updated {when}"]
        }
        "A61" => [
            "Der hinzugezogene Arzt von {} wurde {when} geändert",
            "The consulting doctor of {} was changed {when}",
        ],
        "A62" => [
            "Der Wechsel des hinzugezogenen Arztes von {} wurde {when} storniert",
            "The change of consulting doctor of {} was cancelled {when}",
        ],
        _ => return String::new(),
    };
    let template = scene.say(german, english);
    let whole = template.replace("{nom}", &scene.patient.within(Nominative));
    let whole = whole.replace("{}", &scene.patient.within(Dative));
    let whole = whole.replace("{when}", &scene.when(EVENT));
    phrase(whole.split_whitespace())
}

/// Where the patient is, for events whose own sentence does not say so.
fn scene_place(scene: &Scene<'_, '_>) -> String {
    let says = [
        "A01", "A02", "A03", "A11", "A27", "A38", "A04", "A05", "A06", "A07", "A09", "A10", "A14", "A15",
        "A16", "A17", "A28", "A29", "A31",
    ];
    if says.contains(&scene.event.as_str()) {
        return String::new();
    }
    let ward = scene.ward(3).map(|ward| ward.plain()).unwrap_or_default();
    labelled(scene.say("Aufenthalt:", "Location:"), &ward)
}

fn discharge(scene: &Scene<'_, '_>) -> String {
    if scene.event != "A03" {
        return String::new();
    }
    let disposition = scene.reader.get("PV1", 36);
    if disposition.is_empty() {
        return String::new();
    }
    let meaning = scene.reader.meaning("0112", &disposition);
    labelled(scene.say("Art der Entlassung:", "Discharge disposition:"), &meaning)
}

fn death(scene: &Scene<'_, '_>) -> String {
    let when = scene.when(&[("PID", 29)]);
    if when.is_empty() && scene.reader.get("PID", 30) != "Y" {
        return String::new();
    }
    sentence(&filled([scene.say("Verstorben", "Deceased").to_owned(), when]).join(" "))
}
