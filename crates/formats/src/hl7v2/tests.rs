//! What steps make of messages.

use std::borrow::Cow;

use klinke_engine::document::{Document, Format, Value};
use klinke_hl7v2::message::Options;
use klinke_model::Payload;

use super::{Hl7v2, Hl7v2Document};
use crate::testing::{body, build, run, run_bytes};

fn open(text: &str) -> Hl7v2Document {
    Hl7v2Document::open(&Payload::new(text.as_bytes().to_vec()), &Options::default()).expect("a message")
}

fn get(document: &Hl7v2Document, path: &str) -> Value<'static> {
    document.value(&document.path(path).expect(path)).expect(path).into_owned()
}

fn operate(document: &mut Hl7v2Document, name: &str, given: &[&str]) -> Result<Option<String>, String> {
    let given: Vec<Cow<'_, str>> = given.iter().map(|text| Cow::Borrowed(*text)).collect();
    document.operate(name, &given).map_err(|error| error.to_string())
}

#[test]
fn the_site_of_the_issue_builds_and_works() {
    let steps = r#"
        { only = { "MSH-9.1" = ["ADT"] } },
        { set = { "MSH-5" = "RIS", "PID-2" = "{PID-3.1}" } },
        { lookup = { field = "PV1-3.1", table = "wards", missing = "keep" } },
    "#;
    let message = "MSH|^~\\&|KIS|HAUS|X|RAD|20260301||ADT^A01|4711|P|2.5\nPID|1||0815^^^KIS^PI||Müller^Hans\nPV1|1|I|I1^12^1";
    assert_eq!(
        run(steps, message),
        "MSH|^~\\&|KIS|HAUS|RIS|RAD|20260301||ADT^A01|4711|P|2.5\nPID|1|0815|0815^^^KIS^PI||Müller^Hans\nPV1|1|I|INN1^12^1"
    );
    assert_eq!(run(steps, &message.replace("ADT^A01", "ORU^R01")), "end: not: MSH-9.1 is ADT");
}

