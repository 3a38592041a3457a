use klinke_dimse::charset::Charset;
use klinke_dimse::data::DataSet;
use klinke_dimse::{Tag, tags};
use klinke_engine::table::{Table, Tables};

use super::*;

const TABLE: &str =
    "code,modality,station,location,description\nCTTHX,CT,CT1+CT2,Haus 3,CT Thorax nativ\nMRKNI,MR,MR1,,\n";

fn procedures(keeps_unknown: bool) -> Procedures {
    let mut tables = Tables::new();
    tables.insert("procedures", Table::parse(TABLE).expect("a table"));
    let found = Procedures::find(&tables, "procedures").unwrap_or_else(|error| panic!("{error}"));
    found.keeping_unknown(keeps_unknown)
}

fn made(lines: &[&str]) -> Result<Items, String> {
    made_with(lines, &procedures(false))
}

fn made_with(lines: &[&str], procedures: &Procedures) -> Result<Items, String> {
    let message = Message::parse(lines.join("\r").into_bytes()).expect("a message");
    items(&message, None, procedures).map_err(|fault| format!("{}: {}", fault.field, fault.text))
}

fn text(set: &DataSet, tag: Tag) -> String {
    set.texts(tag, &Charset::UTF_8).join("\\")
}

fn step(set: &DataSet) -> &DataSet {
    &set.items(tags::SCHEDULED_PROCEDURE_STEP_SEQUENCE)[0]
}

fn header(kind: &str) -> String {
    format!("MSH|^~\\&|KIS|HAUS|RIS|RAD|20261129101500||{kind}|1|P|2.5.1||||||UNICODE UTF-8")
}

const PID: &str = "PID|1||4711^^^KIS~A99^^^KK||Müller&von^Jörg^Karl^jun.^Dr.||19700101|M";
const PV1: &str = "PV1|1|I|INN1^12^1||||^Haus^Anna^^^Dr.|^Arzt^Rolf^^^Dr.|||||||B6||||F-77";

#[test]
fn an_order_is_an_item_with_all_that_it_says() {
    let orm = [
        &header("ORM^O01"),
        PID,
        PV1,
        "AL1|1||PEN^Penicillin",
        "AL1|2||^Jod",
        "ORC|NW|P1^KIS|F1^RIS||||^^^20261130083000^^S|||||^Zuweiser^Eva^^^Dr.|||||INN^Innere",
        "OBR|1|P1^KIS|F1^RIS|CTTHX^CT Thorax^99HAUS||||||||DIA^Diabetes|Metformin|||||A1|RP1|SP1||||||||||WALK|^Husten",
        "ZDS|1.2.3.4^RIS^Application^DICOM",
    ];
    let all = made(&orm).expect("an item");
    assert!(all.all.len() == 1 && all.notes.is_empty(), "{:?}", all.notes);
    let item = &all.all[0];
    for (tag, expected) in [
        (tags::ACCESSION_NUMBER, "A1"),
        (tags::PATIENT_ID, "4711"),
        (tags::ISSUER_OF_PATIENT_ID, "KIS"),
        (tags::PATIENT_NAME, "Müller^Jörg^Karl^Dr.^jun."),
        (tags::PATIENT_BIRTH_DATE, "19700101"),
        (tags::PATIENT_SEX, "M"),
        (tags::ALLERGIES, "Penicillin\\Jod"),
        (tags::MEDICAL_ALERTS, "Metformin"),
        (tags::PATIENT_STATE, "Diabetes"),
        (tags::REFERRING_PHYSICIAN_NAME, "Arzt^Rolf^^Dr."),
        (tags::REQUESTING_PHYSICIAN, "Zuweiser^Eva^^Dr."),
        (tags::REQUESTING_SERVICE, "Innere"),
        (tags::ADMISSION_ID, "F-77"),
        (tags::CURRENT_PATIENT_LOCATION, "INN1 12 1"),
        (tags::REQUESTED_PROCEDURE_ID, "RP1"),
        (tags::REQUESTED_PROCEDURE_DESCRIPTION, "CT Thorax"),
        (tags::REQUESTED_PROCEDURE_PRIORITY, "STAT"),
        (tags::REASON_FOR_THE_REQUESTED_PROCEDURE, "Husten"),
        (tags::PLACER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST, "P1"),
        (tags::FILLER_ORDER_NUMBER_IMAGING_SERVICE_REQUEST, "F1"),
        (tags::STUDY_INSTANCE_UID, "1.2.3.4"),
    ] {
        assert_eq!(text(item, tag), expected, "{tag:?}");
    }
    assert_eq!(item.int(tags::PREGNANCY_STATUS), Some(3));
    assert_eq!(text(&item.items(tags::OTHER_PATIENT_I_DS_SEQUENCE)[0], tags::PATIENT_ID), "A99");
    let code = &item.items(tags::REQUESTED_PROCEDURE_CODE_SEQUENCE)[0];
    assert_eq!(
        (text(code, tags::CODE_VALUE), text(code, tags::CODING_SCHEME_DESIGNATOR)),
        ("CTTHX".into(), "99HAUS".into())
    );
    for (tag, expected) in [
        (tags::SCHEDULED_PROCEDURE_STEP_ID, "SP1"),
        (tags::MODALITY, "CT"),
        (tags::SCHEDULED_STATION_AE_TITLE, "CT1\\CT2"),
        (tags::SCHEDULED_PROCEDURE_STEP_LOCATION, "Haus 3"),
        (tags::SCHEDULED_PROCEDURE_STEP_DESCRIPTION, "CT Thorax nativ"),
        (tags::SCHEDULED_PROCEDURE_STEP_START_DATE, "20261130"),
        (tags::SCHEDULED_PROCEDURE_STEP_START_TIME, "083000"),
        (tags::SCHEDULED_PROCEDURE_STEP_STATUS, ""),
    ] {
        assert_eq!(text(step(item), tag), expected, "{tag:?}");
    }
}

