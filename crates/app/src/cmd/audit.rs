//! `klinke audit`: who did what; whether the log is whole; who has seen a patient.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use serde_json::Value;

use super::Ended;
use super::common::{SiteArg, SiteFirst};
use crate::lang::Pick;
use crate::out::{Out, Tone};
use klinke_console::audit::log::{LINES_MAX, Line, Wanted};
use klinke_console::audit::request::Ask;
use klinke_console::audit::saw::{How, Seen};
use klinke_console::audit::{Action, Outcome, csv, syslog};
use klinke_console::house::request::Request;

/// Read, check or export the audit log, and say who has seen a patient
#[derive(clap::Args)]
#[command(after_help = "Examples:
  klinke audit list hospital/
  klinke audit list hospital/ --who anna --from 2026-11-24
  klinke audit verify hospital/
  klinke audit verify hospital/ --seal 4711:0a1b...
  klinke audit who-saw hospital/ 700012
  klinke audit export hospital/ --format syslog --to audit.log

Exit status: 0 found or whole, 1 nothing found or not whole.")]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// The newest entries
    List {
        #[command(flatten)]
        site: SiteArg,
        /// Of this account or user alone
        #[arg(long)]
        who: Option<String>,
        /// Of this kind alone: log-in, open-payload, search ...
        #[arg(long)]
        action: Option<String>,
        #[command(flatten)]
        time: Time,
        /// How many
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Check that nothing was changed, removed or put in
    Verify {
        #[command(flatten)]
        site: SiteArg,
        /// A seal that the log of `serve` told earlier, as number:hash
        #[arg(long, value_name = "SEAL")]
        seal: Option<String>,
    },
    /// Write entries out for other programs
    Export {
        #[command(flatten)]
        site: SiteArg,
        /// What it is written as
        #[arg(long, value_enum, default_value_t = Format::Syslog)]
        format: Format,
        /// The file to write; standard output when absent
        #[arg(long)]
        to: Option<PathBuf>,
        #[command(flatten)]
        time: Time,
    },
    /// Who has seen a patient's data
    WhoSaw {
        #[command(flatten)]
        site: SiteFirst,
        /// The patient's identifier
        #[arg(value_name = "PATIENT")]
        patient: String,
        #[command(flatten)]
        time: Time,
    },
}

#[derive(clap::Args, Default)]
struct Time {
    /// Made at or after: 2026-11-24 or 2026-11-24T08:15:00 (UTC)
    #[arg(long)]
    from: Option<String>,
    /// Made before
    #[arg(long)]
    until: Option<String>,
}

