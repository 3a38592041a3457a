//! What the store in memory holds, and the simple ways to look at it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use klinke_model::{
    Attempt, ChannelId, ChannelTally, Delivery, DeliveryKey, DeliveryState, DestinationId, DestinationTally,
    Envelope, EnvelopeId, Hold, Payload, Timestamp, VersionId,
};

use crate::{
    AuditEnds, AuditRecord, ChannelInfo, DestinationInfo, EnvelopeRecord, Error, LaneSummary, Result,
    RouteRecord, VersionInfo,
};

/// Everything kept.
#[derive(Default)]
pub(super) struct State {
    pub(super) channels: Vec<Channel>,
    pub(super) destinations: Vec<Destination>,
    pub(super) versions: Vec<(ChannelId, VersionInfo)>,
    pub(super) envelopes: BTreeMap<EnvelopeId, Kept>,
    /// The highest number given.
    pub(super) last: EnvelopeId,
    /// What waits, in the order of destination, lane, envelope and part.
    pub(super) waiting: BTreeSet<DeliveryKey>,
    pub(super) holds: BTreeMap<(DestinationId, Option<Arc<str>>), Hold>,
    pub(super) values: BTreeMap<String, Vec<u8>>,
    pub(super) audit: VecDeque<AuditRecord>,
    pub(super) audit_ends: AuditEnds,
}

pub(super) struct Channel {
    pub(super) name: String,
    pub(super) tally: ChannelTally,
    pub(super) mark: EnvelopeId,
    pub(super) last: Option<(EnvelopeId, Timestamp)>,
}

pub(super) struct Destination {
    pub(super) channel: ChannelId,
    pub(super) name: String,
    pub(super) tally: DestinationTally,
}

/// One envelope with all that came of it.
pub(super) struct Kept {
    pub(super) envelope: Envelope,
    pub(super) route: Option<RouteRecord>,
    pub(super) parts: Vec<Payload>,
    pub(super) deliveries: BTreeMap<(DestinationId, u16), (Delivery, Vec<Attempt>)>,
}

impl Kept {
    pub(super) fn bytes(&self) -> u64 {
        let changed = self.parts.iter().filter(|part| !part.is_same(&self.envelope.payload));
        (self.envelope.payload.len() + changed.map(|part| part.len()).sum::<usize>()) as u64
    }

    /// True when nothing of it waits or is dead.
    pub(super) fn is_finished(&self, mark: EnvelopeId) -> bool {
        let is_final = |state| matches!(state, DeliveryState::Delivered | DeliveryState::Dropped);
        self.envelope.id <= mark && self.deliveries.values().all(|(one, _)| is_final(one.state))
    }

    /// The worst state that holds, as [`crate::Summary::state`] names it.
    pub(super) fn state_name(&self, mark: EnvelopeId) -> &'static str {
        if self.envelope.id > mark {
            return "unrouted";
        }
        match &self.route {
            None => return "failed",
            Some(RouteRecord { ended: Some(ended), .. }) => {
                return if ended.failed { "failed" } else { "filtered" };
            }
            Some(_) => {}
        }
        let any = |state| self.deliveries.values().any(|(one, _)| one.state == state);
        let worst = [DeliveryState::Dead, DeliveryState::Waiting, DeliveryState::Dropped];
        worst.into_iter().find(|state| any(*state)).unwrap_or(DeliveryState::Delivered).name()
    }
}

impl State {
    /// A channel's envelopes above one of them, within the limits.
    pub(super) fn above(
        &self,
        channel: ChannelId,
        after: EnvelopeId,
        limit: usize,
        bytes_max: usize,
    ) -> Vec<Envelope> {
        let mut bytes = 0usize;
        let mut found = Vec::new();
        for (_, kept) in self.envelopes.range((Bound::Excluded(after), Bound::Unbounded)) {
            if found.len() >= limit || (bytes > bytes_max && !found.is_empty()) {
                break;
            }
            if kept.envelope.channel == channel {
                bytes = bytes.saturating_add(kept.envelope.payload.len());
                found.push(kept.envelope.clone());
            }
        }
        found
    }

    pub(super) fn channel_named(&mut self, name: &str) -> ChannelId {
        if let Some(at) = self.channels.iter().position(|one| one.name == name) {
            return ChannelId(at as u32 + 1);
        }
        let id = ChannelId(self.channels.len() as u32 + 1);
        let tally = ChannelTally { channel: id, ..ChannelTally::default() };
        self.channels.push(Channel { name: name.to_owned(), tally, mark: EnvelopeId(0), last: None });
        id
    }

    pub(super) fn destination_named(&mut self, channel: ChannelId, name: &str) -> Result<DestinationId> {
        self.channel(channel)?;
        let known = self.destinations.iter().position(|one| one.channel == channel && one.name == name);
        if let Some(at) = known {
            return Ok(DestinationId(at as u32 + 1));
        }
        let id = DestinationId(self.destinations.len() as u32 + 1);
        let tally = DestinationTally { destination: id, ..DestinationTally::default() };
        self.destinations.push(Destination { channel, name: name.to_owned(), tally });
        Ok(id)
    }

    pub(super) fn version_of(&mut self, channel: ChannelId, text: &str, now: Timestamp) -> Result<VersionId> {
        self.channel(channel)?;
        if let Some((_, known)) = self.versions.iter().find(|one| one.0 == channel && one.1.text == text) {
            return Ok(known.id);
        }
        let id = VersionId(self.versions.len() as u32 + 1);
        self.versions.push((channel, VersionInfo { id, since: now, text: text.to_owned() }));
        Ok(id)
    }

