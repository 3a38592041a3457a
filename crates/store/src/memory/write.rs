//! The entries of an envelope's life, applied to the state.

use std::collections::BTreeMap;
use std::ops::Bound;

use klinke_model::{
    AttemptResult, ChannelId, Delivery, DeliveryKey, DeliveryState, DestinationId, Envelope, EnvelopeId,
    Hold, Timestamp,
};

use super::state::{Kept, State};
use crate::{
    Accepted, Early, Ended, Error, NewDelivery, NewEnvelope, Outcome, Part, Result, RouteRecord, Routed,
    Tried,
};

impl State {
    pub(super) fn accept(&mut self, new: NewEnvelope) -> Result<EnvelopeId> {
        if !self.versions.iter().any(|one| one.0 == new.channel && one.1.id == new.version) {
            return Err(Error::Missing(format!("version {} of channel {}", new.version, new.channel)));
        }
        let id = EnvelopeId(self.last.0 + 1);
        let channel = self.channel_mut(new.channel)?;
        channel.tally.received += 1;
        channel.tally.unrouted += 1;
        channel.last = Some((id, new.received));
        self.last = id;
        let envelope = Envelope {
            id,
            channel: new.channel,
            version: new.version,
            received: new.received,
            system: new.system,
            peer: new.peer,
            format: new.format,
            origin: new.origin,
            fingerprint: new.fingerprint,
            payload: new.payload,
        };
        let kept = Kept { envelope, route: None, parts: Vec::new(), deliveries: BTreeMap::new() };
        self.envelopes.insert(id, kept);
        Ok(id)
    }

    pub(super) fn accept_routed(&mut self, new: NewEnvelope, early: Early) -> Result<Accepted> {
        let channel = new.channel;
        let id = self.accept(new)?;
        let is_next = self.channel(channel)?.tally.unrouted == 1;
        // A route that makes no sense is refused whole; the caller learns why when it gives it again.
        let is_routed = is_next && self.route(early.into_routed(id, channel, None)).is_ok();
        Ok(Accepted { id, is_routed })
    }

    pub(super) fn route(&mut self, routed: Routed) -> Result<()> {
        let Routed { envelope: id, channel, version, after, at, outcome, trace } = routed;
        let mark = self.channel(channel)?.mark;
        let received = &self.kept(id)?.envelope;
        if received.channel != channel {
            return Err(Error::Backend(format!("envelope {id} is not of channel {channel}")));
        }
        if id <= mark {
            return Err(Error::Backend(format!("envelope {id} has been routed already")));
        }
        if after.is_some_and(|after| after != mark) {
            return Err(Error::Backend(format!("the envelope before {id} has not been routed")));
        }
        let received = received.payload.clone();
        if let Outcome::Deliveries { parts, deliveries } = &outcome {
            self.check_deliveries(id, parts.len(), deliveries)?;
        }
        self.move_mark(channel, id)?;
        let (ended, parts) = match outcome {
            Outcome::Filtered { step, reason } => {
                self.channel_mut(channel)?.tally.filtered += 1;
                (Some(Ended { failed: false, step, reason }), Vec::new())
            }
            Outcome::Failed { step, reason } => {
                self.channel_mut(channel)?.tally.failed += 1;
                (Some(Ended { failed: true, step, reason }), Vec::new())
            }
            Outcome::Deliveries { parts, deliveries } => {
                self.channel_mut(channel)?.tally.routed += 1;
                self.queue(id, at, deliveries)?;
                let bytes = |part| match part {
                    Part::Unchanged => received.clone(),
                    Part::Changed(bytes) => bytes,
                };
                (None, parts.into_iter().map(bytes).collect())
            }
        };
        if let Some(kept) = self.envelopes.get_mut(&id) {
            kept.route = Some(RouteRecord { at, version, ended, trace });
            kept.parts = parts;
        }
        Ok(())
    }

    /// Moves a channel's mark. What it passes over counts as failed: its steps will never run.
    fn move_mark(&mut self, channel: ChannelId, to: EnvelopeId) -> Result<()> {
        let from = self.channel(channel)?.mark;
        let between = self.envelopes.range((Bound::Excluded(from), Bound::Excluded(to)));
        let passed = between.filter(|(_, kept)| kept.envelope.channel == channel).count() as u64;
        let channel = self.channel_mut(channel)?;
        channel.mark = to;
        channel.tally.failed += passed;
        channel.tally.unrouted -= passed + 1;
        Ok(())
    }

