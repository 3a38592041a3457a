//! Alerts, as pages and tools ask for them and see them.

use std::collections::BTreeSet;

use klinke_diagnosis::alert::Rank;
use klinke_diagnosis::{Lang, Text};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is asked of alerts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "alerts", rename_all = "kebab-case")]
pub enum Ask {
    /// What stands open, what is over, who is on call.
    List,
    /// Takes an alert upon oneself.
    Acknowledge {
        /// Which.
        id: u64,
        /// Who; the door writes it.
        #[serde(default)]
        who: String,
    },
    /// Puts an alert off: nothing is told of it until then, unless it becomes worse.
    Snooze {
        /// Which.
        id: u64,
        /// Until when, microseconds since 1970.
        until: i64,
        /// Who; the door writes it.
        #[serde(default)]
        who: String,
    },
    /// Hands an alert over: they are told at once.
    HandOver {
        /// Which.
        id: u64,
        /// A person or a rota of the site.
        to: String,
        /// Who; the door writes it.
        #[serde(default)]
        who: String,
    },
    /// Has nothing told for a while: maintenance.
    Mute {
        /// Of these systems; of all when empty.
        #[serde(default)]
        systems: BTreeSet<String>,
        /// Of these kinds; of all when empty.
        #[serde(default)]
        kinds: BTreeSet<String>,
        /// For how long.
        minutes: u64,
        /// Why.
        reason: String,
        /// Who; the door writes it.
        #[serde(default)]
        who: String,
    },
    /// Ends a mute.
    Unmute {
        /// Which.
        id: u64,
    },
    /// Sends a marked test alert along each way.
    Test {
        /// Along this one alone.
        way: Option<String>,
    },
}

impl Ask {
    /// Puts in who asks: nobody speaks for another.
    pub fn sign(&mut self, name: &str) {
        if let Ask::Acknowledge { who, .. }
        | Ask::Snooze { who, .. }
        | Ask::HandOver { who, .. }
        | Ask::Mute { who, .. } = self
        {
            name.clone_into(who);
        }
    }
}

/// How alerts stand.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Alerts {
    /// What stands open, the gravest first.
    pub open: Vec<AlertView>,
    /// What is over, the latest first.
    pub closed: Vec<AlertView>,
    /// What is muted by hand.
    pub mutes: Vec<Mute>,
    /// Who is on call now.
    pub on_call: Vec<OnCall>,
    /// To whom an alert can be handed over.
    #[serde(default)]
    pub takers: Vec<Taker>,
    /// The ways out.
    pub ways: Vec<Way>,
    /// True when the site says who is told.
    pub tells: bool,
    /// True when the running site answered.
    pub serving: bool,
}

/// One alert.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct AlertView {
    /// Its number.
    pub id: u64,
    /// Its kind.
    pub kind: String,
    /// How much it matters.
    pub rank: Rank,
    /// The systems in it.
    pub systems: BTreeSet<String>,
    /// A few words.
    pub title: Text,
    /// What is wrong.
    pub text: Text,
    /// What else was seen.
    pub also: Vec<Text>,
    /// What to try first.
    pub first: Vec<Text>,
    /// Whom to call.
    pub call: Option<String>,
    /// Since when, RFC 3339.
    pub since: String,
    /// When it was closed.
    pub closed: Option<String>,
    /// Who has acknowledged it, and when.
    pub acknowledged: Option<(String, String)>,
    /// Who has put it off, and until when.
    #[serde(default)]
    pub snoozed: Option<(String, String)>,
    /// Who has handed it over, and to whom.
    #[serde(default)]
    pub handed: Option<(String, String)>,
    /// How often it came back.
    pub flaps: u32,
    /// True while nothing is told of it.
    pub muted: bool,
    /// What happened to it: who was told when.
    pub lines: Vec<Line>,
}

/// One line of an alert's history.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Line {
    /// When.
    pub at: String,
    /// What.
    pub what: String,
    /// Who.
    pub who: String,
    /// By which way.
    pub way: String,
}

/// A mute.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Mute {
    /// Its number.
    pub id: u64,
    /// Of these systems; of all when empty.
    pub systems: BTreeSet<String>,
    /// Of these kinds; of all when empty.
    pub kinds: BTreeSet<String>,
    /// Until when.
    pub until: String,
    /// Who set it.
    pub who: String,
    /// Why.
    pub reason: String,
}

/// Who is on call by a rota.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct OnCall {
    /// The rota.
    pub rota: String,
    /// Who; nobody at hours that it does not cover.
    pub person: Option<String>,
    /// What people call them.
    pub title: Option<String>,
}

/// A person or a rota to whom an alert can be handed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Taker {
    /// The name in the site's files.
    pub name: String,
    /// What people call them; who has the turn, where it is a rota.
    pub title: String,
    /// True for a rota.
    pub is_rota: bool,
}

/// A way out.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Way {
    /// Its name.
    pub name: String,
    /// `smtp`, `webhook`, …
    pub kind: String,
    /// Why it fails, while it does.
    pub failing: Option<String>,
}

/// What is done by the link of an alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkAct {
    /// Takes it upon oneself.
    Acknowledge,
    /// Puts it off for so many minutes.
    Snooze(u64),
    /// Hands it over to a person or a rota.
    HandOver(String),
}

/// What a link of an alert is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redeemed {
    /// The alert's number.
    pub id: u64,
    /// Whose link it is.
    pub person: String,
    /// What people call them.
    pub title: String,
    /// Their account, where they have one.
    pub account: Option<String>,
    /// Their language.
    pub lang: Lang,
    /// To whom they can hand it over: those who are told of such an alert.
    pub takers: Vec<Taker>,
}
