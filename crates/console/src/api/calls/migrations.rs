//! Old archives that are taken over.

use schemars::JsonSchema;
use serde::Deserialize;

use super::given::said;
use super::state::Words;
use crate::api::call::Plain;
use crate::house::migrate::{Ask, Began, Line, Moved, Progress, Report, Stopped};
use crate::house::request::Request;
use crate::web::Fault;

/// Nothing but that.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct List {}

impl Plain for List {
    type Answer = Vec<Line>;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::Migrate(Ask::List))
    }
}

/// Which.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Status {
    /// The migration.
    #[schemars(length(min = 1, max = 100))]
    name: String,
}

impl Plain for Status {
    type Answer = Progress;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::Migrate(Ask::Status { name: self.name }))
    }
}

/// Which, and in which language.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportOf {
    /// The migration.
    #[schemars(length(min = 1, max = 100))]
    name: String,
    /// The language of its words; English when absent.
    lang: Option<Words>,
}

impl Plain for ReportOf {
    type Answer = Report;

    fn request(self) -> Result<Request, Fault> {
        let lang = self.lang.map(Words::lang).unwrap_or_default();
        Ok(Request::Migrate(Ask::Report { name: self.name, lang }))
    }
}

/// Which, and why.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// The migration.
    #[schemars(length(min = 1, max = 100))]
    name: String,
    /// What was given up is tried once more.
    #[serde(default)]
    again: bool,
    /// Why; no patient data.
    #[schemars(length(min = 1, max = 500))]
    reason: String,
}

impl Plain for Run {
    type Answer = Began;

    fn request(self) -> Result<Request, Fault> {
        let reason = Some(said(&self.reason)?);
        Ok(Request::Migrate(Ask::Run { name: self.name, again: self.again, reason }))
    }
}

/// Which, and why.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stop {
    /// The migration.
    #[schemars(length(min = 1, max = 100))]
    name: String,
    /// Why; no patient data.
    #[schemars(length(min = 1, max = 500))]
    reason: String,
}

impl Plain for Stop {
    type Answer = Stopped;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::Migrate(Ask::Stop { name: self.name, reason: Some(said(&self.reason)?) }))
    }
}

/// Which, and what of it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct First {
    /// The migration.
    #[schemars(length(min = 1, max = 100))]
    name: String,
    /// Patient ID or Study Instance UID.
    #[schemars(length(min = 1, max = 64))]
    of: String,
}

impl Plain for First {
    type Answer = Moved;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::Migrate(Ask::First { name: self.name, of: self.of }))
    }
}

/// Which, and why.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Verify {
    /// The migration.
    #[schemars(length(min = 1, max = 100))]
    name: String,
    /// Of so many instances in a thousand the pixels are compared; as the site says when absent.
    #[schemars(range(min = 0, max = 1_000))]
    compare: Option<u32>,
    /// Why; no patient data.
    #[schemars(length(min = 1, max = 500))]
    reason: String,
}

impl Plain for Verify {
    type Answer = Began;

    fn request(self) -> Result<Request, Fault> {
        let reason = Some(said(&self.reason)?);
        let (name, compare) = (self.name, self.compare);
        Ok(Request::Migrate(Ask::Verify { name, compare, background: true, reason }))
    }
}
