//! `klinke diagnose`: what is wrong, whose fault it is, whom to call, what to say to them.

use std::process::ExitCode;

use klinke_console::house::request::Request;
use klinke_diagnosis::finding::{Diagnosis, Finding};
use klinke_diagnosis::{Lang, Verdict};

use super::Ended;
use super::common::SiteFirst;
use crate::lang::{Language, Pick};
use crate::out::{Out, Tone};

/// Say what is wrong, whose fault it is, and whom to call
#[derive(clap::Args)]
#[command(after_help = "Examples:
  klinke diagnose hospital/
  klinke diagnose hospital/ ris
  klinke diagnose hospital/ ris --json

No patient data is sent. Exit status: 0 all is well, 1 something was found.")]
pub struct Args {
    #[command(flatten)]
    site: SiteFirst,
    /// Only this system, with all that was looked at
    #[arg(value_name = "SYSTEM")]
    system: Option<String>,
}

pub fn run(args: &Args, out: Out) -> Ended {
    let lang = match out.lang {
        Language::En => Lang::En,
        Language::De => Lang::De,
    };
    let request = Request::Diagnose { system: args.system.clone(), lang };
    let found: Diagnosis = args.site.site().ask(request)?;
    if out.json {
        match (&args.system, found.findings.as_slice()) {
            (Some(_), [one]) => out.value(one)?,
            _ => out.value(&found)?,
        }
    } else {
        show(&found, args.system.is_some(), lang, out);
    }
    Ok(if found.is_well() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Shows what was found.
pub fn show(found: &Diagnosis, whole: bool, lang: Lang, out: Out) {
    if !found.serving {
        let text = out.lang.pick(
            "Nothing serves this site: only its store and its partners were looked at.",
            "Der Standort läuft nicht: nur sein Speicher und seine Partner wurden angesehen.",
        );
        out.line(out.tone(Tone::Warn, text));
    }
    for finding in &found.findings {
        one(finding, whole, lang, out);
    }
}

fn one(finding: &Finding, whole: bool, lang: Lang, out: Out) {
    let name = out.tone(Tone::Bold, &finding.system);
    let Some(layer) = finding.layer.filter(|_| !finding.is_well()) else {
        out.line(format!("{name}  {}", out.tone(Tone::Good, &finding.summary)));
        if whole {
            rungs(finding, lang, out);
        }
        return;
    };
    let tone = if finding.minor { Tone::Warn } else { Tone::Bad };
    let verdict = format!("{} · {}", finding.verdict.name(lang), layer.name(lang));
    let sure = format!("{:.0} %", finding.confidence * 100.0);
    out.line(format!("{name}  {}  {}", out.tone(tone, verdict), out.tone(Tone::Dim, sure)));
    out.line(format!("  {}", finding.summary));
    if let Some(since) = &finding.since {
        out.line(format!("  {} {since}", out.lang.pick("since", "seit")));
    }
    list(out.lang.pick("proof", "Beleg"), &finding.proof, out);
    list(out.lang.pick("try first", "zuerst versuchen"), &finding.next, out);
    if let Some(call) = finding.call.as_ref().filter(|_| finding.verdict != Verdict::None) {
        out.line(format!("  {} {call}", out.tone(Tone::Dim, out.lang.pick("call:", "anrufen:"))));
    }
    if let Some(other) = &finding.either {
        let (or, test) = out.lang.pick(("or:", "what decides:"), ("oder:", "das entscheidet:"));
        out.line(format!("  {} {} ({})", out.tone(Tone::Dim, or), other.text, other.verdict.name(lang)));
        out.line(format!("  {} {}", out.tone(Tone::Dim, test), other.test));
    }
    for also in &finding.also {
        let also_word = out.tone(Tone::Dim, out.lang.pick("also:", "außerdem:"));
        out.line(format!("  {also_word} {}", also.summary));
    }
    if whole {
        rungs(finding, lang, out);
        if let Some(say) = &finding.say {
            let title = out.lang.pick("what to say, ready to send:", "was man sagt, fertig zum Senden:");
            out.line(format!("  {}", out.tone(Tone::Dim, title)));
            say.lines().for_each(|line| out.line(format!("    {line}")));
        }
    }
}

fn list(title: &str, lines: &[String], out: Out) {
    for (index, line) in lines.iter().enumerate() {
        let title = if index == 0 { format!("{title}:") } else { " ".repeat(title.chars().count() + 1) };
        out.line(format!("  {} {line}", out.tone(Tone::Dim, title)));
    }
}

fn rungs(finding: &Finding, lang: Lang, out: Out) {
    for rung in &finding.rungs {
        let (mark, tone) = match rung.well {
            Some(true) => ("✓", Tone::Good),
            Some(false) => ("✗", Tone::Bad),
            None => ("·", Tone::Dim),
        };
        let time = rung.millis.map(|millis| format!(" ({millis} ms)")).unwrap_or_default();
        out.line(format!(
            "  {} {}: {}, {}: {}{}",
            out.tone(tone, mark),
            rung.layer.name(lang),
            rung.at,
            rung.did,
            rung.saw,
            out.tone(Tone::Dim, time)
        ));
    }
}
