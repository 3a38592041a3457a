//! Nothing of one message reaches another; the same envelope gives the same result.

use klinke_engine::step::{Context, Step, Yield};

use crate::toy::*;

/// Both orders of messages, and each message alone in a fresh host, give the same.
fn same_in_every_order(text: &str) {
    let messages = ["k=1\n", "k=2\nbad=1\n", "k=3\n"];
    let result = |gave: Call| gave.gave.map_err(|error| error.text);
    let alone: Vec<_> = (0..3).map(|at| result(call(&script(text), at, messages[at as usize]))).collect();
    for order in [[0, 1, 2], [2, 1, 0], [1, 1, 0]] {
        let step = script(text);
        for at in order {
            assert_eq!(
                result(call(&step, at, messages[at as usize])),
                alone[at as usize],
                "{order:?}: {text}"
            );
        }
    }
}

fn with_state(state: &str, body: &str) {
    same_in_every_order(&format!("{state}\nexport default (msg, ctx) => {{ {body}\nreturn msg; }};"));
}

#[test]
fn variables_live_for_one_message() {
    with_state("let n = 0;", "n++; msg.set('n', n);");
    with_state("const seen = new Set();", "msg.set('seen', seen.size); seen.add(msg.get('k'));");
    with_state(
        "const table = { a: 1 };",
        "msg.set('a', table.a); table.a++; table[msg.get('k')] = 1; msg.set('keys', Object.keys(table).join());",
    );
    with_state("function f() {}", "f.n = (f.n ?? 0) + 1; msg.set('n', f.n);");
    with_state("const next = (() => { let n = 0; return () => ++n; })();", "msg.set('n', next());");
    with_state(
        "class C { static n = 0; static #p = 0; static p() { return ++C.#p; } }",
        "C.n++; msg.set('n', C.n + C.p());",
    );
    with_state("const re = /./g;", "re.test('aaa'); msg.set('at', re.lastIndex);");
    with_state(
        "const tag = (s) => s; const t = () => tag`x`; const w = new WeakMap();",
        "msg.set('t', w.has(t())); w.set(t(), 1);",
    );
    with_state("let p = Promise.resolve();", "let n = 0; p = p.then(() => n++); msg.set('n', n);");
}

#[test]
fn state_in_shared_modules_lives_for_one_message() {
    let files = sources(&[
        (
            "channels/a.ts",
            "import { next } from 'lib/n.ts'; export default (msg) => { msg.set('n', next()); return msg; };",
        ),
        ("lib/n.ts", "let n = 0; export const next = () => ++n;"),
    ]);
    let host = host();
    let step = host.compile(&files, "channels/a.ts").unwrap();
    for id in 0..3 {
        assert_eq!(call(&step, id, "").gave, Ok(Gave::One("n=1\n".into())));
    }
}

#[test]
fn built_in_objects_cannot_be_changed() {
    for attack in [
        "Object.prototype.ward = 'x'",
        "Object.prototype.toString = () => 'x'",
        "Object.defineProperty(Object.prototype, 'ward', { value: 'x' })",
        "Array.prototype.push = () => 'x'",
        "String.prototype.trim = () => 'x'",
        "globalThis.ward = 'x'",
        "undeclared = 'x'",
        "Math.random = () => 4",
        "Date.now = () => 4",
        "JSON.parse = () => 4",
        "console.log = () => 4",
        "console.cache = {}",
        "Error.prepareStackTrace = () => 4; throw 1",
        "Error.stackTraceLimit = 0; throw 1",
        "ctx.cache = {}",
        "ctx.values.cache = {}",
        "msg.constructor.prototype.get = () => 'x'",
        "Object.getPrototypeOf(msg).get = () => 'x'",
        "msg.constructor.cache = {}",
        "Object.setPrototypeOf(Object.prototype, {})",
        "Object.setPrototypeOf(Array.prototype, {})",
        "(function* () {})().__proto__.__proto__.next = 4; ",
        "Object.getPrototypeOf(Object.getPrototypeOf(async function* () {}.prototype)).next = 4",
        "[].values().__proto__.next = () => ({ done: true })",
        "new Map().values().__proto__.next = 4",
        "'x'.matchAll(/x/g).__proto__.next = 4",
        "Symbol.prototype.x = 4",
        "Symbol.iterator.constructor.x = 4",
        "Promise.prototype.then = 4",
        "(async () => {}).constructor.prototype.x = 4",
        "Uint8Array.prototype.__proto__.x = 4",
        "RegExp.prototype.exec = () => null",
        "TypeError.prototype.name = 'x'",
        "Function.prototype.call = 4",
        "Reflect.apply = 4",
        "Proxy.x = 4",
        "Iterator.prototype.map = 4",
        "Iterator.prototype[Symbol.toStringTag] = 'x'",
        "BigInt.prototype.x = 4",
        "Object.getOwnPropertyDescriptor(RegExp.prototype, 'flags').get.x = 4",
        "Object.getPrototypeOf([].values().map((x) => x)).x = 4",
        "Object.getPrototypeOf(Iterator.from({ next() {} })).x = 4",
        "const { log } = console; log.x = 4",
        "ctx.lookup.x = 4",
        "Object.prototype.__defineGetter__('x', () => 4)",
    ] {
        let text = format!("export default (msg, ctx) => {{ {attack}; return msg; }};");
        assert!(call(&script(&text), 1, "").gave.is_err(), "{attack} was possible");
    }
    // Whatever a message tried, the next one finds all as it was.
    let probe = "msg.set('o', `${{}.ward}${globalThis.ward}${{}}${' a '.trim()}${[1].push(2)}${Math.random() < 1}${new Date() - 0}`);";
    with_state("", &format!("if (msg.has('bad')) {{ Object.prototype.ward = 1; }} {probe}"));
    with_state(
        "",
        &format!("if (msg.has('bad')) {{ try {{ String.prototype.trim = 1; }} catch {{}} }} {probe}"),
    );
}

