//! A message that is to be changed by hand before it is sent again: its text, and what a change does.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The longest message that can be changed as a text, in bytes.
pub const BYTES_MAX: usize = 128 << 10;

/// A message as a text, and what a changed text makes of it. Holds patient data.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Alteration {
    /// The text: segments one a line.
    pub text: String,
    /// The character set that it is written in.
    pub charset: String,
    /// The bytes that would be sent, base64; as received while nothing is changed.
    pub payload: String,
    /// What differs from what was received, by field.
    pub changes: Vec<Altered>,
}

/// A field that differs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Altered {
    /// Which: `PV1-3.1`, or `line 4` where there are no fields.
    pub path: String,
    /// What was received.
    pub before: String,
    /// What would be sent.
    pub after: String,
}
