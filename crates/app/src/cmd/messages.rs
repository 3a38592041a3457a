//! `klinke messages`: list, search, show, export, resend, edit.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::Ended;
use super::common::{SiteArg, read_input};
use crate::lang::Pick;
use crate::out::{Out, Tone, bytes};
use klinke_console::house::request::{Find, Request};
use klinke_console::house::view::{DeliveryView, Message, MessageLine};
use klinke_console::house::{decode, encode};

/// List, search, show, export, resend or edit messages
#[derive(clap::Args)]
#[command(after_help = "Examples:
  klinke messages hospital/
  klinke messages hospital/ search --patient 4711
  klinke messages hospital/ search --channel adt-to-ris --state dead --from 2026-11-24
  klinke messages hospital/ show 4711
  klinke messages hospital/ export 4711 --to message.hl7
  klinke messages hospital/ resend 4711
  klinke messages hospital/ edit 4711 --with corrected.hl7

Exit status: 0 found, 1 nothing found.")]
pub struct Args {
    #[command(flatten)]
    site: SiteArg,
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(clap::Subcommand)]
enum What {
    /// The newest messages
    List {
        /// How many
        #[arg(long, default_value_t = 20)]
        limit: usize,
    },
    /// Messages by patient, case, order, time, channel, system, state or text
    Search(Box<SearchArgs>),
    /// One message with every stage: received, after each step, sent, answered
    Show {
        /// Its number
        id: u64,
        /// What for; it stands in the audit log
        #[arg(long)]
        purpose: Option<String>,
    },
    /// The bytes of one stage
    Export {
        /// Its number
        id: u64,
        /// `received`, `step 2`, `part 0`, `answer`
        #[arg(long, default_value = "received")]
        stage: String,
        /// What for; it stands in the audit log
        #[arg(long)]
        purpose: Option<String>,
        /// The file to write; standard output when absent
        #[arg(long)]
        to: Option<PathBuf>,
    },
    /// Send kept messages again, as new ones, unchanged
    Resend {
        /// Their numbers
        #[arg(required = true)]
        ids: Vec<u64>,
        /// Into another channel
        #[arg(long)]
        channel: Option<String>,
        /// What for; it stands in the audit log
        #[arg(long)]
        purpose: Option<String>,
    },
    /// Send changed bytes as a new message; the old one stays as it is
    Edit {
        /// The message that was changed
        id: u64,
        /// A file with the new bytes, `-` for standard input
        #[arg(long = "with")]
        file: PathBuf,
        /// What for; it stands in the audit log
        #[arg(long)]
        purpose: Option<String>,
    },
}

#[derive(clap::Args)]
struct SearchArgs {
    /// Patient identifier
    #[arg(long)]
    patient: Option<String>,
    /// Case (visit) number
    #[arg(long)]
    case: Option<String>,
    /// Order number
    #[arg(long)]
    order: Option<String>,
    /// Control identifier (MSH-10)
    #[arg(long)]
    control: Option<String>,
    /// Event, as ADT^A01 or ADT*
    #[arg(long)]
    event: Option<String>,
    /// A path that the site names under `search`, as OBR-4.1=GLU
    #[arg(long = "path", value_name = "PATH=VALUE")]
    paths: Vec<String>,
    /// Channel
    #[arg(long)]
    channel: Option<String>,
    /// System that sent it
    #[arg(long)]
    system: Option<String>,
    /// Received at or after: 2026-11-24 or 2026-11-24T08:15:00 (UTC)
    #[arg(long)]
    from: Option<String>,
    /// Received before
    #[arg(long)]
    until: Option<String>,
    /// unrouted, filtered, failed, waiting, dead or delivered
    #[arg(long)]
    state: Option<String>,
    /// Words of the message, where the site keeps them
    #[arg(long)]
    text: Option<String>,
    /// Oldest first
    #[arg(long)]
    oldest_first: bool,
    /// How many at most
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

pub fn run(args: &Args, out: Out) -> Ended {
    let site = &args.site;
    match args.what.as_ref() {
        None => list(site, Find { limit: 20, ..Find::default() }, out),
        Some(What::List { limit }) => list(site, Find { limit: *limit, ..Find::default() }, out),
        Some(What::Search(search)) => list(site, find(search)?, out),
        Some(What::Show { id, purpose }) => show(&site.with(purpose), *id, out),
        Some(What::Export { id, stage, to, purpose }) => {
            export(&site.with(purpose), *id, stage, to.as_deref())
        }
        Some(What::Resend { ids, channel, purpose }) => {
            let request = Request::Resend { envelopes: ids.clone(), channel: channel.clone(), reason: None };
            made(&site.with(purpose), request, out)
        }
        Some(What::Edit { id, file, purpose }) => {
            let request = Request::Edit { id: *id, payload: encode(&read_input(file)?), reason: None };
            made(&site.with(purpose), request, out)
        }
    }
}

fn find(search: &SearchArgs) -> Result<Find> {
    let named = [
        ("patient", &search.patient),
        ("case", &search.case),
        ("order", &search.order),
        ("control", &search.control),
        ("event", &search.event),
    ];
    let mut keys: Vec<(String, String)> =
        named.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?))).collect();
    for path in &search.paths {
        let Some((path, value)) = path.split_once('=') else { bail!("write --path as PATH=VALUE") };
        keys.push((path.to_owned(), value.to_owned()));
    }
    Ok(Find {
        channel: search.channel.clone(),
        system: search.system.clone(),
        from: search.from.as_deref().map(time).transpose()?,
        until: search.until.as_deref().map(time).transpose()?,
        keys,
        text: search.text.clone(),
        state: search.state.clone(),
        beyond: None,
        oldest_first: search.oldest_first,
        limit: search.limit,
    })
}

