//! Who is seen, and how the image was made, in its corners (PS3.18, section 8.3.5.1.1).

use dicom_dictionary_std::tags;

use super::draw::{self, Frame};
use super::mark::Side;
use crate::charset::{Charset, Rules};
use crate::data::DataSet;
use crate::pixel::render::Picture;

/// Text in the corners of a picture.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Caption {
    /// Upper left.
    patient: Vec<String>,
    /// Lower left.
    technique: Vec<String>,
}

/// It is of a patient.
impl std::fmt::Debug for Caption {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Caption({} and {} lines)", self.patient.len(), self.technique.len())
    }
}

impl Caption {
    /// What a data set says of the patient and of the technique, as far as either is wanted.
    pub fn of(set: &DataSet, rules: &Rules, patient: bool, technique: bool) -> Caption {
        let mut caption = Caption::default();
        if patient {
            caption.patient = self::patient(set, &Charset::of(set, rules).0);
        }
        if technique {
            caption.technique = self::technique(set, &Charset::of(set, rules).0);
        }
        caption
    }

    /// Writes it into a picture.
    pub fn write(&self, picture: &mut Picture) {
        let (_, height) = draw::size(picture, &self.technique);
        let below = (f64::from(picture.rows) - height).max(0.0);
        for (lines, top) in [(&self.patient, 0.0), (&self.technique, below)] {
            let frame = Frame { left: 2.0, top, width: 0.0, height: 0.0, side: Side::Left };
            draw::text(picture, lines, &frame, [255; 3]);
        }
    }
}

/// What is there of several words, in one line; no line where nothing is.
fn line(parts: Vec<Option<String>>) -> Option<String> {
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join("  "))
}

fn patient(set: &DataSet, charset: &Charset) -> Vec<String> {
    let text = |tag| set.text(tag, charset).map(|text| text.into_owned());
    let name = set.person_name(tags::PATIENT_NAME, charset).map(|name| name.for_people());
    let born = set.date(tags::PATIENT_BIRTH_DATE).map(|date| format!("*{}", date.for_people()));
    let lines =
        [line(vec![name]), line(vec![text(tags::PATIENT_ID)]), line(vec![born, text(tags::PATIENT_SEX)])];
    lines.into_iter().flatten().collect()
}

fn technique(set: &DataSet, charset: &Charset) -> Vec<String> {
    let text = |tag| set.text(tag, charset).map(|text| text.into_owned());
    let number = |tag, unit: &str| {
        let number = set.float(tag).filter(|number| number.is_finite())?;
        Some(format!("{} {unit}", (number * 100.0).round() / 100.0))
    };
    let numbered = |word: &str, tag| set.int(tag).map(|number| format!("{word} {number}"));
    let date =
        set.date(tags::ACQUISITION_DATE).or_else(|| set.date(tags::STUDY_DATE)).map(|date| date.for_people());
    let time =
        set.time(tags::ACQUISITION_TIME).or_else(|| set.time(tags::STUDY_TIME)).map(|time| time.for_people());
    let lines = [
        line(vec![text(tags::MODALITY), text(tags::BODY_PART_EXAMINED), text(tags::VIEW_POSITION)]),
        line(vec![text(tags::STUDY_DESCRIPTION)]),
        line(vec![text(tags::SERIES_DESCRIPTION)]),
        line(vec![numbered("Se", tags::SERIES_NUMBER), numbered("Im", tags::INSTANCE_NUMBER)]),
        line(vec![
            number(tags::KVP, "kV"),
            number(tags::X_RAY_TUBE_CURRENT, "mA"),
            number(tags::REPETITION_TIME, "ms TR"),
            number(tags::ECHO_TIME, "ms TE"),
            number(tags::SLICE_THICKNESS, "mm"),
        ]),
        line(vec![number(tags::SLICE_LOCATION, "mm SL")]),
        line(vec![date, time]),
    ];
    lines.into_iter().flatten().collect()
}
