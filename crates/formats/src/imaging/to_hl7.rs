//! `to-hl7`: what happened in imaging, as a message for the RIS or the KIS.
//!
//! | document | told is |
//! |---|---|
//! | a structured report (SOP class 1.2.840.10008.5.1.4.1.1.88.…) | its measurements; OBR-25 F, P or R |
//! | with Performed Procedure Step Status (0040,0252) | IN PROGRESS: ORC-5 IP, OBR-25 I; COMPLETED: CM, R; DISCONTINUED: DC, X |
//! | any other with a Study Instance UID | the study: CM, R |
//!
//! One ORC and OBR for each item of the Referenced Request Sequence, or one; in MDM^T02 one TXA behind them, and what is told once. Written is HL7 v2.5.1 in UTF-8; the steps behind it
//! (`set`, `charset`, …) make it what the partner wants.

use klinke_dimse::charset::Charset;
use klinke_dimse::data::DataSet;
use klinke_dimse::tags;
use klinke_engine::document::{Document, Format};
use klinke_engine::step::{Context, Step, StepError, Yield};
use klinke_engine::steps::{Built, Reader, Spec, StepKind, Workshop, spec};
use klinke_engine::template::{Template, Zone};
use klinke_model::{Payload, Timestamp};
use sha2::{Digest, Sha256};

use super::line::Line;
use super::report::Content;
use super::request::{Told, order, patient};
use super::texts::Texts;
use super::{notification, performed, report, study};
use crate::dicom::DicomDocument;
use crate::hl7v2::{self, Hl7v2};

pub(crate) const TO_HL7: StepKind = StepKind {
    name: "to-hl7",
    about: "Makes an HL7 message of a study, a performed procedure step or a structured report.",
    example: r#"to-hl7 = { message = "ORU^R01", link = "https://viewer.kh.example/?study={StudyInstanceUID}" }"#,
    build,
    keys: &[
        ("message", "`ORU^R01` (unless said), `ORM^O01`, `OMG^O19` or `MDM^T02`"),
        ("link", "where the images are to be seen: a template over the document"),
        ("content", "of a structured report: `measurements` (unless said) or `all`"),
    ],
    any_format: false,
};

/// Original document notification and content.
const MDM: &str = "MDM^T02";
/// The most orders of one message.
const ORDERS_MAX: usize = 100;

#[derive(Debug)]
struct ToHl7 {
    message: &'static str,
    link: Option<Template>,
    content: Content,
    zone: Zone,
}

/// What a document tells of.
enum Subject {
    Study,
    Performed,
    Report,
}

fn build(spec: &Spec, workshop: &Workshop<'_>) -> Built {
    let surroundings = workshop.surroundings()?;
    let mut reader = Reader::new(spec)?;
    let message = reader.word("message", &["ORU^R01", "ORM^O01", "OMG^O19", MDM], "ORU^R01")?;
    let link = reader.with("link", |value| spec::template(value, &surroundings))?;
    let content = match reader.word("content", &["measurements", "all"], "measurements")? {
        "all" => Content::All,
        _ => Content::Measurements,
    };
    reader.end()?;
    Ok(Box::new(ToHl7 { message, link, content, zone: workshop.zone.clone() }))
}

impl Subject {
    fn of(set: &DataSet) -> Result<Subject, StepError> {
        let class = set.ascii(tags::SOP_CLASS_UID).unwrap_or_default();
        let is_report =
            class.starts_with("1.2.840.10008.5.1.4.1.1.88.") && set.get(tags::CONTENT_SEQUENCE).is_some();
        if is_report {
            return Ok(Subject::Report);
        }
        if set.get(tags::PERFORMED_PROCEDURE_STEP_STATUS).is_some() {
            return Ok(Subject::Performed);
        }
        match set.ascii(tags::STUDY_INSTANCE_UID) {
            Some(_) => Ok(Subject::Study),
            None => Err(StepError::at("StudyInstanceUID", "the document tells of no study")),
        }
    }
}

