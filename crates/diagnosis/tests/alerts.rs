//! The desk, told what is wrong minute by minute: who is told of what, and how often.

#![allow(clippy::unwrap_used, reason = "a test that can't go on breaks off")]

use std::collections::BTreeSet;
use std::time::Duration;

use klinke_diagnosis::alert::desk::Line;
use klinke_diagnosis::alert::plan::{Maintenance, Mute, Person, Rota, Rule, Step};
use klinke_diagnosis::alert::{Alert, Desk, Errand, Place, Plan, Rank, Reason, Sign, kind, words};
use klinke_diagnosis::rhythm::Calendar;
use klinke_diagnosis::{Lang, Text};
use klinke_model::Timestamp;

const SECOND: i64 = 1_000_000;
/// A Monday, 12:00 in Berlin.
const MONDAY: i64 = 1_795_431_600 * SECOND;

fn berlin() -> Calendar<'static> {
    Calendar { land: None, offset: &|_| 60 }
}

fn minutes(count: u64) -> Duration {
    Duration::from_secs(count * 60)
}

fn to(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Anna is told at once, Bert after a quarter of an hour, and both again each half hour.
fn plan() -> Plan {
    let person = |title: &str| Person {
        title: title.to_owned(),
        lang: Lang::En,
        ways: vec![("mail".to_owned(), format!("{title}@kh.example"))],
    };
    let steps = vec![
        Step { to: to(&["anna"]), after: Duration::ZERO },
        Step { to: to(&["bert"]), after: minutes(15) },
    ];
    Plan {
        people: [("anna".to_owned(), person("anna")), ("bert".to_owned(), person("bert"))].into(),
        rules: vec![Rule { steps, repeat: Some(minutes(30)), ..Rule::default() }],
        settle: Duration::from_secs(30),
        calm: minutes(2),
        hourly: 20,
        ..Plan::default()
    }
}

fn sign(code: &str, system: &str) -> Sign {
    let what = Text::new(format!("{system} refuses"), format!("{system} weist ab"));
    Sign::new(kind::of(code).unwrap(), system, system, &[("what", what)])
}

/// A desk, a plan and a clock.
struct Bed {
    desk: Desk,
    plan: Plan,
    now: Timestamp,
    places: Vec<Place>,
    told: Vec<Errand>,
}

impl Bed {
    fn new() -> Bed {
        Bed {
            desk: Desk::default(),
            plan: plan(),
            now: Timestamp(MONDAY),
            places: Vec::new(),
            told: Vec::new(),
        }
    }

    /// So many minutes in which this is wrong, looked at every ten seconds; gives what was told.
    fn pass(&mut self, count: i64, wrong: &[Sign]) -> Vec<(String, Reason)> {
        self.carry(count, wrong, &|_| true)
    }

    /// The same, where errands arrive at some people alone.
    fn carry(&mut self, count: i64, wrong: &[Sign], arrives: &dyn Fn(&str) -> bool) -> Vec<(String, Reason)> {
        let mut told = Vec::new();
        for _ in 0..count * 6 {
            self.now = Timestamp(self.now.0 + 10 * SECOND);
            for errand in self.desk.look(self.now, &self.plan, &berlin(), wrong.to_vec(), &self.places) {
                self.desk.settle(errand.id, "mail", arrives(&errand.person), true, self.now);
                told.push((errand.person.clone(), errand.reason));
                self.told.push(errand);
            }
        }
        told
    }

    fn one(&self) -> Alert {
        let open = self.desk.open();
        assert_eq!(open.len(), 1, "{open:?}");
        open[0].clone()
    }
}

fn told(list: &[(&str, Reason)]) -> Vec<(String, Reason)> {
    list.iter().map(|(who, why)| ((*who).to_owned(), *why)).collect()
}

#[test]
fn it_settles_is_told_escalates_repeats_and_is_well_again() {
    let mut bed = Bed::new();
    let down = [sign("partner-down", "ris")];
    assert!(bed.pass(0, &down).is_empty());
    // A hiccup of twenty seconds is nobody's business.
    bed.now = Timestamp(bed.now.0 + SECOND);
    bed.desk.look(bed.now, &bed.plan, &berlin(), down.to_vec(), &[]);
    assert!(bed.pass(5, &[]).is_empty());
    assert_eq!(bed.pass(1, &down), told(&[("anna", Reason::Opened)]));
    assert_eq!(bed.pass(13, &down), []);
    assert_eq!(bed.pass(2, &down), told(&[("bert", Reason::Escalated)]));
    assert_eq!(bed.pass(31, &down), told(&[("anna", Reason::Repeated), ("bert", Reason::Repeated)]));
    let id = bed.one().id;
    assert!(bed.desk.acknowledge(id, "anna", bed.now) && !bed.desk.acknowledge(id + 99, "anna", bed.now));
    assert_eq!(bed.pass(120, &down), [], "somebody looks after it");
    assert_eq!(bed.pass(3, &[]), told(&[("anna", Reason::Closed), ("bert", Reason::Closed)]));
    assert!(bed.desk.open().is_empty());
    let closed = bed.desk.closed().next().unwrap();
    let what: Vec<&str> = closed.lines.iter().map(|line: &Line| line.what.as_str()).collect();
    assert_eq!(what, ["opened", "told", "told", "told", "told", "acknowledged", "closed", "told", "told"]);
}

#[test]
fn a_dead_switch_is_one_alarm() {
    let mut bed = Bed::new();
    let names: Vec<String> = (0..40).map(|number| format!("device{number}")).collect();
    bed.places = names
        .iter()
        .enumerate()
        .map(|(number, name)| Place::new(name, &format!("10.1.2.{number}"), None))
        .chain((0..40).map(|n| Place::new(&format!("other{n}"), &format!("10.9.{n}.1"), None)))
        .collect();
    let down: Vec<Sign> = names.iter().map(|name| sign("partner-down", name)).collect();
    assert_eq!(bed.pass(5, &down), told(&[("anna", Reason::Opened)]));
    let one = bed.one();
    assert_eq!(
        (one.systems.len(), one.title.en.as_str()),
        (40, "40 systems in the network 10.1.2.0/24 are not reached")
    );
    assert!(one.text.en.contains("device0") && one.text.en.contains("and 28"), "{}", one.text.en);
    // All back but one: the same alert, not a new one.
    assert_eq!(bed.pass(5, &down[..1]), []);
    assert_eq!(bed.one().systems.len(), 1);
    assert_eq!(bed.pass(5, &[]), told(&[("anna", Reason::Closed)]));
}

#[test]
fn what_fails_one_after_the_other_joins_the_first() {
    let mut bed = Bed::new();
    bed.places =
        (0..5).map(|number| Place::new(&format!("s{number}"), &format!("10.1.2.{number}"), None)).collect();
    let mut down = Vec::new();
    for number in 0..5 {
        down.push(sign("silence", &format!("s{number}")));
        bed.pass(3, &down);
    }
    let opened = bed.told.iter().filter(|one| one.reason == Reason::Opened).count();
    assert_eq!(opened, 2, "the first two, before it was clear that the network is to blame");
    assert_eq!(bed.one().key, "network:10.1.2.0/24");
    let over = bed.pass(5, &[]);
    assert!(over.len() <= 2 && over.iter().all(|(_, why)| *why == Reason::Closed), "{over:?}");
    // Two systems on one machine.
    let mut bed = Bed::new();
    bed.places = ["kis", "lis"].map(|name| Place::new(name, "app1.kh.example", None)).to_vec();
    bed.pass(2, &[sign("partner-down", "kis"), sign("silence", "lis"), sign("queue-grows", "kis")]);
    assert_eq!((bed.one().key.as_str(), bed.told.len()), ("host:app1.kh.example", 1));
}

#[test]
fn what_comes_and_goes_is_damped() {
    let mut bed = Bed::new();
    bed.plan.rules[0].repeat = None;
    let down = [sign("partner-down", "ris")];
    let mut count = 0;
    for _ in 0..40 {
        count += bed.pass(2, &down).len();
        count += bed.pass(4, &[]).len();
    }
    assert!(count <= 10, "in four hours of coming and going {count} messages were sent");
    assert!(bed.desk.open().len() <= 1);
    let flaps = bed.desk.open().first().map_or(0, |one| one.flaps);
    assert!(flaps >= 2, "{flaps}");
}

#[test]
fn nobody_is_woken_in_quiet_hours_and_in_the_morning_it_is_told() {
    let mut bed = Bed::new();
    // Warnings are quiet from 13:00 to 18:00 of this Monday; urgent ones are not.
    let mut quiet = bed.plan.rules[0].clone();
    quiet.quiet = vec![(13 * 60, 18 * 60)];
    let mut urgent = bed.plan.rules[0].clone();
    urgent.rank = Rank::Urgent;
    bed.plan.rules = vec![urgent, quiet];
    bed.pass(70, &[]);
    let dead = [sign("dead-letters", "ris")];
    assert_eq!(bed.pass(60, &dead), []);
    assert_eq!(
        bed.pass(1, &[dead[0].clone(), sign("partner-down", "pacs")]),
        told(&[("anna", Reason::Opened)])
    );
    let later = bed.pass(60 * 4, &dead);
    assert!(later.contains(&("anna".to_owned(), Reason::Opened)), "{later:?}");
}

#[test]
fn maintenance_and_mutes_are_silent_and_end() {
    let mut bed = Bed::new();
    let systems = BTreeSet::from(["ris".to_owned()]);
    let once = Some((Timestamp(MONDAY), Timestamp(MONDAY + 3_600 * SECOND)));
    bed.plan.maintenance = vec![Maintenance {
        title: "update".to_owned(),
        systems: systems.clone(),
        once,
        ..Maintenance::default()
    }];
    let down = [sign("partner-down", "ris")];
    assert_eq!(bed.pass(50, &down), []);
    assert!(bed.one().muted);
    // Another system is told all the same.
    assert_eq!(bed.pass(2, &[down[0].clone(), sign("partner-down", "pacs")]).len(), 1);
    let over = bed.pass(12, &down);
    assert!(over.contains(&("anna".to_owned(), Reason::Opened)), "still down when it is over: {over:?}");
    let mut bed = Bed::new();
    let until = MONDAY + 3_600 * SECOND;
    let mute = Mute {
        id: 0,
        systems,
        kinds: BTreeSet::new(),
        until,
        who: "anna".to_owned(),
        reason: "update".to_owned(),
    };
    let id = bed.desk.mute(mute).unwrap();
    assert_eq!(bed.pass(30, &down), []);
    assert!(bed.desk.unmute(id) && !bed.desk.unmute(id));
    assert_eq!(bed.pass(1, &down).len(), 1);
}

#[test]
fn all_survives_a_restart() {
    let mut bed = Bed::new();
    let down = [sign("partner-down", "ris")];
    bed.pass(1, &down);
    let id = bed.one().id;
    bed.desk.acknowledge(id, "anna", bed.now);
    let kept = serde_json::to_vec(&bed.desk).unwrap();
    bed.desk = serde_json::from_slice(&kept).unwrap();
    assert_eq!(bed.one().acknowledged.as_ref().unwrap().0, "anna");
    assert_eq!(bed.pass(60, &down), [], "acknowledged before the restart");
    assert_eq!(bed.pass(3, &[]), told(&[("anna", Reason::Closed)]));
    // What was handed out and not heard of is still known.
    bed.pass(1, &[]);
    bed.now = Timestamp(bed.now.0 + 3_600 * SECOND);
    for _ in 0..2 {
        bed.now = Timestamp(bed.now.0 + 40 * SECOND);
        bed.desk.look(bed.now, &bed.plan, &berlin(), down.to_vec(), &[]);
    }
    let again: Desk = serde_json::from_slice(&serde_json::to_vec(&bed.desk).unwrap()).unwrap();
    assert_eq!(again.outstanding().len(), 1);
}

#[test]
fn where_nobody_is_reached_the_next_is_called_at_once() {
    let mut bed = Bed::new();
    let down = [sign("partner-down", "ris")];
    let tried = bed.carry(1, &down, &|_| false);
    let people: Vec<&str> = tried.iter().map(|(person, _)| person.as_str()).collect();
    assert_eq!(people, ["anna", "bert"]);
}

#[test]
fn what_came_and_went_and_then_stays_is_told() {
    let mut bed = Bed::new();
    let down = [sign("partner-down", "ris")];
    for _ in 0..6 {
        bed.pass(2, &down);
        bed.pass(4 << bed.desk.open().first().map_or(0, |one| one.flaps.min(3)), &[]);
    }
    let later = bed.pass(60, &down);
    assert!(
        later.iter().any(|(who, _)| who == "anna") && later.iter().any(|(who, _)| who == "bert"),
        "{later:?}"
    );
}

#[test]
fn who_took_one_system_upon_themselves_hears_of_the_whole_network() {
    let mut bed = Bed::new();
    let host = |number: usize| Place::new(&format!("s{number}"), "10.1.1.1", "10.1.1.1".parse().ok());
    bed.places = (0..5).map(host).collect();
    let all: Vec<Sign> = (0..5).map(|number| sign("partner-down", &format!("s{number}"))).collect();
    assert_eq!(bed.pass(3, &all[..1]), told(&[("anna", Reason::Opened)]));
    let id = bed.one().id;
    bed.desk.acknowledge(id, "anna", bed.now);
    assert_eq!(bed.pass(3, &all), told(&[("anna", Reason::Worse)]));
}

#[test]
fn what_was_acknowledged_before_anybody_was_told_still_gets_worse() {
    let mut bed = Bed::new();
    bed.plan.rules[0].rank = Rank::Warning;
    let of = |level, rank| [Sign { level, rank, ..sign("certificate-expires", "ris") }];
    assert_eq!(bed.pass(2, &of(1, Rank::Notice)), []);
    let id = bed.one().id;
    bed.desk.acknowledge(id, "anna", bed.now);
    assert_eq!(bed.pass(2, &of(4, Rank::Urgent)), told(&[("anna", Reason::Worse)]));
}

#[test]
fn when_the_line_is_back_those_are_told_who_were_not_reached() {
    let mut bed = Bed::new();
    bed.plan.rules[0].repeat = None;
    let down = [sign("partner-down", "ris")];
    bed.carry(5, &down, &|_| false);
    let later = bed.pass(10, &down);
    assert!(later.iter().any(|(who, _)| who == "anna"), "{later:?}");
    assert!(later.len() <= 2, "and then it is well: {later:?}");
}

#[test]
fn what_happened_in_quiet_hours_is_told_when_they_end() {
    let mut bed = Bed::new();
    bed.plan.rules[0].quiet = vec![(12 * 60, 18 * 60)];
    bed.desk.happened(bed.now, sign("log-ins-fail", "klinke"));
    assert_eq!(bed.pass(5 * 60, &[]), []);
    assert_eq!(bed.pass(70, &[]), told(&[("anna", Reason::Opened)]));
}

#[test]
fn a_storm_is_held_back() {
    let mut bed = Bed::new();
    let many: Vec<Sign> = (0..200)
        .map(|number| Sign { subject: format!("ris ({number})"), ..sign("dead-letters", "ris") })
        .collect();
    let sent = bed.pass(30, &many);
    assert!(sent.len() <= 40, "{}", sent.len());
    assert_eq!(bed.desk.open().len(), 200);
}

#[test]
fn what_gets_worse_is_told_again_also_when_acknowledged() {
    let mut bed = Bed::new();
    let of = |level, rank| [Sign { level, rank, ..sign("certificate-expires", "ris") }];
    assert_eq!(bed.pass(1, &of(1, Rank::Notice)).len(), 1);
    let id = bed.one().id;
    bed.desk.acknowledge(id, "anna", bed.now);
    assert_eq!(bed.pass(600, &of(1, Rank::Notice)), []);
    assert_eq!(bed.pass(1, &of(2, Rank::Warning)), told(&[("anna", Reason::Worse)]));
}

#[test]
fn an_outage_that_stays_is_told_however_often_it_came_before() {
    let mut bed = Bed::new();
    bed.plan.rules[0].repeat = None;
    let down = [sign("partner-down", "ris")];
    for _ in 0..4 {
        bed.pass(2, &down);
        bed.pass(20, &[]);
    }
    assert_eq!(bed.pass(10, &down), [], "the fifth time it is damped");
    assert_eq!(bed.one().flaps, 4);
    let told_then = bed.pass(60, &down);
    assert_eq!(told_then.first(), Some(&("anna".to_owned(), Reason::Opened)), "but it stays");
    assert!(bed.pass(90, &[]).contains(&("anna".to_owned(), Reason::Closed)));
}

#[test]
fn of_a_bout_that_was_not_told_nobody_hears_that_it_is_over() {
    let mut bed = Bed::new();
    bed.plan.rules[0].repeat = None;
    let down = [sign("partner-down", "ris")];
    for _ in 0..4 {
        bed.pass(2, &down);
        bed.pass(20, &[]);
    }
    bed.pass(5, &down);
    assert_eq!((bed.one().flaps, bed.pass(70, &[])), (4, Vec::new()));
}

#[test]
fn an_acknowledged_system_hides_no_dead_switch() {
    let mut bed = Bed::new();
    bed.places =
        (0..5).map(|number| Place::new(&format!("s{number}"), &format!("10.1.2.{number}"), None)).collect();
    let down: Vec<Sign> = (0..5).map(|number| sign("partner-down", &format!("s{number}"))).collect();
    bed.pass(2, &down[..1]);
    let id = bed.one().id;
    bed.desk.acknowledge(id, "anna", bed.now);
    assert_eq!(bed.pass(60, &down[..1]), []);
    assert_eq!(bed.pass(2, &down), told(&[("anna", Reason::Worse)]));
    // Acknowledged as a whole, a part that comes back and fails again is no news.
    bed.desk.acknowledge(bed.one().id, "anna", bed.now);
    assert_eq!(bed.pass(5, &down[..4]), []);
    assert_eq!(bed.pass(5, &down[..1]), []);
    assert_eq!(bed.pass(5, &down), []);
}

#[test]
fn acknowledged_before_anybody_was_told_it_still_tells_that_it_is_worse() {
    let mut bed = Bed::new();
    let of = |level, rank| [Sign { level, rank, ..sign("certificate-expires", "ris") }];
    bed.plan.rules[0].rank = Rank::Warning;
    assert_eq!(bed.pass(5, &of(1, Rank::Notice)), [], "notices are told to nobody");
    bed.desk.acknowledge(bed.one().id, "anna", bed.now);
    assert_eq!(bed.pass(5, &of(4, Rank::Urgent)), told(&[("anna", Reason::Worse)]));
}

#[test]
fn steps_that_reach_nobody_are_taken_again_until_somebody_is_reached() {
    let mut bed = Bed::new();
    bed.plan.rules[0].repeat = None;
    let down = [sign("partner-down", "ris")];
    let none = bed.carry(20, &down, &|_| false);
    assert!((6..=12).contains(&none.len()), "each some minutes, not at each look: {none:?}");
    let some = bed.carry(6, &down, &|_| true);
    assert_eq!(some.first().map(|one| one.0.as_str()), Some("anna"));
    assert!(bed.carry(60, &down, &|_| true).len() <= 1, "and then no more");
}

#[test]
fn one_address_of_two_that_fails_wakes_nobody_else() {
    let mut bed = Bed::new();
    let down = [sign("partner-down", "ris")];
    let person = bed.plan.people["anna"].clone();
    bed.plan.people.insert("carl".to_owned(), person);
    bed.plan.rules[0].steps[0].to = to(&["anna", "carl"]);
    let all = bed.carry(10, &down, &|person| person == "anna");
    assert_eq!(all, told(&[("anna", Reason::Opened), ("carl", Reason::Opened)]));
}

#[test]
fn who_is_on_call_in_the_morning_is_told_of_the_night() {
    let mut bed = Bed::new();
    // On call from 14:00 of this Monday.
    let rota = Rota { people: to(&["anna"]), days: 7, hours: vec![(14 * 60, 18 * 60)], ..Rota::default() };
    bed.plan.rotas.insert("it".to_owned(), rota);
    bed.plan.rules[0].repeat = None;
    bed.plan.rules[0].steps = vec![Step { to: to(&["it"]), after: Duration::ZERO }];
    let down = [sign("partner-down", "ris")];
    assert_eq!(bed.pass(119, &down), []);
    assert_eq!(bed.pass(10, &down), told(&[("anna", Reason::Opened)]));
    // Also when somebody else was told in the night, and has not acknowledged.
    let mut bed2 = Bed::new();
    bed2.plan = bed.plan.clone();
    bed2.plan.rules[0].steps.insert(0, Step { to: to(&["bert"]), after: Duration::ZERO });
    assert_eq!(bed2.pass(119, &down), told(&[("bert", Reason::Opened)]));
    assert_eq!(bed2.pass(10, &down), told(&[("anna", Reason::Escalated)]));
}

#[test]
fn who_was_told_too_much_is_told_when_there_is_room_again() {
    let mut bed = Bed::new();
    bed.plan.hourly = 2;
    bed.plan.rules[0].repeat = None;
    bed.plan.rules[0].steps.truncate(1);
    let many: Vec<Sign> = (0..3)
        .map(|number| Sign {
            subject: format!("ris ({number})"),
            rank: Rank::Warning,
            ..sign("dead-letters", "ris")
        })
        .collect();
    assert_eq!(bed.pass(30, &many).len(), 2);
    let held = bed.desk.open().into_iter().find(|one| one.told.is_empty()).expect("one is held back").clone();
    assert_eq!(held.lines.iter().filter(|line| line.what == "held-back").count(), 1, "{:?}", held.lines);
    assert_eq!(bed.pass(40, &many), told(&[("anna", Reason::Opened)]));
}

#[test]
fn what_happened_once_in_quiet_hours_is_told_when_they_end() {
    let mut bed = Bed::new();
    bed.plan.rules[0].quiet = vec![(12 * 60, 18 * 60)];
    bed.desk.happened(bed.now, sign("restarted", "klinke"));
    assert_eq!(bed.pass(5 * 60, &[]), []);
    assert_eq!(bed.one().kind, "restarted");
    assert_eq!(bed.pass(62, &[]).first(), Some(&("anna".to_owned(), Reason::Opened)));
    // Where no rule is about it, it does not stand for days.
    let mut bed = Bed::new();
    bed.plan.rules.clear();
    bed.desk.happened(bed.now, sign("restarted", "klinke"));
    bed.pass(62, &[]);
    assert!(bed.desk.open().is_empty());
}

#[test]
fn that_all_is_well_wakes_nobody_and_is_told_in_the_morning() {
    let mut bed = Bed::new();
    bed.plan.rules[0].quiet = vec![(13 * 60, 18 * 60)];
    assert_eq!(bed.pass(5, &[sign("dead-letters", "ris")]), told(&[("anna", Reason::Opened)]));
    bed.pass(56, &[sign("dead-letters", "ris")]);
    assert_eq!(bed.pass(60, &[]), []);
    assert!(bed.desk.open().is_empty());
    let morning = bed.pass(4 * 60, &[]);
    assert!(!morning.is_empty() && morning.iter().all(|(_, why)| *why == Reason::Closed), "{morning:?}");
}

#[test]
fn turns_change_at_the_hour_and_holes_are_found() {
    let rota = |hours: Vec<(u32, u32)>| Rota {
        people: to(&["anna", "bert"]),
        // Monday 08:00 local.
        since: MONDAY + 3_600 * SECOND - 4 * 3_600 * SECOND,
        days: 7,
        hours,
        exceptions: vec![(
            Timestamp(MONDAY + 2 * 86_400 * SECOND),
            Timestamp(MONDAY + 3 * 86_400 * SECOND),
            "bert".to_owned(),
        )],
    };
    let whole = rota(Vec::new());
    let at = |days: i64, hours: i64| Timestamp(MONDAY + (days * 24 + hours) * 3_600 * SECOND);
    let on_call = |at| whole.on_call(&berlin(), at).unwrap().to_owned();
    assert_eq!(
        [on_call(at(0, 0)), on_call(at(6, 0)), on_call(at(7, -5)), on_call(at(7, -4))],
        ["anna", "anna", "anna", "bert"].map(str::to_owned)
    );
    assert_eq!(on_call(at(2, 1)), "bert", "she swapped");
    assert_eq!(on_call(at(14, 0)), "anna");
    let mut plan = plan();
    plan.rotas.insert("it".to_owned(), whole.clone());
    plan.rules[0].steps = vec![Step { to: to(&["it"]), after: Duration::ZERO }];
    assert!(plan.holes(&berlin(), Timestamp(MONDAY)).is_empty());
    plan.rotas.insert("it".to_owned(), rota(vec![(0, 5 * 1_440)]));
    let holes = plan.holes(&berlin(), Timestamp(MONDAY));
    assert_eq!(holes.len(), 1);
    assert_eq!(berlin().minute_of_week(holes[0].1) / 1_440, 5, "on Saturday");
    plan.rules[0].steps.push(Step { to: to(&["bert"]), after: minutes(60) });
    assert_eq!(plan.holes(&berlin(), Timestamp(MONDAY)).len(), 1, "the first step still leads to nobody");
}

#[test]
fn no_name_breaks_a_line_or_a_head() {
    let mut bed = Bed::new();
    let evil = "RIS\r\nBcc: all@kh.example\r\n\r\n<script>\u{2028}\u{202e}";
    bed.pass(1, &[sign("partner-down", evil)]);
    let message =
        words::message(&bed.one(), Reason::Opened, Lang::De, "Haus\nB", Some("https://k/a/1"), &|at| {
            at.to_string()
        });
    assert!(!message.title.contains(['\r', '\n', '\u{2028}', '\u{202e}']), "{:?}", message.title);
    assert!(message.title.starts_with("[DRINGEND]") && message.text.contains("https://k/a/1"));
    assert!(message.text.lines().all(|line| !line.starts_with("Bcc")), "{}", message.text);
    let long = words::line(&"ä".repeat(10_000), 150);
    assert_eq!(long.chars().count(), 150);
}

#[test]
fn put_off_nothing_is_told_until_then_unless_it_becomes_worse() {
    let mut bed = Bed::new();
    let down = [sign("partner-down", "ris")];
    assert_eq!(bed.pass(1, &down), told(&[("anna", Reason::Opened)]));
    let (id, until) = (bed.one().id, bed.now.after(minutes(60)));
    assert!(bed.desk.snooze(id, until, "anna", bed.now) && !bed.desk.snooze(99, until, "anna", bed.now));
    assert_eq!(bed.pass(59, &down), [], "neither escalated nor repeated");
    assert_eq!(bed.pass(2, &down), told(&[("anna", Reason::Opened)]), "from the first step on");
    assert_eq!(bed.pass(15, &down), told(&[("bert", Reason::Escalated)]));
    // Well in the meantime, it is closed as ever.
    assert!(bed.desk.snooze(id, bed.now.after(minutes(60)), "bert", bed.now));
    assert_eq!(bed.pass(3, &[]), told(&[("anna", Reason::Closed), ("bert", Reason::Closed)]));

    let mut bed = Bed::new();
    let of = |rank: Rank| [sign("queue-grows", "ris").ranked(rank)];
    assert_eq!(bed.pass(1, &of(Rank::Warning)), told(&[("anna", Reason::Opened)]));
    assert!(bed.desk.snooze(bed.one().id, bed.now.after(minutes(600)), "anna", bed.now));
    assert_eq!(bed.pass(5, &of(Rank::Warning)), []);
    assert_eq!(bed.pass(1, &of(Rank::Urgent)), told(&[("anna", Reason::Worse)]));
    assert!(bed.one().snoozed.is_none());
}

#[test]
fn what_happened_once_stays_open_while_it_is_put_off() {
    let mut bed = Bed::new();
    bed.desk.happened(bed.now, sign("site-changed", "klinke"));
    assert_eq!(bed.pass(1, &[]), told(&[("anna", Reason::Opened)]));
    assert!(bed.desk.snooze(bed.one().id, bed.now.after(minutes(120)), "anna", bed.now));
    assert_eq!(bed.pass(119, &[]), []);
    assert_eq!(bed.pass(2, &[]).first(), Some(&("anna".to_owned(), Reason::Opened)), "and is told anew then");
}

#[test]
fn handed_over_they_are_told_at_once_and_the_steps_begin_anew_when_they_do_not_answer() {
    let mut bed = Bed::new();
    let down = [sign("partner-down", "ris")];
    bed.plan.rules[0].repeat = None;
    assert_eq!(bed.pass(1, &down), told(&[("anna", Reason::Opened)]));
    let id = bed.one().id;
    assert!(bed.desk.acknowledge(id, "anna", bed.now));
    assert!(
        bed.desk.hand_over(id, "bert", "anna", bed.now) && !bed.desk.hand_over(99, "bert", "anna", bed.now)
    );
    assert!(bed.one().acknowledged.is_none(), "it is nobody's until Bert takes it");
    assert_eq!(bed.pass(1, &down), told(&[("bert", Reason::HandedOver)]));
    assert_eq!(bed.pass(13, &down), [], "Bert has a quarter of an hour");
    assert_eq!(bed.pass(2, &down), told(&[("anna", Reason::Escalated)]));
    let mut bed = Bed::new();
    bed.pass(1, &down);
    assert!(bed.desk.hand_over(bed.one().id, "bert", "anna", bed.now));
    bed.pass(1, &down);
    assert!(bed.desk.acknowledge(bed.one().id, "bert", bed.now));
    assert_eq!(bed.pass(120, &down), [], "taken");
}

#[test]
fn handed_over_to_somebody_who_is_not_reached_the_steps_do_not_wait() {
    let mut bed = Bed::new();
    let down = [sign("partner-down", "ris")];
    bed.pass(1, &down);
    assert!(bed.desk.hand_over(bed.one().id, "bert", "anna", bed.now));
    let told_then = bed.carry(1, &down, &|person| person != "bert");
    assert_eq!(
        told_then[..2],
        told(&[("bert", Reason::HandedOver), ("anna", Reason::Opened)]),
        "{told_then:?}"
    );
    // Nobody has the turn of this rota now: tried until somebody has, and the rule's steps come in any case.
    let mut bed = Bed::new();
    let hours = vec![(0, 60)];
    let rota = Rota { people: to(&["bert"]), days: 7, hours, ..Rota::default() };
    bed.plan.rotas.insert("night".to_owned(), rota);
    bed.pass(1, &down);
    assert!(bed.desk.hand_over(bed.one().id, "night", "anna", bed.now));
    assert_eq!(bed.pass(14, &down), []);
    assert_eq!(bed.pass(2, &down).first(), Some(&("anna".to_owned(), Reason::Opened)));
}
