use klinke_dimse::data::{self, DataSet, Limits, PixelDataUse};
use klinke_dimse::file::{self, Meta};
use klinke_dimse::syntax::TransferSyntax;
use klinke_dimse::{VR, json, tags, uids};

use crate::testing::{build, run_bytes};
use crate::worklist::fill::code;

fn set(texts: &[(klinke_dimse::Tag, VR, &str)]) -> DataSet {
    let mut set = DataSet::new();
    for (tag, vr, text) in texts {
        set.put_text(*tag, *vr, text, &klinke_dimse::charset::Charset::UTF_8);
    }
    set
}

fn patient() -> DataSet {
    set(&[
        (tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192"),
        (tags::PATIENT_NAME, VR::PN, "Müller^Jörg^Karl^Dr.^jun."),
        (tags::PATIENT_ID, VR::LO, "4711"),
        (tags::ISSUER_OF_PATIENT_ID, VR::LO, "KIS"),
        (tags::PATIENT_BIRTH_DATE, VR::DA, "19700101"),
        (tags::PATIENT_SEX, VR::CS, "M"),
        (tags::STUDY_INSTANCE_UID, VR::UI, "1.2.3"),
        (tags::STUDY_DATE, VR::DA, "20261129"),
        (tags::STUDY_TIME, VR::TM, "101500.123"),
        (tags::ACCESSION_NUMBER, VR::SH, "A1"),
        (tags::REFERRING_PHYSICIAN_NAME, VR::PN, "Haus^Anna^^Dr."),
    ])
}

fn request(accession: &str, placer: &str) -> DataSet {
    let mut item = set(&[
        (tags::ACCESSION_NUMBER, VR::SH, accession),
        (tags::PLACER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST, VR::LO, placer),
        (tags::REQUESTED_PROCEDURE_ID, VR::SH, "RP1"),
        (tags::SCHEDULED_PROCEDURE_STEP_ID, VR::SH, "SP1"),
        (tags::ADMISSION_ID, VR::LO, "F-77"),
    ]);
    let procedure = code("CTTHX", "CT Thorax", "99HAUS").expect("a code");
    item.put_items(tags::REQUESTED_PROCEDURE_CODE_SEQUENCE, vec![procedure]);
    item
}

/// What a step makes of a document, as lines without the header's time and control ID.
fn message(step: &str, payload: &[u8]) -> Result<Vec<String>, String> {
    let (payloads, _) = run_bytes("dicom", step, payload)?;
    let text = String::from_utf8(payloads[0].to_vec()).expect("UTF-8");
    let lines = text.split('\r').filter(|line| !line.is_empty()).map(str::to_owned);
    let mut lines: Vec<String> = lines.collect();
    let mut fields: Vec<&str> = lines[0].split('|').collect();
    assert!(fields[6].len() == 14 && fields[9].len() == 19, "{}", lines[0]);
    (fields[6], fields[9]) = ("TIME", "ID");
    lines[0] = fields.join("|");
    Ok(lines)
}

fn written(set: &DataSet) -> Vec<u8> {
    json::to_string(set, &json::Options::default()).into_bytes()
}

#[test]
fn a_study_is_told_to_whoever_ordered_it() {
    let mut study = patient();
    study.put_ascii(tags::MODALITIES_IN_STUDY, VR::CS, "CT\\SR");
    study.put_ascii(tags::NUMBER_OF_STUDY_RELATED_SERIES, VR::IS, "2");
    study.put_ascii(tags::NUMBER_OF_STUDY_RELATED_INSTANCES, VR::IS, "120");
    study.put_items(tags::REFERENCED_REQUEST_SEQUENCE, vec![request("A1", "P1"), request("A2", "P2")]);
    let step = r#"{ to-hl7 = { link = "https://viewer.example/?a=1&study={StudyInstanceUID}" } }"#;
    let lines = message(step, &written(&study)).expect("a message");
    let order = |number: u8| {
        vec![
            format!("ORC|RE|P{number}|A{number}||CM||||20260301091500"),
            format!(
                "OBR|{number}|P{number}|A{number}|CTTHX^CT Thorax^99HAUS|||20261129101500|||||||||^Haus^Anna^^^Dr.||A{number}|RP1|SP1||20260301091500||CT|R"
            ),
            "OBX|1|ST|113014^DICOM Study^DCM||1.2.3||||||R".to_owned(),
            "OBX|2|NM|00201206^Number of Study Related Series^L||2||||||R".to_owned(),
            "OBX|3|NM|00201208^Number of Study Related Instances^L||120||||||R".to_owned(),
            "OBX|4|ST|00080061^Modalities in Study^L||CT SR||||||R".to_owned(),
            "OBX|5|RP|LINK^Images^L||https://viewer.example/?a=1\\T\\study=1.2.3^^AP^HTML||||||R".to_owned(),
        ]
    };
    let head = [
        "MSH|^~\\&|KLINKE||||TIME||ORU^R01^ORU_R01|ID|P|2.5.1||||||UNICODE UTF-8".to_owned(),
        "PID|1||4711^^^KIS^PI||Müller^Jörg^Karl^jun.^Dr.||19700101|M".to_owned(),
        "PV1|1|N|||||||||||||||||F-77".to_owned(),
    ];
    let wanted: Vec<String> = head.into_iter().chain(order(1)).chain(order(2)).collect();
    assert_eq!(lines, wanted);
    // The steps behind it see a message.
    let then = format!(r#"{step}, {{ set = {{ "MSH-5" = "RIS" }} }}"#);
    assert!(message(&then, &written(&study)).expect("a message")[0].contains("|KLINKE||RIS||"));
}

#[test]
fn a_study_is_told_as_a_document_with_its_orders_and_one_header() {
    let mut study = patient();
    study.put_ascii(tags::MODALITIES_IN_STUDY, VR::CS, "CT");
    study.put_items(tags::REFERENCED_REQUEST_SEQUENCE, vec![request("A1", "P1"), request("A2", "P2")]);
    let step = r#"{ to-hl7 = { message = "MDM^T02" } }"#;
    let lines = message(step, &written(&study)).expect("a message");
    let names: Vec<&str> = lines.iter().map(|line| &line[..3]).collect();
    assert_eq!(names, ["MSH", "EVN", "PID", "PV1", "ORC", "OBR", "ORC", "OBR", "TXA", "OBX", "OBX"]);
    assert!(lines[0].contains("|MDM^T02^MDM_T02|") && lines[1].starts_with("EVN|T02|"), "{lines:?}");
    assert_eq!(lines[4], "ORC|RE|P1|A1||CM||||20260301091500");
    let header = "TXA|1|DI|TX|20261129101500||20260301091500||||||1.2.3||P1|A1||DO||AV";
    assert_eq!(lines[8], header);
    // Without an admission there is a visit all the same: the standard wants one.
    study.remove(tags::REFERENCED_REQUEST_SEQUENCE);
    study.remove(tags::ADMISSION_ID);
    let lines = message(step, &written(&study)).expect("a message");
    assert_eq!(lines[3], "PV1|1|N");
    assert!(
        message("{ to-hl7 = {} }", &written(&study))
            .expect("a message")
            .iter()
            .all(|line| !line.starts_with("PV1"))
    );
}

#[test]
fn what_a_modality_tells_is_the_status_of_the_order() {
    let told = |status: &str, ended: bool| {
        let mut set = patient();
        set.remove(tags::STUDY_INSTANCE_UID);
        let mut step = request("A1", "P1");
        step.put_ascii(tags::STUDY_INSTANCE_UID, VR::UI, "1.2.3");
        set.put_items(tags::SCHEDULED_STEP_ATTRIBUTES_SEQUENCE, vec![step]);
        set.put_ascii(tags::PERFORMED_PROCEDURE_STEP_STATUS, VR::CS, status);
        set.put_ascii(tags::PERFORMED_PROCEDURE_STEP_START_DATE, VR::DA, "20261129");
        set.put_ascii(tags::PERFORMED_PROCEDURE_STEP_START_TIME, VR::TM, "1015");
        if ended {
            set.put_ascii(tags::PERFORMED_PROCEDURE_STEP_END_DATE, VR::DA, "20261129");
            set.put_ascii(tags::PERFORMED_PROCEDURE_STEP_END_TIME, VR::TM, "1030");
        }
        message(r#"{ to-hl7 = { message = "OMG^O19" } }"#, &written(&set)).expect("a message")
    };
    let fields = |lines: &[String], name: &str| {
        lines
            .iter()
            .find(|line| line.starts_with(name))
            .map(|line| line.split('|').map(str::to_owned).collect::<Vec<_>>())
    };
    for (status, ended, order, result, changed) in [
        ("IN PROGRESS", false, "IP", "I", "202611291015"),
        ("COMPLETED", true, "CM", "R", "202611291030"),
        ("DISCONTINUED", true, "DC", "X", "202611291030"),
    ] {
        let lines = told(status, ended);
        assert!(lines[0].contains("|OMG^O19^OMG_O19|"), "{}", lines[0]);
        let orc = fields(&lines, "ORC").expect("an ORC");
        assert_eq!((&*orc[1], &*orc[2], &*orc[3], &*orc[5], &*orc[9]), ("SC", "P1", "A1", order, changed));
        let obr = fields(&lines, "OBR").expect("an OBR");
        assert_eq!((&*obr[7], &*obr[25]), ("202611291015", result));
        assert!(lines.iter().any(|line| line.contains(&format!("||{status}||"))), "{lines:?}");
    }
}

fn item(kind: &str, name: [&str; 3]) -> DataSet {
    let mut item = set(&[(tags::VALUE_TYPE, VR::CS, kind), (tags::RELATIONSHIP_TYPE, VR::CS, "CONTAINS")]);
    item.put_items(tags::CONCEPT_NAME_CODE_SEQUENCE, code(name[0], name[1], name[2]).into_iter().collect());
    item
}

fn number(name: [&str; 3], value: Option<&str>, below: Vec<DataSet>) -> DataSet {
    let mut item = item("NUM", name);
    let measured = value.map(|value| {
        let mut measured = set(&[(tags::NUMERIC_VALUE, VR::DS, value)]);
        measured.put_items(
            tags::MEASUREMENT_UNITS_CODE_SEQUENCE,
            code("mm", "millimeter", "UCUM").into_iter().collect(),
        );
        measured
    });
    item.put_items(tags::MEASURED_VALUE_SEQUENCE, measured.into_iter().collect());
    item.put_items(tags::CONTENT_SEQUENCE, below);
    item
}

/// As TID 1500: measurement groups with their tracking identifier and finding site.
fn report() -> DataSet {
    let site = {
        let mut site = item("CODE", ["363698007", "Finding Site", "SCT"]);
        site.put_items(tags::CONCEPT_CODE_SEQUENCE, code("39607008", "Lung", "SCT").into_iter().collect());
        site
    };
    let mut tracking = item("TEXT", ["112039", "Tracking Identifier", "DCM"]);
    tracking.put_ascii(tags::TEXT_VALUE, VR::UT, "Nodule 1");
    let mut group = item("CONTAINER", ["125007", "Measurement Group", "DCM"]);
    let length = number(["410668003", "Length", "SCT"], Some("12.5"), vec![site]);
    let lost = number(["103355008", "Width", "SCT"], None, Vec::new());
    group.put_items(tags::CONTENT_SEQUENCE, vec![tracking, length, lost]);
    let mut groups = item("CONTAINER", ["126010", "Imaging Measurements", "DCM"]);
    groups.put_items(tags::CONTENT_SEQUENCE, vec![group]);
    let mut remark = item("TEXT", ["121071", "Finding", "DCM"]);
    remark.put_ascii(tags::TEXT_VALUE, VR::UT, "Erste Zeile\r\nzweite|Zeile");
    let mut root = patient();
    root.put_ascii(tags::SOP_CLASS_UID, VR::UI, uids::COMPREHENSIVE3_DSR_STORAGE);
    root.put_ascii(tags::SOP_INSTANCE_UID, VR::UI, "1.2.3.9.1");
    root.put_ascii(tags::MODALITY, VR::CS, "SR");
    root.put_ascii(tags::COMPLETION_FLAG, VR::CS, "COMPLETE");
    root.put_ascii(tags::VERIFICATION_FLAG, VR::CS, "VERIFIED");
    root.put_items(
        tags::VERIFYING_OBSERVER_SEQUENCE,
        vec![set(&[(tags::VERIFYING_OBSERVER_NAME, VR::PN, "Radiolog^Ute")])],
    );
    root.put_items(
        tags::CONCEPT_NAME_CODE_SEQUENCE,
        code("126000", "Imaging Measurement Report", "DCM").into_iter().collect(),
    );
    root.put_items(tags::CONTENT_SEQUENCE, vec![remark, groups]);
    root
}

fn part10(set: &DataSet) -> Vec<u8> {
    let uid = |tag| set.ascii(tag).expect("a UID");
    let syntax = TransferSyntax::EXPLICIT;
    let mut bytes = Meta::of(uid(tags::SOP_CLASS_UID), uid(tags::SOP_INSTANCE_UID), syntax.uid()).to_bytes();
    bytes.extend(data::write(set, &syntax).expect("a data set"));
    bytes
}

#[test]
fn each_measurement_of_a_report_is_an_observation_with_its_codes() {
    let observations = |step: &str| {
        let lines = message(step, &part10(&report())).expect("a message");
        let obr = lines.iter().find(|line| line.starts_with("OBR")).cloned().expect("an OBR");
        assert!(obr.starts_with("OBR|1||A1|126000^Imaging Measurement Report^DCM|"), "{obr}");
        assert!(obr.contains("|SR|F|||||||^Radiolog^Ute"), "{obr}");
        lines.into_iter().filter(|line| line.starts_with("OBX")).collect::<Vec<_>>()
    };
    assert_eq!(
        observations("{ to-hl7 = {} }"),
        [
            "OBX|1|ST|113014^DICOM Study^DCM||1.2.3||||||F",
            "OBX|2|TX|112039^Tracking Identifier^DCM|1.1|Nodule 1||||||F",
            "OBX|3|NM|410668003^Length^SCT|1.1.1|12.5|mm^millimeter^UCUM|||||F",
            "OBX|4|CE|363698007^Finding Site^SCT|1.1.1|39607008^Lung^SCT||||||F",
            "OBX|5|NM|103355008^Width^SCT|1.1.2|||||||X",
        ]
    );
    let all = observations("{ to-hl7 = { content = \"all\" } }");
    assert_eq!(all.len(), 6);
    assert_eq!(all[1], "OBX|2|TX|121071^Finding^DCM||Erste Zeile\\.br\\zweite\\F\\Zeile||||||F");
}

#[test]
fn what_can_not_be_a_message_says_why() {
    let error =
        message("{ to-hl7 = {} }", br#"{"00080060":{"vr":"CS","Value":["CT"]}}"#).expect_err("no study");
    assert!(error.starts_with("StudyInstanceUID"), "{error}");
    let mut deep = number(["1", "x", "L"], Some("1"), Vec::new());
    for _ in 0..40 {
        let mut around = item("CONTAINER", ["2", "y", "L"]);
        around.put_items(tags::CONTENT_SEQUENCE, vec![deep]);
        deep = around;
    }
    let mut root = report();
    root.put_items(tags::CONTENT_SEQUENCE, vec![deep]);
    assert!(message("{ to-hl7 = {} }", &part10(&root)).is_err_and(|why| why.contains("deeper than 32")));
    let wrong = build("dicom", "{ to-hl7 = { message = \"ADT^A01\" } }").err().map(|error| error.to_string());
    assert!(wrong.is_some_and(|text| text.contains("ORU^R01")));
}

const PDF: &str = "JVBERi0xLjQKJcOkw7zDtsOfCg==";

fn instances(step: &str, lines: &[&str]) -> Result<Vec<DataSet>, String> {
    let (payloads, _) = run_bytes("hl7v2", step, lines.join("\r").as_bytes())?;
    let open = |payload: &klinke_model::Payload| {
        let opened = file::open(payload.to_vec(), &Limits::default(), PixelDataUse::Read).expect("a file");
        let (meta, set) = (opened.meta, opened.set);
        assert_eq!(meta.ascii(tags::MEDIA_STORAGE_SOP_INSTANCE_UID), set.ascii(tags::SOP_INSTANCE_UID));
        set
    };
    Ok(payloads.iter().map(open).collect())
}

const HEADER: &str = "MSH|^~\\&|RIS|RAD|PACS|RAD|20261129120000||ORU^R01|77|P|2.5.1||||||UNICODE UTF-8";
const PID: &str = "PID|1||4711^^^KIS^PI||Müller^Jörg^Karl^jun.^Dr.||19700101|M";
const OBR: &str = "OBR|1|P1|F1|CTTHX^CT Thorax^99HAUS|||20261129101500|||||||||||A1||||20261129113000|||F|||||||7&Radiolog&Ute";

#[test]
fn a_pdf_is_an_instance_of_the_same_patient_and_order() {
    let obx = format!("OBX|1|ED|18748-4^Report^LN||^application^PDF^Base64^{PDF}||||||F");
    let all = [HEADER, PID, "ORC|RE|P1|F1", OBR, &obx, "ZDS|1.2.3^RIS^Application^DICOM"];
    let made = instances("{ to-dicom = { title = \"Befund\" } }", &all).expect("an instance");
    assert_eq!(made.len(), 1);
    let text = |tag| made[0].text(tag, &klinke_dimse::charset::Charset::UTF_8).map(|text| text.into_owned());
    for (tag, wanted) in [
        (tags::SOP_CLASS_UID, uids::ENCAPSULATED_PDF_STORAGE),
        (tags::STUDY_INSTANCE_UID, "1.2.3"),
        (tags::ACCESSION_NUMBER, "A1"),
        (tags::PATIENT_NAME, "Müller^Jörg^Karl^Dr.^jun."),
        (tags::PATIENT_ID, "4711"),
        (tags::MODALITY, "DOC"),
        (tags::DOCUMENT_TITLE, "Befund"),
        (tags::CONTENT_TIME, "113000"),
        (tags::MIME_TYPE_OF_ENCAPSULATED_DOCUMENT, "application/pdf"),
    ] {
        assert_eq!(text(tag).as_deref(), Some(wanted), "{tag}");
    }
    let document =
        made[0].get(tags::ENCAPSULATED_DOCUMENT).and_then(|element| element.as_bytes()).expect("bytes");
    assert_eq!((&document[..5], made[0].int(tags::ENCAPSULATED_DOCUMENT_LENGTH)), (&b"%PDF-"[..], Some(19)));
    let again = instances("{ to-dicom = { title = \"Befund\" } }", &all).expect("an instance");
    assert_eq!(again, made, "the same message gives the same instance");
    let other = HEADER.replace("|77|", "|78|");
    let later = instances("{ to-dicom = {} }", &[&other, PID, OBR, &obx]).expect("an instance");
    assert_ne!(later[0].ascii(tags::SOP_INSTANCE_UID), made[0].ascii(tags::SOP_INSTANCE_UID));
    assert_eq!(later[0].get(tags::STUDY_INSTANCE_UID), None, "the archive finds it");
}

#[test]
fn text_is_a_structured_report() {
    let lines = [
        HEADER,
        PID,
        OBR,
        "OBX|1|ST|113014^DICOM Study^DCM||1.2.3||||||F",
        "OBX|2|TX|59776-5^Findings^LN||Kein Infarkt.||||||F",
        "OBX|3|TX|59776-5^Findings^LN||Zweite Zeile||||||F",
        "OBX|4|NM|8867-4^Heart rate^LN||72|/min^per minute^UCUM|||||F",
        "OBX|5|TX|||Ohne Code||||||F",
    ];
    let made = instances("{ to-dicom = {} }", &lines).expect("an instance");
    let set = &made[0];
    assert_eq!(set.ascii(tags::SOP_CLASS_UID), Some(uids::BASIC_TEXT_SR_STORAGE));
    assert_eq!(set.ascii(tags::STUDY_INSTANCE_UID), Some("1.2.3"));
    assert_eq!(
        (set.ascii(tags::COMPLETION_FLAG), set.ascii(tags::VERIFICATION_FLAG)),
        (Some("COMPLETE"), Some("VERIFIED"))
    );
    let observer = &set.items(tags::VERIFYING_OBSERVER_SEQUENCE)[0];
    assert_eq!(observer.ascii(tags::VERIFYING_OBSERVER_NAME), Some("Radiolog^Ute"));
    let utf8 = klinke_dimse::charset::Charset::UTF_8;
    let items = set.items(tags::CONTENT_SEQUENCE).iter().map(|item| {
        let name = &item.items(tags::CONCEPT_NAME_CODE_SEQUENCE)[0];
        (
            name.ascii(tags::CODE_VALUE).unwrap_or_default().to_owned(),
            item.text(tags::TEXT_VALUE, &utf8).unwrap_or_default().into_owned(),
        )
    });
    let items: Vec<(String, String)> = items.collect();
    let pair = |code: &str, text: &str| (code.to_owned(), text.to_owned());
    assert_eq!(
        items,
        [
            pair("59776-5", "Kein Infarkt.\r\nZweite Zeile"),
            pair("8867-4", "72 /min"),
            pair("121071", "Ohne Code")
        ]
    );
    let preliminary = OBR.replace("|||F|", "|||P|");
    let made = instances("{ to-dicom = {} }", &[HEADER, PID, &preliminary, lines[4]]).expect("an instance");
    assert_eq!(
        (made[0].ascii(tags::COMPLETION_FLAG), made[0].ascii(tags::VERIFICATION_FLAG)),
        (Some("PARTIAL"), Some("UNVERIFIED"))
    );
}

#[test]
fn documents_of_mdm_and_what_can_not_be_one() {
    let header = HEADER.replace("ORU^R01", "MDM^T02");
    let txa = "TXA|1|RAD^Radiology^L|||20261129|||||||D1||P1|F1|brief.pdf|AU";
    let obx = format!("OBX|1|ED|||^application^PDF^Base64^{PDF}||||||F");
    let made =
        instances("{ to-dicom = {} }", &[&header, PID, txa, &obx, "OBX|2|TX|||Text||||||F"]).expect("one");
    assert_eq!(made.len(), 1, "text only where there is no document");
    assert_eq!(made[0].ascii(tags::ACCESSION_NUMBER), Some("F1"));
    assert_eq!(
        (made[0].ascii(tags::DOCUMENT_TITLE), made[0].ascii(tags::VERIFICATION_FLAG)),
        (Some("brief.pdf"), Some("VERIFIED"))
    );
    let both = instances(
        "{ to-dicom = { text = \"always\" } }",
        &[&header, PID, txa, &obx, "OBX|2|TX|||Text||||||F"],
    );
    assert_eq!(both.expect("two").len(), 2);
    let error = |lines: &[&str]| instances("{ to-dicom = {} }", lines).expect_err("none");
    let picture = "OBX|1|ED|||^image^JPEG^Base64^/9j/4AAQ||||||F";
    assert!(error(&[HEADER, PID, OBR, picture]).starts_with("OBX-5: "));
    assert!(
        error(&[HEADER, PID, OBR, "OBX|1|ED|||^application^PDF^Base64^%%%||||||F"]).starts_with("OBX-5: ")
    );
    assert!(error(&[&HEADER.replace("ORU^R01", "ADT^A01"), PID]).starts_with("MSH-9: "));
    assert!(error(&[HEADER, OBR, &obx]).starts_with("PID: "));
    assert!(error(&[HEADER, PID, OBR]).starts_with("end: "));
}
