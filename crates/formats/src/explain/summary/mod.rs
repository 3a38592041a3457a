//! The first paragraph: what happened to whom, when and where, and who sent it to whom.
//!
//! One file for each family of messages, one line for each in [`FAMILIES`].

mod admission;
mod answers;
mod appointments;
mod charges;
mod documents;
mod generic;
mod masters;
mod medication;
mod merges;
mod orders;
mod queries;
mod results;

use klinke_hl7v2::message::Segment;

use super::date;
use super::deviations::sentence;
use super::person::Person;
use super::place::Ward;
use super::reader::{Reader, filled, text};

/// What the families tell: sentences, without a full stop where it is to be put there.
type Tell = fn(&Scene<'_, '_>) -> Vec<String>;

const FAMILIES: &[(&[&str], Tell)] = &[
    (&["ADT"], admission::tell),
    (
        &["ORM", "OMG", "OML", "OMI", "OMS", "OMN", "OMD", "OMP", "OMB", "OPL", "OSM", "OSU", "OMQ"],
        orders::tell,
    ),
    (
        &[
            "ORR", "ORG", "ORL", "ORI", "ORS", "ORN", "ORD", "ORB", "OPR", "RRE", "RRD", "RRG", "RRA", "RRP",
            "ORP",
        ],
        orders::tell_answer,
    ),
    (&["ORU", "OUL", "OPU", "ORF"], results::tell),
    (&["SIU"], appointments::tell),
    (&["SRM"], appointments::tell_request),
    (&["SRR"], appointments::tell_answer),
    (&["MDM"], documents::tell),
    (&["DFT", "BAR"], charges::tell),
    (&["MFN", "MFK"], masters::tell),
    (&["ACK", "MCF"], answers::tell),
    (&["QBP", "QRY", "QSB", "QVR", "VXQ", "OSQ", "QCN"], queries::tell),
    (
        &["RSP", "RTB", "RDY", "ADR", "DSR", "VXX", "VXR", "OSR", "RCI", "RCL", "RPI", "RPL"],
        queries::tell_answer,
    ),
    (&["RDE", "RDS", "RGV", "RAS"], medication::tell),
    (&["VXU"], medication::tell_vaccination),
    (&["REF", "RRI"], generic::tell_referral),
];

/// A message about to be told.
struct Scene<'r, 'a> {
    reader: &'r Reader<'a>,
    /// MSH-9.1 in capitals.
    kind: String,
    /// MSH-9.2 in capitals, else EVN-1.
    event: String,
    patient: Person,
    /// Whether PV1-2 does not say otherwise than that the patient is on a ward.
    is_inpatient: bool,
}

/// The first paragraph of one message.
pub(super) fn paragraph(reader: &Reader<'_>) -> String {
    let scene = Scene::of(reader);
    let patients = patients(&scene);
    let told = if patients.len() < 2 {
        let told = scene.tell();
        let numbers = sentence(&scene.numbers(&told));
        filled([told, numbers]).join(" ")
    } else {
        let each = patients.iter().take(PATIENTS_MAX).map(|reader| {
            let scene = Scene::of(reader);
            let told = scene.tell();
            let numbers = sentence(&scene.numbers(&told));
            filled([told, numbers]).join(" ")
        });
        let each = filled(each).join(" ");
        let count = patients.len();
        let several = match (reader.is_german(), count > PATIENTS_MAX) {
            (true, false) => format!("Diese Nachricht handelt von {count} Patienten."),
            (false, false) => format!("This message is about {count} patients."),
            (true, true) => {
                format!("Diese Nachricht handelt von {count} Patienten, hier von den ersten {PATIENTS_MAX}.")
            }
            (false, true) => format!(
                "This message is about {count} patients, of whom the first {PATIENTS_MAX} are told here."
            ),
        };
        filled([several, each]).join(" ")
    };
    let sender = sentence(&scene.sender(&told));
    filled([told, sender]).join(" ")
}

/// Most patients of one message that are told of in the first paragraph.
const PATIENTS_MAX: usize = 5;

/// The message once for each of its patients, so that nobody gets another one's results. Events of ADT and answers to
/// queries name several people in one breath.
fn patients<'a>(scene: &Scene<'_, 'a>) -> Vec<Reader<'a>> {
    const TOGETHER: [&str; 9] = ["ADT", "ACK", "RSP", "RTB", "ADR", "VXX", "RCI", "RCL", "RPI"];
    if TOGETHER.contains(&scene.kind.as_str()) {
        return Vec::new();
    }
    let segments = &scene.reader.segments;
    let starts = (0..segments.len()).filter(|index| segments[*index].name() == "PID");
    let starts: Vec<usize> = starts.collect();
    let Some(first) = starts.first() else { return Vec::new() };
    let ends = starts.iter().skip(1).copied().chain([segments.len()]);
    let parts = starts.iter().zip(ends).map(|(start, end)| {
        let part = segments[..*first].iter().chain(&segments[*start..end]);
        scene.reader.with(part.copied().collect())
    });
    parts.collect()
}