/// `2026-11-24` or `2026-11-24T08:15[:30]`, in UTC, as microseconds since 1970.
pub(super) fn time(text: &str) -> Result<i64> {
    let numbers: Vec<&str> = text.trim_end_matches('Z').split(['-', 'T', ' ', ':']).collect();
    let number = |index: usize| -> Result<u32> {
        let part = numbers.get(index).copied().unwrap_or(if index < 3 { "" } else { "0" });
        part.parse().with_context(|| format!("`{text}` is no time; write 2026-11-24T08:15"))
    };
    let day = (i64::from(number(0)?), number(1)?, number(2)?);
    let time = klinke_model::Timestamp::from_parts(day.0, day.1, day.2, number(3)?, number(4)?, number(5)?);
    Ok(time.with_context(|| format!("`{text}` is no time; write 2026-11-24T08:15"))?.0)
}

fn list(site: &SiteArg, find: Find, out: Out) -> Ended {
    let lines: Vec<MessageLine> = site.ask(Request::Messages(find))?;
    if out.json {
        out.value(&lines)?;
    } else if lines.is_empty() {
        out.line(out.lang.pick("no message found", "keine Nachricht gefunden"));
    } else {
        show_lines(&lines, out);
    }
    Ok(if lines.is_empty() { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

/// A list of messages as a table.
pub(super) fn show_lines(lines: &[MessageLine], out: Out) {
    let heading = out.lang.pick(
        ["number", "received", "channel", "from", "event", "patient", "case", "size", "state"],
        ["Nummer", "empfangen", "Kanal", "von", "Ereignis", "Patient", "Fall", "Größe", "Stand"],
    );
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    for line in lines {
        rows.push(vec![
            line.id.to_string(),
            line.received.clone(),
            line.channel.clone(),
            line.system.clone(),
            line.key("event").to_owned(),
            line.key("patient").to_owned(),
            line.key("case").to_owned(),
            bytes(out.lang, line.size),
            state(&line.state, out),
        ]);
    }
    out.table(&rows);
}

/// A state in its colour and language.
pub(super) fn state(word: &str, out: Out) -> String {
    let (tone, german) = match word {
        "delivered" => (Tone::Good, "zugestellt"),
        "waiting" => (Tone::Warn, "wartet"),
        "unrouted" => (Tone::Warn, "noch nicht bearbeitet"),
        "filtered" => (Tone::Dim, "gefiltert"),
        "dropped" => (Tone::Dim, "verworfen"),
        "failed" => (Tone::Bad, "gescheitert"),
        "dead" => (Tone::Bad, "aufgegeben"),
        other => (Tone::Dim, other),
    };
    out.tone(tone, out.lang.pick(word, german))
}

fn show(site: &SiteArg, id: u64, out: Out) -> Ended {
    let message: Message = site.ask(Request::Show { id })?;
    if out.json {
        out.value(&message)?;
        return Ok(ExitCode::SUCCESS);
    }
    show_lines(std::slice::from_ref(&message.line), out);
    out.line(out.lang.pick(
        format!("from {}, {}, version {}", message.peer, message.origin, message.version),
        format!("von {}, {}, Version {}", message.peer, message.origin, message.version),
    ));
    if let Some(revision) = &message.revision {
        let revision = klinke_console::house::deploy::short(revision);
        out.line(out.lang.pick(format!("revision {revision}"), format!("Revision {revision}")));
    }
    if let Some(parent) = message.parent {
        out.line(out.lang.pick(format!("came of {parent}"), format!("entstanden aus {parent}")));
    }
    if !message.children.is_empty() {
        let children: Vec<_> = message.children.iter().map(u64::to_string).collect();
        let children = children.join(", ");
        out.line(out.lang.pick(format!("became {children}"), format!("wurde zu {children}")));
    }
    let mut before: &[String] = &[];
    for stage in &message.stages {
        out.line("");
        let same = stage.payloads == before;
        let note = if same { out.lang.pick("  (unchanged)", "  (unverändert)") } else { "" };
        out.line(out.tone(Tone::Bold, &stage.name) + note);
        if !same {
            stage.payloads.iter().try_for_each(|payload| show_payload(payload, out))?;
        }
        before = &stage.payloads;
    }
    if let Some(ended) = &message.ended {
        let tone = if ended.failed { Tone::Bad } else { Tone::Dim };
        out.line("");
        out.line(out.tone(tone, format!("{}: {}", ended.step, ended.reason)));
    }
    for line in &message.trace {
        out.line(out.tone(Tone::Dim, format!("· {line}")));
    }
    message.deliveries.iter().try_for_each(|delivery| show_delivery(delivery, out))?;
    Ok(ExitCode::SUCCESS)
}

fn show_payload(payload: &str, out: Out) -> Result<()> {
    for line in printable(&decode(payload)?).lines() {
        out.line(format!("  {line}"));
    }
    Ok(())
}

/// Bytes as lines of text: carriage returns end lines, other control characters are shown as such.
fn printable(payload: &[u8]) -> String {
    let text = String::from_utf8(payload.to_vec())
        .unwrap_or_else(|error| error.into_bytes().iter().map(|&byte| char::from(byte)).collect());
    let shown = text.replace("\r\n", "\n").replace('\r', "\n");
    shown.chars().map(|c| if c.is_control() && c != '\n' { '·' } else { c }).collect()
}

fn show_delivery(delivery: &DeliveryView, out: Out) -> Result<()> {
    out.line("");
    let lane = match delivery.lane.is_empty() {
        true => String::new(),
        false => format!(", {} {}", out.lang.pick("lane", "Spur"), delivery.lane),
    };
    let part = out.lang.pick("part", "Teil");
    let head = format!("→ {} ({part} {}{lane}): ", delivery.destination, delivery.part);
    out.line(out.tone(Tone::Bold, head) + &state(&delivery.state, out) + " " + &delivery.reason);
    for attempt in &delivery.attempts {
        let repeat = if attempt.repeat { out.lang.pick(", repeat", ", Wiederholung") } else { "" };
        out.line(format!(
            "  {}. {} {:.1} ms{repeat}: {} {} → {}",
            attempt.number, attempt.started, attempt.millis, attempt.code, attempt.text, attempt.result
        ));
        if let Some(answer) = &attempt.answer {
            show_payload(answer, out)?;
        }
    }
    Ok(())
}

fn export(site: &SiteArg, id: u64, stage: &str, to: Option<&std::path::Path>) -> Ended {
    use std::io::Write;
    let message: Message = site.ask(Request::Export { id })?;
    let payloads: Vec<String> = match stage {
        "answer" => {
            let attempts = message.deliveries.iter().flat_map(|delivery| &delivery.attempts);
            attempts.filter_map(|attempt| attempt.answer.clone()).collect()
        }
        _ => {
            let named = |one: &&klinke_console::house::view::Stage| {
                one.name == stage || one.name.split(':').next() == Some(stage)
            };
            let stages: Vec<_> = message.stages.iter().map(|stage| stage.name.as_str()).collect();
            let found = message.stages.iter().find(named);
            found
                .with_context(|| format!("there is no stage `{stage}`; there are {}", stages.join(", ")))?
                .payloads
                .clone()
        }
    };
    let mut all = Vec::new();
    for payload in payloads {
        all.extend(decode(&payload)?);
    }
    match to {
        Some(file) => std::fs::write(file, all).with_context(|| file.display().to_string())?,
        None => std::io::stdout().lock().write_all(&all)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn made(site: &SiteArg, request: Request, out: Out) -> Ended {
    let done: Value = site.ask(request)?;
    if out.json {
        out.value(&done)?;
    } else {
        let numbers = done["envelopes"].as_array().cloned().unwrap_or_default();
        let numbers: Vec<_> = numbers.iter().map(Value::to_string).collect();
        let numbers = numbers.join(", ");
        out.line(out.lang.pick(format!("sent as {numbers}"), format!("gesendet als {numbers}")));
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_days_and_times() {
        assert_eq!(time("1970-01-02").ok(), Some(86_400_000_000));
        assert_eq!(time("1970-01-01T01:02").ok(), Some(3_720_000_000));
        assert_eq!(time("1970-01-01 01:02:03Z").ok(), Some(3_723_000_000));
        assert!(time("24.11.2026").is_err() && time("2026-02-30").is_err() && time("").is_err());
    }

    #[test]
    fn payloads_print_line_by_line() {
        assert_eq!(printable(b"MSH|1\rPID|\xfc\x01\r"), "MSH|1\nPID|\u{fc}·\n");
    }
}
