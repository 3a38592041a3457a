//! The upper layer from outside: bytes and times in, bytes and events out.

#![allow(clippy::unwrap_used)]

mod negotiation;
mod states;
mod streams;
mod timers;
#[path = "../wire/mod.rs"]
mod wire;

use bytes::Bytes;
use klinke_dimse::association::{Ending, State};
use klinke_dimse::message::{Command, Kind, Priority, Status};
use klinke_dimse::session::Event;
use wire::*;

#[test]
fn an_instance_is_stored_and_the_association_released() {
    let mut wire = Wire::usual();
    wire.pieces = vec![1, 7, 100, 3];
    wire.run();
    assert_eq!(wire.requestor.take(), [Event::Accepted]);
    let negotiated = wire.requestor.session.negotiated().unwrap();
    let context = negotiated.find(CT).next().unwrap().clone();
    assert_eq!((context.id, context.transfer_syntax.as_str()), (1, EXPLICIT));
    assert!(context.roles.user && !context.roles.provider);

    let data = pattern(100_000);
    let now = wire.now;
    let session = &mut wire.requestor.session;
    let message_id = session.next_message_id();
    session.send(1, &Command::store_request(message_id, CT, "1.2.3", Priority::Medium), now).unwrap();
    session.send_data(data.slice(..33_333), false, now).unwrap();
    session.send_data(data.slice(33_333..), true, now).unwrap();
    wire.run();
    assert_eq!(wire.acceptor.data(), data);
    let received = wire.acceptor.commands()[0].clone();
    assert_eq!((received.kind, received.message_id), (Kind::CStoreRequest, message_id));
    assert_eq!((received.sop_class(), received.sop_instance()), (Some(CT), Some("1.2.3")));
    assert_eq!(wire.acceptor.session.performing(), 1);
    assert_eq!(wire.acceptor.deviations(), []);

    wire.acceptor.session.send(1, &received.response(Status::SUCCESS).unwrap(), now).unwrap();
    wire.run();
    let response = wire.requestor.commands()[0];
    assert_eq!((response.kind, response.message_id), (Kind::CStoreResponse, message_id));
    assert_eq!(response.status, Some(Status::SUCCESS));
    assert_eq!((wire.requestor.session.invoked(), wire.acceptor.session.performing()), (0, 0));

    wire.requestor.session.release(now).unwrap();
    wire.run();
    assert_eq!(wire.requestor.ending(), Some(&Ending::Released));
    assert_eq!(wire.acceptor.ending(), Some(&Ending::Released));
    assert!(wire.requestor.closed && wire.acceptor.closed);
    assert_eq!((wire.requestor.session.state(), wire.acceptor.session.state()), (State::Idle, State::Idle));
}

#[test]
fn an_empty_data_set_ends_too() {
    let mut wire = Wire::established();
    let now = wire.now;
    let command = Command::store_request(9, CT, "1.2.3", Priority::Low);
    wire.requestor.session.send(1, &command, now).unwrap();
    wire.requestor.session.send_data(Bytes::new(), true, now).unwrap();
    wire.run();
    let events = wire.acceptor.take();
    assert_eq!(events.last(), Some(&Event::Data { context: 1, bytes: Bytes::new(), last: true }));
}
