//! Small parts of pages.

use maud::{Markup, html};

pub use super::clock::{day_after, hour, moment, said, time, typed, zoned};
use crate::lang::Lang;

/// How something stands; shown by shape, word and colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// All is well.
    Good,
    /// Not in use.
    Off,
    /// Somebody should look at it.
    Warn,
    /// Something stands.
    Stop,
}

impl State {
    /// Its class in the style sheet.
    pub fn class(self) -> &'static str {
        match self {
            State::Good => "good",
            State::Off => "off",
            State::Warn => "warn",
            State::Stop => "stop",
        }
    }

    /// Its sign, where only text can be drawn.
    pub fn sign(self) -> &'static str {
        match self {
            State::Good => "●",
            State::Off => "○",
            State::Warn => "▲",
            State::Stop => "■",
        }
    }
}

/// A state with its word.
pub fn state(state: State, word: &str) -> Markup {
    html! { span class={ "state " (state.class()) } { (word) } }
}

/// Where an envelope stands: how, and its word.
pub fn envelope_word(lang: Lang, name: &str) -> (State, &str) {
    match name {
        "delivered" => (State::Good, lang.say("delivered", "zugestellt")),
        "filtered" => (State::Off, lang.say("filtered", "ausgefiltert")),
        "unrouted" => (State::Off, lang.say("being worked on", "in Arbeit")),
        "waiting" => (State::Warn, lang.say("waiting", "wartet")),
        "dead" => (State::Stop, lang.say("given up", "aufgegeben")),
        "failed" => (State::Stop, lang.say("failed", "gescheitert")),
        "dropped" => (State::Off, lang.say("dropped", "verworfen")),
        other => (State::Off, other),
    }
}

/// Where an envelope stands.
pub fn envelope_state(lang: Lang, name: &str) -> Markup {
    let (kind, word) = envelope_word(lang, name);
    state(kind, word)
}

/// A number with narrow gaps between thousands.
pub fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3 * 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// Bytes for people.
pub fn bytes(lang: Lang, value: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KB", "MB", "GB", "TB"];
    let mut scaled = value as f64;
    let mut unit = 0;
    while scaled >= 1_000.0 && unit + 1 < UNITS.len() {
        scaled /= 1_000.0;
        unit += 1;
    }
    if unit == 0 { format!("{value} B") } else { lang.decimal(format!("{scaled:.1} {}", UNITS[unit])) }
}

/// Text that a browser may put into an address.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(byte as char),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

/// A box that says that there is nothing.
pub fn nothing(text: &str) -> Markup {
    html! { p.soft { (text) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_sizes_read_well() {
        assert_eq!(number(0), "0");
        assert_eq!(number(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(
            (bytes(Lang::En, 999), bytes(Lang::En, 1_500), bytes(Lang::De, 2_500_000)),
            ("999 B".into(), "1.5 KB".into(), "2,5 MB".into())
        );
        assert_eq!(escaped("a b/ü?"), "a%20b%2F%C3%BC%3F");
    }
}