#[test]
fn imaging_orders_say_it_in_ipc_and_several_procedures_are_several_items() {
    let omi = [
        &header("OMI^O23^OMI_O23"),
        PID,
        "ORC|NW|P1|F1",
        "TQ1|1||||||20261201||R",
        "OBR|1|P1|F1|CTTHX^CT Thorax^99HAUS",
        "IPC|A7^RIS|RP7^RIS|1.2.7^RIS|SP7^RIS|CT|PX^Protokoll^99HAUS|STN7|R7^Raum 7|AE7",
        "OBR|2|P1|F1|MRKNI^MR Knie^99HAUS",
    ];
    let all = made(&omi).expect("items").all;
    assert_eq!(all.len(), 2);
    let (first, second) = (&all[0], &all[1]);
    assert_eq!(
        (text(first, tags::ACCESSION_NUMBER), text(first, tags::STUDY_INSTANCE_UID)),
        ("A7".into(), "1.2.7".into())
    );
    assert_eq!(
        text(step(first), tags::SCHEDULED_STATION_AE_TITLE),
        "CT1\\CT2",
        "the site's table comes first"
    );
    assert_eq!(text(step(first), tags::SCHEDULED_STATION_NAME), "STN7");
    assert_eq!(text(&step(first).items(tags::SCHEDULED_PROTOCOL_CODE_SEQUENCE)[0], tags::CODE_VALUE), "PX");
    assert_eq!(text(second, tags::ACCESSION_NUMBER), "F1");
    assert_eq!(text(step(second), tags::SCHEDULED_PROCEDURE_STEP_ID), "P1-2");
    assert_eq!(text(step(second), tags::SCHEDULED_PROCEDURE_STEP_START_DATE), "20261201");
    assert_eq!(text(second, tags::REQUESTED_PROCEDURE_PRIORITY), "ROUTINE");
}

