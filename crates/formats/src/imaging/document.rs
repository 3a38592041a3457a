//! What a report's message holds: its orders, and the documents and texts of each.

use klinke_dimse::data::DataSet;
use klinke_dimse::{VR, tags};
use klinke_hl7v2::Message;
use klinke_hl7v2::message::Segment;
use klinke_model::Timestamp;
use sha2::{Digest, Sha256};

use super::study::STUDY;
use crate::worklist::Fault;
use crate::worklist::fill::{code, first, moment, put, text};
use crate::worklist::people::patient;

/// What the site and the envelope say besides the message.
pub(super) struct Source {
    pub title: Option<String>,
    pub accession: Option<String>,
    pub study: Option<String>,
    pub received: Timestamp,
}

/// An order with its observations.
pub(super) struct Group<'a> {
    /// Patient, study and order, as an instance has them.
    pub common: DataSet,
    pub obr: Option<Segment<'a>>,
    pub observations: Vec<Segment<'a>>,
    /// What it is called.
    pub title: String,
    /// Its procedure or kind: code, meaning, coding scheme.
    pub concept: [String; 3],
    /// OBR-25, or what TXA-17 says in its words.
    pub status: String,
    /// When it was written, as DA and TM.
    pub written: (String, String),
    /// What no other order of any message has.
    seed: [u8; 32],
}

/// The orders of a message that have observations.
pub(super) fn groups<'a>(message: &'a Message, source: &Source) -> Result<Vec<Group<'a>>, Fault> {
    let header = message.segment(0).ok_or_else(|| Fault::at("MSH", "the message is empty"))?;
    if !matches!(text(&header, 9, 1).as_str(), "ORU" | "MDM" | "OUL") {
        return Err(Fault::at("MSH-9", "instances are made of ORU and MDM"));
    }
    let patient = patient(message)?;
    let mut all: Vec<Parts<'a>> = Vec::new();
    let mut orc = None;
    let mut txa = None;
    let mut zds = None;
    for segment in message.segments() {
        match segment.name() {
            "ORC" => orc = Some(segment),
            "TXA" => txa = Some(segment),
            "ZDS" => zds = Some(segment),
            "OBR" => all.push(Parts { orc: orc.take(), obr: Some(segment), ..Parts::default() }),
            "IPC" => all.iter_mut().last().into_iter().for_each(|last| last.ipc = Some(segment)),
            "OBX" => {
                if all.is_empty() {
                    all.push(Parts { orc: orc.take(), ..Parts::default() });
                }
                all.iter_mut().last().into_iter().for_each(|last| last.observations.push(segment));
            }
            _ => {}
        }
    }
    all.retain(|parts| !parts.observations.is_empty());
    let numbered = all.into_iter().enumerate();
    Ok(numbered
        .map(|(at, parts)| parts.group(at, &header, txa.as_ref(), zds.as_ref(), &patient, source))
        .collect())
}

#[derive(Default)]
struct Parts<'a> {
    orc: Option<Segment<'a>>,
    obr: Option<Segment<'a>>,
    ipc: Option<Segment<'a>>,
    observations: Vec<Segment<'a>>,
}

fn of(segment: Option<&Segment<'_>>, field: usize, component: usize) -> String {
    segment.map(|segment| text(segment, field, component)).unwrap_or_default()
}

impl<'a> Parts<'a> {
    fn group(
        self,
        at: usize,
        header: &Segment<'a>,
        txa: Option<&Segment<'a>>,
        zds: Option<&Segment<'a>>,
        patient: &DataSet,
        source: &Source,
    ) -> Group<'a> {
        let (orc, obr) = (self.orc.as_ref(), self.obr.as_ref());
        let mut common = patient.clone();
        let placer = first([of(orc, 2, 1), of(obr, 2, 1), of(txa, 14, 1)]);
        let filler = first([of(orc, 3, 1), of(obr, 3, 1), of(txa, 15, 1)]);
        let usual = || first([of(self.ipc.as_ref(), 1, 1), of(obr, 18, 1), filler.clone(), placer.clone()]);
        put(&mut common, tags::ACCESSION_NUMBER, VR::SH, &source.accession.clone().unwrap_or_else(usual));
        let named =
            self.observations.iter().find(|obx| text(obx, 3, 1) == STUDY[0]).map(|obx| text(obx, 5, 1));
        let usual = || first([of(self.ipc.as_ref(), 3, 1), of(zds, 1, 1), named.unwrap_or_default()]);
        let study = source.study.clone().unwrap_or_else(usual);
        if klinke_dimse::value::is_uid(&study) {
            common.put_ascii(tags::STUDY_INSTANCE_UID, VR::UI, &study);
        }
        let (date, time) = moment(&of(obr, 7, 1));
        put(&mut common, tags::STUDY_DATE, VR::DA, &date);
        put(&mut common, tags::STUDY_TIME, VR::TM, &time);
        let concept = match obr {
            Some(obr) => [1, 2, 3].map(|component| text(obr, 4, component)),
            None => [1, 2, 3].map(|component| of(txa, 2, component)),
        };
        if let Some(item) = code(&concept[0], &concept[1], &concept[2]) {
            common.put_items(tags::PROCEDURE_CODE_SEQUENCE, vec![item]);
        }
        let title = first([
            source.title.clone().unwrap_or_default(),
            of(txa, 16, 1),
            concept[1].clone(),
            concept[0].clone(),
        ]);
        let written = moment(&first([of(obr, 22, 1), of(txa, 6, 1), of(txa, 4, 1), text(header, 7, 1)]));
        Group {
            common,
            title: if title.is_empty() { "Report".to_owned() } else { title },
            concept,
            status: status(obr, txa),
            written: if written.0.is_empty() { received(source.received) } else { written },
            seed: seed(header, at),
            obr: self.obr,
            observations: self.observations,
        }
    }
}

