//! Paths: the names of places in a message, as people write them (`PID-5.1`, after the notation of
//! HL7 v2.5.1 chapter 2, 2.4 with repetitions in brackets).
//!
//! | path | means |
//! |---|---|
//! | `PV1` | the first PV1 segment |
//! | `OBX[2]` | the second OBX segment |
//! | `PID-5` | the whole field, with all its repetitions |
//! | `PID-5.1` | component 1 of the first repetition |
//! | `PID-5.1.2` | subcomponent 2 of it |
//! | `PID-3[2].1` | component 1 of the second repetition |
//! | `PID-3[*].1` | component 1 of every repetition |
//! | `PID-3[5=PI].1` | component 1 of the repetition whose component 5 is `PI` |
//! | `PID-3[4.2="1.2.3"].1` | a subcomponent as condition, a value in quotes |
//! | `OBX[*]-5` | field 5 of every OBX segment |
//! | `OBX[3.1=GLU]-5` | field 5 of the first OBX whose OBX-3.1 is `GLU` |
//! | `ORDER_OBSERVATION[2]/OBX[1]-5` | within a group of the message structure |
//!
//! A path is compiled once and used for every message. It is only text: whether a segment or field
//! exists in a version of the standard is not asked.

mod parse;

use std::fmt;

pub use parse::Error;

/// A compiled path. Made from text with [`str::parse`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Path {
    pub(crate) groups: Box<[GroupStep]>,
    pub(crate) segment: [u8; 3],
    pub(crate) occurrence: Occurrence,
    pub(crate) field: Option<FieldStep>,
}

/// One step through a group of the message structure.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GroupStep {
    /// Name of the group, such as `ORDER_OBSERVATION`.
    pub name: Box<str>,
    /// Which of them.
    pub occurrence: Nth,
}

/// Which one of several: a number from 1, or all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Nth {
    /// The one with this number, counted from 1.
    Number(usize),
    /// Each.
    All,
}

/// Which segments of a name a path means.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Occurrence {
    /// By number, or all; the first when the path says nothing.
    Nth(Nth),
    /// The first one whose field has a value.
    Where(Condition),
}

/// Which repetitions of a field a path means.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Repetition {
    /// Not said: the whole field, or the first repetition when a component follows.
    Unsaid,
    /// By number, or all.
    Nth(Nth),
    /// The first one whose component has a value.
    Where(Condition),
}

/// "Number `major` (and part `minor` of it) equals `value`".
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Condition {
    /// Field of a segment, or component of a repetition; from 1.
    pub major: usize,
    /// Component of that field, or subcomponent of that component; the whole when `None`.
    pub minor: Option<usize>,
    /// The text it must equal.
    pub value: Box<str>,
}

/// The part of a path behind the segment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FieldStep {
    /// Field number, from 1.
    pub number: usize,
    /// Which repetition.
    pub repetition: Repetition,
    /// Component number, from 1.
    pub component: Option<usize>,
    /// Subcomponent number, from 1; only with a component.
    pub subcomponent: Option<usize>,
}

impl Path {
    /// Compile a path. The same as [`str::parse`].
    pub fn new(text: &str) -> Result<Self, Error> {
        parse::path(text)
    }

    /// The path of the first segment of a name.
    pub fn of_segment(name: [u8; 3]) -> Self {
        let first = Occurrence::Nth(Nth::Number(1));
        Self { groups: Box::default(), segment: name, occurrence: first, field: None }
    }

    /// The steps through groups, outermost first; empty for most paths.
    pub fn groups(&self) -> &[GroupStep] {
        &self.groups
    }

    /// Name of the segment.
    pub fn segment(&self) -> &str {
        std::str::from_utf8(&self.segment).unwrap_or("???")
    }

    /// Which segments of the name.
    pub fn occurrence(&self) -> &Occurrence {
        &self.occurrence
    }

    /// The part behind the segment.
    pub fn field(&self) -> Option<&FieldStep> {
        self.field.as_ref()
    }

    /// True when the path can stand for several places (`[*]` somewhere).
    pub fn is_many(&self) -> bool {
        let all = |nth: &Nth| *nth == Nth::All;
        self.groups.iter().any(|g| all(&g.occurrence))
            || matches!(&self.occurrence, Occurrence::Nth(nth) if all(nth))
            || matches!(&self.field, Some(FieldStep { repetition: Repetition::Nth(nth), .. }) if all(nth))
    }
}

impl std::str::FromStr for Path {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        parse::path(text)
    }
}

/// Writes the path in its shortest form; parsing that gives the same path.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for group in &self.groups {
            f.write_str(&group.name)?;
            group.occurrence.write(f)?;
            f.write_str("/")?;
        }
        f.write_str(self.segment())?;
        match &self.occurrence {
            Occurrence::Nth(nth) => nth.write(f)?,
            Occurrence::Where(condition) => write!(f, "[{condition}]")?,
        }
        let Some(field) = &self.field else { return Ok(()) };
        write!(f, "-{}", field.number)?;
        match &field.repetition {
            Repetition::Unsaid => {}
            Repetition::Nth(Nth::Number(number)) => write!(f, "[{number}]")?,
            Repetition::Nth(Nth::All) => f.write_str("[*]")?,
            Repetition::Where(condition) => write!(f, "[{condition}]")?,
        }
        for part in [field.component, field.subcomponent].into_iter().flatten() {
            write!(f, ".{part}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.major)?;
        if let Some(minor) = self.minor {
            write!(f, ".{minor}")?;
        }
        if self.value.is_empty() || self.value.contains(['"', ']', ' ', '\\']) {
            write!(f, "=\"{}\"", self.value.replace('\\', "\\\\").replace('"', "\\\""))
        } else {
            write!(f, "={}", self.value)
        }
    }
}

impl Nth {
    fn write(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(1) => Ok(()),
            Self::Number(number) => write!(f, "[{number}]"),
            Self::All => f.write_str("[*]"),
        }
    }
}
