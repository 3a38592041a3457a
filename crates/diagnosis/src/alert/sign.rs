//! One observation that is worth an alert.

use klinke_model::Timestamp;

use super::kind::{Kind, Rank};
use crate::lang::Text;

/// One observation. Its words are names of the site's files, numbers and codes; never patient data.
#[derive(Clone, Debug)]
pub struct Sign {
    /// Of which kind.
    pub kind: &'static Kind,
    /// What it is about: a system, `channel/destination`, a way, `klinke`.
    pub subject: String,
    /// The system behind it; `klinke` for our own side.
    pub system: String,
    /// How much it matters here.
    pub rank: Rank,
    /// A few words.
    pub title: Text,
    /// What is wrong.
    pub text: Text,
    /// What to try first.
    pub first: Vec<Text>,
    /// Whom to call.
    pub call: Option<String>,
    /// Since when, where it is known.
    pub since: Option<Timestamp>,
    /// Rises while it gets worse: then it is told again.
    pub level: u32,
}

impl Sign {
    /// Of a kind, about something of a system, with words put in.
    pub fn new(kind: &'static Kind, system: &str, subject: &str, words: &[(&str, Text)]) -> Sign {
        let mut all = vec![("subject", Text::same(subject))];
        all.extend(words.iter().cloned());
        Sign {
            kind,
            subject: subject.to_owned(),
            system: system.to_owned(),
            rank: kind.rank,
            title: kind.title.with(&all),
            text: kind.sentence.with(&all),
            first: vec![kind.first.with(&all)],
            call: None,
            since: None,
            level: 0,
        }
    }

    /// With another rank.
    #[must_use]
    pub fn ranked(self, rank: Rank) -> Sign {
        Sign { rank, ..self }
    }

    /// What makes it the same at the next look.
    pub fn key(&self) -> String {
        format!("{}:{}", self.kind.code, self.subject)
    }
}