/// Every object that can be reached from what a script is given is frozen.
#[test]
fn nothing_that_can_be_reached_is_open() {
    let text = "import * as klinke from \"klinke\";
    export default (msg, ctx) => {
        const seen = new Set([msg]), open = [];
        const visit = (value, path) => {
            if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value)) return;
            seen.add(value);
            if (!Object.isFrozen(value)) open.push(path);
            visit(Object.getPrototypeOf(value), path + '.__proto__');
            for (const key of Reflect.ownKeys(value)) {
                const property = Object.getOwnPropertyDescriptor(value, key);
                for (const part of ['value', 'get', 'set']) visit(property[part], `${path}.${String(key)}`);
            }
        };
        for (const key of Object.keys(klinke)) visit(klinke[key], key);
        visit(globalThis, 'globalThis'); visit(ctx, 'ctx'); visit(Object.getPrototypeOf(msg), 'msg');
        for (const made of [[].values(), new Map().entries(), new Set().values(), 'x'[Symbol.iterator](), 'x'.matchAll(/x/g),
            Object.getPrototypeOf((function* () {})()), Object.getPrototypeOf((async function* () {})()), Iterator.from({ next() {} }), [].values().map((x) => x), [].values().filter((x) => x),
            async () => {}, function* () {}, async function* () {}, new Proxy({}, {}), /x/, Symbol(), 1n,
            Iterator.concat?.([1]), Promise.resolve(), new Uint8Array(1), new DataView(new ArrayBuffer(1)), new Date()]) {
            visit(Object.getPrototypeOf(Object(made)), Object.prototype.toString.call(made));
        }
        msg.set('open', open.join(' ')); msg.set('count', seen.size > 300);
        return msg;
    };";
    let gave = call(&script(text), 1, "").gave.unwrap_or_else(|error| panic!("{error}")).one();
    assert_eq!(gave, "open=\ncount=true\n");
}

#[test]
fn what_is_often_written_still_works() {
    for (expression, expected) in [
        (
            "(() => { class E extends Error { constructor(m) { super(m); this.name = 'E'; } } return new E('m') + '' })()",
            "E: m",
        ),
        ("(() => { const e = new Error('a'); e.message = 'b'; e.name = 'N'; return e + '' })()", "N: b"),
        ("(() => { const o = {}; o.toString = () => 'mine'; return `${o}` })()", "mine"),
        (
            "(() => { const o = {}; o.constructor = 1; o.valueOf = 2; return Object.keys(o).join() })()",
            "constructor,valueOf",
        ),
        ("(() => { const a = []; a.toString = () => 'mine'; return `${a}` })()", "mine"),
        ("(() => { function F() {} F.prototype.toString = () => 'f'; return `${new F()}` })()", "f"),
        (
            "(() => { function F() {} F.prototype = { constructor: F }; return new F().constructor === F })()",
            "true",
        ),
        ("[3, 1, 2].sort().map((x) => x * 2).join()", "2,4,6"),
        ("Object.entries({ a: 1 }).flat().join()", "a,1"),
        ("[...new Set([1, 1, 2])].length", "2"),
        ("Object.groupBy([1, 2, 3], (x) => x % 2 ? 'odd' : 'even').odd.join()", "1,3"),
        ("'Müller-Lüdenscheidt'.normalize('NFD').replace(/\\p{M}/gu, '')", "Muller-Ludenscheidt"),
        ("JSON.stringify(JSON.parse('{\"a\":[1]}'))", "{\"a\":[1]}"),
        ("(() => {}) instanceof Function", "true"),
        ("({}) instanceof Object && [] instanceof Array && new Error() instanceof Error", "true"),
        ("({ hasOwnProperty: 1 }).hasOwnProperty", "1"),
        ("Object.assign({}, { toString: 1 }).toString", "1"),
        ("structuredCloneless ?? 1", ""),
    ] {
        if expected.is_empty() {
            continue;
        }
        assert_eq!(eval(expression), expected, "{expression}");
    }
}

