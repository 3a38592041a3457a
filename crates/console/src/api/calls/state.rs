//! How everything stands.

use std::collections::BTreeSet;

use klinke_diagnosis::Lang;
use klinke_diagnosis::finding::Diagnosis;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::api::call::{Ask, Plain};
use crate::house::history::History;
use crate::house::request::Request;
use crate::house::rhythm::Rhythm;
use crate::house::site::{ChannelFiles, SystemView};
use crate::house::view::{DriftView, Status};
use crate::people::Right;
use crate::web::{Console, Fault, Visitor};

/// Who the token is.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Me {}

/// Who the token is, and what it may do.
#[derive(Serialize, JsonSchema)]
pub struct MeView {
    /// The account.
    pub account: String,
    /// What it may do somewhere.
    pub rights: BTreeSet<Right>,
    /// Whether a purpose must be given (`X-Purpose`) before a message is opened.
    pub purpose: bool,
}

impl Ask for Me {
    type Answer = MeView;

    async fn run(self, _: Console, visitor: Visitor) -> Result<Value, Fault> {
        let actor = visitor.actor;
        let rights = Right::ALL.into_iter().filter(|right| actor.may_somewhere(*right)).collect();
        Ok(json!(MeView { account: actor.who.name, rights, purpose: actor.grants.purpose }))
    }
}

/// All channels.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetStatus {}

impl Plain for GetStatus {
    type Answer = Status;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::Status)
    }
}

/// The partners.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Systems {}

impl Plain for Systems {
    type Answer = Vec<SystemView>;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::Systems)
    }
}

/// Which channel.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelOf {
    /// The channel.
    #[schemars(length(min = 1, max = 100))]
    name: String,
}

impl Plain for ChannelOf {
    type Answer = ChannelFiles;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::Channel { name: self.name })
    }
}

/// Of what.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HistoryOf {
    /// One channel; the whole site when absent.
    #[schemars(length(min = 1, max = 100))]
    channel: Option<String>,
}

impl Plain for HistoryOf {
    type Answer = History;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::History { channel: self.channel })
    }
}

/// Of what, and in which language.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Diagnose {
    /// One system; all when absent.
    #[schemars(length(min = 1, max = 100))]
    system: Option<String>,
    /// The language of the texts; English when absent.
    lang: Option<Words>,
}

/// A language.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Words {
    De,
    En,
}

impl Words {
    /// As the house takes it.
    pub fn lang(self) -> Lang {
        match self {
            Words::De => Lang::De,
            Words::En => Lang::En,
        }
    }
}

impl Plain for Diagnose {
    type Answer = Diagnosis;

    fn request(self) -> Result<Request, Fault> {
        let lang = self.lang.map(Words::lang).unwrap_or_default();
        Ok(Request::Diagnose { system: self.system, lang })
    }
}

/// Of whom.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Drift {
    /// One system; all when absent.
    #[schemars(length(min = 1, max = 100))]
    system: Option<String>,
}

impl Plain for Drift {
    type Answer = Vec<DriftView>;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::Drift { system: self.system })
    }
}

/// Whose rhythm.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RhythmOf {
    /// The system, or the channel where its sender has no name.
    #[schemars(length(min = 1, max = 100))]
    name: String,
}

impl Plain for RhythmOf {
    type Answer = Option<Rhythm>;

    fn request(self) -> Result<Request, Fault> {
        Ok(Request::Rhythm { system: self.name })
    }
}
