//! `worklist`: orders and appointments of HL7 v2 as items of a DICOM modality worklist.
//!
//! | message | one item for each | its requested procedure |
//! |---|---|---|
//! | ORM^O01, OMG^O19, OMI^O23 (HL7 v2.5.1, chapter 4) | OBR | OBR-4 (OBR-44 where it is there) |
//! | SIU^S12 to S15, S17 (chapter 10) | AIS, or SCH without one | AIS-3, or SCH-7 |
//!
//! An item is a data set of PS3.4, Table K.6-1, written as DICOM JSON (PS3.18, Annex F), as the archive's worklist takes it.
//! The mapping follows IHE Radiology (RAD-4, RAD-48), but where accession number, step ID or start stand elsewhere is
//! looked for as well. What no message says, on which modality at which station a procedure is done, a table of the
//! site says. What is cancelled (ORC-1 CA, DC, OC; SIU S15, S17) becomes an item whose step has the status `CANCELED`.
//!
//! Not supported: messages that tell of several patients; the weight and size of OBX.

mod appointment;
pub(crate) mod fill;
mod order;
mod patients;
pub(crate) mod people;
mod table;

use klinke_dimse::data::DataSet;
use klinke_dimse::json;
use klinke_engine::document::{Document, Format, Path};
use klinke_engine::step::{Context, Step, StepError, Yield};
use klinke_engine::steps::{Built, Reader, Spec, StepKind, Workshop, spec};
use klinke_hl7v2::Message;
use klinke_model::Payload;

use crate::hl7v2::Hl7v2Document;
use crate::plain::TextFormat;
pub(crate) use patients::PATIENTS;
use table::Procedures;

/// The most items of one message.
const ITEMS_MAX: usize = 100;

pub(crate) const WORKLIST: StepKind = StepKind {
    name: "worklist",
    about: "Turns orders and appointments into items of a DICOM worklist, as DICOM JSON.",
    example: r#"worklist = { table = "wards", unknown = "keep" }"#,
    build,
    keys: &[
        (
            "table",
            "the table of procedures: its columns `modality`, `station` (AE titles, `+` between several), `station-name`, \
             `location`, `description` say how and where a code is done",
        ),
        (
            "unknown",
            "what becomes of a code without a row: `fail` (unless said) or `keep`, as the message has it",
        ),
        ("accession", "where the accession number stands, if not in IPC-1, OBR-18 or the filler's number"),
    ],
    any_format: false,
};

#[derive(Debug)]
struct Worklist {
    procedures: Procedures,
    accession: Option<Path>,
}

fn build(spec: &Spec, workshop: &Workshop<'_>) -> Built {
    let surroundings = workshop.surroundings()?;
    let mut reader = Reader::new(spec)?;
    let table = reader.with("table", |one| Procedures::find(workshop.tables, &spec::text(one)?))?;
    let unknown = reader.word("unknown", &["fail", "keep"], "fail")?;
    let accession = reader.with("accession", |one| spec::path(one, &surroundings))?;
    reader.end()?;
    let procedures = table.unwrap_or_default().keeping_unknown(unknown == "keep");
    Ok(Box::new(Worklist { procedures, accession }))
}

/// What is not as it should be, with the field; never with its value.
pub(crate) struct Fault {
    field: &'static str,
    text: String,
}

impl Fault {
    pub(crate) fn at(field: &'static str, text: impl Into<String>) -> Self {
        Fault { field, text: text.into() }
    }

    /// As the error of a step.
    pub(crate) fn told(self) -> StepError {
        StepError::at(self.field, self.text)
    }
}

/// Items as they are made, and what is to be noted of them.
#[derive(Default)]
pub(crate) struct Items {
    all: Vec<DataSet>,
    notes: Vec<String>,
}

impl Items {
    fn push(&mut self, item: DataSet) -> Result<(), Fault> {
        if self.all.len() == ITEMS_MAX {
            return Err(Fault::at("OBR", format!("the message has more than {ITEMS_MAX} procedures")));
        }
        self.all.push(item);
        Ok(())
    }

    fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }
}

/// The items of a message.
fn items(message: &Message, accession: Option<&str>, procedures: &Procedures) -> Result<Items, Fault> {
    let header = message.segment(0);
    let part = |component| header.map(|segment| fill::text(&segment, 9, component)).unwrap_or_default();
    match (part(1).as_str(), part(2).as_str()) {
        ("ORM", _) | ("OMG", _) | ("OMI", _) => order::items(message, accession, procedures),
        ("SIU", event @ ("S12" | "S13" | "S14" | "S15" | "S17")) => {
            appointment::items(message, matches!(event, "S15" | "S17"), accession, procedures)
        }
        _ => Err(Fault::at(
            "MSH-9",
            "a worklist is made of ORM^O01, OMG^O19, OMI^O23 and SIU^S12, S13, S14, S15, S17",
        )),
    }
}

impl Step for Worklist {
    fn kind(&self) -> &'static str {
        WORKLIST.name
    }

    fn gives(&self) -> Option<&'static str> {
        Some(TextFormat.name())
    }

    fn apply(&self, context: &mut Context<'_>, mut document: Box<dyn Document>) -> Result<Yield, StepError> {
        let accession = match &self.accession {
            Some(path) => Some(document.value(path)?.text().to_owned()),
            None => None,
        };
        let Some(message) = Hl7v2Document::of(document.as_mut()) else { return Ok(Yield::One(document)) };
        let items = items(message.message(), accession.as_deref(), &self.procedures).map_err(Fault::told)?;
        for note in items.notes {
            context.note(note);
        }
        if items.all.is_empty() {
            return Ok(Yield::End("it orders nothing".to_owned()));
        }
        let mut documents = Vec::with_capacity(items.all.len());
        for item in &items.all {
            let text = json::to_string(item, &json::Options::default());
            documents.push(TextFormat.open(&Payload::new(text.into_bytes()), Some("UTF-8"))?);
        }
        match (documents.pop(), documents.is_empty()) {
            (Some(only), true) => Ok(Yield::One(only)),
            (last, _) => Ok(Yield::Many(documents.into_iter().chain(last).collect())),
        }
    }
}

#[cfg(test)]
mod tests;
