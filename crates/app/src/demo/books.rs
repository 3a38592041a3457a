//! The demo's account: what is told while it runs, and the books at its end.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Result;
use klinke_store::Store;

use super::partners::Ledger;
use crate::lang::Pick;
use crate::out::{Out, Tone};
use crate::serve::Serving;

/// Tells how things stand, in one line.
pub async fn tell(ledger: &Ledger, serving: &Serving, at: Duration, out: Out) {
    let [news, orders, results] = [0, 1, 2].map(|which| ledger.accepted[which].load(Ordering::Relaxed));
    let (mut waiting, mut down) = (0, Vec::new());
    for channel in serving.engine.report().await {
        for (_, name, _, report) in channel.destinations {
            waiting += report.waiting;
            if report.down {
                down.push(name);
            }
        }
    }
    let mut line = out.lang.pick(
        format!("{}  {news} news of patients, {orders} orders, {results} results", super::clock(at)),
        format!("{}  {news} Patientenmeldungen, {orders} Aufträge, {results} Befunde", super::clock(at)),
    );
    if waiting > 0 {
        line += &out.lang.pick(format!("; {waiting} wait"), format!("; {waiting} warten"));
    }
    if !down.is_empty() {
        line += &out.lang.pick(
            format!("; no answer: {}", down.join(", ")),
            format!("; keine Antwort: {}", down.join(", ")),
        );
    }
    out.line(line);
}

/// One line of the final account: what, the store's figure, the partners' figure.
struct Line {
    what: String,
    store: u64,
    partner: u64,
}

/// Holds the store's books against the partners' own counts; true when all agree.
pub fn close(store: &dyn Store, ledger: &Ledger, folder: &Path, out: Out) -> Result<bool> {
    let (mut channels, destinations) = (store.channels()?, store.destinations()?);
    channels.sort_by(|one, other| one.name.cmp(&other.name));
    let mut rows = vec![heading(out)];
    let mut balanced = true;
    for channel in &channels {
        let tally = &channel.tally;
        balanced &= tally.balances();
        rows.push(vec![
            channel.name.clone(),
            tally.received.to_string(),
            tally.filtered.to_string(),
            tally.failed.to_string(),
            String::new(),
            String::new(),
            tally.unrouted.to_string(),
            verdict(tally.balances(), out),
        ]);
        for destination in destinations.iter().filter(|one| one.channel == channel.id) {
            let tally = &destination.tally;
            balanced &= tally.balances();
            rows.push(vec![
                format!("  → {}", destination.name),
                tally.queued.to_string(),
                tally.dropped.to_string(),
                String::new(),
                tally.delivered.to_string(),
                tally.dead.to_string(),
                tally.waiting.to_string(),
                verdict(tally.balances(), out),
            ]);
        }
    }
    out.line("");
    out.table(&rows);
    out.line("");
    for line in lines(&channels, &destinations, ledger, folder) {
        let agrees = line.store == line.partner;
        balanced &= agrees;
        out.line(out.lang.pick(
            format!(
                "{}: {} in the books, {} by the partner's count {}",
                line.what,
                line.store,
                line.partner,
                verdict(agrees, out)
            ),
            format!(
                "{}: {} in den Büchern, {} nach Zählung des Partners {}",
                line.what,
                line.store,
                line.partner,
                verdict(agrees, out)
            ),
        ));
    }
    extras(ledger, out);
    let text = match balanced {
        true => out.tone(
            Tone::Good,
            out.lang.pick(
                "The books balance: every message is accounted for.",
                "Die Bücher gehen auf: jede Nachricht ist belegt.",
            ),
        ),
        false => {
            out.tone(Tone::Bad, out.lang.pick("The books do NOT balance.", "Die Bücher gehen NICHT auf."))
        }
    };
    out.line(text);
    Ok(balanced)
}

fn heading(out: Out) -> Vec<String> {
    let heading = out.lang.pick(
        ["", "received", "filtered", "failed", "delivered", "dead", "waiting", ""],
        ["", "empfangen", "gefiltert", "gescheitert", "zugestellt", "aufgegeben", "wartet", ""],
    );
    heading.map(str::to_owned).to_vec()
}

fn verdict(agrees: bool, out: Out) -> String {
    match agrees {
        true => out.tone(Tone::Good, "✓"),
        false => out.tone(Tone::Bad, "✗"),
    }
}

/// The figures that both sides have.
fn lines(
    channels: &[klinke_store::ChannelInfo],
    destinations: &[klinke_store::DestinationInfo],
    ledger: &Ledger,
    folder: &Path,
) -> Vec<Line> {
    let channel = |name: &str| channels.iter().find(|one| one.name == name);
    let received = |name: &str| channel(name).map_or(0, |one| one.tally.received);
    let delivered = |system: &str| -> u64 {
        destinations.iter().filter(|one| one.name == system).map(|one| one.tally.delivered).sum()
    };
    let accepted = |which: usize| ledger.accepted[which].load(Ordering::Relaxed);
    let broken = ledger.broken.load(Ordering::Relaxed);
    let archived = std::fs::read_dir(folder.join("archive")).map_or(0, |files| files.count() as u64);
    let line = |what: &str, store, partner| Line { what: what.to_owned(), store, partner };
    vec![
        line("KIS → adt", received("adt"), accepted(0) + broken),
        line("KIS → orders", received("orders"), accepted(1)),
        line("LIS → results", received("results"), accepted(2)),
        line("→ RIS", delivered("ris"), ledger.ris.count()),
        line("→ LIS", delivered("lis"), ledger.lis.count()),
        line("→ KIS", delivered("kis"), ledger.kis.count()),
        line("→ archive/", delivered("archive"), archived),
    ]
}

fn extras(ledger: &Ledger, out: Out) {
    let repeats: u64 =
        [&ledger.kis, &ledger.lis, &ledger.ris].iter().map(|got| got.repeats.load(Ordering::Relaxed)).sum();
    let (errors, broken) = (ledger.ris.errors.load(Ordering::Relaxed), ledger.broken.load(Ordering::Relaxed));
    let pdfs = ledger.pdfs.load(Ordering::Relaxed);
    out.line(out.lang.pick(
        format!("{pdfs} results with a PDF, {errors} answered AE and delivered later, {broken} broken frames kept apart, {repeats} sent twice"),
        format!("{pdfs} Befunde mit PDF, {errors} mit AE beantwortet und später zugestellt, {broken} zerbrochene Rahmen gesondert aufgehoben, {repeats} doppelt gesendet"),
    ));
}
