//! `klinke bench`: the whole way against the bare socket.

use std::path::PathBuf;
use std::process::ExitCode;

use super::Ended;
use crate::bench::{self, Plan, Report, Way};
use crate::lang::Pick;
use crate::out::{Out, bytes};

/// Measure the whole way against the bare socket
#[derive(clap::Args)]
#[command(after_help = "Examples:
  klinke bench
  klinke bench --messages 50000 --json

Needs a few seconds and some hundred megabytes in the folder for temporary files.")]
pub struct Args {
    /// Messages of each measurement
    #[arg(long, default_value_t = 20_000)]
    messages: usize,
    /// Connections of the load
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Where to measure; a new folder in the system's folder for temporary files when absent
    #[arg(long)]
    folder: Option<PathBuf>,
}

pub fn run(args: &Args, out: Out) -> Ended {
    let folder = args
        .folder
        .clone()
        .unwrap_or_else(|| std::env::temp_dir().join(format!("klinke-bench-{}", std::process::id())));
    std::fs::create_dir_all(&folder)?;
    let plan = Plan {
        messages: args.messages.max(100),
        connections: args.connections.max(1),
        floor_connections: 16,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let measured = runtime.block_on(bench::measure(&folder, plan, out));
    if args.folder.is_none() {
        let _ = std::fs::remove_dir_all(&folder);
    }
    let report = measured?;
    match out.json {
        true => out.value(&report)?,
        false => show(&report, out),
    }
    Ok(ExitCode::SUCCESS)
}

fn show(report: &Report, out: Out) {
    let way = |way: &Way| {
        vec![
            format!("{:.0}/s", way.rate),
            format!("{:.2}", way.of_floor),
            format!("{:.2} s", way.cpu_seconds_per_10000),
        ]
    };
    let heading = out.lang.pick(
        ["", "rate", "of the floor", "CPU per 10,000"],
        ["", "Rate", "Anteil am Boden", "CPU je 10 000"],
    );
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    let mut row = |name: &str, cells: Vec<String>| rows.push([vec![name.to_owned()], cells].concat());
    row(
        out.lang.pick("floor: sender to sink", "Boden: Sender zum Empfänger"),
        vec![format!("{:.0}/s", report.floor)],
    );
    row(out.lang.pick("lanes by patient", "Spuren nach Patient"), way(&report.lanes));
    row(out.lang.pick("one lane", "eine Spur"), way(&report.single));
    out.line("");
    out.table(&rows);
    let one = &report.one_by_one;
    out.line(out.lang.pick(
        format!("one at a time: {:.0} µs (p95 {:.0} µs); three fdatasync of {:.0} µs and 150 µs are {:.0} µs", one.p50, one.p95, report.fdatasync_micros, one.aim),
        format!("eine nach der anderen: {:.0} µs (p95 {:.0} µs); drei fdatasync zu {:.0} µs und 150 µs sind {:.0} µs", one.p50, one.p95, report.fdatasync_micros, one.aim),
    ));
    let slowest = report.pages.iter().max_by(|one, other| one.p50.total_cmp(&other.p50));
    let (page, millis) = slowest.map_or(("", 0.0), |page| (page.path.as_str(), page.p50));
    let (watched, replay) = (report.watched * 100.0, report.replay);
    out.line(out.lang.pick(
        format!("with five people at the console: {watched:.0} % of the rate; replay {replay:.0}/s; slowest page {page} {millis:.1} ms"),
        format!("mit fünf Leuten an der Konsole: {watched:.0} % der Rate; Wiederholung {replay:.0}/s; langsamste Seite {page} {millis:.1} ms"),
    ));
    out.line(out.lang.pick(
        format!(
            "message {} B, on disk {:.0} B each; memory {}",
            report.message_bytes,
            report.disk_bytes,
            bytes(out.lang, report.resident_bytes)
        ),
        format!(
            "Nachricht {} B, auf der Platte je {:.0} B; Speicher {}",
            report.message_bytes,
            report.disk_bytes,
            bytes(out.lang, report.resident_bytes)
        ),
    ));
}
