//! What old devices and odd archives do with data sets: each is read, and noted.

use klinke_dimse::data::{
    DataSet, Element, End, Limit, Limits, PixelDataUse, Reading, Skipped, Value, read, read_with, write,
};
use klinke_dimse::deviation::Kind;
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::value::{check, is_uid};
use klinke_dimse::{Tag, VR, tags};

const EXPLICIT: TransferSyntax = TransferSyntax::EXPLICIT;
const IMPLICIT: TransferSyntax = TransferSyntax::IMPLICIT;

/// Bytes from hexadecimal digits and text in quotes.
pub fn bytes(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for (at, part) in text.split('"').enumerate() {
        if at % 2 == 1 {
            out.extend_from_slice(part.as_bytes());
            continue;
        }
        let digits: Vec<char> = part.chars().filter(|c| !c.is_whitespace()).collect();
        let pair = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16).expect("digits");
        out.extend(digits.chunks(2).map(pair));
    }
    out
}

fn explicit(text: &str) -> Reading {
    read(bytes(text), &EXPLICIT, &Limits::default())
}

fn implicit(text: &str) -> Reading {
    read(bytes(text), &IMPLICIT, &Limits::default())
}

fn kinds(reading: &Reading) -> Vec<Kind> {
    reading.deviations.iter().map(|deviation| deviation.kind).collect()
}

