//! Which requests leave an entry, and what stands in it.
//!
//! | request | entry | written |
//! |---|---|---|
//! | a message with its stages | open-payload | before the answer is given |
//! | a payload as a file | export | before the answer is given |
//! | learning a dialect | open-payload: whose; the program read all of them, and shows shapes | before it is done |
//! | a replay, what differs in a shadow | open-payload: the messages that its examples show | before the answer is given |
//! | a shadow: begin, throw away | shadow | before it is done, and once more when it failed |
//! | images, reports and documents of a study | open-payload: which study, whose; one for what is looked at within half an hour | before the answer is given |
//! | studies by name, identifier or day | search: what was sought, whose studies were shown | before the answer is given |
//! | messages by a key or a text | search: what was sought, whose messages were shown | before the answer is given |
//! | resend, edit, hold, release, stop, start, skip, give up, revive, drop, reload, deploy, roll back, back up, take over an old archive | that | before it is done, and once more when it failed |
//! | the archive: changes | open-payload: whose | before the answer is given |
//! | the archive: merge, correct, move, undo; decide; hold, release; throw away, restore | change-identity; decide; hold, release; drop, revive | before it is done, and once more when it failed |
//! | prune | that, when something went | after it was done: a full disk must not keep it from being done |
//! | the audit log | read-audit: whom it was read about | before the answer is given |
//!
//! What leaves none: how things stand, lists of the newest messages and of what waits. Lists show
//! identifiers of patients to those who may open their messages; whoever only looks at the list of a whole
//! day's messages has looked for nobody. The report says so.
//!
//! Changes to accounts write their own entries ([`crate::people`]).

use std::time::Duration;

use klinke_model::Timestamp;
use serde_json::Value;

use super::entry::{Action, Entry, Object};
use crate::house::door::About;
use crate::house::request::{Find, Request, Settle};
use crate::house::trial::Ask as Trial;
use crate::house::{alerts, archive, images};
use crate::people::Actor;

/// The most patients named in one entry; a search may show thousands.
pub const PATIENTS_MAX: usize = 200;

/// One page asks for a message more than once; within this time it is one opening.
const SAME_OPENING: Duration = Duration::from_secs(5);
/// Whoever looks at a study asks for it frame by frame; within this time it is one opening.
pub const SAME_LOOK: Duration = Duration::from_secs(30 * 60);

/// When an entry is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Before anything is done.
    Before,
    /// When the answer is known, before it is given.
    Answered,
    /// When it was done, if it did something.
    Done,
}

/// An entry in the making.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trail {
    /// The entry.
    pub entry: Entry,
    /// When it is written.
    pub when: When,
    /// The same opening again within this time leaves no other one.
    pub once: Duration,
}

