//! What `klinke shadow` and `klinke canary` have in common: which channel, against what, and how it ends.

use std::path::Path;

use anyhow::Context;
use klinke_console::house::trial::{Ask, Terms};

use super::common::{SiteArg, SiteFirst};

/// A changed channel on trial.
#[derive(clap::Args)]
pub struct Trial {
    #[command(flatten)]
    site: SiteFirst,
    /// The channel
    #[arg(long, required_unless_present = "status")]
    pub channel: Option<String>,
    /// The channel as this folder or revision of git has it
    #[arg(long, value_name = "REV|FOLDER", requires = "channel")]
    pub against: Option<String>,
    /// Say how it stands
    #[arg(long, conflicts_with = "against")]
    status: bool,
    /// Put the changed channel in the place of the one that is live
    #[arg(long, requires = "channel", conflicts_with_all = ["against", "status", "drop"])]
    take: bool,
    /// Throw the changed channel away
    #[arg(long, requires = "channel", conflicts_with_all = ["against", "status"])]
    drop: bool,
    /// Why, for the audit log
    #[arg(long, value_name = "TEXT", requires = "channel", conflicts_with = "status")]
    reason: Option<String>,
}

impl Trial {
    /// The site.
    pub fn site(&self) -> SiteArg {
        self.site.site()
    }

    /// What is wished; `terms` are a canary's.
    pub fn ask(&self, terms: Option<Terms>) -> anyhow::Result<Ask> {
        let (named, reason) = (self.channel.clone(), self.reason.clone());
        let channel = named.clone().unwrap_or_default();
        Ok(match (&self.against, terms) {
            (Some(against), terms) => Ask::Start { channel, against: whole(against)?, terms, reason },
            (None, Some(terms)) => Ask::Change { channel, terms, reason },
            (None, None) if self.take => Ask::Take { channel, reason },
            (None, None) if self.drop => Ask::Drop { channel, reason },
            (None, None) => Ask::Status { channel: named },
        })
    }
}

/// A folder by its whole path: whoever serves works in another one.
pub fn whole(against: &str) -> anyhow::Result<String> {
    if !Path::new(against).is_dir() {
        return Ok(against.to_owned());
    }
    let path = std::fs::canonicalize(against).with_context(|| against.to_owned())?;
    Ok(path.to_str().context("the folder's name is no UTF-8")?.to_owned())
}
