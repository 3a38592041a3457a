//! Facts in, a judgement out: what the laboratory can't play, and what must never be said.

#![allow(clippy::unwrap_used, reason = "a test that can't go on breaks off")]

use std::time::Duration;

use klinke_diagnosis::facts::{
    Arrived, Charset, End, Ended, Facts, How, Inbound, Lives, Outage, Outbound, Own, Tried,
};
use klinke_diagnosis::{Did, Finding, Lang, Layer, Seen, Speech, Step, TlsFault, Verdict, judge, judge_own};
use klinke_model::Timestamp;

const NOW: Timestamp = Timestamp(1_772_352_900_000_000);
const MINUTE: i64 = 60_000_000;

fn ago(minutes: i64) -> Timestamp {
    Timestamp(NOW.0 - minutes * MINUTE)
}

fn step(layer: Layer, did: Did, saw: Seen) -> Step {
    Step { layer, did, saw, took: Duration::from_millis(3) }
}

fn tried(envelope: u64, at: Timestamp, end: End, code: &str) -> Tried {
    let (code, text) = (code.to_owned(), String::new());
    Tried { envelope, ended: at, took: Duration::from_millis(20), bytes: 900, end, code, text }
}

fn out() -> Outbound {
    Outbound {
        name: "adt/ris".to_owned(),
        address: "ris.example:2575".to_owned(),
        speech: Some(Speech::Mllp),
        answer_limit: Some(Duration::from_secs(30)),
        ..Outbound::default()
    }
}

fn facts(out: Vec<Outbound>, from: Vec<Inbound>) -> Facts {
    Facts {
        system: "ris".to_owned(),
        title: Some("Radiology".to_owned()),
        contact: Some("Tel. 4713".to_owned()),
        site: "Hospital".to_owned(),
        now: NOW,
        out,
        from,
        ..Facts::default()
    }
}

/// The finding, after both languages were looked at.
fn found(facts: &Facts) -> Finding {
    let judgement = judge(facts);
    for lang in [Lang::En, Lang::De] {
        let finding = judgement.finding(lang);
        let texts =
            [&finding.summary].into_iter().chain(&finding.next).chain(&finding.proof).chain(&finding.say);
        for text in texts {
            assert!(!text.contains('{') && !text.trim().is_empty(), "{}: {text}", finding.cause);
        }
        // Whatever it says, people can be told it by their own clock.
        let local = format!("{:?}", finding.by_clock(&|_| "03:07 CET".to_owned()));
        assert!(!local.contains("UTC"), "{local}");
    }
    judgement.finding(Lang::En)
}

fn of_out(out: Outbound) -> Finding {
    found(&facts(vec![out], Vec::new()))
}

fn of_in(from: Inbound) -> Finding {
    found(&facts(Vec::new(), vec![from]))
}

fn probed(steps: Vec<Step>) -> Finding {
    of_out(Outbound { steps, ..out() })
}

