//! Known steps are run on messages; from what went in and what came out a channel is drafted, which must do
//! the same to messages that it was not drafted from.

use klinke_engine::steps::{Spec, Workshop, build_all};
use klinke_engine::table::{Table, Tables};
use klinke_hl7v2::Message;

use super::{Draft, draft, tester};

const SEX: [&str; 3] = ["F", "M", "U"];
const WARDS: [&str; 5] = ["CHI1", "CHI2", "INN1", "NEU1", "GYN2"];
const NAMES: [(&str, &str); 6] = [
    ("Müller", "Hans"),
    ("Beispiel", "Berta"),
    ("von Anders", "Zoë"),
    ("Öztürk", "Cem"),
    ("Klein", "Ute"),
    ("Groß", "Eva"),
];

/// Message `n` of a partner.
fn message(n: usize) -> Vec<u8> {
    let (family, given) = NAMES[n % 6];
    let (sex, ward, event) = (SEX[n % 3], WARDS[(n * 7) % 5], ["A01", "A08", "A03"][(n / 2) % 3]);
    let (room, bed) = (10 + n % 23, 1 + n % 3);
    let birth = format!("19{:02}{:02}{:02}", 40 + n % 50, 1 + n % 12, 1 + n % 27);
    let plan = if n.is_multiple_of(4) { "" } else { "AOK" };
    let mut text = format!(
        "MSH|^~\\&|KIS|HAUS|||202603{:02}0815{:02}||ADT^{event}^ADT_A01|M{:05}|P|2.5||||||UNICODE UTF-8\r\
         EVN|{event}|202603010815\r\
         PID|1||{}^^^HAUS^PI~{}^^^KV^NI||{family}^{given}^^^Frau||{birth}|{sex}|||Weg {n}^^Ort^^0{}|||||||{}\r\
         PV1|1|I|{ward}^{room}^{bed}^HAUS||||||||||||||||{}^^^HAUS^VN|{plan}\r",
        1 + n % 28,
        n % 60,
        n,
        470_000 + n * 13,
        9_000_000 + n * 37,
        1000 + n * 3,
        500_000 + n,
        800_000 + n * 11,
    );
    for (at, (code, value)) in [("NA", 135 + n % 9), ("K", 4), ("GLU", 80 + n % 40)].iter().enumerate() {
        let status = if (n + at).is_multiple_of(4) { "D" } else { "F" };
        text += &format!("OBX|{}|NM|{code}^Wert^LOK||{value}|mmol/l|||||{status}\r", at + 1);
    }
    text += "NK1|1|Beispiel^Otto|SPO\r";
    text.into_bytes()
}

fn run(steps: &str, tables: &[(String, String)], source: &[u8]) -> Option<Vec<u8>> {
    let values: toml::Table = steps.parse().unwrap_or_else(|error| panic!("{error}\n{steps}"));
    let specs: Vec<Spec> = values.get("step").and_then(Spec::as_array).cloned().unwrap_or_default();
    let mut known = Tables::new();
    for (name, text) in tables {
        known.insert(name.clone(), Table::parse(text).expect("a table"));
    }
    let (builders, formats) = (crate::builders(), crate::all());
    let (zone, templates) = (Default::default(), Default::default());
    let workshop = Workshop {
        builders: &builders,
        formats: &formats,
        format: "hl7v2",
        tables: &known,
        zone: &zone,
        templates: &templates,
    };
    let steps = build_all(&specs, &workshop).unwrap_or_else(|error| panic!("{error}\n{steps}"));
    let message = Message::parse(source.to_vec()).expect("a message");
    tester::run(&steps, &message).ok().map(|message| message.to_bytes().to_vec())
}

/// Drafts from 60 messages and holds the draft against 40 others.
#[track_caller]
fn drafted(steps: &str, tables: &[(String, String)]) -> Draft {
    let sources: Vec<Vec<u8>> = (0..60).map(message).collect();
    let targets: Vec<Vec<u8>> = sources.iter().filter_map(|source| run(steps, tables, source)).collect();
    let draft = draft("draft", &sources, &targets).expect("a draft");
    for n in 60..100 {
        let source = message(n);
        let (wanted, found) = (run(steps, tables, &source), run(&draft.channel, &draft.tables, &source));
        let show = |bytes: &Option<Vec<u8>>| {
            bytes.as_ref().map(|bytes| String::from_utf8_lossy(bytes).replace('\r', "\n")).unwrap_or_default()
        };
        assert_eq!(show(&found), show(&wanted), "message {n}\n{}", draft.channel);
    }
    assert_eq!(draft.unexplained, [], "{}", draft.channel);
    assert_eq!(draft.reproduced, draft.pairs, "{}", draft.channel);
    draft
}

