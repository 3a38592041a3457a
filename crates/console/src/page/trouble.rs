//! What stands and why, in sentences.

use maud::{Markup, html};

use super::parts::{State, escaped, number, said, state, time};
use crate::house::view::{Brief, ChannelView, DestinationView, Status};
use crate::lang::Lang;

/// Free disk below which somebody should look.
const FREE_LOW: u64 = 1 << 30;

/// One thing that needs somebody.
pub struct Trouble {
    /// How bad it is.
    pub state: State,
    /// What is wrong.
    pub text: String,
    /// What is known of it: the partner's own words, since when.
    pub more: Option<String>,
    /// Whom to call.
    pub call: Option<String>,
    /// Where it can be looked at.
    pub link: String,
}

/// All that stands, the worst first.
pub fn troubles(lang: Lang, status: &Status) -> Vec<Trouble> {
    let mut all = node(lang, status);
    all.extend(status.findings.iter().map(|brief| found(lang, brief)));
    for channel in &status.channels {
        all.extend(of_channel(lang, status.serving, channel));
    }
    all.sort_by_key(|trouble| std::cmp::Reverse(trouble.state));
    all
}

/// What the running site has found by itself.
fn found(lang: Lang, brief: &Brief) -> Trouble {
    let words = lang.say(klinke_diagnosis::Lang::En, klinke_diagnosis::Lang::De);
    let whose = format!("{} · {}", brief.verdict.name(words), brief.layer.name(words));
    let since = brief.since.as_deref().map(said);
    let since = since.map(|at| lang.say(format!(" · since {at}"), format!(" · seit {at}")));
    Trouble {
        state: if brief.minor { State::Warn } else { State::Stop },
        text: format!("{}: {}", brief.system, lang.say(&brief.summary, &brief.summary_de)),
        more: Some(whose + &since.unwrap_or_default()),
        call: None,
        link: format!("/diagnosis?system={}", escaped(&brief.system)),
    }
}

fn node(lang: Lang, status: &Status) -> Vec<Trouble> {
    let mut all = Vec::new();
    if let Some(why) = &status.store.refuses {
        let text = lang.say(
            "Nothing can be kept: senders are refused until the disk takes bytes again.",
            "Nichts kann aufbewahrt werden: Sender werden abgewiesen, bis der Datenträger wieder schreibt.",
        );
        all.push(Trouble {
            state: State::Stop,
            text: text.to_owned(),
            more: Some(why.clone()),
            call: None,
            link: "/site".to_owned(),
        });
    }
    if let Some(free) = status.store.free.filter(|free| *free < FREE_LOW) {
        let free = super::parts::bytes(lang, free);
        all.push(Trouble {
            state: State::Warn,
            text: lang.say(
                format!("The disk has only {free} left."),
                format!("Auf dem Datenträger sind nur noch {free} frei."),
            ),
            more: None,
            call: None,
            link: "/site".to_owned(),
        });
    }
    all
}

fn of_channel(lang: Lang, serving: bool, channel: &ChannelView) -> Vec<Trouble> {
    let name = channel.title.as_deref().unwrap_or(&channel.name);
    let link = format!("/channels/{}", escaped(&channel.name));
    let one =
        |state, text, more: Option<String>| Trouble { state, text, more, call: None, link: link.clone() };
    let mut all = Vec::new();
    if let Some(why) = &channel.stopped {
        let text = lang.say(format!("{name} does not run."), format!("{name} läuft nicht."));
        all.push(one(State::Stop, text, Some(why.clone())));
    } else if let Some(by) = &channel.halted {
        let text = lang.say(
            format!("{name} was stopped by {}: {}", by.who, by.reason),
            format!("{name} wurde von {} gestoppt: {}", by.who, by.reason),
        );
        let since = lang.say(format!("Since {}", said(&by.since)), format!("Seit {}", said(&by.since)));
        let waits = channel.waiting() + channel.unrouted;
        all.push(one(State::Warn, text, Some(format!("{since}. {}", waiting(lang, waits)))));
    } else if serving && !channel.runs {
        let text = lang.say(
            format!("{name} is known from before and is not part of the site any more."),
            format!("{name} ist von früher bekannt und gehört nicht mehr zum Standort."),
        );
        if channel.waiting() > 0 {
            all.push(one(State::Warn, text, Some(waiting(lang, channel.waiting()))));
        }
    }
    if let Some(why) = &channel.refuses {
        let text = lang.say(
            format!("{name} takes no messages at the moment."),
            format!("{name} nimmt zurzeit keine Nachrichten an."),
        );
        all.push(one(State::Stop, text, Some(why.clone())));
    }
    if !channel.balances {
        let text = lang.say(
            format!("The books of {name} do not balance: please report this."),
            format!("Die Bücher von {name} gehen nicht auf: bitte melden."),
        );
        all.push(one(State::Stop, text, None));
    }
    all.extend(channel.destinations.iter().filter_map(|to| of_destination(lang, channel, to)));
    all
}