#[test]
fn each_rung_that_a_probe_can_break_is_told() {
    let connected = || Did::Connected("ris.example:2575".to_owned());
    let way = |neighbour| Seen::Way { interface: "eth0".to_owned(), gateway: None, neighbour };
    let looked = || Did::LookedUpWay("10.0.0.7".to_owned());
    let shook = || Did::ShookHands("ris.example:2575".to_owned());
    for (steps, cause, verdict, layer) in [
        (
            vec![step(Layer::Name, Did::Resolved("ris.example".to_owned()), Seen::NameTimedOut)],
            "name-service",
            Verdict::Line,
            Layer::Name,
        ),
        (
            vec![step(Layer::Route, looked(), Seen::InterfaceDown("eth0".to_owned()))],
            "interface-down",
            Verdict::Line,
            Layer::Route,
        ),
        (vec![step(Layer::Route, looked(), Seen::NoWay)], "no-route", Verdict::Line, Layer::Route),
        (
            vec![
                step(Layer::Route, looked(), way(Some(false))),
                step(Layer::Tcp, connected(), Seen::TimedOut),
            ],
            "neighbour-silent",
            Verdict::Line,
            Layer::Route,
        ),
        (
            vec![
                step(Layer::Route, looked(), way(Some(true))),
                step(Layer::Tcp, connected(), Seen::TimedOut),
            ],
            "connect-timeout",
            Verdict::Line,
            Layer::Tcp,
        ),
        (
            vec![step(Layer::Tcp, connected(), Seen::Unreachable("No route to host".to_owned()))],
            "no-route",
            Verdict::Line,
            Layer::Route,
        ),
        (
            vec![
                step(Layer::Tcp, connected(), Seen::Connected),
                step(Layer::Tls, shook(), Seen::TlsFailed(TlsFault::Closed)),
            ],
            "tls-breaks",
            Verdict::Setup,
            Layer::Tls,
        ),
        (
            vec![step(Layer::Route, Did::LookedAtFolder("/mnt/ris".to_owned()), Seen::FolderHangs)],
            "folder-hangs",
            Verdict::Line,
            Layer::Route,
        ),
        (
            vec![step(Layer::Answer, Did::LookedAtFolder("/mnt/ris".to_owned()), Seen::FolderFull(3))],
            "folder-full",
            Verdict::Software,
            Layer::Answer,
        ),
    ] {
        let finding = probed(steps);
        assert_eq!((finding.cause.as_str(), finding.verdict, finding.layer), (cause, verdict, Some(layer)));
        assert!(finding.call.is_some() && finding.say.is_some() && !finding.proof.is_empty(), "{cause}");
    }
}

#[test]
fn what_is_proven_by_messages_no_probe_disproves() {
    let refused = vec![step(Layer::Tcp, Did::Connected("x".to_owned()), Seen::Refused)];
    let good = || vec![tried(1, ago(90), End::Accepted, "AA")];
    // A partner with room for one connection, which is ours.
    let has_ours =
        Outbound { steps: refused.clone(), attempts: good(), connected: true, has_worked: true, ..out() };
    assert!(of_out(has_ours).is_well());
    let fresh =
        Outbound { steps: refused.clone(), attempts: vec![tried(1, ago(1), End::Accepted, "AA")], ..out() };
    assert!(of_out(fresh).is_well());
    let old = Outbound { steps: refused, attempts: good(), has_worked: true, ..out() };
    assert_eq!(of_out(old).cause, "refused");
}

#[test]
fn attempts_alone_are_enough_where_no_probe_is_allowed() {
    let failing = |code: &str, text: &str, end| {
        let mut attempts: Vec<Tried> = (1..4).map(|n| tried(7, ago(4 - n), end, code)).collect();
        attempts.iter_mut().for_each(|one| one.text = text.to_owned());
        Outbound { attempts, down: true, ..out() }
    };
    for (code, text, end, cause) in [
        ("refused", "x: Connection refused (os error 111)", End::Unreachable, "wrong-port"),
        (
            "unreachable",
            "x: failed to lookup address information: Name or service not known",
            End::Unreachable,
            "name-unknown",
        ),
        ("unreachable", "x: No route to host (os error 113)", End::Unreachable, "no-route"),
        ("unreachable", "x: no connection within the time set for it", End::Unreachable, "connect-timeout"),
        ("unreachable", "x: no partner has connected", End::Unreachable, "partner-does-not-connect"),
        ("tls", "x: invalid peer certificate: Expired", End::Unreachable, "tls-breaks"),
        ("timeout", "no answer came in time", End::Unclear, "no-answer"),
        ("not-an-ack", "the answer is no HL7 message", End::Unclear, "answers-nonsense"),
    ] {
        assert_eq!(of_out(failing(code, text, end)).cause, cause, "{code} {text}");
    }
}

#[test]
fn two_possibilities_come_with_the_test_that_decides() {
    let silent = Outbound {
        attempts: vec![tried(1, ago(2), End::Unclear, "timeout"), tried(1, ago(1), End::Unclear, "timeout")],
        ..out()
    };
    let either = of_out(silent).either.unwrap();
    assert_eq!(either.verdict, Verdict::Setup);
    assert!(either.test.contains("--timeout"));
}

