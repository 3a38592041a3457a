//! Values, paths and the dictionary.

use klinke_dimse::charset::{Charset, Rules};
use klinke_dimse::data::{DataSet, Element, Value};
use klinke_dimse::deviation::Kind;
use klinke_dimse::dictionary::{self, Path, PathError, SetError};
use klinke_dimse::value::{Age, AgeUnit, Date, DateTime, Range, Time, check, decimal, decimal_text, integer};
use klinke_dimse::{Tag, VR, tags};
use proptest::prelude::*;

#[test]
fn dates_are_read_as_they_come() {
    let date = |text: &str| Date::parse(text).map(|date| (date.year, date.month, date.day));
    assert_eq!(date("20240131"), Some((2024, Some(1), Some(31))));
    assert_eq!(date("2024.01.31"), date("20240131"));
    assert_eq!(date("2024-01-31 "), date("20240131"));
    assert_eq!((date("202401"), date("2024")), (Some((2024, Some(1), None)), Some((2024, None, None))));
    for wrong in ["", "20240230", "20241301", "2024.1.31", "31.01.2024", "2024013", "2024 131", "-0240131"] {
        assert_eq!(date(wrong), None, "{wrong}");
    }
    let year = Date::parse("2024").unwrap();
    assert_eq!((year.earliest(), year.latest()), (20240101, 20241231));
    assert_eq!(Date::parse("202402").unwrap().latest(), 20240229);
    assert!(Date::is_strict("20240131") && !Date::is_strict("2024.01.31"));
}

#[test]
fn times_are_read_as_they_come() {
    let time =
        |text: &str| Time::parse(text).map(|time| (time.hour, time.minute, time.second, time.fraction));
    assert_eq!(time("101530.25"), Some((10, Some(15), Some(30), Some((250_000, 2)))));
    assert_eq!(time("10:15:30.25"), time("101530.25"));
    assert_eq!((time("10"), time("1015 ")), (Some((10, None, None, None)), Some((10, Some(15), None, None))));
    for wrong in ["", "24", "1060", "101561", "1015.5", "101530.", "1:2:3", "10153"] {
        assert_eq!(time(wrong), None, "{wrong}");
    }
    let hour = Time::parse("10").unwrap();
    assert_eq!((hour.earliest(), hour.latest()), (36_000_000_000, 39_599_999_999));
}

