//! `klinke status`: how the channels of a site stand.

use std::process::ExitCode;

use super::Ended;
use super::common::SiteArg;
use crate::lang::Pick;
use crate::out::{Out, Tone, bytes};
use klinke_console::house::deploy::short;
use klinke_console::house::deploy::{Deployed, Pinned, Taken};
use klinke_console::house::request::Request;
use klinke_console::house::view::{Brief, ChannelView, DestinationView, DriftView, Status};

/// Say how the channels of a site stand
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  klinke status hospital/\n\nExit status: 0 all is well, 1 something needs a person."
)]
pub struct Args {
    #[command(flatten)]
    site: SiteArg,
}

pub fn run(args: &Args, out: Out) -> Ended {
    let status: Status = args.site.ask(Request::Status)?;
    let well = is_well(&status);
    if out.json {
        out.value(&status)?;
    } else {
        head(&status, out);
        for finding in &status.findings {
            brief(finding, out);
        }
        for channel in &status.channels {
            show(channel, status.serving, out);
        }
        drift(&status.drift, out);
    }
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn is_well(status: &Status) -> bool {
    let destination = |one: &DestinationView| !one.down && !one.held && one.dead == 0;
    let channel = |one: &ChannelView| {
        one.balances
            && one.stopped.is_none()
            && one.halted.is_none()
            && one.failed == 0
            && one.refuses.is_none()
            && one.destinations.iter().all(destination)
    };
    let deployed = &status.deployed;
    let stopped = deployed.canaries.iter().any(|one| one.stopped.is_some());
    status.store.refuses.is_none()
        && deployed.refused.is_none()
        && !stopped
        && status.channels.iter().all(channel)
}

fn head(status: &Status, out: Out) {
    let serving = match status.serving {
        true => out.tone(Tone::Good, out.lang.pick("runs", "läuft")),
        false => out.tone(Tone::Warn, out.lang.pick("does not run", "läuft nicht")),
    };
    let store = &status.store;
    let free = store.free.map(|free| bytes(out.lang, free)).unwrap_or_else(|| "?".to_owned());
    out.line(format!("{}  {serving}", out.tone(Tone::Bold, &status.site)));
    out.line(out.lang.pick(
        format!("store: {} envelopes, {}, {free} free", store.envelopes, bytes(out.lang, store.bytes)),
        format!("Speicher: {} Sendungen, {}, {free} frei", store.envelopes, bytes(out.lang, store.bytes)),
    ));
    deployed(&status.deployed, out);
    if let Some(refuses) = &store.refuses {
        out.line(
            out.tone(Tone::Bad, out.lang.pick("refuses to write: ", "schreibt nicht: ").to_owned() + refuses),
        );
    }
}

/// Which revision runs.
fn deployed(deployed: &Deployed, out: Out) {
    if !deployed.revision.is_empty() {
        let (revision, since) = (short(&deployed.revision), &deployed.since);
        out.line(
            out.lang.pick(
                format!("revision {revision} since {since}"),
                format!("Revision {revision} seit {since}"),
            ),
        );
    }
    if let Some(follow) = &deployed.follow {
        out.line(out.lang.pick(format!("follows {follow}"), format!("folgt {follow}")));
    }
    if let Some(Pinned { at, reason }) = &deployed.pinned {
        let text = out
            .lang
            .pick(format!("stays there since {at}: {reason}"), format!("bleibt dort seit {at}: {reason}"));
        out.line(out.tone(Tone::Warn, text));
    }
    for Taken { channel, revision } in &deployed.taken {
        let revision = short(revision);
        out.line(out.tone(
            Tone::Warn,
            out.lang.pick(
                format!("{channel} runs under {revision}, which the site's own files do not say yet"),
                format!("{channel} läuft unter {revision}, was die Dateien des Standorts noch nicht sagen"),
            ),
        ));
    }
    for one in &deployed.canaries {
        let (channel, revision, terms) = (&one.channel, short(&one.revision), &one.terms);
        out.line(match &one.stopped {
            None => out.tone(
                Tone::Warn,
                out.lang.pick(
                    format!("{channel}: {revision} handles {terms}"),
                    format!("{channel}: {revision} bearbeitet {terms}"),
                ),
            ),
            Some(why) => out.tone(
                Tone::Bad,
                out.lang.pick(
                    format!("{channel}: the canary {revision} was stopped: {why}"),
                    format!("{channel}: der Kanarienvogel {revision} wurde angehalten: {why}"),
                ),
            ),
        });
    }
    for one in &deployed.shadows {
        let (channel, revision) = (&one.channel, short(&one.revision));
        let (differ, envelopes) = (one.differ, one.envelopes);
        out.line(out.lang.pick(
            format!("{channel}: {revision} runs along; {differ} of {envelopes} come out otherwise"),
            format!("{channel}: {revision} läuft mit; {differ} von {envelopes} kommen anders heraus"),
        ));
    }
    if let Some(refused) = &deployed.refused {
        let (revision, at) = (short(&refused.revision), &refused.at);
        let text = out.lang.pick(
            format!("{revision} did not go live ({at}):"),
            format!("{revision} ging nicht in Betrieb ({at}):"),
        );
        out.line(out.tone(Tone::Bad, text));
        refused.faults.iter().for_each(|fault| out.line(format!("  {fault}")));
    }
}

/// What the running site has found.
fn brief(one: &Brief, out: Out) {
    let summary = out.lang.pick(&one.summary, &one.summary_de);
    let tone = if one.minor { Tone::Warn } else { Tone::Bad };
    out.line(format!("{}: {summary}", out.tone(tone, &one.system)));
}

fn show(channel: &ChannelView, serving: bool, out: Out) {
    out.line("");
    let address = channel.address.as_deref().map(|address| format!("  {address}")).unwrap_or_default();
    let stopped = match serving && !channel.runs && channel.halted.is_none() {
        true => format!("  {}", out.tone(Tone::Bad, out.lang.pick("does not run", "läuft nicht"))),
        false => String::new(),
    };
    let title = channel.title.as_deref().map(|title| format!("  {title}")).unwrap_or_default();
    out.line(format!("{}{title}{address}{stopped}", out.tone(Tone::Bold, &channel.name)));
    let mut parts = vec![
        out.lang.pick(format!("{} received", channel.received), format!("{} empfangen", channel.received)),
    ];
    let mut part = |count: u64, tone: Tone, en: &str, de: &str| {
        if count > 0 {
            parts.push(out.tone(tone, format!("{count} {}", out.lang.pick(en, de))));
        }
    };
    part(channel.filtered, Tone::Dim, "filtered", "gefiltert");
    part(channel.failed, Tone::Bad, "failed in a step", "in einem Schritt gescheitert");
    part(channel.unrouted, Tone::Warn, "not yet handled", "noch nicht bearbeitet");
    if !channel.balances {
        parts.push(
            out.tone(Tone::Bad, out.lang.pick("the books do not balance", "die Bücher gehen nicht auf")),
        );
    }
    if let Some(last) = &channel.last {
        parts.push(out.tone(Tone::Dim, format!("{} {last}", out.lang.pick("last", "zuletzt"))));
    }
    out.line(format!("  {}", parts.join(", ")));
    if let Some(stopped) = &channel.stopped {
        out.line(format!("  {}", out.tone(Tone::Bad, stopped)));
    }
    if let Some(by) = &channel.halted {
        out.line(format!("  {}", out.tone(Tone::Warn, super::channel::stopped(by, out))));
    }
    if let Some(refuses) = &channel.refuses {
        out.line(format!("  {}", out.tone(Tone::Bad, refuses)));
    }
    if !channel.violations.is_empty() {
        let each: Vec<_> =
            channel.violations.iter().map(|(kind, count)| format!("{kind} × {count}")).collect();
        let text = out.lang.pick(
            "senders break rules, or do what is not supported: ",
            "Sender halten Regeln nicht ein oder tun, was nicht unterstützt wird: ",
        );
        out.line(format!("  {}", out.tone(Tone::Warn, text.to_owned() + &each.join(", "))));
    }
    fragments(channel, out);
    for destination in &channel.destinations {
        out.line(format!("  → {}", describe(destination, out)));
    }
}

/// What waits for its last fragment, and what continued nothing.
fn fragments(channel: &ChannelView, out: Out) {
    let (open, strays) = (channel.unfinished, channel.stray_fragments);
    if open > 0 {
        let text = match open {
            1 => out.lang.pick(
                "one message waits for its next fragment".to_owned(),
                "eine Nachricht wartet auf ihr nächstes Teilstück".to_owned(),
            ),
            _ => out.lang.pick(
                format!("{open} messages wait for their next fragment"),
                format!("{open} Nachrichten warten auf ihr nächstes Teilstück"),
            ),
        };
        out.line(format!("  {}", out.tone(Tone::Warn, text)));
    }
    if strays > 0 {
        let text = match strays {
            1 => out.lang.pick(
                "one fragment continued nothing that is here and passed as it came".to_owned(),
                "ein Teilstück setzte nichts fort und ging durch, wie es kam".to_owned(),
            ),
            _ => out.lang.pick(
                format!("{strays} fragments continued nothing that is here and passed as they came"),
                format!("{strays} Teilstücke setzten nichts fort und gingen durch, wie sie kamen"),
            ),
        };
        out.line(format!("  {}", out.tone(Tone::Warn, text)));
    }
}

/// What is new in partners' messages. It is no fault of the site, so it does not change the exit status.
fn drift(all: &[DriftView], out: Out) {
    for one in all.iter().filter(|one| !one.novelties.is_empty() || one.skipped > 0) {
        let count = one.novelties.len() as u64 + one.more;
        let mut text = out.lang.pick(
            format!("{}: {count} new things in its messages, see klinke learn --drift", one.system),
            format!("{}: {count} Neues in seinen Nachrichten, siehe klinke learn --drift", one.system),
        );
        if one.skipped > 0 {
            let skipped = one.skipped;
            text += &out.lang.pick(
                format!("; {skipped} envelopes were not looked at"),
                format!("; {skipped} Sendungen wurden nicht angesehen"),
            );
        }
        out.line("");
        out.line(out.tone(Tone::Warn, text));
    }
}

fn describe(one: &DestinationView, out: Out) -> String {
    let mut parts =
        vec![out.lang.pick(format!("{} delivered", one.delivered), format!("{} zugestellt", one.delivered))];
    let mut part = |count: u64, tone: Tone, en: &str, de: &str| {
        if count > 0 {
            parts.push(out.tone(tone, format!("{count} {}", out.lang.pick(en, de))));
        }
    };
    part(one.waiting, Tone::Warn, "waiting", "warten");
    part(one.dead, Tone::Bad, "dead", "aufgegeben");
    part(one.dropped, Tone::Dim, "dropped", "verworfen");
    if one.held {
        parts.push(out.tone(Tone::Warn, out.lang.pick("held", "angehalten")));
    }
    if one.down {
        parts.push(
            out.tone(Tone::Bad, out.lang.pick("the partner is down", "der Partner ist nicht erreichbar")),
        );
    }
    if let Some((at, code, text)) = one.trouble.as_ref().filter(|_| one.down || one.waiting > 0) {
        parts.push(out.tone(Tone::Dim, format!("{at} {code} {text}")));
    }
    if let Some(contact) = one.contact.as_ref().filter(|_| one.down) {
        parts.push(format!("{} {contact}", out.lang.pick("call", "anrufen:")));
    }
    let address = one.address.as_deref().map(|address| format!(" ({address})")).unwrap_or_default();
    format!("{}{address}: {}", one.name, parts.join(", "))
}
