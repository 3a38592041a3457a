//! The door with a house of two channels behind it.

use std::collections::BTreeSet;
use std::sync::Arc;

use klinke_store::Error;
use klinke_store::faulty::FaultyStore;
use klinke_store::memory::MemoryStore;
use serde_json::{Value, json};

use super::*;
use crate::audit::Who;
use crate::audit::log::Wanted;
use crate::audit::request::Ask;
use crate::house::request::{Find, Replay, Settle};
use crate::house::trial::Ask as Trial;
use crate::house::{alerts, archive, images, migrate};
use crate::people::{Right, Role, Roles};

struct House;

impl Answers for House {
    fn answer(&self, request: Request) -> Result<Value, String> {
        let line = |id: u64, channel: &str, patient: &str| {
            let keys = json!([["patient", patient], ["event", "ADT^A01"], ["case", "F1"]]);
            json!({ "id": id, "channel": channel, "system": "kis", "keys": keys })
        };
        Ok(match request {
            Request::Status => json!({ "channels": [{ "name": "adt" }, { "name": "lab" }] }),
            Request::Messages(_) => json!([line(1, "adt", "4711"), line(2, "lab", "4712")]),
            Request::Show { id: 9 } => return Err("there is no envelope 9".to_owned()),
            Request::Show { id } => json!({
                "line": line(id, if id == 1 { "adt" } else { "lab" }, "4711"),
                "stages": [{ "name": "received", "payloads": ["TVNI"] }],
                "trace": ["seen Mustermann"],
                "deliveries": [{
                    "destination": "adt/ris", "lane": "4711", "state": "dead",
                    "attempts": [{ "answer": "TVNB", "code": "AR" }],
                }],
            }),
            Request::Queue { .. } => json!([
                { "destination": "adt/ris", "lane": "4711", "first": { "destination": "adt/ris", "lane": "4711" } },
                { "destination": "lab/lis", "lane": "4712", "first": { "destination": "lab/lis", "lane": "4712" } },
            ]),
            Request::Prune => json!({ "envelopes": 3 }),
            Request::Replay(_) => {
                json!({ "fields": [{ "examples": [{ "envelope": 1 }, { "envelope": 2 }] }, { "examples": [{ "envelope": 1 }] }] })
            }
            Request::Hold { place, .. } if place == "adt/gone" => {
                return Err("there is no destination".to_owned());
            }
            Request::Alerts(alerts::Ask::List) => json!({
                "open": [{ "systems": ["ris"] }, { "systems": ["lis"] }, { "systems": ["klinke"] }],
                "closed": [{ "systems": ["lis", "ris"] }, { "systems": ["lis"] }],
            }),
            Request::Images(images::Ask::State) => json!({ "studies": 2, "clashes": [{ "study": "1.2.3" }] }),
            Request::Images(images::Ask::Find(_)) => json!({ "studies": [{ "patient": { "id": "4711" } }] }),
            Request::Images(images::Ask::Study { .. }) => {
                json!({ "patient": { "id": "4711" }, "others": [{ "uid": "1.2.4" }] })
            }
            Request::Images(_) => json!({ "patient": "4711" }),
            Request::Alerts(alerts::Ask::Acknowledge { who, .. }) => json!({ "who": who }),
            _ => json!({ "done": true }),
        })
    }

    fn systems_of(&self, channel: &str) -> Vec<String> {
        if channel == "lab" { vec!["lis".to_owned()] } else { Vec::new() }
    }

    fn systems_of_alert(&self, id: u64) -> Option<Vec<String>> {
        match id {
            7 => Some(vec!["lis".to_owned(), "ris".to_owned()]),
            8 => Some(vec!["klinke".to_owned()]),
            _ => None,
        }
    }

    fn systems_of_mute(&self, id: u64) -> Option<Vec<String>> {
        match id {
            1 => Some(vec!["ris".to_owned()]),
            2 => Some(vec!["lis".to_owned(), "ris".to_owned()]),
            3 => Some(Vec::new()),
            _ => None,
        }
    }

    fn about(&self, envelope: u64) -> Result<Option<About>, String> {
        let about = |channel: &str, patient: &str| {
            let (channel, system) = (channel.to_owned(), "kis".to_owned());
            Some(About { channel, system, patients: vec![patient.to_owned()] })
        };
        Ok(match envelope {
            1 => about("adt", "4711"),
            2 => about("lab", "4712"),
            _ => None,
        })
    }
}

