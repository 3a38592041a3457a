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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
pub(crate) fn span(time: std::time::Duration) -> String {
    let seconds = time.as_secs_f64();
    match seconds {
        s if s < 0.001 => format!("{:.0} µs", s * 1e6),
        s if s < 1.0 => format!("{:.0} ms", s * 1e3),
        s if s < 10.0 => format!("{s:.1} s"),
        s if s < 180.0 => format!("{s:.0} s"),
        s if s < 7_200.0 => format!("{:.0} min", s / 60.0),
        s if s < 172_800.0 => format!("{:.0} h", s / 3_600.0),
        s => format!("{:.0} d", s / 86_400.0),
    }
}
