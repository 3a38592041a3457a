//! `klinke test`: the site's own examples.

use std::process::ExitCode;

use super::Ended;
use super::common::SiteArg;
use crate::examples::{self, Verdict};
use crate::lang::Pick;
use crate::out::{Out, Tone};
use crate::site::{fault, load};
use crate::wire::World;

/// Run the site's examples
#[derive(clap::Args)]
#[command(after_help = "Examples:
  klinke test hospital/
  klinke test hospital/ --channel adt-to-ris --update

examples/<channel>/<name>.hl7 goes in; <name>.<destination>.hl7 beside it must come out.
Exit status: 0 all as expected, 1 something differs.")]
pub struct Args {
    #[command(flatten)]
    site: SiteArg,
    /// This channel alone
    #[arg(long)]
    channel: Option<String>,
    /// Write what comes out as what is expected from now on
    #[arg(long)]
    update: bool,
}

pub fn run(args: &Args, out: Out) -> Ended {
    let site =
        load::load(&args.site.folder, args.site.env.as_deref()).map_err(|faults| fault::as_error(&faults))?;
    let world = World::new(&site.node.zone)?;
    let verdicts = examples::run(&site, &world, args.channel.as_deref(), args.update)?;
    let passed = verdicts.iter().filter(|verdict| verdict.passed).count();
    if out.json {
        out.value(&verdicts)?;
    } else {
        show(&verdicts, passed, out);
    }
    Ok(if passed == verdicts.len() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn show(verdicts: &[Verdict], passed: usize, out: Out) {
    for verdict in verdicts {
        let mark = if verdict.passed { out.tone(Tone::Good, "✓") } else { out.tone(Tone::Bad, "✗") };
        out.line(format!("{mark} {}", verdict.example.display()));
        for difference in &verdict.differences {
            out.line(format!("    {difference}"));
        }
    }
    let failed = verdicts.len() - passed;
    let tone = if failed == 0 { Tone::Good } else { Tone::Bad };
    let text = out.lang.pick(
        format!("{passed} as expected, {failed} not"),
        format!("{passed} wie erwartet, {failed} nicht"),
    );
    out.line(out.tone(tone, text));
}
