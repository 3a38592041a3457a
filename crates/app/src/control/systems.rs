//! Systems and channels as the site's files name them.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use klinke_console::house::site::{ChannelFiles, SystemView, Version};
use klinke_store::VersionInfo;

use super::answer::Counter;
use crate::serve::lives;
use crate::site::adapters::Adapters;
use crate::site::{Site, System};
use crate::wire::version;

/// Keys of an adapter's table that say where a partner is; all others are not shown, for secrets may be
/// among them.
const PLACES: [&str; 5] = ["address", "connect", "listen", "url", "folder"];

/// Who talks to whom, as the files say.
#[derive(Clone, Debug, Default)]
pub struct Wiring {
    /// The partners.
    pub systems: Vec<SystemView>,
    /// Each channel's title, its sender, and its destinations with the systems they lead to.
    pub channels: BTreeMap<String, Ends>,
}

/// The two ends of a channel.
#[derive(Clone, Debug, Default)]
pub struct Ends {
    /// What people call the channel.
    pub title: Option<String>,
    /// The system that sends.
    pub from: Option<String>,
    /// The destinations by name, and the systems they lead to.
    pub to: Vec<(String, Option<String>)>,
}

impl Wiring {
    /// Of a site.
    pub fn of(site: &Site) -> Wiring {
        let channels: BTreeMap<String, Ends> =
            site.channels.iter().map(|(name, file)| (name.clone(), ends(&file.channel))).collect();
        let systems = site.systems.iter().map(|(name, system)| view(name, system, &channels));
        Wiring { systems: systems.collect(), channels }
    }

    /// A partner.
    pub fn system(&self, name: &str) -> Option<&SystemView> {
        // They are in the order of their names.
        let at = self.systems.binary_search_by(|system| system.name.as_str().cmp(name)).ok()?;
        Some(&self.systems[at])
    }

    /// What people call a channel.
    pub fn title(&self, channel: &str) -> Option<String> {
        self.channels.get(channel)?.title.clone()
    }
}

fn ends(channel: &crate::site::Channel) -> Ends {
    let source = channel.source.iter().flat_map(|source| source.adapters.values());
    let from = source.filter_map(|table| Some(table.get("from")?.as_str()?.to_owned())).next();
    let to = channel.destination.iter().filter_map(|one| {
        let system = one.to.clone();
        let own = one.channel.clone().or_else(|| one.adapters.keys().next().map(|name| (*name).to_owned()));
        Some((one.name.clone().or_else(|| system.clone()).or(own)?, system))
    });
    Ends { title: channel.title.clone(), from, to: to.collect() }
}

fn view(name: &str, system: &System, channels: &BTreeMap<String, Ends>) -> SystemView {
    let leads = |(channel, ends): (&String, &Ends)| -> Vec<String> {
        let own = ends.to.iter().filter(|(_, system)| system.as_deref() == Some(name));
        own.map(|(destination, _)| format!("{channel}/{destination}")).collect()
    };
    SystemView {
        name: name.to_owned(),
        title: system.title.clone(),
        contact: system.contact.clone(),
        charset: system.charset.clone(),
        endpoints: endpoints(&system.adapters),
        sends: channels
            .iter()
            .filter(|(_, ends)| ends.from.as_deref() == Some(name))
            .map(|(channel, _)| channel.clone())
            .collect(),
        gets: channels.iter().flat_map(leads).collect(),
    }
}

/// Adapters and addresses, without what else stands beside them.
fn endpoints(adapters: &Adapters) -> Vec<(String, String)> {
    let place = |value: &toml::Value| match value {
        toml::Value::String(address) => address.clone(),
        toml::Value::Table(table) => {
            let found = PLACES.iter().find_map(|key| table.get(*key)?.as_str());
            found.unwrap_or_default().to_owned()
        }
        _ => String::new(),
    };
    adapters.iter().map(|(name, value)| ((*name).to_owned(), place(value))).collect()
}

/// A channel's files: its versions as the store keeps them, and its examples.
pub fn channel(counter: &Counter, name: &str) -> Result<ChannelFiles> {
    let files = counter.files();
    let channels = counter.store.channels()?;
    let known = channels.iter().find(|channel| channel.name == name);
    let ends = files.wiring.channels.get(name);
    if known.is_none() && ends.is_none() {
        anyhow::bail!("there is no channel `{name}`; `klinke status` lists them");
    }
    let versions = known.map(|channel| counter.store.versions(channel.id)).transpose()?;
    let ends = ends.cloned().unwrap_or_default();
    Ok(ChannelFiles {
        name: name.to_owned(),
        title: ends.title,
        from: ends.from,
        to: ends.to,
        versions: versions.iter().flatten().map(|one| kept(counter, one)).collect::<Result<_>>()?,
        examples: examples(counter, name).unwrap_or_default(),
    })
}

fn kept(counter: &Counter, one: &VersionInfo) -> Result<Version> {
    let lives = lives::of(counter.store.as_ref(), one.id)?;
    Ok(Version {
        id: one.id.0,
        since: one.since.to_string(),
        lives: lives.into_iter().map(|life| (life.since.to_string(), life.revision)).collect(),
        files: version::Version::parse(&one.text).map(texts).unwrap_or_default(),
    })
}

/// The files of a version, the channel's own first.
pub fn texts(version: version::Version) -> Vec<(String, String)> {
    let mut files = vec![("channel".to_owned(), version.channel)];
    let more = [("tables", version.tables), ("templates", version.templates), ("scripts", version.scripts)];
    for (kind, texts) in more {
        files.extend(texts.into_iter().map(|(name, text)| match kind {
            "scripts" => (name, text),
            _ => (format!("{kind}/{name}"), text),
        }));
    }
    files
}

fn examples(counter: &Counter, name: &str) -> Result<Vec<String>> {
    let files = counter.files();
    let folder = files.folder.as_ref().context("the site's folder is not known")?.join("examples").join(name);
    let entries = std::fs::read_dir(folder)?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<String> = names.collect();
    names.sort();
    Ok(names)
}
