//! A set of our own with planted identities and its answer key, scored in the words of the MIDI challenge.

use klinke_dimse::charset::Charset;
use klinke_dimse::data::{DataSet, Element, write};
use klinke_dimse::deidentify::{
    Deidentified, Key, Keyed, Kind, Outcome, Profile, ProfileOption, TextPolicy, deidentify,
};
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::{Tag, VR, tags};

use Midi::{DateShifted, Removed, Replaced, Retained, TextRemoved, TextRetained, UidChanged};

/// What is to become of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Midi {
    Removed,
    Replaced,
    Retained,
    UidChanged,
    DateShifted,
    TextRemoved,
    TextRetained,
}

/// Whatever of these is left anywhere in the bytes is a leak, in any case, in ISO 8859-1 and in UTF-8.
const SECRETS: &[&str] = &[
    "Müller",
    "Mueller",
    "Jörg",
    "Joerg",
    "KH-0815-4711",
    "08154711",
    "19570301",
    "01.03.1957",
    "Schwarzenegger",
    "Arnold",
    "Katzenjammer",
    "Berta",
    "ACC2024001",
    "Sonnenberg",
    "Lindenallee",
    "1234567",
    "example.org",
    "SN99887766",
    "CTRAUM2",
    "1.3.6.1.4.1.99999",
    "20240229",
    "HANDSCHRIFT",
    "66Y",
    "ORDER-5599",
];

