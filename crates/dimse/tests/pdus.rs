//! PDUs: round trips, crafted bytes that lie, and pynetdicom's bytes.
#![allow(clippy::print_stderr, clippy::unwrap_used)]

mod wire;

use std::io::Write;
use std::process::{Command, Stdio};

use bytes::{Bytes, BytesMut};
use klinke_dimse::association::deviation::Kind;
use klinke_dimse::association::{State, TABLE, Trigger, action};
use klinke_dimse::message::{Assembler, Part, Priority, Status, encode_command};
use klinke_dimse::pdu::*;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use wire::{bytes_of, pdus_of};

// Round trips.

fn uid() -> impl Strategy<Value = String> {
    "[0-9.]{1,64}|[A-Za-z0-9.]{1,70}"
}

fn title() -> impl Strategy<Value = String> {
    "[A-Za-z0-9_]{1,16}|[A-Z] [a-z]{1,14}"
}

fn blob(length: usize) -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..length).prop_map(Bytes::from)
}

fn unknown() -> impl Strategy<Value = UnknownItem> {
    (0x60u8.., blob(20)).prop_map(|(kind, data)| UnknownItem { kind, data })
}

fn roles() -> impl Strategy<Value = RoleSelection> {
    (uid(), any::<bool>(), any::<bool>()).prop_map(|(sop_class, user, provider)| RoleSelection {
        sop_class,
        user,
        provider,
    })
}

fn common_extended() -> impl Strategy<Value = CommonExtendedNegotiation> {
    (any::<u8>(), uid(), uid(), vec(uid(), 0..4)).prop_map(|(version, sop_class, service_class, related)| {
        CommonExtendedNegotiation { version, sop_class, service_class, related }
    })
}

fn identity() -> impl Strategy<Value = UserIdentity> {
    (any::<u8>(), any::<bool>(), blob(300), blob(40)).prop_map(
        |(kind, response_requested, primary, secondary)| UserIdentity {
            kind: IdentityKind::of_code(kind),
            response_requested,
            primary,
            secondary,
        },
    )
}

fn user() -> impl Strategy<Value = UserInformation> {
    let extended =
        (uid(), blob(20)).prop_map(|(sop_class, information)| ExtendedNegotiation { sop_class, information });
    let window =
        (any::<u16>(), any::<u16>()).prop_map(|(invoked, performed)| OperationsWindow { invoked, performed });
    let first =
        (option::of(any::<u32>()), option::of(uid()), option::of("[A-Za-z0-9_.]{1,16}"), option::of(window));
    let second = (vec(roles(), 0..4), vec(extended, 0..3), vec(common_extended(), 0..3));
    let third = (option::of(identity()), option::of(blob(30)), vec(unknown(), 0..3));
    (first, second, third).prop_map(|(first, second, third)| UserInformation {
        maximum_length: first.0,
        implementation_class_uid: first.1,
        implementation_version_name: first.2,
        operations_window: first.3,
        roles: second.0,
        extended: second.1,
        common_extended: second.2,
        user_identity: third.0,
        user_identity_response: third.1,
        unknown: third.2,
    })
}

fn request() -> impl Strategy<Value = Pdu> {
    let context =
        (any::<u8>(), uid(), vec(uid(), 0..5)).prop_map(|(id, abstract_syntax, transfer_syntaxes)| {
            ProposedContext { id, abstract_syntax, transfer_syntaxes }
        });
    let fields = (any::<u16>(), title(), title(), uid(), vec(context, 0..20), user(), vec(unknown(), 0..3));
    fields.prop_map(|(protocol_version, called, calling, application_context, contexts, user, unknown)| {
        Pdu::AssociateRequest(Box::new(AssociateRequest {
            protocol_version,
            called_ae_title: called,
            calling_ae_title: calling,
            application_context,
            contexts,
            user,
            unknown,
        }))
    })
}

