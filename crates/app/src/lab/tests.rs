//! Each fault is played, whole: a served site, real sockets, messages, and the right verdict. And healthy
//! sites are played, of which nothing is said.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use klinke_diagnosis::Lang;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::faults::{FAULTS, Fault, GOOD, Setup, TLS, WEB};
use super::network::Network;
use super::partner::Manner;
use super::sender::Sender;
use super::stage::Stage;

/// How many stages are played at once.
const AT_ONCE: usize = 12;
/// How long a fault may take to be seen.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn the_table_is_sound() {
    let names: BTreeSet<_> = FAULTS.iter().map(|fault| fault.name).collect();
    assert_eq!(names.len(), FAULTS.len(), "a name stands twice");
    assert!(FAULTS.len() >= 40, "{}", FAULTS.len());
    for fault in FAULTS {
        let cause = klinke_diagnosis::cause::all().find(|cause| cause.code == fault.cause);
        let cause = cause.unwrap_or_else(|| panic!("{}: no cause `{}`", fault.name, fault.cause));
        assert_eq!((cause.verdict, cause.layer), (fault.verdict, fault.layer), "{}", fault.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_fault_is_told_as_what_it_is() {
    let only = std::env::var("KLINKE_FAULT").ok();
    let chosen = FAULTS.iter().filter(|fault| only.as_deref().is_none_or(|name| name == fault.name));
    let (room, mut under_way) = (Arc::new(Semaphore::new(AT_ONCE)), JoinSet::new());
    for fault in chosen {
        let room = room.clone();
        under_way.spawn(async move {
            let _place = room.acquire().await.expect("room");
            play(fault).await
        });
    }
    let mut wrong = Vec::new();
    while let Some(done) = under_way.join_next().await {
        wrong.extend(done.expect("played").err());
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), FAULTS.len(), wrong.join("\n"));
}

/// Plays one fault until the diagnosis names it; the error says what it named instead.
async fn play(fault: &'static Fault) -> Result<(), String> {
    let told = |what: String| format!("{}: {what}", fault.name);
    let folder = tempfile::tempdir().map_err(|error| told(error.to_string()))?;
    let stage = Stage::open(&fault.setup, folder.path()).await.map_err(|error| told(format!("{error:#}")))?;
    let end = Instant::now() + PATIENCE;
    let mut last = String::new();
    let mut right = 0;
    // Twice in a row, so that no passing thought counts.
    while right < 2 && Instant::now() < end {
        sleep(Duration::from_millis(250)).await;
        let found = stage.diagnose(Some(fault.setup.asked), Lang::En).await;
        let found = found.map_err(|error| told(format!("{error:#}")))?;
        let finding = found.findings.first().ok_or_else(|| told("no finding".to_owned()))?;
        right = if fault.is(finding) { right + 1 } else { 0 };
        last = serde_json::to_string(finding).unwrap_or_default();
    }
    let sees = |stage: &Stage| {
        stage.watched().iter().any(|one| one.system == fault.setup.asked && one.verdict == fault.verdict)
    };
    while !sees(&stage) && Instant::now() < end {
        sleep(Duration::from_millis(100)).await;
    }
    let (watched, seen) = (stage.watched(), sees(&stage));
    let others = stage.diagnose(None, Lang::De).await.map_err(|error| told(format!("{error:#}")))?;
    stage.close().await;
    if right < 2 {
        return Err(told(last));
    }
    // What strikes one partner is not told of another.
    if let Some(other) = others.findings.iter().find(|one| one.system == "lis" && !one.is_well()) {
        return Err(told(format!("the laboratory is well, and it was said: {}", other.summary)));
    }
    if !seen {
        return Err(told(format!("the site itself did not see it: {watched:?}")));
    }
    Ok(())
}

/// Healthy sites of all kinds.
fn healthy() -> Vec<(String, Setup)> {
    let senders = [
        ("steady", Sender::Steady(30)),
        ("seldom", Sender::Steady(900)),
        ("silent", Sender::Silent),
        ("fast", Sender::Steady(0)),
        ("marked", Sender::OneMarked(30)),
        ("backlog", Sender::Backlog(1_234)),
        ("backlog of an hour", Sender::Backlog(3_000)),
        ("large", Sender::SmallThenLarge(300_000)),
    ];
    let ways = [
        ("MLLP", GOOD),
        ("TLS", Setup { partner: Manner::Tls("good"), ..TLS }),
        ("HTTP", Setup { partner: Manner::Status(200), ..WEB }),
        ("files", Setup { endpoint: "file = { folder = \".\", name = \"{id}.hl7\" }", ..GOOD }),
        ("a slow line", Setup { network: Network::Latency(20), ..GOOD }),
        ("slow", Setup { partner: Manner::Slow(50), ..GOOD }),
        ("lanes", Setup { destination: "lane = \"PID-3.1\"\nconnections = 4", ..GOOD }),
        (
            "a connection each",
            Setup {
                endpoint: "mllp = { address = \"@RIS@\", connection = \"each\", answer_timeout = \"1s\" }",
                ..GOOD
            },
        ),
    ];
    let each = |(way, setup): &(&str, Setup)| {
        let setup = *setup;
        let named =
            |(name, sender): &(&str, Sender)| (format!("{way}, {name}"), Setup { sender: *sender, ..setup });
        senders.iter().map(named).collect::<Vec<_>>()
    };
    ways.iter().flat_map(each).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_healthy_sites_nothing_is_said() {
    let (room, mut under_way) = (Arc::new(Semaphore::new(AT_ONCE)), JoinSet::new());
    for (name, setup) in healthy() {
        let room = room.clone();
        under_way.spawn(async move {
            let _place = room.acquire().await.expect("room");
            let folder = tempfile::tempdir().expect("a folder");
            let stage = Stage::open(&setup, folder.path()).await.expect("a stage");
            let mut said = Vec::new();
            for _ in 0..4 {
                sleep(Duration::from_millis(350)).await;
                let found = stage.diagnose(None, Lang::En).await.expect("a diagnosis");
                let bad = found.findings.iter().filter(|one| !one.is_well());
                said.extend(bad.map(|one| format!("{name}: {} {}", one.system, one.summary)));
            }
            said.extend(stage.watched().iter().map(|one| format!("{name}: watched: {}", one.summary)));
            stage.close().await;
            said
        });
    }
    let mut said = Vec::new();
    while let Some(done) = under_way.join_next().await {
        said.extend(done.expect("played"));
    }
    assert!(said.is_empty(), "{}:\n{}", said.len(), said.join("\n"));
}
