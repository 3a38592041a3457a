//! `to-dicom`: reports and documents of HL7 v2 as DICOM instances.
//!
//! | message | instance |
//! |---|---|
//! | OBX-2 ED with a PDF in OBX-5.5 | Encapsulated PDF (PS3.3, A.45.1), one each |
//! | OBX with text or values | one Basic Text SR (PS3.3, A.35.1) for each OBR |
//!
//! Patient from PID, accession number from IPC-1, OBR-18, the filler's number (ORC-3, OBR-3, TXA-15) or the placer's (ORC-2, OBR-2,
//! TXA-14). Study Instance UID from IPC-3, ZDS-1, or an OBX with the code 113014; without one it is left out: the archive as a
//! destination finds the study by its accession number. UIDs come of the message, so that the same one gives the same instances.

use klinke_dimse::data::DataSet;
use klinke_dimse::syntax::TransferSyntax;
use klinke_engine::document::{Document, Path};
use klinke_engine::step::{Context, Step, StepError, Yield};
use klinke_engine::steps::{Built, Reader, Spec, StepKind, Workshop, spec};
use klinke_hl7v2::Message;

use super::document::{Source, groups};
use super::instance;
use crate::dicom::{self, DicomDocument};
use crate::hl7v2::Hl7v2Document;
use crate::worklist::Fault;

pub(crate) const TO_DICOM: StepKind = StepKind {
    name: "to-dicom",
    about: "Makes DICOM instances of a report: Encapsulated PDF of documents, Basic Text SR of text.",
    example: r#"to-dicom = { title = "Radiology Report", text = "alone" }"#,
    build,
    keys: &[
        ("title", "Document Title, and Series Description; OBR-4 unless said"),
        (
            "text",
            "text as a structured report: `alone` (unless said: where there is no document), `always`, `never`",
        ),
        ("accession", "where the accession number stands, if not where it is looked for"),
        ("study", "where the Study Instance UID stands, if not where it is looked for"),
    ],
    any_format: false,
};

/// The most instances of one message.
const INSTANCES_MAX: usize = 100;

#[derive(Debug)]
struct ToDicom {
    title: Option<String>,
    text: &'static str,
    accession: Option<Path>,
    study: Option<Path>,
}

fn build(spec: &Spec, workshop: &Workshop<'_>) -> Built {
    let surroundings = workshop.surroundings()?;
    let mut reader = Reader::new(spec)?;
    let title = reader.with("title", spec::text)?;
    let text = reader.word("text", &["alone", "always", "never"], "alone")?;
    let accession = reader.with("accession", |one| spec::path(one, &surroundings))?;
    let study = reader.with("study", |one| spec::path(one, &surroundings))?;
    reader.end()?;
    Ok(Box::new(ToDicom { title, text, accession, study }))
}

impl ToDicom {
    fn instances(&self, message: &Message, source: &Source) -> Result<Vec<DataSet>, Fault> {
        let mut all = Vec::new();
        for group in groups(message, source)? {
            let documents = group.documents()?;
            let wants_text = match self.text {
                "always" => true,
                "never" => false,
                _ => documents.is_empty(),
            };
            for (number, bytes) in documents {
                all.push(instance::pdf(&group, number, bytes)?);
            }
            if wants_text && let Some(report) = instance::report(&group) {
                all.push(report);
            }
            if all.len() > INSTANCES_MAX {
                return Err(Fault::at("OBX", format!("the message has more than {INSTANCES_MAX} documents")));
            }
        }
        Ok(all)
    }
}

impl Step for ToDicom {
    fn kind(&self) -> &'static str {
        TO_DICOM.name
    }

    fn gives(&self) -> Option<&'static str> {
        Some(dicom::NAME)
    }

    fn apply(&self, context: &mut Context<'_>, mut document: Box<dyn Document>) -> Result<Yield, StepError> {
        let said = |path: &Option<Path>| -> Result<Option<String>, StepError> {
            let text = path.as_ref().map(|path| document.value(path).map(|value| value.text().to_owned()));
            Ok(text.transpose()?.filter(|text| !text.is_empty()))
        };
        let source = Source {
            title: self.title.clone(),
            accession: said(&self.accession)?,
            study: said(&self.study)?,
            received: context.received(),
        };
        let Some(message) = Hl7v2Document::of(document.as_mut()) else { return Ok(Yield::One(document)) };
        let made = self.instances(message.message(), &source).map_err(Fault::told)?;
        if made.is_empty() {
            return Ok(Yield::End("it has neither a document nor a text".to_owned()));
        }
        let documents = made
            .into_iter()
            .map(|set| Box::new(DicomDocument::of_file(set, TransferSyntax::EXPLICIT)) as Box<dyn Document>);
        let mut documents: Vec<_> = documents.collect();
        Ok(match documents.len() {
            1 => documents.pop().map_or_else(|| Yield::Many(Vec::new()), Yield::One),
            _ => Yield::Many(documents),
        })
    }
}
