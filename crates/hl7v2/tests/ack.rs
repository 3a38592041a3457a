//! What senders and receivers of acknowledgments rely on.

use klinke_hl7v2::ack::{
    Answer, Code, Condition, ErrorCode, ErrorDetail, Expectation, Form, IdMatch, Kind, Mode, Options,
    acknowledge, acknowledge_bytes, acknowledgments, expectation, interpret,
};
use klinke_hl7v2::mllp::Commit;
use klinke_hl7v2::time::{Timestamp, parse_strict};
use klinke_hl7v2::{Message, Place};

fn message(text: &str) -> Message {
    Message::parse(text.as_bytes().to_vec()).expect("a message")
}

fn now() -> Timestamp {
    parse_strict("20240305101530+0100").expect("a date")
}

fn options() -> Options<'static> {
    Options::new("K1", now())
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("text")
}

const ADT: &str =
    "MSH|^~\\&|KIS^1.2^ISO|KH|RIS|RADIO|20240305||ADT^A01^ADT_A01|4711|P|2.5|||||DEU|8859/1\rPID|1\r";

#[test]
fn mode_is_decided_from_msh_15_and_16() {
    use Condition::*;
    let of = |accept: &str, application: &str| {
        let text = format!("MSH|^~\\&|A|B|C|D|||ADT^A01|1|P|2.5|||{accept}|{application}\rPID|1\r");
        let e = expectation(&message(&text));
        (e.mode, e.accept, e.application)
    };
    assert_eq!(of("", ""), (Mode::Original, Never, Always));
    assert_eq!(of("\"\"", "\"\""), (Mode::Original, Never, Always));
    assert_eq!(of("NE", "NE"), (Mode::Enhanced, Never, Never));
    assert_eq!(of("AL", "NE"), (Mode::Enhanced, Always, Never));
    assert_eq!(of("SU", ""), (Mode::Enhanced, OnSuccess, Never));
    assert_eq!(of("NE", "AL"), (Mode::Enhanced, Never, Always));
    assert_eq!(of("al", "er"), (Mode::Enhanced, Always, OnError));
    assert_eq!(of("Y", ""), (Mode::Enhanced, Always, Never));
    assert!(OnError.holds(false) && !OnError.holds(true) && OnSuccess.holds(true) && !OnSuccess.holds(false));
}

#[test]
fn an_acknowledgment_is_never_acknowledged() {
    let ack = text(acknowledge(&message(ADT), Code::ApplicationAccept, &options()));
    assert_eq!(expectation(&message(&ack)), Expectation::NOTHING);
    let asks = "MSH|^~\\&|A|B|C|D|||ACK|1|P|2.5|||AL|AL\rMSA|AA|1\r";
    assert_eq!(expectation(&message(asks)), Expectation::NOTHING);
    let response = "MSH|^~\\&|A|B|C|D|||ORR^O02|1|P|2.5\rMSA|AA|1\r";
    assert_eq!(expectation(&message(response)), Expectation::NOTHING);
    let response = "MSH|^~\\&|A|B|C|D|||ORR^O02|1|P|2.5|||AL|NE\rMSA|AA|1\r";
    assert_eq!(expectation(&message(response)).accept, Condition::Always);
}

#[test]
fn the_header_is_turned_around() {
    let ack = text(acknowledge(&message(ADT), Code::ApplicationAccept, &options()));
    assert_eq!(
        ack,
        "MSH|^~\\&|RIS|RADIO|KIS^1.2^ISO|KH|20240305101530+0100||ACK^A01^ACK|K1|P|2.5||||||8859/1\r\
         MSA|AA|4711\r"
    );
}

