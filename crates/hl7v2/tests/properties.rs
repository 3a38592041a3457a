//! What holds for every input.

use klinke_hl7v2::ack::{self, Code, interpret};
use klinke_hl7v2::index::{Index, Method};
use klinke_hl7v2::{Message, Path, batch, time};
use proptest::prelude::*;

/// Bytes that look like a message in many places.
fn messages() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop_oneof![
        4 => "[A-Za-z0-9 äß]{0,8}".prop_map(String::into_bytes),
        6 => "[|^~\\\\&]{1,4}".prop_map(String::into_bytes),
        2 => "\r(PID|OBX|OBR|MSA|ZZZ|pid|DSC|BTS)\\|".prop_map(String::into_bytes),
        1 => "(\r|\n|\r\n| |\r\r)".prop_map(String::into_bytes),
        1 => "\\\\(E|F|X0D|X|H|\\.br|Z1)\\\\".prop_map(String::into_bytes),
        1 => Just(b"\"\"".to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..4),
    ];
    let head = prop_oneof![
        Just("MSH|^~\\&|A|B|C|D|20240305||ADT^A01|7|P|2.5|||||DEU|8859/1"),
        Just("MSH|^~\\&|A|B|C|D|20240305||ADT^A01|7|P|2.5|||||DEU|UNICODE UTF-8"),
        Just("MSH|^~\\&|A|B|C|D|20240305||ADT^A01|7|P|2.5|||||DEU|BIG-5"),
        Just("MSH|^~|A|B"),
        Just("MSH#*!?%#A#B"),
        Just("FHS|^~\\&"),
    ];
    (head, proptest::collection::vec(pieces, 0..40))
        .prop_map(|(head, pieces)| [head.as_bytes(), &pieces.concat()].concat())
}

fn paths() -> impl Strategy<Value = Path> {
    let segment = "(PID|OBX|OBR|ZZZ|MSH|PV1)";
    let selector = "(\\[[1-3]\\]|\\[\\*\\]|\\[2=a\\]|\\[1\\.2=b\\])?";
    let field = "-[1-9](\\[[1-3]\\]|\\[\\*\\]|\\[2=a\\])?(\\.[1-4](\\.[1-3])?)?";
    proptest::string::string_regex(&format!("{segment}{selector}{field}"))
        .expect("a pattern")
        .prop_map(|text| text.parse().expect("a path"))
}

proptest! {
    #[test]
    fn every_method_makes_the_same_index(bytes in messages()) {
        let index = |method| {
            let mut index = Index::new();
            index.build_with(&bytes, method).expect("a message");
            let segments = index.segments().to_vec();
            (segments, index.delimiter_count(), *index.lines(), index.has_non_ascii())
        };
        let table = index(Method::Table);
        prop_assert_eq!(&index(Method::Sse2), &table);
        prop_assert_eq!(&index(Method::Avx2), &table);
    }

    /// Reading, inspecting and answering any message neither fails nor changes it.
    #[test]
    fn a_message_is_read_in_every_way_and_stays(bytes in messages(), path in paths()) {
        let message = Message::parse(bytes.clone()).expect("a message");
        let _ = (message.get(&path), message.value(&path), message.text(&path), message.inspect());
        for placed in message.get_all(&path) {
            let _ = (placed.part.text(), placed.part.plain_text());
        }
        let now = time::parse_strict("20240305").expect("a date");
        let answer = ack::acknowledge(&message, Code::ApplicationError, &ack::Options::new("K", now));
        let _ = interpret(&answer, "7");
        let split: usize = batch::split(&message).messages.iter().map(|m| m.bytes.len()).sum();
        prop_assert!(split <= bytes.len());
        prop_assert_eq!(message.to_bytes(), bytes);
    }

    #[test]
    fn no_bytes_make_anything_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(message) = Message::parse(bytes.clone()) {
            let _ = message.inspect();
            prop_assert_eq!(message.to_bytes(), bytes.clone());
        }
        let _ = interpret(&bytes, "7");
        let now = time::parse_strict("20240305").expect("a date");
        let answer = ack::acknowledge_bytes(&bytes, Code::ApplicationReject, &ack::Options::new("K", now));
        prop_assert!(Message::parse(answer).is_ok());
    }

    /// What is written is read back, in the message and after it was sent and parsed again.
    #[test]
    fn what_is_set_is_read_back(bytes in messages(), path in paths(), text in "[A-Za-z|^~\\\\&\r\n ]{0,12}") {
        let mut message = Message::parse(bytes).expect("a message");
        let Ok(written) = message.set(&path, &text) else { return Ok(()) };
        if written == 0 {
            return Ok(());
        }
        // A condition may no longer hold when its own component was written.
        let conditional = path.to_string().contains('=');
        let back = message.text(&path).into_owned();
        // `[*]` writes to what is not empty, which need not be the first match; emptied, nothing matches.
        let any = message.get_all(&path).any(|placed| placed.part.text() == text);
        let same = if path.is_many() && !text.is_empty() { any } else { back == text };
        prop_assert!(conditional || same, "{}: {:?} is not {:?}", path, back, text);
        let again = Message::parse(message.to_bytes()).expect("a message");
        prop_assert_eq!(again.text(&path), back, "{} after parsing again", path);
        prop_assert_eq!(again.segment_count(), message.segment_count());
    }

    /// Whatever a message names as its delimiters, also when they are each other: what is written is
    /// read back, or refused.
    #[test]
    fn any_delimiters_keep_what_is_set(
        field in "[!-/:-@\\[-`{-~]", characters in "[!-/:-@\\[-`{-~]{0,6}",
        separated in any::<bool>(), text in "[a-c|^~\\\\&#.'\"\r\n ]{0,12}",
    ) {
        let behind = if separated { field.as_str() } else { "" };
        let bytes = format!("MSH{field}{characters}{behind}\rPID{field}1{field}{field}7\r");
        for text in ["a|b^c&d~e\\f", text.as_str()] {
            for path in ["PID-5.1", "PID-3", "ZZZ-4[2].2.2", "NTE-3"] {
                let path: Path = path.parse().expect("a path");
                let mut message = Message::parse(bytes.clone()).expect("a message");
                if message.set(&path, text).is_err() {
                    continue;
                }
                let expected = if text == "\"\"" { "" } else { text };
                prop_assert_eq!(message.text(&path), expected);
                let again = Message::parse(message.to_bytes()).expect("a message");
                prop_assert_eq!(again.text(&path), expected, "after parsing again");
                prop_assert_eq!(again.segment_count(), message.segment_count());
            }
        }
    }

    /// An edit changes the segment it is made in (or makes one) and no other.
    #[test]
    fn an_edit_leaves_other_segments(bytes in messages(), path in paths()) {
        let before = Message::parse(bytes).expect("a message");
        let mut after = before.clone();
        let touched = before.positions(&path);
        if after.set(&path, "new").is_err() || touched.is_empty() {
            return Ok(());
        }
        for (old, new) in before.segments().zip(after.segments()) {
            if !touched.contains(&old.position()) {
                prop_assert_eq!(old.raw(), new.raw());
            }
        }
    }

    #[test]
    fn any_text_is_a_path_or_is_refused(text in "\\PC{0,24}", almost in "[A-Z]{3}[-\\[\\]0-9.*=/\"a]{0,12}") {
        for text in [text, almost] {
            if let Ok(path) = text.parse::<Path>() {
                prop_assert_eq!(path.to_string().parse::<Path>(), Ok(path));
            }
        }
    }
}
