//! A performed procedure step as the status of an order.

use klinke_dimse::tags;

use super::request::{Observations, State, Told};
use super::study::{STUDY, link_to};
use super::texts::Texts;

/// What is told of a performed procedure step.
pub(super) fn told(set: &Texts<'_>) -> Told {
    let state = match set.text(tags::PERFORMED_PROCEDURE_STEP_STATUS).as_str() {
        "COMPLETED" => State { order: "CM", result: "R" },
        "DISCONTINUED" => State { order: "DC", result: "X" },
        _ => State { order: "IP", result: "I" },
    };
    let begun =
        set.moment(tags::PERFORMED_PROCEDURE_STEP_START_DATE, tags::PERFORMED_PROCEDURE_STEP_START_TIME);
    let ended = set.moment(tags::PERFORMED_PROCEDURE_STEP_END_DATE, tags::PERFORMED_PROCEDURE_STEP_END_TIME);
    let changed = if ended.is_empty() { begun.clone() } else { ended.clone() };
    Told { state, begun, ended, changed, modality: set.text(tags::MODALITY), ..Told::default() }
}

/// Its observations: how it stands, why it was broken off, how many instances it made.
pub(super) fn observations(set: &Texts<'_>, told: &Told, link: &str) -> String {
    let mut all = Observations::new(told.state.result);
    let scheduled = set.item(tags::SCHEDULED_STEP_ATTRIBUTES_SEQUENCE);
    let study = scheduled.map(|item| item.text(tags::STUDY_INSTANCE_UID)).unwrap_or_default();
    all.text("ST", &STUDY, &study);
    let status = set.text(tags::PERFORMED_PROCEDURE_STEP_STATUS);
    all.text("ST", &["00400252", "Performed Procedure Step Status", "L"], &status);
    if let Some(code) = set.code(tags::PERFORMED_PROCEDURE_STEP_DISCONTINUATION_REASON_CODE_SEQUENCE) {
        let name = ["00400281", "Performed Procedure Step Discontinuation Reason", "L"];
        all.add("CE", &name, super::line::joined(&code), |line| line);
    }
    let station = set.text(tags::PERFORMED_STATION_AE_TITLE);
    all.text("ST", &["00400241", "Performed Station AE Title", "L"], &station);
    let lists = [tags::REFERENCED_IMAGE_SEQUENCE, tags::REFERENCED_NON_IMAGE_COMPOSITE_SOP_INSTANCE_SEQUENCE];
    let series = set.items(tags::PERFORMED_SERIES_SEQUENCE);
    let count: usize = series.flat_map(|one| lists.map(|tag| one.set.items(tag).len())).sum();
    if count > 0 {
        all.text("NM", &["00201208", "Number of Instances", "L"], &count.to_string());
    }
    link_to(&mut all, link);
    all.written()
}