struct Bed {
    door: Door,
    store: Arc<FaultyStore<MemoryStore>>,
}

impl Bed {
    fn new() -> Bed {
        let store = Arc::new(FaultyStore::new(Arc::new(MemoryStore::default()), 1));
        let people = People::open(store.clone(), crate::people::session::Lengths::default()).unwrap();
        Bed { door: Door::new(Arc::new(people)), store }
    }

    fn ask(&self, actor: &Actor, request: Request) -> Result<Value, Refused> {
        self.door.ask(&House, actor, None, request)
    }

    fn entries(&self) -> Vec<Entry> {
        let wanted = Wanted { above: Some(0), limit: 99, ..Wanted::default() };
        self.door.log().read(&wanted).unwrap().into_iter().map(|line| line.entry.unwrap()).collect()
    }
}

fn names(list: &[&str]) -> BTreeSet<String> {
    list.iter().map(|name| (*name).to_owned()).collect()
}

fn actor(role: Role) -> Actor {
    let roles = Roles::with([("r".to_owned(), role)].into());
    let who = Who::account("anna");
    Actor {
        who,
        from: "10.0.0.7".to_owned(),
        grants: roles.grants(["r"]),
        title: "Anna".to_owned(),
        emergency: None,
        study: None,
    }
}

fn everything() -> Actor {
    Actor::local(Who::user("root", None))
}

fn search(name: &str, value: &str) -> Request {
    let keys = vec![(name.to_owned(), value.to_owned())];
    Request::Messages(Find { keys, ..Find::default() })
}

/// A request of every kind that leaves an entry, and its action.
fn audited() -> Vec<(Request, Action)> {
    let settle = |what| Request::Settle {
        what,
        place: "adt/ris".to_owned(),
        envelopes: vec![1],
        reason: "r".to_owned(),
    };
    let hold = |reason: Option<&str>| Request::Hold {
        place: "adt/ris".to_owned(),
        lane: None,
        reason: reason.map(str::to_owned),
    };
    let halt = |reason: Option<&str>| Request::Halt {
        channel: "adt".to_owned(),
        reason: reason.map(str::to_owned),
        who: String::new(),
    };
    let alert = Request::Alerts;
    let archived = |ask| Request::Archive(ask);
    let (study, by) = ("1.2.3".to_owned(), || archive::By::because("r"));
    let page = archive::Ask::Changes { before: None, limit: 1 };
    let (old, new) = ("4711".to_owned(), "4712".to_owned());
    let restore = archive::Ask::Restore { study: Some(study.clone()), numbers: Vec::new(), by: by() };
    let (series, instance) = (None, None);
    vec![
        (archived(page), Action::OpenPayload),
        (archived(archive::Ask::Merge { old, new, by: by() }), Action::ChangeIdentity),
        (archived(archive::Ask::Undo { number: 1, by: by() }), Action::ChangeIdentity),
        (archived(archive::Ask::Decide { number: 1, take: archive::Take::Ours, by: by() }), Action::Decide),
        (archived(archive::Ask::Hold { study: study.clone(), by: by() }), Action::Hold),
        (archived(archive::Ask::Release { study: study.clone(), by: by() }), Action::Release),
        (archived(archive::Ask::Throw { study, series, instance, by: by() }), Action::Drop),
        (archived(restore), Action::Revive),
        (search("patient", "4711"), Action::Search),
        (Request::Messages(Find { text: Some("Muster".to_owned()), ..Find::default() }), Action::Search),
        (Request::Show { id: 1 }, Action::OpenPayload),
        (Request::Read { id: 1, lang: "de".to_owned() }, Action::OpenPayload),
        (Request::Replay(Replay { channel: "adt".to_owned(), ..Replay::default() }), Action::OpenPayload),
        (Request::Export { id: 1 }, Action::Export),
        (Request::Payload { id: 1, stage: "received".to_owned() }, Action::Export),
        (hold(Some("r")), Action::Hold),
        (hold(None), Action::Release),
        (settle(Settle::Skip), Action::Skip),
        (settle(Settle::Dead), Action::Kill),
        (settle(Settle::Revive), Action::Revive),
        (settle(Settle::Drop), Action::Drop),
        (Request::Resend { envelopes: vec![1, 2], channel: None, reason: None }, Action::Resend),
        (Request::Alter { id: 1, text: None }, Action::OpenPayload),
        (Request::Edit { id: 1, payload: "TVNI".to_owned(), reason: None }, Action::Edit),
        (halt(Some("r")), Action::StopChannel),
        (halt(None), Action::StartChannel),
        (alert(alerts::Ask::Acknowledge { id: 1, who: String::new() }), Action::Acknowledge),
        (alert(alerts::Ask::Snooze { id: 1, until: 9, who: String::new() }), Action::Snooze),
        (alert(alerts::Ask::HandOver { id: 1, to: "anna".to_owned(), who: String::new() }), Action::HandOver),
        (alert(alerts::Ask::Unmute { id: 1 }), Action::Mute),
        (alert(alerts::Ask::Test { way: None }), Action::Mute),
        (Request::Learn(Box::default()), Action::OpenPayload),
        (Request::Backup { folder: "/x".to_owned() }, Action::Backup),
        (Request::Copy { name: "x".to_owned() }, Action::Backup),
        (Request::Reload, Action::Reload),
        (Request::Canary(Trial::Drop { channel: "adt".to_owned(), reason: None }), Action::Rollback),
        (Request::Canary(Trial::Take { channel: "adt".to_owned(), reason: None }), Action::Deploy),
        (Request::Shadow(Trial::Drop { channel: "adt".to_owned(), reason: None }), Action::Shadow),
        (Request::Shadow(Trial::Take { channel: "adt".to_owned(), reason: None }), Action::Deploy),
        (Request::Shadow(Trial::Status { channel: None }), Action::OpenPayload),
        (Request::Deploy { revision: None, dry: false }, Action::Deploy),
        (Request::Rollback { revision: None, reason: "r".to_owned() }, Action::Rollback),
        (Request::Prune, Action::Prune),
        (Request::Migrate(migrate::Ask::Stop { name: "old".to_owned(), reason: None }), Action::Migrate),
        (Request::Archive(archive::Ask::Import(archive::Import::default())), Action::Import),
        (Request::Archive(archive::Ask::Export(archive::Export::default())), Action::Export),
        (Request::Audit(Ask::List(Wanted::default())), Action::ReadAudit),
    ]
}

