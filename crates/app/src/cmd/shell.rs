//! `klinke completions` and `klinke man`.

use std::path::PathBuf;
use std::process::ExitCode;

use super::Ended;

/// Print completions for a shell
#[derive(clap::Args)]
#[command(after_help = "Example:\n  klinke completions bash > /etc/bash_completion.d/klinke")]
pub struct CompletionArgs {
    /// Which shell
    shell: clap_complete::Shell,
}

/// Write man pages into a folder
#[derive(clap::Args)]
#[command(after_help = "Example:\n  klinke man /usr/local/share/man/man1")]
pub struct ManArgs {
    /// The folder, made when it does not exist
    folder: PathBuf,
}

pub fn completions(args: &CompletionArgs, mut command: clap::Command) -> Ended {
    clap_complete::generate(args.shell, &mut command, "klinke", &mut std::io::stdout());
    Ok(ExitCode::SUCCESS)
}

pub fn man(args: &ManArgs, command: clap::Command) -> Ended {
    std::fs::create_dir_all(&args.folder)?;
    clap_mangen::generate_to(command, &args.folder)?;
    Ok(ExitCode::SUCCESS)
}
