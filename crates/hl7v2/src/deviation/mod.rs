//! Deviations: what a sender does against the standard. They are noted and counted, tolerated where
//! that is safe, and never repaired in the bytes that leave.

use std::borrow::Cow;
use std::fmt;

use crate::place::Place;

/// One deviation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deviation {
    /// Stable name, such as `line-ends-lf`.
    pub code: &'static str,
    /// Where it is, or where the first of several is.
    pub place: Place,
    /// One sentence without patient data.
    pub text: Cow<'static, str>,
}

impl Deviation {
    pub(crate) fn new(code: &'static str, place: Place, text: impl Into<Cow<'static, str>>) -> Self {
        Self { code, place, text: text.into() }
    }
}

/// Writes place, sentence and code.
impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} [{}]", self.place, self.text, self.code)
    }
}
