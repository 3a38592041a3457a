//! An association and the messages on it, which is what a driver uses.
//!
//! A driver owns the socket and the clock and does only this: bytes that come go to
//! [`receive_buffer`](Session::receive_buffer) or [`handle_bytes`](Session::handle_bytes), and then
//! [`poll`](Session::poll) tells what to do until it answers [`Output::Wait`]. While more than a little
//! [waits to be sent](Session::waiting_bytes), it reads and sends no more.

mod event;
mod operations;

use std::collections::VecDeque;
use std::time::Duration;

use bytes::{Bytes, BytesMut};

pub use event::{Event, Output, SendError};

use crate::association::deviation::{Deviation, Kind};
use crate::association::{
    self, AcceptError, Answers, Association, Awaited, Negotiated, NotNow, Reason, Role, Settings, State,
};
use crate::message::{Assembler, Command, Error, Part, encode_command};
use crate::pdu::{AssociateReject, AssociateRequest, DataValues, EncodeError};
use operations::Operations;

/// One association with its messages, on either side.
///
/// Times are durations since any beginning that the caller chose and never go back.
#[derive(Debug)]
pub struct Session {
    association: Association,
    assembler: Assembler,
    /// What is left of the PDU that came last.
    values: Option<DataValues>,
    events: VecDeque<Event>,
    operations: Operations,
    /// The data set that is being sent, by its context.
    sending: Option<u8>,
    /// The data set that comes belongs to a message that is passed over.
    skipping: bool,
}

impl Session {
    /// A session that we ask for; see [`Association::requestor`].
    pub fn requestor(settings: Settings, request: AssociateRequest) -> Result<Self, EncodeError> {
        Ok(Self::new(Association::requestor(settings, request)?))
    }

    /// A session that a peer will ask for.
    pub fn acceptor(settings: Settings) -> Self {
        Self::new(Association::acceptor(settings))
    }

    fn new(association: Association) -> Self {
        Self {
            association,
            assembler: Assembler::default(),
            values: None,
            events: VecDeque::new(),
            operations: Operations::default(),
            sending: None,
            skipping: false,
        }
    }

    /// Settings that count from now on; see [`Association::settle`].
    pub fn settle(&mut self, settings: Settings) {
        self.association.settle(settings);
    }

    /// The transport is open.
    pub fn handle_connected(&mut self, now: Duration) {
        self.association.handle_connected(now);
    }

    /// Bytes have come.
    pub fn handle_bytes(&mut self, bytes: &[u8], now: Duration) {
        self.association.handle_bytes(bytes, now);
    }

    /// The buffer, to read into without a copy: append to it only, then call
    /// [`handle_received`](Self::handle_received).
    pub fn receive_buffer(&mut self) -> &mut BytesMut {
        self.association.receive_buffer()
    }

    /// Bytes have been appended to the buffer.
    pub fn handle_received(&mut self, now: Duration) {
        self.association.handle_received(now);
    }

    /// The caller did not read for a while and does so again: the peer is not to be blamed for its silence.
    pub fn handle_resumed(&mut self, now: Duration) {
        self.association.handle_resumed(now);
    }

    /// The transport was closed, or broke. What came before is still taken.
    pub fn handle_closed(&mut self) {
        self.association.handle_closed();
    }

    /// A time has come that [`poll`](Self::poll) named. Polling does the same; this is for a caller that can't
    /// send at the moment and does not poll.
    pub fn handle_time(&mut self, now: Duration) {
        self.association.handle_time(now);
        if let Some((_, awaited, after)) = self.due().filter(|(due, ..)| *due <= now) {
            self.association.abort(Reason::Timeout { awaited, after }, now);
        }
    }

    /// What is to be done next. To be called after everything that was handled or asked for, until it answers
    /// [`Output::Wait`].
    pub fn poll(&mut self, now: Duration) -> Output {
        if let Some(event) = self.poll_event(now) {
            return Output::Event(event);
        }
        if let Some(bytes) = self.poll_transmit(now) {
            return Output::Transmit(bytes);
        }
        if self.association.poll_close() { Output::Close } else { Output::Wait(self.next_time()) }
    }

