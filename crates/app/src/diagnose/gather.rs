//! Facts of partners, from what the engine, the store and the adapters know anyway.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use klinke_adapters::net::Memory;
use klinke_console::house::site::SystemView;
use klinke_diagnosis::facts::{End as Ended, Facts, Inbound, Outage, Outbound, Stopped, Tried};
use klinke_diagnosis::{Did, Layer, Seen, Step};
use klinke_engine::link::ReplyKind;
use klinke_engine::{ChannelReport, DeskReport, Trail};
use klinke_model::{DestinationId, Hold, Timestamp};
use klinke_store::{ChannelInfo, DestinationInfo, Query, StateFilter};
use tokio::runtime::Handle;

use super::past;
use crate::control::answer::Counter;
use crate::wire::End;

/// How long back failed envelopes are looked for.
const FAILED_WITHIN: Duration = Duration::from_secs(4 * 3_600);
/// How many of them.
const FAILED_MAX: usize = 8;

/// What was read once for all ends.
struct Known<'a> {
    counter: &'a Counter,
    now: Timestamp,
    reports: Vec<ChannelReport>,
    trails: BTreeMap<DestinationId, Trail>,
    channels: Vec<ChannelInfo>,
    destinations: Vec<DestinationInfo>,
    holds: Vec<Hold>,
    failed: BTreeMap<String, String>,
    /// True while the store writes.
    writes: bool,
}

/// The facts of the systems behind these ends, by their names.
pub(super) fn facts(counter: &Counter, runtime: &Handle, ends: &[End]) -> Result<Vec<Facts>> {
    let (reports, trails) = match &counter.engine {
        Some(engine) => runtime.block_on(async { (engine.report().await, engine.trails().await) }),
        None => Default::default(),
    };
    let store = &counter.store;
    let failed = counter.failed.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
    let known = Known {
        counter,
        now: Timestamp::now(),
        reports,
        trails,
        channels: store.channels()?,
        destinations: store.destinations()?,
        holds: store.holds()?,
        failed,
        writes: store.health()?.refuses.is_none(),
    };
    let (files, mut all) = (counter.files(), BTreeMap::new());
    for end in ends.iter().filter(|end| !end.inside) {
        let owner = end.owner();
        let system = files.wiring.system(&owner);
        let (rhythm, usual) = counter.watch.pulse(&owner);
        let facts = all.entry(owner.clone()).or_insert_with(|| Facts {
            system: owner,
            rhythm,
            usual,
            title: system.and_then(|system| system.title.clone()),
            contact: system.and_then(|system| system.contact.clone()),
            site: files.site.clone(),
            now: known.now,
            ..Facts::default()
        });
        match &end.destination {
            Some(name) => facts.out.push(known.outbound(end, name)?),
            None => {
                facts.from.push(known.inbound(end, system)?);
                facts.out.extend(known.dialled(end));
            }
        }
    }
    Ok(all.into_values().collect())
}

