//! What the steps without code do, on a format of their own.

use super::testing::{Other, build, run, run_with_trace};

fn only(condition: &str, input: &str) -> bool {
    let kept = run(&format!("step = [{{ only = {condition} }}]"), input);
    let gone = run(&format!("step = [{{ except = {condition} }}]"), input);
    assert_ne!(
        kept.starts_with("end"),
        gone.starts_with("end"),
        "only and except are opposites: {condition}"
    );
    assert!(!kept.starts_with("fail"), "{kept}");
    !kept.starts_with("end")
}

fn fault(toml: &str) -> String {
    build(toml).expect_err(toml).to_string()
}

#[test]
fn conditions_hold_when_they_should() {
    for (condition, input, holds) in [
        (r#"{ a = "x" }"#, "a=x", true),
        (r#"{ a = "x" }"#, "a=y", false),
        (r#"{ a = "x" }"#, "b=x", false),
        (r#"{ a = ["x", "y"] }"#, "a=y", true),
        (r#"{ a = "" }"#, "b=x", true),
        (r#"{ a = "" }"#, "a=x", false),
        (r#"{ a = 7 }"#, "a=7", true),
        (r#"{ a = "x", b = "y" }"#, "a=x b=y", true),
        (r#"{ a = "x", b = "y" }"#, "a=x b=z", false),
        (r#"{ a = { not = ["x", "y"] } }"#, "a=z", true),
        (r#"{ a = { not = ["x", "y"] } }"#, "a=x", false),
        (r#"{ a = { not = "x" } }"#, "b=1", true),
        (r#"{ a = { in = "wards" } }"#, "a=A1", true),
        (r#"{ a = { in = "wards" } }"#, "a=Z9", false),
        (r#"{ a = { not-in = "wards" } }"#, "a=Z9", true),
        (r#"{ a = { matches = "^7[0-9]+$" } }"#, "a=7012", true),
        (r#"{ a = { matches = "^7[0-9]+$" } }"#, "a=7", false),
        (r#"{ a = { starts = "Te", ends = "st" } }"#, "a=Test", true),
        (r#"{ a = { starts = "Te", ends = "xt" } }"#, "a=Test", false),
        (r#"{ a = { contains = ["q", "es"] } }"#, "a=Test", true),
        (r#"{ a = { exists = true } }"#, "a=x", true),
        (r#"{ a = { exists = true } }"#, r#"a="""#, true),
        (r#"{ a = { exists = true } }"#, "a=", false),
        (r#"{ a = { exists = false } }"#, "b=x", true),
        (r#"{ a = { empty = true } }"#, "a=", true),
        (r#"{ a = { empty = true } }"#, r#"a="""#, true),
        (r#"{ a = { null = true } }"#, r#"a="""#, true),
        (r#"{ a = { null = true } }"#, "a=", false),
        (r#"{ any = [{ a = "x" }, { b = "y" }] }"#, "b=y", true),
        (r#"{ any = [{ a = "x" }, { b = "y" }] }"#, "b=x", false),
        (r#"{ all = [{ a = "x" }, { any = [{ b = "1" }, { b = "2" }] }] }"#, "a=x b=2", true),
        (r#"{ all = [{ a = "x" }, { any = [{ b = "1" }, { b = "2" }] }] }"#, "a=x b=3", false),
        (r#"{ not = { a = "x", b = "y" } }"#, "a=x b=z", true),
        (r#"{ "{a|lower}" = "x" }"#, "a=X", true),
    ] {
        assert_eq!(only(condition, input), holds, "{condition} on {input}");
    }
}

#[test]
fn a_path_of_many_holds_when_one_does() {
    for (condition, input, holds) in [
        (r#"{ "a[*]" = "x" }"#, "a=y a=x", true),
        (r#"{ "a[*]" = "x" }"#, "a=y a=z", false),
        (r#"{ "a[*]" = { not = "x" } }"#, "a=y a=x", false),
        (r#"{ "a[*]" = { not = "x" } }"#, "a=y a=z", true),
        (r#"{ "a[*]" = { exists = false } }"#, "b=1", true),
        (r#"{ "a[*]" = { empty = true } }"#, "b=1", true),
        (r#"{ "a[*]" = "" }"#, "b=1", true),
        (r#"{ "a[2]" = "x" }"#, "a=y a=x", true),
    ] {
        assert_eq!(only(condition, input), holds, "{condition} on {input}");
    }
}

#[test]
fn a_filter_says_why_and_repeats_no_value() {
    let reason = run(r#"step = [{ only = { a = ["ADT", "ORU"], b = { matches = "^7" } } }]"#, "a=secret");
    assert_eq!(reason, "end: not: a is ADT or ORU and b matches ^7");
    assert_eq!(
        run(r#"step = [{ except = { any = [{ a = "1" }, { a = "" }] } }]"#, "a=1"),
        "end: a is 1 or a is empty"
    );
}

#[test]
fn filters_take_only_what_they_concern() {
    assert_eq!(run(r#"step = [{ only = { a = "1" } }]"#, "a=1 b=1 / a=2 / a=1 b=2"), "a=1 b=1 / a=1 b=2");
    assert_eq!(run(r#"step = [{ only = { a = "9" } }]"#, "a=1 / a=2"), "end: not: a is 9");
}

#[test]
fn set_in_order_with_null_and_clear() {
    assert_eq!(run(r#"step = [{ set = { b = "{a}-x", a = "{b}", c = "k" } }]"#, "a=1"), "a=1-x b=1-x c=k");
    assert_eq!(run(r#"step = [{ set = { z = "1", a = "2" } }]"#, "m=0"), "m=0 z=1 a=2", "the file's order");
    assert_eq!(
        run(r#"step = [{ set = { a = { null = true }, b = { clear = true }, c = "" } }]"#, "a=1 b=2 c=3"),
        r#"a="" b= c="#
    );
    assert_eq!(run(r#"step = [{ set = { b = "{a}" } }]"#, r#"a="" b=1"#), r#"a="" b="""#, "a null is copied");
    assert_eq!(run(r#"step = [{ set = { b = "{a|trim}" } }]"#, r#"a="" b=1"#), r#"a="" b="#, "a text is not");
    assert_eq!(run(r#"step = [{ set = { "a[*]" = "x" } }]"#, "a=1 b=2 a=3"), "a=x b=2 a=x");
    assert_eq!(run(r#"step = [{ set = { "c[*]" = "x" } }]"#, "a=1"), "a=1", "no place, nothing set");
    assert_eq!(run(r#"step = [{ default = { a = "x", b = "y" } }]"#, "a=1 b="), "a=1 b=y");
}

#[test]
fn copy_move_clear_null_delete() {
    assert_eq!(run(r#"step = [{ copy = { a = "b" } }]"#, "a=1"), "a=1 b=1");
    assert_eq!(run(r#"step = [{ move = { a = "b" } }]"#, "a=1"), "a= b=1");
    assert_eq!(run(r#"step = [{ move = { a = "a" } }]"#, "a=1"), "a=1");
    assert_eq!(
        run(r#"step = [{ clear = ["a", "c"] }]"#, "a=1 b=2"),
        "a= b=2",
        "nothing is made to be cleared"
    );
    assert_eq!(run(r#"step = [{ null = "a" }]"#, "a=1"), r#"a="""#);
    assert_eq!(run(r#"step = [{ delete = ["a[2]", "b[*]"] }]"#, "a=1 b=1 a=2 b=2"), "a=1");
    assert_eq!(run(r#"step = [{ delete = "z" }]"#, "a=1"), "a=1");
}

#[test]
fn lookup_and_what_is_missing() {
    let look = |rest: &str, input: &str| {
        run(&format!("step = [{{ lookup = {{ table = \"wards\", {rest} }} }}]"), input)
    };
    assert_eq!(look(r#"field = "a""#, "a=A1"), "a=I1");
    assert_eq!(look(r#"field = "a""#, "a=Z9"), "a=Z9", "kept unless said otherwise");
    assert_eq!(look(r#"field = "a", missing = "empty""#, "a=Z9"), "a=");
    assert_eq!(look(r#"field = "a", missing = "default", default = "?{a}""#, "a=Z9"), "a=?Z9");
    assert_eq!(look(r#"field = "a", missing = "default", default = "none""#, "b=1"), "b=1 a=none");
    assert_eq!(look(r#"field = "a", missing = "fail""#, "a=Z9"), "fail: a: table wards has no row for it");
    assert_eq!(look(r#"field = "a", missing = "fail""#, "b=1"), "b=1", "what is not there need not be known");
    assert_eq!(look(r#"field = "a", column = "name""#, "a=B2"), "a=Chirurgie 2");
    assert_eq!(look(r#"field = "a", to = "b""#, "a=B2"), "a=B2 b=C2");
    assert_eq!(look(r#"field = "a", to = "b", missing = "empty""#, "a=Z9 b=old"), "a=Z9 b=");
    assert_eq!(look(r#"field = "a", to = { b = "to", c = "name" }"#, "a=A1"), "a=A1 b=I1 c=Innere 1");
    assert_eq!(look(r#"key = "{a}{b}", to = "c""#, "a=A b=1"), "a=A b=1 c=I1");
    assert_eq!(look(r#"field = "a[*]""#, "a=A1 a=Z9 a=B2"), "a=I1 a=Z9 a=C2");
}

#[test]
fn an_unknown_code_is_noted_without_the_code() {
    let (_, trace) = run_with_trace(r#"step = [{ lookup = { table = "wards", field = "a" } }]"#, "a=Z9")
        .expect("no failure");
    assert_eq!(trace, ["table wards has no row for what stands at a"]);
}

#[test]
fn values_notes_ends_and_failures() {
    let (text, trace) = run_with_trace(
        r#"step = [{ vars = { w = "{a|upper}", v = "{$w}!" } }, { note = "now {$v}" }, { set = { b = "{$v}{$none}" } }]"#,
        "a=x",
    )
    .expect("no failure");
    assert_eq!((text.as_str(), trace), ("a=x b=X!", vec!["now X!".to_owned()]));
    assert_eq!(run(r#"step = [{ vars = { w = "1" } }, { only = { "$w" = "1" } }]"#, "a=1"), "a=1");
    assert_eq!(run(r#"step = [{ when = { a = "1" }, end = "a test" }]"#, "a=1"), "end: a test");
    assert_eq!(run(r#"step = [{ when = { a = "1" }, end = "a test" }]"#, "a=2"), "a=2");
    assert_eq!(run(r#"step = [{ when = { a = "" }, fail = "no case" }]"#, "b=1"), "fail: no case");
    assert_eq!(run(r#"step = [{ set = { guarded = "x{a}" } }]"#, "a=1"), "fail: guarded: can't be written");
}

#[test]
fn when_leaves_the_others_alone_and_in_place() {
    assert_eq!(
        run(r#"step = [{ when = { a = "2" }, set = { b = "x" } }]"#, "a=1 / a=2 / a=3"),
        "a=1 / a=2 b=x / a=3"
    );
    assert_eq!(run(r#"step = [{ when = { a = "2" }, end = "no" }]"#, "a=1 / a=2 / a=3"), "a=1 / a=3");
}

#[test]
fn for_each_place() {
    let each = |rest: &str, input: &str| {
        run(&format!("step = [{{ for-each = {{ in = \"a[*]\", {rest} }} }}]"), input)
    };
    assert_eq!(each(r#"step = [{ set = { "b[#]" = "{#}:{a[#]}" } }]"#, "a=x a=y"), "a=x a=y b=1:x b=2:y");
    assert_eq!(each(r#"when = { "a[#]" = "y" }, step = [{ set = { "a[#]" = "z" } }]"#, "a=x a=y"), "a=x a=z");
    assert_eq!(each(r#"step = [{ when = { "a[#]" = "y" }, set = { "a[#]" = "z" } }]"#, "a=x a=y"), "a=x a=z");
    assert_eq!(each(r#"backwards = true, step = [{ delete = "a[#]" }]"#, "a=1 b=1 a=2 a=3"), "b=1");
    assert_eq!(
        each(
            r#"as = "i", step = [{ for-each = { in = "b[*]", step = [{ set = { "c" = "{c}{a[i]}{b[#]}" } }] } }]"#,
            "a=1 a=2 b=x b=y"
        ),
        "a=1 a=2 b=x b=y c=1x1y2x2y"
    );
    let many: Vec<String> = (1..=100).map(|n| format!("a={n}")).collect();
    let out = each(r#"step = [{ set = { "a[#]" = "{a[#]|pad-left:3:0}" } }]"#, &many.join(" "));
    assert!(
        out.starts_with("a=001 a=002") && out.ends_with("a=099 a=100"),
        "more rounds than are kept: {out}"
    );
}

#[test]
fn faults_name_the_key_and_what_would_be_right() {
    for (toml, expected) in [
        (r#"step = [{ onyl = { a = "1" } }]"#, "[0].onyl: this step does not exist; did you mean `only`?"),
        (r#"step = [{ when = { a = "1" } }]"#, "[0]: nothing says what the step does"),
        (
            r#"step = [{ note = "x" }, { set = { a = "1" }, clear = "b" }]"#,
            "[1].clear: a step does one thing, and this one has `set` already; begin another [[step]]",
        ),
        (r#"step = [{ only = { "a b" = "1" } }]"#, "[0].only.\"a b\": `a b` is no path"),
        (
            r#"step = [{ only = { a = { matchs = "1" } } }]"#,
            "[0].only.a.matchs: this test does not exist; did you mean `matches`?",
        ),
        (
            r#"step = [{ only = { a = { matches = "(" } } }]"#,
            "[0].only.a.matches: `(` is no regular expression: unclosed group",
        ),
        (
            r#"step = [{ only = { any = [{ a = "1" }, { a = { in = "ward" } }] } }]"#,
            "[0].only.any[1].a.in: there is no table `ward`; did you mean `wards`?",
        ),
        (r#"step = [{ only = { a = true } }]"#, "[0].only.a: text is expected, not true or false"),
        (r#"step = [{ only = {} }]"#, "[0].only: the table is empty"),
        (
            r#"step = [{ set = { a = "{b|uper}" } }]"#,
            "[0].set.a: there is no function `uper`; did you mean `upper`? (at character 4)",
        ),
        (
            r#"step = [{ set = { a = "x{b" } }]"#,
            "[0].set.a: `{` is not closed; a brace that is meant is written `{{` (at character 2)",
        ),
        (
            r#"step = [{ set = { a = { nul = true } } }]"#,
            "[0].set.a.nul: this key does not exist; did you mean `null`?",
        ),
        (
            r#"step = [{ lookup = { field = "a", tabel = "wards" } }]"#,
            "[0].lookup: the key `table` is missing",
        ),
        (
            r#"step = [{ lookup = { field = "a", table = "wards", missing = "kep" } }]"#,
            "[0].lookup.missing: `kep` is none of keep, empty, default, fail",
        ),
        (
            r#"step = [{ lookup = { field = "a", table = "wards", column = "x" } }]"#,
            "[0].lookup.column: the table `wards` has no column `x`, it has from, to, name",
        ),
        (
            r#"step = [{ lookup = { field = "a", table = "wards", mising = "keep" } }]"#,
            "[0].lookup.mising: this key does not exist; did you mean `missing`?",
        ),
        (
            r#"step = [{ for-each = { in = "a", step = [] } }]"#,
            "[0].for-each.in: the path must end with its only `[*]`, as `OBX[*]` does",
        ),
        (
            r#"step = [{ for-each = { in = "a[*]", step = [{ note = "x" }, { only = { a = "1" } }] } }]"#,
            "[0].for-each.step[1].only: can't stand in for-each; `when` says which places the steps are for",
        ),
        (
            r#"step = [{ for-each = { in = "a[*]", step = [{ set = { "a[#" = "1" } }] } }]"#,
            "[0].for-each.step[0].set.\"a[#\": `a[#` is no path",
        ),
        (
            r#"step = [{ only-format = "line" }]"#,
            "[0].only-format: there is no format `line`; there are lines",
        ),
        (r#"step = [{ title = 1, when = 2, note = "x" }]"#, "[0].when: a table is expected, not a number"),
    ] {
        let expected = if let Some(rest) = expected.strip_prefix("[0]: ") {
            format!("[0]: {rest}")
        } else {
            expected.to_owned()
        };
        assert_eq!(fault(toml), expected);
    }
}

#[test]
fn every_example_in_the_list_builds() {
    // Examples speak of a format with segments; here only their shape counts, so paths are put in its place.
    for kind in super::STEPS {
        let table: toml::Table =
            kind.example.parse().unwrap_or_else(|error| panic!("{}: {error}", kind.name));
        assert!(table.contains_key(kind.name), "{}", kind.name);
        assert_eq!(table.len(), 1, "{}", kind.name);
    }
}

#[test]
fn a_document_of_another_format_passes_untouched() {
    use crate::document::Document;
    use crate::step::{Context, Yield};

    let steps = build(
        r#"step = [{ only = { a = "1" } }, { title = "Mark", when = { a = "1" }, set = { b = "2" } }]"#,
    )
    .expect("steps");
    assert_eq!((steps[1].kind(), steps[1].title()), ("set", Some("Mark")));
    let envelope = super::testing::envelope();
    let mut context = Context::new(&envelope, "test");
    assert_eq!(super::format_after(&steps, "lines"), "lines");
    let lines = build(r#"step = [{ only-format = "lines" }]"#).expect("steps");
    let gone = lines[0].apply(&mut context, Box::new(Other)).expect("no failure");
    assert!(matches!(gone, Yield::End(reason) if reason == "not of the format lines"));
    for step in &steps {
        let document: Box<dyn Document> = Box::new(Other);
        assert!(
            matches!(step.apply(&mut context, document), Ok(Yield::One(document)) if document.format() == "other")
        );
    }
}
