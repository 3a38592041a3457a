//! Searching workitems (PS3.4, section CC.2.8; PS3.18, section 11.9).

use klinke_dimse::data::DataSet;

use crate::find::{self, Key, Names};

/// A query of workitems.
#[derive(Clone, Debug, Default)]
pub struct WorkitemQuery {
    /// What must match; all of it. Any attribute that a workitem has can be a key.
    pub keys: Vec<Key>,
    /// How names are compared.
    pub names: Names,
    /// How many found ones are passed over.
    pub offset: usize,
    /// How many are wanted at most.
    pub limit: Option<usize>,
}

impl WorkitemQuery {
    /// Whether a workitem is what is asked for.
    pub(crate) fn matches(&self, attributes: &DataSet) -> bool {
        find::set_matches(&self.keys, self.names, attributes)
    }
}