impl ToHl7 {
    fn message(&self, context: &Context<'_>, dicom: &DicomDocument, link: &str) -> Result<String, StepError> {
        let (charset, _) = Charset::of(dicom.data_set(), dicom.rules());
        let set = Texts { set: dicom.data_set(), charset };
        let (mut told, observations) = match Subject::of(dicom.data_set())? {
            Subject::Study => {
                let told = study::told(&set);
                let observations = study::observations(&set, told.state.result, link);
                (told, observations)
            }
            Subject::Performed => {
                let told = performed::told(&set);
                let observations = performed::observations(&set, &told, link);
                (told, observations)
            }
            Subject::Report => {
                let told = report::told(&set);
                let observations = report::observations(&set, told.state.result, self.content);
                (told, observations.map_err(|text| StepError::at("ContentSequence", text))?)
            }
        };
        if told.changed.is_empty() {
            told.changed = self.local(context.received());
        }
        let requests = requests(&set)?;
        let mut out = self.header(context);
        if self.message == MDM {
            out.push_str(&notification::event(&self.local(context.received())));
        }
        let (pid, visit) = patient(&set);
        out.push_str(&pid);
        match visit {
            // A document has to have a visit (MDM_T02), whatever is known of it.
            None if self.message == MDM => out.push_str(&notification::no_visit()),
            visit => out.push_str(&visit.unwrap_or_default()),
        }
        for (at, request) in requests.iter().enumerate() {
            out.push_str(&self.one_order(at + 1, request, &set, &told));
            if self.message != MDM {
                out.push_str(&observations);
            }
        }
        if self.message == MDM {
            out.push_str(&notification::header(&set, &told, requests.first()));
            out.push_str(&observations);
        }
        Ok(out)
    }

    fn one_order(&self, number: usize, request: &Texts<'_>, set: &Texts<'_>, told: &Told) -> String {
        // A result has nothing to control; other messages say that the status has changed.
        let control = if matches!(self.message, "ORU^R01" | MDM) { "RE" } else { "SC" };
        order(number, control, request, set, told)
    }

    fn header(&self, context: &Context<'_>) -> String {
        let (kind, event) = self.message.split_once('^').unwrap_or((self.message, ""));
        let structure = format!("{kind}_{event}");
        // Of the same envelope the same one: whoever gets it twice can tell.
        let mut hash = Sha256::new();
        hash.update(context.received().0.to_be_bytes());
        hash.update(context.part.to_be_bytes());
        hash.update(&**context.payload());
        let digits: String = hash.finalize()[..9].iter().map(|byte| format!("{byte:02X}")).collect();
        // The separator is the first field: what follows stands one place further on.
        Line::new("MSH")
            .raw(1, "^~\\&".to_owned())
            .put(2, "KLINKE")
            .put(6, &self.local(context.received()))
            .parts(8, [kind, event, &structure])
            .put(9, &format!("K{digits}"))
            .put(10, "P")
            .put(11, "2.5.1")
            .put(17, "UNICODE UTF-8")
            .written()
    }

    /// A time of the house, to the second.
    fn local(&self, time: Timestamp) -> String {
        let offset = i64::from(self.zone.offset_minutes(time)) * 60_000_000;
        let (year, month, day, hour, minute, second, _) = Timestamp(time.0 + offset).parts();
        format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}")
    }
}

/// What was requested, an item each; the document itself where it does not say.
fn requests<'a>(set: &Texts<'a>) -> Result<Vec<Texts<'a>>, StepError> {
    for sequence in [tags::REFERENCED_REQUEST_SEQUENCE, tags::SCHEDULED_STEP_ATTRIBUTES_SEQUENCE] {
        let all: Vec<Texts<'a>> = set.items(sequence).take(ORDERS_MAX + 1).collect();
        if all.len() > ORDERS_MAX {
            return Err(StepError::new(format!("the document names more than {ORDERS_MAX} orders")));
        }
        if !all.is_empty() {
            return Ok(all);
        }
    }
    Ok(vec![*set])
}

impl Step for ToHl7 {
    fn kind(&self) -> &'static str {
        TO_HL7.name
    }

    fn gives(&self) -> Option<&'static str> {
        Some(hl7v2::NAME)
    }

    fn apply(&self, context: &mut Context<'_>, mut document: Box<dyn Document>) -> Result<Yield, StepError> {
        let link = match &self.link {
            Some(link) => link.render(context, document.as_ref())?,
            None => String::new(),
        };
        let Some(dicom) = DicomDocument::of(document.as_mut()) else { return Ok(Yield::One(document)) };
        let text = self.message(context, dicom, &link)?;
        Ok(Yield::One(Hl7v2::new().open(&Payload::new(text.into_bytes()), None)?))
    }
}
