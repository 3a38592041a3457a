//! Errands on their way to people: each way in turn, with a second try, in a time with an end. How it went is told to
//! the desk.

use std::sync::Arc;
use std::time::Duration;

use klinke_diagnosis::alert::words::{self, Message};
use klinke_diagnosis::alert::{Errand, Reason};
use klinke_engine::source::Stop;
use klinke_model::Timestamp;
use tokio::sync::{Semaphore, mpsc};

use super::way::{Parcel, Ways};
use super::{Bureau, token};

/// Errands under way at the same time.
const AT_ONCE: usize = 8;
/// Tries of one way, and the time between them.
const TRIES: u32 = 2;
const BETWEEN: Duration = Duration::from_secs(3);
/// How long one try may take.
pub const LIMIT: Duration = Duration::from_secs(20);

/// Sends what comes until `stop` is said.
pub async fn run(bureau: Arc<Bureau>, mut errands: mpsc::Receiver<Errand>, mut stop: Stop) {
    let room = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        let errand = tokio::select! {
            () = stop.said() => return,
            errand = errands.recv() => errand,
        };
        let (Some(errand), Ok(permit)) = (errand, room.clone().acquire_owned().await) else { return };
        let bureau = bureau.clone();
        tokio::spawn(async move {
            carry(&bureau, &errand).await;
            drop(permit);
        });
    }
}

/// Carries one errand by the ways of its person.
async fn carry(bureau: &Bureau, errand: &Errand) {
    let (ways, reaches, parcel) = {
        let state = bureau.lock();
        let person = state.plan.people.get(&errand.person).cloned().unwrap_or_default();
        let link = state.file.console.as_ref().filter(|_| errand.reason != Reason::Test).map(|base| {
            format!(
                "{}/a/{}",
                base.trim_end_matches('/'),
                token::of(bureau.key(), &errand.alert, &errand.person)
            )
        });
        let message =
            words::message(&errand.alert, errand.reason, person.lang, &state.site, link.as_deref(), &|at| {
                state.zone.clock(at)
            });
        let parcel = parcel(errand, message, &state.site, link);
        (state.ways.clone(), person.ways, parcel)
    };
    let count = reaches.len();
    for (at, (way, to)) in reaches.iter().enumerate() {
        let sent = attempt(&ways, way, to, &parcel).await;
        if let Err(why) = &sent {
            tracing::warn!(way, alert = errand.alert.id, why, "an alert could not be sent");
        }
        let arrived = sent.is_ok();
        bureau.settled(errand.id, way, sent, at + 1 == count);
        if arrived {
            return;
        }
    }
    if count == 0 {
        bureau.settled(errand.id, "", Err(String::new()), true);
    }
}

/// By one way, with a second try.
pub async fn attempt(ways: &Ways, way: &str, to: &str, parcel: &Parcel) -> Result<(), String> {
    let mut last = Err("there is no such way".to_owned());
    for number in 0..TRIES {
        if number > 0 {
            tokio::time::sleep(BETWEEN).await;
        }
        last = match tokio::time::timeout(LIMIT, ways.send(way, to, parcel)).await {
            Ok(sent) => sent,
            Err(_) => Err("it did not end in time".to_owned()),
        };
        if last.is_ok() {
            break;
        }
    }
    last
}

/// What the ways carry.
pub fn parcel(errand: &Errand, message: Message, site: &str, link: Option<String>) -> Parcel {
    let alert = &errand.alert;
    Parcel {
        id: alert.id,
        kind: alert.kind.clone(),
        rank: alert.rank,
        reason: errand.reason,
        site: words::line(site, 120),
        systems: alert.systems.iter().take(100).map(|system| words::line(system, 120)).collect(),
        since: Timestamp(alert.since).to_string(),
        title: message.title,
        text: message.text,
        link,
    }
}
