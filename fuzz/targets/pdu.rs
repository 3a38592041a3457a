//! PDUs and command sets: no bytes break the reader, and what was read is written and read again as the same.
#![no_main]

use bytes::BytesMut;
use klinke_dimse::message::{decode_command, encode_command};
use klinke_dimse::pdu::{Decoder, Limits, Pdu};
use libfuzzer_sys::fuzz_target;

/// Everything that comes out of a stream that arrives in pieces of one size, and whether it broke off.
fn pdus(bytes: &[u8], piece: usize) -> (Vec<Pdu>, bool) {
    let limits = Limits { data_bytes_max: 8_192, association_bytes_max: 8_192, items_max: 256 };
    let mut decoder = Decoder::new(limits, 1_024);
    let mut buffer = BytesMut::new();
    let mut found = Vec::new();
    for piece in bytes.chunks(piece) {
        buffer.extend_from_slice(piece);
        loop {
            match decoder.decode(&mut buffer) {
                Ok(Some(pdu)) => found.push(pdu),
                Ok(None) => break,
                Err(error) => {
                    assert!(!error.to_string().is_empty());
                    return (found, true);
                }
            }
        }
        assert!(buffer.len() <= 8_192 + 6 + piece.len());
    }
    (found, false)
}

fuzz_target!(|input: (u8, Vec<u8>)| {
    let (piece, bytes) = input;
    let (found, broken) = pdus(&bytes, bytes.len().max(1));
    assert_eq!(pdus(&bytes, usize::from(piece).max(1)), (found.clone(), broken));
    for pdu in &found {
        let mut out = BytesMut::new();
        if pdu.encode(&mut out).is_ok() {
            let again = pdus(&out, out.len());
            assert!(again.0.first() == Some(pdu) || out.len() > 8_192, "read again as something else");
        }
        if let Pdu::Data(data) = pdu {
            let length: usize = data.values().map(|value| value.fragment.len() + 6).sum();
            assert_eq!(length, data.body().len());
        }
    }
    if let Ok(command) = decode_command(&bytes, &mut Vec::new()) {
        let written = encode_command(&command);
        let again = decode_command(&written, &mut Vec::new()).expect("a command set of ours");
        assert_eq!(encode_command(&again), written);
    }
});
