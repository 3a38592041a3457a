//! What pages ask of the archive of images, and the shapes of the answers.
//!
//! Whatever is asked of a study says which one; whoever answers holds the instance against it. Bytes come as base64.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The place by which a right covers the archive, beside the names of channels and systems.
pub const PLACE: &str = "archive";

/// Studies of a page.
pub const STUDIES_MAX: usize = 50;

/// Something of images.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Ask {
    /// How the archive stands.
    State,
    /// Studies that a search finds.
    Find(Find),
    /// A study with its series and instances, and what belongs to it.
    Study {
        /// Study Instance UID.
        study: String,
    },
    /// What is said of one instance.
    Instance(Which),
    /// A small picture of an instance.
    Thumbnail(Which),
    /// A frame as a picture, in its own window.
    Picture(Which),
    /// The values of a frame, for the viewer.
    Frame {
        /// Which.
        #[serde(flatten)]
        which: Which,
        /// So many pixels by so many become one.
        by: u32,
    },
    /// An encapsulated document.
    Document(Which),
}

/// A frame of an instance of a study.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Which {
    /// Study Instance UID.
    pub study: String,
    /// SOP Instance UID.
    pub instance: String,
    /// Counted from 1; 0 for the one that stands for all.
    #[serde(default)]
    pub frame: u32,
    /// The tag of what whoever asks has already: then its bytes are not given again.
    #[serde(default)]
    pub seen: Option<String>,
}

/// What studies are looked for by; empty fields ask for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Find {
    /// The beginning of the patient's name, or a pattern with `*` and `?`.
    pub name: String,
    /// Patient ID.
    pub patient: String,
    /// Accession Number.
    pub accession: String,
    /// Study Instance UID.
    pub study: String,
    /// A modality of the study.
    pub modality: String,
    /// The first day: `2026-11-29`.
    pub from: String,
    /// The last day.
    pub until: String,
    /// So many are passed over.
    pub offset: usize,
}

impl Find {
    /// The fields that ask for something: name, value.
    pub fn sought(&self) -> Vec<(&'static str, &str)> {
        let all = [
            ("name", &self.name),
            ("patient", &self.patient),
            ("accession", &self.accession),
            ("study", &self.study),
            ("modality", &self.modality),
            ("from", &self.from),
            ("until", &self.until),
        ];
        all.into_iter()
            .filter(|(_, text)| !text.is_empty())
            .map(|(name, text)| (name, text.as_str()))
            .collect()
    }
}

impl Ask {
    /// The study that it is about.
    pub fn study(&self) -> Option<&str> {
        match self {
            Ask::State | Ask::Find(_) => None,
            Ask::Study { study } => Some(study),
            Ask::Instance(which)
            | Ask::Thumbnail(which)
            | Ask::Picture(which)
            | Ask::Frame { which, .. }
            | Ask::Document(which) => Some(&which.study),
        }
    }
}

/// How the archive stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct State {
    /// Patients.
    pub patients: u64,
    /// Studies.
    pub studies: u64,
    /// Series.
    pub series: u64,
    /// Instances.
    pub instances: u64,
    /// Bytes of their files.
    pub bytes: u64,
    /// Instances that lie beside until somebody decides.
    pub beside: u64,
    /// The newest of them; none for those who may not open images.
    pub clashes: Vec<Clash>,
    /// Instances in the trash, up to a thousand.
    pub trash: u64,
    /// Steps of the worklist that are not over, up to a thousand.
    pub worklist: u64,
    /// Performed procedure steps that go on, of the latest thousand.
    pub performing: u64,
    /// Those who were turned away because the site does not name them.
    pub inbox: Vec<super::archive::Unknown>,
}

/// An instance that lies beside.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Clash {
    /// Its number.
    pub number: u64,
    /// Why: `other-bytes`, `other-study`, `other-patient` or `replaced`.
    pub reason: String,
    /// Study Instance UID.
    pub study: String,
    /// SOP Instance UID.
    pub instance: String,
    /// Who sent it.
    pub from: String,
    /// When it came.
    pub arrived: String,
}

/// What a search found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Page {
    /// The studies, the newest first.
    pub studies: Vec<StudyLine>,
    /// Whether there are more.
    pub more: bool,
    /// Whether no name is written so, and these only sound like it.
    pub alike: bool,
}

/// A patient, as the archive names them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Patient {
    /// As people write it: `Muster, Berta`.
    pub name: String,
    /// Patient ID.
    pub id: String,
    /// Issuer of Patient ID.
    pub issuer: String,
    /// `1970-12-31`, or as it was sent.
    pub birth: String,
    /// `M`, `F`, `O`, or as it was sent.
    pub sex: String,
}

