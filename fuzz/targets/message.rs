//! Index, parse and edit a message: untouched bytes stay, and what is set is read again.
#![no_main]

use klinke_hl7v2::{Message, Path};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(mut message) = Message::parse(bytes.to_vec()) else { return };
    assert_eq!(message.to_bytes(), bytes, "untouched means unchanged");
    for segment in message.segments() {
        for (_, field) in segment.fields() {
            let _ = field.raw();
        }
    }
    let paths = ["MSH-9.1", "PID-3[2].4.2", "OBX[*]-5", "ZZZ-1", "MSH-18"];
    for path in paths {
        let path: Path = path.parse().expect("a path");
        let _ = (message.text(&path), message.get(&path), message.positions(&path));
    }
    let path: Path = "PID-5.1".parse().expect("a path");
    if message.set(&path, "a|b^c&d~e\\f").is_ok() && message.is_edited() {
        assert_eq!(message.text(&path), "a|b^c&d~e\\f");
        let again = Message::parse(message.to_bytes()).expect("what we wrote is a message");
        assert_eq!(again.text(&path), "a|b^c&d~e\\f");
    }
});
