//! What a person decided, applied to the state.

use std::sync::Arc;

use klinke_model::{DeliveryKey, DeliveryState, DestinationId};

use super::state::State;
use crate::{Action, Result};

impl State {
    pub(super) fn act(&mut self, action: Action) -> Result<u64> {
        match action {
            Action::Hold { destination, lane, reason, at } => {
                self.tally_of(destination)?;
                if self.holds.contains_key(&(destination, lane.clone())) {
                    return Ok(0);
                }
                let touched = self.count_waiting(destination, lane.as_ref());
                self.hold(destination, lane, reason, at);
                Ok(touched)
            }
            Action::Release { destination, lane } => {
                self.tally_of(destination)?;
                match self.holds.remove(&(destination, lane.clone())) {
                    Some(_) => Ok(self.count_waiting(destination, lane.as_ref())),
                    None => Ok(0),
                }
            }
            Action::Kill { key, reason, .. } => self.give_up(&key, reason, DeliveryState::Dead),
            Action::Skip { key, reason, .. } => self.give_up(&key, reason, DeliveryState::Dropped),
            Action::Drop { key, reason, .. } => {
                let (delivery, _) = self.delivery_mut(&key)?;
                if delivery.state != DeliveryState::Dead {
                    return Ok(0);
                }
                delivery.state = DeliveryState::Dropped;
                delivery.reason = reason;
                let tally = self.tally_of(key.destination)?;
                tally.dead -= 1;
                tally.dropped += 1;
                Ok(1)
            }
            Action::Revive { key, at } => {
                let (delivery, _) = self.delivery_mut(&key)?;
                if delivery.state != DeliveryState::Dead {
                    return Ok(0);
                }
                delivery.state = DeliveryState::Waiting;
                delivery.due = at;
                let tally = self.tally_of(key.destination)?;
                tally.dead -= 1;
                tally.waiting += 1;
                self.waiting.insert(key);
                Ok(1)
            }
        }
    }

    fn give_up(&mut self, key: &DeliveryKey, reason: String, state: DeliveryState) -> Result<u64> {
        let (delivery, _) = self.delivery_mut(key)?;
        if delivery.state != DeliveryState::Waiting {
            return Ok(0);
        }
        delivery.reason = reason;
        self.finish(key, state)?;
        Ok(1)
    }

    fn count_waiting(&self, destination: DestinationId, lane: Option<&Arc<str>>) -> u64 {
        let wanted =
            |key: &&DeliveryKey| key.destination == destination && lane.is_none_or(|lane| key.lane == *lane);
        self.waiting.iter().filter(wanted).count() as u64
    }
}
