//! Settings of the worklist.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::units::Period;

/// The archive's worklist.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DestinationConfig {
    /// How long steps stay after their day; those without one after they were changed last. Default `"30d"`. Since 0.1.
    #[serde(default = "thirty_days")]
    pub keep: Period,
}

fn thirty_days() -> Period {
    Period(Duration::from_secs(30 * 86_400))
}
