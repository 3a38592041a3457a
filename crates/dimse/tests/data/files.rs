//! Files of Part 10, whatever of their head is missing or wrong.

use klinke_dimse::data::{DataSet, Element, End, Limits, PixelDataUse, Value, write};
use klinke_dimse::deviation::Kind;
use klinke_dimse::file::{Error, HeaderReader, Meta, Opened, Progress, open};
use klinke_dimse::pixel::encapsulate;
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::{VR, tags};

use crate::support;

fn set() -> DataSet {
    let mut set = DataSet::new();
    set.put_ascii(tags::SOP_CLASS_UID, VR::UI, "1.2.840.10008.5.1.4.1.1.7");
    set.put_ascii(tags::PATIENT_NAME, VR::PN, "A^B");
    set.put(Element::bytes(tags::PIXEL_DATA, VR::OW, vec![1, 2, 3, 4]));
    set
}

fn head(syntax: &TransferSyntax) -> Vec<u8> {
    let meta = Meta {
        sop_class: "1.2.840.10008.5.1.4.1.1.7",
        sop_instance: "1.2.3",
        transfer_syntax: syntax.uid(),
        implementation_class: "1.2.3.4",
        implementation_version: "KLINKE",
        source: Some("CT1"),
        sending: None,
        receiving: Some("KLINKE"),
        private: None,
    };
    meta.to_bytes()
}

fn opened(bytes: Vec<u8>) -> Opened {
    open(bytes, &Limits::default(), PixelDataUse::Read).expect("a file")
}

fn kinds(opened: &Opened) -> Vec<Kind> {
    opened.deviations.iter().map(|deviation| deviation.kind).collect()
}

#[test]
fn a_file_as_it_should_be() {
    for syntax in [
        TransferSyntax::EXPLICIT,
        TransferSyntax::IMPLICIT,
        TransferSyntax::BIG_ENDIAN,
        TransferSyntax::DEFLATED,
    ] {
        let head = head(&syntax);
        let body = write(&set(), &syntax).unwrap();
        let opened = opened([head.clone(), body].concat());
        assert_eq!((kinds(&opened), &opened.set, &opened.syntax), (vec![], &set(), &syntax));
        assert_eq!(opened.data_set_offset, head.len() as u64);
        assert_eq!(opened.meta.ascii(tags::SOURCE_APPLICATION_ENTITY_TITLE), Some("CT1"));
        assert_eq!(opened.meta.int(tags::FILE_META_INFORMATION_GROUP_LENGTH), Some(head.len() as i64 - 144));
        let place = opened.pixel_data.unwrap();
        let start = if syntax.is_deflated() { 0 } else { head.len() as u64 };
        assert_eq!(place.length, Some(4));
        assert!(place.offset > start && place.value_offset > place.offset);
    }
}

#[test]
fn heads_that_are_missing_or_damaged() {
    let explicit = write(&set(), &TransferSyntax::EXPLICIT).unwrap();
    let whole = head(&TransferSyntax::EXPLICIT);
    let file = |head: &[u8], body: &[u8]| opened([head, body].concat());
    let cases = [
        (file(&whole[128..], &explicit), vec![Kind::PreambleMissing]),
        (file(&whole[132..], &explicit), vec![Kind::PrefixMissing, Kind::PreambleMissing]),
        (file(&whole[..132], &explicit), vec![Kind::MetaMissing]),
        (file(&[], &explicit), vec![Kind::PrefixMissing, Kind::PreambleMissing, Kind::MetaMissing]),
        (file(&[0; 128], &explicit), vec![Kind::PrefixMissing, Kind::MetaMissing]),
        (file(&[&whole[..132], &whole[144..]].concat(), &explicit), vec![Kind::MetaLengthMissing]),
        (
            file(&[&whole[..140], &[9, 9, 0, 0], &whole[144..]].concat(), &explicit),
            vec![Kind::MetaLengthWrong],
        ),
    ];
    for (opened, wanted) in cases {
        assert_eq!((kinds(&opened), &opened.set), (wanted, &set()));
    }
}

#[test]
fn meta_information_in_the_wrong_encoding() {
    let meta = Meta { transfer_syntax: TransferSyntax::EXPLICIT.uid(), sop_class: "1.2", ..Meta::default() }
        .to_set();
    let body = write(&set(), &TransferSyntax::EXPLICIT).unwrap();
    for syntax in [TransferSyntax::IMPLICIT, TransferSyntax::BIG_ENDIAN] {
        let head = [vec![0; 128], b"DICM".to_vec(), write(&meta, &syntax).unwrap()].concat();
        let opened = opened([head, body.clone()].concat());
        assert_eq!((kinds(&opened), &opened.set), (vec![Kind::MetaEncoding], &set()), "{syntax}");
        assert_eq!(opened.meta.ascii(tags::MEDIA_STORAGE_SOP_CLASS_UID), Some("1.2"));
    }
}