#[test]
fn every_kind_of_entry_is_tried_here_or_is_written_by_who_comes_and_goes() {
    let mut tried: BTreeSet<Action> = audited().into_iter().map(|(_, action)| action).collect();
    // `crates/app/tests/cli/people.rs::who_comes_goes_and_changes_accounts_leaves_an_entry_of_each_kind`
    tried.extend([Action::Start, Action::Stop, Action::LogIn, Action::LogOut]);
    tried.extend([Action::Account, Action::Token, Action::Emergency]);
    let missing: Vec<_> = Action::ALL.into_iter().filter(|action| !tried.contains(action)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn nobody_stops_a_channel_or_puts_an_alert_off_in_the_name_of_another() {
    struct Asked(std::sync::Mutex<Vec<Request>>);
    impl Answers for Asked {
        fn answer(&self, request: Request) -> Result<Value, String> {
            self.0.lock().unwrap().push(request);
            Ok(Value::Null)
        }
        fn about(&self, _: u64) -> Result<Option<About>, String> {
            Ok(None)
        }
        fn systems_of(&self, _: &str) -> Vec<String> {
            Vec::new()
        }
    }
    let (bed, house) = (Bed::new(), Asked(Default::default()));
    let who = || "somebody else".to_owned();
    let all = [
        Request::Halt { channel: "adt".to_owned(), reason: None, who: who() },
        Request::Alerts(alerts::Ask::Snooze { id: 1, until: 9, who: who() }),
        Request::Alerts(alerts::Ask::HandOver { id: 1, to: "anna".to_owned(), who: who() }),
    ];
    for request in all {
        bed.door.ask(&house, &everything(), None, request).unwrap();
    }
    let asked = format!("{:?}", house.0.lock().unwrap());
    assert!(!asked.contains("somebody else") && asked.matches("who: \"root\"").count() == 3, "{asked}");
}

#[test]
fn every_such_request_leaves_one_entry_with_what_it_was_done_to() {
    for (request, action) in audited() {
        let bed = Bed::new();
        bed.ask(&everything(), request.clone()).unwrap();
        let entries = bed.entries();
        assert_eq!(entries.iter().map(|one| one.action).collect::<Vec<_>>(), [action], "{request:?}");
        assert_eq!((entries[0].who.name.as_str(), entries[0].from.as_str()), ("root", "local"));
    }
    let bed = Bed::new();
    bed.ask(&everything(), Request::Show { id: 1 }).unwrap();
    bed.ask(&everything(), search("case", "F1")).unwrap();
    let [shown, found] = [0, 1].map(|at| bed.entries()[at].object.clone());
    assert_eq!(
        (shown.envelopes, shown.patients, shown.channel.as_deref()),
        (vec![1], vec!["4711".to_owned()], Some("adt"))
    );
    assert_eq!(
        (found.sought, found.patients.len(), found.shown),
        (vec![("case".to_owned(), "F1".to_owned())], 2, Some(2))
    );
    let replay = |changed: Option<&str>| {
        Request::Replay(Replay {
            channel: "adt".to_owned(),
            changed: changed.map(str::to_owned),
            ..Replay::default()
        })
    };
    bed.ask(&everything(), replay(None)).unwrap();
    assert_eq!(bed.entries()[2].object.patients, ["4711", "4712"], "whose messages a replay quotes");
    let ward = actor(Role { payload: names(&["adt"]), ..Role::default() });
    assert!(bed.ask(&ward, replay(None)).is_ok());
    assert_eq!(bed.ask(&ward, replay(Some("x"))), Err(Refused::Denied(Denied::Right(Right::Administer))));
    let before = bed.entries().len();
    for request in [Request::Status, Request::Messages(Find::default()), Request::Verify] {
        bed.ask(&everything(), request).unwrap();
    }
    assert_eq!(bed.entries().len(), before, "how things stand is nobody's secret");
}

#[test]
fn one_page_is_one_opening_and_another_person_is_another() {
    let bed = Bed::new();
    for _ in 0..3 {
        bed.ask(&everything(), Request::Show { id: 1 }).unwrap();
    }
    bed.ask(&everything(), Request::Show { id: 2 }).unwrap();
    bed.ask(&actor(Role { payload: names(&["*"]), ..Role::default() }), Request::Show { id: 1 }).unwrap();
    assert_eq!(bed.entries().len(), 3);
}

#[test]
fn without_an_entry_nothing_is_shown_or_done() {
    let bed = Bed::new();
    bed.store.refuse(Some(Error::Full("full".to_owned())));
    for (request, _) in audited() {
        let is_prune = request == Request::Prune;
        assert_eq!(bed.ask(&everything(), request).is_ok(), is_prune);
    }
    assert!(bed.ask(&everything(), Request::Status).is_ok());
}

#[test]
fn what_fails_and_what_is_refused_is_written_too() {
    let bed = Bed::new();
    assert!(bed.ask(&everything(), Request::Show { id: 9 }).is_err());
    let hold = Request::Hold { place: "adt/gone".to_owned(), lane: None, reason: Some("x".to_owned()) };
    assert!(bed.ask(&everything(), hold.clone()).is_err());
    let viewer = actor(Role { state: names(&["*"]), ..Role::default() });
    assert_eq!(bed.ask(&viewer, hold), Err(Refused::Denied(Denied::Right(Right::Act))));
    let ends: Vec<_> = bed.entries().iter().map(|one| (one.action, one.outcome)).collect();
    assert_eq!(
        ends,
        [
            (Action::OpenPayload, Outcome::Failed),
            (Action::Hold, Outcome::Done),
            (Action::Hold, Outcome::Failed),
            (Action::Hold, Outcome::Refused),
        ]
    );
}

#[test]
fn who_may_see_how_things_stand_sees_nothing_of_patients() {
    let bed = Bed::new();
    let viewer = actor(Role { state: names(&["adt"]), ..Role::default() });
    let status = bed.ask(&viewer, Request::Status).unwrap();
    assert_eq!(status["channels"], json!([{ "name": "adt" }]));
    let lines = bed.ask(&viewer, Request::Messages(Find::default())).unwrap();
    assert_eq!(lines.as_array().unwrap().len(), 1);
    assert_eq!(lines[0]["keys"], json!([["event", "ADT^A01"]]));
    assert!(bed.ask(&viewer, search("patient", "4711")).is_err());
    let queue = bed.ask(&viewer, Request::Queue { place: None, limit: 9 }).unwrap();
    assert!(!queue.to_string().contains("471") && queue[0]["first"]["lane"] == HIDDEN_LANE, "{queue}");
    let message = bed.ask(&viewer, Request::Show { id: 1 }).unwrap();
    assert!(
        message["deliveries"][0]["state"] == "dead"
            && message["deliveries"][0]["attempts"][0]["code"] == "AR"
    );
    for secret in ["4711", "Mustermann", "TVNI", "TVNB"] {
        assert!(!message.to_string().contains(secret), "{secret}: {message}");
    }
    let opened = bed.entries().into_iter().filter(|one| one.outcome == Outcome::Done).count();
    assert_eq!(opened, 0, "nothing was opened");
    assert!(bed.ask(&viewer, Request::Show { id: 2 }).is_err());
}

const HIDDEN_LANE: &str = crate::people::guard::HIDDEN;

#[test]
fn a_search_finds_only_what_may_be_opened() {
    let bed = Bed::new();
    let ward = actor(Role { state: names(&["*"]), payload: names(&["adt"]), ..Role::default() });
    let found = bed.ask(&ward, search("case", "F1")).unwrap();
    assert_eq!(found.as_array().unwrap().len(), 1);
    assert_eq!(bed.entries()[0].object.patients, ["4711"], "what was not shown is not written");
    let all = bed.ask(&ward, Request::Messages(Find::default())).unwrap();
    assert_eq!(all[1]["keys"], json!([["event", "ADT^A01"]]));
    let by_system = actor(Role { payload: names(&["kis"]), ..Role::default() });
    assert_eq!(bed.ask(&by_system, search("case", "F1")).unwrap().as_array().unwrap().len(), 2);
}

#[test]
fn rights_are_asked_for_each_request() {
    let bed = Bed::new();
    let none = actor(Role::default());
    let all = audited().into_iter().map(|(request, _)| request);
    let more = [Request::Status, Request::Verify, Request::People(crate::people::care::Ask::List)];
    for request in all.chain(more) {
        assert!(matches!(bed.ask(&none, request), Err(Refused::Denied(_))));
    }
    let act = actor(Role { act: names(&["adt"]), ..Role::default() });
    let resend = |channel: Option<&str>| Request::Resend {
        envelopes: vec![1],
        channel: channel.map(str::to_owned),
        reason: None,
    };
    assert!(bed.ask(&act, resend(None)).is_ok());
    assert!(bed.ask(&act, resend(Some("lab"))).is_err(), "into a channel that is not theirs");
    assert!(
        bed.ask(&act, Request::Resend { envelopes: vec![1, 2], channel: None, reason: None }).is_err(),
        "one of them is not theirs"
    );
    assert!(
        bed.ask(&act, Request::Edit { id: 1, payload: String::new(), reason: None }).is_err(),
        "editing shows the message"
    );
    let auditor = actor(Role { audit: true, ..Role::default() });
    assert!(bed.ask(&auditor, Request::Audit(Ask::List(Wanted::default()))).is_ok());
    assert!(bed.ask(&auditor, Request::Reload).is_err());
}

#[test]
fn a_purpose_is_asked_for_and_kept_as_one_line() {
    let bed = Bed::new();
    let asked = actor(Role { payload: names(&["*"]), purpose: true, ..Role::default() });
    let open = |purpose: Option<&str>| bed.door.ask(&House, &asked, purpose, Request::Show { id: 1 });
    for purpose in [None, Some(""), Some(" \n ")] {
        assert_eq!(open(purpose), Err(Refused::Denied(Denied::Purpose)));
    }
    open(Some("Rückfrage\nder Station")).unwrap();
    let entry = bed.entries().pop().unwrap();
    assert_eq!((entry.outcome, entry.purpose.as_deref()), (Outcome::Done, Some("Rückfrage der Station")));
}

#[test]
fn the_report_finds_who_saw_a_patient() {
    let bed = Bed::new();
    bed.ask(&everything(), Request::Show { id: 1 }).unwrap();
    bed.ask(&everything(), Request::Show { id: 2 }).unwrap();
    bed.ask(&actor(Role { payload: names(&["lab"]), ..Role::default() }), search("patient", "4711")).unwrap();
    bed.ask(&everything(), search("patient", "47*")).unwrap();
    let ask = Ask::WhoSaw { patient: "4711".to_owned(), wanted: Wanted { limit: 99, ..Wanted::default() } };
    let report = bed.ask(&everything(), Request::Audit(ask.clone())).unwrap();
    let seen: Vec<_> = report
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["line"]["entry"]["who"]["name"].clone(), one["how"].clone()))
        .collect();
    assert_eq!(
        seen,
        [(json!("root"), json!("shown")), (json!("anna"), json!("sought")), (json!("root"), json!("shown")),]
    );
    let again = bed.ask(&everything(), Request::Audit(ask)).unwrap();
    assert_eq!(again.as_array().unwrap().len(), 4, "who reads the report is in the next one");
}

