//! What scripts do not have.

use crate::toy::*;

#[test]
fn nothing_of_the_outside_is_there() {
    for name in [
        "fetch",
        "require",
        "process",
        "std",
        "os",
        "bjson",
        "Deno",
        "Bun",
        "XMLHttpRequest",
        "WebSocket",
        "Worker",
        "setTimeout",
        "setInterval",
        "setImmediate",
        "performance",
        "navigator",
        "window",
        "self",
        "global",
        "print",
        "load",
        "loadScript",
        "scriptArgs",
        "gc",
        "Atomics",
        "SharedArrayBuffer",
        "WeakRef",
        "FinalizationRegistry",
        "eval",
        "importScripts",
        "crypto",
        "localStorage",
        "Intl",
        "WebAssembly",
        "native",
        "$native",
        "DOMException",
    ] {
        assert_eq!(
            eval(&format!("typeof globalThis['{name}'] + typeof {name}")),
            "undefinedundefined",
            "{name}"
        );
    }
}

/// The list is kept by hand: what a new version of the engine brings is looked at before it is allowed.
#[test]
fn the_globals_are_these() {
    let expected = "AggregateError Array ArrayBuffer AsyncDisposableStack BigInt BigInt64Array BigUint64Array Boolean DataView Date DisposableStack Error EvalError \
        Float16Array Float32Array Float64Array Function Infinity Int16Array Int32Array Int8Array InternalError Iterator JSON Map Math NaN \
        Number Object Promise Proxy RangeError ReferenceError Reflect RegExp Set String SuppressedError Symbol SyntaxError TypeError URIError Uint16Array \
        Uint32Array Uint8Array Uint8ClampedArray WeakMap WeakSet console decodeURI decodeURIComponent encodeURI encodeURIComponent escape \
        globalThis isFinite isNaN parseFloat parseInt queueMicrotask undefined unescape";
    let expected: Vec<&str> = expected.split_whitespace().collect();
    let names = eval("Object.getOwnPropertyNames(globalThis).sort().join(' ')");
    assert_eq!(names.split(' ').collect::<Vec<_>>(), expected);
}

#[test]
fn no_code_is_made_from_text() {
    for text in [
        "new Function('return 1')()",
        "Function('return 1')()",
        "(() => {}).constructor('return 1')()",
        "(async () => {}).constructor('return 1')()",
        "(function* () {}).constructor('yield 1')()",
        "(async function* () {}).constructor('yield 1')()",
        "Reflect.construct(Function, ['return 1'])",
        "class F extends Function {} ; new F('return 1')",
        "eval('1')",
        "(0, eval)('1')",
    ] {
        let (error, _) = error(&format!("export default (msg) => {{ {text}; return msg; }};"));
        let words = ["code cannot be made from text", "eval is not defined", "not a function"];
        assert!(words.iter().any(|words| error.text.contains(words)), "{text}: {error}");
    }
}
