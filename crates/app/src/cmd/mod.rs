//! The verbs of the command line, one file each.

mod alerts;
mod archive;
mod audit;
mod bench;
mod canary;
mod channel;
mod check;
mod common;
mod demo;
mod deploy;
pub mod diagnose;
mod dicom;
mod draft;
mod explain;
mod german;
mod german_images;
mod help;
mod learn;
mod link;
mod listen;
mod media;
mod messages;
mod migrate;
mod new;
mod people;
mod queue;
mod refusal;
mod replay;
mod rhythm;
mod schema;
mod send;
mod serve;
mod shadow;
mod shell;
mod status;
mod test;
mod trace;
mod trial;
mod upkeep;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use crate::lang;
use crate::out::{Out, complain};

/// Connects a hospital: HL7 v2, files, TCP and HTTP; keeps every message until it is delivered.
#[derive(Parser)]
#[command(name = "klinke", version, max_term_width = 100, propagate_version = true)]
pub struct Cli {
    /// Language of texts: de or en [default: that of the environment]
    #[arg(long, global = true, value_name = "LANG")]
    lang: Option<String>,
    /// Answer as JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Make a new site to start from
    New(new::Args),
    /// Check a site's files
    Check(check::Args),
    /// Run the site's examples
    Test(test::Args),
    /// Put a message into plain words
    Explain(explain::Args),
    /// Run a site
    Serve(serve::Args),
    /// Say how the channels of a site stand
    Status(status::Args),
    /// Learn a partner's dialect, say what is new in its messages, or invent test messages
    Learn(Box<learn::Args>),
    /// Draft a channel from messages as they come and as they are wanted
    Draft(draft::Args),
    /// Say what is wrong, whose fault it is, and whom to call
    Diagnose(diagnose::Args),
    /// List, search, show, export, resend or edit messages
    Messages(messages::Args),
    /// Follow one case through all channels
    Trace(trace::Args),
    /// Show what waits; hold, release, skip, give up or revive
    Queue(queue::Args),
    /// Show alerts and who was told; acknowledge, mute, or try whether they arrive
    Alerts(alerts::Args),
    /// Read, check or export the audit log, and say who has seen a patient
    Audit(audit::Args),
    /// List, add, remove or change accounts of the console
    People(people::Args),
    /// Send messages over MLLP and show the answers
    Send(send::Args),
    /// Listen as a partner would, and answer AA, AE, late, never or wrong
    Listen(listen::Args),
    /// Run kept messages through a changed channel and show what differs
    Replay(replay::Args),
    /// Say in which rhythm a system sends, what is expected now, and what came
    Rhythm(rhythm::Args),
    /// Let a changed channel handle some of the messages, and stop it when it fares worse
    Canary(canary::Args),
    /// Say which channels run; stop one, or start it again
    Channel(channel::Args),
    /// Let a changed channel run along without delivering, and say what differs
    Shadow(shadow::Args),
    /// Bring another revision of a running site to life, if it passes
    Deploy(deploy::DeployArgs),
    /// Go back to an earlier revision of a running site
    Rollback(deploy::RollbackArgs),
    /// Copy the store while the site runs
    Backup(upkeep::BackupArgs),
    /// Make a store from a backup
    Restore(upkeep::RestoreArgs),
    /// Check every stored byte
    Verify(upkeep::SiteArgs),
    /// Remove what the site's retention allows
    Prune(upkeep::SiteArgs),
    /// Play a small hospital in one process
    Demo(demo::Args),
    /// Measure the whole way against the bare socket
    Bench(bench::Args),
    /// Speak DICOM by hand: echo, find, move, get, store; look at files
    Dicom(dicom::Args),
    /// Look after the DICOM archive: check, correct, hold, throw away, restore; media
    Archive(archive::Args),
    /// Make a signed link that opens a study in the viewer, without an account
    Link(link::Args),
    /// Take over an old archive: inventory, studies, check, report
    Migrate(migrate::Args),
    /// Write JSON Schemas of the site's files, for editors
    Schema(schema::Args),
    /// Print completions for a shell
    Completions(shell::CompletionArgs),
    /// Write man pages into a folder
    Man(shell::ManArgs),
}

/// How a verb ended: 0 as wished, 1 something found, 2 not done.
pub type Ended = anyhow::Result<ExitCode>;

/// Runs the command line.
pub fn run() -> ExitCode {
    let cli: Cli = match help::parse(std::env::args_os().collect()) {
        Ok(cli) => cli,
        Err(ended) => return ended,
    };
    let out = Out::new(cli.json, lang::asked(cli.lang.as_deref()));
    let ended = match cli.verb {
        Verb::New(args) => new::run(&args, out),
        Verb::Check(args) => check::run(&args, out),
        Verb::Test(args) => test::run(&args, out),
        Verb::Explain(args) => explain::run(&args, out),
        Verb::Serve(args) => serve::run(&args, out),
        Verb::Status(args) => status::run(&args, out),
        Verb::Learn(args) => learn::run(&args, out),
        Verb::Draft(args) => draft::run(&args, out),
        Verb::Diagnose(args) => diagnose::run(&args, out),
        Verb::Messages(args) => messages::run(&args, out),
        Verb::Trace(args) => trace::run(&args, out),
        Verb::Queue(args) => queue::run(&args, out),
        Verb::Alerts(args) => alerts::run(&args, out),
        Verb::Audit(args) => audit::run(&args, out),
        Verb::People(args) => people::run(&args, out),
        Verb::Send(args) => send::run(&args, out),
        Verb::Listen(args) => listen::run(&args, out),
        Verb::Replay(args) => replay::run(&args, out),
        Verb::Rhythm(args) => rhythm::run(&args, out),
        Verb::Canary(args) => canary::run(&args, out),
        Verb::Channel(args) => channel::run(&args, out),
        Verb::Shadow(args) => shadow::run(&args, out),
        Verb::Deploy(args) => deploy::deploy(&args, out),
        Verb::Rollback(args) => deploy::rollback(&args, out),
        Verb::Backup(args) => upkeep::backup(&args, out),
        Verb::Restore(args) => upkeep::restore(&args, out),
        Verb::Verify(args) => upkeep::verify(&args, out),
        Verb::Prune(args) => upkeep::prune(&args, out),
        Verb::Dicom(args) => dicom::run(&args, out),
        Verb::Archive(args) => archive::run(&args, out),
        Verb::Link(args) => link::run(&args, out),
        Verb::Migrate(args) => migrate::run(&args, out),
        Verb::Demo(args) => demo::run(&args, out),
        Verb::Bench(args) => bench::run(&args, out),
        Verb::Schema(args) => schema::run(&args, out),
        Verb::Completions(args) => shell::completions(&args, Cli::command()),
        Verb::Man(args) => shell::man(&args, Cli::command()),
    };
    ended.unwrap_or_else(|error| {
        complain(&format!("klinke: {error:#}"));
        ExitCode::from(2)
    })
}
