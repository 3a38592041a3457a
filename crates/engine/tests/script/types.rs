//! TypeScript: what is erased, what is refused, and that places stay.

use klinke_engine::script::strip_types;
use proptest::prelude::*;

use crate::toy::*;

/// Erases types; runs of blanks shown as one, so that the expectation can be read.
fn erased(source: &str) -> String {
    let out = strip_types("a.ts", source).unwrap_or_else(|error| panic!("{source}: {error}"));
    assert_eq!(out.matches('\n').count(), source.matches('\n').count(), "{source}");
    strip_types("a.mjs", &out).unwrap_or_else(|error| panic!("{source} became {out}: {error}"));
    out.lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn types_are_erased() {
    for (source, expected) in [
        ("const a: string = 'x';", "const a = 'x';"),
        ("let a!: string;", "let a ;"),
        ("let a: string | undefined", "let a ;"),
        ("const f = (a: string, b?: number, ...c: any[]): void => {};", "const f = (a , b , ...c ) => {};"),
        (
            "function f<T extends { a: 1 }>(this: Foo, a: T = x as T): a is string { return a; }",
            "function f ( a = x ) { return a; }",
        ),
        ("const [a, { b }]: [string, { b: number }] = x;", "const [a, { b }] = x;"),
        ("type A = { a: string };", ";"),
        ("interface A extends B<C> { a(): void; }", ";"),
        (
            "declare const a: string;\ndeclare function f(): void;\ndeclare class C {}\ndeclare enum E { a }\ndeclare namespace N { let x }\ndeclare global { interface Q {} }",
            ";\n;\n;\n;\n;\n;",
        ),
        ("const x = a as string as const;", "const x = a ;"),
        ("const x = a satisfies B", "const x = a ;"),
        ("const x = a!.b!.c![0]!;", "const x = a .b .c [0] ;"),
        (
            "const x = f<string>(a), y = new Map<string, number[]>(), z = t<A>`x`, w = g<A>;",
            "const x = f (a), y = new Map (), z = t `x`, w = g ;",
        ),
        ("const x = a?.b<string>();", "const x = a?.b ();"),
        ("try {} catch (e: unknown) {}", "try {} catch (e ) {}"),
        ("for (const x of y as string[]) {}", "for (const x of y ) {}"),
        ("for (let i: number = 0; i < 3; i++) {}", "for (let i = 0; i < 3; i++) {}"),
        (
            "function f(a: string): string;\nfunction f(a: any) { return a; }",
            ";\nfunction f(a ) { return a; }",
        ),
        (
            "abstract class A<T> extends B<T> implements C, D<T> { abstract x: string; abstract f(): void; g() {} }",
            "class A extends B { ; ; g() {} }",
        ),
        (
            "class A { private readonly x: string = ''; static public y?: number; z!: T; declare w: T; [k: string]: any; }",
            "class A { x = ''; static y ; z ; ; ; }",
        ),
        (
            "class A { constructor(a: string); constructor(a: any) {} private async *f?(): X {} get a(): T { return 1 } static override b(): T {} }",
            "class A { ; constructor(a ) {} async *f () {} get a() { return 1 } static b() {} }",
        ),
        (
            "import type { A } from 'lib/a.ts';\nimport { type B } from 'lib/a.ts';\nexport type { A };\nexport type C = A;\nexport interface D {}",
            ";\n;\n;\n;\n;",
        ),
        ("const r = <T,>(x: T) => x;", "const r = (x ) => x;"),
        (
            "const o = { f<T>(a: T): T { return a; }, async *g(): X {}, get h(): string { return ''; } };",
            "const o = { f (a ) { return a; }, async *g() {}, get h() { return ''; } };",
        ),
        ("const a = `x${b as string}y`;", "const a = `x${b }y`;"),
        ("(a as any) = 5; (b!) = 6; c! += 1;", "(a ) = 5; (b ) = 6; c += 1;"),
        ("label: for (;;) { break label; }", "label: for (;;) { break label; }"),
        (
            "const type = 1, as = type, declare = as; type; abstract = 2;",
            "const type = 1, as = type, declare = as; type; abstract = 2;",
        ),
        (
            "class A { readonly; private; static; declare = 1; abstract() {} }",
            "class A { readonly; private; static; declare = 1; abstract() {} }",
        ),
        ("enum_ = 1; a < b, c > d;", "enum_ = 1; a < b, c > d;"),
    ] {
        assert_eq!(erased(source), expected, "{source}");
    }
}

/// Blanking must not join what a type kept apart, nor part what belongs together.
#[test]
fn line_ends_keep_their_meaning() {
    for (text, expected) in [
        ("let x: any = 1\ntype T = string\n(globalThis as any).y\nmsg.set('o', x)", "1"),
        ("const f = (a: any) => 'called'\nlet x = f as any\n(1 as any)\nmsg.set('o', typeof x)", "function"),
        ("class A { a = 1\n private ['b'] = 2\n private *c() {} }\nmsg.set('o', new A().b)", "2"),
        ("const f = (a: string): {\n b: string\n} => ({ b: a });\nmsg.set('o', f('1').b)", "1"),
        ("const f = async <\nT\n>(a: T) => a;\nmsg.set('o', typeof f)", "function"),
        ("const g = () => { return <\nT,\n>(a: T) => a; };\nmsg.set('o', typeof g())", "function"),
        ("if (true) msg.set('o', 1) as unknown\nelse msg.set('o', 2)", "1"),
        ("const o = { a: 1 } as { a: number }\n;[2].forEach((x) => msg.set('o', x + o.a))", "3"),
        (
            "let größe: Größe = 5 as Maß\n[1].length\nmsg.set('o', größe)\ntype Größe = any; type Maß = any",
            "5",
        ),
        ("class B { x: string\n ['y'] = 3 }\nmsg.set('o', new B().y)", "3"),
    ] {
        let text = format!("export default (msg: any) => {{ {text}\nreturn msg; }};");
        let gave = call(&script(&text), 1, "").gave.unwrap_or_else(|error| panic!("{text}: {error}")).one();
        assert_eq!(gave, format!("o={expected}\n"), "{text}");
    }
}

#[test]
fn what_needs_code_is_refused_with_its_place() {
    for (source, line, column, words) in [
        ("\n  enum A { a }", 2, 3, "enum needs code"),
        ("const enum A { a }", 1, 1, "enum needs code"),
        ("export enum A { a }", 1, 1, "need code"),
        ("namespace N { export const x = 1 }", 1, 1, "namespace needs code"),
        ("export namespace N { export const x = 1 }", 1, 1, "need code"),
        ("class A { constructor(private a: string) {} }", 1, 23, "a parameter that is also a property"),
        ("class A { constructor(readonly a: string) {} }", 1, 23, "a parameter that is also a property"),
        ("@dec class A {}", 1, 1, "decorators"),
        ("class A { @dec x() {} }", 1, 11, "decorators"),
        ("import x = require('y');", 1, 1, "import x ="),
        ("export = 5;", 1, 1, "export ="),
        ("const x = <string>y;", 1, 11, "`value as Type`"),
        ("class A { accessor x = 1 }", 1, 11, "accessor"),
        ("const x = 1 + a as number * 2;", 1, 11, "parentheses"),
        ("await x;", 1, 1, "await outside"),
        ("const x = import('y');", 1, 11, "import()"),
        ("const x = import.meta.url;", 1, 11, "import.meta"),
        ("export let x = 1;", 1, 8, "must be const"),
        ("const x = ;", 1, 11, "unexpected token"),
        ("const ä = 1; const x = ;", 1, 24, "unexpected token"),
    ] {
        let error = strip_types("lib/a.ts", source).expect_err(source);
        assert_eq!((error.line, error.column), (line, column), "{source}: {error}");
        assert!(error.text.contains(words), "{source}: {error}");
        assert_eq!(error.file, "lib/a.ts");
    }
    assert!(strip_types("a.js", "const x: string = 1;").is_err());
    assert!(strip_types("a.tsx", "1").is_err());
    assert!(strip_types("a", "1").is_err());
}

/// Whatever stays, stays at its byte.
fn tokens_stay(source: &str, out: &str) {
    assert!(out.len() >= source.len());
    let differ = source.bytes().zip(out.bytes()).filter(|(a, b)| a != b);
    for (was, is) in differ {
        assert!(
            is == b' ' || is == b';' || is == b'(' || is == b')' || !is.is_ascii(),
            "{was} became {is}:\n{source}\n{out}"
        );
    }
}

/// Nesting without end is an error or read, never a crash.
#[test]
fn deep_nesting_is_survived() {
    for (open, close, count) in [
        ("!", "", 100_000),
        ("[", "]", 60_000),
        ("1+", "", 60_000),
        ("a=>", "", 40_000),
        ("a?1:", "", 30_000),
        ("-(", ")", 18),
        ("{a:", "}", 30_000),
        ("`${", "}`", 20_000),
    ] {
        let source = format!("export const x = {}1{};", open.repeat(count), close.repeat(count));
        let _ = strip_types("a.ts", &source);
        let _ = strip_types("a.js", &source);
    }
    let types = format!("type T = {}string{};", "A<".repeat(30_000), ">".repeat(30_000));
    let _ = strip_types("a.ts", &types);
    assert!(strip_types("a.ts", &" ".repeat(1 << 20)).is_err());
}

const PIECES: [&str; 34] = [
    "const a: string = 'ä'",
    "let b!: Größe<ß>",
    "type T = { x: 'ü' }",
    "interface I { a(): void }",
    "(a as any)",
    "[1].length",
    "f<string>(a!)",
    "declare const z: any",
    "class C<T> implements I { private x?: T\n readonly [k] = 1\n abstract y: T }",
    "abstract class D { abstract f(): void\n public *g(): any {} }",
    "const g = async <T,>(x: T): Promise<T> => x",
    "const h = (a: any): {\n x: 1 } => a",
    "function o(a: string): void;function o(a: any) {}",
    "if (a) b as T",
    "else c",
    "for (const x of y as any[]) {}",
    "return",
    "a satisfies B",
    "`x${a as T}`",
    "// comment: string",
    "/* as T */",
    "{ x as any }",
    "try { } catch (e: unknown) { }",
    "() => a!",
    "import type { A } from 'lib/a.ts'",
    "import { b as B, type C } from \"lib/b.ts\"",
    "export const e: number = 1",
    "export type { T }",
    "export default (m: any) => m",
    "label: while (a as T) { break label }",
    "a < b > (c)",
    "new Map<string, X>",
    "throw new Error(`x` as string)",
    "😀",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_erased_is_javascript_with_as_many_lines(
        pieces in prop::collection::vec((0..PIECES.len(), 0..4usize), 1..12)
    ) {
        let source: String = pieces.iter().map(|&(piece, joint)| {
            format!("{}{}", PIECES[piece], [";", "\n", ";\n", " "][joint])
        }).collect();
        if let Ok(out) = strip_types("a.ts", &source) {
            prop_assert_eq!(out.matches('\n').count(), source.matches('\n').count());
            // The end of an anonymous default export gets a semicolon of its own.
            if !source.contains("export default") {
                tokens_stay(&source, &out);
            }
            let again = strip_types("a.mjs", &out);
            prop_assert!(again.is_ok(), "{}\nbecame\n{}\n{:?}", source, out, again);
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,80}", cut in 0..200usize) {
        let _ = strip_types("a.ts", &text);
        let all = PIECES.join("\n");
        let end = (0..=cut.min(all.len())).rev().find(|&at| all.is_char_boundary(at)).unwrap_or(0);
        let _ = strip_types("a.ts", &format!("{}{text}", &all[..end]));
    }
}
