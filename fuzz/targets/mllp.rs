//! MLLP: however the bytes are cut, the same frames come; no byte is in two of them.
#![no_main]

use klinke_hl7v2::mllp::{Config, Error, Framer, encode};
use libfuzzer_sys::fuzz_target;

/// The payloads of a stream that arrives in pieces of one size.
fn payloads(bytes: &[u8], piece: usize, bare: bool) -> Vec<Vec<u8>> {
    let mut framer = Framer::new(Config { size_bytes_max: 4_096, bare });
    let mut found = Vec::new();
    let mut take = |framer: &mut Framer| {
        loop {
            match framer.next_frame() {
                Ok(Some(frame)) => found.push(frame.payload.to_vec()),
                Ok(None) => return,
                Err(Error::TooLarge { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
    };
    for piece in bytes.chunks(piece) {
        framer.push(piece);
        take(&mut framer);
    }
    framer.finish();
    take(&mut framer);
    assert!(found.iter().map(Vec::len).sum::<usize>() <= bytes.len());
    found
}

fuzz_target!(|input: (u8, bool, Vec<u8>)| {
    let (piece, bare, bytes) = input;
    let whole = payloads(&bytes, bytes.len().max(1), bare);
    if !bare {
        assert_eq!(payloads(&bytes, usize::from(piece).max(1), bare), whole);
    } else {
        payloads(&bytes, usize::from(piece).max(1), bare);
    }
    let mut frame = Vec::new();
    if bytes.len() <= 4_096 && encode(&bytes, &mut frame).is_ok() {
        assert_eq!(payloads(&frame, frame.len(), false), [bytes]);
    }
});
