//! An envelope made readable: plain words on top, then the fields of every stage.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::view::Message;

/// Everything that the page of one envelope shows.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Reading {
    /// What is known of it. Payloads over [`PAYLOAD_SHOWN_MAX`] are cut; [`Sheet::size`] has the size.
    pub message: Message,
    /// What it says, when its format can be put into words.
    pub words: Option<Words>,
    /// The fields of every stage, in the order of the stages and their payloads.
    pub sheets: Vec<Sheet>,
}

/// So much of a payload is shown on a page; the whole can be downloaded.
pub const PAYLOAD_SHOWN_MAX: usize = 128 << 10;

/// A payload in plain words.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Words {
    /// The first paragraph.
    pub summary: String,
    /// What is to be said beside it.
    pub notes: Vec<String>,
    /// Its messages; one unless the payload is a batch.
    pub messages: Vec<MessageWords>,
    /// What the sender does against the standard.
    pub deviations: Vec<Deviation>,
}

/// One message in plain words.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct MessageWords {
    /// A few words that name it.
    pub title: String,
    /// Its segments in order.
    pub segments: Vec<SegmentWords>,
}

/// A segment in words.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct SegmentWords {
    /// Its path: `PID`, `OBX[3]`.
    pub path: String,
    /// Its name in the reader's language.
    pub name: String,
    /// The groups around it.
    pub group: String,
    /// Its fields that say something.
    pub fields: Vec<FieldWords>,
}

/// A field in words.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct FieldWords {
    /// Its path: `PID-5`.
    pub path: String,
    /// Its name.
    pub name: String,
    /// Its data type.
    pub data_type: String,
    /// What it says.
    pub text: String,
    /// Its components where it has several.
    pub components: Vec<ComponentWords>,
}

/// A component in words.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct ComponentWords {
    /// Its path: `PID-3.1`.
    pub path: String,
    /// Its name.
    pub name: String,
    /// What it says.
    pub text: String,
}

/// A deviation in words.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Deviation {
    /// Its stable name.
    pub code: String,
    /// Where it is.
    pub place: String,
    /// A sentence about it.
    pub text: String,
    /// How often it was met.
    pub count: u32,
    /// `worth-a-look` or `harmless`.
    pub weight: String,
}

/// One payload of one stage as lines of cells.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Sheet {
    /// The stage's name: `received`, `step 2: set`, `part 0`.
    pub stage: String,
    /// Bytes of the whole payload.
    pub size: u64,
    /// Lines in order: the segments of HL7 v2, or lines of text.
    pub lines: Vec<Line>,
    /// True when there are more lines than are given.
    pub cut: bool,
}

/// One line of a payload.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Line {
    /// What it is: `PID`, `OBX[3]`; empty where lines have no names.
    pub path: String,
    /// Against the stage before.
    pub change: Change,
    /// Its cells in order.
    pub cells: Vec<Cell>,
}

/// A field of a line.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Cell {
    /// Its path: `PID-3`.
    pub path: String,
    /// Its text as it stands, undecodable bytes replaced.
    pub text: String,
    /// True when the stage before has it otherwise.
    pub changed: bool,
}

/// How a line differs from the stage before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// As before, or there is none before.
    #[default]
    Same,
    /// Some of its cells differ.
    Changed,
    /// It was not there.
    New,
}