#[test]
fn the_program_looks_without_a_trace() {
    let bed = Bed::new();
    bed.ask(&Actor::program(), Request::Prune).unwrap();
    assert!(bed.entries().is_empty());
}

#[test]
fn alerts_are_seen_by_system_and_acknowledged_in_ones_own_name() {
    let bed = Bed::new();
    let looks = actor(Role { state: names(&["ris"]), ..Role::default() });
    let seen = bed.ask(&looks, Request::Alerts(alerts::Ask::List)).unwrap();
    assert_eq!(seen["open"], json!([{ "systems": ["ris"] }, { "systems": ["klinke"] }]));
    assert_eq!(seen["closed"], json!([{ "systems": ["lis", "ris"] }]));
    assert!(bed.entries().is_empty(), "a look at alerts leaves no entry");
    let forged = || Request::Alerts(alerts::Ask::Acknowledge { id: 7, who: "somebody else".to_owned() });
    assert!(matches!(bed.ask(&looks, forged()), Err(Refused::Denied(_))));
    let acts = actor(Role { state: names(&["ris"]), act: names(&["ris"]), ..Role::default() });
    assert_eq!(bed.ask(&acts, forged()).unwrap()["who"], "anna");
    let test = Request::Alerts(alerts::Ask::Test { way: None });
    assert!(matches!(bed.ask(&acts, test), Err(Refused::Denied(_))), "a test is for those who administer");
    let entries = bed.entries();
    assert_eq!((entries[1].action, entries[1].outcome), (Action::Acknowledge, Outcome::Done));
    assert_eq!(entries[1].note.as_deref(), Some("alert 7"));
    assert_eq!((entries[2].action, entries[2].outcome), (Action::Mute, Outcome::Refused));
}

