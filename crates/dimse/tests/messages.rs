//! DIMSE messages: command sets, fragments, and what peers do with them.
#![allow(clippy::unwrap_used)]

mod wire;

use bytes::Bytes;
use klinke_dimse::Tag;
use klinke_dimse::association::deviation::Kind as Deviates;
use klinke_dimse::association::{Ending, Reason};
use klinke_dimse::message::*;
use klinke_dimse::pdu::{Data, DataValue, Pdu};
use klinke_dimse::session::{Event, SendError};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use wire::*;

fn text() -> impl Strategy<Value = Option<String>> {
    option::of("[A-Za-z0-9.]{1,30}")
}

fn tags() -> impl Strategy<Value = Vec<Tag>> {
    vec(any::<(u16, u16)>().prop_map(|(group, element)| Tag(group, element)), 0..5)
}

fn command() -> impl Strategy<Value = Command> {
    let head =
        (0..Kind::ALL.len(), any::<u16>(), any::<bool>(), option::of(0u16..3), option::of(any::<u16>()));
    let texts = (text(), text(), text(), text(), text(), text(), text());
    let numbers = (vec(option::of(any::<u16>()), 8), tags(), tags(), vec(any::<u8>(), 0..9));
    (head, texts, numbers).prop_map(|(head, texts, (numbers, identifiers, offending, other))| {
        let mut command = Command::new(Kind::ALL[head.0], head.1);
        command.has_data = head.2;
        command.priority = head.3.map(Priority::of_code);
        let status = if command.kind.is_response() { Some(head.4.unwrap_or(0)) } else { head.4 };
        command.status = status.map(Status::new);
        command.affected_sop_class = texts.0;
        command.requested_sop_class = texts.1;
        command.affected_sop_instance = texts.2;
        command.requested_sop_instance = texts.3;
        command.move_destination = texts.4;
        command.move_originator_ae_title = texts.5;
        command.error_comment = texts.6;
        command.sub_operations = SubOperations {
            remaining: numbers[0],
            completed: numbers[1],
            failed: numbers[2],
            warning: numbers[3],
        };
        command.event_type_id = numbers[4];
        command.action_type_id = numbers[5];
        command.error_id = numbers[6];
        command.move_originator_message_id = numbers[7];
        command.attribute_identifiers = identifiers;
        command.offending_elements = offending;
        if other.len() % 2 == 0 {
            command.other = vec![(Tag(0, 0x5010), other.into())];
        }
        command
    })
}