/// The entry of a request, if it must leave one. `about` knows the messages that it names.
pub fn of(actor: &Actor, request: &Request, about: &[(u64, About)]) -> Option<Trail> {
    use When::{Answered, Before, Done};
    let (action, when) = match request {
        Request::Status
        | Request::Queue { .. }
        | Request::Dead { .. }
        | Request::Verify
        | Request::Systems
        | Request::Rhythm { .. }
        | Request::Channel { .. }
        | Request::History { .. }
        | Request::Site
        | Request::File { .. }
        | Request::Propose { .. }
        | Request::Drift { .. }
        | Request::Diagnose { .. }
        | Request::Alerts(alerts::Ask::List)
        | Request::People(_) => return None,
        Request::Messages(find) if !is_search(find) => return None,
        Request::Messages(_) => (Action::Search, Answered),
        Request::Show { .. } | Request::Read { .. } | Request::Alter { .. } => {
            (Action::OpenPayload, Answered)
        }
        Request::Payload { .. } => (Action::Export, Before),
        Request::Replay(_) => (Action::OpenPayload, Answered),
        Request::Canary(Trial::Status { .. } | Trial::Look { .. }) | Request::Shadow(Trial::Look { .. }) => {
            return None;
        }
        Request::Canary(Trial::Drop { .. }) => (Action::Rollback, Before),
        Request::Shadow(Trial::Status { .. }) => (Action::OpenPayload, Answered),
        Request::Canary(_) | Request::Shadow(Trial::Take { .. }) => (Action::Deploy, Before),
        Request::Shadow(_) => (Action::Shadow, Before),
        Request::Learn(_) => (Action::OpenPayload, Before),
        Request::Export { .. } => (Action::Export, Answered),
        Request::Alerts(alerts::Ask::Acknowledge { .. }) => (Action::Acknowledge, Before),
        Request::Alerts(alerts::Ask::Snooze { .. }) => (Action::Snooze, Before),
        Request::Alerts(alerts::Ask::HandOver { .. }) => (Action::HandOver, Before),
        Request::Alerts(_) => (Action::Mute, Before),
        Request::Archive(ask) => match ask {
            archive::Ask::Status
            | archive::Ask::Verify
            | archive::Ask::Clashes { .. }
            | archive::Ask::Holds
            | archive::Ask::Inbox
            | archive::Ask::Retention { dry: true }
            | archive::Ask::Priors { .. }
            | archive::Ask::Trash { .. } => return None,
            archive::Ask::Retention { dry: false } => (Action::Prune, Done),
            archive::Ask::Changes { .. } => (Action::OpenPayload, Answered),
            archive::Ask::Merge { .. }
            | archive::Ask::Correct { .. }
            | archive::Ask::Move { .. }
            | archive::Ask::Undo { .. } => (Action::ChangeIdentity, Before),
            archive::Ask::Import(_) => (Action::Import, Before),
            archive::Ask::Export(_) => (Action::Export, Before),
            archive::Ask::Decide { .. } => (Action::Decide, Before),
            archive::Ask::Hold { .. } => (Action::Hold, Before),
            archive::Ask::Release { .. } => (Action::Release, Before),
            archive::Ask::Throw { .. } => (Action::Drop, Before),
            archive::Ask::Restore { .. } | archive::Ask::FetchAgain => (Action::Revive, Before),
        },
        Request::Hold { reason: Some(_), .. } => (Action::Hold, Before),
        Request::Hold { reason: None, .. } => (Action::Release, Before),
        Request::Halt { reason: Some(_), .. } => (Action::StopChannel, Before),
        Request::Halt { reason: None, .. } => (Action::StartChannel, Before),
        Request::Settle { what: Settle::Skip, .. } => (Action::Skip, Before),
        Request::Settle { what: Settle::Dead, .. } => (Action::Kill, Before),
        Request::Settle { what: Settle::Revive, .. } => (Action::Revive, Before),
        Request::Settle { what: Settle::Drop, .. } => (Action::Drop, Before),
        Request::Resend { .. } => (Action::Resend, Before),
        Request::Edit { .. } => (Action::Edit, Before),
        Request::Backup { .. } | Request::Copy { .. } => (Action::Backup, Before),
        Request::Deploy { dry: true, .. } => return None,
        Request::Deploy { .. } => (Action::Deploy, Before),
        Request::Rollback { .. } => (Action::Rollback, Before),
        Request::Reload => (Action::Reload, Before),
        Request::Prune => (Action::Prune, Done),
        Request::Audit(_) => (Action::ReadAudit, Answered),
        Request::Images(images::Ask::State) => return None,
        Request::Images(images::Ask::Find(find)) if find.sought().is_empty() => return None,
        Request::Images(images::Ask::Find(_)) => (Action::Search, Answered),
        Request::Images(_) => (Action::OpenPayload, Answered),
        Request::Migrate(ask) if ask.is_look() => return None,
        Request::Migrate(_) => (Action::Migrate, Before),
    };
    let mut entry = Entry::new(actor.who.clone(), &actor.from, action);
    entry.object = object(request);
    about.iter().for_each(|(id, one)| add_message(&mut entry.object, *id, one));
    entry.note = note(request);
    let once = if matches!(request, Request::Images(_)) { SAME_LOOK } else { SAME_OPENING };
    Some(Trail { entry, when, once })
}

/// A message that is named or shown, with whom it is about.
pub fn add_message(object: &mut Object, id: u64, about: &About) {
    object.envelopes.push(id);
    object.channel.get_or_insert_with(|| about.channel.clone());
    if !about.system.is_empty() {
        object.system.get_or_insert_with(|| about.system.clone());
    }
    add_patients(object, about.patients.iter().map(String::as_str));
}