/// A few words that name the message: its type, event and control ID.
pub(super) fn title(reader: &Reader<'_>) -> String {
    let [kind, event] = [1, 2].map(|component| reader.component("MSH", 9, component));
    let names = filled([kind.clone(), event.clone()]).join("^");
    let about = reader.dictionary.event_text(&kind, &event).unwrap_or_default().to_owned();
    let about = if about.is_empty() { reader.meaning("0076", &kind) } else { about };
    let control = reader.get("MSH", 10);
    let control =
        if control.is_empty() { control } else { format!("{} {control}", reader.say("Nr.", "no.")) };
    filled([names, if about == kind { String::new() } else { about }, control]).join(", ")
}

/// What is to be said beside the paragraph.
pub(super) fn notes(reader: &Reader<'_>) -> Vec<String> {
    let note = match reader.get("MSH", 11).to_ascii_uppercase().as_str() {
        "T" => reader
            .say("Testnachricht: MSH-11 ist T (Schulung und Test).", "Test message: MSH-11 is T (training)."),
        "D" => {
            reader.say("Testnachricht: MSH-11 ist D (Fehlersuche).", "Test message: MSH-11 is D (debugging).")
        }
        _ => "",
    };
    filled([note.to_owned()])
}

impl<'r, 'a> Scene<'r, 'a> {
    fn of(reader: &'r Reader<'a>) -> Self {
        let event = reader.component("MSH", 9, 2).to_ascii_uppercase();
        let pid = reader.first("PID");
        Self {
            reader,
            kind: reader.get("MSH", 9).to_ascii_uppercase(),
            event: if event.is_empty() { reader.get("EVN", 1).to_ascii_uppercase() } else { event },
            patient: pid.map_or_else(|| Person::nobody(reader.language), |pid| Person::of(reader, &pid)),
            is_inpatient: !matches!(reader.get("PV1", 2).as_str(), "O" | "E" | "P" | "R" | "B" | "C"),
        }
    }

    /// What happened, in sentences.
    fn tell(&self) -> String {
        let family = FAMILIES.iter().find(|(kinds, _)| kinds.contains(&self.kind.as_str()));
        let mut sentences = family.map(|(_, tell)| tell(self)).unwrap_or_default();
        if sentences.is_empty() {
            sentences = generic::tell(self);
        }
        filled(sentences.iter().map(|text| sentence(text))).join(" ")
    }

    /// The word of the reader's language.
    fn say<'t>(&self, german: &'t str, english: &'t str) -> &'t str {
        self.reader.say(german, english)
    }

    /// `am 24.11.2026 um 14:05 Uhr` from the first of these places that has a date, empty where none has.
    fn when(&self, places: &[(&str, usize)]) -> String {
        let mut dates =
            places.iter().filter_map(|(segment, field)| date::read(&self.reader.get(segment, *field)));
        dates.next().map(|at| date::on(&at, self.reader.language)).unwrap_or_default()
    }

    /// `für den 24.11.2026` from the first of these places that has a date.
    fn planned(&self, places: &[(&str, usize)]) -> String {
        let mut dates =
            places.iter().filter_map(|(segment, field)| date::read(&self.reader.get(segment, *field)));
        dates.next().map(|at| date::planned(&at, self.reader.language)).unwrap_or_default()
    }

    /// A ward, room and bed of PV1.
    fn ward(&self, field: usize) -> Option<Ward> {
        Ward::of(self.reader, self.reader.first("PV1").as_ref(), field, self.is_inpatient)
    }

    /// `Patientennummer 4711, Fallnummer 2026001`, as far as they were not told yet.
    fn numbers(&self, told: &str) -> String {
        let is_told =
            |number: &str| told.split([' ', ',', ';', '.', ':', '(', ')']).any(|word| word == number);
        let new = |number: String| if is_told(&number) { String::new() } else { number };
        let (reader, case) = (self.reader, new(self.case_number()));
        let patients = reader.all("PID").count();
        if patients > 1 || matches!(self.kind.as_str(), "ACK" | "MCF") {
            return String::new();
        }
        let number = new(self.patient.number.clone());
        let number = labelled(reader.say("Patientennummer", "Patient number"), &number);
        let label = if number.is_empty() {
            reader.say("Fallnummer", "Visit number")
        } else {
            reader.say("Fallnummer", "visit number")
        };
        filled([number, labelled(label, &case)]).join(", ")
    }

    /// PV1-19, else PID-18.
    fn case_number(&self) -> String {
        let visit = self.reader.get("PV1", 19);
        if visit.is_empty() { self.reader.get("PID", 18) } else { visit }
    }

