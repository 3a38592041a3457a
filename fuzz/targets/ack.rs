//! Acknowledgments: whatever comes is answered and understood, and our own answers are understood.
#![no_main]

use klinke_hl7v2::ack::{Answer, Code, Options, acknowledge_bytes, acknowledgments, expectation, interpret};
use klinke_hl7v2::time::Timestamp;
use klinke_hl7v2::{Message, Path};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = interpret(bytes, "4711");
    let answer =
        acknowledge_bytes(bytes, Code::ApplicationAccept, &Options::new("1", Timestamp::from_unix(0, 0)));
    let Ok(message) = Message::parse(bytes.to_vec()) else { return };
    let _ = (expectation(&message), acknowledgments(&message));
    let control: Path = "MSH-10".parse().expect("a path");
    let control = message.text(&control).into_owned();
    match interpret(&answer, &control) {
        Answer::Acknowledgment(ack) => assert_eq!(ack.code, Some(Code::ApplicationAccept)),
        // Without a control identifier, or with one that no field can hold, there is nothing to compare.
        _ => assert!(
            control.is_empty() || !control.is_ascii() || control.chars().any(|c| !c.is_ascii_alphanumeric())
        ),
    }
});
