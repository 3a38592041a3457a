//! What someone who edits messages relies on: the edit is there, everything else is untouched.

use klinke_hl7v2::message::{At, LineEnd, Options, Unencodable};
use klinke_hl7v2::{Charset, Error, Message, Path};

const ADT: &str = "MSH|^~\\&|KIS|KH|RIS|R|20240305||ADT^A01|1|P|2.5\r\n\
PID|1||123^^^KIS^PI~A99^^^GKV^NH||Muster^Max\r\n\
OBX|1|NM|HB||13.5\r\n\
OBX|2|NM|GLU||99\r\n\
ZZZ|x||  \\X41\\ &&";

fn path(text: &str) -> Path {
    text.parse().expect(text)
}

fn message(text: &str) -> Message {
    Message::parse(text.as_bytes().to_vec()).expect("a message")
}

/// Apply an edit and return the whole text.
fn edited(edit: impl FnOnce(&mut Message)) -> String {
    let mut message = message(ADT);
    edit(&mut message);
    String::from_utf8(message.to_bytes().to_vec()).expect("text")
}

#[test]
fn an_untouched_message_is_the_same_bytes() {
    let message = message(ADT);
    assert_eq!(message.to_bytes(), ADT.as_bytes());
    let mut out = Vec::new();
    message.write_to(&mut out);
    assert_eq!(out, ADT.as_bytes());
}

#[test]
fn setting_changes_the_place_and_nothing_else() {
    for (place, text, before, after) in [
        ("MSH-5", "X|Y", "|RIS|", "|X\\F\\Y|"),
        ("PID-2", "77", "PID|1||123", "PID|1|77|123"),
        ("PID-3.1", "9", "|123^", "|9^"),
        ("PID-3[2].1", "9", "~A99^", "~9^"),
        ("PID-3[5=NH].1", "9", "~A99^", "~9^"),
        ("PID-3[5=SS].1", "9", "NH||", "NH~9^^^^SS||"),
        ("PID-3[4].1", "9", "NH||", "NH~~9||"),
        ("PID-5.1.2", "von", "|Muster^", "|Muster&von^"),
        ("PID-5.4", "jr", "^Max\r", "^Max^^jr\r"),
        ("PID-8", "M", "^Max\r", "^Max|||M\r"),
        ("OBX[2]-5", "98", "||99", "||98"),
        ("OBX[3.1=GLU]-5", "98", "||99", "||98"),
        ("ZZZ-2[2]", "n", "ZZZ|x|", "ZZZ|x|~n"),
    ] {
        let out = edited(|m| assert_eq!(m.set(&path(place), text), Ok(1)));
        assert_eq!(out, ADT.replacen(before, after, 1), "{place}");
        let again = message(&out);
        assert_eq!(again.text(&path(place)), text, "{place}");
    }
}

#[test]
fn setting_makes_what_is_missing() {
    let out = edited(|m| assert_eq!(m.set(&path("PV1-3.1"), "CHI1"), Ok(1)));
    assert_eq!(out, format!("{ADT}\r\nPV1|||CHI1\r\n"));
    let out = edited(|m| assert_eq!(m.set(&path("OBX[3]-5"), "1"), Ok(1)));
    assert_eq!(out, ADT.replace("ZZZ", "OBX|||||1\r\nZZZ"));
    let out = edited(|m| assert_eq!(m.set(&path("OBX[3.1=NA]-5"), "1"), Ok(1)));
    assert_eq!(out, ADT.replace("ZZZ", "OBX|||NA||1\r\nZZZ"));
    let out = edited(|m| assert_eq!(m.set_existing(&path("PV1-3.1"), "CHI1"), Ok(0)));
    assert_eq!(out, ADT);
    let out = edited(|m| assert_eq!(m.set(&path("PV1[*]-3.1"), "CHI1"), Ok(0)));
    assert_eq!(out, ADT);
    let refused = message(ADT).set(&path("OBX[5]-5"), "1");
    assert!(matches!(refused, Err(Error::NotEditable { .. })));
}

