//! A study of several instances: references, dates and pseudonyms stay together, by the key and by nothing else.

use klinke_dimse::data::DataSet;
use klinke_dimse::deidentify::{
    Deidentified, Format, Key, Keyed, Kind, Profile, ProfileOption, Pseudonyms, Quarantine, Summary, Table,
    deidentify,
};
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::{VR, tags};

fn image(number: u32, date: &str) -> DataSet {
    let mut set = DataSet::new();
    set.put_ascii(tags::SOP_CLASS_UID, VR::UI, "1.2.840.10008.5.1.4.1.1.2");
    set.put_ascii(tags::SOP_INSTANCE_UID, VR::UI, &format!("1.2.3.4.{number}"));
    set.put_ascii(tags::STUDY_INSTANCE_UID, VR::UI, "1.2.3");
    set.put_ascii(tags::STUDY_DATE, VR::DA, date);
    set.put_ascii(tags::ACQUISITION_DATE_TIME, VR::DT, &format!("{date}235959"));
    set.put_ascii(tags::PATIENT_ID, VR::LO, "4711");
    // One name written in two ways.
    set.put_ascii(tags::PATIENT_NAME, VR::PN, if number == 1 { "Muster^Max" } else { "MUSTER^MAX^^^" });
    set.put_ascii(tags::ACCESSION_NUMBER, VR::SH, "A1");
    let mut reference = DataSet::new();
    reference.put_ascii(tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, "1.2.3.4.1");
    set.put_items(tags::REFERENCED_IMAGE_SEQUENCE, vec![reference]);
    set
}

fn run(set: &DataSet, key: u8, options: &[ProfileOption]) -> Deidentified {
    let profile = Profile::new(Key::new([key; 32]), options);
    deidentify(set, &TransferSyntax::EXPLICIT, &profile, &Keyed::new(Key::new([key; 32])))
}

#[test]
fn references_match_with_one_key_and_not_with_another() {
    let (one, two, other) = (
        run(&image(1, "20240101"), 1, &[]),
        run(&image(2, "20240101"), 1, &[]),
        run(&image(2, "20240101"), 2, &[]),
    );
    let reference = |done: &Deidentified| {
        let items = done.set.items(tags::REFERENCED_IMAGE_SEQUENCE);
        items[0].ascii(tags::REFERENCED_SOP_INSTANCE_UID).map(str::to_owned)
    };
    assert_eq!(reference(&two).as_deref(), one.set.ascii(tags::SOP_INSTANCE_UID));
    for tag in [tags::STUDY_INSTANCE_UID, tags::PATIENT_ID, tags::PATIENT_NAME, tags::ACCESSION_NUMBER] {
        assert_eq!(one.set.ascii(tag), two.set.ascii(tag), "{tag}");
        assert_ne!(one.set.ascii(tag), other.set.ascii(tag), "{tag}");
    }
    assert_ne!(reference(&two), reference(&other));
    assert_eq!(run(&image(2, "20240101"), 1, &[]).set, two.set);
}

