//! Settings of the archive's patients.

use schemars::JsonSchema;
use serde::Deserialize;

/// The archive's patients: nothing is to be said of them.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DestinationConfig {}