fn accept() -> impl Strategy<Value = Pdu> {
    let context = (any::<u8>(), any::<u8>(), vec(uid(), 0..3)).prop_map(|(id, result, transfer_syntaxes)| {
        AnsweredContext { id, result: ContextResult::of_code(result), transfer_syntaxes }
    });
    let fields = (any::<u16>(), title(), title(), uid(), vec(context, 0..20), user(), vec(unknown(), 0..3));
    fields.prop_map(|(protocol_version, called, calling, application_context, contexts, user, unknown)| {
        Pdu::AssociateAccept(Box::new(AssociateAccept {
            protocol_version,
            called_ae_title: called,
            calling_ae_title: calling,
            application_context,
            contexts,
            user,
            unknown,
        }))
    })
}

fn data() -> impl Strategy<Value = Pdu> {
    let value = (any::<u8>(), any::<bool>(), any::<bool>(), blob(200))
        .prop_map(|(context, command, last, fragment)| DataValue { context, command, last, fragment });
    vec(value, 0..6).prop_map(|values| Pdu::Data(Data::of(&values)))
}

fn pdu() -> impl Strategy<Value = Pdu> {
    let reject = any::<(u8, u8, u8)>().prop_map(|(result, source, reason)| {
        Pdu::AssociateReject(AssociateReject { result, source, reason })
    });
    let abort = any::<(u8, u8)>().prop_map(|(source, reason)| Pdu::Abort(Abort { source, reason }));
    prop_oneof![
        request(),
        accept(),
        data(),
        reject,
        abort,
        Just(Pdu::ReleaseRequest),
        Just(Pdu::ReleaseResponse)
    ]
}

