//! A message as the learner sees it. Formats make outlines; they hold what the message holds, patient
//! data included, and live only as long as they are looked at.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a place holds, as far as the standard says.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema, Default,
)]
#[serde(rename_all = "kebab-case")]
pub enum Content {
    /// One of a set of codes.
    Code,
    /// A code that says of which kind an identifier is.
    IdentifierType,
    /// A code that says who gives an identifier.
    Authority,
    /// A number.
    Number,
    /// A date or a time.
    Date,
    /// An identifier: of a patient, a case, an order, a message.
    Identifier,
    /// Anything else: names, addresses, telephone numbers, free text.
    #[default]
    Text,
}

impl Content {
    /// True when values may be kept, under the conditions that the learner knows.
    pub fn is_code(self) -> bool {
        matches!(self, Content::Code | Content::IdentifierType | Content::Authority)
    }
}

/// One message.
#[derive(Clone, Default, PartialEq)]
pub struct Outline {
    /// Type and event, checked to be such: `ADT^A01`.
    pub event: String,
    /// The version that it says it is of.
    pub version: String,
    /// The character set that it declares; empty when it declares none.
    pub declared: String,
    /// The character set that its bytes are really in; empty when they are in ASCII alone.
    pub used: String,
    /// Which acknowledgments it asks for.
    pub acknowledgment: String,
    /// What it does against the standard: kind, and how often.
    pub deviations: Vec<(String, u32)>,
    /// A number that is the same for messages about the same patient.
    pub subject: u64,
    /// Its segments in order.
    pub segments: Vec<SegmentOutline>,
    /// Identifiers with who gave them and of which kind they are.
    pub identifiers: Vec<IdentifierOutline>,
}

/// One segment.
#[derive(Clone, Default, PartialEq)]
pub struct SegmentOutline {
    /// Its name.
    pub name: String,
    /// Its fields that hold something, in order.
    pub fields: Vec<FieldOutline>,
}

/// One field that holds something.
#[derive(Clone, Default, PartialEq)]
pub struct FieldOutline {
    /// Its number.
    pub number: usize,
    /// How many repetitions it has.
    pub repetitions: usize,
    /// The values in it, down to the smallest part.
    pub leaves: Vec<Leaf>,
}

/// One value.
#[derive(Clone, Default, PartialEq)]
pub struct Leaf {
    /// Which repetition, from 1.
    pub repetition: usize,
    /// Component and subcomponent from 1; 0 where the field, or the component, is not divided.
    pub part: (usize, usize),
    /// The text.
    pub value: String,
    /// What the place holds.
    pub content: Content,
    /// The table that its codes are of.
    pub table: Option<Table>,
}

/// The table of a coded value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its identifier.
    pub id: String,
    /// Whether it has the value; none for a table that the standard leaves to the site.
    pub knows: Option<bool>,
}

/// One identifier.
#[derive(Clone, Default, PartialEq)]
pub struct IdentifierOutline {
    /// The field that it stands in.
    pub field: String,
    /// Of which kind it is.
    pub kind: String,
    /// Whether the table of kinds has it.
    pub knows: bool,
    /// Who gave it.
    pub authority: String,
}

impl Leaf {
    /// The place of a leaf of a field.
    pub fn place(&self, segment: &str, field: usize) -> String {
        match self.part {
            (0, _) => format!("{segment}-{field}"),
            (component, 0) => format!("{segment}-{field}.{component}"),
            (component, sub) => format!("{segment}-{field}.{component}.{sub}"),
        }
    }
}

/// Shows sizes only: an outline holds patient data.
impl std::fmt::Debug for Outline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outline").field("segments", &self.segments.len()).finish_non_exhaustive()
    }
}
