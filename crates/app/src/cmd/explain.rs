//! `klinke explain`: a message in plain words.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use klinke_formats::explain::{self, NotHl7};
use klinke_hl7v2::definitions;

use super::Ended;
use super::common::read_input;
use crate::lang::{Language, Pick};
use crate::out::{Out, complain};
use crate::site::{fault, load};

/// Put a message into plain words
#[derive(clap::Args)]
#[command(after_help = "Examples:
  klinke explain admission.hl7
  klinke explain --lang de - < result.hl7

Exit status: 0 explained, 1 explained with deviations worth a look, 3 not HL7.")]
pub struct Args {
    /// A file, `-` for standard input
    file: PathBuf,
    /// The charset of messages that don't say theirs
    #[arg(long)]
    charset: Option<String>,
    /// A site whose own definitions (definitions.toml) are known, too
    #[arg(long, value_name = "SITE")]
    site: Option<PathBuf>,
    /// The first paragraph alone
    #[arg(long)]
    short: bool,
}

pub fn run(args: &Args, out: Out) -> Ended {
    let bytes = read_input(&args.file)?;
    let language = match out.lang {
        Language::En => definitions::Language::En,
        Language::De => definitions::Language::De,
    };
    let site =
        args.site.as_ref().map(|folder| load::load(folder, None).map_err(|faults| fault::as_error(&faults)));
    let site = site.transpose()?;
    let local = site.as_ref().map(|site| &site.local);
    let explanation = match explain::explain(&bytes, local, args.charset.as_deref(), language) {
        Ok(explanation) => explanation,
        Err(NotHl7(error)) => {
            let text = out.lang.pick("this is no HL7 v2 message", "das ist keine HL7-v2-Nachricht");
            complain(&format!("klinke: {}: {text}: {error}", args.file.display()));
            return Ok(ExitCode::from(3));
        }
    };
    if out.json {
        out.value(&explanation)?;
    } else if args.short {
        out.line(&explanation.summary);
    } else {
        out.line(explanation.to_text(out.colour && std::io::stdout().is_terminal()));
    }
    Ok(if explanation.is_clean() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