#[test]
fn wrong_vr() {
    let reading = explicit(r#"1000 1000 "CS" 0400 "A^B " 1000 2000 "LO" 0200 "4 ""#);
    assert_eq!((kinds(&reading), reading.set.get(tags::PATIENT_NAME).unwrap().vr), (vec![], VR::CS));
    assert_eq!(reading.set.ascii(tags::PATIENT_ID), Some("4"));
}

#[test]
fn unknown_vr() {
    // PS3.5 gives VRs to come a length of 32 bits; older devices wrote one of 16 bits behind question marks.
    for text in
        [r#"1000 1000 "XX" 0000 02000000 "A ""#, r#"1000 1000 "??" 0200 "A ""#, r#"1000 1000 0000 0200 "A ""#]
    {
        let reading = explicit(&format!(r#"0800 0500 "CS" 0000 {text} 1000 2000 "LO" 0200 "4 ""#));
        assert_eq!(kinds(&reading), [Kind::UnknownVr], "{text}");
        assert_eq!(reading.set.get(tags::PATIENT_NAME).unwrap().vr, VR::PN, "{text}");
        assert_eq!(reading.set.ascii(tags::PATIENT_NAME), Some("A"), "{text}");
        assert_eq!(reading.set.ascii(tags::PATIENT_ID), Some("4"), "{text}");
    }
}

#[test]
fn group_length_un() {
    let reading = explicit(r#"0800 0000 "UN" 0000 04000000 22000000 0800 6000 "CS" 0200 "CT""#);
    assert_eq!((kinds(&reading), reading.set.ascii(tags::MODALITY)), (vec![], Some("CT")));
}

#[test]
fn odd_lengths() {
    let reading = explicit(r#"1000 1000 "PN" 0300 "A^B" 1000 2000 "LO" 0200 "4 ""#);
    assert_eq!((kinds(&reading), reading.set.ascii(tags::PATIENT_ID)), (vec![Kind::OddLength], Some("4")));
    assert_eq!(write(&reading.set, &EXPLICIT).unwrap().len() % 2, 0);
}

#[test]
fn sequences_in_un() {
    // Of undefined length, with items of either kind, in implicit VR; and of defined length.
    for text in [
        "FFFFFFFF FEFF00E0 FFFFFFFF 1000 2000 02000000 3420 FEFF0DE0 00000000 FEFFDDE0 00000000",
        "FFFFFFFF FEFF00E0 0A000000 1000 2000 02000000 3420 FEFFDDE0 00000000",
        "12000000 FEFF00E0 0A000000 1000 2000 02000000 3420",
        "12000000 FEFF00E0 0A000000 1000 2000 4C4F 0200 3420",
    ] {
        let reading = explicit(&format!(r#"0800 6000 "CS" 0200 "CT" 4000 7502 "UN" 0000 {text}"#));
        let items = reading.set.items(tags::REQUEST_ATTRIBUTES_SEQUENCE);
        assert_eq!(items.len(), 1, "{text}: {reading:?}");
        assert_eq!(items[0].ascii(tags::PATIENT_ID), Some("4"), "{text}");
        assert!(reading.is_whole());
    }
    // A private one is a sequence only if its length is undefined.
    let reading = explicit(r#"0900 0110 "UN" 0000 0A000000 FEFF00E0 02000000 4142"#);
    assert_eq!(reading.set.get(Tag(9, 0x1001)).unwrap().as_bytes().map(|bytes| bytes.len()), Some(10));
}

#[test]
fn dataset_not_ascending() {
    let reading = explicit(r#"1000 2000 "LO" 0200 "4 " 1000 1000 "PN" 0200 "A " 1000 2000 "LO" 0200 "5 ""#);
    assert_eq!(kinds(&reading), [Kind::NotAscending, Kind::NotAscending, Kind::Duplicate]);
    assert_eq!(
        reading.set.iter().map(|element| element.tag).collect::<Vec<_>>(),
        [tags::PATIENT_NAME, tags::PATIENT_ID]
    );
    assert_eq!(reading.set.ascii(tags::PATIENT_ID), Some("4"));
}

#[test]
fn bad_uids_are_kept_and_reported() {
    let mut set = DataSet::new();
    set.put_ascii(tags::STUDY_INSTANCE_UID, VR::UI, "1.02.3");
    set.put_ascii(tags::SERIES_INSTANCE_UID, VR::UI, "LOCALIZER.1");
    set.put_ascii(tags::SOP_INSTANCE_UID, VR::UI, &"1.2".repeat(30));
    let reading = read(write(&set, &EXPLICIT).unwrap(), &EXPLICIT, &Limits::default());
    assert_eq!((&reading.set, kinds(&reading)), (&set, vec![]));
    let found = check(&set, &Default::default());
    assert_eq!(found.iter().filter(|one| one.kind == Kind::UidInvalid).count(), 3, "{found:?}");
    assert!(is_uid("1.2.840.10008.1.2") && is_uid("0") && !is_uid("1..2") && !is_uid("1.2.") && !is_uid(""));
}

#[test]
fn private_elements_keep_their_vr() {
    let reading = explicit(r#"0900 1000 "LO" 0400 "ACME" 0900 0110 "FD" 0800 000000000000F03F"#);
    assert_eq!(reading.set.get(Tag(9, 0x1001)).unwrap().vr, VR::FD);
    let reading = implicit(r#"0900 1000 04000000 "ACME" 0900 0110 08000000 000000000000F03F"#);
    assert_eq!(reading.set.get(Tag(9, 0x1001)).unwrap().vr, VR::UN);
    let known = implicit(r#"1900 1000 12000000 "SIEMENS MR HEADER " 1900 0C10 04000000 "1000""#);
    assert_eq!(
        (known.set.get(Tag(0x19, 0x100C)).unwrap().vr, known.set.int(Tag(0x19, 0x100C))),
        (VR::IS, Some(1000))
    );
}

#[test]
fn private_un_with_letters_beyond_ascii_is_not_touched() {
    let mut set = DataSet::new();
    set.put(Element::bytes(Tag(9, 0x1001), VR::UN, b"M\xFCller\x80\x81".to_vec()));
    for syntax in [EXPLICIT, IMPLICIT, TransferSyntax::BIG_ENDIAN, TransferSyntax::DEFLATED] {
        let again = read(write(&set, &syntax).unwrap(), &syntax, &Limits::default()).set;
        assert_eq!(again, set, "{syntax}");
    }
}

#[test]
fn implicit_in_explicit_and_explicit_in_implicit() {
    let reading = explicit(r#"0800 6000 02000000 "CT" 1000 1000 02000000 "A ""#);
    assert_eq!(
        (kinds(&reading), reading.set.ascii(tags::PATIENT_NAME)),
        (vec![Kind::ImplicitInExplicit], Some("A"))
    );
    let reading = implicit(r#"0800 6000 "CS" 0200 "CT" 1000 1000 "PN" 0200 "A ""#);
    assert_eq!(
        (kinds(&reading), reading.set.ascii(tags::PATIENT_NAME)),
        (vec![Kind::ExplicitInImplicit], Some("A"))
    );
    // One item only, within a set that is as it should be.
    let reading = explicit(
        r#"4000 7502 "SQ" 0000 12000000 FEFF00E0 0A000000 1000 2000 02000000 "4 " 1000 2100 "LO" 0000"#,
    );
    let items = reading.set.items(tags::REQUEST_ATTRIBUTES_SEQUENCE);
    assert_eq!((items[0].ascii(tags::PATIENT_ID), reading.set.len()), (Some("4"), 2));
    // One element only.
    let reading = explicit(r#"0800 6000 "CS" 0200 "CT" 1000 1000 02000000 "A " 1000 2000 "LO" 0200 "4 ""#);
    assert_eq!(
        (kinds(&reading), reading.set.ascii(tags::PATIENT_ID)),
        (vec![Kind::ImplicitInExplicit], Some("4"))
    );
}

#[test]
fn wrong_byte_order() {
    let set: DataSet = [Element::bytes(tags::ROWS, VR::US, vec![0, 2])].into_iter().collect();
    let mut whole = set.clone();
    whole.put_ascii(tags::SOP_CLASS_UID, VR::UI, "1.2");
    let reading = read(write(&whole, &TransferSyntax::BIG_ENDIAN).unwrap(), &EXPLICIT, &Limits::default());
    assert_eq!((kinds(&reading), &reading.set), (vec![Kind::WrongByteOrder], &whole));
    let reading = read(write(&whole, &EXPLICIT).unwrap(), &TransferSyntax::BIG_ENDIAN, &Limits::default());
    assert_eq!((kinds(&reading), &reading.set), (vec![Kind::WrongByteOrder], &whole));
}

#[test]
fn private_elements_alone_say_nothing_about_the_byte_order() {
    // Nor does a tag that nobody knows, where its length fits as it stands.
    for tag in [Tag(0xFF00, 0xFF00), Tag(0x0800, 0x1200)] {
        let set: DataSet = [Element::bytes(tag, VR::UN, vec![1, 2])].into_iter().collect();
        let reading = read(write(&set, &EXPLICIT).unwrap(), &EXPLICIT, &Limits::default());
        assert_eq!((kinds(&reading), reading.set), (vec![], set));
    }
}

#[test]
fn delimiters_missing_or_in_the_wrong_place() {
    let item = r#"1000 2000 "LO" 0200 "4 ""#;
    let start = r#"4000 7502 "SQ" 0000"#;
    let after = r#"5000 0100 "CS" 0200 "Z ""#;
    let (open, end, all) = ("FEFF00E0 FFFFFFFF", "FEFF0DE0 00000000", "FEFFDDE0 00000000");
    let cases = [
        (format!("{start} FFFFFFFF {open} {item} {all}"), vec![Kind::DelimiterMissing], 1),
        (
            format!("{start} FFFFFFFF {open} {item} {open} {item} {end} {all}"),
            vec![Kind::DelimiterMissing],
            2,
        ),
        (format!("{start} 1A000000 FEFF00E0 12000000 {item} {end}"), vec![Kind::DelimiterMisplaced], 1),
        (format!("{start} 1A000000 FEFF00E0 0A000000 {item} {all}"), vec![Kind::DelimiterMisplaced], 1),
        (format!("{start} FFFFFFFF FEFF00E0 0A000000 {item}"), vec![Kind::DelimiterMissing], 1),
        (format!("{start} FFFFFFFF {open} {item} FEFF0DE0 05000000 {all}"), vec![Kind::DelimiterLength], 1),
        (format!("{end} {start} 12000000 FEFF00E0 0A000000 {item}"), vec![Kind::DelimiterMisplaced], 1),
    ];
    for (text, wanted, items) in cases {
        let reading = explicit(&format!("{text} {after}"));
        assert_eq!(kinds(&reading), wanted, "{text}");
        assert_eq!(reading.set.items(tags::REQUEST_ATTRIBUTES_SEQUENCE).len(), items, "{text}");
        assert_eq!(reading.set.ascii(Tag(0x50, 1)), Some("Z"), "{text}");
    }
}

#[test]
fn lengths_that_do_not_fit() {
    // The item says eight bytes, and its element has ten.
    let reading = explicit(
        r#"4000 7502 "SQ" 0000 12000000 FEFF00E0 08000000 1000 2000 "LO" 0200 "4 " 5000 0100 "CS" 0200 "Z ""#,
    );
    assert_eq!(reading.set.items(tags::REQUEST_ATTRIBUTES_SEQUENCE)[0].ascii(tags::PATIENT_ID), Some("4"));
    assert_eq!(
        (kinds(&reading), reading.set.ascii(Tag(0x50, 1))),
        (vec![Kind::LengthBeyondParent], Some("Z"))
    );
    // A VR with a length of 32 bits, written with 16.
    let reading =
        explicit(r#"0800 6000 "CS" 0200 "CT" 0900 0110 "OB" 0400 01020304 1000 2000 "LO" 0200 "4 ""#);
    assert_eq!(
        (kinds(&reading), reading.set.ascii(tags::PATIENT_ID)),
        (vec![Kind::ShortLengthForm], Some("4"))
    );
    // A sequence whose value has no items is kept as it is.
    let reading = explicit(r#"4000 7502 "SQ" 0000 04000000 01020304 5000 0100 "CS" 0200 "Z ""#);
    assert_eq!((kinds(&reading), reading.set.ascii(Tag(0x50, 1))), (vec![Kind::NotASequence], Some("Z")));
}

#[test]
fn truncated() {
    let whole = bytes(
        r#"0800 6000 "CS" 0200 "CT" 4000 7502 "SQ" 0000 12000000 FEFF00E0 0A000000 1000 2000 "LO" 0200 "4 ""#,
    );
    for length in 0..whole.len() {
        let reading = read(whole[..length].to_vec(), &EXPLICIT, &Limits::default());
        let at_an_end = matches!(length, 0 | 10);
        assert_eq!(reading.is_whole(), at_an_end, "{length}");
        assert_eq!(reading.has(Kind::Truncated), !at_an_end, "{length}");
        assert_eq!(reading.set.ascii(tags::MODALITY).is_some(), length > 8, "{length}");
    }
    let reading = explicit(r#"1000 2000 "LO" 0800 "4711""#);
    assert_eq!(
        (reading.end, reading.set.ascii(tags::PATIENT_ID)),
        (End::Truncated { offset: 12 }, Some("4711"))
    );
}

#[test]
fn trailing_zeros() {
    for zeros in [3, 8, 100] {
        let reading = explicit(&format!(r#"1000 2000 "LO" 0200 "4 " {}"#, "00".repeat(zeros)));
        assert_eq!((kinds(&reading), reading.end), (vec![Kind::TrailingBytes], End::Complete), "{zeros}");
    }
}

#[test]
fn nested_fragments() {
    let text = r#"E07F 1000 "OB" 0000 FFFFFFFF FEFF00E0 00000000 FEFF00E0 FFFFFFFF FEFF00E0 02000000 0102
        FEFF0DE0 00000000 FEFF00E0 02000000 0304 FEFFDDE0 00000000"#;
    let reading = read(bytes(text), &TransferSyntax::by_uid("1.2.840.10008.1.2.4.50"), &Limits::default());
    let Value::Fragments(value) = &reading.set.get(tags::PIXEL_DATA).unwrap().value else {
        panic!("fragments")
    };
    assert_eq!((value.fragments.len(), kinds(&reading)), (2, vec![Kind::NestedFragments]));
}

#[test]
fn pixel_data_are_found_and_left_out_on_demand() {
    let fragments = r#"0800 6000 "CS" 0200 "CT" E07F 1000 "OB" 0000 FFFFFFFF FEFF00E0 00000000
        FEFF00E0 02000000 0102 FEFFDDE0 00000000 FCFF FCFF "OB" 0000 02000000 0000"#;
    let syntax = TransferSyntax::by_uid("1.2.840.10008.1.2.4.50");
    let skipped = read_with(bytes(fragments), &syntax, &Limits::default(), PixelDataUse::Skip);
    let place = skipped.pixel_data.expect("a place");
    assert_eq!(
        (place.offset, place.value_offset, place.length, place.encapsulated),
        (10, 22, Some(26), true)
    );
    assert_eq!((skipped.set.len(), skipped.is_whole()), (2, true));
    let stopped = read_with(bytes(fragments), &syntax, &Limits::default(), PixelDataUse::Stop);
    assert_eq!(
        (stopped.end, stopped.set.len(), stopped.pixel_data.unwrap().length),
        (End::PixelData, 1, None)
    );
    let native = read(bytes(r#"E07F 1000 "OW" 0000 02000000 0102"#), &syntax, &Limits::default());
    assert_eq!(kinds(&native), [Kind::PixelDataNotEncapsulated]);
    let encapsulated = read(bytes(fragments), &EXPLICIT, &Limits::default());
    assert_eq!(kinds(&encapsulated), [Kind::PixelDataEncapsulated]);
}

#[test]
fn long_values_are_passed_over_and_listed() {
    let mut set = DataSet::new();
    set.put(Element::bytes(tags::ICC_PROFILE, VR::OB, vec![7; 5000]));
    set.put_ascii(tags::PATIENT_ID, VR::LO, "4711");
    let limits = Limits { value_length: 1000, ..Limits::default() };
    let reading = read(write(&set, &EXPLICIT).unwrap(), &EXPLICIT, &limits);
    assert_eq!(reading.skipped, [Skipped { tag: tags::ICC_PROFILE, vr: VR::OB, offset: 12, length: 5000 }]);
    assert_eq!((reading.set.len(), reading.is_whole()), (1, true));
}

#[test]
fn limits_end_reading_and_keep_what_is_there() {
    let mut set = DataSet::new();
    set.put_ascii(tags::PATIENT_ID, VR::LO, "4711");
    for _ in 0..100 {
        let mut outer = DataSet::new();
        outer.put_ascii(tags::PATIENT_ID, VR::LO, "4711");
        outer.put_items(tags::CONTENT_SEQUENCE, vec![set]);
        set = outer;
    }
    let reading = read(write(&set, &EXPLICIT).unwrap(), &EXPLICIT, &Limits::default());
    assert!(matches!(reading.end, End::Limit { limit: Limit::Depth, .. }));
    assert_eq!(reading.set.ascii(tags::PATIENT_ID), Some("4711"));
    let few = Limits { elements: 5, ..Limits::default() };
    let reading = read(write(&set, &EXPLICIT).unwrap(), &EXPLICIT, &few);
    assert!(matches!(reading.end, End::Limit { limit: Limit::Elements, .. }));
}

#[test]
fn deflated_bombs_and_damage() {
    let mut set = DataSet::new();
    set.put(Element::bytes(tags::ICC_PROFILE, VR::OB, vec![7; 10 << 20]));
    let bomb = write(&set, &TransferSyntax::DEFLATED).unwrap();
    assert!(bomb.len() < 20_000);
    let limits = Limits { inflated: 1 << 20, ..Limits::default() };
    let reading = read(bomb.clone(), &TransferSyntax::DEFLATED, &limits);
    assert!(matches!(reading.end, End::Limit { limit: Limit::Inflated, .. }), "{:?}", reading.end);
    let reading = read(bomb[..bomb.len() / 2].to_vec(), &TransferSyntax::DEFLATED, &Limits::default());
    assert!(matches!(reading.end, End::Truncated { .. }) && reading.has(Kind::Truncated));
    let mut plain = DataSet::new();
    plain.put_ascii(tags::SOP_CLASS_UID, VR::UI, "1.2.3");
    let reading = read(write(&plain, &EXPLICIT).unwrap(), &TransferSyntax::DEFLATED, &Limits::default());
    assert_eq!((kinds(&reading), &reading.set), (vec![Kind::NotDeflated], &plain));
}

#[test]
fn values_too_long_for_their_vr_become_un() {
    let mut set = DataSet::new();
    set.put(Element::bytes(tags::PIXEL_SPACING, VR::DS, vec![b'1'; 70_000]));
    let again = read(write(&set, &EXPLICIT).unwrap(), &EXPLICIT, &Limits::default()).set;
    let element = again.get(tags::PIXEL_SPACING).unwrap();
    assert_eq!((element.vr, element.meaning(), element.as_bytes().unwrap().len()), (VR::UN, VR::DS, 70_000));
    let again = read(write(&set, &IMPLICIT).unwrap(), &IMPLICIT, &Limits::default()).set;
    assert_eq!(again, set);
}

#[test]
fn group_lengths_are_left_out_but_for_the_first_groups() {
    let set: DataSet = [
        Element::bytes(Tag(0, 0), VR::UL, vec![9; 4]),
        Element::bytes(Tag(0, 2), VR::UI, b"1.2 ".to_vec()),
        Element::bytes(Tag(8, 0), VR::UL, vec![9; 4]),
        Element::bytes(tags::MODALITY, VR::CS, b"CT".to_vec()),
    ]
    .into_iter()
    .collect();
    let again = read(write(&set, &IMPLICIT).unwrap(), &IMPLICIT, &Limits::default()).set;
    assert_eq!((again.int(Tag(0, 0)), again.get(Tag(8, 0))), (Some(12), None));
    // One that came as a sequence is a number again, and what stands before it stays.
    let odd: DataSet = [
        Element::sequence(Tag(0, 0), vec![DataSet::new()]),
        Element::bytes(Tag(0, 2), VR::UI, b"1.2 ".to_vec()),
    ]
    .into_iter()
    .collect();
    let again = read(write(&odd, &EXPLICIT).unwrap(), &EXPLICIT, &Limits::default()).set;
    assert_eq!((again.int(Tag(0, 0)), again.ascii(Tag(0, 2))), (Some(12), Some("1.2")));
}

#[test]
fn private_sequences_stay_sequences_without_a_vr() {
    let mut item = DataSet::new();
    item.put_ascii(tags::PATIENT_ID, VR::LO, "4711");
    let mut set = DataSet::new();
    set.put_items(Tag(9, 0x1001), vec![item, DataSet::new()]);
    let again = read(write(&set, &IMPLICIT).unwrap(), &IMPLICIT, &Limits::default());
    assert_eq!((again.set, again.deviations), (set, vec![]));
}
