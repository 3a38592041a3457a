//! Studies by year as a small drawing, with the table behind it.

use maud::{Markup, html};

use super::parts::states;
use crate::house::migrate::Year;
use crate::lang::Lang;
use crate::page::parts::{nothing, number};

/// The drawing's own units.
const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 120.0;
/// More years are not drawn; the table has them.
const YEARS_MAX: usize = 80;

/// The card.
pub fn card(lang: Lang, years: &[Year]) -> Markup {
    html! { section.card.chart.years aria-labelledby="years" {
        h2 #years { (lang.say("Studies by year", "Studien nach Jahren")) }
        @if years.is_empty() { (nothing(lang.say("The inventory has none yet.", "Das Verzeichnis hat noch keine."))) }
        @else { (drawn(lang, years)) (keys(lang)) (table(lang, years)) }
    } }
}

fn name(lang: Lang, year: &Year) -> &str {
    if year.year.is_empty() { lang.say("none", "ohne") } else { &year.year }
}

fn drawn(lang: Lang, years: &[Year]) -> Markup {
    let years = &years[years.len().saturating_sub(YEARS_MAX)..];
    let most = years.iter().map(|year| year.studies.all()).max().unwrap_or(0).max(1);
    let wide = WIDTH / years.len() as f64;
    let title = lang.say(
        format!("Studies by year; {} at most", number(most)),
        format!("Studien nach Jahren; höchstens {}", number(most)),
    );
    html! {
        svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } preserveAspectRatio="none" role="img" aria-label=(title) {
            @for (at, year) in years.iter().enumerate() { (column(at as f64 * wide, wide, year, most)) }
            line.rule x1="0" x2=(WIDTH) y1=(HEIGHT - 1.0) y2=(HEIGHT - 1.0) {}
        }
        div.scale {
            span { (years.first().map_or("", |year| name(lang, year))) }
            span { (lang.say("at most ", "höchstens ")) (number(most)) }
            span { (years.last().map_or("", |year| name(lang, year))) }
        }
    }
}

/// The studies of a year, those that are furthest at the bottom.
fn column(left: f64, wide: f64, year: &Year, most: u64) -> Markup {
    let mut below = HEIGHT - 1.0;
    let parts = states(&year.studies).map(|(class, _, _, count)| {
        let high = count as f64 / most as f64 * (HEIGHT - 6.0);
        below -= high;
        (class, below, high)
    });
    html! { @for (class, top, high) in parts.iter().filter(|(_, _, high)| *high > 0.0) {
        rect class=(class) x=(format!("{:.1}", left + wide * 0.1)) y=(format!("{top:.1}")) width=(format!("{:.1}", wide * 0.8)) height=(format!("{high:.1}")) {}
    } }
}

fn keys(lang: Lang) -> Markup {
    let words = [
        ("good", "verified", "geprüft"),
        ("note", "taken", "übernommen"),
        ("warn", "partly taken", "teilweise übernommen"),
        ("stop", "failed", "fehlgeschlagen"),
        ("off", "not yet", "noch nicht"),
    ];
    html! { ul.keys { @for (class, en, de) in words { li class={ "key " (class) } { (lang.say(en, de)) } } } }
}

fn table(lang: Lang, years: &[Year]) -> Markup {
    html! { details #years-table {
        summary { (lang.say("as a table", "als Tabelle")) }
        div.table tabindex="0" { table {
            thead { tr {
                th scope="col" { (lang.say("Year", "Jahr")) }
                @for (_, en, de, _) in states(&years[0].studies) { th.number scope="col" { (lang.say(en, de)) } }
            } }
            tbody { @for year in years { tr {
                th scope="row" { (name(lang, year)) }
                @for (_, _, _, count) in states(&year.studies) { td.number { (number(count)) } }
            } } }
        } }
    } }
}
