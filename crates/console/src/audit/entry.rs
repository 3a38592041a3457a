//! One entry of the audit log.
//!
//! What an entry holds of a patient: identifiers that were searched for, and those of messages that were
//! opened or listed by a search, as the search index knew them at that moment. Never a name, never content.
//! Free text that was searched for is kept as it was typed, and may hold a name.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// The program began to serve.
    Start,
    /// The program stopped in good order.
    Stop,
    /// Somebody came in, or was not let in.
    LogIn,
    /// Somebody went.
    LogOut,
    /// A message was opened.
    OpenPayload,
    /// Messages were searched for by what is in them.
    Search,
    /// Messages or entries were written out of Klinke.
    Export,
    /// A message was sent again.
    Resend,
    /// A changed message was sent.
    Edit,
    /// A lane or destination was stopped.
    Hold,
    /// A lane or destination was let go on.
    Release,
    /// A channel was stopped.
    StopChannel,
    /// A channel was let run again.
    StartChannel,
    /// A delivery was given up on purpose.
    Skip,
    /// A delivery was given up and kept.
    Kill,
    /// A dead delivery was put back.
    Revive,
    /// A dead delivery was given up for good.
    Drop,
    /// The site's files were read again.
    Reload,
    /// Another revision of the site was brought to life.
    Deploy,
    /// An older revision of the site was gone back to.
    Rollback,
    /// A changed channel was made to run along, or was thrown away.
    Shadow,
    /// An account was made, changed or removed.
    Account,
    /// A token was made or taken away.
    Token,
    /// Somebody took emergency access.
    Emergency,
    /// The audit log was read.
    ReadAudit,
    /// The store was copied.
    Backup,
    /// Old messages or entries were removed.
    Prune,
    /// Taking over an old archive was begun or stopped, or what was taken was checked.
    Migrate,
    /// Took files into the archive of images.
    Import,
    /// An alert was acknowledged.
    Acknowledge,
    /// An alert was put off.
    Snooze,
    /// An alert was handed over to somebody else.
    HandOver,
    /// Alerts were muted, no longer muted, or tried.
    Mute,
    /// Patients of the archive were merged or corrected, a study was moved, or one of these was taken back.
    ChangeIdentity,
    /// It was decided what becomes of an instance that lay beside.
    Decide,
    /// An action that this version does not know.
    #[serde(other)]
    Unknown,
}

impl Action {
    /// All that this version writes.
    pub const ALL: [Action; 35] = [
        Action::Start,
        Action::Stop,
        Action::LogIn,
        Action::LogOut,
        Action::OpenPayload,
        Action::Search,
        Action::Export,
        Action::Resend,
        Action::Edit,
        Action::Hold,
        Action::Release,
        Action::StopChannel,
        Action::StartChannel,
        Action::Skip,
        Action::Kill,
        Action::Revive,
        Action::Drop,
        Action::Reload,
        Action::Deploy,
        Action::Rollback,
        Action::Shadow,
        Action::Account,
        Action::Token,
        Action::Emergency,
        Action::ReadAudit,
        Action::Backup,
        Action::Prune,
        Action::Migrate,
        Action::Import,
        Action::Acknowledge,
        Action::Snooze,
        Action::HandOver,
        Action::Mute,
        Action::ChangeIdentity,
        Action::Decide,
    ];

