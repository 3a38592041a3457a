//! The DICOM archive, as pages and tools ask for it and see it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::lang::Lang;

/// What is asked of the archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "archive", rename_all = "kebab-case")]
pub enum Ask {
    /// How much there is.
    Status,
    /// Reads every file and holds it against the index, and the index against the files.
    Verify,
    /// What was decided over what was received, the newest first.
    Changes {
        /// Below this number.
        before: Option<u64>,
        /// At most so many.
        limit: usize,
    },
    /// Gives all of one patient to another one.
    Merge {
        /// Who is no longer: `4711`, or `4711^^^KIS` with the issuer.
        old: String,
        /// Who it is.
        new: String,
        /// Who and why.
        #[serde(flatten)]
        by: By,
    },
    /// Lays attributes over those that a patient's instances have.
    Correct {
        /// Whose: `4711`, or `4711^^^KIS` with the issuer.
        patient: String,
        /// What is different.
        attributes: Attributes,
        /// Who and why.
        #[serde(flatten)]
        by: By,
    },
    /// Gives a study to another patient.
    Move {
        /// Study Instance UID.
        study: String,
        /// Whose it is: `4711`, or `4711^^^KIS` with the issuer.
        to: String,
        /// Who and why.
        #[serde(flatten)]
        by: By,
    },
    /// Takes a merge, correction or move back.
    Undo {
        /// Its number among the changes.
        number: u64,
        /// Who and why.
        #[serde(flatten)]
        by: By,
    },
    /// What lies beside until somebody decides, the newest first.
    Clashes {
        /// Below this number.
        before: Option<u64>,
        /// At most so many.
        limit: usize,
    },
    /// Decides what becomes of something that lies beside.
    Decide {
        /// Its number among the clashes.
        number: u64,
        /// What becomes of it.
        take: Take,
        /// Who and why.
        #[serde(flatten)]
        by: By,
    },
    /// Studies that may not be thrown away.
    Holds,
    /// Keeps a study from being thrown away.
    Hold {
        /// Study Instance UID.
        study: String,
        /// Who and why.
        #[serde(flatten)]
        by: By,
    },
    /// Lets a study be thrown away again.
    Release {
        /// Study Instance UID.
        study: String,
        /// Who and why.
        #[serde(flatten)]
        by: By,
    },
    /// What is in the trash, the newest first.
    Trash {
        /// Of this study alone.
        study: Option<String>,
        /// Below this number.
        before: Option<u64>,
        /// At most so many.
        limit: usize,
    },
    /// Moves a study, or a series or an instance of it, into the trash.
    Throw {
        /// Study Instance UID.
        study: String,
        /// Series Instance UID; all series when absent.
        series: Option<String>,
        /// SOP Instance UID; all instances when absent.
        instance: Option<String>,
        /// Who and why.
        #[serde(flatten)]
        by: By,
    },
    /// Those who were turned away because the site does not name them.
    Inbox,
    /// Takes in instances out of files that the site can read.
    Import(Import),
    /// Writes studies as a medium where the site can write.
    Export(Export),
    /// What rules of retention let go.
    Retention {
        /// Only says what would go.
        dry: bool,
    },
    /// Which earlier studies are fetched from other archives for patients who are scheduled, and how far that is.
    Priors {
        /// At most so many that are open, of each archive.
        limit: usize,
    },
    /// Tries again to fetch what was tried in vain.
    FetchAgain,
    /// Takes something out of the trash.
    Restore {
        /// Study Instance UID: all of it that is in the trash.
        study: Option<String>,
        /// Numbers in the trash.
        #[serde(default)]
        numbers: Vec<u64>,
        /// Who and why.
        #[serde(flatten)]
        by: By,
    },
}

/// Which files are taken in, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// An absolute path: a folder with all below it, or a file.
    pub path: PathBuf,
    /// What is noted as their sender: an AE title.
    pub sender: String,
    /// They take the place of those that are there with other bytes.
    pub replace: bool,
}

