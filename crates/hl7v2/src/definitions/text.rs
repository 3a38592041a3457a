//! Names in the languages that Klinke speaks.

use std::borrow::Cow;

/// A language in which names and texts are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Language {
    /// English, the standard's own; every name has it.
    #[default]
    En,
    /// German, for what a hospital meets daily; elsewhere the English name stands in.
    De,
}

/// A name or text in English and, where it is known, in German.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Name {
    /// English; may be empty for a code without text.
    pub en: Cow<'static, str>,
    /// German, or empty.
    pub de: Cow<'static, str>,
}

impl Name {
    /// A name of a site's own; an empty German one means that the English one serves.
    #[must_use]
    pub fn new(en: impl Into<Cow<'static, str>>, de: impl Into<Cow<'static, str>>) -> Self {
        Self { en: en.into(), de: de.into() }
    }

    /// The name in this language, in the other one where this language has none.
    #[must_use]
    pub fn text(&self, language: Language) -> &str {
        let (first, second) = match language {
            Language::En => (&self.en, &self.de),
            Language::De => (&self.de, &self.en),
        };
        if first.is_empty() { second } else { first }
    }
}