#[test]
fn time_is_the_envelopes_and_chance_repeats() {
    for (expression, expected) in [
        ("Date.now()", "1772352900250"),
        ("new Date().toISOString()", "2026-03-01T08:15:00.250Z"),
        ("new Date().getHours()", "8"),
        ("new Date().getTimezoneOffset()", "0"),
        ("new Date(2026, 2, 1, 8).toISOString()", "2026-03-01T08:00:00.000Z"),
        ("new Date('2026-07-01T08:00').toISOString()", "2026-07-01T08:00:00.000Z"),
        ("new Date('2026-07-01T08:00+02:00').toISOString()", "2026-07-01T06:00:00.000Z"),
        ("new Date('2026-07-01').toISOString()", "2026-07-01T00:00:00.000Z"),
        ("new Date('Jul 1 2026 08:00').toISOString()", "2026-07-01T08:00:00.000Z"),
        ("new Date('Jul 1 2026').toISOString()", "2026-07-01T00:00:00.000Z"),
        ("Date.parse('2026-07-01T08:00')", "1782892800000"),
        ("new Date(new Date(5)).getTime()", "5"),
        ("new Date('x').getTime()", "NaN"),
        ("new Date(0) + ''", "Thu, 01 Jan 1970 00:00:00 GMT"),
        ("Date()", "Sun, 01 Mar 2026 08:15:00 GMT"),
        ("new Date(0).toLocaleDateString()", "1970-01-01"),
        ("new Date(2026, 0, 1) instanceof Date", "true"),
        (
            "(() => { const d = new Date(0); d.setHours(5); return d.toISOString() })()",
            "1970-01-01T05:00:00.000Z",
        ),
        ("new (class extends Date { year() { return this.getFullYear() } })(0).year()", "1970"),
        ("new Date().constructor === Date", "true"),
        ("Math.random() >= 0 && Math.random() < 1 && Math.random() !== Math.random()", "true"),
    ] {
        assert_eq!(eval(expression), expected, "{expression}");
    }
    let text = "export default (msg, ctx) => { msg.set('r', [Math.random(), Math.random(), ctx.uuid()]+''); return msg; };";
    let (one, two) = (script(text), script(text));
    assert_eq!(call(&one, 1, "").gave, call(&two, 1, "").gave);
    assert_eq!(call(&one, 1, "").gave, call(&one, 1, "").gave);
    assert_ne!(call(&one, 1, "").gave, call(&one, 2, "").gave);
    // The parts of one envelope differ from each other.
    let envelope = envelope(1);
    let mut context = Context::new(&envelope, "adt");
    let Ok(Yield::Many(parts)) =
        one.apply_all(&mut context, vec![Box::new(Toy::new("")), Box::new(Toy::new(""))])
    else {
        panic!("two parts give two messages");
    };
    let texts: Vec<_> = parts.into_iter().map(|mut part| part.payload().unwrap().to_vec()).collect();
    assert_ne!(texts[0], texts[1]);
}

#[test]
fn the_zone_of_the_machine_makes_no_difference() {
    let code = "new Date('2026-07-01T08:00').getHours() + '|' + new Date(2026, 6, 1).toString() + '|' + new Date('Jul 1 2026 08:00').getHours()";
    assert_eq!(eval(code), "8|Wed, 01 Jul 2026 00:00:00 GMT|8");
}

#[test]
fn two_channels_are_apart() {
    let (first, second) = (host(), host());
    let file = sources(&[(
        "channels/a.ts",
        "export default (msg, ctx) => { msg.set('v', ctx.values.get('v', '-')); ctx.values.set('v', 'x'); return msg; };",
    )]);
    let (one, two) =
        (first.compile(&file, "channels/a.ts").unwrap(), second.compile(&file, "channels/a.ts").unwrap());
    for step in [&one, &two, &one] {
        assert_eq!(call(step, 1, "").gave, Ok(Gave::One("v=-\n".into())));
    }
    assert!(first.idle());
    assert_eq!(call(&two, 1, "").gave, Ok(Gave::One("v=-\n".into())));
}

#[test]
fn a_message_that_was_handed_on_is_empty() {
    let text =
        "export default async (msg) => { const copy = msg.copy(); const all = [msg, copy]; return all; };";
    assert!(matches!(call(&script(text), 1, "").gave, Ok(Gave::Many(_))));
    let made = "export default (msg) => new msg.constructor();";
    assert_eq!(error(made).0.text, "envelope 7: TypeError: a message is made with msg.copy()");
    let borrowed = "export default (msg) => { msg.get.call({}, 'a'); };";
    assert!(call(&script(borrowed), 1, "").gave.is_err());
}
