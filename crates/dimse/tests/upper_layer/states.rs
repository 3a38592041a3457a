//! The state table, from outside.

use std::time::Duration;

use crate::wire::*;
use klinke_dimse::association::{
    Action, Answers, Ending, Reason, Settings, State, Trigger, action, negotiate,
};
use klinke_dimse::message::{Command, encode_command};
use klinke_dimse::pdu::{
    Abort, AnsweredContext, AssociateAccept, AssociateReject, AssociateRequest, ContextResult, Data,
    DataValue, Pdu, UserInformation,
};
use klinke_dimse::session::Session;

pub const T0: Duration = Duration::from_secs(5);

pub fn accepted() -> AssociateAccept {
    AssociateAccept {
        protocol_version: 1,
        called_ae_title: "ARCHIVE".into(),
        calling_ae_title: "MODALITY".into(),
        application_context: klinke_dimse::pdu::APPLICATION_CONTEXT.into(),
        contexts: vec![
            AnsweredContext {
                id: 1,
                result: ContextResult::Acceptance,
                transfer_syntaxes: vec![EXPLICIT.into()],
            },
            AnsweredContext {
                id: 3,
                result: ContextResult::Acceptance,
                transfer_syntaxes: vec![IMPLICIT.into()],
            },
        ],
        user: UserInformation {
            maximum_length: Some(16_384),
            implementation_class_uid: Some("1.2.3".into()),
            ..UserInformation::default()
        },
        unknown: Vec::new(),
    }
}

pub fn whole_request() -> AssociateRequest {
    let mut request = request();
    request.user = accepted().user;
    request
}

pub fn data_pdu() -> Pdu {
    let fragment = encode_command(&Command::echo_request(1));
    Pdu::Data(Data::of(&[DataValue { context: 3, command: true, last: true, fragment }]))
}

/// A side in this state, and with nothing sent or said.
pub fn side_in(state: State) -> Side {
    let acceptor = || {
        let mut side = Side::new(Session::acceptor(Settings::default()));
        side.session.handle_connected(T0);
        side.settle(T0);
        side
    };
    let requestor = || Side::new(Session::requestor(Settings::default(), request()).unwrap());
    let connected = || {
        let mut side = requestor();
        side.session.handle_connected(T0);
        side.settle(T0);
        side
    };
    let asked = || {
        let mut side = acceptor();
        side.receive(&[Pdu::AssociateRequest(Box::new(whole_request()))], T0);
        side
    };
    let acceptor_established = || {
        let mut side = asked();
        side.session.accept(negotiate(&request(), &policy()), T0).unwrap();
        side.settle(T0);
        side
    };
    let requestor_established = || {
        let mut side = connected();
        side.receive(&[Pdu::AssociateAccept(Box::new(accepted()))], T0);
        side
    };
    let releasing = |mut side: Side, pdus: &[Pdu]| {
        side.session.release(T0).unwrap();
        side.settle(T0);
        side.receive(pdus, T0);
        side
    };
    let mut side = match state {
        State::Idle => Side::new(Session::acceptor(Settings::default())),
        State::AwaitingRequest => acceptor(),
        State::AwaitingLocalAnswer => asked(),
        State::AwaitingTransport => requestor(),
        State::AwaitingAnswer => connected(),
        State::Established => requestor_established(),
        State::AwaitingReleaseResponse => releasing(requestor_established(), &[]),
        State::AwaitingLocalRelease => {
            let mut side = acceptor_established();
            side.receive(&[Pdu::ReleaseRequest], T0);
            side
        }
        State::CollisionRequestorLocal => releasing(requestor_established(), &[Pdu::ReleaseRequest]),
        State::CollisionAcceptorPeer => releasing(acceptor_established(), &[Pdu::ReleaseRequest]),
        State::CollisionRequestorPeer => {
            releasing(releasing(requestor_established(), &[Pdu::ReleaseRequest]), &[])
        }
        State::CollisionAcceptorLocal => {
            releasing(acceptor_established(), &[Pdu::ReleaseRequest, Pdu::ReleaseResponse])
        }
        State::AwaitingClose => {
            let mut side = requestor_established();
            side.session.abort(T0);
            side.settle(T0);
            side
        }
    };
    assert_eq!(side.session.state(), state);
    side.take();
    side.sent.clear();
    side
}

pub const STATES: [State; 13] = [
    State::Idle,
    State::AwaitingRequest,
    State::AwaitingLocalAnswer,
    State::AwaitingTransport,
    State::AwaitingAnswer,
    State::Established,
    State::AwaitingReleaseResponse,
    State::AwaitingLocalRelease,
    State::CollisionRequestorLocal,
    State::CollisionAcceptorPeer,
    State::CollisionRequestorPeer,
    State::CollisionAcceptorLocal,
    State::AwaitingClose,
];