    /// As JSON and tables write it.
    pub fn name(self) -> &'static str {
        match self {
            Action::Start => "start",
            Action::Stop => "stop",
            Action::LogIn => "log-in",
            Action::LogOut => "log-out",
            Action::OpenPayload => "open-payload",
            Action::Search => "search",
            Action::Export => "export",
            Action::Resend => "resend",
            Action::Edit => "edit",
            Action::Hold => "hold",
            Action::Release => "release",
            Action::StopChannel => "stop-channel",
            Action::StartChannel => "start-channel",
            Action::Skip => "skip",
            Action::Kill => "kill",
            Action::Revive => "revive",
            Action::Drop => "drop",
            Action::Reload => "reload",
            Action::Deploy => "deploy",
            Action::Rollback => "rollback",
            Action::Shadow => "shadow",
            Action::Account => "account",
            Action::Token => "token",
            Action::Emergency => "emergency",
            Action::ReadAudit => "read-audit",
            Action::Backup => "backup",
            Action::Prune => "prune",
            Action::Migrate => "migrate",
            Action::Import => "import",
            Action::Acknowledge => "acknowledge",
            Action::Snooze => "snooze",
            Action::HandOver => "hand-over",
            Action::Mute => "mute",
            Action::ChangeIdentity => "change-identity",
            Action::Decide => "decide",
            Action::Unknown => "unknown",
        }
    }

    /// The inverse of [`Action::name`].
    pub fn named(name: &str) -> Option<Action> {
        Action::ALL.into_iter().find(|action| action.name() == name)
    }

    /// For people, in English and German.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Action::Start => ("began to serve", "Betrieb begonnen"),
            Action::Stop => ("stopped", "Betrieb beendet"),
            Action::LogIn => ("logged in", "angemeldet"),
            Action::LogOut => ("logged out", "abgemeldet"),
            Action::OpenPayload => ("opened a message", "Nachricht geöffnet"),
            Action::Search => ("searched", "gesucht"),
            Action::Export => ("exported", "ausgegeben"),
            Action::Resend => ("resent", "erneut gesendet"),
            Action::Edit => ("edited and resent", "geändert und gesendet"),
            Action::Hold => ("held", "angehalten"),
            Action::Release => ("released", "freigegeben"),
            Action::StopChannel => ("stopped a channel", "Kanal gestoppt"),
            Action::StartChannel => ("started a channel", "Kanal gestartet"),
            Action::Skip => ("skipped", "übersprungen"),
            Action::Kill => ("gave up", "aufgegeben"),
            Action::Revive => ("revived", "wiederbelebt"),
            Action::Drop => ("dropped", "verworfen"),
            Action::Reload => ("reloaded the site", "Standort neu gelesen"),
            Action::Deploy => ("deployed a revision", "Revision in Betrieb genommen"),
            Action::Rollback => ("rolled back", "auf frühere Revision zurückgegangen"),
            Action::Shadow => ("ran a changed channel along", "geänderten Kanal mitlaufen lassen"),
            Action::Account => ("changed an account", "Konto geändert"),
            Action::Token => ("changed a token", "Zugangsschlüssel geändert"),
            Action::Emergency => ("took emergency access", "Notzugriff genommen"),
            Action::ReadAudit => ("read the audit log", "Protokoll gelesen"),
            Action::Backup => ("copied the store", "Speicher gesichert"),
            Action::Prune => ("removed old data", "Altes entfernt"),
            Action::Migrate => ("took over an old archive", "Altarchiv übernommen"),
            Action::Import => ("took files in", "Dateien übernommen"),
            Action::Acknowledge => ("acknowledged an alert", "Alarm quittiert"),
            Action::Snooze => ("put an alert off", "Alarm zurückgestellt"),
            Action::HandOver => ("handed an alert over", "Alarm übergeben"),
            Action::Mute => ("muted or tried alerts", "Alarme stumm geschaltet oder geprobt"),
            Action::ChangeIdentity => ("changed who a patient is", "geändert, wer ein Patient ist"),
            Action::Decide => ("decided a clash", "über Abweichendes entschieden"),
            Action::Unknown => ("something newer", "etwas Neueres"),
        }
    }
}

/// Of what kind somebody is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WhoKind {
    /// Nobody who is known: a log-in that failed.
    #[default]
    Nobody,
    /// An account of the console.
    Account,
    /// A program with an account's token.
    Token,
    /// A user of the machine.
    User,
    /// Klinke itself.
    Program,
    /// Whoever came by a signed link to a study.
    Link,
}

/// Who did it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Who {
    /// Of what kind they are.
    pub kind: WhoKind,
    /// The account's or user's name. Empty for a log-in under a name that no account has: people type
    /// their password there.
    pub name: String,
    /// How: a token's name, the user that a machine's user logged in as before, the kind of log-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
}

