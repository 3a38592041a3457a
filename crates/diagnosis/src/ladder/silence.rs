//! What the rhythm of a system says: silence, floods, another rate.

use std::time::Duration;

use super::{Rung, Suspicion};
use crate::Layer;
use crate::cause::*;
use crate::clock::moment;
use crate::facts::Facts;
use crate::lang::{Text, decimal, span};
use crate::rhythm::{Change, Told};

/// What is unusual, as causes. Where our own side takes nothing, silence is no wonder.
pub(super) fn judge(facts: &Facts) -> Vec<Suspicion> {
    let ours = facts.from.iter().any(|one| one.stopped.is_some() || one.refuses.is_some());
    facts
        .rhythm
        .iter()
        .filter(|told| !(ours && matches!(told.change, Change::Silent | Change::Slower)))
        .map(|told| suspicion(facts, told))
        .collect()
}

fn suspicion(facts: &Facts, told: &Told) -> Suspicion {
    let connected = facts.from.iter().any(|one| one.open > 0);
    let one = match told.change {
        Change::Silent if !told.event.is_empty() => Suspicion::new(&SILENT_EVENT, 0.7).minor(),
        Change::Silent if connected => Suspicion::new(&SILENT, 0.75),
        Change::Silent => Suspicion::new(&SILENT_GONE, 0.7),
        Change::Flood => Suspicion::new(&SURGE, 0.85),
        Change::Faster => Suspicion::new(&FASTER, 0.7).minor(),
        Change::Slower => Suspicion::new(&SLOWER, 0.65).minor(),
    };
    let gap = facts.now.since(told.since);
    let system = facts.title.as_ref().unwrap_or(&facts.system);
    one.word("system", system)
        .text("usual", rate(told.usual))
        .text("seen", rate(told.seen))
        .word("event", &told.event)
        .time("span", Duration::from_secs(gap.as_secs() / 60 * 60))
        .since(Some(told.since))
        .proof(proof(told))
}

fn proof(told: &Told) -> Text {
    let what = if told.event.is_empty() { String::new() } else { format!(" ({})", told.event) };
    match told.change {
        Change::Silent => Text::new(
            format!("the last message{what} came {}", moment(told.since)),
            format!("die letzte Nachricht{what} kam {}", moment(told.since)),
        ),
        Change::Flood => Text::new(
            format!("{} messages{what} in ten minutes, since {}", rate(told.seen).en, moment(told.since)),
            format!("{} Nachrichten{what} in zehn Minuten, seit {}", rate(told.seen).de, moment(told.since)),
        ),
        Change::Faster | Change::Slower => Text::new(
            format!("{} messages{what} an hour since {}", rate(told.seen).en, moment(told.since)),
            format!("{} Nachrichten{what} je Stunde seit {}", rate(told.seen).de, moment(told.since)),
        ),
    }
}

fn rate(hourly: f64) -> Text {
    decimal(if hourly >= 10.0 || hourly == 0.0 { format!("{hourly:.0}") } else { format!("{hourly:.1}") })
}

/// The rhythm as a rung, where it is known.
pub(super) fn rung(facts: &Facts) -> Option<Rung> {
    let usual = facts.usual?;
    let last = facts.from.iter().filter_map(|one| one.last_frame).max();
    let ago = last.map_or_else(|| Text::same("–"), |last| span(facts.now.since(last)));
    Some(Rung {
        layer: Layer::Silence,
        at: facts.system.clone(),
        did: Text::new("compared with its rhythm", "mit seinem Rhythmus verglichen"),
        saw: Text::new(
            format!("about {} an hour are usual now; the last came {} ago", rate(usual).en, ago.en),
            format!("üblich sind jetzt etwa {} je Stunde; zuletzt kam etwas vor {}", rate(usual).de, ago.de),
        ),
        took: None,
        well: Some(!facts.rhythm.iter().any(|told| told.event.is_empty())),
    })
}
