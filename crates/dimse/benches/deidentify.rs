//! Headers of CT images without their patients: how many a second, with the basic profile and with most options.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use klinke_dimse::data::{DataSet, Element};
use klinke_dimse::deidentify::{Key, Keyed, Profile, ProfileOption, deidentify};
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::{Tag, VR, tags};

fn main() {
    divan::main();
}

/// What a CT sends, without pixels: 90 elements, 40 of them private.
fn header() -> DataSet {
    let mut set = DataSet::new();
    #[rustfmt::skip]
    let texts: &[(Tag, VR, &str)] = &[
        (tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 100"), (tags::IMAGE_TYPE, VR::CS, "ORIGINAL\\PRIMARY\\AXIAL"),
        (tags::INSTANCE_CREATION_DATE, VR::DA, "20240229"), (tags::INSTANCE_CREATION_TIME, VR::TM, "101112"),
        (tags::SOP_CLASS_UID, VR::UI, "1.2.840.10008.5.1.4.1.1.2"), (tags::SOP_INSTANCE_UID, VR::UI, "1.3.6.1.4.1.9.1.1"),
        (tags::STUDY_DATE, VR::DA, "20240229"), (tags::SERIES_DATE, VR::DA, "20240229"), (tags::ACQUISITION_DATE, VR::DA, "20240229"),
        (tags::CONTENT_DATE, VR::DA, "20240229"), (tags::STUDY_TIME, VR::TM, "101112"), (tags::SERIES_TIME, VR::TM, "101112"),
        (tags::ACCESSION_NUMBER, VR::SH, "A2024001"), (tags::MODALITY, VR::CS, "CT"), (tags::MANUFACTURER, VR::LO, "ACME"),
        (tags::INSTITUTION_NAME, VR::LO, "Klinikum am See"), (tags::REFERRING_PHYSICIAN_NAME, VR::PN, "Muster^Anna"),
        (tags::STATION_NAME, VR::SH, "CT1"), (tags::STUDY_DESCRIPTION, VR::LO, "CT Thorax nativ"),
        (tags::SERIES_DESCRIPTION, VR::LO, "Thorax 1.5 B70f"), (tags::MANUFACTURER_MODEL_NAME, VR::LO, "Scanner 64"),
        (tags::OPERATORS_NAME, VR::PN, "Beispiel^Bernd"), (tags::PATIENT_NAME, VR::PN, "Mustermann^Erika"),
        (tags::PATIENT_ID, VR::LO, "4711"), (tags::PATIENT_BIRTH_DATE, VR::DA, "19570301"), (tags::PATIENT_SEX, VR::CS, "F"),
        (tags::PATIENT_AGE, VR::AS, "066Y"), (tags::BODY_PART_EXAMINED, VR::CS, "CHEST"), (tags::SLICE_THICKNESS, VR::DS, "1.5"),
        (tags::KVP, VR::DS, "120"), (tags::DEVICE_SERIAL_NUMBER, VR::LO, "12345"), (tags::SOFTWARE_VERSIONS, VR::LO, "V1"),
        (tags::PROTOCOL_NAME, VR::LO, "Thorax"), (tags::CONVOLUTION_KERNEL, VR::SH, "B70f"),
        (tags::STUDY_INSTANCE_UID, VR::UI, "1.3.6.1.4.1.9.1"), (tags::SERIES_INSTANCE_UID, VR::UI, "1.3.6.1.4.1.9.1.2"),
        (tags::STUDY_ID, VR::SH, "S1"), (tags::SERIES_NUMBER, VR::IS, "2"), (tags::INSTANCE_NUMBER, VR::IS, "17"),
        (tags::IMAGE_POSITION_PATIENT, VR::DS, "-180\\-180\\-700"), (tags::FRAME_OF_REFERENCE_UID, VR::UI, "1.3.6.1.4.1.9.3"),
        (tags::IMAGE_COMMENTS, VR::LT, "Dr. Muster bittet um Anruf"), (tags::WINDOW_CENTER, VR::DS, "-600"),
    ];
    texts.iter().for_each(|(tag, vr, text)| set.put_ascii(*tag, *vr, text));
    set.put_us(tags::ROWS, 512);
    set.put_us(tags::COLUMNS, 512);
    set.put_ascii(Tag(0x0019, 0x0010), VR::LO, "GEMS_ACQU_01");
    (0..39).for_each(|at| set.put(Element::bytes(Tag(0x0019, 0x1000 + at), VR::DS, b"1.25".to_vec())));
    let mut reference = DataSet::new();
    reference.put_ascii(tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, "1.3.6.1.4.1.9.1.9");
    set.put_items(tags::REFERENCED_IMAGE_SEQUENCE, vec![reference; 3]);
    set
}

fn run(bencher: Bencher<'_, '_>, options: &[ProfileOption]) {
    let (set, profile) = (header(), Profile::new(Key::new([1; 32]), options));
    let pseudonyms = Keyed::new(Key::new([1; 32]));
    bencher
        .counter(ItemsCount::new(1_usize))
        .bench(|| deidentify(black_box(&set), &TransferSyntax::EXPLICIT, &profile, &pseudonyms));
}

#[divan::bench]
fn basic_profile(bencher: Bencher<'_, '_>) {
    run(bencher, &[]);
}

#[divan::bench]
fn most_options(bencher: Bencher<'_, '_>) {
    run(
        bencher,
        &[
            ProfileOption::CleanDescriptors,
            ProfileOption::CleanGraphics,
            ProfileOption::CleanStructuredContent,
            ProfileOption::RetainModifiedDates,
            ProfileOption::RetainPatientCharacteristics,
            ProfileOption::RetainSafePrivate,
        ],
    );
}
