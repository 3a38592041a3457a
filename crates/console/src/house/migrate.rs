//! Taking over an old archive while the site serves.

use klinke_diagnosis::Lang;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is wished of a migration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Ask {
    /// All migrations of the site, in short.
    List,
    /// How far one is.
    Status {
        /// Which migration.
        name: String,
    },
    /// What was there, what came, what is missing and why.
    Report {
        /// Which migration.
        name: String,
        /// In which language.
        #[serde(default)]
        lang: Lang,
    },
    /// The same as a file.
    Written {
        /// Which migration.
        name: String,
        /// In which language.
        #[serde(default)]
        lang: Lang,
        /// As what.
        form: Form,
    },
    /// Begins to take over, or goes on. It goes on by itself after a restart, until it is done or stopped.
    Run {
        /// Which migration.
        name: String,
        /// What could not be taken is tried again, however often it was.
        again: bool,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Stops it, and a check that goes on in the background.
    Stop {
        /// Which migration.
        name: String,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// Moves a study, or all of a patient, before all others.
    First {
        /// Which migration.
        name: String,
        /// Patient ID or Study Instance UID.
        of: String,
    },
    /// Holds each instance that the old archive names against ours.
    Verify {
        /// Which migration.
        name: String,
        /// Of so many instances in a thousand the pixels are compared; as the site says when absent.
        compare: Option<u32>,
        /// Only begins it; how far it is, its status says.
        #[serde(default)]
        background: bool,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
}

/// What a report is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// A page that prints.
    Html,
    /// Markdown.
    Md,
    /// JSON with each study.
    Json,
}

impl Ask {
    /// True for what only looks.
    pub fn is_look(&self) -> bool {
        matches!(self, Ask::List | Ask::Status { .. } | Ask::Report { .. } | Ask::Written { .. })
    }

    /// Patient ID or Study Instance UID, where one is named.
    pub fn of(&self) -> Option<&str> {
        match self {
            Ask::First { of, .. } => Some(of),
            _ => None,
        }
    }

    /// What stands in the audit log.
    pub fn note(&self) -> String {
        let because = |what: String, reason: &Option<String>| match reason {
            Some(reason) => format!("{what}: {reason}"),
            None => what,
        };
        match self {
            Ask::List => "list".to_owned(),
            Ask::Status { name } => format!("status {name}"),
            Ask::Report { name, .. } | Ask::Written { name, .. } => format!("report {name}"),
            Ask::Run { name, again: false, reason } => because(format!("run {name}"), reason),
            Ask::Run { name, again: true, reason } => because(format!("run {name}, all once more"), reason),
            Ask::Stop { name, reason } => because(format!("stop {name}"), reason),
            Ask::First { name, .. } => format!("first {name}"),
            Ask::Verify { name, reason, .. } => because(format!("verify {name}"), reason),
        }
    }
}

/// What a migration does now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Does {
    /// It takes studies over.
    Takes,
    /// It holds instances against ours.
    Checks,
    /// It leaves the old archive alone for a while, which has suffered.
    Rests,
    /// It waits for the hours in which it may.
    Waits,
    /// Nothing is left that could be taken.
    Done,
    /// It does not run.
    #[default]
    Stands,
}

/// Studies by how far they have come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// Known to be there.
    pub planned: u64,
    /// Being taken.
    pub running: u64,
    /// As many instances are here as the old archive counts.
    pub taken: u64,
    /// Some instances are here, some are not.
    pub partly: u64,
    /// None could be taken.
    pub failed: u64,
    /// Each instance that the old archive names is here.
    pub verified: u64,
}

impl Counts {
    /// All of them.
    pub fn all(&self) -> u64 {
        self.planned + self.running + self.taken + self.partly + self.failed + self.verified
    }
}

/// How fast it goes, and how long it will still take, said no more surely than it is known.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Outlook {
    /// Instances a minute while it works; absent before it is known.
    pub instances_per_minute: Option<f64>,
    /// Over how many minutes that is.
    pub over_minutes: Option<u32>,
    /// Instances that still have to come, as far as the old archive counts them.
    pub instances_left: u64,
    /// Seconds until it is done, with the hours in which it may not work; absent before it is known.
    pub seconds: Option<u64>,
    /// Studies whose instances the old archive does not count: it takes longer than is said here.
    pub uncounted: u64,
    /// The inventory is not complete: it takes longer than is said here.
    pub is_partial: bool,
}

