//! Events as data sets, so that steps, templates and scripts can read them.
//!
//! A study is told like an Instance Availability Notification (PS3.3, B.54): attributes of patient and study, what was requested,
//! and its series with their instances. A performed procedure step is told as it was when it happened.

use klinke_dimse::data::{DataSet, Element};
use klinke_dimse::{Tag, VR, tags};

use super::{Event, Kind};
use crate::archive::Archive;
use crate::error::Result;

/// Private creator of the element that says why there is an event.
pub const REASON_CREATOR: &str = "KLINKE EVENT";
/// The last two digits of that element's tag, in group 0009.
pub const REASON_ELEMENT: u8 = 0x01;

/// A study of the index with all that belongs to it.
#[derive(Debug, Default)]
pub(crate) struct StudyParts {
    /// Attributes of patient and study.
    pub attributes: DataSet,
    /// Each series with its attributes and instances: SOP class and UID.
    pub series: Vec<(DataSet, Vec<(String, String)>)>,
}

impl Archive {
    /// What an event tells, with texts in UTF-8.
    ///
    /// A study is told as it is now; of one that is no longer there only the UID is left.
    pub fn event_document(&self, kind: Kind, event: &Event) -> Result<DataSet> {
        let title = &self.shared.options.title;
        let (mut set, study, accession) = match kind {
            Kind::Instance | Kind::Study => {
                let set = study(self.shared.index.study_parts(&event.uid)?, &event.uid, title);
                let accession = text(&set, tags::ACCESSION_NUMBER);
                (set, event.uid.clone(), accession)
            }
            Kind::Availability => {
                let set = event.attributes.clone();
                let accession = text(&set, tags::ACCESSION_NUMBER);
                (set, event.uid.clone(), accession)
            }
            Kind::Performed => {
                let mut set = event.attributes.clone();
                set.put_ascii(tags::SOP_INSTANCE_UID, VR::UI, &event.uid);
                let first = set.items(tags::SCHEDULED_STEP_ATTRIBUTES_SEQUENCE).first();
                let told = |tag| first.map(|item| text(item, tag)).unwrap_or_default();
                let (study, accession) = (told(tags::STUDY_INSTANCE_UID), told(tags::ACCESSION_NUMBER));
                (set, study, accession)
            }
        };
        let mut requests = self.shared.index.steps_of(&study, &accession)?;
        // Two houses may have one accession number: patients are never mixed.
        let patient = text(&set, tags::PATIENT_ID);
        let is_of = |id: &str| id == patient || id.is_empty() || patient.is_empty();
        requests.retain(|step| is_of(&text(step, tags::PATIENT_ID)));
        if !requests.is_empty() {
            set.put_items(tags::REFERENCED_REQUEST_SEQUENCE, requests.iter().map(request).collect());
        }
        set.put_ascii(Tag(0x0009, 0x0010), VR::LO, REASON_CREATOR);
        set.put_ascii(Tag(0x0009, 0x1000 | u16::from(REASON_ELEMENT)), VR::CS, &event.why);
        set.put_ascii(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192");
        Ok(set)
    }
}

fn text(set: &DataSet, tag: Tag) -> String {
    crate::text::first(set, tag).unwrap_or_default().to_owned()
}

fn study(parts: Option<StudyParts>, uid: &str, title: &str) -> DataSet {
    let parts = parts.unwrap_or_default();
    let mut set = parts.attributes;
    set.put_ascii(tags::STUDY_INSTANCE_UID, VR::UI, uid);
    put_title(&mut set, title);
    let mut modalities: Vec<&str> = Vec::new();
    for (series, _) in &parts.series {
        let modality = crate::text::first(series, tags::MODALITY).unwrap_or_default();
        if !modality.is_empty() && !modalities.contains(&modality) {
            modalities.push(modality);
        }
    }
    set.put_ascii(tags::MODALITIES_IN_STUDY, VR::CS, &modalities.join("\\"));
    let count = parts.series.iter().map(|(_, instances)| instances.len()).sum::<usize>();
    set.put_ascii(tags::NUMBER_OF_STUDY_RELATED_SERIES, VR::IS, &parts.series.len().to_string());
    set.put_ascii(tags::NUMBER_OF_STUDY_RELATED_INSTANCES, VR::IS, &count.to_string());
    let items = parts.series.into_iter().map(|(series, instances)| one_series(series, &instances, title));
    set.put_items(tags::REFERENCED_SERIES_SEQUENCE, items.collect());
    set
}

fn put_title(set: &mut DataSet, title: &str) {
    if !title.is_empty() {
        set.put_ascii(tags::RETRIEVE_AE_TITLE, VR::AE, title);
    }
}

fn one_series(mut series: DataSet, instances: &[(String, String)], title: &str) -> DataSet {
    let count = instances.len().to_string();
    series.put_ascii(tags::NUMBER_OF_SERIES_RELATED_INSTANCES, VR::IS, &count);
    let item = |(class, uid): &(String, String)| {
        let mut item = DataSet::new();
        item.put_ascii(tags::REFERENCED_SOP_CLASS_UID, VR::UI, class);
        item.put_ascii(tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, uid);
        item.put_ascii(tags::INSTANCE_AVAILABILITY, VR::CS, "ONLINE");
        put_title(&mut item, title);
        item
    };
    series.put_items(tags::REFERENCED_SOP_SEQUENCE, instances.iter().map(item).collect());
    series
}

/// What was requested, out of a step of the worklist (PS3.3, Table C.17-3: Referenced Request Sequence).
fn request(step: &DataSet) -> DataSet {
    const WANTED: &[Tag] = &[
        tags::ACCESSION_NUMBER,
        tags::ISSUER_OF_ACCESSION_NUMBER_SEQUENCE,
        tags::STUDY_INSTANCE_UID,
        tags::REQUESTING_PHYSICIAN,
        tags::REQUESTING_SERVICE,
        tags::REQUESTED_PROCEDURE_ID,
        tags::REQUESTED_PROCEDURE_DESCRIPTION,
        tags::REQUESTED_PROCEDURE_CODE_SEQUENCE,
        tags::PLACER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST,
        tags::FILLER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST,
        tags::ADMISSION_ID,
    ];
    let mut item: DataSet = WANTED.iter().filter_map(|tag| step.get(*tag)).cloned().collect();
    let scheduled = step.items(tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE).first();
    let moved = [tags::SCHEDULED_PROCEDURE_STEP_ID, tags::SCHEDULED_PROCEDURE_STEP_DESCRIPTION];
    let of_step = moved.iter().filter_map(|tag| scheduled?.get(*tag).cloned());
    of_step.collect::<Vec<Element>>().into_iter().for_each(|element| item.put(element));
    item
}