/// Tag, VR, value; what the basic profile does; what is done with the options of [`OPTIONS`].
type Row = (Tag, VR, &'static str, Midi, Midi);

#[rustfmt::skip]
const KEY: &[Row] = &[
    (tags::SOP_CLASS_UID, VR::UI, "1.2.840.10008.5.1.4.1.1.2", Retained, Retained),
    (tags::SOP_INSTANCE_UID, VR::UI, "1.3.6.1.4.1.99999.1.1.1", UidChanged, UidChanged),
    (tags::STUDY_DATE, VR::DA, "20240229", Replaced, DateShifted),
    (tags::CONTENT_DATE, VR::DA, "20240229", Replaced, DateShifted),
    (tags::ACQUISITION_DATE_TIME, VR::DT, "20240229101112.25+0100", Replaced, DateShifted),
    (tags::STUDY_TIME, VR::TM, "101112", Replaced, Retained),
    (tags::ACCESSION_NUMBER, VR::SH, "ACC2024001", Replaced, Replaced),
    (tags::MODALITY, VR::CS, "CT", Retained, Retained),
    (tags::MANUFACTURER, VR::LO, "ACME", Retained, Retained),
    (tags::INSTITUTION_NAME, VR::LO, "Klinikum Sonnenberg", Replaced, Replaced),
    (tags::INSTITUTION_ADDRESS, VR::ST, "Lindenallee 3", Removed, Removed),
    (tags::REFERRING_PHYSICIAN_NAME, VR::PN, "Schwarzenegger^Arnold^^Dr.", Replaced, Replaced),
    (tags::STATION_NAME, VR::SH, "CTRAUM2", Replaced, Replaced),
    (tags::STUDY_DESCRIPTION, VR::LO, "CT Thorax Müller, Jörg geb. 01.03.1957", Removed, TextRemoved),
    (tags::SERIES_DESCRIPTION, VR::LO, "Thorax 1.5mm B70f", Removed, TextRetained),
    (tags::OPERATORS_NAME, VR::PN, "Katzenjammer^Berta", Replaced, Replaced),
    (tags::ADMITTING_DIAGNOSES_DESCRIPTION, VR::LO, "Husten, zugew. Dr. Anders", Removed, TextRemoved),
    (tags::PATIENT_NAME, VR::PN, "Müller^Jörg^Karl", Replaced, Replaced),
    (tags::PATIENT_ID, VR::LO, "KH-0815-4711", Replaced, Replaced),
    (tags::PATIENT_BIRTH_DATE, VR::DA, "19570301", Replaced, Replaced),
    (tags::PATIENT_SEX, VR::CS, "M", Replaced, Retained),
    (tags::PATIENT_WEIGHT, VR::DS, "82.5", Removed, Retained),
    (tags::PATIENT_ADDRESS, VR::LO, "Lindenallee 3", Removed, Removed),
    (tags::PATIENT_TELEPHONE_NUMBERS, VR::SH, "030 1234567", Removed, Removed),
    (tags::ALLERGIES, VR::LO, "Penicillin; sagt Berta Katzenjammer", Removed, TextRemoved),
    (tags::PATIENT_COMMENTS, VR::LT, "Anruf 030/1234567, j@example.org, 0815-4711", Removed, TextRemoved),
    (tags::KVP, VR::DS, "120", Retained, Retained),
    (tags::DEVICE_SERIAL_NUMBER, VR::LO, "SN99887766", Replaced, Replaced),
    (tags::PROTOCOL_NAME, VR::LO, "Müller", Replaced, TextRemoved),
    (tags::STUDY_INSTANCE_UID, VR::UI, "1.3.6.1.4.1.99999.1", UidChanged, UidChanged),
    (tags::FRAME_OF_REFERENCE_UID, VR::UI, "1.3.6.1.4.1.99999.2", UidChanged, UidChanged),
    (tags::INSTANCE_NUMBER, VR::IS, "7", Retained, Retained),
    (tags::STUDY_ID, VR::SH, "ORDER-5599", Replaced, Replaced),
    (tags::IMAGE_COMMENTS, VR::LT, "ok", Removed, TextRetained),
    (Tag(0x0009, 0x1001), VR::LO, "Müller", Removed, Removed),
    (Tag(0x0043, 0x1027), VR::SH, "0.984:1", Removed, Retained),
    (Tag(0x0043, 0x1028), VR::SH, "Jörg", Removed, Removed),
];

const OPTIONS: &[ProfileOption] = &[
    ProfileOption::CleanPixelData,
    ProfileOption::CleanGraphics,
    ProfileOption::CleanStructuredContent,
    ProfileOption::CleanDescriptors,
    ProfileOption::RetainModifiedDates,
    ProfileOption::RetainPatientCharacteristics,
    ProfileOption::RetainSafePrivate,
];

fn text(set: &mut DataSet, tag: Tag, vr: VR, value: &str, charset: &Charset) {
    match vr {
        VR::LO | VR::SH | VR::ST | VR::LT | VR::PN | VR::UT => {
            set.put_text(tag, vr, value, charset);
        }
        _ => set.put_ascii(tag, vr, value),
    }
}

fn planted(charset: &Charset) -> DataSet {
    let mut set = DataSet::new();
    if let Some(declared) = charset.declaration() {
        set.put_ascii(tags::SPECIFIC_CHARACTER_SET, VR::CS, &declared);
    }
    set.put_ascii(Tag(0x0009, 0x0010), VR::LO, "MUELLER PRIVATE");
    set.put_ascii(Tag(0x0043, 0x0010), VR::LO, "GEMS_PARM_01");
    KEY.iter().for_each(|(tag, vr, value, ..)| text(&mut set, *tag, *vr, value, charset));
    set.put_items(tags::REQUEST_ATTRIBUTES_SEQUENCE, vec![nested(charset)]);
    set.put_items(tags::REFERENCED_IMAGE_SEQUENCE, vec![reference()]);
    set.put_items(tags::SOURCE_IMAGE_SEQUENCE, vec![reference()]);
    set.put_items(tags::ORIGINAL_ATTRIBUTES_SEQUENCE, vec![nested(charset)]);
    set.put_items(tags::CONTENT_SEQUENCE, content(charset));
    set.put_items(tags::GRAPHIC_ANNOTATION_SEQUENCE, vec![annotation(charset)]);
    set.put(Element::bytes(Tag(0x6000, 0x0010), VR::US, vec![8, 0]));
    set.put(Element::bytes(Tag(0x6000, 0x0011), VR::US, vec![8, 0]));
    set.put(Element::bytes(Tag(0x6000, 0x3000), VR::OW, b"HANDSCHRIFT!".to_vec()));
    set.put(Element::bytes(Tag(0x5000, 0x3000), VR::OW, b"HANDSCHRIFT!".to_vec()));
    set.put_ascii(tags::PATIENT_AGE, VR::AS, "066Y");
    set
}

fn nested(charset: &Charset) -> DataSet {
    let mut item = DataSet::new();
    text(&mut item, tags::PATIENT_NAME, VR::PN, "Müller^Jörg", charset);
    text(&mut item, tags::REQUESTED_PROCEDURE_DESCRIPTION, VR::LO, "MÜLLER CT", charset);
    text(&mut item, tags::SCHEDULED_PROCEDURE_STEP_ID, VR::SH, "ORDER-5599", charset);
    let mut deeper = DataSet::new();
    text(&mut deeper, tags::STUDY_DATE, VR::DA, "20240229", charset);
    text(&mut deeper, tags::CODE_MEANING, VR::LO, "Akte KH 0815 4711", charset);
    item.put_items(tags::SCHEDULED_PROTOCOL_CODE_SEQUENCE, vec![deeper]);
    item
}

fn reference() -> DataSet {
    let mut item = DataSet::new();
    item.put_ascii(tags::REFERENCED_SOP_CLASS_UID, VR::UI, "1.2.840.10008.5.1.4.1.1.2");
    item.put_ascii(tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, "1.3.6.1.4.1.99999.1.1.1");
    item
}

fn annotation(charset: &Charset) -> DataSet {
    let mut object = DataSet::new();
    text(&mut object, tags::UNFORMATTED_TEXT_VALUE, VR::ST, "Befund Jörg Müller", charset);
    let mut item = DataSet::new();
    item.put_items(tags::TEXT_OBJECT_SEQUENCE, vec![object]);
    item
}

fn content_item(value_type: &str, code: &str, tag: Tag, vr: VR, value: &str, charset: &Charset) -> DataSet {
    let mut concept = DataSet::new();
    concept.put_ascii(tags::CODE_VALUE, VR::SH, code);
    concept.put_ascii(tags::CODING_SCHEME_DESIGNATOR, VR::SH, "DCM");
    concept.put_ascii(tags::CODE_MEANING, VR::LO, "Words of the standard");
    let mut item = DataSet::new();
    item.put_ascii(tags::VALUE_TYPE, VR::CS, value_type);
    item.put_items(tags::CONCEPT_NAME_CODE_SEQUENCE, vec![concept]);
    text(&mut item, tag, vr, value, charset);
    item
}

fn content(charset: &Charset) -> Vec<DataSet> {
    let item = |kind, code, tag, vr, value| content_item(kind, code, tag, vr, value, charset);
    vec![
        item("PNAME", "121008", tags::PERSON_NAME, VR::PN, "Schwarzenegger^Arnold"),
        item("PNAME", "121036", tags::PERSON_NAME, VR::PN, "Müller^Anna"),
        item("TEXT", "121071", tags::TEXT_VALUE, VR::UT, "Herr Müller (KH-0815-4711) hustet"),
        item("TEXT", "999999", tags::TEXT_VALUE, VR::UT, "seit dem 29.02.2024, Dr. Schwarzenegger"),
        item("TEXT", "121030", tags::TEXT_VALUE, VR::UT, "KH-0815-4711"),
        item("DATE", "111060", tags::DATE, VR::DA, "20240229"),
        item("UIDREF", "121028", tags::UID, VR::UI, "1.3.6.1.4.1.99999.5"),
    ]
}

fn run(options: &[ProfileOption], charset: &Charset) -> (DataSet, Deidentified) {
    let profile = Profile::new(Key::new([9; 32]), options);
    let set = planted(charset);
    let done = deidentify(&set, &TransferSyntax::EXPLICIT, &profile, &Keyed::new(Key::new([9; 32])));
    (set, done)
}

fn score(before: &DataSet, after: &DataSet, tag: Tag) -> Option<Midi> {
    let (old, new) = (before.get(tag)?, after.get(tag));
    let charset = Charset::of(after, &Default::default()).0;
    let Some(new) = new else { return Some(Removed) };
    let (was, is) = (old.texts(&charset).join("\\"), new.texts(&charset).join("\\"));
    Some(match old.vr {
        _ if old == new && matches!(tag, tags::SERIES_DESCRIPTION | tags::IMAGE_COMMENTS) => TextRetained,
        _ if old == new => Retained,
        VR::UI if is.starts_with("2.25.") => UidChanged,
        VR::DA | VR::DT if is.len() == was.len() && !is.starts_with("1900") => DateShifted,
        VR::LO | VR::LT if tag == tags::PROTOCOL_NAME && is == "REMOVED" => TextRemoved,
        VR::LO | VR::LT
            if !is.is_empty() && was.contains(is.split([' ', ';', ',']).next().unwrap_or("?")) =>
        {
            TextRemoved
        }
        _ => Replaced,
    })
}

fn leaks(bytes: &[u8]) -> Vec<&'static str> {
    let has = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle));
    let latin = |text: &str| text.chars().map(|c| u32::from(c) as u8).collect::<Vec<u8>>();
    SECRETS.iter().filter(|secret| has(secret.as_bytes()) || has(&latin(secret))).copied().collect()
}