#[test]
fn a_nightly_restart_is_known_as_one_and_a_longer_one_is_not() {
    let day = 24 * 60;
    let night = |days: i64, minutes: i64| Outage {
        from: ago(days * day + 3),
        until: Some(ago(days * day + 3 - minutes)),
        code: "refused".to_owned(),
    };
    let now = |from: i64| Outage { from: ago(from), until: None, code: "refused".to_owned() };
    let refused = vec![step(Layer::Tcp, Did::Connected("x".to_owned()), Seen::Refused)];
    let with = |outages| Outbound {
        outages,
        steps: refused.clone(),
        attempts: vec![
            tried(1, ago(200), End::Accepted, "AA"),
            tried(2, ago(1), End::Unreachable, "refused"),
        ],
        down: true,
        has_worked: true,
        ..out()
    };
    assert_eq!(of_out(with(vec![night(3, 4), night(2, 5), night(1, 4), now(3)])).cause, "restarts-nightly");
    assert_eq!(of_out(with(vec![night(1, 4), now(3)])).cause, "refused", "once is no habit");
    assert_eq!(
        of_out(with(vec![night(3, 1), night(2, 1), night(1, 1), now(17)])).cause,
        "refused",
        "it takes too long"
    );
}

#[test]
fn connections_tell_of_firewalls() {
    let ended = |seconds: u64, frames: u64| Ended {
        at: ago(20),
        lived: Duration::from_secs(seconds),
        idle: Duration::from_secs(1),
        frames,
        in_work: true,
        how: How::Reset,
        unacknowledged: None,
        retransmits: None,
    };
    let with = |ended: Vec<Ended>| Outbound {
        lives: Lives { ended, ..Lives::default() },
        attempts: vec![tried(1, ago(1), End::Accepted, "AA")],
        has_worked: true,
        ..out()
    };
    assert_eq!(of_out(with(vec![ended(300, 7), ended(301, 31), ended(299, 12)])).cause, "fixed-age");
    assert_eq!(of_out(with(vec![ended(10, 7), ended(301, 7), ended(90, 7)])).cause, "every-nth");
    assert_eq!(
        of_out(with(vec![ended(10, 3), ended(301, 7), ended(90, 1), ended(7, 12)])).cause,
        "line-breaks"
    );
    assert!(of_out(with(vec![ended(10, 3), ended(301, 7)])).is_well(), "twice is chance");
    let reset = |seconds| Ended { in_work: false, idle: Duration::from_secs(seconds), ..ended(1_000, 5) };
    let idle = Inbound {
        name: "adt".to_owned(),
        lives: Lives { ended: vec![reset(600), reset(601), reset(600)], ..Lives::default() },
        ..Inbound::default()
    };
    assert_eq!(of_in(idle).cause, "idle-reset");
}

#[test]
fn what_is_not_even_acknowledged_is_the_line() {
    let timed_out = |unacknowledged, retransmits| Ended {
        at: ago(1),
        lived: Duration::from_secs(90),
        idle: Duration::from_secs(30),
        frames: 4,
        in_work: true,
        how: How::TimedOut,
        unacknowledged: Some(unacknowledged),
        retransmits: Some(retransmits),
    };
    let with = |ended: Ended| Outbound {
        attempts: vec![
            tried(1, ago(9), End::Accepted, "AA"),
            tried(2, ago(2), End::Unclear, "timeout"),
            tried(2, ago(1), End::Unclear, "timeout"),
        ],
        lives: Lives { ended: vec![ended.clone(), ended], ..Lives::default() },
        has_worked: true,
        ..out()
    };
    assert_eq!(of_out(with(timed_out(900, 6))).cause, "unacknowledged");
    assert_eq!(
        of_out(with(timed_out(0, 0))).cause,
        "no-answer",
        "its machine has it, its service does not answer"
    );
    assert_eq!(of_out(with(timed_out(900, 0))).cause, "no-answer", "nobody reads there");
}

