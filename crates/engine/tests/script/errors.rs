//! Errors: the place in the author's file, the envelope, and no patient data.

use crate::toy::*;

#[test]
fn a_thrown_error_names_file_line_column_and_envelope() {
    let text = "// first line\ntype X = string;\nexport default (msg: any, ctx: any): any => {\n  const größe: X = msg.get(\"name\"); ctx.missing.x;\n  return msg;\n};\n";
    let (error, trace) = error(text);
    assert_eq!(error.place.as_deref(), Some("channels/a.ts:4:37"), "{trace:?}");
    assert_eq!(error.text, "envelope 7: TypeError: cannot read property 'x' of undefined");
    assert!(trace[0].starts_with("script channels/a.ts failed: TypeError: cannot read"), "{trace:?}");
}

#[test]
fn the_place_is_the_innermost_file_that_the_author_wrote() {
    let files = sources(&[
        ("channels/a.ts", "import { f } from \"lib/b.ts\";\nexport default (msg) => f(msg);"),
        ("lib/b.ts", "\n\nexport function f(msg) {\n  return msg.get(5);\n}"),
    ]);
    let step = host().compile(&files, "channels/a.ts").unwrap();
    let error = call(&step, 1, "").gave.unwrap_err();
    assert_eq!(error.place.as_deref(), Some("lib/b.ts:4:14"));
}

#[test]
fn no_patient_data_reaches_the_error() {
    for text in [
        "throw new Error(msg.get('name'))",
        "throw new TypeError('patient ' + msg.get('name'))",
        "throw msg.get('name')",
        "throw { message: msg.get('name') }",
        "msg[msg.get('name')].x()",
        "undefined[msg.get('name')]",
        "const Mustermannsweg = 1; undefined[msg.get('name')]",
        "null[msg.get('name')] = 1",
        "const e = new Error('x'); e.name = msg.get('name'); throw e",
        "const e = new Error('x'); e.stack = 'at f (' + msg.get('name') + ':1:2)'; throw e",
        "const e = new Error('x'); e.stack = 'at f (channels/a.ts:19800301:2)'; throw e",
        "({ [msg.get('name')]() { null.x } })[msg.get('name')]()",
        "msg.get(msg.get('name') + ' ')",
        "msg.operate(msg.get('name'))",
        "msg.operate('x', msg.get('name'))",
        "ctx.lookup(msg.get('name'), 'x')",
        "JSON.parse(msg.get('name'))",
        "new RegExp('(' + msg.get('name'))",
        "return msg.get('name')",
        "return [msg.get('name')]",
        "class Mine extends Error {} ; throw new Mine(msg.get('name'))",
        "throw new AggregateError([], msg.get('name'))",
        "return Promise.reject(new Error(msg.get('name')))",
        "Object.defineProperty(globalThis, msg.get('name'), {})",
        "const e = new Error('x'); Object.defineProperty(e, 'message', { get() { throw msg.get('name') } }); throw e",
        "decodeURIComponent('%' + msg.get('name'))",
        "BigInt(msg.get('name'))",
        "Symbol(msg.get('name')) + ''",
    ] {
        let (error, _) = error(&format!("export default (msg, ctx) => {{ {text} }};"));
        let all = format!("{error:?} {error}");
        assert!(!all.contains("Mustermann") && !all.contains("19800301"), "{text}: {all}");
        assert!(error.place.as_deref().unwrap_or("").starts_with("channels/a.ts"), "{text}: {all}");
    }
}

#[test]
fn what_is_safe_is_said() {
    for (text, expected) in [
        ("throw new Error('no ward given')", "Error: no ward given"),
        ("throw new RangeError(`no ward`)", "RangeError: no ward"),
        ("throw 'no ward'", "no ward"),
        (
            "class WardError extends Error { name = 'WardError' }\nthrow new WardError('none')",
            "WardError: none",
        ),
        ("missing()", "ReferenceError: missing is not defined"),
        ("const x = 1; x = 2", "TypeError: 'x' is read-only"),
        ("msg.nothing()", "TypeError: not a function"),
        ("msg.set('fixed', 1)", "fixed cannot be set"),
        ("msg.get('a b')", "a b is no path"),
        ("msg.operate('zap')", "no operation zap; there are append, join"),
        ("ctx.lookup('nurses', 'x')", "there is no table nurses"),
        ("msg.set('a', {})", "TypeError: a value must be text, a number or a truth value"),
        ("throw new Error(msg.get('name'))", "Error (the trace shows its message)"),
        ("throw 5", "the script threw a value that is no Error (the trace shows it)"),
    ] {
        let (error, trace) = error(&format!("export default (msg, ctx) => {{ {text} }};"));
        assert_eq!(error.text, format!("envelope 7: {expected}"), "{trace:?}");
    }
}

#[test]
fn the_trace_has_the_whole_message() {
    let (_, trace) = error("export default (msg) => { throw new Error(msg.get('name')); };");
    assert!(trace[0].contains("Error: Mustermann"), "{trace:?}");
}

#[test]
fn an_error_that_the_script_catches_is_its_own_affair() {
    let text = "export default (msg) => { try { msg.get('a b') } catch (e) { msg.set('why', e.message) } return msg; };";
    assert_eq!(call(&script(text), 1, "").gave.unwrap().one(), "why=a b is no path\n");
}

#[test]
fn a_wrong_text_is_known_when_it_is_loaded() {
    for (text, place, words) in [
        ("export default (msg) => {", "channels/a.ts:1:26", "expected `}`"),
        ("const a = 1;\nexport const b = 2;", "channels/a.ts:1:1", "no `export default"),
        ("export default 5;", "channels/a.ts:1:1", "no function, it is number"),
        ("\nexport default {};", "channels/a.ts:2:1", "no function, it is object"),
        ("let a = 1;\nlet a = 2;\nexport default () => a;", "channels/a.ts:2:", "redefinition"),
        ("export default () => 1;\nnull.x;", "channels/a.ts:2:", "cannot read property 'x' of null"),
        ("export default () => 1;\nfor (;;) {}", "channels/a.ts:", "did not finish its top level"),
        ("export default () => 1;\nthrow new Error('no');", "channels/a.ts:2:", "error: no"),
        ("with (a) {}\nexport default () => 1;", "channels/a.ts:1:1", "with"),
    ] {
        let error = compile(text).expect_err(text);
        assert!(error.to_string().starts_with(place), "{text}: {error}");
        assert!(error.text.to_lowercase().contains(words), "{text}: {error}");
    }
    assert!(host().compile(&sources(&[]), "channels/x.ts").unwrap_err().text.contains("no such script"));
}
