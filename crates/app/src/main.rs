//! The `klinke` program: it runs a site from a folder of plain files, and holds the tools to look into
//! it. `klinke help` lists the verbs; each is one file below `cmd`.

mod alerts;
mod bench;
mod canary;
mod cmd;
mod control;
mod demo;
mod deploy;
mod diagnose;
mod dialect;
mod directory;
mod examples;
mod git;
mod halt;
mod html;
mod images;
mod lab;
mod lang;
mod media;
mod memory;
mod migrate;
mod out;
mod outgoing;
mod partner;
mod priors;
mod replay;
mod serve;
mod shadow;
mod site;
mod starter;
mod wire;

use std::process::ExitCode;

fn main() -> ExitCode {
    memory::settle();
    std::panic::set_hook(Box::new(|panic| {
        // A panic's message may hold what a partner sent: the place says enough to find the fault.
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        out::complain(&format!("klinke: a fault in the program at {place}"));
    }));
    cmd::run()
}
