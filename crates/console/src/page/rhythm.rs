//! The rhythm of a system: its week as a small drawing with the table behind it, and how it goes now.

use maud::{Markup, html};

use super::chart::short;
use super::parts::{State, nothing, number, state, time};
use crate::house::rhythm::{DAYS, Hour, Rhythm};
use crate::lang::Lang;

/// The drawing's own units: an hour's width, a day's height, and where the hours begin.
const HOUR: f64 = 24.0;
const DAY: f64 = 34.0;
const LEFT: f64 = 40.0;
const HEAD: f64 = 16.0;

/// The card.
pub fn card(lang: Lang, rhythm: Option<&Rhythm>) -> Markup {
    html! { section.card.chart aria-labelledby="rhythm" {
        h2 #rhythm { (lang.say("Rhythm", "Rhythmus")) }
        @match rhythm {
            None => { (nothing(lang.say("Nothing was heard of it yet.", "Von ihm wurde noch nichts gehört."))) }
            Some(one) => { (now(lang, one)) (drawn(lang, one)) (table(lang, one)) }
        }
    } }
}

/// What is expected now, and what came.
fn now(lang: Lang, one: &Rhythm) -> Markup {
    let usual = short(lang, one.usual);
    html! {
        @if let Some(since) = &one.silent { p { (state(State::Stop, lang.say("silent", "still"))) " " (lang.say("since ", "seit ")) (time(since)) } }
        @if one.is_warm { p { (lang.say("In this hour of the week it usually sends ", "In dieser Stunde der Woche sendet es sonst ")) strong { (usual) } "." } }
        @else { p.soft { (lang.say("It is listened to since ", "Es wird gehört seit ")) (time(&one.begun)) (lang.say(": nothing is told of it in the first week.", ": in der ersten Woche wird nichts gemeldet.")) } }
        p {
            @if let Some(came) = one.came { (lang.say("Came in this hour so far: ", "In dieser Stunde kamen bisher: ")) strong { (number(came.into())) } ". " }
            (lang.say("The last one: ", "Die letzte: ")) (time(&one.last)) "."
            @if one.is_warm && one.awaited >= 1.0 { " " (lang.say("Surely expected since then: ", "Seitdem sicher erwartet: ")) strong { (short(lang, one.awaited)) } "." }
        }
    }
}

fn drawn(lang: Lang, one: &Rhythm) -> Markup {
    let most = one.hours.iter().map(|hour| hour.middle).fold(0.0, f64::max);
    let height = |hour: &Hour| if most > 0.0 { hour.middle / most * (DAY - 8.0) } else { 0.0 };
    let title = lang.say(
        format!("The hours of its week; at most {} are usual", short(lang, most)),
        format!("Die Stunden seiner Woche; höchstens {} sind üblich", short(lang, most)),
    );
    html! { div.week tabindex="0" { svg viewBox={ "0 0 " (LEFT + 24.0 * HOUR) " " (HEAD + 7.0 * DAY) } role="img" aria-label=(title) {
        @for hour in (0..24).step_by(6) { text.soft x=(LEFT + f64::from(hour) * HOUR) y=(HEAD - 4.0) { (hour) } }
        @for (day, (english, german)) in DAYS.iter().enumerate() {
            @let base = HEAD + (day as f64 + 1.0) * DAY - 4.0;
            text x="0" y=(base - 4.0) { (lang.say(english, german)) }
            line.rule x1=(LEFT) x2=(LEFT + 24.0 * HOUR) y1=(base) y2=(base) {}
            @for (hour, slot) in one.hours.iter().skip(day * 24).take(24).enumerate() {
                @let x = LEFT + hour as f64 * HOUR;
                @if one.now == day * 24 + hour { rect.now x=(x) y=(base - DAY + 5.0) width=(HOUR) height=(DAY - 5.0) {} }
                @if slot.weeks > 0 { rect.middle x=(x + 2.0) y=(format!("{:.1}", base - height(slot))) width=(HOUR - 4.0) height=(format!("{:.1}", height(slot).max(0.5))) {} }
            }
        }
    } } }
}

fn table(lang: Lang, one: &Rhythm) -> Markup {
    html! { details #rhythm-table {
        summary { (lang.say("as a table", "als Tabelle")) }
        p.small.soft { (lang.say("The middle of the last weeks, and the least and the most. Holidays count as Sundays.", "Die Mitte der letzten Wochen, dazu das Wenigste und das Meiste. Feiertage zählen als Sonntage.")) }
        div.table tabindex="0" { table {
            thead { tr { th scope="col" { (lang.say("Hour", "Stunde")) } @for (english, german) in DAYS { th.number scope="col" { (lang.say(english, german)) } } } }
            tbody { @for hour in 0..24 { tr {
                th scope="row" { (hour) }
                @for day in 0..7 { td.number { (cell(lang, one.hours.get(day * 24 + hour))) } }
            } } }
        } }
    } }
}

fn cell(lang: Lang, hour: Option<&Hour>) -> String {
    match hour.filter(|hour| hour.weeks > 0) {
        None => "–".to_owned(),
        Some(hour) => format!("{} ({}–{})", short(lang, hour.middle), hour.least, hour.most),
    }
}