#[test]
fn forms_versions_and_own_delimiters() {
    let form = |version: &str, form| {
        let source = format!("MSH|^~\\&|A|B|C|D|||ADT^A08|7|P|{version}\r");
        let ack =
            text(acknowledge(&message(&source), Code::ApplicationAccept, &Options { form, ..options() }));
        ack.split('|').nth(8).expect("MSH-9").to_owned()
    };
    assert_eq!(form("2.3.1", Form::ByVersion), "ACK");
    assert_eq!(form("2.4", Form::ByVersion), "ACK^A08^ACK");
    assert_eq!(form("2.3", Form::AckEvent), "ACK^A08");
    assert_eq!(form("2.5", Form::Ack), "ACK");
    assert_eq!(form("", Form::ByVersion), "ACK");
    let own =
        text(acknowledge(&message("MSH#*!?%#A#B#C#D###ADT*A01#1#P#2.4\r"), Code::CommitAccept, &options()));
    assert!(
        own.starts_with("MSH#*!?%#C#D#A#B#") && own.contains("#ACK*A01*ACK#") && own.contains("\rMSA#CA#1\r")
    );
    assert!(own.contains("#NE#NE\r"), "an accept acknowledgment asks for none: {own}");
    let sender = Options { sender: Some(("KLINKE", "IT")), ..options() };
    let ack = text(acknowledge(&message(ADT), Code::ApplicationAccept, &sender));
    assert!(ack.starts_with("MSH|^~\\&|KLINKE|IT|KIS^1.2^ISO|KH|"));
}

#[test]
fn err_is_written_as_the_version_has_it() {
    let place = Place::segment(*b"PID", 1).field(5).repetition(1).component(2);
    let errors = [
        ErrorDetail::new(ErrorCode::RequiredFieldMissing, Some(place)),
        ErrorDetail { user_message: "a|b".into(), ..ErrorDetail::new(ErrorCode::ApplicationInternal, None) },
    ];
    let build = |version: &str| {
        let source = format!("MSH|^~\\&|A|B|C|D|||ADT^A08|7|P|{version}\r");
        let options = Options { errors: &errors, text: "no", ..options() };
        let ack = text(acknowledge(&message(&source), Code::ApplicationError, &options));
        ack.split_once("\rMSA").expect("MSA").1.to_owned()
    };
    assert_eq!(
        build("2.3"),
        "|AE|7|no\rERR|PID^1^5^101&Required field missing&HL70357~^^^207&Application internal error&HL70357\r"
    );
    assert_eq!(
        build("2.5.1"),
        "|AE|7|no\rERR||PID^1^5^1^2|101^Required field missing^HL70357|E\r\
         ERR|||207^Application internal error^HL70357|E||||a\\F\\b\r"
    );
    assert_eq!(
        build("2.7"),
        "|AE|7\rERR||PID^1^5^1^2|101^Required field missing^HL70357|E||||no\r\
         ERR|||207^Application internal error^HL70357|E||||a\\F\\b\r"
    );
    // What was written is read back the same.
    for version in ["2.3", "2.5"] {
        let source = format!("MSH|^~\\&|A|B|C|D|||ADT^A08|7|P|{version}\r");
        let options = Options { errors: &errors[..1], ..options() };
        let ack = acknowledge(&message(&source), Code::ApplicationError, &options);
        let Answer::Acknowledgment(answer) = interpret(&ack, "7") else { panic!("an acknowledgment") };
        assert_eq!(answer.errors[0].error_code(), Some(ErrorCode::RequiredFieldMissing));
        assert_eq!(answer.errors[0].place.map(|p| (p.segment, p.field)), Some((*b"PID", 5)));
    }
}

#[test]
fn damaged_bytes_get_an_answer_too() {
    let negative = |bytes: &[u8]| text(acknowledge_bytes(bytes, Code::ApplicationReject, &options()));
    assert_eq!(negative(b"GET / HTTP/1.1"), "MSH|^~\\&|||||20240305101530+0100||ACK|K1|P|2.3\rMSA|AR\r");
    assert!(negative(b"SH|^~\\&|A|B|C").ends_with("||ACK|K1|P|2.3\rMSA|AR\r"));
    assert!(negative(b"SH|^~\\&|A|B|C").starts_with("MSH|^~\\&|C||A|B|"));
    assert!(negative(b"MSH|^~\\&|A|B|C|D|||ADT^A01|5").contains("\rMSA|AR|5\r"));
}

#[test]
fn the_character_set_is_kept() {
    let utf16: Vec<u8> =
        ADT.replace("8859/1", "UNICODE UTF-16").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let options = Options { text: "für später", ..options() };
    let ack = acknowledge_bytes(&utf16, Code::ApplicationError, &options);
    let Answer::Acknowledgment(answer) = interpret(&ack, "4711") else { panic!("an acknowledgment") };
    assert_eq!(answer.text, "für später");
    assert_eq!(&ack[..4], b"M\0S\0");
    let ack = acknowledge(&message(ADT), Code::ApplicationError, &options);
    assert!(ack.windows(3).any(|w| w == b"f\xFCr"), "Latin 1 as the message declares");
}