#[test]
fn who_acts_on_one_system_silences_no_other() {
    let bed = Bed::new();
    let one = actor(Role { state: names(&["*"]), act: names(&["ris"]), ..Role::default() });
    let acknowledge = |id| Request::Alerts(alerts::Ask::Acknowledge { id, who: String::new() });
    let unmute = |id| Request::Alerts(alerts::Ask::Unmute { id });
    let mute = |systems: &[&str]| {
        Request::Alerts(alerts::Ask::Mute {
            systems: names(systems),
            kinds: names(&["partner-down"]),
            minutes: 60,
            reason: "update".to_owned(),
            who: String::new(),
        })
    };
    for request in [acknowledge(7), mute(&["ris"]), unmute(1)] {
        assert!(bed.ask(&one, request.clone()).is_ok(), "{request:?}");
    }
    let entries = bed.entries();
    let note = entries[1].note.as_deref();
    assert_eq!(note, Some("60 min, systems ris, kinds partner-down: update"));
    let beyond = [
        acknowledge(8),
        acknowledge(99),
        mute(&[]),
        mute(&["klinke"]),
        mute(&["lis"]),
        mute(&["ris", "lis"]),
        unmute(2),
        unmute(3),
        unmute(99),
    ];
    for request in beyond {
        let asked = bed.ask(&one, request.clone());
        assert!(matches!(asked, Err(Refused::Denied(_))), "{request:?}");
        assert!(bed.ask(&everything(), request).is_ok());
    }
}

