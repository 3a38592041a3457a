//! What MDM^T02 has besides other messages (HL7 v2.5.1, section 9.6): the event, a visit, and the document's header TXA.

use klinke_dimse::tags;

use super::line::Line;
use super::request::Told;
use super::texts::Texts;

/// EVN.
pub(super) fn event(now: &str) -> String {
    Line::new("EVN").put(1, "T02").put(2, now).written()
}

/// PV1 of somebody of whom no visit is known: patient class N, not applicable (HL7 table 0004).
pub(super) fn no_visit() -> String {
    Line::new("PV1").put(1, "1").put(2, "N").written()
}

/// TXA: what document it is (HL7 table 0270: DI, diagnostic imaging), whose orders it answers, and how far it is.
pub(super) fn header(set: &Texts<'_>, told: &Told, request: Option<&Texts<'_>>) -> String {
    let of = |tag| {
        let said = request.map(|one| one.text(tag)).unwrap_or_default();
        if said.is_empty() { set.text(tag) } else { said }
    };
    let filler = of(tags::FILLER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST);
    let filler = if filler.is_empty() { of(tags::ACCESSION_NUMBER) } else { filler };
    let number = set.first(&[tags::SOP_INSTANCE_UID, tags::STUDY_INSTANCE_UID]);
    let (completion, availability) = completion(told.state.result);
    Line::new("TXA")
        .put(1, "1")
        .put(2, "DI")
        .put(3, "TX")
        .put(4, if told.begun.is_empty() { &told.changed } else { &told.begun })
        .put(6, &told.changed)
        .put(12, &number)
        .put(14, &of(tags::PLACER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST))
        .put(15, &filler)
        .put(17, completion)
        .put(19, availability)
        .written()
}

/// TXA-17 (HL7 table 0271) and TXA-19 (table 0273) of the status of a result (table 0123).
fn completion(result: &str) -> (&'static str, &'static str) {
    match result {
        "F" => ("AU", "AV"),
        "P" => ("PA", "AV"),
        "I" => ("IP", "UN"),
        "X" => ("IN", "CA"),
        _ => ("DO", "AV"),
    }
}
