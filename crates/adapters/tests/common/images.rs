//! Instances to send.

use klinke_dimse::data::{self, DataSet, Element};
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::{VR, file, tags};

pub const CT: &str = "1.2.840.10008.5.1.4.1.1.2";

/// A small CT image.
pub fn image(patient: &str, study: &str, series: &str, instance: &str) -> DataSet {
    let mut set = DataSet::new();
    let mut put = |tag, vr, text: &str| set.put_ascii(tag, vr, text);
    put(tags::SOP_CLASS_UID, VR::UI, CT);
    put(tags::SOP_INSTANCE_UID, VR::UI, instance);
    put(tags::STUDY_DATE, VR::DA, "20261129");
    put(tags::ACCESSION_NUMBER, VR::SH, &format!("A{patient}"));
    put(tags::MODALITY, VR::CS, "CT");
    put(tags::PATIENT_NAME, VR::PN, &format!("Muster^{patient}"));
    put(tags::PATIENT_ID, VR::LO, patient);
    put(tags::STUDY_INSTANCE_UID, VR::UI, study);
    put(tags::SERIES_INSTANCE_UID, VR::UI, series);
    put(tags::INSTANCE_NUMBER, VR::IS, "1");
    put(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2");
    for (tag, value) in [
        (tags::SAMPLES_PER_PIXEL, 1),
        (tags::ROWS, 64),
        (tags::COLUMNS, 64),
        (tags::BITS_ALLOCATED, 16),
        (tags::BITS_STORED, 12),
        (tags::HIGH_BIT, 11),
        (tags::PIXEL_REPRESENTATION, 0),
    ] {
        set.put_us(tag, value);
    }
    set.put(Element::bytes(tags::PIXEL_DATA, VR::OW, pixels(1)));
    set
}

/// Pixels of so many frames.
pub fn pixels(frames: u16) -> Vec<u8> {
    (0..frames)
        .flat_map(|frame| (0..64_u16 * 64).flat_map(move |at| ((at + frame * 7) % 4096).to_le_bytes()))
        .collect()
}

/// The bytes of a file of Part 10.
pub fn part10(set: &DataSet, syntax: &TransferSyntax) -> Vec<u8> {
    let meta = file::Meta {
        sop_class: set.ascii(tags::SOP_CLASS_UID).unwrap_or_default(),
        sop_instance: set.ascii(tags::SOP_INSTANCE_UID).unwrap_or_default(),
        transfer_syntax: syntax.uid(),
        ..file::Meta::default()
    };
    let mut bytes = meta.to_bytes();
    bytes.extend(data::write(set, syntax).expect("a data set"));
    bytes
}
