//! The state machine: what the actions of the transition table do (PS3.8, Tables 9-6 to 9-9).

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use bytes::{Bytes, BytesMut};

use super::answer::{answer, introduce};
use super::outgoing::Outgoing;
use super::{
    AcceptError, Action, Answers, Ending, Event, Negotiated, NotNow, Output, Reason, Role, Settings, State,
    Trigger, action,
};
use crate::association::deviation::Kind;
use crate::pdu::{Abort, AssociateAccept, AssociateReject, AssociateRequest, Decoder, EncodeError, Pdu};

/// One association, on either side. Give it bytes and times, then call [`poll`](Self::poll) until it answers
/// [`Output::Wait`].
///
/// Times are durations since any beginning that the caller chose and never go back.
pub struct Association {
    pub(super) settings: Settings,
    role: Role,
    pub(super) state: State,
    buffer: BytesMut,
    decoder: Decoder,
    pub(super) outgoing: Outgoing,
    events: VecDeque<Event>,
    request: Option<Box<AssociateRequest>>,
    negotiated: Option<Box<Negotiated>>,
    /// When the ARTIM timer expires.
    pub(super) artim: Option<Duration>,
    /// Since when the peer's answer to A-ASSOCIATE-RQ or A-RELEASE-RQ is waited for.
    pub(super) asked: Option<Duration>,
    /// When bytes last came.
    pub(super) received: Duration,
    /// When bytes to be sent last were taken, or began to wait.
    pub(super) taken: Duration,
    /// The local user has answered a release request that the standard lets it answer only later.
    release_answered: bool,
    transport_closed: bool,
    /// The stream has lost its meaning.
    broken: bool,
    ended: bool,
    close: Close,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Close {
    Open,
    Wanted,
    Told,
}

impl Association {
    /// An association that we ask for. Maximum length and implementation are filled in from the settings where the
    /// request does not have them. Whether it can be written is checked here.
    pub fn requestor(settings: Settings, mut request: AssociateRequest) -> Result<Self, EncodeError> {
        introduce(&mut request.user, &settings);
        Pdu::AssociateRequest(Box::new(request.clone())).encode(&mut BytesMut::new())?;
        let mut association = Self::new(settings, Role::Requestor);
        association.request = Some(Box::new(request));
        association.step(Trigger::AssociateRequest, Duration::ZERO);
        Ok(association)
    }

    /// An association that a peer will ask for.
    pub fn acceptor(settings: Settings) -> Self {
        Self::new(settings, Role::Acceptor)
    }

    fn new(settings: Settings, role: Role) -> Self {
        Self {
            role,
            state: State::Idle,
            buffer: BytesMut::new(),
            decoder: Decoder::new(settings.limits, settings.maximum_length),
            outgoing: Outgoing::new(settings.sent_length_max),
            events: VecDeque::new(),
            request: None,
            negotiated: None,
            artim: None,
            asked: None,
            received: Duration::ZERO,
            taken: Duration::ZERO,
            release_answered: false,
            transport_closed: false,
            broken: false,
            ended: false,
            close: Close::Open,
            settings,
        }
    }

    /// The transport is open.
    pub fn handle_connected(&mut self, now: Duration) {
        self.received = now;
        self.taken = now;
        let trigger = match self.role {
            Role::Requestor => Trigger::TransportConfirmed,
            Role::Acceptor => Trigger::TransportIndicated,
        };
        self.step(trigger, now);
    }

    /// Bytes have come.
    pub fn handle_bytes(&mut self, bytes: &[u8], now: Duration) {
        self.buffer.extend_from_slice(bytes);
        self.handle_received(now);
    }

    /// The buffer, to read into without a copy: append to it only, then call
    /// [`handle_received`](Self::handle_received).
    pub fn receive_buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// Bytes have been appended to the buffer.
    pub fn handle_received(&mut self, now: Duration) {
        self.received = now;
        if self.broken || self.close != Close::Open {
            self.buffer.clear();
        }
    }

    /// The caller did not read for a while and does so again: the peer is not to be blamed for its silence.
    pub fn handle_resumed(&mut self, now: Duration) {
        self.received = now;
    }

    /// The transport was closed, or broke. What came before is still taken.
    pub fn handle_closed(&mut self) {
        self.transport_closed = true;
    }

    /// A time has come that [`poll`](Self::poll) named. Polling does the same; this is for a caller that can't
    /// send at the moment and does not poll.
    pub fn handle_time(&mut self, now: Duration) {
        while self.expire(now) {}
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
        if self.poll_close() { Output::Close } else { Output::Wait(self.next_time()) }
    }

