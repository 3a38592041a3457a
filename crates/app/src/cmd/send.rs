//! `klinke send`: sends messages over MLLP and shows the answers.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use klinke_adapters::units::Period;
use klinke_hl7v2::ack::{self, Answer};
use klinke_hl7v2::batch;
use klinke_hl7v2::mllp::Commit;
use serde::Serialize;

use super::Ended;
use super::common::read_input;
use crate::lang::Pick;
use crate::out::{Out, Tone};
use crate::partner::control_id_of;
use crate::partner::sender::Sender;

/// Send messages over MLLP and show the answers
#[derive(clap::Args)]
#[command(after_help = "Examples:
  klinke send 127.0.0.1:6661 admission.hl7
  klinke send 127.0.0.1:6661 - < admission.hl7
  klinke send 127.0.0.1:6661 day.hl7 --count 100

A file may hold several messages. Exit status: 0 all were accepted, 1 one was not, 2 not sent.")]
pub struct Args {
    /// Where to: host:port
    address: String,
    /// Files with messages, `-` for standard input
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Send everything so many times
    #[arg(long, default_value_t = 1)]
    count: usize,
    /// How long to wait for each answer
    #[arg(long, default_value = "30s")]
    timeout: Period,
    /// Send files as they are, without ending segments by CR
    #[arg(long)]
    raw: bool,
}

/// One message and its answer.
#[derive(Serialize)]
struct Sent {
    file: String,
    control: String,
    accepted: bool,
    code: String,
    text: String,
    millis: f64,
}

pub fn run(args: &Args, out: Out) -> Ended {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let sent = runtime.block_on(send_all(args, out))?;
    if out.json {
        out.value(&sent)?;
    }
    let all = sent.iter().all(|one| one.accepted);
    Ok(if all && !sent.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

async fn send_all(args: &Args, out: Out) -> Result<Vec<Sent>> {
    let mut messages = Vec::new();
    for file in &args.files {
        for message in messages_of(&read_input(file)?, args.raw) {
            messages.push((file.as_path(), message));
        }
    }
    let mut sender = Sender::connect(&args.address).await?;
    let mut sent = Vec::new();
    for _ in 0..args.count {
        for (file, message) in &messages {
            let one = send_one(&mut sender, file, message, args.timeout.0).await?;
            if !out.json {
                show(&one, out);
            }
            sent.push(one);
        }
    }
    Ok(sent)
}

/// The messages of a file, segments ended by CR.
fn messages_of(bytes: &[u8], raw: bool) -> Vec<Vec<u8>> {
    if raw {
        return vec![bytes.to_vec()];
    }
    let mut text = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'\r' => {
                text.push(b'\r');
                rest = rest.strip_prefix(b"\n").unwrap_or(rest);
            }
            b'\n' => text.push(b'\r'),
            other => text.push(other),
        }
    }
    let split = batch::split(&text);
    if split.messages.is_empty() { vec![text] } else { split.messages.iter().map(|one| one.bytes.to_vec()).collect() }
}

async fn send_one(sender: &mut Sender, file: &Path, message: &[u8], limit: Duration) -> Result<Sent> {
    let control = control_id_of(message);
    let started = std::time::Instant::now();
    let answer = sender.send(message, limit).await?;
    let millis = started.elapsed().as_secs_f64() * 1_000.0;
    let (accepted, code, text) = match ack::interpret(&answer, &control) {
        Answer::Acknowledgment(ack) => {
            (ack.code.is_some_and(|code| code.is_positive()), ack.code_text, ack.text)
        }
        Answer::WrongControlId(ack) => (false, ack.code_text, "answers another message".to_owned()),
        Answer::Commit(commit) => (commit == Commit::Ack, format!("{commit:?}"), String::new()),
        Answer::NoMsa => (false, "?".to_owned(), "an acknowledgment without MSA".to_owned()),
        Answer::NotAnAcknowledgment { message_type } => (false, "?".to_owned(), message_type),
        Answer::NotHl7 { length } => (false, "?".to_owned(), format!("{length} bytes that are no HL7")),
    };
    Ok(Sent { file: file.display().to_string(), control, accepted, code, text, millis })
}

fn show(one: &Sent, out: Out) {
    let tone = if one.accepted { Tone::Good } else { Tone::Bad };
    let word = match one.accepted {
        true => out.lang.pick("accepted", "angenommen"),
        false => out.lang.pick("not accepted", "nicht angenommen"),
    };
    let verdict = out.tone(tone, format!("{} {word}", one.code));
    out.line(format!("{} {} {verdict} {:.1} ms {}", one.file, one.control, one.millis, one.text));
}
