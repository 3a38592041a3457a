//! Reading, setting and what a script may return.

use std::collections::BTreeMap;

use crate::toy::*;
use klinke_engine::script::DECLARATIONS;

#[test]
fn the_example_of_the_site() {
    let step = script("export default (msg, ctx) => { msg.set(\"app\", \"RADIO\"); return msg; };");
    assert_eq!(call(&step, 1, "a=1\n").gave, Ok(Gave::One("a=1\napp=RADIO\n".into())));
    assert_eq!(step.file(), "channels/a.ts");
}

#[test]
fn reading() {
    for (expression, expected) in [
        ("msg.get('a')", "1"),
        ("msg.get('zz')", ""),
        ("msg.get('zz', 'none')", "none"),
        ("msg.get('e', 'none')", "none"),
        ("msg.get('n', 'none')", "none"),
        ("msg.get('a', 'none')", "1"),
        ("msg.get('zz', null)", "null"),
        ("msg.get('zz', undefined) === ''", "true"),
        ("msg.has('a')", "true"),
        ("msg.has('e')", "false"),
        ("msg.has('zz')", "false"),
        ("msg.isNull('n')", "true"),
        ("msg.isNull('e')", "false"),
        ("msg.all('b').join('+')", "2+3"),
        ("Array.isArray(msg.all('zz'))", "true"),
        ("msg.count('b')", "2"),
        ("msg.count('zz')", "0"),
        ("msg.format", "toy"),
        ("msg.text().split('\\n')[0]", "a=1"),
        ("msg.operate('join', 1, 'ä', true, null)", "join:1+ä+true+"),
        ("msg.insert('x', 2)", "insert:x+2"),
        ("msg.move('x', 2)", "move:x+2"),
        ("msg.renumber('x')", "renumber:x"),
        ("(msg.append('k', 'v'), msg.get('k'))", "v"),
        ("msg instanceof msg.constructor", "true"),
        ("typeof msg.copy", "function"),
    ] {
        assert_eq!(eval(expression), expected, "{expression}");
    }
}

#[test]
fn setting() {
    let text = "export default (msg) => {
        msg.set('s', 'Grün'); msg.set('i', 42); msg.set('f', 1.5); msg.set('t', true);
        msg.set('nothing', null); msg.set('a', undefined); msg.set('b', ''); msg.clear('c');
        msg.set('gone', 'x'); msg.set('deleted', msg.delete('gone'));
        return msg;
    };";
    let gave = call(&script(text), 1, "a=1\nb=1\nc=1\n").gave.unwrap().one();
    assert_eq!(gave, "a=\nb=\nc=\ns=Grün\ni=42\nf=1.5\nt=true\nnothing=\"\"\ndeleted=1\n");
}

#[test]
fn what_may_be_returned() {
    let end = |text: &str| match call(&script(text), 1, "a=1\n").gave {
        Ok(Gave::End(reason)) => reason,
        other => panic!("{text}: {other:?}"),
    };
    for nothing in ["", "return;", "return null;", "return false;", "return [];"] {
        let text = format!("export default (msg) => {{ {nothing} }};");
        assert_eq!(end(&text), "script channels/a.ts returned nothing", "{nothing}");
    }
    let text = "export default (msg) => { const m = msg.copy(); m.set('a', 2); return [msg, m]; };";
    assert_eq!(call(&script(text), 1, "a=1\n").gave, Ok(Gave::Many(vec!["a=1\n".into(), "a=2\n".into()])));
    let text = "export default (msg) => { const m = msg.copy(); m.set('a', 2); return m; };";
    assert_eq!(call(&script(text), 1, "a=1\n").gave, Ok(Gave::One("a=2\n".into())));
    for (value, kind) in [
        ("'Mustermann'", "string"),
        ("5", "int"),
        ("true", "bool"),
        ("{}", "object"),
        ("() => msg", "function"),
    ] {
        let text = format!("export default (msg) => ({value});");
        let error = call(&script(&text), 9, "a=1\n").gave.unwrap_err();
        assert!(error.text.contains("envelope 9: the script returned "), "{error}");
        assert!(error.text.contains(kind), "{error}");
        assert!(!error.to_string().contains("Mustermann"));
    }
    for text in ["export default (msg) => [msg, msg];", "export default (msg) => [msg.copy(), 5];"] {
        assert!(call(&script(text), 1, "a=1\n").gave.is_err());
    }
}

#[test]
fn functions_may_be_asynchronous_as_long_as_they_end() {
    let text = "const later = async () => { await null; return 'x'; };
        export default async (msg) => { msg.set('a', await later()); return msg; };";
    assert_eq!(call(&script(text), 1, "a=1\n").gave, Ok(Gave::One("a=x\n".into())));
    let never = script("export default (msg) => new Promise(() => {});");
    let error = call(&never, 1, "a=1\n").gave.unwrap_err();
    assert!(error.text.contains("a promise that nothing settles"), "{error}");
    let rejected = script("export default async (msg) => { throw new RangeError('no ward given'); };");
    let error = call(&rejected, 1, "a=1\n").gave.unwrap_err();
    assert_eq!(error.text, "envelope 1: RangeError: no ward given");
}