impl Time {
    fn wanted(&self, limit: usize) -> Result<Wanted> {
        let time = |text: &Option<String>| text.as_deref().map(super::messages::time).transpose();
        Ok(Wanted { from: time(&self.from)?, until: time(&self.until)?, limit, ..Wanted::default() })
    }
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Format {
    /// RFC 5424 lines with DICOM audit messages (PS3.15 A.5)
    Syslog,
    /// A table
    Csv,
    /// One JSON object a line
    Json,
}

pub fn run(args: &Args, out: Out) -> Ended {
    match &args.what {
        What::List { site, who, action, time, limit } => {
            let action = action.as_deref().map(named).transpose()?;
            let wanted = Wanted { who: who.clone(), action, ..time.wanted(*limit)? };
            list(site, wanted, out)
        }
        What::Verify { site, seal } => verify(site, seal.clone(), out),
        What::Export { site, format, to, time } => export(site, *format, to.as_deref(), time),
        What::WhoSaw { site, patient, time } => who_saw(&site.site(), patient, time, out),
    }
}

fn named(word: &str) -> Result<Action> {
    let all = || Action::ALL.map(Action::name).join(", ");
    Action::named(word).with_context(|| format!("`{word}` is none of {}", all()))
}

fn list(site: &SiteArg, wanted: Wanted, out: Out) -> Ended {
    let lines: Vec<Line> = site.ask(Request::Audit(Ask::List(wanted)))?;
    if out.json {
        out.value(&lines)?;
    } else if lines.is_empty() {
        out.line(out.lang.pick("no entry found", "kein Eintrag gefunden"));
    } else {
        out.table(&table(lines.iter(), out));
    }
    Ok(if lines.is_empty() { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

/// Entries as rows, the heading first.
fn table<'a>(lines: impl Iterator<Item = &'a Line>, out: Out) -> Vec<Vec<String>> {
    let heading = out.lang.pick(
        ["number", "time", "who", "from", "what", "of what", "why"],
        ["Nummer", "Zeit", "wer", "von", "was", "woran", "warum"],
    );
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    for line in lines {
        let Some(entry) = &line.entry else {
            rows.push(vec![line.id.to_string(), line.at.clone(), "?".to_owned()]);
            continue;
        };
        let (english, german) = entry.action.words();
        let what = out.lang.pick(english, german);
        let what = match entry.outcome {
            Outcome::Done => what.to_owned(),
            Outcome::Refused => {
                out.tone(Tone::Bad, out.lang.pick("refused: ", "abgewiesen: ").to_owned() + what)
            }
            Outcome::Failed => {
                out.tone(Tone::Warn, out.lang.pick("failed: ", "gescheitert: ").to_owned() + what)
            }
        };
        let who = match (&entry.who.via, entry.who.name.as_str()) {
            (Some(via), name) => format!("{name} ({via})"),
            (None, "") => out.lang.pick("nobody known", "niemand Bekanntes").to_owned(),
            (None, name) => name.to_owned(),
        };
        let why = [entry.purpose.as_deref(), entry.note.as_deref()].into_iter().flatten().collect::<Vec<_>>();
        rows.push(vec![
            line.id.to_string(),
            line.at.clone(),
            shown(&who),
            shown(&entry.from),
            what,
            shown(&object(&entry.object, out)),
            shown(&why.join("; ")),
        ]);
    }
    rows
}

/// What people typed, without what a terminal would obey.
fn shown(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '·' } else { c }).collect()
}

fn object(object: &klinke_console::audit::Object, out: Out) -> String {
    let mut parts = Vec::new();
    let (patients, envelopes) = out.lang.pick(("patient ", "message "), ("Patient ", "Nachricht "));
    if !object.patients.is_empty() {
        parts.push(patients.to_owned() + &object.patients.join(" "));
    }
    if !object.envelopes.is_empty() {
        let numbers: Vec<_> = object.envelopes.iter().map(u64::to_string).collect();
        parts.push(envelopes.to_owned() + &numbers.join(" "));
    }
    parts.extend(object.sought.iter().map(|(name, value)| format!("{name}={value}")));
    let places = [&object.channel, &object.system, &object.destination, &object.account];
    parts.extend(places.into_iter().flatten().cloned());
    parts.join(", ")
}

fn verify(site: &SiteArg, noted: Option<String>, out: Out) -> Ended {
    let report: Value = site.ask(Request::Audit(Ask::Verify { noted }))?;
    let faults = report["faults"].as_array().cloned().unwrap_or_default();
    if out.json {
        out.value(&report)?;
    } else {
        for fault in &faults {
            out.line(fault.as_str().unwrap_or_default());
        }
        let tone = if faults.is_empty() { Tone::Good } else { Tone::Bad };
        let (count, head) = (&report["entries"], report["head"].as_str().unwrap_or_default());
        out.line(out.tone(
            tone,
            out.lang.pick(
                format!("{count} entries checked, {} faults", faults.len()),
                format!("{count} Einträge geprüft, {} Fehler", faults.len()),
            ),
        ));
        out.line(out.lang.pick(
            format!("the seal of the newest entry: {head}"),
            format!("das Siegel des neuesten Eintrags: {head}"),
        ));
    }
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn export(site: &SiteArg, format: Format, to: Option<&std::path::Path>, time: &Time) -> Ended {
    let (node, _) = site.node()?;
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let mut wanted = Wanted { above: Some(0), ..time.wanted(LINES_MAX)? };
    // Whoever writes into a file sees what is there already only when it is done.
    let mut target: Box<dyn Write> = match to {
        Some(file) => Box::new(private(file)?),
        None => Box::new(std::io::stdout().lock()),
    };
    if matches!(format, Format::Csv) {
        target.write_all(csv::head().as_bytes())?;
    }
    let mut count = 0u64;
    loop {
        let lines: Vec<Line> = site.ask(Request::Audit(Ask::Export(wanted.clone())))?;
        for line in &lines {
            let text = match format {
                Format::Syslog => syslog::line(line, host.trim(), &node.name).map(|text| text + "\n"),
                Format::Csv => Some(csv::line(line)),
                Format::Json => Some(serde_json::to_string(line)? + "\n"),
            };
            target.write_all(text.unwrap_or_default().as_bytes())?;
        }
        count += lines.len() as u64;
        match lines.last() {
            Some(last) if lines.len() >= LINES_MAX => wanted.above = Some(last.id),
            _ => break,
        }
    }
    target.flush()?;
    Ok(if count == 0 { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

/// A new file for its owner alone: the log is patient data.
fn private(file: &std::path::Path) -> Result<std::io::BufWriter<std::fs::File>> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::File::options();
    let opened = options.write(true).create(true).truncate(true).mode(0o600).open(file);
    Ok(std::io::BufWriter::new(opened.with_context(|| file.display().to_string())?))
}

fn who_saw(site: &SiteArg, patient: &str, time: &Time, out: Out) -> Ended {
    let wanted = time.wanted(LINES_MAX)?;
    let ask = Ask::WhoSaw { patient: patient.to_owned(), wanted };
    let seen: Vec<Seen> = site.ask(Request::Audit(ask))?;
    if out.json {
        out.value(&seen)?;
    } else if seen.is_empty() {
        out.line(out.lang.pick(
            "nobody has opened or searched for this patient's messages",
            "niemand hat Nachrichten dieses Patienten geöffnet oder gesucht",
        ));
    } else {
        let mut rows = table(seen.iter().map(|one| &one.line), out);
        let hows = seen.iter().map(|one| match one.how {
            How::Shown => out.lang.pick("shown", "angezeigt"),
            How::Sought => out.lang.pick("searched for", "gesucht"),
        });
        let heading = out.lang.pick("patient's data", "Daten des Patienten");
        for (row, how) in rows.iter_mut().zip(std::iter::once(heading).chain(hows)) {
            row.insert(4, how.to_owned());
        }
        out.table(&rows);
    }
    Ok(if seen.is_empty() { ExitCode::from(1) } else { ExitCode::SUCCESS })
}