impl Known<'_> {
    fn channel(&self, name: &str) -> Option<&ChannelInfo> {
        self.channels.iter().find(|one| one.name == name)
    }

    fn desk(&self, channel: &str, id: DestinationId) -> Option<&DeskReport> {
        let report = self.reports.iter().find(|one| one.name == channel)?;
        report.destinations.iter().find(|(one, ..)| *one == id).map(|(_, _, _, desk)| desk)
    }

    fn outbound(&self, end: &End, name: &str) -> Result<Outbound> {
        let memory = end.statistics.as_ref().map(|counts| counts.memory()).unwrap_or_default();
        let mut out = Outbound {
            name: end.name(),
            address: end.address.clone(),
            speech: end.probe.as_ref().and_then(|probe| probe.speech()),
            answer_limit: end.answer_limit,
            connected: end.statistics.as_ref().is_some_and(|counts| counts.snapshot().open > 0),
            steps: secured(end, &memory, self.now).into_iter().collect(),
            lives: memory.lives,
            ..Outbound::default()
        };
        let channel = self.channel(&end.channel);
        let found = channel.and_then(|channel| {
            self.destinations.iter().find(|one| one.channel == channel.id && one.name == name)
        });
        let (Some(channel), Some(info)) = (channel, found) else { return Ok(out) };
        out.has_worked = info.tally.delivered > 0;
        out.dead = info.tally.dead;
        out.waiting = info.tally.waiting;
        match self.trails.get(&info.id) {
            Some(trail) => {
                out.attempts = trail.attempts().into_iter().map(tried).collect();
                out.outages = trail.outages().map(outage).collect();
            }
            None => out.attempts = past::attempts(self.counter, channel.id, info.id)?,
        }
        let desk = self.desk(&end.channel, info.id);
        out.down = desk.is_some_and(|desk| desk.down);
        self.lanes(&mut out, info.id, desk)?;
        Ok(out)
    }

    /// What stands, and since when something waits.
    fn lanes(&self, out: &mut Outbound, id: DestinationId, desk: Option<&DeskReport>) -> Result<()> {
        let store = &self.counter.store;
        let own: Vec<&Hold> = self.holds.iter().filter(|hold| hold.destination == id).collect();
        let whole = own.iter().find(|hold| hold.lane.is_none());
        out.held = whole
            .map(|hold| hold.reason.clone())
            .or_else(|| desk.is_some_and(|desk| desk.held).then(String::new));
        if out.held.is_some() && out.waiting > 0 {
            out.waiting_since = store.lanes(id, None, 1)?.first().map(|lane| lane.first.queued);
        }
        for hold in own.iter().filter(|hold| hold.lane.is_some()).take(8) {
            let lane = hold.lane.as_deref().unwrap_or_default();
            // A lane that was stopped and has nothing in it holds nobody up.
            if let Some(first) = store.waiting(id, lane, None, 1)?.first() {
                out.held_lanes.push(Stopped {
                    since: hold.since,
                    reason: hold.reason.clone(),
                    envelope: first.key.envelope.0,
                });
            }
        }
        Ok(())
    }

    /// A source that connects out: whether the sender can be reached is asked as of a destination.
    fn dialled(&self, end: &End) -> Option<Outbound> {
        let probe = end.probe.as_ref().filter(|probe| !probe.is_own() && probe.answer_limit().is_some())?;
        let snapshot = end.statistics.as_ref()?.snapshot();
        let report = self.reports.iter().find(|one| one.name == end.channel);
        Some(Outbound {
            name: end.name(),
            address: report.and_then(|report| report.address.clone()).unwrap_or_default(),
            speech: probe.speech(),
            connected: snapshot.open > 0,
            has_worked: snapshot.frames > 0,
            ..Outbound::default()
        })
    }

    fn inbound(&self, end: &End, system: Option<&SystemView>) -> Result<Inbound> {
        let counts = end.statistics.as_ref();
        let (memory, snapshot) =
            counts.map(|counts| (counts.memory(), counts.snapshot())).unwrap_or_default();
        let report = self.reports.iter().find(|one| one.name == end.channel);
        let refuses = report.and_then(|report| report.refuses.clone()).filter(|_| self.writes);
        let mut one = Inbound {
            name: end.channel.clone(),
            address: report.and_then(|report| report.address.clone()).unwrap_or_default(),
            stopped: self.failed.get(&end.channel).cloned(),
            refuses,
            blocked: report
                .is_some_and(|report| report.destinations.iter().any(|(.., desk)| desk.down || desk.held)),
            open: snapshot.open,
            frames: snapshot.frames,
            last_frame: memory.last_frame,
            turned_away: memory.turned_away,
            violations: memory.violations,
            lives: memory.lives,
            arrivals: memory.arrivals,
            zone_seconds: i64::from(self.counter.world.zone.offset_minutes(self.now)) * 60,
            is_utf8: system.is_some_and(is_utf8),
            speech: end.probe.as_ref().and_then(|probe| probe.speech()),
            ..Inbound::default()
        };
        if let Some(channel) = self.channel(&end.channel) {
            one.seen = channel.tally.received;
            if channel.tally.failed > 0 {
                one.failed = self.failed_in(channel)?;
            }
        }
        Ok(one)
    }

    /// Envelopes that failed in a step lately: which, where, why.
    fn failed_in(&self, channel: &ChannelInfo) -> Result<Vec<(u64, String, String)>> {
        let store = &self.counter.store;
        let query = Query {
            channel: Some(channel.id),
            from: Some(self.now.before(FAILED_WITHIN)),
            state: Some(StateFilter::Failed),
            limit: FAILED_MAX,
            ..Query::default()
        };
        let mut failed = Vec::new();
        for found in store.search(&query)? {
            let record = store.envelope(found.envelope.id)?;
            let ended = record.and_then(|record| record.route).and_then(|route| route.ended);
            if let Some(ended) = ended.filter(|ended| ended.failed) {
                failed.push((found.envelope.id.0, ended.step, ended.reason));
            }
        }
        Ok(failed)
    }
}

/// True when a system's messages are UTF-8 where they do not say it.
fn is_utf8(system: &SystemView) -> bool {
    let charset = system.charset.as_deref().unwrap_or_default().to_ascii_uppercase();
    charset.contains("UTF-8") || charset.contains("UTF8")
}

/// What the latest handshake with a partner showed, without another one.
fn secured(end: &End, memory: &Memory, now: Timestamp) -> Option<Step> {
    let secured = memory.secured.as_ref()?;
    let days = secured.until.map(|until| (until.0 - now.0).div_euclid(86_400_000_000));
    Some(Step {
        layer: Layer::Tls,
        did: Did::ShookHands(end.address.clone()),
        saw: Seen::Secured {
            version: secured.version.clone(),
            cipher: secured.cipher.clone(),
            chain: secured.chain,
            days,
        },
        took: Duration::ZERO,
    })
}

fn tried(one: klinke_engine::Recent) -> Tried {
    Tried {
        envelope: one.envelope.0,
        ended: one.ended,
        took: one.took,
        bytes: one.bytes as u64,
        end: match one.kind {
            ReplyKind::Accepted => Ended::Accepted,
            ReplyKind::Refused => Ended::Refused,
            ReplyKind::Unreachable => Ended::Unreachable,
            ReplyKind::Unclear => Ended::Unclear,
        },
        code: one.code,
        text: one.text,
    }
}

fn outage(one: &klinke_engine::Outage) -> Outage {
    Outage { from: one.from, until: one.until, code: one.code.clone() }
}