/// OBR-25, or Document Completion Status (TXA-17, HL7 table 0271) in its words.
fn status(obr: Option<&Segment<'_>>, txa: Option<&Segment<'_>>) -> String {
    let of_document = match of(txa, 17, 1).as_str() {
        "AU" | "LA" => "F",
        "" => "",
        _ => "P",
    };
    first([of(obr, 25, 1), of_document.to_owned()])
}

/// Of sender, control ID and the order's place.
fn seed(header: &Segment<'_>, at: usize) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [3, 4, 10].map(|field| text(header, field, 1)) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.update((at as u64).to_be_bytes());
    hash.finalize().into()
}

fn received(at: Timestamp) -> (String, String) {
    let (year, month, day, hour, minute, second, _) = at.parts();
    (format!("{year:04}{month:02}{day:02}"), format!("{hour:02}{minute:02}{second:02}"))
}

impl Group<'_> {
    /// A UID of this order and what else names a thing, always the same: a UUID of version 8 (PS3.5, Annex B.2; RFC 9562).
    pub fn uid(&self, parts: &[&[u8]]) -> String {
        let mut hash = Sha256::new();
        hash.update(self.seed);
        uid(hash, parts)
    }

    /// The UID of the series for all documents of a kind of this patient and accession number.
    pub fn series_uid(&self, kind: &str) -> String {
        let raw = |tag| self.common.raw(tag).unwrap_or_default();
        let named = [tags::PATIENT_ID, tags::ACCESSION_NUMBER, tags::STUDY_INSTANCE_UID].map(raw);
        match named.iter().all(|part| part.is_empty()) {
            true => self.uid(&[kind.as_bytes()]),
            false => uid(Sha256::new(), &[named[0], named[1], named[2], kind.as_bytes()]),
        }
    }

    /// Whether the report is final, and whether it was ever corrected.
    pub fn is_final(&self) -> bool {
        matches!(self.status.as_str(), "F" | "C")
    }

    /// The PDFs among the observations, each with its number.
    pub fn documents(&self) -> Result<Vec<(usize, Vec<u8>)>, Fault> {
        let mut all = Vec::new();
        for (at, obx) in self.observations.iter().enumerate() {
            if text(obx, 2, 1) != "ED" {
                continue;
            }
            // HL7 v2.5.1, chapter 2.A.24: source, type, subtype, encoding, data.
            let part = |number| {
                let part = obx.field(5).and_then(|field| field.component(number));
                part.map(|part| part.text().into_owned()).unwrap_or_default()
            };
            if part(5).is_empty() {
                continue;
            }
            let is_base64 = part(4).is_empty() || part(4).eq_ignore_ascii_case("base64");
            let bytes = is_base64.then(|| crate::plain::from_base64(part(5).as_bytes())).flatten();
            let bytes =
                bytes.ok_or_else(|| Fault::at("OBX-5", "the data of a document can't be read as Base64"))?;
            if !bytes.starts_with(b"%PDF") {
                return Err(Fault::at("OBX-5", "a document is no PDF; other kinds have no instance"));
            }
            all.push((at + 1, bytes));
        }
        Ok(all)
    }
}

fn uid(mut hash: Sha256, parts: &[&[u8]]) -> String {
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let digest = hash.finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    bytes[6] = bytes[6] & 0x0F | 0x80;
    bytes[8] = bytes[8] & 0x3F | 0x80;
    format!("2.25.{}", u128::from_be_bytes(bytes))
}
