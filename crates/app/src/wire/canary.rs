//! A changed channel beside the one that is live, for the engine to choose between.

use klinke_console::house::trial::Terms;
use klinke_engine::spec::{Canary, Choice};
use klinke_engine::step::Step;
use klinke_engine::steps::{Workshop, build_all};

use super::version::Version;
use super::{Compiled, World};
use crate::site::{ChannelFile, Fault, Site};

/// Gives a channel its canary, where the site has one.
pub fn attach(
    mut compiled: Compiled,
    site: &Site,
    name: &str,
    world: &World,
) -> Result<Compiled, Vec<Fault>> {
    let Some((changed, terms)) = site.canaries.get(name) else { return Ok(compiled) };
    let Some(file) = changed.channels.get(name) else { return Ok(compiled) };
    let other = super::channel(changed, name, file, world, &crate::serve::no_relay)?.spec;
    let choice = match terms {
        Terms::Share(share) => Choice::Share {
            of_ten_thousand: *share,
            key: other.destinations.iter().find_map(|one| one.lane.clone()),
        },
        Terms::Key(condition) => Choice::Passing(condition_steps(condition, changed, file, world)?),
    };
    compiled.spec.canary = Some(Canary {
        text: other.text,
        terms: terms.to_string(),
        charset: other.charset,
        steps: other.steps,
        exits: other.destinations.into_iter().map(|one| (one.name, one.steps, one.lane)).collect(),
        choice,
    });
    Ok(compiled)
}

/// The step that lets pass what meets a condition.
pub fn condition_steps(
    condition: &str,
    site: &Site,
    file: &ChannelFile,
    world: &World,
) -> Result<Vec<Box<dyn Step>>, Vec<Fault>> {
    let fault = |text: String| vec![Fault::of_file("the canary's key".as_ref(), text)];
    let only: toml::Table = toml::from_str(&format!("only = {{ {condition} }}"))
        .map_err(|error: toml::de::Error| fault(error.message().to_owned()))?;
    let version = Version::of(site, file);
    let builders = world.builders(&version, &file.channel.limits);
    let workshop = Workshop {
        builders: &builders,
        formats: &world.formats,
        format: &file.channel.format,
        tables: &site.tables,
        zone: &world.zone,
        templates: &site.templates,
    };
    build_all(&[toml::Value::Table(only)], &workshop).map_err(|error| fault(error.text))
}