#[test]
fn a_backlog_is_no_clock_and_a_clock_is_no_backlog() {
    let arrivals = |ahead: &dyn Fn(i64) -> i64, zoned| {
        let one = |n: i64| Arrived {
            at: Timestamp(NOW.0 - (20 - n) * 1_000_000),
            control: n as u64,
            ahead: Some((ahead(n), zoned)),
            ..Arrived::default()
        };
        Inbound {
            name: "adt".to_owned(),
            arrivals: (0..20).map(one).collect(),
            zone_seconds: 3_600,
            frames: 20,
            last_frame: Some(NOW),
            ..Inbound::default()
        }
    };
    assert_eq!(of_in(arrivals(&|_| 3_600 + 300, false)).cause, "sender-clock");
    assert!(of_in(arrivals(&|_| 3_600, false)).is_well(), "a local time is no fault");
    assert_eq!(of_in(arrivals(&|_| 3_600, true)).cause, "sender-clock");
    assert_eq!(of_in(arrivals(&|_| 0, false)).cause, "sender-clock", "summer time");
    assert!(of_in(arrivals(&|n| 3_600 - 700 + 2 * n, false)).is_well(), "a backlog that is sent now");
    assert!(of_in(arrivals(&|_| 3_600 - 700, false)).is_well(), "a batch that was kept back");
}

#[test]
fn characters_are_told_as_what_they_are() {
    let with = |charset, is_utf8| Inbound {
        name: "adt".to_owned(),
        arrivals: (0..6).map(|n| Arrived { control: n, content: n, charset, ..Arrived::default() }).collect(),
        is_utf8,
        ..Inbound::default()
    };
    assert_eq!(of_in(with(Charset::IsNotUtf8, false)).cause, "sender-charset-not-utf8");
    assert_eq!(of_in(with(Charset::IsUtf8Unsaid, false)).cause, "sender-charset");
    assert!(of_in(with(Charset::IsUtf8Unsaid, true)).is_well());
    assert!(of_in(with(Charset::AsDeclared, false)).is_well());
}

#[test]
fn our_own_side_is_looked_at() {
    let well = || Own {
        now: NOW,
        disk_free: Some(50_000_000_000),
        disk_reserve: 256_000_000,
        memory: Some((8_000_000_000, 16_000_000_000)),
        handles: Some((80, 1_024)),
        ..Own::default()
    };
    assert!(judge_own(&well()).is_well());
    let certificate = |days| step(Layer::Own, Did::ReadCertificate("k.pem".to_owned()), Seen::Days(days));
    let port = step(Layer::Own, Did::LookedAtPort("127.0.0.1:6661".to_owned()), Seen::NotOpen);
    for (own, cause) in [
        (Own { disk_free: Some(300_000_000), ..well() }, "disk-low"),
        (Own { store_refuses: Some("the disk is full".to_owned()), ..well() }, "store-refuses"),
        (Own { memory: Some((100_000_000, 16_000_000_000)), ..well() }, "memory-low"),
        (Own { handles: Some((1_000, 1_024)), ..well() }, "handles-low"),
        (Own { clock_jump: Some(Duration::from_secs(90)), ..well() }, "clock-jumped"),
        (
            Own { stopped: vec![("adt".to_owned(), "the port is taken".to_owned())], ..well() },
            "channel-stopped",
        ),
        (Own { faults: vec!["klinke.toml:3:1: what?".to_owned()], ..well() }, "site-faults"),
        (Own { steps: vec![certificate(-3)], ..well() }, "own-certificate"),
        (Own { steps: vec![certificate(9)], ..well() }, "own-certificate"),
        (Own { steps: vec![port], ..well() }, "own-port-closed"),
        (Own { unbalanced: true, ..well() }, "books"),
    ] {
        for lang in [Lang::En, Lang::De] {
            let finding = judge_own(&own).finding(lang);
            assert_eq!(finding.cause, cause);
            assert_eq!((finding.layer, finding.say.is_some()), (Some(Layer::Own), false), "{cause}");
            assert!(!finding.summary.contains('{'), "{}", finding.summary);
        }
    }
    let late = |seconds: i64| {
        let arrivals = (0..9).map(|n| Arrived {
            at: NOW,
            control: n,
            ahead: Some((seconds, true)),
            ..Arrived::default()
        });
        facts(
            Vec::new(),
            vec![Inbound { name: "adt".to_owned(), arrivals: arrivals.collect(), ..Inbound::default() }],
        )
    };
    let mut own = well();
    own.compare_clocks(&[late(400), late(410), late(395)]);
    assert_eq!(judge_own(&own).finding(Lang::En).cause, "own-clock");
    let mut own = well();
    own.compare_clocks(&[late(400), late(0), late(1)]);
    assert!(judge_own(&own).is_well(), "one that differs is that one's");
}

