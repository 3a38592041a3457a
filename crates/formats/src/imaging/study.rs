//! A study as observations: which one, how much of it there is, where it is to be seen.

use klinke_dimse::tags;

use super::request::{Observations, State, Told};
use super::texts::Texts;

/// DICOM Study (PS3.16, CID 7015 and others): the value is the Study Instance UID.
pub(super) const STUDY: [&str; 3] = ["113014", "DICOM Study", "DCM"];

/// What is told of a study. Its images are there and nobody has reported them.
pub(super) fn told(set: &Texts<'_>) -> Told {
    let modalities = set.all(tags::MODALITIES_IN_STUDY);
    let begun = set.moment(tags::STUDY_DATE, tags::STUDY_TIME);
    Told {
        state: State { order: "CM", result: "R" },
        modality: modalities.first().cloned().unwrap_or_else(|| set.text(tags::MODALITY)),
        begun,
        ..Told::default()
    }
}

/// Its observations; `link` is where it can be seen.
pub(super) fn observations(set: &Texts<'_>, status: &'static str, link: &str) -> String {
    let mut all = Observations::new(status);
    all.text("ST", &STUDY, &set.text(tags::STUDY_INSTANCE_UID));
    let series = set.text(tags::NUMBER_OF_STUDY_RELATED_SERIES);
    all.text("NM", &["00201206", "Number of Study Related Series", "L"], &series);
    let instances = set.text(tags::NUMBER_OF_STUDY_RELATED_INSTANCES);
    all.text("NM", &["00201208", "Number of Study Related Instances", "L"], &instances);
    let modalities = set.all(tags::MODALITIES_IN_STUDY).join(" ");
    all.text("ST", &["00080061", "Modalities in Study", "L"], &modalities);
    all.text("ST", &["00081030", "Study Description", "L"], &set.text(tags::STUDY_DESCRIPTION));
    link_to(&mut all, link);
    all.written()
}

/// A reference pointer (RP) to where it can be seen.
pub(super) fn link_to(all: &mut Observations, link: &str) {
    if !link.is_empty() {
        let pointer = super::line::joined([link, "", "AP", "HTML"]);
        all.add("RP", &["LINK", "Images", "L"], pointer, |line| line);
    }
}