/// What is written as a medium, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Export {
    /// Study Instance UIDs.
    pub studies: Vec<String>,
    /// An absolute path: an empty folder, or a file that ends in `.zip`.
    pub to: PathBuf,
    /// The label of the medium.
    pub label: String,
    /// Compressed instances are decoded.
    pub decode: bool,
    /// With pages that show the pictures.
    pub viewer: bool,
    /// The language of these.
    pub lang: Lang,
}

/// Who does something, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct By {
    /// Why.
    pub reason: String,
    /// Who; the door writes it.
    #[serde(default)]
    pub who: String,
}

impl By {
    /// For this reason.
    pub fn because(reason: impl Into<String>) -> By {
        By { reason: reason.into(), who: String::new() }
    }
}

/// What of a patient is different.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Attributes {
    /// Patient's Name, its components with `^` between them: `Muster^Eva`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200))]
    pub name: Option<String>,
    /// Patient's Birth Date: `19700131`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 8, max = 8))]
    pub birth_date: Option<String>,
    /// Patient's Sex: `F`, `M` or `O`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1))]
    pub sex: Option<String>,
}

/// What becomes of something that lies beside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Take {
    /// What is in the archive stays; the other one goes into the trash.
    Ours,
    /// It takes the place; what was there goes into the trash.
    Theirs,
    /// It stays as well, under new UIDs.
    Both,
}

impl Take {
    /// The word for people.
    pub fn name(self) -> &'static str {
        match self {
            Take::Ours => "ours",
            Take::Theirs => "theirs",
            Take::Both => "both",
        }
    }
}

impl Ask {
    /// Who does it and why, where it does something.
    pub fn by(&self) -> Option<&By> {
        match self {
            Ask::Merge { by, .. }
            | Ask::Correct { by, .. }
            | Ask::Move { by, .. }
            | Ask::Undo { by, .. }
            | Ask::Decide { by, .. }
            | Ask::Hold { by, .. }
            | Ask::Release { by, .. }
            | Ask::Throw { by, .. }
            | Ask::Restore { by, .. } => Some(by),
            Ask::Status
            | Ask::Verify
            | Ask::Changes { .. }
            | Ask::Clashes { .. }
            | Ask::Holds
            | Ask::Inbox
            | Ask::Import(_)
            | Ask::Export(_)
            | Ask::Priors { .. }
            | Ask::FetchAgain
            | Ask::Retention { .. }
            | Ask::Trash { .. } => None,
        }
    }

    /// Puts in who asks: nobody speaks for another.
    pub fn sign(&mut self, name: &str) {
        if let Ask::Merge { by, .. }
        | Ask::Correct { by, .. }
        | Ask::Move { by, .. }
        | Ask::Undo { by, .. }
        | Ask::Decide { by, .. }
        | Ask::Hold { by, .. }
        | Ask::Release { by, .. }
        | Ask::Throw { by, .. }
        | Ask::Restore { by, .. } = self
        {
            name.clone_into(&mut by.who);
        }
    }

    /// The identifiers of the patients that it names.
    pub fn patients(&self) -> Vec<&str> {
        match self {
            Ask::Merge { old, new, .. } => vec![old, new],
            Ask::Correct { patient, .. } => vec![patient],
            Ask::Move { to, .. } => vec![to],
            _ => Vec::new(),
        }
    }

    /// What is done, without the patients that it names; nothing for what only looks.
    pub fn note(&self) -> Option<String> {
        let what = match self {
            Ask::Merge { .. } => "patients merged".to_owned(),
            Ask::Correct { .. } => "patient corrected".to_owned(),
            Ask::Move { study, .. } => format!("study {study} moved"),
            Ask::Undo { number, .. } => format!("change {number} taken back"),
            Ask::Decide { number, take, .. } => format!("clash {number}: {}", take.name()),
            Ask::Hold { study, .. } | Ask::Release { study, .. } => format!("study {study}"),
            Ask::Throw { study, series, instance, .. } => {
                let parts = [Some(study), series.as_ref(), instance.as_ref()];
                format!(
                    "study {}",
                    parts.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" / ")
                )
            }
            // A path may hold a name.
            Ask::Import(import) => format!("files taken in as {}", import.sender),
            Ask::Export(export) => format!("medium: study {}", export.studies.join(", ")),
            Ask::Restore { study: Some(study), .. } => format!("study {study}"),
            Ask::Restore { numbers, .. } => format!("out of the trash: {numbers:?}"),
            Ask::FetchAgain => "earlier studies".to_owned(),
            _ => return None,
        };
        let reason = self.by().map(|by| by.reason.as_str()).filter(|reason| !reason.is_empty());
        Some(reason.map_or_else(|| what.clone(), |reason| format!("{what}: {reason}")))
    }
}