#[test]
fn the_answer_key_holds() {
    for charset in [Charset::LATIN_1, Charset::UTF_8] {
        for (options, with_options) in [(&[][..], false), (OPTIONS, true)] {
            let (before, done) = run(options, &charset);
            let mut wrong = Vec::new();
            for (tag, _, _, basic, wanted) in KEY {
                let wanted = if with_options { *wanted } else { *basic };
                let is = score(&before, &done.set, *tag).expect("planted");
                // With a basic profile what a text was is seen only by its tag.
                if is != wanted && !(matches!((is, wanted), (TextRemoved, Replaced))) {
                    wrong.push(format!("{tag}: {is:?}, not {wanted:?}"));
                }
            }
            assert!(wrong.is_empty(), "options {with_options}: {wrong:?}");
        }
    }
}

#[test]
fn nothing_planted_is_left_in_the_bytes() {
    let subsets: &[&[ProfileOption]] = &[&[], OPTIONS, &OPTIONS[..4], &[ProfileOption::CleanDescriptors]];
    for charset in [Charset::LATIN_1, Charset::UTF_8] {
        for options in subsets {
            let (before, done) = run(options, &charset);
            for syntax in [TransferSyntax::EXPLICIT, TransferSyntax::IMPLICIT] {
                assert!(leaks(&write(&before, &syntax).expect("written")).len() > 15, "planted");
                let mut found = leaks(&write(&done.set, &syntax).expect("written"));
                // The age is one of the patient's characteristics, and kept with them.
                found.retain(|secret| {
                    *secret != "66Y" || !options.contains(&ProfileOption::RetainPatientCharacteristics)
                });
                assert!(found.is_empty(), "{options:?}: {found:?}");
            }
            assert!(leaks(done.report.to_json().as_bytes()).is_empty());
            assert!(leaks(format!("{done:?}").as_bytes()).is_empty());
        }
    }
}

