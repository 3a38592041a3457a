//! Paths: whatever is read is written and read again as the same.
#![no_main]

use klinke_hl7v2::{Message, Path};
use libfuzzer_sys::fuzz_target;

const MESSAGE: &str = "MSH|^~\\&|A|B|C|D|20260101||ORU^R01|1|P|2.5\rPID|1||1^^^X^PI~2^^^Y^MR||N^V\rORC|RE\rOBR|1\r\
                       OBX|1|NM|a||1\rOBX|2|NM|b||2\r";

fuzz_target!(|text: &str| {
    let Ok(path) = text.parse::<Path>() else { return };
    let written = path.to_string();
    assert_eq!(written.parse::<Path>().expect("what we wrote is a path").to_string(), written);
    let mut message = Message::parse(MESSAGE).expect("a message");
    let _ = (message.text(&path), message.get(&path), message.positions(&path));
    let _ = message.set(&path, "x");
    let _ = message.append_repetition(&path, "y");
    let _ = message.delete_repetition(&path);
    let _ = message.clear(&path);
    Message::parse(message.to_bytes()).expect("still a message");
});
