//! Facts of the standard that users rely on, per version, and what every version must hold together.

#![allow(clippy::unwrap_used, reason = "tests")]

use klinke_hl7v2::definitions::{
    self, Content, Dictionary, Element, Field, Language, Local, Name, Optionality, VERSIONS, Version,
    nearest, structure_of, table, version,
};

fn every_version() -> impl Iterator<Item = &'static Version> {
    VERSIONS.iter().map(|name| version(name).unwrap())
}

fn field<'v>(version: &'v Version, segment: &str, position: usize) -> &'v Field {
    version.segment(segment).unwrap().field(position).unwrap()
}

#[test]
fn versions_are_found_tolerantly() {
    for name in VERSIONS {
        assert_eq!(version(name).unwrap().id(), name);
    }
    for (asked, found) in [
        ("2.3.2", "2.3.1"),
        ("2.5.2", "2.5.1"),
        ("2.9", "2.8.2"),
        ("2.9.1", "2.8.2"),
        (" v2.4 ", "2.4"),
        ("2.5^DEU", "2.5"),
    ] {
        assert_eq!(version(asked).unwrap().id(), found, "{asked}");
    }
    for none in ["", "3.0", "2", "2.0", "D", "zwei", "2.x", "999999.1"] {
        assert!(version(none).is_none(), "{none}");
    }
    assert_eq!(nearest("").id(), "2.5");
    assert_eq!(nearest("2.3.9").id(), "2.3.1");
}

#[test]
fn types_of_fields_change_with_the_version() {
    for (name, segment, position, data_type) in [
        ("2.1", "PID", 3, "CK"),
        ("2.2", "PID", 3, "CM_PAT_ID"),
        ("2.3", "PID", 3, "CX"),
        ("2.8.2", "PID", 3, "CX"),
        ("2.2", "PID", 5, "PN"),
        ("2.3.1", "PID", 5, "XPN"),
        ("2.1", "MSH", 9, "ID"),
        ("2.2", "MSH", 9, "CM_MSG"),
        ("2.3.1", "MSH", 9, "MSG"),
        ("2.5", "MSH", 9, "MSG"),
        ("2.5.1", "PID", 7, "TS"),
        ("2.6", "PID", 7, "DTM"),
        ("2.5", "OBR", 4, "CE"),
        ("2.7", "OBR", 4, "CWE"),
        ("2.3", "OBX", 5, "varies"),
        ("2.8", "OBX", 5, "varies"),
        ("2.4", "ERR", 1, "ELD"),
        ("2.5", "ERR", 2, "ERL"),
        ("2.5", "PV1", 3, "PL"),
        ("2.5", "OBR", 2, "EI"),
    ] {
        assert_eq!(
            field(nearest(name), segment, position).data_type,
            data_type,
            "{segment}-{position} in {name}"
        );
    }
}

#[test]
fn a_field_says_what_the_standard_says() {
    let list = field(nearest("2.5"), "PID", 3);
    assert_eq!(list.name(Language::En), "Patient Identifier List");
    assert_eq!(list.name(Language::De), "Patientennummern");
    assert!(list.is_required() && list.repeats);
    assert_eq!(list.length, Some(250));
    let sex = field(nearest("2.5"), "PID", 8);
    assert_eq!((sex.table.as_deref(), sex.is_required(), sex.repeats), (Some("0001"), false, false));
    assert_eq!(field(nearest("2.3"), "PID", 3).name(Language::En), "Patient ID (Internal ID)");
    assert_eq!(field(nearest("2.1"), "PID", 5).name(Language::En), "Patient Name");
    assert_eq!(field(nearest("2.5.1"), "OBX", 20).name(Language::De), "Durchführende Organisation");
    assert_eq!(field(nearest("2.6"), "OBX", 20).name(Language::De), "Entnahmeort am Körper");
    assert_eq!(field(nearest("2.5"), "OBX", 5).optionality, Optionality::Conditional);
}

#[test]
fn a_withdrawn_field_keeps_its_name() {
    let county = field(nearest("2.8"), "PID", 12);
    assert_eq!((county.name(Language::En), county.optionality), ("County Code", Optionality::Withdrawn));
    assert!(nearest("2.5").segment("PID").unwrap().field(40).is_none(), "PID-40 comes with 2.7");
    assert!(nearest("2.3").segment("PID").unwrap().field(0).is_none());
    assert!(nearest("2.3").segment("PID").unwrap().field(usize::MAX).is_none());
}