#[test]
fn what_is_cancelled_changed_or_no_order() {
    let order = |control: &str, status: &str| {
        let orc = format!("ORC|{control}|P1|F1||{status}");
        made(&[&header("OMG^O19^OMG_O19"), PID, &orc, "OBR|1|P1|F1|CTTHX^CT Thorax^99HAUS||20261130"])
    };
    let state = |control, status| {
        let all = order(control, status).expect(control).all;
        all.first().map(|item| text(step(item), tags::SCHEDULED_PROCEDURE_STEP_STATUS))
    };
    for control in ["CA", "DC", "OC"] {
        assert_eq!(state(control, "").as_deref(), Some("CANCELED"), "{control}");
    }
    assert_eq!((state("XO", "").as_deref(), state("NW", "").as_deref()), (Some(""), Some("")));
    assert_eq!(
        (state("SC", "CM").as_deref(), state("SC", "IP").as_deref()),
        (Some("COMPLETED"), Some("STARTED"))
    );
    assert_eq!(state("OK", ""), None);
    assert_eq!(
        order("ZZ", "").err().as_deref(),
        Some("ORC-1: a worklist knows no order control of this code")
    );
    // A cancellation needs no OBR, and no row of the table.
    let short = made(&[&header("ORM^O01"), PID, "ORC|CA|P1|F1"]).expect("an item").all;
    assert_eq!(text(step(&short[0]), tags::SCHEDULED_PROCEDURE_STEP_ID), "P1");
}

#[test]
fn an_appointment_is_an_item_for_each_service() {
    let siu = |event: &str| {
        made(&[
            &header(&format!("SIU^{event}")),
            "SCH|P5^KIS|F5^RIS|||||ROUTINE||30|min|^^30^20261202090000",
            PID,
            PV1,
            "RGS|1",
            "AIS|1||CTTHX^CT Thorax^99HAUS|20261202093000",
            "AIL|1||RAUM4",
            "AIP|1||^Radiolog^Ute",
            "AIS|2||MRKNI^MR Knie^99HAUS",
        ])
        .expect(event)
        .all
    };
    let new = siu("S12");
    assert_eq!(new.len(), 2);
    let id = |item: &DataSet| text(step(item), tags::SCHEDULED_PROCEDURE_STEP_ID);
    assert_eq!((id(&new[0]), id(&new[1])), ("F5".to_owned(), "F5-2".to_owned()));
    assert_eq!(text(step(&new[0]), tags::SCHEDULED_PROCEDURE_STEP_START_TIME), "093000");
    assert_eq!(text(step(&new[1]), tags::SCHEDULED_PROCEDURE_STEP_START_TIME), "090000");
    assert_eq!(text(step(&new[1]), tags::SCHEDULED_PROCEDURE_STEP_LOCATION), "RAUM4");
    assert_eq!(text(step(&new[0]), tags::SCHEDULED_PERFORMING_PHYSICIAN_NAME), "Radiolog^Ute");
    let gone = siu("S15");
    assert_eq!((gone.len(), id(&gone[0])), (2, "F5".to_owned()));
    assert_eq!(text(step(&gone[0]), tags::SCHEDULED_PROCEDURE_STEP_STATUS), "CANCELED");
}

#[test]
fn what_is_missing_is_said_with_its_field_and_without_its_value() {
    let obr = |code: &str| format!("OBR|1|P1|F1|{code}");
    let order = |obr: &str| made(&[&header("ORM^O01"), PID, "ORC|NW|P1|F1", obr]).err();
    assert_eq!(order(&obr("SECRET")).as_deref(), Some("OBR-4.1: table procedures has no row for its code"));
    let kept =
        [&header("ORM^O01"), PID, "ORC|NW|P1|F1", &format!("{}||||||||||||||||||||US", obr("US1^Abdomen"))];
    let kept = made_with(&kept, &procedures(true)).expect("an item");
    assert_eq!((text(step(&kept.all[0]), tags::MODALITY).as_str(), kept.notes.len()), ("US", 1));
    let nowhere = [&header("ORM^O01"), PID, "ORC|NW|P1|F1", &obr("US1^Abdomen")];
    assert!(made_with(&nowhere, &procedures(true)).is_err_and(|fault| fault.starts_with("OBR-24: ")));
    let unnamed = [&header("ORM^O01"), PID, "ORC|NW", "OBR|1|||CTTHX"];
    assert!(made(&unnamed).is_err_and(|fault| fault.starts_with("OBR-18: ")));
    assert!(
        made(&[&header("ORM^O01"), "ORC|NW|P1", &obr("CTTHX")])
            .is_err_and(|fault| fault.starts_with("PID: "))
    );
    assert!(made(&[&header("ORM^O01"), PID, PID]).is_err_and(|fault| fault.starts_with("PID: ")));
    assert!(made(&[&header("ADT^A01"), PID]).is_err_and(|fault| fault.starts_with("MSH-9: ")));
    assert!(made(&[&header("SIU^S12"), PID]).is_err_and(|fault| fault.starts_with("SCH: ")));
}