#[test]
fn transfer_syntax_missing_or_wrong() {
    let mut meta = Meta { sop_class: "1.2", ..Meta::default() }.to_set();
    meta.remove(tags::TRANSFER_SYNTAX_UID);
    let meta = [vec![0; 128], b"DICM".to_vec(), write(&meta, &TransferSyntax::EXPLICIT).unwrap()].concat();
    let all = [
        TransferSyntax::EXPLICIT,
        TransferSyntax::IMPLICIT,
        TransferSyntax::BIG_ENDIAN,
        TransferSyntax::DEFLATED,
    ];
    for syntax in &all {
        let body = write(&set(), syntax).unwrap();
        let missing = opened([meta.clone(), body.clone()].concat());
        assert_eq!((kinds(&missing), &missing.syntax), (vec![Kind::TransferSyntaxMissing], syntax));
        assert_eq!(missing.set, set());
        for wrong in all.iter().filter(|wrong| !syntax.is_deflated() && *wrong != syntax) {
            let opened = opened([head(wrong), body.clone()].concat());
            // Implicit form in the syntax that is deflated can't be told from deflated bytes.
            if wrong.is_deflated() && *syntax != TransferSyntax::EXPLICIT {
                continue;
            }
            assert!(
                kinds(&opened).contains(&Kind::TransferSyntaxWrong),
                "{syntax} as {wrong}: {:?}",
                kinds(&opened)
            );
            assert_eq!((&opened.syntax, &opened.set), (syntax, &set()), "{syntax} as {wrong}");
        }
    }
    let private = TransferSyntax::by_uid("1.2.3.4");
    let kept = opened([head(&private), write(&set(), &private).unwrap()].concat());
    assert_eq!((kept.syntax.uid(), kept.syntax.is_known(), kinds(&kept)), ("1.2.3.4", false, vec![]));
}

/// Compressed pixels under a transfer syntax without any: their first bytes say which one it is.
#[test]
fn compressed_pixels_name_their_transfer_syntax() {
    let high_throughput: &[u8] = include_bytes!("../pixel/ramp.j2c");
    let part_one: &[u8] = include_bytes!("../pixel/ramp.j2k");
    for (codestream, expected) in
        [(high_throughput, "1.2.840.10008.1.2.4.203"), (part_one, "1.2.840.10008.1.2.4.91")]
    {
        let mut set = set();
        let value = Value::Fragments(encapsulate(vec![codestream.into()]));
        set.put(Element { tag: tags::PIXEL_DATA, vr: VR::OB, value });
        let body = write(&set, &TransferSyntax::by_uid(expected)).unwrap();
        let opened = opened([head(&TransferSyntax::EXPLICIT), body].concat());
        assert_eq!(opened.syntax.uid(), expected);
        assert!(kinds(&opened).contains(&Kind::TransferSyntaxWrong), "{:?}", kinds(&opened));
    }
}

#[test]
fn what_is_no_dicom_is_refused() {
    assert_eq!(
        open(vec![0; 4], &Limits::default(), PixelDataUse::Read).unwrap_err(),
        Error::TooShort { length: 4 }
    );
    for bytes in [b"%PDF-1.7 and so on".repeat(10), vec![0; 200], b"\x89PNG\r\n\x1A\n\0\0\0\rIHDR".to_vec()] {
        assert!(matches!(open(bytes, &Limits::default(), PixelDataUse::Read), Err(Error::NotDicom { .. })));
    }
}

#[test]
fn a_header_is_complete_before_the_pixel_data_arrive() {
    let mut set = set();
    set.put(Element::bytes(tags::ICC_PROFILE, VR::OB, vec![7; 3 << 20]));
    set.put(Element::bytes(tags::PIXEL_DATA, VR::OW, vec![1; 5 << 20]));
    for syntax in [TransferSyntax::EXPLICIT, TransferSyntax::IMPLICIT, TransferSyntax::DEFLATED] {
        let bytes = write(&set, &syntax).unwrap();
        let mut reader = HeaderReader::new(&syntax, Limits::header());
        let mut pushed = 0;
        for piece in bytes.chunks(16_000) {
            pushed += piece.len();
            let progress = reader.push(piece);
            assert!(reader.held() < 64 << 10, "{}", reader.held());
            if progress == Progress::Complete {
                break;
            }
        }
        assert!(syntax.is_deflated() || pushed < (4 << 20), "{pushed}");
        let reading = reader.finish();
        assert_eq!((reading.end, reading.set.len()), (End::PixelData, 2), "{syntax}");
        assert_eq!((reading.skipped[0].tag, reading.skipped[0].length), (tags::ICC_PROFILE, 3 << 20));
        assert_eq!(reading.pixel_data.unwrap().tag, tags::PIXEL_DATA);
    }
}

/// The files of pydicom that dicom-rs 0.10 did not open.
#[test]
fn files_that_others_do_not_open() {
    let Some(folders) = support::folders() else { return };
    let names = [
        "no_meta.dcm",
        "ExplVR_BigEndNoMeta.dcm",
        "ExplVR_LitEndNoMeta.dcm",
        "rtstruct.dcm",
        "OT-PAL-8-face.dcm",
        "no_meta_group_length.dcm",
        "meta_missing_tsyntax.dcm",
        "UN_sequence.dcm",
        "SC_rgb_jpeg.dcm",
        "MR_truncated.dcm",
        "rtplan_truncated.dcm",
        "emri_small_jpeg_2k_lossless_too_short.dcm",
    ];
    let mut missing = Vec::new();
    for name in names {
        let path = folders.iter().map(|folder| folder.join(name)).find(|path| path.is_file());
        let Some(path) = path else {
            missing.push(name);
            continue;
        };
        let opened = opened(std::fs::read(path).unwrap());
        assert!(!opened.set.is_empty(), "{name}");
        assert!(!opened.deviations.is_empty() || name == "UN_sequence.dcm", "{name}");
        if name.contains("truncated") || name.contains("too_short") {
            assert!(matches!(opened.end, End::Truncated { .. }), "{name}");
        } else {
            assert_eq!(opened.end, End::Complete, "{name}: {:?}", opened.deviations);
        }
    }
    assert!(missing.len() < 3, "{missing:?}");
}
