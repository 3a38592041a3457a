//! What a reader of messages relies on.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use klinke_hl7v2::message::Options;
use klinke_hl7v2::path::GroupStep;
use klinke_hl7v2::{Charset, Error, GroupResolver, Message, Path, Value};

const ORU: &str = "MSH|^~\\&|LIS|LAB|KIS|KH|20240305||ORU^R01^ORU_R01|77|P|2.5\r\
PID|1||123^^^KIS^PI~A99^^^GKV^NH~55^^^1.2.3&X&ISO^SS||M\\S\\ller^Max^\"\"||\"\"||\r\
OBR|1|||HB^Haemoglobin\r\
OBX|1|NM|HB^Haemoglobin||13.5|g/dl\r\
OBX|2|TX|COM||line 1\\.br\\line 2\r\
OBR|2|||GLU\r\
OBX|1|NM|GLU^Glucose||99~98|mg/dl\r";

fn path(text: &str) -> Path {
    text.parse().expect(text)
}

fn message(text: &str) -> Message {
    Message::parse(text.as_bytes().to_vec()).expect("a message")
}

#[test]
fn every_kind_of_path_finds_its_place() {
    let message = message(ORU);
    for (text, expected) in [
        ("MSH-1", Some("|")),
        ("MSH-2", Some("^~\\&")),
        ("MSH-3", Some("LIS")),
        ("MSH-9.2", Some("R01")),
        ("PID-1", Some("1")),
        ("PID-3", Some("123^^^KIS^PI~A99^^^GKV^NH~55^^^1.2.3&X&ISO^SS")),
        ("PID-3.1", Some("123")),
        ("PID-3[1]", Some("123^^^KIS^PI")),
        ("PID-3[2].1", Some("A99")),
        ("PID-3[5=NH].1", Some("A99")),
        ("PID-3[4.3=ISO].1", Some("55")),
        ("PID-3[3].4.2", Some("X")),
        ("PID-3[9].1", None),
        ("PID-3[5=ZZ].1", None),
        ("PID-3.9", None),
        ("PID-9", Some("")),
        ("PID-10", None),
        ("PID-5.1.1", Some("M\\S\\ller")),
        ("OBX-5", Some("13.5")),
        ("OBX[3]-5[2]", Some("98")),
        ("OBX[*]-3.2", Some("Haemoglobin")),
        ("OBX[3.1=GLU]-5[1]", Some("99")),
        ("PID[5.1=\"M^ller\"]-1", Some("1")),
        ("PID-5[3=\"\"].2", Some("Max")),
        ("OBX[4]-5", None),
        ("ZZZ-1", None),
        ("OBR[2]", Some("OBR|2|||GLU")),
        ("PATIENT_RESULT/OBX-5", None),
    ] {
        let found = message.get(&path(text));
        assert_eq!(found.as_deref(), expected.map(str::as_bytes), "{text}");
    }
}

#[test]
fn absent_empty_null_and_present_are_four_things() {
    let message = message(ORU);
    assert_eq!(message.value(&path("PV1-2")), Value::Absent);
    assert_eq!(message.value(&path("PID-10")), Value::Absent);
    assert_eq!(message.value(&path("PID-2")), Value::Empty);
    assert_eq!(message.value(&path("PID-7")), Value::Null);
    assert_eq!(message.value(&path("PID-5.3")), Value::Null);
    assert!(message.value(&path("PID-5.2")).is_present());
    assert_eq!(message.text(&path("PID-7")), "");
    assert_eq!(message.text_or(&path("PID-7"), "x"), "");
    assert_eq!(message.text_or(&path("PID-2"), "x"), "x");
    assert_eq!(message.text_or(&path("PV1-2"), "x"), "x");
}

#[test]
fn text_is_decoded_and_unescaped() {
    let message = message(ORU);
    assert_eq!(message.text(&path("PID-5.1")), "M^ller");
    assert_eq!(message.text(&path("OBX[2]-5")), "line 1\nline 2");
    assert!(matches!(message.text(&path("PID-5.2")), Cow::Borrowed("Max")));
}

#[test]
fn all_matches_come_with_their_places() {
    let message = message(ORU);
    let all = |text: &str| {
        let path = path(text);
        message
            .get_all(&path)
            .map(|p| (p.position, p.repetition, p.part.text().into_owned()))
            .collect::<Vec<_>>()
    };
    assert_eq!(all("PID-3[*].1"), [(1, 1, "123".into()), (1, 2, "A99".into()), (1, 3, "55".into())]);
    assert_eq!(
        all("OBX[*]-5[*]"),
        [(3, 1, "13.5".into()), (4, 1, "line 1\nline 2".into()), (6, 1, "99".into()), (6, 2, "98".into())]
    );
    assert_eq!(all("PID-3[5=NH].1"), [(1, 2, "A99".into())]);
    assert_eq!(all("OBX[2]-3"), [(4, 0, "COM".into())]);
    assert_eq!(all("PV1[*]-3"), []);
    assert_eq!(message.positions(&path("OBX[*]")), [3, 4, 6]);
}

/// Groups of one OBR and what follows it.
struct Orders;

impl GroupResolver for Orders {
    fn resolve(&self, message: &Message, steps: &[GroupStep]) -> Vec<Range<usize>> {
        let starts: Vec<usize> = message.positions(&"OBR[*]".parse().expect("a path"));
        let mut ends: Vec<usize> = starts.iter().skip(1).copied().collect();
        ends.push(message.segment_count());
        let groups: Vec<_> = starts.into_iter().zip(ends).map(|(a, b)| a..b).collect();
        match steps[0].occurrence {
            klinke_hl7v2::path::Nth::All => groups,
            klinke_hl7v2::path::Nth::Number(n) => groups.into_iter().skip(n - 1).take(1).collect(),
        }
    }
}

