//! A thousand healthy systems, with all that healthy systems do, and not one alarm.
//!
//! The facts are made by a generator with a fixed seed: partners that are slow or quick, that close idle
//! connections, restart in the night, answer AE once, lose a single answer, have room for one connection;
//! senders with a backlog, in other zones, with other character sets; strangers that knock.

#![allow(clippy::unwrap_used, reason = "a test that can't go on breaks off")]

use std::time::Duration;

use klinke_diagnosis::facts::{
    Arrived, Charset, End, Ended, Facts, How, Inbound, Lives, Outage, Outbound, Own, Tried,
};
use klinke_diagnosis::{Did, Lang, Layer, Seen, Speech, Step, judge, judge_own};
use klinke_model::Timestamp;

const NOW: Timestamp = Timestamp(1_772_352_900_000_000);
const SECOND: i64 = 1_000_000;

/// A small generator (xorshift64*): the same thousand at each run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % most.max(1)
    }

    fn one_in(&mut self, most: u64) -> bool {
        self.below(most) == 0
    }

    fn pick<T: Clone>(&mut self, list: &[T]) -> T {
        list[self.below(list.len() as u64) as usize].clone()
    }
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// What went to a healthy partner in the last hours.
fn attempts(chance: &mut Chance, limit: Duration) -> Vec<Tried> {
    let (mut at, mut envelope) = (NOW.0 - 5 * 3_600 * SECOND, 1);
    let gap = chance.pick(&[2, 30, 400, 3_000]);
    let share = chance.pick(&[1, 5, 20, 40]);
    let mut all = Vec::new();
    let mut troubles = chance.below(3);
    while at < NOW.0 - 2 * SECOND && all.len() < 90 {
        at += (1 + chance.below(2 * gap) as i64) * SECOND;
        envelope += 1;
        let large = chance.one_in(9);
        let bytes = if large { 5_000_000 } else { 700 + chance.below(3_000) };
        let mut note = |end, code: &str, at: i64, took: Duration| {
            let (code, text) = (code.to_owned(), String::new());
            all.push(Tried { envelope, ended: Timestamp(at), took, bytes, end, code, text });
        };
        // Now and then something happens once, and the repeat is accepted.
        if troubles > 0 && chance.one_in(20) {
            troubles -= 1;
            let (end, code) = chance.pick(&[
                (End::Unclear, "timeout"),
                (End::Unclear, "closed"),
                (End::Unclear, "reset"),
                (End::Unreachable, "refused"),
                (End::Refused, "AE"),
                (End::Unclear, "wrong-control-id"),
            ]);
            note(end, code, at, if code == "timeout" { limit } else { Duration::from_millis(3) });
            at += SECOND;
        }
        let took = limit.mul_f64(share as f64 / 100.0) / (1 + chance.below(3) as u32);
        note(End::Accepted, "AA", at, took);
    }
    all
}

/// How its connections lived: closed when idle, by an update, by us; never in a row in the middle of work.
fn lives(chance: &mut Chance) -> Lives {
    let mut lives = Lives::default();
    for _ in 0..chance.below(12) {
        let idle = seconds(chance.pick(&[30, 60, 300]));
        lives.ended.push(Ended {
            at: Timestamp(NOW.0 - chance.below(3_600) as i64 * SECOND),
            lived: idle + seconds(chance.below(5_000)),
            idle,
            frames: chance.below(500),
            in_work: false,
            how: How::ByPartner,
            unacknowledged: None,
            retransmits: None,
        });
    }
    for _ in 0..chance.below(2) {
        lives.ended.push(Ended {
            at: Timestamp(NOW.0 - chance.below(3_600) as i64 * SECOND),
            lived: seconds(chance.below(5_000)),
            idle: seconds(1),
            frames: chance.below(500),
            in_work: true,
            how: chance.pick(&[How::ByPartner, How::Reset, How::TimedOut]),
            unacknowledged: Some(0),
            retransmits: Some(0),
        });
    }
    for _ in 0..chance.below(20) {
        lives.reused.push((seconds(1 + chance.below(600)), true));
    }
    if chance.one_in(3) {
        lives.reused.push((seconds(chance.below(2_000)), false));
    }
    lives
}

/// Restarts for updates and in the night, all over.
fn outages(chance: &mut Chance) -> Vec<Outage> {
    let count = chance.below(3);
    let nightly = chance.one_in(4);
    let at = |hours: u64| Timestamp(NOW.0 - (hours * 3_600) as i64 * SECOND);
    let mut all: Vec<Outage> = Vec::new();
    let mut add = |from: Timestamp, minutes: i64| {
        let until = Some(Timestamp(from.0 + minutes * 60 * SECOND));
        all.push(Outage { from, until, code: "refused".to_owned() });
    };
    if nightly {
        (1..8).rev().for_each(|day| add(at(24 * day + 5), 4));
    }
    for one in 0..count {
        add(Timestamp(NOW.0 - (3_000 - 900 * one as i64) * SECOND), 1);
    }
    all
}