fn of_destination(lang: Lang, channel: &ChannelView, to: &DestinationView) -> Option<Trouble> {
    let (name, waits) = (&to.name, to.waiting);
    let via = channel.title.as_deref().unwrap_or(&channel.name);
    let said = || {
        let (at, code, text) = to.trouble.as_ref()?;
        let text = if text.is_empty() { code.clone() } else { format!("{code}: {text}") };
        Some(lang.say(format!("Since {}: {text}", said(at)), format!("Seit {}: {text}", said(at))))
    };
    let (state, text, more) = if to.held {
        let text = lang.say(
            format!("{name} is held by a person ({via}). {}", waiting(lang, waits)),
            format!("{name} ist von einem Menschen angehalten ({via}). {}", waiting(lang, waits)),
        );
        (State::Warn, text, None)
    } else if to.down {
        let text = lang.say(
            format!("{name} can't be reached ({via}). {}", waiting(lang, waits)),
            format!("{name} ist nicht erreichbar ({via}). {}", waiting(lang, waits)),
        );
        (State::Stop, text, said())
    } else if to.dead > 0 {
        let dead = number(to.dead);
        let text = match to.dead {
            1 => lang.say(
                format!("One delivery to {name} was given up ({via})."),
                format!("Eine Zustellung an {name} wurde aufgegeben ({via})."),
            ),
            _ => lang.say(
                format!("{dead} deliveries to {name} were given up ({via})."),
                format!("{dead} Zustellungen an {name} wurden aufgegeben ({via})."),
            ),
        };
        (State::Warn, text, said())
    } else {
        return None;
    };
    let link = match to.dead > 0 && !to.down && !to.held {
        true => format!("/dead?place={}", escaped(&format!("{}/{}", channel.name, to.name))),
        false => format!("/queues?place={}", escaped(&format!("{}/{}", channel.name, to.name))),
    };
    Some(Trouble { state, text, more, call: to.contact.clone(), link })
}

fn waiting(lang: Lang, count: u64) -> String {
    match count {
        0 => lang.say("Nothing waits.".into(), "Nichts wartet.".into()),
        1 => lang.say("One delivery waits.".into(), "Eine Zustellung wartet.".into()),
        many => {
            let many = number(many);
            lang.say(format!("{many} deliveries wait."), format!("{many} Zustellungen warten."))
        }
    }
}

/// How a channel stands as a whole.
pub fn channel_state(lang: Lang, serving: bool, channel: &ChannelView) -> (State, &'static str) {
    if !serving {
        return (State::Off, lang.say("not served", "nicht in Betrieb"));
    }
    if channel.stopped.is_some() || channel.refuses.is_some() || channel.destinations.iter().any(|to| to.down)
    {
        return (State::Stop, lang.say("stands", "steht"));
    }
    if channel.halted.is_some() {
        return (State::Warn, lang.say("stopped by a person", "von Hand gestoppt"));
    }
    if !channel.runs {
        return (State::Off, lang.say("not in use", "nicht in Gebrauch"));
    }
    if channel.destinations.iter().any(|to| to.held || to.dead > 0) {
        return (State::Warn, lang.say("look at it", "ansehen"));
    }
    (State::Good, lang.say("runs", "läuft"))
}

/// How a destination stands.
pub fn destination_state(lang: Lang, to: &DestinationView) -> (State, &'static str) {
    if to.down {
        (State::Stop, lang.say("not reached", "nicht erreicht"))
    } else if to.held {
        (State::Warn, lang.say("held", "angehalten"))
    } else if to.dead > 0 {
        (State::Warn, lang.say("given up on some", "einige aufgegeben"))
    } else {
        (State::Good, lang.say("answers", "antwortet"))
    }
}

/// The latest answer that was no acceptance, as a cell of a table.
pub fn latest(to: &DestinationView) -> Markup {
    html! { @if let Some((at, code, text)) = &to.trouble { (time(at)) " " strong { (code) } " " (text) } @else { "–" } }
}

/// The list of them.
pub fn list(lang: Lang, troubles: &[Trouble]) -> Markup {
    html! { ul.troubles {
        @for trouble in troubles { li {
            div { (state(trouble.state, match trouble.state {
                State::Stop => lang.say("stands", "steht"),
                _ => lang.say("look", "ansehen"),
            })) }
            div {
                p { a href=(trouble.link) { (trouble.text) } }
                @if let Some(more) = &trouble.more { p.soft.small { (more) } }
                @if let Some(call) = &trouble.call { p.small { strong { (lang.say("Call: ", "Anrufen: ")) } (call) } }
            }
        } }
    } }
}
