//! The DICOM archive: how it stands, whose what is in it is, what lies beside, is held, is in the trash.

use schemars::JsonSchema;
use serde::Deserialize;

use super::given::{lines, said};
use crate::api::call::Plain;
use crate::house::archive::{
    Again, Ask, Attributes, By, Change, Clash, Hold, Priors, Status, Take, Thrown, Unknown, Verified, Went,
};
use crate::house::request::Request;
use crate::web::Fault;

fn because(reason: &str) -> Result<By, Fault> {
    Ok(By::because(said(reason)?))
}

/// Nothing but that.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetStatus {}

impl Plain for GetStatus {
    type Answer = Status;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::Archive(Ask::Status))
    }
}

/// Nothing but that.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Verify {}

impl Plain for Verify {
    type Answer = Verified;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::Archive(Ask::Verify))
    }
}

/// A page of a list.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Changes {
    /// Only those with numbers below this one.
    #[schemars(range(min = 1, max = 9_007_199_254_740_991_u64))]
    before: Option<u64>,
    /// At most so many.
    #[serde(default = "lines")]
    #[schemars(range(min = 1, max = 1_000))]
    limit: usize,
}

impl Plain for Changes {
    type Answer = Vec<Change>;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::Archive(Ask::Changes { before: self.before, limit: self.limit }))
    }
}

/// What was done.
#[derive(Deserialize, JsonSchema)]
#[allow(dead_code, reason = "describes what the house answers")]
pub struct Done {
    /// The number of the change, or of what was decided.
    number: u64,
}

/// Who is who.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Merge {
    /// Who is no longer: `4711`, or `4711^^^KIS` with the issuer.
    #[schemars(length(min = 1, max = 200))]
    old: String,
    /// Who it is.
    #[schemars(length(min = 1, max = 200))]
    new: String,
    /// Why.
    #[schemars(length(min = 1, max = 500))]
    reason: String,
}

impl Plain for Merge {
    type Answer = Done;

    fn request(self) -> Result<Request, Fault> {
        let by = because(&self.reason)?;
        Ok(Request::Archive(Ask::Merge { old: self.old, new: self.new, by }))
    }
}

/// What of a patient is different.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Correct {
    /// Whose: `4711`, or `4711^^^KIS` with the issuer.
    #[schemars(length(min = 1, max = 200))]
    patient: String,
    /// What is different.
    attributes: Attributes,
    /// Why.
    #[schemars(length(min = 1, max = 500))]
    reason: String,
}

impl Plain for Correct {
    type Answer = Done;

    fn request(self) -> Result<Request, Fault> {
        let by = because(&self.reason)?;
        Ok(Request::Archive(Ask::Correct { patient: self.patient, attributes: self.attributes, by }))
    }
}

/// Which study, and whose it is.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveStudy {
    /// Study Instance UID.
    #[schemars(length(min = 1, max = 64))]
    study: String,
    /// Whose it is: `4711`, or `4711^^^KIS` with the issuer.
    #[schemars(length(min = 1, max = 200))]
    to: String,
    /// Why.
    #[schemars(length(min = 1, max = 500))]
    reason: String,
}

impl Plain for MoveStudy {
    type Answer = Done;

    fn request(self) -> Result<Request, Fault> {
        let by = because(&self.reason)?;
        Ok(Request::Archive(Ask::Move { study: self.study, to: self.to, by }))
    }
}

/// Which change.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Undo {
    /// Its number.
    #[schemars(range(min = 1, max = 9_007_199_254_740_991_u64))]
    id: u64,
    /// Why.
    #[schemars(length(min = 1, max = 500))]
    reason: String,
}

impl Plain for Undo {
    type Answer = Done;

    fn request(self) -> Result<Request, Fault> {
        let by = because(&self.reason)?;
        Ok(Request::Archive(Ask::Undo { number: self.id, by }))
    }
}

/// A page of a list.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Clashes {
    /// Only those with numbers below this one.
    #[schemars(range(min = 1, max = 9_007_199_254_740_991_u64))]
    before: Option<u64>,
    /// At most so many.
    #[serde(default = "lines")]
    #[schemars(range(min = 1, max = 1_000))]
    limit: usize,
}

impl Plain for Clashes {
    type Answer = Vec<Clash>;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::Archive(Ask::Clashes { before: self.before, limit: self.limit }))
    }
}

/// What becomes of something that lies beside.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Decide {
    /// Its number.
    #[schemars(range(min = 1, max = 9_007_199_254_740_991_u64))]
    id: u64,
    /// What becomes of it.
    take: Take,
    /// Why.
    #[schemars(length(min = 1, max = 500))]
    reason: String,
}

