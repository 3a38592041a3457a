//! Who may ask what: one place, whoever asks and by whatever way.
//!
//! | request | right |
//! |---|---|
//! | how things stand, lists | view state; what the places do not cover is left out |
//! | identifiers of patients in lists: search keys, lanes | view payload; else they are left out |
//! | a search by keys or text | view payload; only what may be opened is found |
//! | a message | view payload, and a purpose where the role asks for one; with view state alone without its contents |
//! | learning a dialect | view payload for the whole channel |
//! | a replay | view payload for the whole channel; with files of one's own administer as well |
//! | what differs in a shadow | view payload for the whole channel |
//! | a shadow, a canary: begin, change, take over, throw away; what would begin | administer, and see the channel |
//! | alerts | view state; of the systems that may be seen. Test: administer |
//! | how the archive of images stands | view state |
//! | studies, images, reports of the archive | view payload for everything or for `archive`, and a purpose as for a message; by a signed link its study alone |
//! | acknowledge an alert, put it off, hand it over | act on one of its systems |
//! | mute, and end a mute | act on each of its systems; of all systems, or Klinke's own: act everywhere, or administer |
//! | stop and start a channel | act on the channel itself |
//! | hold, release, skip, give up, revive, drop, resend | act |
//! | edit, and what an edit would change | act and view payload |
//! | the archive: how much, what lies beside, is held, is in the trash, would go | view state |
//! | the archive: changes, which name patients | view payload everywhere, and a purpose where the role asks for one |
//! | the archive: merge, correct, move, undo, decide, hold, release, restore | act everywhere, or administer |
//! | the archive: check, throw away, let rules throw away | administer |
//! | the audit log | audit |
//! | an old archive that is taken over: how far it is, its report | view state |
//! | the same: what goes first | act everywhere, or administer |
//! | accounts, reload, deploy, roll back, backup, verify, prune, taking over an old archive | administer |
//!
//! A place is a channel or a system: a right for either covers a message that came from this system into
//! this channel. Destinations count by the system of their name.

use serde_json::Value;

use super::{Actor, Places, Right};
use crate::audit::trail;
use crate::house::door::{About, Answers};
use crate::house::request::Request;
use crate::house::trial::Ask as Trial;
use crate::house::{alerts, archive, images, migrate};

/// What stands where an identifier is left out.
pub const HIDDEN: &str = "…";

/// Why a request is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// The right is missing.
    Right(Right),
    /// A purpose is missing.
    Purpose,
}

impl std::fmt::Display for Denied {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Denied::Right(right) => {
                write!(f, "you may not do this: it needs the right \"{}\"", right.words().0)
            }
            Denied::Purpose => f.write_str("say what you open this message for"),
        }
    }
}

impl Denied {
    /// In German; the English text is its `Display`.
    pub fn german(self) -> String {
        match self {
            Denied::Right(right) => {
                format!("das dürfen Sie nicht: dafür braucht es das Recht „{}“", right.words().1)
            }
            Denied::Purpose => "sagen Sie, wozu Sie diese Nachricht öffnen".to_owned(),
        }
    }
}

