//! A study of a few tiny slices, a report and key images, as files.

#![allow(clippy::unwrap_used, reason = "tests")]

use klinke_dimse::data::{self, DataSet, Element};
use klinke_dimse::file::Meta;
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::{VR, tags};

/// Its UID.
pub const STUDY: &str = "1.2.4711";

fn instance(class: &str, modality: &str, series: u16, number: u16) -> DataSet {
    let mut set = DataSet::new();
    let (of_series, uid) = (format!("{STUDY}.{series}"), format!("{STUDY}.{series}.{number}"));
    for (tag, vr, text) in [
        (tags::SOP_CLASS_UID, VR::UI, class),
        (tags::SOP_INSTANCE_UID, VR::UI, &uid),
        (tags::STUDY_DATE, VR::DA, "20261129"),
        (tags::MODALITY, VR::CS, modality),
        (tags::SERIES_DESCRIPTION, VR::LO, if modality == "SR" { "Befund" } else { modality }),
        (tags::PATIENT_NAME, VR::PN, "Muster^Berta"),
        (tags::PATIENT_ID, VR::LO, "4711"),
        (tags::STUDY_INSTANCE_UID, VR::UI, STUDY),
        (tags::SERIES_INSTANCE_UID, VR::UI, &of_series),
        (tags::SERIES_NUMBER, VR::IS, &series.to_string()),
        (tags::INSTANCE_NUMBER, VR::IS, &number.to_string()),
    ] {
        set.put_ascii(tag, vr, text);
    }
    set
}

/// A slice whose left half has one value and whose right half another: `viewer.cjs` says which.
pub fn slice(number: u16) -> DataSet {
    let mut set = instance("1.2.840.10008.5.1.4.1.1.2", "CT", 1, number);
    for (tag, vr, text) in [
        (tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2"),
        (tags::RESCALE_INTERCEPT, VR::DS, "-1024"),
        (tags::RESCALE_SLOPE, VR::DS, "1"),
        (tags::WINDOW_CENTER, VR::DS, "40"),
        (tags::WINDOW_WIDTH, VR::DS, "400"),
        (tags::PIXEL_SPACING, VR::DS, "0.5\\0.5"),
        (tags::IMAGE_ORIENTATION_PATIENT, VR::DS, "1\\0\\0\\0\\1\\0"),
    ] {
        set.put_ascii(tag, vr, text);
    }
    for (tag, value) in [
        (tags::SAMPLES_PER_PIXEL, 1),
        (tags::ROWS, 64),
        (tags::COLUMNS, 64),
        (tags::BITS_ALLOCATED, 16),
        (tags::BITS_STORED, 16),
        (tags::HIGH_BIT, 15),
        (tags::PIXEL_REPRESENTATION, 0),
    ] {
        set.put_us(tag, value);
    }
    let value = |place: u16| number * 100 + if place % 64 < 32 { 0 } else { 500 };
    let pixels: Vec<u8> = (0..64 * 64).flat_map(|place| value(place).to_le_bytes()).collect();
    set.put(Element::bytes(tags::PIXEL_DATA, VR::OW, pixels));
    set
}

fn container(mut set: DataSet, items: Vec<DataSet>) -> DataSet {
    set.put_ascii(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192");
    set.put_ascii(tags::VALUE_TYPE, VR::CS, "CONTAINER");
    set.put_items(tags::CONTENT_SEQUENCE, items);
    set
}

/// A report of one sentence.
pub fn report() -> DataSet {
    let mut text = DataSet::new();
    text.put_ascii(tags::VALUE_TYPE, VR::CS, "TEXT");
    text.put(Element::bytes(tags::TEXT_VALUE, VR::UT, "Unauffällig.".as_bytes().to_vec()));
    container(instance("1.2.840.10008.5.1.4.1.1.88.11", "SR", 2, 1), vec![text])
}

/// One of the slices, chosen.
pub fn key_images() -> DataSet {
    let mut reference = DataSet::new();
    reference.put_ascii(tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, &format!("{STUDY}.1.11"));
    let mut image = DataSet::new();
    image.put_ascii(tags::VALUE_TYPE, VR::CS, "IMAGE");
    image.put_items(tags::REFERENCED_SOP_SEQUENCE, vec![reference]);
    container(instance("1.2.840.10008.5.1.4.1.1.88.59", "KO", 3, 1), vec![image])
}

/// Writes one as a file.
pub fn write(folder: &std::path::Path, set: &DataSet) {
    let syntax = TransferSyntax::EXPLICIT;
    let uid = set.ascii(tags::SOP_INSTANCE_UID).unwrap();
    let meta = Meta {
        sop_class: set.ascii(tags::SOP_CLASS_UID).unwrap(),
        sop_instance: uid,
        transfer_syntax: syntax.uid(),
        ..Meta::default()
    };
    let mut bytes = meta.to_bytes();
    bytes.extend(data::write(set, &syntax).unwrap());
    std::fs::write(folder.join(format!("{uid}.dcm")), bytes).unwrap();
}