#[test]
fn star_paths_write_everywhere() {
    let out = edited(|m| assert_eq!(m.set(&path("OBX[*]-11"), "F"), Ok(2)));
    assert_eq!(out, ADT.replace("13.5", "13.5||||||F").replace("99\r", "99||||||F\r"));
    let out = edited(|m| assert_eq!(m.set(&path("PID-3[*].4"), "KH"), Ok(2)));
    assert_eq!(out, ADT.replace("^KIS^", "^KH^").replace("^GKV^", "^KH^"));
}

#[test]
fn null_clear_and_raw() {
    let out = edited(|m| assert_eq!(m.set_null(&path("PID-5")), Ok(1)));
    assert_eq!(out, ADT.replace("Muster^Max", "\"\""));
    let out = edited(|m| assert_eq!(m.clear(&path("PID-5.1")), Ok(1)));
    assert_eq!(out, ADT.replace("Muster^", "^"));
    let out = edited(|m| {
        assert_eq!(m.clear(&path("PID-30")), Ok(0));
        assert_eq!(m.clear(&path("PID-5.9")), Ok(0));
        assert_eq!(m.clear(&path("PID-3[5=SS].1")), Ok(0));
        assert_eq!(m.clear(&path("PV1-2")), Ok(0));
    });
    assert_eq!(out, ADT);
    let out = edited(|m| assert_eq!(m.set_raw(&path("PID-5"), b"A^B&C~D"), Ok(1)));
    assert_eq!(out, ADT.replace("Muster^Max", "A^B&C~D"));
    for (place, raw, offset) in [
        ("PID-5", "A|B", 1),
        ("PID-5[1]", "A~B", 1),
        ("PID-5.1", "A^B", 1),
        ("PID-5.1.1", "AB&", 2),
        ("PID-5", "A\rPID|", 1),
        ("PID-5", "A\n", 1),
    ] {
        let refused = message(ADT).set_raw(&path(place), raw.as_bytes());
        assert!(
            matches!(refused, Err(Error::RawBreaksOut { offset: o, .. }) if o == offset),
            "{place} {raw}"
        );
    }
    assert_eq!(message(ADT).set_raw(&path("OBX-5"), b"line 1\nline 2"), Ok(1));
}

#[test]
fn repetitions_come_and_go() {
    let out = edited(|m| assert_eq!(m.append_repetition_raw(&path("PID-3"), b"5^^^X"), Ok(3)));
    assert_eq!(out, ADT.replace("^NH|", "^NH~5^^^X|"));
    let out = edited(|m| assert_eq!(m.append_repetition(&path("PID-4"), "a~b"), Ok(1)));
    assert_eq!(out, ADT.replace("NH||M", "NH|a\\R\\b|M"));
    for place in ["PID-3[1]", "PID-3[5=PI]"] {
        let out = edited(|m| assert_eq!(m.delete_repetition(&path(place)), Ok(1)));
        assert_eq!(out, ADT.replace("123^^^KIS^PI~", ""), "{place}");
    }
    let out = edited(|m| assert_eq!(m.delete_repetition(&path("PID-3[*]")), Ok(2)));
    assert_eq!(out, ADT.replace("123^^^KIS^PI~A99^^^GKV^NH", ""));
    assert_eq!(message(ADT).delete_repetition(&path("PID-3[7]")), Ok(0));
}

