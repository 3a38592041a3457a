//! The site's files, and what a change of them would do.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::given::time;
use crate::api::call::{Ask, Plain};
use crate::house::deploy::Plan;
use crate::house::replay::Replayed;
use crate::house::request::{Replay, Request};
use crate::house::site::SiteFiles;
use crate::web::{Console, Fault, Visitor};

/// All of it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetSite {}

impl Plain for GetSite {
    type Answer = SiteFiles;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::Site)
    }
}

/// Which file.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetFile {
    /// Its path within the site, as the list has it.
    #[schemars(length(min = 1, max = 500))]
    path: String,
}

/// A file's text.
#[derive(Deserialize, JsonSchema)]
#[allow(dead_code, reason = "describes what is answered")]
pub struct FileText {
    /// Its path.
    path: String,
    /// Its text.
    text: String,
}

impl Ask for GetFile {
    type Answer = FileText;

    async fn run(self, console: Console, visitor: Visitor) -> Result<Value, Fault> {
        let text: Option<String> = console.ask(&visitor, Request::File { path: self.path.clone() }).await?;
        let text = text.ok_or_else(|| Fault::absent("there is no such file in the site"))?;
        Ok(json!({ "path": self.path, "text": text }))
    }
}

/// A changed file.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// Its path within the site, as the list has it.
    #[schemars(length(min = 1, max = 500))]
    path: String,
    /// Its changed text.
    #[schemars(length(max = 262_144))]
    text: String,
}

/// What a check says.
#[derive(Deserialize, JsonSchema)]
#[allow(dead_code, reason = "describes what is answered")]
pub struct Checked {
    /// What is wrong; empty when nothing is.
    faults: Vec<String>,
}

impl Ask for Check {
    type Answer = Checked;

    async fn run(self, console: Console, visitor: Visitor) -> Result<Value, Fault> {
        let request = Request::Propose { path: self.path, text: self.text };
        let faults: Vec<String> = console.ask(&visitor, request).await?;
        Ok(json!({ "faults": faults }))
    }
}

/// Nothing but that.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reload {}

impl Plain for Reload {
    /// Channels that started, stopped, were left alone or failed.
    type Answer = serde_json::Map<String, Value>;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::Reload)
    }
}

/// What is to go live.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeployOne {
    /// A commit, branch or tag; the newest of what the site follows when absent.
    #[schemars(length(min = 1, max = 200))]
    revision: Option<String>,
    /// Only says what would change.
    #[serde(default)]
    dry: bool,
}

impl Plain for DeployOne {
    /// What changes; `faults` says why it does not go live, and is empty when it does.
    type Answer = Plan;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::Deploy { revision: self.revision, dry: self.dry })
    }
}

/// Where to go back to.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GoBack {
    /// A commit, branch or tag; the one that ran before when absent.
    #[schemars(length(min = 1, max = 200))]
    revision: Option<String>,
    /// Why, for the audit log.
    #[schemars(length(min = 1, max = 500))]
    reason: String,
}

impl Plain for GoBack {
    type Answer = Plan;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::Rollback { revision: self.revision, reason: self.reason })
    }
}

/// What is run through what.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayThem {
    /// The channel. Its running version is held against changed files.
    #[schemars(length(min = 1, max = 100))]
    channel: String,
    /// The changed files: a revision of the site's repository; the site's folder as it lies now when absent. Asks for
    /// the right to administer as well.
    #[schemars(length(min = 1, max = 200))]
    revision: Option<String>,
    /// Received at or after.
    #[schemars(extend("format" = "date-time"))]
    from: Option<String>,
    /// Received before.
    #[schemars(extend("format" = "date-time"))]
    until: Option<String>,
    /// Messages at most, the oldest first.
    #[schemars(range(min = 1, max = 10_000))]
    limit: usize,
}

impl Plain for ReplayThem {
    type Answer = Replayed;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::Replay(Replay {
            channel: self.channel,
            base: None,
            changed: None,
            revision: self.revision,
            from: time(self.from.as_deref())?,
            until: time(self.until.as_deref())?,
            limit: self.limit,
        }))
    }
}
