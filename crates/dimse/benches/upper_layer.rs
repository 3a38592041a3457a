//! Throughput of P-DATA against a plain copy of the same bytes.
//!
//! "Receive" is what a connection does: bytes are copied into a buffer, as from a socket, and fragments come out.
//! "Send" is a data set that is cut into PDUs and copied out, as into a socket.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use klinke_dimse::association::{Offer, Policy, Settings, negotiate};
use klinke_dimse::message::{Command, Priority};
use klinke_dimse::pdu::{AssociateRequest, Data, DataValue, Decoder, Limits, Pdu};
use klinke_dimse::session::{Event, Session};
use klinke_dimse::uids;

fn main() {
    divan::main();
}

/// One instance: 4 MB.
const LENGTH: usize = 4 << 20;
/// Lengths of PDUs: what many devices announce, and what we do.
const PDU_LENGTHS: [usize; 2] = [16_384, 131_066];
/// What a read from a socket gives at most.
const READ: usize = 64 << 10;

fn data() -> Bytes {
    (0..LENGTH).map(|at| (at.wrapping_mul(31) >> 3) as u8).collect::<Vec<_>>().into()
}

/// The data as PDUs of this length.
fn stream(pdu_length: usize) -> Vec<u8> {
    let mut out = BytesMut::new();
    for fragment in data().chunks(pdu_length - 6) {
        let fragment = Bytes::copy_from_slice(fragment);
        let value = DataValue { context: 1, command: false, last: false, fragment };
        Pdu::Data(Data::of(&[value])).encode(&mut out).expect("a PDU of usual length");
    }
    out.to_vec()
}

#[divan::bench(args = PDU_LENGTHS)]
fn receive_floor_memcpy(bencher: Bencher<'_, '_>, pdu_length: usize) {
    let stream = stream(pdu_length);
    let mut buffer = vec![0; READ];
    bencher.counter(BytesCount::new(LENGTH)).bench_local(move || {
        for piece in black_box(&stream).chunks(READ) {
            buffer[..piece.len()].copy_from_slice(piece);
            black_box(&buffer);
        }
    });
}

#[divan::bench(args = PDU_LENGTHS)]
fn receive_decoder(bencher: Bencher<'_, '_>, pdu_length: usize) {
    let stream = stream(pdu_length);
    let mut decoder = Decoder::new(Limits::default(), 131_066);
    let mut buffer = BytesMut::new();
    bencher.counter(BytesCount::new(LENGTH)).bench_local(move || {
        let mut length = 0;
        for piece in black_box(&stream).chunks(READ) {
            buffer.extend_from_slice(piece);
            while let Some(pdu) = decoder.decode(&mut buffer).expect("a PDU") {
                let Pdu::Data(data) = pdu else { continue };
                length += data.values().map(|value| black_box(value.fragment).len()).sum::<usize>();
            }
        }
        assert_eq!(length, LENGTH);
    });
}

#[divan::bench(args = PDU_LENGTHS)]
fn receive_session(bencher: Bencher<'_, '_>, pdu_length: usize) {
    let stream = stream(pdu_length);
    let now = Duration::ZERO;
    let (_, mut acceptor) = sessions(131_066);
    let command = Command::store_request(1, uids::CT_IMAGE_STORAGE, "1.2.3", Priority::Medium);
    let value = DataValue {
        context: 1,
        command: true,
        last: true,
        fragment: klinke_dimse::message::encode_command(&command),
    };
    let mut begin = BytesMut::new();
    Pdu::Data(Data::of(&[value])).encode(&mut begin).expect("a short PDU");
    acceptor.handle_bytes(&begin, now);
    while acceptor.poll_event(now).is_some() {}
    bencher.counter(BytesCount::new(LENGTH)).bench_local(move || {
        let mut length = 0;
        for piece in black_box(&stream).chunks(READ) {
            acceptor.handle_bytes(piece, now);
            while let Some(event) = acceptor.poll_event(now) {
                let Event::Data { bytes, .. } = event else { continue };
                length += black_box(bytes).len();
            }
        }
        assert_eq!(length, LENGTH);
    });
}

#[divan::bench(args = PDU_LENGTHS)]
fn send_floor_memcpy(bencher: Bencher<'_, '_>, pdu_length: usize) {
    let data = data();
    let mut out = Vec::with_capacity(LENGTH + (1 << 20));
    bencher.counter(BytesCount::new(LENGTH)).bench_local(move || {
        out.clear();
        for fragment in black_box(&data).chunks(pdu_length - 6) {
            out.extend_from_slice(&[0; 12]);
            out.extend_from_slice(fragment);
        }
        black_box(out.len())
    });
}

#[divan::bench(args = PDU_LENGTHS)]
fn send_session(bencher: Bencher<'_, '_>, pdu_length: usize) {
    let data = data();
    let now = Duration::ZERO;
    let (mut requestor, _) = sessions(u32::try_from(pdu_length).expect("a short length"));
    let command = Command::store_request(1, uids::CT_IMAGE_STORAGE, "1.2.3", Priority::Medium);
    requestor.send(1, &command, now).expect("an established association");
    while requestor.poll_transmit(now).is_some() {}
    let mut out = Vec::with_capacity(LENGTH + (1 << 20));
    bencher.counter(BytesCount::new(LENGTH)).bench_local(move || {
        out.clear();
        requestor.send_data(black_box(data.clone()), false, now).expect("an established association");
        while let Some(bytes) = requestor.poll_transmit(now) {
            out.extend_from_slice(&bytes);
        }
        assert!(out.len() > LENGTH);
    });
}

/// A requestor and an acceptor that are established; the acceptor announces this maximum.
fn sessions(maximum_length: u32) -> (Session, Session) {
    let now = Duration::ZERO;
    let mut request = AssociateRequest::new("ARCHIVE", "MODALITY");
    request.propose(uids::CT_IMAGE_STORAGE, &[uids::EXPLICIT_VR_LITTLE_ENDIAN]);
    let any = Offer { any_transfer_syntax: true, ..Offer::default() };
    let policy = Policy { other: Some(any), ..Policy::default() };
    let answers = negotiate(&request, &policy);
    let mut requestor = Session::requestor(Settings::default(), request).expect("a sound request");
    let mut acceptor = Session::acceptor(Settings { maximum_length, ..Settings::default() });
    requestor.handle_connected(now);
    acceptor.handle_connected(now);
    pass(&mut requestor, &mut acceptor, now);
    acceptor.accept(answers, now).expect("a request to accept");
    pass(&mut acceptor, &mut requestor, now);
    (requestor, acceptor)
}

fn pass(from: &mut Session, to: &mut Session, now: Duration) {
    while let Some(bytes) = from.poll_transmit(now) {
        to.handle_bytes(&bytes, now);
    }
    while to.poll_event(now).is_some() {}
}