impl Plain for Decide {
    type Answer = Done;

    fn request(self) -> Result<Request, Fault> {
        let by = because(&self.reason)?;
        Ok(Request::Archive(Ask::Decide { number: self.id, take: self.take, by }))
    }
}

/// Nothing but that.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Holds {}

impl Plain for Holds {
    type Answer = Vec<Hold>;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::Archive(Ask::Holds))
    }
}

/// Nothing but that.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inbox {}

impl Plain for Inbox {
    type Answer = Vec<Unknown>;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::Archive(Ask::Inbox))
    }
}

/// Which study.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldStudy {
    /// Study Instance UID.
    #[schemars(length(min = 1, max = 64))]
    study: String,
    /// Why.
    #[schemars(length(min = 1, max = 500))]
    reason: String,
}

impl Plain for HoldStudy {
    type Answer = Done;

    fn request(self) -> Result<Request, Fault> {
        let by = because(&self.reason)?;
        Ok(Request::Archive(Ask::Hold { study: self.study, by }))
    }
}

/// Which study.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleaseStudy {
    /// Study Instance UID.
    #[schemars(length(min = 1, max = 64))]
    study: String,
    /// Why.
    #[schemars(length(min = 1, max = 500))]
    reason: String,
}

impl Plain for ReleaseStudy {
    type Answer = Done;

    fn request(self) -> Result<Request, Fault> {
        let by = because(&self.reason)?;
        Ok(Request::Archive(Ask::Release { study: self.study, by }))
    }
}

/// A page of the trash.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trash {
    /// Of this study alone.
    #[schemars(length(min = 1, max = 64))]
    study: Option<String>,
    /// Only those with numbers below this one.
    #[schemars(range(min = 1, max = 9_007_199_254_740_991_u64))]
    before: Option<u64>,
    /// At most so many.
    #[serde(default = "lines")]
    #[schemars(range(min = 1, max = 1_000))]
    limit: usize,
}

impl Plain for Trash {
    type Answer = Vec<Thrown>;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::Archive(Ask::Trash { study: self.study, before: self.before, limit: self.limit }))
    }
}

/// How many instances.
#[derive(Deserialize, JsonSchema)]
#[allow(dead_code, reason = "describes what the house answers")]
pub struct Counted {
    /// Instances that went, or are back.
    instances: u64,
    /// Instances that lie beside, because their place is taken.
    beside: u64,
}

/// What goes.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Throw {
    /// Study Instance UID.
    #[schemars(length(min = 1, max = 64))]
    study: String,
    /// Series Instance UID; all series when absent.
    #[schemars(length(min = 1, max = 64))]
    series: Option<String>,
    /// SOP Instance UID; all instances when absent.
    #[schemars(length(min = 1, max = 64))]
    instance: Option<String>,
    /// Why.
    #[schemars(length(min = 1, max = 500))]
    reason: String,
}

impl Plain for Throw {
    type Answer = Counted;

    fn request(self) -> Result<Request, Fault> {
        let by = because(&self.reason)?;
        let Throw { study, series, instance, .. } = self;
        Ok(Request::Archive(Ask::Throw { study, series, instance, by }))
    }
}

/// Whether it is done.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// Only says what would go.
    #[serde(default)]
    dry: bool,
}

impl Plain for Retention {
    type Answer = Vec<Went>;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::Archive(Ask::Retention { dry: self.dry }))
    }
}

/// How much of it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetPriors {
    /// At most so many that are open, of each archive.
    #[serde(default = "lines")]
    #[schemars(range(min = 1, max = 1_000))]
    limit: usize,
}

impl Plain for GetPriors {
    type Answer = Vec<Priors>;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::Archive(Ask::Priors { limit: self.limit }))
    }
}

/// Nothing but that.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FetchAgain {}

impl Plain for FetchAgain {
    type Answer = Again;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::Archive(Ask::FetchAgain))
    }
}

/// What comes back.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Restore {
    /// Study Instance UID: all of it that is in the trash.
    #[schemars(length(min = 1, max = 64))]
    study: Option<String>,
    /// Numbers in the trash.
    #[serde(default)]
    #[schemars(length(max = 1_000), inner(range(min = 1, max = 9_007_199_254_740_991_u64)))]
    numbers: Vec<u64>,
    /// Why.
    #[schemars(length(min = 1, max = 500))]
    reason: String,
}

impl Plain for Restore {
    type Answer = Counted;

    fn request(self) -> Result<Request, Fault> {
        let by = because(&self.reason)?;
        Ok(Request::Archive(Ask::Restore { study: self.study, numbers: self.numbers, by }))
    }
}
