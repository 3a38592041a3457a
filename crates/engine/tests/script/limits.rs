//! A script that does not end, or takes too much, is stopped, and the next message works.

use std::time::{Duration, Instant};

use klinke_engine::script::{Limits, ScriptHost, ScriptStep};

use crate::toy::*;

/// For what never ends.
const BRIEF: Duration = Duration::from_millis(200);
/// Long enough for what has another limit than time, on a busy machine too.
const AMPLE: Duration = Duration::from_secs(20);

fn limited(text: &str, time_max: Duration) -> (ScriptHost, ScriptStep) {
    let limits = Limits { time_max, memory_bytes_max: 8 << 20, ..Limits::default() };
    let host = ScriptHost::new(limits);
    let step = host.compile(&sources(&[("channels/a.ts", text)]), "channels/a.ts").unwrap();
    (host, step)
}

/// The bad message is stopped with these words, and one after it works.
fn stopped(bad: &str, words: &str) {
    stopped_within(BRIEF, bad, words);
}

fn stopped_within(time_max: Duration, bad: &str, words: &str) {
    let text = format!("export default (msg) => {{ if (msg.has('bad')) {{ {bad} }} return msg; }};");
    let (_host, step) = limited(&text, time_max);
    for _ in 0..2 {
        let begin = Instant::now();
        let error = call(&step, 7, "bad=1\n").gave.expect_err(bad);
        assert!(begin.elapsed() < time_max + Duration::from_secs(5), "{bad}: {:?}", begin.elapsed());
        assert!(error.text.contains(words), "{bad}: {error}");
        assert!(error.text.starts_with("envelope 7: "), "{error}");
        assert_eq!(call(&step, 8, "good=1\n").gave, Ok(Gave::One("good=1\n".into())), "{bad}");
    }
}

#[test]
fn endless_loops() {
    let words = "ran longer than 200ms";
    for bad in [
        "for (;;) {}",
        "while (true) { msg.get('bad') }",
        "try { for (;;) {} } finally { for (;;) {} }",
        "for (;;) { try { for (;;) {} } catch {} }",
        "[1, 2].sort(() => { for (;;) {} })",
        "/(a+)+$/.test('a'.repeat(60) + 'b')",
        "const f = () => { queueMicrotask(f) }; f();",
        "return new Promise(() => { for (;;) {} })",
        "Array.prototype.includes.call({ length: 2 ** 52 }, 1)",
        "const a = []; a.length = 2 ** 32 - 1; a.indexOf(1); for (;;) {}",
        "JSON.stringify({ toJSON() { for (;;) {} } })",
    ] {
        stopped(bad, words);
    }
}

#[test]
fn the_place_of_an_endless_loop_is_named() {
    let (_host, step) = limited("export default (msg) => {\n  for (;;) { msg.get('a'); }\n};", BRIEF);
    let error = call(&step, 1, "").gave.unwrap_err();
    assert!(error.place.as_deref().unwrap().starts_with("channels/a.ts:2:"), "{error}");
}

#[test]
fn memory_bombs() {
    let words = "needed more than 8 MB";
    for bad in [
        "const a = []; for (;;) a.push(new Array(1000).fill(1))",
        "let s = 'x'; for (;;) s += s",
        "const f = () => Promise.resolve().then(f); return f();",
        "'x'.repeat(1e9)",
        "new Uint8Array(1e9)",
        "const m = new Map(); for (let i = 0; ; i++) m.set(i, 'x' + i)",
    ] {
        let text = format!("export default (msg) => {{ if (msg.has('bad')) {{ {bad} }} return msg; }};");
        let (_host, step) = limited(&text, AMPLE);
        let error = call(&step, 7, "bad=1\n").gave.expect_err(bad);
        // A string has a length limit of its own, which may come first.
        let other = [
            "no memory left",
            "string too long",
            "invalid string length",
            "invalid array buffer length",
            "ran longer",
        ];
        assert!(
            error.text.contains(words) || other.iter().any(|other| error.text.contains(other)),
            "{bad}: {error}"
        );
        assert_eq!(call(&step, 8, "good=1\n").gave, Ok(Gave::One("good=1\n".into())), "{bad}");
    }
}

#[test]
fn deep_recursion() {
    stopped("const f = (n) => 1 + f(n + 1); f(0)", "stack");
    stopped("let a = []; for (let i = 0; i < 20000; i++) a = [a]; JSON.stringify(a)", "stack");
    let deep = "export default (msg) => { const f = (n) => n === 0 ? 0 : 1 + f(n - 1); msg.set('depth', f(1000)); return msg; };";
    assert_eq!(call(&script(deep), 1, "").gave, Ok(Gave::One("depth=1000\n".into())));
}

#[test]
fn deeply_nested_text_is_refused_or_read() {
    for (open, close) in [("[", "]"), ("!", ""), ("a=>", ""), ("1+", ""), ("{a:", "}")] {
        let (open, close) = (open.repeat(20_000), close.repeat(20_000));
        let _ = compile(&format!("export const x = {open}1{close}; export default (msg) => msg;"));
    }
}

#[test]
fn many_copies() {
    stopped_within(AMPLE, "for (;;) msg.copy()", "more than 10000 copies");
}

#[test]
fn an_idle_host_has_no_runtime_and_wakes_with_the_next_message() {
    let (host, step) = limited("export default (msg) => msg;", AMPLE);
    assert_eq!(host.memory_bytes(), 0, "compiling keeps none");
    assert!(!host.idle());
    assert!(call(&step, 1, "a=1\n").gave.is_ok());
    assert!(host.memory_bytes() > 0);
    assert!(host.idle());
    assert_eq!(host.memory_bytes(), 0);
    assert_eq!(call(&step, 2, "a=1\n").gave, Ok(Gave::One("a=1\n".into())));
}

#[test]
fn memory_does_not_grow_with_messages() {
    let text = "class Ward { constructor(name) { this.name = name; this.self = this; } }
        const table = { a: new Ward('x'), b: [1, 2, 3] };
        export default async (msg) => { await null; msg.set('a', table.a.name + new Ward('y').name); return [msg, msg.copy()]; };";
    let host = host();
    let step = host.compile(&sources(&[("channels/a.ts", text)]), "channels/a.ts").unwrap();
    let run = |count: u64| (0..count).for_each(|id| assert!(call(&step, id, "a=1\n").gave.is_ok()));
    run(2000);
    let before = host.memory_bytes();
    run(20_000);
    assert!(host.memory_bytes() < before + 600_000, "{before} grew to {}", host.memory_bytes());
}

#[test]
fn threads_take_turns() {
    let step = std::sync::Arc::new(script(
        "let n = 0; export default (msg) => { n++; msg.set('n', n); return msg; };",
    ));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let step = step.clone();
            std::thread::spawn(move || {
                for id in 0..500 {
                    assert_eq!(call(&step, id, "").gave, Ok(Gave::One("n=1\n".into())));
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}
