//! All channels with their books.

use anyhow::Result;
use klinke_engine::{ChannelReport, DeskReport};
use klinke_model::Hold;
use klinke_store::{ChannelInfo, DestinationInfo};

use super::answer::Counter;
use super::systems::Wiring;
use klinke_console::house::deploy::Deployed;
use klinke_console::house::site::SystemView;
use klinke_console::house::view::{ChannelView, DestinationView, Status, StoreView};

/// The status of everything.
pub fn status(counter: &Counter, runtime: &tokio::runtime::Handle) -> Result<Status> {
    let reports = match &counter.engine {
        Some(engine) => runtime.block_on(engine.report()),
        None => Vec::new(),
    };
    let health = counter.store.health()?;
    let destinations = counter.store.destinations()?;
    let mut channels = counter.store.channels()?;
    channels.sort_by(|one, other| one.name.cmp(&other.name));
    let (holds, files) = (counter.store.holds()?, counter.files());
    let channels = channels.iter().map(|channel| {
        let report = reports.iter().find(|report| report.id == channel.id);
        let own = destinations.iter().filter(|one| one.channel == channel.id);
        channel_view(channel, report, own, &holds, &files.wiring, counter)
    });
    Ok(Status {
        site: files.site.clone(),
        serving: counter.engine.is_some(),
        store: StoreView {
            bytes: health.bytes,
            free: health.free,
            envelopes: health.envelopes,
            index_lag: health.index_lag,
            refuses: health.refuses,
        },
        channels: channels.collect(),
        drift: super::learn::drift(counter, None)?,
        deployed: Deployed { shadows: crate::shadow::states(counter), ..counter.board.view() },
        findings: counter.watch.briefs(&|at| counter.world.zone.clock(at)),
    })
}

/// Why not all that comes is taken; nothing when it is. Reads no books: health is asked for every few seconds.
pub fn refusals(counter: &Counter, runtime: &tokio::runtime::Handle) -> Result<Vec<String>> {
    let reports = match &counter.engine {
        Some(engine) => runtime.block_on(engine.report()),
        None => Vec::new(),
    };
    let refusing = reports.iter().filter(|report| report.refuses.is_some());
    let mut faults: Vec<String> = refusing.map(|report| format!("{} refuses", report.name)).collect();
    if counter.store.health()?.refuses.is_some() {
        faults.push("the store does not write".to_owned());
    }
    Ok(faults)
}

fn channel_view<'a>(
    channel: &ChannelInfo,
    report: Option<&ChannelReport>,
    destinations: impl Iterator<Item = &'a DestinationInfo>,
    holds: &[Hold],
    wiring: &Wiring,
    counter: &Counter,
) -> ChannelView {
    let counts = counter.counts.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let counts = counts.get(&channel.name).map(|counts| counts.snapshot());
    let violations = counts.iter().flat_map(|counts| &counts.violations);
    let violations = violations.map(|(kind, count)| ((*kind).to_owned(), *count)).collect();
    let tally = &channel.tally;
    let destinations: Vec<_> = destinations
        .map(|one| {
            let own = report.and_then(|report| report.destinations.iter().find(|(id, ..)| *id == one.id));
            (
                one.tally.balances(),
                destination_view(one, own.map(|(_, _, address, desk)| (address, desk)), holds, wiring),
            )
        })
        .collect();
    let failed = counter.failed.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    ChannelView {
        name: channel.name.clone(),
        title: wiring.title(&channel.name),
        runs: report.is_some(),
        stopped: failed.get(&channel.name).cloned(),
        address: report.and_then(|report| report.address.clone()),
        halted: counter.halts.of(&channel.name),
        refuses: report.and_then(|report| report.refuses.clone()),
        received: tally.received,
        filtered: tally.filtered,
        failed: tally.failed,
        routed: tally.routed,
        unrouted: tally.unrouted,
        last: channel.last_at.map(|at| at.to_string()),
        connections: counts.map(|counts| counts.open),
        violations,
        unfinished: report.map_or(0, |report| report.fragments.open),
        stray_fragments: report.map_or(0, |report| report.fragments.strays),
        balances: tally.balances() && destinations.iter().all(|(balances, _)| *balances),
        destinations: destinations.into_iter().map(|(_, view)| view).collect(),
    }
}

fn destination_view(
    info: &DestinationInfo,
    desk: Option<(&String, &DeskReport)>,
    holds: &[Hold],
    wiring: &Wiring,
) -> DestinationView {
    let tally = &info.tally;
    let report = desk.map(|(_, report)| report);
    // The store knows of holds also while nothing serves.
    let held = holds.iter().any(|hold| hold.destination == info.id && hold.lane.is_none());
    let answered = report.filter(|report| report.attempts > 0);
    DestinationView {
        name: info.name.clone(),
        address: desk.map(|(address, _)| address.clone()),
        contact: wiring.system(&info.name).and_then(contact),
        queued: tally.queued,
        delivered: tally.delivered,
        dead: tally.dead,
        dropped: tally.dropped,
        waiting: tally.waiting,
        down: report.is_some_and(|report| report.down),
        held: held || report.is_some_and(|report| report.held),
        trouble: report
            .and_then(|report| report.trouble.clone())
            .map(|(at, code, text)| (at.to_string(), code, text)),
        answer_millis: answered
            .map(|report| report.answer_time.as_secs_f64() * 1_000.0 / report.attempts as f64),
    }
}

/// A system's title and contact, as far as they are given.
fn contact(system: &SystemView) -> Option<String> {
    match (&system.title, &system.contact) {
        (Some(title), Some(contact)) => Some(format!("{title}: {contact}")),
        (None, Some(contact)) => Some(contact.clone()),
        (_, None) => None,
    }
}