proptest! {
    #[test]
    fn every_command_is_read_as_it_was_written(command in command()) {
        let bytes = encode_command(&command);
        let mut deviations = Vec::new();
        prop_assert_eq!(decode_command(&bytes, &mut deviations), Ok(command));
        prop_assert_eq!(deviations, []);
    }

    #[test]
    fn no_bytes_break_the_reader(bytes in vec(any::<u8>(), 0..200)) {
        let _ = decode_command(&bytes, &mut Vec::new());
    }

    #[test]
    fn a_changed_byte_breaks_nothing(command in command(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = encode_command(&command).to_vec();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(read) = decode_command(&bytes, &mut Vec::new()) {
            let _ = encode_command(&read);
        }
    }
}

fn element(element: u16, value: &[u8]) -> Vec<u8> {
    let mut all = vec![0, 0];
    all.extend(element.to_le_bytes());
    all.extend(u32::try_from(value.len()).unwrap().to_le_bytes());
    all.extend(value);
    all
}

fn read(elements: &[Vec<u8>]) -> (Result<Command, Error>, Vec<Deviates>) {
    let mut deviations = Vec::new();
    let command = decode_command(&elements.concat(), &mut deviations);
    (command, deviations.iter().map(|deviation| deviation.kind).collect())
}

#[test]
fn what_devices_send_as_command_sets_is_read() {
    let echo = || vec![element(0x0100, &[0x30, 0]), element(0x0110, &[5, 0]), element(0x0800, &[1, 1])];
    let (command, deviations) = read(&echo());
    assert_eq!((command.unwrap().message_id, deviations), (5, vec![Deviates::GroupLengthMissing]));

    let mut wrong = echo();
    wrong.insert(0, element(0, &[9, 9, 0, 0]));
    wrong.swap(1, 3);
    let (command, deviations) = read(&wrong);
    assert_eq!(command.unwrap().kind, Kind::CEchoRequest);
    use Deviates::*;
    assert_eq!(deviations, [GroupLengthWrong, ElementOrder, ElementOrder]);

    // Explicit VR, as if it was a data set.
    let explicit = b"\0\0\0\x01US\x02\0\x30\0\0\0\x10\x01US\x02\0\x05\0\0\0\0\x08US\x02\0\x01\x01".to_vec();
    let (command, deviations) = read(&[explicit]);
    assert_eq!(command.unwrap().message_id, 5);
    assert_eq!(deviations[..2], [ElementExplicit, GroupLengthMissing]);

    // A response that says neither to what nor how it went, nor whether data follows.
    let (command, deviations) = read(&[element(0, &[10, 0, 0, 0]), element(0x0100, &[1, 0x80])]);
    let command = command.unwrap();
    assert_eq!((command.message_id, command.status, command.has_data), (0, None, false));
    assert_eq!(deviations, [MessageIdMissing, DataSetTypeMissing, StatusMissing]);

    // Texts padded in every way, a number of four bytes, an element of another group, one twice.
    let mut foreign = element(0x0010, b"ab");
    foreign[0] = 8;
    let odd = [
        element(0x0002, b" 1.2.3\0\0"),
        element(0x0100, &[1, 0, 0, 0]),
        element(0x0110, &[7, 0]),
        element(0x0110, &[8, 0]),
        element(0x0800, &[0, 0]),
        foreign,
    ];
    let (command, deviations) = read(&odd);
    let command = command.unwrap();
    assert_eq!((command.sop_class(), command.message_id, command.has_data), (Some("1.2.3"), 7, true));
    assert_eq!(command.other, [(Tag(8, 0x0010), Bytes::from_static(b"ab"))]);
    assert_eq!(deviations, [GroupLengthMissing, ElementLength, ElementRepeated, ElementForeign]);
}

#[test]
fn command_sets_that_lie_are_told_with_their_place() {
    let cases = [
        (vec![element(0x0002, b"1.2")], "the command set has no Command Field (0000,0100)"),
        (vec![element(0x0100, &[0x99, 0x99])], "the Command Field (0000,0100) 9999H names no command"),
        (vec![vec![0, 0, 0, 1, 2]], "the command set ends at byte 0 in the middle of an element"),
        (
            vec![element(0x0110, &[1, 0]), vec![0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF, 1]],
            "element (0000,0100) at byte 10 gives a length of 4294967295, only 1 are left",
        ),
        (vec![element(0x0110, &[1, 0]); 1_025], "more than 1024 elements in a command set"),
    ];
    for (elements, text) in cases {
        assert_eq!(read(&elements).0.unwrap_err().to_string(), text);
    }
}

#[test]
fn responses_name_what_the_request_names() {
    let request = Command::action_request(3, "1.2.840.10008.1.20.1", "1.2.840.10008.1.20.1.1", 1);
    let response = request.response(Status::PROCESSING_FAILURE).unwrap().with_comment(&"x".repeat(100));
    assert_eq!(
        (response.kind, response.message_id, response.action_type_id),
        (Kind::NActionResponse, 3, Some(1))
    );
    assert_eq!(response.affected_sop_class.as_deref(), Some("1.2.840.10008.1.20.1"));
    assert_eq!(response.error_comment.unwrap().len(), 64);
    assert_eq!(Command::cancel_request(3).response(Status::CANCEL), None);
    for kind in Kind::ALL {
        assert_eq!(Kind::of_code(kind.code()), Some(*kind));
        assert_eq!(kind.response().is_some(), kind.is_request(), "{kind}");
        assert_eq!(kind.name().ends_with("-RSP"), kind.is_response(), "{kind}");
    }
}

#[test]
fn statuses_have_a_class_and_a_text() {
    let cases = [
        (0x0000, None, Class::Success, "Done."),
        (0xFF01, None, Class::Pending, "More follows; some optional keys are not supported."),
        (0xFE00, None, Class::Cancel, "Cancelled."),
        (0xB006, Some(Kind::CStoreResponse), Class::Warning, "Stored, but elements were discarded."),
        (0xA712, Some(Kind::CStoreResponse), Class::Failure, "Out of resources: not stored."),
        (0xA801, Some(Kind::CMoveResponse), Class::Failure, "The move destination is not known."),
        (
            0xA702,
            Some(Kind::CMoveResponse),
            Class::Failure,
            "Out of resources: sub-operations can't be performed.",
        ),
        (0xC123, Some(Kind::CFindResponse), Class::Failure, "The query can't be processed."),
        (0x0107, None, Class::Warning, "Done, but some attributes were not recognized."),
        (0x0111, None, Class::Failure, "The SOP instance UID is allotted already."),
        (0xB123, None, Class::Warning, "Done with a warning of the service class."),
        (0x7777, None, Class::Failure, "A status that the standard does not know."),
    ];
    for (code, kind, class, text) in cases {
        let status = Status::new(code);
        assert_eq!((status.class(), status.text(kind)), (class, text), "{code:04X}");
    }
    assert_eq!(
        Status::new(0xA900).to_string(),
        "A900H: The data set or identifier does not match the SOP class."
    );
}

// Streams of fragments.

fn value(context: u8, command: bool, last: bool, fragment: &[u8]) -> DataValue {
    DataValue { context, command, last, fragment: Bytes::copy_from_slice(fragment) }
}

fn store() -> Bytes {
    encode_command(&Command::store_request(1, CT, "1.2", Priority::Medium))
}

#[test]
fn streams_that_are_no_messages_are_told_with_what_was_due() {
    let store = store();
    let (begun, rest) = store.split_at(40);
    let cases: [(&[DataValue], &str); 6] = [
        (
            &[value(1, false, true, b"xx")],
            "a fragment of a data set came in context 1 while a command set was due",
        ),
        (
            &[value(1, true, false, begun), value(1, false, true, b"xx")],
            "a fragment of a data set came in context 1 while the rest of a command set in context 1 was due",
        ),
        (
            &[value(1, true, false, begun), value(3, true, true, rest)],
            "a fragment of a command set came in context 3 while the rest of a command set in context 1 was due",
        ),
        (
            &[value(1, true, true, &store), value(1, false, false, b"xx"), value(3, false, false, b"xx")],
            "a fragment of a data set came in context 3 while a data set in context 1 was due",
        ),
        (
            &[value(1, true, true, &store), value(1, false, false, b"xx"), value(1, true, true, &store)],
            "a fragment of a command set came in context 1 while a data set in context 1 was due",
        ),
        (&[value(5, true, true, &store)], "presentation context 5 was not accepted"),
    ];
    for (values, text) in cases {
        let mut wire = Wire::established();
        wire.acceptor.receive(&[Pdu::Data(Data::of(values))], wire.now);
        let Some(Ending::AbortedHere(Reason::Message(error))) = wire.acceptor.ending() else {
            panic!("{:?}", wire.acceptor.events)
        };
        assert_eq!(error.to_string(), text);
    }
    let mut assembler = Assembler::default();
    let large = value(1, true, false, &vec![0; COMMAND_BYTES_MAX]);
    assert_eq!(assembler.handle(large), Ok(None));
    assert_eq!(
        assembler.handle(value(1, true, false, b"xx")),
        Err(Error::CommandTooLong { limit: COMMAND_BYTES_MAX })
    );
}

#[test]
fn messages_pass_in_pieces_of_any_shape() {
    let store = store();
    let mut wire = Wire::established();
    // A command in fragments of one byte, empty ones between, and data in the same PDU.
    let mut values: Vec<DataValue> = store.iter().map(|byte| value(1, true, false, &[*byte])).collect();
    values.push(value(1, true, false, b""));
    values.push(value(1, true, true, b""));
    values.push(value(1, false, false, b""));
    values.push(value(1, false, false, b"abc"));
    values.push(value(1, false, true, b"d"));
    wire.acceptor.receive(&[Pdu::Data(Data::of(&values))], wire.now);
    assert_eq!(wire.acceptor.commands()[0].kind, Kind::CStoreRequest);
    assert_eq!(wire.acceptor.data(), b"abcd");
    assert_eq!(wire.acceptor.ending(), None);
}

#[test]
fn answers_to_nothing_are_passed_over_and_noted() {
    let mut wire = Wire::established();
    let now = wire.now;
    let mut find = Command::new(Kind::CFindResponse, 77).with_data(true);
    find.status = Some(Status::PENDING);
    let stray = [
        value(1, true, true, &encode_command(&find)),
        value(1, false, true, b"not for anybody"),
        value(1, true, true, &encode_command(&Command::cancel_request(78))),
    ];
    wire.acceptor.receive(&[Pdu::Data(Data::of(&stray))], now);
    let expected = [
        Event::Deviation(Deviates::ResponseToNothing.into()),
        Event::Deviation(Deviates::CancelOfNothing.into()),
    ];
    assert_eq!(wire.acceptor.take(), expected);

    // A response of another kind, or in another context, is taken and noted.
    let mut store = Command::new(Kind::CStoreResponse, 4);
    store.status = Some(Status::SUCCESS);
    let echo = Command::echo_request(4).response(Status::SUCCESS).unwrap();
    for (context, other) in [(3, store), (1, echo)] {
        wire.requestor.session.send(3, &Command::echo_request(4), now).unwrap();
        let other = value(context, true, true, &encode_command(&other));
        wire.requestor.receive(&[Pdu::Data(Data::of(&[other]))], now);
        assert_eq!(wire.requestor.deviations(), [Deviates::ResponseOther]);
        assert_eq!((wire.requestor.commands().len(), wire.requestor.session.invoked()), (1, 0));
        wire.requestor.take();
    }
}

#[test]
fn a_query_goes_on_until_it_is_cancelled() {
    let mut wire = Wire::established();
    let now = wire.now;
    let find = Command::find_request(1, CT, Priority::Medium);
    wire.requestor.session.send(1, &find, now).unwrap();
    wire.requestor.session.send_data(pattern(20), true, now).unwrap();
    wire.run();
    let request = wire.acceptor.commands()[0].clone();
    for _ in 0..3 {
        let pending = request.response(Status::PENDING).unwrap().with_data(true);
        wire.acceptor.session.send(1, &pending, now).unwrap();
        wire.acceptor.session.send_data(pattern(30), true, now).unwrap();
    }
    wire.run();
    assert_eq!(wire.requestor.commands().len(), 3);
    assert_eq!((wire.requestor.session.invoked(), wire.acceptor.session.performing()), (1, 1));
    wire.requestor.session.send(1, &Command::cancel_request(1), now).unwrap();
    wire.run();
    assert_eq!(wire.acceptor.commands().last().unwrap().kind, Kind::CCancelRequest);
    wire.acceptor.session.send(1, &request.response(Status::CANCEL).unwrap(), now).unwrap();
    wire.run();
    assert_eq!((wire.requestor.session.invoked(), wire.acceptor.session.performing()), (0, 0));
    let late = wire.requestor.session.send(1, &Command::cancel_request(1), now);
    assert_eq!(late, Err(SendError::NoSuchOperation { message_id: 1 }));
    assert_eq!(wire.acceptor.deviations(), []);
}

#[test]
fn peers_that_break_the_rules_of_operations_are_noted() {
    let echo = |id| value(3, true, true, &encode_command(&Command::echo_request(id)));
    let mut wire = Wire::established();
    let now = wire.now;
    wire.acceptor.receive(&[Pdu::Data(Data::of(&[echo(1), echo(2), echo(1)])), Pdu::ReleaseRequest], now);
    let expected = [Deviates::WindowExceeded, Deviates::MessageIdReused, Deviates::ReleaseWhileBusy];
    assert_eq!(wire.acceptor.deviations(), expected);
    assert_eq!(wire.acceptor.commands().len(), 3);
    // The requestor proposed no other role, so nobody may ask it for anything.
    wire.requestor.receive(&[Pdu::Data(Data::of(&[echo(1)]))], now);
    assert_eq!(wire.requestor.deviations(), [Deviates::RoleExceeded]);
    wire.requestor.session.handle_closed();
    wire.requestor.settle(now);
    assert_eq!(wire.requestor.deviations()[1], Deviates::ClosedWithoutRelease);
}

#[test]
fn what_does_not_belong_is_not_sent() {
    let mut wire = Wire::established();
    let now = wire.now;
    let session = &mut wire.requestor.session;
    assert_eq!(session.send_data(pattern(2), true, now), Err(SendError::NoData));
    let response = Command::echo_request(9).response(Status::SUCCESS).unwrap();
    assert_eq!(session.send(3, &response, now), Err(SendError::NoSuchOperation { message_id: 9 }));
    let store = Command::store_request(1, CT, "1.2", Priority::Medium);
    session.send(1, &store, now).unwrap();
    assert_eq!(session.send(3, &Command::echo_request(2), now), Err(SendError::DataUnfinished));
    assert_eq!(session.release(now), Err(SendError::DataUnfinished));
    session.send_data(pattern(2), true, now).unwrap();
    assert_eq!(session.send(1, &store, now), Err(SendError::WindowFull { window: 1 }));
    wire.run();
    assert_eq!(wire.acceptor.commands().len(), 1);
}

#[test]
fn nothing_that_is_shown_holds_data() {
    let mut wire = Wire::established();
    let mut command = Command::store_request(1, CT, "1.2.999", Priority::Medium);
    command.error_comment = Some("Mustermann".into());
    let values = [value(1, true, true, &encode_command(&command)), value(1, false, false, b"Mustermann")];
    let pdu = Pdu::Data(Data::of(&values));
    wire.acceptor.session.handle_bytes(&bytes_of(std::slice::from_ref(&pdu)), wire.now);
    let before = format!("{:?} {pdu:?}", wire.acceptor.session);
    wire.acceptor.settle(wire.now);
    let shown = format!("{before} {:?} {:?}", wire.acceptor.events, wire.acceptor.session);
    assert!(shown.contains("C-STORE-RQ"));
    assert!(!shown.contains("Mustermann") && !shown.contains("1.2.999") && !shown.contains("\\0"));
}
