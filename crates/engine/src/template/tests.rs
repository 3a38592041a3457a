//! What templates give, on the test format.

use proptest::prelude::*;

use super::*;
use crate::steps::testing::{Lines, document, envelope, tables};

fn compile(text: &str) -> Result<Template, TemplateError> {
    let (tables, zone) = (tables(), Zone::default());
    Template::compile(text, &Surroundings { format: &Lines, tables: &tables, zone: &zone })
}

fn render(template: &str, input: &str) -> String {
    let envelope = envelope();
    let mut context = Context::new(&envelope, "adt");
    context.values.insert("ward".to_owned(), "I1".to_owned());
    let template = compile(template).unwrap_or_else(|error| panic!("{template}: {error}"));
    template.render(&mut context, &document(input)).unwrap_or_else(|error| format!("fail: {error}"))
}

#[test]
fn every_function_does_what_it_says() {
    for (template, input, expected) in [
        ("{a}-{b}", "a=1 b=2", "1-2"),
        ("{a}{missing}", "a=1", "1"),
        ("{{a}} {a}", "a=1", "{a} 1"),
        ("{ a | upper }", "a=ärzte", "ÄRZTE"),
        ("{a|lower}", "a=ÄB", "äb"),
        ("{a|default:'  x y '|trim}", "b=1", "x y"),
        ("{a|default:' x  y '|squeeze}", "b=1", "x y"),
        ("{a|ascii}", "a=Müller-Łódź„ß€", "Mueller-Lodz\"ssEUR"),
        ("{a|digits}", "a=K-0815/x7", "08157"),
        ("{a|letters}", "a=K-0815/ü7", "K0815ü7"),
        ("{a|remove:-/}", "a=K-08/15", "K0815"),
        ("{a|keep:0123}", "a=K-0123456", "0123"),
        ("{a|pad-left:8:0}", "a=4711", "00004711"),
        ("{a|pad-left:2:0}", "a=4711", "4711"),
        ("{a|pad-right:6}|", "a=ä1", "ä1    |"),
        ("{a|sub:0:3}", "a=ÄBCD", "ÄBC"),
        ("{a|sub:2}", "a=ABCD", "CD"),
        ("{a|sub:-2}", "a=ABCD", "CD"),
        ("{a|sub:-9:3}", "a=ABCD", "ABC"),
        ("{a|sub:9}", "a=ABCD", ""),
        ("{a|replace:b:xx}", "a=abcb", "axxcxx"),
        ("{a|replace:b}", "a=abcb", "ac"),
        (r"{a|replace:\::\|}", "a=1:2", "1|2"),
        ("{a|replace:':':'}'}", "a=1:2", "1}2"),
        ("{a|replace:'''':x}", "a=o'n", "oxn"),
        ("{a|regex:'^0+'}", "a=00470", "470"),
        ("{a|regex:'([A-Z])([0-9]+)':'$2$1'}", "a=K12", "12K"),
        ("{a|split:^:2}", "a=x^y^z", "y"),
        ("{a|split:^:-1}", "a=x^y^z", "z"),
        ("{a|split:^:9}", "a=x^y^z", ""),
        ("{a|prefix:Nr.}{b|suffix:%}", "a=1", "Nr.1"),
        ("{a|default:U}", "b=1", "U"),
        ("{a|default:U}", r#"a="""#, "U"),
        ("{a|default:{b|upper|default:'{c}'}}", "b=x", "X"),
        ("{a|default:{b|upper|default:{c}}}", "c=x", "x"),
        ("{a|map:M=male:F=female}", "a=F", "female"),
        ("{a|map:M=male:F=female}", "a=X", "X"),
        ("{a|map:M=male:*=other}", "a=X", "other"),
        ("{a|lookup:wards}", "a=A1", "I1"),
        ("{a|lookup:wards:name}", "a=A1", "Innere 1"),
        ("{a|lookup:wards|default:none}", "a=Q", "none"),
        ("{a|date:compact:german}", "a=198003011405", "01.03.1980 14:05"),
        ("{a|date:'dd.MM.yyyy,auto':yyyyMMdd}", "a=1980-03-01", "19800301"),
        ("{a|date:compact:'yyyy-MM-dd HH:mm'}", "a=198003011405", "1980-03-01 14:05"),
        ("{a|date:compact:compact:from=Europe/Berlin:to=UTC}", "a=202607011200", "202607011000+0000"),
        ("{a|date:compact:iso}", "a=unknown", "unknown"),
        ("{a|date:compact:iso:else=empty}", "a=unknown", ""),
        ("{a|date:compact:iso:else=fail}", "a=unknown", "fail: a date is not written as expected"),
        ("{a|date:compact:iso:else=fail}", "b=1", ""),
        ("{a|number}", "a=1,50", "1.50"),
        ("{a|number:1}", "a=12.345", "12.3"),
        ("{a|number:1}", "a=<5", "<5"),
        ("{a|hash}", "a=4711", "de650d61f5bd166a"),
        ("{a|hash:4}", "b=1", ""),
        ("{a|json}", r#"a="x\"#, r#"\"x\\"#),
        ("{a|xml}", "a=<a&b>", "&lt;a&amp;b&gt;"),
        ("{a|csv}", "a=x;y", "\"x;y\""),
        ("{a|url}", "a=ä/b", "%C3%A4%2Fb"),
        ("{a[*]|join:, }", "a=1 a=2 b=3", "1, 2"),
        (r"{a[*]|upper|join:\\n}", "a=x a=y", "X\nY"),
        ("{a[*]|first}", "a= a=2 a=3", "2"),
        ("{a[*]|last}", "a=1 a=2 a=", "2"),
        ("{a[*]}", "a=1 a=2", "1"),
        ("{a[*]|count}{b[*]|count}", "a=1 a=2", "20"),
        ("{b[*]|default:x}", "a=1", "x"),
        ("{$ward}/{$none|default:-}", "a=1", "I1/-"),
        ("{@received:yyyyMMddHHmmss}", "a=1", "20260301091500"),
        ("{@received}", "a=1", "2026-03-01T09:15:00.250+01:00"),
        ("{@id|pad-left:10:0} {@part} {@channel} {@system} {@format}", "a=1", "0000000007 0 adt kis lines"),
    ] {
        assert_eq!(render(template, input), expected, "{template} on {input}");
    }
}

#[test]
fn every_function_of_the_list_is_tried_above() {
    let source = include_str!("tests.rs");
    for kind in FUNCTIONS {
        assert!(source.contains(&format!("|{}", kind.name)), "{} has no example", kind.name);
        assert!(kind.usage.starts_with(kind.name));
    }
    for kind in AT {
        assert!(source.contains(&format!("{{@{}", kind.name)), "@{} has no example", kind.name);
    }
}

#[test]
fn the_same_envelope_gives_the_same_identifier() {
    let first = render("{@uuid}", "a=1");
    assert_eq!(first, render("{@uuid}", "b=2"));
    assert_eq!((first.len(), first.as_bytes()[14]), (36, b'8'));
    let mut other = envelope();
    other.id.0 += 1;
    let mut context = Context::new(&other, "adt");
    let template = compile("{@uuid} {@peer}").expect("a template");
    let second = template.render(&mut context, &document("a=1")).expect("a text");
    assert!(!second.starts_with(&first) && second.ends_with(" 127.0.0.1:4000"));
    context.part = 1;
    assert_ne!(second, template.render(&mut context, &document("a=1")).expect("a text"), "parts differ");
}

#[test]
fn a_template_of_one_path_is_known_as_such() {
    let path = |text: &str| compile(text).expect(text).path().map(|path| path.text().to_owned());
    assert_eq!(path("{a[2]}").as_deref(), Some("a[2]"));
    for text in ["{a|trim}", "{a}x", "{a[*]}", "a", "", "{$a}"] {
        assert_eq!(path(text), None, "{text}");
    }
    let constant = |text: &str| compile(text).expect(text).constant().map(str::to_owned);
    assert_eq!(constant("a{{b").as_deref(), Some("a{b"));
    assert_eq!((constant("").as_deref(), constant("{a}")), (Some(""), None));
}

#[test]
fn what_is_inserted_can_be_escaped_and_the_rest_is_not() {
    let envelope = envelope();
    let mut context = Context::new(&envelope, "adt");
    let template = compile("x^{a}^{a|upper}").expect("a template");
    let text = template.render_with(&mut context, &document("a=p^q"), &mut |text| Ok(text.replace('^', "/")));
    assert_eq!(text.as_deref(), Ok("x^p/q^P/Q"));
}

#[test]
fn faults_say_where_and_what() {
    for (template, expected) in [
        ("ab{", "`{` is not closed; a brace that is meant is written `{{` (at character 3)"),
        ("ab}", "`}` closes nothing; a brace that is meant is written `}}` (at character 3)"),
        ("{}", "nothing stands between the braces (at character 2)"),
        ("{a b}", "`a b` is no path (at character 2)"),
        ("{a|}", "there is no function `` (at character 4)"),
        ("{a|trim|padleft:3}", "there is no function `padleft`; did you mean `pad-left`? (at character 9)"),
        (
            "{a|pad-left}",
            "pad-left: an argument is missing (it is written `pad-left:LENGTH[:CHARACTER]`) (at character 4)",
        ),
        (
            "{a|pad-left:x}",
            "pad-left: `x` is not a whole number (it is written `pad-left:LENGTH[:CHARACTER]`) (at character 4)",
        ),
        ("{a|upper:1}", "upper: takes no arguments (it is written `upper`) (at character 4)"),
        (
            "{a|lookup:ward}",
            "lookup: there is no table `ward`; did you mean `wards`? (it is written `lookup:TABLE[:COLUMN]`) (at character 4)",
        ),
        ("{$}", "behind `$` stands the name of a value: letters, digits, `_`, `-` (at character 2)"),
        (
            "{@now}",
            "there is no `@now`; there are @received, @id, @part, @uuid, @channel, @system, @peer, @format (at character 2)",
        ),
    ] {
        assert_eq!(compile(template).expect_err(template).to_string(), expected, "{template}");
    }
}

proptest! {
    /// Whatever a site writes, it compiles or is refused; it never panics.
    #[test]
    fn any_text_compiles_or_is_refused(text in ".{0,40}", braces in "[{}|:'\\\\a$@\\[\\]*,x-]{0,40}") {
        for text in [text, braces] {
            if let Ok(template) = compile(&text) {
                let envelope = envelope();
                let mut context = Context::new(&envelope, "adt");
                let _ = template.render(&mut context, &document("a=1 a=2 x=ä"));
            }
        }
    }

    /// Every argument can be written, quoted or with backslashes.
    #[test]
    fn any_text_can_be_an_argument(argument in "[^']{1,20}") {
        let quoted = format!("{{none|default:'{}'}}", argument.replace('{', "{{").replace('}', "}}"));
        prop_assert_eq!(render(&quoted, "a=1"), argument.clone());
        let escaped: String = argument.chars().flat_map(|c| ['\\', c]).collect();
        let suffixed = format!("{{a|suffix:{escaped}}}");
        prop_assert_eq!(render(&suffixed, "a=1"), format!("1{argument}"));
    }

    /// Text without braces stands for itself, and doubled braces for single ones.
    #[test]
    fn literal_text_is_kept(text in ".{0,60}") {
        let escaped = text.replace('{', "{{").replace('}', "}}");
        prop_assert_eq!(render(&escaped, "a=1"), text);
    }

    /// A date written in full comes back from every named pattern that can hold it.
    #[test]
    fn dates_round_trip(y in 1900_i32..2100, m in 1..=12, d in 1..=28, h in 0..24, min in 0..60, s in 0..60) {
        let compact = format!("{y:04}{m:02}{d:02}{h:02}{min:02}{s:02}");
        for pattern in ["iso", "german", "'yyyy/M/d H:m:s'"] {
            let there_and_back = format!("{{a|date:compact:{pattern}|date:{pattern}:compact}}");
            prop_assert_eq!(render(&there_and_back, &format!("a={compact}")), compact.clone(), "{}", pattern);
        }
    }

    /// No date makes the reader panic, and what it writes is read again as the same.
    #[test]
    fn any_text_is_a_date_or_kept(text in "[0-9TZ+.: -]{0,24}") {
        let text = text.replace(' ', "_");
        let once = render("{a|date:auto:iso}", &format!("a={text}"));
        let twice = render("{a|date:auto:iso}", &format!("a={once}"));
        prop_assert_eq!(once, twice);
    }
}