/// Whether somebody may ask this. `about` knows the messages that the request names.
pub fn check(
    house: &dyn Answers,
    actor: &Actor,
    request: &Request,
    about: &[(u64, About)],
    purpose: Option<&str>,
) -> Result<(), Denied> {
    let somewhere = |right| if actor.may_somewhere(right) { Ok(()) } else { Err(Denied::Right(right)) };
    let at = |right, names: &[&str]| if actor.may(right, names) { Ok(()) } else { Err(Denied::Right(right)) };
    let each = |right| about.iter().try_for_each(|(_, one)| at(right, &one.places()));
    match request {
        Request::Status
        | Request::Queue { .. }
        | Request::Dead { .. }
        | Request::Systems
        | Request::Drift { .. }
        | Request::Diagnose { system: None, .. }
        | Request::History { channel: None } => somewhere(Right::ViewState),
        Request::Channel { name } | Request::History { channel: Some(name) } => {
            match sees_channel(house, actor, name) {
                true => Ok(()),
                false => Err(Denied::Right(Right::ViewState)),
            }
        }
        Request::Rhythm { system } => at(Right::ViewState, &[system]),
        Request::Diagnose { system: Some(name), .. } => at(Right::ViewState, &places(name)),
        // A changed file is a program that somebody brings along: it is read and compiled.
        Request::Propose { .. } => {
            somewhere(Right::Administer)?;
            if actor.grants.state == Places::All { Ok(()) } else { Err(Denied::Right(Right::ViewState)) }
        }
        // All files at once: for those who see all.
        Request::Site | Request::File { .. } if actor.grants.state == Places::All => Ok(()),
        Request::Site | Request::File { .. } => Err(Denied::Right(Right::ViewState)),
        Request::Payload { .. } | Request::Export { .. } => {
            each(Right::ViewPayload)?;
            said(actor, purpose)
        }
        Request::Learn(order) => {
            let names: Vec<&str> = order.channel.iter().chain(&order.system).map(String::as_str).collect();
            at(Right::ViewPayload, &names)
        }
        Request::Replay(order) => {
            at(Right::ViewPayload, &[&order.channel])?;
            // Other files than the site's own are programs that somebody brings along.
            if order.base.is_some() || order.changed.is_some() || order.revision.is_some() {
                somewhere(Right::Administer)?;
            }
            said(actor, purpose)
        }
        // A shadow's files are programs that somebody brings along; what differs shows fields of messages.
        Request::Shadow(Trial::Status { channel }) => {
            match channel {
                Some(channel) => at(Right::ViewPayload, &[channel])?,
                None if actor.grants.payload == Places::All => {}
                None => return Err(Denied::Right(Right::ViewPayload)),
            }
            said(actor, purpose)
        }
        Request::Canary(Trial::Status { channel: None }) if actor.grants.state == Places::All => Ok(()),
        Request::Canary(Trial::Status { channel: None }) => Err(Denied::Right(Right::ViewState)),
        Request::Canary(ask) | Request::Shadow(ask) => {
            if !matches!(ask, Trial::Status { .. }) {
                somewhere(Right::Administer)?;
            }
            match sees_channel(house, actor, ask.channel().unwrap_or_default()) {
                true => Ok(()),
                false => Err(Denied::Right(Right::ViewState)),
            }
        }
        Request::Messages(find) if trail::is_search(find) => somewhere(Right::ViewPayload),
        Request::Messages(_) => somewhere(Right::ViewState),
        Request::Show { .. } | Request::Read { .. } => {
            match about.iter().all(|(_, one)| actor.may(Right::ViewPayload, &one.places())) {
                true => said(actor, purpose),
                false => each(Right::ViewState),
            }
        }
        Request::Alerts(alerts::Ask::List) => somewhere(Right::ViewState),
        Request::Alerts(alerts::Ask::Test { .. }) => somewhere(Right::Administer),
        Request::Alerts(ask) => silence(house, actor, ask),
        Request::Archive(ask) => archived(actor, ask, purpose),
        Request::Hold { place, .. } => at(Right::Act, &places(place)),
        Request::Settle { place, .. } => at(Right::Act, &places(place)),
        Request::Halt { channel, .. } => at(Right::Act, &[channel]),
        Request::Resend { channel, .. } => {
            each(Right::Act)?;
            channel.as_ref().map_or(Ok(()), |channel| at(Right::Act, &[channel]))
        }
        Request::Edit { .. } | Request::Alter { .. } => {
            each(Right::Act)?;
            each(Right::ViewPayload)?;
            said(actor, purpose)
        }
        Request::Audit(_) => somewhere(Right::Audit),
        Request::Images(ask) => look_at(actor, ask, purpose),
        Request::Migrate(ask) if ask.is_look() => somewhere(Right::ViewState),
        Request::Migrate(migrate::Ask::First { .. }) => {
            let may = actor.grants.act == Places::All || actor.grants.administer;
            if may { Ok(()) } else { Err(Denied::Right(Right::Act)) }
        }
        Request::People(_)
        | Request::Backup { .. }
        | Request::Copy { .. }
        | Request::Verify
        | Request::Prune
        | Request::Reload
        | Request::Deploy { .. }
        | Request::Migrate(_)
        | Request::Rollback { .. } => somewhere(Right::Administer),
    }
}

/// Who acknowledges or mutes takes a word from others: of what they may act on, and no more.
fn silence(house: &dyn Answers, actor: &Actor, ask: &alerts::Ask) -> Result<(), Denied> {
    let may_all = actor.grants.act == Places::All || actor.grants.administer;
    let may = |system: &str| actor.may(Right::Act, &[system]);
    let each = |systems: &[String]| {
        !systems.is_empty() && systems.iter().all(|system| system != "klinke" && may(system))
    };
    let is_allowed = match ask {
        alerts::Ask::List | alerts::Ask::Test { .. } => may_all,
        alerts::Ask::Acknowledge { id, .. }
        | alerts::Ask::Snooze { id, .. }
        | alerts::Ask::HandOver { id, .. } => {
            let systems = house.systems_of_alert(*id).unwrap_or_default();
            may_all || systems.iter().any(|system| system != "klinke" && may(system))
        }
        alerts::Ask::Mute { systems, .. } => may_all || each(&systems.iter().cloned().collect::<Vec<_>>()),
        alerts::Ask::Unmute { id } => may_all || each(&house.systems_of_mute(*id).unwrap_or_default()),
    };
    if is_allowed { Ok(()) } else { Err(Denied::Right(Right::Act)) }
}

