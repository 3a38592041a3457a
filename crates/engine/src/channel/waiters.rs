//! Senders whose answer waits for more than the store: for the steps, or for a partner.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use klinke_model::EnvelopeId;
use tokio::sync::oneshot;

use super::spec::AckWhen;
use crate::link::Reply;
use crate::source::End;

pub(crate) struct Waiters {
    when: AckWhen,
    waiting: Mutex<HashMap<EnvelopeId, oneshot::Sender<End>>>,
}

/// Senders that gave up waiting are looked for when so many wait, and each time that number has doubled.
const SWEEP: usize = 64;

impl Waiters {
    pub fn new(when: AckWhen) -> Self {
        Waiters { when, waiting: Mutex::new(HashMap::new()) }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<EnvelopeId, oneshot::Sender<End>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to wait for an envelope's end; `None` when being kept is end enough.
    pub fn register(&self, id: EnvelopeId) -> Option<oneshot::Receiver<End>> {
        if self.when == AckWhen::Stored {
            return None;
        }
        let (sender, receiver) = oneshot::channel();
        let mut waiting = self.lock();
        if waiting.len() >= SWEEP && waiting.len().is_power_of_two() {
            waiting.retain(|_, sender| !sender.is_closed());
        }
        waiting.insert(id, sender);
        Some(receiver)
    }

    /// The steps ended an envelope, or made deliveries of it.
    pub fn routed(&self, id: EnvelopeId, end: End) {
        if self.when == AckWhen::Stored || (self.when == AckWhen::Delivered && end == End::Routed) {
            return;
        }
        if let Some(sender) = self.lock().remove(&id) {
            let _ = sender.send(end);
        }
    }

    /// A partner's answer ended a delivery.
    pub fn answered(&self, id: EnvelopeId, reply: &Reply, delivered: bool) {
        if self.when != AckWhen::Delivered {
            return;
        }
        if let Some(sender) = self.lock().remove(&id) {
            let _ = sender.send(End::Answered {
                accepted: delivered,
                code: reply.code.clone(),
                text: reply.text.clone(),
                answer: reply.answer.clone(),
            });
        }
    }
}
