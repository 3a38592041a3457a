//! What a changed channel would have made of what came: what differs, by field, grouped.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The outcome of a replay. Examples hold patient data.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Replayed {
    /// The channel.
    pub channel: String,
    /// Envelopes that were run.
    pub envelopes: u64,
    /// Of these, how many come out as before.
    pub same: u64,
    /// How many come out otherwise.
    pub differ: u64,
    /// Envelopes that end otherwise: filtered instead of delivered, and the like; the most frequent first.
    pub endings: Vec<EndingChange>,
    /// Fields that differ, the most frequent first.
    pub fields: Vec<FieldChange>,
    /// Kinds of differences that are beyond the limits and not listed.
    pub more: u64,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// Envelopes that end otherwise than before.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EndingChange {
    /// How they ended: `ris, lis`, `filtered by step 1: only`, `failed in step 3: script: why`.
    pub before: String,
    /// How they end.
    pub after: String,
    /// How many.
    pub count: u64,
    /// Some of them.
    pub examples: Vec<u64>,
}

/// A field that differs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FieldChange {
    /// The destination.
    pub destination: String,
    /// Which: `PV1-3.1`; `bytes` where a payload has no fields or differs outside of them.
    pub path: String,
    /// In how many envelopes.
    pub count: u64,
    /// Some of them.
    pub examples: Vec<Example>,
}

/// What one envelope has there.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Example {
    /// The envelope.
    pub envelope: u64,
    /// What came out before.
    pub before: String,
    /// What comes out.
    pub after: String,
}