/// Everything that can come from outside.
const TRIGGERS: [Trigger; 10] = [
    Trigger::AssociateAcceptPdu,
    Trigger::AssociateRejectPdu,
    Trigger::AssociateRequestPdu,
    Trigger::DataPdu,
    Trigger::ReleaseRequestPdu,
    Trigger::ReleaseResponsePdu,
    Trigger::AbortPdu,
    Trigger::InvalidPdu,
    Trigger::TransportClosed,
    Trigger::TimerExpired,
];

fn pull(side: &mut Side, trigger: Trigger) {
    let pdu = match trigger {
        Trigger::AssociateAcceptPdu => Pdu::AssociateAccept(Box::new(accepted())),
        Trigger::AssociateRejectPdu => Pdu::AssociateReject(AssociateReject::TEMPORARY_CONGESTION),
        Trigger::AssociateRequestPdu => Pdu::AssociateRequest(Box::new(whole_request())),
        Trigger::DataPdu => data_pdu(),
        Trigger::ReleaseRequestPdu => Pdu::ReleaseRequest,
        Trigger::ReleaseResponsePdu => Pdu::ReleaseResponse,
        Trigger::AbortPdu => Pdu::Abort(Abort::USER),
        Trigger::InvalidPdu => {
            side.session.handle_bytes(b"\x09\0\0\0\0\0", T0);
            return side.settle(T0);
        }
        Trigger::TransportClosed => {
            side.session.handle_closed();
            return side.settle(T0);
        }
        _ => return side.settle(T0 + Settings::default().artim),
    };
    side.receive(&[pdu], T0);
}

/// What an action does to the outside: the next state, the PDU that is sent, whether the transport is closed.
fn effect(action: Action, state: State) -> (State, Option<u8>, bool) {
    match action {
        Action::AE3 => (State::Established, None, false),
        Action::AE4 | Action::AR3 | Action::AR5 => (State::Idle, None, true),
        Action::AA2 | Action::AA3 | Action::AA4 | Action::AA5 => (State::Idle, None, true),
        Action::AE6 => (State::AwaitingLocalAnswer, None, false),
        Action::DT2 => (State::Established, None, false),
        Action::AR2 => (State::AwaitingLocalRelease, None, false),
        Action::AR6 => (State::AwaitingReleaseResponse, None, false),
        // The side in Sta7 is the requestor here; the acceptor's side is how Sta10 is reached.
        Action::AR8 => (State::CollisionRequestorLocal, None, false),
        Action::AR10 => (State::CollisionAcceptorLocal, None, false),
        Action::AA1 | Action::AA7 | Action::AA8 => (State::AwaitingClose, Some(0x07), false),
        Action::AA6 => (State::AwaitingClose, None, false),
        other => panic!("{other:?} does not come from outside in {state}"),
    }
}

#[test]
fn every_transition_from_outside_does_what_the_table_says() {
    let mut seen = 0;
    for state in STATES {
        for trigger in TRIGGERS {
            // Timers other than ARTIM have tests of their own.
            let Some(action) = action(trigger, state) else { continue };
            let mut side = side_in(state);
            pull(&mut side, trigger);
            let sent: Vec<u8> = side.sent_pdus().iter().map(Pdu::kind).collect();
            let (next, pdu, closed) = effect(action, state);
            let place = format!("{trigger:?} in {state}");
            assert_eq!(side.session.state(), next, "{place}");
            assert_eq!(sent, Vec::from_iter(pdu), "{place}");
            assert_eq!(side.closed, closed, "{place}");
            let ends = matches!(next, State::Idle | State::AwaitingClose) && state != State::AwaitingClose;
            assert_eq!(side.ending().is_some(), ends, "{place}");
            seen += 1;
        }
    }
    assert_eq!(seen, 102);
}

#[test]
fn every_ending_leads_to_a_close() {
    for state in STATES {
        for trigger in TRIGGERS {
            if action(trigger, state).is_none() {
                continue;
            }
            let mut side = side_in(state);
            pull(&mut side, trigger);
            side.session.abort(T0);
            side.settle(T0);
            let mut now = T0;
            while let Some(wake) = side.wake.filter(|_| !side.closed) {
                now = now.max(wake);
                side.settle(now);
            }
            assert!(side.closed, "{trigger:?} in {state}");
            side.session.handle_bytes(&bytes_of(&[data_pdu()]), now);
            side.session.handle_closed();
            side.settle(now);
            assert_eq!((side.session.state(), side.wake), (State::Idle, None));
        }
    }
}