proptest! {
    #[test]
    fn every_pdu_is_read_as_it_was_written(pdus in vec(pdu(), 1..4), cut in any::<prop::sample::Index>()) {
        let bytes = bytes_of(&pdus);
        prop_assert_eq!(&pdus_of(&bytes), &pdus);
        // Cut anywhere, the same come, and none before its last byte.
        let cut = cut.index(bytes.len());
        let mut buffer = BytesMut::from(&bytes[..cut]);
        let mut decoder = Decoder::new(Limits::default(), 0);
        let mut found = Vec::new();
        while let Some(pdu) = decoder.decode(&mut buffer).unwrap() {
            found.push(pdu);
        }
        prop_assert!(bytes_of(&found).len() <= cut);
        buffer.extend_from_slice(&bytes[cut..]);
        while let Some(pdu) = decoder.decode(&mut buffer).unwrap() {
            found.push(pdu);
        }
        prop_assert_eq!(found, pdus);
    }

    #[test]
    fn values_are_those_that_were_put_in(values in vec((any::<u8>(), any::<bool>(), any::<bool>(), blob(50)), 0..6)) {
        let values: Vec<_> = values
            .into_iter()
            .map(|(context, command, last, fragment)| DataValue { context, command, last, fragment })
            .collect();
        let Some(Pdu::Data(data)) = pdus_of(&bytes_of(&[Pdu::Data(Data::of(&values))])).pop() else { panic!() };
        prop_assert_eq!(data.values().collect::<Vec<_>>(), values);
    }

    #[test]
    fn a_changed_byte_breaks_nothing(pdu in pdu(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = bytes_of(&[pdu]);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let mut buffer = BytesMut::from(bytes.as_slice());
        let mut decoder = Decoder::new(Limits::default(), 16_384);
        if let Ok(Some(pdu)) = decoder.decode(&mut buffer) {
            // What was read can be written and is read again as the same.
            if let Pdu::AssociateRequest(_) | Pdu::AssociateAccept(_) = &pdu {
                let again = bytes_of(std::slice::from_ref(&pdu));
                prop_assert_eq!(pdus_of(&again), [pdu]);
            }
        }
    }
}

// Crafted bytes.

fn decode(bytes: &[u8]) -> Result<(Option<Pdu>, Vec<Kind>), Error> {
    let mut decoder = Decoder::new(Limits::default(), 16_384);
    let pdu = decoder.decode(&mut BytesMut::from(bytes))?;
    Ok((pdu, decoder.take_deviations().iter().map(|deviation| deviation.kind).collect()))
}

/// A request of these items; the lengths of the items are theirs.
fn request_of(items: &[&[u8]]) -> Vec<u8> {
    let mut body = vec![0, 1, 0, 0];
    body.extend(b"CALLED          CALLING         ");
    body.extend([0; 32]);
    items.iter().for_each(|item| body.extend(*item));
    let mut all = vec![1, 0];
    all.extend(u32::try_from(body.len()).unwrap().to_be_bytes());
    all.extend(body);
    all
}

fn item(kind: u8, value: &[u8]) -> Vec<u8> {
    let mut all = vec![kind, 0];
    all.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
    all.extend(value);
    all
}

#[test]
fn lengths_that_lie_are_told_with_their_place() {
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (vec![4, 0, 0xFF, 0xFF, 0xFF, 0xFF], "P-DATA-TF of 4294967295 bytes, the limit is 4194304"),
        (vec![1, 0, 0x80, 0, 0, 0], "A-ASSOCIATE-RQ of 2147483648 bytes, the limit is 1048576"),
        (vec![7, 0, 0, 0, 0, 2, 0, 0], "A-ABORT ends at byte 8 in the middle of a field"),
        (vec![1, 0, 0, 0, 0, 0], "A-ASSOCIATE-RQ ends at byte 6 in the middle of a field"),
        (
            vec![4, 0, 0, 0, 0, 6, 0, 0, 0, 3, 1, 3],
            "presentation data value at byte 10 gives a length of 3, only 2 are left",
        ),
        (
            vec![4, 0, 0, 0, 0, 6, 0xFF, 0xFF, 0xFF, 0xFF, 1, 3],
            "presentation data value at byte 10 gives a length of 4294967295, only 2 are left",
        ),
        (
            vec![4, 0, 0, 0, 0, 4, 0, 0, 0, 0],
            "presentation data value at byte 6 gives a length of 0, at least 2 are needed",
        ),
        (
            request_of(&[&[0x20, 0, 0xFF, 0xFF, 1, 0, 0, 0]]),
            "presentation context item at byte 78 gives a length of 65535, only 4 are left",
        ),
        (
            request_of(&[&item(0x20, &[1, 0, 0, 0, 0x30, 0, 0, 9, b'1'])]),
            "abstract syntax sub-item at byte 86 gives a length of 9, only 1 are left",
        ),
        (
            request_of(&[&item(0x50, &item(0x51, &[0, 0]))]),
            "maximum length sub-item ends at byte 82 in the middle of a field",
        ),
        (
            request_of(&[&item(0x50, &item(0x54, &[0, 9, b'1']))]),
            "SCP/SCU role selection sub-item at byte 84 gives a length of 9, only 1 are left",
        ),
        (
            request_of(&[&item(0x50, &item(0x57, &[0, 0, 0, 0, 0, 3, 0, 7, b'1']))]),
            "SOP class common extended negotiation sub-item at byte 90 gives a length of 7, only 1 are left",
        ),
        (vec![0x16, 3, 1], "no DICOM PDU begins with byte 16H (a TLS handshake does)"),
    ];
    for (bytes, text) in cases {
        assert_eq!(decode(&bytes).map(|_| ()).unwrap_err().to_string(), text);
    }
}

#[test]
fn thousands_of_contexts_are_taken_and_hundreds_of_thousands_are_not() {
    let context = item(0x20, &[1, 0, 0, 0]);
    let many = vec![context.as_slice(); 5_000];
    let (Some(Pdu::AssociateRequest(request)), deviations) = decode(&request_of(&many)).unwrap() else {
        panic!()
    };
    assert_eq!(request.contexts.len(), 5_000);
    assert!(deviations.len() <= 64, "no more than anybody reads");
    let too_many = vec![context.as_slice(); 100_000];
    let error = decode(&request_of(&too_many)).unwrap_err();
    assert_eq!(error, Error::TooManyItems { offset: 74 + 8_192 * 8, limit: 8_192 });
}