    pub(super) fn channel(&self, id: ChannelId) -> Result<&Channel> {
        let at = (id.0 as usize).checked_sub(1);
        at.and_then(|at| self.channels.get(at)).ok_or_else(|| Error::Missing(format!("channel {id}")))
    }

    pub(super) fn channel_mut(&mut self, id: ChannelId) -> Result<&mut Channel> {
        let at = (id.0 as usize).checked_sub(1);
        at.and_then(|at| self.channels.get_mut(at)).ok_or_else(|| Error::Missing(format!("channel {id}")))
    }

    pub(super) fn tally_of(&mut self, id: DestinationId) -> Result<&mut DestinationTally> {
        let at = (id.0 as usize).checked_sub(1);
        let found = at.and_then(|at| self.destinations.get_mut(at)).map(|one| &mut one.tally);
        found.ok_or_else(|| Error::Missing(format!("destination {id}")))
    }

    pub(super) fn kept(&self, id: EnvelopeId) -> Result<&Kept> {
        self.envelopes.get(&id).ok_or_else(|| Error::Missing(format!("envelope {id}")))
    }

    pub(super) fn delivery(&self, key: &DeliveryKey) -> Option<&Delivery> {
        let kept = self.envelopes.get(&key.envelope)?;
        let (found, _) = kept.deliveries.get(&(key.destination, key.part))?;
        (found.key == *key).then_some(found)
    }

    pub(super) fn lanes(
        &self,
        destination: DestinationId,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<LaneSummary>> {
        let mut lanes: Vec<LaneSummary> = Vec::new();
        let from = DeliveryKey {
            destination,
            lane: after.unwrap_or_default().into(),
            envelope: EnvelopeId(0),
            part: 0,
        };
        for key in self.waiting.range(from..).take_while(|key| key.destination == destination) {
            if after.is_some_and(|after| &*key.lane <= after) {
                continue;
            }
            let is_full = lanes.len() >= limit;
            match lanes.last_mut() {
                Some(last) if last.lane == key.lane => last.waiting += 1,
                _ if is_full => break,
                _ => {
                    let first = self.delivery(key).cloned();
                    let first = first.ok_or_else(|| Error::Damaged("a lane names nothing".to_owned()))?;
                    lanes.push(LaneSummary { lane: key.lane.clone(), waiting: 1, first });
                }
            }
        }
        Ok(lanes)
    }

    pub(super) fn waiting(
        &self,
        destination: DestinationId,
        lane: &str,
        after: Option<(EnvelopeId, u16)>,
        limit: usize,
    ) -> Result<Vec<Delivery>> {
        let (envelope, part) = after.unwrap_or_default();
        let from = DeliveryKey { destination, lane: lane.into(), envelope, part };
        let same = |key: &&DeliveryKey| key.destination == destination && &*key.lane == lane;
        let keys = self.waiting.range(from..).take_while(same);
        let above = keys.filter(|key| Some((key.envelope, key.part)) > after).take(limit);
        Ok(above.filter_map(|key| self.delivery(key).cloned()).collect())
    }

    pub(super) fn dead(
        &self,
        destination: DestinationId,
        before: Option<EnvelopeId>,
        limit: usize,
    ) -> Vec<Delivery> {
        let below = self.envelopes.range(..before.unwrap_or(EnvelopeId(u64::MAX))).rev();
        let all = below.flat_map(|(_, kept)| kept.deliveries.values().rev().map(|(one, _)| one));
        let dead = all.filter(|one| one.key.destination == destination && one.state == DeliveryState::Dead);
        dead.take(limit).cloned().collect()
    }

    pub(super) fn record_of(&self, id: EnvelopeId) -> Option<EnvelopeRecord> {
        let kept = self.envelopes.get(&id)?;
        let later = self.envelopes.range(id..).map(|(_, other)| &other.envelope);
        let children = later.filter(|one| one.origin.parent() == Some(id)).map(|one| one.id).collect();
        Some(EnvelopeRecord {
            envelope: kept.envelope.clone(),
            route: kept.route.clone(),
            parts: kept.parts.clone(),
            deliveries: kept.deliveries.values().cloned().collect(),
            children,
        })
    }

    pub(super) fn channel_infos(&self) -> Vec<ChannelInfo> {
        let info = |one: &Channel| ChannelInfo {
            id: one.tally.channel,
            name: one.name.clone(),
            tally: one.tally,
            last: one.last.map(|last| last.0),
            last_at: one.last.map(|last| last.1),
        };
        self.channels.iter().map(info).collect()
    }

    pub(super) fn destination_infos(&self) -> Vec<DestinationInfo> {
        let info = |one: &Destination| DestinationInfo {
            id: one.tally.destination,
            channel: one.channel,
            name: one.name.clone(),
            tally: one.tally,
        };
        self.destinations.iter().map(info).collect()
    }

    /// What is not as it should be: books that do not balance, lanes that name nothing.
    pub(super) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for one in self.channels.iter().filter(|one| !one.tally.balances()) {
            faults.push(format!("the books of channel {} do not balance", one.tally.channel));
        }
        for one in self.destinations.iter().filter(|one| !one.tally.balances()) {
            faults.push(format!("the books of destination {} do not balance", one.tally.destination));
        }
        for key in self.waiting.iter().filter(|key| self.delivery(key).is_none()) {
            faults.push(format!("envelope {} waits and is not there", key.envelope));
        }
        let mut checker = crate::audit::Checker::new(self.audit_ends, None);
        self.audit.iter().for_each(|record| checker.next(record));
        faults.extend(checker.end().1.into_iter().map(|fault| format!("the audit log: {fault}")));
        faults
    }
}