#[test]
fn date_times_are_read_with_their_offset() {
    let moment = DateTime::parse("20240131101530.25+0100").unwrap();
    assert_eq!((moment.date.latest(), moment.offset_minutes), (20240131, Some(60)));
    let utc = DateTime::parse("20240131091530.25+0000").unwrap();
    assert_eq!(moment.earliest(), utc.earliest());
    assert_eq!(DateTime::parse("19700101000000").unwrap().earliest(), 0);
    assert_eq!(DateTime::parse("20000301").unwrap().earliest(), 951_868_800_000_000);
    assert_eq!(DateTime::parse("2024-0500").unwrap().offset_minutes, Some(-300));
    for wrong in ["", "2024013110153", "20240131+2500", "20240131+01", "x"] {
        assert_eq!(DateTime::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn ranges_contain_what_lies_in_them() {
    let date = |text: &str| Date::parse(text).unwrap();
    let within = |range: &str, text: &str| Range::<Date>::parse(range).unwrap().contains(&date(text));
    assert!(within("20240101-20240131", "20240131") && !within("20240101-20240131", "20240201"));
    assert!(within("-20240131", "19991231") && !within("-20240131", "20240201"));
    assert!(
        within("20240101-", "20300101") && within("20240105", "20240105") && within("2024.01.05", "20240105")
    );
    assert!(within("20240115-20240131", "2024"));
    assert!(Range::<Date>::parse("-").is_none() && Range::<Date>::parse("x-y").is_none());
    let time =
        |range: &str, text: &str| Range::<Time>::parse(range).unwrap().contains(&Time::parse(text).unwrap());
    assert!(time("1000-1200", "115959") && time("1000-1200", "120030") && !time("1000-1200", "1201"));
    assert!(time("2200-0600", "2330") && time("2200-0600", "05") && !time("2200-0600", "12"));
    let moment = |range: &str, text: &str| {
        Range::<DateTime>::parse(range).unwrap().contains(&DateTime::parse(text).unwrap())
    };
    assert!(moment("20240101-20240131", "20240131235959") && moment("20240101000000+0100-", "20240101"));
    assert!(!moment("20240101-0100", "20230101"));
}

#[test]
fn numbers_are_read_as_they_come() {
    assert_eq!(
        (decimal(" +1.50 "), decimal("1,5"), decimal("-2.5E-3")),
        (Some(1.5), Some(1.5), Some(-0.0025))
    );
    assert_eq!(
        (decimal(""), decimal("NaN"), decimal("1.2.3"), decimal("1 2"), decimal("inf")),
        (None, None, None, None, None)
    );
    assert_eq!(
        (integer("+12"), integer(" 7.0"), integer("7.5"), integer("x")),
        (Some(12), Some(7), None, None)
    );
    assert_eq!(decimal_text(0.1).as_deref(), Some("0.1"));
    assert_eq!(Age::parse("032Y"), Some(Age { number: 32, unit: AgeUnit::Years }));
    assert_eq!(
        (Age::parse("6m").unwrap().to_string(), Age::parse("x"), Age::parse("1234Y")),
        ("006M".into(), None, None)
    );
}

#[test]
fn setters_and_getters_agree() {
    let mut set = DataSet::new();
    set.put_ds(tags::PIXEL_SPACING, &[0.5, 1.0 / 3.0]);
    set.put_is(tags::INSTANCE_NUMBER, &[-7]);
    set.put_sl(tags::REFERENCE_PIXEL_X0, &[-1]);
    set.put_fl(tags::RECOMMENDED_DISPLAY_FRAME_RATE_IN_FLOAT, &[1.5]);
    set.put_at(tags::FRAME_INCREMENT_POINTER, &[tags::FRAME_TIME]);
    set.put_us_values(tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR, &[256, 0, 16]);
    assert_eq!(set.floats(tags::PIXEL_SPACING), [0.5, 0.33333333333333]);
    assert_eq!((set.ints(tags::INSTANCE_NUMBER), set.ints(tags::REFERENCE_PIXEL_X0)), (vec![-7], vec![-1]));
    assert_eq!(set.float(tags::RECOMMENDED_DISPLAY_FRAME_RATE_IN_FLOAT), Some(1.5));
    assert_eq!(set.tags(tags::FRAME_INCREMENT_POINTER), [tags::FRAME_TIME]);
    assert_eq!(set.ints(tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR), [256, 0, 16]);
}

#[test]
fn values_against_the_standard_are_reported_and_not_changed() {
    let cases = [
        (tags::STUDY_DATE, VR::DA, "2024.01.31", Kind::DateInvalid),
        (tags::STUDY_TIME, VR::TM, "10:15", Kind::TimeInvalid),
        (tags::ACQUISITION_DATE_TIME, VR::DT, "gestern", Kind::DateTimeInvalid),
        (tags::SLICE_THICKNESS, VR::DS, "1,5", Kind::NumberInvalid),
        (tags::INSTANCE_NUMBER, VR::IS, "1.0", Kind::NumberInvalid),
        (tags::PATIENT_AGE, VR::AS, "32", Kind::AgeInvalid),
        (tags::MODALITY, VR::CS, "ct", Kind::CodeInvalid),
        (tags::ACCESSION_NUMBER, VR::SH, "12345678901234567", Kind::TooLong),
        (tags::PATIENT_NAME, VR::PN, "a=b=c=d", Kind::NameInvalid),
        (tags::ROWS, VR::US, "abc", Kind::LengthInvalid),
    ];
    for (tag, vr, text, kind) in cases {
        let set: DataSet = [Element::bytes(tag, vr, text.as_bytes().to_vec())].into_iter().collect();
        let found: Vec<Kind> = check(&set, &Rules::default()).iter().map(|one| one.kind).collect();
        assert_eq!(found, [kind], "{text}");
    }
    let fine = [
        (tags::STUDY_DATE, VR::DA, "20240101-20240131"),
        (tags::STUDY_TIME, VR::TM, "1000-1200"),
        (tags::STUDY_DATE, VR::DA, ""),
        (tags::STUDY_INSTANCE_UID, VR::UI, "1.2.3\\1.2.4\0"),
        (tags::MODALITY, VR::CS, "C*"),
        (tags::ACQUISITION_DATE_TIME, VR::DT, "20240101101530.123456-0500"),
    ];
    for (tag, vr, text) in fine {
        let set: DataSet = [Element::bytes(tag, vr, text.as_bytes().to_vec())].into_iter().collect();
        assert_eq!(check(&set, &Rules::default()), [], "{text}");
    }
}

#[test]
fn the_dictionary_knows_keywords_and_tags() {
    assert_eq!(dictionary::tag_of("PatientName"), Some(tags::PATIENT_NAME));
    assert_eq!(dictionary::keyword(tags::SOP_INSTANCE_UID), Some("SOPInstanceUID"));
    assert_eq!(dictionary::name(tags::SOP_INSTANCE_UID), "SOP Instance UID");
    assert_eq!(
        (dictionary::vr(tags::ROWS), dictionary::vr(Tag(0x6002, 0x3000))),
        (Some(VR::US), Some(VR::OW))
    );
    assert_eq!((dictionary::vr(Tag(9, 0x10)), dictionary::vr(Tag(9, 0x1001))), (Some(VR::LO), None));
    assert_eq!(dictionary::private_vr("SIEMENS CSA HEADER", 0x29, 0x10), Some(VR::OB));
}

fn series() -> DataSet {
    let item = |uid: &str| {
        let mut item = DataSet::new();
        item.put_ascii(tags::SERIES_INSTANCE_UID, VR::UI, uid);
        item
    };
    let mut set = DataSet::new();
    set.put_ascii(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 100");
    set.put_items(tags::REFERENCED_SERIES_SEQUENCE, vec![item("1.1"), item("1.2")]);
    set
}

#[test]
fn paths_lead_to_elements() {
    let texts = |path: &str| path.parse::<Path>().unwrap().texts(&series(), &Rules::default());
    assert_eq!(texts("ReferencedSeriesSequence.SeriesInstanceUID"), ["1.1"]);
    assert_eq!(texts("ReferencedSeriesSequence[1].0020000E"), ["1.2"]);
    assert_eq!(texts("(0008,1115)[*].(0020,000E)"), ["1.1", "1.2"]);
    assert!(texts("00081115[2].SeriesInstanceUID").is_empty() && texts("PatientName").is_empty());
}

#[test]
fn paths_set_and_remove() {
    let rules = Rules::default();
    let path = |path: &str| path.parse::<Path>().unwrap();
    let mut set = series();
    path("ReferencedSeriesSequence[2].PatientName").set_text(&mut set, "Müller", &rules).unwrap();
    let items = set.items(tags::REFERENCED_SERIES_SEQUENCE);
    assert_eq!(items[2].get(tags::PATIENT_NAME).unwrap().as_bytes().unwrap().as_ref(), b"M\xFCller");
    path("RequestAttributesSequence.Rows").set_text(&mut set, "512", &rules).unwrap();
    assert_eq!(path("RequestAttributesSequence.Rows").text(&set, &rules).as_deref(), Some("512"));
    path("(0029,ACME,10)").set_text(&mut set, "x", &rules).unwrap();
    assert_eq!((set.ascii(Tag(0x29, 0x10)), set.ascii(Tag(0x29, 0x1010))), (Some("ACME"), Some("x")));
    assert_eq!(path("(0029,ACME,10)").text(&set, &rules).as_deref(), Some("x"));
    path("ReferencedSeriesSequence[*].Modality").set_text(&mut set, "CT", &rules).unwrap();
    assert_eq!(path("ReferencedSeriesSequence[*].Modality").all(&set).len(), 3);
    assert_eq!(path("ReferencedSeriesSequence[*].Modality").remove(&mut set), 3);
    path("Rows").set_value(&mut set, VR::US, &Value::Bytes(vec![1, 0].into())).unwrap();
    assert_eq!(set.int(tags::ROWS), Some(1));
}

#[test]
fn paths_that_can_not_be_set_say_where() {
    let rules = Rules::default();
    let fails = |path: &str, text: &str| {
        path.parse::<Path>().unwrap().set_text(&mut series(), text, &rules).unwrap_err()
    };
    assert!(matches!(
        fails("ReferencedSeriesSequence[9].Modality", "CT"),
        SetError::NoItem { index: 9, items: 2, .. }
    ));
    assert!(matches!(fails("Rows", "secret"), SetError::Form { vr: VR::US, .. }));
    assert!(!fails("Rows", "secret").to_string().contains("secret"));
    assert!(matches!(fails("ContentSequence[*].Modality", "CT"), SetError::NoItems { .. }));
}

#[test]
fn paths_that_are_none_say_where() {
    let fails = |text: &str| text.parse::<Path>().unwrap_err();
    assert_eq!(fails(""), PathError::Empty { at: 0 });
    assert_eq!(fails("ContentSequence..Rows"), PathError::Empty { at: 16 });
    assert_eq!(
        fails("ContentSequence.Nonsense"),
        PathError::UnknownKeyword { at: 16, keyword: "Nonsense".into() }
    );
    assert_eq!(fails("(0010,001)"), PathError::Tag { at: 0 });
    assert_eq!(fails("ContentSequence[x].Rows"), PathError::Index { at: 15 });
    assert_eq!(fails("Rows.Columns"), PathError::NotASequence { at: 4 });
}

proptest! {
    #[test]
    fn decimals_have_sixteen_characters_and_are_near(number in any::<f64>()) {
        if let Some(text) = decimal_text(number) {
            prop_assert!(text.len() <= 16, "{}", text);
            let back = decimal(&text).expect("a number");
            let wrong = (back - number).abs() / number.abs().max(f64::MIN_POSITIVE);
            prop_assert!(wrong < 1e-8, "{} {}", text, number);
        }
    }

    #[test]
    fn any_text_is_a_value_or_none(text in "[0-9.+:(),\\[\\]*A-Za-zä-]{0,30}") {
        let _ = (Date::parse(&text), Time::parse(&text), DateTime::parse(&text), Age::parse(&text));
        let _ = (Range::<Date>::parse(&text), Range::<Time>::parse(&text), Range::<DateTime>::parse(&text));
        let _ = (decimal(&text), integer(&text), text.parse::<Path>());
        let set: DataSet = [VR::DA, VR::TM, VR::DT, VR::DS, VR::AS, VR::UI].iter().enumerate()
            .map(|(at, &vr)| Element::bytes(Tag(9, at as u16), vr, text.clone().into_bytes())).collect();
        let _ = (check(&set, &Rules::default()), set.text(Tag(9, 0), &Charset::ASCII));
    }
}
