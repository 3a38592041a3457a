//! Two sessions in virtual time over a simulated wire.
#![allow(dead_code, clippy::unwrap_used)]

use std::time::Duration;

use klinke_dimse::association::deviation;
use klinke_dimse::association::{Ending, Offer, Policy, Settings, negotiate};
use klinke_dimse::message::Command;
use klinke_dimse::pdu::{AssociateRequest, Decoder, Limits, Pdu};
use klinke_dimse::session::{Event, Output, Session};
use klinke_dimse::uids;

pub const EXPLICIT: &str = uids::EXPLICIT_VR_LITTLE_ENDIAN;
pub const IMPLICIT: &str = uids::IMPLICIT_VR_LITTLE_ENDIAN;
pub const CT: &str = uids::CT_IMAGE_STORAGE;

/// One side and what it said.
pub struct Side {
    pub session: Session,
    pub events: Vec<Event>,
    pub sent: Vec<u8>,
    pub closed: bool,
    pub wake: Option<Duration>,
}

impl Side {
    pub fn new(session: Session) -> Self {
        Self { session, events: Vec::new(), sent: Vec::new(), closed: false, wake: None }
    }

    /// Polls until nothing is left to do.
    pub fn settle(&mut self, now: Duration) {
        loop {
            match self.session.poll(now) {
                Output::Transmit(bytes) => self.sent.extend_from_slice(&bytes),
                Output::Event(event) => self.events.push(event),
                Output::Close => {
                    assert!(!self.closed, "closed twice");
                    self.closed = true;
                }
                Output::Wait(wake) => {
                    assert!(wake.is_none_or(|wake| wake > now), "{wake:?} is not after {now:?}");
                    self.wake = wake;
                    return;
                }
            }
        }
    }

    /// Gives it these PDUs.
    pub fn receive(&mut self, pdus: &[Pdu], now: Duration) {
        self.session.handle_bytes(&bytes_of(pdus), now);
        self.settle(now);
    }

    /// The PDUs that it sent since the last call.
    pub fn sent_pdus(&mut self) -> Vec<Pdu> {
        pdus_of(&std::mem::take(&mut self.sent))
    }

    pub fn take(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    pub fn ending(&self) -> Option<&Ending> {
        self.events.iter().find_map(|event| match event {
            Event::Ended(ending) => Some(ending),
            _ => None,
        })
    }

    pub fn commands(&self) -> Vec<&Command> {
        self.events
            .iter()
            .filter_map(|event| match event {
                Event::Command { command, .. } => Some(command.as_ref()),
                _ => None,
            })
            .collect()
    }

    pub fn data(&self) -> Vec<u8> {
        let mut all = Vec::new();
        for event in &self.events {
            if let Event::Data { bytes, .. } = event {
                all.extend_from_slice(bytes);
            }
        }
        all
    }

    pub fn deviations(&self) -> Vec<deviation::Kind> {
        self.events
            .iter()
            .filter_map(|event| match event {
                Event::Deviation(deviation) => Some(deviation.kind),
                _ => None,
            })
            .collect()
    }
}

pub fn bytes_of(pdus: &[Pdu]) -> Vec<u8> {
    let mut out = bytes::BytesMut::new();
    for pdu in pdus {
        pdu.encode(&mut out).unwrap();
    }
    out.to_vec()
}

pub fn pdus_of(bytes: &[u8]) -> Vec<Pdu> {
    let mut buffer = bytes::BytesMut::from(bytes);
    let mut decoder = Decoder::new(Limits::default(), 0);
    let pdus = std::iter::from_fn(|| decoder.decode(&mut buffer).unwrap()).collect();
    assert!(buffer.is_empty(), "half a PDU was sent");
    pdus
}

/// Two sides and the wire between them.
pub struct Wire {
    pub requestor: Side,
    pub acceptor: Side,
    pub now: Duration,
    pub policy: Policy,
    /// Sizes of the pieces that bytes arrive in, used round and round.
    pub pieces: Vec<usize>,
    next_piece: usize,
}

impl Wire {
    pub fn new(requestor: Session, acceptor: Session) -> Self {
        let mut wire = Self {
            requestor: Side::new(requestor),
            acceptor: Side::new(acceptor),
            now: Duration::from_secs(1_000),
            policy: policy(),
            pieces: vec![usize::MAX],
            next_piece: 0,
        };
        wire.requestor.session.handle_connected(wire.now);
        wire.acceptor.session.handle_connected(wire.now);
        wire
    }

