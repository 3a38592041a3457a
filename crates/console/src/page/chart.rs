//! Small charts, made here, each with its table behind it.

use maud::{Markup, html};

use super::parts::{hour, zoned};
use crate::house::history::{History, Minute};
use crate::lang::Lang;

/// Width and height of a chart's own units.
const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 100.0;
/// Rows of the table behind a chart.
const ROWS_MAX: usize = 12;

/// What a chart shows of each minute.
pub struct Measure {
    /// Its name, and what one of it is.
    pub title: &'static str,
    pub unit: &'static str,
    /// A name that no other chart of the page has.
    pub id: &'static str,
    /// Its value in one minute.
    pub of: fn(&Minute) -> f64,
}

/// Envelopes a minute.
pub fn rate(lang: Lang) -> Measure {
    Measure {
        title: lang.say("Received a minute", "Empfangen je Minute"),
        unit: lang.say("messages", "Nachrichten"),
        id: "chart-rate",
        of: |minute| f64::from(minute.received),
    }
}

/// How long partners take to answer.
pub fn latency(lang: Lang) -> Measure {
    Measure {
        title: lang.say("Time of an answer", "Zeit einer Antwort"),
        unit: "ms",
        id: "chart-latency",
        of: |minute| f64::from(minute.answer_millis),
    }
}

/// What waits.
pub fn waiting(lang: Lang) -> Measure {
    Measure {
        title: lang.say("Waiting", "Wartend"),
        unit: lang.say("deliveries", "Zustellungen"),
        id: "chart-waiting",
        of: |minute| f64::from(minute.waiting),
    }
}

/// A chart of the last hours.
pub fn chart(lang: Lang, history: &History, measure: &Measure) -> Markup {
    let values: Vec<f64> = history.minutes.iter().map(measure.of).collect();
    let most = values.iter().copied().fold(0.0, f64::max);
    let now = values.iter().rev().nth(1).or(values.last()).copied().unwrap_or(0.0);
    html! {
        div.card.chart {
            h2 { (measure.title) }
            p { span.figure { (short(lang, now)) } " " span.soft { (measure.unit) } }
            @if values.len() > 1 {
                svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } preserveAspectRatio="none" role="img" aria-label={ (measure.title) ": " (lang.say("at most ", "höchstens ")) (short(lang, most)) } {
                    line.rule x1="0" x2=(WIDTH) y1=(HEIGHT - 1.0) y2=(HEIGHT - 1.0) {}
                    path.area d={ (path(&values, most)) " L " (WIDTH) " " (HEIGHT) " L 0 " (HEIGHT) " Z" } {}
                    path.curve d=(path(&values, most)) {}
                }
                div.scale {
                    span { (ago(lang, values.len())) }
                    span { (lang.say("at most ", "höchstens ")) (short(lang, most)) }
                    span { (lang.say("now", "jetzt")) }
                }
                (table(lang, history, measure))
            } @else {
                p.soft { (lang.say("Nothing has been measured yet.", "Es ist noch nichts gemessen.")) }
            }
        }
    }
}

/// The points of a curve.
fn path(values: &[f64], most: f64) -> String {
    let step = WIDTH / (values.len() - 1).max(1) as f64;
    let mut out = String::with_capacity(values.len() * 12);
    for (at, value) in values.iter().enumerate() {
        let height = if most > 0.0 { HEIGHT - 4.0 - value / most * (HEIGHT - 10.0) } else { HEIGHT - 4.0 };
        let sign = if at == 0 { 'M' } else { 'L' };
        out.push_str(&format!("{sign}{:.1} {height:.1}", at as f64 * step));
    }
    out
}

/// The same as a table: means of equal parts of the time.
fn table(lang: Lang, history: &History, measure: &Measure) -> Markup {
    let size = history.minutes.len().div_ceil(ROWS_MAX).max(1);
    let mut begins = history.begins;
    let rows = history.minutes.chunks(size).map(|part| {
        let mean = part.iter().map(measure.of).sum::<f64>() / part.len() as f64;
        let row = (begins, mean);
        begins += part.len() as i64 * 60;
        row
    });
    html! {
        details id={ (measure.id) "-table" } {
            summary { (lang.say("as a table", "als Tabelle")) }
            table {
                thead { tr { th { (zoned(lang.say("from", "ab"))) } th.number { (measure.unit) (lang.say(" (mean)", " (Mittel)")) } } }
                tbody { @for (begins, mean) in rows { tr { td { (hour(begins)) } td.number { (short(lang, mean)) } } } }
            }
        }
    }
}

fn ago(lang: Lang, minutes: usize) -> String {
    match minutes {
        0..=119 => lang.say(format!("{minutes} min ago"), format!("vor {minutes} min")),
        more => lang.say(format!("{} h ago", more / 60), format!("vor {} h", more / 60)),
    }
}

/// A value in few digits.
pub fn short(lang: Lang, value: f64) -> String {
    match value >= 100.0 || value == value.trunc() {
        true => format!("{value:.0}"),
        false => lang.decimal(format!("{value:.1}")),
    }
}
