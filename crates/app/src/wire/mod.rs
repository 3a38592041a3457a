//! From a site's files to what the engine runs.

pub mod canary;
mod destination;
mod end;
mod script;
mod source;
pub mod version;
mod world;

pub use end::End;
pub use world::World;

use std::sync::Arc;

use klinke_adapters::net::Statistics;
use klinke_adapters::registry::ArchiveSlot;
use klinke_engine::document::Format;
use klinke_engine::spec::{AckWhen, ChannelSpec, Dedup, Joining, Limits};
use klinke_engine::step::Step;
use klinke_engine::steps::{SpecError, Workshop, build_all};

use crate::site::channel::{Ack, Channel, DedupBy};
use crate::site::{ChannelFile, Fault, Site, places};
use version::Version;

/// Finds the in-process destination of a channel.
pub type Relay<'a> = &'a dyn Fn(&str) -> Arc<dyn klinke_engine::link::Destination>;

/// A compiled channel.
pub struct Compiled {
    /// What the engine runs.
    pub spec: ChannelSpec,
    /// What its source counts, if it counts.
    pub statistics: Option<Arc<Statistics>>,
    /// What a diagnosis looks at.
    pub ends: Vec<End>,
}

/// Compiles all channels of a site; all faults in one go.
pub fn channels(site: &Site, world: &World, relay: Relay<'_>) -> Result<Vec<Compiled>, Vec<Fault>> {
    let (mut specs, mut faults) = (Vec::new(), Vec::new());
    for (name, file) in &site.channels {
        let compiled = channel(site.of(name), name, file, world, relay);
        match compiled.and_then(|compiled| canary::attach(compiled, site, name, world)) {
            Ok(spec) => specs.push(spec),
            Err(more) => faults.extend(more),
        }
    }
    if faults.is_empty() {
        faults = places::faults(site);
    }
    if faults.is_empty() { Ok(specs) } else { Err(faults) }
}

/// Compiles one channel.
pub fn channel(
    site: &Site,
    name: &str,
    file: &ChannelFile,
    world: &World,
    relay: Relay<'_>,
) -> Result<Compiled, Vec<Fault>> {
    let version = Version::of(site, file);
    let channel = &file.channel;
    let Some(format) = world.formats.get(&channel.format).cloned() else {
        let known: Vec<_> = world.formats.names().collect();
        let text = format!("there is no format `{}`; there are {}", channel.format, known.join(", "));
        return Err(vec![file.source.fault(&["format".to_owned()], text)]);
    };
    let mut faults = Vec::new();
    let builders = world.builders(&version, &channel.limits);
    let workshop = Workshop {
        builders: &builders,
        formats: &world.formats,
        format: format.name(),
        tables: &site.tables,
        zone: &world.zone,
        templates: &site.templates,
    };
    let archive = site.node.archive.as_ref().map(|_| &world.archive);
    let compiler = Compiler { site, file, workshop, archive };
    let steps = keep(compiler.steps(&channel.step, &["step".to_owned()]), &mut faults);
    let source = channel.source.as_ref();
    let source = source.and_then(|table| keep(compiler.source(table, name), &mut faults));
    let (from, charset) = compiler.sender(source.as_ref(), &mut faults);
    // Behind a step that makes documents of another format, ways out see that format.
    let last = klinke_engine::steps::format_after(steps.as_deref().unwrap_or_default(), format.name());
    let leaving = world.formats.get(last).cloned().unwrap_or_else(|| format.clone());
    let compiler = Compiler { workshop: Workshop { format: leaving.name(), ..workshop }, ..compiler };
    let mut ends: Vec<End> = source.iter().map(|made| End::of_source(name, made)).collect();
    let destinations: Vec<_> = channel
        .destination
        .iter()
        .enumerate()
        .filter_map(|(index, one)| {
            keep(compiler.destination(index, one, name, &leaving, world, relay), &mut faults)
        })
        .map(|(spec, end)| {
            ends.push(end);
            spec
        })
        .collect();
    compiler.names(&destinations, &mut faults);
    if !faults.is_empty() {
        return Err(faults);
    }
    let table = channel.source.as_ref();
    let statistics = source.as_ref().and_then(|made| made.statistics.clone());
    let spec = ChannelSpec {
        name: name.to_owned(),
        frame_text: version.frame(file),
        text: version.text(),
        source: source.map(|made| made.source),
        format,
        from,
        charset,
        ack: match table.map(|table| table.ack).unwrap_or_default() {
            Ack::Stored => AckWhen::Stored,
            Ack::Routed => AckWhen::Routed,
            Ack::Delivered => AckWhen::Delivered,
        },
        ack_limit: table.map_or(std::time::Duration::from_secs(10), |table| table.ack_limit.0),
        dedup: table.and_then(|table| table.dedup).map(|dedup| Dedup {
            by_content: dedup.by == DedupBy::Content,
            window: dedup.window.0,
            remember_max: dedup.remember,
        }),
        joining: table.filter(|table| table.join.enabled).map(|table| Joining {
            open_max: table.join.open,
            bytes_max: table.join.memory.0,
            wait: table.join.wait.0,
        }),
        steps: steps.unwrap_or_default(),
        destinations,
        canary: None,
        limits: limits(channel),
    };
    Ok(Compiled { spec, statistics, ends })
}

