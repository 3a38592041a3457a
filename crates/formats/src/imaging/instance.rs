//! Instances of reports: Encapsulated PDF (PS3.3, A.45.1) and Basic Text SR (A.35.1).

use klinke_dimse::charset::Charset;
use klinke_dimse::data::{DataSet, Element};
use klinke_dimse::{Tag, VR, tags, uids};

use super::document::Group;
use crate::worklist::Fault;
use crate::worklist::fill::{code, first, put, text};
use crate::worklist::people::person;

/// The longest text of one content item.
const TEXT_BYTES_MAX: usize = 1 << 20;
/// The longest PDF: its length has 32 bits.
const PDF_BYTES_MAX: usize = u32::MAX as usize - 1;

/// Attributes that have to be there, if only without a value (type 2).
const PATIENT_AND_STUDY: &[(Tag, VR)] = &[
    (tags::PATIENT_NAME, VR::PN),
    (tags::PATIENT_ID, VR::LO),
    (tags::PATIENT_BIRTH_DATE, VR::DA),
    (tags::PATIENT_SEX, VR::CS),
    (tags::STUDY_DATE, VR::DA),
    (tags::STUDY_TIME, VR::TM),
    (tags::REFERRING_PHYSICIAN_NAME, VR::PN),
    (tags::STUDY_ID, VR::SH),
    (tags::ACCESSION_NUMBER, VR::SH),
];

/// A PDF.
pub(super) fn pdf(group: &Group<'_>, number: usize, mut bytes: Vec<u8>) -> Result<DataSet, Fault> {
    if bytes.len() > PDF_BYTES_MAX {
        return Err(Fault::at("OBX-5", "a document is longer than an element can be"));
    }
    let uid = group.uid(&[b"pdf", &number.to_be_bytes(), &bytes]);
    let mut set = begun(group, uids::ENCAPSULATED_PDF_STORAGE, &uid, "DOC");
    put(&mut set, tags::CONVERSION_TYPE, VR::CS, "WSD");
    put(&mut set, tags::BURNED_IN_ANNOTATION, VR::CS, "YES");
    empty(&mut set, tags::ACQUISITION_DATE_TIME, VR::DT);
    put(&mut set, tags::DOCUMENT_TITLE, VR::ST, &group.title);
    let [value, meaning, scheme] = &group.concept;
    set.put_items(tags::CONCEPT_NAME_CODE_SEQUENCE, code(value, meaning, scheme).into_iter().collect());
    put(&mut set, tags::VERIFICATION_FLAG, VR::CS, if group.is_final() { "VERIFIED" } else { "UNVERIFIED" });
    put(&mut set, tags::MIME_TYPE_OF_ENCAPSULATED_DOCUMENT, VR::LO, "application/pdf");
    let length = (bytes.len() as u32).to_le_bytes().to_vec();
    set.put(Element::bytes(tags::ENCAPSULATED_DOCUMENT_LENGTH, VR::UL, length));
    if bytes.len() % 2 == 1 {
        bytes.push(0);
    }
    set.put(Element::bytes(tags::ENCAPSULATED_DOCUMENT, VR::OB, bytes));
    Ok(set)
}

/// A structured report of the texts; nothing without any.
pub(super) fn report(group: &Group<'_>) -> Option<DataSet> {
    let content = content(group);
    if content.is_empty() {
        return None;
    }
    let whole: Vec<&[u8]> = content.iter().filter_map(|item| item.raw(tags::TEXT_VALUE)).collect();
    let uid = group.uid(&[b"sr", &whole.concat()]);
    let mut set = begun(group, uids::BASIC_TEXT_SR_STORAGE, &uid, "SR");
    set.put_items(tags::REFERENCED_PERFORMED_PROCEDURE_STEP_SEQUENCE, Vec::new());
    set.put_items(tags::PERFORMED_PROCEDURE_CODE_SEQUENCE, Vec::new());
    put(&mut set, tags::COMPLETION_FLAG, VR::CS, if group.is_final() { "COMPLETE" } else { "PARTIAL" });
    let observer = if group.is_final() { observer(group) } else { None };
    put(
        &mut set,
        tags::VERIFICATION_FLAG,
        VR::CS,
        if observer.is_some() { "VERIFIED" } else { "UNVERIFIED" },
    );
    if let Some(observer) = observer {
        set.put_items(tags::VERIFYING_OBSERVER_SEQUENCE, vec![observer]);
    }
    put(&mut set, tags::VALUE_TYPE, VR::CS, "CONTAINER");
    // CID 7000: what kind of document it is.
    set.put_items(
        tags::CONCEPT_NAME_CODE_SEQUENCE,
        code("18748-4", "Diagnostic Imaging Report", "LN").into_iter().collect(),
    );
    put(&mut set, tags::CONTINUITY_OF_CONTENT, VR::CS, "SEPARATE");
    set.put_items(tags::CONTENT_SEQUENCE, content);
    Some(set)
}

