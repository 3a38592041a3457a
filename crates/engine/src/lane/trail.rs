//! The latest attempts of a destination and the times in which its partner counted as down: what a
//! diagnosis looks at. Of each kind a few are kept, so that a row of good ones does not push out the bad.

use std::collections::VecDeque;
use std::time::Duration;

use klinke_model::{EnvelopeId, Timestamp};

use crate::link::{Reply, ReplyKind};

/// How many attempts that were accepted are kept, and how many others.
const KEPT: usize = 48;
/// How many times of being down are kept.
const OUTAGES: usize = 32;

/// One attempt, without what was sent or came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recent {
    /// The envelope.
    pub envelope: EnvelopeId,
    /// When it ended.
    pub ended: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// How many bytes were to be sent.
    pub bytes: usize,
    /// What kind of end it was.
    pub kind: ReplyKind,
    /// The partner's code, or what went wrong.
    pub code: String,
    /// A sentence without patient data.
    pub text: String,
}

/// A time in which the partner counted as down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outage {
    /// From when.
    pub from: Timestamp,
    /// Until when; `None` while it lasts.
    pub until: Option<Timestamp>,
    /// The code of the attempt with which it began.
    pub code: String,
}

/// What is kept of one destination.
#[derive(Clone, Debug, Default)]
pub struct Trail {
    accepted: VecDeque<Recent>,
    others: VecDeque<Recent>,
    outages: VecDeque<Outage>,
}

impl Trail {
    /// The latest attempts, oldest first.
    pub fn attempts(&self) -> Vec<Recent> {
        let mut all: Vec<Recent> = self.accepted.iter().chain(&self.others).cloned().collect();
        all.sort_by_key(|one| one.ended);
        all
    }

    /// When the partner counted as down, oldest first.
    pub fn outages(&self) -> impl Iterator<Item = &Outage> {
        self.outages.iter()
    }

    pub(crate) fn note(&mut self, recent: Recent) {
        let list = if recent.kind == ReplyKind::Accepted { &mut self.accepted } else { &mut self.others };
        if list.len() >= KEPT {
            list.pop_front();
        }
        list.push_back(recent);
    }

    pub(crate) fn down(&mut self, from: Timestamp, reply: &Reply) {
        if self.outages.len() >= OUTAGES {
            self.outages.pop_front();
        }
        self.outages.push_back(Outage { from, until: None, code: reply.code.clone() });
    }

    pub(crate) fn up(&mut self, until: Timestamp) {
        if let Some(last) = self.outages.back_mut() {
            last.until.get_or_insert(until);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_attempts_never_push_out_bad_ones() {
        let mut trail = Trail::default();
        for number in 0..500 {
            let kind = if number == 3 { ReplyKind::Refused } else { ReplyKind::Accepted };
            trail.note(Recent {
                envelope: EnvelopeId(number),
                ended: Timestamp(number as i64),
                took: Duration::ZERO,
                bytes: 1,
                kind,
                code: String::new(),
                text: String::new(),
            });
        }
        let kept = trail.attempts();
        assert_eq!(kept.len(), KEPT + 1);
        assert_eq!(kept[0].envelope, EnvelopeId(3));
        assert_eq!(kept.last().map(|one| one.envelope), Some(EnvelopeId(499)));
    }
}
