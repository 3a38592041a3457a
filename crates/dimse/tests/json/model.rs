//! The model itself: what is written for which value, and what is read.

use klinke_dimse::charset::Charset;
use klinke_dimse::data::{DataSet, Element};
use klinke_dimse::json::{BulkData, Error, Limits, Options, read, read_all, to_string};
use klinke_dimse::{Tag, VR, tags};
use proptest::prelude::*;

fn text_of(set: &DataSet) -> String {
    to_string(set, &Options::default())
}

fn one(element: Element) -> String {
    text_of(&[element].into_iter().collect())
}

#[test]
fn values_stand_as_the_model_wants_them() {
    let ascii = |tag, vr, text: &str| one(Element::bytes(tag, vr, text.as_bytes().to_vec()));
    let expected = [
        (ascii(tags::STUDY_DATE, VR::DA, "20240131"), r#"{"00080020":{"vr":"DA","Value":["20240131"]}}"#),
        (ascii(tags::STUDY_DATE, VR::DA, ""), r#"{"00080020":{"vr":"DA"}}"#),
        (ascii(tags::IMAGE_TYPE, VR::CS, "A\\\\B "), r#"{"00080008":{"vr":"CS","Value":["A",null,"B"]}}"#),
        (
            ascii(tags::SLICE_THICKNESS, VR::DS, "1.50\\+2\\.5\\x"),
            r#"{"00180050":{"vr":"DS","Value":[1.50,2,0.5,"x"]}}"#,
        ),
        (ascii(tags::INSTANCE_NUMBER, VR::IS, "007"), r#"{"00200013":{"vr":"IS","Value":[7]}}"#),
        (
            ascii(tags::PATIENT_NAME, VR::PN, "A^B==C"),
            r#"{"00100010":{"vr":"PN","Value":[{"Alphabetic":"A^B","Phonetic":"C"}]}}"#,
        ),
        (
            ascii(tags::PATIENT_COMMENTS, VR::LT, "a\\\"b\"\r\n"),
            r#"{"00104000":{"vr":"LT","Value":["a\\\"b\"\r\n"]}}"#,
        ),
        (
            one(Element::bytes(Tag(9, 0x1001), VR::OB, vec![1, 2, 3])),
            r#"{"00091001":{"vr":"OB","InlineBinary":"AQID"}}"#,
        ),
        (one(Element::sequence(tags::CONTENT_SEQUENCE, vec![])), r#"{"0040A730":{"vr":"SQ"}}"#),
        (
            one(Element::sequence(tags::CONTENT_SEQUENCE, vec![DataSet::new()])),
            r#"{"0040A730":{"vr":"SQ","Value":[{}]}}"#,
        ),
    ];
    for (ours, wanted) in expected {
        assert_eq!(ours, wanted);
    }
}

#[test]
fn numbers_are_numbers() {
    let mut set = DataSet::new();
    set.put_fd(tags::REAL_WORLD_VALUE_INTERCEPT, &[1.0, 0.1, f64::NAN, f64::NEG_INFINITY, 1e300]);
    set.put_uv(tags::EXTENDED_OFFSET_TABLE, &[1, u64::MAX]);
    set.put_at(tags::FRAME_INCREMENT_POINTER, &[tags::PATIENT_NAME]);
    set.put_us(tags::ROWS, 512);
    let text = text_of(&set);
    assert!(text.contains(r#""Value":[1,0.1,"NaN","-inf",1e300]"#), "{text}");
    assert!(text.contains(r#""vr":"OV","#) || text.contains(r#"[1,"18446744073709551615"]"#), "{text}");
    assert!(text.contains(r#""Value":["00100010"]"#) && text.contains(r#""Value":[512]"#), "{text}");
    let again = read(&text, &Limits::default()).unwrap().set;
    assert_eq!(text_of(&again), text);
}

#[test]
fn text_is_utf_8_whatever_it_was() {
    let mut set = DataSet::new();
    set.put_ascii(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 100");
    set.put_text(tags::PATIENT_NAME, VR::PN, "Müller", &Charset::LATIN_1);
    let text = text_of(&set);
    assert_eq!(
        text,
        r#"{"00080005":{"vr":"CS","Value":["ISO_IR 192"]},"00100010":{"vr":"PN","Value":[{"Alphabetic":"Müller"}]}}"#
    );
    let again = read(&text, &Limits::default()).unwrap().set;
    assert_eq!(again.text(tags::PATIENT_NAME, &Charset::UTF_8).as_deref(), Some("Müller"));
}

#[test]
fn a_character_set_of_another_vr_is_written_as_one() {
    let text = one(Element::bytes(tags::SPECIFIC_CHARACTER_SET, VR::US, vec![100, 0]));
    assert_eq!(text, r#"{"00080005":{"vr":"CS","Value":["ISO_IR 192"]}}"#);
    assert!(read(&text, &Limits::default()).is_ok());
}

#[test]
fn large_values_are_elsewhere_if_the_caller_wants_it() {
    let mut item = DataSet::new();
    item.put(Element::bytes(tags::ENCAPSULATED_DOCUMENT, VR::OB, vec![7; 2000]));
    item.put(Element::bytes(tags::ICC_PROFILE, VR::OB, vec![7; 3]));
    let mut set = DataSet::new();
    set.put_items(tags::CONTENT_SEQUENCE, vec![DataSet::new(), item]);
    let bulk = |bulk: &BulkData<'_>| Some(format!("bulk/{}?{}", bulk.path, bulk.length));
    let text = to_string(&set, &Options { bulk: Some(&bulk), ..Options::default() });
    assert!(text.contains(r#""BulkDataURI":"bulk/0040A730[1].00420011?2000""#), "{text}");
    assert!(text.contains(r#""InlineBinary":"BwcH""#), "{text}");
    let parsed = read(&text, &Limits::default()).unwrap();
    assert_eq!((parsed.bulk[0].path.as_str(), parsed.bulk[0].vr), ("0040A730[1].00420011", VR::OB));
}

#[test]
fn what_others_write_is_read() {
    let text = r#" [ {
        "PatientName": {"vr": "PN", "Value": "Muster^Max"},
        "00100020": {"Value": [4711]},
        "(0018,0050)": {"vr": "DS", "Value": ["1.5", null, 2]},
        "00280010": {"vr": "US", "Value": ["512"]},
        "00200013": {"vr": "IS", "Value": [7.0], "extension": {"a": [1, {"b": null}]}},
        "00081115": {"vr": "SQ", "Value": [{"0020000D": {"vr": "UI", "Value": ["1.2"]}}, null]},
        "00100010": {"vr": "PN", "Value": [{"Alphabetic": "other"}]},
        "00104000": {"vr": "LT", "Value": ["\u00e4\ud83d\ude00\ud800"]}
    } ] "#;
    let set = read(text, &Limits::default()).unwrap().set;
    let utf8 = Charset::UTF_8;
    assert_eq!(set.text(tags::PATIENT_NAME, &utf8).as_deref(), Some("Muster^Max"));
    assert_eq!(set.text(tags::PATIENT_ID, &utf8).as_deref(), Some("4711"));
    assert_eq!(set.texts(tags::SLICE_THICKNESS, &utf8), ["1.5", "", "2"]);
    assert_eq!((set.int(tags::ROWS), set.ints(tags::INSTANCE_NUMBER)), (Some(512), vec![7]));
    assert_eq!(set.items(tags::REFERENCED_SERIES_SEQUENCE).len(), 2);
    assert_eq!(set.text(tags::PATIENT_COMMENTS, &utf8).as_deref(), Some("ä😀\u{FFFD}"));
    assert_eq!(set.ascii(tags::SPECIFIC_CHARACTER_SET), Some("ISO_IR 192"));
}

#[test]
fn what_can_not_be_read_says_where() {
    let fails = |text: &str| read(text, &Limits::default()).unwrap_err();
    assert_eq!(fails("{"), Error::Syntax { offset: 1 });
    assert_eq!(fails("{} x"), Error::Syntax { offset: 3 });
    assert!(matches!(fails(r#"{"nonsense":{}}"#), Error::Model { .. }));
    assert!(matches!(fails(r#"{"00280010":{"vr":"US","Value":[70000]}}"#), Error::Model { .. }));
    assert!(matches!(fails(r#"{"00091001":{"vr":"OB","InlineBinary":"?"}}"#), Error::Model { .. }));
    let deep = format!("{}{{}}{}", r#"{"0040A730":{"vr":"SQ","Value":["#.repeat(100), "]}}".repeat(100));
    assert!(matches!(fails(&deep), Error::Limit { .. }));
    let many = Limits { elements: 2, ..Limits::default() };
    assert!(matches!(
        read(r#"[{"00100010":{},"00100020":{},"00100021":{}}]"#, &many),
        Err(Error::Limit { .. })
    ));
    let skipped = format!(r#"{{"00100010":{{"x":{}}}}}"#, "[".repeat(100_000));
    assert!(matches!(fails(&skipped), Error::Limit { .. }));
    assert!(!fails(r#"{"00100020":{"vr":"LO","Value":["secret" 1]}}"#).to_string().contains("secret"));
}

#[test]
fn a_search_answers_with_several() {
    assert_eq!(read_all("[{},{}]", &Limits::default()).unwrap().len(), 2);
    assert_eq!(read_all("[]", &Limits::default()).unwrap().len(), 0);
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in r#"[\[\]{}":,a-z0-9\\u.+ -]{0,80}"#) {
        let _ = read_all(&text, &Limits::default());
    }

    #[test]
    fn text_comes_back(values in proptest::collection::vec("[^\\\\\u{0}]{1,12}[a-zäß]", 1..4)) {
        let mut set = DataSet::new();
        set.put_ascii(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192");
        let values: Vec<&str> = values.iter().map(|value| value.trim_start()).collect();
        set.put_texts(tags::OTHER_PATIENT_NAMES, VR::LO, &values, &Charset::UTF_8);
        let parsed = read(&text_of(&set), &Limits::default()).expect("our own JSON");
        prop_assert_eq!(parsed.set.texts(tags::OTHER_PATIENT_NAMES, &Charset::UTF_8), values);
    }
}