fn step(text: &str) -> String {
    format!("[[step]]\n{text}\n")
}

#[test]
fn what_changes_nothing_needs_no_steps() {
    let draft = drafted("", &[]);
    assert_eq!((draft.steps, draft.pairs), (0, 60));
}

#[test]
fn each_step_alone_is_found() {
    let wards = ("wards".to_owned(), "from,to\nCHI1,Chirurgie 1\nINN1,Innere\n".to_owned());
    for (steps, wanted) in [
        (r#"set = { "MSH-5" = "RIS", "MSH-6" = "RAD" }"#, r#"set = { "MSH-5" = "RIS" }"#),
        (
            r#"set-encoded = { "PV1-8" = "4711^Arzt^Anna" }"#,
            r#"set-encoded = { "PV1-8" = "4711^Arzt^Anna" }"#,
        ),
        (r#"clear = ["PID-11"]"#, r#"clear = "PID-11""#),
        (r#"null = "PID-11""#, r#"null = "PID-11""#),
        (r#"default = { "PV1-20" = "SELBST" }"#, r#"default = { "PV1-20" = "SELBST" }"#),
        (r#"copy = { "PID-3[1].1" = "PID-2" }"#, r#"copy = { "PID-3.1" = "PID-2" }"#),
        (r#"copy = { "PV1-19" = "PV1-50" }"#, r#"copy = { "PV1-19" = "PV1-50" }"#),
        (r#"move = { "PID-18" = "PID-4" }"#, r#"move = { "PID-18" = "PID-4" }"#),
        (
            r#"lookup = { field = "PV1-3.1", table = "wards" }"#,
            r#"lookup = { field = "PV1-3.1", table = "draft-pv1-3-1" }"#,
        ),
        (r#"set = { "PID-7" = "{PID-7|date:yyyyMMdd:'dd.MM.yyyy'}" }"#, "date:auto:"),
        (r#"set = { "EVN-2" = "{MSH-7|date:auto:yyyyMMdd}" }"#, r#""EVN-2" = "{"#),
        (r#"set = { "PV1-42" = "{PV1-3.1}-{PV1-3.2}" }"#, r#""PV1-42" = "{PV1-3.1}-{PV1-3.2}""#),
        (r#"set = { "PID-5.1" = "{PID-5.1|upper}" }"#, r#""PID-5.1" = "{PID-5.1|upper}""#),
        (r#"set = { "PID-18" = "{PID-18|pad-left:10:0}" }"#, "pad-left:10:"),
        (r#"set = { "PID-18" = "F{PID-18}" }"#, "PID-18"),
        (r#"set = { "OBX[*]-3.3" = "L" }"#, r#"set = { "OBX[*]-3.3" = "L" }"#),
        (
            r#"for-each = { in = "OBX[*]", step = [{ set = { "OBX[#]-6" = "{OBX[#]-3.1} {OBX[#]-6}" } }] }"#,
            "for-each",
        ),
        (r#"delete = "NK1[*]""#, r#"delete = "NK1[*]""#),
        (
            r#"delete-segment = { segment = "OBX", if = { "OBX[#]-11" = "D" } }"#,
            r#"if = { "OBX[#]-11" = "D" }"#,
        ),
        (
            r#"insert-segment = { segment = "ZPI|1|x", after = "PID" }"#,
            r#"segment = "ZPI|1|x", after = "PID""#,
        ),
        (r#"only = { "MSH-9.2" = ["A01", "A08"] }"#, r#"except = { "MSH-9.2" = "A03" }"#),
        (r#"except = { "PID-8" = "U" }"#, r#"except = { "PID-8" = "U" }"#),
    ] {
        let draft = drafted(&step(steps), std::slice::from_ref(&wards));
        assert!(draft.channel.contains(wanted), "{steps}\n{}", draft.channel);
        assert!(draft.steps <= 2, "{steps}\n{}", draft.channel);
    }
}

#[test]
fn a_channel_of_many_steps_is_found_as_a_whole() {
    let wards = ("wards".to_owned(), "from,to\nCHI1,CH\nCHI2,CH\nINN1,IN\nNEU1,NE\nGYN2,GY\n".to_owned());
    let steps = [
        r#"except = { "MSH-9.2" = "A03" }"#,
        r#"set = { "MSH-5" = "RIS", "MSH-10" = "K{MSH-10}", "PID-19" = "{PV1-3.1}-{PV1-3.2}" }"#,
        r#"lookup = { field = "PV1-3.1", table = "wards" }"#,
        r#"move = { "PID-18" = "PID-4" }"#,
        r#"set = { "PID-7" = "{PID-7|date:yyyyMMdd:yyyy-MM-dd}", "PID-5.2" = "{PID-5.2|upper}" }"#,
        r#"set = { "OBX[*]-3.3" = "L" }"#,
        r#"delete = "NK1[*]""#,
    ];
    let draft = drafted(&steps.map(step).concat(), &[wards]);
    assert!(draft.channel.contains("# 40 of 40"), "{}", draft.channel);
}

#[test]
fn what_others_hid_is_found_in_a_second_look() {
    let steps = [
        r#"delete-segment = { segment = "OBX", if = { "OBX[#]-11" = "D" } }"#,
        r#"renumber = "OBX""#,
        r#"set = { "OBX[*]-3.3" = "L" }"#,
        r#"move-segment = { segment = "NK1[*]", after = "PID" }"#,
        r#"for-each = { in = "OBX[*]", step = [{ set = { "OBX[#]-3.2" = "{OBX[#]-3.1|lower}" } }] }"#,
    ];
    let draft = drafted(&steps.map(step).concat(), &[]);
    for word in ["delete-segment", "renumber", "move-segment", "|lower}"] {
        assert!(draft.channel.contains(word), "{word}\n{}", draft.channel);
    }
}

#[test]
fn places_that_change_with_each_other_are_kept_in_between() {
    let steps = r#"vars = { a = "{PID-18}", b = "{PV1-20}" }
[[step]]
set = { "PID-18" = "{$b}", "PV1-20" = "{$a}" }"#;
    let draft = drafted(&step(steps), &[]);
    assert!(draft.channel.contains("vars = "), "{}", draft.channel);
}

#[test]
fn what_has_no_reason_is_listed_and_nothing_is_made_up() {
    let sources: Vec<Vec<u8>> = (0..30).map(message).collect();
    let noise = |n: usize, source: &[u8]| {
        let text = String::from_utf8_lossy(source)
            .replace("||||||UNICODE", &format!("|{}|||||UNICODE", (n * 7919) % 1013));
        text.into_bytes()
    };
    let targets: Vec<Vec<u8>> = sources.iter().enumerate().map(|(n, source)| noise(n, source)).collect();
    let draft = draft("draft", &sources, &targets).expect("a draft");
    assert_eq!(draft.steps, 0, "{}", draft.channel);
    assert!(
        draft.channel.contains("#   MSH-13 (in 30)") || draft.channel.contains("#   MSH-13 (in 29)"),
        "{}",
        draft.channel
    );
    assert!(super::draft("draft", &sources[..1], &[]).is_err());
}

#[test]
fn one_example_makes_no_constant_of_a_patient() {
    let source = message(1);
    let text =
        String::from_utf8_lossy(&source).replace("Beispiel^Berta", "Anders^Zdenka").replace("|F|", "|W|");
    let draft = draft("draft", &[source], &[text.into_bytes()]).expect("a draft");
    assert!(!draft.channel.contains("Zdenka") && !draft.channel.contains("Anders"), "{}", draft.channel);
    assert!(draft.channel.contains("#   PID-5 (in 1)"), "{}", draft.channel);
}

#[test]
fn messages_are_paired_by_what_they_are_about() {
    let steps = step(r#"set = { "MSH-10" = "X", "MSH-5" = "RIS" }"#);
    let sources: Vec<Vec<u8>> = (0..20).map(message).collect();
    let mut targets: Vec<Vec<u8>> = sources.iter().filter_map(|source| run(&steps, &[], source)).collect();
    targets.reverse();
    let draft = draft("draft", &sources, &targets).expect("a draft");
    assert_eq!((draft.pairs, draft.reproduced), (20, 20), "{}", draft.channel);
}