#[test]
fn dates_of_a_patient_keep_their_distance() {
    let options = [ProfileOption::RetainModifiedDates];
    let (one, two) = (run(&image(1, "20240228"), 1, &options), run(&image(2, "20240307"), 1, &options));
    let day = |done: &Deidentified| {
        let text = done.set.ascii(tags::STUDY_DATE).expect("moved").to_owned();
        let time = done.set.ascii(tags::ACQUISITION_DATE_TIME).expect("moved").to_owned();
        assert_eq!(time, format!("{text}235959"));
        let number = |range: std::ops::Range<usize>| text[range].parse::<i64>().expect("digits");
        // Days by counting: slow, and not the code under test.
        let is_leap = |year: i64| (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        let length = |year, month| match month {
            2 => 28 + i64::from(is_leap(year)),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        let years: i64 = (1900..number(0..4)).map(|year| 365 + i64::from(is_leap(year))).sum();
        let months: i64 = (1..number(4..6)).map(|month| length(number(0..4), month)).sum();
        years + months + number(6..8)
    };
    assert_eq!(day(&two) - day(&one), 8);
    assert_ne!(one.set.ascii(tags::STUDY_DATE), Some("20240228"));
}

#[test]
fn without_a_patient_dates_move_by_the_study_and_the_instance_is_held() {
    let mut set = image(1, "20240101");
    set.remove(tags::PATIENT_ID);
    set.remove(tags::PATIENT_NAME);
    let done = run(&set, 1, &[ProfileOption::RetainModifiedDates]);
    assert_eq!(done.report.quarantine, [Quarantine::NoPatient]);
    assert!(!done.is_releasable());
}

#[test]
fn pseudonyms_are_those_of_messages_and_lead_back_by_a_table() {
    let keyed =
        Keyed::new(Key::new([1; 32])).with_format(Kind::Visit, Format { prefix: "CASE".into(), letters: 6 });
    assert_eq!(
        run(&image(1, "20240101"), 1, &[]).set.ascii(tags::PATIENT_ID),
        Some(keyed.pseudonym(Kind::PatientId, "4711").as_str())
    );
    assert_eq!(keyed.pseudonym(Kind::Visit, "9").len(), 10);
    assert_ne!(keyed.pseudonym(Kind::PatientId, "1")[1..], keyed.pseudonym(Kind::AccessionNumber, "1")[1..]);
    let table = Table::new(keyed);
    table.insert(Kind::PatientId, "4711", "STUDY-001");
    let profile = Profile::new(Key::new([1; 32]), &[]);
    let done = deidentify(&image(1, "20240101"), &TransferSyntax::EXPLICIT, &profile, &table);
    assert_eq!(done.set.ascii(tags::PATIENT_ID), Some("STUDY-001"));
    assert_eq!(table.original(Kind::PatientId, "STUDY-001").as_deref(), Some("4711"));
    let accession = done.set.ascii(tags::ACCESSION_NUMBER).expect("a pseudonym");
    assert_eq!(table.original(Kind::AccessionNumber, accession).as_deref(), Some("A1"));
    assert!(table.entries().len() >= 3);
    assert!(!format!("{table:?}").contains("4711"));
}

#[test]
fn what_nobody_can_look_into_goes_or_is_held() {
    let put = |tag, value| {
        let mut set = DataSet::new();
        set.put(klinke_dimse::data::Element::bytes(tag, VR::OB, vec![value; 6]));
        set
    };
    let mut set = image(1, "20240101");
    // Pixels in an item, a sequence whose items were not understood, an element that nobody knows.
    set.put_items(tags::REFERENCED_INSTANCE_SEQUENCE, vec![put(tags::PIXEL_DATA, 77)]);
    set.put(klinke_dimse::data::Element::bytes(tags::REQUEST_ATTRIBUTES_SEQUENCE, VR::SQ, vec![77; 6]));
    set.put(klinke_dimse::data::Element::bytes(tags::PROCEDURE_CODE_SEQUENCE, VR::UN, vec![77; 6]));
    set.put(klinke_dimse::data::Element::bytes(klinke_dimse::Tag(0x0008, 0x9999), VR::UN, vec![77; 6]));
    let done = run(&set, 1, &[ProfileOption::CleanDescriptors]);
    let bytes = klinke_dimse::data::write(&done.set, &TransferSyntax::EXPLICIT).expect("written");
    assert!(!bytes.windows(6).any(|window| window == [77; 6]));
    assert!(done.is_releasable());
    // A document.
    let mut document = image(1, "20240101");
    document.put(klinke_dimse::data::Element::bytes(tags::ENCAPSULATED_DOCUMENT, VR::OB, vec![77; 60]));
    document.put(klinke_dimse::data::Element::bytes(
        tags::ENCAPSULATED_DOCUMENT_LENGTH,
        VR::UL,
        vec![60, 0, 0, 0],
    ));
    let done = run(&document, 1, &[]);
    assert_eq!(done.report.quarantine, [Quarantine::EncapsulatedDocument]);
    assert_eq!(done.set.int(tags::ENCAPSULATED_DOCUMENT_LENGTH), Some(2));
    // Sequences without end, and more names than anybody has.
    let mut deep = image(1, "20240101");
    for _ in 0..80 {
        let mut outer = image(1, "20240101");
        outer.put_items(tags::REFERENCED_INSTANCE_SEQUENCE, vec![deep]);
        deep = outer;
    }
    assert_eq!(run(&deep, 1, &[]).report.quarantine, [Quarantine::TooDeep]);
    let person = |number: usize| {
        let mut item = DataSet::new();
        item.put_ascii(tags::PERSON_NAME, VR::PN, &format!("Name{number}"));
        item
    };
    let mut crowd = image(1, "20240101");
    crowd.put_items(tags::REFERENCED_INSTANCE_SEQUENCE, (0..2_000).map(person).collect());
    assert_eq!(run(&crowd, 1, &[]).report.quarantine, [Quarantine::TooManyNames]);
}

#[test]
fn private_elements_are_safe_by_creator_and_number_whatever_their_block() {
    use klinke_dimse::data::Element;
    use klinke_dimse::deidentify::SafePrivate;
    let tag = klinke_dimse::Tag;
    let mut set = image(1, "20240101");
    set.put_ascii(tag(0x0043, 0x0010), VR::LO, "OTHER");
    set.put_ascii(tag(0x0043, 0x0011), VR::LO, "GEMS_PARM_01");
    set.put_ascii(tag(0x0043, 0x0012), VR::LO, "SITE");
    set.put(Element::bytes(tag(0x0043, 0x1027), VR::SH, b"secret".to_vec()));
    set.put(Element::bytes(tag(0x0043, 0x1127), VR::SH, b"0.98:1".to_vec()));
    set.put(Element::bytes(tag(0x0043, 0x1227), VR::UI, b"1.2.3.99".to_vec()));
    set.put(Element::bytes(tag(0x0045, 0x1127), VR::SH, b"no one".to_vec()));
    let mut profile = Profile::new(Key::new([1; 32]), &[ProfileOption::RetainSafePrivate]);
    profile.safe_private = vec![SafePrivate { creator: "SITE".into(), group: 0x0043, elements: vec![0x27] }];
    let done = deidentify(&set, &TransferSyntax::EXPLICIT, &profile, &Keyed::new(Key::new([1; 32])));
    let left: Vec<(u16, u16)> =
        done.set.iter().map(|it| (it.tag.0, it.tag.1)).filter(|it| it.0 % 2 == 1).collect();
    assert_eq!(left, [(0x0043, 0x0011), (0x0043, 0x0012), (0x0043, 0x1127), (0x0043, 0x1227)]);
    assert_eq!(done.set.get(tag(0x0043, 0x1127)), set.get(tag(0x0043, 0x1127)));
    assert!(done.set.ascii(tag(0x0043, 0x1227)).is_some_and(|uid| uid.starts_with("2.25.")));
    assert_eq!((done.report.private_retained, done.report.private_removed), (2, 3));
}

#[test]
fn a_study_is_summed_up() {
    let mut summary = Summary::default();
    for number in 1..=3 {
        summary.add(&run(&image(number, "20240101"), 1, &[]).report);
    }
    let mut unclear = image(4, "20240101");
    unclear.put_ascii(tags::MODALITY, VR::CS, "US");
    unclear.put(klinke_dimse::data::Element::bytes(tags::PIXEL_DATA, VR::OB, vec![0; 4]));
    summary.add(&run(&unclear, 1, &[]).report);
    assert_eq!((summary.instances, summary.quarantined.len()), (4, 1));
    let json = summary.to_json();
    assert!(json.starts_with("{\"instances\":4,"), "{json}");
    assert!(json.contains("\"quarantine\":{\"burned-in-unknown\":1}"), "{json}");
    assert!(
        json.contains(
            "{\"tag\":\"00100020\",\"keyword\":\"PatientID\",\"outcome\":\"pseudonymised\",\"count\":4}"
        ),
        "{json}"
    );
}