    fn check_deliveries(&mut self, id: EnvelopeId, parts: usize, new: &[NewDelivery]) -> Result<()> {
        let mut seen = std::collections::BTreeSet::new();
        for one in new {
            self.tally_of(one.destination)?;
            if usize::from(one.part) >= parts {
                return Err(Error::Missing(format!("part {} of envelope {id}", one.part)));
            }
            if !seen.insert((one.destination, one.part)) {
                return Err(Error::Backend(format!("envelope {id} goes twice to one destination")));
            }
        }
        if new.is_empty() {
            return Err(Error::Backend(format!("envelope {id} is routed to nowhere")));
        }
        Ok(())
    }

    fn queue(&mut self, envelope: EnvelopeId, at: Timestamp, new: Vec<NewDelivery>) -> Result<()> {
        for NewDelivery { destination, lane, part } in new {
            let tally = self.tally_of(destination)?;
            tally.queued += 1;
            tally.waiting += 1;
            let key = DeliveryKey { destination, lane, envelope, part };
            self.waiting.insert(key.clone());
            let state = DeliveryState::Waiting;
            let delivery = Delivery { key, state, queued: at, attempts: 0, due: at, reason: String::new() };
            if let Some(kept) = self.envelopes.get_mut(&envelope) {
                kept.deliveries.insert((destination, part), (delivery, Vec::new()));
            }
        }
        Ok(())
    }

    pub(super) fn record(&mut self, tried: Tried) -> Result<()> {
        let Tried { key, attempt } = tried;
        let (delivery, attempts) = self.delivery_mut(&key)?;
        delivery.attempts += 1;
        let (text, ended, result) = (attempt.text.clone(), attempt.ended, attempt.result);
        attempts.push(attempt);
        if delivery.state != DeliveryState::Waiting {
            return Ok(());
        }
        delivery.reason = text.clone();
        match result {
            AttemptResult::Retry(due) => delivery.due = due,
            AttemptResult::Held => self.hold(key.destination, Some(key.lane), text, ended),
            AttemptResult::Delivered => self.finish(&key, DeliveryState::Delivered)?,
            AttemptResult::Dead => self.finish(&key, DeliveryState::Dead)?,
            AttemptResult::Dropped => self.finish(&key, DeliveryState::Dropped)?,
        }
        Ok(())
    }

    pub(super) fn delivery_mut(
        &mut self,
        key: &DeliveryKey,
    ) -> Result<&mut (Delivery, Vec<klinke_model::Attempt>)> {
        let kept = self.envelopes.get_mut(&key.envelope);
        let found = kept.and_then(|kept| kept.deliveries.get_mut(&(key.destination, key.part)));
        let same = found.filter(|(found, _)| found.key == *key);
        let DeliveryKey { destination, envelope, .. } = key;
        same.ok_or_else(|| Error::Missing(format!("envelope {envelope} for destination {destination}")))
    }

    /// Takes a waiting delivery out of its lane.
    pub(super) fn finish(&mut self, key: &DeliveryKey, state: DeliveryState) -> Result<()> {
        self.delivery_mut(key)?.0.state = state;
        self.waiting.remove(key);
        let tally = self.tally_of(key.destination)?;
        tally.waiting -= 1;
        match state {
            DeliveryState::Delivered => tally.delivered += 1,
            DeliveryState::Dead => tally.dead += 1,
            DeliveryState::Dropped => tally.dropped += 1,
            DeliveryState::Waiting => tally.waiting += 1,
        }
        Ok(())
    }

    /// Holds a lane or a destination; a hold that is there already keeps its time and reason.
    pub(super) fn hold(
        &mut self,
        destination: DestinationId,
        lane: Option<std::sync::Arc<str>>,
        reason: String,
        since: Timestamp,
    ) {
        let hold = Hold { destination, lane: lane.clone(), since, reason };
        self.holds.entry((destination, lane)).or_insert(hold);
    }
}