#[test]
fn components_have_names_types_and_tables() {
    let cx = nearest("2.5").data_type("CX").unwrap();
    let named: Vec<_> =
        cx.components.iter().map(|it| (it.name(Language::En), it.data_type.as_ref())).collect();
    assert_eq!(
        named[..5],
        [
            ("ID Number", "ST"),
            ("Check Digit", "ST"),
            ("Check Digit Scheme", "ID"),
            ("Assigning Authority", "HD"),
            ("Identifier Type Code", "ID"),
        ]
    );
    assert_eq!(cx.component(5).unwrap().table.as_deref(), Some("0203"));
    assert_eq!(cx.component(5).unwrap().name(Language::De), "Art der Nummer");
    assert_eq!(nearest("2.5").data_type("XPN").unwrap().component(1).unwrap().data_type, "FN");
    assert_eq!(
        nearest("2.2").data_type("PN").unwrap().component(2).unwrap().name(Language::En),
        "Given Name"
    );
    assert!(nearest("2.5").data_type("ST").unwrap().is_primitive());
}

#[test]
fn tables_tell_codes_in_both_languages() {
    assert_eq!(table("0001").unwrap().text("F", Language::En), Some("Female"));
    assert_eq!(table("1").unwrap().text("F", Language::De), Some("weiblich"));
    assert_eq!(table("HL70001").unwrap().name(Language::De), "Geschlecht");
    assert_eq!(
        table("0001").unwrap().text("D", Language::De),
        Some("divers"),
        "not of the standard, in use in Germany"
    );
    assert_eq!(table("0078").unwrap().text("HH", Language::De), Some("stark erhöht (kritisch)"));
    assert_eq!(table("0078").unwrap().text("POS", Language::En), Some("Positive"));
    assert_eq!(table("0085").unwrap().text("F", Language::De), Some("endgültig"));
    assert_eq!(table("0278").unwrap().text("BOOKED", Language::De), Some("gebucht"));
    assert_eq!(table("0357").unwrap().text("101", Language::En), Some("Required field missing"));
    assert_eq!(table("0001").unwrap().text("?", Language::En), None);
    for none in ["", "WARDS", "99999", "-1"] {
        assert!(table(none).is_none(), "{none}");
    }
    assert_eq!(definitions::message_text("ORU").unwrap().text(Language::De), "Befund");
}

#[test]
fn events_lead_to_structures() {
    for (name, message, event, structure) in [
        ("2.5", "ADT", "A01", "ADT_A01"),
        ("2.5", "ADT", "A08", "ADT_A01"),
        ("2.5", "ADT", "A04", "ADT_A01"),
        ("2.5", "ADT", "A28", "ADT_A05"),
        ("2.5.1", "ADT", "A22", "ADT_A21"),
        ("2.5", "ADT", "A40", "ADT_A39"),
        ("2.3", "ADT", "A08", "ADT_A01"),
        ("2.1", "ADT", "A08", "ADT_A08"),
        ("2.5", "ORU", "R01", "ORU_R01"),
        ("2.3", "ORM", "O01", "ORM_O01"),
        ("2.6", "SIU", "S15", "SIU_S12"),
        ("2.5", "MDM", "T10", "MDM_T02"),
        ("2.5", "QBP", "Q22", "QBP_Q21"),
        ("2.5", "ACK", "A01", "ACK"),
        ("2.3", "ACK", "", "ACK"),
    ] {
        assert_eq!(
            nearest(name).structure_for(message, event),
            Some(structure),
            "{message}^{event} in {name}"
        );
    }
    assert_eq!(nearest("2.5").structure_for("ADT", "Z99"), None);
    assert_eq!(nearest("2.5").event_text("ADT", "A02", Language::En), Some("Transfer a patient"));
    assert_eq!(nearest("2.5").event_text("ADT", "A02", Language::De), Some("Verlegung"));
    assert_eq!(nearest("2.5").event_text("SIU", "S12", Language::De), Some("Neuer Termin"));
    assert_eq!(nearest("2.5").event_text("XYZ", "ZZZ", Language::De), None);
}