/// A migration in short.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Line {
    /// Its name.
    pub name: String,
    /// What people call the old archive.
    pub title: String,
    /// How its studies come: `C-MOVE`, `C-GET`, `WADO-RS`, `files`.
    pub way: String,
    /// What it does now.
    pub does: Does,
    /// Studies by how far they have come.
    pub studies: Counts,
    /// Studies that could not be taken, or not whole, and are not tried again.
    pub given_up: u64,
    /// Instances that the old archive counts.
    pub counted_there: u64,
    /// Instances that are here.
    pub here: u64,
    /// Instances known to be missing.
    pub missing: u64,
    /// Bytes of the files here.
    pub bytes: u64,
    /// Slices of the inventory that were asked for.
    pub slices_asked: u64,
    /// How many there are.
    pub slices: u64,
    /// Slices about which there is something to say: the report says what.
    pub remarks: u64,
    /// How long it will still take.
    pub outlook: Outlook,
}

/// How far a migration is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Progress {
    /// In short.
    pub line: Line,
    /// The old archive's system.
    pub system: String,
    /// The hours in which it may work, as the site says them; at any time when there are none.
    pub hours: Vec<String>,
    /// True when it may work now.
    pub is_open: bool,
    /// How hard the old archive is pressed, while it takes.
    pub pace: Option<Pace>,
    /// How far the check is that goes on in the background: instances' studies done, of how many.
    pub checking: Option<(u64, u64)>,
    /// Studies by year; the empty year has those without a date.
    pub years: Vec<Year>,
    /// Studies that are being taken.
    pub under_way: Vec<Study>,
    /// Studies that could not be taken, or not whole, the newest first.
    pub failures: Vec<Study>,
    /// Patients of whom nobody has told, where there is somebody who tells: messages or a list.
    pub untold_patients: Option<u64>,
    /// What was done, the newest first.
    pub course: Vec<Event>,
}

/// How hard the old archive is pressed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pace {
    /// Studies that are being taken.
    pub running: u64,
    /// How many may be at a time now.
    pub allowed: u64,
    /// How many may be at most, as the site says.
    pub most: u64,
    /// How often the old archive has suffered since this run began.
    pub sufferings: u64,
    /// Until when it is left alone, RFC 3339.
    pub until: Option<String>,
}

/// Studies of a year.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Year {
    /// The year; empty for studies without a date.
    pub year: String,
    /// How far they have come.
    pub studies: Counts,
}

/// A study. Names no patient.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Study {
    /// Study Instance UID.
    pub study: String,
    /// Its date, as the old archive has it.
    pub date: String,
    /// Its modalities.
    pub modalities: String,
    /// `running`, `partly` or `failed`.
    pub state: String,
    /// Instances that the old archive counts.
    pub counted_there: Option<u64>,
    /// Instances that are here.
    pub here: u64,
    /// Why it is not more.
    pub reason: String,
    /// How often it was tried.
    pub tries: u32,
    /// When that was, RFC 3339.
    pub at: Option<String>,
    /// When it is tried again, RFC 3339; it is given up where there is none.
    pub again: Option<String>,
}

/// Something that was done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    /// When, RFC 3339.
    pub at: String,
    /// What: a word.
    pub what: String,
    /// By which version of the program.
    pub program: String,
    /// More of it.
    pub note: String,
}

/// A report, part by part.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// True when nothing is left to explain.
    pub complete: bool,
    /// Its parts in order.
    pub parts: Vec<Part>,
}

/// A part of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// Its title.
    Title(String),
    /// A heading.
    Heading(String),
    /// A paragraph.
    Text(String),
    /// A table; the first row is its heading.
    Table(Vec<Vec<String>>),
    /// Lines for signatures.
    Signatures(Vec<String>),
}

/// A report as a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// Its bytes.
    pub text: String,
}

/// That it begins, or went on already.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Began {
    /// The migration.
    pub name: String,
    /// False when it ran already.
    pub began: bool,
    /// How many studies are tried once more.
    #[serde(default)]
    pub again: u64,
}

/// That it was stopped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Stopped {
    /// The migration.
    pub name: String,
    /// False when it did not run.
    pub stopped: bool,
}

/// What goes before all others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Moved {
    /// How many studies.
    pub moved: u64,
}
