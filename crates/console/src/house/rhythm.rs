//! In which rhythm a system sends: what was learned of each hour of its week, what is expected now, what came.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The rhythm of a system, or of a channel whose sender has no name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Rhythm {
    /// The system.
    pub system: String,
    /// True when it was watched for a week: before that nothing is told of it.
    pub is_warm: bool,
    /// Since when it is listened to.
    pub begun: String,
    /// When something came last.
    pub last: String,
    /// The hour of the week that it is now by the site's clock: 0 for Monday after midnight. Holidays count as
    /// Sundays.
    pub now: usize,
    /// What came in this hour so far; absent where part of it was not watched.
    pub came: Option<u32>,
    /// What is usual in all of this hour.
    pub usual: f64,
    /// How many were surely expected since the last one, what comes in bursts counted by its bursts.
    pub awaited: f64,
    /// Since when it is silent, if it is.
    pub silent: Option<String>,
    /// All hours of the week.
    pub hours: Vec<Hour>,
}

/// An hour of the week, as the last six weeks had it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Hour {
    /// The weeks that are known of it.
    pub weeks: usize,
    /// The least that came in it.
    pub least: u32,
    /// The middle.
    pub middle: f64,
    /// The most.
    pub most: u32,
}

/// The days of the week, in English and German.
pub const DAYS: [(&str, &str); 7] =
    [("Mon", "Mo"), ("Tue", "Di"), ("Wed", "Mi"), ("Thu", "Do"), ("Fri", "Fr"), ("Sat", "Sa"), ("Sun", "So")];