    /// True once, when the transport is to be closed and nothing is left to be sent.
    pub(crate) fn poll_close(&mut self) -> bool {
        let wanted = self.close == Close::Wanted && self.outgoing.is_empty();
        if wanted {
            self.close = Close::Told;
        }
        wanted
    }

    /// What happened next; a part of [`poll`](Self::poll) for a caller that can't send at the moment.
    pub fn poll_event(&mut self, now: Duration) -> Option<Event> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            if !self.advance(now) {
                return None;
            }
        }
    }

    /// What is to be sent next; a part of [`poll`](Self::poll) for a caller that gathers.
    pub fn poll_transmit(&mut self, now: Duration) -> Option<Bytes> {
        let bytes = self.outgoing.take()?;
        self.taken = now;
        Some(bytes)
    }

    /// Accepts the request. Contexts without an answer are rejected.
    pub fn accept(&mut self, answers: Answers, now: Duration) -> Result<(), AcceptError> {
        self.allowed(Trigger::AssociateAccept, "to accept")?;
        let Some(request) = self.request.as_deref() else { return Err(self.not_now("to accept").into()) };
        let accept = answer(request, answers, &self.settings);
        let negotiated = Negotiated::of_acceptor(request, &accept);
        let mut bytes = BytesMut::new();
        Pdu::AssociateAccept(Box::new(accept)).encode(&mut bytes)?;
        self.agree(negotiated);
        self.outgoing.push_pdu(bytes.freeze());
        self.step(Trigger::AssociateAccept, now);
        Ok(())
    }

    /// Rejects the request.
    pub fn reject(&mut self, reject: AssociateReject, now: Duration) -> Result<(), NotNow> {
        self.allowed(Trigger::AssociateReject, "to reject")?;
        self.push(&Pdu::AssociateReject(reject));
        self.end(Ending::RejectedHere(reject));
        self.step(Trigger::AssociateReject, now);
        Ok(())
    }

    /// Sends a piece of a command set or data set in this context; cut into PDUs that the peer takes.
    pub fn send(
        &mut self,
        context: u8,
        command: bool,
        bytes: Bytes,
        last: bool,
        now: Duration,
    ) -> Result<(), NotNow> {
        self.allowed(Trigger::Data, "to send data")?;
        self.touch(now);
        self.outgoing.push_stream(context, command, bytes, last);
        self.step(Trigger::Data, now);
        Ok(())
    }

    /// Asks for release, or agrees to the release that the peer asked for.
    pub fn release(&mut self, now: Duration) -> Result<(), NotNow> {
        match self.state {
            State::CollisionAcceptorPeer => {
                self.release_answered = true;
                Ok(())
            }
            State::AwaitingLocalRelease | State::CollisionRequestorLocal | State::CollisionAcceptorLocal => {
                self.step(Trigger::ReleaseResponse, now);
                Ok(())
            }
            _ => {
                self.allowed(Trigger::ReleaseRequest, "release")?;
                self.step(Trigger::ReleaseRequest, now);
                Ok(())
            }
        }
    }

    /// Aborts. Nothing happens if the association has ended already.
    pub fn abort(&mut self, reason: Reason, now: Duration) {
        let abort = match &reason {
            Reason::Invalid(error) => error.abort(),
            Reason::Unexpected { .. } => Abort::UNEXPECTED_PDU,
            _ => Abort::USER,
        };
        if self.ended {
            return;
        }
        if self.state == State::AwaitingRequest {
            // The standard has no such event in Sta2; as if the time for the request was over.
            self.end(Ending::AbortedHere(reason));
            return self.step(Trigger::TimerExpired, now);
        }
        if action(Trigger::Abort, self.state).is_some() {
            self.abort_with(Trigger::Abort, abort, reason, now);
        }
    }

    /// Its state.
    pub fn state(&self) -> State {
        self.state
    }

    /// Who asked for it.
    pub fn role(&self) -> Role {
        self.role
    }

    /// Its settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Settings that count from now on: an acceptor learns only from the request whom it has before it. What the peer is told of
    /// the maximum length is taken as well, if it has not been told yet.
    pub fn settle(&mut self, settings: Settings) {
        self.settings = settings;
    }

    /// What both sides agreed to, once they did.
    pub fn negotiated(&self) -> Option<&Negotiated> {
        self.negotiated.as_deref()
    }

    /// Bytes that wait to be taken by [`poll`](Self::poll).
    pub fn waiting_bytes(&self) -> usize {
        self.outgoing.waiting()
    }

    /// Bytes that came and are not looked at yet, or wait for the rest of their PDU.
    pub fn buffered_bytes(&self) -> usize {
        self.buffer.len()
    }

    /// When bytes last came.
    pub(crate) fn received_at(&self) -> Duration {
        self.received
    }

    /// When bytes last came or were sent.
    pub(crate) fn active_at(&self) -> Duration {
        self.received.max(self.taken)
    }

    /// Takes one step with what came, or with the time. False if there is nothing to do.
    fn advance(&mut self, now: Duration) -> bool {
        if !self.broken && self.state != State::Idle && self.state != State::AwaitingTransport {
            match self.decoder.decode(&mut self.buffer) {
                Ok(Some(pdu)) => {
                    self.handle_pdu(pdu, now);
                    self.note_deviations();
                    return true;
                }
                Ok(None) => {}
                Err(error) => {
                    self.note_deviations();
                    self.broken = true;
                    self.buffer.clear();
                    self.abort_with(Trigger::InvalidPdu, error.abort(), Reason::Invalid(error), now);
                    return true;
                }
            }
        }
        if self.transport_closed && self.state != State::Idle {
            self.step(Trigger::TransportClosed, now);
            return true;
        }
        self.expire(now)
    }

    fn note_deviations(&mut self) {
        let deviations = self.decoder.take_deviations();
        if !self.ended {
            self.events.extend(deviations.into_iter().map(Event::Deviation));
        }
    }

    fn handle_pdu(&mut self, pdu: Pdu, now: Duration) {
        let trigger = match &pdu {
            Pdu::AssociateRequest(_) => Trigger::AssociateRequestPdu,
            Pdu::AssociateAccept(_) => Trigger::AssociateAcceptPdu,
            Pdu::AssociateReject(_) => Trigger::AssociateRejectPdu,
            Pdu::Data(_) => Trigger::DataPdu,
            Pdu::ReleaseRequest => Trigger::ReleaseRequestPdu,
            Pdu::ReleaseResponse => Trigger::ReleaseResponsePdu,
            Pdu::Abort(_) => Trigger::AbortPdu,
        };
        if matches!(action(trigger, self.state), Some(Action::AA1 | Action::AA7 | Action::AA8)) {
            let reason = Reason::Unexpected { pdu: pdu.name(), state: self.state };
            return self.abort_with(trigger, Abort::UNEXPECTED_PDU, reason, now);
        }
        match pdu {
            Pdu::AssociateRequest(request) => {
                self.request = Some(request.clone());
                self.events.push_back(Event::Requested(request));
            }
            Pdu::AssociateAccept(accept) if self.state == State::AwaitingAnswer => self.accepted(*accept),
            Pdu::AssociateReject(reject) => self.end(Ending::Rejected(reject)),
            Pdu::Data(data) if self.state != State::AwaitingClose => self.events.push_back(Event::Data(data)),
            Pdu::Abort(abort) => self.end(Ending::Aborted(abort)),
            _ => {}
        }
        self.step(trigger, now);
    }

    fn accepted(&mut self, accept: AssociateAccept) {
        // The request is there from the beginning on, and is taken only here.
        let Some(request) = self.request.take() else { return };
        let mut deviations = Vec::new();
        let negotiated = Negotiated::of_requestor(&request, accept, &mut deviations);
        self.events.extend(deviations.into_iter().map(Event::Deviation));
        self.agree(negotiated);
        self.events.push_back(Event::Accepted);
    }

    fn agree(&mut self, negotiated: Negotiated) {
        let maximum_length = negotiated.peer.maximum_length.unwrap_or(0);
        if (1..8).contains(&maximum_length) {
            self.events.push_back(Event::Deviation(Kind::MaximumLengthTiny.into()));
        }
        self.outgoing.limit(maximum_length, self.settings.sent_length_max);
        self.negotiated = Some(Box::new(negotiated));
    }

    /// Makes the transition and does what the action says. Events that carry something were queued before.
    pub(super) fn step(&mut self, trigger: Trigger, now: Duration) {
        let Some(action) = action(trigger, self.state) else { return };
        let before = self.state;
        self.state = self.act(action, now);
        if matches!(self.state, State::AwaitingClose) && before != State::AwaitingClose {
            self.asked = None;
        }
        if self.state == State::Idle && before != State::Idle && self.close == Close::Open {
            self.close = Close::Wanted;
            self.buffer.clear();
        }
    }

    /// Does what the action says and tells the next state. Long, because it has an arm for each action and is to be
    /// read against the standard.
    fn act(&mut self, action: Action, now: Duration) -> State {
        match action {
            Action::AE1 => State::AwaitingTransport,
            Action::AE2 => {
                if let Some(request) = self.request.clone() {
                    self.push(&Pdu::AssociateRequest(request));
                }
                self.asked = Some(now);
                State::AwaitingAnswer
            }
            Action::AE3 => {
                self.asked = None;
                State::Established
            }
            Action::AE5 => {
                self.artim = Some(now);
                State::AwaitingRequest
            }
            Action::AE6 => {
                self.artim = None;
                State::AwaitingLocalAnswer
            }
            Action::AE7 | Action::DT1 | Action::DT2 => State::Established,
            Action::AE8 => self.await_close(now),
            Action::AE4 | Action::AR5 | Action::AA2 | Action::AA3 | Action::AA4 | Action::AA5 => {
                self.hang_up(action)
            }
            Action::AR1 => {
                self.push(&Pdu::ReleaseRequest);
                self.asked = Some(now);
                State::AwaitingReleaseResponse
            }
            Action::AR2 => {
                self.events.push_back(Event::ReleaseRequested);
                State::AwaitingLocalRelease
            }
            Action::AR3 => {
                self.end(Ending::Released);
                self.hang_up(action)
            }
            Action::AR4 => {
                self.push(&Pdu::ReleaseResponse);
                self.end(Ending::Released);
                self.await_close(now)
            }
            Action::AR6 => State::AwaitingReleaseResponse,
            Action::AR7 => State::AwaitingLocalRelease,
            Action::AR8 => {
                self.events.push_back(Event::ReleaseRequested);
                match self.role {
                    Role::Requestor => {
                        self.asked = None;
                        State::CollisionRequestorLocal
                    }
                    Role::Acceptor => State::CollisionAcceptorPeer,
                }
            }
            Action::AR9 => {
                self.push(&Pdu::ReleaseResponse);
                self.asked = Some(now);
                State::CollisionRequestorPeer
            }
            Action::AR10 if self.release_answered => self.act(Action::AR4, now),
            Action::AR10 => {
                self.asked = None;
                State::CollisionAcceptorLocal
            }
            Action::AA1 | Action::AA8 => self.await_close(now),
            Action::AA6 | Action::AA7 => State::AwaitingClose,
        }
    }

    fn await_close(&mut self, now: Duration) -> State {
        self.artim = Some(now);
        self.asked = None;
        State::AwaitingClose
    }

    /// The transport is closed, or to be closed, and nothing is sent any more.
    fn hang_up(&mut self, action: Action) -> State {
        self.artim = None;
        self.asked = None;
        if matches!(action, Action::AA4 | Action::AA5) {
            if self.state == State::Established && !self.ended {
                self.events.push_back(Event::Deviation(Kind::ClosedWithoutRelease.into()));
            }
            self.end(Ending::Closed(self.state));
        }
        // What was said before a rejection or release is still sent; for all else nobody is there.
        if !matches!(action, Action::AE4 | Action::AR3) {
            self.outgoing = Outgoing::new(self.settings.sent_length_max);
        }
        State::Idle
    }

    /// Sends A-ABORT. That of an unexpected or invalid PDU always names its reason: in Sta2 the standard would have
    /// that of the service user, which says nothing.
    fn abort_with(&mut self, trigger: Trigger, abort: Abort, reason: Reason, now: Duration) {
        self.end(Ending::AbortedHere(reason));
        if self.state != State::AwaitingClose {
            self.outgoing.clear();
        }
        if self.state != State::AwaitingTransport {
            self.push(&Pdu::Abort(abort));
        }
        self.step(trigger, now);
    }

    pub(super) fn end(&mut self, ending: Ending) {
        if !std::mem::replace(&mut self.ended, true) {
            self.events.push_back(Event::Ended(ending));
        }
    }

    fn allowed(&self, trigger: Trigger, what: &'static str) -> Result<(), NotNow> {
        match action(trigger, self.state) {
            Some(_) => Ok(()),
            None => Err(self.not_now(what)),
        }
    }

    fn not_now(&self, what: &'static str) -> NotNow {
        NotNow { what, state: self.state }
    }

    fn touch(&mut self, now: Duration) {
        if self.outgoing.is_empty() {
            self.taken = now;
        }
    }

    fn push(&mut self, pdu: &Pdu) {
        let mut bytes = BytesMut::new();
        // A request is checked when the association is made; the other PDUs pushed here have only numbers.
        if pdu.encode(&mut bytes).is_ok() {
            self.outgoing.push_pdu(bytes.freeze());
        }
    }
}

/// Shows no bytes: they may hold patient data.
impl fmt::Debug for Association {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Association")
            .field("role", &self.role)
            .field("state", &self.state)
            .field("buffered", &self.buffer.len())
            .field("waiting", &self.outgoing.waiting())
            .finish_non_exhaustive()
    }
}
