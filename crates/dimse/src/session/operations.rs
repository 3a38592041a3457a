//! Outstanding operations on both sides (PS3.7, section 7.1 and Annex D.3.3.3).

use std::collections::HashMap;

use super::SendError;
use crate::association::deviation;
use crate::message::{Command, Kind};

/// Outstanding operations on both sides.
#[derive(Debug, Default)]
pub(super) struct Operations {
    invoked: HashMap<u16, Operation>,
    performing: HashMap<u16, Operation>,
    last_message_id: u16,
}

#[derive(Debug, Clone, Copy)]
struct Operation {
    context: u8,
    kind: Kind,
}

impl Operations {
    pub fn invoked(&self) -> usize {
        self.invoked.len()
    }

    pub fn performing(&self) -> usize {
        self.performing.len()
    }

    pub fn is_idle(&self) -> bool {
        self.invoked.is_empty() && self.performing.is_empty()
    }

    pub fn has_room(&self, window: Option<usize>) -> bool {
        window.is_none_or(|window| self.invoked.len() < window)
    }

    /// A message ID that no outstanding operation of ours has.
    pub fn next_message_id(&mut self) -> u16 {
        loop {
            self.last_message_id = self.last_message_id.checked_add(1).unwrap_or(1);
            if !self.invoked.contains_key(&self.last_message_id) || self.invoked.len() >= 0xFFFF {
                return self.last_message_id;
            }
        }
    }

    /// Whether this command may be sent.
    pub fn check_sent(&self, command: &Command, window: Option<usize>) -> Result<(), SendError> {
        let message_id = command.message_id;
        let known = match command.kind {
            kind if kind.is_request() => {
                if let Some(window) = window.filter(|_| !self.has_room(window)) {
                    return Err(SendError::WindowFull { window });
                }
                if self.invoked.contains_key(&message_id) {
                    return Err(SendError::MessageIdInUse { message_id });
                }
                true
            }
            Kind::CCancelRequest => self.invoked.contains_key(&message_id),
            _ => self.performing.contains_key(&message_id),
        };
        if known { Ok(()) } else { Err(SendError::NoSuchOperation { message_id }) }
    }

    /// This command was sent.
    pub fn sent(&mut self, context: u8, command: &Command) {
        if command.kind.is_request() {
            self.invoked.insert(command.message_id, Operation { context, kind: command.kind });
        } else if command.kind.is_response() && !command.is_pending() {
            self.performing.remove(&command.message_id);
        }
    }

    /// This command came. False if it belongs to nothing; with what is against the standard.
    pub fn received(
        &mut self,
        context: u8,
        command: &Command,
        window: Option<usize>,
    ) -> (bool, Vec<deviation::Kind>) {
        let id = command.message_id;
        let mut noted = Vec::new();
        if command.kind.is_request() {
            if self.performing.contains_key(&id) {
                noted.push(deviation::Kind::MessageIdReused);
            } else if window.is_some_and(|window| self.performing.len() >= window) {
                noted.push(deviation::Kind::WindowExceeded);
            }
            self.performing.insert(id, Operation { context, kind: command.kind });
            return (true, noted);
        }
        if command.kind == Kind::CCancelRequest {
            let known = self.performing.contains_key(&id);
            noted.extend((!known).then_some(deviation::Kind::CancelOfNothing));
            return (known, noted);
        }
        let Some(operation) = self.invoked.get(&id) else {
            return (false, vec![deviation::Kind::ResponseToNothing]);
        };
        if operation.context != context || operation.kind.response() != Some(command.kind) {
            noted.push(deviation::Kind::ResponseOther);
        }
        if !command.is_pending() {
            self.invoked.remove(&id);
        }
        (true, noted)
    }
}
