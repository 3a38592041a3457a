//! What is known of an attribute of a found entry, as C-FIND and QIDO-RS answer it (PS3.4, C.3.4; PS3.18, 10.6.3.3).

use bytes::Bytes;
use klinke_dimse::data::{DataSet, Element};
use klinke_dimse::{Tag, VR, tags};

use super::{Counts, Found};
use crate::level::Level;

impl Found {
    /// What is known of an attribute: kept at its level or above, or counted.
    pub fn known(&self, tag: Tag) -> Option<Element> {
        let kept = self.attributes.iter().find_map(|set| set.get(tag));
        kept.cloned().or_else(|| counted(tag, self.level, &self.counts))
    }
}

fn counted(tag: Tag, level: Level, counts: &Counts) -> Option<Element> {
    let number = |count: u64, at: Level| (level == at).then(|| text(tag, VR::IS, &count.to_string()));
    let list = |values: &[String], vr| (level >= Level::Study).then(|| text(tag, vr, &values.join("\\")));
    match tag {
        tags::NUMBER_OF_PATIENT_RELATED_STUDIES => number(counts.patient_studies, Level::Patient),
        tags::NUMBER_OF_PATIENT_RELATED_SERIES => number(counts.series, Level::Patient),
        tags::NUMBER_OF_PATIENT_RELATED_INSTANCES => number(counts.instances, Level::Patient),
        tags::NUMBER_OF_STUDY_RELATED_SERIES => number(counts.series, Level::Study),
        tags::NUMBER_OF_STUDY_RELATED_INSTANCES => number(counts.instances, Level::Study),
        tags::NUMBER_OF_SERIES_RELATED_INSTANCES => number(counts.instances, Level::Series),
        tags::MODALITIES_IN_STUDY => list(&counts.modalities, VR::CS),
        tags::SOP_CLASSES_IN_STUDY => list(&counts.classes, VR::UI),
        tags::AVAILABLE_TRANSFER_SYNTAX_UID => Some(text(tag, VR::UI, counts.syntax.as_deref()?)),
        _ => None,
    }
}

fn text(tag: Tag, vr: VR, text: &str) -> Element {
    let mut set = DataSet::new();
    set.put_ascii(tag, vr, text);
    set.remove(tag).unwrap_or_else(|| Element::bytes(tag, vr, Bytes::new()))
}