#[test]
fn structured_content_is_cleaned_by_its_concepts() {
    let (_, done) = run(OPTIONS, &Charset::UTF_8);
    let items = done.set.items(tags::CONTENT_SEQUENCE);
    let values: Vec<(Option<&str>, String)> = items
        .iter()
        .map(|item| {
            let texts = [tags::TEXT_VALUE, tags::PERSON_NAME, tags::DATE];
            let text = texts.iter().find_map(|tag| item.text(*tag, &Charset::UTF_8)).unwrap_or_default();
            (item.ascii(tags::VALUE_TYPE), text.into_owned())
        })
        .collect();
    // Mother of the fetus and the subject's UID are removed; so is what only the basic profile's column has as X.
    assert_eq!(values.len(), 5, "{values:?}");
    assert_eq!(values[0], (Some("PNAME"), "Anonymous".to_owned()));
    assert_eq!(values[1], (Some("TEXT"), "hustet".to_owned()));
    assert_eq!(values[2], (Some("TEXT"), "seit dem".to_owned()));
    assert_eq!(values[3], (Some("TEXT"), "REMOVED".to_owned()));
    assert!(values[4].0 == Some("DATE") && values[4].1.starts_with("202"), "{values:?}");
    let meaning = items[0].items(tags::CONCEPT_NAME_CODE_SEQUENCE)[0].ascii(tags::CODE_MEANING);
    assert_eq!(meaning, Some("Words of the standard"));
}

#[test]
fn the_data_set_says_what_was_done() {
    let (_, done) = run(OPTIONS, &Charset::UTF_8);
    assert_eq!(done.set.ascii(tags::PATIENT_IDENTITY_REMOVED), Some("YES"));
    assert_eq!(done.set.ascii(tags::LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED), Some("MODIFIED"));
    let codes: Vec<&str> = done
        .set
        .items(tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE)
        .iter()
        .filter_map(|item| item.ascii(tags::CODE_VALUE))
        .collect();
    assert_eq!(codes, ["113100", "113101", "113103", "113104", "113105", "113107", "113108", "113111"]);
    let (_, basic) = run(&[], &Charset::UTF_8);
    assert_eq!(basic.set.ascii(tags::LONGITUDINAL_TEMPORAL_INFORMATION_MODIFIED), Some("REMOVED"));
    assert!(basic.report.private_removed >= 5 && basic.report.private_retained == 0);
    assert_eq!(done.report.private_retained, 1);
    assert_eq!(done.report.count(Outcome::DateShifted), 5);
    assert!(done.report.uids_changed >= 5);
}

