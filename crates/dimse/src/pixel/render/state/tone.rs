//! From stored values to those of the screen: what the state says in place of the image.

use dicom_core::VR;
use dicom_dictionary_std::tags;

use super::Subject;
use crate::data::{DataSet, Element};
use crate::pixel::layout::{Layout, Numbers, Photometric};
use crate::pixel::render::Picture;
use crate::pixel::render::grey::Modality;
use crate::pixel::render::lut::Lut;

/// What says something of the modality LUT, …
const MODALITY: [dicom_core::Tag; 4] =
    [tags::MODALITY_LUT_SEQUENCE, tags::RESCALE_INTERCEPT, tags::RESCALE_SLOPE, tags::RESCALE_TYPE];
/// … and of the VOI LUT.
const VOI: [dicom_core::Tag; 5] = [
    tags::VOILUT_SEQUENCE,
    tags::WINDOW_CENTER,
    tags::WINDOW_WIDTH,
    tags::WINDOW_CENTER_WIDTH_EXPLANATION,
    tags::VOILUT_FUNCTION,
];

#[derive(Clone)]
pub(super) struct Tone {
    modality: Vec<Element>,
    /// Nothing where all values are shown, from the least that can be to the greatest.
    voi: Option<Vec<Element>>,
    presentation: Presentation,
}

/// The presentation LUT.
#[derive(Clone)]
enum Presentation {
    Identity,
    Inverse,
    Table(Lut),
}

impl Tone {
    pub fn of(set: &DataSet, subject: Subject<'_>) -> Tone {
        let of = |set: &DataSet, tags: &[dicom_core::Tag]| {
            tags.iter().filter_map(|tag| set.get(*tag).cloned()).collect::<Vec<_>>()
        };
        let voi = subject.item(set, tags::SOFTCOPY_VOILUT_SEQUENCE).map(|item| of(item, &VOI));
        let table = set.items(tags::PRESENTATION_LUT_SEQUENCE).first();
        let presentation = match table.and_then(|item| Lut::of(item, false).ok()) {
            Some(lut) => Presentation::Table(lut),
            None if set.ascii(tags::PRESENTATION_LUT_SHAPE) == Some("INVERSE") => Presentation::Inverse,
            None => Presentation::Identity,
        };
        Tone { modality: of(set, &MODALITY), voi: voi.filter(|voi| !voi.is_empty()), presentation }
    }

    /// Puts what the state says in place of what the image says.
    pub fn prepare(&self, set: &mut DataSet, layout: &Layout) {
        for tag in MODALITY.iter().chain(&VOI) {
            set.remove(*tag);
        }
        for element in self.modality.iter().chain(self.voi.iter().flatten()) {
            set.put(element.clone());
        }
        if self.voi.is_none() && layout.numbers != Numbers::Float {
            let (least, greatest) = range(set, layout);
            // Both ends exactly, by the half steps of C.11.2.1.2.1.
            set.put_ds(tags::WINDOW_CENTER, &[(least + greatest + 1.0) / 2.0]);
            set.put_ds(tags::WINDOW_WIDTH, &[greatest - least + 1.0]);
            set.put_ascii(tags::VOILUT_FUNCTION, VR::CS, "LINEAR");
        }
    }

    /// Greys as the presentation LUT gives them.
    pub fn present(&self, picture: &mut Picture, layout: &Layout) {
        if picture.channels != 1 || !layout.photometric.is_grey() {
            return;
        }
        // Whether the least value is white is for the state to say.
        let turned = if layout.photometric == Photometric::Monochrome1 { 255 } else { 0 };
        let shown = |grey: u8| match &self.presentation {
            Presentation::Identity => grey,
            Presentation::Inverse => 255 - grey,
            Presentation::Table(lut) => {
                let last = lut.entries.len() as i64 - 1;
                let place = (i64::from(grey) * last + 127) / 255;
                lut.grey(lut.get(lut.first + place))
            }
        };
        let table: Vec<u8> = (0..=255).map(|grey: u8| shown(grey ^ turned)).collect();
        picture.samples.iter_mut().for_each(|sample| *sample = table[usize::from(*sample)]);
    }
}

/// The least and the greatest value that the modality LUT can give; of a wrong one, which can't be rendered either, those that are stored.
fn range(set: &DataSet, layout: &Layout) -> (f64, f64) {
    let span = 2_f64.powi(i32::from(layout.bits_stored));
    let (low, high) = if layout.is_signed() { (-span / 2.0, span / 2.0 - 1.0) } else { (0.0, span - 1.0) };
    match Modality::of(set, layout) {
        Ok(Modality::Table(lut)) => (0.0, f64::from((1_u32 << lut.bits) - 1)),
        Ok(linear) => {
            let ends = (linear.value(low), linear.value(high));
            (ends.0.min(ends.1), ends.0.max(ends.1))
        }
        Err(_) => (low, high),
    }
}
