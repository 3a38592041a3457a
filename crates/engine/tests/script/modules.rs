//! Imports: from the site's folder alone.

use crate::toy::*;

fn run(files: &[(&str, &str)]) -> String {
    let step = host().compile(&sources(files), files[0].0).unwrap_or_else(|error| panic!("{error}"));
    call(&step, 1, "").gave.unwrap_or_else(|error| panic!("{error}")).one()
}

fn refused(files: &[(&str, &str)]) -> String {
    host().compile(&sources(files), files[0].0).expect_err("an error").to_string()
}

const MAIN: &str = "export default (msg) => { msg.set('x', x()); return msg; };";

#[test]
fn every_form_of_import_and_export() {
    let lib = "export const a = 1; export function f() { return 2; } export class C { v = 3 }
        const inner = 4; export { inner as outer }; export default 5; export const { p, q: [r] } = { p: 6, q: [7] };
        export type T = string; export interface I {}";
    let main = "import five, { a, f as g, C, outer, p, r, type T, I } from 'lib/a.ts';
        import * as all from \"lib/a.ts\";
        import type { Nothing } from 'lib/nowhere.ts';
        import { again, b, five as fünf, everything } from './b.mts';
        import 'lib/a.ts';
        export default (msg) => {
            msg.set('x', [five, a, g(), new C().v, outer, p, r, all.default, all.a, again, b, fünf, everything.outer]);
            return msg; };"
        .replace("msg.set('x', [", "msg.set('x', String([")
        .replace("everything.outer]);", "everything.outer]));");
    let between = "export { a as again, default as five } from '../lib/a.ts'; export * from '../lib/c.js'; export * as everything from 'lib/a.ts';";
    let files = [
        ("channels/a.ts", main.as_str()),
        ("lib/a.ts", lib),
        ("channels/b.mts", between),
        ("lib/c.js", "export const b = 8; export default 9;"),
    ];
    assert_eq!(run(&files), "x=5,1,2,3,4,6,7,5,1,1,8,5,4\n");
}

#[test]
fn default_exports() {
    for main in [
        "export default (msg) => { msg.set('x', 1); return msg; }",
        "export default function (msg) { msg.set('x', 1); return msg; }\n(msg) => 5",
        "export default function main(msg) { msg.set('x', one()); return msg; } const one = () => 1;",
        "export default async function main(msg) { msg.set('x', 1); return msg; }",
        "const main = (msg) => { msg.set('x', 1); return msg; }; export { main as default };",
        "const main = (msg) => { msg.set('x', 1); return msg; };\nexport default main // no line end",
        "export\n  default\n(msg: any) => { msg.set('x', 1); return msg; }",
        "#!/usr/bin/env klinke\n'use strict'\nexport default (msg: any) => { msg.set('x', 1); return msg; } /* end",
    ] {
        let main =
            if main.ends_with("/* end") { main.replace("/* end", "/* end */") } else { main.to_owned() };
        assert_eq!(run(&[("channels/a.ts", &main)]), "x=1\n", "{main}");
    }
}

#[test]
fn a_module_runs_once_for_a_message_and_before_who_imports_it() {
    let files = [
        (
            "channels/a.ts",
            "import { x } from 'lib/a.ts'; import { n } from 'lib/b.ts'; export default (msg) => { msg.set('x', x + n.count); return msg; };",
        ),
        ("lib/a.ts", "import { n } from 'lib/b.ts'; n.count++; export const x = n.count;"),
        ("lib/b.ts", "export const n = { count: 1 };"),
    ];
    assert_eq!(run(&files), "x=4\n");
}

#[test]
fn imports_do_not_leave_the_site() {
    for specifier in [
        "/etc/passwd",
        "../../etc/passwd",
        "lib/../../x.ts",
        "file:///etc/passwd",
        "https://example.org/x.ts",
        "C:\\x.ts",
        "lib\\x.ts",
        "lib//x.ts",
        "fs",
        "std",
        "os",
        "qjs:std",
        "node:fs",
        "./",
        "lib/%2e%2e/x.ts",
        "..",
        "",
        "tables/wards.csv",
    ] {
        let main = format!("import {{ x }} from '{}'; {MAIN}", specifier.replace('\\', "\\\\"));
        let error = refused(&[("channels/a.ts", &main), ("x.ts", "export const x = 1;")]);
        assert!(error.starts_with("channels/a.ts:1:19: "), "{specifier}: {error}");
    }
}

#[test]
fn what_is_wrong_with_an_import_is_said_at_its_place() {
    for (files, expected) in [
        (
            vec![("a.ts", "\nimport { x } from 'lib/x'; export default x;"), ("lib/x.ts", "")],
            "a.ts:2:19: there is no script lib/x in the site; did you mean lib/x.ts?",
        ),
        (
            vec![
                ("a.ts", "import { x } from 'lib/x.ts'; export default x;"),
                ("lib/x.ts", "export const y = 1;"),
            ],
            "a.ts:1:10: lib/x.ts exports no x",
        ),
        (
            vec![
                ("a.ts", "import x from 'lib/x.ts'; export default x;"),
                ("lib/x.ts", "export const y = 1;"),
            ],
            "a.ts:1:8: lib/x.ts exports no default",
        ),
        (
            vec![("a.ts", "import { zap } from 'klinke'; export default zap;")],
            "a.ts:1:10: klinke exports no zap",
        ),
        (
            vec![("a.ts", "import 'lib/x.ts'; export default 1;"), ("lib/x.ts", "import '../a.ts';")],
            "lib/x.ts:1:8: a.ts imports this file in turn; a circle of imports is not supported",
        ),
        (
            vec![("a.ts", "import 'lib/x.ts'; export default 1;"), ("lib/x.ts", "\n enum A {}")],
            "lib/x.ts:2:2: enum needs code",
        ),
        (
            vec![
                ("a.ts", "import x from 'lib/x.ts' with { type: 'json' }; export default 1;"),
                ("lib/x.ts", ""),
            ],
            "a.ts:1:1: import takes no attributes here",
        ),
    ] {
        let error = refused(&files);
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn names_of_the_host_do_not_collide_silently() {
    let error = refused(&[
        ("a.ts", "const x = 1; import { x } from 'lib/x.ts'; export default () => x;"),
        ("lib/x.ts", "export const x = 1;"),
    ]);
    assert!(error.contains("redefinition"), "{error}");
    assert_eq!(
        run(&[(
            "a.ts",
            "const f0 = 1, m0 = 2, k = 3, $1 = 4; export default (msg) => { msg.set('x', f0 + m0 + k + $1); return msg; };"
        )]),
        "x=10\n"
    );
}