#[test]
fn what_devices_do_is_tolerated_and_noted() {
    let mut bytes = request_of(&[
        &item(0x10, b"1.2.840.10008.3.1.1.1\0"),
        &item(
            0x20,
            &[&[2, 0, 0, 0][..], &item(0x30, b" 1.2.3 "), &item(0x40, b"1.2.840.10008.1.2\0\0"), &[0, 1]]
                .concat(),
        ),
        &item(0x20, &[2, 0, 0, 0]),
        &item(
            0x50,
            &[&item(0x51, &[0, 0, 0x40, 0])[..], &item(0x51, &[0, 0, 0, 9]), &item(0x77, b"x")].concat(),
        ),
        &[9],
    ]);
    bytes[7] = 3;
    bytes[10..26].copy_from_slice(b" caLLed\0\0\0\0\0\0\0\0\0");
    let (Some(Pdu::AssociateRequest(request)), deviations) = decode(&bytes).unwrap() else { panic!() };
    assert_eq!((request.called_ae_title.as_str(), request.protocol_version), ("caLLed", 3));
    assert_eq!(request.contexts[0].abstract_syntax, "1.2.3");
    assert_eq!(request.contexts[0].transfer_syntaxes, ["1.2.840.10008.1.2"]);
    assert_eq!(request.user.maximum_length, Some(16_384), "the first counts");
    assert_eq!(request.user.unknown, [UnknownItem { kind: 0x77, data: "x".into() }]);
    use Kind::*;
    let expected = [
        ProtocolVersion,
        AeTitlePadding,
        UidPadded,
        UidPadded,
        UidPadded,
        TrailingBytes,
        ContextWithoutSyntax,
        ItemRepeated,
        ItemUnknown,
        TrailingBytes,
        ContextIdEven,
        ContextIdEven,
        ContextIdRepeated,
        ImplementationMissing,
    ];
    assert_eq!(deviations, expected);
}

#[test]
fn odd_shapes_of_data_are_tolerated_and_noted() {
    let cases: [(&[u8], Kind, usize); 5] = [
        (&[4, 0, 0, 0, 0, 0], Kind::PduEmpty, 0),
        (&[4, 0, 0, 0, 0, 7, 0, 0, 0, 3, 1, 0, 5], Kind::FragmentOdd, 1),
        (&[4, 0, 0, 0, 0, 6, 0, 0, 0, 2, 1, 0x82], Kind::ControlHeaderBits, 1),
        (&[4, 0, 0, 0, 0, 8, 0, 0, 0, 2, 1, 2, 0, 0], Kind::TrailingBytes, 1),
        (&[5, 0, 0, 0, 0, 0], Kind::PduLength, 0),
    ];
    for (bytes, kind, values) in cases {
        let (pdu, deviations) = decode(bytes).unwrap();
        assert_eq!(deviations, [kind]);
        let count = match pdu.unwrap() {
            Pdu::Data(data) => data.values().count(),
            _ => 0,
        };
        assert_eq!(count, values);
    }
    // Several values, the second of them empty.
    let bytes = [4, 0, 0, 0, 0, 14, 0, 0, 0, 4, 1, 2, 7, 8, 0, 0, 0, 2, 1, 2];
    let (Some(Pdu::Data(data)), deviations) = decode(&bytes).unwrap() else { panic!() };
    assert_eq!(
        (data.values().map(|one| one.fragment.len()).collect::<Vec<_>>(), deviations),
        (vec![2, 0], vec![])
    );
}

#[test]
fn values_share_the_memory_that_was_received() {
    let mut buffer = BytesMut::from(
        bytes_of(&[Pdu::Data(Data::of(&[DataValue {
            context: 1,
            command: false,
            last: true,
            fragment: wire::pattern(1_000),
        }]))])
        .as_slice(),
    );
    let range = buffer.as_ptr_range();
    let Ok(Some(Pdu::Data(data))) = Decoder::new(Limits::default(), 0).decode(&mut buffer) else { panic!() };
    let fragment = data.values().next().unwrap().fragment;
    assert!(range.contains(&fragment.as_ptr()));
}

