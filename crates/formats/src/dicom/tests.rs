use klinke_dimse::charset::Charset;
use klinke_dimse::data::{self, DataSet, Element, Limits, PixelDataUse};
use klinke_dimse::file::{self, Meta, Opened};
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::{Tag, VR, tags, uids};
use klinke_engine::document::{Document, Format, Value};
use klinke_model::Payload;

use super::*;
use crate::testing::{build, run_bytes};

const CT: &str = "1.2.840.10008.5.1.4.1.1.2";

fn image() -> DataSet {
    let mut set = DataSet::new();
    for (tag, vr, text) in [
        (tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 100"),
        (tags::IMAGE_TYPE, VR::CS, "ORIGINAL\\PRIMARY"),
        (tags::SOP_CLASS_UID, VR::UI, CT),
        (tags::SOP_INSTANCE_UID, VR::UI, "1.2.3.1.1"),
        (tags::STUDY_DATE, VR::DA, "20261129"),
        (tags::MODALITY, VR::CS, "CT"),
        (tags::STATION_NAME, VR::SH, "CT-1"),
        (tags::PATIENT_ID, VR::LO, "4711"),
        (tags::STUDY_INSTANCE_UID, VR::UI, "1.2.3"),
        (tags::SERIES_INSTANCE_UID, VR::UI, "1.2.3.1"),
        (Tag(0x0029, 0x0010), VR::LO, "ACME"),
        (tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2"),
    ] {
        set.put_ascii(tag, vr, text);
    }
    set.put_text(tags::PATIENT_NAME, VR::PN, "Müller^Jörg", &Charset::LATIN_1);
    set.put(Element::bytes(Tag(0x0029, 0x1001), VR::UN, vec![1, 2, 3, 4]));
    let requests = ["A1", "A2"].map(|accession| {
        let mut item = DataSet::new();
        item.put_ascii(tags::ACCESSION_NUMBER, VR::SH, accession);
        item
    });
    set.put_items(tags::REQUEST_ATTRIBUTES_SEQUENCE, requests.to_vec());
    for (tag, value) in [
        (tags::SAMPLES_PER_PIXEL, 1),
        (tags::ROWS, 16),
        (tags::COLUMNS, 16),
        (tags::BITS_ALLOCATED, 16),
        (tags::BITS_STORED, 12),
        (tags::HIGH_BIT, 11),
        (tags::PIXEL_REPRESENTATION, 0),
    ] {
        set.put_us(tag, value);
    }
    set.put(Element::bytes(tags::PIXEL_DATA, VR::OW, (0..512).map(|at| (at % 16) as u8).collect::<Vec<_>>()));
    set
}

fn part10(set: &DataSet, syntax: &TransferSyntax) -> Vec<u8> {
    let meta = Meta { sending: Some("CT1"), ..Meta::of(CT, "1.2.3.1.1", syntax.uid()) };
    let mut bytes = meta.to_bytes();
    bytes.extend(data::write(set, syntax).expect("a data set"));
    bytes
}

fn opened(bytes: &[u8]) -> Opened {
    file::open(bytes.to_vec(), &Limits::default(), PixelDataUse::Read).expect("a file")
}

fn one(steps: &str, input: &[u8]) -> Result<Vec<u8>, String> {
    run_bytes(NAME, steps, input).map(|(mut payloads, _)| payloads.remove(0).to_vec())
}

fn value(document: &dyn Document, path: &str) -> String {
    match document.value(&document.path(path).expect(path)).expect(path) {
        Value::Absent => "(absent)".to_owned(),
        Value::Empty => "(empty)".to_owned(),
        other => other.text().to_owned(),
    }
}

#[test]
fn attributes_are_read_by_keyword_tag_and_private_creator() {
    let bytes = part10(&image(), &TransferSyntax::EXPLICIT);
    let document = Dicom.open(&Payload::new(bytes), None).expect("a document");
    for (path, wanted) in [
        ("Modality", "CT"),
        ("(0010,0010)", "Müller^Jörg"),
        ("ImageType", "ORIGINAL\\PRIMARY"),
        ("Rows", "16"),
        ("RequestAttributesSequence", "2"),
        ("RequestAttributesSequence[1].AccessionNumber", "A2"),
        ("RequestAttributesSequence[2].AccessionNumber", "(absent)"),
        ("(0029,ACME,01)", "4 bytes"),
        ("PixelData", "512 bytes"),
        ("PatientComments", "(absent)"),
        ("SendingApplicationEntityTitle", "CT1"),
        ("TransferSyntaxUID", uids::EXPLICIT_VR_LITTLE_ENDIAN),
    ] {
        assert_eq!(value(document.as_ref(), path), wanted, "{path}");
    }
    let path = |text: &str| document.path(text).expect(text);
    let all = document.values(&path("RequestAttributesSequence[*].AccessionNumber")).expect("values");
    assert_eq!(all.iter().map(Value::text).collect::<Vec<_>>(), ["A1", "A2"]);
    assert_eq!(document.count(&path("RequestAttributesSequence[*]")).expect("a count"), 2);
    let error = document.path("PatientNam").expect_err("no keyword").to_string();
    assert!(error.contains("PatientNam"), "{error}");
    assert!(!format!("{document:?}").contains("ller"), "no patient in a Debug");
}

#[test]
fn only_what_a_step_touches_changes() {
    let bytes = part10(&image(), &TransferSyntax::EXPLICIT);
    assert_eq!(one("{ only = { Modality = [\"CT\", \"MR\"] } }", &bytes).expect("it passes"), bytes);
    assert!(
        one("{ except = { StationName = { starts = \"CT\" } } }", &bytes)
            .is_err_and(|why| why.starts_with("end"))
    );
    assert!(one("{ only = { ImageType = { contains = \"DERIVED\" } } }", &bytes).is_err());

    let steps = r#"{ set = { InstitutionName = "Haus {StationName}", PatientName = "Özgür^Ayşe" } }"#;
    let lacking = one(steps, &bytes).expect_err("Latin-1 has no ş");
    assert!(lacking.contains("PatientName") && !lacking.contains("Ay"), "{lacking}");
    let steps = r#"
        { set = { InstitutionName = "Haus {StationName}", PatientName = "Böhm^Ute" } },
        { set = { "RequestAttributesSequence[*].RequestedProcedureID" = "RP" } },
        { for-each = { in = "RequestAttributesSequence[*]", step = [{ set = { "RequestAttributesSequence[#].ScheduledProcedureStepID" = "S{#}" } }] } },
        { delete = ["StationName", "RequestAttributesSequence[0].AccessionNumber"] },
        { clear = "StudyDate" }, { copy = { PatientID = "StudyID" } }"#;
    let changed = one(steps, &bytes).expect("changed");
    let (before, after) = (opened(&bytes), opened(&changed));
    let document = Dicom.open(&Payload::new(changed.clone()), None).expect("a document");
    for (path, wanted) in [
        ("InstitutionName", "Haus CT-1"),
        ("PatientName", "Böhm^Ute"),
        ("StationName", "(absent)"),
        ("StudyDate", "(empty)"),
        ("StudyID", "4711"),
        ("RequestAttributesSequence[0].AccessionNumber", "(absent)"),
        ("RequestAttributesSequence[0].ScheduledProcedureStepID", "S1"),
        ("RequestAttributesSequence[1].ScheduledProcedureStepID", "S2"),
        ("RequestAttributesSequence[1].RequestedProcedureID", "RP"),
    ] {
        assert_eq!(value(document.as_ref(), path), wanted, "{path}");
    }
    assert!(after.set.raw(tags::PATIENT_NAME).is_some_and(|name| name.contains(&0xF6)), "still Latin-1");
    let touched = [
        tags::INSTITUTION_NAME,
        tags::PATIENT_NAME,
        tags::STATION_NAME,
        tags::STUDY_DATE,
        tags::STUDY_ID,
        tags::REQUEST_ATTRIBUTES_SEQUENCE,
    ];
    for element in before.set.iter().filter(|element| !touched.contains(&element.tag)) {
        assert_eq!(after.set.get(element.tag), Some(element));
    }
    assert!(changed.ends_with(&bytes[bytes.len() - 512..]));
}

#[test]
fn the_head_of_a_file_follows_its_data_set() {
    let mut bytes = part10(&image(), &TransferSyntax::IMPLICIT);
    bytes[..4].copy_from_slice(b"II*\0");
    let changed = one(r#"{ set = { SOPInstanceUID = "1.2.3.1.9" } }"#, &bytes).expect("changed");
    let after = opened(&changed);
    assert_eq!(after.meta.ascii(tags::MEDIA_STORAGE_SOP_INSTANCE_UID), Some("1.2.3.1.9"));
    assert_eq!(after.meta.ascii(tags::SENDING_APPLICATION_ENTITY_TITLE), Some("CT1"));
    assert_eq!(after.syntax, TransferSyntax::IMPLICIT);
    assert!(changed.starts_with(b"II*\0"), "the preamble stays");
    let length = after.meta.int(tags::FILE_META_INFORMATION_GROUP_LENGTH).expect("a length");
    assert_eq!(132 + 12 + length, after.data_set_offset as i64);
    assert_ne!(Dicom.identity(&bytes), None);
    assert_ne!(Dicom.identity(&bytes), Dicom.identity(&changed));
}

#[test]
fn a_text_beyond_ascii_makes_an_undeclared_data_set_unicode() {
    let mut set = image();
    set.remove(tags::SPECIFIC_CHARACTER_SET);
    set.put_ascii(tags::PATIENT_NAME, VR::PN, "Muster^Eva");
    let bytes = part10(&set, &TransferSyntax::EXPLICIT);
    let changed = one(r#"{ set = { PatientName = "Ayşe" } }"#, &bytes).expect("changed");
    let after = opened(&changed).set;
    assert_eq!(after.ascii(tags::SPECIFIC_CHARACTER_SET), Some("ISO_IR 192"));
    assert_eq!(after.text(tags::PATIENT_NAME, &Charset::UTF_8).as_deref(), Some("Ayşe"));
}

#[test]
fn what_breaks_off_is_read_and_not_changed() {
    let bytes = part10(&image(), &TransferSyntax::EXPLICIT);
    let cut = &bytes[..bytes.len() - 100];
    assert_eq!(one("{ only = { Modality = \"CT\" } }", cut).expect("it passes"), cut);
    for step in ["{ delete = \"StationName\" }", "{ transcode = \"rle\" }"] {
        assert!(one(step, cut).is_err_and(|why| why.contains("breaks off")), "{step}");
    }
    assert!(one("{ only = { Modality = \"CT\" } }", b"MSH|^~\\&|").is_err_and(|why| why.contains("DICOM")));
}

#[test]
fn json_is_a_document_too() {
    let input = r#"{"00080060":{"vr":"CS","Value":["CT"]},"00100010":{"vr":"PN","Value":[{"Alphabetic":"Müller^Jörg"}]}}"#;
    assert_eq!(
        one("{ only = { PatientName = { starts = \"Mü\" } } }", input.as_bytes()).expect("it passes"),
        input.as_bytes()
    );
    let changed =
        one(r#"{ set = { PatientID = "4711", PatientName = "Ayşe" } }"#, input.as_bytes()).expect("changed");
    let changed = String::from_utf8(changed).expect("UTF-8");
    assert!(changed.contains("Ayşe") && changed.contains("4711"), "{changed}");
    assert!(
        one("{ transcode = \"rle\" }", input.as_bytes()).is_err_and(|why| why.contains("no transfer syntax"))
    );
    assert!(
        one("{ only = { Modality = \"CT\" } }", b"[{},{}]").is_err_and(|why| why.contains("one data set"))
    );
}

#[test]
fn scripts_get_a_data_set_without_its_pixels() {
    let mut document =
        Dicom.open(&Payload::new(part10(&image(), &TransferSyntax::EXPLICIT)), None).expect("open");
    let json = document.operate("json", &[]).expect("json").expect("a text");
    assert!(json.contains("\"00100020\"") && !json.contains("7FE00010"), "{json}");
    let syntax = document.operate("transfer-syntax", &[]).expect("a syntax");
    assert_eq!(syntax.as_deref(), Some(uids::EXPLICIT_VR_LITTLE_ENDIAN));
    assert!(document.operate("insert", &[]).is_err());
}

#[test]
fn pixels_are_the_same_in_another_transfer_syntax() {
    let bytes = part10(&image(), &TransferSyntax::EXPLICIT);
    let coded = one("{ transcode = { to = \"jpeg-ls\" } }", &bytes).expect("coded");
    let after = opened(&coded);
    assert_eq!(after.syntax.uid(), uids::JPEGLS_LOSSLESS);
    assert_eq!(after.meta.ascii(tags::TRANSFER_SYNTAX_UID), Some(uids::JPEGLS_LOSSLESS));
    assert!(after.set.get(tags::PIXEL_DATA).is_some_and(|element| element.as_bytes().is_none()));
    let back = one("{ transcode = \"explicit\" }", &coded).expect("decoded");
    assert_eq!(opened(&back).set.get(tags::PIXEL_DATA), opened(&bytes).set.get(tags::PIXEL_DATA));
    assert_eq!(one("{ transcode = \"explicit\" }", &bytes).expect("the same"), bytes);
    let mut broken = image();
    broken.put_us(tags::ROWS, 4000);
    let broken = part10(&broken, &TransferSyntax::EXPLICIT);
    assert!(one("{ transcode = \"rle\" }", &broken).is_err_and(|why| why.starts_with("PixelData")));
    assert_eq!(one("{ transcode = { to = \"rle\", broken = \"keep\" } }", &broken).expect("kept"), broken);
    let error = build(NAME, "{ transcode = \"jpeg-lossles\" }").err().map(|error| error.to_string());
    assert!(error.is_some_and(|text| text.contains("did you mean `jpeg-lossless`")));
}

const KEY: &str = "0123456789abcdef0123456789abcdef";

#[test]
fn no_patient_is_left_and_the_report_is_in_the_trace() {
    let bytes = part10(&image(), &TransferSyntax::EXPLICIT);
    let step = format!("{{ deidentify = {{ key = \"{KEY}\", options = [\"retain-device-identity\"] }} }}");
    let (payloads, trace) = run_bytes(NAME, &step, &bytes).expect("released");
    let after = opened(&payloads[0]);
    let text = String::from_utf8_lossy(&payloads[0]).into_owned();
    for gone in ["ller", "4711", "1.2.3.1", "CT1"] {
        assert!(!text.contains(gone), "{gone} is left");
    }
    assert_eq!(after.set.ascii(tags::PATIENT_IDENTITY_REMOVED), Some("YES"));
    assert_eq!(after.set.ascii(tags::STATION_NAME), Some("CT-1"), "the option keeps it");
    let uid = after.set.ascii(tags::SOP_INSTANCE_UID).map(str::to_owned);
    assert_eq!(after.meta.ascii(tags::MEDIA_STORAGE_SOP_INSTANCE_UID).map(str::to_owned), uid);
    assert!(
        trace.iter().any(|line| line.starts_with("pseudonymised: ") && line.contains("Patient ID")),
        "{trace:?}"
    );
    assert!(!trace.join("\n").contains("4711"));
    let (again, _) = run_bytes(NAME, &step, &bytes).expect("released");
    assert_eq!(again[0].to_vec(), payloads[0].to_vec(), "the same key gives the same");
    let other = step.replace("0123", "3210");
    assert_ne!(run_bytes(NAME, &other, &bytes).expect("released").0[0].to_vec(), payloads[0].to_vec());
}

#[test]
fn what_somebody_has_to_look_at_does_not_leave() {
    let mut set = image();
    set.put_ascii(tags::BURNED_IN_ANNOTATION, VR::CS, "YES");
    let bytes = part10(&set, &TransferSyntax::EXPLICIT);
    let step = |more: &str| format!("{{ deidentify = {{ key = \"{KEY}\"{more} }} }}");
    assert!(one(&step(""), &bytes).is_err_and(|why| why.contains("burned-in-annotation")));
    assert!(one(&step(", held = \"end\""), &bytes).is_err_and(|why| why.starts_with("end: ")));
    assert!(one(&step(", held = \"pass\""), &bytes).is_ok());
    let rule = ", options = \"clean-pixel-data\", rules = [{ modality = \"CT\", action = \"black-out\", rectangles = [[0, 0, 16, 2]] }]";
    let cleaned = opened(&one(&step(rule), &bytes).expect("released"));
    let pixels = cleaned.set.get(tags::PIXEL_DATA).and_then(Element::as_bytes).expect("pixels").clone();
    assert!(pixels[..64].iter().all(|byte| *byte == 0) && pixels[64..].iter().any(|byte| *byte != 0));
    for (more, place) in [
        (", options = \"clean-pixels\"", "clean-pixel-data"),
        (", rules = [{ action = \"black-out\" }]", "rectangles"),
        (", held = \"maybe\"", "none of fail, end, pass"),
    ] {
        let error = build(NAME, &step(more)).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains(place), "{more}: {error}");
    }
    let short = build(NAME, "{ deidentify = { key = \"secret\" } }").err().map(|error| error.to_string());
    assert!(short.is_some_and(|text| text.contains("32 characters") && !text.contains("secret")));
}

#[test]
fn instances_are_found_by_patient_order_and_uid() {
    use klinke_store::Keys;
    let keys = crate::SearchKeys::new().keys(NAME, &part10(&image(), &TransferSyntax::EXPLICIT));
    let keys: Vec<String> =
        keys.into_iter().map(|(name, value)| format!("{}={value}", name.as_str())).collect();
    assert_eq!(keys, ["patient=4711", "control=1.2.3.1.1", "control=1.2.3", "event=CT"]);
}