    /// An association of usual settings that proposes CT images and verification.
    pub fn usual() -> Self {
        Self::with(Settings::default(), Settings::default())
    }

    pub fn with(requestor: Settings, acceptor: Settings) -> Self {
        Self::new(Session::requestor(requestor, request()).unwrap(), Session::acceptor(acceptor))
    }

    /// Established, with the events of the way there taken.
    pub fn established() -> Self {
        let mut wire = Self::usual();
        wire.run();
        wire.requestor.take();
        wire.acceptor.take();
        wire
    }

    /// Lets bytes pass until nothing moves. The acceptor accepts by the policy and agrees to release.
    pub fn run(&mut self) {
        loop {
            self.requestor.settle(self.now);
            self.acceptor.settle(self.now);
            self.answer();
            let piece = self.pieces[self.next_piece % self.pieces.len()].max(1);
            self.next_piece += 1;
            let moved = deliver(&mut self.requestor, &mut self.acceptor, piece, self.now)
                | deliver(&mut self.acceptor, &mut self.requestor, piece, self.now);
            if !moved {
                return;
            }
        }
    }

    fn answer(&mut self) {
        use klinke_dimse::association::State;
        if self.acceptor.session.state() == State::AwaitingLocalAnswer {
            let request = self.acceptor.events.iter().find_map(|event| match event {
                Event::Requested(request) => Some(request.clone()),
                _ => None,
            });
            let answers = negotiate(&request.expect("a request"), &self.policy);
            self.acceptor.session.accept(answers, self.now).unwrap();
        }
        if self.acceptor.session.state() == State::AwaitingLocalRelease {
            self.acceptor.session.release(self.now).unwrap();
        }
        self.acceptor.settle(self.now);
    }
}

fn deliver(from: &mut Side, to: &mut Side, piece: usize, now: Duration) -> bool {
    if !from.sent.is_empty() {
        let count = piece.min(from.sent.len());
        let rest = from.sent.split_off(count);
        let bytes = std::mem::replace(&mut from.sent, rest);
        to.session.handle_bytes(&bytes, now);
        to.settle(now);
        return true;
    }
    if from.closed && to.session.state() != klinke_dimse::association::State::Idle {
        to.session.handle_closed();
        to.settle(now);
        return true;
    }
    false
}

/// CT images with two transfer syntaxes as context 1, verification as context 3.
pub fn request() -> AssociateRequest {
    let mut request = AssociateRequest::new("ARCHIVE", "MODALITY");
    assert_eq!(request.propose(CT, &[EXPLICIT, IMPLICIT]), Some(1));
    assert_eq!(request.propose(uids::VERIFICATION, &[IMPLICIT]), Some(3));
    request
}

pub fn offer(syntaxes: &[&'static str]) -> Offer {
    Offer { transfer_syntaxes: syntaxes.iter().map(|one| (*one).into()).collect(), ..Offer::default() }
}

/// Verification, and everything that is like storage.
pub fn policy() -> Policy {
    let mut policy = Policy { other_storage: Some(offer(&[EXPLICIT, IMPLICIT])), ..Policy::default() };
    policy.services.insert(uids::VERIFICATION.into(), offer(&[IMPLICIT]));
    policy
}

/// Bytes that are not all the same.
pub fn pattern(length: usize) -> bytes::Bytes {
    (0..length).map(|at| (at.wrapping_mul(31) >> 3) as u8).collect::<Vec<_>>().into()
}
