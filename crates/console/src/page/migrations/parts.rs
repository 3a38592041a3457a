//! Parts that the pages share.

use maud::{Markup, html};

use crate::house::migrate::{Counts, Does, Line, Outlook};
use crate::lang::Lang;
use crate::page::frame;
use crate::page::parts::{State, escaped, number, state};
use crate::people::{Places, Right};
use crate::web::Visitor;

/// Where a migration's page is.
pub fn address(name: &str) -> String {
    format!("/migrations/{}", escaped(name))
}

/// The way back.
pub fn crumbs(lang: Lang, line: &Line) -> Markup {
    let address = address(&line.name);
    frame::crumbs(&[("/migrations", lang.say("Migrations", "Übernahmen")), (&address, &line.title)])
}

/// Whether somebody may run, stop and check.
pub fn may_run(visitor: &Visitor) -> bool {
    visitor.session.is_some() && visitor.actor.may_somewhere(Right::Administer)
}

/// Whether somebody may say what goes first.
pub fn may_order(visitor: &Visitor) -> bool {
    visitor.session.is_some()
        && (visitor.actor.grants.act == Places::All || visitor.actor.may_somewhere(Right::Administer))
}

/// What it does, as a state.
pub fn does(lang: Lang, does: Does) -> Markup {
    let (kind, word) = match does {
        Does::Takes => (State::Good, lang.say("takes over", "übernimmt")),
        Does::Checks => (State::Good, lang.say("checks", "prüft")),
        Does::Rests => (
            State::Warn,
            lang.say("leaves the old archive alone for a while", "lässt das alte Archiv eine Weile in Ruhe"),
        ),
        Does::Waits => (State::Off, lang.say("waits for its hours", "wartet auf seine Stunden")),
        Does::Done => (State::Good, lang.say("nothing is left to be taken", "nichts ist mehr zu übernehmen")),
        Does::Stands => (State::Off, lang.say("does not run", "läuft nicht")),
    };
    state(kind, word)
}

/// The states of studies: class of the drawing, English, German, how many.
pub fn states(counts: &Counts) -> [(&'static str, &'static str, &'static str, u64); 6] {
    [
        ("good", "verified", "geprüft", counts.verified),
        ("note", "taken", "übernommen", counts.taken),
        ("warn", "partly taken", "teilweise übernommen", counts.partly),
        ("stop", "failed", "fehlgeschlagen", counts.failed),
        ("off", "under way", "unterwegs", counts.running),
        ("off", "planned", "geplant", counts.planned),
    ]
}

/// How much of it is done.
pub fn bar(lang: Lang, line: &Line) -> Markup {
    let (here, all) = (line.studies.taken + line.studies.verified, line.studies.all());
    let word = lang.say(
        format!("{} of {} studies are here", number(here), number(all)),
        format!("{} von {} Studien sind hier", number(here), number(all)),
    );
    html! {
        @if all > 0 { progress max=(all) value=(here) aria-label=(word) {} }
        div { (word) }
    }
}

/// How long it will still take, as far as it is known.
pub fn left(lang: Lang, outlook: &Outlook) -> String {
    if outlook.instances_left == 0 && !outlook.is_partial {
        return lang.say("nothing is left to be taken", "es ist nichts mehr zu übernehmen").to_owned();
    }
    let (Some(each), Some(over), Some(seconds)) =
        (outlook.instances_per_minute, outlook.over_minutes, outlook.seconds)
    else {
        let text =
            lang.say("how long it will take is not known yet", "wie lange es dauert, ist noch nicht bekannt");
        return text.to_owned();
    };
    let time = period(lang, seconds);
    let mut text = lang.say(
        format!("some {time} more, at {each:.0} instances a minute (over {over} minutes)"),
        format!("noch etwa {time}, bei {each:.0} Instanzen in der Minute (über {over} Minuten)"),
    );
    if outlook.is_partial || outlook.uncounted > 0 {
        text +=
            lang.say("; longer, as not all is counted yet", "; länger, denn noch ist nicht alles gezählt");
    }
    text
}

fn period(lang: Lang, seconds: u64) -> String {
    match seconds {
        0..=5_399 => format!("{} min", seconds.div_ceil(60).max(1)),
        5_400..=172_799 => format!("{} h", seconds.div_ceil(3_600)),
        _ => {
            let days = seconds.div_ceil(86_400);
            lang.say(format!("{days} days"), format!("{days} Tage"))
        }
    }
}