#[test]
fn the_context() {
    for (expression, expected) in [
        ("ctx.channel", "adt"),
        ("ctx.received", "2026-03-01T08:15:00.250Z"),
        ("ctx.receivedMs", "1772352900250"),
        ("ctx.id", "7"),
        ("ctx.system", "kis"),
        ("ctx.peer", "127.0.0.1:4711"),
        ("ctx.format", "toy"),
        ("ctx.lookup('wards', '3A')", "RAD"),
        ("ctx.lookup('wards', '3B')", "undefined"),
        ("ctx.lookup('wards', '3B', 'none')", "none"),
        ("ctx.values.get('x')", "undefined"),
        ("ctx.values.get('x', 'y')", "y"),
        ("(ctx.values.set('x', '1'), ctx.values.has('x'))", "true"),
        ("(ctx.values.set('x', '1'), ctx.values.keys().join())", "x"),
        ("(ctx.values.set('x', '1'), ctx.values.delete('x'), ctx.values.has('x'))", "false"),
        ("/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(ctx.uuid())", "true"),
        ("ctx.uuid() === ctx.uuid()", "false"),
    ] {
        assert_eq!(eval(expression), expected, "{expression}");
    }
}

#[test]
fn values_go_from_step_to_step_and_notes_into_the_trace() {
    let text = "export default (msg, ctx) => {
        ctx.values.set('seen', ctx.values.get('before', '') + '!');
        ctx.note('a note'); console.log('ward', 3, { a: [1] }, undefined); console.warn('odd'); console.error(new Error('e'));
        console.info(msg);
        return msg;
    };";
    let call = call_with(&script(text), 1, "a=1\n", BTreeMap::from([("before".into(), "yes".into())]));
    assert!(call.gave.is_ok());
    assert_eq!(call.values.get("seen").map(String::as_str), Some("yes!"));
    assert_eq!(call.values.get("before").map(String::as_str), Some("yes"));
    assert_eq!(
        call.trace,
        ["a note", "ward 3 {\"a\":[1]} undefined", "warn: odd", "error: Error: e", "[message]"]
    );
}

#[test]
fn the_trace_and_the_values_have_limits() {
    let text = "export default (msg, ctx) => {
        for (let i = 0; i < 500; i++) console.log('ä'.repeat(5000));
        let n = 0;
        try { for (;; n++) ctx.values.set('k' + n, 'v'); } catch (e) { msg.set('n', n); msg.set('why', e.message); }
        return msg;
    };";
    let call = call(&script(text), 1, "");
    assert_eq!(call.trace.len(), 201);
    assert!(call.trace.iter().all(|line| line.len() < 2010));
    let gave = call.gave.unwrap().one();
    assert!(gave.starts_with("n=1000\n"), "{gave}");
    assert!(gave.contains("ctx.values holds at most"));
}

/// Every method that the declarations name is there at run time, with its kind.
#[test]
fn the_declarations_hold() {
    let mut object = "";
    let mut checked = 0;
    for line in DECLARATIONS.lines().map(str::trim) {
        object = match line {
            "export interface Message {" => "msg",
            "export interface Context {" => "ctx",
            "export interface Values {" => "ctx.values",
            "export const base64: {" => "klinke.base64",
            "declare const console: {" => "console",
            "export interface PartialDate {" => "",
            "}" | "};" => "",
            _ => object,
        };
        let function = line.strip_prefix("export function ").map(|rest| ("klinke", rest));
        let Some((home, rest)) = function.or((!object.is_empty()).then_some((object, line))) else {
            continue;
        };
        if rest.starts_with('/') || rest.starts_with('*') || rest.ends_with('{') {
            continue;
        }
        let rest = rest.strip_prefix("readonly ").unwrap_or(rest);
        let name: String = rest.chars().take_while(|c| c.is_alphanumeric()).collect();
        if name.is_empty() {
            continue;
        }
        let is_method = matches!(rest[name.len()..].chars().next(), Some('(' | '<'));
        let text = format!(
            "import * as klinke from \"klinke\";
            export default (msg, ctx) => {{ msg.set('kind', typeof {home}.{name}); return msg; }};"
        );
        let kind = call(&script(&text), 1, "").gave.unwrap().one();
        if is_method {
            assert_eq!(kind, "kind=function\n", "{home}.{name}");
        } else {
            assert!(!kind.contains("undefined"), "{home}.{name}");
        }
        checked += 1;
    }
    assert!(checked > 40, "only {checked} declarations were found");
}