/// The archive has no places: whoever does something with it may do so everywhere.
fn archived(actor: &Actor, ask: &archive::Ask, purpose: Option<&str>) -> Result<(), Denied> {
    use archive::Ask;
    let grants = &actor.grants;
    let (right, may) = match ask {
        Ask::Status
        | Ask::Clashes { .. }
        | Ask::Holds
        | Ask::Inbox
        | Ask::Trash { .. }
        | Ask::Priors { .. }
        | Ask::Retention { dry: true } => (Right::ViewState, actor.may_somewhere(Right::ViewState)),
        Ask::Changes { .. } | Ask::Export(_) => (Right::ViewPayload, grants.payload == Places::All),
        Ask::Merge { .. }
        | Ask::Correct { .. }
        | Ask::Move { .. }
        | Ask::Undo { .. }
        | Ask::Decide { .. }
        | Ask::Hold { .. }
        | Ask::Release { .. }
        | Ask::FetchAgain
        | Ask::Restore { .. } => (Right::Act, grants.act == Places::All || grants.administer),
        Ask::Verify | Ask::Import(_) | Ask::Throw { .. } | Ask::Retention { dry: false } => {
            (Right::Administer, grants.administer)
        }
    };
    match ask {
        _ if !may => Err(Denied::Right(right)),
        Ask::Changes { .. } | Ask::Export(_) => said(actor, purpose),
        _ => Ok(()),
    }
}

/// Images are of patients as messages are; how much there is is not.
fn look_at(actor: &Actor, ask: &images::Ask, purpose: Option<&str>) -> Result<(), Denied> {
    let denied = Err(Denied::Right(Right::ViewPayload));
    match (&actor.study, ask) {
        // Whoever signed the link answers for the purpose.
        (Some(only), ask) => {
            if ask.study() == Some(only) {
                Ok(())
            } else {
                denied
            }
        }
        (None, images::Ask::State) if actor.may_somewhere(Right::ViewState) => Ok(()),
        (None, images::Ask::State) => Err(Denied::Right(Right::ViewState)),
        (None, _) if !actor.may(Right::ViewPayload, &[images::PLACE]) => denied,
        (None, images::Ask::Find(_)) => Ok(()),
        (None, _) => said(actor, purpose),
    }
}

fn said(actor: &Actor, purpose: Option<&str>) -> Result<(), Denied> {
    let is_said = purpose.is_some_and(|purpose| !purpose.trim().is_empty());
    if is_said || !actor.grants.purpose { Ok(()) } else { Err(Denied::Purpose) }
}

/// `channel/destination` as places.
fn places(place: &str) -> Vec<&str> {
    place.split('/').filter(|part| !part.is_empty()).collect()
}

/// True when what a message holds is in the answer to this: only then it counts as opened.
pub fn shows_payload(actor: &Actor, request: &Request, about: &[(u64, About)]) -> bool {
    !matches!(request, Request::Show { .. } | Request::Read { .. })
        || about.iter().all(|(_, one)| actor.may(Right::ViewPayload, &one.places()))
}

/// A channel is seen by its own name, or by a system at one of its ends.
fn sees_channel(house: &dyn Answers, actor: &Actor, channel: &str) -> bool {
    actor.may(Right::ViewState, &[channel])
        || house.systems_of(channel).iter().any(|system| actor.may(Right::ViewState, &[system]))
}

/// What is found of Klinke itself is for whoever sees anything.
fn sees_system(actor: &Actor, system: &str) -> bool {
    system == "klinke" || actor.may(Right::ViewState, &places(system))
}

