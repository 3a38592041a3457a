//! Queries: what C-FIND (PS3.4, C.2.2.2) and QIDO-RS (PS3.18, 8.3.4) ask, in one form.
//!
//! Keys that the archive does not keep are ignored, as PS3.4, C.2.2.1.3 allows; so are those of a level below the query's.
//! Texts are UTF-8: whoever builds a query decodes first.

mod key;
mod matching;
mod pattern;
mod range;

pub use key::{Key, Matching, keys, merge, of_path};
pub(crate) use matching::set_matches;
pub use matching::{View, is_answerable, matches};
pub use pattern::Pattern;
pub use range::Range;

use klinke_dimse::data::DataSet;

use crate::level::Level;

/// A query.
#[derive(Clone, Debug)]
pub struct Query {
    /// At which level.
    pub level: Level,
    /// What must match; all of it.
    pub keys: Vec<Key>,
    /// How names are compared.
    pub names: Names,
    /// How many found ones are passed over.
    pub offset: usize,
    /// How many are wanted at most.
    pub limit: Option<usize>,
}

/// How names of persons are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Names {
    /// As PS3.4 has it, upper and lower case alike.
    #[default]
    Plain,
    /// Words in any order, umlauts and accents folded, each word of the query the beginning of one of the name or sounding
    /// like it.
    Fuzzy,
}

impl Query {
    /// A query for everything of a level.
    pub fn at(level: Level) -> Self {
        Query { level, keys: Vec::new(), names: Names::Plain, offset: 0, limit: None }
    }

    /// The query of an identifier (PS3.4, C.4.1.1.3) with its texts in UTF-8, at a level.
    pub fn of(identifier: &DataSet, level: Level) -> Self {
        Query { keys: key::keys(identifier), ..Query::at(level) }
    }

    /// The key of this tag.
    pub fn key(&self, tag: klinke_dimse::Tag) -> Option<&Matching> {
        self.keys.iter().find(|key| key.tag == tag).map(|key| &key.matching)
    }
}
