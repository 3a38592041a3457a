//! `klinke alerts`: what stands open, who was told; acknowledging, muting, trying whether alerts arrive.

use std::process::ExitCode;

use klinke_adapters::units::Period;
use klinke_console::house::alerts::{AlertView, Alerts, Ask};
use klinke_console::house::request::Request;
use klinke_diagnosis::Text;
use klinke_diagnosis::alert::Rank;
use klinke_model::Timestamp;
use serde_json::Value;

use super::Ended;
use super::common::SiteArg;
use crate::lang::{Language, Pick};
use crate::out::{Out, Tone};

/// Show alerts and who was told; acknowledge, mute, or try whether they arrive
#[derive(clap::Args)]
#[command(after_help = "Examples:
  klinke alerts hospital/
  klinke alerts hospital/ ack 17
  klinke alerts hospital/ snooze 17 --for 2h
  klinke alerts hospital/ hand 17 --to bert
  klinke alerts hospital/ mute --system ris --for 2h --reason 'RIS is being updated'
  klinke alerts hospital/ unmute 21
  klinke alerts hospital/ test --way mail

Exit status: 0 nothing is open, or done; 1 something is open, or a test did not arrive.")]
pub struct Args {
    #[command(flatten)]
    site: SiteArg,
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(clap::Subcommand)]
enum What {
    /// What stands open, who is on call, what is over
    List,
    /// Take an alert upon yourself: it is told no further
    Ack {
        /// Which
        #[arg(value_name = "ID")]
        id: u64,
    },
    /// Put an alert off: nothing is told of it until then, unless it becomes worse
    Snooze {
        /// Which
        #[arg(value_name = "ID")]
        id: u64,
        /// For how long: 2h
        #[arg(long = "for", value_name = "TIME", required_unless_present = "until")]
        time: Option<Period>,
        /// Until when, in UTC: 2026-11-30T06:00
        #[arg(long, value_name = "TIME", conflicts_with = "time")]
        until: Option<String>,
    },
    /// Hand an alert over to a person or a rota, who is told at once
    Hand {
        /// Which
        #[arg(value_name = "ID")]
        id: u64,
        /// A person or a rota of alerts.toml
        #[arg(long, value_name = "NAME")]
        to: String,
    },
    /// Have nothing told for a while: maintenance
    Mute {
        /// Only of this system; of all when absent
        #[arg(long)]
        system: Vec<String>,
        /// Only of this kind
        #[arg(long)]
        kind: Vec<String>,
        /// For how long: 2h
        #[arg(long = "for", value_name = "TIME")]
        time: Period,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// End a mute
    Unmute {
        /// Which
        #[arg(value_name = "ID")]
        id: u64,
    },
    /// Send a marked test alert along each way of each person
    Test {
        /// Only along this way
        #[arg(long)]
        way: Option<String>,
    },
}

pub fn run(args: &Args, out: Out) -> Ended {
    let ask = match &args.what {
        None | Some(What::List) => return list(args, out),
        Some(What::Test { way }) => return test(args, way.clone(), out),
        Some(What::Ack { id }) => Ask::Acknowledge { id: *id, who: String::new() },
        Some(What::Snooze { id, time, until }) => {
            let until = match until {
                Some(until) => super::messages::time(until)?,
                None => Timestamp::now().after(time.map(|time| time.0).unwrap_or_default()).0,
            };
            Ask::Snooze { id: *id, until, who: String::new() }
        }
        Some(What::Hand { id, to }) => Ask::HandOver { id: *id, to: to.clone(), who: String::new() },
        Some(What::Unmute { id }) => Ask::Unmute { id: *id },
        Some(What::Mute { system, kind, time, reason }) => Ask::Mute {
            systems: system.iter().cloned().collect(),
            kinds: kind.iter().cloned().collect(),
            minutes: time.0.as_secs().div_ceil(60),
            reason: reason.clone(),
            who: String::new(),
        },
    };
    let done: Value = args.site.ask(Request::Alerts(ask))?;
    match (out.json, done["mute"].as_u64()) {
        (true, _) => out.value(&done)?,
        (_, Some(id)) => {
            out.line(out.lang.pick(format!("muted; it is number {id}"), format!("stumm; es ist Nummer {id}")))
        }
        (_, None) => out.line(out.lang.pick("done", "erledigt")),
    }
    Ok(ExitCode::SUCCESS)
}

fn list(args: &Args, out: Out) -> Ended {
    let all: Alerts = args.site.ask(Request::Alerts(Ask::List))?;
    let ended = if all.open.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) };
    if out.json {
        out.value(&all)?;
        return Ok(ended);
    }
    if !all.tells {
        let text = out.lang.pick(
            "Nobody is told: alerts.toml has no rule.",
            "Niemand wird benachrichtigt: alerts.toml hat keine Regel.",
        );
        out.line(out.tone(Tone::Warn, text));
    }
    for one in &all.on_call {
        let who = one.title.as_deref().unwrap_or(out.lang.pick("nobody", "niemand"));
        out.line(format!(
            "{} {}: {who}",
            out.tone(Tone::Dim, out.lang.pick("on call", "Bereitschaft")),
            one.rota
        ));
    }
    for way in &all.ways {
        if let Some(why) = &way.failing {
            out.line(out.tone(Tone::Bad, format!("{}: {why}", way.name)));
        }
    }
    for mute in &all.mutes {
        let what = mute.systems.iter().chain(&mute.kinds).cloned().collect::<Vec<_>>().join(", ");
        let what = if what.is_empty() { out.lang.pick("everything", "alles").to_owned() } else { what };
        out.line(format!(
            "{} {} {what} {} {} ({}: {})",
            out.lang.pick("mute", "stumm"),
            mute.id,
            out.lang.pick("until", "bis"),
            mute.until,
            mute.who,
            mute.reason
        ));
    }
    all.open.iter().for_each(|one| show(one, out));
    if all.open.is_empty() {
        out.line(out.tone(Tone::Good, out.lang.pick("nothing is open", "nichts ist offen")));
    }
    Ok(ended)
}