/// What probes saw: nothing, all well, or the refusal of a partner that has room for one connection.
fn steps(chance: &mut Chance, connected: bool) -> Vec<Step> {
    let step = |layer, did, saw| Step { layer, did, saw, took: Duration::from_millis(2) };
    let to = || "ris.example:2575".to_owned();
    let mut all = vec![
        step(
            Layer::Name,
            Did::Resolved("ris.example".to_owned()),
            Seen::Addresses(vec!["10.0.0.7".to_owned()]),
        ),
        step(
            Layer::Route,
            Did::LookedUpWay("10.0.0.7".to_owned()),
            Seen::Way {
                interface: "eth0".to_owned(),
                gateway: None,
                neighbour: chance.pick(&[Some(true), None]),
            },
        ),
    ];
    if connected && chance.one_in(2) {
        all.push(step(
            Layer::Tcp,
            Did::Connected(to()),
            chance.pick(&[Seen::Refused, Seen::ClosedAtOnce, Seen::Reset]),
        ));
        return all;
    }
    all.push(step(Layer::Tcp, Did::Connected(to()), Seen::Connected));
    if chance.one_in(3) {
        let days = Some(22 + chance.below(700) as i64);
        let (version, cipher) = ("TLSv1_3".to_owned(), "TLS13_AES_256_GCM_SHA384".to_owned());
        all.push(step(Layer::Tls, Did::ShookHands(to()), Seen::Secured { version, cipher, chain: 2, days }));
    }
    all.push(step(Layer::Protocol, Did::Listened(to()), Seen::Silence));
    all
}

fn outbound(chance: &mut Chance) -> Outbound {
    let limit = seconds(chance.pick(&[2, 10, 30]));
    let connected = chance.one_in(2);
    let attempts = if chance.one_in(10) { Vec::new() } else { attempts(chance, limit) };
    let speaks = !attempts.is_empty() && connected;
    Outbound {
        name: "adt/ris".to_owned(),
        address: "ris.example:2575".to_owned(),
        steps: if chance.one_in(3) { Vec::new() } else { steps(chance, speaks) },
        has_worked: !attempts.is_empty(),
        attempts,
        lives: lives(chance),
        outages: outages(chance),
        connected,
        speech: chance.pick(&[Some(Speech::Mllp), None]),
        waiting: chance.below(40),
        answer_limit: Some(limit),
        ..Outbound::default()
    }
}

fn inbound(chance: &mut Chance) -> Inbound {
    let zone = chance.pick(&[0, 3_600, 7_200]);
    let drift = chance.below(120) as i64 - 60;
    let zoned = chance.one_in(3);
    let behind = if chance.one_in(4) { chance.pick(&[400, 1_000, 2_500]) } else { 0 };
    let charset = chance.pick(&[Charset::Plain, Charset::AsDeclared, Charset::IsUtf8Unsaid]);
    let count = chance.below(100);
    let peers = 1 + chance.below(3);
    let arrival = |n: u64, chance: &mut Chance| Arrived {
        at: Timestamp(NOW.0 - (count - n) as i64 * SECOND),
        peer: chance.below(peers),
        identity: 1,
        // A cluster sends one message twice now and then, and the same one.
        control: n + 1,
        content: n + 1,
        ahead: (!chance.one_in(5)).then(|| (drift - behind + if zoned { 0 } else { zone }, zoned)),
        charset: if chance.one_in(2) { charset } else { Charset::Plain },
    };
    let mut arrivals: Vec<Arrived> = (0..count).map(|n| arrival(n, chance)).collect();
    if let Some(again) = arrivals.last().copied().filter(|_| chance.one_in(3)) {
        arrivals.extend([again, Arrived { peer: 9, ..again }]);
    }
    let frames = if count == 0 { 0 } else { count + chance.below(100_000) };
    let now_and_then = Timestamp(NOW.0 - chance.below(7_200) as i64 * SECOND);
    let stranger = frames > 0 && chance.one_in(4);
    Inbound {
        name: "adt".to_owned(),
        address: "10.0.0.1:6661".to_owned(),
        open: u64::from(stranger) + chance.below(3),
        frames,
        last_frame: (frames > 0).then_some(Timestamp(NOW.0 - SECOND)),
        turned_away: if stranger { vec![("list", 3 + chance.below(30), now_and_then)] } else { Vec::new() },
        violations: vec![
            ("truncated", chance.below(3), now_and_then),
            ("mllp-missing-cr", chance.below(1_000), NOW),
        ],
        lives: Lives {
            spoke: stranger.then_some((Timestamp(NOW.0 - 60 * SECOND), Speech::Http)),
            ..lives(chance)
        },
        arrivals,
        zone_seconds: zone,
        is_utf8: charset == Charset::IsUtf8Unsaid,
        speech: Some(Speech::Mllp),
        seen: frames,
        ..Inbound::default()
    }
}

#[test]
fn a_thousand_healthy_systems_and_no_alarm() {
    let mut chance = Chance(0x4B4C_494E_4B45);
    let (mut alarms, mut attempts) = (Vec::new(), 0);
    for run in 0..1_000 {
        let facts = Facts {
            system: format!("system {run}"),
            site: "Hospital".to_owned(),
            now: NOW,
            out: (0..chance.below(3)).map(|_| outbound(&mut chance)).collect(),
            from: (0..chance.below(3)).map(|_| inbound(&mut chance)).collect(),
            ..Facts::default()
        };
        attempts += facts.out.iter().map(|out| out.attempts.len()).sum::<usize>();
        let finding = judge(&facts).finding(Lang::En);
        if !finding.is_well() {
            alarms.push(format!("{run}: {} {}: {:?}", finding.cause, finding.summary, finding.proof));
        }
        let own = Own {
            now: NOW,
            disk_free: Some(600_000_000 + chance.below(1 << 40)),
            disk_reserve: 256 << 20,
            memory: Some((600_000_000 + chance.below(1 << 33), 1 << 34)),
            handles: Some((chance.below(900), 1_024)),
            ..Own::default()
        };
        let own = judge_own(&own).finding(Lang::De);
        if !own.is_well() {
            alarms.push(format!("{run}: {} {}", own.cause, own.summary));
        }
    }
    assert!(attempts > 10_000, "there was little to judge: {attempts}");
    assert!(alarms.is_empty(), "{} of 1000:\n{}", alarms.len(), alarms.join("\n"));
}
