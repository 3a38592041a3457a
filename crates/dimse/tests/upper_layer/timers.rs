//! Timers.

use std::time::Duration;

use crate::states::*;
use crate::wire::*;
use klinke_dimse::association::{Awaited, Ending, Reason, Settings, State};
use klinke_dimse::message::{Command, Priority};
use klinke_dimse::pdu::{Abort, Pdu};

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

#[test]
fn who_connects_and_says_nothing_is_hung_up_on() {
    let mut side = side_in(State::AwaitingRequest);
    assert_eq!(side.wake, Some(T0 + seconds(30)));
    side.settle(T0 + seconds(29));
    assert!(!side.closed);
    // Half a request does not keep it open.
    side.session.handle_bytes(&[1, 0, 0, 0], T0 + seconds(29));
    side.settle(T0 + seconds(30));
    assert!(side.closed && side.sent.is_empty());
    let reason = Reason::Timeout { awaited: Awaited::Request, after: seconds(30) };
    assert_eq!(side.ending(), Some(&Ending::AbortedHere(reason)));
}

#[test]
fn a_requestor_waits_for_answers_only_so_long() {
    for (state, awaited) in [
        (State::AwaitingAnswer, Awaited::Answer),
        (State::AwaitingReleaseResponse, Awaited::Release),
        (State::CollisionAcceptorPeer, Awaited::Release),
        (State::CollisionRequestorPeer, Awaited::Release),
    ] {
        let mut side = side_in(state);
        side.settle(T0 + seconds(30));
        let reason = Reason::Timeout { awaited, after: seconds(30) };
        assert_eq!(side.ending(), Some(&Ending::AbortedHere(reason)), "{state}");
        assert_eq!(side.sent_pdus(), [Pdu::Abort(Abort::USER)]);
        side.settle(T0 + seconds(60));
        assert!(side.closed, "ARTIM closes what the peer does not");
    }
}

#[test]
fn silence_is_measured_by_what_is_due() {
    let settings = Settings {
        receive_timeout: Some(seconds(5)),
        response_timeout: Some(seconds(7)),
        idle_timeout: Some(seconds(11)),
        ..Settings::default()
    };
    let ending_at = |wire: &mut Wire, after: u64, awaited| {
        let now = wire.now;
        wire.acceptor.settle(now + seconds(after) - Duration::from_millis(1));
        assert_eq!(wire.acceptor.ending(), None);
        wire.acceptor.settle(now + seconds(after));
        let reason = Reason::Timeout { awaited, after: seconds(after) };
        assert_eq!(wire.acceptor.ending(), Some(&Ending::AbortedHere(reason)));
    };
    let established = || {
        let mut wire = Wire::with(Settings::default(), settings.clone());
        wire.run();
        wire.now += seconds(3);
        wire
    };

    let mut wire = established();
    wire.now -= seconds(3);
    ending_at(&mut wire, 11, Awaited::Anything);

    // In the middle of a data set, and in the middle of a PDU.
    let mut wire = established();
    wire.requestor.session.send(1, &Command::store_request(1, CT, "1.2", Priority::High), wire.now).unwrap();
    wire.run();
    ending_at(&mut wire, 5, Awaited::Rest);
    let mut wire = established();
    wire.acceptor.session.handle_bytes(&[4, 0, 0], wire.now);
    ending_at(&mut wire, 5, Awaited::Rest);

    // An operation of its own, as in C-GET.
    let mut wire = established();
    wire.acceptor.session.send(1, &Command::store_request(1, CT, "1.2", Priority::High), wire.now).unwrap();
    wire.acceptor.session.send_data(pattern(100), true, wire.now).unwrap();
    wire.run();
    ending_at(&mut wire, 7, Awaited::Response);

    // While the answer is ours, silence is nobody's fault.
    let mut wire = established();
    wire.requestor.session.send(3, &Command::echo_request(1), wire.now).unwrap();
    wire.run();
    assert_eq!(wire.acceptor.wake, None);
}

#[test]
fn a_peer_that_takes_nothing_is_given_up() {
    let mut wire = Wire::established();
    let now = wire.now;
    let session = &mut wire.requestor.session;
    session.send(1, &Command::store_request(1, CT, "1.2", Priority::High), now).unwrap();
    session.send_data(pattern(1_000_000), true, now).unwrap();
    assert!(session.poll_transmit(now + seconds(10)).is_some());
    session.handle_time(now + seconds(69));
    assert_eq!(session.next_time(), Some(now + seconds(70)));
    session.handle_time(now + seconds(70));
    assert_eq!(session.waiting_bytes(), 0);
    wire.requestor.settle(now + seconds(70));
    assert!(wire.requestor.closed && wire.requestor.sent.is_empty());
    let reason = Reason::Timeout { awaited: Awaited::Taking, after: seconds(60) };
    assert_eq!(wire.requestor.ending(), Some(&Ending::AbortedHere(reason)));
}
