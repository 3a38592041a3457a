//! `klinke dicom`: what one asks of a DICOM partner by hand, and files looked at.

mod commit;
mod dump;
mod echo;
mod find;
mod keys;
mod partner;
mod retrieve;
mod store;
mod verify;

use super::Ended;
use crate::out::Out;

/// Speak DICOM by hand: echo, find, move, get, store, verify, commit; look at files
#[derive(clap::Args)]
#[command(after_help = "Examples:
  klinke dicom echo PACS@10.1.2.3:104
  klinke dicom find PACS@10.1.2.3:104 PatientName='muster*' StudyDate=20261101-
  klinke dicom store pacs --site hospital/ ct/
  klinke dicom verify pacs --site hospital/ ct/
  klinke dicom get PACS@10.1.2.3:104 StudyInstanceUID=1.2.3 --into study/
  klinke dicom dump image.dcm

A partner is AE@host:port, or with --site the name of a system that has a `dicom` entry.")]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Ask whether a partner is there and takes us (C-ECHO)
    Echo(echo::Args),
    /// Ask a partner what it has (C-FIND)
    Find(find::Args),
    /// Have a partner send instances to an AE title (C-MOVE)
    Move(retrieve::MoveArgs),
    /// Have a partner send instances here, as files (C-GET)
    Get(retrieve::GetArgs),
    /// Send files to a partner (C-STORE)
    Store(store::Args),
    /// Hold files against what a partner has (C-FIND)
    Verify(verify::Args),
    /// Ask a partner to commit itself to keep what is in files (storage commitment)
    Commit(commit::Args),
    /// Show what is in a file
    Dump(dump::Args),
}

pub fn run(args: &Args, out: Out) -> Ended {
    match &args.what {
        What::Echo(args) => echo::run(args, out),
        What::Find(args) => find::run(args, out),
        What::Move(args) => retrieve::run_move(args, out),
        What::Get(args) => retrieve::run_get(args, out),
        What::Store(args) => store::run(args, out),
        What::Verify(args) => verify::run(args, out),
        What::Commit(args) => commit::run(args, out),
        What::Dump(args) => dump::run(args, out),
    }
}

/// Runs what waits for a partner.
fn wait_for<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}
