//! The store: copying, checking, pruning; and learning a dialect from it.

use schemars::JsonSchema;
use serde::Deserialize;

use super::given::time;
use crate::api::call::Plain;
use crate::house::request::{Learn, Request, is_plain};
use crate::house::view::Learned;
use crate::web::Fault;

/// How the copy is called.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Copy {
    /// A new folder of this name, where `[store] copies` says: letters, digits, `-`, `_` and `.`.
    #[schemars(length(min = 1, max = 100))]
    name: String,
}

/// A copy that was made.
#[derive(Deserialize, JsonSchema)]
#[allow(dead_code, reason = "describes what the house answers")]
pub struct Copied {
    /// Its name.
    name: String,
}

impl Plain for Copy {
    type Answer = Copied;

    fn request(self) -> Result<Request, Fault> {
        match is_plain(&self.name) {
            true => Ok(Request::Copy { name: self.name }),
            false => Err(Fault::unfit("/name: must be made of letters, digits, `-`, `_` and `.`")),
        }
    }
}

/// Nothing but that.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Verify {}

/// What was found.
#[derive(Deserialize, JsonSchema)]
#[allow(dead_code, reason = "describes what the house answers")]
pub struct Verified {
    /// Messages that were read.
    envelopes: u64,
    /// Their bytes.
    bytes: u64,
    /// What is wrong; empty when nothing is.
    faults: Vec<String>,
}

impl Plain for Verify {
    type Answer = Verified;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::Verify)
    }
}

/// Nothing but that.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Prune {}

/// What went.
#[derive(Deserialize, JsonSchema)]
#[allow(dead_code, reason = "describes what the house answers")]
pub struct Pruned {
    /// Messages that were removed.
    envelopes: u64,
    /// Their bytes.
    bytes: u64,
    /// Channels that have a rule.
    rules: u64,
}

impl Plain for Prune {
    type Answer = Pruned;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::Prune)
    }
}

/// What to learn from.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LearnOne {
    /// Whose dialect.
    #[schemars(length(min = 1, max = 100))]
    name: String,
    /// Only messages of this channel, whoever sent them.
    #[schemars(length(min = 1, max = 100))]
    channel: Option<String>,
    /// Received at or after.
    #[schemars(extend("format" = "date-time"))]
    from: Option<String>,
}

impl Plain for LearnOne {
    type Answer = Learned;

    fn request(self) -> Result<Request, Fault> {
        let from = time(self.from.as_deref())?;
        let learn = Learn { channel: self.channel, system: Some(self.name), from, before: None };
        Ok(Request::Learn(Box::new(learn)))
    }
}