fn show(one: &AlertView, out: Out) {
    let (tone, word) = match (&one.acknowledged, one.rank) {
        (Some(_), _) => (Tone::Dim, out.lang.pick("acknowledged", "quittiert")),
        (None, _) if one.snoozed.is_some() => (Tone::Dim, out.lang.pick("put off", "zurückgestellt")),
        (None, Rank::Urgent) => (Tone::Bad, out.lang.pick("urgent", "dringend")),
        (None, Rank::Warning) => (Tone::Warn, out.lang.pick("warning", "Warnung")),
        (None, Rank::Notice) => (Tone::Dim, out.lang.pick("notice", "Hinweis")),
    };
    let say = |text: &Text| out.lang.pick(text.en.clone(), text.de.clone());
    out.line(format!("{} {}  {}", out.tone(Tone::Bold, one.id), out.tone(tone, word), say(&one.title)));
    out.line(format!("  {}", say(&one.text)));
    out.line(format!("  {} {}", out.lang.pick("since", "seit"), one.since));
    if let Some((who, at)) = &one.acknowledged {
        out.line(format!("  {} {who}, {at}", out.lang.pick("acknowledged by", "quittiert von")));
    }
    if let Some((who, until)) = &one.snoozed {
        out.line(format!(
            "  {} {who}, {} {until}",
            out.lang.pick("put off by", "zurückgestellt von"),
            out.lang.pick("until", "bis")
        ));
    }
    if let Some((who, to)) = &one.handed {
        out.line(format!(
            "  {} {who} {} {to}",
            out.lang.pick("handed over by", "übergeben von"),
            out.lang.pick("to", "an")
        ));
    }
    for line in one.lines.iter().filter(|line| matches!(line.what.as_str(), "told" | "failed")) {
        let word = match (line.what.as_str(), out.lang) {
            ("told", Language::En) => "told",
            ("told", Language::De) => "benachrichtigt",
            (_, Language::En) => "not reached",
            (_, Language::De) => "nicht erreicht",
        };
        out.line(format!("  {} {word} {} ({})", line.at, line.who, line.way));
    }
    if let Some(call) = &one.call {
        out.line(format!("  {} {call}", out.lang.pick("call:", "anrufen:")));
    }
}

fn test(args: &Args, way: Option<String>, out: Out) -> Ended {
    let results: Vec<Value> = args.site.ask_long(Request::Alerts(Ask::Test { way }), &mut |_, _| {})?;
    let well = results.iter().all(|one| one["error"].is_null());
    if out.json {
        out.value(&results)?;
    } else {
        for one in &results {
            let text = |key: &str| one[key].as_str().unwrap_or_default().to_owned();
            let (tone, word) = match one["error"].as_str() {
                None => (Tone::Good, out.lang.pick("sent", "gesendet").to_owned()),
                Some(why) => (Tone::Bad, why.to_owned()),
            };
            out.line(format!("{}  {}  {}", text("person"), text("way"), out.tone(tone, word)));
        }
    }
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