/// How much there is.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Status {
    /// Patients.
    pub patients: u64,
    /// Studies.
    pub studies: u64,
    /// Series.
    pub series: u64,
    /// Instances.
    pub instances: u64,
    /// Bytes of their files.
    pub bytes: u64,
    /// Instances that lie beside until somebody decides.
    pub beside: u64,
    /// Instances in the trash.
    pub thrown: u64,
    /// Studies that may not be thrown away.
    pub held: u64,
}

/// What a check of the archive found.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Verified {
    /// Instances whose bytes are those that were written.
    pub sound: u64,
    /// How many are not.
    pub damaged: u64,
    /// Files that the index does not know.
    pub unknown: u64,
    /// Bytes that were read.
    pub bytes: u64,
    /// The files, each with what is wrong.
    pub faults: Vec<Fault>,
}

/// What became of files that were to be taken in.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Imported {
    /// Instances that are new.
    pub new: u64,
    /// Instances that were there with the same bytes.
    pub known: u64,
    /// Instances that lie beside until somebody decides.
    pub beside: u64,
    /// Files that were refused.
    pub refused: u64,
    /// Files that hold no DICOM and were passed over.
    pub others: u64,
    /// Directories that were read.
    pub directories: u64,
    /// Bytes of what is new.
    pub bytes: u64,
    /// Studies of which something is new.
    pub studies: Vec<String>,
    /// The files that were refused, each with the reason.
    pub faults: Vec<Fault>,
    /// Files that a directory names and that are not there.
    pub absent: Vec<String>,
}

/// What was written as a medium.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Exported {
    /// Where to.
    pub to: PathBuf,
    /// Instances on the medium.
    pub instances: u64,
    /// Their studies, each with its number of instances.
    pub studies: BTreeMap<String, u64>,
    /// Pictures for the pages.
    pub pictures: u64,
    /// Instances that are not on the medium.
    pub left_out: Vec<LeftOut>,
}

/// An instance that is not on a medium.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct LeftOut {
    /// SOP Instance UID.
    pub instance: String,
    /// Why.
    pub why: String,
}

/// A file, and what is wrong with it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Fault {
    /// Its path.
    pub path: String,
    /// What is wrong.
    pub why: String,
}

/// A change over what was received.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// Its number.
    pub number: u64,
    /// When, RFC 3339.
    pub at: String,
    /// Who: an account, a channel, a rule.
    pub who: String,
    /// Why.
    pub why: String,
    /// The message that it came with.
    pub origin: String,
    /// `merge`, `correct`, `move`, `undo`, `hold`, `release`, `throw` or `restore`.
    pub what: String,
    /// True when it was taken back.
    pub undone: bool,
    /// The patient who was merged, or whose study was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<String>,
    /// The patient who is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patient: Option<String>,
    /// Study Instance UID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub study: Option<String>,
    /// The change that was taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undoes: Option<u64>,
    /// How many files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files: Option<u64>,
    /// The attributes that are different: keyword, value.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub attributes: Vec<(String, String)>,
}

/// Something that lies beside.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Clash {
    /// Its number.
    pub number: u64,
    /// `other-bytes`, `other-study`, `other-patient` or `replaced`.
    pub reason: String,
    /// Study Instance UID.
    pub study: String,
    /// Series Instance UID.
    pub series: String,
    /// SOP Instance UID.
    pub instance: String,
    /// Who sent it.
    pub from: String,
    /// When, RFC 3339.
    pub at: String,
    /// Bytes of its file.
    pub bytes: u64,
    /// The one that is in the archive under its UID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ours: Option<Ours>,
}

