//! Places in a message, in the order in which people count: `PID-3` before `PID-10`.

use std::cmp::Ordering;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A field or a part of one: `PID-5`, `PID-5.1`, `PID-5.1.2`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Place(String);

impl Place {
    /// Of a text.
    pub fn new(text: impl Into<String>) -> Self {
        Place(text.into())
    }

    /// As a text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The segment.
    pub fn segment(&self) -> &str {
        self.0.split('-').next().unwrap_or_default()
    }

    /// The field that the place is, or is in.
    pub fn field(&self) -> &str {
        self.0.split('.').next().unwrap_or_default()
    }

    /// Field, component and subcomponent, as far as they are named.
    pub fn numbers(&self) -> Vec<usize> {
        self.each_number().collect()
    }

    fn each_number(&self) -> impl Iterator<Item = usize> {
        let behind = self.0.split_once('-').map_or("", |(_, numbers)| numbers);
        behind.split('.').filter_map(|number| number.parse().ok())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_segment = self.segment().cmp(other.segment());
        let by_parts = by_segment.then_with(|| self.each_number().cmp(other.each_number()));
        by_parts.then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