/// What both have: patient, study, series, equipment, SOP common.
fn begun(group: &Group<'_>, class: &str, uid: &str, modality: &str) -> DataSet {
    let mut set = group.common.clone();
    for (tag, vr) in PATIENT_AND_STUDY {
        if set.get(*tag).is_none() {
            empty(&mut set, *tag, *vr);
        }
    }
    // Of a visit only what an instance may have.
    for tag in [tags::ALLERGIES, tags::PREGNANCY_STATUS, tags::CURRENT_PATIENT_LOCATION] {
        set.remove(tag);
    }
    set.put_ascii(tags::SOP_CLASS_UID, VR::UI, class);
    set.put_ascii(tags::SOP_INSTANCE_UID, VR::UI, uid);
    set.put_ascii(tags::SERIES_INSTANCE_UID, VR::UI, &group.series_uid(modality));
    put(&mut set, tags::MODALITY, VR::CS, modality);
    put(&mut set, tags::SERIES_NUMBER, VR::IS, "1");
    put(&mut set, tags::SERIES_DESCRIPTION, VR::LO, &group.title);
    put(&mut set, tags::INSTANCE_NUMBER, VR::IS, "1");
    put(&mut set, tags::MANUFACTURER, VR::LO, "Klinke");
    put(&mut set, tags::CONTENT_DATE, VR::DA, &group.written.0);
    let time = if group.written.1.is_empty() { "000000" } else { &group.written.1 };
    put(&mut set, tags::CONTENT_TIME, VR::TM, time);
    set
}

fn empty(set: &mut DataSet, tag: Tag, vr: VR) {
    set.put(Element::bytes(tag, vr, Vec::new()));
}

/// Who has signed (PS3.3, Table C.17-2): OBR-32.
fn observer(group: &Group<'_>) -> Option<DataSet> {
    let obr = group.obr.as_ref()?;
    let mut item = DataSet::new();
    // NDL has the name in its first component, whose parts stand one level lower.
    let name = obr.field(32).and_then(|field| field.repetition(1)).and_then(|one| one.component(1));
    let parts: Vec<String> = name.map_or_else(Vec::new, |name| {
        name.subcomponents().map(|part| part.plain_text().trim().to_owned()).collect()
    });
    if parts.len() > 1 {
        let part = |at: usize| parts.get(at).map(|part| part.replace(['^', '='], " ")).unwrap_or_default();
        let name = [1, 2, 3, 5, 4].map(part).join("^");
        put(&mut item, tags::VERIFYING_OBSERVER_NAME, VR::PN, name.trim_end_matches('^'));
    } else {
        person(&mut item, tags::VERIFYING_OBSERVER_NAME, obr, 32);
    }
    item.get(tags::VERIFYING_OBSERVER_NAME)?;
    let organization = first([text(obr, 32, 14), "unknown".to_owned()]);
    put(&mut item, tags::VERIFYING_ORGANIZATION, VR::LO, &organization);
    let (date, time) = &group.written;
    put(&mut item, tags::VERIFICATION_DATE_TIME, VR::DT, &format!("{date}{time}"));
    item.put_items(tags::VERIFYING_OBSERVER_IDENTIFICATION_CODE_SEQUENCE, Vec::new());
    Some(item)
}

/// The texts, one item each; lines of one observation (the same OBX-3 and OBX-4) are one text.
fn content(group: &Group<'_>) -> Vec<DataSet> {
    let mut all: Vec<([String; 4], String)> = Vec::new();
    for obx in &group.observations {
        let kind = text(obx, 2, 1);
        let value = value(obx, &kind);
        if value.is_empty() || text(obx, 3, 1) == super::study::STUDY[0] {
            continue;
        }
        let key = [text(obx, 3, 1), text(obx, 3, 2), text(obx, 3, 3), text(obx, 4, 1)];
        match all.last_mut() {
            Some((last, written)) if *last == key && matches!(kind.as_str(), "TX" | "FT" | "ST") => {
                written.push('\n');
                written.push_str(&value);
            }
            _ => all.push((key, value)),
        }
    }
    all.iter().map(|(key, value)| text_item(key, value)).collect()
}

/// What an observation says, as text; nothing of documents.
fn value(obx: &klinke_hl7v2::message::Segment<'_>, kind: &str) -> String {
    let Some(field) = obx.field(5) else { return String::new() };
    let lines = |of: &dyn Fn(klinke_hl7v2::message::Part<'_>) -> String| {
        field.repetitions().map(of).collect::<Vec<_>>().join("\n")
    };
    let text = match kind {
        "ED" | "RP" => String::new(),
        "CE" | "CWE" | "CNE" => lines(&|one| {
            let part = |number| one.component(number).map(|part| part.plain_text().into_owned());
            first([part(2).unwrap_or_default(), part(1).unwrap_or_default()])
        }),
        "NM" => {
            let unit = first([text(obx, 6, 1), text(obx, 6, 2)]);
            format!("{} {unit}", text(obx, 5, 1)).trim().to_owned()
        }
        _ => lines(&|one| one.plain_text().into_owned()),
    };
    let mut text = text.trim_end().to_owned();
    while text.len() > TEXT_BYTES_MAX {
        text.pop();
    }
    text
}

fn text_item(key: &[String; 4], value: &str) -> DataSet {
    let mut item = DataSet::new();
    put(&mut item, tags::RELATIONSHIP_TYPE, VR::CS, "CONTAINS");
    put(&mut item, tags::VALUE_TYPE, VR::CS, "TEXT");
    let name = code(&key[0], &key[1], &key[2]).or_else(|| code("121071", "Finding", "DCM"));
    item.put_items(tags::CONCEPT_NAME_CODE_SEQUENCE, name.into_iter().collect());
    item.put_text(tags::TEXT_VALUE, VR::UT, &value.replace('\n', "\r\n"), &Charset::UTF_8);
    item
}
