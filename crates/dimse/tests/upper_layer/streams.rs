//! Streams: fragments, limits, and however bytes are cut.

use crate::states::*;
use crate::wire::*;
use bytes::Bytes;
use klinke_dimse::association::{Ending, Reason, Settings, State};
use klinke_dimse::message::{Command, Priority, Status};
use klinke_dimse::pdu::{Abort, Data, DataValue, Limits, Pdu};
use klinke_dimse::session::Event;
use proptest::prelude::*;

#[test]
fn fifty_megabytes_pass_through_sixteen_kilobytes() {
    let settings = Settings { maximum_length: 16_384, ..Settings::default() };
    let mut wire = Wire::with(Settings::default(), settings);
    wire.run();
    let now = wire.now;
    let piece = pattern(65_535);
    let command = Command::store_request(1, CT, "1.2", Priority::High);
    wire.requestor.session.send(1, &command, now).unwrap();
    let (mut left, mut came, mut held_max, mut longest) = (50_000_000usize, 0, 0, 0);
    loop {
        while left > 0 && wire.requestor.session.waiting_bytes() < 100_000 {
            let bytes = piece.slice(..left.min(piece.len()));
            left -= bytes.len();
            wire.requestor.session.send_data(bytes, left == 0, now).unwrap();
        }
        let Some(bytes) = wire.requestor.session.poll_transmit(now) else { break };
        longest = longest.max(bytes.len());
        wire.acceptor.session.handle_bytes(&bytes, now);
        let (sent, taken) = (&wire.requestor.session, &wire.acceptor.session);
        held_max = held_max.max(sent.waiting_bytes() + taken.buffered_bytes());
        while let Some(event) = wire.acceptor.session.poll_event(now) {
            match event {
                Event::Data { bytes, .. } => {
                    let at = came % piece.len();
                    let first = bytes.len().min(piece.len() - at);
                    assert!(bytes[..first] == piece[at..at + first]);
                    came += bytes.len();
                }
                Event::Deviation(deviation) => panic!("{deviation}"),
                _ => {}
            }
        }
    }
    assert_eq!((came, longest), (50_000_000, 16_378));
    assert!(held_max < 200_000, "{held_max} bytes were held");
}

#[test]
fn peers_with_tiny_maxima_get_tiny_fragments() {
    for maximum_length in [1, 7, 8, 9, 16, 17, 100, 0, u32::MAX] {
        let settings = Settings { maximum_length, ..Settings::default() };
        let mut wire = Wire::with(Settings { sent_length_max: 50_000, ..Settings::default() }, settings);
        wire.run();
        let now = wire.now;
        wire.requestor.session.send(1, &Command::store_request(1, CT, "1.2", Priority::High), now).unwrap();
        for piece in pattern(2_001).chunks(333) {
            wire.requestor.session.send_data(Bytes::copy_from_slice(piece), false, now).unwrap();
        }
        wire.requestor.session.send_data(Bytes::new(), true, now).unwrap();
        wire.requestor.settle(now);
        let limit = if maximum_length == 0 { 50_000 } else { maximum_length.clamp(8, 50_000) };
        for pdu in pdus_of(&wire.requestor.sent) {
            let Pdu::Data(data) = pdu else { panic!("no data") };
            assert!(data.body().len() <= limit as usize);
            let mut fragments = data.values().collect::<Vec<_>>();
            let last = fragments.pop().unwrap();
            assert!(fragments.is_empty(), "one value in each PDU");
            assert!(last.last || last.fragment.len() % 2 == 0, "only the last fragment may be odd");
        }
        wire.run();
        assert_eq!(wire.acceptor.data(), pattern(2_001), "{maximum_length}");
        let tiny = (1..8).contains(&maximum_length);
        assert_eq!(!wire.requestor.deviations().is_empty(), tiny);
    }
}