/// A study in a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StudyLine {
    /// Study Instance UID.
    pub uid: String,
    /// Whose.
    pub patient: Patient,
    /// `2026-11-29`, or as it was sent.
    pub date: String,
    /// `10:15`, or as it was sent.
    pub time: String,
    /// Accession Number.
    pub accession: String,
    /// Study Description.
    pub description: String,
    /// Modalities in Study.
    pub modalities: Vec<String>,
    /// How many series.
    pub series: u64,
    /// How many instances.
    pub instances: u64,
    /// Bytes of their files.
    pub bytes: u64,
}

/// A study.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Study {
    /// What the list says of it.
    #[serde(flatten)]
    pub line: StudyLine,
    /// Referring Physician's Name.
    pub referrer: String,
    /// Study ID.
    pub id: String,
    /// Its series.
    pub list: Vec<Series>,
    /// What was marked as key.
    pub keys: Vec<Key>,
    /// Other studies of the patient, the newest first; none for those who may see this one alone.
    pub others: Vec<StudyLine>,
    /// What lies beside of it.
    pub clashes: Vec<Clash>,
    /// Performed procedure steps that its series name.
    pub performed: Vec<Performed>,
}

/// A series.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Series {
    /// Series Instance UID.
    pub uid: String,
    /// Series Number.
    pub number: String,
    /// Modality.
    pub modality: String,
    /// Series Description, else Protocol Name.
    pub description: String,
    /// Body Part Examined.
    pub body: String,
    /// Laterality.
    pub laterality: String,
    /// Manufacturer's Model Name and Station Name.
    pub device: String,
    /// Who sent it.
    pub from: String,
    /// When the first of it came.
    pub arrived: String,
    /// Bytes of the files.
    pub bytes: u64,
    /// Its instances, in the order of their numbers.
    pub list: Vec<Line>,
}

impl Series {
    /// The instance whose picture stands for the series.
    pub fn face(&self) -> Option<&Line> {
        let images: Vec<&Line> = self.list.iter().filter(|one| one.kind == Kind::Image).collect();
        images.get(images.len() / 2).copied()
    }
}

/// An instance of a series.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Line {
    /// SOP Instance UID.
    pub uid: String,
    /// Instance Number.
    pub number: String,
    /// What it is.
    pub kind: Kind,
    /// How many frames.
    pub frames: u32,
    /// Columns of a frame.
    pub columns: u32,
    /// Rows of a frame.
    pub rows: u32,
    /// Document Title or Content Description.
    pub title: String,
}

/// What an instance is, for those who look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// It has frames.
    #[default]
    Image,
    /// A Structured Report.
    Report,
    /// A Key Object Selection.
    Key,
    /// An encapsulated document.
    Document,
    /// A presentation state: images as somebody wished them to be seen.
    Presentation,
    /// Something else: waveforms, raw data.
    Other,
}

/// What somebody marked as key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Key {
    /// SOP Instance UID of the Key Object Selection.
    pub uid: String,
    /// Its title: `Of Interest`.
    pub title: String,
    /// What was written to it.
    pub text: String,
    /// What is marked: SOP Instance UIDs, and frames where not all are meant.
    pub marks: Vec<Mark>,
}

/// An instance that is marked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Mark {
    /// SOP Instance UID.
    pub instance: String,
    /// The frames that are meant; all where there are none.
    pub frames: Vec<u32>,
}

/// A performed procedure step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Performed {
    /// Its status: `IN PROGRESS`, `COMPLETED` or `DISCONTINUED`.
    pub state: String,
    /// What was done.
    pub description: String,
    /// Who told of it.
    pub from: String,
    /// When it was begun.
    pub begun: String,
    /// When it was changed last.
    pub changed: String,
}

/// What is said of one instance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reading {
    /// The identifier of whom it is about, for the audit log.
    pub patient: String,
    /// SOP Class UID's name, or the UID.
    pub class: String,
    /// Transfer Syntax UID's name, or the UID.
    pub syntax: String,
    /// Bytes of its file.
    pub size: u64,
    /// Who sent it.
    pub from: String,
    /// When it came.
    pub arrived: String,
    /// What a report says.
    pub report: Option<Said>,
    /// What was marked, where it marks something.
    pub marks: Vec<Mark>,
    /// Title and size of a document.
    pub document: Option<(String, u64)>,
}

/// A content item of a report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Said {
    /// The concept.
    pub name: String,
    /// What is said of it.
    pub value: String,
    /// The instances of this study that it refers to.
    pub marks: Vec<Mark>,
    /// What is said below it.
    pub items: Vec<Said>,
}

/// Bytes of an instance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Shown {
    /// The identifier of whom it is about, for the audit log.
    pub patient: String,
    /// Changes with what is shown.
    pub tag: String,
    /// Its media type.
    pub media: String,
    /// The bytes in base64; none where whoever asks has them already, or where there is a fault.
    pub bytes: Option<String>,
    /// Why it can't be shown; no patient data.
    pub fault: Option<String>,
}