#[test]
fn what_no_step_touched_leaves_as_it_came() {
    let payload = b"MSH|^~\\&|KIS||||2026||ADT^A01|1|P|2.5\n\nPID|1||1^^^\xfc||\"\"|||||||\r\nZZZ|\\Zab\\|\\X4\\|&&&^^\r".to_vec();
    let (out, _) = run_bytes("hl7v2", r#"{ only = { "MSH-3" = "KIS" } }"#, &payload).expect("kept");
    assert_eq!(&*out[0], payload.as_slice());
    let (out, _) = run_bytes("hl7v2", r#"{ set = { "PID-8" = "F" } }"#, &payload).expect("kept");
    let expected = b"MSH|^~\\&|KIS||||2026||ADT^A01|1|P|2.5\n\nPID|1||1^^^\xfc||\"\"|||F||||\r\nZZZ|\\Zab\\|\\X4\\|&&&^^\r";
    assert_eq!(out[0].as_ref() as &[u8], expected);
}

#[test]
fn values_of_every_kind() {
    let document = open("MSH|^~\\&|KIS\rPID|1||1^^^A~2^^^B||M\\T\\M^Hans|\"\"||\rOBX|1||||a\rOBX|2\r");
    for (path, value) in [
        ("PID-5.1", Value::from("M&M")),
        ("PID-6", Value::Null),
        ("PID-7", Value::Empty),
        ("PID-30", Value::Absent),
        ("PV1-3", Value::Absent),
        ("PID-3[2].1", Value::from("2")),
        ("PID-3[4=B].1", Value::from("2")),
        ("PID-3[4=C].1", Value::Absent),
        ("OBX[2]", Value::from("OBX|2")),
        ("ZZZ", Value::Absent),
        ("PID-3[*].1", Value::from("1")),
    ] {
        assert_eq!(get(&document, path), value, "{path}");
    }
    let values = |path: &str| document.values(&document.path(path).expect(path)).expect(path).len();
    assert_eq!((values("PID-3[*].1"), values("OBX[*]-5"), values("OBX[*]"), values("ZZZ[*]")), (2, 1, 2, 0));
    let count = |path: &str| document.count(&document.path(path).expect(path)).expect(path);
    assert_eq!((count("OBX[*]"), count("PID-3[*]"), count("PID-7[*]"), count("PID-6[*]")), (2, 2, 0, 1));
}

#[test]
fn text_is_escaped_structure_is_copied() {
    assert_eq!(body(r#"{ set = { "PID-2" = "A^B & C" } }"#, "PID|1"), "PID|1|A\\S\\B \\T\\ C");
    assert_eq!(
        body(r#"{ set = { "PID-9" = "{PID-5}" } }"#, "PID|1||||M^H~X\\T\\Y"),
        "PID|1||||M^H~X\\T\\Y||||M^H~X\\T\\Y"
    );
    assert_eq!(body(r#"{ copy = { "PID-5[2]" = "PID-9" } }"#, "PID|1||||M^H~X^Y"), "PID|1||||M^H~X^Y||||X^Y");
    assert_eq!(
        body(r#"{ copy = { "PID-5" = "PID-2.1" } }"#, "PID|1||||M^H"),
        "PID|1|M\\S\\H|||M^H",
        "less structure"
    );
    assert_eq!(body(r#"{ copy = { "PID-6" = "PID-2" } }"#, "PID|1|x||||\"\""), "PID|1|\"\"||||\"\"");
    assert_eq!(body(r#"{ copy = { "PID-6" = "PID-2" } }"#, "PID|1|x"), "PID|1|");
    assert_eq!(body(r#"{ move = { "PID-3[2]" = "PID-2" } }"#, "PID|1||1^A~2^B"), "PID|1|2^B|1^A~");
    assert_eq!(
        body(r#"{ set-encoded = { "PV1-3" = "{PV1-3.1}^{PV1-3.2|default:0}^1" } }"#, "PV1|1|I|A\\T\\B"),
        "PV1|1|I|A\\T\\B^0^1"
    );
    assert_eq!(
        body(r#"{ set-encoded = { "PV1-3.1" = "a^b" } }"#, "PV1|1|I|A"),
        "PV1-3.1: PV1-3.1: byte 1 of the raw value would end the place it is written to"
    );
    assert_eq!(
        body(r#"{ append-repetition = { "PID-3" = "{PID-2}^^^KIS^PI" } }"#, "PID|1|9|1^^^A"),
        "PID|1|9|1^^^A~9^^^KIS^PI"
    );
    assert_eq!(body(r#"{ append-repetition = { "PID-3" = "{PID-2}" } }"#, "PID|1|9"), "PID|1|9|9");
}

#[test]
fn segments_are_inserted_moved_renamed_deleted_numbered() {
    let insert = |rest: &str, segments: &str| body(&format!("{{ insert-segment = {{ {rest} }} }}"), segments);
    assert_eq!(
        insert(r#"segment = "ZPI|1|{PID-5.1}^x", after = "PID""#, "PID|1||||M\\T\\M\nPV1|1"),
        "PID|1||||M\\T\\M\nZPI|1|M\\T\\M^x\nPV1|1"
    );
    assert_eq!(
        insert(r#"segment = ["ZPI|1", "ZPI|2"], after = "PID""#, "PID|1\nPV1|1"),
        "PID|1\nZPI|1\nZPI|2\nPV1|1"
    );
    assert_eq!(
        insert(r#"segment = ["ZPI|1", "ZPI|2"], before = "PV1""#, "PID|1\nPV1|1"),
        "PID|1\nZPI|1\nZPI|2\nPV1|1"
    );
    assert_eq!(insert(r#"segment = "ZPI|1""#, "PID|1\nPV1|1"), "PID|1\nPV1|1\nZPI|1");
    assert_eq!(
        insert(r#"segment = "NTE|1", after = "OBX[*]""#, "OBX|1\nOBX|2"),
        "OBX|1\nNTE|1\nOBX|2\nNTE|1"
    );
    assert_eq!(insert(r#"segment = "ZPI|1", after = "ZZZ""#, "PID|1"), "PID|1\nZPI|1");
    assert_eq!(insert(r#"segment = "ZPI|1", after = "ZZZ", missing = "skip""#, "PID|1"), "PID|1");
    assert_eq!(
        insert(r#"segment = "ZPI|1", after = "ZZZ", missing = "fail""#, "PID|1"),
        "the place to insert at is not there"
    );
    assert_eq!(insert(r#"segment = "Z|1""#, "PID|1"), "the bytes are not one segment: byte 0");

    let relocate = |rest: &str, segments: &str| body(&format!("{{ move-segment = {{ {rest} }} }}"), segments);
    assert_eq!(
        relocate(r#"segment = "NK1[*]", after = "PID""#, "PID|1\nPV1|1\nNK1|1\nNK1|2"),
        "PID|1\nNK1|1\nNK1|2\nPV1|1"
    );
    assert_eq!(relocate(r#"segment = "NK1[*]""#, "NK1|1\nPID|1\nNK1|2\nPV1|1"), "PID|1\nPV1|1\nNK1|1\nNK1|2");
    assert_eq!(
        relocate(r#"segment = "NK1[*]", before = "PV1""#, "NK1|1\nPID|1\nPV1|1\nNK1|2"),
        "PID|1\nNK1|1\nNK1|2\nPV1|1"
    );
    assert_eq!(relocate(r#"segment = "PID", after = "PID""#, "PID|1\nPV1|1"), "PID|1\nPV1|1");
    assert_eq!(relocate(r#"segment = "PV1", after = "ZZZ""#, "PID|1\nPV1|1"), "PID|1\nPV1|1");

    assert_eq!(body(r#"{ rename-segment = { ZBE = "ZFE" } }"#, "ZBE|1\nPID|1\nZBE|2"), "ZFE|1\nPID|1\nZFE|2");
    assert_eq!(
        body(r#"{ renumber = ["OBX", "NTE"] }"#, "OBR|1\nOBX|7|a\nNTE|3\nNTE|4\nOBX|7\nNTE|9\nOBR|2\nOBX"),
        "OBR|1\nOBX|1|a\nNTE|1\nNTE|2\nOBX|2\nNTE|1\nOBR|2\nOBX|1"
    );
    assert_eq!(body(r#"{ delete-segment = "NK1" }"#, "NK1|1\nPID|1\nNK1|2"), "PID|1");
    assert_eq!(body(r#"{ delete-segment = ["NK1", "ZBE"] }"#, "NK1|1\nPID|1\nZBE|2"), "PID|1");
    assert_eq!(
        body(
            r##"{ delete-segment = { segment = "OBX", if = { "OBX[#]-11" = ["D", "X"] } } }"##,
            "OBX|1|||||||||D|D\nOBX|2|||||||||F|F\nOBX|3|||||||||X|X"
        ),
        "OBX|2|||||||||F|F"
    );
    assert_eq!(body(r#"{ delete = ["PID-3[2]", "PV1", "PID-5"] }"#, "PID|1||1~2||M\nPV1|1"), "PID|1||1||");
}

#[test]
fn loops_over_results_and_repetitions() {
    assert_eq!(
        body(
            r##"{ for-each = { in = "OBX[*]", when = { "OBX[#]-2" = "NM" }, step = [{ set = { "OBX[#]-6" = "mmol/l", "OBX[#]-1" = "{#}" } }] } }"##,
            "OBX|a|NM|K\nOBX|b|ST|X\nOBX|c|NM|NA"
        ),
        "OBX|1|NM|K|||mmol/l\nOBX|b|ST|X\nOBX|3|NM|NA|||mmol/l"
    );
    assert_eq!(
        body(
            r##"{ for-each = { in = "PID-3[*]", step = [{ set = { "PID-3[#].1" = "{PID-3[#].1|pad-left:4:0}" } }] } }"##,
            "PID|1||1^^^A~22^^^B"
        ),
        "PID|1||0001^^^A~0022^^^B"
    );
    assert_eq!(
        body(r#"{ set = { "OBX[*]-3.3" = "L" } }"#, "OBX|1||K^Kalium\nOBX|2"),
        "OBX|1||K^Kalium^L\nOBX|2||^^L"
    );
    assert_eq!(body(r#"{ clear = "PID-3[*].4" }"#, "PID|1||1^^^A^PI~2^^^B"), "PID|1||1^^^^PI~2^^^");
}

#[test]
fn paths_go_through_groups() {
    let oru = "MSH|^~\\&|LIS||||1||ORU^R01^ORU_R01|1|P|2.5\nPID|1\nOBR|1|A\nOBX|1|NM|K||4\nOBR|2|B\nOBX|1|NM|NA||140\nOBX|2|NM|CL||99";
    let steps = r#"{ set = { "ORDER_OBSERVATION[2]/OBX[2]-11" = "F", "PID-2" = "{ORDER_OBSERVATION[2]/OBX-5}/{ORDER_OBSERVATION[*]/OBX[*]-3|join:+}" } }"#;
    let out = run(steps, oru);
    assert!(out.contains("OBX|2|NM|CL||99||||||F"), "{out}");
    assert!(out.contains("PID|1|140/K+NA+CL"), "{out}");
    assert_eq!(
        run(r#"{ only = { "ORDER_OBSERVATION[3]/OBX-5" = { exists = true } } }"#, oru),
        "end: not: ORDER_OBSERVATION[3]/OBX-5 exists"
    );
}

#[test]
fn orders_are_split_and_batches_opened_and_made() {
    let oru = "MSH|^~\\&|LIS||KIS||20260301||ORU^R01|4711|P|2.5\nPID|1||1\nORC|RE|A1\nOBR|1|A1\nOBX|1\nORC|RE|A2\nOBR|2|A2\nOBX|1";
    assert_eq!(
        run(r#"{ split = "OBR" }, { set = { "MSH-10" = "{MSH-10}-{@part}" } }"#, oru),
        "MSH|^~\\&|LIS||KIS||20260301||ORU^R01|4711-0|P|2.5\nPID|1||1\nORC|RE|A1\nOBR|1|A1\nOBX|1\n\nMSH|^~\\&|LIS||KIS||20260301||ORU^R01|4711-1|P|2.5\nPID|1||1\nORC|RE|A2\nOBR|2|A2\nOBX|1"
    );
    assert_eq!(run(r#"{ split = "NTE" }"#, oru), oru, "nothing to split by");
    let file = "FHS|^~\\&|A\nBHS|^~\\&|A\nMSH|^~\\&|A||||1||ADT^A01|1\nPID|1\nMSH|^~\\&|A||||1||ADT^A01|2\nBTS|2\nFTS|1";
    let single = "MSH|^~\\&|A||||1||ADT^A01|1\nPID|1\n\nMSH|^~\\&|A||||1||ADT^A01|2";
    assert_eq!(run("{ unbatch = {} }", file), single);
    assert_eq!(run("{ unbatch = {} }", oru), oru);
    assert_eq!(run("{ unbatch = {} }", "BHS|^~\\&|A\nBTS|0"), "end: the batch holds no messages");
    let wrong = file.replace("BTS|2", "BTS|3");
    assert_eq!(
        run(r#"{ unbatch = { counts = "fail" } }"#, &wrong),
        "batch 1 says another number of messages than it has"
    );
    let (out, trace) =
        run_bytes("hl7v2", "{ unbatch = {} }", wrong.replace('\n', "\r").as_bytes()).expect("noted");
    assert_eq!(
        (out.len(), trace),
        (2, vec!["batch 1 says another number of messages than it has".to_owned()])
    );
    assert_eq!(
        run("{ unbatch = {} }, { batch = { file = true } }", file),
        "FHS|^~\\&|A||||20260301091500||||7\nBHS|^~\\&|A||||20260301091500||||7\nMSH|^~\\&|A||||1||ADT^A01|1\nPID|1\nMSH|^~\\&|A||||1||ADT^A01|2\nBTS|2\nFTS|1"
    );
    assert_eq!(
        run(r#"{ unbatch = {} }, { when = { "MSH-10" = "2" }, end = "not wanted" }"#, file),
        "MSH|^~\\&|A||||1||ADT^A01|1\nPID|1"
    );
}

#[test]
fn a_charset_is_converted_with_what_was_written_in_hexadecimal() {
    let latin = b"MSH|^~\\&|KIS||||1||ADT^A01|1|P|2.5||||||8859/1\rPID|1||1||M\xfcller\\XE4\\\\T\\\\X0A\\|\\X4\\ \\\r".to_vec();
    let (out, _) = run_bytes("hl7v2", r#"{ charset = "UNICODE UTF-8" }"#, &latin).expect("converted");
    let utf8 =
        "MSH|^~\\&|KIS||||1||ADT^A01|1|P|2.5||||||UNICODE UTF-8\rPID|1||1||Müllerä\\T\\\\X0A\\|\\X4\\ \\\r";
    assert_eq!(String::from_utf8_lossy(&out[0]), utf8);
    let (back, _) =
        run_bytes("hl7v2", r#"{ charset = "8859/1" }, { set = { "PID-6" = "ß" } }"#, utf8.as_bytes())
            .expect("back");
    let expected =
        b"MSH|^~\\&|KIS||||1||ADT^A01|1|P|2.5||||||8859/1\rPID|1||1||M\xfcller\xe4\\T\\\\X0A\\|\xdf\r";
    assert_eq!(back[0].as_ref() as &[u8], expected);
    let (same, _) = run_bytes("hl7v2", r#"{ charset = "8859/1" }"#, &latin).expect("kept");
    assert_eq!(&*same[0], latin.as_slice(), "nothing to do");
    let euro = "MSH|^~\\&|KIS||||1||ADT^A01|1|P|2.5||||||UNICODE UTF-8\rPID|1\rNTE|1||5 €\r".as_bytes();
    let error = run_bytes("hl7v2", r#"{ charset = "8859/1" }"#, euro).expect_err("no euro");
    assert_eq!(error, "segment 3: character U+20AC can't be written in 8859/1");
    let (lossy, trace) =
        run_bytes("hl7v2", r#"{ charset = { to = "8859/1", missing = "question-mark" } }"#, euro)
            .expect("lossy");
    assert!(lossy[0].ends_with(b"NTE|1||5 ?\r"));
    assert_eq!(trace, ["1 characters that 8859/1 does not have were written as `?`"]);
}

#[test]
fn wide_charsets_go_there_and_back() {
    let text = "MSH|^~\\&|KIS||||1||ADT^A01|1|P|2.5||||||UNICODE UTF-8\rPID|1||1||Müller\r";
    let steps =
        r#"{ charset = "UNICODE UTF-16" }, { set = { "PID-6" = "ß" } }, { charset = "UNICODE UTF-8" }"#;
    let (out, _) = run_bytes("hl7v2", steps, text.as_bytes()).expect("there and back");
    assert_eq!(String::from_utf8_lossy(&out[0]), text.replace("Müller", "Müller|ß"));
    let (wide, _) = run_bytes(
        "hl7v2",
        r#"{ charset = "UNICODE UTF-16" }, { split = "PID" }, { line-ends = "lf" }"#,
        text.as_bytes(),
    )
    .expect("wide");
    let units: Vec<u16> = wide[0].chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
    let (le, be) = (wide[0].chunks(2).map(|p| u16::from_le_bytes([p[0], p[1]])).collect::<Vec<_>>(), units);
    let read = [le, be].into_iter().filter_map(|units| String::from_utf16(&units).ok());
    assert!(read.into_iter().any(|text| text.contains("PID|1||1||Müller\n")), "still UTF-16");
}

#[test]
fn line_ends_are_made_alike() {
    let mixed = b"MSH|^~\\&|KIS||||1||ADT^A01|1|P|2.5\n\n PID|1||1||a\nb\r\nPV1|1".to_vec();
    let (out, _) = run_bytes("hl7v2", r#"{ line-ends = "cr" }"#, &mixed).expect("converted");
    assert_eq!(
        String::from_utf8_lossy(&out[0]),
        "MSH|^~\\&|KIS||||1||ADT^A01|1|P|2.5\rPID|1||1||a\nb\rPV1|1\r"
    );
    let (out, _) = run_bytes("hl7v2", r#"{ line-ends = "crlf" }"#, &mixed).expect("converted");
    assert!(out[0].ends_with(b"PV1|1\r\n"));
}

#[test]
fn text_blocks_and_lines() {
    let lines = |rest: &str, segments: &str| body(&format!("{{ text-to-lines = {{ {rest} }} }}"), segments);
    assert_eq!(
        lines(
            r#"field = "OBX-5""#,
            "OBR|1\nOBX|1|TX|B^Befund||erste\\.br\\zweite\\X0D0A\\a\\T\\b||||||F\nOBX|2|NM|K||4~5"
        ),
        "OBR|1\nOBX|1|TX|B^Befund||erste||||||F\nOBX|2|TX|B^Befund||zweite||||||F\nOBX|3|TX|B^Befund||a\\T\\b||||||F\nOBX|4|NM|K||4~5"
    );
    assert_eq!(
        lines(r#"field = "NTE-3", width = 10"#, "NTE|1||ein langer Satz~und"),
        "NTE|1||ein langer\nNTE|2||Satz\nNTE|3||und"
    );
    assert_eq!(lines(r#"field = "NTE-3""#, "NTE|1||a\\.br\\\\.br\\b"), "NTE|1||a\nNTE|2||\nNTE|3||b");
    let text = |rest: &str, segments: &str| body(&format!("{{ lines-to-text = {{ {rest} }} }}"), segments);
    assert_eq!(
        text(
            r#"field = "OBX-5", type = "FT""#,
            "OBR|1\nOBX|1|TX|B||a\nOBX|2|TX|B||\nOBX|3|TX|B||c\nOBX|4|TX|C||d\nOBX|5|NM|C||5"
        ),
        "OBR|1\nOBX|1|FT|B||a\\.br\\\\.br\\c\nOBX|2|TX|C||d\nOBX|3|NM|C||5"
    );
    assert_eq!(
        text(r#"field = "NTE-3", join = " ""#, "OBX|1\nNTE|1||a\nNTE|2||b\nOBX|2\nNTE|1||c"),
        "OBX|1\nNTE|1||a b\nOBX|2\nNTE|1||c"
    );
}

#[test]
fn documents_come_out_of_a_message_and_go_back_in() {
    let message = "MSH|^~\\&|LIS||||1||ORU^R01|1|P|2.5\rOBX|1|ED|P^Befund||^application^PDF^Base64^JVBE\\.br\\Ri0x\rOBX|2|TX|T||text\rOBX|3|ED|Q||X^image^JPEG^Hex^ffd8\r";
    let (out, trace) = run_bytes("hl7v2", "{ extract = {} }", message.as_bytes()).expect("extracted");
    assert_eq!(out.len(), 3);
    assert_eq!(
        String::from_utf8_lossy(&out[0]),
        "MSH|^~\\&|LIS||||1||ORU^R01|1|P|2.5\rOBX|1|ED|P^Befund||^application^PDF^Base64^\rOBX|2|TX|T||text\rOBX|3|ED|Q||X^image^JPEG^Hex^\r"
    );
    assert_eq!((&*out[1], &*out[2]), (&b"%PDF-1"[..], &b"\xff\xd8"[..]));
    assert_eq!(
        trace,
        [
            "OBX[1]-5: 6 bytes of application/PDF became document 1",
            "OBX[3]-5: 2 bytes of image/JPEG became document 2"
        ]
    );

    let (out, _) = run_bytes(
        "hl7v2",
        r#"{ extract = { keep = true } }, { set = { "MSH-5" = "X" } }"#,
        message.as_bytes(),
    )
    .expect("kept");
    assert_eq!(
        String::from_utf8_lossy(&out[0]),
        message.replace("LIS||||", "LIS||X||"),
        "later steps pass documents by"
    );
    let (out, _) = run_bytes(
        "hl7v2",
        r#"{ extract = { field = "OBX[1]-5", replace = "file{$part}.pdf^application^PDF" } }"#,
        message.as_bytes(),
    )
    .expect("replaced");
    assert!(String::from_utf8_lossy(&out[0]).contains("OBX|1|ED|P^Befund||file1.pdf^application^PDF\r"));
    let (out, _) = run_bytes("hl7v2", r#"{ extract = {} }, { only-format = "bytes" }"#, message.as_bytes())
        .expect("documents");
    assert_eq!(out.len(), 2);
    let broken = message.replace("ffd8", "xyz");
    assert_eq!(
        run_bytes("hl7v2", "{ extract = {} }", broken.as_bytes()).expect_err("broken"),
        "OBX[3]-5: the data can't be read"
    );
    let (out, _) =
        run_bytes("hl7v2", r#"{ extract = { broken = "keep" } }"#, broken.as_bytes()).expect("lenient");
    assert_eq!(out.len(), 2);

    let make = r#"{ template = { format = "hl7v2", text = '''MSH|^~\&|ARCHIV||||{@received:yyyyMMdd}||MDM^T02|{@id}|P|2.5
OBX|1|ED|PDF||^application^PDF^Base64^{base64}''' } }, { set = { "OBX-11" = "F" } }"#;
    let (out, _) = run_bytes("bytes", make, b"%PDF-1").expect("made");
    assert_eq!(
        String::from_utf8_lossy(&out[0]),
        "MSH|^~\\&|ARCHIV||||20260301||MDM^T02|7|P|2.5\rOBX|1|ED|PDF||^application^PDF^Base64^JVBERi0x||||||F\r"
    );
}

#[test]
fn a_message_is_made_of_a_row() {
    let rows = "id;name;first;order\n1;Müller & Söhne;Hans;A1\n\n2;Groß;Eva;A2\n".as_bytes();
    let (out, _) = run_bytes(
        "text",
        r#"{ split-lines = { header = true } }, { template = "order.hl7" }, { set = { "PV1-2" = "O" } }"#,
        rows,
    )
    .expect("made");
    assert_eq!(out.len(), 2);
    assert_eq!(
        out[0].as_ref() as &[u8],
        b"MSH|^~\\&|KLINKE|HAUS|RIS|X|20260301091500||ORM^O01|7|P|2.5||||||8859/1\rPID|1||1^^^KIS||M\xfcller \\T\\ S\xf6hne^Hans\rORC|NW|A1\rPV1||O\r"
    );
    let error =
        run_bytes("text", r#"{ template = "order.hl7" }"#, "id;name;first;order\n1;Łódź;H;A\n".as_bytes());
    assert_eq!(error.expect_err("not Latin-1"), "MSH-18: character U+0141 can't be written in 8859/1");
    let json =
        r#"{ template = { format = "text", text = '{{"id":"{PID-3.1|json}","name":"{PID-5.1|json}"}}' } }"#;
    let (out, _) = run_bytes("hl7v2", json, b"MSH|^~\\&|K\rPID|1||1||O\"N\r").expect("made");
    assert_eq!(String::from_utf8_lossy(&out[0]), r#"{"id":"1","name":"O\"N"}"#);
}

#[test]
fn escapes_are_mended_and_delimiters_dropped() {
    assert_eq!(
        body(r#"{ escape-text = "NTE[*]-3" }"#, "NTE|1||a & b^c~d \\T\\ e\nNTE|2"),
        "NTE|1||a \\T\\ b\\S\\c\\R\\d \\T\\ e\nNTE|2"
    );
    assert_eq!(
        body(r#"{ unescape = "NTE[*]-3" }"#, "NTE|1||\\E\\T\\E\\ \\E\\X09\\E\\"),
        "NTE|1||\\T\\ \\X09\\"
    );
    assert_eq!(
        body("{ drop-trailing-delimiters = true }", "PID|1||4711^^^||A&^||\nPV1|1|||"),
        "PID|1||4711||A\nPV1|1"
    );
}

#[test]
fn operations_for_scripts() {
    let mut document = open("MSH|^~\\&|KIS\rPID|1||1\rOBX|5|TX|||a\\.br\\b\rOBX|6\r");
    assert_eq!(operate(&mut document, "segments", &[]), Ok(Some("MSH PID OBX OBX".to_owned())));
    assert_eq!(operate(&mut document, "insert", &["ZPI|1", "after", "PID"]), Ok(Some("1".to_owned())));
    assert_eq!(operate(&mut document, "insert", &["NTE|1", "after", "OBX[*]"]), Ok(Some("2".to_owned())));
    assert_eq!(operate(&mut document, "move", &["ZPI", "end"]), Ok(Some("1".to_owned())));
    assert_eq!(operate(&mut document, "rename", &["ZPI", "ZPX"]), Ok(Some("1".to_owned())));
    assert_eq!(operate(&mut document, "renumber", &["OBX"]), Ok(Some("2".to_owned())));
    assert_eq!(operate(&mut document, "append", &["PID-3", "a^b"]), Ok(Some("2".to_owned())));
    assert_eq!(operate(&mut document, "append-encoded", &["PID-3", "a^b"]), Ok(Some("3".to_owned())));
    assert_eq!(operate(&mut document, "encoded", &["PID-3"]), Ok(Some("1~a\\S\\b~a^b".to_owned())));
    assert_eq!(operate(&mut document, "set-encoded", &["PID-5", "M^H"]), Ok(Some("1".to_owned())));
    assert_eq!(operate(&mut document, "plain", &["OBX-5"]), Ok(Some("a\nb".to_owned())));
    assert_eq!(operate(&mut document, "escape", &["a|b"]), Ok(Some("a\\F\\b".to_owned())));
    assert_eq!(operate(&mut document, "unescape", &["a\\F\\b"]), Ok(Some("a|b".to_owned())));
    assert_eq!(operate(&mut document, "line-ends", &["lf"]), Ok(None));
    assert_eq!(operate(&mut document, "charset", &["UTF-8"]), Ok(Some("ASCII".to_owned())));
    assert_eq!(
        operate(&mut document, "text", &[]),
        Ok(Some("MSH|^~\\&|KIS|||||||||||||||UNICODE UTF-8\nPID|1||1~a\\S\\b~a^b||M^H\nOBX|1|TX|||a\\.br\\b\nNTE|1\nOBX|2\nNTE|1\nZPX|1\n".to_owned()))
    );
    let unknown = operate(&mut document, "explode", &[]).expect_err("unknown");
    assert!(unknown.starts_with("HL7 v2 has no operation `explode`; there are insert, move"), "{unknown}");
    assert_eq!(operate(&mut document, "rename", &["ZPX"]), Err("rename takes 2 arguments, not 1".to_owned()));
    assert_eq!(
        operate(&mut document, "insert", &["X", "around", "PID"]),
        Err("insert: the place is `end`, or `after` or `before` and a path".to_owned())
    );
    assert_eq!(
        operate(&mut document, "rename", &["PID-3", "ZZZ"]).expect_err("no name"),
        "rename: `PID-3` is no segment name"
    );
}

#[test]
fn a_fork_goes_its_own_way_and_a_cached_payload_follows_changes() {
    let payload = Payload::new(b"MSH|^~\\&|KIS\rPID|1\r".to_vec());
    let mut document = Hl7v2::new().open(&payload, None).expect("a message");
    assert!(document.payload().expect("bytes").is_same(&payload));
    let mut fork = document.fork();
    let path = document.path("PID-2").expect("a path");
    document.set(&path, Value::from("a")).expect("set");
    let first = document.payload().expect("bytes");
    assert!(document.payload().expect("bytes").is_same(&first), "made once");
    document.set(&path, Value::from("b")).expect("set");
    assert_eq!(&*document.payload().expect("bytes"), b"MSH|^~\\&|KIS\rPID|1|b\r");
    assert!(fork.payload().expect("bytes").is_same(&payload), "the fork has not changed");
}

#[test]
fn wrong_tables_name_their_key() {
    for (steps, expected) in [
        (
            r#"{ insert-segment = { segment = "ZPI", after = "PID-3" } }"#,
            "[0].insert-segment.after: a path to a segment is expected, not to a field",
        ),
        (
            r#"{ insert-segment = { segment = "ZPI", after = "PID", before = "PV1" } }"#,
            "[0].insert-segment.after: stands beside `before`; one of them can be",
        ),
        (
            r##"{ delete-segment = { segment = "OBX", if = { "OBX[#]-x" = "D" } } }"##,
            "[0].delete-segment.if.\"OBX[1]-x\": path, character 8: a number from 1 is expected",
        ),
        (
            r#"{ charset = "latin-klingon" }"#,
            "[0].charset: `latin-klingon` is no character set; write it as in MSH-18: 8859/1, 8859/15, UNICODE UTF-8, …",
        ),
        (r#"{ line-ends = "vt" }"#, "[0].line-ends: one of cr, lf, crlf is expected"),
        (
            r#"{ text-to-lines = { field = "OBX-5.1" } }"#,
            "[0].text-to-lines.field: a field is expected, as OBX-5 or NTE-3",
        ),
        (
            r#"{ template = "ordr.hl7" }"#,
            "[0].template: there is no file templates/ordr.hl7; did you mean `order.hl7`?",
        ),
        (
            r#"{ template = { text = "PID|1", format = "hl7v2" } }"#,
            "[0].template: the template does not begin with an MSH segment",
        ),
        (
            r#"{ split-lines = { header = true } }"#,
            "[0].split-lines: splits text, and here are documents of hl7v2",
        ),
        (r#"{ split = "OB" }"#, "[0].split: path, character 1: a segment name has three characters"),
        (
            r#"{ set = { "PID-3.1" = "{PID3}" } }"#,
            "[0].set.\"PID-3.1\": path, character 1: a segment name has three characters (at character 2)",
        ),
        (
            r#"{ template = { text = "x", format = "text" } }, { set = { "PID-3" = "x" } }"#,
            "[1].set.PID-3: `PID-3` is no path; paths of text are text, size, line[2], line[*], line[2].3 and line[2].name",
        ),
    ] {
        assert_eq!(build("hl7v2", steps).expect_err(steps).to_string(), expected);
    }
}

#[test]
fn every_example_in_the_lists_builds() {
    for kind in crate::builders().kinds() {
        let format = match kind.name {
            "split-lines" => "text",
            "to-hl7" | "transcode" | "deidentify" => "dicom",
            "template" => continue,
            _ => "hl7v2",
        };
        build(format, &format!("{{ {} }}", kind.example))
            .unwrap_or_else(|error| panic!("{}: {error}", kind.name));
    }
    assert!(build("text", &format!("{{ {} }}", crate::STEPS[0].example)).is_ok());
}
