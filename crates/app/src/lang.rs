//! German and English, side by side where each text is needed.

use klinke_console::lang::Lang;

/// A language for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    En,
    /// German.
    De,
}

/// Picks one of two texts.
pub trait Pick {
    /// The text in this language.
    fn pick<T>(self, en: T, de: T) -> T;
}

impl Pick for Language {
    fn pick<T>(self, en: T, de: T) -> T {
        match self {
            Language::En => en,
            Language::De => de,
        }
    }
}

impl Language {
    /// A number with a point, as this language writes it.
    pub fn decimal(self, text: String) -> String {
        self.pick(text.clone(), text.replace('.', ","))
    }
}

impl From<Language> for Lang {
    fn from(language: Language) -> Lang {
        language.pick(Lang::En, Lang::De)
    }
}

impl From<Lang> for Language {
    fn from(lang: Lang) -> Language {
        lang.say(Language::En, Language::De)
    }
}

impl From<klinke_diagnosis::Lang> for Language {
    fn from(lang: klinke_diagnosis::Lang) -> Language {
        match lang {
            klinke_diagnosis::Lang::En => Language::En,
            klinke_diagnosis::Lang::De => Language::De,
        }
    }
}

/// The language that `--lang`, else the environment (`LC_ALL`, `LC_MESSAGES`, `LANG`) asks for.
pub fn asked(option: Option<&str>) -> Language {
    let environment = || {
        ["LC_ALL", "LC_MESSAGES", "LANG"]
            .iter()
            .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    };
    let word = option.map(str::to_owned).or_else(environment).unwrap_or_default();
    if word.to_lowercase().starts_with("de") { Language::De } else { Language::En }
}
