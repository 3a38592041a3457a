//! The `klinke` program: it runs a site from a folder of plain files, and holds the tools to look into
//! it. `klinke help` lists the verbs; each is one file below `cmd`.

mod cmd;
mod control;
mod demo;
mod lang;
mod out;
mod partner;
mod serve;
mod site;
mod wire;

use std::process::ExitCode;

fn main() -> ExitCode {
    cmd::run()
}