#[test]
fn a_structure_is_found_where_the_version_lies() {
    let found = |name, message, event, declared| {
        structure_of(nearest(name), message, event, declared).map(|it| it.id)
    };
    assert_eq!(found("2.5", "ADT", "A08", ""), Some("ADT_A01"));
    assert_eq!(found("2.5", "ADT", "A08", "ADT_A08"), Some("ADT_A08"), "2.2 has a structure of that name");
    assert_eq!(found("2.5", "ADT", "A08", "NONSENSE"), Some("ADT_A01"));
    assert_eq!(found("2.8", "ORM", "O01", ""), Some("ORM_O01"), "withdrawn in 2.7 and sent nevertheless");
    assert_eq!(
        found("2.3", "OML", "O21", ""),
        Some("OML_O21"),
        "newer than the version that the message names"
    );
    assert_eq!(found("2.5", "ZZZ", "Z01", ""), None);
}

#[test]
fn structures_have_their_groups() {
    let root = &nearest("2.5").structure("ADT_A01").unwrap().root;
    let names: Vec<_> = root.elements().iter().map(|element| element.name).collect();
    assert_eq!(
        names,
        [
            "MSH",
            "SFT",
            "EVN",
            "PID",
            "PD1",
            "ROL",
            "NK1",
            "PV1",
            "PV2",
            "ROL",
            "DB1",
            "OBX",
            "AL1",
            "DG1",
            "DRG",
            "PROCEDURE",
            "GT1",
            "INSURANCE",
            "ACC",
            "UB1",
            "UB2",
            "PDA"
        ]
    );
    let insurance = &root.elements()[17];
    assert!(!insurance.required && insurance.repeats);
    assert_eq!(
        insurance.elements().iter().map(|it| it.name).collect::<Vec<_>>(),
        ["IN1", "IN2", "IN3", "ROL"]
    );

    let root = &nearest("2.5").structure("ORU_R01").unwrap().root;
    let result = root.elements().iter().find(|it| it.name == "PATIENT_RESULT").unwrap();
    assert!(result.required && result.repeats);
    let order = result.elements().iter().find(|it| it.name == "ORDER_OBSERVATION").unwrap();
    assert!(order.elements().iter().any(|it| it.name == "OBSERVATION" && it.repeats && !it.required));
    assert_eq!(order.first_segment(), "ORC");
    assert!(order.can_start_with("OBR") && !order.can_start_with("OBX") && order.contains("OBX"));

    let detail = nearest("2.4").structure("ORM_O01").unwrap();
    assert!(has_choice(&detail.root), "OBR | RQD | RQ1 | RXO | ODS | ODT");
}

fn has_choice(element: &Element) -> bool {
    element.is_choice() || element.elements().iter().any(has_choice)
}

#[test]
fn every_version_holds_together() {
    for version in every_version() {
        let id = version.id();
        for segment in ["MSH", "PID", "PV1", "OBR", "OBX", "ORC", "NTE", "MSA", "ERR", "EVN", "DG1", "IN1"] {
            assert!(version.segment(segment).is_some(), "{segment} in {id}");
        }
        for segment in version.segments().filter(|segment| segment.id != "ZBE") {
            assert!(!segment.name(Language::En).is_empty(), "{} in {id}", segment.id);
            for field in &segment.fields {
                assert!(!field.name(Language::En).is_empty(), "{}-{} in {id}", segment.id, field.position);
                let is_known = version.data_type(&field.data_type).is_some();
                let is_old = matches!(field.optionality, Optionality::Withdrawn);
                let is_open = matches!(field.data_type.as_ref(), "varies" | "CM" | "-");
                assert!(
                    is_known || is_old || is_open,
                    "{}-{}: {} in {id}",
                    segment.id,
                    field.position,
                    field.data_type
                );
            }
        }
        for name in version.structures() {
            let structure = version.structure(name).unwrap();
            assert_eq!(structure.root.first_segment(), "MSH", "{name} in {id}");
            check_elements(&structure.root, &format!("{name} in {id}"));
        }
    }
}

