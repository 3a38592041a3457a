//! Orders and the answers to them: ORM, OMG, OML, OMI and their kin (HL7 v2.5.1 chapter 4).

use klinke_hl7v2::message::Segment;

use super::super::date;
use super::super::person::{Case, staff_of};
use super::super::reader::{component_of, first_repetition, text};
use super::{Scene, answers, filled, inner, labelled, list, phrase, shortened};

/// What becomes of an order (ORC-1, table 0119), as far as a sentence tells it apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    New,
    Cancelled,
    Changed,
    Stopped,
    Held,
    Released,
    Status,
}

impl Action {
    fn of(code: &str) -> Self {
        match code {
            "CA" | "OC" | "CR" => Self::Cancelled,
            "XO" | "XX" | "XR" | "RP" | "RU" | "RO" | "RQ" => Self::Changed,
            "DC" | "OD" | "DR" => Self::Stopped,
            "HD" | "OH" | "HR" => Self::Held,
            "RL" | "OE" | "OR" => Self::Released,
            "SC" | "SS" | "SR" | "SN" | "NA" | "OK" | "UA" | "RE" => Self::Status,
            _ => Self::New,
        }
    }
}

/// One order: what was asked for, and how.
struct Order {
    action: Action,
    service: String,
    /// Priority, number, state: what stands in brackets behind the service.
    details: String,
}

pub(super) fn tell(scene: &Scene<'_, '_>) -> Vec<String> {
    let orders = orders(scene);
    if orders.is_empty() {
        return Vec::new();
    }
    let mut sentences = Vec::new();
    for action in [
        Action::New,
        Action::Changed,
        Action::Cancelled,
        Action::Stopped,
        Action::Held,
        Action::Released,
        Action::Status,
    ] {
        let of_action: Vec<String> =
            orders.iter().filter(|order| order.action == action).map(words).collect();
        if !of_action.is_empty() {
            sentences.push(told(scene, action, &shortened(scene, of_action, 8), sentences.is_empty()));
        }
    }
    sentences.extend(circumstances(scene));
    sentences
}

/// ORR, ORL and their kin: whether the other side takes the order.
pub(super) fn tell_answer(scene: &Scene<'_, '_>) -> Vec<String> {
    let mut sentences = answers::tell(scene);
    let services = orders(scene).iter().map(words).collect();
    let patient =
        if scene.patient.has_name() { scene.patient.at_end(Case::Accusative) } else { String::new() };
    let services = shortened(scene, services, 8);
    let between = if patient.is_empty() || services.is_empty() { "" } else { ": " };
    let about = format!("{patient}{between}{services}");
    sentences.push(labelled(scene.say("Es geht um", "This is about"), &about));
    sentences
}

fn words(order: &Order) -> String {
    match (order.service.is_empty(), order.details.is_empty()) {
        (_, true) => order.service.clone(),
        (true, false) => order.details.clone(),
        (false, false) => format!("{} ({})", order.service, order.details),
    }
}

fn told(scene: &Scene<'_, '_>, action: Action, what: &str, is_first: bool) -> String {
    let patient = scene.patient.within(Case::Accusative);
    let when = scene.when(&[("ORC", 9), ("OBR", 6), ("MSH", 7)]);
    let [german, english] = match action {
        Action::New => ["angefordert", "ordered"],
        Action::Changed => ["die Anforderung geändert", "changed"],
        Action::Cancelled => ["storniert", "cancelled"],
        Action::Stopped => ["abgebrochen", "discontinued"],
        Action::Held => ["zurückgestellt", "put on hold"],
        Action::Released => ["wieder freigegeben", "released again"],
        Action::Status if is_first => {
            let patient = scene.patient.at_end(Case::Accusative);
            return format!(
                "{} {patient}: {what}",
                scene.say("Stand der Anforderung für", "Status of the order for")
            );
        }
        Action::Status => {
            return format!(
                "{} {what}",
                scene.say("Stand anderer Anforderungen:", "Status of other orders:")
            );
        }
    };
    match (scene.reader.is_german(), is_first) {
        (true, true) => format!("{}: {what}", phrase(["Für", &patient, "wurde", &when, german])),
        (true, false) => format!("{}: {what}", phrase(["Außerdem wurde", german])),
        (false, true) => format!("{}: {what}", phrase(["For", &patient, "this was", english, &when])),
        (false, false) => format!("{}: {what}", phrase(["This was also", english])),
    }
}

/// The orders in their sequence: each ORC with what follows it, or an OBR without ORC.
fn orders(scene: &Scene<'_, '_>) -> Vec<Order> {
    let mut orders = Vec::new();
    let mut control: Option<Segment<'_>> = None;
    let mut timing: Option<Segment<'_>> = None;
    let mut has_detail = true;
    let segments = &scene.reader.segments;
    for segment in segments {
        match segment.name() {
            "ORC" => {
                if let (Some(orc), false) = (control, has_detail) {
                    orders.push(order(scene, Some(&orc), None, timing.as_ref()));
                }
                (control, timing, has_detail) = (Some(*segment), None, false);
            }
            "TQ1" => timing = Some(*segment),
            "OBR" | "RXO" | "RXE" | "RQD" | "ODS" | "BPO" | "RXD" | "RXG" => {
                orders.push(order(scene, control.as_ref(), Some(segment), timing.as_ref()));
                has_detail = true;
            }
            _ => {}
        }
    }
    if let (Some(orc), false) = (control, has_detail) {
        orders.push(order(scene, Some(&orc), None, timing.as_ref()));
    }
    // TQ1 stands between ORC and OBR in the newer versions and behind OBR in some senders' messages.
    orders
}