#[test]
fn the_shape_of_a_finding_is_the_promised_one() {
    let refused = vec![step(Layer::Tcp, Did::Connected("x".to_owned()), Seen::Refused)];
    let value = serde_json::to_value(probed(refused)).unwrap();
    for key in ["system", "verdict", "layer", "confidence", "summary", "proof", "call", "next"] {
        assert!(!value[key].is_null(), "{key}");
    }
    assert_eq!((value["verdict"].as_str(), value["layer"].as_str()), (Some("setup"), Some("tcp")));
    let rung = &value["rungs"][0];
    assert!(
        rung["did"].is_string()
            && rung["saw"].is_string()
            && rung["millis"].is_number()
            && rung["well"] == false
    );
    assert_eq!(serde_json::to_value(Layer::Own).unwrap(), "self");
}

#[test]
fn a_silence_is_told_with_what_is_usual_and_whether_it_is_connected() {
    let told = |event: &str, change, seen| klinke_diagnosis::rhythm::Told {
        source: "ris".to_owned(),
        event: event.to_owned(),
        change,
        since: Timestamp(NOW.0 - 25 * 60 * 1_000_000),
        usual: 40.0,
        seen,
    };
    use klinke_diagnosis::rhythm::Change;
    let with = |open: u64, told: klinke_diagnosis::rhythm::Told| {
        let from = Inbound { name: "adt".to_owned(), open, frames: 9, ..Inbound::default() };
        Facts { rhythm: vec![told], usual: Some(40.0), ..facts(Vec::new(), vec![from]) }
    };
    let gone = found(&with(0, told("", Change::Silent, 0.0)));
    assert_eq!((gone.layer, gone.verdict), (Some(Layer::Silence), Verdict::Line), "{gone:?}");
    assert_eq!(gone.cause, "silent-disconnected");
    assert!(
        gone.summary.contains("about 40 messages an hour") && gone.summary.contains("25 min"),
        "{gone:?}"
    );
    assert!(gone.either.is_some() && gone.call.is_some() && gone.say.is_some());
    let stands = found(&with(1, told("", Change::Silent, 0.0)));
    assert_eq!((stands.cause.as_str(), stands.verdict), ("silent", Verdict::Software));
    let event = found(&with(1, told("ADT^A08", Change::Silent, 0.0)));
    assert!(event.minor && event.cause == "silent-event" && event.summary.contains("ADT^A08"), "{event:?}");
    let flood = found(&with(1, told("", Change::Flood, 900.0)));
    assert_eq!((flood.cause.as_str(), flood.minor), ("surge", false));
    assert!(found(&with(1, told("", Change::Slower, 4.0))).minor);
    // Where our own channel does not run, that is told.
    let mut ours = with(0, told("", Change::Silent, 0.0));
    ours.from[0].stopped = Some("the port is taken".to_owned());
    assert!(!judge(&ours).suspicions.iter().any(|one| one.cause.layer == Layer::Silence));
}
