//! `klinke queue`: what waits in which lane, since when and why; and what people decide about it.

use std::process::ExitCode;

use serde_json::Value;

use super::Ended;
use super::common::SiteArg;
use crate::lang::Pick;
use crate::out::{Out, Tone};
use klinke_console::house::request::{Request, Settle};
use klinke_console::house::view::{DeliveryView, LaneView};

/// Show what waits; hold, release, skip, give up or revive
#[derive(clap::Args)]
#[command(after_help = "Examples:
  klinke queue hospital/
  klinke queue hospital/ list --place adt-to-ris --dead
  klinke queue hospital/ hold adt-to-ris/ris --reason 'RIS is being updated'
  klinke queue hospital/ release adt-to-ris/ris
  klinke queue hospital/ skip adt-to-ris/ris 4711 --reason 'test patient'
  klinke queue hospital/ revive adt-to-ris/ris

Exit status: 0 nothing waits, 1 something waits or is dead.")]
pub struct Args {
    #[command(flatten)]
    site: SiteArg,
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(clap::Subcommand)]
enum What {
    /// Lanes with something waiting, or with --dead what was given up
    List {
        /// Only this channel, or channel/destination
        #[arg(long)]
        place: Option<String>,
        /// Deliveries that were given up
        #[arg(long)]
        dead: bool,
        /// Lanes or deliveries per destination at most
        #[arg(long, default_value_t = 20)]
        limit: usize,
    },
    /// Stop a destination, or one lane of it
    Hold {
        /// channel/destination
        place: String,
        /// One lane alone
        #[arg(long)]
        lane: Option<String>,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Let a destination, or one lane of it, go on
    Release {
        /// channel/destination
        place: String,
        /// One lane alone
        #[arg(long)]
        lane: Option<String>,
    },
    /// Give waiting deliveries up on purpose; their lanes go on
    Skip(SettleArgs),
    /// Give waiting deliveries up and keep them as dead
    Dead(SettleArgs),
    /// Give dead deliveries up for good: they are no longer listed as given up
    Drop(SettleArgs),
    /// Put dead deliveries back into their lanes; all of the destination when none is named
    Revive {
        /// channel/destination
        place: String,
        /// The envelopes' numbers
        envelopes: Vec<u64>,
    },
}

#[derive(clap::Args)]
struct SettleArgs {
    /// channel/destination
    place: String,
    /// The envelopes' numbers
    #[arg(required = true)]
    envelopes: Vec<u64>,
    /// Why
    #[arg(long)]
    reason: String,
}

pub fn run(args: &Args, out: Out) -> Ended {
    match args.what.as_ref() {
        None => list(args, None, false, 20, out),
        Some(What::List { place, dead, limit }) => list(args, place.as_deref(), *dead, *limit, out),
        Some(What::Hold { place, lane, reason }) => {
            let reason = Some(reason.clone());
            act(args, Request::Hold { place: place.clone(), lane: lane.clone(), reason }, out)
        }
        Some(What::Release { place, lane }) => {
            act(args, Request::Hold { place: place.clone(), lane: lane.clone(), reason: None }, out)
        }
        Some(What::Skip(settle)) => act(args, request(Settle::Skip, settle), out),
        Some(What::Dead(settle)) => act(args, request(Settle::Dead, settle), out),
        Some(What::Drop(settle)) => act(args, request(Settle::Drop, settle), out),
        Some(What::Revive { place, envelopes }) => {
            let (place, envelopes) = (place.clone(), envelopes.clone());
            act(args, Request::Settle { what: Settle::Revive, place, envelopes, reason: String::new() }, out)
        }
    }
}

fn request(what: Settle, settle: &SettleArgs) -> Request {
    let (place, envelopes) = (settle.place.clone(), settle.envelopes.clone());
    Request::Settle { what, place, envelopes, reason: settle.reason.clone() }
}

fn act(args: &Args, request: Request, out: Out) -> Ended {
    let done: Value = args.site.ask(request)?;
    if out.json {
        out.value(&done)?;
    } else {
        let (place, touched) = (done["destination"].as_str().unwrap_or_default(), &done["touched"]);
        out.line(
            out.lang.pick(format!("{place}: {touched} changed"), format!("{place}: {touched} geändert")),
        );
    }
    Ok(if done["touched"] == 0 { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

fn list(args: &Args, place: Option<&str>, dead: bool, limit: usize, out: Out) -> Ended {
    let place = place.map(str::to_owned);
    let found = if dead {
        let dead: Vec<DeliveryView> = args.site.ask(Request::Dead { place, limit })?;
        match out.json {
            true => out.value(&dead)?,
            false => show_dead(&dead, out),
        }
        !dead.is_empty()
    } else {
        let lanes: Vec<LaneView> = args.site.ask(Request::Queue { place, limit })?;
        match out.json {
            true => out.value(&lanes)?,
            false => show_lanes(&lanes, out),
        }
        !lanes.is_empty()
    };
    Ok(if found { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

fn show_lanes(lanes: &[LaneView], out: Out) {
    if lanes.is_empty() {
        return out.line(out.lang.pick("nothing waits", "nichts wartet"));
    }
    let heading = out.lang.pick(
        ["destination", "lane", "waiting", "first", "since", "attempts", "next", "why"],
        ["Ziel", "Spur", "warten", "erste", "seit", "Versuche", "nächster", "warum"],
    );
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    for lane in lanes {
        let first = &lane.first;
        let why = match &lane.held {
            Some((since, reason)) => out
                .lang
                .pick(format!("held since {since}: {reason}"), format!("angehalten seit {since}: {reason}")),
            None => first.reason.clone(),
        };
        rows.push(vec![
            lane.destination.clone(),
            lane.lane.clone(),
            lane.waiting.to_string(),
            first.envelope.to_string(),
            first.queued.clone(),
            first.attempts_made.to_string(),
            first.due.clone().filter(|_| first.attempts_made > 0).unwrap_or_default(),
            why,
        ]);
    }
    out.table(&rows);
}

fn show_dead(dead: &[DeliveryView], out: Out) {
    if dead.is_empty() {
        return out.line(out.tone(Tone::Good, out.lang.pick("nothing is dead", "nichts ist aufgegeben")));
    }
    let heading = out.lang.pick(
        ["destination", "envelope", "part", "lane", "since", "attempts", "why"],
        ["Ziel", "Sendung", "Teil", "Spur", "seit", "Versuche", "warum"],
    );
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    for one in dead {
        rows.push(vec![
            one.destination.clone(),
            one.envelope.to_string(),
            one.part.to_string(),
            one.lane.clone(),
            one.queued.clone(),
            one.attempts_made.to_string(),
            one.reason.clone(),
        ]);
    }
    out.table(&rows);
}
