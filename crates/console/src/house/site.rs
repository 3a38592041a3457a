//! Systems, channels and files of a site, as the pages show them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::deploy::Deployed;

/// A partner.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct SystemView {
    /// Its name in the site's files.
    pub name: String,
    /// What people call it.
    pub title: Option<String>,
    /// Whom to call when it does not work.
    pub contact: Option<String>,
    /// The charset of its messages where they don't say it.
    pub charset: Option<String>,
    /// Where it takes messages: adapter and address.
    pub endpoints: Vec<(String, String)>,
    /// Channels whose source it feeds.
    pub sends: Vec<String>,
    /// Destinations that lead to it: `channel/destination`.
    pub gets: Vec<String>,
}

/// A channel's files.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct ChannelFiles {
    /// Its name.
    pub name: String,
    /// What people call it.
    pub title: Option<String>,
    /// The system that sends.
    pub from: Option<String>,
    /// Its destinations and the systems they lead to.
    pub to: Vec<(String, Option<String>)>,
    /// Its versions, newest first.
    pub versions: Vec<Version>,
    /// Its examples: the site's own tests.
    pub examples: Vec<String>,
}

/// A version of a channel that handled envelopes.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Version {
    /// Its number.
    pub id: u32,
    /// When it came into use.
    pub since: String,
    /// When it went live and under which revisions of the site, the oldest first.
    #[serde(default)]
    pub lives: Vec<(String, String)>,
    /// Its files: name and text, the channel's own first.
    pub files: Vec<(String, String)>,
}

/// The site's folder.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct SiteFiles {
    /// The site's name.
    pub name: String,
    /// Where it lies.
    pub folder: String,
    /// The files that decide what happens.
    pub files: Vec<SiteFile>,
    /// What is wrong in them, as `klinke check` says it; empty when nothing is.
    pub faults: Vec<String>,
    /// Which revision runs, and what did not get so far.
    #[serde(default)]
    pub deployed: Deployed,
    /// The state of the folder in git, when it is in git.
    pub git: Option<GitState>,
}

/// One file of the site.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct SiteFile {
    /// Its path within the site.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// True when its text may be shown.
    pub shown: bool,
}

/// Where the folder stands in git.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct GitState {
    /// The branch.
    pub branch: String,
    /// The commit.
    pub commit: String,
    /// When and by whom it was made, and its first line.
    pub subject: String,
    /// Files that differ from it.
    pub changed: Vec<String>,
}