impl Who {
    /// An account.
    pub fn account(name: impl Into<String>) -> Who {
        Who { kind: WhoKind::Account, name: name.into(), via: None }
    }

    /// A program with a token of an account.
    pub fn token(account: impl Into<String>, token: impl Into<String>) -> Who {
        Who { kind: WhoKind::Token, name: account.into(), via: Some(token.into()) }
    }

    /// A user of the machine.
    pub fn user(name: impl Into<String>, via: Option<String>) -> Who {
        Who { kind: WhoKind::User, name: name.into(), via }
    }

    /// Whoever came by a signed link of somebody who makes them, for whom it was made.
    pub fn link(maker: impl Into<String>, reader: Option<String>) -> Who {
        Who { kind: WhoKind::Link, name: maker.into(), via: reader }
    }

    /// Klinke itself.
    pub fn program() -> Who {
        Who { kind: WhoKind::Program, name: "klinke".to_owned(), via: None }
    }
}

/// How it ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// As wished.
    #[default]
    Done,
    /// Not allowed.
    Refused,
    /// Allowed, and failed.
    Failed,
}

impl Outcome {
    /// As JSON and tables write it.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Done => "done",
            Outcome::Refused => "refused",
            Outcome::Failed => "failed",
        }
    }
}

/// What it was done to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Object {
    /// Envelopes' numbers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub envelopes: Vec<u64>,
    /// A channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// A system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// A destination, `channel/name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
    /// An account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// What was searched for: name of the key, value. A value that ends in `*` is a beginning.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sought: Vec<(String, String)>,
    /// Identifiers of the patients whose data were shown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub patients: Vec<String>,
    /// How many messages were shown, where not each is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shown: Option<u64>,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Entry {
    /// Who.
    pub who: Who,
    /// From where: an address, `local` for the machine itself.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub from: String,
    /// What happened.
    pub action: Action,
    /// How it ended.
    #[serde(default)]
    pub outcome: Outcome,
    /// To what.
    #[serde(default)]
    pub object: Object,
    /// Why, as they said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// What more there is to say, without patient data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Entry {
    /// Something that was done.
    pub fn new(who: Who, from: impl Into<String>, action: Action) -> Entry {
        let (outcome, object) = (Outcome::Done, Object::default());
        Entry { who, from: from.into(), action, outcome, object, purpose: None, note: None }
    }

    /// The same, with another end.
    pub fn ended(self, outcome: Outcome) -> Entry {
        Entry { outcome, ..self }
    }

    /// The same, with a note.
    pub fn noted(self, note: impl Into<String>) -> Entry {
        Entry { note: Some(note.into()), ..self }
    }

    /// The same, about an account.
    pub fn about(mut self, account: impl Into<String>) -> Entry {
        self.object.account = Some(account.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_reads_as_it_was_written_and_newer_ones_are_not_lost() {
        let mut entry = Entry::new(Who::account("anna"), "10.0.0.7", Action::Search);
        entry.object.sought = vec![("patient".to_owned(), "47*".to_owned())];
        let text = serde_json::to_string(&entry).unwrap();
        assert_eq!(
            text,
            r#"{"who":{"kind":"account","name":"anna"},"from":"10.0.0.7","action":"search","outcome":"done","object":{"sought":[["patient","47*"]]}}"#
        );
        assert_eq!(serde_json::from_str::<Entry>(&text).unwrap(), entry);
        let newer = text.replace("search", "teleport").replace("\"object\"", "\"more\":1,\"object\"");
        assert_eq!(serde_json::from_str::<Entry>(&newer).unwrap().action, Action::Unknown);
    }

    #[test]
    fn every_action_has_a_name_of_its_own() {
        for action in Action::ALL {
            assert_eq!(Action::named(action.name()), Some(action));
            assert_eq!(serde_json::to_value(action).unwrap(), action.name());
        }
        assert_eq!(Action::named("unknown"), None);
    }
}
