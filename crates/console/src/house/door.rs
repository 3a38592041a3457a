//! The one door: whoever asks, by page, API, local socket or with the store in their own hands, comes
//! through here. It looks whether they may ([`crate::people::guard`]), writes the entry that the request
//! must leave ([`crate::audit::trail`]), and leaves out of the answer what they may not see.
//!
//! Without the entry there is no answer and nothing is done: a store that can't write shows no message.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use serde_json::Value;

use super::request::Request;
use crate::audit::entry::{Action, Entry, Outcome, WhoKind};
use crate::audit::trail::{self, Trail, When};
use crate::audit::{self, Log};
use crate::people::guard::{self, Denied};
use crate::people::{Actor, People};

/// What must be known of a message before somebody may open it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The channel that received it.
    pub channel: String,
    /// The system that sent it.
    pub system: String,
    /// The identifiers of its patients.
    pub patients: Vec<String>,
}

impl About {
    /// The places by which a right covers it.
    pub fn places(&self) -> [&str; 2] {
        [&self.channel, &self.system]
    }
}

/// Who stands behind the door: answers everything, and asks nobody who they are.
pub trait Answers {
    /// Answers one request. Blocks.
    fn answer(&self, request: Request) -> Result<Value, String>;

    /// What must be known of a message; `None` when there is no such message.
    fn about(&self, envelope: u64) -> Result<Option<About>, String>;

    /// The systems at the ends of a channel, by which a right covers it as well.
    fn systems_of(&self, channel: &str) -> Vec<String>;

    /// The systems of an open alert; nothing when it is not known, and then it counts as one of all systems.
    fn systems_of_alert(&self, id: u64) -> Option<Vec<String>> {
        let _ = id;
        None
    }

    /// The systems of a mute, none for one of all; nothing when it is not known, which counts the same.
    fn systems_of_mute(&self, id: u64) -> Option<Vec<String>> {
        let _ = id;
        None
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// They may not.
    Denied(Denied),
    /// It failed; a sentence without patient data.
    Failed(String),
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Refused::Denied(denied) => denied.fmt(f),
            Refused::Failed(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Refused {}

/// The longest purpose that is kept.
const PURPOSE_CHARS_MAX: usize = 500;
/// Openings remembered for that.
const OPENINGS_MAX: usize = 256;

/// The door of a house.
pub struct Door {
    people: Arc<People>,
    opened: Mutex<VecDeque<(Instant, Entry)>>,
}

impl Door {
    /// For these people; entries go to their log.
    pub fn new(people: Arc<People>) -> Door {
        Door { people, opened: Mutex::default() }
    }

    /// The people.
    pub fn people(&self) -> &Arc<People> {
        &self.people
    }

    /// The log.
    pub fn log(&self) -> &Log {
        self.people.log()
    }

    /// Asks for somebody. Blocks.
    pub fn ask(
        &self,
        house: &dyn Answers,
        actor: &Actor,
        purpose: Option<&str>,
        mut request: Request,
    ) -> Result<Value, Refused> {
        match &mut request {
            Request::Alerts(ask) => ask.sign(&actor.who.name),
            Request::Archive(ask) => ask.sign(&actor.who.name),
            Request::Halt { who, .. } => actor.who.name.clone_into(who),
            _ => {}
        }
        if actor.who.kind == WhoKind::Program {
            return house.answer(request).map_err(Refused::Failed);
        }
        let purpose = purpose.map(tidy).filter(|purpose| !purpose.is_empty());
        let mut about = Vec::new();
        for id in trail::envelopes(&request) {
            // What is not there is told by the answer; nothing of it could be seen.
            about.extend(house.about(id).map_err(Refused::Failed)?.map(|one| (id, one)));
        }
        let mut trail = trail::of(actor, &request, &about);
        if let Some(trail) = &mut trail {
            trail.entry.purpose = purpose.clone();
        }
        if let Err(denied) = guard::check(house, actor, &request, &about, purpose.as_deref()) {
            let entry = trail.map(|trail| trail.entry.ended(Outcome::Refused).noted(denied.to_string()));
            entry.map_or(Ok(()), |entry| self.write(&entry))?;
            return Err(Refused::Denied(denied));
        }
        if !guard::shows_payload(actor, &request, &about) {
            trail = None;
        }
        if let Some(trail) = trail.as_ref().filter(|trail| trail.when == When::Before) {
            self.write(&trail.entry)?;
        }
        let asked = match &request {
            Request::Audit(ask) => audit::request::answer(self.log(), ask),
            Request::People(ask) => {
                self.people.answer(actor, ask.clone()).map_err(|refusal| refusal.to_string())
            }
            _ => house.answer(request.clone()),
        };
        let mut answer = match (asked, trail.as_ref()) {
            (Ok(answer), _) => answer,
            (Err(text), None) => return Err(Refused::Failed(text)),
            (Err(text), Some(trail)) => {
                // What was looked for and not found was looked for all the same.
                self.write(&trail.entry.clone().ended(Outcome::Failed).noted(text.clone()))?;
                return Err(Refused::Failed(text));
            }
        };
        guard::narrow(house, actor, &request, &about, &mut answer);
        if let Some(trail) = &mut trail {
            for id in trail::shown(&request, &answer) {
                let about = house.about(id).map_err(Refused::Failed)?;
                about.iter().for_each(|one| trail::add_message(&mut trail.entry.object, id, one));
            }
        }
        if let Some(mut trail) = trail
            && trail.when != When::Before
            && trail::complete(&mut trail, &request, &answer)
        {
            let written = self.write_once(&trail);
            match trail.when {
                When::Done => {
                    drop(written.inspect_err(|error| tracing::error!(%error, "an entry is missing")))
                }
                When::Before | When::Answered => written?,
            }
        }
        Ok(answer)
    }

    fn write(&self, entry: &Entry) -> Result<(), Refused> {
        let why = |error| {
            Refused::Failed(format!(
                "the audit log can't be written, and nothing is done without it: {error}"
            ))
        };
        self.log().write(entry).map(drop).map_err(why)
    }

    /// Writes an entry, unless it is one of an opening that was just written.
    fn write_once(&self, trail: &Trail) -> Result<(), Refused> {
        let entry = &trail.entry;
        if entry.action != Action::OpenPayload {
            return self.write(entry);
        }
        let now = Instant::now();
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.retain(|(at, _)| now.duration_since(*at) < trail::SAME_LOOK);
        let is_same = |(at, one): &(Instant, Entry)| now.duration_since(*at) < trail.once && one == entry;
        if opened.iter().any(is_same) {
            return Ok(());
        }
        self.write(entry)?;
        opened.truncate(OPENINGS_MAX - 1);
        opened.push_front((now, entry.clone()));
        Ok(())
    }
}

/// A purpose as it is kept: one line, not too long.
fn tidy(purpose: &str) -> String {
    let line: String = purpose.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    line.trim().chars().take(PURPOSE_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests;