#[test]
fn segments_come_and_go() {
    let out = edited(|m| assert_eq!(m.insert_segment(At::After(1), b"PV1|1|I"), Ok(2)));
    assert_eq!(out, ADT.replacen("OBX", "PV1|1|I\r\nOBX", 1));
    let out = edited(|m| assert_eq!(m.insert_segment(At::End, b"ZPI"), Ok(5)));
    assert_eq!(out, format!("{ADT}\r\nZPI|\r\n"));
    let out = edited(|m| assert_eq!(m.delete_segments(&path("OBX[*]")), Ok(2)));
    assert_eq!(out, ADT.replace("OBX|1|NM|HB||13.5\r\nOBX|2|NM|GLU||99\r\n", ""));
    let out = edited(|m| assert_eq!(m.move_segment(3, 2), Ok(())));
    let at = |text: &str| out.find(text).expect("found");
    assert!(at("OBX|2") < at("OBX|1") && out.len() == ADT.len());
    let out = edited(|m| assert_eq!(m.move_segment(4, 1), Ok(())));
    assert!(out.contains("ZZZ|x||  \\X41\\ &&\r\nPID|1"), "{out}");
    let out = edited(|m| assert_eq!(m.set_segment_name(4, "ZPI"), Ok(())));
    assert_eq!(out, ADT.replace("ZZZ", "ZPI"));
    let mut m = message(ADT);
    m.insert_segment(At::Before(2), b"OBX|9").expect("inserted");
    assert_eq!(m.renumber_set_ids("OBX"), Ok(3));
    assert_eq!(m.text(&path("OBX[3]-1")), "3");
    assert_eq!(m.text(&path("OBX[1]-1")), "1");
}

#[test]
fn the_header_is_guarded() {
    let mut m = message(ADT);
    for place in ["MSH-1", "MSH-2", "MSH-2.1"] {
        assert!(matches!(m.set(&path(place), "#"), Err(Error::DelimitersGuarded { .. })), "{place}");
    }
    assert!(m.delete_segment(0).is_err());
    assert!(m.move_segment(0, 1).is_err() && m.move_segment(1, 0).is_err());
    assert!(m.insert_segment(At::Before(0), b"ZZZ").is_err());
    assert!(m.set_segment_name(0, "PID").is_err() && m.set_segment_name(1, "MSH").is_err());
    assert!(m.insert_segment(At::End, b"ZZZ|a\rPID|1").is_err());
    assert!(m.insert_segment(At::End, b"zzz").is_err() && m.insert_segment(At::End, b"zzz|1").is_err());
    assert!(!m.is_edited());
}

#[test]
fn characters_without_a_place_are_never_lost_unseen() {
    let latin = "MSH|^~\\&|A|||||||||||||||8859/1\rPID|1||||x\r";
    let mut m = message(latin);
    assert_eq!(m.set(&path("PID-5"), "Müller"), Ok(1));
    assert!(m.to_bytes().windows(6).any(|w| w == b"M\xFCller"));
    let refused = m.set(&path("PID-5"), "5 €");
    assert!(matches!(refused, Err(Error::Unencodable { character: '€', charset: "8859/1", .. })));
    let options = Options { unencodable: Unencodable::QuestionMark, ..Options::default() };
    let mut m = Message::parse_with(latin.as_bytes().to_vec(), &options).expect("a message");
    assert_eq!(m.set(&path("PID-5"), "5 €"), Ok(1));
    assert_eq!(m.text(&path("PID-5")), "5 ?");
}

/// `EKG` is text here, and would be a segment with a separator behind it.
#[test]
fn text_is_not_turned_into_a_segment() {
    let mut m = message("MSH|^~\\&|A\rNTE|1||first\nEKG\r");
    assert!(matches!(m.set(&path("NTE-4"), "x"), Err(Error::NotEditable { .. })));
    assert_eq!(m.set(&path("NTE-2"), "x"), Ok(1));
    assert_eq!(m.to_bytes(), b"MSH|^~\\&|A\rNTE|1|x|first\nEKG\r".as_slice());
}

#[test]
fn own_delimiters_are_used() {
    let mut m = message("MSH#*!?%#A\rPID#1##7***K*PI\r");
    assert_eq!(m.set(&path("PID-3[5=NH].1"), "a#b"), Ok(1));
    assert_eq!(m.to_bytes(), b"MSH#*!?%#A\rPID#1##7***K*PI!a?F?b****NH\r".as_slice());
}