fn check_elements(element: &Element, place: &str) {
    let Content::Group { elements, starts, members, .. } = &element.content else {
        assert!(element.name.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{} {place}", element.name);
        return;
    };
    assert!(!elements.is_empty() && !starts.is_empty() && !members.is_empty(), "{} {place}", element.name);
    elements.iter().for_each(|inner| check_elements(inner, place));
}

#[test]
fn german_names_cover_the_daily_segments() {
    let daily = "MSH EVN PID PD1 NK1 PV1 PV2 MRG ORC OBR OBX NTE AL1 DG1 PR1 GT1 IN1 DRG SCH AIL AIS AIP AIG RGS TXA \
        MSA ERR SPM TQ1 RXO RXE FT1 ZBE ROL ACC RXR QRD QRF QAK QPD RCP FTS BTS DSC IN3 CTD PDA DB1";
    for version in every_version() {
        for segment in daily.split(' ').filter_map(|id| version.segment(id)) {
            assert!(!segment.name.de.is_empty(), "{}", segment.id);
            for field in &segment.fields {
                assert!(!field.name.de.is_empty(), "{}-{} in {}", segment.id, field.position, version.id());
            }
        }
    }
    let types = "CE CF CK CN CX CQ DR ED EI EIP ELD ERL FC FN HD MO MSG NDL PL PN PRL PT RP SAD SN SPS TQ TS VID XAD \
        XCN XON XPN XTN DLN JCC RI";
    for data_type in types.split(' ').filter_map(|id| nearest("2.5").data_type(id)) {
        assert!(!data_type.name.de.is_empty(), "{}", data_type.id);
        for component in &data_type.components {
            assert!(!component.name.de.is_empty(), "{}.{}", data_type.id, component.position);
        }
    }
    for id in
        "0001 0002 0004 0007 0008 0038 0063 0065 0085 0103 0112 0116 0123 0127 0128 0131 0136 0190 0207 0201"
            .split(' ')
    {
        let table = table(id).unwrap();
        assert!(!table.name.de.is_empty(), "{id}");
        for value in
            table.values.iter().filter(|value| !value.text.en.is_empty() && !value.text.en.starts_with("Dis"))
        {
            let is_spare = matches!(value.text.en.as_ref(), "Expired" | "Still a patient");
            assert!(is_spare || !value.text.de.is_empty(), "{id} {}", value.code);
        }
    }
}

#[test]
fn a_dictionary_lays_the_site_over_the_standard() {
    let mut local = Local::new();
    local.segment(
        "ZBG",
        Name::new("Billing", ""),
        vec![
            Field::new(2, Name::new("Amount", "Betrag"), "MO"),
            Field::new(1, Name::new("Type", "Art"), "ZT").with_table("0136").with_length(1).repeating(),
        ],
    );
    local.data_type("ZT", Name::new("Own type", ""), vec![Field::new(1, Name::new("Part", "Teil"), "ST")]);
    local.field_override("PID", Field::new(45, Name::new("Ward round", "Visite"), "ID"));
    local
        .field_override("PID", Field::new(8, Name::new("Sex", "Geschlecht (Haus)"), "ID").with_table("0001"));
    local.table(
        "0001",
        Name::new("Sex", ""),
        [("7", Name::new("seven", "sieben")), ("F", Name::new("", "Frau"))],
    );

    let german = Dictionary::new(nearest("2.3"), Some(&local), Language::De);
    assert_eq!(german.segment_name("ZBG"), Some("Billing"), "English stands in");
    assert_eq!(german.field_name("ZBG", 1), Some("Art"));
    assert_eq!(german.component_name("ZT", 1), Some("Teil"));
    assert_eq!(german.field_name("PID", 8), Some("Geschlecht (Haus)"));
    assert_eq!(german.field_name("PID", 5), Some("Name des Patienten"));
    assert_eq!(german.fields("PID").last().unwrap().position, 45);
    assert_eq!(german.value_text("0001", "7"), Some("sieben"));
    assert_eq!(german.value_text("0001", "F"), Some("Frau"));
    assert_eq!(german.value_text("0001", "M"), Some("männlich"), "the standard's values stay");
    assert_eq!(german.knows_value("0001", "M"), Some(true));
    assert_eq!(german.knows_value("0001", "Q"), Some(false));
    assert_eq!(german.knows_value("0010", "4711"), None, "a table that the standard leaves empty");
    assert_eq!(german.segment_name("SPM"), Some("Probe"), "a segment of a later version");
    assert_eq!(german.segment_name("ZZZ"), None);

    let plain = Dictionary::new(nearest("2.5"), None, Language::En);
    assert_eq!(plain.field_name("PID", 8), Some("Administrative Sex"));
    assert_eq!(plain.event_text("ADT", "A03"), Some("Discharge/end visit"));
}
