//! What channels are compiled with: formats, kinds of steps, the time zone.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, Result};
use klinke_adapters::registry::ArchiveSlot;
use klinke_engine::document::{Format, Formats};
use klinke_engine::schedule::OffsetMinutes;
use klinke_engine::steps::{Builders, Workshop, build_all};
use klinke_engine::template::Zone;

use super::version::Version;
use crate::site::channel::{Channel, Limits};

use klinke_engine::{Trial, Way};

/// What channels are compiled with.
#[derive(Clone)]
pub struct World {
    /// The formats.
    pub formats: Formats,
    /// The kinds of steps, without scripts.
    pub steps: Builders,
    /// The site's time zone.
    pub zone: Zone,
    /// The archive, once it is open.
    pub archive: ArchiveSlot,
}

impl World {
    /// With all that this program knows.
    pub fn new(zone: &str) -> Result<World> {
        let zone = Zone::named(zone).with_context(|| format!("there is no time zone `{zone}`"))?;
        Ok(World {
            formats: klinke_formats::all(),
            steps: klinke_formats::builders(),
            zone,
            archive: ArchiveSlot::default(),
        })
    }

    /// How far local time is ahead of UTC.
    pub fn offset(&self) -> OffsetMinutes {
        let zone = self.zone.clone();
        Arc::new(move |time| zone.offset_minutes(time))
    }

    /// The kinds of steps of one channel: with its scripts.
    pub fn builders(&self, version: &Version, limits: &Limits) -> Builders {
        super::script::builders(self.steps.clone(), version, limits)
    }

    /// The steps of a kept version, to see what they make of an envelope.
    pub fn trial(&self, channel: &str, text: &str) -> Result<Trial> {
        Ok(self.rehearse(channel, text)?.0)
    }

    /// The same with the ways out, each with its own conditions, steps and lane.
    pub fn rehearsal(&self, channel: &str, text: &str) -> Result<Trial> {
        let (trial, exits) = self.rehearse(channel, text)?;
        Ok(trial.with_exits(exits))
    }

    fn rehearse(&self, channel: &str, text: &str) -> Result<(Trial, Vec<Way>)> {
        let version = Version::parse(text).context("the kept version can't be read")?;
        let mut values: toml::Table = toml::from_str(&version.channel)?;
        let charset = charset(&values, &version.systems);
        values.remove("source");
        let destinations = values.remove("destination");
        let table: Channel = values.try_into()?;
        let format = self.formats.get(&table.format).context("the format is not known any more")?.clone();
        let tables = version.look_up_tables()?;
        let builders = self.builders(&version, &table.limits);
        let workshop = Workshop {
            builders: &builders,
            formats: &self.formats,
            format: format.name(),
            tables: &tables,
            zone: &self.zone,
            templates: &version.templates,
        };
        let steps = build_all(&table.step, &workshop)?;
        let last = klinke_engine::steps::format_after(&steps, format.name());
        let leaving = self.formats.get(last).cloned().unwrap_or_else(|| format.clone());
        let workshop = Workshop { format: leaving.name(), ..workshop };
        let destinations = destinations.as_ref().and_then(toml::Value::as_array).into_iter().flatten();
        let ways = destinations.filter_map(toml::Value::as_table);
        let ways = ways.map(|table| way(table, &workshop, leaving.as_ref())).collect::<Result<_>>()?;
        Ok((Trial::new(channel, format, charset, steps), ways))
    }
}

/// A destination as the file has it, without where it leads: its conditions stand before its steps.
fn way(table: &toml::Table, workshop: &Workshop<'_>, format: &dyn Format) -> Result<Way> {
    let word = |key: &str| table.get(key).and_then(toml::Value::as_str).map(str::to_owned);
    let name = word("name").or_else(|| word("to")).or_else(|| word("channel"));
    let mut specs: Vec<toml::Value> = Vec::new();
    for key in ["only", "except"] {
        let condition = table.get(key).map(|value| toml::Table::from_iter([(key.to_owned(), value.clone())]));
        specs.extend(condition.map(toml::Value::Table));
    }
    specs.extend(table.get("step").and_then(toml::Value::as_array).into_iter().flatten().cloned());
    let lane = word("lane").map(|text| format.path(&text)).transpose();
    let lane = lane.map_err(|error| anyhow::anyhow!("lane: {error}"))?;
    Ok((name.unwrap_or_else(|| "out".to_owned()), build_all(&specs, workshop)?, lane))
}

/// The charset of the system that a channel's source names.
fn charset(values: &toml::Table, systems: &BTreeMap<String, toml::Table>) -> Option<String> {
    let source = values.get("source")?.as_table()?;
    let from = source.values().find_map(|adapter| adapter.get("from")?.as_str())?;
    Some(systems.get(from)?.get("charset")?.as_str()?.to_owned())
}
