//! German and English, side by side where each text is needed.

use serde::{Deserialize, Serialize};

/// A language for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// German.
    De,
}

impl Lang {
    /// The text in this language.
    pub fn say<T>(self, en: T, de: T) -> T {
        match self {
            Lang::En => en,
            Lang::De => de,
        }
    }

    /// A number with a point, as this language writes it.
    pub fn decimal(self, text: String) -> String {
        self.say(text.clone(), text.replace('.', ","))
    }

    /// As `lang` attributes and `?lang=` write it.
    pub fn code(self) -> &'static str {
        self.say("en", "de")
    }

    /// Of `de` or `en`.
    pub fn of_code(code: &str) -> Option<Lang> {
        match code {
            "en" => Some(Lang::En),
            "de" => Some(Lang::De),
            _ => None,
        }
    }

    /// The better one of an `Accept-Language` head; English when it names neither.
    pub fn accepted(head: &str) -> Lang {
        let rank = |part: &str| {
            let (tag, weight) = part.split_once(";q=").unwrap_or((part, "1"));
            let lang = Lang::of_code(tag.trim().get(..2)?.to_ascii_lowercase().as_str())?;
            Some((weight.trim().parse::<f32>().unwrap_or(0.0), lang))
        };
        let mut best = (0.0, Lang::En);
        for (weight, lang) in head.split(',').take(20).filter_map(rank) {
            if weight > best.0 {
                best = (weight, lang);
            }
        }
        best.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weightier_language_wins() {
        assert_eq!(Lang::accepted("de-DE,de;q=0.9,en;q=0.8"), Lang::De);
        assert_eq!(Lang::accepted("fr, en;q=0.5, de;q=0.7"), Lang::De);
        assert_eq!(Lang::accepted("en-US,en"), Lang::En);
        for odd in ["", "*", "é", "de;q=x", ";q=1", "d"] {
            assert_eq!(Lang::accepted(odd), Lang::En, "{odd}");
        }
    }
}
