//! Alerts: what stands open, and what is done about it.

use std::collections::BTreeSet;

use klinke_model::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::given::{said, time};
use crate::api::call::Plain;
use crate::house::alerts::{Alerts, Ask};
use crate::house::request::Request;
use crate::web::Fault;

/// All of them.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct List {}

impl Plain for List {
    type Answer = Alerts;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::Alerts(Ask::List))
    }
}

/// Which alert.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Acknowledge {
    /// Its number.
    #[schemars(range(min = 1, max = 9_007_199_254_740_991_u64))]
    id: u64,
}

impl Plain for Acknowledge {
    /// The number of what was done.
    type Answer = Map<String, Value>;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::Alerts(Ask::Acknowledge { id: self.id, who: String::new() }))
    }
}

/// Which alert, and until when.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Snooze {
    /// Its number.
    #[schemars(range(min = 1, max = 9_007_199_254_740_991_u64))]
    id: u64,
    /// Until when; within a week.
    #[schemars(extend("format" = "date-time"))]
    until: String,
}

impl Plain for Snooze {
    /// The number of what was done.
    type Answer = Map<String, Value>;

    fn request(self) -> Result<Request, Fault> {
        let until = time(Some(&self.until))?.unwrap_or_default();
        if until <= Timestamp::now().0 {
            return Err(Fault::unfit("/until: must lie ahead"));
        }
        Ok(Request::Alerts(Ask::Snooze { id: self.id, until, who: String::new() }))
    }
}

/// Which alert, and to whom.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HandOver {
    /// Its number.
    #[schemars(range(min = 1, max = 9_007_199_254_740_991_u64))]
    id: u64,
    /// A person or a rota of the site.
    #[schemars(length(min = 1, max = 100))]
    to: String,
}

impl Plain for HandOver {
    /// The number of what was done.
    type Answer = Map<String, Value>;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::Alerts(Ask::HandOver { id: self.id, to: self.to, who: String::new() }))
    }
}

/// What is not told for a while.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mute {
    /// Of these systems; of all when empty.
    #[serde(default)]
    #[schemars(length(max = 100), inner(length(min = 1, max = 100)))]
    systems: BTreeSet<String>,
    /// Of these kinds; of all when empty.
    #[serde(default)]
    #[schemars(length(max = 100), inner(length(min = 1, max = 100)))]
    kinds: BTreeSet<String>,
    /// For how long.
    #[schemars(range(min = 1, max = 10_080))]
    minutes: u64,
    /// Why; no patient data.
    #[schemars(length(min = 1, max = 300))]
    reason: String,
}

impl Plain for Mute {
    /// The number of the mute.
    type Answer = Map<String, Value>;

    fn request(self) -> Result<Request, Fault> {
        let Mute { systems, kinds, minutes, reason } = self;
        let reason = said(&reason)?;
        Ok(Request::Alerts(Ask::Mute { systems, kinds, minutes, reason, who: String::new() }))
    }
}

/// Which mute.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unmute {
    /// Its number.
    #[schemars(range(min = 1, max = 9_007_199_254_740_991_u64))]
    id: u64,
}

impl Plain for Unmute {
    /// The number of what was done.
    type Answer = Map<String, Value>;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::Alerts(Ask::Unmute { id: self.id }))
    }
}