fn study(uid: &str) -> Request {
    Request::Images(images::Ask::Study { study: uid.to_owned() })
}

fn frame(uid: &str, number: u32) -> Request {
    let which = images::Which { study: uid.to_owned(), frame: number, ..images::Which::default() };
    Request::Images(images::Ask::Frame { which, by: 1 })
}

#[test]
fn a_look_at_a_study_leaves_one_entry_however_many_frames_it_has() {
    let bed = Bed::new();
    let reader = actor(Role { payload: names(&["archive"]), ..Role::default() });
    bed.ask(&reader, study("1.2.3")).unwrap();
    (1..=50).for_each(|number| drop(bed.ask(&reader, frame("1.2.3", number)).unwrap()));
    let entries = bed.entries();
    assert_eq!(entries.len(), 1, "{entries:?}");
    assert_eq!((entries[0].action, entries[0].note.as_deref()), (Action::OpenPayload, Some("study 1.2.3")));
    assert_eq!(entries[0].object.patients, ["4711"]);
    // Whoever asks for a frame without the page around it has opened it all the same.
    bed.ask(&reader, frame("1.2.9", 1)).unwrap();
    assert_eq!(bed.entries()[1].note.as_deref(), Some("study 1.2.9"));
}

#[test]
fn images_are_for_those_who_may_open_them_all() {
    let bed = Bed::new();
    let lab = actor(Role { state: names(&["*"]), payload: names(&["lab", "lis"]), ..Role::default() });
    for request in [study("1.2.3"), frame("1.2.3", 1), Request::Images(images::Ask::Find(Default::default()))]
    {
        let refused = bed.ask(&lab, request).unwrap_err();
        assert_eq!(refused, Refused::Denied(Denied::Right(Right::ViewPayload)));
    }
    let state = bed.ask(&lab, Request::Images(images::Ask::State)).unwrap();
    assert_eq!((&state["studies"], &state["clashes"]), (&json!(2), &json!([])));
    let asked = actor(Role { payload: names(&["*"]), purpose: true, ..Role::default() });
    assert_eq!(bed.ask(&asked, study("1.2.3")).unwrap_err(), Refused::Denied(Denied::Purpose));
    assert!(bed.entries().iter().all(|entry| entry.outcome == Outcome::Refused));
}

