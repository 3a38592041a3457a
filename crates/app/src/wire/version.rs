//! A channel's version: the files that decide what happens to its envelopes, as one text.
//!
//! The store keeps the text of every version that ever handled an envelope, so that it can be shown
//! later what each step made of it. Secrets are not in it: files are kept as they are written.

use std::collections::BTreeMap;

use klinke_engine::table::{Table, Tables};
use serde::{Deserialize, Serialize};

use crate::site::{ChannelFile, Site};

/// The files of a version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Version {
    /// The channel's file.
    pub channel: String,
    /// The systems that it names, each as a table.
    pub systems: BTreeMap<String, toml::Table>,
    /// The look-up tables of the site that its text names.
    pub tables: BTreeMap<String, String>,
    /// The site's message templates, when the text names any.
    #[serde(default)]
    pub templates: BTreeMap<String, String>,
    /// The site's scripts, when it has script steps.
    pub scripts: BTreeMap<String, String>,
    /// The time zone.
    pub zone: String,
}

impl Version {
    /// The version of a channel as its files stand now.
    pub fn of(site: &Site, file: &ChannelFile) -> Version {
        let text = &file.source.text;
        let named = |name: &str| text.contains(name);
        let systems = site.systems_file.values.iter().filter(|(name, _)| named(name));
        let tables = site.table_texts.iter();
        let has_scripts = text.contains("script");
        Version {
            channel: text.clone(),
            systems: systems
                .filter_map(|(name, value)| Some((name.clone(), value.as_table()?.clone())))
                .collect(),
            // A script may look into any table.
            tables: tables
                .filter(|(name, _)| has_scripts || named(name))
                .map(|(name, text)| (name.clone(), text.clone()))
                .collect(),
            templates: site
                .templates
                .iter()
                .filter(|(name, _)| named(name))
                .map(|(name, text)| (name.clone(), text.clone()))
                .collect(),
            scripts: if has_scripts { site.scripts.clone() } else { BTreeMap::new() },
            zone: site.node.zone.clone(),
        }
    }

    /// Its look-up tables.
    pub fn look_up_tables(&self) -> anyhow::Result<Tables> {
        let mut tables = Tables::new();
        for (name, text) in &self.tables {
            let table = Table::parse(text).map_err(|error| anyhow::anyhow!("{name}: {}", error.text))?;
            tables.insert(name.clone(), table);
        }
        Ok(tables)
    }

    /// As one text.
    pub fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The inverse of [`Version::text`].
    pub fn parse(text: &str) -> Option<Version> {
        serde_json::from_str(text).ok()
    }

    /// All that source and lanes depend on: the channel's values without its steps, with secrets (this
    /// text is compared in memory and kept nowhere), and the systems.
    pub fn frame(&self, file: &ChannelFile) -> String {
        let mut values = file.values.clone();
        values.remove("step");
        format!("{values:?} {:?}", self.systems)
    }
}
