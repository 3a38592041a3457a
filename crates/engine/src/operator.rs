//! What people do to envelopes and deliveries: stop, give up, revive, send again.

use std::sync::Arc;

use klinke_model::{EnvelopeId, Origin, Payload};
use klinke_store::{Action, EnvelopeRecord, Store};
use tokio::sync::oneshot;

use crate::engine::Engine;
use crate::fault::StartError;
use crate::lane::desk::Desk;
use crate::source::{Arrival, Receipt, Refusal};

/// Why an envelope was not sent again.
#[derive(Debug, thiserror::Error)]
pub enum AgainError {
    /// There is no such envelope, or no longer.
    #[error("envelope {0} is not in the store")]
    Missing(EnvelopeId),
    /// The channel did not take it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] StartError),
}

impl Engine {
    /// Does what a person decided: in the store first, then in the lanes. Gives how many deliveries it
    /// touched; a delivery that is under way just now is not touched.
    pub async fn act(&self, action: Action) -> klinke_store::Result<u64> {
        // No channel starts or stops meanwhile, so that its lanes learn of it.
        let _one = self.changing.lock().await;
        match &action {
            Action::Kill { key, .. } | Action::Skip { key, .. } => {
                let (desk, key) = (self.desk(&action).await, key.clone());
                let place = (key.envelope, key.part);
                let Some(desk) = desk else { return self.write(action).await };
                if !desk.giving_up(&key.lane, place) {
                    return Ok(0);
                }
                let touched = self.write(action).await;
                desk.given_up(&key.lane, place, matches!(touched, Ok(1..)));
                touched
            }
            Action::Hold { .. } | Action::Release { .. } | Action::Revive { .. } | Action::Drop { .. } => {
                let touched = self.write(action.clone()).await?;
                let Some(desk) = self.desk(&action).await else { return Ok(touched) };
                match &action {
                    Action::Hold { lane, .. } => desk.hold(lane.as_ref()),
                    Action::Release { lane, .. } => desk.release(lane.as_ref()),
                    Action::Revive { key, .. } if touched > 0 => desk.revived(&key.lane),
                    _ => {}
                }
                Ok(touched)
            }
        }
    }

    /// The desk that an action is about, if its channel runs.
    async fn desk(&self, action: &Action) -> Option<Arc<Desk>> {
        let destination = match action {
            Action::Hold { destination, .. } | Action::Release { destination, .. } => *destination,
            Action::Kill { key, .. }
            | Action::Skip { key, .. }
            | Action::Drop { key, .. }
            | Action::Revive { key, .. } => key.destination,
        };
        let channels = self.channels.read().await;
        channels
            .values()
            .flat_map(|channel| channel.desks.iter())
            .find(|desk| desk.id == destination)
            .cloned()
    }

    pub(crate) async fn write(&self, action: Action) -> klinke_store::Result<u64> {
        let (sender, receiver) = oneshot::channel();
        self.ground.reader.store.act(
            action,
            Box::new(move |done| {
                let _ = sender.send(done);
            }),
        );
        receiver.await.unwrap_or(Err(klinke_store::Error::Closed))
    }

    /// Sends a kept envelope again, as it came, into the channel named or else into its own: a new
    /// envelope whose origin says so. This is also how an envelope whose steps failed is run again.
    pub async fn resend(&self, id: EnvelopeId, channel: Option<&str>) -> Result<Receipt, AgainError> {
        self.again(id, channel, Origin::Resent(id), None).await
    }

    /// Sends a kept envelope again with other bytes.
    pub async fn edit(
        &self,
        id: EnvelopeId,
        payload: Payload,
        channel: Option<&str>,
    ) -> Result<Receipt, AgainError> {
        self.again(id, channel, Origin::Edited(id), Some(payload)).await
    }

    async fn again(
        &self,
        id: EnvelopeId,
        channel: Option<&str>,
        origin: Origin,
        payload: Option<Payload>,
    ) -> Result<Receipt, AgainError> {
        let look = move |store: &dyn Store| -> klinke_store::Result<Option<(EnvelopeRecord, String)>> {
            let Some(record) = store.envelope(id)? else { return Ok(None) };
            let own = store.channels()?.into_iter().find(|one| one.id == record.envelope.channel);
            Ok(own.map(|own| (record, own.name)))
        };
        let found = self.ground.reader.read(look).await?;
        let (record, own) = found.ok_or(AgainError::Missing(id))?;
        let name = channel.unwrap_or(&own);
        let running = self.channels.read().await.get(name).cloned();
        let Some(running) = running else {
            return Err(Refusal::Down(format!("the channel `{name}` does not run")).into());
        };
        let envelope = record.envelope;
        let arrival = Arrival {
            payload: payload.unwrap_or(envelope.payload),
            received: self.ground.clock.now(),
            peer: envelope.peer,
            system: Some(envelope.system),
        };
        Ok(running.intake.submit_from(arrival, origin).await?)
    }
}
