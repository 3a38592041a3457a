//! Batches and continued messages: parts lie within what came, and what is built is split again.
#![no_main]

use std::time::Duration;

use klinke_hl7v2::{Message, batch, continuation};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(message) = Message::parse(bytes.to_vec()) else { return };
    let _ = batch::is_batch(&message);
    let split = batch::split(&message);
    let total: usize = split.messages.iter().map(|one| one.bytes.len()).sum();
    assert!(total <= bytes.len() + split.messages.len(), "no more comes out than went in");
    let mut assembly = continuation::Reassembler::new(continuation::Limits::default());
    let _ = assembly.push(&message, Duration::ZERO);
    let _ = assembly.push(&message, Duration::from_secs(1));
    let _ = assembly.expired(Duration::from_secs(100_000));
});
