//! The learner, the comparison and the inventor by themselves, with outlines made by hand.

use super::*;

fn leaf(part: (usize, usize), value: &str, content: Content, knows: Option<bool>) -> Leaf {
    let table = content.is_code().then(|| Table { id: "0001".to_owned(), knows });
    Leaf { repetition: 1, part, value: value.to_owned(), content, table }
}

fn field(number: usize, leaves: Vec<Leaf>) -> FieldOutline {
    FieldOutline { number, repetitions: 1, leaves }
}

fn message(subject: u64, sex: &str, ward: &str) -> Outline {
    let pid = vec![
        field(3, vec![leaf((1, 0), &format!("{}", 100_000 + subject), Content::Identifier, None)]),
        field(5, vec![leaf((1, 0), "Beispiel", Content::Text, None)]),
        field(7, vec![leaf((0, 0), "19640812", Content::Date, None)]),
        field(8, vec![leaf((0, 0), sex, Content::Code, Some("FMU".contains(sex)))]),
    ];
    let pv1 = vec![field(3, vec![leaf((1, 0), ward, Content::Code, None)])];
    let segment = |name: &str, fields| SegmentOutline { name: name.to_owned(), fields };
    Outline {
        event: "ADT^A01".to_owned(),
        version: "2.5".to_owned(),
        acknowledgment: "original".to_owned(),
        subject,
        segments: vec![segment("MSH", vec![]), segment("PID", pid), segment("PV1", pv1)],
        ..Outline::default()
    }
}

fn learned(messages: impl IntoIterator<Item = Outline>) -> Dialect {
    let mut learner = Learner::new("kis");
    messages.into_iter().for_each(|one| learner.learn(&one));
    learner.finish()
}

#[test]
fn values_are_shown_only_where_they_are_codes() {
    let dialect = learned((0..10).map(|n| message(n, "F", "CHI1")));
    let text = serde_json::to_string(&dialect).expect("JSON");
    assert!(!text.contains("Beispiel") && !text.contains("19640812") && !text.contains("100003"), "{text}");
    assert_eq!(dialect.part[&Place::new("PID-8")].code["F"], 10);
    assert_eq!(dialect.part[&Place::new("PV1-3.1")].code["CHI1"], 10);
    assert_eq!(dialect.part[&Place::new("PID-5.1")].shape["Xxxxxxxx"], 10);
    assert_eq!(dialect.part[&Place::new("PID-3.1")].distinct, 10);
}

#[test]
fn a_code_of_one_patient_alone_is_withheld() {
    let dialect = learned((0..10).map(|_| message(7, "F", "MUELLER")));
    let part = &dialect.part[&Place::new("PV1-3.1")];
    assert!(part.code.is_empty() && part.withheld == 10, "{part:?}");
    // A word of the standard's table is none of the patient's.
    assert_eq!(dialect.part[&Place::new("PID-8")].code["F"], 10);
    // Names and dates do not become codes by coming often.
    for odd in ["Erika Mustermann", "19640812", "Müller", "a-code-that-is-far-too-long"] {
        let dialect = learned((0..10).map(|n| message(n, "F", odd)));
        assert!(dialect.part[&Place::new("PV1-3.1")].code.is_empty(), "{odd}");
    }
}

#[test]
fn learning_goes_on_where_it_ended() {
    let whole = learned((0..20).map(|n| message(n, "F", "CHI1")));
    let half = learned((0..10).map(|n| message(n, "F", "CHI1")));
    let mut learner = Learner::resume(half);
    (10..20).for_each(|n| learner.learn(&message(n, "F", "CHI1")));
    let resumed = learner.finish();
    assert_eq!(resumed.messages, 20);
    assert_eq!(resumed.event, whole.event);
    assert_eq!(resumed.part[&Place::new("PV1-3.1")].code, whole.part[&Place::new("PV1-3.1")].code);
}

#[test]
fn memory_has_a_limit() {
    let mut learner = Learner::new("kis");
    for n in 0..3_000u64 {
        let mut one = message(n, "F", &format!("W{n}"));
        one.event = format!("ADT^{n}");
        one.segments.push(SegmentOutline { name: format!("Z{n}"), fields: vec![] });
        learner.learn(&one);
    }
    let dialect = learner.finish();
    assert!(dialect.event.len() <= 201 && dialect.segment.len() <= 200, "{}", dialect.event.len());
    let part = &dialect.part[&Place::new("PV1-3.1")];
    assert!(part.code.is_empty() && part.withheld == 3_000 && part.shape.len() <= 12, "{part:?}");
}

#[test]
fn what_was_learned_is_not_new() {
    let messages: Vec<_> = (0..30).map(|n| message(n, if n % 2 == 0 { "F" } else { "M" }, "CHI1")).collect();
    let dialect = learned(messages.clone());
    for one in &messages {
        assert_eq!(compare(one, &dialect), []);
    }
    let kinds = |one: &Outline| compare(one, &dialect).iter().map(|new| new.kind).collect::<Vec<_>>();
    assert_eq!(kinds(&message(99, "U", "CHI1")), [Kind::Code]);
    let new = compare(&message(99, "F", "MUELLER"), &dialect);
    assert_eq!((new[0].kind, new[0].came.as_str()), (Kind::Code, "XXXXXXX"), "no value that might be a name");
    let mut moved = message(1, "F", "CHI1");
    moved.segments.swap(1, 2);
    assert_eq!(kinds(&moved), [Kind::Order]);
}

#[test]
fn invented_messages_are_of_the_dialect() {
    let dialect = learned((0..30).map(|n| message(n, "F", "CHI1")));
    let invented: Vec<_> = (0..50).filter_map(|seed| synthesise(&dialect, seed)).collect();
    assert_eq!(invented.len(), 50);
    for one in &invented {
        assert_eq!(one.segments.len(), 3);
        let name = &one.segments[1].fields[1].leaves[0].value;
        assert!(shape(name) == "Xxxxxxxx" && name != "Beispiel");
    }
    assert!(synthesise(&dialect, 7) == synthesise(&dialect, 7) && invented[0] != invented[1]);
    assert!(synthesise(&Dialect::new("kis"), 7).is_none());
}

#[test]
fn shapes_and_forms() {
    let shapes = ["A1234", "20260301", "Müller", "4711", "a long text of words", "X-12/b"].map(shape);
    assert_eq!(shapes, ["A9999", "99999999", "Xxxxxx", "9999", "text", "A-99/a"]);
    assert_eq!(shape(&"7".repeat(30)), "9{30}");
    let forms =
        ["20260301", "202603011200", "20260301120000.1234+0100", "00000000", "2026-03-01"].map(date_form);
    assert_eq!(forms, ["yyyyMMdd", "yyyyMMddHHmm", "yyyyMMddHHmmss.SSSS+ZZZZ", "zeros", "other: 9999-99-99"]);
    assert!(Place::new("PID-3") < Place::new("PID-10") && Place::new("PID-3") < Place::new("PID-3.1"));
}