#[test]
fn an_abort_overtakes_what_waits() {
    let mut wire = Wire::established();
    let now = wire.now;
    let session = &mut wire.requestor.session;
    session.send(1, &Command::store_request(1, CT, "1.2", Priority::High), now).unwrap();
    session.send_data(pattern(10_000_000), true, now).unwrap();
    let taken: usize = (0..4).map(|_| session.poll_transmit(now).unwrap().len()).sum();
    session.abort(now);
    wire.requestor.settle(now);
    // The fragment whose header was taken is sent to its end, or nobody could find the abort.
    assert!(wire.requestor.sent.len() < 140_000 && taken > 131_000);
    assert!(wire.requestor.sent.ends_with(&bytes_of(&[Pdu::Abort(Abort::USER)])));
    assert_eq!(wire.requestor.session.waiting_bytes(), 0);
}

#[test]
fn more_than_announced_is_taken_up_to_the_limit() {
    let limits = Limits { data_bytes_max: 1_000, ..Limits::default() };
    let settings = Settings { maximum_length: 100, limits, ..Settings::default() };
    let value = |length| {
        let fragment = pattern(length);
        Pdu::Data(Data::of(&[DataValue { context: 1, command: false, last: false, fragment }]))
    };
    let mut wire = Wire::with(Settings::default(), settings);
    wire.run();
    let now = wire.now;
    wire.requestor.session.send(1, &Command::store_request(1, CT, "1.2", Priority::High), now).unwrap();
    wire.run();
    wire.acceptor.receive(&[value(994)], now);
    assert_eq!(wire.acceptor.deviations(), [klinke_dimse::association::deviation::Kind::PduTooLong]);
    assert_eq!(wire.acceptor.data().len(), 994);
    wire.acceptor.session.handle_bytes(&bytes_of(&[value(996)])[..6], now);
    wire.acceptor.settle(now);
    let error = klinke_dimse::pdu::Error::TooLong { pdu: "P-DATA-TF", length: 1_002, limit: 1_000 };
    assert_eq!(wire.acceptor.ending(), Some(&Ending::AbortedHere(Reason::Invalid(error))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn however_bytes_are_cut_the_same_messages_come(
        pieces in proptest::collection::vec(1usize..300, 1..6),
        lengths in proptest::collection::vec(0usize..3_000, 1..6),
        maximum_length in 16u32..2_000,
        cut in 1usize..1_000,
    ) {
        let settings = Settings { maximum_length, ..Settings::default() };
        let mut wire = Wire::with(Settings::default(), settings);
        wire.pieces = pieces;
        wire.run();
        wire.acceptor.take();
        for (at, length) in lengths.iter().enumerate() {
            let now = wire.now;
            let id = wire.requestor.session.next_message_id();
            let command = Command::store_request(id, CT, "1.2.3", Priority::Medium);
            wire.requestor.session.send(1, &command, now).unwrap();
            let data = pattern(*length);
            let mut rest = data.clone();
            while rest.len() > cut {
                wire.requestor.session.send_data(rest.split_to(cut), false, now).unwrap();
            }
            wire.requestor.session.send_data(rest, true, now).unwrap();
            wire.run();
            prop_assert_eq!(wire.acceptor.data(), data);
            prop_assert_eq!(wire.acceptor.deviations(), []);
            let request = wire.acceptor.commands()[0].clone();
            prop_assert_eq!(&request, &command, "{}", at);
            wire.acceptor.take();
            wire.acceptor.session.send(1, &request.response(Status::SUCCESS).unwrap(), now).unwrap();
            wire.run();
        }
        prop_assert_eq!(wire.requestor.commands().len(), lengths.len());
    }

    #[test]
    fn no_bytes_break_a_session(
        state in 0usize..13,
        bytes in proptest::collection::vec(any::<u8>(), 0..600),
        kind in 0u8..9,
        length in 0u32..700,
    ) {
        let mut side = side_in(STATES[state]);
        let mut all = vec![kind, 0];
        all.extend(length.to_be_bytes());
        all.extend(&bytes);
        if !matches!(STATES[state], State::Idle | State::AwaitingTransport) {
            side.session.handle_bytes(&all, T0);
            side.settle(T0);
        }
    }
}