#[test]
fn answers_are_told_apart() {
    let answer =
        |body: &str| interpret(format!("MSH|^~\\&|A|B|C|D|||ACK|9|P|2.3\r{body}").as_bytes(), "4711");
    for (letters, code, kind, positive) in [
        ("AA", Code::ApplicationAccept, Kind::Application, true),
        ("AE", Code::ApplicationError, Kind::Application, false),
        ("AR", Code::ApplicationReject, Kind::Application, false),
        ("CA", Code::CommitAccept, Kind::Accept, true),
        ("CE", Code::CommitError, Kind::Accept, false),
        (" cr ", Code::CommitReject, Kind::Accept, false),
    ] {
        let Answer::Acknowledgment(a) = answer(&format!("MSA|{letters}|4711|said\r")) else {
            panic!("{letters}")
        };
        assert_eq!((a.code, a.kind()), (Some(code), Some(kind)));
        assert_eq!(code.is_positive(), positive);
        assert_eq!((a.text.as_str(), a.own_control_id.as_str()), ("said", "9"));
    }
    let Answer::Acknowledgment(a) = answer("MSA|OK|4711\r") else { panic!("unknown code") };
    assert_eq!((a.code, a.code_text.as_str()), (None, "OK"));
    let Answer::WrongControlId(a) = answer("MSA|AA|4710\r") else { panic!("wrong id") };
    assert_eq!((a.id_match, a.control_id.as_str()), (IdMatch::Other, "4710"));
    let Answer::WrongControlId(a) = answer("MSA|AA\r") else { panic!("no id") };
    assert_eq!(a.id_match, IdMatch::Missing);
    assert_eq!(answer(""), Answer::NoMsa);
    assert_eq!(answer("MSA||4711\r"), Answer::NoMsa);
    assert_eq!(
        interpret(ADT.as_bytes(), "4711"),
        Answer::NotAnAcknowledgment { message_type: "ADT^A01^ADT_A01".into() }
    );
    assert_eq!(interpret(b"OK", "4711"), Answer::NotHl7 { length: 2 });
    assert_eq!(interpret(&[0x06], "4711"), Answer::Commit(Commit::Ack));
    let Answer::Acknowledgment(a) =
        interpret(b"MSH|^~\\&|A|B|C|D|||ORR^O02|9|P|2.3\rMSA|AA|4711||12\rORC|OK\r", "4711")
    else {
        panic!("a response with data")
    };
    assert!(a.has_data);
    assert_eq!(a.expected_sequence, Some(12));
    let long = "123456789012345678901234567890";
    let cut = format!("MSH|^~\\&|A|B|C|D|||ACK|9|P|2.3\rMSA|AA|{}\r", &long[..20]);
    assert!(
        matches!(interpret(cut.as_bytes(), long), Answer::Acknowledgment(a) if a.id_match == IdMatch::Cut)
    );
}

#[test]
fn debug_shows_no_text_of_a_partner() {
    let bytes =
        b"MSH|^~\\&|A|B|C|D|||ACK|9|P|2.5\rMSA|AE|1|Mustermann unknown\rERR|||204^x^y|E||||Mustermann\r";
    let shown = format!("{:?}", interpret(bytes, "1"));
    assert!(!shown.contains("Mustermann") && shown.contains("204"), "{shown}");
}

#[test]
fn a_batch_acknowledgment_is_read_one_by_one() {
    let batch = message(
        "BHS|^~\\&\rMSH|^~\\&|A|B|C|D|||ACK|9|P|2.3\rMSA|AA|1\rMSA|AE|2|bad\rERR|PID^1^5^101\rBTS|1\r",
    );
    let all = acknowledgments(&batch);
    let ids: Vec<_> =
        all.iter().map(|a| (a.control_id.as_str(), a.code, a.errors.len(), a.has_data)).collect();
    assert_eq!(
        ids,
        [("1", Some(Code::ApplicationAccept), 0, false), ("2", Some(Code::ApplicationError), 1, false)]
    );
}