fn keep<T>(result: Result<T, Fault>, faults: &mut Vec<Fault>) -> Option<T> {
    result.map_err(|fault| faults.push(fault)).ok()
}

fn limits(channel: &Channel) -> Limits {
    Limits {
        inbox_bytes_max: channel.limits.memory.0,
        waiting_max: channel.limits.waiting,
        payload_bytes_max: channel.limits.payload.0,
        ..Limits::default()
    }
}

/// One channel being compiled.
pub(crate) struct Compiler<'a> {
    pub site: &'a Site,
    pub file: &'a ChannelFile,
    pub workshop: Workshop<'a>,
    /// Where the site's archive is, once it is open; none where it has none.
    pub archive: Option<&'a ArchiveSlot>,
}

impl Compiler<'_> {
    /// Compiles a list of steps that stands at `base`.
    pub fn steps(&self, specs: &[toml::Value], base: &[String]) -> Result<Vec<Box<dyn Step>>, Fault> {
        build_all(specs, &self.workshop).map_err(|error| self.fault(base, error))
    }

    /// A step's fault, at its place in the channel's file.
    pub fn fault(&self, base: &[String], error: SpecError) -> Fault {
        let path: Vec<String> = base.iter().chain(&error.key.0).cloned().collect();
        self.file.source.fault(&path, error.text)
    }

    /// The system that sends, and the charset of what it sends.
    fn sender(&self, source: Option<&source::Made>, faults: &mut Vec<Fault>) -> (Arc<str>, Option<String>) {
        let Some((made, from)) = source.and_then(|made| Some((made, made.from.as_deref()?))) else {
            return ("".into(), None);
        };
        match self.site.systems.get(from) {
            Some(system) => (from.into(), system.charset.clone()),
            None => {
                let path = ["source", made.adapter, "from"].map(str::to_owned);
                faults.push(self.file.source.fault(&path, self.unknown_system(from)));
                ("".into(), None)
            }
        }
    }

    /// Says that a system does not exist, and which name is near.
    pub fn unknown_system(&self, name: &str) -> String {
        let known = self.site.systems.keys().map(String::as_str);
        match klinke_engine::steps::nearest(name, known) {
            Some(near) => format!("systems.toml has no `{name}`; did you mean `{near}`?"),
            None => format!("systems.toml has no `{name}`"),
        }
    }

    /// Two destinations of one name can't be told apart.
    fn names(&self, destinations: &[klinke_engine::spec::DestinationSpec], faults: &mut Vec<Fault>) {
        for (index, one) in destinations.iter().enumerate() {
            if destinations[..index].iter().any(|other| other.name == one.name) {
                let path = ["destination".to_owned(), format!("[{index}]")];
                let text = format!("there is a destination `{}` already; give this one a `name`", one.name);
                faults.push(self.file.source.fault(&path, text));
            }
        }
    }
}

/// The format of a name, where only a lane's path is compiled.
pub(crate) fn path(format: &Arc<dyn Format>, text: &str) -> Result<klinke_engine::document::Path, String> {
    format.path(text).map_err(|error| error.to_string())
}