#[test]
fn limits_hold() {
    let mut m = message(ADT);
    assert!(matches!(m.set(&path("PID-5000"), "x"), Err(Error::OverLimit { .. })));
    assert!(matches!(m.set(&path("PID-3[1000000]"), "x"), Err(Error::OverLimit { .. })));
    assert!(matches!(m.set(&path("PID-3[5000=x].1"), "x"), Err(Error::OverLimit { .. })));
    assert!(matches!(m.set(&path("PID"), "x"), Err(Error::NotEditable { .. })));
}

#[test]
fn a_message_goes_into_another_character_set() {
    let latin = b"MSH|^~\\&|A|||||||||||||||8859/1|X\rPID|1||\\XE4\\||M\xFCller\\F\\^X\nY\r \r".to_vec();
    let m = Message::parse(latin.clone()).expect("a message");
    let convert = |name: &str| m.to_charset(Charset::by_name(name).expect(name), Unencodable::Refuse);
    let utf8 = convert("UTF-8").expect("converted");
    let expected = "MSH|^~\\&|A|||||||||||||||UNICODE UTF-8|X\rPID|1||ä||Müller\\F\\^X\nY\r \r";
    assert_eq!(utf8.to_bytes(), expected.as_bytes());
    for name in ["UNICODE UTF-16", "8859/15", "GB 18030-2000"] {
        let converted = convert(name).expect(name);
        assert_eq!(converted.text(&path("PID-5.1")), "Müller|", "{name}");
        assert_eq!(converted.text(&path("MSH-18")), name);
        let back = converted.to_charset(Charset::LATIN_1, Unencodable::Refuse).expect(name);
        assert_eq!(back.text(&path("PID-3")), "ä");
    }
    assert!(matches!(convert("ASCII"), Err(Error::Unencodable { character: 'ä', .. })));
    let lossy = m.to_charset(Charset::ASCII, Unencodable::QuestionMark).expect("converted");
    assert_eq!(lossy.text(&path("PID-5.1")), "M?ller|");
    assert_eq!(lossy.deviations().iter().filter(|d| d.code == "characters-lost").count(), 2);
    let damaged =
        message("SH|^~\\&|A\rpid|1\r").to_charset(Charset::UTF_8, Unencodable::Refuse).expect("converted");
    assert_eq!(damaged.to_bytes(), b"SH|^~\\&|A|||||||||||||||UNICODE UTF-8\rpid|1\r".as_slice());
    let short = Message::parse("MSH|^~\\&|A\r").expect("a message");
    let declared = short.to_charset(Charset::UTF_8, Unencodable::Refuse).expect("converted");
    assert_eq!(declared.to_bytes(), b"MSH|^~\\&|A|||||||||||||||UNICODE UTF-8\r".as_slice());
}

#[test]
fn line_ends_are_changed_between_segments_only() {
    let m = message("  MSH|^~\\&|A\r\n\r\nPID|1|x\ny\r\n ZZZ|1");
    let cr = m.with_line_ends(LineEnd::Cr).expect("converted");
    assert_eq!(cr.to_bytes(), b"MSH|^~\\&|A\rPID|1|x\ny\rZZZ|1\r".as_slice());
    let text = message("MSH|^~\\&|A\rNTE|1||x\nEKG\nPID|1\r");
    assert!(matches!(text.with_line_ends(LineEnd::Lf), Err(Error::NotEditable { .. })));
    let crlf = cr.with_line_ends(LineEnd::CrLf).expect("converted");
    assert_eq!(crlf.to_bytes(), b"MSH|^~\\&|A\r\nPID|1|x\ny\r\nZZZ|1\r\n".as_slice());
}

#[test]
fn a_segment_whose_last_line_would_become_a_segment_gets_no_field() {
    for text in ["MSH|^~\\&\r\nPID\nPSZ\nPSZ", "MSH|^~\\&\rPID\nPSZ\rPV1|1\r"] {
        let mut message = Message::parse(text.as_bytes().to_vec()).expect("a message");
        let refused = message.set(&path("PID-5"), "x");
        assert!(matches!(refused, Err(Error::NotEditable { .. })), "{refused:?}");
        assert_eq!(message.to_bytes(), text.as_bytes());
    }
}