fn order(
    scene: &Scene<'_, '_>,
    orc: Option<&Segment<'_>>,
    detail: Option<&Segment<'_>>,
    tq1: Option<&Segment<'_>>,
) -> Order {
    let reader = scene.reader;
    let code = orc.map(|orc| text(orc, 1, 1).to_ascii_uppercase()).unwrap_or_default();
    let service = detail.map(|detail| service(scene, detail)).unwrap_or_default();
    let action = Action::of(&code);
    let number = order_number(orc, detail);
    let number = labelled(reader.say("Auftrag", "order"), &number);
    let mut details = vec![priority(scene, orc, detail, tq1)];
    if action == Action::Status || matches!(code.as_str(), "UA" | "UC" | "UX" | "DE") {
        let state = orc.map(|orc| text(orc, 5, 1)).filter(|state| !state.is_empty());
        details.push(state.map_or_else(
            || inner(&reader.meaning("0119", &code)),
            |state| inner(&reader.meaning("0038", &state)),
        ));
    }
    details.push(number);
    Order { action, service, details: filled(details).join(", ") }
}

/// The number of the one who ordered, else of the one who does it.
fn order_number(orc: Option<&Segment<'_>>, obr: Option<&Segment<'_>>) -> String {
    let obr = obr.filter(|segment| segment.name() == "OBR");
    let places = [(orc, 2), (obr, 2), (orc, 3), (obr, 3)];
    let mut numbers = places.into_iter().filter_map(|(segment, field)| Some(text(segment?, field, 1)));
    numbers.find(|number| !number.is_empty()).unwrap_or_default()
}

/// What was asked for.
pub(super) fn service(scene: &Scene<'_, '_>, segment: &Segment<'_>) -> String {
    let field = match segment.name() {
        "OBR" => 4,
        "RXO" => 1,
        "BPO" | "RXE" | "RXD" => 2,
        "RXG" => 4,
        _ => 3,
    };
    scene.reader.coded_field(segment, field, "")
}

fn priority(
    scene: &Scene<'_, '_>,
    orc: Option<&Segment<'_>>,
    detail: Option<&Segment<'_>>,
    tq1: Option<&Segment<'_>>,
) -> String {
    let obr = detail.filter(|segment| segment.name() == "OBR");
    let places = [(tq1, 9, 1), (obr, 27, 6), (orc, 7, 6), (obr, 5, 1)];
    let mut codes =
        places.into_iter().filter_map(|(segment, field, component)| Some(text(segment?, field, component)));
    let code = codes.find(|code| !code.is_empty()).unwrap_or_default();
    match code.to_ascii_uppercase().as_str() {
        "" | "R" | "ROUTINE" | "N" => String::new(),
        "S" | "STAT" => scene.say("Notfall, sofort", "urgent, at once").to_owned(),
        "A" | "ASAP" => scene.say("so bald wie möglich", "as soon as possible").to_owned(),
        _ => scene.reader.meaning("0485", &code),
    }
}

/// Who ordered it, for when, and why.
pub(super) fn circumstances(scene: &Scene<'_, '_>) -> Vec<String> {
    let reader = scene.reader;
    let people = |segment: &str, field: usize| {
        reader.first(segment).map(|segment| staff_of(reader, &segment, field)).unwrap_or_default()
    };
    let mut requesters = people("ORC", 12);
    if requesters.is_empty() {
        requesters = people("OBR", 16);
    }
    let requested = labelled(scene.say("Angefordert von", "Ordered by"), &list(scene, requesters));
    let planned = [("TQ1", 7, 1), ("OBR", 36, 1), ("OBR", 27, 4), ("ORC", 7, 4)];
    let mut planned = planned
        .into_iter()
        .filter_map(|(segment, field, component)| date::read(&reader.component(segment, field, component)));
    let planned = planned.next().map(|at| date::planned(&at, reader.language)).unwrap_or_default();
    let planned = labelled(scene.say("Gewünscht", "Wanted"), &planned);
    let ward = scene.ward(3).map(|ward| ward.plain()).unwrap_or_default();
    let ward = labelled(scene.say("Aufenthalt:", "Location:"), &ward);
    vec![requested, planned, reason(scene), ward]
}

/// Why, and what the one who does it should know.
fn reason(scene: &Scene<'_, '_>) -> String {
    let Some(obr) = scene.reader.first("OBR") else { return String::new() };
    let reasons = obr
        .field(31)
        .map(|field| field.repetitions().map(|part| scene.reader.coded(Some(part), "")).collect::<Vec<_>>());
    let reasons = shortened(scene, filled(reasons.unwrap_or_default()), 4);
    let information = first_repetition(&obr, 13).map(|part| component_of(&part, 1)).unwrap_or_default();
    let reason = labelled(scene.say("Fragestellung:", "Reason:"), &reasons);
    let information = labelled(scene.say("Klinische Angaben:", "Clinical information:"), &information);
    filled([reason, information].map(|text| super::sentence(&text))).join(" ")
}