#[test]
fn what_can_not_be_written_is_refused() {
    let titles = ["SEVENTEEN_LETTERS", "\u{20AC}"];
    for title in titles {
        let request = AssociateRequest::new(title, "A");
        assert!(Pdu::AssociateRequest(Box::new(request)).encode(&mut BytesMut::new()).is_err());
    }
    let mut request = AssociateRequest::new("A", "B");
    request.user.unknown.push(UnknownItem { kind: 0x70, data: vec![0; 65_536].into() });
    let error = Pdu::AssociateRequest(Box::new(request)).encode(&mut BytesMut::new()).unwrap_err();
    assert_eq!(error, EncodeError::TooLong { item: "item of unknown type" });
}

// pynetdicom.

/// What `peers/pdus.py` says, given our PDUs; `None` where there is no pynetdicom.
fn pynetdicom(ours: &[Pdu]) -> Option<Vec<(String, String)>> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/peers/pdus.py");
    let mut command = Command::new("python3");
    command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    if let Some(folder) = std::env::var_os("KLINKE_PEERS_PYTHON") {
        command.env("PYTHONPATH", folder);
    }
    let lines: String =
        ours.iter().map(|pdu| format!("{}\n", hex(&bytes_of(std::slice::from_ref(pdu))))).collect();
    let output = command.spawn().and_then(|mut child| {
        if let Some(mut input) = child.stdin.take() {
            // A peer that breaks off does not read; what it said is looked at below.
            let _ = input.write_all(lines.as_bytes());
        }
        child.wait_with_output()
    });
    let output = match output {
        Ok(output) if output.status.success() => output,
        other => {
            let absent = match &other {
                Ok(output) => String::from_utf8_lossy(&output.stderr).contains("No module named"),
                Err(_) => true,
            };
            assert!(absent, "pynetdicom failed: {other:?}");
            eprintln!("NOT RUN: pynetdicom is not there");
            assert!(std::env::var("KLINKE_PEERS").as_deref() != Ok("require"), "pynetdicom is not there");
            return None;
        }
    };
    let text = String::from_utf8(output.stdout).unwrap();
    Some(text.lines().filter_map(|line| line.split_once(' ')).map(|(a, b)| (a.into(), b.into())).collect())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// What pynetdicom's request of `peers/pdus.py` holds.
fn peers_request() -> AssociateRequest {
    let mut request = wire::request();
    request.user = UserInformation {
        maximum_length: Some(16_382),
        implementation_class_uid: Some("1.2.3.4.5".into()),
        implementation_version_name: Some("PEER_1".into()),
        operations_window: Some(OperationsWindow { invoked: 3, performed: 2 }),
        roles: vec![RoleSelection { sop_class: wire::CT.into(), user: false, provider: true }],
        extended: vec![ExtendedNegotiation {
            sop_class: "1.2.840.10008.5.1.4.1.2.2.1".into(),
            information: Bytes::from_static(&[1, 0, 1]),
        }],
        common_extended: vec![CommonExtendedNegotiation {
            version: 0,
            sop_class: "1.2.840.10008.5.1.4.1.1.88.22".into(),
            service_class: "1.2.840.10008.4.2".into(),
            related: vec!["1.2.840.10008.5.1.4.1.1.88.22".into(), "1.2.3".into()],
        }],
        user_identity: Some(UserIdentity {
            kind: IdentityKind::UsernameAndPasscode,
            response_requested: true,
            primary: "user".into(),
            secondary: "secret".into(),
        }),
        ..UserInformation::default()
    };
    request
}

fn peers_accept() -> AssociateAccept {
    let request = peers_request();
    AssociateAccept {
        protocol_version: 1,
        called_ae_title: request.called_ae_title,
        calling_ae_title: request.calling_ae_title,
        application_context: request.application_context,
        contexts: vec![
            AnsweredContext {
                id: 1,
                result: ContextResult::Acceptance,
                transfer_syntaxes: vec![wire::EXPLICIT.into()],
            },
            AnsweredContext {
                id: 3,
                result: ContextResult::AbstractSyntaxNotSupported,
                transfer_syntaxes: vec![wire::IMPLICIT.into()],
            },
        ],
        user: UserInformation {
            user_identity: None,
            common_extended: Vec::new(),
            user_identity_response: Some("token".into()),
            ..request.user
        },
        unknown: Vec::new(),
    }
}