fn told(lines: &[&str]) -> Result<Option<Vec<DataSet>>, String> {
    let message = Message::parse(lines.join("\r").into_bytes()).expect("a message");
    patients::told(&message).map_err(|fault| format!("{}: {}", fault.field, fault.text))
}

/// The identifiers of a document: who it is, and who is no longer, each with its issuer.
fn names(set: &DataSet) -> (String, Vec<String>) {
    let name =
        |set: &DataSet| format!("{}@{}", text(set, tags::PATIENT_ID), text(set, tags::ISSUER_OF_PATIENT_ID));
    let items = set.items(tags::ORIGINAL_ATTRIBUTES_SEQUENCE).iter();
    (name(set), items.map(|item| name(&item.items(tags::MODIFIED_ATTRIBUTES_SEQUENCE)[0])).collect())
}

#[test]
fn an_update_tells_who_the_patient_is() {
    let all = told(&[&header("ADT^A08^ADT_A01"), PID, PV1]).expect("a patient").expect("an update");
    assert_eq!(all.len(), 1);
    assert_eq!(names(&all[0]), ("4711@KIS".to_owned(), vec![]));
    assert_eq!(text(&all[0], tags::PATIENT_NAME), "Müller^Jörg^Karl^Dr.^jun.");
    assert_eq!(text(&all[0], tags::PATIENT_BIRTH_DATE), "19700101");
}

#[test]
fn merges_tell_who_is_no_longer_by_authority() {
    let merge = told(&[
        &header("ADT^A40^ADT_A39"),
        PID,
        "MRG|4710^^^KIS~A98^^^KK~X^^^ELSEWHERE",
        "PID|1||5^^^KIS||Two",
        "MRG|6^^^KIS~7^^^KIS~5^^^KIS",
    ]);
    let all = merge.expect("patients").expect("merges");
    let expected =
        [("4711@KIS", vec!["4710@KIS"]), ("A99@KK", vec!["A98@KK"]), ("5@KIS", vec!["6@KIS", "7@KIS"])];
    let names: Vec<_> = all.iter().map(names).collect();
    let expected =
        expected.map(|(one, others)| (one.to_owned(), others.into_iter().map(str::to_owned).collect()));
    assert_eq!(names, expected);
    let bare =
        told(&[&header("ADT^A34"), "PID|1||2||Two", "MRG|1^^^KIS"]).expect("a patient").expect("a merge");
    assert_eq!(super::tests::names(&bare[0]), ("2@".to_owned(), vec!["1@KIS".to_owned()]));
}

#[test]
fn what_tells_nothing_of_patients_is_passed_over_and_what_tells_half_of_it_is_refused() {
    assert!(told(&[&header("ADT^A11"), PID]).expect("no fault").is_none());
    for (lines, expected) in [
        (vec![header("ORM^O01"), PID.to_owned()], "MSH-9: who patients are is told by ADT"),
        (vec![header("ADT^A40"), PID.to_owned()], "MRG-1: the message does not say who was merged"),
        (vec![header("ADT^A40"), "MRG|1".to_owned(), PID.to_owned()], "MRG: no PID stands before it"),
        (vec![header("ADT^A08"), "PID|1||||Nobody".to_owned()], "PID-3: the message names no patient"),
        (vec![header("ADT^A08")], "PID: the message names no patient"),
    ] {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        assert_eq!(told(&lines).err().as_deref(), Some(expected));
    }
}
