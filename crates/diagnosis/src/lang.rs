//! German and English, side by side where each sentence is made.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A language for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// German.
    De,
}

/// One sentence in both languages: a judgement is made once and read by people of either.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Text {
    /// In English.
    pub en: String,
    /// In German.
    pub de: String,
}

impl Lang {
    /// Picks one of two.
    pub fn pick<T>(self, en: T, de: T) -> T {
        match self {
            Lang::En => en,
            Lang::De => de,
        }
    }
}

impl Text {
    /// Of two sentences.
    pub fn new(en: impl Into<String>, de: impl Into<String>) -> Self {
        Text { en: en.into(), de: de.into() }
    }

    /// The same in both languages: a name, an address.
    pub fn same(text: impl Into<String>) -> Self {
        let text = text.into();
        Text { en: text.clone(), de: text }
    }

    /// The sentence in this language.
    pub fn get(&self, lang: Lang) -> &str {
        lang.pick(&self.en, &self.de)
    }
}

/// A length of time as people say it: `0.4 s`, `12 s`, `10 min`, `3 h`.
pub(crate) fn span(time: std::time::Duration) -> Text {
    let seconds = time.as_secs_f64();
    decimal(match seconds {
        s if s < 0.001 => format!("{:.0} µs", s * 1e6),
        s if s < 1.0 => format!("{:.0} ms", s * 1e3),
        s if s < 10.0 => format!("{s:.1} s"),
        s if s < 180.0 => format!("{s:.0} s"),
        s if s < 7_200.0 => format!("{:.0} min", s / 60.0),
        s if s < 172_800.0 => format!("{:.0} h", s / 3_600.0),
        s => format!("{:.0} d", s / 86_400.0),
    })
}

/// A number with a point, which is a comma in German.
pub(crate) fn decimal(number: String) -> Text {
    Text { de: number.replace('.', ","), en: number }
}

/// How many of something there are: one, or more.
pub(crate) fn counted(count: u64, one: (&str, &str), more: (&str, &str)) -> Text {
    let (en, de) = if count == 1 { one } else { more };
    Text { en: format!("{count} {en}"), de: format!("{count} {de}") }
}

/// A list of texts in both languages.
pub(crate) fn listed(all: impl IntoIterator<Item = Text>) -> Text {
    let (en, de): (Vec<String>, Vec<String>) = all.into_iter().map(|one| (one.en, one.de)).unzip();
    Text { en: en.join(", "), de: de.join(", ") }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn german_writes_a_comma_and_one_is_one() {
        let of = |millis: u64| span(Duration::from_millis(millis));
        assert_eq!((of(2_500).en.as_str(), of(2_500).de.as_str()), ("2.5 s", "2,5 s"));
        assert_eq!((of(12).de.as_str(), of(12_000).de.as_str()), ("12 ms", "12 s"));
        let lines = |count| counted(count, ("connection", "Verbindung"), ("connections", "Verbindungen"));
        assert_eq!((lines(1).de.as_str(), lines(1).en.as_str()), ("1 Verbindung", "1 connection"));
        assert_eq!((lines(0).de.as_str(), lines(2).en.as_str()), ("0 Verbindungen", "2 connections"));
        assert_eq!(listed([of(2_500), of(12)]).de, "2,5 s, 12 ms");
    }
}
