//! Every cause that can be told: its verdict, its rung, its words, what to try first. One entry each, in
//! the order of the rungs; the entries lie in `wire`, `secure`, `answers`, `arrivals`, `house` and
//! `silence`.
//!
//! Words in braces are put in by whoever tells the cause: `{address}`, `{name}`.

mod answers;
mod arrivals;
mod house;
mod secure;
mod silence;
mod wire;

pub use answers::*;
pub use arrivals::*;
pub use house::*;
pub use secure::*;
pub use silence::*;
pub use wire::*;

use crate::lang::Text;
use crate::{Layer, Verdict};

/// One cause.
#[derive(Debug)]
pub struct Cause {
    /// A stable word.
    pub code: &'static str,
    /// Whose fault it is.
    pub verdict: Verdict,
    /// On which rung it shows.
    pub layer: Layer,
    /// What is wrong, in one sentence.
    pub summary: Pair,
    /// What to try first.
    pub next: &'static [Pair],
    /// What else it may be, where the facts leave that open.
    pub either: Option<Either>,
}

/// A second cause that the facts leave possible, and the test that decides.
#[derive(Debug)]
pub struct Either {
    /// Whose fault it would be.
    pub verdict: Verdict,
    /// What it would be.
    pub text: Pair,
    /// What decides.
    pub test: Pair,
}

/// A text in English and German.
#[derive(Clone, Copy, Debug)]
pub struct Pair(pub &'static str, pub &'static str);

impl Pair {
    /// With words put in.
    pub fn with(self, words: &[(&str, Text)]) -> Text {
        words.iter().fold(Text::new(self.0, self.1), |text, (name, word)| {
            let mark = format!("{{{name}}}");
            Text { en: text.en.replace(&mark, &word.en), de: text.de.replace(&mark, &word.de) }
        })
    }
}

/// Writes causes, and the list of them.
macro_rules! causes {
    ($($(#[$note:meta])* $name:ident = $code:literal, $verdict:ident, $layer:ident,
        $summary:expr, [$($next:expr),* $(,)?] $(, or $either:ident, $text:expr, $test:expr)? ;)*) => {
        $(
            $(#[$note])*
            pub static $name: $crate::cause::Cause = $crate::cause::Cause {
                code: $code,
                verdict: $crate::Verdict::$verdict,
                layer: $crate::Layer::$layer,
                summary: $summary,
                next: &[$($next),*],
                either: causes!(@either $($either, $text, $test)?),
            };
        )*
        /// All of this file.
        pub(super) static ALL: &[&$crate::cause::Cause] = &[$(&$name),*];
    };
    (@either) => { None };
    (@either $either:ident, $text:expr, $test:expr) => {
        Some($crate::cause::Either { verdict: $crate::Verdict::$either, text: $text, test: $test })
    };
}
use causes;

/// All causes.
pub fn all() -> impl Iterator<Item = &'static Cause> {
    [wire::ALL, secure::ALL, answers::ALL, arrivals::ALL, house::ALL, silence::ALL]
        .into_iter()
        .flatten()
        .copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_has_its_own_word_and_all_its_sentences() {
        let mut codes = std::collections::BTreeSet::new();
        for cause in all() {
            assert!(codes.insert(cause.code), "{} stands twice", cause.code);
            assert_ne!(cause.verdict, Verdict::None, "{}", cause.code);
            assert!(!cause.next.is_empty(), "{} does not say what to try first", cause.code);
            let either = cause.either.iter().flat_map(|either| [either.text, either.test]);
            for Pair(en, de) in cause.next.iter().copied().chain([cause.summary]).chain(either) {
                assert!(!en.is_empty() && !de.is_empty() && en != de, "{}: {en} / {de}", cause.code);
                let words = |text: &str| {
                    text.split('{')
                        .skip(1)
                        .filter_map(|rest| Some(rest.split_once('}')?.0.to_owned()))
                        .collect::<std::collections::BTreeSet<_>>()
                };
                assert_eq!(words(en), words(de), "{}: other words are put in", cause.code);
            }
            if let Some(either) = &cause.either {
                assert_ne!(either.verdict, cause.verdict, "{}: both possibilities are one", cause.code);
            }
        }
        assert!(codes.len() >= 60, "{}", codes.len());
    }
}
