//! The Native DICOM Model in XML, and dumps.

use klinke_dimse::charset::Charset;
use klinke_dimse::data::{DataSet, Element, Limits as ReadLimits, PixelDataUse};
use klinke_dimse::dump::{self, dump};
use klinke_dimse::json::{BulkData, Limits, Options};
use klinke_dimse::xml::{Error, read, to_string};
use klinke_dimse::{Tag, VR, file, tags};
use proptest::prelude::*;

use crate::support;

fn sample() -> DataSet {
    let mut item = DataSet::new();
    item.put_ascii(tags::CODE_MEANING, VR::LO, "a < b & \"c\"");
    let mut set = DataSet::new();
    set.put_ascii(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 100");
    set.put_ascii(tags::MODALITY, VR::CS, "CT");
    set.put_text(tags::PATIENT_NAME, VR::PN, "Müller^Jörg^^Dr.", &Charset::LATIN_1);
    set.put_text(tags::PATIENT_COMMENTS, VR::LT, " two\r\nlines", &Charset::LATIN_1);
    set.put_ds(tags::PIXEL_SPACING, &[0.5, 0.25]);
    set.put_us(tags::ROWS, 512);
    set.put_ascii(Tag(0x29, 0x10), VR::LO, "ACME <1>");
    set.put(Element::bytes(Tag(0x29, 0x1001), VR::OB, vec![1, 2, 3, 4]));
    set.put_items(tags::PROCEDURE_CODE_SEQUENCE, vec![DataSet::new(), item]);
    set.put(Element::bytes(tags::PIXEL_DATA, VR::OW, vec![0; 5000]));
    set
}

#[test]
fn xml_is_as_the_model_wants_it() {
    let bulk = |bulk: &BulkData<'_>| Some(format!("x?{}&{}", bulk.path, bulk.length));
    let text = to_string(&sample(), &Options { bulk: Some(&bulk), ..Options::default() });
    for part in [
        r#"<DicomAttribute tag="00080005" vr="CS" keyword="SpecificCharacterSet"><Value number="1">ISO_IR 192</Value>"#,
        r#"<PersonName number="1"><Alphabetic><FamilyName>Müller</FamilyName><GivenName>Jörg</GivenName><NamePrefix>Dr.</NamePrefix></Alphabetic></PersonName>"#,
        r#"<Value number="1"> two&#13;&#10;lines</Value>"#,
        r#"<Value number="1">0.5</Value><Value number="2">0.25</Value>"#,
        r#"<DicomAttribute tag="00291001" vr="OB" privateCreator="ACME &lt;1&gt;"><InlineBinary>AQIDBA==</InlineBinary>"#,
        r#"<Item number="1"></Item><Item number="2"><DicomAttribute tag="00080104""#,
        r#"<Value number="1">a &lt; b &amp; &quot;c&quot;</Value>"#,
        r#"<BulkData uri="x?7FE00010&amp;5000"/>"#,
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let parsed = read(&text, &Limits::default()).unwrap();
    assert_eq!((parsed.bulk[0].uri.as_str(), parsed.bulk[0].path.as_str()), ("x?7FE00010&5000", "7FE00010"));
    let set = parsed.set;
    assert_eq!(set.text(tags::PATIENT_NAME, &Charset::UTF_8).as_deref(), Some("Müller^Jörg^^Dr."));
    assert_eq!(set.text(tags::PATIENT_COMMENTS, &Charset::UTF_8).as_deref(), Some(" two\r\nlines"));
    assert_eq!((set.int(tags::ROWS), set.floats(tags::PIXEL_SPACING)), (Some(512), vec![0.5, 0.25]));
    assert_eq!(set.items(tags::PROCEDURE_CODE_SEQUENCE).len(), 2);
}

#[test]
fn xml_of_others_is_read() {
    let text = r#"<?xml version="1.0"?><!-- x --><n:NativeDicomModel xmlns:n='u'>
        <n:DicomAttribute keyword='PatientID'><n:Value number='2'>b</n:Value><n:Value number='1'><![CDATA[<a>]]></n:Value></n:DicomAttribute>
        <n:DicomAttribute tag='00280010' vr='US'><n:Value number='1'>512</n:Value></n:DicomAttribute>
        <n:DicomAttribute tag='00100030' vr='DA'/>
        </n:NativeDicomModel>"#;
    let set = read(text, &Limits::default()).unwrap().set;
    assert_eq!(set.texts(tags::PATIENT_ID, &Charset::ASCII), ["<a>", "b"]);
    assert_eq!((set.int(tags::ROWS), set.len()), (Some(512), 3));
}

#[test]
fn xml_that_is_none_is_refused() {
    let fails = |text: &str| read(text, &Limits::default()).unwrap_err();
    assert!(matches!(fails(""), Error::Model { .. }));
    assert!(matches!(
        fails("<!DOCTYPE x [<!ENTITY a 'b'>]><NativeDicomModel/>"),
        Error::Syntax { offset: 0 }
    ));
    assert!(matches!(fails("<NativeDicomModel>"), Error::Model { .. }));
    assert!(matches!(
        fails("<NativeDicomModel><DicomAttribute tag='1'/></NativeDicomModel>"),
        Error::Model { .. }
    ));
    assert!(matches!(fails("<NativeDicomModel>&x;</NativeDicomModel>"), Error::Syntax { .. }));
    let deep = "<DicomAttribute tag='0040A730' vr='SQ'><Item>".repeat(100);
    assert!(matches!(fails(&format!("<NativeDicomModel>{deep}")), Error::Limit { .. }));
    let far = "<NativeDicomModel><DicomAttribute tag='00100020' vr='LO'><Value number='99999999'>x</Value>";
    assert!(matches!(fails(far), Error::Limit { .. }));
}

#[test]
fn xml_and_dump_of_every_file_of_pydicom() {
    let Some(folders) = support::folders() else { return };
    let mut count = 0;
    for path in folders.iter().flat_map(|folder| support::files(folder)) {
        let Ok(opened) =
            file::open(std::fs::read(&path).unwrap(), &ReadLimits::default(), PixelDataUse::Skip)
        else {
            continue;
        };
        count += 1;
        let text = to_string(&opened.set, &Options::default());
        let again =
            read(&text, &Limits::default()).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let second = to_string(&again.set, &Options::default());
        assert_eq!(crate::peers::difference(&text, &second), None, "{}", path.display());
        let lines = dump(&opened.set, &dump::Options::default()).lines().count();
        assert_eq!(dump(&opened.set, &dump::Options::without_values()).lines().count(), lines);
    }
    assert!(count > 200, "{count}");
}

#[test]
fn a_dump_is_readable() {
    let text = dump(&sample(), &dump::Options::default());
    for line in [
        "(0008,0060) CS [CT]                                          #      2 Modality",
        "(0010,0010) PN [Müller^Jörg^^Dr.]                            #     16 PatientName",
        "(0008,1032) SQ 2 items                                       #        ProcedureCodeSequence",
        "  item 2",
        "(0010,4000) LT [ two..lines]                                 #     12 PatientComments",
        "(0028,0010) US 512                                           #      2 Rows",
        "(0029,1001) OB 01 02 03 04                                   #      4 ACME <1>",
        "(7FE0,0010) OW 5000 bytes                                    #   5000 PixelData",
    ] {
        assert!(text.lines().any(|one| one == line), "{line}\n{text}");
    }
    let short = dump(&sample(), &dump::Options { lines: 2, ..dump::Options::default() });
    assert!(short.ends_with("more lines\n") && short.lines().count() == 3, "{short}");
}

#[test]
fn a_dump_without_values_shows_nothing_of_a_patient() {
    let text = dump(&sample(), &dump::Options::without_values());
    for secret in ["Müller", "Jörg", "lines", "a < b", "ACME"] {
        assert!(!text.contains(secret), "{secret}\n{text}");
    }
    assert!(text.contains("PN 16 characters, not only ASCII") && text.contains("CS [CT]"), "{text}");
    assert!(text.contains("DS 2 values, 7 characters") && text.contains("US 512"), "{text}");
}

proptest! {
    #[test]
    fn any_xml_is_read_or_refused(
        parts in proptest::collection::vec(proptest::sample::select(vec![
            "<NativeDicomModel>", "<DicomAttribute tag=\"00100010\" vr=\"PN\">", "<DicomAttribute tag='0040A730'>",
            "<Value number='1'>", "<Item>", "</Item>", "</Value>", "</DicomAttribute>", "</NativeDicomModel>", "&amp;",
            "&#x41;", "ä", "<", ">", "'", "\"", "=", "<![CDATA[", "]]>", "<!--", "-->", "<PersonName>", "<BulkData uri='x'/>",
            "<Alphabetic>", "<InlineBinary>AQ==</InlineBinary>", "/",
        ]), 0..20),
    ) {
        let _ = read(&parts.concat(), &Limits::default());
    }
}