/// What is in the archive in the place of something that lies beside.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Ours {
    /// Who sent it.
    pub from: String,
    /// When, RFC 3339.
    pub at: String,
    /// Bytes of its file.
    pub bytes: u64,
}

/// A study that may not be thrown away.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Hold {
    /// Study Instance UID.
    pub study: String,
    /// Since when, RFC 3339.
    pub at: String,
    /// Who holds it.
    pub who: String,
    /// Why.
    pub why: String,
}

/// Somebody who was turned away because the site does not name it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unknown {
    /// Its AE title.
    pub title: String,
    /// Whom it called last.
    pub called: String,
    /// From where, without the port.
    pub host: String,
    /// When it came first, RFC 3339.
    pub first: String,
    /// When it came last, RFC 3339.
    pub last: String,
    /// How often it came.
    pub times: u64,
}

impl Unknown {
    /// What systems.toml has to say to let it in. What it said of itself is quoted.
    pub fn lines(&self) -> String {
        let plain = |one: char| if one.is_ascii_alphanumeric() { one.to_ascii_lowercase() } else { '-' };
        let name: String = self.title.chars().map(plain).collect();
        let name = match name.trim_matches('-') {
            "" => "new",
            name => name,
        };
        // A string of JSON is one of TOML, too.
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let (title, host) = (quoted(&self.title), quoted(&self.host));
        format!("[{name}]\ntitle = {title}\ndicom = {{ ae_title = {title}, from = [{host}] }}\n")
    }
}

/// What a rule of retention lets go.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Went {
    /// The rule's name.
    pub rule: String,
    /// How many studies.
    pub studies: u64,
    /// How many instances.
    pub instances: u64,
    /// Bytes of their files.
    pub bytes: u64,
    /// The oldest of them: Study Instance UIDs.
    pub oldest: Vec<String>,
}

/// Earlier studies that are fetched from another archive for patients who are scheduled.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Priors {
    /// What it is called.
    pub name: String,
    /// The system that has them.
    pub from: String,
    /// How they come: `C-MOVE`, `C-GET` or `WADO-RS`.
    pub way: String,
    /// Steps of the worklist for which is still to be asked.
    pub waiting: u64,
    /// Steps for which was asked.
    pub asked: u64,
    /// Steps for which was asked in vain, so often that a person has to look.
    pub unanswered: u64,
    /// Studies that are still to come.
    pub planned: u64,
    /// Studies that are here.
    pub taken: u64,
    /// Studies of which something is missing.
    pub partly: u64,
    /// Studies of which nothing came.
    pub failed: u64,
    /// Instances that are here of all of them.
    pub instances: u64,
    /// What is open or came with a remark: steps, then studies.
    pub open: Vec<Prior>,
}

/// A step for which is asked, or a study that is to come.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Prior {
    /// Study Instance UID of what is scheduled.
    pub scheduled: String,
    /// When it begins, RFC 3339; of a step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub starts: Option<String>,
    /// Study Instance UID of the earlier study; none of a step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub study: Option<String>,
    /// Of a step `waiting`, `asked` or `failed`, of a study `planned`, `running`, `partly` or `failed`.
    pub state: String,
    /// How often it was tried.
    pub tries: u32,
    /// When it is tried next, RFC 3339; a person has to look where something failed and there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<String>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What is tried again.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Again {
    /// Steps for which is asked again.
    pub steps: u64,
    /// Studies that are tried again.
    pub studies: u64,
}

/// Something in the trash.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Thrown {
    /// Its number.
    pub number: u64,
    /// When it was thrown away, RFC 3339.
    pub at: String,
    /// Who has thrown it away.
    pub who: String,
    /// Why.
    pub why: String,
    /// Study Instance UID.
    pub study: String,
    /// Series Instance UID.
    pub series: String,
    /// SOP Instance UID.
    pub instance: String,
    /// Bytes of its file.
    pub bytes: u64,
}