#[test]
fn pynetdicom_and_we_read_each_other() {
    let value = DataValue { context: 3, command: true, last: true, fragment: wire::pattern(100) };
    let ours = [
        Pdu::AssociateRequest(Box::new(peers_request())),
        Pdu::AssociateAccept(Box::new(peers_accept())),
        Pdu::AssociateReject(AssociateReject::LOCAL_LIMIT_EXCEEDED),
        Pdu::Data(Data::of(&[value.clone(), DataValue { command: false, ..value }])),
        Pdu::ReleaseRequest,
        Pdu::ReleaseResponse,
        Pdu::Abort(Abort::INVALID_PARAMETER),
    ];
    let Some(lines) = pynetdicom(&ours) else { return };
    let of = |name: &str| -> Vec<Vec<u8>> {
        lines.iter().filter(|(one, _)| one == name).map(|(_, text)| unhex(text)).collect()
    };
    let (request, deviations) = decode(&of("request")[0]).unwrap();
    assert_eq!((request.unwrap(), deviations), (ours[0].clone(), vec![]));
    // Read and written again by pynetdicom, they are the same PDUs.
    let again: Vec<Pdu> = of("again").iter().flat_map(|bytes| pdus_of(bytes)).collect();
    assert_eq!(again, ours);

    let message = |name: &str| {
        let mut assembler = Assembler::default();
        let pdus = of(name).iter().flat_map(|bytes| pdus_of(bytes)).collect::<Vec<_>>();
        let values = pdus.iter().flat_map(|pdu| match pdu {
            Pdu::Data(data) => data.values(),
            other => panic!("{other:?}"),
        });
        let parts: Vec<Part> = values.filter_map(|value| assembler.handle(value).unwrap()).collect();
        assert_eq!(assembler.take_deviations(), []);
        let Part::Command { command, .. } = &parts[0] else { panic!("no command") };
        let data: Vec<u8> = parts[1..]
            .iter()
            .flat_map(|part| match part {
                Part::Data { bytes, .. } => bytes.to_vec(),
                Part::Command { .. } => panic!("two commands"),
            })
            .collect();
        let set: Vec<u8> = pdus
            .iter()
            .flat_map(|pdu| if let Pdu::Data(data) = pdu { data.values() } else { panic!() })
            .filter(|value| value.command)
            .flat_map(|value| value.fragment)
            .collect();
        assert_eq!(encode_command(command), set, "written again, it is the same command set");
        (command.as_ref().clone(), data)
    };
    let (store, data) = message("store");
    let mut expected = klinke_dimse::message::Command::store_request(7, wire::CT, "1.2.3.4", Priority::High);
    expected.move_originator_ae_title = Some("MOVER".into());
    expected.move_originator_message_id = Some(12);
    assert_eq!((store, data), (expected, (0..200).collect()));
    let (moved, _) = message("move");
    assert_eq!((moved.message_id, moved.status), (9, Some(Status::new(0xB000))));
    let numbers = moved.sub_operations;
    assert_eq!(
        (numbers.completed, numbers.failed, numbers.warning, numbers.remaining),
        (Some(4), Some(3), Some(2), None)
    );
    let (got, _) = message("get");
    assert_eq!(
        got.attribute_identifiers,
        [klinke_dimse::Tag(0x0010, 0x0010), klinke_dimse::Tag(0x7FE0, 0x0010)]
    );
}

#[test]
fn the_state_table_is_that_of_pynetdicom() {
    let Some(lines) = pynetdicom(&[]) else { return };
    let mut theirs: Vec<&str> =
        lines.iter().filter(|(name, _)| name == "table").map(|(_, row)| row.as_str()).collect();
    let mut ours = Vec::new();
    for (row, actions) in TABLE.iter().enumerate() {
        for (column, action) in actions.iter().enumerate() {
            if let Some(action) = action {
                let name = format!("{action:?}");
                let (group, number) = name.split_at(2);
                ours.push(format!("{},{},{group}-{number}", row + 1, column + 1));
            }
        }
    }
    ours.sort();
    theirs.sort_unstable();
    assert_eq!(ours, theirs);
    assert_eq!(action(Trigger::AbortPdu, State::Established), TABLE[15][5]);
}