    /// What happened next; a part of [`poll`](Self::poll) for a caller that can't send at the moment.
    pub fn poll_event(&mut self, now: Duration) -> Option<Event> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            if let Some(value) = self.values.as_mut().and_then(Iterator::next) {
                let part = self.assembler.handle(value);
                let deviations = self.assembler.take_deviations();
                self.events.extend(deviations.into_iter().map(Event::Deviation));
                self.handle_part(part, now);
                continue;
            }
            self.values = None;
            match self.association.poll_event(now) {
                Some(event) => self.handle_event(event),
                None if self.is_late(now) => self.handle_time(now),
                None => return None,
            }
        }
    }

    /// What is to be sent next; a part of [`poll`](Self::poll) for a caller that gathers.
    pub fn poll_transmit(&mut self, now: Duration) -> Option<Bytes> {
        self.association.poll_transmit(now)
    }

    /// The next time at which something is due.
    pub fn next_time(&self) -> Option<Duration> {
        let due = self.due().map(|due| due.0);
        [self.association.next_time(), due].into_iter().flatten().min()
    }

    /// Accepts the request; see [`negotiate`](association::negotiate).
    pub fn accept(&mut self, answers: Answers, now: Duration) -> Result<(), AcceptError> {
        self.association.accept(answers, now)
    }

    /// Rejects the request.
    pub fn reject(&mut self, reject: AssociateReject, now: Duration) -> Result<(), NotNow> {
        self.association.reject(reject, now)
    }

    /// Sends a command. If it has a data set, that has to follow with [`send_data`](Self::send_data) before
    /// anything else.
    pub fn send(&mut self, context: u8, command: &Command, now: Duration) -> Result<(), SendError> {
        if self.sending.is_some() {
            return Err(SendError::DataUnfinished);
        }
        let Some(negotiated) = self.association.negotiated() else {
            return Err(NotNow { what: "to send data", state: self.association.state() }.into());
        };
        if negotiated.context(context).is_none() {
            return Err(SendError::UnknownContext { context });
        }
        let window = negotiated.window(self.association.role());
        self.operations.check_sent(command, window)?;
        self.association.send(context, true, encode_command(command), true, now)?;
        self.operations.sent(context, command);
        self.sending = command.has_data.then_some(context);
        Ok(())
    }

    /// Sends the next bytes of the data set of the command that was sent last; `last` with its last bytes.
    pub fn send_data(&mut self, bytes: Bytes, last: bool, now: Duration) -> Result<(), SendError> {
        let context = self.sending.ok_or(SendError::NoData)?;
        self.association.send(context, false, bytes, last, now)?;
        if last {
            self.sending = None;
        }
        Ok(())
    }

    /// Asks for release, or agrees to the release that the peer asked for.
    pub fn release(&mut self, now: Duration) -> Result<(), SendError> {
        if self.sending.is_some() {
            return Err(SendError::DataUnfinished);
        }
        Ok(self.association.release(now)?)
    }

    /// Aborts. Nothing happens if the association has ended already.
    pub fn abort(&mut self, now: Duration) {
        self.association.abort(Reason::Asked, now);
    }

    /// The state of the association.
    pub fn state(&self) -> State {
        self.association.state()
    }

    /// Who asked for the association.
    pub fn role(&self) -> Role {
        self.association.role()
    }

    /// What both sides agreed to, once they did.
    pub fn negotiated(&self) -> Option<&Negotiated> {
        self.association.negotiated()
    }

    /// Bytes that wait to be sent. A caller that streams adds more only when they are few.
    pub fn waiting_bytes(&self) -> usize {
        self.association.waiting_bytes()
    }

    /// Bytes that came and are not looked at yet, or wait for the rest of their PDU.
    pub fn buffered_bytes(&self) -> usize {
        self.association.buffered_bytes()
    }

    /// True if one more operation may be invoked.
    pub fn may_invoke(&self) -> bool {
        let window = self.negotiated().map(|negotiated| negotiated.window(self.role()));
        self.sending.is_none() && window.is_some_and(|window| self.operations.has_room(window))
    }

    /// A message ID that no outstanding operation of ours has.
    pub fn next_message_id(&mut self) -> u16 {
        self.operations.next_message_id()
    }

    /// Operations of ours that are outstanding.
    pub fn invoked(&self) -> usize {
        self.operations.invoked()
    }

    /// Operations of the peer that are not answered yet.
    pub fn performing(&self) -> usize {
        self.operations.performing()
    }

    fn handle_event(&mut self, event: association::Event) {
        match event {
            association::Event::Data(data) => self.values = Some(data.values()),
            association::Event::Requested(request) => self.events.push_back(Event::Requested(request)),
            association::Event::Accepted => self.events.push_back(Event::Accepted),
            association::Event::Deviation(deviation) => self.note(deviation),
            association::Event::ReleaseRequested => {
                if self.operations.performing() > 0 || self.assembler.is_inside() {
                    self.note(Kind::ReleaseWhileBusy);
                }
                self.events.push_back(Event::ReleaseRequested);
            }
            association::Event::Ended(ending) => {
                self.values = None;
                self.sending = None;
                self.events.push_back(Event::Ended(ending));
            }
        }
    }

    fn handle_part(&mut self, part: Result<Option<Part>, Error>, now: Duration) {
        match part {
            Ok(None) => {}
            Ok(Some(Part::Command { context, command })) => self.handle_command(context, *command, now),
            Ok(Some(Part::Data { context, bytes, last })) => {
                if !self.skipping {
                    self.events.push_back(Event::Data { context, bytes, last });
                }
                self.skipping &= !last;
            }
            Err(error) => self.fail(error, now),
        }
    }

    fn handle_command(&mut self, context: u8, command: Command, now: Duration) {
        let role = self.association.role();
        let accepted = self.association.negotiated();
        let Some((negotiated, accepted)) = accepted.and_then(|all| Some((all, all.context(context)?))) else {
            return self.fail(Error::UnknownContext { context }, now);
        };
        // The peer's window is the other one.
        let window = negotiated.window(match role {
            Role::Requestor => Role::Acceptor,
            Role::Acceptor => Role::Requestor,
        });
        let may = if command.kind.is_of_provider() { accepted.roles.user } else { accepted.roles.provider };
        if command.kind.is_request() && !may {
            self.note(Kind::RoleExceeded);
        }
        let (sound, noted) = self.operations.received(context, &command, window);
        noted.into_iter().for_each(|kind| self.note(kind));
        if sound {
            self.events.push_back(Event::Command { context, command: Box::new(command) });
        } else {
            self.skipping = command.has_data;
        }
    }

    fn note(&mut self, deviation: impl Into<Deviation>) {
        self.events.push_back(Event::Deviation(deviation.into()));
    }

    fn fail(&mut self, error: Error, now: Duration) {
        self.values = None;
        self.association.abort(Reason::Message(error), now);
    }

    fn is_late(&self, now: Duration) -> bool {
        self.next_time().is_some_and(|due| due <= now)
    }

    /// When the silence of the peer is too long, what it is waited for, and how long it may take.
    fn due(&self) -> Option<(Duration, Awaited, Duration)> {
        let settings = self.association.settings();
        let state = self.association.state();
        let listening = matches!(state, State::Established | State::AwaitingReleaseResponse);
        let (since, awaited, timeout) = if !listening {
            return None;
        } else if self.association.buffered_bytes() > 0 || self.assembler.is_inside() {
            (self.association.received_at(), Awaited::Rest, settings.receive_timeout?)
        } else if state != State::Established {
            return None;
        } else if self.operations.invoked() > 0 && self.association.waiting_bytes() == 0 {
            (self.association.active_at(), Awaited::Response, settings.response_timeout?)
        } else if self.operations.is_idle() && self.sending.is_none() {
            (self.association.active_at(), Awaited::Anything, settings.idle_timeout?)
        } else {
            return None;
        };
        Some((since.saturating_add(timeout), awaited, timeout))
    }
}
