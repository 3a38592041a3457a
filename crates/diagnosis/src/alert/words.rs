//! What people read: one title, one text. Both are made of names of the site's files, which may hold anything:
//! no character of them ends a line or a head.

use klinke_model::Timestamp;

use super::desk::{Alert, Reason};
use super::kind::Rank;
use crate::clock::{Clock, by_clock};
use crate::{Lang, Text};

/// Longest title, and longest line of a text, in characters.
const TITLE_MAX: usize = 150;
const LINE_MAX: usize = 600;

/// What is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// One line.
    pub title: String,
    /// Lines.
    pub text: String,
}

/// One line of any text: without control characters, direction marks and line ends.
pub fn line(text: &str, most: usize) -> String {
    let is_odd = |c: char| {
        c.is_control()
            || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    let clean: String = text.chars().map(|c| if is_odd(c) { ' ' } else { c }).collect();
    let clean = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    if clean.chars().count() <= most {
        clean
    } else {
        clean.chars().take(most - 1).collect::<String>() + "…"
    }
}

/// The words of an alert for somebody.
pub fn message(
    alert: &Alert,
    reason: Reason,
    lang: Lang,
    site: &str,
    link: Option<&str>,
    clock: Clock<'_>,
) -> Message {
    let mark = match (reason, alert.rank) {
        (Reason::Closed, _) => lang.pick("well again", "wieder gut"),
        (_, Rank::Urgent) => lang.pick("URGENT", "DRINGEND"),
        (_, Rank::Warning) => lang.pick("warning", "Warnung"),
        (_, Rank::Notice) => lang.pick("notice", "Hinweis"),
    };
    let again = match reason {
        Reason::Repeated => lang.pick(" (again)", " (erneut)"),
        Reason::Escalated => lang.pick(" (nobody has acknowledged)", " (niemand hat quittiert)"),
        Reason::Worse => lang.pick(" (has become worse)", " (ist schlimmer geworden)"),
        Reason::HandedOver => lang.pick(" (handed over to you)", " (Ihnen übergeben)"),
        Reason::Opened | Reason::Closed | Reason::Test => "",
    };
    let title = line(&format!("[{mark}] {}{again}", alert.title.get(lang)), TITLE_MAX);
    let told =
        |before: &str, text: &Text| line(&format!("{before}{}", by_clock(text.get(lang), clock)), LINE_MAX);
    let mut lines = vec![told("", &alert.text)];
    let since = clock(Timestamp(alert.since));
    lines.push(lang.pick(format!("Since {since}."), format!("Seit {since}.")));
    if let (Reason::Closed, Some(closed)) = (reason, alert.closed) {
        let at = clock(Timestamp(closed));
        lines.push(lang.pick(format!("Well again since {at}."), format!("Wieder gut seit {at}.")));
    }
    if alert.flaps >= 2 {
        lines.push(lang.pick(
            format!(
                "It comes and goes: {} times by now. It is told again only when it stays.",
                alert.flaps + 1
            ),
            format!(
                "Es kommt und geht: bisher {}-mal. Gemeldet wird erst wieder, wenn es bleibt.",
                alert.flaps + 1
            ),
        ));
    }
    if reason != Reason::Closed {
        lines.extend(alert.also.iter().map(|also| told(lang.pick("Also: ", "Außerdem: "), also)));
        lines.extend(
            alert
                .call
                .iter()
                .map(|call| line(&format!("{}: {call}", lang.pick("Call", "Anrufen")), LINE_MAX)),
        );
        if !alert.first.is_empty() {
            lines.push(lang.pick("Try first:", "Zuerst versuchen:").to_owned());
            lines.extend(alert.first.iter().map(|first| format!("- {}", line(first.get(lang), LINE_MAX))));
        }
        if let Some(link) = link {
            lines.push(format!("{}: {link}", lang.pick("Acknowledge", "Quittieren")));
        }
    }
    lines.push(line(&format!("Klinke, {site} · {} {}", lang.pick("alert", "Alarm"), alert.id), LINE_MAX));
    Message { title, text: lines.join("\n") }
}
