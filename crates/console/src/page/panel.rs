//! The patch panel: who talks to whom, as jacks and cables.

use maud::{Markup, html};

use super::parts::{State, escaped};
use super::trouble::{channel_state, destination_state};
use crate::house::site::SystemView;
use crate::house::view::{ChannelView, Status};
use crate::lang::Lang;

/// Columns: where jacks of senders, boxes of channels and jacks of receivers stand.
const SENDER: f64 = 170.0;
const CHANNEL: f64 = 330.0;
const CHANNEL_WIDTH: f64 = 260.0;
const RECEIVER: f64 = 750.0;
const WIDTH: f64 = 920.0;
/// Height of a row.
const ROW: f64 = 46.0;
/// The longest name drawn, in characters.
const NAME_MAX: usize = 25;

/// The system that feeds a channel.
pub fn sender(systems: &[SystemView], channel: &str) -> Option<String> {
    let found = systems.iter().find(|system| system.sends.iter().any(|one| one == channel))?;
    Some(found.title.clone().unwrap_or_else(|| found.name.clone()))
}

/// Channels with those that stand first, then by name.
pub fn worst_first(lang: Lang, status: &Status, limit: usize) -> Vec<&ChannelView> {
    let mut all: Vec<&ChannelView> = status.channels.iter().collect();
    all.sort_by_key(|channel| std::cmp::Reverse(channel_state(lang, status.serving, channel).0 > State::Off));
    all.truncate(limit);
    all
}

/// A cable: from a row to a row, how it stands.
struct Cable {
    from: (f64, f64),
    to: (f64, f64),
    state: State,
}

/// The drawing.
pub fn panel(lang: Lang, status: &Status, systems: &[SystemView], limit: usize) -> Markup {
    let channels = worst_first(lang, status, limit);
    let mut senders: Vec<String> = Vec::new();
    let mut receivers: Vec<String> = Vec::new();
    for channel in &channels {
        place(&mut senders, source(lang, systems, channel));
        for to in &channel.destinations {
            place(&mut receivers, title(systems, &to.name));
        }
    }
    let rows = channels.len().max(senders.len()).max(receivers.len()).max(1);
    let height = rows as f64 * ROW;
    let at = |index: usize, count: usize| height / count.max(1) as f64 * (index as f64 + 0.5);
    let mut cables = Vec::new();
    for (row, channel) in channels.iter().enumerate() {
        let y = at(row, channels.len());
        let from = place(&mut senders, source(lang, systems, channel));
        let state = taking(status, channel);
        cables.push(Cable { from: (SENDER, at(from, senders.len())), to: (CHANNEL, y), state });
        for to in &channel.destinations {
            let end = place(&mut receivers, title(systems, &to.name));
            let state =
                if status.serving && channel.runs { destination_state(lang, to).0 } else { State::Off };
            cables.push(Cable {
                from: (CHANNEL + CHANNEL_WIDTH, y),
                to: (RECEIVER, at(end, receivers.len())),
                state,
            });
        }
    }
    html! {
        div.panel aria-hidden="true" {
            svg viewBox={ "0 0 " (WIDTH) " " (height) } {
                @for cable in &cables { (drawn(cable)) }
                @for (row, name) in senders.iter().enumerate() {
                    circle.jack cx=(SENDER) cy=(at(row, senders.len())) r="7" {}
                    text x=(SENDER - 16.0) y=(at(row, senders.len()) + 4.5) text-anchor="end" { (cut(name)) }
                }
                @for (row, name) in receivers.iter().enumerate() {
                    circle.jack cx=(RECEIVER) cy=(at(row, receivers.len())) r="7" {}
                    text x=(RECEIVER + 16.0) y=(at(row, receivers.len()) + 4.5) { (cut(name)) }
                }
                @for (row, channel) in channels.iter().enumerate() { (boxed(lang, status, channel, at(row, channels.len()))) }
            }
        }
    }
}

/// How the way into a channel stands, whatever stands behind it.
fn taking(status: &Status, channel: &ChannelView) -> State {
    if channel.stopped.is_some() || channel.refuses.is_some() {
        State::Stop
    } else if channel.halted.is_some() {
        State::Warn
    } else if status.serving && channel.runs {
        State::Good
    } else {
        State::Off
    }
}

fn boxed(lang: Lang, status: &Status, channel: &ChannelView, y: f64) -> Markup {
    let (state, word) = channel_state(lang, status.serving, channel);
    let waiting = channel.waiting();
    html! {
        a href={ "/channels/" (escaped(&channel.name)) } tabindex="-1" {
            rect.box x=(CHANNEL) y=(y - 19.0) width=(CHANNEL_WIDTH) height="38" rx="5" {}
            text x=(CHANNEL + 12.0) y=(y - 2.0) { (cut(channel.title.as_deref().unwrap_or(&channel.name))) }
            text.soft x=(CHANNEL + 12.0) y=(y + 13.0) {
                @if waiting > 0 { (waiting) (lang.say(" wait", " warten")) } @else { (channel.name) }
            }
            text class=(state.class()) x=(CHANNEL + CHANNEL_WIDTH - 10.0) y=(y + 5.0) text-anchor="end" { (state.sign()) " " (word) }
        }
    }
}

fn drawn(cable: &Cable) -> Markup {
    let ((x1, y1), (x2, y2)) = (cable.from, cable.to);
    let bend = (x2 - x1) * 0.5;
    let way = format!("M{x1:.0} {y1:.1} C{:.0} {y1:.1} {:.0} {y2:.1} {x2:.0} {y2:.1}", x1 + bend, x2 - bend);
    html! { path class={ "cable " (cable.state.class()) } d=(way) {} }
}

/// The row of a name, which gets one when it has none.
fn place(names: &mut Vec<String>, name: String) -> usize {
    names.iter().position(|one| *one == name).unwrap_or_else(|| {
        names.push(name);
        names.len() - 1
    })
}

fn source(lang: Lang, systems: &[SystemView], channel: &ChannelView) -> String {
    sender(systems, &channel.name).unwrap_or_else(|| match &channel.address {
        Some(address) => address.clone(),
        None => lang.say("other channels", "andere Kanäle").to_owned(),
    })
}

/// What people call the system that a destination leads to.
fn title(systems: &[SystemView], destination: &str) -> String {
    let found = systems.iter().find(|system| system.name == destination);
    found.and_then(|system| system.title.clone()).unwrap_or_else(|| destination.to_owned())
}

fn cut(name: &str) -> String {
    match name.char_indices().nth(NAME_MAX) {
        None => name.to_owned(),
        Some((end, _)) => format!("{}…", &name[..end]),
    }
}