    /// `Gesendet von KIS (ST-ELISABETH) an RIS (RADIO) am 24.11.2026 um 14:05 Uhr`
    fn sender(&self, told: &str) -> String {
        let reader = self.reader;
        let (mut from, mut to) = (self.party(3), self.party(5));
        // An answer names both in its first sentence.
        if told.starts_with(&from) && told.contains(&to) && !from.is_empty() {
            (from, to) = (String::new(), String::new());
        }
        let when = self.when(&[("MSH", 7)]);
        if from.is_empty() && to.is_empty() && when.is_empty() {
            return String::new();
        }
        let from = labelled(reader.say("von", "by"), &from);
        let to = labelled(reader.say("an", "to"), &to);
        filled([reader.say("Gesendet", "Sent").to_owned(), from, to, when]).join(" ")
    }

    /// The application in this field of MSH with its facility in the next one.
    fn party(&self, field: usize) -> String {
        let [application, facility] = [field, field + 1].map(|field| self.reader.get("MSH", field));
        match (application.is_empty(), facility.is_empty() || application == facility) {
            (true, _) => facility,
            (false, true) => application,
            (false, false) => format!("{application} ({facility})"),
        }
    }

    /// `behandelt von Dr. …` as a sentence of its own; empty where PV1 names nobody.
    fn doctors(&self) -> String {
        let Some(pv1) = self.reader.first("PV1") else { return String::new() };
        let doctors = |field| self::list(self, super::person::staff_of(self.reader, &pv1, field));
        labelled(self.say("Behandelnder Arzt:", "Attending doctor:"), &doctors(7))
    }

    /// The diagnoses of DG1.
    fn diagnoses(&self) -> String {
        let diagnoses = self.reader.all("DG1").map(|diagnosis| self.diagnosis(&diagnosis));
        let diagnoses = filled(diagnoses);
        let label = match (self.reader.is_german(), diagnoses.len()) {
            (true, 1) => "Diagnose:",
            (true, _) => "Diagnosen:",
            (false, 1) => "Diagnosis:",
            (false, _) => "Diagnoses:",
        };
        labelled(label, &shortened(self, diagnoses, 6))
    }

    fn diagnosis(&self, segment: &Segment<'_>) -> String {
        let coded = self.reader.coded_field(segment, 3, "");
        let code = text(segment, 3, 1);
        let description = text(segment, 4, 1);
        let words = if coded == code && !description.is_empty() { description } else { coded };
        match (words.is_empty(), code.is_empty() || code == words) {
            (true, _) => text(segment, 4, 1),
            (false, true) => words,
            (false, false) => format!("{words} ({code})"),
        }
    }

    /// The allergies of AL1 and IAM.
    fn allergies(&self) -> String {
        let reader = self.reader;
        let mut allergies = Vec::new();
        for segment in reader.segments.iter().filter(|it| matches!(it.name(), "AL1" | "IAM")) {
            let to = reader.coded_field(segment, 3, "");
            let severity = inner(&reader.coded_field(segment, 4, "0128"));
            let details = filled([severity, text(segment, 5, 1)]).join(", ");
            allergies.push(if details.is_empty() || to.is_empty() {
                to
            } else {
                format!("{to} ({details})")
            });
        }
        labelled(self.say("Allergien:", "Allergies:"), &shortened(self, filled(allergies), 8))
    }
}

/// `label value`, or nothing where there is no value.
fn labelled(label: &str, value: &str) -> String {
    if value.is_empty() { String::new() } else { format!("{label} {value}") }
}

/// The parts that are there with spaces between them.
fn phrase<'t>(parts: impl IntoIterator<Item = &'t str>) -> String {
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(" ")
}

/// `a, b und c`
fn list(scene: &Scene<'_, '_>, mut items: Vec<String>) -> String {
    let last = items.pop().unwrap_or_default();
    if items.is_empty() { last } else { format!("{} {} {last}", items.join(", "), scene.say("und", "and")) }
}

/// `a; b; c und 4 weitere`
fn shortened(scene: &Scene<'_, '_>, mut items: Vec<String>, most: usize) -> String {
    let more = items.len().saturating_sub(most);
    items.truncate(most);
    let text = items.join("; ");
    match more {
        0 => text,
        1 => format!("{text} {}", scene.say("und 1 weiteres", "and 1 more")),
        _ => format!("{text} {} {more} {}", scene.say("und", "and"), scene.say("weitere", "more")),
    }
}

/// A text within brackets or behind a colon: `Severe` as `severe`, but `CT` and German nouns as they are.
fn inner(text: &str) -> String {
    let mut letters = text.chars();
    match (letters.next(), letters.next()) {
        (Some(first), Some(second)) if second.is_lowercase() && text.is_ascii() && !text.contains('(') => {
            first.to_lowercase().chain([second]).chain(letters).collect()
        }
        _ => text.to_owned(),
    }
}

/// `1 Wert`, `3 Werte`
fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}