#[test]
fn whole_values_are_replaced_where_the_site_wants_it() {
    let mut profile = Profile::new(Key::new([9; 32]), OPTIONS);
    profile.text = TextPolicy::Replace;
    profile.pseudonyms.push(Kind::Person);
    let set = planted(&Charset::UTF_8);
    let done = deidentify(&set, &TransferSyntax::EXPLICIT, &profile, &Keyed::new(Key::new([9; 32])));
    assert_eq!(done.set.ascii(tags::SERIES_DESCRIPTION), Some("REMOVED"));
    let referring = done.set.ascii(tags::REFERRING_PHYSICIAN_NAME).expect("a pseudonym");
    assert!(referring.starts_with("Person^"), "{referring}");
    let observer = done.set.items(tags::CONTENT_SEQUENCE)[0].ascii(tags::PERSON_NAME);
    assert!(observer.is_some_and(|name| name.starts_with("Person^")));
}

proptest::proptest! {
    /// A name that is known goes out of whatever text it stands in, wherever that stands.
    #[test]
    fn a_known_name_is_left_in_no_text(
        before in "[ a-zA-Z0-9äöü.,^=/()-]{0,20}",
        after in "[ a-zA-Z0-9äöü.,^=/()-]{0,20}",
        form in 0..6_usize,
        depth in 0..3_usize,
    ) {
        let name = ["Wüstenberg", "WUESTENBERG", "wustenberg", "Wüstenberg^Ida", "Ida Wüstenberg", "xWüstenbergx"][form];
        let mut item = DataSet::new();
        item.put_text(tags::STUDY_DESCRIPTION, VR::LO, &format!("{before}{name}{after}"), &Charset::UTF_8);
        for _ in 0..depth {
            let mut outer = DataSet::new();
            outer.put_items(tags::REQUEST_ATTRIBUTES_SEQUENCE, vec![item]);
            item = outer;
        }
        item.put_ascii(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192");
        item.put_text(tags::PATIENT_NAME, VR::PN, "Wüstenberg^Ida", &Charset::UTF_8);
        let profile = Profile::new(Key::new([9; 32]), &[ProfileOption::CleanDescriptors]);
        let done = deidentify(&item, &TransferSyntax::EXPLICIT, &profile, &Keyed::new(Key::new([9; 32])));
        let bytes = write(&done.set, &TransferSyntax::EXPLICIT).expect("written");
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        for secret in ["wüstenberg", "wuestenberg", "wustenberg"] {
            proptest::prop_assert!(!text.contains(secret));
        }
    }

    /// Whatever bytes stand in whatever element, nothing panics, and the result can be written.
    #[test]
    fn nothing_in_a_data_set_makes_it_fail(
        elements in proptest::collection::vec(
            (0..800_usize, 0..9_usize, proptest::collection::vec(proptest::prelude::any::<u8>(), 0..40)), 0..30),
    ) {
        let rows: Vec<Tag> = klinke_dimse::deidentify::table::all().filter_map(|row| row.tag()).collect();
        let more = [tags::PIXEL_DATA, tags::ROWS, tags::COLUMNS, tags::BITS_ALLOCATED, Tag(0x6000, 0x3000), Tag(0x0009, 0x1010)];
        let vrs = [VR::LO, VR::PN, VR::UI, VR::DA, VR::DT, VR::UN, VR::SQ, VR::OB, VR::US];
        let set: DataSet = elements
            .into_iter()
            .map(|(tag, vr, bytes)| {
                let tag = rows.get(tag).copied().unwrap_or(more[tag % more.len()]);
                Element::bytes(tag, vrs[vr], bytes)
            })
            .collect();
        for options in [&[][..], OPTIONS] {
            let profile = Profile::new(Key::new([9; 32]), options);
            let done = deidentify(&set, &TransferSyntax::EXPLICIT, &profile, &Keyed::new(Key::new([9; 32])));
            proptest::prop_assert!(write(&done.set, &TransferSyntax::EXPLICIT).is_ok());
        }
    }
}
