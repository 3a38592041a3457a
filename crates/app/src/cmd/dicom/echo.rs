//! `klinke dicom echo`.

use std::process::ExitCode;
use std::time::Instant;

use klinke_adapters::dicom::scu;
use serde_json::json;

use super::partner::Partner;
use super::wait_for;
use crate::cmd::Ended;
use crate::lang::Pick;
use crate::out::{Out, Tone};

/// Ask whether a partner is there and takes us (C-ECHO)
#[derive(clap::Args)]
#[command(after_help = "Example:
  klinke dicom echo PACS@10.1.2.3:104 --from CT1

Exit status: 0 it answers, 1 it answers with an error, 2 there is no association.")]
pub struct Args {
    #[command(flatten)]
    partner: Partner,
}

pub fn run(args: &Args, out: Out) -> Ended {
    let (peer, calling) = args.partner.open()?;
    let began = Instant::now();
    let status = wait_for(async { Ok(scu::echo(&peer, &calling).await?) })?;
    let millis = began.elapsed().as_secs_f64() * 1_000.0;
    let is_well = status.code() == 0;
    if out.json {
        out.value(&json!({ "ae_title": peer.ae_title, "status": status.code(), "millis": millis }))?;
    } else {
        let tone = if is_well { Tone::Good } else { Tone::Bad };
        let word = out.lang.pick("answers", "antwortet");
        let text = format!("{} {word}: {:04X}H {}", peer.ae_title, status.code(), status.text(None));
        out.line(format!("{}  {millis:.1} ms", out.tone(tone, text)));
    }
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