#[test]
fn groups_are_found_through_the_resolver() {
    let mut message = message(ORU);
    message.set_resolver(Arc::new(Orders));
    assert_eq!(message.text(&path("ORDER[2]/OBX-3.1")), "GLU");
    assert_eq!(message.text(&path("ORDER[1]/OBX[2]-3.1")), "COM");
    assert_eq!(message.text(&path("ORDER[2]/OBX[2]-3.1")), "");
    let every = path("ORDER[*]/OBX[1]-3.1");
    let texts: Vec<_> = message.get_all(&every).map(|p| p.part.text().into_owned()).collect();
    assert_eq!(texts, ["HB", "GLU"]);
    assert_eq!(message.set(&path("ORDER[2]/OBX[2]-2"), "TX"), Ok(1));
    assert_eq!(message.positions(&path("OBX[*]")), [3, 4, 6, 7]);
}

#[test]
fn character_sets_follow_the_message() {
    let german = |charset: &str, name: &[u8]| {
        let head = format!("MSH|^~\\&|A|||||||||||||||{charset}\rPID|1||||");
        [head.as_bytes(), name, b"^X\r"].concat()
    };
    let name = |bytes: Vec<u8>, default| {
        let options = Options { charset: default, ..Options::default() };
        let message = Message::parse_with(bytes, &options).expect("a message");
        message.text(&path("PID-5.1")).into_owned()
    };
    assert_eq!(name(german("8859/1", b"M\xFCller"), None), "Müller");
    assert_eq!(name(german("UNICODE UTF-8", "Müller".as_bytes()), None), "Müller");
    assert_eq!(name(german("", b"M\xFCller"), Some(Charset::LATIN_1)), "Müller");
    assert_eq!(name(german("", b"M\xFCller \x80"), None), "Müller €");
    assert_eq!(name(german("8859/1", "Müller".as_bytes()), None), "Müller");
    assert_eq!(name(german("UTF-8", b"M\xFCller"), None), "Müller");
    assert_eq!(name(german("8859/15", b"\xA4"), None), "€");
}

/// Bytes of these sets contain `|`, `^` and `\` inside characters.
#[test]
fn sets_with_delimiter_like_bytes_are_read_and_left_alone() {
    for (charset, text) in [
        ("GB 18030-2000", "偋俓両"),
        ("BIG-5", "功許"),
        ("ISO IR87", "山田太郎"),
        ("ISO IR14", "表示"),
        ("UNICODE UTF-16", "Müller"),
        ("UNICODE UTF-32", "Müller"),
    ] {
        let set = Charset::by_name(charset).expect(charset);
        let whole = format!("MSH|^~\\&|A|||||||||||||||{charset}\rPID|1||7||{text}^X|1\r");
        let bytes = set.encode(&whole).expect(charset).into_owned();
        let mut message = Message::parse(bytes.clone()).expect(charset);
        assert_eq!(message.text(&path("PID-5.1")), text, "{charset}");
        assert_eq!(message.to_bytes(), bytes, "{charset}");
        assert_eq!(message.set(&path("PID-3"), "8"), Ok(1));
        let edited = whole.replace("||7||", "||8||");
        assert_eq!(message.to_bytes(), set.encode(&edited).expect(charset).into_owned(), "{charset}");
    }
}

/// What is not valid in such a set is read as far as it goes; an edit would change other bytes.
#[test]
fn invalid_bytes_in_such_a_set_are_kept_and_not_edited() {
    let bytes = b"MSH|^~\\&|A|||||||||||||||BIG-5\rPID|1||7||\x87\r".to_vec();
    let mut message = Message::parse(bytes.clone()).expect("a message");
    assert_eq!(message.text(&path("PID-3")), "7");
    assert!(matches!(message.set(&path("PID-3"), "8"), Err(Error::NotEditable { .. })));
    assert_eq!(message.to_bytes(), bytes);
    let utf8 = "MSH|^~\\&|A|||||||||||||||BIG-5\rPID|1||7||ß\r";
    let mut message = Message::parse(utf8).expect("a message");
    assert_eq!(message.text(&path("PID-5")), "ß");
    assert_eq!(message.set(&path("PID-3"), "8"), Ok(1));
    assert_eq!(message.to_bytes(), utf8.replace("|7|", "|8|"));
}

#[test]
fn what_is_no_message_is_refused_with_the_place() {
    let refused = |bytes: &[u8]| Message::parse(bytes.to_vec()).expect_err("no message");
    assert_eq!(refused(b""), Error::Empty);
    assert_eq!(refused(b" \r\n"), Error::Empty);
    assert_eq!(refused(b"\r\nGET / HTTP/1.1"), Error::NotHl7 { offset: 2 });
    let small = Options { size_bytes_max: 10, ..Options::default() };
    let error = Message::parse_with(ORU.as_bytes().to_vec(), &small).expect_err("too large");
    assert_eq!(error, Error::TooLarge { length: ORU.len(), limit: 10 });
}

#[test]
fn debug_output_shows_no_content() {
    let message = message(ORU);
    let segment = message.segment(1).expect("PID");
    let part = segment.field(5).expect("PID-5");
    let shown = format!("{message:?} {segment:?} {part:?} {:?}", message.segments());
    assert!(!shown.contains("ller") && !shown.contains("A99"), "{shown}");
}

#[test]
fn messages_and_paths_go_between_threads() {
    fn shareable<T: Send + Sync + Clone>() {}
    shareable::<Message>();
    shareable::<Path>();
}