#[test]
fn requests_that_the_state_does_not_allow_are_refused() {
    for state in STATES {
        let mut side = side_in(state);
        let session = &mut side.session;
        let allowed = |trigger| action(trigger, state).is_some();
        let releases = allowed(Trigger::ReleaseRequest) || allowed(Trigger::ReleaseResponse);
        // In Sta10 the answer is kept until it may be given.
        assert_eq!(session.release(T0).is_ok(), releases || state == State::CollisionAcceptorPeer, "{state}");
        let session = &mut side_in(state).session;
        assert_eq!(session.reject(AssociateReject::NO_REASON, T0).is_ok(), allowed(Trigger::AssociateReject));
        let session = &mut side_in(state).session;
        assert_eq!(session.accept(Answers::default(), T0).is_ok(), allowed(Trigger::AssociateAccept));
        let session = &mut side_in(state).session;
        let role_fits = session.negotiated().is_some();
        let sent = session.send(3, &Command::echo_request(1), T0);
        assert_eq!(sent.is_ok(), allowed(Trigger::Data) && role_fits, "{state}: {sent:?}");
    }
}

#[test]
fn collisions_of_release_end_released_on_both_sides() {
    for (first, second) in [(true, true), (true, false), (false, true)] {
        let mut wire = Wire::established();
        let now = wire.now;
        wire.requestor.session.release(now).unwrap();
        wire.acceptor.session.release(now).unwrap();
        // Both requests are under way at once; who answers first does not matter.
        for _ in 0..20 {
            wire.requestor.settle(now);
            wire.acceptor.settle(now);
            let to_acceptor = std::mem::take(&mut wire.requestor.sent);
            let to_requestor = std::mem::take(&mut wire.acceptor.sent);
            wire.acceptor.session.handle_bytes(&to_acceptor, now);
            wire.requestor.session.handle_bytes(&to_requestor, now);
            wire.requestor.settle(now);
            wire.acceptor.settle(now);
            if first && wire.requestor.session.state() == State::CollisionRequestorLocal {
                wire.requestor.session.release(now).unwrap();
            }
            if second && wire.acceptor.session.state() == State::CollisionAcceptorLocal {
                wire.acceptor.session.release(now).unwrap();
            }
            if wire.requestor.closed {
                wire.acceptor.session.handle_closed();
            }
        }
        if first && second {
            assert_eq!(wire.requestor.ending(), Some(&Ending::Released));
            assert_eq!(wire.acceptor.ending(), Some(&Ending::Released));
            assert!(wire.requestor.closed && wire.acceptor.closed);
        } else {
            assert_eq!((wire.requestor.ending(), wire.acceptor.ending()), (None, None));
        }
    }
}

#[test]
fn an_answer_to_release_that_is_given_early_is_kept() {
    let mut side = side_in(State::CollisionAcceptorPeer);
    side.session.release(T0).unwrap();
    side.settle(T0);
    assert_eq!((side.session.state(), side.sent_pdus()), (State::CollisionAcceptorPeer, vec![]));
    side.receive(&[Pdu::ReleaseResponse], T0);
    assert_eq!((side.session.state(), side.sent_pdus()), (State::AwaitingClose, vec![Pdu::ReleaseResponse]));
    assert_eq!(side.ending(), Some(&Ending::Released));
}

#[test]
fn data_passes_while_release_is_under_way() {
    let mut side = side_in(State::AwaitingReleaseResponse);
    side.receive(&[data_pdu()], T0);
    assert_eq!(side.commands().len(), 1, "Sta7 still takes data");
    let mut side = side_in(State::AwaitingLocalRelease);
    side.session.send(1, &Command::echo_request(1), T0).unwrap();
    side.session.release(T0).unwrap();
    side.settle(T0);
    assert_eq!(side.sent_pdus().iter().map(Pdu::kind).collect::<Vec<_>>(), [0x04, 0x06]);
}

#[test]
fn reasons_of_an_abort_are_told() {
    let cases: [(&[u8], Abort); 3] = [
        (b"GET / HTTP/1.1\r\n", Abort::UNRECOGNIZED_PDU),
        (b"\x04\0\0\0\0\x04\0\0\0\x01", Abort::INVALID_PARAMETER),
        (b"\x02\0\0\0\0\0", Abort::INVALID_PARAMETER),
    ];
    for (bytes, abort) in cases {
        let mut side = side_in(State::AwaitingRequest);
        side.session.handle_bytes(bytes, T0);
        side.settle(T0);
        assert_eq!(side.sent_pdus(), [Pdu::Abort(abort)]);
        assert!(matches!(side.ending(), Some(Ending::AbortedHere(Reason::Invalid(_)))));
    }
    let mut side = side_in(State::Established);
    side.receive(&[Pdu::AssociateRequest(Box::new(whole_request()))], T0);
    assert_eq!(side.sent_pdus(), [Pdu::Abort(Abort::UNEXPECTED_PDU)]);
    let text = side.ending().unwrap().to_string();
    assert_eq!(text, "aborted here: A-ASSOCIATE-RQ came while established (Sta6)");
}