/// Leaves out of an answer what somebody may not see.
pub fn narrow(
    house: &dyn Answers,
    actor: &Actor,
    request: &Request,
    about: &[(u64, About)],
    answer: &mut Value,
) {
    match request {
        Request::Status => {
            if let Some(channels) = answer.get_mut("channels").and_then(Value::as_array_mut) {
                channels.retain(|one| sees_channel(house, actor, text(one, "name")));
            }
            if actor.grants.state != Places::All {
                narrow_deployed(house, actor, answer);
            }
            for part in ["drift", "findings"] {
                if let Some(all) = answer.get_mut(part).and_then(Value::as_array_mut) {
                    all.retain(|one| sees_system(actor, text(one, "system")));
                }
            }
        }
        Request::Diagnose { .. } => {
            let Some(found) = answer.get_mut("findings").and_then(Value::as_array_mut) else { return };
            found.retain(|one| sees_system(actor, text(one, "system")));
        }
        Request::Drift { .. } => {
            let Some(systems) = answer.as_array_mut() else { return };
            systems.retain(|one| sees_system(actor, text(one, "system")));
        }
        Request::Systems => {
            let Some(systems) = answer.as_array_mut() else { return };
            systems.retain(|one| {
                let ends = ["sends", "gets"].into_iter().filter_map(|key| one[key].as_array()).flatten();
                let mut names = ends.filter_map(Value::as_str).flat_map(places);
                actor.may(Right::ViewState, &[text(one, "name")])
                    || names.any(|name| actor.may(Right::ViewState, &[name]))
            });
        }
        Request::Read { .. } if !shows_payload(actor, request, about) => {
            answer.get_mut("message").into_iter().for_each(|message| narrow_message(actor, message));
            answer["words"] = Value::Null;
            answer["sheets"] = Value::Array(Vec::new());
        }
        Request::Messages(find) => narrow_lines(actor, trail::is_search(find), answer),
        Request::Queue { .. } | Request::Dead { .. } => {
            let Some(all) = answer.as_array_mut() else { return };
            all.retain(|one| actor.may(Right::ViewState, &places(text(one, "destination"))));
            for one in all.iter_mut() {
                hide_lanes(actor, one);
                one.get_mut("first").into_iter().for_each(|first| hide_lanes(actor, first));
            }
        }
        Request::Alerts(alerts::Ask::List) => narrow_alerts(actor, answer),
        Request::Images(images::Ask::State) if !actor.may(Right::ViewPayload, &[images::PLACE]) => {
            answer["clashes"] = Value::Array(Vec::new());
        }
        Request::Images(images::Ask::Study { .. }) if actor.study.is_some() => {
            answer["others"] = Value::Array(Vec::new());
        }
        Request::Show { .. } if !shows_payload(actor, request, about) => narrow_message(actor, answer),
        _ => {}
    }
}

/// Alerts of systems that somebody may see; one that names several is seen by whoever sees one of them.
/// Why a revision was refused names files and keys of all channels, as the page of the site does.
fn narrow_deployed(house: &dyn Answers, actor: &Actor, answer: &mut Value) {
    let Some(deployed) = answer.get_mut("deployed") else { return };
    if let Some(faults) = deployed.get_mut("refused").and_then(|refused| refused.get_mut("faults")) {
        *faults = Value::Array(Vec::new());
    }
    for part in ["taken", "canaries", "shadows"] {
        if let Some(all) = deployed.get_mut(part).and_then(Value::as_array_mut) {
            all.retain(|one| sees_channel(house, actor, text(one, "channel")));
        }
    }
}

fn narrow_alerts(actor: &Actor, answer: &mut Value) {
    for part in ["open", "closed"] {
        let Some(all) = answer.get_mut(part).and_then(Value::as_array_mut) else { continue };
        all.retain(|one| {
            let systems = one["systems"].as_array().into_iter().flatten();
            systems.filter_map(Value::as_str).any(|system| sees_system(actor, system))
        });
    }
}

fn narrow_lines(actor: &Actor, is_search: bool, answer: &mut Value) {
    let Some(lines) = answer.as_array_mut() else { return };
    let may = |right, line: &Value| actor.may(right, &[text(line, "channel"), text(line, "system")]);
    lines.retain(|line| may(Right::ViewPayload, line) || (!is_search && may(Right::ViewState, line)));
    for line in lines.iter_mut().filter(|line| !may(Right::ViewPayload, line)) {
        hide_keys(line);
    }
}

/// A message without what it holds: how it went, and no more.
fn narrow_message(actor: &Actor, message: &mut Value) {
    message.get_mut("line").into_iter().for_each(hide_keys);
    for part in ["stages", "trace"] {
        if let Some(all) = message.get_mut(part).and_then(Value::as_array_mut) {
            all.clear();
        }
    }
    for one in message.get_mut("deliveries").and_then(Value::as_array_mut).into_iter().flatten() {
        hide_lanes(actor, one);
        for attempt in one.get_mut("attempts").and_then(Value::as_array_mut).into_iter().flatten() {
            attempt["answer"] = Value::Null;
        }
    }
}

fn hide_keys(line: &mut Value) {
    if let Some(keys) = line.get_mut("keys").and_then(Value::as_array_mut) {
        // What happened is no patient's.
        keys.retain(|pair| pair[0] == "event");
    }
}

/// A lane is often named by its patient.
fn hide_lanes(actor: &Actor, one: &mut Value) {
    let may = actor.may(Right::ViewPayload, &places(text(one, "destination")));
    if let Some(Value::String(lane)) = one.get_mut("lane")
        && !may
        && !lane.is_empty()
    {
        HIDDEN.clone_into(lane);
    }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}