#[test]
fn a_search_for_studies_is_kept_and_the_newest_ones_are_not() {
    let bed = Bed::new();
    let reader = everything();
    bed.ask(&reader, Request::Images(images::Ask::Find(Default::default()))).unwrap();
    assert!(bed.entries().is_empty());
    let find = images::Find { patient: "4711".to_owned(), ..images::Find::default() };
    bed.ask(&reader, Request::Images(images::Ask::Find(find))).unwrap();
    let entry = &bed.entries()[0];
    assert_eq!((entry.action, entry.object.shown), (Action::Search, Some(1)));
    assert_eq!(entry.object.sought, [("patient".to_owned(), "4711".to_owned())]);
    assert_eq!(entry.object.patients, ["4711"]);
}

#[test]
fn a_link_opens_its_study_and_nothing_else() {
    let bed = Bed::new();
    let linked = Actor::linked(Who::link("ris", Some("Dr. Muster".to_owned())), "10.0.0.9", "1.2.3");
    let answer = bed.ask(&linked, study("1.2.3")).unwrap();
    assert_eq!(answer["others"], json!([]), "no other study is named");
    bed.ask(&linked, frame("1.2.3", 1)).unwrap();
    for request in [
        study("1.2.4"),
        frame("1.2.4", 1),
        Request::Images(images::Ask::State),
        Request::Images(images::Ask::Find(Default::default())),
        Request::Status,
        Request::Messages(Find::default()),
        Request::Show { id: 1 },
    ] {
        assert!(matches!(bed.ask(&linked, request.clone()), Err(Refused::Denied(_))), "{request:?}");
    }
    let entry = &bed.entries()[0];
    assert_eq!((entry.who.name.as_str(), entry.who.via.as_deref()), ("ris", Some("Dr. Muster")));
}
