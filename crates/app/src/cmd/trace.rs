//! `klinke trace`: one case across all channels, in the order of time.

use std::process::ExitCode;

use super::common::SiteFirst;
use super::{Ended, messages};
use crate::lang::Pick;
use crate::out::Out;
use klinke_console::house::request::{Find, Request};
use klinke_console::house::view::{MessageLine, together};

/// Follow one case through all channels
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  klinke trace hospital/ 4711\n\nThe identifier may be a patient's, a case's, an order's or a message's."
)]
pub struct Args {
    #[command(flatten)]
    site: SiteFirst,
    /// A patient, case, order or control identifier
    #[arg(value_name = "ID")]
    id: String,
    /// How many at most
    #[arg(long, default_value_t = 200)]
    limit: usize,
}

pub fn run(args: &Args, out: Out) -> Ended {
    let ask = |find| args.site.site().ask(Request::Messages(find));
    let found: Vec<Vec<MessageLine>> =
        Find::trace(&args.id, args.limit).map(ask).collect::<Result<_, _>>()?;
    let lines = together(found, args.limit);
    if out.json {
        out.value(&lines)?;
    } else if lines.is_empty() {
        out.line(
            out.lang.pick("nothing is known by this identifier", "zu dieser Kennung ist nichts bekannt"),
        );
    } else {
        messages::show_lines(&lines, out);
    }
    Ok(if lines.is_empty() { ExitCode::from(1) } else { ExitCode::SUCCESS })
}