/// The messages of which an answer shows something, where only the answer says which.
pub fn shown(request: &Request, answer: &Value) -> Vec<u64> {
    let differences: Vec<&Value> = match request {
        Request::Replay(_) => vec![answer],
        Request::Shadow(Trial::Status { .. }) => {
            answer.as_array().into_iter().flatten().map(|one| &one["differences"]).collect()
        }
        _ => return Vec::new(),
    };
    let fields = differences.into_iter().filter_map(|one| one["fields"].as_array()).flatten();
    let examples = fields.filter_map(|field| field["examples"].as_array()).flatten();
    let mut ids: Vec<u64> = examples.filter_map(|example| example["envelope"].as_u64()).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.truncate(PATIENTS_MAX);
    ids
}

/// True when something of messages is looked for, and not only the newest.
pub fn is_search(find: &Find) -> bool {
    !find.keys.is_empty() || find.text.is_some()
}

/// The envelopes that a request names.
pub fn envelopes(request: &Request) -> Vec<u64> {
    match request {
        Request::Show { id }
        | Request::Read { id, .. }
        | Request::Payload { id, .. }
        | Request::Export { id }
        | Request::Alter { id, .. }
        | Request::Edit { id, .. } => vec![*id],
        Request::Settle { envelopes, .. } | Request::Resend { envelopes, .. } => envelopes.clone(),
        _ => Vec::new(),
    }
}

/// Puts what the answer shows into the entry; false when it shows nothing that must be written.
pub fn complete(trail: &mut Trail, request: &Request, answer: &Value) -> bool {
    match request {
        Request::Messages(_) => {
            let lines = answer.as_array().map(Vec::as_slice).unwrap_or_default();
            trail.entry.object.shown = Some(lines.len() as u64);
            let keys = lines.iter().filter_map(|line| line["keys"].as_array()).flatten();
            let patients = keys.filter(|pair| pair[0] == "patient").filter_map(|pair| pair[1].as_str());
            add_patients(&mut trail.entry.object, patients);
            true
        }
        Request::Archive(archive::Ask::Changes { .. }) => {
            let changes = answer.as_array().map(Vec::as_slice).unwrap_or_default();
            trail.entry.object.shown = Some(changes.len() as u64);
            let named = changes.iter().flat_map(|one| [&one["old"], &one["patient"]]);
            add_patients(&mut trail.entry.object, named.filter_map(Value::as_str));
            true
        }
        Request::Archive(archive::Ask::Retention { .. }) => {
            let went = answer.as_array().map(Vec::as_slice).unwrap_or_default();
            let count = went.iter().filter_map(|one| one["instances"].as_u64()).sum();
            trail.entry.object.shown = Some(count);
            count > 0
        }
        Request::Images(images::Ask::Find(_)) => {
            let lines = answer["studies"].as_array().map(Vec::as_slice).unwrap_or_default();
            trail.entry.object.shown = Some(lines.len() as u64);
            let patients = lines.iter().filter_map(|line| line["patient"]["id"].as_str());
            add_patients(&mut trail.entry.object, patients);
            true
        }
        Request::Images(_) => {
            let patient = &answer["patient"];
            let patient = patient.as_str().or_else(|| patient["id"].as_str());
            add_patients(&mut trail.entry.object, patient.into_iter());
            true
        }
        Request::Prune => {
            let count = answer["envelopes"].as_u64().unwrap_or(0);
            trail.entry.object.shown = Some(count);
            count > 0
        }
        _ => true,
    }
}

fn add_patients<'a>(object: &mut Object, patients: impl Iterator<Item = &'a str>) {
    for patient in patients {
        let is_known = object.patients.iter().any(|one| one == patient);
        if !is_known && !patient.is_empty() && object.patients.len() < PATIENTS_MAX {
            object.patients.push(patient.to_owned());
        }
    }
}

fn object(request: &Request) -> Object {
    let mut object = Object::default();
    match request {
        Request::Messages(find) => {
            (object.channel, object.system) = (find.channel.clone(), find.system.clone());
            object.sought = find.keys.clone();
            object.sought.extend(find.text.iter().map(|text| ("text".to_owned(), text.clone())));
        }
        Request::Hold { place, .. } | Request::Settle { place, .. } => {
            object.destination = Some(place.clone())
        }
        Request::Halt { channel, .. } => object.channel = Some(channel.clone()),
        Request::Archive(ask) => add_patients(&mut object, ask.patients().into_iter()),
        // Whoever is named may be a study: a UID is no number of a patient.
        Request::Migrate(ask) => {
            add_patients(&mut object, ask.of().into_iter().filter(|of| !of.contains('.')));
        }
        Request::Replay(order) => object.channel = Some(order.channel.clone()),
        Request::Canary(ask) | Request::Shadow(ask) => object.channel = ask.channel().map(str::to_owned),
        Request::Learn(order) => {
            (object.channel, object.system) = (order.channel.clone(), order.system.clone());
        }
        Request::Images(images::Ask::Find(find)) => {
            let sought = find.sought().into_iter();
            object.sought = sought.map(|(name, text)| (name.to_owned(), text.to_owned())).collect();
        }
        Request::Audit(ask) => {
            object.sought =
                ask.patient().map(|patient| ("patient".to_owned(), patient.to_owned())).into_iter().collect();
        }
        _ => {}
    }
    object
}

