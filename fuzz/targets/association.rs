//! Associations: whatever a peer sends and the caller asks for, a session ends once, closes once and holds little.
#![no_main]

use std::time::Duration;

use klinke_dimse::association::{Offer, Policy, Settings, State, negotiate};
use klinke_dimse::message::{Command, Priority, Status};
use klinke_dimse::pdu::{AssociateRequest, Limits};
use klinke_dimse::session::{Event, Output, Session};
use klinke_dimse::uids;
use libfuzzer_sys::fuzz_target;

enum Step {
    Bytes(Vec<u8>),
    Data(u8, bool, bool, Vec<u8>),
    Wait(u16),
    Closed,
    Release,
    Abort,
    Answer,
    Echo(u8),
    Store(Vec<u8>),
    /// The other side, which is honest, speaks.
    Peer,
    PeerRelease,
}

impl Step {
    fn of(kind: u8, number: u8, bytes: Vec<u8>) -> Self {
        match kind % 11 {
            0 => Self::Bytes(bytes),
            1 => Self::Data(number % 8, kind & 0x40 != 0, kind & 0x80 != 0, bytes),
            2 => Self::Wait(u16::from(number) * 8),
            3 => Self::Closed,
            4 => Self::Release,
            5 => Self::Abort,
            6 => Self::Answer,
            7 => Self::Echo(number % 4),
            8 => Self::Store(bytes),
            9 => Self::Peer,
            _ => Self::PeerRelease,
        }
    }
}

fn request() -> AssociateRequest {
    let mut request = AssociateRequest::new("ARCHIVE", "MODALITY");
    request.propose(uids::VERIFICATION, &[uids::IMPLICIT_VR_LITTLE_ENDIAN]);
    request.propose(uids::CT_IMAGE_STORAGE, &[uids::IMPLICIT_VR_LITTLE_ENDIAN]);
    request
}

/// A session and what it said.
struct Side {
    session: Session,
    sent: Vec<u8>,
    requests: Vec<(u8, Command)>,
    asked: Option<Box<AssociateRequest>>,
    ended: u8,
    closed: u8,
}

impl Side {
    fn new(session: Session) -> Self {
        Self { session, sent: Vec::new(), requests: Vec::new(), asked: None, ended: 0, closed: 0 }
    }

    fn settle(&mut self, now: Duration) {
        loop {
            match self.session.poll(now) {
                Output::Transmit(bytes) => self.sent.extend_from_slice(&bytes),
                Output::Event(Event::Ended(_)) => self.ended += 1,
                Output::Event(Event::Requested(request)) => self.asked = Some(request),
                Output::Event(Event::Command { context, command }) if command.kind.is_request() => {
                    self.requests.push((context, *command));
                }
                Output::Event(_) => {}
                Output::Close => self.closed += 1,
                Output::Wait(wake) => {
                    assert!(wake.is_none_or(|wake| wake > now));
                    break;
                }
            }
        }
        assert!(self.ended <= 1 && self.closed <= 1 && self.closed <= self.ended);
        assert!(self.session.waiting_bytes() == 0 && self.session.buffered_bytes() <= 16_384);
    }

    fn answer(&mut self, now: Duration) {
        if let Some(request) = self.asked.take() {
            let any = Offer { any_transfer_syntax: true, requestor_provider: true, ..Offer::default() };
            let answers = negotiate(&request, &Policy { other: Some(any), ..Policy::default() });
            let _ = self.session.accept(answers, now);
        }
        if let Some((context, command)) = self.requests.pop() {
            let response = command.response(Status::SUCCESS).expect("a request");
            let _ = self.session.send(context, &response, now);
        }
    }

    fn take(&mut self, step: Step, now: &mut Duration) {
        match step {
            Step::Bytes(bytes) => self.session.handle_bytes(&bytes, *now),
            Step::Data(context, command, last, fragment) => {
                let length = u32::try_from(fragment.len()).expect("short");
                let header = klinke_dimse::pdu::data_header(context, command, last, length);
                self.session.handle_bytes(&header, *now);
                self.session.handle_bytes(&fragment, *now);
            }
            Step::Wait(seconds) => *now += Duration::from_secs(seconds.into()),
            Step::Closed => self.session.handle_closed(),
            Step::Release => drop(self.session.release(*now)),
            Step::Abort => self.session.abort(*now),
            Step::Answer => self.answer(*now),
            Step::Echo(context) => {
                let id = self.session.next_message_id();
                let _ = self.session.send(context, &Command::echo_request(id), *now);
            }
            Step::Store(data) => {
                let id = self.session.next_message_id();
                let command = Command::store_request(id, uids::CT_IMAGE_STORAGE, "1.2", Priority::Medium);
                let _ = self.session.send(3, &command, *now);
                let _ = self.session.send_data(data.into(), id % 3 != 0, *now);
            }
            Step::Peer | Step::PeerRelease => {}
        }
    }
}

fuzz_target!(|input: (bool, Vec<(u8, u8, Vec<u8>)>)| {
    let (is_acceptor, steps) = input;
    let limits = Limits { association_bytes_max: 8_192, data_bytes_max: 8_192, items_max: 512 };
    let settings = || Settings { maximum_length: 1_024, limits, ..Settings::default() };
    let mut now = Duration::from_secs(1);
    let requestor = Session::requestor(settings(), request()).expect("a sound request");
    let acceptor = Session::acceptor(settings());
    let (one, other) = if is_acceptor { (acceptor, requestor) } else { (requestor, acceptor) };
    let (mut one, mut other) = (Side::new(one), Side::new(other));
    one.session.handle_connected(now);
    other.session.handle_connected(now);
    for (kind, number, bytes) in steps {
        let step = Step::of(kind, number, bytes);
        let is_release = matches!(step, Step::PeerRelease);
        if is_release || matches!(step, Step::Peer) {
            other.settle(now);
            one.session.handle_bytes(&std::mem::take(&mut other.sent), now);
            if is_release {
                let _ = other.session.release(now);
            }
        }
        one.take(step, &mut now);
        one.settle(now);
        other.session.handle_bytes(&std::mem::take(&mut one.sent), now);
        other.settle(now);
        other.answer(now);
        other.settle(now);
    }
    one.session.handle_closed();
    one.settle(now);
    assert!(one.session.state() == State::Idle && one.ended == 1 && one.closed == 1);
});
