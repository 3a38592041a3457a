//! What a script costs: the call, the runtime, its memory. `cargo bench -p klinke-engine --bench script`

// A bench prints its figures; its helpers may unwrap as tests do.
#![allow(clippy::print_stdout, clippy::unwrap_used, dead_code)]

#[path = "../tests/script/toy.rs"]
mod toy;

use std::time::{Duration, Instant};

use klinke_engine::document::Document;
use klinke_engine::script::{Limits, ScriptHost};
use klinke_engine::step::{Context, Step};
use toy::{Toy, envelope, sources};

/// The fastest of several rounds, in nanoseconds for one.
fn time(rounds: u32, mut once: impl FnMut(u32) -> Duration) -> f64 {
    (0..7).map(|_| once(rounds).as_nanos() as f64 / f64::from(rounds)).fold(f64::INFINITY, f64::min)
}

fn call(name: &str, files: &[(&str, &str)]) {
    let host = ScriptHost::new(Limits::default());
    let step = host.compile(&sources(files), files[0].0).unwrap();
    let message: String = (0..40).map(|at| format!("key{at}=a value of some twenty bytes\n")).collect();
    let document = Toy::new(&message);
    let envelope = envelope(1);
    let run = |rounds: u32| {
        let mut documents: Vec<Box<dyn Document>> = (0..rounds).map(|_| document.fork()).collect();
        let begin = Instant::now();
        while let Some(document) = documents.pop() {
            let mut context = Context::new(&envelope, "adt");
            std::hint::black_box(step.apply(&mut context, document).unwrap());
        }
        begin.elapsed()
    };
    println!("{name:<44} {:>9.2} µs", time(2000, run) / 1000.0);
    println!("{:<44} {:>9} KB", "  its runtime then holds", host.memory_bytes() / 1024);
}

fn main() {
    let set = "export default (msg, ctx) => { msg.set(\"key5\", \"RADIO\"); return msg; };";
    call("call: return msg", &[("a.ts", "export default (msg) => msg;")]);
    call("call: one msg.set", &[("a.ts", set)]);
    let more = "export default (msg: any, ctx: any) => { if (msg.get('key1') === '') return; \
        for (let i = 0; i < 8; i++) msg.set('key' + i, msg.get('key' + (i + 1)).toUpperCase()); \
        ctx.values.set('seen', ctx.received); return msg; };";
    call("call: nine gets, eight sets", &[("a.ts", more)]);
    let table: String = (0..500).map(|at| format!("w{at}: 'Ward {at}',")).collect();
    let lib = format!("const wards = {{ {table} }}; export const ward = (x) => wards[x] ?? x;");
    let main = "import { ward } from 'lib/w.ts'; export default (msg) => { msg.set('key5', ward('w7')); return msg; };";
    call("call: with a table of 500 in lib/", &[("a.ts", main), ("lib/w.ts", &lib)]);

    let files = sources(&[("a.ts", set)]);
    let compile = |rounds: u32| {
        let begin = Instant::now();
        for _ in 0..rounds {
            std::hint::black_box(ScriptHost::new(Limits::default()).compile(&files, "a.ts").unwrap());
        }
        begin.elapsed()
    };
    println!("{:<44} {:>9.1} µs", "compile and check at load", time(20, compile) / 1000.0);
    let host = ScriptHost::new(Limits::default());
    let step = host.compile(&files, "a.ts").unwrap();
    let envelope = envelope(1);
    let wake = |rounds: u32| {
        let begin = Instant::now();
        for _ in 0..rounds {
            host.idle();
            let mut context = Context::new(&envelope, "adt");
            std::hint::black_box(step.apply(&mut context, Box::new(Toy::new(""))).unwrap());
        }
        begin.elapsed()
    };
    println!("{:<44} {:>9.1} µs", "first message: runtime, script, call", time(20, wake) / 1000.0);
    let erase = |rounds: u32| {
        let begin = Instant::now();
        for _ in 0..rounds {
            std::hint::black_box(klinke_engine::script::strip_types("a.ts", more).unwrap());
        }
        begin.elapsed()
    };
    println!("{:<44} {:>9.1} µs", "erase the types of a 300-byte script", time(200, erase) / 1000.0);
}
