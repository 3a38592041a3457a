//! Adapters in site files: tables whose key is an adapter's name, as `mllp = { listen = "…" }`.
//!
//! Which adapters there are is the adapters' own list. Their tables are taken out of what surrounds them
//! before that is read, and each adapter reads its own.

use std::collections::BTreeMap;

use klinke_adapters::registry::{self, Adapter};

/// What is said to each adapter that is named.
pub type Adapters = BTreeMap<&'static str, toml::Value>;

/// Which side of an adapter is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// As a channel's source.
    Source,
    /// As a destination.
    Destination,
}

impl Side {
    fn has(self, adapter: &Adapter) -> bool {
        match self {
            Side::Source => adapter.source.is_some(),
            Side::Destination => adapter.destination.is_some(),
        }
    }

    /// The adapters that can be this.
    pub fn adapters(self) -> impl Iterator<Item = &'static Adapter> {
        const LIST: &[Adapter] = &registry::ALL;
        LIST.iter().filter(move |adapter| self.has(adapter))
    }

    /// Their names, as text for people.
    pub fn names(self) -> String {
        let names: Vec<String> = self.adapters().map(|adapter| format!("`{}`", adapter.name)).collect();
        names.join(", ")
    }
}

/// Takes the adapters' tables out of a table.
pub fn take(table: &mut toml::Table, side: Side) -> Adapters {
    side.adapters().filter_map(|adapter| Some((adapter.name, table.remove(adapter.name)?))).collect()
}

/// What is said to an adapter, as it reads it.
pub fn settings(value: &toml::Value) -> Result<serde_json::Value, String> {
    serde_json::to_value(value).map_err(|error| error.to_string())
}