/// What the entry says besides: reasons, which hold no patient data by the rules of those who give them.
fn note(request: &Request) -> Option<String> {
    match request {
        Request::Hold { reason, lane, .. } => {
            let whole = if lane.is_some() { "one lane" } else { "all lanes" };
            Some(reason.as_ref().map_or_else(|| whole.to_owned(), |reason| format!("{whole}: {reason}")))
        }
        Request::Halt { reason, .. } => reason.clone(),
        Request::Archive(ask) => ask.note(),
        Request::Settle { envelopes, reason, .. } => {
            let all = if envelopes.is_empty() { "all dead ones" } else { "" };
            let note = [all, reason.as_str()].into_iter().filter(|one| !one.is_empty());
            Some(note.collect::<Vec<_>>().join(": ")).filter(|note| !note.is_empty())
        }
        Request::Alerts(ask) => Some(match ask {
            alerts::Ask::List => "listed".to_owned(),
            alerts::Ask::Acknowledge { id, .. } => format!("alert {id}"),
            alerts::Ask::Snooze { id, until, .. } => format!("alert {id} until {}", Timestamp(*until)),
            alerts::Ask::HandOver { id, to, .. } => format!("alert {id} to {to}"),
            alerts::Ask::Mute { systems, kinds, minutes, reason, .. } => {
                let list = |names: &std::collections::BTreeSet<String>| match names.is_empty() {
                    true => "all".to_owned(),
                    false => names.iter().map(String::as_str).collect::<Vec<_>>().join(" "),
                };
                format!("{minutes} min, systems {}, kinds {}: {reason}", list(systems), list(kinds))
            }
            alerts::Ask::Unmute { id } => format!("mute {id} ended"),
            alerts::Ask::Test { .. } => "a test alert was sent".to_owned(),
        }),
        Request::Deploy { revision, .. } => Some(revision.clone().unwrap_or_else(|| "the newest".to_owned())),
        Request::Rollback { revision, reason } => {
            Some(format!("{}: {reason}", revision.as_deref().unwrap_or("the one before")))
        }
        Request::Canary(ask) => on_trial("canary", ask),
        Request::Shadow(ask) => on_trial("shadow", ask),
        Request::Copy { name } => Some(format!("as {name}")),
        Request::Migrate(ask) => Some(ask.note()),
        Request::Learn(_) => Some("a dialect was learned".to_owned()),
        Request::Payload { stage, .. } => Some(stage.clone()),
        Request::Resend { channel, reason, .. } => {
            let into = channel.as_ref().map(|channel| format!("into the channel {channel}"));
            let note: Vec<String> = into.into_iter().chain(reason.clone()).collect();
            Some(note.join(": ")).filter(|note| !note.is_empty())
        }
        Request::Edit { reason, .. } => reason.clone(),
        Request::Images(ask) => ask.study().map(|study| format!("study {study}")),
        Request::Audit(ask) => Some(ask.word().to_owned()),
        _ => None,
    }
}

fn on_trial(kind: &str, ask: &Trial) -> Option<String> {
    let what = match ask {
        Trial::Start { against, terms: Some(terms), .. } => format!("{kind}: {against} for {terms}"),
        Trial::Start { against, .. } => format!("{kind}: {against}"),
        Trial::Change { terms, .. } => format!("{kind}: for {terms} from now on"),
        Trial::Take { .. } => format!("{kind}: taken over"),
        Trial::Drop { .. } => format!("{kind}: thrown away"),
        Trial::Look { .. } | Trial::Status { .. } => return None,
    };
    Some(ask.reason().map_or_else(|| what.clone(), |reason| format!("{what}: {reason}")))
}
